"""An employee in WeCom."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from databases import Clock
from platforms import wecom as local
from platforms.phones import Bubble, Phone
from platforms.wecom import WeCom

from app.settings import Channels, Settings
from app.settings import WeCom as Section
from app.wecom import make_wecom
from bot.channels import Platform
from bot.channels.wecom import NAME
from storage.opening import Storage


class OnWeCom:
    """A member of the company who sees the app."""

    name = NAME

    def __init__(self, clock: Clock) -> None:
        self.server = WeCom(clock=lambda: clock().timestamp())
        self._me = self.server.member("ALi", "阿丽")

    @property
    def phone(self) -> Phone:
        """What they see."""
        return self._me.phone

    def connect(self, api_base: str, callback: str, storage: Storage) -> Platform:
        """The channel over WeCom's API."""
        self.server.address = callback
        section = Section(
            local.CORP_ID,
            local.AGENT_ID,
            secret=local.SECRET,
            token=local.TOKEN,
            aes_key=local.AES_KEY,
            api_base=api_base,
        )
        made = make_wecom(Settings(channels=Channels(wecom=section)), storage, lambda conversation, seq: "")
        assert made is not None
        return made

    @staticmethod
    def plays(turns: Sequence[Mapping[str, Any]]) -> bool:
        """Everything but what HR does; WeCom recognises no speech, and the app greets once."""
        later = any("start" in turn for turn in turns[1:])
        return not later and all("closed" not in turn and turn.get("voice") in (None, True) for turn in turns)

    def say(self, text: str) -> None:
        """Writes."""
        self._me.write(text)

    def tap(self, choice: str, bubble: Bubble) -> None:
        """Taps a button of a card."""
        self._me.tap(choice, bubble)

    def send(self, kind: str, payload: str) -> None:
        """Sends what is no text."""
        known: dict[str, Callable[[], object]] = {
            "photo": self._me.picture,
            "voice": self._me.speak,
            "start": self._me.open_app,
            "sticker": self._place,
            "payload": lambda: self._me.click(payload),
        }
        known[kind]()

    def _place(self) -> None:
        """WeCom hands an app no stickers; a place is as little of an answer."""
        where = {"MsgType": "location", "Label": "宿舍", "MsgId": self.server.next_id()}
        self.server.happened(self.server.event(self._me, where))
