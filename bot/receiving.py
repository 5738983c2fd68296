"""A message is taken once: its key is claimed, the turn runs, and state, messages and replies are kept in one transaction."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal, Protocol

from bot.dialogue.acts import OwnAct
from bot.dialogue.conversation import Conversation
from delivery.messages import Button, IncomingMessage, Reply
from delivery.taps import read_place
from hr_inbox.ratings import AskedCase, Rated
from hr_inbox.task import HrTask
from hr_inbox.unanswered import Unanswered
from people.bindings import BindingAct

#: Asks for what was said last.
AGAIN: Final = re.compile(
    r"\s*(?:请|請|麻烦|麻煩)?你?(?:再|重新?)(?:说|說|讲|講|发|發)(?:一?[遍次]|一?下)[吧呗啊]?[。.!！]?\s*"
    r"|\s*(?:please )?(?:say|send) (?:that|it) again[.!]?\s*",
    re.IGNORECASE,
)


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
    `binding` ties the conversation to an employee of the roster, or unties it; `acts` are done about their own file.
    `ratings` are what was said of closed cases, `reopened` the numbers of those that go back to HR. `locale` is that in which
    the employee is spoken to; empty where it is the message's. `notice` is the one to which they get a link.
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
    notice: str = ""
    acts: tuple[OwnAct, ...] = ()


class Work(Protocol):
    """One transaction; everything in it is kept, or nothing."""

    def claim(self, message: IncomingMessage) -> bool:
        """Whether this message is new; from now on its key is taken."""

    def earlier(self, message: IncomingMessage) -> tuple[Reply, ...]:
        """What was replied to the message when it came for the first time."""

    def conversation(self, message: IncomingMessage) -> Kept:
        """The sender's conversation, locked until the transaction ends; opened where there is none."""

    def tapped(self, kept: Kept, seq: int, index: int) -> Button | None:
        """A button by its place; None where there is none."""

    def last_said(self, kept: Kept) -> tuple[Reply, ...]:
        """What was said to the employee since they wrote last, but for the line that something may be missing."""

    def keep(self, kept: Kept, message: IncomingMessage, said: Said) -> tuple[str, ...]:
        """Stores the turn: state under the next version, messages, outbox rows, tasks, counts. The tasks' numbers."""

    def hold(self, kept: Kept, message: IncomingMessage) -> None:
        """Stores a message for the person who holds the conversation; the assistant stays silent.

        Where that person has laid the case aside, the employee is told so."""


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
        message = _with_button(work, kept, message)
        if kept.holder == "person":
            work.hold(kept, message)
            return Received(())
        said = _again(work, kept, message) or turn(kept, message)
        numbers = work.keep(kept, message, said)
        return Received(said.replies, said.step, said.topic, said.asked, numbers)


def _with_button(work: Work, kept: Kept, message: IncomingMessage) -> IncomingMessage:
    """The message with what its button says and means, where a platform was given only the button's place."""
    found = read_place(message.payload)
    if found is None:
        return message
    button = work.tapped(kept, *found)
    if button is None:  # its bubble was erased or never ours; what stood on it was typed as good as
        return replace(message, payload="")
    return replace(message, text=button.title, payload=button.payload)


def _again(work: Work, kept: Kept, message: IncomingMessage) -> Said | None:
    """What was said last, once more, where the employee asks for it: 「再说一遍」."""
    if message.kind != "text" or message.payload or kept.state is None or not AGAIN.fullmatch(message.text):
        return None
    said = work.last_said(kept)
    asked = Conversation.from_json(kept.state).asked
    return Said(kept.state, said, step="ask" if asked else "tell", asked=asked) if said else None


def replies_json(replies: Sequence[Reply]) -> list[dict[str, Any]]:
    """Replies as plain data."""
    return [each.as_json() for each in replies]
