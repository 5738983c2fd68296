"""One notice: what it does not prove comes first, gaps are shown, dibao is masked, refusal ends in 照常参保."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import get_args

import pytest
from databases import Clock
from desk import Colleague
from notice_book import CODE, PDF, MemoryBook
from staffing import HR, binds, hire

from hr_console import notice_desk, notice_words
from locales import as_written
from notices.answering import Denied
from notices.paper_words import detail_words, event_words
from people.employees import Employee
from storage.opening import Storage

pytest_plugins = ["databases", "desk"]

SignIn = Callable[..., Colleague]
WHY = "答复异议要知道她说的是哪个月"
SECRET = "我家吃低保，药钱都不够，不能再扣了"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc00000030101"
    "00c9fe92ef0000000049454e44ae426082"
)
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 20 + b"\xff\xd9"


@pytest.fixture
def zhao(colleague: SignIn) -> Colleague:
    return colleague("赵静", "agent", "admin")


@pytest.fixture
def officer(colleague: SignIn) -> Colleague:
    return colleague("钱明", "dibao_officer")


@pytest.fixture
def ali(desk_storage: Storage) -> Employee:
    return hire(desk_storage, "A0034", "阿丽", wage=350_000, joined_on=date(2026, 8, 10))


def text(page: object) -> str:
    return unescape(page.get_data(as_text=True))  # type: ignore[attr-defined]


def part(page: str, id: str) -> str:
    """A section of a page, by the id of its heading."""
    return page.partition(f'aria-labelledby="{id}-title"')[2].partition("</section>")[0]


def gaps(page: str) -> list[str]:
    """What stands in red in the timeline."""
    found = re.findall(
        r'<li class="gap"><span class="when">[^<]*</span> <span>([^<]*)', part(page, "timeline")
    )
    return [each.strip() for each in found]


# -- What it proves ----------------------------------------------------------------------------------------------------


def test_what_it_does_not_prove_comes_first(zhao: Colleague, ali: Employee, book: MemoryBook) -> None:
    book.confirm(ali.id, date(2026, 3, 1), "c.pdf", PDF, HR)
    it = book.issued(ali)
    book.reads(it.id)
    book.answers(it.id, "acknowledged")
    page = text(zhao.opens(f"/hr/notices/{it.id}"))
    assert page.index("证明不了什么") < page.index("证明得了什么") < page.index("到哪一步了")
    cannot, can = part(page, "cannot"), part(page, "can")
    assert "不证明本人同意" in cannot and "没有可信时间戳" in cannot and "自己建的" in cannot
    assert "确认书" not in cannot
    assert "看到了底，停留 95 秒" in can and "核对题，答对了" in can and "签收" in can
    assert "自建证书封存，B-B，没有时间戳。" in can
    assert CODE in page


def test_a_chain_that_does_not_hold_proves_nothing(zhao: Colleague, ali: Employee, book: MemoryBook) -> None:
    it = book.issued(ali)
    book.reads(it.id)
    book.broken.add(it.id)
    page = text(zhao.opens(f"/hr/notices/{it.id}"))
    assert "有一条被改过" in part(page, "cannot")
    assert "<li>" not in part(page, "can") and "什么都不能算证明" in part(page, "can")


def test_a_time_stamp_that_came_later_is_no_gap_any_more(
    zhao: Colleague, ali: Employee, book: MemoryBook
) -> None:
    it = book.issued(ali)
    book.reads(it.id)
    book.answers(it.id, "acknowledged")
    assert "缺：可信时间戳" in gaps(text(zhao.opens(f"/hr/notices/{it.id}")))
    book.adds(it.id, "timestamped")
    page = text(zhao.opens(f"/hr/notices/{it.id}"))
    assert "缺：可信时间戳" not in gaps(page) and "没有可信时间戳" not in part(page, "cannot")
    assert "有可信时间戳" in part(page, "can")


def test_gaps_stand_in_red(colleague: SignIn, ali: Employee, book: MemoryBook, clock: Clock) -> None:
    it = book.issued(ali)
    book.adds(it.id, "not_sent", {"channel": "wecom", "kind": "first"})
    book.adds(it.id, "sent", {"channel": "sms", "kind": "sms"})
    book.adds(it.id, "looked")
    clock.move(days=9)
    page = text(colleague("赵静", "agent").opens(f"/hr/notices/{it.id}"))
    assert gaps(page) == [
        "没有送出去：企业微信，第一次",
        "这中间 9 天没有任何记录",
        "缺：发出时本人签的确认书",
        "缺：本人打开看的记录",
        "缺：到期以后的纸质送达（邮寄、当面、两人见证）",
    ]
    assert "链接被点开不算看过" in part(page, "cannot")
    assert "过了" in part(page, "state")


def test_days_after_the_answer_are_no_gap(
    colleague: SignIn, ali: Employee, book: MemoryBook, clock: Clock
) -> None:
    it = book.issued(ali)
    book.reads(it.id)
    book.answers(it.id, "acknowledged")
    clock.move(days=40)
    page = text(colleague("赵静", "agent").opens(f"/hr/notices/{it.id}"))
    assert not [each for each in gaps(page) if "没有任何记录" in each]


def test_how_it_is_known_that_it_was_her(
    zhao: Colleague, ali: Employee, book: MemoryBook, desk_storage: Storage, clock: Clock
) -> None:
    binds(desk_storage, ali)
    clock.move(hours=1)
    it = book.issued(ali)
    book.confirm(ali.id, date(2026, 10, 15), "c.pdf", PDF, HR)
    book.reads(it.id)
    chain = part(text(zhao.opens(f"/hr/notices/{it.id}")), "identity")
    assert "✗ 2026-10-15 签的，发这份的时候还没有" in chain
    assert "✓ 网页聊天，2026-10-15 12:00 凭绑定码绑定" in chain
    assert "✓ 发到 企业微信，1 次" in chain and "✓ 填对" in chain
    book.adds(it.id, "flagged", {"why": "same_network_as_hr"})
    page = text(zhao.opens(f"/hr/notices/{it.id}"))
    assert "✗ 和人事用同一个网络" in part(page, "identity") and "不够证明是本人签的" in part(page, "cannot")


def test_what_was_tried_and_not_done_is_counted(zhao: Colleague, ali: Employee, book: MemoryBook) -> None:
    it = book.issued(ali)
    book.reads(it.id)
    for why in ("wrong_code", "wrong_id", "too_soon", "hr_device", "locked"):
        book.adds(it.id, "denied", {"why": why})
    page = text(zhao.opens(f"/hr/notices/{it.id}"))
    chain = part(page, "identity")
    assert "3 次" in chain and "有 1 次从人事用过的浏览器打开，没有让进" in chain
    marked = " ".join(gaps(page))
    assert "填错太多，锁住了" in marked and "是人事登录过的浏览器" in marked and "要得太快" not in marked


def test_whatever_is_written_into_a_chain_has_words() -> None:
    """Each event and each denial, for HR's page and for paper."""
    written = {
        found
        for path in Path("storage").glob("*.py")
        for found in re.findall(r'CaseEvent\(\s*"(\w+)"', path.read_text(encoding="utf-8"))
    }
    assert len(written) > 15
    for type in written:
        assert notice_words.told(type, {}, as_written) != type and event_words(type) != type, type
    for why in get_args(Denied):
        if why != "unknown_link":  # of which no chain knows
            assert why not in notice_words.told("denied", {"why": why}, as_written)
            assert detail_words("denied", {"why": why})


