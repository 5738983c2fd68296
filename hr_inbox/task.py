"""What the assistant could not settle, as HR gets it."""

from __future__ import annotations

from dataclasses import dataclass, field
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
]
#: Kinds that only the dibao officer may open.
DIBAO_ONLY: Final[frozenset[str]] = frozenset({"dibao_status_change"})


@dataclass(frozen=True, slots=True)
class HrTask:
    """A case for HR. It holds what the employee chose to send and nothing else.

    `lines` are that text, in order: the question alone, or the whole conversation with facts and the last calculation.
    `excluded` names who must not get it: `hr_named` for a complaint about the person in charge.
    """

    kind: TaskKind
    lines: tuple[str, ...] = field(repr=False)
    region: str = ""
    language: str = "zh_Hans"
    topic: str = ""
    whole: bool = False
    excluded: str = ""
