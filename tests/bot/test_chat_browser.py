"""The chat in a real browser, over a scripted assistant: sending, losing the network, reading, tapping, printing.

A real server stands on a free port; without Chromium everything here is skipped.
"""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from chat_samples import NOON, RESULT, Chatted
from werkzeug.serving import make_server

from bot.receiving import Kept, Said
from delivery.messages import Button, IncomingMessage, Reply

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
Browser, Page, expect = sync_api.Browser, sync_api.Page, sync_api.expect

PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
PICTURE = {"name": "dibao.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8 a card with a name on it"}
#: What a browser says on its console when a test takes the network away or a request is refused on purpose.
EXPECTED = re.compile(r"ERR_INTERNET_DISCONNECTED|ERR_FAILED|status of (?:4|5)\d\d")
Open = Callable[..., Page]


class Site(Chatted):
    """A chat on a port of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: list[bytes] = []
        self.server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.port}"
        self.app.before_request(self._note)

    def _note(self) -> None:
        from flask import request

        self.bodies.append(request.get_data())

    @property
    def said(self) -> list[str]:
        """What the assistant was told, in order, without the opening of the page."""
        return [each.text for each in self.memory.messages if each.kind != "start"]


@pytest.fixture
def site() -> Iterator[Site]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    found = Site()
    thread = threading.Thread(target=found.server.serve_forever, daemon=True)
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


@pytest.fixture
def open_chat(browser: Browser, site: Site) -> Iterator[Open]:
    """Opens the chat in a browser that was never here; anything unexpected on the console is a failure."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def opened(
        path: str = "/chat", size: dict[str, int] = PHONE, welcomed: bool = True, **options: Any
    ) -> Page:
        context = browser.new_context(viewport=size, **{"locale": "zh-CN", **options})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        page.goto(site.url + path)
        if welcomed:
            expect(page.locator(".entry.assistant")).to_have_count(1)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not [each for each in complaints if not EXPECTED.search(each)]


def say(page: Page, text: str) -> None:
    """Types and sends, and waits for an answer."""
    answers = page.locator("#said .entry.assistant")
    before = answers.count()
    page.locator("#text").fill(text)
    page.locator("#send").click()
    expect(answers).not_to_have_count(before)


def bubbles(page: Page) -> list[str]:
    """Every bubble's first words, from top to bottom."""
    return [each.inner_text().split("\n")[0] for each in page.locator(".log .bubble").all()]


def test_the_page_opens_with_the_assistants_welcome_and_greets_once(open_chat: Open, site: Site) -> None:
    page = open_chat()
    expect(page.locator(".entry.you")).to_have_count(0)
    expect(page.locator("#plain")).to_have_count(0)
    assert [each.kind for each in site.memory.messages] == ["start"]
    page.reload()
    expect(page.locator(".entry.assistant")).to_have_count(1)
    page.wait_for_timeout(300)
    assert [each.kind for each in site.memory.messages] == ["start"]


def test_a_message_goes_and_the_answer_comes(open_chat: Open, site: Site) -> None:
    page = open_chat()
    say(page, "社保\n必须交吗")
    assert site.said == ["社保\n必须交吗"]
    expect(page.locator(".entry.you .bubble")).to_have_text("社保\n必须交吗")
    expect(page.locator(".entry.assistant").last).to_contain_text("听到了：社保")
    expect(page.locator("#text")).to_have_value("")
    expect(page.locator(".time")).to_have_count(1)


def test_a_button_answers_and_older_ones_can_only_be_read(open_chat: Open, site: Site) -> None:
    page = open_chat()
    page.get_by_role("button", name="必须交吗").click()
    expect(page.locator(".entry.you .bubble")).to_have_text("必须交吗")
    expect(page.locator("#said .entry.assistant")).to_have_count(2)
    assert [(each.text, each.payload) for each in site.memory.messages[1:]] == [("必须交吗", "topic=duty")]
    expect(page.get_by_role("button", name="必须交吗")).to_be_disabled()
    expect(page.get_by_role("button", name="找人事")).to_be_visible()
    expect(page.get_by_role("button", name="是", exact=True)).to_be_enabled()
    page.reload()
    expect(page.get_by_role("button", name="必须交吗")).to_be_disabled()
    page.get_by_role("button", name="是", exact=True).click()
    expect(page.locator(".entry.assistant")).to_have_count(3)


