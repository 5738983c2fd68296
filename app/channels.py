"""The platforms of this installation: each is made from its own section of the settings, or is not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from app.settings import Settings
from app.telegram import make_telegram
from app.wechat import make_wechat
from app.wecom import make_wecom
from bot.channels import Platform, telegram, wechat, wecom
from bot.channels.drawing import Link
from bot.channels.telegram import TelegramBot
from delivery.links import Links
from storage.opening import Storage

#: Makes a platform; None where the settings name none. Raises `SettingsError`.
Make = Callable[[Settings, Storage, Link], Platform | None]

MAKERS: Final[Mapping[str, Make]] = {
    wechat.NAME: make_wechat,
    wecom.NAME: make_wecom,
    telegram.NAME: make_telegram,
}


def open_platforms(settings: Settings, storage: Storage, link: Link) -> dict[str, Platform]:
    """The platforms that the settings name, by channel. Raises `SettingsError`."""
    made = {name: make(settings, storage, link) for name, make in MAKERS.items()}
    return {name: platform for name, platform in made.items() if platform is not None}


def pushed(settings: Settings, platforms: Mapping[str, Platform]) -> dict[str, Platform]:
    """The platforms that the outbox sends to: not an official account that may only answer inside its callbacks."""
    passive = settings.channels.wechat.reply_mode == "passive"
    return {name: platform for name, platform in platforms.items() if not (passive and name == wechat.NAME)}


def close_platforms(platforms: Mapping[str, Platform]) -> None:
    """Ends the connections of those that keep any."""
    for platform in platforms.values():
        if isinstance(platform, TelegramBot):
            platform.close()


def make_link(settings: Settings, links: Links) -> Link:
    """Where a message leads for what it does not carry: an address that opens its conversation once; empty where that is
    gone."""

    def link(conversation: str, seq: int) -> str:
        token = links.make(conversation, seq)
        return "" if token is None else f"{settings.server.address}/reports/{token}"

    return link
