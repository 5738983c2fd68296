"""Social insurance (社保经办) over HTTP. It is handed what its contract names and nothing else; what is not lawful is refused
before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Final

from calculator.rules import INSURANCES
from connectors.outside.calling import Outside
from connectors.outside.paging import distinct, listing
from connectors.outside.records import Field, Mapped, Shape, at
from connectors.receipts import Receipts
from people.outside import (
    BaseChange,
    ConfirmedAmount,
    ConfirmedAmounts,
    Declaration,
    Enrolment,
    Nonsense,
    Receipt,
    SocialInsurance,
    Statement,
    StatementLine,
    refuse_unlawful,
)

ENROLMENT: Final[Shape] = {
    "reference": Field("text"),
    "person": Field("text"),
    "starts": Field("month"),
    "base": Field("amount"),
    "name": Field("text", may_miss=True),
    "id_number": Field("text", may_miss=True),
}
BASE_CHANGE: Final[Shape] = {
    "reference": Field("text"),
    "person": Field("text"),
    "starts": Field("month"),
    "base": Field("amount"),
}
DECLARATION: Final[Shape] = {
    "reference": Field("text"),
    "month": Field("month"),
    "lines": Field("records"),
}
DECLARED_LINE: Final[Shape] = {"person": Field("text"), "base": Field("amount")}
MONTH: Final[Shape] = {"month": Field("month")}
CONFIRMED: Final[Shape] = {
    "reference": Field("text"),
    "person": Field("text"),
    "month": Field("month"),
    "insurance": Field("code", "insurance", frozenset(INSURANCES)),
    "base": Field("amount"),
    "employee": Field("amount"),
    "employer": Field("amount"),
}
STATEMENT: Final[Shape] = {
    "reference": Field("text"),
    "month": Field("month"),
    "lines": Field("records"),
    "employee": Field("amount"),
    "employer": Field("amount"),
}
STATEMENT_LINE: Final[Shape] = {
    "person": Field("text"),
    "base": Field("amount"),
    "employee": Field("amount"),
    "employer": Field("amount"),
}


class HttpSocialInsurance(SocialInsurance):
    """The agency's system over HTTP."""

    def __init__(self, outside: Outside) -> None:
        """Raises `ValueError`, naming the setting, where the mapping does not fit."""
        wire = outside.connection.wire
        self._outside = outside
        self._source = outside.connection.name
        self._enrolment = Mapped("enrolment", ENROLMENT, wire)
        self._base_change = Mapped("base_change", BASE_CHANGE, wire)
        self._declaration = Mapped("declaration", DECLARATION, wire)
        self._declared_line = Mapped("declared_line", DECLARED_LINE, wire)
        self._month = Mapped("month", MONTH, wire)
        self._confirmed = Mapped("confirmed", CONFIRMED, wire)
        self._statement = Mapped("statement", STATEMENT, wire)
        self._statement_line = Mapped("statement_line", STATEMENT_LINE, wire)
        self._receipts = Receipts(self._source, wire)

    def enrol(self, enrolment: Enrolment) -> Receipt:
        refuse_unlawful(enrolment)
        record = {
            "reference": enrolment.reference,
            "person": enrolment.person,
            "starts": enrolment.starts,
            "base": enrolment.base,
            "name": enrolment.name,
            "id_number": enrolment.id_number,
        }
        return self._hand_in("enrol", self._enrolment.write(record), enrolment.reference)

    def change_base(self, change: BaseChange) -> Receipt:
        refuse_unlawful(change)
        record = {
            "reference": change.reference,
            "person": change.person,
            "starts": change.starts,
            "base": change.base,
        }
        return self._hand_in("change_base", self._base_change.write(record), change.reference)

    def declare(self, declaration: Declaration) -> Receipt:
        refuse_unlawful(*declaration.lines)
        people = [each.person for each in declaration.lines]
        if not people or len(set(people)) < len(people):
            raise ValueError("a declaration names each person once")
        lines = [
            self._declared_line.write({"person": each.person, "base": each.base})
            for each in declaration.lines
        ]
        record = {"reference": declaration.reference, "month": declaration.month, "lines": lines}
        return self._hand_in("declare", self._declaration.write(record), declaration.reference, people)

    def confirmed(self, month: date, version: str = "") -> ConfirmedAmounts:
        found = listing(
            self._outside,
            "confirmed",
            self._confirmed,
            query=self._month.write({"month": month}),
            key="reference",
            version=version,
        )
        _check_month("confirmed", found.records, month)
        amounts = tuple(ConfirmedAmount(self._source, **each) for each in found.records)
        return ConfirmedAmounts(month, amounts, found.version, found.unchanged)

    def statement(self, month: date) -> Statement | None:
        query = self._month.write({"month": month})
        answer = self._outside.call("GET", "statement", query=query, answers=(404,))
        if answer.status == 404:
            return None
        said = self._statement.read(at(answer.data, self._outside.connection.envelope.record))
        _check_month("statement", [said], month)
        lines = distinct(map(self._statement_line.read, said["lines"]), "person").values()
        for side in ("employee", "employer"):
            if sum(each[side] for each in lines) != said[side]:
                raise Nonsense(f"statement.{side}:total")
        return Statement(self._source, **{**said, "lines": tuple(StatementLine(**each) for each in lines)})

    def _hand_in(
        self, path: str, record: Mapping[str, Any], reference: str, people: Collection[str] = ()
    ) -> Receipt:
        body = json.dumps(record, ensure_ascii=False).encode()
        answer = self._outside.call("POST", path, body=body, reference=reference)
        return self._receipts.read(
            at(answer.data, self._outside.connection.envelope.record), reference, people
        )


def _check_month(name: str, records: Sequence[Mapping[str, Any]], month: date) -> None:
    if any(each["month"] != month for each in records):
        raise Nonsense(f"{name}.month:not_asked_for")
