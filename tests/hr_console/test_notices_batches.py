"""赵静 issues notices: chooses whom, looks at the drafts, mends what is blocked, issues once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from html import unescape

import pytest
from desk import Colleague
from flask.testing import FlaskClient
from notice_book import MemoryBook
from staffing import HR, hire

from hr_inbox.working_days import OwnDay
from people.entities import LegalEntity
from storage.opening import Storage

pytest_plugins = ["databases", "desk"]

SignIn = Callable[..., Colleague]
FORM = {"whom": "all", "kind": "notice", "month": "2026-10", "due_on": "2026-10-22"}


@pytest.fixture
def zhao(colleague: SignIn) -> Colleague:
    return colleague("赵静", "agent", "admin")


def text(page: object) -> str:
    return unescape(page.get_data(as_text=True))  # type: ignore[attr-defined]


def begins(zhao: Colleague, **form: object) -> str:
    """A batch; its id."""
    location = zhao.sends("/hr/notices/begin", **{**FORM, **form}).headers["Location"]
    return location.rpartition("/")[2]


def chosen(book: MemoryBook, batch: str) -> set[str]:
    return {each.number for each in book.lines[batch].values()}


# -- For whom ----------------------------------------------------------------------------------------------------------


def test_an_empty_list_says_what_a_notice_is_and_what_to_do_first(
    zhao: Colleague, desk_storage: Storage
) -> None:
    page = text(zhao.opens("/hr/notices"))
    assert "还没有发过告知书" in page and "先填单位和社保账户" in page
    desk_storage.companies.save_entity(LegalEntity("", "小河边服装厂", "91320500MA1MX00X0K"), HR)
    assert "发第一批" in text(zhao.opens("/hr/notices"))


def test_a_batch_is_for_everybody_a_place_a_department_the_uninsured_or_one(
    zhao: Colleague, desk_storage: Storage, book: MemoryBook
) -> None:
    hire(desk_storage, "A1", "阿丽", department="缝纫")
    hire(desk_storage, "A2", "老周", department="裁剪", insured_since=date(2026, 4, 1))
    hire(desk_storage, "A3", "小陈", department="缝纫", region="310000")
    gone = hire(desk_storage, "A4", "老李")
    desk_storage.roster.leave(gone.id, date(2026, 9, 30), HR)
    assert chosen(book, begins(zhao)) == {"A1", "A2", "A3"}
    assert chosen(book, begins(zhao, region="310000")) == {"A3"}
    assert chosen(book, begins(zhao, department="缝纫")) == {"A1", "A3"}
    assert chosen(book, begins(zhao, uninsured="1")) == {"A1", "A3"}
    assert chosen(book, begins(zhao, uninsured="1", region="320500")) == {"A1"}
    assert chosen(book, begins(zhao, whom="one", number="a2")) == {"A2"}


def test_who_is_ticked_on_the_roster_is_chosen(
    zhao: Colleague, desk_storage: Storage, book: MemoryBook
) -> None:
    ali, zhou = hire(desk_storage, "A1", "阿丽"), hire(desk_storage, "A2", "老周")
    hire(desk_storage, "A3", "小陈")
    assert 'name="employee"' in text(zhao.opens("/hr/roster"))
    form = text(zhao.sends("/hr/notices/new", 200, employee=[ali.id, zhou.id, "no id"]))
    assert "选中的 2 人" in form and form.count('type="hidden" name="employee"') == 2
    batch = begins(zhao, whom="chosen", employee=[ali.id, zhou.id, ali.id])
    assert chosen(book, batch) == {"A1", "A2"}
    assert "没有这样的在职员工" in text(zhao.sends("/hr/notices/begin", 400, **{**FORM, "whom": "chosen"}))


def test_the_last_day_is_the_fifth_working_day_and_says_which_weekday_it_is(
    zhao: Colleague, desk_storage: Storage
) -> None:
    """Thursday 15 October 2026; the company is closed on the Monday after."""
    assert 'value="2026-10-22"' in text(zhao.opens("/hr/notices/new"))
    desk_storage.service.set_day(OwnDay(date(2026, 10, 19), works=False, note="盘点"), HR)
    form = text(zhao.opens("/hr/notices/new"))
    assert 'value="2026-10-23"' in form and "2026-10-23 周五，上班" in form
    assert zhao.asks("/hr/notices/day?on=2026-10-01").json == {"told": "2026-10-01 周四，国庆节放假"}
    assert zhao.asks("/hr/notices/day?on=2026-10-19").json == {"told": "2026-10-19 周一，盘点放假"}
    assert zhao.asks("/hr/notices/day?on=x").json == {"told": ""}


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("kind", "waiver", "选一种"),
        ("month", "2020-01", "选一个月份"),
        ("month", "", "选一个月份"),
        ("due_on", "2026-10-15", "今天以后"),
        ("due_on", "2027-10-15", "90 天以内"),
        ("due_on", "2026-10-24", "往后挪到 2026-10-26 周一"),
        ("whom", "one", "没有这个工号"),
        ("region", "110000", "没有这样的在职员工"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    zhao: Colleague, desk_storage: Storage, book: MemoryBook, field: str, typed: str, told: str
) -> None:
    hire(desk_storage)
    page = text(zhao.sends("/hr/notices/begin", 400, **{**FORM, field: typed}))
    assert told in page and page.count('class="error"') == 1
    assert not book.made


@pytest.mark.parametrize(("why", "told"), [("", "写一句为什么"), ("他家低保停了", "不要写低保的事")])
def test_a_correction_says_why_and_never_with_dibao(
    zhao: Colleague, desk_storage: Storage, book: MemoryBook, why: str, told: str
) -> None:
    hire(desk_storage)
    assert told in text(zhao.sends("/hr/notices/begin", 400, **FORM, corrects="1", why=why))
    batch = begins(zhao, corrects="1", why="基数按新公布的下限改了")
    plan = book.made[batch].plan
    assert (plan.corrects, plan.why) == (True, "基数按新公布的下限改了")
    assert book.made[batch].made_by == f"account:{zhao.account.id}"


# -- Drafts ------------------------------------------------------------------------------------------------------------


def test_drafting_shows_how_far_it_is_and_can_be_gone_on_with(
    zhao: Colleague, desk_storage: Storage, book: MemoryBook
) -> None:
    for number in range(4):
        hire(desk_storage, f"A{number}", f"员工{number}", wage=350_000)
    batch = begins(zhao)
    book.work(batch, 3)
    assert 'data-url="/hr/notices/batches/' in text(zhao.opens(f"/hr/notices/batches/{batch}"))
    progress = {"state": "drafting", "running": True, "done": 3, "total": 4}
    assert zhao.asks(f"/hr/notices/batches/{batch}/progress").json == progress
    zhao.sends(f"/hr/notices/batches/{batch}/go-on")
    assert book.asked == [batch, batch]
    assert "一批：正在起草，4 人" in text(zhao.opens("/hr/notices"))
    book.work(batch)
    assert zhao.asks(f"/hr/notices/batches/{batch}/progress").json["running"] is False  # type: ignore[index]
    assert "发出 4 份" in text(zhao.opens(f"/hr/notices/batches/{batch}"))


def test_what_is_blocked_is_counted_with_its_reason_and_mended(
    zhao: Colleague, desk_storage: Storage, book: MemoryBook
) -> None:
    for number in range(3):
        hire(desk_storage, f"A{number}", f"员工{number}", wage=350_000)
    hire(desk_storage, "B1", "老周")  # no wage
    book.lacking = {("320500", "maternity")}
    batch = begins(zhao)
    book.work(batch)
    page = text(zhao.opens(f"/hr/notices/batches/{batch}"))
    assert "发不了的 4 份，为什么" in page and "没有可以发的" in page
    assert "江苏省苏州市 生育保险" in page and "花名册里没有工资" in page
    assert "出处：生育保险" in text(zhao.opens(f"/hr/notices/batches/{batch}?show=blocked"))
    assert f"/hr/notices/figures?batch={batch}&region=320500&insurance=maternity" in page
    form = text(zhao.opens(f"/hr/notices/figures?batch={batch}&region=320500&insurance=maternity"))
    assert 'value="江苏省苏州市"' in form and '<option value="maternity" selected>' in form
    figure = {
        "batch": batch,
        "region": "苏州",
        "insurance": "maternity",
        "employee": "0",
        "employer": "28.50",
    }
    assert "没有出处的数不能用" in text(zhao.sends("/hr/notices/figures", 400, **figure, source=" "))
    assert not book.entered
    saved = zhao.sends("/hr/notices/figures", **figure, source="苏州市医保局通知〔2026〕3号")
    assert saved.headers["Location"].endswith(f"/hr/notices/batches/{batch}")
    entered = book.entered["320500", "maternity"]
    assert (entered.employee, entered.employer) == (0, 2850)
    zhao.sends(f"/hr/notices/batches/{batch}/again")
    book.work(batch)
    page = text(zhao.opens(f"/hr/notices/batches/{batch}"))
    assert "发出 3 份" in page and "发不了的 1 份" in page


@pytest.mark.parametrize(("typed", "told"), [("", "这一项要填"), ("三十", "请填金额"), ("-5", "请填金额")])
def test_an_amount_that_is_not_typed_is_not_nought(
    zhao: Colleague, book: MemoryBook, typed: str, told: str
) -> None:
    figure = {
        "region": "苏州",
        "insurance": "medical",
        "employee": typed,
        "employer": "10",
        "source": "核定单",
    }
    assert told in text(zhao.sends("/hr/notices/figures", 400, **figure))
    assert not book.entered


def test_a_charge_once_a_year_is_set_and_taken_away(zhao: Colleague, book: MemoryBook) -> None:
    charge = {
        "charge_region": "苏州", "charge_name": "大额医疗互助", "charge_month": "7", "charge_employee": "100",
        "charge_employer": "0",
    }  # fmt: skip
    assert "没有出处" in text(zhao.sends("/hr/notices/charges", 400, **charge))
    zhao.sends("/hr/notices/charges", **charge, charge_source="苏医保〔2026〕9号")
    assert "大额医疗互助" in text(zhao.opens("/hr/notices/figures"))
    [kept] = book.charges()
    assert (kept.month, kept.employee, kept.employer) == (7, 10_000, 0)
    zhao.sends("/hr/notices/charges/remove", region="320500", name="大额医疗互助")
    assert not book.charges()


def test_a_draft_is_read_as_its_employee_reads_it_and_on_paper(
    zhao: Colleague, desk_storage: Storage, book: MemoryBook
) -> None:
    ali = hire(desk_storage, "A1", "阿丽<b>", wage=350_000)
    batch = begins(zhao)
    book.work(batch)
    found = zhao.sends(f"/hr/notices/batches/{batch}/find", wanted="a1").headers["Location"]
    page = text(zhao.opens(found))
    assert "你不签也照样交" in page and "养老保险" in page and "367.50" in page
    assert "阿丽&lt;b&gt;" in zhao.opens(found).get_data(as_text=True)
    paper = zhao.opens(f"{found}/draft.pdf")
    assert paper.mimetype == "application/pdf" and b"draft" in paper.data
    assert "不在这一批里" in text(zhao.sends(f"/hr/notices/batches/{batch}/find", 400, wanted="A9"))
    assert ali.id in found


def test_a_name_that_cannot_be_printed_is_said(
    zhao: Colleague, desk_storage: Storage, book: MemoryBook
) -> None:
    hire(desk_storage, "A1", "王𫚉", wage=350_000)
    batch = begins(zhao)
    book.work(batch)
    [employee] = book.lines[batch]
    page = text(zhao.opens(f"/hr/notices/batches/{batch}/{employee}/draft.pdf", 409))
    assert "没有字体有“𫚉”这个字" in page


# -- Issuing -----------------------------------------------------------------------------------------------------------


def test_it_is_issued_once_as_many_as_the_page_has_shown_and_those_left_out_are_not(
    zhao: Colleague, desk_storage: Storage, book: MemoryBook
) -> None:
    people = [hire(desk_storage, f"A{number}", f"员工{number}", wage=350_000) for number in range(3)]
    batch = begins(zhao)
    book.work(batch)
    at = f"/hr/notices/batches/{batch}"
    back = zhao.sends(f"{at}/{people[2].id}/leave-out", out="1", show="ready").headers["Location"]
    assert back == f"{at}?show=ready&page=1"
    assert "打个勾再发" in text(zhao.sends(f"{at}/issue", 400, ready="2"))
    assert "现在是 2 份" in text(zhao.sends(f"{at}/issue", 409, ready="3", sure="1"))
    zhao.sends(f"{at}/issue", ready="2", sure="1")
    book.work(batch, 1)
    assert zhao.asks(f"{at}/progress").json == {"state": "issuing", "running": True, "done": 1, "total": 2}
    again = zhao.sends(f"{at}/issue", ready="2", sure="1")
    assert "已经到别的步骤了" in text(zhao.opens(again.headers["Location"]))
    book.work(batch)
    page = text(zhao.opens(at))
    assert "发出了 2 份" in page and "这次不发" in page
    listed = text(zhao.opens(f"/hr/notices?batch={batch}"))
    assert "员工0" in listed and "员工1" in listed and "员工2" not in listed
    for act in ("discard", "again"):
        zhao.sends(f"{at}/{act}")
    assert book.made[batch].state == "done"


def test_who_is_left_out_can_be_taken_back_in(
    zhao: Colleague, desk_storage: Storage, book: MemoryBook
) -> None:
    ali = hire(desk_storage, "A1", "阿丽", wage=350_000)
    batch = begins(zhao)
    book.work(batch)
    at = f"/hr/notices/batches/{batch}"
    for out, count in (("1", 0), ("0", 1)):
        zhao.sends(f"{at}/{ali.id}/leave-out", out=out, back="draft")
        assert book.batch(batch).counts["ready"] == count  # type: ignore[union-attr]


def test_a_batch_that_is_not_wanted_issues_nothing(
    zhao: Colleague, desk_storage: Storage, book: MemoryBook
) -> None:
    hire(desk_storage, "A1", "阿丽", wage=350_000)
    batch = begins(zhao)
    book.work(batch)
    zhao.sends(f"/hr/notices/batches/{batch}/discard")
    assert book.made[batch].state == "discarded" and not book.kept
    assert "什么都没有发" in text(zhao.opens(f"/hr/notices/batches/{batch}"))


def test_a_thousand_are_paged(zhao: Colleague, desk_storage: Storage, book: MemoryBook) -> None:
    """Employees of the book alone: the roster's own speed is measured elsewhere."""
    hire(desk_storage, "A1", "阿丽", wage=350_000)
    batch = begins(zhao)
    book.work(batch)
    [row] = book.lines[batch].values()
    book.lines[batch] = {
        f"5a1e0000-0000-4000-8000-{number:012}": replace(
            row, employee=f"5a1e0000-0000-4000-8000-{number:012}", number=f"A{number:04}"
        )
        for number in range(1000)
    }
    page = text(zhao.opens(f"/hr/notices/batches/{batch}?page=20"))
    assert "第 20 页，共 20 页" in page and "A0999" in page and "A0949" not in page
    assert page.count("<tr id=") == 50 and "发出 1000 份" in page


