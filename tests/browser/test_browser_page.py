"""The page in a real browser: phone and desktop, with and without JavaScript, in three languages.

A real server stands on a free port with a pinned day; without Chromium everything here is skipped.
"""

import logging
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from flask import Flask, request
from werkzeug.serving import make_server

from locales import speak
from policy_kb.library import Library
from web_calc import create_blueprint

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
Browser, Page, expect = sync_api.Browser, sync_api.Page, sync_api.expect


PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
TRANSLATED = speak("en")("依据") != "依据"

ALI = {
    "on_book": "yes",
    "region": "苏州",
    "dibao_region": "阜阳",
    "area": "rural",
    "standard": "800",
    "wage": "3500",
    "wage_kind": "gross",
    "size": "4",
    "other_income": "0",
    "dibao": "receiving",
}
Open = Callable[..., Page]


class Site:
    """The address of the server, and everything that it was asked for."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[str] = []


@pytest.fixture(scope="session")
def site(library: Library) -> Iterator[Site]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = Flask("web_calc_browser", static_folder=None)
    app.register_blueprint(create_blueprint(library, lambda: date(2026, 10, 15)))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    found = Site(f"http://127.0.0.1:{server.port}")

    @app.before_request
    def note() -> None:
        found.asked.append(f"{request.method} {request.full_path} {request.headers.get('Referer', '')}")

    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def open_page(browser: Browser, site: Any) -> Iterator[Open]:
    """Opens the page in a context of its own; anything on the console is a failure."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def opened(path: str = "/", size: dict[str, int] = PHONE, js: bool = True, locale: str = "zh-CN") -> Page:
        context = browser.new_context(
            viewport=size,  # type: ignore[arg-type]
            java_script_enabled=js,
            locale=locale,
            permissions=["clipboard-read", "clipboard-write"],
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        page.goto(site.url + path)
        return page

    yield opened
    for context in contexts:
        assert context.cookies() == []
        context.close()
    # Offline on purpose, and a form with faults, which comes back as 400.
    assert not [
        each for each in complaints if "ERR_INTERNET_DISCONNECTED" not in each and " 400 " not in each
    ]


def answer_all(page: Page, answers: dict[str, str]) -> None:
    """Fills in the form as a person does: one question after the other, waiting for what opens."""
    for name, value in answers.items():
        field = page.locator(f'[name="{name}"]').first
        kind = field.get_attribute("type")
        if kind == "radio":
            page.locator(f'[name="{name}"][value="{value}"]').check()
        elif kind == "checkbox":
            field.check()
        else:
            if name == "standard" and not field.is_visible():
                page.locator("#line-block > summary").click()
            field.fill(value)


def told(page: Page) -> str:
    return page.locator("#answer").inner_text()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("js", [True, False], ids=["script", "plain"])
def test_ali_gets_her_answer(open_page: Open, size: dict[str, int], js: bool) -> None:
    page = open_page(size=size, js=js)
    answer_all(page, ALI)
    if not js:
        page.locator("button.main").click()
    expect(page.locator(".headline h3")).to_contain_text("要看老家算收入时减不减社保")
    expect(page.locator(".headline")).to_contain_text("每月实际少 300.00 到 524.96 元")
    expect(page.locator(".headline")).to_contain_text("2975.04 元，低于 3200.00 元")
    expect(page.locator(".note")).to_contain_text("区号+12345（安徽省阜阳市）")
    width = page.evaluate("document.documentElement.scrollWidth") if js else size["width"]
    assert width <= size["width"]


@pytest.mark.parametrize("js", [True, False], ids=["script", "plain"])
def test_over_has_four_taps(open_page: Open, js: bool) -> None:
    page = open_page(js=js)
    answer_all(page, ALI | {"wage": "9000"})
    if not js:
        page.locator("button.main").click()
    expect(page.locator(".headline h3")).to_contain_text("不是社保的事，是工资的事")
    expect(page.locator(".taps > details")).to_have_count(4)
    page.locator("#tap-appeal > summary").click()
    expect(page.locator("#tap-appeal")).to_contain_text("行政复议")
    page.locator("#tap-appeal .basis summary").first.click()
    expect(page.locator("#tap-appeal .source").first).to_be_visible()


@pytest.mark.parametrize(
    ("locale", "title", "headline"),
    [
        ("zh-CN", "交社保，低保还有没有？", "要看老家算收入时减不减社保"),
        ("zh-TW", "交社保，低保還有沒有？", "要看老家算收入時減不減社保"),
        ("en-US", "Insured: is our dibao still there?", "whether your home county deducts"),
    ],
)
def test_three_languages(open_page: Open, locale: str, title: str, headline: str) -> None:
    if locale != "zh-CN" and not TRANSLATED:
        pytest.skip("catalogues are not compiled")
    page = open_page(locale=locale)
    expect(page.locator("h1")).to_have_text(title)
    answer_all(page, ALI)
    expect(page.locator(".headline h3")).to_contain_text(headline)
    assert page.locator("html").get_attribute("lang") in ("zh-Hans", "zh-Hant", "en")


@pytest.mark.parametrize("js", [True, False], ids=["script", "plain"])
def test_the_language_switch_keeps_what_was_typed(open_page: Open, js: bool) -> None:
    page = open_page(js=js)
    answer_all(page, {"wage": "3500"})
    page.locator(".languages button[lang=en]").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#wage")).to_have_value("3500")


def test_typing_keeps_focus_and_caret(open_page: Open) -> None:
    page = open_page()
    answer_all(page, ALI)
    expect(page.locator(".headline")).to_contain_text("524.96")
    wage = page.locator("#wage")
    wage.focus()
    page.evaluate("document.getElementById('wage').setSelectionRange(1, 1)")
    page.keyboard.type("1", delay=40)
    expect(page.locator(".headline")).not_to_contain_text("524.96")
    assert page.evaluate("[document.activeElement.id, document.activeElement.selectionStart]") == ["wage", 2]
    expect(wage).to_have_value("31500")


def test_what_was_opened_stays_open_when_a_new_answer_comes(open_page: Open) -> None:
    page = open_page()
    answer_all(page, ALI | {"wage": "9000"})
    page.locator("#tap-appeal > summary").click()
    page.locator("#tap-appeal .basis summary").first.click()
    with page.expect_response("**/result*"):
        page.evaluate("document.getElementById('wage').dispatchEvent(new Event('input', {bubbles: true}))")
    page.wait_for_timeout(200)
    expect(page.locator("#tap-appeal .source").first).to_be_visible()


def test_a_late_answer_does_not_win(open_page: Open) -> None:
    page = open_page()
    answer_all(page, ALI)
    expect(page.locator(".headline")).to_contain_text("524.96")
    held: list[Any] = []

    def hold_first(route: Any) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route("**/result*", hold_first)
    page.locator("#wage").fill("9000")
    page.wait_for_timeout(400)
    page.locator("#wage").fill("3600")
    expect(page.locator("#answer")).to_contain_text("3600.00")
    held[0].abort()
    page.wait_for_timeout(300)
    assert "9000.00" not in told(page)


def test_without_network_nothing_is_lost(open_page: Open) -> None:
    page = open_page()
    answer_all(page, ALI)
    expect(page.locator(".headline")).to_contain_text("524.96")
    page.context.set_offline(True)
    page.locator("#wage").fill("3600")
    expect(page.locator("#offline")).to_be_visible()
    expect(page.locator("#wage")).to_have_value("3600")
    expect(page.locator("#retry")).to_be_enabled()
    page.context.set_offline(False)  # the page tries again by itself
    expect(page.locator("#offline")).to_be_hidden()
    expect(page.locator("#answer")).to_contain_text("3600.00")


def test_places_are_found_by_pinyin_and_keyboard(open_page: Open) -> None:
    page = open_page()
    page.locator("#region").press_sequentially("chaoyang", delay=20)
    expect(page.locator("#region-list li")).not_to_have_count(0)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    chosen = page.locator('#region-list li[aria-selected="true"]').inner_text()
    page.keyboard.press("Enter")
    expect(page.locator("#region")).to_have_value(chosen)
    expect(page.locator("#region")).to_have_attribute("aria-expanded", "false")
    page.locator("#dibao_region").fill("朝阳")
    page.locator("#wage").fill("3500")
    expect(page.locator("#dibao_region-error")).to_contain_text("请选一个")
    page.locator('[data-pick="110105"]').click()
    expect(page.locator("#dibao_region")).to_have_value("北京市朝阳区")
    expect(page.locator("#dibao_region-error")).to_be_hidden()


def test_an_ambiguous_place_without_script(open_page: Open) -> None:
    page = open_page(js=False)
    answer_all(page, ALI | {"region": "朝阳", "wage": "三千"})
    page.locator("button.main").click()
    expect(page.locator("#problems")).to_be_visible()
    expect(page.locator("#wage-error")).to_be_visible()
    expect(page.locator("#wage")).to_have_value("三千")
    page.locator('[name="region_pick"][value="110105"]').check()
    page.locator("#wage").fill("3500")
    page.locator("button.main").click()
    expect(page.locator("#result")).to_contain_text("北京市")


def test_rows_for_further_earners(open_page: Open) -> None:
    page = open_page()
    answer_all(page, ALI | {"size": "5"})
    page.locator("#more > summary").click()
    page.locator("#add-earner").click()
    page.locator("#earner4_wage").fill("1000")
    expect(page.locator("#answer")).to_contain_text("4")
    expect(page.locator(".headline")).not_to_contain_text("2975.04 元")
    page.locator('[data-row="4"] .remove').click()
    expect(page.locator(".headline")).to_contain_text("2975.04 元")


def test_a_share_link_reaches_no_log_and_brings_the_old_result_back(open_page: Open, site: Any) -> None:
    page = open_page()
    answer_all(page, ALI | {"wage": "3456.78"})
    expect(page.locator(".headline")).to_contain_text("每月实际少")
    headline = page.locator(".headline").inner_text()
    page.locator("#share").click()
    expect(page.locator("#shared")).not_to_be_empty()
    link = page.evaluate("navigator.clipboard.readText()")
    assert "#s=" in link
    site.asked.clear()
    again = open_page("/" + link.removeprefix(site.url).removeprefix("/"))
    expect(again.locator("#wage")).to_have_value("3456.78")
    expect(again.locator(".old")).to_contain_text("这些数没有变")
    assert again.locator(".headline").inner_text() == headline
    assert not [line for line in site.asked if "3456" in line or "s=" in line]
    again.locator("#recalculate").click()
    expect(again.locator(".old")).to_have_count(0)


def test_an_old_link_lists_what_changed(open_page: Open) -> None:
    page = open_page(size=DESKTOP)
    answer_all(page, ALI | {"region": "北京"})
    expect(page.locator(".headline")).to_contain_text("每月实际少")
    page.locator("#share").click()
    page.evaluate(
        """() => {
            const data = JSON.parse(new TextDecoder().decode(Uint8Array.from(
                atob(location.hash.slice(3).replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0))));
            data.on = data.as_of = "2025-10-15";
            data.sha = "0".repeat(64);
            const text = btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(data))));
            location.hash = "s=" + text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
        }"""
    )
    expect(page.locator(".old h3")).to_contain_text("2025-10-15")
    expect(page.locator(".changes tbody tr").first).to_be_visible()


def test_the_chart_can_be_read_aloud(open_page: Open) -> None:
    page = open_page()
    answer_all(page, ALI)
    chart = page.get_by_role("img", name=re.compile("全家每月的钱"))
    expect(chart).to_have_count(1)
    words = chart.locator("desc").text_content() or ""
    assert "工资 3500.00 元时" in words and "3200.00" in words and "224.96" in words and "3724.95" in words


@pytest.mark.parametrize("js", [True, False], ids=["script", "plain"])
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler is not installed")
def test_the_pdf_holds_the_same_figures(open_page: Open, tmp_path: Any, js: bool) -> None:
    page = open_page(js=js)
    answer_all(page, ALI)
    if not js:
        page.locator("button.main").click()
    expect(page.locator(".headline")).to_contain_text("524.96")
    shown = told(page) if not js else page.locator(".compare").first.inner_text()
    for button, wanted in (
        ("报告 PDF", ("524.96", "2975.04", "3200.00", "224.96", "1213.24")),
        ("纸条 PDF", ("524.96", "3500.00")),
    ):
        with page.expect_download() as download:
            page.get_by_role("button", name=button).click()
        file = tmp_path / "paper.pdf"
        download.value.save_as(file)
        text = subprocess.run(
            ["pdftotext", "-layout", file, "-"], capture_output=True, text=True, check=True
        ).stdout
        assert all(figure in text for figure in wanted)
        if button.startswith("报告"):
            assert set(re.findall(r"\d+\.\d\d", shown)) - {"0.00"} <= set(re.findall(r"\d+\.\d\d", text))


def test_the_keyboard_goes_all_the_way(open_page: Open) -> None:
    page = open_page(size=DESKTOP)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(4):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator('[name="on_book"]').first).to_be_checked()
    answer_all(page, {key: value for key, value in ALI.items() if key != "on_book"})
    expect(page.locator("#answer")).to_contain_text("全家每月的钱")
    row = page.locator(".compare .table > details").nth(3)
    row.locator("> summary").focus()
    page.keyboard.press("Enter")
    expect(row).to_have_attribute("open", "")
    page.locator("#wage").fill("3600")
    expect(row).to_contain_text("3600.00")
    expect(row).to_have_attribute("open", "")


def test_large_print_on_a_small_phone(open_page: Open) -> None:
    page = open_page()
    answer_all(page, ALI)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    expect(page.locator(".headline")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/report"])
def test_no_rule_of_accessibility_is_broken(browser: Browser, site: Any, path: str, scheme: Any) -> None:
    """The questions and a result, by axe: contrast, labels, order, names."""
    context = browser.new_context(viewport=PHONE, color_scheme=scheme, locale="zh-CN", bypass_csp=True)  # type: ignore[arg-type]
    page = context.new_page()
    fields = "".join(f'<input name="{name}" value="{value}">' for name, value in ALI.items())
    page.set_content(f'<form method="post" action="{site.url}{path}">{fields}<button>go</button></form>')
    page.locator("button").click()
    expect(page.locator("h1")).to_be_visible()
    broken = axe.Axe().run(page).response["violations"]
    context.close()
    assert not [(each["id"], each["nodes"][0]["html"]) for each in broken]


def test_a_link_that_was_cut_says_so(open_page: Open) -> None:
    page = open_page("/#s=xxxx")
    expect(page.locator("#broken")).to_be_visible()
    expect(page.locator("#wage")).to_have_value("")
