"""An employee in Telegram. What is about them is not there: they open the link, and read and answer on the page behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

from databases import Clock
from flask import Flask
from platforms.phones import Bubble, Choice, Phone
from platforms.telegram import TOKEN, Telegram
from telling import house_of
from werkzeug.test import Client, TestResponse

from app.channels import make_link
from app.settings import Channels, Server, Settings
from app.settings import Telegram as Section
from app.telegram import make_telegram
from audit.events import account
from bot.channels import Platform
from bot.channels.telegram import NAME
from bot.me_views import Me
from bot.me_views import create_blueprint as create_me
from bot.receiving import Received
from bot.views import Chat
from bot.views import create_blueprint as create_chat
from bot.visit_views import create_blueprints
from delivery.messages import IncomingMessage
from locales import LOCALES, speak
from storage.opening import Storage
from web_calc import languages
from web_calc.chat_papers import ChatPapers

LONG_AGO: Final = datetime(2026, 1, 1, tzinfo=UTC)
PUBLIC: Final = "https://hr.example"
HERE: Final = {"Origin": "http://localhost"}


#: What stands on the button of a link that is read instead of the bubble, in every language.
OPENS = tuple(speak(locale)("打开看") for locale in LOCALES)


class Pages:
    """The pages behind links, in a browser. What is said there is kept for the worker that answers all messages."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        library = house_of("embedded").library
        chat = Chat(
            receive=self._keep,
            transcript=storage.conversations,
            acknowledge=storage.outbox.acknowledge,
            papers=ChatPapers(library, self._today),
            languages=languages,
            place=library.divisions.full_name,
            today=self._today,
            secret="secret",
        )
        me = Me(
            chat=chat,
            records=storage.mine,
            divisions=library.divisions,
            terms=[],
            consents=storage.records,
            contributions=storage.records,
        )
        app = Flask("pages", static_folder=None)
        app.testing = True
        for blueprint in (create_chat(chat), create_me(me), *create_blueprints(storage.links, me)):
            app.register_blueprint(blueprint)
        self._client = Client(app)
        self._visit = ""

    def open(self, address: str) -> list[dict[str, Any]]:
        """Opens a link; what is said from its bubble on."""
        path = urlsplit(address).path
        page = self._client.get(path)
        browser = page.text.partition('name="browser" value="')[2].partition('"')[0]
        opened = self._client.post(path, data={"browser": browser}, headers=HERE)
        assert opened.status_code == 303, opened.text
        where, _, at = opened.headers["Location"].partition("#at=")
        self._visit = where
        return self.later(int(at) - 1)

    def later(self, after: int) -> list[dict[str, Any]]:
        """What was said after a bubble."""
        answer = self._client.get(f"{self._visit}/messages?after={after}")
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.get_json()["messages"]
        return found

    def tap(self, title: str, payload: str) -> bool:
        """Taps a button; whether the page was still open."""
        said = {"key": str(uuid4()), "text": title, "payload": payload}
        answer: TestResponse = self._client.post(f"{self._visit}/messages", json=said, headers=HERE)
        return answer.status_code == 200

    def _today(self) -> date:
        return self._storage.now().date()

    def _keep(self, message: IncomingMessage) -> Received:
        self._storage.inbox.store(message)
        return Received(())


class Reader(Phone):
    """A phone whose owner opens every link: what they read there stands in the place of what led to it."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone
        self._shown: list[Bubble] = []
        self._drawn = 0
        self._last = 0
        self._on_page = False
        self.pages: Pages

    @property
    def bubbles(self) -> list[Bubble]:
        drawn = self._phone.bubbles
        for bubble in drawn[self._drawn :]:
            links = bubble.more.get("links", {})
            address = next((links[title] for title in OPENS if title in links), None)
            if address is None:
                self._shown.append(bubble)
            else:
                self._read(self.pages.open(address), also_neutral=False)
        self._drawn = len(drawn)
        if self._on_page:
            self._on_page = False
            self._read(self.pages.later(self._last), also_neutral=True)
        return list(self._shown)

    def tap(self, choice: str, bubble: Bubble) -> bool:
        """Taps a button on the page; whether it is still open."""
        payload = next(each.id for each in bubble.choices if each.label == choice)
        self._on_page = self.pages.tap(choice, payload)
        return self._on_page

    def _read(self, messages: Sequence[dict[str, Any]], *, also_neutral: bool) -> None:
        """What is said on the page. What is neutral is said in Telegram, unless it was asked for on the page."""
        for each in messages:
            self._last = max(self._last, each["seq"])
        for each in messages:
            if each["author"] == "employee":
                continue
            if each["neutral"] and not also_neutral:
                break
            choices = tuple(Choice(button["payload"], button["title"]) for button in each["buttons"])
            text = f"人事：{each['text']}" if each["author"] == "hr" else each["text"]
            self._shown.append(Bubble(each["seq"], "them", text, 0.0, choices=choices, more={"page": True}))


class OnTelegram:
    """Somebody with Telegram whose company has recorded its basis."""

    name = NAME

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.server = Telegram(clock=lambda: clock().timestamp())
        self._me = self.server.user("阿丽")
        self._phone = Reader(self._me.phone)

    @property
    def phone(self) -> Phone:
        """What they see, the pages included."""
        return self._phone

    def connect(self, api_base: str, callback: str, storage: Storage) -> Platform:
        """The channel over the Bot API."""
        now, self._clock.time = self._clock.time, LONG_AGO
        storage.abroad.record(NAME, "标准合同已备案", "钱总", storage.now().date(), account("admin"))
        self._clock.time = now
        self._phone.pages = Pages(storage)
        settings = Settings(
            server=Server(public_url=PUBLIC),
            channels=Channels(telegram=Section(token=TOKEN, api_base=api_base)),
        )
        made = make_telegram(settings, storage, make_link(settings, storage.links))
        assert made is not None
        made.register(f"{PUBLIC}/channels/{NAME}")
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
        """Taps a button: in Telegram, or on the page. Where that is closed by now, its words are written."""
        if "page" not in bubble.more:
            self._me.tap(choice, bubble)
        elif not self._phone.tap(choice, bubble):
            self._me.write(choice)

    def send(self, kind: str, payload: str) -> None:
        """Sends what is no text."""
        known: dict[str, Callable[[], object]] = {
            "photo": self._me.picture,
            "voice": self._me.speak,
            "sticker": self._me.sticker,
            "start": lambda: self._me.start("" if payload == "True" else payload),
        }
        known[kind]()