def test_strokes_code_and_link_are_nowhere(zhao: Colleague, ali: Employee, book: MemoryBook) -> None:
    it = book.issued(ali)
    book.reads(it.id)
    book.adds(it.id, "answered", {"outcome": "acknowledged"}, strokes="[[1,2,3]]", statement="看到了")
    for path in (f"/hr/notices/{it.id}", f"/hr/notices/{it.id}/sheet"):
        page = text(zhao.opens(path))
        assert "1,2,3" not in page and "回答还没有封存" in page


# -- What she said -----------------------------------------------------------------------------------------------------


@pytest.fixture
def masked(ali: Employee, book: MemoryBook) -> str:
    it = book.issued(ali)
    book.reads(it.id)
    book.answers(it.id, "objected", SECRET, ("pension",), dibao=True)
    return it.id


def test_words_that_tell_of_dibao_are_masked_for_everybody_who_may_not_see_it(
    zhao: Colleague, masked: str, book: MemoryBook
) -> None:
    page = text(zhao.opens(f"/hr/notices/{masked}"))
    assert SECRET not in page and "遮住了" in page and "看原话" not in page
    assert "养老保险" in part(page, "spoken")
    zhao.sends(f"/hr/notices/{masked}/unmask", 403, unmask_why=WHY)
    [sealed] = [file for file, _ in book.kept[masked].files.values() if file.kind == "sealed"]
    assert zhao.opens(f"/hr/notices/{masked}/files/{sealed.id}", 403).mimetype == "text/html"
    zhao.sends(f"/hr/notices/{masked}/files/{sealed.id}/unmask", 403, unmask_why=WHY)
    assert "要由能看低保的人" in text(zhao.sends(f"/hr/notices/{masked}/bundle", 409, bundle_why=WHY))
    assert SECRET not in text(zhao.opens(f"/hr/notices/{masked}/sheet"))


