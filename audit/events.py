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
    # roster
    "employee_opened": N_("打开了员工页"),
    "employee_added": N_("新增员工"),
    "employee_corrected": N_("更正员工资料"),
    "employee_left": N_("登记离职"),
    "employee_rejoined": N_("登记重新入职"),
    "employee_erased": N_("删除录错的员工"),
    "roster_exported": N_("导出花名册"),
    "rows_imported": N_("导入表格"),
    "import_undone": N_("撤销导入"),
    "codes_made": N_("生成绑定码"),
    "bound": N_("绑定聊天账号"),
    "unbound": N_("结束绑定"),
    "base_adjusted": N_("登记缴费基数调整"),
    "consent_given": N_("登记单独同意"),
    "consent_withdrawn": N_("撤回单独同意"),
    "dibao_read": N_("查看低保状态"),
    "dibao_recorded": N_("登记低保状态"),
    # company
    "company_changed": N_("修改单位设置"),
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
