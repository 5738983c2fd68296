"""The demo as whoever tries it sees it: an employee's phone beside the console, one question from WeChat to HR and back.

The program and the platforms run as processes of their own, as `make run` starts them.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.demo import PASSWORD

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
Browser, Page, expect = sync_api.Browser, sync_api.Page, sync_api.expect

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
#: In milliseconds: far shorter than the minute after which a sweep finds what was forgotten, and what an answer of HR may take
#: to the employee.
SOON, AN_ANSWER = 15_000, 2_000
QUESTION = "苏州上班老家阜阳农村，本上四个人有我，工资3500扣之前，低保线800，交社保低保还有吗"
#: What a browser says of a field that wants the focus inside a frame.
EXPECTED = "Blocked autofocusing"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`shebao serve --demo` over a database of its own; the address of the phones' page."""
    home = tmp_path_factory.mktemp("demo")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = "from app.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", command, "serve", "--demo", "--port", str(port)],
        env={
            **os.environ,
            "SHEBAO__DATABASE__URL": f"sqlite:///{home}/shebao.db",
            "SHEBAO__KEYS__FOLDER": str(home / "keys"),
            "PYTHONIOENCODING": "utf-8",
        },
        cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8",
    )  # fmt: skip
    assert process.stdout is not None
    lines = [next(process.stdout, "") for _ in range(3)]
    yield lines[-1].rpartition("：")[2].strip()
    process.terminate()
    process.wait(20)
    process.stdout.close()


@pytest.fixture
def page(browser: Browser, demo: str) -> Iterator[Page]:
    context = browser.new_context(viewport=DESKTOP, locale="zh-CN")
    complaints: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(demo)
    yield page
    context.close()
    assert [each for each in complaints if EXPECTED not in each] == []


def say(page: Page, text: str) -> None:
    page.get_by_label("写消息").fill(text)
    page.keyboard.press("Enter")


def sign_in(console: Any) -> None:
    console.get_by_label("登录名").fill("zhaojing")
    console.get_by_label("密码").fill(PASSWORD)
    console.get_by_role("button", name="登录", exact=True).click()


def heard(page: Page, text: str, soon: int = SOON) -> Any:
    """The last bubble of the assistant's or HR's with a text in it, once it is there."""
    bubble = page.locator(".bubbles > .them", has_text=text).last
    expect(bubble).to_be_visible(timeout=soon)
    return bubble


def test_what_happens_next_is_marked_once_it_has_happened(page: Page) -> None:
    bar = page.get_by_role("region", name="下一件事")
    expect(bar.locator(".count")).to_have_text("0 / 9")
    bar.get_by_role("button", name="让它发生：民政的状态读进来了").click()
    expect(bar.locator(".count")).to_have_text("1 / 9")
    expect(bar.get_by_role("status")).to_contain_text("看板")
    console = page.frame_locator("iframe")
    sign_in(console)
    page.wait_for_timeout(AN_ANSWER)  # as long as civil affairs may take to hand it over
    console.get_by_role("link", name="看板").click()
    expect(console.locator("main")).to_contain_text(re.compile(r"12\s*在领"))
    bar.locator("summary").click()
    chapters = bar.locator(".events > li")
    expect(chapters).to_have_count(9)
    expect(chapters.first.get_by_role("button")).to_be_disabled()
    expect(chapters.nth(6).get_by_role("button")).to_be_disabled()
    chapters.nth(5).get_by_role("button").click()
    expect(chapters.nth(6).get_by_role("button")).to_be_enabled()
    broken = axe.Axe().run(page, options={"iframes": False}).response["violations"]
    assert [(each["id"], [node["target"] for node in each["nodes"]]) for each in broken] == []
    page.set_viewport_size(PHONE)
    expect(bar).to_be_hidden()
    page.get_by_role("button", name="下一件事").click()
    expect(chapters.nth(8)).to_be_visible()
    expect(page.locator("iframe")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    bar.get_by_role("button", name="故事从头再来").click()
    expect(chapters.first.get_by_role("button")).to_be_enabled()


def test_a_question_from_wechat_reaches_hr_and_the_answer_the_phone(page: Page) -> None:
    heard(page, "绑好了")
    say(page, QUESTION)
    heard(page, "本上别的人").get_by_role("button", name="没有").click()
    heard(page, "低保现在每月打到卡上多少")
    say(page, "找人事")
    heard(page, "你想怎么发").get_by_role("button", name="只发这个问题").click()
    heard(page, "已经发给人事了")
    expect(page.locator(".quota")).to_contain_text("还能发")

    console = page.frame_locator("iframe")
    sign_in(console)
    mine = console.locator("#cases > li", has_text="李阿丽")
    expect(mine).to_have_count(3)  # what she said before, that she is not insured, and now this
    mine.last.click()
    expect(console.locator("#case")).to_contain_text("李阿丽")
    console.locator("#text").fill("下午到人事来，我给你算。")
    console.locator("#send").click()
    heard(page, "下午到人事来，我给你算。", AN_ANSWER)
    expect(page.locator(".bubbles > .platform")).to_have_count(0)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_fits_and_can_be_used_by_everyone(page: Page, size: dict[str, int]) -> None:
    page.set_viewport_size(size)
    page.get_by_role("button", name="周建国").click()
    expect(page.locator(".bar")).to_contain_text("企业微信")
    heard(page, "绑好了")
    say(page, "我家低保停了")
    card = heard(page, "只在这里算，不说")
    expect(card.get_by_role("button", name="告诉人事")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if size is PHONE:
        expect(page.locator("iframe")).to_be_hidden()
        page.get_by_role("button", name="人事后台").click()
        expect(page.locator("iframe")).to_be_visible()
        expect(page.get_by_label("写消息")).to_be_hidden()
        page.get_by_role("button", name="员工的手机").click()
    broken = axe.Axe().run(page, options={"iframes": False}).response["violations"]
    assert [(each["id"], [node["target"] for node in each["nodes"]]) for each in broken] == []
