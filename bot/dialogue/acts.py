"""What a turn decides to do about the employee's own file: done in the transaction that keeps the turn, or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from people.records import Purpose
from profiles.changes import Change


@dataclass(frozen=True, slots=True)
class Agree:
    """The employee agrees to a purpose, in the chat."""

    employee: str
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The employee takes a consent back."""

    employee: str
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Report:
    """The employee tells that something is another value now, and has confirmed how it was read."""

    employee: str
    changes: tuple[Change, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Decline:
    """The employee does not agree: they are not asked for it again."""

    purpose: Purpose


#: Each names the employee whose chat it was when it was decided; of anybody else's it does nothing.
OwnAct: TypeAlias = Agree | Withdraw | Report
#: What an answer decided; that somebody declined is remembered by the conversation alone.
Choice: TypeAlias = OwnAct | Decline
