"""What each contract promises, held against both ways of keeping it: over HTTP with 沙盒市, and from files of what it knows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from platforms.city import INSURANCES, PERSON_SECRET, RECEIPT, STATUS, City, fen

from connectors.civil_affairs import HttpCivilAffairs
from connectors.files import (
    FileCivilAffairs,
    FilePayroll,
    FileSocialInsurance,
    Folder,
    Form,
    read_rows,
    write_rows,
)
from connectors.outside.calling import Outside
from connectors.outside.records import Field
from connectors.payroll import HttpPayroll
from connectors.social_insurance import HttpSocialInsurance
from people.outside import (
    BaseChange,
    CivilAffairs,
    Declaration,
    DeclaredLine,
    Deduction,
    Enrolment,
    Nonsense,
    Payroll,
    SocialInsurance,
    StatusChange,
    Tokens,
    Unlawful,
)

pytest_plugins = ["sandbox"]

Connect = Callable[..., Outside]
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
TOKENS = Tokens("id_number_hmac", PERSON_SECRET)


class Desk:
    """Somebody at the city's counter who carries sheets to and fro: what the city knows out, what we write in."""

    def __init__(self, city: City, home: Path) -> None:
        self.city = city
        self.home = home
        self.laid = 0

    def folder(self, name: str) -> Folder:
        (self.home / name).mkdir(exist_ok=True)
        return Folder(self.home / name, lambda: self.city.clock() + 3600)

    def lay(self, name: str, form: Form, rows: Iterable[Mapping[str, Any]], stem: str = "") -> None:
        """A sheet, newer than those before; none without rows."""
        self.laid += 1
        if found := list(rows):
            path = self.home / name / f"{stem or self.laid}.{form.kind}"
            path.write_bytes(write_rows(form, found))
            os.utime(path, (self.city.clock() + self.laid,) * 2)


class ByHttp:
    """The real classes over the city's offices."""

    def __init__(self, city: City, connect: Connect) -> None:
        patient = {"read_seconds": 5.0, "whole_seconds": 10.0}
        self.civil_affairs: CivilAffairs = HttpCivilAffairs(connect("civil_affairs", limits=patient))
        self.social_insurance: SocialInsurance = HttpSocialInsurance(
            connect("social_insurance", limits=patient)
        )
        self.payroll: Payroll = HttpPayroll(connect("payroll", limits=patient))

    def settle(self) -> None:
        """What happened in the city is there to be asked for."""


