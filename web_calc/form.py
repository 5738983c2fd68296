"""The page's fields and the JSON case of `POST /api/v1/calculations`: one becomes the other, nothing typed is lost."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from calculator.case import MOST_EARNERS, Case, read_case
from calculator.fields import InputError, Problem, parse_day
from locales import Say
from policy_kb.divisions import Divisions
from policy_kb.wording import problem_text
from web_calc.sentences import FORM_PROBLEMS

#: Further earners that have rows without anyone asking for more.
FEWEST_ROWS: Final = 2
SUPPORTER_ROWS: Final = 2
#: Longer than any amount, name or date; what is beyond it is no answer to any question here.
LONGEST: Final = 100

_COMMAS: Final = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d*)?")
_PER_HUNDRED: Final = re.compile(r"(\d{1,2})(?:\.(\d{1,4}))?%?", re.ASCII)

#: Top-level and household fields that are plain texts in both worlds: form name → path in the case.
_PLAIN: Final[Mapping[str, str]] = {
    "area": "area",
    "on": "on",
    "as_of": "as_of",
    "standard": "standard_monthly",
    "size": "household.size",
    "other_income": "household.other_income",
    "other_income_high": "household.other_income_high",
    "dibao": "household.dibao",
    "received": "household.received_monthly",
    "ill": "household.severely_ill",
    "disabled": "household.severely_disabled",
    "former_benefit": "household.former_benefit",
    "wage": "household.earners[0].wage",
    "base_wage": "household.earners[0].base_wage",
    "employment": "household.earners[0].employment",
    "injury_class": "household.earners[0].injury_class",
    "fund_rate": "household.earners[0].housing_fund_rate",
    "cash_in_lieu": "household.earners[0].cash_in_lieu",
    "new_job_since": "household.earners[0].new_job_since",
}
#: What a further earner's row asks, and the field of the case.
_ROW: Final[Mapping[str, str]] = {
    "wage": "wage",
    "region": "region",
    "insured": "insured",
    "employment": "employment",
}
_AMOUNTS: Final = frozenset(
    (
        "standard",
        "other_income",
        "other_income_high",
        "received",
        "former_benefit",
        "wage",
        "base_wage",
        "cash_in_lieu",
        "size",
        "ill",
        "disabled",
        "injury_class",
    )
)
#: What stands under "more about my family", beside the rows of other people.
_MORE: Final = frozenset(
    (
        "base_wage",
        "employment",
        "ill",
        "disabled",
        "single_parent",
        "new_job_since",
        "reported",
        "former_benefit",
        "fund_rate",
        "injury_class",
        "cash_in_lieu",
        "on",
    )
)
#: Questions without which nothing can be reckoned, in the order of the page.
_NEEDED: Final = ("region", "dibao_region", "wage", "wage_kind", "size")
_ON_BOOK: Final[Mapping[str, bool | None]] = {"yes": True, "no": False, "unknown": None}


@dataclass(frozen=True)
class Trouble:
    """What is wrong at one field of the form; `choices` are regions to pick from, code and full name."""

    field: str
    text: str
    missing: bool = False
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Filled:
    """The form as it was filled in: every text as typed, the case where it can be read, else what is wrong."""

    values: Mapping[str, str]
    case: Case | None = None
    troubles: tuple[Trouble, ...] = ()
    #: Numbers of the further earners' rows, 2 to 10.
    rows: tuple[int, ...] = field(default=(2, 3))

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    def trouble(self, name: str) -> Trouble | None:
        """What is wrong at a field."""
        return next((each for each in self.troubles if each.field == name), None)

    @property
    def more_open(self) -> bool:
        """Whether anything under "more about my family" was answered."""
        return any(
            text and (name in _MORE or name.startswith(("earner", "supporter")))
            for name, text in self.values.items()
        )


def blank() -> Filled:
    """The form as it is first seen."""
    return Filled({})


def read_form(sent: Mapping[str, str], divisions: Divisions, today: date, say: Say) -> Filled:
    """What was filled in, and the case it makes."""
    values = {name: text for name, text in sent.items() if _is_field(name)}
    rows = _rows(values)
    reader = _Reader(values, rows, divisions)
    found = [Trouble(name, say(FORM_PROBLEMS[name]), missing=True) for name in reader.unanswered()]
    case = None
    try:
        case = read_case(reader.case_json(), divisions.find, today)
    except InputError as error:
        found += [reader.trouble(problem, say) for problem in error.problems]
    if found:
        return Filled(values, troubles=_in_order(found), rows=rows)
    return Filled(values, case, rows=rows)


class _Reader:
    """One reading of the form: builds the JSON case, and remembers which field each path came from."""

    def __init__(self, values: Mapping[str, str], rows: tuple[int, ...], divisions: Divisions) -> None:
        self._values = values
        self._divisions = divisions
        self._rows = [
            row for row in rows if any(self._text(f"earner{row}_{name}") for name in ("wage", "region"))
        ]
        self._supporters = [
            row
            for row in range(1, SUPPORTER_ROWS + 1)
            if self._text(f"supporter{row}_income") or self._text(f"supporter{row}_size")
        ]
        self._paths = {path: name for name, path in _PLAIN.items()}
        self._paths |= {
            "region": "region",
            "dibao_region": "dibao_region",
            "household.employee_on_book": "on_book",
            "household.earners[0].wage_is_net": "wage_kind",
        }

    def unanswered(self) -> Iterator[str]:
        for name in _NEEDED:
            same_place = name == "dibao_region" and self._text("same_place")
            if not same_place and not self._text(name):
                yield name

    def case_json(self) -> dict[str, Any]:
        """The case as `POST /api/v1/calculations` takes it; blank answers are left out."""
        top: dict[str, Any] = {}
        for name, path in _PLAIN.items():
            if text := self._cleaned(name):
                _put(top, path, text)
        if was_on := self._cleaned("was_on"):
            top.setdefault("on", was_on)
        region = self._region("region")
        top["region"] = region or None
        top["dibao_region"] = region if self._text("same_place") else self._region("dibao_region") or None
        household = top.setdefault("household", {})
        if answer := self._text("on_book"):  # what is no answer goes on as it is, to be refused at its field
            household["employee_on_book"] = _ON_BOOK.get(answer, answer)
        if self._text("single_parent"):
            household["single_parent"] = True
        household["earners"] = [self._asker(household.get("earners")), *map(self._earner, self._rows)]
        for index, row in enumerate(self._rows, start=1):
            for name, part in _ROW.items():
                self._paths[f"household.earners[{index}].{part}"] = f"earner{row}_{name}"
        if self._supporters:
            household["supporters"] = [
                self._supporter(index, row) for index, row in enumerate(self._supporters)
            ]
        return top

    def trouble(self, problem: Problem, say: Say) -> Trouble:
        """A problem of the case as one at its field."""
        name = self._paths.get(problem.field, "size" if problem.expects == "at_least_earners" else "")
        choices = tuple((choice[:6], choice[7:]) for choice in problem.choices) if _is_choice(problem) else ()
        text = say(FORM_PROBLEMS["which_place"]) if choices else problem_text(problem, say)
        return Trouble(name, text, problem.code == "missing_field", choices)

    def _asker(self, given: Any) -> dict[str, Any]:
        asker: dict[str, Any] = dict(given[0]) if given else {}
        kind = self._text("wage_kind")
        if kind in ("net", "net_uninsured"):
            asker |= {"wage_is_net": True, "insured": kind == "net"}
        elif kind not in ("", "gross"):
            asker["wage_is_net"] = kind
        if self._text("reported"):
            asker["reported"] = self._text("reported") == "yes"
        if "housing_fund_rate" in asker:
            asker["housing_fund_rate"] = _of_hundred(asker["housing_fund_rate"])
        return asker

    def _earner(self, row: int) -> dict[str, Any]:
        earner: dict[str, Any] = {"wage": _number(self._text(f"earner{row}_wage")) or None}
        if region := self._region(f"earner{row}_region"):
            earner["region"] = region
        earner["insured"] = self._text(f"earner{row}_insured") != "no"
        if employment := self._text(f"earner{row}_employment"):
            earner["employment"] = employment
        return earner

    def _supporter(self, index: int, row: int) -> dict[str, Any]:
        for part in ("income", "size"):
            self._paths[f"household.supporters[{index}].{part}"] = f"supporter{row}_{part}"
        return {part: _number(self._text(f"supporter{row}_{part}")) or None for part in ("income", "size")}

    def _region(self, name: str) -> str:
        """A picked region's code, where the pick still belongs to what stands in the field; else the text."""
        text = self._text(name)
        picked = self._text(f"{name}_pick")
        if picked in self._divisions and self._text(f"{name}_for") == text:
            return picked
        return text

    def _cleaned(self, name: str) -> str:
        text = self._text(name)
        if name in ("on", "was_on", "as_of", "new_job_since"):
            return _date_text(text)
        return _number(text) if name in _AMOUNTS or name == "fund_rate" else text

    def _text(self, name: str) -> str:
        return _plain(self._values.get(name, ""))