def test_the_officer_reads_them_for_a_reason_which_is_written_down(
    officer: Colleague, masked: str, book: MemoryBook
) -> None:
    at = f"/hr/notices/{masked}"
    assert SECRET not in text(officer.opens(at))
    assert "写一句为什么" in text(officer.sends(f"{at}/unmask", 400, unmask_why=" "))
    assert SECRET in text(officer.sends(f"{at}/unmask", 200, unmask_why=WHY))
    assert (masked, f"account:{officer.account.id}", WHY) in book.looks
    page = text(officer.opens(at))
    assert SECRET not in page and "写明理由后看了遮住的内容" in part(page, "timeline")
    assert WHY not in page
    [sealed] = [file for file, _ in book.kept[masked].files.values() if file.kind == "sealed"]
    assert officer.opens(f"{at}/files/{sealed.id}", 403)
    assert officer.sends(f"{at}/files/{sealed.id}/unmask", 200, unmask_why=WHY).data == PDF
    assert "要由能看低保的人" in text(officer.sends(f"{at}/bundle", 409))
    assert officer.sends(f"{at}/bundle", 200, bundle_why=WHY).data == b"PK evidence"


def test_evidence_is_taken_out_once_it_is_sealed(zhao: Colleague, ali: Employee, book: MemoryBook) -> None:
    it = book.issued(ali)
    assert "还没有封存" in text(zhao.sends(f"/hr/notices/{it.id}/bundle", 409))
    book.answers(it.id, "acknowledged")
    bundle = zhao.sends(f"/hr/notices/{it.id}/bundle", 200)
    assert (
        bundle.data == b"PK evidence"
        and f'filename="{it.number}.zip"' in bundle.headers["Content-Disposition"]
    )
    assert "导出了证据包" in part(text(zhao.opens(f"/hr/notices/{it.id}")), "timeline")


def test_what_she_wrote_is_text_and_no_markup(zhao: Colleague, ali: Employee, book: MemoryBook) -> None:
    it = book.issued(ali)
    book.reads(it.id)
    book.answers(it.id, "refused", "<script>alert(1)</script>先别交")
    page = zhao.opens(f"/hr/notices/{it.id}").get_data(as_text=True)
    assert "<script>alert" not in page and "&lt;script&gt;" in page


# -- What is done then -------------------------------------------------------------------------------------------------


def test_a_refusal_ends_in_insurance(
    zhao: Colleague, ali: Employee, book: MemoryBook, desk_storage: Storage
) -> None:
    it = book.issued(ali)
    book.reads(it.id)
    book.answers(it.id, "refused", "先别交")
    page = text(zhao.opens(f"/hr/notices/{it.id}"))
    insure = part(page, "insure")
    assert 'class="main" type="submit">照常参保' in insure
    days = re.findall(r'data-name="哪天补清"><span>(\d{4}-\d\d-\d\d)', insure)
    assert days == ["2026-10-15", "2026-10-22", "2026-11-14", "2027-01-13"]
    assert "3476.40" in insure and "本人不签，改变不了这些" in insure and "第十九条" in insure
    assert "不能因为没签就停缴" in insure and "单位照样要缴" in part(page, "cannot")
    assert "选一个日子" in text(zhao.sends(f"/hr/notices/{it.id}/insure", 400, insured_from="明天"))
    zhao.sends(f"/hr/notices/{it.id}/insure", insured_from="2026-08-10")
    kept = desk_storage.roster.get(ali.id)
    assert kept is not None and kept.insured_since == date(2026, 8, 10)
    page = text(zhao.opens(f"/hr/notices/{it.id}"))
    assert "2026-08-10 起已经参保" in page and "拖着要多付" not in page


