"""A company's own rule in plain words: whom it concerns, when it holds, what it then does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from calculator.money import format_rate, format_yuan
from locales import N_, Say
from policy_kb.company_rules import PARAMETERS, CompanyRule, Condition, Setting
from policy_kb.divisions import Divisions

#: What a condition speaks about.
FACTS: Final[Mapping[str, str]] = {
    "wage": N_("工资（元/月）"),
    "region": N_("参保地"),
    "dibao_region": N_("户籍地"),
    "employment": N_("用工形式"),
    "injury_class": N_("工伤行业类别"),
    "household_size": N_("低保本上的人数"),
    "area": N_("户口"),
}
EMPLOYMENTS: Final[Mapping[str, str]] = {
    "employee": N_("全日制职工"),
    "part_time": N_("非全日制"),
    "flexible": N_("灵活就业"),
    "dispatched": N_("劳务派遣"),
    "retired": N_("退休返聘"),
    "student": N_("在校学生"),
}
AREAS: Final[Mapping[str, str]] = {"urban": N_("城镇"), "rural": N_("农村")}
#: How a fact is compared.
OPERATORS: Final[Mapping[str, str]] = {
    "is": N_("就是"),
    "in": N_("是其中之一"),
    "below": N_("低于"),
    "at_least": N_("不低于"),
    "between": N_("在两者之间（含）"),
}
#: What a rule may ask the employee for.
ASKED: Final[Mapping[str, str]] = {
    "base_wage": N_("去年的月平均工资"),
    "injury_class": N_("工伤行业类别"),
    "housing_fund_rate": N_("公积金比例"),
    "employment": N_("用工形式"),
    "area": N_("户口"),
    "household.size": N_("低保本上的人数"),
    "new_job_since": N_("哪天开始上班"),
}
_COMPARED: Final[Mapping[str, str]] = {
    "is": N_("{fact}是{values}"),
    "in": N_("{fact}是{values}其中之一"),
    "below": N_("{fact}低于{values}"),
    "at_least": N_("{fact}不低于{values}"),
    "between": N_("{fact}在{values}之间"),
}


def describe_rule(rule: CompanyRule, divisions: Divisions, say: Say) -> list[str]:
    """A rule in a few sentences: whom it concerns, then what it does, a sentence each."""
    places = "、".join(divisions.full_name(each) for each in rule.regions)
    whom = say("参保地在{places}的职工", places=places) if places else say("本单位全部职工")
    until = "" if rule.until is None else say("，到 {day} 为止", day=rule.until.isoformat())
    when = _condition(rule.when, divisions, say)
    condition = say("，{condition}的", condition=when) if when else ""
    start = say(
        "从 {day} 起{until}，{whom}{condition}：",
        day=rule.start.isoformat(),
        until=until,
        whom=whom,
        condition=condition,
    )
    return [start, *_effects(rule, say)]


def _effects(rule: CompanyRule, say: Say) -> Iterator[str]:
    for setting in rule.settings:
        yield say(
            "{what}按 {value} 算。", what=say(PARAMETERS[setting.parameter]), value=value_shown(setting)
        )
    for text in rule.warnings:
        yield say("提醒：{text}", text=text)
    for ask in rule.asks:
        yield say("还要问{fact}：{question}", fact=say(ASKED[ask.field]), question=ask.question)


def value_shown(setting: Setting) -> str:
    """A setting's value: a rate as a decimal, an amount in yuan."""
    return format_rate(setting.value) if setting.parameter.endswith("rate") else format_yuan(setting.value)


def _condition(condition: Condition, divisions: Divisions, say: Say) -> str:
    if condition.kind == "not":
        return say("不是（{inner}）", inner=_condition(condition.parts[0], divisions, say))
    if condition.kind in ("all", "any"):
        parts = [_condition(each, divisions, say) for each in condition.parts]
        joined = (say("，并且") if condition.kind == "all" else say("，或者")).join(parts)
        return joined if len(parts) < 2 or condition.kind == "all" else f"（{joined}）"
    values = "、".join(_value(condition.fact, value, divisions, say) for value in condition.values)
    if condition.kind == "between":
        low, high = (_value(condition.fact, value, divisions, say) for value in condition.values)
        values = say("{low} 到 {high}", low=low, high=high)
    fact = say(FACTS[condition.fact]).split("（")[0]
    return say(_COMPARED[condition.kind], fact=fact, values=values)


def _value(fact: str, value: str | int, divisions: Divisions, say: Say) -> str:
    if fact == "wage":
        return say("{amount} 元", amount=format_yuan(int(value)))
    if fact in ("region", "dibao_region"):
        return divisions.full_name(str(value))
    words = {**EMPLOYMENTS, **AREAS}.get(str(value))
    return str(value) if words is None else say(words)