def test_who_sees_what_is_one_tap_away(open_chat: Open, site: Site) -> None:
    page = open_chat()
    page.get_by_role("button", name="谁能看到什么").click()
    expect(page.locator(".entry.assistant")).to_have_count(2)
    assert site.memory.messages[-1].payload == "topic=privacy"
    expect(page.get_by_role("link", name="计算器")).to_have_attribute("href", "/?lang=zh-Hans")


def test_a_notice_that_waits_is_a_link(open_chat: Open, site: Site) -> None:
    page = open_chat()
    notice = Reply("有一份告知书等你看。", (Button("打开看看", "notice=Ab-3_x"),))
    site.memory.add(site.conversation, "assistant", notice)
    expect(page.get_by_role("link", name="打开看看")).to_have_attribute(
        "href", "/notices/Ab-3_x", timeout=8000
    )


# The network


def test_offline_a_message_waits_and_is_sent_once_by_itself(open_chat: Open, site: Site) -> None:
    page = open_chat()
    page.context.set_offline(True)
    page.locator("#text").fill("先写着")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="未发送 · 点此重发")).to_be_visible()
    expect(page.locator("#offline")).to_be_visible()
    page.locator("#text").fill("再写一句")
    page.keyboard.press("Enter")
    expect(page.locator(".unsent")).to_have_count(2)
    page.context.set_offline(False)
    expect(page.locator(".entry.assistant")).to_have_count(3)
    expect(page.locator(".unsent")).to_have_count(0)
    expect(page.locator("#offline")).to_be_hidden()
    assert site.said == ["先写着", "再写一句"]
    assert bubbles(page) == [
        "你好，我是社保助手。",
        "先写着",
        "听到了：先写着",
        "再写一句",
        "听到了：再写一句",
    ]


def test_an_answer_that_gets_lost_makes_no_second_message(open_chat: Open, site: Site) -> None:
    page = open_chat()
    lost: list[str] = []

    def lose_first(route: Any) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch().text())
            route.abort()
        else:
            route.continue_()

    page.route("**/chat/messages*", lose_first)
    page.locator("#text").fill("就这一句")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="未发送 · 点此重发")).to_be_visible()
    assert "就这一句" in lost[0] and site.said == ["就这一句"]
    page.get_by_role("button", name="未发送 · 点此重发").click()
    expect(page.locator(".unsent")).to_have_count(0)
    assert bubbles(page)[1:] == ["就这一句", "听到了：就这一句"]
    assert site.said == ["就这一句"]


def test_what_was_not_sent_survives_a_reload(open_chat: Open, site: Site) -> None:
    page = open_chat()
    page.route("**/chat/messages*", lambda route: route.abort())
    page.locator("#text").fill("没网时写的")
    page.keyboard.press("Enter")
    expect(page.locator("button.failed")).to_be_visible()
    page.locator("#text").fill("写到一半")
    page.unroute("**/chat/messages*")
    page.reload()
    expect(page.locator(".entry.assistant")).to_have_count(2)
    expect(page.locator("#text")).to_have_value("写到一半")
    assert site.said == ["没网时写的"]
    assert page.evaluate("JSON.parse(sessionStorage.getItem('chat.queue'))") == []


def test_a_page_that_opens_without_network_begins_when_there_is_one(open_chat: Open, site: Site) -> None:
    page = open_chat()
    say(page, "你好")
    page.route("**/chat/messages*", lambda route: route.abort())
    page.reload()
    expect(page.locator("#offline")).to_be_visible()
    page.unroute("**/chat/messages*")
    expect(page.locator(".entry.assistant")).to_have_count(2, timeout=8000)
    expect(page.locator("#offline")).to_be_hidden()
    assert [each.kind for each in site.memory.messages] == ["start", "text"]


def test_an_error_of_ours_is_tried_again(open_chat: Open, site: Site) -> None:
    page = open_chat()
    fail = [True]
    receive = site.receive

    def failing(message: IncomingMessage, script: Any) -> Any:
        if fail and message.kind == "text":
            fail.clear()
            raise RuntimeError
        return receive(message, script)

    site.receive = failing  # type: ignore[method-assign]
    page.locator("#text").fill("你好")
    page.keyboard.press("Enter")
    expect(page.locator("#trouble")).to_be_visible()
    expect(page.locator(".entry.assistant")).to_have_count(2, timeout=8000)
    expect(page.locator("#trouble")).to_be_hidden()
    assert site.said == ["你好"]


