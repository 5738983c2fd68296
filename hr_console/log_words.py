"""The log in words, for one reader: moments in China's time, acts, and names as far as the reader may see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from audit.chain import WHYS, Check
from audit.events import ACTS, EMPLOYEE, NOBODY, SYSTEM, tells_dibao
from audit.reading import Recorded, State
from locales import N_, Say
from people.accounts import Account
from people.employees import Directory

CHINA: Final = ZoneInfo("Asia/Shanghai")
#: So many of a batch stand in a list; the event's own page shows the rest.
SHOWN: Final = 3
NOBODY_TOLD: Final = {SYSTEM: N_("系统"), EMPLOYEE: N_("员工本人"), NOBODY: N_("还没登录的人")}
#: A reference whose name is not shown, or not known any more, by the first signs of its id.
NAMELESS: Final = {"account": N_("账号 {id}"), "employee": N_("员工 {id}"), "task": N_("事项 {id}")}
KEPT_BACK: Final = N_("和低保有关，是谁只有低保专员看得到")
GONE: Final = N_("编号已抹去")


@dataclass(frozen=True, slots=True)
class Line:
    """An event as it is shown. `more` is how many of those it is about stand in no list, `hidden` whether they are kept
    from the reader."""

    seq: int
    at: str
    act: str
    actor: str
    about: tuple[str, ...] = field(repr=False)
    more: int
    hidden: bool


class Names:
    """References in words. An employee is named to those who may see the roster, others get the first signs of the id."""

    def __init__(self, reader: Account, staff: Mapping[str, Account], employees: Directory, say: Say) -> None:
        self._reader = reader
        self._staff = staff
        self._employees = employees
        self._say = say
        self._known: dict[str, str] = {}

    def of(self, reference: str) -> str:
        """A reference in words."""
        if reference not in self._known:
            self._known[reference] = self._look_up(reference)
        return self._known[reference]

    def line(self, event: Recorded, most: int | None = SHOWN) -> Line:
        """An event as a list shows it, or whole where `most` is None."""
        hidden = tells_dibao(event.act) and not self._reader.may("dibao")
        about = () if hidden else tuple(map(self.of, event.subjects[:most]))
        more = 0 if hidden else event.count - len(about)
        return Line(
            event.seq, in_china(event.at), self._say(ACTS.get(event.act, event.act)), self.of(event.actor),
            about, more, hidden,
        )  # fmt: skip

    def _look_up(self, reference: str) -> str:
        if reference in NOBODY_TOLD:
            return self._say(NOBODY_TOLD[reference])
        kind, _, id = reference.partition(":")
        if kind == "account" and id in self._staff:
            return self._staff[id].name
        if kind == "employee" and self._reader.may("roster"):
            found = self._employees.get(id)
            if found is not None:
                return self._say("{name}（{number}）", name=found.name, number=found.number)
        return self._say(NAMELESS.get(kind, "{id}"), id=id if kind == "task" else id[:8])


def state_told(state: State, say: Say) -> tuple[str, bool]:
    """How the chain stands in one sentence, and whether that is bad."""
    if state.check is None or state.checked_at is None:
        return say(N_("还没有核对过。每天夜里会自动核对一次。")), False
    at = in_china(state.checked_at)
    if state.check.broken is None:
        return say(
            N_("链完整，最近一次核对 {at}，到第 {last} 条。"), at=at, last=str(state.check.last)
        ), False
    told = say(
        N_("链断在第 {seq} 条（{at} 核对）：{why}。先别动数据库，马上告诉管信息安全的人。"),
        at=at,
        **_broken(state.check, say),
    )
    return told, True


def in_china(at: datetime) -> str:
    """A moment as people in China say it.

    >>> from datetime import UTC
    >>> in_china(datetime(2026, 10, 15, 4, tzinfo=UTC))
    '2026-10-15 12:00:00'
    """
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"


def _broken(check: Check, say: Say) -> dict[str, str]:
    assert check.broken is not None
    return {"seq": str(check.broken.seq), "why": say(WHYS[check.broken.why])}
