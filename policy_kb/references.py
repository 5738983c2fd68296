"""References `{{ … }}` in an article: figures of the library by name, as a reader sees them, and what they rest on."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, cast, get_args

from calculator.case import Area
from calculator.money import Fen, Ppm, format_percent, format_yuan
from calculator.rules import INSURANCES, NO_CEILING, InsuranceTerms
from policy_kb.divisions import NATION
from policy_kb.files import PolicyError
from policy_kb.library import USABLE, Library, contribution_key, once_a_library
from policy_kb.periods import last_day

Language = Literal["zh", "en"]
REFERENCE: Final = re.compile(r"\{\{\s*(.*?)\s*\}\}")
#: The hotlines that an article may name; each is dialled with the area code of the place that is meant.
GOVERNMENT_HOTLINE: Final = "12345"
SOCIAL_INSURANCE_HOTLINE: Final = "12333"
MEDICAL_HOTLINE: Final = "12393"
PHONES: Final = (GOVERNMENT_HOTLINE, SOCIAL_INSURANCE_HOTLINE, MEDICAL_HOTLINE)
#: Why a figure cannot be said, and the sentence that stands in for the line that needs it.
Absence = Literal["unknown", "which_place", "stale", "not_separate", "no_fixed_amount"]
ABSENT: Final[Mapping[Absence, tuple[str, str]]] = {
    "unknown": ("资料库里没有当地的这个数。", "The library does not hold this figure for the place."),
    "which_place": (
        "有的数各地不一样，先说是哪个地方。",
        "Some figures differ by place: say which place it is.",
    ),
    "stale": (
        "当地的这个数太久没有核实，这里先不说。",
        "The local figure has not been confirmed for too long to be quoted here.",
    ),
    "not_separate": ("当地不单独收这一项。", "This is not collected on its own there."),
    "no_fixed_amount": (
        "资料库里当地没有另加的固定金额。",
        "The library holds no fixed amount on top for the place.",
    ),
}
_UNSURE_DATES: Final[Mapping[str, tuple[str, str]]] = {
    "stated": ("", ""),
    "assumed": ("（日期是推定的）", " (the dates are inferred)"),
    "conflicting": ("（日期几处说法不一）", " (sources differ on the dates)"),
}


class UnknownReference(PolicyError):
    """A reference names nothing that the library knows; the message says what."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when a figure is asked for: `as_of` is the day whose knowledge counts, `on` the day it is about."""

    library: Library
    region: str
    on: date
    as_of: date


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as it is read; `text` None where it cannot be said, with the reason. `sources` are keys of records."""

    text: str | None
    sources: tuple[str, ...] = ()
    absence: Absence = "unknown"


def resolve(reference: str, place: Place, language: Language = "zh") -> Figure:
    """What a reference stands for, by what is between its braces (`clause` lines aside).

    Raises `UnknownReference`.
    """
    name, _, form = (part.strip() for part in reference.partition("|"))
    head, _, rest = name.partition(".")
    if form and form not in FORMS:
        raise UnknownReference(f"{reference}: no form {form}; there are {', '.join(FORMS)}")
    if name == "region":
        return Figure(_place_name(place, language))
    if head == "phone":
        if rest not in PHONES:
            raise UnknownReference(f"{reference}: no such hotline; there are {', '.join(PHONES)}")
        return Figure(rest)
    if head == "dibao_line":
        return _dibao_line(reference, rest, place, language)
    if head in _TEXTS or head == "period":
        return _terms_figure(reference, head, rest, place, language)
    return Figure(FORMS[form or "plain"](_datum(reference, head, rest, place.library), language), (head,))


def record_of(reference: str) -> str | None:
    """The id of the record that a reference names, if it names one."""
    name = reference.partition("|")[0].strip()
    if name.startswith("clause "):
        return name.removeprefix("clause ").strip()
    head = name.partition(".")[0]
    return None if head in ("region", "phone", "dibao_line", *_TEXTS, "period") else head


def _place_name(place: Place, language: Language) -> str:
    if place.region == NATION:
        return "当地" if language == "zh" else "your place"
    return place.library.divisions.name(place.region)


# -- Figures of a place ----------------------------------------------------------------------------------------------


def _dibao_line(reference: str, area: str, place: Place, language: Language) -> Figure:
    if area not in get_args(Area):
        raise UnknownReference(f"{reference}: urban or rural")
    line = place.library.home(place.region, cast(Area, area), place.on, place.as_of).line
    if line.amount is None or line.source is None:
        return _absent(place)
    if line.stale:
        return Figure(None, absence="stale")
    return Figure(_yuan(line.amount, language), (line.source,))


def _terms_figure(reference: str, head: str, insurance: str, place: Place, language: Language) -> Figure:
    if insurance not in INSURANCES:
        raise UnknownReference(f"{reference}: one of {', '.join(INSURANCES)}")
    terms = place.library.terms(place.region, insurance, place.on, place.as_of)
    if terms is None:
        return Figure(None, absence="not_separate")
    if terms.source is None:
        return _absent(place)
    if head == "employee_fixed" and not terms.employee_fixed:
        return Figure(None, absence="no_fixed_amount")
    period = head == "period"
    text = _period(terms, place.library, language) if period else _TEXTS[head](terms, language)
    return _absent(place) if text is None else Figure(text, (terms.source,))


def _absent(place: Place) -> Figure:
    return Figure(None, absence="which_place" if place.region == NATION else "unknown")


def _bound(fen: Fen | None, terms: InsuranceTerms, language: Language) -> str | None:
    if fen is None or terms.base_status not in USABLE:
        return None
    if fen == NO_CEILING:
        return "不设上限" if language == "zh" else "no ceiling"
    return _yuan(fen, language) + _outdated(terms, language)


def _rate(least: Ppm | None, most: Ppm | None, terms: InsuranceTerms, language: Language) -> str | None:
    if least is None or terms.rate_status not in USABLE:
        return None
    text = format_percent(least)
    if most is not None and most != least:
        text += f"{' 到 ' if language == 'zh' else ' to '}{format_percent(most)}"
    return text + _outdated(terms, language)


def _employee_rate(terms: InsuranceTerms, language: Language) -> str | None:
    return _rate(terms.employee_rate, terms.employee_rate_max, terms, language)


def _employer_rate(terms: InsuranceTerms, language: Language) -> str | None:
    """The employer's share; for work injury that of the class with the lowest risk, which the records hold."""
    text = _rate(terms.employer_rate, terms.employer_rate_max, terms, language)
    if text and terms.insurance == "work_injury":
        text += "（风险最低的一类行业）" if language == "zh" else " (industries of the lowest risk)"
    return text


