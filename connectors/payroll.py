"""Payroll (工资系统) over HTTP: a month's wages in, its deductions out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Final

from connectors.outside.calling import Outside
from connectors.outside.paging import listing
from connectors.outside.records import Field, Mapped, Shape, at
from connectors.receipts import Receipts
from people.outside import Deduction, Nonsense, Payroll, Receipt, Wage, Wages

WAGE: Final[Shape] = {
    "reference": Field("text"),
    "person": Field("text"),
    "month": Field("month"),
    "gross": Field("amount"),
    "net": Field("amount", may_miss=True),
}
MONTH: Final[Shape] = {"month": Field("month")}
DEDUCTIONS: Final[Shape] = {
    "reference": Field("text"),
    "month": Field("month"),
    "lines": Field("records"),
}
DEDUCTION: Final[Shape] = {"person": Field("text"), "amount": Field("amount")}


class HttpPayroll(Payroll):
    """The payroll system over HTTP."""

    def __init__(self, outside: Outside) -> None:
        """Raises `ValueError`, naming the setting, where the mapping does not fit."""
        wire = outside.connection.wire
        self._outside = outside
        self._source = outside.connection.name
        self._month = Mapped("month", MONTH, wire)
        self._wage = Mapped("wage", WAGE, wire)
        self._deductions = Mapped("deductions", DEDUCTIONS, wire)
        self._deduction = Mapped("deduction", DEDUCTION, wire)
        self._receipts = Receipts(self._source, wire)

    def wages(self, month: date, version: str = "") -> Wages:
        query = self._month.write({"month": month})
        found = listing(self._outside, "wages", self._wage, query=query, key="reference", version=version)
        if any(each["month"] != month for each in found.records):
            raise Nonsense("wage.month:not_asked_for")
        wages = tuple(Wage(self._source, **each) for each in found.records)
        return Wages(month, wages, found.version, found.unchanged)

    def deduct(self, reference: str, month: date, deductions: Sequence[Deduction]) -> Receipt:
        check_deductions(deductions)
        lines = [self._deduction.write({"person": each.person, "amount": each.amount}) for each in deductions]
        record = self._deductions.write({"reference": reference, "month": month, "lines": lines})
        body = json.dumps(record, ensure_ascii=False).encode()
        answer = self._outside.call("POST", "deductions", body=body, reference=reference)
        return self._receipts.read(
            at(answer.data, self._outside.connection.envelope.record),
            reference,
            [each.person for each in deductions],
        )


def check_deductions(deductions: Sequence[Deduction]) -> None:
    """Raises `ValueError` unless somebody is named, each once, and nothing is given back."""
    people = [each.person for each in deductions]
    if not people or len(set(people)) < len(people) or any(each.amount < 0 for each in deductions):
        raise ValueError("deductions name each person once, with an amount that is not below zero")
