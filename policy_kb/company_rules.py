"""A company's own rules 本单位规则 as data in a closed vocabulary: no expression is ever evaluated.

A rule sets one of a few parameters within the law, adds a warning, or asks for a fact. It is in force only while its
own cases pass and a second person has approved exactly this content. Nothing here can lower a lawful base or exempt.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, cast

from calculator.case import FUND_RATES
from calculator.fields import FieldReader, Problem
from calculator.money import Fen, Ppm
from calculator.rules import INSURANCES
from locales import N_
from policy_kb.files import PolicyError, describe, read_yaml
from policy_kb.library import Library
from policy_kb.lint import plain_keys

#: What a condition may speak about: facts of the employee asking.
FACTS: Final = ("wage", "region", "dibao_region", "employment", "injury_class", "household_size", "area")
_NUMBERS: Final = ("wage", "injury_class", "household_size")
#: How a fact may be compared.
OPERATORS: Final = ("is", "in", "below", "at_least", "between")
#: The unit's own assessed rate of work injury insurance: the classes' 0.2 % to 1.9 %, floated by half either way.
INJURY_RATES: Final[tuple[Ppm, Ppm]] = (1_000, 28_500)
LARGEST_FIXED: Final[Fen] = 50_000
MOST_DEPTH: Final = 6

#: What a rule may set, and what it means. `<insurance>.employee_fixed` only where the record says that a charge is
#: missing: the company then enters what it is really charged, and the line is complete.
PARAMETERS: Final[Mapping[str, str]] = {
    "work_injury.employer_rate": N_("本单位核定的工伤费率"),
    "housing_fund.rate": N_("本单位的公积金比例（职工没有填时用）"),
    **{f"{name}.base_floor": N_("本单位的缴费基数下限（只能比当地的高）") for name in INSURANCES},
    **{f"{name}.employee_fixed": N_("个人每月定额（资料库写明缺这一项时）") for name in INSURANCES},
    **{f"{name}.employer_fixed": N_("单位每月定额（资料库写明缺这一项时）") for name in INSURANCES},
}


class Setting(NamedTuple):
    """One parameter and its value: fen or parts per million."""

    parameter: str
    value: int


class Ask(NamedTuple):
    """A fact that the rule wants to know, and how to ask for it."""

    field: str
    question: str


class Expected(NamedTuple):
    """A case of the rule's own: what is given (as in `shebao calculate`) and exact figures by path."""

    name: str
    given: Mapping[str, Any]
    expect: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Condition:
    """`all`, `any` or `not` over others, or one comparison of a fact. Amounts are fen, the rest texts or counts."""

    kind: Literal["all", "any", "not", "is", "in", "below", "at_least", "between"]
    fact: str = ""
    values: tuple[str | int, ...] = ()
    parts: tuple[Condition, ...] = ()


ALWAYS: Final = Condition("all")


@dataclass(frozen=True, slots=True)
class CompanyRule:
    """One rule as its file holds it. `content` is the hash of everything but the approval."""

    key: str
    title: str
    start: date
    until: date | None
    regions: tuple[str, ...]
    when: Condition
    settings: tuple[Setting, ...]
    warnings: tuple[str, ...]
    asks: tuple[Ask, ...]
    why: str
    source: Mapping[str, str]
    author: str
    reviewer: str
    approved_on: date | None
    approved_content: str
    cases: tuple[Expected, ...]
    content: str

    @property
    def approved(self) -> bool:
        """Whether a second person has approved this very content."""
        second = bool(self.reviewer) and plain_name(self.reviewer) != plain_name(self.author)
        return second and self.approved_on is not None and self.approved_content == self.content


def plain_name(name: str) -> str:
    """A person's name without spaces, width and case: another spelling does not make a second person."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", name)).casefold()


def read_rule(path: Path, library: Library) -> CompanyRule:
    """One rule's file. Raises `PolicyError` naming the fields that are not understood."""
    try:
        data = plain_keys(read_yaml(path))
    except OSError as error:
        raise PolicyError(f"{path.name}: {error.strerror}") from error
    return parse_rule(data, path.name, library)


