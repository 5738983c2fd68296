"""WeChat's side of a callback, sealed by wechatpy as it ships: what the account's own envelope has to understand."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime
from xml.sax.saxutils import escape

import xmltodict
from platforms.envelope import Envelope
from wechatpy.crypto import WeChatCrypto

from bot.channels import Callback

TOKEN = "shebao-callback-token"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APP_ID = "wx6f1e0000000000a1"
ACCOUNT = "gh_1f2e3d4c5b6a"
ALI = "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"
LAOZHOU = "o6_bmasdasdsad6_2sgVt7hMZOPf"


def signature(*parts: str) -> str:
    """As the platform signs: sorted, joined, SHA-1."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def message_xml(tags: Mapping[str, str]) -> str:
    """A message of the platform with these tags."""
    return f"<xml>{''.join(f'<{name}>{escape(value)}</{name}>' for name, value in tags.items())}</xml>"


def text_xml(text: str, sender: str = ALI, at: int = 1, id: str = "23456") -> str:
    """What an employee wrote."""
    told = {"ToUserName": ACCOUNT, "FromUserName": sender, "CreateTime": str(at), "MsgType": "text"}
    return message_xml({**told, "Content": text, "MsgId": id})


def sealed(xml: str, now: datetime, *, receiver: str = APP_ID, nonce: str | None = None) -> Callback:
    """A callback as it comes in: the message in its envelope, signed."""
    nonce, timestamp = nonce or secrets.token_hex(5), str(int(now.timestamp()))
    envelope = xmltodict.parse(WeChatCrypto(TOKEN, AES_KEY, receiver).encrypt_message(xml, nonce, timestamp))[
        "xml"
    ]
    body = f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName><Encrypt><![CDATA[{envelope['Encrypt']}]]></Encrypt></xml>"
    query = {
        "signature": signature(TOKEN, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "openid": ALI,
        "encrypt_type": "aes",
        "msg_signature": envelope["MsgSignature"],
    }
    return Callback("POST", query, {"content-type": "text/xml"}, body.encode())


def with_body(callback: Callback, body: bytes) -> Callback:
    """The same callback with another body, signed anew where the body names a cipher."""
    return Callback(callback.method, callback.query, callback.headers, body)


def envelope() -> Envelope:
    """The platform's cipher, which seals any bytes."""
    return Envelope(TOKEN, AES_KEY, APP_ID)


def signed(cipher: str, now: datetime) -> Callback:
    """A callback whose signature is right, whatever its cipher is."""
    timestamp, nonce = str(int(now.timestamp())), secrets.token_hex(5)
    query = {
        "timestamp": timestamp,
        "nonce": nonce,
        "msg_signature": signature(TOKEN, timestamp, nonce, cipher),
    }
    return Callback("POST", query, {}, message_xml({"Encrypt": cipher}).encode())


def opened(body: bytes) -> str:
    """The answer inside an envelope of ours, checked as the platform checks it."""
    envelope = xmltodict.parse(body)["xml"]
    plain: str = WeChatCrypto(TOKEN, AES_KEY, APP_ID).decrypt_message(
        body, envelope["MsgSignature"], envelope["TimeStamp"], envelope["Nonce"]
    )
    return plain
