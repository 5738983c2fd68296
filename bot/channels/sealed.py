"""The envelope in which WeChat and WeCom call: signed, encrypted, fresh, and never more often than they deliver.

wechatpy does the cipher. What it leaves out is done here: signatures are compared in constant time, old callbacks and
replayed ones are refused, padding and length are checked, and what we seal begins with bytes that cannot be guessed. A body
that is not what it should be is refused; a rightly signed message that cannot be read is an empty one, so that the platform is
answered and does not tell the employee that the service is down.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final
from xml.parsers import expat

from wechatpy.crypto import BaseWeChatCrypto, PrpCrypto

from bot.channels import Callback, Refused
from bot.channels.drawing import clean

#: How far the time of a callback may be from ours. The platform delivers a message three times within fifteen seconds.
FRESH: Final = timedelta(minutes=5)
#: How often the platform delivers one callback.
DELIVERIES: Final = 3
#: So many callbacks are remembered, the newest ones: those of ten minutes at a hundred a second.
REMEMBERED: Final = 65_536
#: Tags inside tags; the platform's own go four deep.
DEEPEST: Final = 8
#: What an envelope may hold beside the cipher. Anything else means that the account is not in safe mode.
_OUTSIDE: Final = {"ToUserName", "AgentID", "Encrypt"}
_AES_KEY: Final = re.compile(r"[A-Za-z0-9]{43}")
_REFERENCE: Final = re.compile(r"&#[^;]{0,16};")
_RANDOM: Final = 16
_LENGTH: Final = 4
_BLOCK: Final = 32


class Envelope:
    """What one account's callbacks come in and its answers go out in. Threads share it.

    `aes_key` is the EncodingAESKey of 43 characters, `receiver` the AppID or the company's id. Raises `ValueError` for another
    key.
    """

    def __init__(self, token: str, aes_key: str, receiver: str, now: Callable[[], datetime]) -> None:
        if not _AES_KEY.fullmatch(aes_key):
            raise ValueError("an EncodingAESKey has 43 letters and digits")
        self._token = token
        self._receiver = receiver
        self._now = now
        self._wechatpy = BaseWeChatCrypto(token, aes_key, receiver)
        self._crypto = _Crypto(self._wechatpy.key)
        self._seen = _Seen(now)

    def open(self, callback: Callback) -> Mapping[str, Any]:
        """The tags of the message inside, as `read_xml` gives them; empty where it cannot be read. Raises `Refused`."""
        outside = read_xml(callback.body)
        cipher = outside.get("Encrypt")
        if not isinstance(cipher, str) or not outside.keys() <= _OUTSIDE:
            raise Refused("not_sealed")
        signature = self._check(callback, "msg_signature", cipher)
        if not self._seen.again(signature):
            raise Refused("replayed")
        return read_xml(self._decrypt(cipher))

    def echo(self, callback: Callback) -> bytes:
        """What answers WeCom's test of the address: the decrypted `echostr`. Raises `Refused`."""
        cipher = callback.query.get("echostr", "")
        self._check(callback, "msg_signature", cipher)
        return self._decrypt(cipher)

    def plain_echo(self, callback: Callback) -> bytes:
        """What answers the official account's test of the address: the `echostr` as it is. Raises `Refused`."""
        self._check(callback, "signature")
        return callback.query.get("echostr", "").encode("utf-8", "replace")

    def seal(self, xml: str) -> bytes:
        """An answer in its envelope."""
        nonce, timestamp = secrets.token_hex(8), str(int(self._now().timestamp()))
        sealed = self._wechatpy._encrypt_message(xml, nonce, timestamp, _Crypto)
        return str(sealed).encode()

    def _check(self, callback: Callback, name: str, *signed: str) -> str:
        """The signature, which is right and fresh."""
        query = callback.query
        given, timestamp, nonce = (query.get(each, "") for each in (name, "timestamp", "nonce"))
        if not given or not timestamp or not nonce:
            raise Refused("unsigned")
        # Sorted as text and compared in constant time; wechatpy compares with `!=`.
        parts = sorted(part.encode("utf-8", "replace") for part in (self._token, timestamp, nonce, *signed))
        if not hmac.compare_digest(
            hashlib.sha1(b"".join(parts)).hexdigest(), given.encode("ascii", "replace").decode()
        ):
            raise Refused("signature")
        if not timestamp.isdecimal() or len(timestamp) > 12:
            raise Refused("stale")
        if abs(self._now().timestamp() - int(timestamp)) > FRESH.total_seconds():
            raise Refused("stale")
        return given

    def _decrypt(self, cipher: str) -> bytes:
        try:
            content, receiver = self._crypto.open(cipher)
        except ValueError:
            raise Refused("cipher") from None
        if not hmac.compare_digest(receiver, self._receiver.encode()):
            raise Refused("receiver")
        return content


