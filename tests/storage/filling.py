"""At least one row in every table, as the program writes them: for tests that must not forget a table."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import date, timedelta

import pytest
from databases import Clock
from noticing import ADDRESS, PHONE, QUESTIONS, Desk
from pyotp import TOTP
from sqlalchemy import insert
from talking import REPLY, TASK, Post, colleague, kept, message, say

from app.reassessing import Reassessing
from audit.events import Event, account, employee
from bench.profiles import raised
from bot.channels.tokens import Fetched, Tokens
from bot.passive import Carried
from bot.receiving import Said, receive
from delivery.messages import IncomingMessage
from delivery.outbox import deliver_due
from hr_inbox.task import HrTask
from hr_inbox.unanswered import Unanswered
from hr_inbox.working_days import OwnDay
from notices.book import EnteredFigure, Plan
from notices.sealing import Sealed
from notices.verifying import Trust
from people.alarms import Recipient
from people.bindings import Bind
from people.employees import Employee
from people.entities import InsuredAccount, LegalEntity
from people.importing import Incoming, Read
from people.outside import Nonsense, Wage, Wages
from people.outside import Tokens as Naming
from people.providers import Journey
from people.records import Adjustment, DibaoStatus
from people.signing_in import NotAdmitted
from policy_kb import compiled
from profiles.declarations import Frame
from profiles.declaring import Known, draft
from profiles.ground import Ground
from profiles.portal import Blank, Receipt
from profiles.portal_acts import Taken
from profiles.profile import Profile
from profiles.strategy import Strategy, choose_strategy
from storage.notice_register import StoredRegister
from storage.notice_seals import StoredSeals
from storage.opening import Storage
from storage.tables import mail_digests, told_tasks
from storage.unanswered import count_unanswered


def _talk(storage: Storage, clock: Clock) -> None:
    receive(
        message("m1"), storage.conversations, lambda kept, message: Said({"wage": 350_000}, (REPLY,), (TASK,))
    )
    say(storage, message("e1", sender="走了的人"), "好")
    say(storage, message("e2", sender="走了的人"), "删了", erase=True)
    say(storage, message("p1", channel="wechat"), "发出的")
    deliver_due(storage.outbox, {"wechat": Post()}, clock)
    storage.inbox.store(message("m2", "还没答的"))
    storage.inbox.store(IncomingMessage("wechat", "取关的人", "l1", "", kind="left"))


def _sign_in(storage: Storage, clock: Clock) -> None:
    zhao = storage.accounts.add("zhaojing", "赵静", frozenset({"agent"}), state="active")
    session = storage.sessions.find(storage.sessions.begin(zhao.id))
    assert session is not None
    code = TOTP(storage.credentials.planned_secret(session)).at(clock())
    storage.credentials.set_second_factor(session, code)
    storage.sessions.begin(zhao.id)
    storage.accounts.invite_new("laoqian", "老钱", "", frozenset({"auditor"}), account(zhao.id))
    with pytest.raises(NotAdmitted):
        storage.credentials.check_password("laoqian", "不知道的密码", "192.0.2.7")
    storage.ties.set_out(Journey("state", "nonce", "verifier"))
    storage.audit.record(Event("sign_in", account(zhao.id), (account(zhao.id),)))


def _employ(storage: Storage, clock: Clock) -> None:
    roster, hr = storage.roster, account("5a1e0000-0000-4000-8000-00000000000a")
    ali = roster.add(Employee("", "A0034", "阿丽", "320500", joined_on=date(2026, 3, 1)), hr)
    code = storage.bindings.make([ali.id], hr)[ali.id]
    bound = Said({}, (), binding=Bind(code, ali.id))
    receive(message("b1", sender="绑定的人"), storage.conversations, lambda kept, message: bound)
    storage.bindings.make([ali.id], hr)
    storage.records.agree(ali.id, "dibao_status", "paper", hr)
    storage.records.tell_dibao(ali.id, DibaoStatus("receiving", date(2026, 1, 1), "told_hr"), hr)
    storage.records.adjust(ali.id, Adjustment(date(2026, 7, 1), None, 495_200, "首次申报", "赵静"), hr)


def _push(storage: Storage, clock: Clock) -> None:
    (ali,) = storage.roster.by_name("阿丽")
    storage.pushes.push(ali.id, "answer", kept(storage, "绑定的人").id, 1)


def _set_up(storage: Storage, clock: Clock) -> None:
    hr = account("5a1e0000-0000-4000-8000-00000000000a")
    entity = storage.companies.save_entity(LegalEntity("", "苏州某厂", "91350100M000100Y43"), hr)
    storage.companies.save_account(InsuredAccount("", entity, "320500", "3205001234"), hr)


def _import(storage: Storage, clock: Clock) -> None:
    """A month of pay of 阿丽 and 老周, from a sheet that tells of his household too."""
    hr = account("5a1e0000-0000-4000-8000-00000000000a")
    roster = storage.roster
    roster.add(Employee("", "A0035", "老周", "320500", joined_on=date(2026, 3, 1)), hr)
    sheet = (Incoming(2, ("A0034", "3500")), Incoming(3, ("A0035", "3500"), dibao="receiving"))
    it = storage.imports.begin("history", "九月.xlsx", ("工号", "应发工资"), sheet, (), hr)
    storage.imports.choose(it, {"number": 0, "wage": 1}, {"month": "2026-09"})
    values = {"month": "2026-09-01", "wage": 350_000}
    storage.imports.check(it, lambda it, row: Read(values | {"number": row.cells[0]}))
    storage.imports.start(it, "applying", hr)
    storage.imports.apply(it)


def _lack(storage: Storage, clock: Clock) -> None:
    with storage.database.work() as connection:
        count_unanswered(connection, (Unanswered("no_clause", "ask_transfer", "320500"),), clock())


def _log(storage: Storage, clock: Clock) -> None:
    both = (employee("5a1e"), employee("3a06"))
    storage.audit.record(Event("log_search", account("2a0"), both, reason="阿丽问是谁看过"))
    storage.chain.check()


def _serve(storage: Storage, clock: Clock) -> None:
    (zhao, *_) = storage.accounts.all()
    storage.service.set_targets({0: 30, 1: 240, 2: 480}, zhao.id)
    storage.service.set_day(OwnDay(date(2026, 10, 10), False, "厂休"), zhao.id)
    with storage.database.work() as connection:
        connection.execute(insert(mail_digests), {"account": zhao.id, "attempts": 0})
        connection.execute(insert(told_tasks), {"account": zhao.id, "task": 1, "told_at": clock()})


def _work_on_a_case(storage: Storage, clock: Clock) -> None:
    say(
        storage, message("c1", sender="阿梅"), "已经转给人事", tasks=(HrTask("complaint", ("赵静逼我签字",)),)
    )
    li = colleague(storage, "李娜")
    storage.cases.take("T-000002", li)
    storage.cases.say("T-000002", li, "我来问问", "k1", 0)
    storage.cases.note("T-000002", li, "先问车间主任", (li.account,))
    storage.cases.many("snooze", ["T-000002"], li, clock() + timedelta(days=2))
    storage.cases.finish("T-000001", li)


def _change_the_library(storage: Storage, clock: Clock) -> None:
    changes = storage.policy_changes
    line = {"341202": {"region": "341202", "name": "颍州区", "sources": {}, "notices": [], "lines": []}}
    change = changes.draft("figures", "颍州区 低保线", line, "an editor")
    changes.submit(change.number, "an editor")
    changes.approve(change.number, "a reviewer", change.hash, None)
    changes.claim(change.number, "a reviewer", "publish")
    changes.note_written(change.number, line, None)
    changes.finish(change.number, "a reviewer", "publish", {"households": 1}, [kept(storage).id])


def _call_a_platform(storage: Storage, clock: Clock) -> None:
    fetched = Fetched("a token of the platform", timedelta(hours=2))
    Tokens(storage.platform_tokens, "wechat:wx1", lambda force: fetched, clock).get()
    heard = message("c2", channel="wechat")
    say(storage, heard, "当场回的")
    waiting = storage.passive.lease(heard, clock() + timedelta(seconds=30))
    assert waiting is not None
    storage.passive.settle(heard, waiting, Carried({"text": "当场回的"}, 1, 0, more=False))


def _send_abroad(storage: Storage, clock: Clock) -> None:
    storage.abroad.record(
        "telegram", "员工单独同意，标准合同已备案", "赵总", clock().date(), account("admin")
    )
    storage.abroad.withdraw("telegram", account("admin"))


def _ask_outside(storage: Storage, clock: Clock) -> None:
    """Payroll tells a wage of 阿丽, then a code that nobody has mapped, of which HR is told; civil affairs delivers nothing."""
    book, later = storage.connections, clock() + timedelta(minutes=10)
    naming = Naming("own_number")
    lease = book.claim("payroll", later)
    assert lease is not None
    wages = Wages(date(2026, 9, 1), (Wage("payroll", "w1", "A0034", date(2026, 9, 1), 360_000),), "v1")
    book.keep_wages(lease, wages, book.everyone(naming))
    book.fail(lease, Nonsense("entry.kind:unmapped", value="09"), timedelta(hours=1))
    hr = Recipient("mail", "hr@company.example")
    storage.alarms.watch("payroll", timedelta(hours=3), (hr,))
    assert book.take_delivery("civil_affairs", "nonce-01", later, (), naming)


def _send_a_link(storage: Storage, clock: Clock) -> None:
    token = storage.links.make(kept(storage).id, 2)
    assert token is not None
    assert storage.links.use(token, "a browser").visit is not None


def _give_notice(storage: Storage, clock: Clock) -> None:
    """A notice of 阿芳: sent, opened, signed, sealed, time-stamped later, her copy sent, then disputed."""
    hr = account("5a1e0000-0000-4000-8000-00000000000a")
    desk = Desk(storage, clock)
    fang = storage.roster.add(Employee("", "A0036", "阿芳", "320500", joined_on=date(2026, 3, 1)), hr)
    bound = Bind(storage.bindings.make([fang.id], hr)[fang.id], fang.id)
    say(storage, message("n1", sender="阿芳", channel="wecom"), "绑好了", binding=bound)
    desk.book.enter_figure(EnteredFigure("320500", "unemployment", 1_750, 1_750, "苏人社发〔2026〕1 号"), hr)
    desk.book.note_address("203.0.113.20")
    desk.book.confirm(fang.id, date(2026, 3, 1), "确认书.pdf", b"%PDF-1.7 a scan", hr)
    desk.issue(fang)
    desk.send()
    ticket = desk.enter()
    desk.desk.read(ticket, PHONE, 48)
    desk.desk.check(ticket, PHONE, {each.key: right for each, right in QUESTIONS})
    desk.desk.answer(ticket, PHONE, desk.answer(ticket, statement="看到了"))
    notice, pdf = desk.notice(fang), b"%PDF-1.7 a sealed file"
    seals = StoredSeals(storage.database, storage.keys, clock, ADDRESS)
    hash = hashlib.sha256(pdf).hexdigest()
    seals.keep_sealed(notice, Sealed(pdf, hash, "ab" * 32, "B-B", "failed", "unreachable"), "cd" * 32)
    ((file, _),) = seals.unstamped()
    seals.keep_stamp(file, b"a token", clock())
    desk.book.hold(notice, "仲裁 2026 第 7 号", hr)
    desk.send()
    anchors = storage.keys.folder.with_name("anchors")
    register = StoredRegister(storage.database, storage.keys, anchors, clock, Trust)
    assert register.anchor(None) is None


def _declare(storage: Storage, clock: Clock) -> None:
    """A month's declaration that is approved and waits to be handed in."""
    li, zhao = (account(f"5a1e0000-0000-4000-8000-00000000000{end}") for end in "ab")
    at = InsuredAccount("5a1e0000-0000-4000-8000-0000000000d1", "", "320500", "SZ-D")
    wang = Employee(
        "",
        "A0099",
        "老王",
        "320500",
        account="SZ-D",
        wage=350_000,
        joined_on=date(2026, 3, 1),
        insured_since=date(2026, 3, 1),
    )
    staff = [storage.roster.add(wang, li)]
    made = draft(compiled.load(), at, date(2026, 10, 1), clock().date(), staff, Known((at,)))
    id = storage.declarations.draft(made, Frame("320500", "SZ-D", "connection", deducts=True), li)
    storage.declarations.submit(id, made.digest, li)
    storage.declarations.approve(id, made.digest, zhao, "赵静")


