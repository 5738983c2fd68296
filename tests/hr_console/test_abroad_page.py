"""Telegram's page: off until a basis is recorded, on from then, off at once when it is withdrawn; and every step in the log."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest
from databases import Clock
from desk import Colleague
from flask import Flask
from sqlalchemy import select

from app.console import make_console
from app.settings import Settings
from app.web import create_app
from audit.events import account
from hr_console.abroad_page import LONGEST, LONGEST_NAME
from policy_kb.library import Library
from storage.opening import Storage
from storage.tables import abroad, audit_events

pytest_plugins = ["databases", "desk"]

BASIS = "个人信息保护法第三十八条，标准合同已备案（沪备 12 号）；进群前书面单独同意"
FORM = {"basis": BASIS, "decided_by": "钱总经理", "decided_on": "2026-10-12"}


@pytest.fixture
def boss(colleague: Callable[..., Colleague]) -> Colleague:
    return colleague("钱丽", "admin")


@pytest.fixture
def looks() -> list[str]:
    return []


@pytest.fixture
def desk(desk_storage: Storage, library: Library, looks: list[str]) -> Flask:
    """A console that notes when what is allowed has changed."""
    changed = lambda: looks.append("changed")  # noqa: E731
    console = make_console(Settings(), desk_storage, library, abroad_changed=changed)
    return create_app(Settings(), library, console=console)


def text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def shown(colleague: Colleague) -> str:
    return text(colleague.opens("/hr/abroad").get_data(as_text=True))


def acts(storage: Storage) -> list[str]:
    with storage.database.read() as connection:
        return [row.act for row in connection.execute(select(audit_events).order_by(audit_events.c.seq))]


def test_it_is_off_until_a_basis_is_recorded(
    boss: Colleague, desk_storage: Storage, looks: list[str], clock: Clock
) -> None:
    page = shown(boss)
    assert "现在：关着" in page
    assert "token 是空的" in page
    assert desk_storage.abroad.since("telegram") is None
    boss.sends("/hr/abroad/record", **FORM)
    assert desk_storage.abroad.since("telegram") == clock()
    page = shown(boss)
    assert "现在：开着" in page
    assert all(each in page for each in (BASIS, "钱总经理，2026-10-12", "钱丽，2026-10-15 12:00"))
    assert looks == ["changed"]


def test_it_is_off_at_once_when_it_is_withdrawn_and_can_come_back(
    boss: Colleague, desk_storage: Storage, looks: list[str], clock: Clock
) -> None:
    boss.sends("/hr/abroad/record", **FORM)
    clock.move(minutes=5)
    boss.sends("/hr/abroad/withdraw")
    assert desk_storage.abroad.since("telegram") is None
    page = boss.opens("/hr/abroad").get_data(as_text=True)
    assert "现在：关着" in text(page)
    assert "以前登记过的" in page
    assert f">{BASIS}</textarea>" in page  # the form begins with it
    boss.sends("/hr/abroad/withdraw")  # twice is once
    boss.sends("/hr/abroad/record", **FORM)
    assert desk_storage.abroad.since("telegram") == clock()
    assert len(desk_storage.abroad.history("telegram")) == 2
    assert looks == ["changed"] * 3
    assert [act for act in acts(desk_storage) if act.startswith("abroad")] == [
        "abroad_allowed",
        "abroad_withdrawn",
        "abroad_allowed",
    ]


def test_a_second_one_changes_nothing(boss: Colleague, desk_storage: Storage, looks: list[str]) -> None:
    boss.sends("/hr/abroad/record", **FORM)
    boss.sends("/hr/abroad/record", **{**FORM, "basis": "别的依据，写得也够长"})
    (basis,) = desk_storage.abroad.history("telegram")
    assert basis.text == BASIS
    assert basis.decided_on == date(2026, 10, 12)
    assert basis.recorded_by == account(boss.account.id)
    assert looks == ["changed"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"basis": "同意"}, "写 10 到 600 个字"),
        ({"basis": "依" * (LONGEST + 1)}, "写 10 到 600 个字"),
        ({"decided_by": " "}, "写上是谁决定的"),
        ({"decided_by": "钱" * (LONGEST_NAME + 1)}, "写上是谁决定的"),
        ({"decided_on": "2026-10-16"}, "不能晚于今天"),
        ({"decided_on": "2001-01-01"}, "不能晚于今天"),
        ({"decided_on": "昨天"}, "不能晚于今天"),
    ],
)
def test_what_is_missing_is_said_beside_the_field_and_the_rest_stays(
    boss: Colleague, desk_storage: Storage, wrong: dict[str, str], told: str
) -> None:
    page = boss.sends("/hr/abroad/record", 400, **{**FORM, **wrong}).get_data(as_text=True)
    assert told in page
    assert 'aria-invalid="true"' in page
    kept = {**FORM, **wrong}["decided_by"].strip()
    assert f'value="{kept}"' in page
    assert desk_storage.abroad.since("telegram") is None


def test_what_was_written_lies_sealed(boss: Colleague, desk_storage: Storage) -> None:
    boss.sends("/hr/abroad/record", **FORM)
    with desk_storage.database.read() as connection:
        row = connection.execute(select(abroad)).one()
    assert "钱总经理".encode() not in row.body
    assert BASIS.encode() not in row.body
