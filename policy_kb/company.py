"""A company's own rules 本单位规则 as data in a closed vocabulary: no expression is ever evaluated.

A rule sets one of a few parameters within the law, adds a warning, or asks for a fact. It is in force only while its
own cases pass and a second person has approved exactly this content. Nothing here can lower a lawful base or exempt.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, cast

import yaml

from calculator.assessment import assess, with_gross_wages
from calculator.case import FUND_RATES, Case, Earner, read_case
from calculator.fields import FieldReader, InputError, Problem
from calculator.money import Fen, Ppm, format_yuan
from calculator.rules import INSURANCES, InsuranceTerms, Rules
from calculator.trace import Step, Unit
from locales import Say, as_written
from policy_kb.answer import answer, identity
from policy_kb.files import PolicyError, describe, read_yaml
from policy_kb.importing import write_whole
from policy_kb.library import Library
from policy_kb.lint import plain_keys
from policy_kb.wording import N_

#: What a condition may speak about: facts of the employee asking.
FACTS: Final = ("wage", "region", "dibao_region", "employment", "injury_class", "household_size", "area")
_NUMBERS: Final = ("wage", "injury_class", "household_size")
_OPERATORS: Final = ("is", "in", "below", "at_least", "between")
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


CONFLICT: Final = N_("本单位有几条规则都设了“{what}”，按最新的 {rule}。")


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
        second = bool(self.reviewer) and _person(self.reviewer) != _person(self.author)
        return second and self.approved_on is not None and self.approved_content == self.content


class Held(NamedTuple):
    """A rule of the folder that is not in force, and why."""

    rule: CompanyRule
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Company:
    """The company's rules in force, those held back, and the hash of what is in force ("" where nothing is)."""

    rules: tuple[CompanyRule, ...] = ()
    held: tuple[Held, ...] = ()
    sha256: str = ""


class Applied(NamedTuple):
    """What the company's rules made of a case: facts and rules as they then are, what to warn of, what to ask."""

    case: Case
    rules: Rules
    warnings: tuple[str, ...]
    asks: tuple[Ask, ...]


# -- Reading ---------------------------------------------------------------------------------------------------------


def load_company(folder: Path, library: Library, today: date) -> Company:
    """The rules of a folder. Raises `PolicyError` for the first file that is not understood, or a key given twice."""
    in_force: list[CompanyRule] = []
    held: list[Held] = []
    seen: dict[str, str] = {}
    for path in sorted(folder.glob("*.yaml")):
        rule = read_rule(path, library)
        if rule.key in seen:
            raise PolicyError(f"{path.name}: id: {rule.key} 已经在 {seen[rule.key]} 里")
        seen[rule.key] = path.name
        reasons = [] if rule.approved else ["还没有第二个人批准现在的内容"]
        reasons += check_cases(library, rule, today)
        if reasons:
            held.append(Held(rule, tuple(reasons)))
        else:
            in_force.append(rule)
    content = "".join(rule.content for rule in in_force)
    return Company(
        tuple(in_force), tuple(held), hashlib.sha256(content.encode()).hexdigest() if content else ""
    )


def read_rule(path: Path, library: Library) -> CompanyRule:
    """One rule's file. Raises `PolicyError` naming the fields that are not understood."""
    try:
        data = plain_keys(read_yaml(path))
    except OSError as error:
        raise PolicyError(f"{path.name}: {error.strerror}") from error
    return parse_rule(data, path.name, library)


def parse_rule(data: Any, name: str, library: Library) -> CompanyRule:
    """A rule from plain data. Raises `PolicyError`."""
    problems: list[Problem] = []
    rule = _read(FieldReader(data, "", problems, library.divisions.find), data)
    if not problems:
        problems += _beyond_the_law(rule)
    if problems:
        raise PolicyError("; ".join(f"{name}: {_describe(problem)}" for problem in problems))
    return rule


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
        field = inner.choice("field", _ASKABLE, "")
        if not field:
            inner.fail("missing_field", "field", "field")
        asks.append(Ask(field, inner.text("question", required=True) or ""))
        inner.close()
    part.close()


