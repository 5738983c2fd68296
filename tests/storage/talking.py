"""What tests of the storage say: messages of 阿丽 and others, turns that answer them, a channel that notes what it sends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

from bot.receiving import Kept, Received, Said, receive
from delivery.messages import Button, IncomingMessage, Reply
from hr_inbox.task import HrTask
from people.bindings import BindingAct
from storage.opening import Storage

T = TypeVar("T")
Turn = Callable[[Kept, IncomingMessage], Said]

SECRET = "厂里没给我交,我家四口吃低保"
REPLY = Reply(
    "按你说的算,交了以后还在线内。",
    (Button("是", "yes"),),
    ({"key": "N-01", "title": "社会保险法"},),
    ("chart",),
)
TASK = HrTask(
    "question", ("什么时候开始交", "我叫阿丽"), "320500", "zh_Hant", "enrolment", True, "hr_named", True
)


def message(
    key: str = "m1",
    text: str = SECRET,
    sender: str = "阿丽",
    channel: str = "web",
    locale: str = "zh_Hans",
    received_at: datetime | None = None,
) -> IncomingMessage:
    return IncomingMessage(channel, sender, key, text, received_at=received_at, locale=locale)


def answer(
    *texts: str,
    state: dict[str, Any] | None = None,
    tasks: tuple[HrTask, ...] = (),
    erase: bool = False,
    binding: BindingAct | None = None,
) -> Turn:
    """A turn that replies with the texts."""
    said = Said(
        {"wage": 350_000} if state is None else state,
        tuple(Reply(text) for text in texts),
        tasks,
        erase=erase,
        binding=binding,
    )
    return lambda kept, message: said


def say(storage: Storage, message: IncomingMessage, *texts: str, **said: Any) -> Received:
    """One message, answered with the texts."""
    return receive(message, storage.conversations, answer(*texts, **said))


def kept(storage: Storage, sender: str = "阿丽", channel: str = "web") -> Kept:
    found = storage.conversations.find(channel, sender)
    assert found is not None
    return found


def transcript(storage: Storage, sender: str = "阿丽", channel: str = "web") -> list[tuple[int, str, str]]:
    history = storage.conversations.history(kept(storage, sender, channel).id)
    return [(entry.seq, entry.author, entry.bubble.text) for entry in history]


class Post:
    """A channel that is pushed to: notes what it sends, and fails as it is told."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.failures: list[Exception] = []

    def send(self, recipient: str, reply: Reply) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append((recipient, reply.text))

    @property
    def texts(self) -> list[str]:
        return [text for _, text in self.sent]


def together(works: Iterable[Callable[[], T]]) -> list[T]:
    """Runs them in a thread each, all starting at the same moment."""
    works = list(works)
    gate = threading.Barrier(len(works))

    def run(work: Callable[[], T]) -> T:
        gate.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))
