"""Messages that did not reach the employee, for whoever of HR may see their cases: seen, sent again, or given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from hr_inbox.cases import Viewer

#: `failed`: it did not arrive; `unsure`: it may have; `queued`: it waits, since nothing reaches the employee.
LetterState = Literal["failed", "unsure", "queued"]
#: What became of sending again: it is on its way; it waits until the employee writes; it may arrive twice, which was not
#: agreed to; a person speaks there, so what the assistant said does not go out any more; it is not there any more.
Resent = Literal["queued", "waiting", "twice", "overtaken", "missing"]


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that did not arrive; never what it says.

    `why` is a word, or the platform's number. `cases` are those of its conversation that the viewer may see, `employee` is
    whose chat it is, as the roster's id; None where nobody is bound.
    """

    id: str
    state: LetterState
    channel: str
    author: Literal["assistant", "hr"]
    why: str
    at: datetime
    cases: tuple[str, ...]
    employee: str | None


class Undelivered(Protocol):
    """What did not arrive. Every act is written into the log, in the transaction that does it.

    Where a conversation has cases of which the viewer may see none, or a message was said in a case that they may not see,
    it is to them as if it were not there.
    """

    def find(self, viewer: Viewer, after: str, limit: int) -> tuple[Sequence[Letter], str]:
        """A page, the newest first, and what to ask after for more; empty where there are none."""

    def count(self, viewer: Viewer) -> int:
        """How many there are."""

    def resend(self, id: str, viewer: Viewer, *, twice: bool) -> Resent:
        """Has one sent again; `twice` tells whether it may be said twice, without which an unsure one is left."""

    def give_up(self, id: str, viewer: Viewer) -> bool:
        """Has one not sent any more; whether it was there."""

    def take_back(self, id: str, viewer: Viewer) -> bool:
        """Undoes `give_up` unless something later in the conversation was sent since then; whether it did."""
