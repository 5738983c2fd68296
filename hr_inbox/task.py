"""What the assistant could not settle, as HR gets it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

TaskKind = Literal[
    "question",
    "talk_to_hr",
    "complaint",
    "open_figure",
    "income_change",
    "dibao_status_change",
    "refusal",
    "urgent_injury",
    "objection",
    "silence",
    "paper",
    "strategy",
    "policy_batch",
    "policy_due",
    "connection",
]
#: Kinds that only the dibao officer may open.
DIBAO_ONLY: Final[frozenset[str]] = frozenset({"dibao_status_change"})
#: Kinds of what nobody said: the program found it.
FOUND: Final[frozenset[str]] = frozenset({"strategy", "policy_batch", "policy_due", "connection"})
#: Kinds that say something about a person by themselves, so that they stand sealed and not in a list.
TELLING: Final[frozenset[str]] = DIBAO_ONLY | {"complaint", "income_change"}
#: What somebody waits for least. A smaller number comes first.
PRIORITIES: Final[Mapping[str, int]] = {"urgent_injury": 0, "complaint": 1, "refusal": 1, "connection": 1}
NORMAL: Final = 2

TaskState = Literal["waiting", "taken", "snoozed", "done"]

#: Who a case is for.
Audience = Literal["everyone", "dibao", "complaint", "complaint_dibao"]
#: What somebody must be allowed in order to see a case: all of it.
NEEDED: Final[Mapping[Audience, frozenset[str]]] = {
    "everyone": frozenset(("inbox",)),
    "dibao": frozenset(("inbox", "dibao")),
    "complaint": frozenset(("complaints",)),
    "complaint_dibao": frozenset(("complaints", "dibao")),
}
#: Audiences from which whoever is named in the case is left out.
COMPLAINTS: Final[frozenset[Audience]] = frozenset(("complaint", "complaint_dibao"))


@dataclass(frozen=True, slots=True)
class HrTask:
    """A case for HR. It holds what the employee chose to send and nothing else.

    `lines` are that text, in order: the question alone, or the whole conversation with facts and the last calculation.
    `excluded` names who must not get it: `hr_named` for a complaint about the person in charge. `dibao`: what is sent tells
    the household's dibao status. `notice`, `strategy` and `batch` are the id of the notice, the strategy or the pass over
    all profiles that it is about.
    """

    kind: TaskKind
    lines: tuple[str, ...] = field(repr=False)
    region: str = ""
    language: str = "zh_Hans"
    topic: str = ""
    whole: bool = False
    excluded: str = ""
    dibao: bool = False
    notice: str = ""
    strategy: str = ""
    batch: str = ""

    @property
    def is_found(self) -> bool:
        """Whether it was found by the program: nobody said it, and nobody waits for an answer."""
        return self.kind in FOUND

    @property
    def for_dibao_officer(self) -> bool:
        """Whether only somebody who may see dibao status may open it."""
        return self.dibao or self.kind in DIBAO_ONLY

    @property
    def restricted(self) -> bool:
        """Whether a list shows neither its kind nor its topic."""
        return self.for_dibao_officer or self.kind in TELLING

    @property
    def audience(self) -> Audience:
        """Who it is for.

        >>> HrTask("question", ("我家低保停了",), dibao=True).audience, HrTask("complaint", ()).audience
        ('dibao', 'complaint')
        """
        if self.kind == "complaint":
            return "complaint_dibao" if self.dibao else "complaint"
        return "dibao" if self.for_dibao_officer else "everyone"


#: By when HR answers: of the task, since when the employee waits, their channel, and when they wrote last (which tells how
#: long the channel still lets an answer through). None where nothing is promised.
Due = Callable[[HrTask, datetime, str, datetime], datetime | None]


def never_due(task: HrTask, since: datetime, channel: str, wrote_at: datetime) -> datetime | None:
    """Nothing is promised."""
    return None
