"""The inbox in a real browser: keys, what moves by itself, a draft that stays, two people at one case, HR's Monday on a phone.

A real server stands on a free port; without Chromium everything here is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from desk import Colleague
from flask import Flask
from inbox_samples import ALI, CasesInMemory
from screens import DESKTOP, PHONE, SCREENS, Open, opening, serving

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
Browser, Page, expect = sync_api.Browser, sync_api.Page, sync_api.expect
pytest_plugins = ["databases", "desk", "inbox_samples"]

#: What a browser says on its console when a test takes the network away or an answer is refused on purpose.
EXPECTED = r"ERR_INTERNET_DISCONNECTED|ERR_FAILED|status of (?:4|5)\d\d"
#: Longer than two looks of the page.
SOON = 8000


@pytest.fixture
def opens(browser: Browser, inbox: Flask) -> Iterator[Open]:
    """Opens pages as somebody of HR."""
    with serving(inbox) as address, opening(browser, address, EXPECTED) as opened:
        yield opened


@pytest.fixture
def open_inbox(opens: Open) -> Open:
    """Opens the inbox as somebody of HR."""
    return lambda who, path="/hr/cases", size=DESKTOP, **options: opens(path, who, size, **options)


@pytest.fixture
def zhao(hr: Callable[..., Colleague]) -> Colleague:
    return hr("赵静", "agent", "dibao_officer")


def focused(page: Page) -> str:
    """What has the focus: its text, or its label."""
    return str(page.evaluate("document.activeElement.id || document.activeElement.innerText"))


def numbers(page: Page) -> list[str]:
    return [str(each.get_attribute("data-number")) for each in page.locator("#cases > li").all()]


# -- Keys


def test_a_case_is_taken_answered_and_closed_without_a_mouse(
    open_inbox: Open, zhao: Colleague, cases: CasesInMemory
) -> None:
    cases.arrives("第一个")
    cases.arrives("第二个")
    page = open_inbox(zhao)
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    assert "T-000002" in focused(page)
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.locator("#case")).to_contain_text("第一个")
    page.keyboard.press("t")
    expect(page.locator("#case header")).to_contain_text("我在办")
    page.keyboard.press("r")
    assert focused(page) == "text"
    page.keyboard.type("jkd?", delay=5)  # keys that mean something elsewhere
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("十二月起交。")
    page.keyboard.press("Enter")
    expect(page.locator("#said .hr .text")).to_have_text("jkd?\n十二月起交。")
    expect(page.locator("#text")).to_have_value("")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    assert focused(page) == "note-text"
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    expect(page.locator(".told")).to_contain_text("结束了")
    assert cases.kept["T-000001"].line.state == "done"


def test_in_the_list_a_key_ticks_and_does(open_inbox: Open, zhao: Colleague, cases: CasesInMemory) -> None:
    cases.arrives("第一个")
    page = open_inbox(zhao)
    page.keyboard.press("j")
    page.keyboard.press("d")
    expect(page.locator(".undo")).to_be_visible()
    page.get_by_role("button", name="撤销").click()
    expect(page.locator("#cases > li")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("s")
    expect(page.locator(".later .sheet")).to_be_visible()


def test_help_lists_the_keys_and_search_is_a_key_away(open_inbox: Open, zhao: Colleague) -> None:
    page = open_inbox(zhao)
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("/")
    assert focused(page) == "who"


# -- What moves by itself


def test_what_is_new_appears_and_what_is_typed_stays(
    open_inbox: Open, zhao: Colleague, cases: CasesInMemory
) -> None:
    number = cases.arrives("第一个")
    zhao.sends(f"/hr/cases/{number}/take")
    page = open_inbox(zhao, f"/hr/cases/{number}?box=waiting")
    page.locator("#text").fill("我正在写，还没")
    page.keyboard.press("ArrowLeft")
    cases.arrives("手轧了", kind="urgent_injury")
    cases.writes(number, "在吗")
    expect(page.locator("#cases > li")).to_have_count(1, timeout=SOON)
    expect(page.locator("#cases")).to_contain_text("有人受伤")
    expect(page.locator("#said .employee .text")).to_have_text("在吗", timeout=SOON)
    expect(page.locator("#text")).to_have_value("我正在写，还没")
    assert page.evaluate("document.activeElement.selectionStart") == len("我正在写，还")
    expect(page.locator("#news")).to_have_text("新来 1 条")
    assert page.title().startswith("(1) T-000001")


def test_lines_stand_in_the_order_of_urgency_whenever_they_come(
    open_inbox: Open, zhao: Colleague, cases: CasesInMemory
) -> None:
    cases.arrives("后面的")
    page = open_inbox(zhao)
    cases.arrives("手轧了", kind="urgent_injury")
    cases.arrives("我不交", kind="refusal")
    expect(page.locator("#cases > li")).to_have_count(3, timeout=SOON)
    assert numbers(page) == ["T-000002", "T-000003", "T-000001"]


def test_what_a_colleague_takes_leaves_the_list(
    open_inbox: Open, zhao: Colleague, cases: CasesInMemory, hr: Callable[..., Colleague]
) -> None:
    cases.arrives("第一个")
    cases.arrives("第二个")
    page = open_inbox(zhao)
    page.keyboard.press("j")
    hr("钱明").sends("/hr/cases/T-000001/take")
    expect(page.locator("#cases > li")).to_have_count(1, timeout=SOON)
    assert "T-000002" in focused(page)
    expect(page.locator("[data-count=taken]")).to_have_text("1")


def test_what_is_told_of_others_is_text(open_inbox: Open, zhao: Colleague, cases: CasesInMemory) -> None:
    number = cases.arrives("第一个")
    page = open_inbox(zhao, f"/hr/cases/{number}")
    cases.writes(number, "<img src=x onerror=alert(1)>")
    expect(page.locator("#said .employee .text")).to_have_text("<img src=x onerror=alert(1)>", timeout=SOON)
    expect(page.locator("#said img")).to_have_count(0)


def test_what_became_of_an_answer_is_shown_as_it_happens(
    open_inbox: Open, zhao: Colleague, cases: CasesInMemory
) -> None:
    number = cases.arrives("第一个")
    zhao.sends(f"/hr/cases/{number}/take")
    page = open_inbox(zhao, f"/hr/cases/{number}")
    page.locator("#text").fill("十二月")
    page.locator("#send").click()
    state = page.locator("#said .hr [data-f=state]")
    expect(state).to_have_text("排队发送")
    cases.settles(number, "failed", "blocked")
    expect(state).to_contain_text("没送到", timeout=SOON)
    page.get_by_role("button", name="再发").click()
    expect(page.locator("#said .hr [data-f=state]")).to_have_text("排队发送")
    cases.settles(number, "delivered")
    expect(page.locator("#said .hr [data-f=state]")).to_have_text("已送达", timeout=SOON)


# -- Writing


def test_a_draft_is_kept_for_its_case_and_its_writer(
    open_inbox: Open, zhao: Colleague, cases: CasesInMemory
) -> None:
    for text in ("第一个", "第二个"):
        zhao.sends(f"/hr/cases/{cases.arrives(text)}/take")
    page = open_inbox(zhao, "/hr/cases/T-000001")
    page.locator("#text").fill("写了一半")
    page.locator("#note-text").fill("还没记完")
    page.locator(".offers > summary").last.click()
    page.locator(".offer", has_text="能不能等等再交").last.get_by_role("button").click()
    page.goto(page.url.replace("T-000001", "T-000002"))
    expect(page.locator("#text")).to_have_value("")
    page.go_back()
    page.reload()
    expect(page.locator("#text")).to_have_value(re.compile(r"写了一半\n不能等。"))
    expect(page.locator("#used input")).to_be_checked()
    expect(page.locator("#note-text")).to_have_value("还没记完")
    page.locator("#send").click()
    expect(page.locator("#said .hr")).to_contain_text("附依据")
    page.reload()
    expect(page.locator("#text")).to_have_value("")


def test_without_network_nothing_is_lost_and_nothing_goes_twice(
    open_inbox: Open, zhao: Colleague, cases: CasesInMemory
) -> None:
    number = cases.arrives("第一个")
    zhao.sends(f"/hr/cases/{number}/take")
    page = open_inbox(zhao, f"/hr/cases/{number}")
    page.locator("#text").fill("十二月")

    def lose_the_answer(route: Any) -> None:
        route.fetch()
        route.abort()

    page.route("**/say*", lose_the_answer)
    page.locator("#send").click()
    expect(page.locator("#text-error")).to_contain_text("没连上")
    expect(page.locator("#text")).to_have_value("十二月")
    page.unroute("**/say*")
    page.locator("#send").click()
    expect(page.locator("#text")).to_have_value("")
    assert [each.text for each in cases.kept[number].said] == ["十二月"]


def test_two_at_one_case_are_told_of_each_other(
    open_inbox: Open, zhao: Colleague, cases: CasesInMemory, hr: Callable[..., Colleague]
) -> None:
    number, qian = cases.arrives("第一个"), hr("钱明")
    page = open_inbox(zhao, f"/hr/cases/{number}")
    page.locator("#text").fill("十二月")
    qian.sends(f"/hr/cases/{number}/take")
    expect(page.locator("#moved")).to_contain_text("钱明 在办", timeout=SOON)
    page.locator("#send").click()
    expect(page.locator("#text-error")).to_contain_text("钱明正在处理")
    expect(page.locator("#text")).to_have_value("十二月")
    assert cases.kept[number].said == []


def test_changed_figures_are_asked_about(open_inbox: Open, zhao: Colleague, cases: CasesInMemory) -> None:
    number = cases.arrives("等等再交行不")
    zhao.sends(f"/hr/cases/{number}/take")
    page = open_inbox(zhao, f"/hr/cases/{number}")
    page.locator(".offers > summary").last.click()
    page.locator(".offer", has_text="能不能等等再交").last.get_by_role("button").click()
    page.locator("#text").fill(page.locator("#text").input_value().replace("0.05%", "0.5%"))
    page.locator("#send").click()
    expect(page.locator("#text-error")).to_contain_text("对不上：0.5")
    page.locator("#send").click()
    expect(page.locator("#said .hr")).to_contain_text("0.5%")


def test_files_are_kept_out_with_a_word(open_inbox: Open, zhao: Colleague, cases: CasesInMemory) -> None:
    page = open_inbox(zhao, f"/hr/cases/{cases.arrives('第一个')}")
    page.evaluate(
        """() => {
        const files = new DataTransfer();
        files.items.add(new File(["x"], "card.jpg", { type: "image/jpeg" }));
        document.getElementById("text").dispatchEvent(
            new ClipboardEvent("paste", { clipboardData: files, bubbles: true, cancelable: true }));
    }"""
    )
    expect(page.locator("#text-error")).to_contain_text("附件先不收")
    expect(page.locator("input[type=file]")).to_have_count(0)


def test_enter_sends_only_where_that_is_wanted(
    open_inbox: Open, zhao: Colleague, cases: CasesInMemory
) -> None:
    number = cases.arrives("第一个")
    zhao.sends(f"/hr/cases/{number}/take")
    page = open_inbox(zhao, f"/hr/cases/{number}")
    page.locator("#settings > summary").click()
    page.locator("#set-enter").uncheck()
    page.reload()
    page.locator("#text").fill("一")
    page.locator("#text").press("Enter")
    expect(page.locator("#text")).to_have_value("一\n")
    page.locator("#text").press("Control+Enter")
    expect(page.locator("#said .hr .text")).to_have_text("一")


def test_the_sound_is_off_until_it_is_wanted(open_inbox: Open, zhao: Colleague) -> None:
    page = open_inbox(zhao)
    page.evaluate(
        """() => {
        const { createOscillator } = AudioContext.prototype;
        window.rung = 0;
        AudioContext.prototype.createOscillator = function () {
            window.rung++;
            return createOscillator.call(this);
        };
    }"""
    )
    page.locator("#settings > summary").click()
    expect(page.locator("#set-sound")).not_to_be_checked()
    page.locator("#set-sound").check()
    assert page.evaluate("window.rung") == 1
    page.reload()
    expect(page.locator("#set-sound")).to_be_checked()


# -- On a phone, without a script, for everybody


def test_hrs_monday_on_a_phone(open_inbox: Open, zhao: Colleague, cases: CasesInMemory) -> None:
    cases.arrives("老公的低保停了，社保能不能先停", kind="dibao_status_change")
    cases.arrives("我不交，折成现金给我", kind="refusal", employee=ALI.id)
    page = open_inbox(zhao, size=PHONE, has_touch=True, is_mobile=True)
    expect(page.locator("#cases")).to_contain_text("需要专人处理")
    expect(page.locator("#cases")).not_to_contain_text("低保")
    page.locator("#cases a", has_text="不想参保").click()
    expect(page.locator(".list")).to_be_hidden()
    expect(page.locator("#case")).to_contain_text("王阿丽 0042")
    page.locator(".offers > summary").last.click()
    page.locator(".offer", has_text="不签也照样交").last.get_by_role("button").click()
    page.locator(".offer", has_text="折成现金行不行").last.get_by_role("button").click()
    page.locator("#send").click()
    expect(page.locator("#case header")).to_contain_text("我在办")
    expect(page.locator("#said .hr .text")).to_contain_text("不签也照样交，不会因此影响你上班。")
    assert {source["id"] for source in cases.kept["T-000002"].said[0].sources} >= {"SPC2-19", "REG259-12"}
    page.locator("#case .later > summary").click()
    page.get_by_role("button", name="明天 9 点").click()
    expect(page.locator(".told")).to_contain_text("放到 明天 09:00")
    page.locator("#cases a").click()
    page.get_by_role("button", name="接手", exact=True).click()
    page.get_by_role("link", name="回列表").click()
    expect(page.locator("#cases")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_everything_but_what_moves_works_without_a_script(
    open_inbox: Open, zhao: Colleague, cases: CasesInMemory
) -> None:
    number = cases.arrives("以前没交的怎么补")
    page = open_inbox(zhao, java_script_enabled=False)
    page.locator("#cases a").click()
    page.locator(".offers > summary").last.click()
    page.locator(".offer", has_text="以前没交的怎么补").last.get_by_role("button").click()
    expect(page.locator("#text")).to_have_value(re.compile("^以前该交没交的"))
    page.locator("#send").click()
    expect(page.locator("#said .hr")).to_contain_text("附依据 3 条")
    assert cases.kept[number].line.assignee == zhao.account.id


@pytest.mark.parametrize(("size", "scheme"), SCREENS)
def test_no_rule_of_accessibility_is_broken(
    open_inbox: Open, zhao: Colleague, cases: CasesInMemory, size: dict[str, int], scheme: str
) -> None:
    number = cases.arrives("我不交", kind="refusal", employee=ALI.id, due_at=cases.now() - timedelta(hours=1))
    cases.arrives("When?", language="en")
    zhao.sends(f"/hr/cases/{number}/take")
    zhao.sends(f"/hr/cases/{number}/say", text="十二月", key="k")
    cases.settles(number, "failed", "blocked")
    cases.writes(number, "好的")
    broken = []
    for path in ("/hr/cases", f"/hr/cases/{number}", "/hr/cases/T-000002"):
        page = open_inbox(zhao, path, size, color_scheme=scheme, bypass_csp=True)
        for summary in page.locator(".pane details > summary").all():
            if summary.is_visible():
                summary.click()
        if size == DESKTOP:
            page.locator("#search > summary").click()
        page.wait_for_timeout(200)
        broken += axe.Axe().run(page).response["violations"]
    assert not [(each["id"], each["nodes"][0]["html"]) for each in broken]
