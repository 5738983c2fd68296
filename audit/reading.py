"""The log as it is read: events by whom they are about, by act, actor and day; and whether the chain is whole.

References stay references here: whoever shows an event resolves names, for a reader who may see them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from audit.chain import Check
from audit.heads import Head


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event of the log.

    `subjects` are the references that are still there, `count` is how many there were. `reason` is empty where none was
    typed and None where it was erased. `previous` is the hash of the event before.
    """

    seq: int
    at: datetime
    act: str
    actor: str
    subjects: tuple[str, ...]
    count: int
    details: Mapping[str, str | int]
    reason: str | None = field(repr=False)
    body: str = field(repr=False)
    hash: bytes
    previous: bytes


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events; what is left empty does not narrow it.

    `subjects`: about any of them. `since` counts, `until` does not any more. Without `dibao`, acts that tell of a person's
    dibao by themselves are left out; `staff` leaves only what HR's accounts did.
    """

    act: str = ""
    actor: str = ""
    subjects: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    dibao: bool = True
    staff: bool = False


class History(Protocol):
    """The events, the newest first. `before` is the number of the last event of the page before."""

    def about(self, subject: str, before: int | None = None, limit: int = 50) -> tuple[Recorded, ...]:
        """What was done with somebody or something, and who looked at it."""

    def find(self, wanted: Wanted, before: int | None = None, limit: int = 50) -> tuple[Recorded, ...]:
        """The events that are wanted."""

    def get(self, seq: int) -> Recorded | None:
        """One event by its number."""


@dataclass(frozen=True, slots=True)
class State:
    """How the chain stands: how many events there are, what the last check found and when, and the newest head."""

    written: int
    checked_at: datetime | None
    check: Check | None
    head: Head | None


class Chain(Protocol):
    """The chain as a whole."""

    def state(self) -> State:
        """How it stands."""

    def check(self) -> Check:
        """Checks all of it now; where it is whole its head is signed."""

    def export(self, *, dibao: bool) -> Iterator[str]:
        """All of it as lines that `audit.exported` reads, with no names and no reasons.

        Without `dibao`, whom an act is about that tells of a person's dibao is left out; the proof holds without it.
        """