def _follow(storage: Storage, clock: Clock) -> None:
    """What follows for whoever is not insured, and a pass over everybody after a change of the library."""
    library = compiled.load()

    def choose(before: Profile | None, after: Profile, done: Collection[str]) -> Strategy | None:
        ground = Ground(library, joined_on=date(2026, 3, 1))
        return choose_strategy(before, after, ground, clock().date(), done)

    for each in storage.profiles.pending(100):
        storage.profiles.follow(each, choose)
    for changed in (library, raised(library)):
        work = Reassessing(
            storage.passes,
            lambda library=changed: library,  # type: ignore[misc]
            lambda: clock().date(),
            lambda: b"as it was",
        )
        found = work.run()
    assert found is not None
    whom = tuple(each.employee for each in storage.pass_news.affected(found.id))
    assert whom and storage.pass_news.ask(found.id, whom, account("admin"))
    plan = Plan("notice", date(2026, 10, 1), date(2026, 10, 22), whom)
    assert storage.pass_news.draft(found.id, plan, account("admin"))
    blank = Blank("空表.xlsx", b"PK", "申报", 3, ("姓名", "缴费基数"), {0: "name", 1: "base"})
    storage.portal.keep_blank("an account", blank, account("admin"))
    receipt = Receipt("回执.csv", b"id,outcome", ("身份证号", "结果"), {0: "id_number", 1: "outcome"})
    kept = storage.act_receipts.keep("enrolment:320500", receipt, account("admin"))
    row = Taken("a strategy", "an employee", "a strategy-1", 2, False, "照片不清楚")
    storage.act_receipts.begin(kept, [row], account("admin"))


def fill(storage: Storage, clock: Clock) -> None:
    """Everything that there is to store, in the order in which it happens."""
    for each in (
        _talk,
        _sign_in,
        _employ,
        _push,
        _set_up,
        _import,
        _work_on_a_case,
        _lack,
        _log,
        _serve,
        _change_the_library,
        _call_a_platform,
        _send_abroad,
        _ask_outside,
        _send_a_link,
        _give_notice,
        _follow,
        _declare,
    ):
        each(storage, clock)
