"""After new bounds, on a phone and on a desk: nothing wider than the screen, everything read aloud, and telling by keyboard.
With SHEBAO_PICTURES set to a folder the pages are drawn into it."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from databases import Clock
from desk import Colleague
from screens import DESKTOP, PHONE, Open

from app.reassessing import Reassessing
from bench.profiles import raised
from people.employees import Employee
from policy_kb.compiled import snapshot
from policy_kb.library import Library
from profiles.passes import Pass
from storage.opening import Storage

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
Browser, expect = sync_api.Browser, sync_api.expect

pytest_plugins = ["databases", "desk", "screens"]

PICTURES = os.environ.get("SHEBAO_PICTURES", "")


@pytest.fixture
def found(desk_storage: Storage, library: Library, clock: Clock) -> Pass:
    """A pass whose bounds concern three, in two places."""
    for count, region in enumerate(("320500", "320500", "310000")):
        since = date(2026, 8, 1)
        who = Employee("", f"B{count}", f"职工{count}", region, wage=350_000, insured_since=since)
        desk_storage.roster.add(who, "account:hr")
    for changed in (library, raised(library)):
        for each in desk_storage.profiles.pending(100):
            desk_storage.profiles.follow(each, lambda before, after, done: None)
        Reassessing(
            desk_storage.passes, lambda library=changed: library, lambda: clock().date(), snapshot
        ).run()
        clock.move(minutes=1)
    made = desk_storage.passes.last()
    assert made is not None and made.changed == 3
    return made


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desk"])
def test_whom_it_concerns_is_told_by_keyboard(
    opens: Open,
    site: str,
    colleague: Callable[..., Colleague],
    desk_storage: Storage,
    found: Pass,
    size: dict[str, int],
) -> None:
    page = opens(f"/hr/passes/{found.id}", colleague("赵静", "agent", "admin"), size)
    for name, path in (("pass", ""), ("tell", "/tell"), ("notices", "/notices")):
        page.goto(f"{site}/hr/passes/{found.id}{path}")
        _is_fine(page, f"{name}-{size['width']}")
    page.goto(f"{site}/hr/passes/{found.id}")
    page.get_by_label("选 职工0").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="告诉受影响的人").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("勾了的 1 人")).to_be_visible()
    page.get_by_role("button", name="给这 1 人备好说明").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("好，1 人")).to_be_visible()
    assert desk_storage.pass_news.counts(found.id) == {"waiting": 1}
    _is_fine(page, f"told-{size['width']}")


def _is_fine(page: Any, name: str) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    results = axe.Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)
