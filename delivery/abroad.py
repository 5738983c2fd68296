"""On what basis the company sends anything to a platform abroad: recorded by it, withdrawn at once, off without one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol


class AlreadyAllowed(Exception):
    """There is a basis in force: it is withdrawn before there is another."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What the company recorded: `text` is the legal basis in its own words, decided by somebody on a day. `recorded_by` and
    `withdrawn_by` are references as the log has them."""

    id: str
    channel: str
    text: str = field(repr=False)
    decided_by: str = field(repr=False)
    decided_on: date
    recorded_at: datetime
    recorded_by: str
    withdrawn_at: datetime | None = None
    withdrawn_by: str = ""


class Bases(Protocol):
    """The bases of every channel."""

    def since(self, channel: str) -> datetime | None:
        """Since when there is a basis for a channel; None where there is none."""

    def history(self, channel: str) -> Sequence[Basis]:
        """Every basis that there was, the newest first."""

    def record(self, channel: str, text: str, decided_by: str, decided_on: date, by: str) -> None:
        """Puts a basis into force. Raises `AlreadyAllowed`."""

    def withdraw(self, channel: str, by: str) -> bool:
        """Ends the one in force, at once; whether there was one."""