def test_too_fast_waits_and_says_so(open_chat: Open, site: Site) -> None:
    page = open_chat()
    slowed: list[int] = []

    def slow_first(route: Any) -> None:
        if route.request.method == "POST" and not slowed:
            slowed.append(1)
            error = {"code": "too_many", "field": "body", "message": "发得有点快，1 秒后自动再发。"}
            route.fulfill(status=429, headers={"Retry-After": "1"}, json={"error": error})
        else:
            route.continue_()

    page.route("**/chat/messages*", slow_first)
    page.locator("#text").fill("你好")
    page.keyboard.press("Enter")
    expect(page.locator(".unsent .state")).to_contain_text("1 秒后自动再发")
    expect(page.locator(".entry.assistant")).to_have_count(2)
    assert site.said == ["你好"]


def test_dots_while_it_thinks(open_chat: Open, site: Site) -> None:
    page = open_chat()
    think, receive = threading.Event(), site.receive

    def slow(message: IncomingMessage, script: Any) -> Any:
        think.wait(10)
        return receive(message, script)

    site.receive = slow  # type: ignore[method-assign]
    page.locator("#text").fill("你好")
    page.keyboard.press("Enter")
    expect(page.locator("#typing")).to_be_visible()
    expect(page.locator(".unsent .state")).to_have_text("发送中…")
    think.set()
    expect(page.locator(".entry.assistant")).to_have_count(2)
    expect(page.locator("#typing")).to_be_hidden()


# What was said before, and what comes later


def test_a_reload_shows_everything_again(open_chat: Open, site: Site) -> None:
    page = open_chat()
    say(page, "你好")
    say(page, "算")
    shown = bubbles(page)
    page.reload()
    expect(page.locator(".entry.assistant")).to_have_count(3)
    assert bubbles(page) == shown


def test_what_hr_says_comes_by_itself(open_chat: Open, site: Site) -> None:
    page = open_chat()
    say(page, "找人事")
    ((sender, kept),) = site.memory.kept.items()
    site.memory.kept[sender] = replace(kept, holder="person")
    site.memory.add(site.conversation, "hr", Reply("下个月起给你交。"))
    expect(page.locator(".entry.hr .bubble")).to_have_text("下个月起给你交。", timeout=8000)
    expect(page.locator(".entry.hr .who")).to_have_text("人事")
    expect(page.locator("#held")).to_be_visible()
    page.locator("#text").fill("好的")
    page.keyboard.press("Enter")
    expect(page.locator(".entry.you")).to_have_count(2)
    expect(page.locator(".unsent")).to_have_count(0)
    assert site.memory.acknowledged[-1] == (site.conversation, site.memory.last_seq)


def test_after_erasing_nothing_of_it_is_on_the_page(open_chat: Open, site: Site) -> None:
    page = open_chat()
    say(page, "我工资三千五")
    page.locator("#text").fill("都删掉")
    page.keyboard.press("Enter")
    expect(page.locator(".log .bubble")).to_have_count(1)
    expect(page.locator(".log .bubble")).to_have_text("删掉了。")


def test_time_stands_where_there_was_a_pause(open_chat: Open, site: Site) -> None:
    page = open_chat(timezone_id="Asia/Shanghai")
    for minutes, text in ((1, "一"), (30, "二"), (31, "三")):
        site.memory.add(site.conversation, "hr", Reply(text), timedelta(minutes=minutes))
    page.reload()
    expect(page.locator(".entry")).to_have_count(4)
    assert [each.split(" ")[-1][-5:] for each in page.locator(".time").all_inner_texts()] == [
        "12:00",
        "12:30",
    ]
    assert NOON.hour == 4


def test_two_hundred_messages_stay_quick(open_chat: Open, site: Site) -> None:
    page = open_chat()
    for number in range(67):
        site.memory.add(site.conversation, "employee", Reply(f"第 {number} 句"))
        site.memory.add(site.conversation, "assistant", RESULT)
        site.memory.add(site.conversation, "assistant", Reply("好。" * 60, (Button("是", "confirm=yes"),)))
    page.reload()
    started = time.monotonic()
    expect(page.locator(".entry")).to_have_count(202, timeout=5000)
    assert time.monotonic() - started < 5
    say(page, "还在吗")
    assert page.evaluate("document.getElementById('scroll').scrollTop") > 0
    expect(page.locator(".entry.assistant").last).to_be_in_viewport()
    expect(page.locator("figure[data-paper=chart]")).to_have_count(1)
    assert len(site.papers.cases) <= 3


