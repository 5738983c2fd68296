"""An event of the log: an act, who did it, whom it is about. What is chained holds nothing personal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from locales import N_

#: Every act that can be logged, with the words that a reader gets. An act that is not here cannot be written.
ACTS: Final[Mapping[str, str]] = {
    "sign_in": N_("登录"),
    "sign_out": N_("退出"),
    # the inbox
    "cases_of_employee": N_("按职工找事项"),
    # Cases
    "case_opened": N_("打开事项"),
    "case_taken": N_("接手事项"),
    "case_taken_over": N_("从同事那里接手事项"),
    "case_released": N_("放回待办"),
    "case_snoozed": N_("先放一放"),
    "case_done": N_("办结"),
    "case_reopened": N_("重新打开事项"),
    "case_answered": N_("回复员工"),
    "case_resent": N_("重新发送回复"),
    "case_noted": N_("写内部备注"),
    "cases_undone": N_("撤销批量操作"),
}

#: Who acts where nobody does: the nightly jobs, the schedule.
SYSTEM: Final = "system"


@dataclass(frozen=True, slots=True)
class Event:
    """One act. `actor` and `subjects` are references such as `account:<id>`, `employee:<id>`, `task:T-000123`.

    `details` are words and numbers that tell nothing about a person. `reason` is what somebody typed: it is kept sealed
    beside the chain, which holds a salted commitment to it. Several subjects are one event, a batch, which appears on
    each one's page. Raises `ValueError` for an act that is not in `ACTS`.
    """

    act: str
    actor: str
    subjects: tuple[str, ...] = ()
    details: Mapping[str, str | int] = field(default_factory=dict)
    reason: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.act not in ACTS:
            raise ValueError(f"{self.act}: not an act of the log")


class Log(Protocol):
    """Where events are written."""

    def record(self, event: Event) -> int:
        """Writes an event in a transaction of its own; its number."""


def account(id: str) -> str:
    """The reference to an account of HR.

    >>> account("0f0e")
    'account:0f0e'
    """
    return f"account:{id}"


def employee(id: str) -> str:
    """The reference to an employee of the roster."""
    return f"employee:{id}"


def task(number: str) -> str:
    """The reference to a task."""
    return f"task:{number}"
