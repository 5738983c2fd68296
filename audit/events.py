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
    # The log itself.
    "log_search": N_("在日志里查了和某人有关的记录"),
    "log_opened": N_("看了日志里写下的一条理由"),
    "log_check": N_("核对了日志链"),
    "log_export": N_("导出了日志"),
    "log_forget": N_("从日志里抹去了指向某人的编号和写下的理由"),
    "restore": N_("用备份恢复了数据库"),
}

#: How acts begin that by themselves tell of somebody's dibao: whom they are about is shown to those alone who may see it.
DIBAO: Final = ("dibao_", "consent_")

#: Who acts where nobody does: the nightly jobs, the schedule.
SYSTEM: Final = "system"
#: An employee who acts for themselves. Who it is stands among the subjects, where it can be erased.
EMPLOYEE: Final = "employee"


@dataclass(frozen=True, slots=True)
class Event:
    """One act. `actor` and `subjects` are references such as `account:<id>`, `employee:<id>`, `task:T-000123`.

    `details` are words and numbers that tell nothing about a person. `reason` is what somebody typed: it is kept sealed
    beside the chain, which holds a salted commitment to it. Several subjects are one event, a batch, which appears on
    each one's page. An employee who acts becomes a subject too, and `actor` says no more than that it was an employee.
    Raises `ValueError` for an act that is not in `ACTS`.
    """

    act: str
    actor: str
    subjects: tuple[str, ...] = ()
    details: Mapping[str, str | int] = field(default_factory=dict)
    reason: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.act not in ACTS:
            raise ValueError(f"{self.act}: not an act of the log")
        if self.actor.startswith("employee:"):
            object.__setattr__(self, "subjects", (self.actor, *self.subjects))
            object.__setattr__(self, "actor", EMPLOYEE)

    @property
    def about(self) -> tuple[str, ...]:
        """The subjects, each once."""
        return tuple(sorted(set(self.subjects)))


class Log(Protocol):
    """Where events are written."""

    def record(self, event: Event) -> int:
        """Writes an event in a transaction of its own; its number."""


def tells_dibao(act: str) -> bool:
    """Whether an act by itself tells of somebody's dibao.

    >>> tells_dibao("dibao_opened"), tells_dibao("sign_in")
    (True, False)
    """
    return act.startswith(DIBAO)


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