def number_text(text: str) -> str:
    """A number as people type it: full-width digits, spaces, thousands commas and the word yuan are let pass.

    >>> number_text("３，５００．５０ 元")
    '3500.50'
    """
    return _number(_plain(text))


def _is_field(name: str) -> bool:
    return bool(re.fullmatch(r"[a-z_]{2,20}|(earner([2-9]|10)|supporter[1-9])_[a-z_]{2,20}", name))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text[: LONGEST + 1]).strip()


def _number(text: str) -> str:
    text = "".join(text.split()).removeprefix("¥").removesuffix("元")
    if _COMMAS.fullmatch(text):
        text = text.replace(",", "")
    return text.removesuffix(".") if text[:-1].isdigit() else text


def _date_text(text: str) -> str:
    """2026年10月5日, 2026/10/5 and 2026.10.5 are dates too."""
    parts = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", text, re.ASCII)
    if parts is None:
        return text
    written = f"{parts[1]}-{int(parts[2]):02d}-{int(parts[3]):02d}"
    try:
        return parse_day(written).isoformat()
    except ValueError:
        return text


def _of_hundred(text: str) -> str:
    """5 or 5% as the rate 0.05."""
    match = _PER_HUNDRED.fullmatch(text)
    if match is None:
        return text
    return f"{int(match[1]) // 100}.{int(match[1]) % 100:02d}{match[2] or ''}"


