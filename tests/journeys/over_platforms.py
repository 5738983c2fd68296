"""Journeys played over a platform: every turn goes in as the platform's callback, at the real address, and what counts is what
the employee sees on the phone.

A platform is a class with what an employee does there (`Phone`). The rest is the same for each: the callback is stored and
answered, a worker takes the turn and sends what it comes to, and the platform shows it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from unittest.mock import patch
from zoneinfo import ZoneInfo

from databases import Clock
from flask import Flask
from platforms.harness import Answering, Request, Response, Server
from platforms.phones import Bubble, Phone
from telling import FORBIDDEN, Told, nothing_withheld, without_own_words
from werkzeug.test import Client

from bot import assistant as answering
from bot.assistant import Assistant
from bot.callback_views import create_blueprint
from bot.channels import Platform
from bot.dialogue.deciding import converse
from bot.dialogue.talk import House
from bot.dialogue.turn import Outcome
from bot.taking import Taking
from delivery.inbox import work_off
from delivery.outbox import deliver_due
from locales import LOCALES, speak
from storage.opening import Storage

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

CHINA = ZoneInfo("Asia/Shanghai")
#: A choice in words: with its number, or among those that can be typed too.
_NUMBERED = re.compile(r"^\d{1,2}\. (.+)$", re.MULTILINE)
_TYPED = re.compile(r"（也可以回复：(.+)）")
#: How the line of what a bubble rests on begins, in each language.
_BASES = tuple(speak(locale)("依据：{sources}", sources="") for locale in LOCALES)
#: What makes equal messages different and nobody sees.
_UNSEEN = re.compile("[\u200b\u200c\u200d]+$")


class Employee(Protocol):
    """An employee on one platform, whose server is `server`, and what they do there; each act ends when the platform has been
    answered. `name` is the channel's. A platform is added by one such class, made from the time of the test."""

    name: str
    server: Answering

    def __init__(self, clock: Clock) -> None: ...

    @property
    def phone(self) -> Phone:
        """What they see."""

    def connect(self, api_base: str, callback: str, storage: Storage) -> Platform:
        """The channel over the platform's API at one address, which calls at the other; the account is open to the employee
        from now on, and has said nothing."""

    @staticmethod
    def plays(turns: Sequence[Mapping[str, Any]]) -> bool:
        """Whether the turns of a journey are all such as this platform has."""

    def say(self, text: str) -> None:
        """Writes."""

    def tap(self, choice: str, bubble: Bubble) -> None:
        """Taps what has this on it."""

    def send(self, kind: str, payload: str) -> None:
        """Sends what is no text: photo, voice, sticker, start, payload (an entry of the menu)."""


@dataclass
class Shown(Told):
    """What one turn came to on the phone."""

    bubbles: Sequence[Bubble] = ()

    @property
    def text(self) -> str:
        """Everything that can be read in it but what is to be tapped, and the names of what it rests on."""
        parts = (part for each in self.bubbles for part in (each.title, seen(each.text)))
        lines = (line for part in parts for line in part.splitlines())
        return "\n".join(line for line in lines if not line.startswith(_BASES))

    @property
    def titles(self) -> list[str]:
        """What can be tapped, or answered in the words that stand there."""
        labels = [choice.label for each in self.bubbles for choice in each.choices]
        return [*labels, *in_words(self.text)]


class Served:
    """A WSGI application at an address that a platform calls."""

    def __init__(self, app: WSGIApplication) -> None:
        self._client = Client(app)

    def answer(self, request: Request) -> Response:
        """A request as the WSGI server hands it over."""
        headers = [(name, value) for name, value in request.headers.items() if name != "content-length"]
        answered = self._client.open(
            f"/{request.path}",
            method=request.method,
            query_string=request.query,
            headers=headers,
            data=request.body,
        )
        return Response(answered.get_data(), answered.status_code, answered.content_type or "")


@contextmanager
def talking(employee: Employee, house: House, storage: Storage, clock: Clock) -> Iterator[Conversation]:
    """The employee and the product, each at the other's address."""
    with Server({"/platform": employee.server}) as server:
        callback = f"{server.address}/product/channels/{employee.name}"
        platform = employee.connect(f"{server.address}/platform", callback, storage)
        app = Flask("callbacks")
        app.testing = True  # an error is raised, and not answered
        taking = Taking({employee.name: platform}, storage.inbox.store_all, lambda event: None)
        app.register_blueprint(create_blueprint(taking))
        server.mounts["/product"] = Served(app)
        yield Conversation(employee, platform, house, storage, clock)


