"""A link in a real browser on a phone: looked at, opened, read where it leads, gone on with, left, and shut.

A real server stands on a free port; without Chromium everything here is skipped.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from databases import Clock
from talking import give_back, take_over
from visit_samples import Plant
from werkzeug.serving import make_server

from delivery.links import IDLE

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
Browser, Page, expect = sync_api.Browser, sync_api.Page, sync_api.expect
pytest_plugins = ["databases", "visit_samples"]

PHONE = {"width": 390, "height": 844}
#: What a browser says on its console when a page has ended.
EXPECTED = re.compile(r"status of 4\d\d")
#: Longer than two looks of the page.
SOON = 8000
Open = Callable[[str], Page]


@pytest.fixture
def url(sqlite_template: Path, tmp_path: Path) -> str:
    """The pages are the same over either database."""

    shutil.copy(sqlite_template, tmp_path / "shebao.db")
    return f"sqlite:///{tmp_path / 'shebao.db'}"


@pytest.fixture
def site(plant: Plant) -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, plant.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def open_page(browser: Browser, site: str) -> Iterator[Open]:
    """Opens a page in one phone's browser; anything unexpected on the console is a failure."""
    complaints: list[str] = []
    context = browser.new_context(viewport=PHONE, locale="zh-CN", has_touch=True)

    def opened(path: str) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(site + path)
        return page

    yield opened
    context.close()
    assert not [each for each in complaints if not EXPECTED.search(each)]


def look(page: Page, name: str) -> None:
    """No sideways scrolling, nothing that axe finds; a picture where somebody wants to look at it."""
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")


def talk(plant: Plant) -> str:
    """阿丽 has talked for long on Telegram; what she was sent last leads to her result, further up."""
    plant.says("阿丽", "算")
    kept = plant.storage.conversations.find("telegram", "阿丽")
    assert kept is not None
    take_over(plant.storage, kept.id)
    for number in range(1, 10):
        plant.says("阿丽", f"跟人事说的第 {number} 句")
    give_back(plant.storage, kept.id)
    return plant.link("阿丽", seq=2)


def test_a_link_is_opened_read_gone_on_with_and_left(plant: Plant, open_page: Open) -> None:
    link = talk(plant)
    page = open_page(link)
    expect(page.get_by_role("heading")).to_have_text("有一条给你的内容")
    look(page, "link")
    page.get_by_role("button", name="打开").click()
    expect(page.locator(".visit")).to_contain_text("这里是你在 Telegram 的对话")
    linked = page.locator('[data-seq="2"]')
    expect(linked).to_contain_text("2975.04")
    expect(linked).to_be_in_viewport()
    expect(page.locator("[data-seq='11']")).not_to_be_in_viewport()
    assert page.url.endswith("/chat"), "where it led is read once, and a reload starts at the end"
    look(page, "visit")
    page.locator("#text").fill("我还想问")
    page.locator("#send").click()
    expect(page.locator(".entry.assistant").last).to_contain_text("听到了：我还想问")
    look(page, "visit_on")
    plant.says("阿丽", "手机上写的")
    expect(page.locator("#log")).to_contain_text("听到了：手机上写的", timeout=SOON)
    page.get_by_role("link", name="我的").click()
    expect(page.get_by_role("heading", name="我这里留了什么")).to_be_visible()
    look(page, "visit_me")
    page.get_by_role("link", name="回去接着聊").first.click()
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("heading")).to_have_text("退出了")
    look(page, "left")
    page.go_back()
    expect(page.locator("body")).not_to_contain_text("2975.04")
    page.goto(page.url.partition("/visits")[0] + link)
    expect(page.get_by_role("heading")).to_have_text("这个链接用过了")
    look(page, "used")


def test_a_forgotten_page_closes_by_itself(plant: Plant, open_page: Open, clock: Clock) -> None:
    page = open_page(talk(plant))
    page.get_by_role("button", name="打开").click()
    expect(page.locator("#log")).to_contain_text("2975.04")
    clock.time += IDLE
    expect(page.locator("#expired")).to_be_visible(timeout=SOON)
    expect(page.locator("#expired")).to_contain_text("想再看一次")
    expect(page.locator("#log")).not_to_contain_text("2975.04")
    expect(page.locator("#send")).to_be_disabled()
    look(page, "closed")


def test_what_was_typed_in_the_web_chat_does_not_slip_into_a_visit(plant: Plant, open_page: Open) -> None:
    page = open_page("/chat")
    expect(page.locator(".entry.assistant")).to_have_count(1)
    page.locator("#text").fill("写了一半的话")
    page.goto(page.url.partition("/chat")[0] + talk(plant))
    page.get_by_role("button", name="打开").click()
    expect(page.locator("#log")).to_contain_text("2975.04")
    expect(page.locator("#text")).to_have_value("")
    page.goto(page.url.partition("/visits")[0] + "/chat")
    expect(page.locator("#text")).to_have_value("写了一半的话")
    expect(page.locator("#log")).not_to_contain_text("2975.04")


def test_the_first_at_a_computer_is_gone_when_the_second_opens_a_link(plant: Plant, open_page: Open) -> None:
    first = open_page(talk(plant))
    first.get_by_role("button", name="打开").click()
    expect(first.locator("#log")).to_contain_text("2975.04")
    plant.says("老周", "我是老周")
    second = open_page(plant.link("老周"))
    second.get_by_role("button", name="打开").click()
    expect(second.locator("#log")).to_contain_text("听到了：我是老周")
    first.bring_to_front()
    expect(first.locator("#expired")).to_be_visible(timeout=SOON)
    expect(first.locator("#log")).to_have_text("")
    expect(first.locator("#visit")).to_be_hidden()
    expect(second.locator("#expired")).to_be_hidden()
