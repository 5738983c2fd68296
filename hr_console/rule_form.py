"""A company's own rule as a form: rows of conditions, effects and cases that buttons add and take away, and the rule that
they make. What the form cannot hold is edited as YAML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias, TypeVar

from calculator.fields import Problem
from calculator.rules import INSURANCES
from locales import N_, Say
from policy_kb.sheets import amount_text, date_text, rate_text
from policy_kb.wording import INSURANCE

Row: TypeAlias = Mapping[str, str]
T = TypeVar("T")

#: The fields that stand once, and their place in the rule's data.
_ONCE: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("id",),
    "title": ("title",),
    "from": ("from",),
    "until": ("until",),
    "regions": ("regions",),
    "why": ("why",),
    "source_title": ("source", "title"),
    "source_where": ("source", "where"),
    "source_number": ("source", "number"),
    "source_date": ("source", "date"),
}
_CONDITION: Final = ("fact", "operator", "value", "high", "negated")
_EFFECT: Final = ("kind", "parameter", "value", "text", "field", "question")
_CASE: Final = (
    "name", "region", "dibao_region", "on", "area", "size", "other_income", "wage", "employment", "injury_class",
    "housing_fund_rate",
)  # fmt: skip
_EXPECTED: Final = ("path", "value")
#: What a case of the form may give, and where it stands in `shebao calculate`'s question.
_OF_EARNER: Final = ("wage", "employment", "injury_class", "housing_fund_rate")
_OF_HOUSEHOLD: Final = ("size", "other_income")
MOST_ROWS: Final = 20
ANY: Final = "any"

_PATHS: Final[Mapping[str, str]] = {
    "employee_total": N_("个人合计"),
    "employer_total": N_("单位合计"),
    "take_home.insured": N_("到手"),
    "dibao.insured.countable_income": N_("可计入收入"),
    "company_warnings": N_("本单位的提醒"),
    "company_asks": N_("本单位要问的"),
}
_SIDES: Final[Mapping[str, str]] = {
    "employee": N_("{insurance}（个人）"),
    "employer": N_("{insurance}（单位）"),
}


def paths(words: Say) -> dict[str, str]:
    """What a case may expect, by path, in the reader's language."""
    return {path: words(name) for path, name in _PATHS.items()} | {
        f"contributions.{insurance}.{side}": words(name, insurance=words(INSURANCE[insurance]))
        for insurance in INSURANCES
        for side, name in _SIDES.items()
    }


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case: what is given, and the figures that are expected."""

    given: Row
    expected: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class RuleForm:
    """The form as it is filled in. `joined` is whether all conditions must hold, or any."""

    once: Row = field(default_factory=dict)
    joined: str = "all"
    when: tuple[Row, ...] = ()
    then: tuple[Row, ...] = ()
    cases: tuple[CaseRow, ...] = ()


def blank(key: str, today: str) -> RuleForm:
    """An empty form with a row where one is needed."""
    once = dict.fromkeys(_ONCE, "") | {"id": key, "from": today}
    return RuleForm(once, then=(_row(_EFFECT, {"kind": "set"}),), cases=(_empty_case(),))


def read_form(form: Mapping[str, str]) -> RuleForm:
    """What was posted, with what the pressed button does to the rows."""
    once = {name: form.get(name, "").strip() for name in _ONCE}
    once |= {name: date_text(once[name]) for name in ("from", "until", "source_date")}
    filled = RuleForm(
        once=once,
        joined=ANY if form.get("joined") == ANY else "all",
        when=_rows(form, "when", _CONDITION),
        then=_rows(form, "then", _EFFECT),
        cases=tuple(
            CaseRow(given, _rows(form, f"cases-{index}-expect", _EXPECTED))
            for index, given in enumerate(_rows(form, "cases", _CASE))
        ),
    )
    return pressed(filled, form.get("do", ""))


def _rows(form: Mapping[str, str], prefix: str, names: Sequence[str]) -> tuple[Row, ...]:
    count = form.get(f"{prefix}-count", "")
    most = min(int(count), MOST_ROWS) if count.isascii() and count.isdigit() else 0
    return tuple(
        {name: form.get(f"{prefix}-{index}-{name}", "").strip() for name in names} for index in range(most)
    )


def pressed(form: RuleForm, button: str) -> RuleForm:
    """The form after a button: `add:when`, `remove:then:1`, `add:expect:0`, `remove:expect:0:2`."""
    act, _, what = button.partition(":")
    if act == "add":
        return _added(form, what)
    return _removed(form, what) if act == "remove" else form


def _added(form: RuleForm, what: str) -> RuleForm:
    if what == "when":
        return replace(form, when=(*form.when, _row(_CONDITION, {"fact": "wage", "operator": "below"})))
    if what == "then":
        return replace(form, then=(*form.then, _row(_EFFECT, {"kind": "set"})))
    if what == "cases":
        return replace(form, cases=(*form.cases, _empty_case()))
    cases = tuple(
        replace(case, expected=(*case.expected, _row(_EXPECTED))) if what == f"expect:{index}" else case
        for index, case in enumerate(form.cases)
    )
    return replace(form, cases=cases)


def _removed(form: RuleForm, what: str) -> RuleForm:
    kind, _, at = what.partition(":")
    if kind == "when":
        return replace(form, when=_without(form.when, at))
    if kind == "then":
        return replace(form, then=_without(form.then, at))
    if kind == "cases":
        return replace(form, cases=_without(form.cases, at))
    cases = tuple(
        replace(case, expected=tuple(row for i, row in enumerate(case.expected) if f"{index}:{i}" != at))
        for index, case in enumerate(form.cases)
    )
    return replace(form, cases=cases)


def _without(rows: tuple[T, ...], at: str) -> tuple[T, ...]:
    return tuple(row for index, row in enumerate(rows) if str(index) != at)


def _row(names: Sequence[str], values: Row | None = None) -> Row:
    return dict.fromkeys(names, "") | dict(values or {})


def _empty_case() -> CaseRow:
    return CaseRow(_row(_CASE, {"size": "1"}), (_row(_EXPECTED, {"path": "employee_total"}),))


# -- The rule that the form makes ------------------------------------------------------------------------------------


def rule_data(form: RuleForm, author: str) -> dict[str, Any]:
    """The rule as its file holds it."""
    once = form.once
    data: dict[str, Any] = {"id": once["id"], "title": once["title"], "from": once["from"]}
    if once["until"]:
        data["until"] = once["until"]
    regions = [each for each in re.split(r"[、，,;；\s]+", once["regions"]) if each]
    if regions:
        data["regions"] = regions
    if form.when:
        data["when"] = {form.joined: [_condition(row) for row in form.when]}
    data["then"] = [_effect(row) for row in form.then]
    source = {name: once[f"source_{name}"] for name in ("title", "where", "number", "date")}
    data |= {
        "why": once["why"],
        "source": {name: text for name, text in source.items() if text or name in ("title", "where")},
        "by": {"author": author},
        "cases": [_case(case) for case in form.cases],
    }
    return data


def _condition(row: Row) -> dict[str, Any]:
    values = [_fact_value(row["fact"], text) for text in re.split(r"[、，,;；\s]+", row["value"]) if text]
    value: Any = values[0] if values else ""
    if row["operator"] == "in":
        value = values
    elif row["operator"] == "between":
        value = [value, _fact_value(row["fact"], row["high"])]
    comparison = {"fact": row["fact"], row["operator"]: value}
    return {"not": comparison} if row["negated"] else comparison


def _fact_value(fact: str, text: str) -> str | int:
    if fact == "wage":
        return amount_text(text)
    return int(text) if fact in ("injury_class", "household_size") and text.isdecimal() else text


def _effect(row: Row) -> dict[str, Any]:
    if row["kind"] == "warn":
        return {"warn": row["text"]}
    if row["kind"] == "ask_for":
        return {"ask_for": {"field": row["field"], "question": row["question"]}}
    read = rate_text if row["parameter"].endswith("rate") else amount_text
    return {"set": {"parameter": row["parameter"], "value": read(row["value"])}}


def _case(case: CaseRow) -> dict[str, Any]:
    given = {name: text for name, text in case.given.items() if text}
    earner = {name: _given(name, given[name]) for name in _OF_EARNER if name in given}
    household = {name: _given(name, given[name]) for name in _OF_HOUSEHOLD if name in given}
    rest = {
        name: _given(name, given[name]) for name in ("region", "dibao_region", "on", "area") if name in given
    }
    return {
        "name": case.given["name"],
        "given": {**rest, "household": {**household, "earners": [earner]}},
        "expect": {row["path"]: row["value"] for row in case.expected if row["path"]},
    }


def _given(name: str, text: str) -> str | int:
    if name in ("wage", "other_income"):
        return amount_text(text)
    if name == "on":
        return date_text(text)
    if name == "housing_fund_rate":
        return rate_text(text)
    return int(text) if name in ("size", "injury_class") and text.isdecimal() else text


# -- A rule in the form ----------------------------------------------------------------------------------------------


def form_of(data: Mapping[str, Any]) -> RuleForm | None:
    """A rule's data as a filled form; None where it holds more than the form can."""
    try:
        form = _form_of(data)
        author = str(data["by"]["author"])
    except (KeyError, TypeError, AttributeError, ValueError, IndexError):
        return None
    known = {name: value for name, value in data.items() if name != "by"}
    made = {name: value for name, value in rule_data(form, author).items() if name != "by"}
    return form if _same(known) == _same(made) else None


