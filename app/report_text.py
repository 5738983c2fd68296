"""The answer as a few plain lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from locales import N_, Say
from policy_kb.wording import INSURANCE

VERDICTS = {
    "within": N_("在低保线以内"),
    "over": N_("超过低保线"),
    "depends": N_("要看当地减不减个人缴费"),
    "unknown": N_("还不能下结论"),
}


def answer_text(answer: dict[str, Any], say: Say) -> str:
    """The answer of `calculate` as text."""
    return "\n".join(_lines(answer, say))


def _lines(answer: dict[str, Any], say: Say) -> Iterator[str]:
    unknown = say(N_("未记录"))
    for line in answer["contributions"]:
        name = say(INSURANCE[line["insurance"]])
        own, employer = line["employee"] or unknown, line["employer"] or unknown
        yield say(N_("{name}：从工资里扣 {own}，单位另出 {employer}（基数 {base}）")).format(
            name=name, own=own, employer=employer, base=line["base"] or unknown
        )
    partly = "" if answer["complete"] else say(N_("（不全）"))
    yield say(N_("合计：从工资里扣 {own}，单位另出 {employer}{partly}")).format(
        own=answer["employee_total"], employer=answer["employer_total"], partly=partly
    )
    take_home = answer["take_home"]
    yield say(N_("到手：参保 {insured}，不参保 {uninsured}（只作对比）")).format(**take_home)
    dibao = answer["dibao"]
    for scenario, label in (("insured", N_("参保")), ("uninsured", N_("不参保"))):
        outcome = dibao[scenario]
        yield say(N_("{label}：算作家庭收入 {income}，人均 {each}，{verdict}")).format(
            label=say(label),
            income=outcome["countable_income"],
            each=outcome["per_capita_income"],
            verdict=say(VERDICTS[outcome["verdict"]]),
        )
    cost = dibao["net_cost_to_household"]
    if cost["low"] is not None:
        yield say(N_("参保后家里每月实际少 {low} 到 {high} 元")).format(**cost)
    for missing in answer["missing"][:1]:
        yield say(N_("先弄清一件事：{question}")).format(question=missing["why"])
    for warning in answer["warnings"]:
        yield f"· {warning['text']}"
