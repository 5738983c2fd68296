"""Approved acts on their way to the portal: who is on the roster, the portal's blank, its receipt.

PYTEST_DONT_REWRITE: the search for doctests imports this module before the tests name it.
"""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import openpyxl
from desk import Colleague
from plant import works_there

from app.following import Following
from people.employees import Employee
from people.records import PURPOSES
from policy_kb.library import Library
from profiles.book import Decision, KeptStrategy, StrategySearch
from profiles.changes import Change
from storage.opening import Storage

HR = "account:hr"
ZHAO, QIAN = "account:5a1e0000-0000-4000-8000-00000000000a", "account:5a1e0000-0000-4000-8000-00000000000b"
OCTOBER = date(2026, 10, 1)
FORM = "/hr/portal-acts/enrolment/320500"
BASES = "/hr/portal-acts/base/320500"
HEADINGS = ("序号", "姓名", "身份证号码", "参保年月", "申报工资", "用工日期")
TOLD = ("证件号码", "姓名", "处理结果", "失败原因")


class Office:
    """HR's storage, and who is on the roster."""

    def __init__(self, storage: Storage, library: Library) -> None:
        self.storage = storage
        self.library = library

    def hires(self, number: str, name: str, **fields: Any) -> Employee:
        given = {
            "insured_since": None,
            "joined_on": date(2026, 8, 10),
            "id_number": f"3205001980010100{number[-2:]}",
        }
        return works_there(self.storage, number, name, **given | fields)

    def follow(self) -> None:
        Following(self.storage, lambda: self.library, lambda: self.storage.now().date()).run()

    def approved(self, who: Employee, month: date = OCTOBER, *, tells_dibao: bool = False) -> KeptStrategy:
        """What follows for somebody, approved by two."""
        self.follow()
        found = self.storage.profiles.find(StrategySearch(who.id, dibao=True))
        it = next(each for each in found if each.tells_dibao is tells_dibao)
        details, now = {"month": month.isoformat()}, self.storage.now()
        decide, act = self.storage.profiles.decide, it.acts[0]
        decide(it.id, ("proposed", "rejected"), Decision("prepared", ZHAO, now, act, details=details))
        return decide(it.id, ("prepared",), Decision("approved", QIAN, now, act, details=details))

    def state(self, it: KeptStrategy) -> str:
        found = self.storage.profiles.get(it.id)
        assert found is not None
        return found.state

    def suspends(self, who: Employee) -> None:
        """Civil affairs tells that somebody's dibao is suspended, who agreed to that being asked."""
        for purpose in PURPOSES:
            self.storage.records.agree(who.id, purpose, "paper", HR)
        self.follow()
        at = self.storage.now()
        told = Change(who.id, "dibao", "suspended", OCTOBER, "ca", at, "civil_affairs", "confirmed", who.id)
        self.storage.profiles.note([told], "system")


def blank(headings: tuple[str, ...] = HEADINGS) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "增员申报"
    sheet["A1"] = "苏州市企业职工增员申报表"
    for place, heading in enumerate(headings, 1):
        sheet.cell(2, place, heading)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def receipt(*rows: tuple[str, ...], headings: tuple[str, ...] = TOLD) -> bytes:
    return "\n".join(",".join(each) for each in (headings, *rows)).encode("gb18030")


def sends(who: Colleague, path: str, name: str, data: bytes, status: int = 303) -> Any:
    return who.sends(path, status, file=(io.BytesIO(data), name))
