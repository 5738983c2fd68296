"""What tests of the storage say: messages of 阿丽 and others, turns that answer them, a channel that notes what it sends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Row, select, update

from bot.dialogue.acts import OwnAct
from bot.receiving import Kept, Received, Said, receive
from delivery.messages import Button, IncomingMessage, Reply
from delivery.sending import Outgoing, Part, Sender
from hr_inbox.cases import Viewer
from hr_inbox.task import HrTask
from hr_inbox.unanswered import Unanswered
from people.accounts import Role
from people.bindings import BindingAct
from storage import holding
from storage.conversation_rows import add_bubbles, lock
from storage.opening import Storage
from storage.tables import conversations, tasks
from storage.tasks import read_task

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
    "question",
    ("什么时候开始交", "我叫阿丽"),
    "320500",
    "zh_Hant",
    "enrolment",
    True,
    "hr_named",
    True,
    "n1",
    "s1",
    "b1",
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
    unanswered: tuple[Unanswered, ...] = (),
    acts: tuple[OwnAct, ...] = (),
) -> Turn:
    """A turn that replies with the texts."""
    said = Said(
        {"wage": 350_000} if state is None else state,
        tuple(Reply(text) for text in texts),
        tasks,
        erase=erase,
        binding=binding,
        unanswered=unanswered,
        acts=acts,
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


def colleague(storage: Storage, name: str = "赵静", *roles: Role) -> Viewer:
    """Somebody of HR with an account: who may see everything, where no roles are named."""
    held = frozenset(roles) or frozenset[Role](("agent", "dibao_officer", "admin"))
    account = storage.accounts.add(f"{name}@example.test", name, held, state="active")
    return Viewer(
        account.id,
        name,
        account.may("dibao"),
        account.may("complaints"),
        account.may("inbox"),
        account.may("audit"),
    )


def close(storage: Storage, number: str) -> None:
    """Somebody of HR closes a task."""
    storage.cases.finish(number, colleague(storage, f"办结{number}"))


def task_rows(storage: Storage) -> list[Row[Any]]:
    """The tasks as rows, the oldest first."""
    with storage.database.read() as connection:
        return list(connection.execute(select(tasks).order_by(tasks.c.number)).all())


def stored_tasks(storage: Storage) -> list[HrTask]:
    """What the tasks hold, the oldest first."""
    return [read_task(storage.keys, row) for row in task_rows(storage)]


def take_over(storage: Storage, conversation: str) -> bool:
    """Somebody of HR speaks from now on, whatever for; whether that is new."""
    with storage.database.work() as connection:
        opened = lock(connection, storage.keys, conversation)
        if opened is None or opened.holder == "person":
            return False
        holding.take(connection, opened, "5a1e0000-0000-4000-8000-000000000009")
        return True


def give_back(storage: Storage, conversation: str) -> bool:
    """The assistant answers again; whether a person did."""
    with storage.database.work() as connection:
        opened = lock(connection, storage.keys, conversation)
        if opened is None or opened.holder == "assistant":
            return False
        holding.give_back(connection, opened)
        return True


def speak(storage: Storage, conversation: str, text: str) -> str:
    """What whoever of HR took over says; the id of its row in the outbox."""
    with storage.database.work() as connection:
        opened = lock(connection, storage.keys, conversation)
        assert opened is not None and opened.holder == "person"
        (queued,) = add_bubbles(connection, opened, [("hr", Reply(text))], opened.version, storage.now())
        connection.execute(
            update(conversations).where(conversations.c.id == conversation).values(last_seq=opened.last_seq)
        )
    return queued


class Post(Sender):
    """A channel that is pushed to: a line is a message, bubbles that are drawn together are joined; notes what it sends, and
    fails as it is told."""

    def __init__(self, *, repeats: bool = False) -> None:
        self.sent: list[tuple[str, str]] = []
        self.failures: list[Exception | None] = []
        self._repeats = repeats

    @property
    def REPEATS(self) -> bool:  # noqa: N802
        return self._repeats

    def draw(self, bubbles: Sequence[Outgoing]) -> tuple[Part, ...]:
        if len(bubbles) > 1:
            return ({"text": "+".join(each.reply.text for each in bubbles)},)
        return tuple({"text": line} for line in bubbles[0].reply.text.split("\n"))

    def send(self, recipient: str, part: Part) -> None:
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        self.sent.append((recipient, part["text"]))

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
