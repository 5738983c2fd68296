"""Service times on the page: what is typed is kept, what cannot be is said beside its field, and nothing typed is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from html import unescape

import pytest
from databases import Clock
from desk import Colleague
from flask import Flask
from sqlalchemy import select
from talking import message, say

from app.console import make_console
from app.settings import Settings
from app.web import create_app
from hr_console.service_form import Wrong, hours_fields, read_hours
from hr_inbox.notices import LEASE, Mail, MailFailure
from hr_inbox.service_clock import DAY, Hours, Interval
from hr_inbox.service_rules import NO_MAIL, OFFICE_HOURS, TARGETS, MailRules
from hr_inbox.task import HrTask
from hr_inbox.working_days import OwnDay
from people.accounts import Role
from policy_kb.library import Library
from storage.opening import Storage
from storage.tables import audit_events

pytest_plugins = ["databases", "desk"]

Colleagues = Callable[..., Colleague]


class Post:
    """A server that takes mails, or fails as it is told."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.failure: MailFailure | None = None

    def send(self, mail: Mail) -> None:
        if self.failure is not None:
            raise self.failure
        self.mails.append(mail)


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def desk(desk_storage: Storage, library: Library, post: Post) -> Flask:
    """The console of a company that has a mail server."""
    console = make_console(Settings(), desk_storage, library, post)
    return create_app(Settings(), library, console=console)


@pytest.fixture
def boss(colleague: Colleagues) -> Colleague:
    """钱丽, who runs it."""
    return colleague("钱丽", "admin")


