"""The page to check a file, in a real browser on a phone: the hash is made there, and the file stays there.

A real server stands on a free port; without Chromium everything here is skipped.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from seal_samples import sample
from test_verify_views import Register
from werkzeug.serving import make_server

from audit.case_chain import short_code
from notices.verify_views import VerifyPages, create_blueprint
from web_calc import languages

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
Browser, Page, expect = sync_api.Browser, sync_api.Page, sync_api.expect

PHONE = {"width": 390, "height": 844}
Open = Callable[..., Page]


@pytest.fixture
def posted() -> list[tuple[str, int]]:
    """What was sent to the server: addresses, and how long the bodies were."""
    return []


@pytest.fixture
def site(posted: list[tuple[str, int]]) -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = Flask("plant", static_folder=None)
    app.register_blueprint(create_blueprint(VerifyPages(register=Register(), languages=languages)))

    @app.before_request
    def note() -> None:
        from flask import request

        if request.method == "POST":
            posted.append((request.path, request.content_length or 0))

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def open_page(browser: Browser, site: str) -> Iterator[Open]:
    complaints: list[str] = []
    contexts: list[Any] = []

    def opened(path: str = "/verify", **options: Any) -> Page:
        context = browser.new_context(viewport=PHONE, locale="zh-CN", has_touch=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(site + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not [each for each in complaints if "ERR_INTERNET_DISCONNECTED" not in each]


def look(page: Page, name: str) -> None:
    """No sideways scrolling, nothing that axe finds; a picture where somebody wants to look at it."""
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def chosen(page: Page, folder: Path, pdf: bytes) -> None:
    (folder / "n.pdf").write_bytes(pdf)
    page.set_input_files("#file", folder / "n.pdf")


def test_a_file_is_checked_and_stays_on_the_phone(
    open_page: Open, posted: list[tuple[str, int]], tmp_path: Path
) -> None:
    page = open_page()
    look(page, "verify-empty")
    made = sample(True)
    chosen(page, tmp_path, made.file.pdf)
    page.fill("#code", short_code(made.file.sha256, made.links[3].hash).lower())
    page.click("#here")
    expect(page.locator("#summary")).to_have_text("7 项对得上，0 项对不上，0 项没有查。")
    expect(page.locator("#lines li")).to_have_count(7)
    expect(page.locator("#lines li.ok")).to_have_count(7)
    expect(page.locator("#found")).to_be_focused()
    expect(page.locator(".not-proven").first).to_contain_text("不证明：")
    look(page, "verify-good")
    assert posted == [(f"/verify/{made.file.sha256}", len("code=XXXX-XXXX-XXXX"))]


def test_an_altered_file(open_page: Open, tmp_path: Path) -> None:
    page = open_page()
    chosen(page, tmp_path, sample(True).file.pdf + b"\n")
    page.click("#here")
    expect(page.locator("#lines li").first).to_have_class("failed")
    expect(page.locator("#summary")).to_have_class("summary bad")
    look(page, "verify-unknown")
    page.click("#send")
    expect(page.locator("#lines li.failed")).to_have_count(2)
    look(page, "verify-sent")


def test_the_code_on_paper_is_compared(open_page: Open, tmp_path: Path) -> None:
    page = open_page(f"/verify#{'ab' * 32}")
    expect(page.locator("#paper")).to_contain_text("ab" * 32)
    chosen(page, tmp_path, sample(True).file.pdf)
    page.click("#here")
    expect(page.locator("#lines li.ok")).to_have_count(6)
    expect(page.locator("#same")).to_be_hidden()  # the sample's chain does not tell what it says


def test_with_the_keyboard_alone(open_page: Open, tmp_path: Path) -> None:
    page = open_page()
    chosen(page, tmp_path, sample(True).file.pdf)
    page.focus("#code")
    page.keyboard.press("Tab")
    expect(page.locator("#here")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#lines li.ok")).to_have_count(6)


def test_without_a_network(open_page: Open, tmp_path: Path) -> None:
    page = open_page()
    chosen(page, tmp_path, sample(True).file.pdf)
    page.context.set_offline(True)
    page.click("#here")
    expect(page.locator("#problem")).to_contain_text("没有连上")
    expect(page.locator("#here")).to_be_enabled()


def test_a_browser_that_cannot_make_hashes(open_page: Open, tmp_path: Path) -> None:
    page = open_page()
    page.add_init_script("Object.defineProperty(window, 'isSecureContext', {value: false})")
    page.reload()
    expect(page.locator("#here")).to_be_hidden()
    expect(page.locator("#cannot")).to_be_visible()
    look(page, "verify-cannot")
    chosen(page, tmp_path, sample(True).file.pdf)
    page.click("#send")
    expect(page.locator("#lines li.ok")).to_have_count(6)


def test_without_scripts_the_file_can_be_sent(open_page: Open, tmp_path: Path) -> None:
    page = open_page(java_script_enabled=False)
    chosen(page, tmp_path, sample(True).file.pdf)
    page.click("#send")
    assert page.locator("#lines li.ok").count() == 6
    assert page.locator("#here").is_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["zh-Hans", "zh-Hant", "en"])
def test_in_every_language_and_light(open_page: Open, tmp_path: Path, scheme: str, lang: str) -> None:
    page = open_page(f"/verify?lang={lang}", color_scheme=scheme)
    chosen(page, tmp_path, sample(True).file.pdf)
    page.click("#here")
    expect(page.locator("#lines li.ok")).to_have_count(6)
    look(page, f"verify-{lang}-{scheme}")