def test_who_reads_further_up_is_not_pulled_down(open_chat: Open, site: Site) -> None:
    page = open_chat()
    for number in range(30):
        site.memory.add(site.conversation, "hr", Reply(f"第 {number} 句"))
    page.reload()
    expect(page.locator(".entry")).to_have_count(31)
    page.evaluate("document.getElementById('scroll').scrollTop = 0")
    site.memory.add(site.conversation, "hr", Reply("最新的"))
    expect(page.locator("#newer")).to_be_visible(timeout=8000)
    assert page.evaluate("document.getElementById('scroll').scrollTop") == 0
    page.locator("#newer").click()
    expect(page.get_by_text("最新的")).to_be_in_viewport()
    expect(page.locator("#newer")).to_be_hidden()


# Results, sources, pictures


def test_a_result_has_its_chart_its_papers_and_its_sources(open_chat: Open, site: Site) -> None:
    page = open_chat()
    say(page, "算")
    card = page.locator(".card")
    expect(card.locator("img")).to_have_attribute("alt", "工资 3500.00 元时（zh-Hans）")
    assert str(card.locator("img").get_attribute("src")).startswith("/chat/chart.svg?lang=zh-Hans")
    expect(card.locator("li").first).to_have_text("工资：3500.00 元")
    hrefs = [link.get_attribute("href") for link in card.locator(".papers p a").all()]
    assert hrefs == [
        f"/chat/{name}?lang=zh-Hans" for name in ("report.png", "report.pdf", "note.png", "note.pdf")
    ]
    basis = card.locator(".basis > summary")
    expect(basis).to_have_text("依据 2 条")
    basis.click()
    source = card.locator(".source").first
    for told in (
        "中华人民共和国社会保险法",
        "主席令第35号",
        "第四条",
        "全国",
        "从 2011-07-01 起",
        "个人依法享受社会保险待遇",
    ):
        expect(source).to_contain_text(told)
    source.locator(".read summary").click()
    expect(source).to_contain_text("flk.npc.gov.cn")


def test_an_earlier_result_keeps_no_papers_of_the_later_one(open_chat: Open) -> None:
    page = open_chat()
    say(page, "算")
    say(page, "算")
    expect(page.locator(".card")).to_have_count(2)
    expect(page.locator(".card").first).to_contain_text("后面又算过，图和纸看最新的那份。")
    expect(page.locator(".card").first.locator("img")).to_have_count(0)
    expect(page.locator(".card").last.locator("img")).to_have_count(1)


def test_a_chart_that_does_not_come_is_said(open_chat: Open) -> None:
    page = open_chat()
    page.route("**/chat/chart.svg*", lambda route: route.fulfill(status=404))
    say(page, "算")
    expect(page.locator(".card")).to_contain_text("图没取到。")
    expect(page.locator(".card img")).to_have_count(0)


def test_a_photo_never_leaves_the_phone(open_chat: Open, site: Site) -> None:
    page = open_chat()
    page.get_by_label("发照片").set_input_files(PICTURE)
    expect(page.locator(".entry.assistant")).to_have_count(2)
    expect(page.locator(".entry.you .bubble")).to_have_text("［照片］")
    expect(page.locator(".entry.assistant").last).to_contain_text("没有存")
    assert site.memory.messages[-1].kind == "image"
    assert not [body for body in site.bodies if b"\xff\xd8" in body or b"dibao.jpg" in body]
    sample = page.get_by_role("img", name="样张：低保证和发放短信，要的数圈出来了，编了号")
    assert sample.evaluate("image => image.decode().then(() => image.naturalWidth)") == 360
    expect(page.locator("figcaption li")).to_have_count(3)
    assert page.evaluate("document.getElementById('photo').files.length") == 0


def test_a_long_answer_is_shown_from_its_beginning(open_chat: Open, site: Site) -> None:
    page = open_chat()
    long = Reply("\n".join(f"第 {number} 点：社保和低保是两回事。" for number in range(40)))
    script_reply(site, long)
    say(page, "讲讲")
    expect(page.get_by_text("第 0 点", exact=False)).to_be_in_viewport()
    expect(page.locator("#newer")).to_be_visible()


def test_the_last_words_stay_in_sight_when_a_keyboard_opens(open_chat: Open) -> None:
    page = open_chat()
    for _ in range(4):
        say(page, "你好")
    expect(page.locator(".entry").last).to_be_in_viewport()
    page.set_viewport_size({"width": 360, "height": 420})
    expect(page.locator(".entry.assistant .bubble").last).to_be_in_viewport()
    expect(page.locator("#send")).to_be_in_viewport()


