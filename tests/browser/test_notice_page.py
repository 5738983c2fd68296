"""The notice in a real browser on a phone: read to its end, understood, signed with a finger, turned sideways, objected to,
refused, sent over a network that fails, in three languages.

A real server stands on a free port over the small desk; without Chromium everything here is skipped.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from answer_desks import Small, make_app, right_answers
from werkzeug.serving import make_server

from notices.answering import IDLE
from notices.strokes import WIDTH, is_signature
from policy_kb.library import Library

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
Browser, Page, expect = sync_api.Browser, sync_api.Page, sync_api.expect

PHONE, SMALLER, SIDEWAYS = (
    {"width": 390, "height": 844},
    {"width": 360, "height": 640},
    {"width": 844, "height": 390},
)
#: What a browser says on its console when a page refuses on purpose, or the network is gone.
EXPECTED = re.compile(r"status of 4\d\d|ERR_INTERNET_DISCONNECTED|ERR_FAILED")
SOON = 8000
Open = Callable[..., Page]


@pytest.fixture
def small(library: Library) -> Small:
    return Small(library)


@pytest.fixture
def site(small: Small) -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, make_app(small), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def opens(browser: Browser, site: str) -> Iterator[Open]:
    """Opens a page on a phone of its own; anything unexpected on the console is a failure."""
    complaints: list[str] = []
    contexts: list[Any] = []

    def opened(path: str, size: dict[str, int] = PHONE, **options: Any) -> Page:
        given = {"locale": "zh-CN", "has_touch": True, "is_mobile": True, "device_scale_factor": 2} | options
        context = browser.new_context(viewport=size, **given)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(site + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not [each for each in complaints if not EXPECTED.search(each)]


def look(page: Page, name: str) -> None:
    """No sideways scrolling, nothing that axe finds; a picture where somebody wants to look at it."""
    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1], name
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=not page.locator("#signing:visible").count())


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).tap()


def goes_in(small: Small, page: Page) -> None:
    """From the link to the notice."""
    press(page, "发验证码给我")
    expect(page.locator("#code")).to_be_visible()
    page.locator("#code").fill(small.code())
    page.locator("#id_tail").fill("002x")
    press(page, "打开看看")
    expect(page.locator("#notice")).to_be_visible()


def reads(page: Page) -> None:
    page.locator("#end").scroll_into_view_if_needed()
    expect(page.locator("#read-state")).to_have_text(re.compile("看完了|Read|看完了。"), timeout=SOON)


def understands(small: Small, page: Page) -> None:
    for key, answer in right_answers(small.case.content).items():
        page.locator(f'[data-key="{key}"] input[value="{answer}"]').check()
    page.locator("#check").tap()
    expect(page.locator("#step-check")).to_have_class(re.compile("done"))


def ready(small: Small, page: Page) -> None:
    goes_in(small, page)
    reads(page)
    understands(small, page)


def draws(page: Page) -> None:
    """Two strokes with a finger on the box."""
    box = page.locator("#pad").bounding_box()
    assert box is not None
    touch = page.context.new_cdp_session(page)
    for start, end in ((0.12, 0.45), (0.52, 0.86)):
        for at in range(24):
            x = box["x"] + box["width"] * (start + (end - start) * at / 23)
            y = box["y"] + box["height"] * (0.3 + 0.4 * ((at % 8) / 8 if at % 16 < 8 else 1 - (at % 8) / 8))
            kind = "touchStart" if at == 0 else "touchMove"
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
            page.wait_for_timeout(16)
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def ink(page: Page, canvas: str = "#pad") -> int:
    """How many points of the picture are drawn on."""
    return int(
        page.evaluate(
            """(it) => {
              const c = document.querySelector(it), d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
              let n = 0;
              for (let i = 3; i < d.length; i += 4) if (d[i]) n++;
              return Math.round(1e6 * n / (c.width * c.height));
            }""",
            canvas,
        )
    )


def signs(page: Page) -> None:
    page.locator("#sign").tap()
    expect(page.locator("#signing")).to_be_visible()
    draws(page)
    press(page, "写好了")
    expect(page.locator("#signing")).to_be_hidden()
    expect(page.locator("#signature")).to_be_visible()


@pytest.mark.parametrize("size", [PHONE, SMALLER], ids=["390", "360"])
def test_from_the_link_to_the_copy(small: Small, opens: Open, size: dict[str, int]) -> None:
    small.own_result()
    shot, page = str(size["width"]), opens(f"/notices/{small.token}", size)
    expect(page.get_by_role("heading")).to_have_text("有一份告知书等你看")
    look(page, f"{shot}-1-link")
    press(page, "发验证码给我")
    page.locator("#code").fill("12")
    page.locator("#id_tail").fill("002x")
    press(page, "打开看看")
    expect(page.get_by_role("alert")).to_contain_text("还能试 4 次")
    look(page, f"{shot}-2-code")
    page.locator("#code").fill(small.code())
    page.locator("#id_tail").fill("002x")
    press(page, "打开看看")
    expect(page).to_have_url(re.compile("/notices/visit$"))
    expect(page.locator(".motto")).to_have_text("不签也照样交；签只表示看到了。")
    press(page, "拒绝签收")
    expect(page.locator("#missing")).to_contain_text("把告知书看到最后")
    expect(page.locator("#panel")).to_be_hidden()
    look(page, f"{shot}-3-notice")
    reads(page)
    share, *others = right_answers(small.case.content)
    page.locator(f'[data-key="{share}"] input[value="1213.24"]').check()
    for key in others:
        page.locator(f'[data-key="{key}"] input[value="{right_answers(small.case.content)[key]}"]').check()
    press(page, "选好了")
    expect(page.locator(f'[data-key="{share}"] .wrong')).to_contain_text("每月 524.96 元")
    page.locator(f'[data-key="{share}"] input[value="524.96"]').check()
    press(page, "选好了")
    expect(page.locator("#missing")).to_be_hidden()
    page.get_by_role("button", name="签收 我看到了，不等于同意").tap()
    expect(page.locator("#statement")).to_be_hidden()
    page.locator("#send").tap()
    expect(page.locator("#problem")).to_contain_text("还没有签名")
    signs(page)
    look(page, f"{shot}-4-signed")
    page.locator("#send").tap()
    expect(page.get_by_role("heading", name="已收到")).to_be_visible()
    expect(page.locator("#sealing")).to_be_visible()
    look(page, f"{shot}-5-waiting")
    assert small.case.answer is not None and is_signature(small.case.answer.strokes)
    code = small.seal()
    expect(page.locator("#code")).to_have_text(code, timeout=SOON)
    look(page, f"{shot}-6-done")
    with page.expect_download() as got:
        page.get_by_role("link", name="下载我的那一份").tap()
    assert got.value.suggested_filename.endswith(".pdf")


def test_the_phone_is_turned_and_every_stroke_is_still_there(small: Small, opens: Open) -> None:
    page = opens(f"/notices/{small.token}")
    ready(small, page)
    page.get_by_role("button", name="签收 我看到了").tap()
    page.locator("#sign").tap()
    expect(page.locator(".sideways")).to_be_visible()
    scrolled = page.evaluate("scrollY")
    draws(page)
    upright = ink(page)
    assert upright > 1000
    look(page, "sign-upright")
    page.set_viewport_size(SIDEWAYS)
    expect(page.locator(".sideways")).to_be_hidden()
    expect(page.locator("#pad")).to_be_in_viewport(ratio=1)
    for button in page.locator(".signing-foot button").all():
        expect(button).to_be_in_viewport(ratio=1)
    assert abs(ink(page) - upright) < upright / 3, "drawn again from the strokes, in the new size"
    look(page, "sign-sideways")
    draws(page)
    assert ink(page) > upright
    press(page, "退一笔")
    press(page, "退一笔")
    page.set_viewport_size(PHONE)
    page.wait_for_timeout(100)
    assert abs(ink(page) - upright) < upright / 3
    assert page.evaluate("scrollY") == scrolled, "the page behind did not move"
    press(page, "写好了")
    expect(page.locator("#signature")).to_be_visible()
    page.locator("#send").tap()
    expect(page.get_by_role("heading", name="已收到")).to_be_visible()
    assert small.case.answer is not None
    strokes = small.case.answer.strokes
    assert len(strokes) == 2
    xs = [x for stroke in strokes for x, _, _ in stroke.points]
    assert min(xs) < 0.2 * WIDTH and max(xs) > 0.8 * WIDTH


def test_signing_can_be_cleared_and_left_by_key_and_by_the_way_back(small: Small, opens: Open) -> None:
    page = opens(f"/notices/{small.token}")
    ready(small, page)
    page.get_by_role("button", name="签收 我看到了").tap()
    page.locator("#sign").tap()
    press(page, "返回")
    expect(page.locator("#signing")).to_be_hidden()
    page.locator("#sign").tap()
    expect(page.get_by_role("button", name="写好了")).to_be_disabled()
    draws(page)
    press(page, "清掉")
    assert ink(page) == 0
    page.locator("#pad").tap()
    press(page, "写好了")
    expect(page.locator("#signing-told")).to_contain_text("请写自己的全名")
    for _ in range(6):  # the focus stays in the box
        page.keyboard.press("Tab")
        assert page.evaluate("document.getElementById('signing').contains(document.activeElement)")
    page.keyboard.press("Escape")
    expect(page.locator("#signing")).to_be_hidden()
    expect(page.locator("#signature")).to_be_hidden()
    page.locator("#sign").tap()
    page.go_back()
    expect(page.locator("#signing")).to_be_hidden()
    expect(page.locator("#panel")).to_be_visible()
    assert page.url.endswith("/notices/visit")


def test_she_objects_to_a_line_in_her_own_words(small: Small, opens: Open) -> None:
    page = opens(f"/notices/{small.token}")
    ready(small, page)
    press(page, "签收但有异议")
    expect(page.locator("#statement")).to_have_value("")
    page.get_by_label("医疗保险").check()
    page.locator("#statement").fill("药钱紧，<b>能不能</b>晚一个月\n<script>alert(1)</script>")
    expect(page.locator("#say-lines")).to_have_text("医疗保险（含生育保险）")
    expect(page.locator("#say-words")).to_contain_text("<b>能不能</b>")
    signs(page)
    look(page, "objected")
    page.locator("#send").tap()
    expect(page.locator("main")).to_contain_text("你签收了，有异议")
    expect(page.locator("main")).to_contain_text("要给你回话")
    look(page, "objected-done")
    answer = small.case.answer
    assert answer is not None and (answer.outcome, answer.lines) == ("objected", ("medical",))
    assert answer.statement == "药钱紧，<b>能不能</b>晚一个月\n<script>alert(1)</script>"


def test_she_refuses_and_need_not_sign(small: Small, opens: Open) -> None:
    page = opens(f"/notices/{small.token}")
    ready(small, page)
    sizes = [each.bounding_box() for each in page.locator(".choice").all()]
    assert len({(each["width"], each["height"]) for each in sizes if each}) == 1, "three equal buttons"
    press(page, "拒绝签收")
    expect(page.locator("#statement")).to_have_value("")
    expect(page.locator(".ticks")).to_be_hidden()
    page.locator("#send").tap()
    expect(page.locator("#problem")).to_contain_text("写一句为什么不签")
    look(page, "refusing")
    page.locator("#statement").fill("我不想签")
    page.locator("#send").tap()
    expect(page.locator("main")).to_contain_text("你没有签。社保照样交。")
    look(page, "refused")
    answer = small.case.answer
    assert answer is not None and (answer.outcome, answer.statement, answer.strokes) == (
        "refused",
        "我不想签",
        (),
    )


def test_without_a_network_nothing_is_lost_and_it_is_sent_once(small: Small, opens: Open) -> None:
    page = opens(f"/notices/{small.token}")
    ready(small, page)
    press(page, "签收但有异议")
    page.locator("#statement").fill("药钱紧")
    signs(page)
    page.context.set_offline(True)
    page.locator("#send").tap()
    expect(page.locator("#problem")).to_contain_text("没有发出去。写的话、勾的行、签名都还在。")
    expect(page.locator("#statement")).to_have_value("药钱紧")
    look(page, "offline")
    page.context.set_offline(False)
    # The first answer arrives and its receipt is lost.
    lost = iter((True,))

    def lose(route: Any) -> None:
        if next(lost, False):
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/notices/visit/answer", lose)
    press(page, "再发一次")
    expect(page.locator("#problem")).to_contain_text("没连上网")
    press(page, "再发一次")
    expect(page.get_by_role("heading", name="已收到")).to_be_visible()
    assert small.events().count("answered") == 1
    assert page.evaluate("Object.keys(sessionStorage).length") == 0, (
        "what was typed is not kept longer than needed"
    )


def test_a_double_tap_sends_once(small: Small, opens: Open) -> None:
    page = opens(f"/notices/{small.token}")
    ready(small, page)
    press(page, "拒绝签收")
    page.locator("#statement").fill("我不想签")
    posted: list[str] = []
    page.on(
        "request", lambda request: posted.append(request.url) if request.url.endswith("/answer") else None
    )
    page.evaluate(
        "() => { const b = document.getElementById('send'); b.click(); b.click(); b.form.requestSubmit(); }"
    )
    expect(page.get_by_role("heading", name="已收到")).to_be_visible()
    assert len(posted) == 1


def test_what_was_typed_is_there_after_a_reload(small: Small, opens: Open) -> None:
    page = opens(f"/notices/{small.token}")
    ready(small, page)
    press(page, "签收但有异议")
    page.get_by_label("失业保险").check()
    page.locator("#statement").fill("写了一半的话")
    page.reload()
    expect(page.locator("#statement")).to_have_value("写了一半的话")
    expect(page.get_by_label("失业保险")).to_be_checked()
    expect(page.locator("#step-read")).to_have_class(re.compile("done"))


def test_a_forgotten_page_says_so_when_it_sends(small: Small, opens: Open) -> None:
    page = opens(f"/notices/{small.token}")
    ready(small, page)
    press(page, "拒绝签收")
    page.locator("#statement").fill("我不想签")
    small.clock.move(seconds=IDLE.total_seconds() + 1)
    page.locator("#send").tap()
    expect(page.locator("#problem")).to_contain_text("这一页关上了")
    expect(page.locator("#statement")).to_have_value("我不想签")
    page.reload()
    expect(page.get_by_role("heading")).to_have_text("这一页关上了")
    look(page, "over")


@pytest.mark.parametrize("lang", ["en", "zh-Hant"])
def test_in_another_language_the_original_stands_behind_the_aid(small: Small, opens: Open, lang: str) -> None:
    page = opens(f"/notices/{small.token}?lang={lang}")
    page.locator("form button").first.tap()
    expect(page.locator("#code")).to_be_visible()
    page.locator("#code").fill(small.code())
    page.locator("#id_tail").fill("002X")
    page.locator("#code-form button").tap()
    expect(page.locator("html")).to_have_attribute("lang", lang)
    expect(page.locator("#notice")).to_contain_text("524.96")
    look(page, f"notice-{lang}")


def test_it_is_read_aloud_in_order_and_counts_as_read(small: Small, opens: Open) -> None:
    page = opens(f"/notices/{small.token}")
    press(page, "发验证码给我")
    expect(page.locator("#code")).to_be_visible()
    page.add_init_script(
        """window.spoken = [];
        window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
        Object.defineProperty(window, "speechSynthesis", { value: {
          cancel() {},
          speak(it) { spoken.push(it.text); if (it.onend) setTimeout(() => { Date.now = () => 1e15; it.onend(); }, 10); },
        } });"""
    )
    page.locator("#code").fill(small.code())
    page.locator("#id_tail").fill("002X")
    press(page, "打开看看")
    press(page, "念给我听")
    expect(page.locator("#read-state")).to_have_text("看完了。", timeout=SOON)
    spoken = page.evaluate("spoken")
    told = "".join(spoken)
    assert (
        told.index("为什么告知")
        < told.index("养老保险")
        < told.index("每月合计")
        < told.index("告知书到这里结束")
    )
    assert "从你工资里扣的那份 524.96 元" in told
    assert len(spoken) == len({*spoken}) or spoken.count("依据") == 0


def test_dark_and_large_print(small: Small, opens: Open) -> None:
    page = opens(f"/notices/{small.token}", color_scheme="dark")
    ready(small, page)
    press(page, "签收但有异议")
    look(page, "dark")
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