# -- The list ----------------------------------------------------------------------------------------------------------


def test_the_list_is_narrowed_by_state_kind_month_and_lateness(
    zhao: Colleague, desk_storage: Storage, book: MemoryBook
) -> None:
    ali, zhou, chen = (
        hire(desk_storage, number, name, wage=350_000)
        for number, name in (("A1", "阿丽"), ("A2", "老周"), ("A3", "小陈"))
    )
    signed = book.issued(ali)
    book.reads(signed.id)
    book.answers(signed.id, "acknowledged")
    book.issued(zhou, due_on=date(2026, 10, 14))
    book.issued(chen, kind="statement", month=date(2026, 9, 1))

    def names(query: str) -> set[str]:
        page = text(zhao.opens(f"/hr/notices?{query}"))
        return {name for name in ("阿丽", "老周", "小陈") if name in page}

    assert names("") == {"阿丽", "老周", "小陈"}
    assert names("state=acknowledged") == {"阿丽"}
    assert names("state=late") == {"老周"}
    assert names("kind=statement") == names("month=2026-09") == {"小陈"}
    assert names(f"employee={zhou.id}") == {"老周"}
    assert names("state=nonsense&month=x&kind=y&page=z&employee=A1") == {"阿丽", "老周", "小陈"}
    assert "没有这样的告知书" in text(zhao.opens("/hr/notices?state=refused"))
    page = text(zhao.opens("/hr/notices"))
    assert '过了日子没回应<span class="count">1</span>' in page and "封存件发给了本人" in page