class ByFiles:
    """The classes that read and write files, with somebody who carries them."""

    CHANGES = Form(
        {"reference": "编号", "person": "身份证号", "status": "状态", "since": "起始", "told_at": "告知"},
        {"status": {code: word for word, code in STATUS.items()}},
    )
    WAGES = Form({"person": "工号", "month": "月份", "gross": "应发"}, kind="csv")
    DEDUCTIONS = Form({"person": "工号", "month": "月份", "amount": "代扣"})
    ONE = Form({"person": "个人编号", "starts": "年月", "base": "基数"})
    DECLARED = Form({"person": "个人编号", "month": "年月", "base": "基数"}, kind="csv")
    CONFIRMED = Form(
        {"person": "编号", "month": "年月", "insurance": "险种", "base": "基数", "employee": "个人", "employer": "单位"},
        {"insurance": {"110": "pension", "210": "unemployment", "310": "medical", "410": "work_injury"}},
    )  # fmt: skip
    STATEMENT = Form(
        {"person": "编号", "month": "年月", "base": "基数", "employee": "个人", "employer": "单位"}
    )
    RECEIPTS = Form(
        {"person": "编号", "state": "结果"}, {"receipt": {code: word for word, code in RECEIPT.items()}}
    )

    def __init__(self, city: City, home: Path) -> None:
        self.city = city
        self.desk = desk = Desk(city, home)
        forms = {
            "enrol": self.ONE,
            "change_base": self.ONE,
            "declare": self.DECLARED,
            "receipts": self.RECEIPTS,
            "confirmed": self.CONFIRMED,
            "statement": self.STATEMENT,
        }
        folders = {name: desk.folder(name) for name in (*forms, "changes", "wages", "deductions")}
        self.civil_affairs: CivilAffairs = FileCivilAffairs(
            "civil_affairs", folders["changes"], self.CHANGES, TOKENS
        )
        self.social_insurance: SocialInsurance = FileSocialInsurance("social_insurance", folders, forms)
        self.payroll: Payroll = FilePayroll(
            "payroll",
            folders["wages"],
            folders["deductions"],
            folders["receipts"],
            {"wages": self.WAGES, "deductions": self.DEDUCTIONS, "receipts": self.RECEIPTS},
        )

    def settle(self) -> None:
        """The city's books become sheets, and what we wrote is carried to the counter."""
        ids = {each.token: each.id_number for each in self.city.people.values()}
        self.desk.lay(
            "changes",
            self.CHANGES,
            (
                {
                    "reference": each["changeNo"],
                    "person": ids[each["person"]["token"]],
                    "status": each["state"],
                    "since": each["effectiveDate"],
                    "told_at": each["issuedAt"],
                }
                for each in self.city.civil_affairs.changes
            ),
        )
        for month, paid in self.city.payroll.months.items():
            rows = [
                {"person": number, "month": month, "gross": each["grossFen"]} for number, each in paid.items()
            ]
            self.desk.lay("wages", self.WAGES, rows)
        self._carry()
        self._answer()

    def _carry(self) -> None:
        agency, shape = (
            self.city.social_insurance,
            {"person": Field("text"), "month": Field("text"), "base": Field("amount")},
        )
        for stem, data in self.desk.folder("declare").files():
            rows = read_rows(data, "carried", shape, self.DECLARED)
            month = agency.declared.setdefault(rows[0]["month"][:7], {})
            month.update({each["person"]: each["base"] for each in rows})
            self._receipt(stem, [each["person"] for each in rows])
        for kind, form in (("enrol", self.ONE), ("change_base", self.ONE), ("deductions", self.DEDUCTIONS)):
            for stem, data in self.desk.folder(kind).files():
                only = Form({"person": form.columns["person"]})
                self._receipt(
                    stem,
                    [each["person"] for each in read_rows(data, "carried", {"person": Field("text")}, only)],
                )

    def _receipt(self, stem: str, people: Sequence[str]) -> None:
        self.desk.lay(
            "receipts",
            self.RECEIPTS,
            ({"person": each, "state": RECEIPT["accepted"]} for each in people),
            stem,
        )

    def _answer(self) -> None:
        for month in self.city.social_insurance.published:
            lines = self.city.social_insurance.lines(month)
            rows = [
                {"person": each["grbh"], "month": month, "insurance": each["xzlx"], "base": fen(each["jfjs"]),
                 "employee": fen(each["grje"]), "employer": fen(each["dwje"])}
                for each in lines
            ]  # fmt: skip
            self.desk.lay("confirmed", self.CONFIRMED, rows)
            summed: dict[str, dict[str, Any]] = {}
            for each in rows:
                line = summed.setdefault(each["person"], {**each, "employee": 0, "employer": 0})
                line["employee"] += each["employee"]
                line["employer"] += each["employer"]
            self.desk.lay("statement", self.STATEMENT, summed.values())


Systems = ByHttp | ByFiles


@pytest.fixture(params=["http", "files"])
def systems(request: pytest.FixtureRequest, city: City, tmp_path: Path) -> Systems:
    if request.param == "files":
        return ByFiles(city, tmp_path)
    return ByHttp(city, request.getfixturevalue("connect"))


def everything(
    civil_affairs: CivilAffairs, cursor: str, people: Sequence[str]
) -> tuple[list[StatusChange], str]:
    found: list[StatusChange] = []
    more = True
    while more:
        page = civil_affairs.changes(cursor, people)
        found += page.changes
        cursor, more = page.cursor, page.more
    return found, cursor


# -- civil affairs -----------------------------------------------------------------------------------------------------


def test_changes_are_told_once_about_those_who_agreed_and_again_from_the_beginning(
    city: City, systems: Systems
) -> None:
    for number in city.people:
        city.status(number, "receiving", "2026-01-01", told_at=city.clock() - 500)
    city.status("0001", "suspended", "2026-11-01", told_at=city.clock() - 60)
    systems.settle()
    people = [city.people[each].token for each in ("0001", "0002", "0003", "0004")]
    found, cursor = everything(systems.civil_affairs, "", people)
    assert sorted(each.person for each in found) == sorted([people[0], *people])
    assert found[-1].status == "suspended"
    assert {each.source for each in found} == {"civil_affairs"}
    again, cursor = everything(systems.civil_affairs, cursor, people)
    assert {(each.source, each.reference) for each in again} <= {
        (each.source, each.reference) for each in found
    }
    city.status("0002", "ended", "2026-11-01", told_at=city.clock() - 30)
    systems.settle()
    new, cursor = everything(systems.civil_affairs, cursor, people)
    known = {each.reference: each for each in found}
    assert [each.status for each in new if each.reference not in known] == ["ended"]
    assert all(known.get(each.reference, each) == each for each in new)
    whole, _ = everything(systems.civil_affairs, "", people)
    assert {each.reference: each for each in whole} == known | {each.reference: each for each in new}
    assert systems.civil_affairs.changes(cursor, []).changes == ()


# -- payroll -----------------------------------------------------------------------------------------------------------