def parse_rule(data: Any, name: str, library: Library) -> CompanyRule:
    """A rule from plain data. Raises `PolicyError`."""
    rule, problems = try_rule(data, library)
    if problems:
        raise PolicyError("; ".join(f"{name}: {_describe(problem)}" for problem in problems))
    return rule


def try_rule(data: Any, library: Library) -> tuple[CompanyRule, tuple[Problem, ...]]:
    """A rule as far as it is understood, and everything that is not: without problems it is the rule."""
    problems: list[Problem] = []
    rule = _read(FieldReader(data, "", problems, library.divisions.find), data)
    if not problems:
        problems += _beyond_the_law(rule)
    return rule, tuple(problems)


def _describe(problem: Problem) -> str:
    return f"{problem.field}: {problem.choices[0]}" if problem.expects == "file" else describe(problem)


def _read(top: FieldReader, data: Any) -> CompanyRule:
    settings: list[Setting] = []
    warnings: list[str] = []
    asks: list[Ask] = []
    for part in top.parts("then", 1, 20):
        _read_effect(part, settings, warnings, asks)
    by = top.part("by")
    cases = tuple(_read_expected(part) for part in top.parts("cases", 1, 50))
    rule = CompanyRule(
        key=top.text("id", required=True) or "",
        title=top.text("title") or "",
        start=top.day("from", required=True) or date.min,
        until=top.day("until"),
        regions=_read_regions(top),
        when=_read_condition(top.part("when"), 0) if top.has("when") else ALWAYS,
        settings=tuple(settings),
        warnings=tuple(warnings),
        asks=tuple(asks),
        why=top.text("why", required=True) or "",
        source=_read_source(top.part("source")),
        author=by.text("author", required=True) or "",
        reviewer=by.text("reviewer") or "",
        approved_on=by.day("approved_on"),
        approved_content=by.text("content") or "",
        cases=cases,
        content=_content(data),
    )
    by.close()
    top.close()
    return rule


def _content(data: Any) -> str:
    kept = {key: value for key, value in data.items() if key != "by"} if isinstance(data, dict) else {}
    author = (data.get("by") or {}) if isinstance(data, dict) else {}
    kept["author"] = author.get("author") if isinstance(author, dict) else None
    return hashlib.sha256(
        json.dumps(kept, ensure_ascii=False, sort_keys=True, default=str).encode()
    ).hexdigest()[:16]


def _read_source(part: FieldReader) -> dict[str, str]:
    fields = {"title": part.text("title", required=True), "where": part.text("where", required=True)}
    fields |= {name: part.text(name) for name in ("number", "date", "quote")}
    part.close()
    return {name: value for name, value in fields.items() if value}


def _read_regions(top: FieldReader) -> tuple[str, ...]:
    codes = (
        top.inside(f"regions.{text}", {"region": text}).region("region") for text in top.texts("regions")
    )
    return tuple(code for code in codes if code is not None)


def _read_effect(part: FieldReader, settings: list[Setting], warnings: list[str], asks: list[Ask]) -> None:
    """`set`, `warn` or `ask_for`, one each."""
    if part.has("set"):
        inner = part.part("set")
        name = inner.choice("parameter", tuple(PARAMETERS), "")
        if name.endswith("rate"):
            low, high = INJURY_RATES if name.startswith("work_injury") else FUND_RATES
            value = inner.rate("value", low, high)
        else:
            value = inner.amount("value", LARGEST_FIXED) if name.endswith("_fixed") else inner.amount("value")
        if not name or value is None:
            inner.fail("missing_field", "value" if name else "parameter", "field")
        settings.append(Setting(name, value or 0))
        inner.close()
    elif part.has("warn"):
        warnings.append(part.text("warn", required=True) or "")
    else:
        inner = part.part("ask_for")
        field = inner.choice("field", ASKABLE, "")
        if not field:
            inner.fail("missing_field", "field", "field")
        asks.append(Ask(field, inner.text("question", required=True) or ""))
        inner.close()
    part.close()


