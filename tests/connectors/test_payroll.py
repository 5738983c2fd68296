"""Payroll: a month's wages whole or not at all, and deductions once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from platforms.city import City, Trouble
from sandbox import ALONE_AND_IN_PAIRS, MONTH, eventually, names, told

from connectors.outside.calling import Outside
from connectors.payroll import HttpPayroll
from people.outside import Deduction, Nonsense, OutsideFailed, Receipt, ReceiptLine, Wage

pytest_plugins = ["sandbox"]

Connect = Callable[..., Outside]
OCTOBER = date(2026, 10, 1)
DEDUCTIONS = (Deduction("0001", 51_996), Deduction("0002", 0), Deduction("0003", 62_510))


@pytest.fixture
def paid(city: City) -> City:
    """Seven people's wages of October, one with what was paid out."""
    for number in city.people:
        city.payroll.wage(number, MONTH, 300_000 + int(number))
    city.payroll.wage("0007", MONTH, 350_000, 297_504)
    return city


def truth(city: City) -> dict[str, int]:
    return {each["employeeNo"]: each["grossFen"] for each in city.payroll.months[MONTH].values()}


def test_wages_come_page_by_page_and_not_again(paid: City, connect: Connect) -> None:
    payroll = HttpPayroll(connect("payroll"))
    found = payroll.wages(OCTOBER)
    assert found.wages[0] == Wage("payroll", "2026-10-0001", "0001", OCTOBER, 300_001)
    assert found.wages[6].net == 297_504
    assert len(found.wages) == 7
    assert payroll.wages(OCTOBER, found.version).unchanged
    paid.payroll.wage("0007", MONTH, 360_000)
    assert payroll.wages(OCTOBER, found.version).wages[6].gross == 360_000
    assert payroll.wages(date(2026, 9, 1)).wages == ()


def test_a_month_that_was_not_asked_for_is_an_error(paid: City, connect: Connect) -> None:
    paid.payroll.months[MONTH]["0002"]["period"] = "2026-09"
    with pytest.raises(Nonsense, match=r"wage\.month:not_asked_for"):
        HttpPayroll(connect("payroll")).wages(OCTOBER)


@pytest.mark.parametrize("gross", [-1, "3500.00", None, True, 10**13, 3500.5, "三千五"])
def test_an_amount_that_is_none_is_an_error(paid: City, connect: Connect, gross: Any) -> None:
    paid.payroll.months[MONTH]["0002"]["grossFen"] = gross
    with pytest.raises(Nonsense, match=r"wage.gross:(not_a_amount|missing)"):
        HttpPayroll(connect("payroll")).wages(OCTOBER)


def test_deductions_are_handed_in_once(paid: City, connect: Connect) -> None:
    payroll = HttpPayroll(connect("payroll"))
    deductions = (*DEDUCTIONS, Deduction("9999", 1))
    receipt = payroll.deduct("p-1", OCTOBER, deductions)
    assert receipt == payroll.deduct("p-1", OCTOBER, deductions)
    assert receipt == Receipt(
        "payroll",
        "p-1",
        "accepted",
        "",
        (
            ReceiptLine("0001", "accepted"),
            ReceiptLine("0002", "accepted"),
            ReceiptLine("0003", "accepted"),
            ReceiptLine("9999", "rejected"),
        ),
    )
    with pytest.raises(Nonsense, match="http_409"):
        payroll.deduct("p-1", OCTOBER, DEDUCTIONS)


@pytest.mark.parametrize(
    "wrong", [(), (Deduction("0001", -1),), (Deduction("0001", 1), Deduction("0001", 2))]
)
def test_deductions_that_are_none_are_not_sent(
    paid: City, connect: Connect, wrong: tuple[Deduction, ...]
) -> None:
    with pytest.raises(ValueError, match="each person once"):
        HttpPayroll(connect("payroll")).deduct("p-1", OCTOBER, wrong)
    assert not paid.payroll.calls


class Doing:
    """A consumer: keeps a month whole, with its version, and hands in what is to be withheld."""

    def __init__(self, payroll: HttpPayroll) -> None:
        self.payroll = payroll
        self.wages: dict[str, int] = {}
        self.version = ""
        self.receipt: Receipt | None = None

    def read(self) -> None:
        found = self.payroll.wages(OCTOBER, self.version)
        if not found.unchanged:
            self.wages = {each.person: each.gross for each in found.wages}
            assert len(self.wages) == len(found.wages)
        self.version = found.version

    def write(self) -> None:
        self.receipt = self.payroll.deduct("p-1", OCTOBER, DEDUCTIONS)

    def all(self) -> None:
        self.read()
        self.write()


def right(city: City, doing: Doing) -> None:
    assert doing.wages in ({}, truth(city))
    assert len(city.payroll.deducted) <= 1
    if doing.receipt:
        assert {each.person: each.state for each in doing.receipt.lines} == dict.fromkeys(
            ("0001", "0002", "0003"), "accepted"
        )


@pytest.mark.parametrize("troubles", ALONE_AND_IN_PAIRS, ids=names)
def test_trouble_loses_nothing_and_makes_nothing_up(
    paid: City, connect: Connect, troubles: tuple[Trouble, ...]
) -> None:
    doing = Doing(HttpPayroll(connect("payroll")))
    for each in troubles:
        paid.payroll.switch(each)
    failed: list[OutsideFailed] = []
    for act in (doing.read, doing.write):
        try:
            act()
        except OutsideFailed as error:
            failed.append(error)
    assert all(isinstance(error, told(troubles)) for error in failed), failed
    assert failed or not (len(troubles) == 1 and told(troubles)[:-1])
    right(paid, doing)
    paid.payroll.wage("0003", MONTH, 444_400)
    paid.calm()
    eventually(doing.all)
    assert doing.wages == truth(paid)
    assert doing.receipt
    right(paid, doing)


@pytest.mark.parametrize("troubles", ALONE_AND_IN_PAIRS, ids=names)
def test_trouble_that_passes_needs_no_help(
    paid: City, connect: Connect, troubles: tuple[Trouble, ...]
) -> None:
    doing = Doing(HttpPayroll(connect("payroll", retries={"attempts": 3})))
    for each in troubles:
        paid.payroll.switch(each, calls=2)
    eventually(doing.all)
    assert doing.wages == truth(paid)
    assert doing.receipt
    right(paid, doing)