def test_a_long_answer_is_read_aloud_line_by_line_and_stops(open_chat: Open, site: Site) -> None:
    page = open_chat()
    page.evaluate(
        """() => {
            window.spoken = [];
            speechSynthesis.speak = (each) => window.spoken.push([each.lang, each.text]);
            speechSynthesis.cancel = () => { window.spoken.push("stop"); };
        }"""
    )
    assert page.get_by_role("button", name="念给我听").count() == 0
    script_reply(site, Reply("第一句说社保。\n· 第二句说低保。\n" + "很长。" * 30))
    say(page, "讲讲")
    page.get_by_role("button", name="念给我听").click()
    spoken = page.evaluate("window.spoken")
    assert spoken[:3] == ["stop", ["zh-CN", "第一句说社保。"], ["zh-CN", "第二句说低保。"]]
    page.get_by_role("button", name="不念了").click()
    assert page.evaluate("window.spoken").count("stop") == 2
    expect(page.get_by_role("button", name="念给我听")).to_be_visible()


# Keys, sizes, colours


def test_the_keyboard_is_enough(open_chat: Open, site: Site) -> None:
    page = open_chat(size=DESKTOP)
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type("一行")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("又一行")
    page.keyboard.press("Enter")
    expect(page.locator(".entry.assistant")).to_have_count(2)
    assert site.said == ["一行\n又一行"]
    expect(page.locator("#text")).to_be_focused()
    page.get_by_role("button", name="是", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".entry.assistant")).to_have_count(3)
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_timeout(200)
    assert len(site.said) == 2


def test_enter_that_chooses_a_word_sends_nothing(open_chat: Open, site: Site) -> None:
    page = open_chat()
    page.locator("#text").fill("she'bao")
    page.evaluate(
        """document.getElementById("text").dispatchEvent(
            new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true, cancelable: true }))"""
    )
    page.wait_for_timeout(200)
    assert site.said == []
    expect(page.locator("#text")).to_have_value("she'bao")


def test_too_many_words_are_told_before_they_are_sent(open_chat: Open, site: Site) -> None:
    page = open_chat()
    page.locator("#text").fill("字" * 501)
    expect(page.locator("#too-long")).to_have_text("写了 501 个字，一次最多 500 个，分两次发就行。")
    page.locator("#send").click()
    page.locator("#text").fill("字" * 500)
    expect(page.locator("#too-long")).to_be_hidden()
    page.locator("#send").click()
    expect(page.locator(".entry.assistant")).to_have_count(2)
    assert site.said == ["字" * 500]


@pytest.mark.parametrize(
    "size", [PHONE, DESKTOP, {"width": 320, "height": 568}], ids=["phone", "desktop", "small"]
)
def test_nothing_reaches_over_the_side(open_chat: Open, size: dict[str, int], site: Site) -> None:
    page = open_chat(size=size)
    say(page, "x" * 400)
    say(page, "算")
    page.locator(".basis > summary").click()
    for large in (False, True):
        if large:
            page.evaluate("document.documentElement.style.fontSize = '200%'")
        width = page.evaluate("Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)")
        inner = page.evaluate(
            "(() => { const it = document.getElementById('scroll'); return it.scrollWidth - it.clientWidth })()"
        )
        assert width <= size["width"] and inner <= 0, large
    expect(page.locator("#text")).to_be_in_viewport()
    expect(page.locator("#send")).to_be_in_viewport()


