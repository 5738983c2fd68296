"""The official account as the settings describe it, checked before anything starts."""

from __future__ import annotations

import re
from typing import Final

from app.settings import Settings, SettingsError, WeChat, WeCom, read_secret
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
    check_base(_SECTION, wechat.base)
    return WeChatAccount(
        make_envelope(_SECTION, wechat, wechat.app_id, storage),
        Api(
            wechat.app_id,
            needed(_SECTION, wechat, "secret"),
            wechat.base,
            storage.platform_tokens,
            storage.now,
        ),
        link,
        storage.now,
        wechat.reply_mode,
    )


def make_envelope(section: str, platform: WeChat | WeCom, receiver: str, storage: Storage) -> Envelope:
    """The envelope of a platform that seals as WeChat does. Raises `SettingsError`."""
    token, aes_key = needed(section, platform, "token"), needed(section, platform, "aes_key")
    if not _TOKEN.fullmatch(token):
        raise SettingsError(f"{section}.token: 3 to 32 characters, the same as in the platform's console")
    try:
        return Envelope(token, aes_key, receiver, storage.now)
    except ValueError:
        raise SettingsError(
            f"{section}.aes_key: the EncodingAESKey is 43 letters and digits; this one has {len(aes_key)} characters"
        ) from None


def needed(section: str, platform: WeChat | WeCom, name: str) -> str:
    """A secret of a platform, which it cannot do without. Raises `SettingsError`."""
    value = read_secret(f"{section}.{name}", getattr(platform, name), getattr(platform, f"{name}_file"))
    if not value:
        id = "an app_id" if isinstance(platform, WeChat) else "a corp_id"
        raise SettingsError(f"{section}.{name}: needed with {id}")
    return value


def check_base(section: str, base: str) -> None:
    """Refuses what is no address. Raises `SettingsError`."""
    if not base.startswith(("https://", "http://")):
        raise SettingsError(f"{section}.api_base: must start with https:// (or http:// on loopback)")
