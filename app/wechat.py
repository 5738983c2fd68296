"""The official account as the settings describe it, checked before anything starts."""

from __future__ import annotations

import re
from typing import Final

from app.settings import Settings, SettingsError, WeChat, read_secret
from bot.channels.drawing import Link
from bot.channels.sealed import Envelope
from bot.channels.wechat import WeChatAccount
from bot.channels.wechat_api import Api
from storage.opening import Storage

_SECTION: Final = "channels.wechat"
_TOKEN: Final = re.compile(r"[!-~]{3,32}")


def make_wechat(settings: Settings, storage: Storage, link: Link) -> WeChatAccount | None:
    """The official account; None where the settings name none. Raises `SettingsError`."""
    wechat = settings.channels.wechat
    if not wechat.app_id:
        return None
    if not wechat.base.startswith(("https://", "http://")):
        raise SettingsError(f"{_SECTION}.api_base: must start with https:// (or http:// on loopback)")
    return WeChatAccount(
        make_envelope(_SECTION, _secret(wechat, "token"), _secret(wechat, "aes_key"), wechat.app_id, storage),
        Api(wechat.app_id, _secret(wechat, "secret"), wechat.base, storage.platform_tokens, storage.now),
        link,
        storage.now,
        wechat.reply_mode,
    )


def make_envelope(section: str, token: str, aes_key: str, receiver: str, storage: Storage) -> Envelope:
    """The envelope of a platform that seals as WeChat does. Raises `SettingsError`."""
    if not _TOKEN.fullmatch(token):
        raise SettingsError(f"{section}.token: 3 to 32 characters, the same as in the platform's console")
    try:
        return Envelope(token, aes_key, receiver, storage.now)
    except ValueError:
        raise SettingsError(
            f"{section}.aes_key: the EncodingAESKey is 43 letters and digits; this one has {len(aes_key)} characters"
        ) from None


def _secret(wechat: WeChat, name: str) -> str:
    value = read_secret(f"{_SECTION}.{name}", getattr(wechat, name), getattr(wechat, f"{name}_file"))
    if not value:
        raise SettingsError(f"{_SECTION}.{name}: needed with an app_id")
    return value
