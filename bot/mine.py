"""What is kept of one employee, as they see it themselves: beside the chat, what reached HR and who looked at it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from hr_inbox.task import TaskState
from people.accounts import Role
from people.records import Adjustment, Consent, PayMonth, Purpose


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
class Mine:
    """Everything about one conversation and the employee it is tied to; `employee` is None where it is tied to nobody."""

    opened_at: datetime
    seen_at: datetime
    messages: int
    handed: tuple[Handed, ...]
    employee: str | None
    tied: tuple[Tied, ...]
    looks: tuple[Look, ...]


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
    """What employees agreed to."""

    def consents(self, employee: str) -> tuple[Consent, ...]:
        """What an employee agreed to, also what was taken back."""

    def withdraw(self, employee: str, purpose: Purpose, by: str) -> None:
        """The employee takes it back. `by` is who does, as the log names them."""