class _Crypto(PrpCrypto):  # type: ignore[misc]
    """wechatpy's cipher with bytes that cannot be guessed, and with its frame checked."""

    def get_random_string(self) -> bytes:
        """What an envelope of ours begins with."""
        return secrets.token_bytes(_RANDOM)

    def open(self, cipher: str) -> tuple[bytes, bytes]:
        """Message and receiver in a cipher text. Raises `ValueError`."""
        sealed = base64.b64decode(cipher.encode("ascii", "strict"), validate=True)
        if not sealed:
            raise ValueError("empty")
        plain: bytes = self.cipher.decrypt(sealed)
        padding = plain[-1]
        if not 1 <= padding <= _BLOCK or plain[-padding:] != bytes([padding]) * padding:
            raise ValueError("padding")
        content = plain[_RANDOM:-padding]
        length = int.from_bytes(content[:_LENGTH], "big")
        if len(content) < _LENGTH + length:
            raise ValueError("length")
        return content[_LENGTH : _LENGTH + length], content[_LENGTH + length :]


class _Seen:
    """How often a signature came, of those that are fresh. A signature covers the time, the nonce and the cipher."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = Lock()
        self._counts: OrderedDict[str, tuple[datetime, int]] = OrderedDict()

    def again(self, signature: str) -> bool:
        """Counts it; whether the platform may deliver it as often."""
        with self._lock:
            now = self._now()
            while self._counts and next(iter(self._counts.values()))[0] < now - 2 * FRESH:
                self._counts.popitem(last=False)
            first, count = self._counts.get(signature, (now, 0))
            self._counts[signature] = (first, count + 1)
            if len(self._counts) > REMEMBERED:
                self._counts.popitem(last=False)
            return count < DELIVERIES


def read_xml(body: bytes) -> Mapping[str, Any]:
    """The tags under the root: a text each, or the tags inside as another mapping; a list where a tag is repeated.

    Empty where it is no such document. Half characters and controls, which break a parser, are taken out first. Document
    types and entities are not read.

    >>> read_xml("<xml><MsgType><![CDATA[text]]></MsgType><A><B>1</B><B>2</B></A></xml>".encode())
    {'MsgType': 'text', 'A': {'B': ['1', '2']}}
    >>> read_xml(b"<xml/>"), read_xml(b"{}"), read_xml(b'<!DOCTYPE xml><xml><A>1</A></xml>')
    ({}, {}, {})
    >>> read_xml(b"<xml><A>a\x1db&#29;c</A></xml>")
    {'A': 'abc'}
    """
    text = clean(body.decode("utf-8", "ignore"))
    tags = _parse(text)
    if (
        tags is None
    ):  # a reference to a character that there must not be; as text of an employee it would be legal
        tags = _parse(_REFERENCE.sub(_legal, text))
    return tags if isinstance(tags, dict) else {}


def digest(tags: Mapping[str, Any]) -> str:
    """What tells a message from every other one: the same for the same tags, however they were written down."""
    plain = json.dumps(tags, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def word(tags: Mapping[str, Any], name: str) -> str:
    """The text of a tag; empty where it is not there once, or holds tags."""
    value = tags.get(name, "")
    return value if isinstance(value, str) else ""


def _legal(reference: re.Match[str]) -> str:
    number = reference[0][2:-1]
    try:
        code = int(number[1:], 16) if number[:1] == "x" else int(number)
        return reference[0] if clean(chr(code)) else ""
    except (ValueError, OverflowError):
        return ""


def _parse(text: str) -> Any:
    """What is under the root: None where it is no XML, or has a document type."""
    building = _Building()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = building.start
    parser.EndElementHandler = building.end
    parser.CharacterDataHandler = building.text
    parser.StartDoctypeDeclHandler = building.refuse
    parser.EntityDeclHandler = building.refuse
    try:
        parser.Parse(text.encode(), True)
    except (expat.ExpatError, ValueError):
        return None
    return building.root


class _Building:
    """A document on its way in: for each open tag its children and its text."""

    def __init__(self) -> None:
        self.root: Any = None
        self._open: list[tuple[dict[str, Any], list[str]]] = []

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if len(self._open) >= DEEPEST:
            raise ValueError("too deep")
        self._open.append(({}, []))

    def text(self, data: str) -> None:
        self._open[-1][1].append(data)

    def end(self, name: str) -> None:
        children, texts = self._open.pop()
        value = children or "".join(texts)
        if not self._open:
            self.root = value
            return
        siblings = self._open[-1][0]
        if name not in siblings:
            siblings[name] = value
        elif isinstance(siblings[name], list):
            siblings[name].append(value)
        else:
            siblings[name] = [siblings[name], value]

    def refuse(self, *declared: object) -> None:
        raise ValueError("a document type")
