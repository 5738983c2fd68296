"""An employee in WeChat who follows the official account."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from databases import Clock
from platforms import wechat as local
from platforms.phones import Bubble, Phone
from platforms.wechat import WeChat

from app.settings import Channels, Settings
from app.settings import WeChat as Section
from app.wechat import make_wechat
from bot.channels import Platform
from bot.channels.wechat import NAME
from storage.opening import Storage


class OnWeChat:
    """A follower."""

    name = NAME

    def __init__(self, clock: Clock) -> None:
        self.server = WeChat(clock=lambda: clock().timestamp())
        self._me = self.server.follower("阿丽")

    @property
    def phone(self) -> Phone:
        """What they see."""
        return self._me.phone

    def connect(self, api_base: str, callback: str, storage: Storage) -> Platform:
        """The channel over the official account's API."""
        self.server.address = callback
        self._me.following = True
        section = Section(
            local.APP_ID,
            secret=local.SECRET,
            token=local.TOKEN,
            aes_key=local.AES_KEY,
            api_base=api_base,
        )
        made = make_wechat(Settings(channels=Channels(wechat=section)), storage, lambda conversation, seq: "")
        assert made is not None
        return made

    @staticmethod
    def plays(turns: Sequence[Mapping[str, Any]]) -> bool:
        """Everything but what HR does; who follows the account opens it once."""
        return not any("start" in turn for turn in turns[1:]) and all("closed" not in turn for turn in turns)

    def say(self, text: str) -> None:
        """Writes."""
        self._me.write(text)

    def tap(self, choice: str, bubble: Bubble) -> None:
        """Taps an entry of a menu."""
        self._me.tap(choice, bubble)

    def send(self, kind: str, payload: str) -> None:
        """Sends what is no text; a voice message with what the platform recognised of it."""
        known: dict[str, Callable[[], object]] = {
            "photo": self._me.picture,
            "voice": lambda: self._me.speak(None if payload == str(True) else payload),
            "start": self._me.follow,
            "sticker": self._me.sticker,
            "payload": lambda: self._me.click(payload),
        }
        known[kind]()
