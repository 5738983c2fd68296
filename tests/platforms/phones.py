"""What somebody sees on their phone: bubbles in order, what can be tapped, and notices of the platform."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from platforms.harness import Clock


@dataclass(frozen=True)
class Choice:
    """Something to tap in a bubble: the platform's id of it, and what stands on it."""

    id: str
    label: str


@dataclass(frozen=True)
class Bubble:
    """One message. `author`: the owner of the phone, the other side, or the platform itself.

    `kind`: text, markdown, menu (choices stand in the text), card (a title, text and buttons), voice, image. `closed` is what
    stands on a card's buttons once they can no longer be tapped. `more` is what only one platform has.
    """

    number: int
    author: Literal["me", "them", "platform"]
    text: str
    at: float
    kind: str = "text"
    title: str = ""
    choices: tuple[Choice, ...] = ()
    tail: str = ""
    closed: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """Everything that can be read in it."""
        labels = (each.label for each in self.choices)
        return "\n".join(part for part in (self.title, self.text, *labels, self.tail) if part)


class Phone:
    """One person's conversation with the account."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._bubbles: list[Bubble] = []
        self._news = threading.Condition()
        #: Counts every change, so that a page can ask whether there is one.
        self.version = 0

    @property
    def bubbles(self) -> list[Bubble]:
        with self._news:
            return list(self._bubbles)

    @property
    def heard(self) -> list[Bubble]:
        """What the other side said."""
        return [each for each in self.bubbles if each.author == "them"]

    @property
    def notices(self) -> list[str]:
        """What the platform itself showed."""
        return [each.text for each in self.bubbles if each.author == "platform"]

    def show(self, author: Literal["me", "them", "platform"], text: str, **more: Any) -> Bubble:
        with self._news:
            bubble = Bubble(len(self._bubbles), author, text, self._clock(), **more)
            self._bubbles.append(bubble)
            self.version += 1
            self._news.notify_all()
            return bubble

    def change(self, number: int, **what: Any) -> None:
        """A bubble that stands there is changed: a card whose button was tapped."""
        with self._news:
            self._bubbles[number] = replace(self._bubbles[number], **what)
            self.version += 1
            self._news.notify_all()

    def recall(self, bubbles: list[Bubble]) -> None:
        """What stood there before a restart stands there again."""
        with self._news:
            self._bubbles = bubbles
            self.version += 1

    def wait(self, until: Callable[[list[Bubble]], bool], seconds: float = 10.0) -> list[Bubble]:
        """What the other side said, once `until` holds for it. Raises `TimeoutError`."""
        end = time.monotonic() + seconds
        with self._news:
            while True:
                heard = [each for each in self._bubbles if each.author == "them"]
                if until(heard):
                    return heard
                if not self._news.wait(max(0.0, end - time.monotonic())) and time.monotonic() >= end:
                    raise TimeoutError([each.words for each in heard])
