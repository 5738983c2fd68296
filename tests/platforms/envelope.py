"""The encrypted envelope of WeChat and WeCom, written from its description, and XML as the platforms write it.

Key: base64 of the 43-character EncodingAESKey and one "=". AES-256-CBC, the first 16 bytes of the key as IV, PKCS#7 padding to
32 bytes. Clear text: 16 random bytes, the length as four bytes, the message, the receiver's id. The signature is the SHA-1 of
the sorted token, time, nonce and cipher text.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import struct
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32


class Broken(Exception):
    """An envelope that the platform could not read; the text says why."""


def signature(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


class Envelope:
    """Encrypts and signs for one receiver: an official account's AppID, or a company's id."""

    def __init__(self, token: str, aes_key: str, receiver: str) -> None:
        self.token = token
        self.receiver = receiver
        self._key = base64.b64decode(f"{aes_key}=")
        assert len(self._key) == 32, "an EncodingAESKey has 43 characters"

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16]))

    def encrypt(self, message: bytes) -> str:
        clear = secrets.token_bytes(16) + struct.pack(">I", len(message)) + message + self.receiver.encode()
        padding = BLOCK - len(clear) % BLOCK
        cipher = self._cipher().encryptor()
        return base64.b64encode(
            cipher.update(clear + bytes([padding]) * padding) + cipher.finalize()
        ).decode()

    def decrypt(self, encrypted: str) -> bytes:
        """The message; raises `Broken`."""
        try:
            cipher = self._cipher().decryptor()
            padded = cipher.update(base64.b64decode(encrypted, validate=True)) + cipher.finalize()
        except ValueError as error:
            raise Broken("no cipher text") from error
        padding = padded[-1] if padded else 0
        if not 1 <= padding <= BLOCK or padded[-padding:] != bytes([padding]) * padding:
            raise Broken("the padding is wrong")
        clear = padded[:-padding]
        (length,) = struct.unpack(">I", clear[16:20])
        message, receiver = clear[20 : 20 + length], clear[20 + length :]
        if receiver.decode(errors="replace") != self.receiver:
            raise Broken("it is for another account")
        return message

    def sign(self, stamp: str, nonce: str, encrypted: str) -> str:
        return signature(self.token, stamp, nonce, encrypted)

    def open_reply(self, body: bytes) -> dict[str, str]:
        """A reply in the answer to a callback, as the product wrapped it. Raises `Broken`."""
        outer = read(body)
        missing = {"Encrypt", "MsgSignature", "TimeStamp", "Nonce"} - outer.keys()
        if missing:
            raise Broken(f"{', '.join(sorted(missing))} missing")
        if outer["MsgSignature"] != self.sign(outer["TimeStamp"], outer["Nonce"], outer["Encrypt"]):
            raise Broken("the signature is wrong")
        return read(self.decrypt(outer["Encrypt"]))


def write(fields: Mapping[str, str | int | Mapping[str, str]]) -> bytes:
    """XML as the platforms send it: texts in CDATA, numbers bare; one level may be nested."""
    return f"<xml>{''.join(_element(name, value) for name, value in fields.items())}</xml>".encode(
        errors="surrogatepass"
    )


def _element(name: str, value: str | int | Mapping[str, str]) -> str:
    if isinstance(value, int):
        return f"<{name}>{value}</{name}>"
    if isinstance(value, str):
        safe = value.replace("]]>", "]]]]><![CDATA[>")
        return f"<{name}><![CDATA[{safe}]]></{name}>"
    return f"<{name}>{''.join(_element(each, inner) for each, inner in value.items())}</{name}>"


def read(body: bytes) -> dict[str, str]:
    """The fields of an XML body; nested ones as `Outer.Inner`. Raises `Broken` where a strict parser does."""
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        raise Broken("no XML") from error
    found: dict[str, str] = {}
    for each in root:
        found[each.tag] = each.text or ""
        found |= {f"{each.tag}.{inner.tag}": inner.text or "" for inner in each}
    return found