def _outdated(terms: InsuranceTerms, language: Language) -> str:
    if terms.outdated_since is None:
        return ""
    day = terms.outdated_since.isoformat()
    return (
        f"（这个数到 {day} 为止，新数还没有）" if language == "zh" else f" (up to {day}; no newer figure yet)"
    )


def _fixed(terms: InsuranceTerms, language: Language) -> str:
    return _yuan(terms.employee_fixed, language) + _outdated(terms, language)


def _period(terms: InsuranceTerms, library: Library, language: Language) -> str | None:
    if terms.base_status not in USABLE or terms.period_status not in _UNSURE_DATES:
        return None
    values = library.regions[terms.region].contributions
    record = next(value for value in values if contribution_key(value) == terms.source)
    until, start = last_day(record), record.start.isoformat()
    if language == "zh":
        text = f"{start} 到 {until.isoformat()}" if until else f"{start} 起"
    else:
        text = f"{start} to {until.isoformat()}" if until else f"from {start}"
    return text + _UNSURE_DATES[terms.period_status][language == "en"]


_TEXTS: Final[Mapping[str, Callable[[InsuranceTerms, Language], str | None]]] = {
    "base_floor": lambda terms, language: _bound(terms.base_floor, terms, language),
    "base_ceiling": lambda terms, language: _bound(terms.base_ceiling, terms, language),
    "employee_rate": _employee_rate,
    "employer_rate": _employer_rate,
    "employee_fixed": _fixed,
}


# -- Figures of a record ---------------------------------------------------------------------------------------------


@once_a_library
def _data(library: Library) -> Mapping[str, Any]:
    """What each article of law and each rule holds as data, by id."""
    rules = {rule.key: rule.value for records in library.regions.values() for rule in records.rules}
    return rules | {key: statute.data for key, statute in library.statutes.items()}


def _datum(reference: str, key: str, path: str, library: Library) -> str:
    data = _data(library)
    if key not in data:
        raise UnknownReference(f"{reference}: no record {key}")
    value = data[key]
    for part in path.split(".") if path else ():
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, TypeError, ValueError):
            raise UnknownReference(f"{reference}: {key} holds no {path}") from None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise UnknownReference(f"{reference}: not a figure")
    return str(value)


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise UnknownReference(f"{text}: not a number") from None


def _number(value: Decimal) -> str:
    """The shortest decimal text.

    >>> _number(Decimal("1.50"))
    '1.5'
    """
    return f"{value.normalize():f}"


def _yuan(fen: Fen, language: Language) -> str:
    return f"{format_yuan(fen)} {'元' if language == 'zh' else 'yuan'}"


def _amount(text: str, language: Language) -> str:
    fen = _decimal(text) * 100
    if fen != int(fen):
        raise UnknownReference(f"{text}: not an amount")
    return _yuan(int(fen), language)


@dataclass(frozen=True, slots=True)
class _Counted:
    """A number with its unit, such as 60 天 or 60 days."""

    unit: str
    one: str
    many: str = field(default="")

    def __call__(self, text: str, language: Language) -> str:
        number = _number(_decimal(text))
        if language == "zh":
            return f"{number} {self.unit}"
        return f"{number} {self.one if number == '1' else self.many or self.one + 's'}"


#: How a datum is written, by the word behind `|`.
FORMS: Final[Mapping[str, Callable[[str, Language], str]]] = {
    "percent": lambda text, language: f"{_number(_decimal(text) * 100)}%",
    "times": _Counted("倍", "times", "times"),
    "days": _Counted("天", "day"),
    "workdays": _Counted("个工作日", "working day"),
    "months": _Counted("个月", "month"),
    "years": _Counted("年", "year"),
    "yuan": _amount,
    "plain": lambda text, language: text,
}
