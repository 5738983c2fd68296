"""Receipts: what a system says of what it was handed, in whole and line by line."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final, get_args

from connectors.outside.connection import Wire
from connectors.outside.paging import distinct
from connectors.outside.records import Field, Mapped, Shape
from people.outside import Nonsense, Receipt, ReceiptLine, ReceiptState

_STATES: Final = frozenset(get_args(ReceiptState))
RECEIPT: Final[Shape] = {
    "reference": Field("text"),
    "state": Field("code", "receipt", _STATES),
    "reason": Field("code", "reason", may_miss=True),
    "lines": Field("records", may_miss=True),
}
RECEIPT_LINE: Final[Shape] = {
    "person": Field("text"),
    "state": Field("code", "receipt", _STATES),
    "reason": Field("code", "reason", may_miss=True),
}


class Receipts:
    """Reads receipts by the mapping of a system; lines only where it names `receipt.lines`."""

    def __init__(self, source: str, wire: Wire) -> None:
        """Raises `ValueError`, naming the setting, where the mapping does not fit."""
        self._source = source
        self._receipt = Mapped("receipt", RECEIPT, wire)
        lines = self._receipt.names("lines")
        self._line = Mapped("receipt_line", RECEIPT_LINE, wire) if lines else None

    def read(self, record: Any, reference: str, people: Collection[str] = ()) -> Receipt:
        """The receipt for what was handed in under `reference`, with a line for each of these people. Raises `Nonsense`."""
        said = self._receipt.read(record)
        if said["reference"] != reference:
            raise Nonsense("receipt.reference:not_ours")
        lines = self._lines(said["lines"] or ()) if people else ()
        # A system that has not decided, or has refused the whole, need not say it of each.
        if people and self._line and (lines or said["state"] == "accepted"):
            _check_lines(lines, people)
        return Receipt(self._source, reference, said["state"], said["reason"] or "", lines)

    def _lines(self, records: Iterable[Any]) -> tuple[ReceiptLine, ...]:
        if self._line is None:
            return ()
        read = distinct(map(self._line.read, records), "person").values()
        return tuple(ReceiptLine(each["person"], each["state"], each["reason"] or "") for each in read)


def _check_lines(lines: Collection[ReceiptLine], people: Collection[str]) -> None:
    """Raises `Nonsense` unless each person has one line."""
    if sorted(each.person for each in lines) != sorted(people):
        raise Nonsense("receipt.lines:not_those_handed_in")