def text(page: str) -> str:
    """What can be read on a page."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def acts(storage: Storage) -> list[str]:
    with storage.database.read() as connection:
        return list(connection.execute(select(audit_events.c.act).order_by(audit_events.c.seq)).scalars())


def error_of(page: str, field: str) -> str:
    """The error beside a field, which the field names."""
    assert f'aria-describedby="{field}-error"' in page, field
    found = re.search(rf'id="{field}-error">([^<]+)<', page)
    assert found is not None, field
    return found[1]


def test_only_who_runs_the_company_gets_there(colleague: Colleagues) -> None:
    for role in ("agent", "dibao_officer", "policy_editor", "policy_reviewer", "auditor"):
        colleague(role, role).opens("/hr/service", 403)
        colleague(f"{role} too", role).sends("/hr/service/targets", 403, target0="5")


def test_hours_are_shown_changed_and_logged(boss: Colleague, desk_storage: Storage) -> None:
    page = boss.opens("/hr/service").get_data(as_text=True)
    assert 'name="start0_0" value="08:30"' in page and 'name="end4_1" value="17:30"' in page
    night = {"start5_0": "22:00", "end5_0": "06:00"}
    boss.sends("/hr/service/hours", **{**hours_fields(OFFICE_HOURS), **night, "start6_0": "", "end6_0": ""})
    hours = desk_storage.service.rules().hours
    assert hours == Hours((*OFFICE_HOURS.week[:5], (Interval(1320, 1800),), ()))
    assert acts(desk_storage) == ["set_hours"]
    assert 'name="end5_0" value="06:00"' in boss.opens("/hr/service").get_data(as_text=True)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"start1_0": "08:30", "end1_0": ""}, "开始和结束"),
        ({"start1_0": "早上", "end1_0": "12:00"}, "开始和结束"),
        ({"start1_0": "08:30", "end1_0": "08:30"}, "不能一样"),
        ({"start1_0": "08:30", "end1_0": "12:00", "start1_1": "11:00", "end1_1": "15:00"}, "不能重叠"),
        ({"start1_0": "22:00", "end1_0": "06:00", "start1_1": "23:00", "end1_1": "23:30"}, "不能重叠"),
    ],
)
def test_hours_that_cannot_be_are_said_at_their_day(
    boss: Colleague, desk_storage: Storage, fields: dict[str, str], said: str
) -> None:
    typed = {"start0_0": "09:09", "end0_0": "10:10"} | fields
    page = boss.sends("/hr/service/hours", 400, **typed).get_data(as_text=True)
    assert said in error_of(page, "day1")
    assert 'name="start0_0" value="09:09"' in page
    assert desk_storage.service.rules().hours == OFFICE_HOURS


def test_what_was_typed_in_the_last_place_is_shown_again(boss: Colleague) -> None:
    page = boss.sends("/hr/service/hours", 400, start0_3="08:30", end0_3="08:30").get_data(as_text=True)
    assert 'name="start0_3" value="08:30"' in page


def test_a_week_without_work_is_refused(boss: Colleague) -> None:
    page = boss.sends("/hr/service/hours", 400, start0_0="", end0_0="").get_data(as_text=True)
    assert "至少要有一天" in error_of(page, "day0")


@pytest.mark.parametrize(
    "hours",
    [
        OFFICE_HOURS,
        Hours(((Interval(0, DAY),),) * 7),
        Hours(((Interval(1320, 1800),), (), (), (), (), (), (Interval(5, 10), Interval(720, DAY)))),
    ],
)
def test_hours_come_back_from_their_fields(hours: Hours) -> None:
    assert read_hours(hours_fields(hours)) == hours


def test_typed_times_are_sorted() -> None:
    day = {"start0_0": "13:30", "end0_0": "17:30", "start0_1": "8:30", "end0_1": "12:00"}
    assert read_hours(day).week[0] == OFFICE_HOURS.week[0]
    with pytest.raises(Wrong):
        read_hours({})


def test_targets_are_changed_in_words_of_hours_and_minutes(boss: Colleague, desk_storage: Storage) -> None:
    typed = {
        "target0": "15",
        "unit0": "minutes",
        "target1": "2",
        "unit1": "hours",
        "target2": "12",
        "unit2": "hours",
    }
    boss.sends("/hr/service/targets", **typed)
    assert desk_storage.service.rules().targets == {0: 15, 1: 120, 2: 720}
    assert acts(desk_storage) == ["set_targets"]


@pytest.mark.parametrize("typed", ["", "4", "-5", "半天", "1.5", "10001", "٣٠", "9" * 400])
def test_targets_that_cannot_be_are_said_at_their_field(
    boss: Colleague, desk_storage: Storage, typed: str
) -> None:
    fields = {
        "target0": "30",
        "unit0": "minutes",
        "target1": typed,
        "unit1": "minutes",
        "target2": "77",
        "unit2": "hours",
    }
    page = boss.sends("/hr/service/targets", 400, **fields).get_data(as_text=True)
    assert "5 分钟到 166 小时" in error_of(page, "target1")
    assert 'value="77"' in page
    assert desk_storage.service.rules().targets == TARGETS


def test_the_page_says_by_when_a_case_of_now_is_due(colleague: Colleagues, clock: Clock) -> None:
    shown = text(colleague("钱丽", "admin").opens("/hr/service").get_data(as_text=True))
    assert "现在来一件普通的，最晚 10-16 周五 12:00 前要回。" in shown
    assert "现在来一件加急的，最晚 10-15 周四 14:00 前要回。" in shown
    clock.time = datetime(2026, 12, 31, 8, tzinfo=UTC)
    assert "还没公布" in text(colleague("李娜", "admin").opens("/hr/service").get_data(as_text=True))


def test_a_day_is_set_shown_taken_back_and_restored(boss: Colleague, desk_storage: Storage) -> None:
    boss.sends("/hr/service/day", on="2026-10-24", works="yes", note=" 赶  工 ")
    assert desk_storage.service.rules().days.own == {
        date(2026, 10, 24): OwnDay(date(2026, 10, 24), True, "赶 工")
    }
    page = boss.opens("/hr/service").get_data(as_text=True)
    assert "公司定的：赶 工" in text(page)
    removed = boss.sends("/hr/service/day/remove", 200, on="2026-10-24").get_data(as_text=True)
    assert desk_storage.service.rules().days.own == {}
    assert "2026-10-24 的特别安排取消了" in text(removed) and "恢复" in text(removed)
    restore = dict(re.findall(r'name="(on|works|note)" value="([^"]*)"', removed.split("恢复")[0]))
    boss.sends("/hr/service/day", **restore)
    assert desk_storage.service.rules().days.own[date(2026, 10, 24)].note == "赶 工"
    assert acts(desk_storage) == ["set_day", "remove_day", "set_day"]


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        *(("on", typed) for typed in ("", "2026-10-14", "2030-01-01", "10月24日", "2026-02-30")),
        *(("works", typed) for typed in ("", "maybe")),
        ("note", "长" * 61),
    ],
)
def test_a_day_that_cannot_be_is_said_at_its_field(
    boss: Colleague, desk_storage: Storage, field: str, typed: str
) -> None:
    fields = {"on": "2026-10-24", "works": "no", "note": "厂庆"} | {field: typed}
    page = boss.sends("/hr/service/day", 400, **fields).get_data(as_text=True)
    assert error_of(page, field)
    assert f'value="{fields["note"]}"' in page
    assert desk_storage.service.rules().days.own == {}


def test_removing_a_day_that_is_none_changes_nothing(boss: Colleague, desk_storage: Storage) -> None:
    boss.sends("/hr/service/day/remove", 303, on="morning")
    boss.sends("/hr/service/day/remove", 200, on="2026-10-24")
    assert acts(desk_storage) == []


def test_the_calendar_names_holidays_make_up_days_and_what_nobody_knows(
    colleague: Colleagues, clock: Clock
) -> None:
    def days(name: str) -> dict[str, str]:
        page = colleague(name, "admin").opens("/hr/service").get_data(as_text=True)
        found = re.findall(r'<li class="[^"]*">\s*<time datetime="([^"]+)">(.*?)</li>', page, re.DOTALL)
        assert len(found) == 60
        return {on: text(said) for on, said in found}

    clock.time = datetime(2026, 9, 18, 4, tzinfo=UTC)
    september = days("钱丽")
    assert "调休上班 国庆节" in september["2026-09-20"] and "放假 国庆节" in september["2026-10-01"]
    assert "上班" in september["2026-09-21"] and "休息" in september["2026-09-19"]
    clock.time = datetime(2026, 12, 20, 4, tzinfo=UTC)
    december = days("李娜")
    assert "待公布" in december["2027-01-01"] and "待公布" not in december["2026-12-31"]


def test_who_is_told_by_mail_and_how_often(
    boss: Colleague, colleague: Colleagues, desk_storage: Storage
) -> None:
    zhao, editor = colleague("赵静", "agent"), colleague("孙涛", "policy_editor")
    page = boss.opens("/hr/service").get_data(as_text=True)
    assert "赵静" in page and "孙涛" not in page and "没有邮箱" in page
    boss.sends(
        "/hr/service/mail", every="60", **{f"own_{zhao.account.id}": "0", f"own_{editor.account.id}": "15"}
    )
    assert desk_storage.service.rules().mail == MailRules(60, {zhao.account.id: NO_MAIL})
    boss.sends("/hr/service/mail", every="60", **{f"own_{zhao.account.id}": ""})
    assert desk_storage.service.rules().mail == MailRules(60, {})
    page = boss.sends("/hr/service/mail", 400, every="7").get_data(as_text=True)
    assert error_of(page, "every")
    assert acts(desk_storage) == ["set_mail", "set_mail"]


def reached(desk: Flask, storage: Storage, name: str, role: Role) -> Colleague:
    """Somebody with an address."""
    account = storage.accounts.add(name, name, frozenset({role}), f"{role}@company.example", state="active")
    return Colleague(desk, storage, account)


def test_a_test_mail_goes_to_whoever_asks(
    boss: Colleague, desk: Flask, desk_storage: Storage, post: Post
) -> None:
    assert "先填上" in boss.opens("/hr/service").get_data(as_text=True)
    boss.sends("/hr/service/mail/test")
    assert post.mails == []
    reached(desk, desk_storage, "李娜", "admin").sends("/hr/service/mail/test")
    assert [mail.to for mail in post.mails] == ["admin@company.example"]
    assert acts(desk_storage) == ["send_test_mail"]


def test_a_test_mail_that_fails_says_why(desk: Flask, desk_storage: Storage, post: Post) -> None:
    post.failure = MailFailure("login", 535, lasting=True)
    page = text(
        reached(desk, desk_storage, "李娜", "admin")
        .sends("/hr/service/mail/test", 400)
        .get_data(as_text=True)
    )
    assert "没发出去：登录被拒，用户名或密码不对（535）" in page


def test_a_mail_that_did_not_go_out_is_shown_until_a_test_mail_arrives(
    desk: Flask, desk_storage: Storage, clock: Clock
) -> None:
    clock.move(hours=3)
    reached(desk, desk_storage, "赵静", "agent")
    boss = reached(desk, desk_storage, "李娜", "admin")
    say(desk_storage, message(), "好", tasks=(HrTask("question", ("什么时候开始交",)),))
    claim = desk_storage.mail_notices.claim(clock(), clock() + LEASE)
    assert claim is not None
    desk_storage.mail_notices.settle(claim, MailFailure("timeout"), clock())
    page = text(boss.opens("/hr/service").get_data(as_text=True))
    assert "给赵静的，上次没发出去：服务器没有回应。10-15 周四 15:01 再试。" in page
    boss.sends("/hr/service/mail/test")
    assert desk_storage.mail_notices.troubles()[0].retry_at == clock.time


def test_without_a_server_the_page_says_so(
    desk_storage: Storage, library: Library, colleague: Colleagues
) -> None:
    app = create_app(Settings(), library, console=make_console(Settings(), desk_storage, library))
    account = desk_storage.accounts.add("li", "李娜", frozenset({"admin"}), state="active")
    page = Colleague(app, desk_storage, account).opens("/hr/service").get_data(as_text=True)
    assert "现在不发邮件" in page and "测试邮件" not in page


def test_no_form_is_taken_from_elsewhere(boss: Colleague) -> None:
    for part in ("hours", "targets", "day", "day/remove", "mail", "mail/test"):
        assert boss.client.post(f"/hr/service/{part}", data={"on": "2026-10-24"}).status_code == 400


def test_every_field_has_a_name_to_read(boss: Colleague) -> None:
    page = boss.opens("/hr/service").get_data(as_text=True)
    fields = re.findall(r"<(?:input|select)(?![^>]*hidden)[^>]*>", page)
    labels = set(re.findall(r'<label for="([^"]+)"', page))
    for each in fields:
        id = re.search(r' id="([^"]+)"', each)
        assert "aria-label=" in each or (id is not None and id[1] in labels), each