def _is_choice(problem: Problem) -> bool:
    return problem.code == "ambiguous_region"


def _put(top: dict[str, Any], path: str, value: str) -> None:
    """Sets `household.earners[0].wage` and the like."""
    first, _, rest = path.partition(".")
    if not rest:
        top[first] = value
    elif first == "earners[0]":
        top.setdefault("earners", [{}])[0][rest] = value
    else:
        _put(top.setdefault(first, {}), rest, value)


def _rows(values: Mapping[str, str]) -> tuple[int, ...]:
    filled = [row for row in range(2, MOST_EARNERS + 1) if f"earner{row}_wage" in values]
    return tuple(range(2, max([*filled, FEWEST_ROWS + 1]) + 1))


_ORDER: Final = (
    "on_book",
    "region",
    "dibao_region",
    "area",
    "standard",
    "wage",
    "wage_kind",
    "size",
    "other_income",
    "other_income_high",
    "dibao",
    "received",
)


def _in_order(troubles: list[Trouble]) -> tuple[Trouble, ...]:
    """In the order of the page, one for each field."""
    first = {trouble.field: trouble for trouble in reversed(troubles)}
    place = {name: index for index, name in enumerate(_ORDER)}
    return tuple(sorted(first.values(), key=lambda trouble: place.get(trouble.field, len(_ORDER))))
