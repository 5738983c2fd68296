"""A company's own rule reaches its page and its API, and says so."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from policy_kb.company import Company
from policy_kb.company_rules import parse_rule
from policy_kb.library import Library
from web_calc import create_blueprint

TODAY = date(2026, 10, 15)
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


@pytest.fixture
def plant(library: Library) -> FlaskClient:
    company = Company(rules=(parse_rule(RULE, "rule.yaml", library),), sha256="1" * 64)
    app = Flask("plant", static_folder=None)
    app.register_blueprint(create_blueprint(library, lambda: TODAY, company))
    return app.test_client()


def test_the_page_shows_the_companys_rate_and_says_whose_it_is(
    plant: FlaskClient, ali: dict[str, str]
) -> None:
    page = plant.post("/", data=ali).get_data(as_text=True)
    assert "23.77" in page
    assert "工伤费率按本单位核定的算。" in page


def test_the_api_names_the_rules_it_used(
    plant: FlaskClient, client: FlaskClient, ali: dict[str, str]
) -> None:
    case = {"region": "320500", "household": {"size": 4, "earners": [{"wage": "3500"}]}}
    ours, law = (each.post("/api/v1/calculations", json=case).get_json() for each in (plant, client))
    assert (ours["employer_total"], law["employer_total"]) == ("1227.11", "1213.24")
    assert ours["ruleset"]["company"] == "1" * 64
    assert ours["id"] != law["id"]
    assert "company_rule" in {warning["code"] for warning in ours["warnings"]}