#: What a rule may ask for.
ASKABLE: Final = (
    "base_wage",
    "injury_class",
    "housing_fund_rate",
    "employment",
    "area",
    "household.size",
    "new_job_since",
)


def _read_condition(part: FieldReader, depth: int) -> Condition:
    for kind in ("all", "any"):
        if part.has(kind):
            inner = tuple(_read_condition(each, depth + 1) for each in _deeper(part, kind, depth))
            part.close()
            return Condition(cast(Any, kind), parts=inner)
    if part.has("not"):
        negated = part.part("not")
        if depth >= MOST_DEPTH:
            part.fail("out_of_range", "not", "list", "1", str(MOST_DEPTH))
            return ALWAYS
        condition = _read_condition(negated, depth + 1)
        part.close()
        return Condition("not", parts=(condition,))
    return _read_comparison(part)


def _deeper(part: FieldReader, kind: str, depth: int) -> list[FieldReader]:
    if depth >= MOST_DEPTH:
        part.fail("out_of_range", kind, "list", "1", str(MOST_DEPTH))
        return []
    return part.parts(kind, 1, 20)


def _read_comparison(part: FieldReader) -> Condition:
    fact = part.choice("fact", FACTS, "")
    found = [operator for operator in OPERATORS if part.has(operator)]
    if not fact or len(found) != 1:
        part.fail("missing_field", "fact" if not fact else "is", "field")
        for operator in found:
            part.anything(operator)
        part.close()
        return ALWAYS
    operator = found[0]
    if operator in ("below", "at_least", "between") and fact not in _NUMBERS:
        part.fail("not_allowed", operator, "choice")
    raw = part.anything(operator)
    several = operator in ("in", "between")
    values = raw if several and isinstance(raw, list) else [raw]
    if (several and not (isinstance(raw, list) and raw)) or (operator == "between" and len(values) != 2):
        part.fail("not_allowed", operator, "list")
    read = tuple(_read_fact(part, fact, operator, value) for value in values)
    part.close()
    return Condition(cast(Any, operator), fact, tuple(value for value in read if value is not None))


def _read_fact(part: FieldReader, fact: str, operator: str, value: Any) -> str | int | None:
    inner = part.inside(operator, {fact: value})
    if fact == "wage":
        return inner.amount(fact, required=True)
    if fact in ("injury_class", "household_size"):
        return inner.count(fact, 1, 30)
    if fact in ("region", "dibao_region"):
        return inner.region(fact, required=True)
    allowed = ("urban", "rural") if fact == "area" else (
        "employee", "part_time", "flexible", "dispatched", "retired", "student",
    )  # fmt: skip
    return inner.choice(fact, allowed, "") or None


def _read_expected(part: FieldReader) -> Expected:
    expect = part.anything("expect")
    if (
        not isinstance(expect, dict)
        or not expect
        or not all(isinstance(each, str) for each in expect.values())
    ):
        part.fail("missing_field", "expect", "object")
        expect = {}
    given = part.anything("given")
    if not isinstance(given, dict):
        part.fail("missing_field", "given", "object")
        given = {}
    expected = Expected(part.text("name", required=True) or "", given, {str(k): v for k, v in expect.items()})
    part.close()
    return expected


def _beyond_the_law(rule: CompanyRule) -> Iterator[Problem]:
    """What single fields cannot show: two values for one parameter, and an end before the beginning."""
    names = [setting.parameter for setting in rule.settings]
    for name in {name for name in names if names.count(name) > 1}:
        yield Problem("not_allowed", "then", "file", choices=(f"{name} 设了两次",))
    if rule.until is not None and rule.until < rule.start:
        yield Problem("out_of_range", "until", "file", choices=("不能早于 from",))