def _form_of(data: Mapping[str, Any]) -> RuleForm:
    source = data["source"]
    once = {name: str(data.get(name) or "") for name in ("id", "title", "from", "until", "why")}
    once |= {f"source_{name}": str(source.get(name) or "") for name in ("title", "where", "number", "date")}
    once["regions"] = "、".join(str(each) for each in data.get("regions") or [])
    when = data.get("when")
    joined = ANY if when and ANY in when else "all"
    conditions = when.get(joined, [when]) if when else []
    return RuleForm(
        once=once,
        joined=joined,
        when=tuple(_condition_row(each) for each in conditions),
        then=tuple(_effect_row(each) for each in data["then"]),
        cases=tuple(_case_row(each) for each in data["cases"]),
    )


def _condition_row(data: Mapping[str, Any]) -> Row:
    negated = "not" in data
    inner = data["not"] if negated else data
    (operator,) = (name for name in inner if name != "fact")
    value = inner[operator]
    values = [str(each) for each in (value if isinstance(value, list) else [value])]
    between = operator == "between"
    return {
        "fact": inner["fact"],
        "operator": operator,
        "value": values[0] if between else "、".join(values),
        "high": values[1] if between else "",
        "negated": "1" if negated else "",
    }


def _effect_row(data: Mapping[str, Any]) -> Row:
    (kind,) = data
    inner = data[kind]
    return _row(_EFFECT, {"kind": kind, **({"text": inner} if kind == "warn" else inner)})


