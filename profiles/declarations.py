"""A declaration on its way: drafted, submitted by one person, approved by a second, handed in, answered line by line.

Nothing goes out without HR's approval, and nobody's month is declared twice: what is approved for somebody holds their month
until it is rejected or withdrawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, Literal, Protocol

from calculator.money import Fen
from locales import N_
from people.outside import ConfirmedAmounts, Receipt, ReceiptState
from profiles.declaring import Apart, Draft, Former, Gone, Line

#: `handed_in`: the system may have it, and has not answered for everybody.
State = Literal["drafted", "submitted", "approved", "handed_in", "answered", "withdrawn"]
STATES: Final[Mapping[State, str]] = {
    "drafted": N_("草稿"),
    "submitted": N_("等另一个人批准"),
    "approved": N_("已批准，正在报"),
    "handed_in": N_("已报，等回执"),
    "answered": N_("有结果了"),
    "withdrawn": N_("作废了"),
}
#: What came of a line; `drafted` before it is approved.
Outcome = Literal["drafted", "pending", "accepted", "rejected", "withdrawn"]
OUTCOMES: Final[Mapping[Outcome, str]] = {
    "drafted": N_("还没有报"),
    "pending": N_("等回执"),
    "accepted": N_("受理了"),
    "rejected": N_("被退回"),
    "withdrawn": N_("作废了"),
}
#: Over a connection, or by the file that HR takes to the portal.
Via = Literal["connection", "file"]
#: What is done with a declaration beside the requests: handed in, deducted from wages, held against confirmed amounts.
Step = Literal["declare", "deduct", "confirm"]
#: Longer than a system may take to answer.
LEASE: Final = timedelta(minutes=3)
#: For how long the authority's amounts are asked for.
CONFIRMED_WITHIN: Final = timedelta(days=62)


class AlreadyDeclared(Exception):
    """Somebody's month is held by another declaration."""


class NotAsDrafted(Exception):
    """What was looked at is not what stands there, or not what would be drafted now."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A step that is not done: when it is tried next (None: when somebody says so), how often it was tried, and the code of
    what went wrong the last time."""

    due_at: datetime | None
    tries: int
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """A declaration of an account (its id) and month. `own` and `employer` are the sums of its lines, fen; `region` and
    `account_number` are the account's as it was drafted. Who did what stands as the log names them.

    `deducts`: accepted own shares go to payroll in the same go. `note` is why it was given back. `returned` counts the lines
    that were rejected and that no other declaration holds.
    """

    id: str
    account: str
    region: str
    account_number: str
    month: date
    attempt: int
    reference: str
    state: State
    via: Via
    deducts: bool
    digest: str
    ruleset: str
    drafted_by: str
    drafted_at: datetime
    apart: tuple[Apart, ...] = field(default=(), repr=False)
    gone: tuple[Gone, ...] = field(default=(), repr=False)
    done: int = 0
    own: Fen = field(default=0, repr=False)
    employer: Fen = field(default=0, repr=False)
    submitted_by: str = ""
    submitted_at: datetime | None = None
    approved_by: str = ""
    approved_at: datetime | None = None
    handed_in_at: datetime | None = None
    answered_at: datetime | None = None
    deducted_at: datetime | None = None
    confirmed_at: datetime | None = None
    note: str = field(default="", repr=False)
    counts: Mapping[Outcome, int] = field(default_factory=dict)
    returned: int = 0
    steps: Mapping[Step, Waiting] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many lines it has."""
        return sum(self.counts.values())

    @property
    def stuck(self) -> bool:
        """Whether a step failed that is not tried again by itself."""
        return any(each.due_at is None for each in self.steps.values())

    @property
    def troubled(self) -> bool:
        """Whether something waits for somebody of HR: a step that is stuck, or lines that came back."""
        return self.stuck or self.returned > 0


@dataclass(frozen=True, slots=True)
class KeptLine:
    """A line and what came of it. `deducted` is what payroll said, None where it was not asked. `confirmed` are the amounts
    that the authority has confirmed: base, own share, employer's share, fen."""

    line: Line = field(repr=False)
    outcome: Outcome
    reason: str = ""
    deducted: ReceiptState | None = None
    deducted_reason: str = ""
    confirmed: tuple[Fen, Fen, Fen] | None = field(default=None, repr=False)

    @property
    def differs(self) -> bool:
        """Whether the authority's amounts are others than those that were declared."""
        line = self.line
        return self.confirmed is not None and self.confirmed[1:] != (line.own, line.employer)


