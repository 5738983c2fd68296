"""Sealed values: AES-256-GCM, bound to the table, column and row they were sealed for.

A sealed value is `version (1) ‖ key id (2) ‖ nonce (12) ‖ ciphertext and tag`. Key id 0 is the person's own key;
others are root keys. Values are padded first, so that their length tells a yes from a no as little as their bytes.
"""

from __future__ import annotations

import hmac
import json
import os
import struct
import unicodedata
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32
#: The key id in values that a person's own key seals.
PERSON: Final = 0
_VERSION: Final = 1
_HEAD: Final = struct.Struct(">BH")
_NONCE_BYTES: Final = 12
_INDEX_BYTES: Final = 16
_SMALLEST: Final = 64
_STEP: Final = 1024


class Unreadable(ValueError):
    """A sealed value does not open: another key, another place, or it was altered."""


class Box:
    """Seals and opens values with one key."""

    __slots__ = ("_cipher", "key_id")

    def __init__(self, key_id: int, key: bytes) -> None:
        self.key_id = key_id
        self._cipher = AESGCM(key)

    def __repr__(self) -> str:
        return f"Box(key_id={self.key_id})"

    def seal(self, place: str, plain: bytes) -> bytes:
        """The sealed value for one place, such as `messages.body:` and the row's id."""
        head, nonce = _HEAD.pack(_VERSION, self.key_id), os.urandom(_NONCE_BYTES)
        return head + nonce + self._cipher.encrypt(nonce, pad(plain), head + place.encode())

    def open(self, place: str, sealed: bytes) -> bytes:
        """The value that was sealed for the place. Raises `Unreadable`."""
        head, nonce, rest = sealed[:3], sealed[3:15], sealed[15:]
        if head != _HEAD.pack(_VERSION, self.key_id):
            raise Unreadable(f"{place}: sealed with another key")
        try:
            return unpad(self._cipher.decrypt(nonce, rest, head + place.encode()))
        except (InvalidTag, ValueError):
            raise Unreadable(f"{place}: does not open") from None

    def seal_json(self, place: str, data: Any) -> bytes:
        """`seal` for plain data."""
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return self.seal(place, text.encode("utf-8", "surrogatepass"))  # half an emoji is kept as it came

    def open_json(self, place: str, sealed: bytes) -> Any:
        """`open` for plain data. Raises `Unreadable`."""
        return json.loads(self.open(place, sealed))


def pad(plain: bytes) -> bytes:
    """The value with its end marked, filled up to 64, 128, 256, 512 bytes or full kilobytes.

    >>> len(pad(b"")), len(pad(b"receiving")), len(pad(bytes(64))), len(pad(bytes(1500)))
    (64, 64, 128, 2048)
    """
    length = len(plain) + 1
    filled = (
        max(_SMALLEST, 1 << (length - 1).bit_length()) if length <= _STEP else -(-length // _STEP) * _STEP
    )
    return plain + b"\x80" + bytes(filled - length)


def unpad(padded: bytes) -> bytes:
    """The value that `pad` filled up. Raises `ValueError`."""
    return padded[: padded.rindex(b"\x80")]


def derive(root: bytes, purpose: str) -> bytes:
    """The key for one purpose; knowing it tells nothing about the root key or another purpose's key."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"shebao {purpose}".encode()).derive(root)


def blind_index(key: bytes, *parts: str) -> bytes:
    """By what a value is found without being readable. Only for values too many to guess: ids, not answers."""
    text = "\0".join(unicodedata.normalize("NFKC", part) for part in parts)
    return hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256")[:_INDEX_BYTES]