def _case_row(data: Mapping[str, Any]) -> CaseRow:
    given, household = data["given"], data["given"]["household"]
    (earner,) = household["earners"]
    found = {"name": data["name"]}
    for part, names in ((given, _CASE), (household, _OF_HOUSEHOLD), (earner, _OF_EARNER)):
        found |= {name: str(part[name]) for name in names if part.get(name) is not None}
    expected = tuple({"path": path, "value": value} for path, value in data["expect"].items())
    return CaseRow(_row(_CASE, found), expected)


def _same(value: Any) -> Any:
    """Plain data without what says nothing: how a number is written, a condition in a list of one."""
    if isinstance(value, Mapping):
        if set(value) == {"all"} and len(value["all"]) == 1:
            return _same(value["all"][0])
        return {str(name): _same(each) for name, each in value.items() if each not in ("", None, [])}
    return [_same(each) for each in value] if isinstance(value, list) else str(value)


# -- What is wrong, beside its row -----------------------------------------------------------------------------------

_PLACES: Final = (
    (re.compile(r"^when(?:\.\w+\[(\d+)\])?"), "when"),
    (re.compile(r"^then\[(\d+)\]"), "then"),
    (re.compile(r"^cases\[(\d+)\]"), "cases"),
)


def place_of(problem: Problem) -> str:
    """Beside which field or row of the form a problem stands: `from`, `when-0`, `then-1`, `cases-0`."""
    for pattern, name in _PLACES:
        if match := pattern.match(problem.field):
            return f"{name}-{match[1] or 0}"
    names = {".".join(place): name for name, place in _ONCE.items()}
    return names.get(problem.field, problem.field.split(".")[0].split("[")[0])
