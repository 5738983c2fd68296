"""An event of the log: an act, who did it, whom it is about. What is chained holds nothing personal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from locales import N_

#: Every act that can be logged, with the words that a reader gets. An act that is not here cannot be written.
ACTS: Final[Mapping[str, str]] = {
    # Accounts of HR and how they sign in.
    "sign_in": N_("登录"),
    "sign_out": N_("退出"),
    "sign_in_failed": N_("登录没有成功"),
    "sign_in_locked": N_("试错太多，暂时锁住"),
    "sessions_ended": N_("退出了自己在别处的登录"),
    "password_changed": N_("改了自己的密码"),
    "second_factor_set": N_("设了自己的动态码"),
    "second_factor_reset": N_("取消了动态码，要重新设"),
    "account_added": N_("加了账号"),
    "account_invited": N_("重新发了邀请，原来的密码作废"),
    "account_joined": N_("接受邀请，设了密码"),
    "account_changed": N_("改了姓名或邮箱"),
    "account_closed": N_("停用账号"),
    "account_reopened": N_("重新启用账号"),
    "account_unlocked": N_("解锁账号"),
    "roles_changed": N_("改了角色"),
    "tie_allowed": N_("准许用公司的登录"),
    "account_tied": N_("第一次用公司的登录，已对上账号"),
    "account_untied": N_("不再准许用公司的登录"),
}

#: Who acts where nobody does: the nightly jobs, the schedule, a command in the terminal.
SYSTEM: Final = "system"
#: Who acts where it is not known who: at the door, before anybody is let in.
NOBODY: Final = "nobody"


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
