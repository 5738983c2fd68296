"""What the assistant could not answer: counts of questions by topic and place, never how one was put."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

#: `no_clause`: the library holds nothing on it; `withheld`: an answer held a figure without a source; `not_understood`:
#: nothing was near enough to tell what it was about.
Why = Literal["no_clause", "withheld", "not_understood"]
_HOME: tuple[str, ...] = ("ask_dibao", "report_dibao")


@dataclass(frozen=True, slots=True)
class Unanswered:
    """One question without an answer. `topic` is the label of what was wanted, empty where that is not known.

    `region` is a prefecture where the question is about work and a province where it is about dibao: a home county
    could be that of one employee alone. It is `000000` where no place is known.
    """

    why: Why
    topic: str
    region: str


@dataclass(frozen=True, slots=True)
class UnansweredWeek:
    """How many questions of one topic and region went unanswered in the week that begins on a Monday."""

    monday: date
    topic: str
    region: str
    why: Why
    count: int


class Gaps(Protocol):
    """What the library lacks, as the employees' questions show it."""

    def unanswered(self, first: date, last: date) -> tuple[UnansweredWeek, ...]:
        """What went unanswered from one day to another (both included), by week, topic, region and why."""


def unanswered(why: Why, topic: str, region: str) -> Unanswered:
    """A question without an answer, with its place as coarse as may be kept.

    >>> unanswered("no_clause", "ask_dibao_standard", "341204").region
    '340000'
    >>> unanswered("no_clause", "ask_transfer", "320505").region
    '320500'
    """
    kept = region[:2] if topic.startswith(_HOME) or not topic else region[:4]
    return Unanswered(why, topic, kept.ljust(6, "0"))
