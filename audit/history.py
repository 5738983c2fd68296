"""The log as it is read: what was done to somebody, by whom and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as it is read. `reason` is what somebody typed, and empty where nobody did."""

    seq: int
    at: datetime
    act: str
    actor: str
    details: Mapping[str, str | int] = field(default_factory=dict)
    reason: str = field(default="", repr=False)


class History(Protocol):
    """The log, to be read."""

    def about(self, subject: str, limit: int = 50) -> Sequence[Entry]:
        """The events about somebody, such as `employee:<id>`, the newest first."""
