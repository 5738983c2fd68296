"""What changed between an old result and today's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from locales import Say
from policy_kb.wording import INSURANCE
from web_calc.sentences import CHANGES, VERDICTS


class Change(NamedTuple):
    """One figure that is no longer what it was."""

    label: str
    old: str
    new: str


def changes(old: dict[str, Any], new: dict[str, Any], say: Say) -> list[Change]:
    """Every figure of the answer that differs, in the order of the page."""
    before, after = dict(_figures(old, say)), dict(_figures(new, say))
    labels = dict.fromkeys((*before, *after))
    return [
        Change(label, before.get(label, "—"), after.get(label, "—"))
        for label in labels
        if before.get(label, "—") != after.get(label, "—")
    ]


def _figures(data: dict[str, Any], say: Say) -> Iterator[tuple[str, str]]:
    dibao = data["dibao"]
    for line in data["contributions"]:
        for part in ("base", "employee", "employer"):
            label = say(CHANGES[part]).format(insurance=say(INSURANCE[line["insurance"]]))
            yield label, line[part] or "—"
    for name, value in (
        ("employee_total", data["employee_total"]),
        ("employer_total", data["employer_total"]),
        ("income_tax", data["income_tax"]),
        ("take_home", data["take_home"]["insured"]),
        ("standard", dibao["standard"]["amount"]),
        ("countable", dibao["insured"]["countable_income"]),
        ("verdict", say(VERDICTS[dibao["insured"]["verdict"]])),
        ("benefit", dibao["insured"]["benefit"] or dibao["insured"].get("would_be_benefit")),
        ("cost_low", dibao["net_cost_to_household"]["low"]),
        ("cost_high", dibao["net_cost_to_household"]["high"]),
        ("break_even", dibao["break_even_wage"]),
    ):
        yield say(CHANGES[name]), value or "—"
