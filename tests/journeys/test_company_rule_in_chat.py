"""A company's own rule counts in the chat's answers as it does on the page, and says so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from telling import Employee, house_of, needs_meaning

from policy_kb.company import Company
from policy_kb.company_rules import parse_rule

RULE: dict[str, Any] = {
    "id": "hr-0007",
    "title": "苏州厂核定的工伤费率",
    "from": "2026-01-01",
    "regions": ["320500"],
    "then": [
        {"set": {"parameter": "work_injury.employer_rate", "value": "0.0048"}},
        {"warn": "工伤费率按本单位核定的算。"},
    ],
    "why": "社保局 2026 年核定",
    "source": {"title": "工伤保险费率核定单", "where": "人事档案", "number": "苏工伤核〔2026〕88号"},
    "by": {"author": "赵静"},
    "cases": [
        {
            "name": "三千五",
            "given": {
                "region": "320500",
                "on": "2026-10-15",
                "household": {"size": 1, "earners": [{"wage": "3500.00"}]},
            },
            "expect": {"contributions.work_injury.employer": "23.77"},
        }
    ],
}


@needs_meaning
def test_the_assessed_injury_rate_is_what_the_chat_reckons_with() -> None:
    house = house_of("embedded")
    company = Company(rules=(parse_rule(RULE, "rule.yaml", house.library),), sha256="1" * 64)
    asked = "在苏州上班，工资3500扣之前，社保两边各交多少"
    usual = Employee(house).does({"say": asked})
    ours = Employee(replace(house, company=company)).does({"say": asked})
    assert "工伤费率按本单位核定的算。" in ours.text
    assert "工伤费率按本单位核定的算。" not in usual.text
    assert ours.text != usual.text