def test_a_number_opens_the_notice_and_stands_in_no_address(
    zhao: Colleague, desk_storage: Storage, book: MemoryBook
) -> None:
    ali = hire(desk_storage, "A1", "阿丽", wage=350_000)
    first = book.issued(ali)
    assert zhao.sends("/hr/notices/find", wanted="a1").headers["Location"] == f"/hr/notices/{first.id}"
    book.issued(ali, month=date(2026, 9, 1))
    assert (
        zhao.sends("/hr/notices/find", wanted="阿丽").headers["Location"] == f"/hr/notices?employee={ali.id}"
    )
    hire(desk_storage, "A2", "阿丽")
    assert "是哪一位" in text(zhao.sends("/hr/notices/find", 200, wanted="阿丽"))
    assert "没有找到" in text(zhao.sends("/hr/notices/find", 200, wanted="没人"))


def test_an_agent_follows_notices_and_issues_none(
    colleague: SignIn, desk_storage: Storage, book: MemoryBook
) -> None:
    li = colleague("李娜", "agent")
    book.issued(hire(desk_storage, "A1", "阿丽", wage=350_000))
    page = text(li.opens("/hr/notices"))
    assert "阿丽" in page and "发一批" not in page
    li.opens("/hr/notices/new", 403)
    assert "给选中的发告知书" not in text(li.opens("/hr/roster"))


def test_forms_need_their_token(zhao: Colleague) -> None:
    client: FlaskClient = zhao.client
    assert client.post("/hr/notices/begin", data=FORM).status_code == 400
