"""A case: a task as HR works on it. Who has it, until when, what was said in it, and what is done with it.

What waits for HR is one list. A case that somebody has is theirs alone: only they answer, and while they have it the
assistant is silent. One person speaks with an employee at a time: whoever takes a case takes the employee's other open
cases with it that nobody has and that they may see. What a viewer may not see is not in their list, and a restricted case
shows neither kind nor topic there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal, Protocol

from hr_inbox.task import NEEDED, Audience, HrTask, TaskKind, TaskState

#: The lists of the inbox: `waiting` has nobody, `mine` is the viewer's, `taken` somebody else's.
Box = Literal["waiting", "mine", "taken", "snoozed", "done"]
BOXES: Final[tuple[Box, ...]] = ("waiting", "mine", "taken", "snoozed", "done")
#: What became of a message on its way to the employee.
Delivery = Literal["queued", "sent", "delivered", "unsure", "failed", "dropped"]
#: What can be done with many cases at once, and undone.
BulkAct = Literal["take", "release", "snooze", "done", "reopen"]


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: an account, its name, and what it may see: the permissions of those names.

    `audit` counts for complaints alone, and only where nobody else is left to read them.
    """

    account: str
    name: str = field(repr=False)
    dibao: bool = False
    complaints: bool = False
    inbox: bool = True
    audit: bool = False

    def may_see(self, audience: Audience) -> bool:
        """Whether a case for that audience may be theirs to see.

        >>> Viewer("1", "赵静").may_see("everyone"), Viewer("1", "赵静").may_see("dibao")
        (True, False)
        """
        granted = {"inbox": self.inbox, "dibao": self.dibao, "complaints": self.complaints}
        return all(granted[each] for each in NEEDED[audience])


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case as it stands in a list. `kind` is None and `topic` empty where they would say something about a person.

    `due_at` is None where nothing is promised, or nothing is owed since the answer at `answered_at`. `wrote_at` is when
    the employee last wrote to HR after that. `assignee` of a case that is done is who finished it.
    """

    number: str
    state: TaskState
    kind: TaskKind | None
    topic: str
    region: str
    language: str
    priority: int
    opened_at: datetime
    due_at: datetime | None
    snoozed_until: datetime | None
    assignee: str | None
    employee: str | None
    wrote_at: datetime | None
    change: int
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for, over all time; what is left empty does not narrow it. Days are days in China."""

    box: Box | None = None
    kind: TaskKind | None = None
    region: str = ""
    topic: str = ""
    employees: tuple[str, ...] | None = None
    opened_from: date | None = None
    opened_until: date | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Lines of a list, and what to ask after for more; empty where there are none."""

    lines: tuple[CaseLine, ...]
    after: str


@dataclass(frozen=True, slots=True)
class Said:
    """One bubble of a case's conversation, as the employee sees it, and what became of it.

    `sources` are the records that it rests on (`policy_kb.answer.source_json`), which the employee has one tap away.
    `delivery` is None for what the employee wrote, and for answers so old that how they were sent is no longer kept.
    `reason` is why one failed or was dropped, as a word or the platform's number. `by` is the account that answered.
    `told` is how the employee was told elsewhere that it waits: the channel, `nowhere` where no channel was left, and
    empty where that was not needed.
    """

    seq: int
    author: Literal["employee", "assistant", "hr"]
    text: str = field(repr=False)
    at: datetime
    delivery: Delivery | None = None
    reason: str = ""
    sources: tuple[dict[str, Any], ...] = ()
    by: str | None = None
    told: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """What HR writes for HR; the employee never sees it. `mentions` are accounts."""

    id: str
    author: str
    text: str = field(repr=False)
    mentions: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class AnswerReach:
    """Whether an answer reaches the employee in the conversation of the case now, until when (None: no such limit), and
    how many more the platform takes (None: it does not count).

    `gone`: nothing reaches them there until they write. `instead` is the channel on which they are told that an answer
    waits for them, where it does not reach them; empty where there is none.
    """

    channel: str
    open: bool
    until: datetime | None = None
    left: int | None = None
    gone: bool = False
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A case that was opened. `held_by` tells who speaks with the employee now, in this case or another one of the same
    conversation; `reachable` whether there is a conversation to answer in: not where they had everything erased. `reach`
    is how that stands now."""

    line: CaseLine
    task: HrTask
    conversation: str | None
    notes: tuple[Note, ...]
    held_by: str | None
    reachable: bool
    reach: AnswerReach | None = None


