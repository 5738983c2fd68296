"""The facts in the employee's words: for reading back what was understood."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bot.dialogue.known import AMOUNTS, FIELDS, Known
from calculator.money import format_yuan
from locales import N_, Say
from policy_kb.divisions import Divisions

NAMES: Final[Mapping[str, str]] = {
    "on_book": N_("低保本上有没有你"),
    "household_size": N_("低保本上的人数"),
    "wage": N_("工资"),
    "wage_is_net": N_("工资是"),
    "other_income": N_("本上别的人挣的"),
    "other_income_high": N_("本上别的人最多挣"),
    "region": N_("上班的地方"),
    "dibao_region": N_("老家"),
    "area": N_("户口"),
    "dibao": N_("低保现在"),
    "standard_monthly": N_("低保线（你说的）"),
    "received_monthly": N_("每月打到卡上"),
}
YUAN: Final = N_("{amount} 元")
PEOPLE: Final = N_("{count} 人")
VALUES: Final[Mapping[tuple[str, Any], str]] = {
    ("on_book", True): N_("在"),
    ("on_book", False): N_("不在"),
    ("wage_is_net", True): N_("到手的"),
    ("wage_is_net", False): N_("扣之前的"),
    ("area", "rural"): N_("农村"),
    ("area", "urban"): N_("城镇"),
    ("dibao", "receiving"): N_("在领"),
    ("dibao", "applying"): N_("申请中"),
    ("dibao", "suspended"): N_("暂停了"),
    ("dibao", "ended"): N_("没有了"),
    ("dibao", "none"): N_("没领"),
}

#: Facts that are read back with the one they belong to.
WITH: Final[Mapping[str, str]] = {
    "wage_is_net": "wage",
    "other_income_high": "other_income",
    "area": "dibao_region",
}


def name_of(field: str, say: Say) -> str:
    """The name of a fact."""
    return say(NAMES[field])


def value_of(field: str, value: Any, divisions: Divisions, say: Say) -> str:
    """A fact's value in words."""
    if field in AMOUNTS:
        return say(YUAN, amount=format_yuan(value))
    if field == "household_size":
        return say(PEOPLE, count=str(value))
    if field in ("region", "dibao_region"):
        return divisions.full_name(value)
    return say(VALUES[field, value])


def read_back(known: Known, divisions: Divisions, say: Say) -> Iterator[tuple[str, str]]:
    """Every fact that was told, as name and value; what belongs to another stands with it."""
    for field in FIELDS:
        value = getattr(known, field)
        if value is None or (field in WITH and getattr(known, WITH[field]) is not None):
            continue
        told = value_of(field, value, divisions, say)
        if field == "wage" and known.wage_is_net is not None:
            told = say(
                "{wage}（{kind}）", wage=told, kind=value_of("wage_is_net", known.wage_is_net, divisions, say)
            )
        if field == "other_income" and known.other_income_high is not None:
            told = say(
                "{low}到{high}", low=told, high=value_of(field, known.other_income_high, divisions, say)
            )
        if field == "dibao_region" and known.area is not None:
            told = say("{place}（{area}）", place=told, area=value_of("area", known.area, divisions, say))
        yield name_of(field, say), told