_ASKABLE: Final = (
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
    found = [operator for operator in _OPERATORS if part.has(operator)]
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


# -- Applying --------------------------------------------------------------------------------------------------------


def apply(company: Iterable[CompanyRule], case: Case, rules: Rules, say: Say = as_written) -> Applied:
    """What the company's rules make of a case: of the asking employee's job only, and never less than the law."""
    facts = _facts(case, rules)
    warnings: list[str] = []
    asks: list[Ask] = []
    chosen: dict[str, int] = {}
    for rule in sorted(company, key=lambda each: (each.start, each.key)):
        if not _concerns(rule, case) or holds(rule.when, facts) is not True:
            continue
        for parameter, value in rule.settings:
            if chosen.get(parameter, value) != value:
                warnings.append(say(CONFLICT).format(what=say(PARAMETERS[parameter]), rule=rule.key))
            chosen[parameter] = value
        warnings += rule.warnings
        asks += rule.asks
    if chosen:
        case = _with_fund_rate(case, chosen.get("housing_fund.rate"))
        job = rules.jobs[0]
        terms = tuple(_set(each, chosen) for each in job.terms)
        rules = replace(rules, jobs=(replace(job, terms=terms), *rules.jobs[1:]))
    return Applied(case, rules, tuple(dict.fromkeys(warnings)), tuple(dict.fromkeys(asks)))


def holds(condition: Condition, facts: Mapping[str, str | int | None]) -> bool | None:
    """Whether a condition holds; None where it turns on a fact that nobody has told."""
    if condition.kind == "not":
        inner = holds(condition.parts[0], facts)
        return None if inner is None else not inner
    if condition.kind in ("all", "any"):
        found = [holds(part, facts) for part in condition.parts]
        decisive = condition.kind == "any"
        return decisive if decisive in found else None if None in found else not decisive
    fact = facts[condition.fact]
    return None if fact is None else _compare(condition, fact)


def _compare(condition: Condition, fact: str | int) -> bool:
    values = condition.values
    if condition.kind in ("is", "in"):
        if condition.fact in ("region", "dibao_region"):
            return any(within_region(str(fact), str(value)) for value in values)
        return fact in values
    numbers = [int(value) for value in values]
    if condition.kind == "below":
        return int(fact) < numbers[0]
    if condition.kind == "at_least":
        return int(fact) >= numbers[0]
    return numbers[0] <= int(fact) <= numbers[1]


def within_region(code: str, wider: str) -> bool:
    """Whether a region is another, or lies in it.

    >>> within_region("320505", "320000"), within_region("320505", "330000")
    (True, False)
    """
    return code.startswith(re.sub(r"(00){0,3}$", "", wider))


def _facts(case: Case, rules: Rules) -> dict[str, str | int | None]:
    first = with_gross_wages(case, rules).household.earners[0]
    return {
        "wage": first.wage,
        "region": first.region,
        "dibao_region": case.dibao_region,
        "employment": first.employment,
        "injury_class": first.injury_class,
        "household_size": case.household.size,
        "area": case.area,
    }


def _concerns(rule: CompanyRule, case: Case) -> bool:
    region = case.household.earners[0].region
    here = not rule.regions or any(within_region(region, each) for each in rule.regions)
    return here and rule.start <= case.on and (rule.until is None or case.on <= rule.until)


def _with_fund_rate(case: Case, rate: Ppm | None) -> Case:
    first: Earner = case.household.earners[0]
    if rate is None or first.housing_fund_rate is not None:
        return case
    earners = (replace(first, housing_fund_rate=rate), *case.household.earners[1:])
    return replace(case, household=replace(case.household, earners=earners))


def _set(terms: InsuranceTerms, chosen: Mapping[str, int]) -> InsuranceTerms:
    """One insurance with the company's own figures; its steps name them, so that the trace tells law from company."""
    name = terms.insurance
    changes: dict[str, Any] = {}
    if name == "work_injury" and "work_injury.employer_rate" in chosen:
        rate = chosen["work_injury.employer_rate"]
        changes |= {"employer_rate": rate, "employer_rate_by_class": dict.fromkeys(range(1, 9), rate)}
    floor = chosen.get(f"{name}.base_floor")
    if floor is not None and terms.base_floor is not None and floor > terms.base_floor:
        ceiling = floor if terms.base_ceiling is None else terms.base_ceiling
        changes["base_floor"] = min(floor, ceiling)
    for side in ("employee", "employer"):
        fixed = chosen.get(f"{name}.{side}_fixed")
        if (
            fixed is not None
            and getattr(terms, f"{side}_unmodelled")
            and fixed >= getattr(terms, f"{side}_fixed")
        ):
            changes |= {f"{side}_fixed": fixed, f"{side}_unmodelled": False}
    if not changes:
        return terms
    return replace(terms, steps=_steps(terms, changes), **changes)


def _steps(terms: InsuranceTerms, changes: Mapping[str, Any]) -> dict[str, Step]:
    """The parameter steps with the company's figures in place; a new fixed amount gets a step of its own."""
    at = f"{terms.insurance}@{terms.region}"
    own = {f"{name}.{at}": value for name, value in changes.items() if type(value) is int}
    units: dict[str, Unit] = {key: "ppm" if "_rate." in key else "fen" for key in own}
    return terms.steps | {
        key: Step(key, value, rule="company_rule", unit=units[key]) for key, value in own.items()
    }


# -- Cases, dry run, approval ----------------------------------------------------------------------------------------


def check_cases(library: Library, rule: CompanyRule, today: date) -> list[str]:
    """What the rule's own cases give otherwise than they expect, one sentence each; exact, no tolerance."""
    found = []
    for case in rule.cases:
        try:
            result = calculate_with(library, case.given, today, (rule,))
        except InputError as error:
            found.append(f"用例“{case.name}”读不懂：{error}")
            continue
        for path, expected in case.expect.items():
            actual = _look_up(result, path)
            if actual != expected:
                shown = "没有这一项" if actual is None else actual
                found.append(f"用例“{case.name}”：{path} 应为 {expected}，算出 {shown}")
    return found


def calculate_with(
    library: Library, data: object, today: date, company: Iterable[CompanyRule]
) -> dict[str, Any]:
    """The answer to a case with these rules applied, approved or not: for cases and dry runs."""
    case = read_case(data, library.divisions.find, today)
    applied = apply(company, case, library.rules(case))
    result = answer(assess(applied.case, applied.rules, break_even=False), library)
    return result | {
        "company_warnings": "；".join(applied.warnings),
        "company_asks": "、".join(ask.field for ask in applied.asks),
    }


def answer_with(library: Library, case: Case, company: Company, say: Say = as_written) -> dict[str, Any]:
    """The answer to a case under the company's rules in force: its warnings and questions in it, and an id of its own."""
    applied = apply(company.rules, case, library.rules(case), say)
    result = answer(assess(applied.case, applied.rules), library, say)
    warnings = [{"code": "company_rule", "text": text} for text in applied.warnings]
    asked = {each["field"] for each in result["missing"]}
    questions = [{"field": ask.field, "why": ask.question} for ask in applied.asks if ask.field not in asked]
    return result | {
        "id": identity(result["inputs"], library.sha256 + company.sha256),
        "ruleset": result["ruleset"] | {"company": company.sha256},
        "warnings": [*warnings, *result["warnings"]],
        "missing": [*result["missing"], *questions],
    }


def _look_up(result: Mapping[str, Any], path: str) -> str | None:
    """A figure of an answer by its path: `employee_total`, `dibao.insured.verdict`, `contributions.medical.employee`."""
    value: Any = result
    for name in path.split("."):
        if isinstance(value, list):
            value = next((each for each in value if each.get("insurance") == name), None)
        else:
            value = value.get(name) if isinstance(value, Mapping) else None
    return None if value is None or isinstance(value, dict | list) else str(value)


class Difference(NamedTuple):
    """One sample household for which a rule changes a figure."""

    household: str
    figure: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a rule would change over sample households; `largest` in fen, signed, of the amounts that change."""

    households: int
    changed: int
    largest: Fen
    differences: tuple[Difference, ...]
    warned: int

    def summary(self) -> str:
        """In one sentence: 40 户里 12 户有变化，最大 +35.20."""
        sign = "+" if self.largest >= 0 else ""
        largest = f"，最大 {sign}{format_yuan(self.largest)}" if self.changed else ""
        warned = f"；{self.warned} 户会看到提醒或问题" if self.warned else ""
        return f"{self.households} 户里 {self.changed} 户有变化{largest}{warned}"


_FIGURES: Final[Mapping[str, str]] = {
    "employee_total": "个人合计",
    "employer_total": "单位合计",
    "take_home.insured": "到手",
    "dibao.insured.countable_income": "可计入收入",
    "dibao.insured.verdict": "结论",
    "complete": "数字齐全",
}


def dry_run(
    library: Library, rule: CompanyRule, today: date, households: Sequence[Mapping[str, Any]] | None = None
) -> DryRun:
    """The difference a rule would make, before anyone approves it."""
    samples = sample_households(rule) if households is None else households
    found: list[Difference] = []
    changed = warned = 0
    amounts: list[Fen] = []
    for case in samples:
        before = calculate_with(library, case, today, ())
        after = calculate_with(library, case, today, (rule,))
        pairs = [(label, _look_up(before, path), _look_up(after, path)) for path, label in _FIGURES.items()]
        differing = [(label, str(old), str(new)) for label, old, new in pairs if old != new]
        changed += bool(differing)
        warned += bool(after["company_warnings"] or after["company_asks"])
        found += [Difference(_describe_household(library, case), *each) for each in differing]
        amounts += [_fen(new) - _fen(old) for _, old, new in differing if _is_amount(old) and _is_amount(new)]
    return DryRun(len(samples), changed, max(amounts, key=abs, default=0), tuple(found), warned)


def sample_households(rule: CompanyRule) -> list[dict[str, Any]]:
    """Forty households: the rule's regions, or four cities; wages from below the floor to above the ceiling."""
    regions = rule.regions[:4] or ("110000", "310000", "320500", "440300")
    wages = ("2500", "3500", "4200", "5000", "6000", "8000", "12000", "20000", "30000", "50000")
    sizes = (1, 2, 3, 4)
    employments = ("employee", "employee", "employee", "dispatched", "part_time")
    return [
        {
            "region": regions[(index // 10) % len(regions)],
            "on": rule.start.isoformat(),
            "area": ("urban", "rural")[index % 2],
            "household": {
                "size": sizes[index % 4],
                "other_income": str(index % 3 * 500),
                "earners": [
                    {
                        "wage": wages[index % 10],
                        "employment": employments[index % 5],
                        "injury_class": 1 + index % 3,
                        "housing_fund_rate": None if index % 2 else "0.05",
                    }
                ],
            },
        }
        for index in range(40)
    ]


def _describe_household(library: Library, case: Mapping[str, Any]) -> str:
    household = case["household"]
    name = library.divisions.name(library.divisions.find(case["region"]))
    return f"{name} 工资 {household['earners'][0]['wage']}，{household['size']} 人"


def _is_amount(text: str) -> bool:
    return re.fullmatch(r"-?\d+\.\d\d", text) is not None


def _fen(text: str) -> Fen:
    return int(text.replace(".", ""))


def approve(path: Path, reviewer: str, library: Library, today: date) -> CompanyRule:
    """Record a second person's approval in the rule's file, for the content as it is. Raises `InputError`."""
    try:
        rule = read_rule(path, library)
    except PolicyError as error:
        raise InputError(Problem("not_allowed", path.name, "file", choices=(str(error),))) from error
    if not _person(reviewer):
        raise _refused("要填批准人的名字")
    if _person(reviewer) == _person(rule.author):
        raise _refused(f"{rule.author} 是这条规则的起草人，要由另一个人批准")
    failing = check_cases(library, rule, today)
    if failing:
        raise _refused(f"自带的用例没有通过：{failing[0]}")
    by = {
        "author": rule.author,
        "reviewer": reviewer.strip(),
        "approved_on": today.isoformat(),
        "content": rule.content,
    }
    block = yaml.safe_dump({"by": by}, allow_unicode=True, sort_keys=False)
    text = path.read_text(encoding="utf-8")
    changed, count = re.subn(r"(?m)^by:.*\n?(?:[ \t]+.*\n?|\n(?=[ \t]))*", lambda _: block, text, count=1)
    if count != 1:
        raise _refused("文件里要有一段顶格的 by:")
    write_whole(path, changed)
    approved = read_rule(path, library)
    if not approved.approved:
        write_whole(path, text)
        raise _refused("批准没有写成，请检查 by: 一段")
    return approved


def _refused(message: str) -> InputError:
    return InputError(Problem("not_allowed", "approve", "file", choices=(message,)))


def _person(name: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", name)).casefold()


def install(path: Path, folder: Path, library: Library) -> Path:
    """Keep a rule among the company's; a rule of the same id is replaced, and needs a new approval if it differs."""
    rule = read_rule(path, library)
    if re.fullmatch(r"[A-Za-z0-9_-]{1,60}", rule.key) is None:
        raise PolicyError(f"{path.name}: id: 只能用字母、数字、- 和 _")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{rule.key}.yaml"
    write_whole(target, path.read_text(encoding="utf-8"))
    return target


#: For `app.roster`: the company's rules as one step between the rules in force and the assessment.
def adjuster(company: Company) -> Callable[[Case, Rules], tuple[Case, Rules, tuple[str, ...]]] | None:
    """The company's rules as what a roster run applies to each row; None where none is in force."""
    if not company.rules:
        return None

    def adjust(case: Case, rules: Rules) -> tuple[Case, Rules, tuple[str, ...]]:
        applied = apply(company.rules, case, rules)
        return applied.case, applied.rules, (*applied.warnings, *(ask.question for ask in applied.asks))

    return adjust
