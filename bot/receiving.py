"""A message is taken once: its key is claimed, the turn runs, and state, messages and replies are kept in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from delivery.messages import IncomingMessage, Reply
from hr_inbox.ratings import AskedCase, Rated
from hr_inbox.task import HrTask
from hr_inbox.unanswered import Unanswered
from people.bindings import BindingAct


@dataclass(frozen=True, slots=True)
class Kept:
    """A conversation as it is stored. `state` is the dialogue's own plain data, None for a new conversation; `asked` are
    its closed cases of which the employee was asked whether they are solved."""

    id: str
    version: int
    holder: Literal["assistant", "person"]
    locale: str
    state: dict[str, Any] | None = field(repr=False)
    seen_at: datetime | None = None
    asked: tuple[AskedCase, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What a turn comes to: the state to keep, the replies to send, the tasks to open for HR, what had no answer.

    `erase` asks for everything that is kept about this employee to go, after which only the replies are delivered.
    `binding` ties the conversation to an employee of the roster, or unties it.
    `ratings` are what was said of closed cases, `reopened` the numbers of those that go back to HR. `locale` is that in which
    the employee is spoken to; empty where it is the message's.
    """

    state: dict[str, Any] = field(repr=False)
    replies: tuple[Reply, ...]
    tasks: tuple[HrTask, ...] = ()
    step: str = ""
    topic: str = ""
    asked: str = ""
    erase: bool = False
    unanswered: tuple[Unanswered, ...] = ()
    binding: BindingAct | None = None
    ratings: tuple[Rated, ...] = ()
    reopened: tuple[str, ...] = ()
    locale: str = ""


class Work(Protocol):
    """One transaction; everything in it is kept, or nothing."""

    def claim(self, message: IncomingMessage) -> bool:
        """Whether this message is new; from now on its key is taken."""

    def earlier(self, message: IncomingMessage) -> tuple[Reply, ...]:
        """What was replied to the message when it came for the first time."""

    def conversation(self, message: IncomingMessage) -> Kept:
        """The sender's conversation, locked until the transaction ends; opened where there is none."""

    def keep(self, kept: Kept, message: IncomingMessage, said: Said) -> tuple[str, ...]:
        """Stores the turn: state under the next version, messages, outbox rows, tasks, counts. The tasks' numbers."""

    def hold(self, kept: Kept, message: IncomingMessage) -> None:
        """Stores a message for the person who holds the conversation; the assistant stays silent."""


class Works(Protocol):
    """Where transactions come from."""

    def begin(self) -> AbstractContextManager[Work]:
        """A transaction that commits when its block ends and rolls back when the block raises."""


@dataclass(frozen=True, slots=True)
class Received:
    """What came of a message: replies, the step they end in, and the numbers of tasks that were opened."""

    replies: tuple[Reply, ...]
    step: str = ""
    topic: str = ""
    asked: str = ""
    tasks: tuple[str, ...] = ()
    repeated: bool = False


def receive(
    message: IncomingMessage, works: Works, turn: Callable[[Kept, IncomingMessage], Said]
) -> Received:
    """Takes one message: a repeated one gets its earlier replies, one that a person holds gets silence."""
    with works.begin() as work:
        if not work.claim(message):
            return Received(work.earlier(message), repeated=True)
        kept = work.conversation(message)
        if kept.holder == "person":
            work.hold(kept, message)
            return Received(())
        said = turn(kept, message)
        numbers = work.keep(kept, message, said)
        return Received(said.replies, said.step, said.topic, said.asked, numbers)


def replies_json(replies: Sequence[Reply]) -> list[dict[str, Any]]:
    """Replies as plain data."""
    return [each.as_json() for each in replies]
