"""Batches on their way: drafts are made, then issued, a few at a time, so that a batch can be stopped anywhere and goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from notices.book import Batch, Blocked, Plan
from notices.notice import Content
from people.employees import Employee


@dataclass(frozen=True, slots=True)
class Blockage:
    """Why nothing can be drafted for somebody; `detail` names lines or a character."""

    why: Blocked
    detail: str = ""


#: Drafts the notice of an employee, or says why there can be none. The number is given when it is issued.
Drafter = Callable[[Plan, Employee], Content | Blockage]


class Batches(Protocol):
    """The batches as whoever works them off needs them."""

    def batch(self, id: str) -> Batch | None:
        """A batch."""

    def draft_next(self, id: str, draft: Drafter) -> bool:
        """Drafts the next rows; whether any were left."""

    def issue_next(self, id: str) -> bool:
        """Issues the next rows that are ready, each once; whether any were left."""

    def unfinished(self) -> tuple[str, ...]:
        """Batches that are to run by themselves."""


class Issuer:
    """Runs batches to the end of what they are doing. Stopped at any row, it can be run again."""

    def __init__(self, batches: Batches, draft: Drafter) -> None:
        self._batches = batches
        self._draft = draft

    def run(self, id: str) -> None:
        """Does what a batch is at, a few rows a transaction."""
        while (it := self._batches.batch(id)) is not None:
            if it.state == "drafting":
                self._batches.draft_next(id, self._draft)
            elif it.state == "issuing":
                self._batches.issue_next(id)
            else:
                return

    def run_all(self) -> None:
        """Takes up what a crash or a lost job left lying."""
        for id in self._batches.unfinished():
            self.run(id)