@dataclass
class Conversation:
    """One employee with the assistant over a platform, and the worker that answers."""

    employee: Employee
    platform: Platform
    house: House
    storage: Storage
    clock: Clock
    told: list[Shown] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def begin(self, at: datetime) -> None:
        """Sets the clock to a moment in China."""
        self.clock.time = at.replace(tzinfo=CHINA).astimezone(UTC)

    def does(self, turn: Mapping[str, Any]) -> Shown:
        """One turn of a journey."""
        self.clock.time += timedelta(seconds=20) + timedelta(**turn.get("wait", {}))
        if "say" in turn:
            return self._turn(turn["say"], lambda: self.employee.say(turn["say"]), turn["say"])
        if "tap" in turn:
            return self._turn(f"[{turn['tap']}]", lambda: self._tap(turn["tap"]), turn["tap"])
        kind = next(each for each in ("photo", "voice", "sticker", "start", "payload") if each in turn)
        return self._turn(f"<{kind}>", lambda: self.employee.send(kind, str(turn[kind])), "")

    def hears(self, act: Callable[[], object]) -> list[str]:
        """What the phone shows after something that is no turn of the assistant's: HR writes, or is written to."""
        self.clock.time += timedelta(seconds=20)
        before, turns = len(self.employee.phone.heard), len(self.outcomes)
        act()
        self.work()
        assert len(self.outcomes) == turns, f"the assistant spoke\n\n{self.transcript()}"
        return [seen(each.words) for each in self.employee.phone.heard[before:]]

    def work(self) -> None:
        """What a worker does: answers what came in, and sends what is due."""
        assistant = Assistant(self.house, self.storage.conversations, self._now)
        with patch.object(answering, "converse", self._converse):
            work_off(self.storage.inbox, assistant.receive, self.storage.now)
        deliver_due(self.storage.outbox, {self.employee.name: self.platform}, self.storage.now)

    def transcript(self) -> str:
        """The conversation so far as it stands on the phone, to read in a failure."""
        return "\n".join(f"\n>>> {told.did}\n{_drawn(told.bubbles)}" for told in self.told)

    def _turn(self, did: str, act: Callable[[], None], own: str) -> Shown:
        before, turns = len(self.employee.phone.heard), len(self.outcomes)
        with nothing_withheld(lambda: f"{self.transcript()}\n>>> {did}"):
            act()
            self.work()
        assert len(self.outcomes) == turns + 1, f"{did} was not one turn\n\n{self.transcript()}"
        told = Shown(did, self.outcomes[-1], self.employee.phone.heard[before:])
        self.told.append(told)
        assert told.text.strip(), f"nothing was shown\n\n{self.transcript()}"
        for word in FORBIDDEN:
            assert word not in without_own_words(told.text, own), f"{word!r} was said\n\n{self.transcript()}"
        assert not self.employee.phone.notices, f"{self.employee.phone.notices}\n\n{self.transcript()}"
        return told

    def _tap(self, title: str) -> None:
        """The newest button with that title, or with its beginning where it is cut. Where it is only in words, or can no longer
        be tapped, the words are typed."""
        for bubble in reversed(self.employee.phone.heard):
            for choice in bubble.choices:
                if _stands_for(choice.label, title):
                    return (
                        self.employee.say(title) if bubble.closed else self.employee.tap(choice.label, bubble)
                    )
            if title in in_words(seen(bubble.text)):
                return self.employee.say(title)
        raise AssertionError(f"{title!r} is not offered\n\n{self.transcript()}")

    def _converse(self, *given: Any, **named: Any) -> Outcome:
        outcome = converse(*given, **named)
        self.outcomes.append(outcome)
        return outcome

    def _now(self) -> datetime:
        return self.clock().astimezone(CHINA).replace(tzinfo=None)


def seen(text: str) -> str:
    """What can be seen of a text."""
    return _UNSEEN.sub("", text)


def in_words(text: str) -> list[str]:
    """The choices that stand in a text."""
    return [
        *_NUMBERED.findall(text),
        *(each for found in _TYPED.findall(text) for each in found.split(" / ")),
    ]


def _stands_for(label: str, title: str) -> bool:
    return label == title or (label.endswith("…") and title.startswith(label[:-1]))


def _drawn(bubbles: Sequence[Bubble]) -> str:
    return "\n".join(f"    {line}" for each in bubbles for line in seen(each.words).splitlines())
