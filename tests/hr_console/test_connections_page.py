"""系统对接: how each system stands in words, what to do, and that nothing there tells of few people."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from databases import Clock
from desk import Colleague
from flask import Flask

from app.console import make_console
from app.settings import Settings
from app.web import create_app
from hr_console.connections import System, Systems
from people.connections import Name
from people.outside import Nonsense, OutsideFailed, Unreachable
from policy_kb.library import Library
from storage.opening import Storage

pytest_plugins = ["databases", "desk"]

HOUR = timedelta(hours=1)


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def desk(desk_storage: Storage, library: Library, asked: list[str]) -> Flask:
    """A console over two systems, of which civil affairs delivers by itself."""
    systems = Systems(
        connected=(
            System("civil_affairs", timedelta(minutes=10), timedelta(minutes=30), delivers=True),
            System("payroll", HOUR, 3 * HOUR, folder=True),
        ),
        book=desk_storage.connections,
        ask=lambda: asked.append("asked"),
        recipients=2,
    )
    console = make_console(Settings(), desk_storage, library, systems=systems)
    return create_app(Settings(), library, console=console)


@pytest.fixture
def boss(colleague: Callable[..., Colleague]) -> Colleague:
    return colleague("钱丽", "admin")


def shown(colleague: Colleague) -> str:
    page = colleague.opens("/hr/connections").get_data(as_text=True)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def was_asked(storage: Storage, name: Name, about: int = 0, error: OutsideFailed | None = None) -> None:
    lease = storage.connections.claim(name, storage.now() + HOUR)
    assert lease is not None
    if error is None:
        storage.connections.succeed(lease, HOUR, about, 0)
    else:
        storage.connections.fail(lease, error, HOUR)


def test_what_is_not_connected_and_what_was_not_asked_says_so(boss: Colleague) -> None:
    page = shown(boss)
    assert "没有对接。要接，请管服务器的人填设置里的 [connections.social_insurance]。" in page
    assert "民政系统 还没有问过" in page
    assert "对方有变化也会马上送来" in page and "看文件夹里的表" in page


@pytest.mark.parametrize(
    ("about", "told"), [(0, "少于 5 人"), (4, "少于 5 人"), (5, "5 人"), (120, "120 人")]
)
def test_few_who_agreed_are_not_counted(
    boss: Colleague, desk_storage: Storage, about: int, told: str
) -> None:
    was_asked(desk_storage, "civil_affairs", about)
    page = shown(boss)
    assert f"同意过的人，{told}" in page
    assert "民政系统 正常" in page


def test_what_fails_since_when_and_what_to_do(boss: Colleague, desk_storage: Storage, clock: Clock) -> None:
    was_asked(desk_storage, "civil_affairs", error=Unreachable("connect"))
    page = shown(boss)
    assert "民政系统 刚才没问成，会自己再问" in page and "从 2026-10-15 12:00 起" in page
    assert "连不上对方的系统" in page and "怎么办" in page
    clock.move(minutes=31)
    assert "民政系统 有故障" in shown(boss)
    was_asked(desk_storage, "civil_affairs")
    assert "民政系统 正常" in shown(boss)


def test_a_code_that_was_not_understood_can_be_read_and_harms_nobody(
    boss: Colleague, desk_storage: Storage
) -> None:
    was_asked(
        desk_storage, "payroll", error=Nonsense("wage.state:unmapped", value="<script>alert(1)</script>")
    )
    page = boss.opens("/hr/connections").get_data(as_text=True)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "<script>alert(1)" not in page
    assert "对方答的内容看不懂，一条都没有收" in page
    was_asked_again = desk_storage.connections.codes("payroll")
    assert [each.place for each in was_asked_again] == ["wage.state"]


def test_the_button_has_it_asked_now_and_the_log_knows_who(
    boss: Colleague, desk_storage: Storage, asked: list[str]
) -> None:
    was_asked(desk_storage, "payroll")
    assert desk_storage.connections.claim("payroll", desk_storage.now() + HOUR) is None
    boss.sends("/hr/connections/payroll/ask")
    assert asked == ["asked"]
    assert desk_storage.connections.claim("payroll", desk_storage.now() + HOUR) is not None
    boss.sends("/hr/connections/social_insurance/ask", status=404)
    boss.sends("/hr/connections/nonsense/ask", status=404)


def test_the_navigation_counts_what_fails(boss: Colleague, desk_storage: Storage) -> None:
    was_asked(desk_storage, "payroll", error=Nonsense("not_json"))
    page = boss.opens("/hr/connections").get_data(as_text=True)
    (entry,) = re.findall(r'<a[^>]*href="/hr/connections"[^>]*>.*?</a>', page, re.DOTALL)
    assert "1" in re.sub(r"<[^>]+>", "", entry)


def test_a_slow_change_stands_out(boss: Colleague, desk_storage: Storage) -> None:
    was_asked(desk_storage, "civil_affairs", 9)
    with desk_storage.database.work() as connection:
        connection.exec_driver_sql("UPDATE connections SET delay = 4000")
    page = shown(boss)
    assert "66 分钟" in page and "超过 60 分钟" in page