def test_no_page_offers_to_put_insurance_off(zhao: Colleague, ali: Employee, book: MemoryBook) -> None:
    it = book.issued(ali)
    book.passes(it.id)
    page = text(zhao.opens(f"/hr/notices/{it.id}"))
    offered = re.findall(r"<(?:button|summary|option|label)[^>]*>(.*?)</", page, re.DOTALL)
    assert not [each for each in offered if re.search("放弃|暂缓|缓缴|不参保|下限", each)]
    assert "照常参保" in offered and "走纸质送达" in page


def test_an_agent_cannot_set_the_day_and_is_told_who_can(
    colleague: SignIn, ali: Employee, book: MemoryBook
) -> None:
    it = book.issued(ali)
    book.answers(it.id, "refused", "不要")
    li = colleague("李娜", "agent")
    assert "要管花名册的人来做" in text(li.opens(f"/hr/notices/{it.id}"))
    li.sends(f"/hr/notices/{it.id}/insure", 403, insured_from="2026-08-10")


def test_a_new_link_takes_the_place_of_the_old_one_while_nobody_has_answered(
    zhao: Colleague, ali: Employee, book: MemoryBook
) -> None:
    it = book.issued(ali)
    said = zhao.sends(f"/hr/notices/{it.id}/again")
    assert "以前的链接作废了" in text(zhao.opens(said.headers["Location"]))
    book.answers(it.id, "acknowledged")
    said = zhao.sends(f"/hr/notices/{it.id}/again")
    assert "这一步没有做" in text(zhao.opens(said.headers["Location"]))


def test_it_is_taken_back_with_a_reason_and_not_after_an_answer(
    zhao: Colleague, ali: Employee, book: MemoryBook
) -> None:
    first, second = book.issued(ali), book.issued(ali, month=date(2026, 9, 1))
    assert "写一句为什么" in text(zhao.sends(f"/hr/notices/{first.id}/withdraw", 400, withdraw_why=""))
    zhao.sends(f"/hr/notices/{first.id}/withdraw", withdraw_why="工资填错了")
    assert book.kept[first.id].notice.state == "withdrawn"
    book.answers(second.id, "acknowledged")
    zhao.sends(f"/hr/notices/{second.id}/withdraw", withdraw_why="晚了")
    assert book.kept[second.id].notice.state == "acknowledged"


def test_a_correction_begins_with_who_and_which_month(
    zhao: Colleague, ali: Employee, book: MemoryBook
) -> None:
    it = book.issued(ali, month=date(2026, 9, 1))
    link = re.search(
        r'href="(/hr/notices/new\?[^"]*corrects=1[^"]*)"', text(zhao.opens(f"/hr/notices/{it.id}"))
    )
    assert link is not None
    form = text(zhao.opens(link[1]))
    assert 'value="2026-09"' in form and "阿丽 A0034" in form
    assert re.search(r'name="corrects" value="1" checked', form)


def test_a_hold_is_put_and_lifted_with_reasons(zhao: Colleague, ali: Employee, book: MemoryBook) -> None:
    it = book.issued(ali)
    at = f"/hr/notices/{it.id}"
    assert "写一句为什么" in text(zhao.sends(f"{at}/hold", 400, hold_why=""))
    zhao.sends(f"{at}/hold", hold_why="申请了仲裁")
    page = text(zhao.opens(at))
    assert "为争议保留中" in page and "申请了仲裁" in page and "先别按期限删" not in page
    [hold] = book.kept[it.id].holds
    assert "写一句为什么" in text(zhao.sends(f"{at}/lift", 400, hold=hold.id, lift_why=""))
    zhao.sends(f"{at}/lift", hold=hold.id, lift_why="调解好了")
    assert "为争议保留中" not in text(zhao.opens(at))
    zhao.sends(f"{at}/lift", 404, hold=hold.id, lift_why="再来一次")


