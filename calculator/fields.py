"""Reading the fields of plain data (JSON, YAML, a form) with an error that names the field and what is accepted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, TypeVar, cast

from calculator.money import Fen, Ppm, format_rate, parse_rate, parse_yuan

T = TypeVar("T")

LARGEST_INPUT: Final[Fen] = 1_000_000_000  # 10 000 000.00 yuan

Code = Literal[
    "unknown_region",
    "ambiguous_region",
    "not_a_number",
    "not_allowed",
    "out_of_range",
    "missing_field",
    "unknown_field",
    "bad_date",
    "bad_json",
]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field. `expects` says what is accepted; `low`, `high` and `choices` fill it in."""

    code: Code
    field: str
    expects: str = ""
    low: str = ""
    high: str = ""
    choices: tuple[str, ...] = ()


class InputError(ValueError):
    """One or more fields cannot be read."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{problem.field}: {problem.code}" for problem in problems))
        self.problems = problems


class FieldReader:
    """Reads the fields of one JSON object, collecting problems; what is left unread is an unknown field.

    `find_region` turns a code or a name into a code, raising `InputError` with field "" where it cannot.
    """

    def __init__(
        self, data: object, path: str, problems: list[Problem], find_region: Callable[[str], str]
    ) -> None:
        self._path = path
        self._problems = problems
        self._find_region = find_region
        if not isinstance(data, Mapping):
            self._fail("not_allowed", path, expects="object")
            data = {}
        self._data: Mapping[str, Any] = data
        self._read: set[str] = set()

    def has(self, name: str) -> bool:
        """Whether the field is there, be it null."""
        return name in self._data

    def amount(self, name: str, high: Fen = LARGEST_INPUT, *, required: bool = False) -> Fen | None:
        """Yuan as a decimal string or an integer → fen."""
        value = self._take(name, required)
        if value is None:
            return None
        fen = self._parse(value, parse_yuan)
        if fen is None:
            self._fail("not_a_number", self._at(name), expects="amount")
        elif not 0 <= fen <= high:
            self._fail("out_of_range", self._at(name), expects="amount", low="0", high=str(high // 100))
            return None
        return fen

    def rate(self, name: str, low: Ppm, high: Ppm) -> Ppm | None:
        """A decimal string → parts per million."""
        value = self._take(name)
        if value is None:
            return None
        ppm = self._parse(value, parse_rate)
        if ppm is None:
            self._fail("not_a_number", self._at(name), expects="rate")
        elif not low <= ppm <= high:
            bounds = [format_rate(bound) for bound in (low, high)]
            self._fail("out_of_range", self._at(name), expects="rate", low=bounds[0], high=bounds[1])
            return None
        return ppm

    def count(
        self, name: str, low: int, high: int, default: int | None = None, *, required: bool | None = None
    ) -> int | None:
        """A whole number; required where there is no default, unless said otherwise."""
        value = self._take(name, default is None if required is None else required)
        if value is None:
            return default
        number = self._parse(value, parse_count)
        if number is None:
            self._fail("not_a_number", self._at(name), expects="count")
        elif not low <= number <= high:
            self._fail("out_of_range", self._at(name), expects="count", low=str(low), high=str(high))
            return None
        return number

    def text(self, name: str, *, required: bool = False) -> str | None:
        """A text that is not empty."""
        value = self._take(name, required)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            self._fail("not_allowed", self._at(name), expects="text")
            return None
        return value.strip()

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self._take(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            self._fail("not_allowed", self._at(name), expects="list")
            return ()
        return tuple(value)

    def anything(self, name: str) -> Any:
        """A value whose shape another reader knows."""
        return self._take(name)

    def flag(self, name: str, *, default: bool) -> bool:
        """true or false."""
        value = self.optional_flag(name)
        return default if value is None else value

    def optional_flag(self, name: str) -> bool | None:
        """true, false, or null for "not known"."""
        value = self._take(name)
        if value is not None and not isinstance(value, bool):
            self._fail("not_allowed", self._at(name), expects="choice", choices=("true", "false"))
            return None
        return value

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """One of a few words."""
        value = self._take(name)
        if value is None:
            return default
        if value not in allowed:
            self._fail("not_allowed", self._at(name), expects="choice", choices=allowed)
            return default
        return cast(str, value)

    def day(
        self, name: str, low: date = date.min, high: date = date.max, *, required: bool = False
    ) -> date | None:
        """An ISO date within limits."""
        value = self._take(name, required)
        if value is None:
            return None
        day = self._parse(value, parse_day) if isinstance(value, str) else None
        if day is None:
            self._fail("bad_date", self._at(name), expects="date")
        elif not low <= day <= high:
            self._fail(
                "out_of_range", self._at(name), expects="date", low=low.isoformat(), high=high.isoformat()
            )
            return None
        return day

    def region(self, name: str, *, required: bool = False) -> str | None:
        """A region's code, from a code or a name."""
        value = self._take(name, required)
        if value is None:
            return None
        if not isinstance(value, str):
            self._fail("unknown_region", self._at(name), expects="region")
            return None
        try:
            return self._find_region(value)
        except InputError as error:
            problem = error.problems[0]
            self._fail(problem.code, self._at(name), expects="region", choices=problem.choices)
            return None

    def part(self, name: str) -> FieldReader:
        """The reader of an object inside."""
        value = self._take(name, required=True)
        return FieldReader({} if value is None else value, self._at(name), self._problems, self._find_region)

    def parts(self, name: str, low: int, high: int) -> list[FieldReader]:
        """The readers of a list of objects."""
        value = self._take(name, required=low > 0)
        if value is None:
            return []
        if not isinstance(value, list):
            self._fail("not_allowed", self._at(name), expects="list")
            return []
        if not low <= len(value) <= high:
            self._fail("out_of_range", self._at(name), expects="list", low=str(low), high=str(high))
            return []
        return [
            FieldReader(item, f"{self._at(name)}[{index}]", self._problems, self._find_region)
            for index, item in enumerate(value)
        ]

    def inside(self, name: str, value: object) -> FieldReader:
        """The reader of an object whose key is itself data."""
        return FieldReader(value, self._at(name), self._problems, self._find_region)

    def close(self) -> None:
        """Every field that nobody read is a mistake of the caller."""
        for name in self._data:
            if name not in self._read:
                self._fail(
                    "unknown_field", self._at(str(name)), expects="field", choices=tuple(sorted(self._read))
                )

    def fail(self, code: Code, name: str, expects: str, low: str = "", high: str = "") -> None:
        """A problem that only shows when fields are held side by side."""
        self._fail(code, self._at(name), expects=expects, low=low, high=high)

    def _take(self, name: str, required: bool = False) -> Any:
        self._read.add(name)
        value = self._data.get(name)
        if value is None and required:
            self._fail("missing_field", self._at(name), expects="field")
        return value

    @staticmethod
    def _parse(value: object, parse: Callable[[str], T]) -> T | None:
        if isinstance(value, bool) or not isinstance(value, str | int):
            return None
        try:
            return parse(str(value))
        except ValueError:
            return None

    def _at(self, name: str) -> str:
        return ".".join(filter(None, (self._path, name)))

    def _fail(self, code: Code, field: str, **details: Any) -> None:
        self._problems.append(Problem(code, field or "body", **details))


def parse_count(text: str) -> int:
    """A whole number, or `ValueError`."""
    if re.fullmatch(r"-?[0-9]{1,30}", text) is None:
        raise ValueError(text)
    return int(text)


def parse_day(text: str) -> date:
    """An ISO date, or `ValueError`."""
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is None:
        raise ValueError(text)
    return date.fromisoformat(text)