@dataclass(frozen=True, slots=True)
class Frame:
    """How a draft goes out: to which account, over what, and whether payroll gets the own shares."""

    region: str
    account_number: str
    via: Via
    deducts: bool


class Declarations(Protocol):
    """Every declaration. `by` is who acts, as the log names them; every act is logged with it."""

    def runs(self, limit: int = 60) -> tuple[Run, ...]:
        """The latest ones, by month and then by when they were drafted."""

    def waiting(self) -> int:
        """How many wait for somebody: for approval, for help with a step that failed, with lines that came back."""

    def run(self, id: str) -> Run | None:
        """One of them."""

    def lines(self, id: str) -> tuple[KeptLine, ...]:
        """Its lines, by employee number."""

    def taken(self, month: date) -> frozenset[str]:
        """The employees whose month a declaration holds: approved and not rejected."""

    def before(self, account: str, month: date) -> Mapping[str, Former]:
        """What was accepted, or waits for an answer, of an account's month before this one, by employee."""

    def draft(self, draft: Draft, frame: Frame, by: str) -> str:
        """Keeps a draft, in the place of the one of that account and month that nobody has submitted; its id.

        Raises `profiles.book.Overtaken` where one of them is on its way.
        """

    def submit(self, id: str, digest: str, by: str) -> None:
        """Asks for a second person's approval of what was seen. Raises `Overtaken` and `NotAsDrafted`."""

    def give_back(self, id: str, why: str, by: str) -> None:
        """Back to its author. Raises `Overtaken`."""

    def withdraw(self, id: str, by: str) -> None:
        """Gives up what was not handed in. Raises `Overtaken`."""

    def approve(self, id: str, digest: str, by: str, name: str) -> None:
        """A second person's yes to what was seen; `name` goes into the record of bases that change.

        Raises `Overtaken`, `NotAsDrafted`, `AlreadyDeclared`, and `profiles.book.SamePerson` for who drafted or submitted it.
        """

    def try_again(self, id: str, by: str) -> None:
        """Has every step that failed tried again soon."""

    def note_answers(self, id: str, rejected: Mapping[str, str], by: str) -> None:
        """What the portal said of a declaration that went by file: those rejected with the reason, by employee; the others
        are accepted. Raises `Overtaken`."""

    def exported(self, id: str, by: str) -> None:
        """Notes in the log that it was taken out as a file."""


class Work(Protocol):
    """The declarations as whoever works them off needs them."""

    def run(self, id: str) -> Run | None:
        """One of them."""

    def lines(self, id: str) -> tuple[KeptLine, ...]:
        """Its lines, by employee number."""

    def due(self) -> Sequence[tuple[str, Step]]:
        """What is to be done now."""

    def claim(self, id: str, step: Step) -> int | None:
        """Takes a step that is due for `LEASE`; how often it was tried before, None where somebody else has it. One that is
        approved is handed in from here on, whatever happens."""

    def answered(self, id: str, receipt: Receipt, again_at: datetime) -> None:
        """Takes over what the system said, once: accepted lines go into the months of pay and onto the roster. Lines that
        it has not decided are asked for again."""

    def deducted(self, id: str, receipt: Receipt, again_at: datetime) -> None:
        """Takes over what payroll said of the own shares."""

    def confirmed(self, id: str, amounts: ConfirmedAmounts, again_at: datetime | None) -> None:
        """Takes over the authority's amounts; who has some has paid. None: it is not asked any more."""

    def failed(self, id: str, step: Step, code: str, again_at: datetime | None) -> None:
        """Notes what went wrong; None: it waits for HR."""

    def unsent(self, id: str, code: str) -> None:
        """Notes that nothing was sent, and why: it can still be withdrawn."""
