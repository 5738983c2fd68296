"""Records of a system, read and written by its mapping: each field has its kind, and a record is whole or an error.

What is wrong is told as `Nonsense("change.status:unmapped:09")`: the record, the field in our name, what is wrong, and the
code of theirs where it looks like one. Other values are never repeated: they may be anybody's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal

from calculator.money import LARGEST, Fen, format_yuan, parse_yuan
from connectors.outside.connection import Wire
from people.outside import Nonsense

#: `text` is 1 to 200 characters; `month` any day of it, as its first; `moment` knows its zone; `amount` is not negative.
Kind = Literal["text", "day", "month", "moment", "amount", "code", "records"]
LONGEST_TEXT: Final = 200
FIRST_DAY: Final = date(1980, 1, 1)
LAST_DAY: Final = date(2100, 1, 1)
#: A code of theirs that may be repeated in a log: too short for a number that names somebody.
_HARMLESS: Final = re.compile(r"[A-Za-z0-9_.-]{1,12}")
_DIGITS: Final = re.compile(r"\d{8}")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of ours. `codes` names the table of codes, `means` the words of ours that its codes may stand for (empty: any).
    `may_miss`: the mapping may leave it out, and a record may."""

    kind: Kind
    codes: str = ""
    means: frozenset[str] = frozenset()
    may_miss: bool = False


Shape = Mapping[str, Field]