def test_paper_is_followed_step_by_step(zhao: Colleague, ali: Employee, book: MemoryBook) -> None:
    it = book.issued(ali)
    at = f"/hr/notices/{it.id}"
    assert b"witness_form" in zhao.sends(f"{at}/print", 200, form="witness_form").data
    assert b"notice" in zhao.sends(f"{at}/print", 200, form="notice").data
    zhao.sends(f"{at}/print", 400, form="passwd")
    assert "填邮件单号" in text(zhao.sends(f"{at}/step", 400, step="posted", post_number="单号"))
    zhao.sends(f"{at}/step", step="posted", post_number="EMS1234567890CN")
    zhao.sends(f"{at}/step", step="handed_over")
    zhao.sends(f"{at}/step", 400, step="erased")
    for one, two in (("老周", "老周"), ("老周", ""), ("老周", "阿丽")):
        page = text(zhao.sends(f"{at}/step", 400, step="witnessed", witness_1=one, witness_2=two))
        assert "两位见证人" in page
    zhao.sends(f"{at}/step", step="witnessed", witness_1="老周", witness_2="小陈")
    types = [event.data["type"] for event in book.kept[it.id].events]
    assert types == ["issued", "printed", "printed", "posted", "handed_over", "witnessed"]
    times = part(text(zhao.opens(at)), "timeline")
    assert "只有纸质送达的记录" in part(text(zhao.opens(at)), "cannot")
    assert "EMS1234567890CN" in times and "老周、小陈" in times and "赵静" in times


@pytest.mark.parametrize(("data", "suffix"), [(PNG, "png"), (JPEG, "jpg"), (PDF, "pdf")])
def test_a_scan_is_what_its_content_is(
    zhao: Colleague, ali: Employee, book: MemoryBook, data: bytes, suffix: str
) -> None:
    it = book.issued(ali)
    at = f"/hr/notices/{it.id}"
    zhao.sends(f"{at}/upload", kind="post_receipt", scan=(BytesIO(data), "阿丽的回执.exe"))
    [(file, kept)] = book.kept[it.id].files.values()
    assert (kept, file.name) == (data, f"{it.number}-post_receipt.{suffix}")
    got = zhao.opens(f"{at}/files/{file.id}")
    assert got.data == data and "attachment" in got.headers["Content-Disposition"]


@pytest.mark.parametrize(
    "data", [b"", b"MZ\x90\0", b"<svg/>", PNG[:-4], PDF[:10], JPEG[:-2], PDF + b" " * 3000]
)
def test_what_is_no_scan_or_too_large_is_refused(
    zhao: Colleague, ali: Employee, book: MemoryBook, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    monkeypatch.setattr(notice_desk, "LARGEST_SCAN", 3000)
    it = book.issued(ali)
    page = zhao.sends(f"/hr/notices/{it.id}/upload", 400, kind="post_receipt", scan=(BytesIO(data), "a.pdf"))
    assert "请选一个 PNG、JPEG 或 PDF" in text(page)
    page = zhao.sends(f"/hr/notices/{it.id}/upload", 400, kind="sealed", scan=(BytesIO(PDF), "a.pdf"))
    assert "选这是什么文件" in text(page)
    assert not book.kept[it.id].files


def test_arbitration_is_three_clicks_from_the_number(
    zhao: Colleague, ali: Employee, book: MemoryBook
) -> None:
    it = book.issued(ali)
    book.reads(it.id)
    book.answers(it.id, "objected", "基数不对", ("pension",))
    first = zhao.sends("/hr/notices/find", wanted="A0034").headers["Location"]
    second = re.search(r'href="([^"]*/sheet)"', text(zhao.opens(first)))
    assert second is not None
    sheet = text(zhao.opens(second[1]))
    assert "证据目录" in sheet and "证明目的" in sheet and it.content_sha256 in sheet
    assert sheet.index("证明不了什么") < sheet.index("证明得了什么") < sheet.index("证据目录")
    assert "基数不对" not in sheet and "缺：可信时间戳" in sheet


def test_what_is_not_there_is_not_found(zhao: Colleague, ali: Employee, book: MemoryBook) -> None:
    it = book.issued(ali)
    nowhere = "5a1e0000-0000-4000-8000-0000000000ff"
    zhao.opens(f"/hr/notices/{nowhere}", 404)
    zhao.opens(f"/hr/notices/{it.id}/files/{nowhere}", 404)
    zhao.opens(f"/hr/notices/batches/{nowhere}", 404)
