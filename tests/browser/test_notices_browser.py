"""HR's pages for notices in a real browser, over a book in memory: a batch from choosing to issued, a refusal that ends in
insurance, every page on a phone and on a desk. With SHEBAO_PICTURES set to a folder every page is drawn into it."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from databases import Clock
from desk import Colleague
from notice_book import PDF, MemoryBook
from screens import PHONE, SCREENS, Open
from staffing import HR, binds, hire

from notices.book import SealHealth
from people.entities import LegalEntity
from storage.opening import Storage

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
Browser, Page, expect = sync_api.Browser, sync_api.Page, sync_api.expect

pytest_plugins = ["databases", "desk", "screens"]

PICTURES = os.environ.get("SHEBAO_PICTURES", "")
SAID = "我男人的药钱都不够，等下个月再说行不行。\n我没说不交，就是现在拿不出来。"


@pytest.fixture
def zhao(colleague: Callable[..., Colleague], desk_storage: Storage) -> Colleague:
    desk_storage.companies.save_entity(LegalEntity("", "小河边服装厂", "91320500MA1MX00X0K"), HR)
    return colleague("赵静", "agent", "admin", "dibao_officer")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_a_batch_from_whom_to_issued(
    zhao: Colleague, opens: Open, desk_storage: Storage, book: MemoryBook
) -> None:
    for number in range(4):
        hire(desk_storage, f"A{number:03}", f"员工{number}", wage=350_000, department="缝纫")
    page = opens("/hr/notices", zhao)
    page.get_by_role("link", name="发第一批").click()
    expect(page.locator("#due_on")).to_have_value("2026-10-22")
    page.locator("#due_on").fill("2026-10-24")
    expect(page.locator("#due-words")).to_have_text("2026-10-24 周六，不上班")
    press(page, "起草，先看看")
    expect(page.locator("#due_on-told")).to_contain_text("往后挪到 2026-10-26 周一")
    page.locator("#due_on").fill("2026-10-26")
    press(page, "起草，先看看")
    expect(page.locator("#progress")).to_be_visible()
    [batch] = book.made
    book.work(batch, 2)
    expect(page.locator("#progress-told")).to_have_text("2 / 4")
    book.work(batch)
    expect(page.get_by_role("button", name="发出 4 份")).to_be_visible()
    page.get_by_role("link", name="员工1").click()
    expect(page.locator("article")).to_contain_text("你不签也照样交")
    press(page, "这次不发给这个人")
    page.get_by_role("link", name="回这一批").click()
    page.locator("[name=sure]").check()
    press(page, "发出 3 份")
    expect(page.locator("#progress")).to_be_visible()
    book.work(batch)
    expect(page.locator("main")).to_contain_text("发出了 3 份")
    page.get_by_role("link", name="看这一批到哪一步了").click()
    expect(page.locator("tbody tr")).to_have_count(3)


def test_a_refusal_ends_in_insurance_and_her_words_are_read_for_a_reason(
    zhao: Colleague, opens: Open, desk_storage: Storage, book: MemoryBook
) -> None:
    ali = hire(desk_storage, "A0034", "阿丽", wage=350_000, joined_on=date(2026, 8, 10))
    it = book.issued(ali)
    book.reads(it.id)
    book.answers(it.id, "refused", SAID, dibao=True)
    page = opens("/hr/notices", zhao, PHONE)
    page.locator("#wanted").fill("A0034")
    press(page, "找这个人的")
    expect(page.locator("#spoken")).not_to_contain_text("药钱")
    page.locator("#unmask_why").fill("要答复她")
    press(page, "写明了，看原话")
    expect(page.locator("blockquote")).to_contain_text("药钱都不够")
    page.locator("#insured_from").fill("2026-08-10")
    page.locator("#insure button.main").click()
    expect(page.locator("#insure")).to_contain_text("2026-08-10 起已经参保")
    expect(page.locator("#spoken")).not_to_contain_text("药钱")


@pytest.fixture
def paths(zhao: Colleague, desk_storage: Storage, book: MemoryBook, clock: Clock) -> dict[str, str]:
    """Every page, with something on it."""
    noon = clock.time
    clock.time = datetime(2026, 10, 1, 1, 30, tzinfo=UTC)
    people = [
        hire(
            desk_storage,
            f"A{number:04}",
            name,
            wage=350_000,
            department="缝纫二车间",
            joined_on=date(2026, 8, 10),
        )
        for number, name in enumerate(("阿依古丽·买买提", "欧阳䶮玥", "周国", "陈梅", "李强", "孙桂芳"))
    ]
    binds(desk_storage, people[0])
    book.confirm(people[0].id, date(2026, 3, 1), "c.pdf", PDF, HR)
    book.seal_health = SealHealth(date(2027, 1, 2), audited_at=noon, waiting=1)
    clock.move(hours=1)
    issued = [book.issued(each, HR, due_on=date(2026, 10, 12)) for each in people[:4]]
    clock.move(days=1)
    book.reads(issued[0].id)
    book.answers(issued[0].id, "objected", SAID, ("pension", "medical"))
    book.reads(issued[1].id)
    book.adds(issued[1].id, "flagged", {"why": ["same_network_as_hr"]})
    book.answers(issued[1].id, "refused", "不要扣我的钱", dibao=True)
    book.adds(issued[2].id, "not_sent", {"channel": "wecom", "kind": "first"})
    book.adds(issued[2].id, "sent", {"channel": "sms", "kind": "sms"})
    clock.move(days=9)
    book.passes(issued[2].id)
    book.note_step(issued[2].id, "posted", {"number": "EMS1234567890CN"}, HR)
    clock.time = noon
    book.lacking = {("310000", "maternity")}
    hire(desk_storage, "B0001", "没有工资的人")
    hire(desk_storage, "B0002", "上海的人", region="310000", wage=600_000)
    batch = zhao.sends(
        "/hr/notices/begin", whom="all", kind="notice", month="2026-11", due_on="2026-10-26"
    ).headers["Location"]
    id = batch.rpartition("/")[2]
    running = zhao.sends(
        "/hr/notices/begin", whom="all", kind="statement", month="2026-10", due_on="2026-10-26"
    ).headers["Location"]
    book.work(running.rpartition("/")[2], 3)
    book.work(id)
    at = "/hr/notices"
    return {
        "list": at,
        "new": f"{at}/new?employee={people[0].id}&corrects=1",
        "batch": batch,
        "blocked": f"{batch}?show=blocked",
        "running": running,
        "draft": f"{batch}/{people[0].id}",
        "figures": f"{at}/figures?batch={id}&region=310000&insurance=maternity",
        "confirmations": f"{at}/confirmations",
        "objected": f"{at}/{issued[0].id}",
        "refused": f"{at}/{issued[1].id}",
        "silent": f"{at}/{issued[2].id}",
        "sheet": f"{at}/{issued[1].id}/sheet",
        "employee": f"/hr/roster/{people[0].id}",
        "roster": "/hr/roster",
        "dashboard": "/hr/dashboard",
    }


@pytest.mark.parametrize(("size", "scheme"), SCREENS)
def test_every_page_fits_and_breaks_no_rule_of_accessibility(
    zhao: Colleague, opens: Open, site: str, paths: dict[str, str], size: dict[str, int], scheme: str
) -> None:
    page = opens("/hr/notices", zhao, size, bypass_csp=True, color_scheme=scheme)
    broken, wide = [], []
    for name, path in paths.items():
        page.goto(f"{site}{path}")
        if PICTURES:
            file = Path(PICTURES) / f"{name}-{size['width']}-{scheme}.png"
            page.screenshot(path=str(file), full_page=True)
        for details in page.locator("details.more").all():
            details.evaluate("each => each.open = true")
        broken += [
            (name, each["id"], each["nodes"][0]["html"])
            for each in axe.Axe().run(page).response["violations"]
        ]
        if page.evaluate("document.documentElement.scrollWidth") > size["width"]:
            wide.append(name)
    assert (broken, wide) == ([], [])