class Mapped:
    """One kind of record, by the mapping of a system."""

    def __init__(self, name: str, shape: Shape, wire: Wire) -> None:
        """Raises `ValueError`, naming the setting, where the mapping does not fit the shape."""
        self.name = name
        self._shape = shape
        self._wire = wire
        self._paths = {ours: tuple(theirs.split(".")) for ours, theirs in self._mapped().items()}
        self._zone = _zone(wire.zone)

    def read(self, record: Any) -> dict[str, Any]:
        """The record in our fields and types; None for what may be missing and is. Raises `Nonsense`."""
        if not isinstance(record, Mapping):
            raise Nonsense(f"{self.name}:not_an_object")
        return {ours: self._value(ours, record) for ours in self._shape}

    def write(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """A record of theirs, of the fields that the mapping names; what is None and may be missing is left out.

        Raises `ValueError` where one of the others is not there.
        """
        record: dict[str, Any] = {}
        for ours, path in self._paths.items():
            value = values.get(ours)
            if value is None and self._shape[ours].may_miss:
                continue
            if value is None or value == "":
                raise ValueError(f"{self.name}.{ours}: the system asks for it")
            inside = record
            for step in path[:-1]:
                inside = inside.setdefault(step, {})
            inside[path[-1]] = self._written(self._shape[ours], value)
        return record

    def names(self, ours: str) -> bool:
        """Whether the mapping names a field."""
        return ours in self._paths

    def _mapped(self) -> Mapping[str, str]:
        mapped = self._wire.fields.get(self.name, {})
        where = f"fields.{self.name}"
        for ours in mapped:
            if ours not in self._shape:
                raise ValueError(f"{where}.{ours}: there are {', '.join(self._shape)}")
        for ours, field in self._shape.items():
            if ours not in mapped and not field.may_miss:
                raise ValueError(f"{where}.{ours}: missing")
            if ours in mapped and field.kind == "code":
                self._check_codes(f"codes.{field.codes}", self._wire.codes.get(field.codes, {}), field.means)
        return mapped

    @staticmethod
    def _check_codes(where: str, table: Mapping[str, str], means: frozenset[str]) -> None:
        if not table:
            raise ValueError(f"{where}: missing")
        for theirs, ours in table.items():
            if means and ours not in means:
                raise ValueError(f"{where}.{theirs}: one of {', '.join(sorted(means))}, not {ours!r}")

    def _value(self, ours: str, record: Mapping[str, Any]) -> Any:
        field, where = self._shape[ours], f"{self.name}.{ours}"
        found = inside(record, self._paths[ours]) if ours in self._paths else None
        if found is None or found == "":
            if field.may_miss:
                return None
            raise Nonsense(f"{where}:missing")
        if field.kind == "code":
            return self._code(where, field.codes, found)
        try:
            return self._read(field.kind, found)
        except (ValueError, OverflowError):
            raise Nonsense(f"{where}:not_a_{field.kind}") from None

    def _code(self, where: str, table: str, found: Any) -> str:
        said = str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""
        meant = self._wire.codes[table].get(said)
        if meant is None:
            raise unmapped(where, said)
        return meant

    def _read(self, kind: Kind, found: Any) -> Any:
        if kind == "records":
            if not isinstance(found, list):
                raise ValueError
            return found
        if kind == "amount":
            return read_amount(found, self._wire.amounts)
        if kind == "moment":
            return read_moment(found, self._zone)
        text = _text(found)
        if kind == "text":
            return text
        return read_month(text) if kind == "month" else read_day(text)

    def _written(self, field: Field, value: Any) -> Any:
        if field.kind == "amount":
            return format_yuan(value) if self._wire.amounts == "yuan" else value
        if field.kind == "month":
            return f"{value:%Y-%m}"
        return value.isoformat() if isinstance(value, date) else value


def unmapped(where: str, said: str) -> Nonsense:
    """The error for a code that nobody has mapped. It names the code, unless that could be something else.

    >>> unmapped("change.status", "09").code, unmapped("change.status", "110105194912310021").code
    ('change.status:unmapped:09', 'change.status:unmapped')
    """
    harmless = _HARMLESS.fullmatch(said) and not _DIGITS.search(said)
    return Nonsense(f"{where}:unmapped:{said}" if harmless else f"{where}:unmapped", value=said[:64])


def inside(record: Any, path: Sequence[str]) -> Any:
    """What is at a path; None where the path leads nowhere.

    >>> inside({"data": {"items": [1]}}, ("data", "items")), inside({"data": []}, ("data", "items"))
    ([1], None)
    """
    for step in path:
        if not isinstance(record, Mapping):
            return None
        record = record.get(step)
    return record


def at(data: Any, path: str) -> Any:
    """What is at a path with dots; the whole where the path is empty."""
    return inside(data, path.split(".")) if path else data


def read_json(body: bytes) -> Any:
    """JSON in which a number with a point stays exactly what was written. Raises `Nonsense`."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError, ArithmeticError):
        raise Nonsense("not_json") from None


def read_amount(found: Any, unit: str) -> Fen:
    """Fen of an amount that is told in yuan or in fen. Raises `ValueError`.

    >>> read_amount("3500.1", "yuan"), read_amount(Decimal("3500.10"), "yuan"), read_amount(350010, "fen")
    (350010, 350010, 350010)
    """
    if isinstance(found, bool) or not isinstance(found, str | int | Decimal):
        raise ValueError("not an amount")
    if isinstance(found, Decimal):
        if not found.is_finite() or not -20 < found.adjusted() < 20 or len(found.as_tuple().digits) > 30:
            raise ValueError("not an amount")
        found = format(found, "f")
    fen = parse_yuan(str(found)) if unit == "yuan" else _whole(str(found))
    if not 0 <= fen <= LARGEST:
        raise ValueError("not an amount")
    return fen


def read_day(text: str) -> date:
    """A day as 2026-10-15 or 20261015. Raises `ValueError`.

    >>> read_day("20261015")
    datetime.date(2026, 10, 15)
    """
    match = re.fullmatch(r"(\d{4})(-?)(\d{2})\2(\d{2})", text, re.ASCII)
    if match is None:
        raise ValueError("not a day")
    day = date(int(match[1]), int(match[3]), int(match[4]))
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError("not a day")
    return day


def read_month(text: str) -> date:
    """A month as 2026-10, 202610 or any day of it. Raises `ValueError`.

    >>> read_month("202610"), read_month("2026-10-31")
    (datetime.date(2026, 10, 1), datetime.date(2026, 10, 1))
    """
    short = re.fullmatch(r"(\d{4})-?(\d{2})", text, re.ASCII)
    return read_day(f"{short[1]}-{short[2]}-01" if short else text).replace(day=1)


def read_moment(found: Any, zone: timedelta | None) -> datetime:
    """A moment in UTC: ISO 8601, or seconds since 1970. Raises `ValueError` for one without a zone where none is assumed.

    >>> read_moment("2026-10-15 08:30:00", timedelta(hours=8))
    datetime.datetime(2026, 10, 15, 0, 30, tzinfo=datetime.timezone.utc)
    """
    if isinstance(found, int) and not isinstance(found, bool):
        moment = datetime.fromtimestamp(0, UTC) + timedelta(seconds=found)
    else:
        moment = datetime.fromisoformat(_text(found))
        if moment.tzinfo is None:
            if zone is None:
                raise ValueError("a moment without a zone")
            moment = moment.replace(tzinfo=UTC) - zone
    moment = moment.astimezone(UTC)
    if not FIRST_DAY <= moment.date() <= LAST_DAY:
        raise ValueError("not a moment")
    return moment


def _zone(text: str) -> timedelta | None:
    if not text:
        return None
    match = re.fullmatch(r"([+-])(\d{2}):(\d{2})", text, re.ASCII)
    if match is None or int(match[2]) > 14 or int(match[3]) > 59:
        raise ValueError(f"zone: one such as +08:00, not {text!r}")
    ahead = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return ahead if match[1] == "+" else -ahead


def _text(found: Any) -> str:
    """A text, or a whole number as one."""
    if isinstance(found, bool) or not isinstance(found, str | int):
        raise ValueError("not a text")
    text = str(found).strip()
    if not 0 < len(text) <= LONGEST_TEXT or not text.isprintable():
        raise ValueError("not a text")
    return text


def _whole(text: str) -> int:
    if not re.fullmatch(r"\d{1,15}", text, re.ASCII):
        raise ValueError("not a whole number")
    return int(text)


def _no_constant(name: str) -> Any:
    raise ValueError(name)
