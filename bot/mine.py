"""What is kept of one employee, as they see it themselves: beside the chat, what reached HR and who looked at it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from calculator.money import Fen
from hr_inbox.task import TaskState
from people.accounts import Role
from people.records import Adjustment, Consent, ConsentHow, PayMonth, Purpose, WithdrawnHow
from profiles.changes import Change
from profiles.declarations import Outcome
from profiles.ground import Ground
from profiles.profile import Profile
from profiles.strategy import Explanation


@dataclass(frozen=True, slots=True)
class Term:
    """How many days one kind of data is kept, and why so long, in words."""

    kind: str
    days: int
    why: str


@dataclass(frozen=True, slots=True)
class Handed:
    """What the employee sent to HR, in the words that were sent."""

    number: str
    state: TaskState
    opened_at: datetime
    closed_at: datetime | None
    lines: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tied:
    """A chat that is tied to the employee."""

    channel: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody of HR did with the employee's data: the event's number in the log, when, what, in which roles.

    Roles are those that the account has now; none where it is not known any more. The person's name stays HR's.
    """

    seq: int
    at: datetime
    act: str
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Declared:
    """What a declaration says of the employee for a month, fen, and what came of it.

    `confirmed` are the amounts that the authority has confirmed: base, own share, employer's share.
    """

    month: date
    outcome: Outcome
    base: Fen = field(repr=False)
    own: Fen = field(repr=False)
    employer: Fen = field(repr=False)
    confirmed: tuple[Fen, Fen, Fen] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Mine:
    """Everything about one conversation and the employee it is tied to; `employee` is None where it is tied to nobody.

    `set_apart` are the moments at which sheets came that say something of the household's dibao: what they say is opened
    for nobody before the employee agrees, and that is for the employee to decide without it, too. `declared` are the lines
    of declarations, the latest month first.
    """

    opened_at: datetime
    seen_at: datetime
    messages: int
    handed: tuple[Handed, ...]
    employee: str | None
    tied: tuple[Tied, ...]
    looks: tuple[Look, ...]
    set_apart: tuple[datetime, ...] = field(default=(), repr=False)
    declared: tuple[Declared, ...] = ()


class OwnRecords(Protocol):
    """Where it is kept."""

    def of(self, conversation: str) -> Mine | None:
        """What is kept about the employee of a conversation; None where there is no such conversation."""


class Contributions(Protocol):
    """What the company keeps about an employee's pay and contributions."""

    def pay_months(self, employee: str) -> tuple[PayMonth, ...]:
        """The months that are on record, the oldest first."""

    def adjustments(self, employee: str) -> tuple[Adjustment, ...]:
        """Changes of the base, in the order in which they were written down."""


class Consents(Protocol):
    """What employees agreed to. `by` is who acts, as the log names them."""

    def consents(self, employee: str) -> tuple[Consent, ...]:
        """What an employee agreed to, also what was taken back."""

    def agree(self, employee: str, purpose: Purpose, how: ConsentHow, by: str) -> None:
        """The employee agrees; nothing changes where it is agreed to already."""

    def withdraw(self, employee: str, purpose: Purpose, how: WithdrawnHow, by: str) -> None:
        """The employee takes it back."""


@dataclass(frozen=True, slots=True)
class Explained:
    """What the employee was sent after a change, and when."""

    at: datetime
    explanation: Explanation = field(repr=False)


@dataclass(frozen=True, slots=True)
class OwnFile:
    """What is on record of an employee, for themselves: the profile as it is now, the changes behind it, and what it is
    reckoned on. `agreed` are the purposes that they agree to now; without `dibao_status` nothing here tells of the
    household. `explained` is what they were sent, the newest first.
    """

    profile: Profile = field(repr=False)
    changes: tuple[Change, ...] = field(repr=False)
    ground: Ground = field(repr=False)
    agreed: frozenset[Purpose] = field(repr=False)
    explained: tuple[Explained, ...] = field(default=(), repr=False)


class OwnFiles(Protocol):
    """Where it is kept. Looking at one's own file is no event of the log."""

    def of(self, employee: str) -> OwnFile | None:
        """An employee's file; None where there is no such employee."""


class ReadOnce(OwnFiles):
    """Files as one turn sees them: each is read once, since what the turn decides is done when it ends."""

    def __init__(self, files: OwnFiles) -> None:
        self._files = files
        self._read: dict[str, OwnFile | None] = {}

    def of(self, employee: str) -> OwnFile | None:
        """An employee's file; None where there is no such employee."""
        if employee not in self._read:
            self._read[employee] = self._files.of(employee)
        return self._read[employee]


class NoFiles(OwnFiles):
    """Nothing is on record of anybody: for a terminal."""

    def of(self, employee: str) -> OwnFile | None:
        """Nothing."""
        return None