class Collision(Exception):
    """Somebody else was there first; `holder` is their account, or None where the case was closed or is gone."""

    def __init__(self, holder: str | None) -> None:
        super().__init__("somebody else has it")
        self.holder = holder


class NotForThem(Exception):
    """The colleague may not see the case, so it cannot be handed to them."""


class Cases(Protocol):
    """The cases. Every act and every opening is written into the log, in the transaction that does it.

    What is done to a case that the viewer may not see raises `Collision`, as if there were none.
    """

    def find(self, search: Search, viewer: Viewer, after: str = "", limit: int = 50) -> Page:
        """A list: the most urgent first; in `done`, and over all boxes, the newest first."""

    def counts(self, viewer: Viewer) -> dict[Box, int]:
        """How many there are in each list."""

    def mentioned(self, viewer: Viewer) -> tuple[CaseLine, ...]:
        """The cases with a note that mentions the viewer, who has not opened them since; the newest first."""

    def changed(self, viewer: Viewer, after: int, limit: int = 200) -> tuple[Sequence[CaseLine], int]:
        """The cases that changed after a change, in the order of their changes, and the last change that is there.

        Asked again after that one, nothing is left out. A case whose snooze has run out comes back without a change.
        """

    def open(self, number: str, viewer: Viewer) -> Case | None:
        """A case as a whole; None where there is none that the viewer may see. That it was opened is logged."""

    def transcript(self, number: str, viewer: Viewer, after: int = 0) -> tuple[Said, ...]:
        """What was said in the case since it was handed over: what the employee wrote to HR, and HR's answers.

        What was said to the assistant before is in the task's lines, if the employee chose to send it; what is said to
        it between is not for HR. Neither is what was said to HR about a case that the viewer may not see.
        """

    def take(self, number: str, viewer: Viewer) -> None:
        """Takes a case and with it the conversation: the assistant is silent from here. Raises `Collision`."""

    def take_over(self, number: str, viewer: Viewer, why: str) -> None:
        """Takes a case that somebody else has, with a reason. Raises `Collision` where it is done."""

    def assign(self, number: str, viewer: Viewer, colleague: Viewer) -> None:
        """Hands a case that the viewer or nobody has to a colleague, who speaks with the employee from here.

        Raises `Collision`, and `NotForThem` where the colleague may not see it.
        """

    def release(self, number: str, viewer: Viewer) -> None:
        """Puts a case back into the list. Raises `Collision`.

        The conversation goes back to the assistant, unless another case of it is still somebody's.
        """

    def snooze(self, number: str, viewer: Viewer, until: datetime) -> None:
        """Lays a case aside; it comes back by itself, at the latest when the employee writes. Raises `Collision`.

        One that somebody has stays theirs, and the assistant silent.
        """

    def finish(self, number: str, viewer: Viewer) -> None:
        """Closes a case and gives the conversation back as `release` does. Raises `Collision`."""

    def reopen(self, number: str, viewer: Viewer) -> None:
        """Puts a closed case back into the list. Raises `Collision`."""

    def say(
        self,
        number: str,
        viewer: Viewer,
        text: str,
        key: str,
        seen: int,
        sources: tuple[dict[str, Any], ...] = (),
    ) -> str:
        """Answers the employee; the id of the message on its way. Only the one who has the case speaks.

        The same key a second time sends nothing. `seen` is the last bubble that the speaker has seen. `sources` travel
        with the message. Raises `Collision`.
        The same key a second time sends nothing. `seen` is the last bubble that the speaker has seen. What the employee
        wrote since then does not hold the answer back, for they may write at any moment: the speaker finds it with
        `transcript(number, viewer, seen)`. What a colleague answered since then does: raises `Collision` with them, as
        wherever somebody else has the case. `sources` travel with the message.
        """

    def retry(self, number: str, viewer: Viewer, seq: int) -> bool:
        """Sends an answer that failed once more; whether it had failed. Raises `Collision` as `say` does."""

    def note(self, number: str, viewer: Viewer, text: str, mentions: Sequence[str] = ()) -> None:
        """Adds a note. Raises `Collision` where there is no such case."""

    def many(
        self, act: BulkAct, numbers: Sequence[str], viewer: Viewer, until: datetime | None = None
    ) -> str:
        """Does the same with many; the id under which it can be undone. Cases that somebody else has are left."""

    def undo(self, id: str, viewer: Viewer) -> int:
        """Undoes what `many` did, where nothing has changed since; with how many. Only who did it can undo it."""