def test_what_is_touched_is_large_enough(open_chat: Open) -> None:
    page = open_chat()
    say(page, "算")
    page.locator("#text").fill("写")
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, a, summary, textarea, .photo")]
            .filter((each) => each.offsetParent && !each.classList.contains("skip"))
            .map((each) => [each.outerHTML.slice(0, 60), each.getBoundingClientRect()])
            .filter(([, box]) => box.height < 44 || box.width < 44).map(([html]) => html)"""
    )
    assert not small


@pytest.mark.parametrize(("scheme", "low", "high"), [("light", 200, 255), ("dark", 0, 60)])
def test_the_page_is_as_dark_as_the_reader_wants(open_chat: Open, scheme: str, low: int, high: int) -> None:
    page = open_chat(color_scheme=scheme)
    for element in ("body", ".bubble", ".bottom"):
        colour = page.evaluate(f"getComputedStyle(document.querySelector('{element}')).backgroundColor")
        assert all(low <= int(each) <= high for each in re.findall(r"\d+", colour)[:3]), (element, colour)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_rule_of_accessibility_is_broken(open_chat: Open, site: Site, scheme: str) -> None:
    """A result with open sources, a photo, an unsent message, a notice, by axe."""
    page = open_chat(color_scheme=scheme, bypass_csp=True)
    say(page, "算")
    page.locator(".basis > summary").click()
    page.get_by_label("发照片").set_input_files(PICTURE)
    expect(page.locator(".entry.assistant")).to_have_count(3)
    site.memory.add(site.conversation, "hr", Reply("下个月起给你交。"))
    expect(page.locator(".entry.hr")).to_have_count(1, timeout=8000)
    page.route("**/chat/messages*", lambda route: route.abort())
    page.locator("#text").fill("没网")
    page.keyboard.press("Enter")
    expect(page.locator("button.failed")).to_be_visible()
    page.locator(".languages summary").click()
    page.wait_for_timeout(300)
    broken = axe.Axe().run(page).response["violations"]
    assert not [(each["id"], each["nodes"][0]["html"]) for each in broken]


def test_what_is_new_is_read_out_and_what_is_old_is_not(open_chat: Open) -> None:
    page = open_chat()
    log = page.get_by_role("log", name="聊天")
    expect(log).to_have_attribute("aria-live", "polite")
    expect(log.locator(".who").first).to_have_text("助手")
    expect(page.get_by_role("textbox", name="写一句话")).to_be_visible()


# Languages, ends, and browsers without script


def test_the_language_changes_and_the_conversation_stays(open_chat: Open, site: Site) -> None:
    page = open_chat()
    say(page, "你好")
    page.locator(".languages summary").click()
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator(".entry")).to_have_count(3)
    expect(page.locator(".entry.you .bubble")).to_have_attribute("lang", "zh-Hans")
    say(page, "hello")
    assert site.memory.messages[-1].locale == "en"
    expect(page.locator(".entry.you .bubble").last).to_have_attribute("lang", "en")


def test_after_a_long_absence_it_begins_afresh(open_chat: Open, site: Site) -> None:
    page = open_chat()
    say(page, "我工资三千五")
    page.context.clear_cookies()
    page.locator("#text").fill("还在吗")
    page.keyboard.press("Enter")
    expect(page.locator("#expired")).to_be_visible()
    expect(page.locator(".entry")).to_have_count(0)
    page.get_by_role("button", name="重新开始").click()
    expect(page.locator(".entry")).to_have_count(1)
    expect(page.locator("#expired")).to_be_hidden()
    assert page.evaluate("sessionStorage.getItem('chat.queue')") in (None, "[]")
    assert site.said == ["我工资三千五"]


def test_without_cookies_it_says_why_nothing_works(open_chat: Open, site: Site) -> None:
    page = open_chat()
    page.route("**/chat/messages*", lambda route: route.fulfill(status=401, json={"error": {"message": ""}}))
    page.reload()
    expect(page.locator("#cookies")).to_be_visible()
    expect(page.locator("#cookies a")).to_have_attribute("href", "/?lang=zh-Hans")


def test_a_newer_page_is_offered(open_chat: Open) -> None:
    page = open_chat()
    page.evaluate("document.getElementById('chat').dataset.version = 'an older one'")
    say(page, "你好")
    expect(page.locator("#updated")).to_be_visible()
    page.get_by_role("button", name="刷新").click()
    expect(page.locator(".entry")).to_have_count(3)
    expect(page.locator("#updated")).to_be_hidden()


def test_without_script_the_way_to_the_calculator_is_shown(open_chat: Open) -> None:
    page = open_chat(welcomed=False, java_script_enabled=False)
    expect(page.locator("#plain")).to_be_visible()
    expect(page.get_by_role("link", name="打开计算器")).to_have_attribute("href", "/?lang=zh-Hans")


def script_reply(site: Site, reply: Reply) -> None:
    """From now on the assistant says this."""
    from bot.dialogue.conversation import Conversation
    from bot.receiving import receive

    def script(kept: Kept, message: IncomingMessage) -> Said:
        return Said(Conversation().as_json(), (reply,))

    site.receive = lambda message, _: receive(message, site.memory, script)  # type: ignore[method-assign,assignment]
