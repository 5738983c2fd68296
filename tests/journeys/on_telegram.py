"""An employee in Telegram. What is about them is not there: they open the link, and read it on the page behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from databases import Clock
from platforms.phones import Bubble, Choice, Phone
from platforms.telegram import TOKEN, Telegram

from app.settings import Channels, Settings
from app.settings import Telegram as Section
from app.telegram import make_telegram
from audit.events import account
from bot.channels import Platform
from bot.channels.telegram import NAME
from delivery.messages import IncomingMessage
from storage.opening import Storage

LONG_AGO: Final = datetime(2026, 1, 1, tzinfo=UTC)
PAGES: Final = "https://hr.example/reports/"


class Reader(Phone):
    """A phone whose owner opens every link: what they read there stands in the place of what led to it."""

    def __init__(self, phone: Phone, read: Callable[[str], Sequence[Bubble]]) -> None:
        self._phone = phone
        self._read = read
        self._pages: dict[str, Sequence[Bubble]] = {}

    @property
    def bubbles(self) -> list[Bubble]:
        return list(self._opened())

    def _opened(self) -> Iterator[Bubble]:
        for bubble in self._phone.bubbles:
            address = bubble.more.get("links", {}).get("打开看")
            if address is None:
                yield bubble
                continue
            if address not in self._pages:
                self._pages[address] = self._read(address)
            yield from self._pages[address]


class OnTelegram:
    """Somebody with Telegram whose company has recorded its basis."""

    name = NAME

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.server = Telegram(clock=lambda: clock().timestamp())
        self._me = self.server.user("阿丽")
        self._storage: Storage
        self._taps = 0
        self._phone = Reader(self._me.phone, self._page)

    @property
    def phone(self) -> Phone:
        """What they see, the pages included."""
        return self._phone

    def connect(self, api_base: str, callback: str, storage: Storage) -> Platform:
        """The channel over the Bot API."""
        now, self._clock.time = self._clock.time, LONG_AGO
        storage.abroad.record(NAME, "标准合同已备案", "钱总", storage.now().date(), account("admin"))
        self._clock.time = now
        self._storage = storage
        settings = Settings(channels=Channels(telegram=Section(token=TOKEN, api_base=api_base)))
        made = make_telegram(settings, storage, lambda conversation, seq: f"{PAGES}{conversation}/{seq}")
        assert made is not None
        made.register("https://hr.example/channels/telegram")
        self.server.redirect = callback
        return made

    @staticmethod
    def plays(turns: Sequence[Mapping[str, Any]]) -> bool:
        """Everything but what HR does and what only a menu sends; Telegram recognises no speech."""
        return not any(
            "closed" in turn or "payload" in turn or turn.get("voice", True) is not True for turn in turns
        )

    def say(self, text: str) -> None:
        """Writes."""
        self._me.write(text)

    def tap(self, choice: str, bubble: Bubble) -> None:
        """Taps a button: in Telegram, or on the page."""
        if "page" not in bubble.more:
            self._me.tap(choice, bubble)
            return
        payload = next(each.id for each in bubble.choices if each.label == choice)
        self._taps += 1
        message = IncomingMessage(NAME, str(self._me.id), f"page-{self._taps}", choice, payload)
        self._storage.inbox.store(message)

    def send(self, kind: str, payload: str) -> None:
        """Sends what is no text."""
        known: dict[str, Callable[[], object]] = {
            "photo": self._me.picture,
            "voice": self._me.speak,
            "sticker": self._me.sticker,
            "start": lambda: self._me.start("" if payload == "True" else payload),
        }
        known[kind]()

    def _page(self, address: str) -> Sequence[Bubble]:
        """What stands on the page: the bubble that the link was made for, and what follows that is not said in Telegram."""
        conversation, _, seq = address.removeprefix(PAGES).partition("/")
        shown = []
        for entry in self._storage.conversations.history(conversation, int(seq) - 1):
            if entry.author == "employee" or entry.bubble.neutral:
                break
            choices = tuple(Choice(each.payload, each.title) for each in entry.bubble.buttons)
            shown.append(
                Bubble(entry.seq, "them", entry.bubble.text, 0.0, choices=choices, more={"page": address})
            )
        return shown