def test_a_month_of_wages_is_whole_and_not_repeated(city: City, systems: Systems) -> None:
    for number in city.people:
        city.payroll.wage(number, "2026-10", 300_000 + int(number))
    systems.settle()
    found = systems.payroll.wages(OCTOBER)
    assert {each.person: each.gross for each in found.wages} == {
        each: 300_000 + int(each) for each in city.people
    }
    assert {each.month for each in found.wages} == {OCTOBER}
    again = systems.payroll.wages(OCTOBER, found.version)
    assert (again.unchanged, again.wages, again.version) == (True, (), found.version)
    assert systems.payroll.wages(NOVEMBER).wages == ()
    city.payroll.wage("0001", "2026-10", 1)
    systems.settle()
    assert {each.person: each.gross for each in systems.payroll.wages(OCTOBER, found.version).wages}[
        "0001"
    ] == 1


def test_deductions_are_done_once_and_say_what_came_of_each(city: City, systems: Systems) -> None:
    deductions = (Deduction("0001", 51_996), Deduction("0002", 0))
    systems.payroll.deduct("p-1", OCTOBER, deductions)
    systems.settle()
    receipt = systems.payroll.deduct("p-1", OCTOBER, deductions)
    assert (receipt.source, receipt.reference, receipt.state) == ("payroll", "p-1", "accepted")
    assert [(each.person, each.state) for each in receipt.lines] == [
        ("0001", "accepted"),
        ("0002", "accepted"),
    ]
    with pytest.raises(Nonsense):
        systems.payroll.deduct("p-1", OCTOBER, deductions[:1])
    with pytest.raises(ValueError, match="each person once"):
        systems.payroll.deduct("p-2", OCTOBER, deductions[:1] * 2)


# -- social insurance --------------------------------------------------------------------------------------------------


def test_what_is_handed_in_is_done_once_and_something_else_under_its_reference_never(
    systems: Systems,
) -> None:
    agency = systems.social_insurance
    enrolment = Enrolment("e-1", "0001", NOVEMBER, NOVEMBER, 495_200, 495_200, "王", "1")
    change = BaseChange("b-1", "0002", NOVEMBER, NOVEMBER, 495_300, 495_200)
    declaration = Declaration(
        "d-1", OCTOBER, (DeclaredLine("0003", 5_000, 5_000), DeclaredLine("0004", 6_000, 5_000))
    )
    acts: list[Callable[[], Any]] = [
        lambda: agency.enrol(enrolment),
        lambda: agency.change_base(change),
        lambda: agency.declare(declaration),
    ]
    for act in acts:
        assert act().state in ("accepted", "pending")
    systems.settle()
    assert [act().state for act in acts] == ["accepted"] * 3
    assert [(each.person, each.state) for each in agency.declare(declaration).lines] == [
        ("0003", "accepted"),
        ("0004", "accepted"),
    ]
    with pytest.raises(Nonsense):
        agency.change_base(BaseChange("b-1", "0002", NOVEMBER, NOVEMBER, 600_000, 495_200))


def test_nothing_unlawful_is_handed_in(systems: Systems) -> None:
    agency = systems.social_insurance
    for act in (
        lambda: agency.enrol(Enrolment("e", "0001", NOVEMBER, OCTOBER, 5, 5, "王", "1")),
        lambda: agency.enrol(Enrolment("e", "0001", OCTOBER, OCTOBER, 4, 5, "王", "1")),
        lambda: agency.change_base(BaseChange("b", "0001", NOVEMBER, OCTOBER, 5, 5)),
        lambda: agency.declare(
            Declaration("d", OCTOBER, (DeclaredLine("0001", 5, 5), DeclaredLine("0002", 4, 5)))
        ),
    ):
        with pytest.raises(Unlawful):
            act()


def test_amounts_and_statement_of_a_month_agree(city: City, systems: Systems) -> None:
    agency = systems.social_insurance
    agency.declare(
        Declaration("d-1", OCTOBER, (DeclaredLine("0003", 495_200, 1), DeclaredLine("0004", 600_010, 1)))
    )
    systems.settle()
    assert agency.statement(OCTOBER) is None
    assert agency.confirmed(OCTOBER).amounts == ()
    city.social_insurance.publish("2026-10")
    systems.settle()
    found = agency.confirmed(OCTOBER)
    assert len(found.amounts) == 2 * len(INSURANCES)
    assert agency.confirmed(OCTOBER, found.version).unchanged
    statement = agency.statement(OCTOBER)
    assert statement is not None
    assert statement.employee == sum(each.employee for each in found.amounts)
    assert statement.employer == sum(each.employer for each in found.amounts)
    assert {each.person: each.base for each in statement.lines} == {"0003": 495_200, "0004": 600_010}
    assert agency.statement(NOVEMBER) is None
