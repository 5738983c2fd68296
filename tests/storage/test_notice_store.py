"""Notices over both databases: issued once each, sent by the ladder, opened with a code, answered once, all of it chained."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

import pytest
from databases import Clock
from noticing import DUE, OTHER, PHONE, QUESTIONS, STROKES, Desk, plan
from sqlalchemy import delete, update
from sqlalchemy.exc import DatabaseError
from staffing import HR, hire
from talking import message, say, together

from bot.dialogue.conversation import Conversation, Line
from bot.receiving import Said, receive
from delivery.messages import Reply
from delivery.outbox import deliver_due
from delivery.sending import Permanent
from hr_inbox.task import HrTask
from notices.answering import CODE_LIFE, CODE_PAUSE, LINK_LIFE, LONGEST_STATEMENT, NotDone, Visitor
from notices.book import EnteredFigure, NoticeSearch, YearlyCharge
from notices.issuing import Blockage
from people.bindings import Bind
from people.employees import Employee
from storage.opening import Storage
from storage.tables import notice_events, notice_texts, tasks
from storage.tasks import read_task

pytest_plugins = ["databases"]


@pytest.fixture
def desk(storage: Storage, clock: Clock) -> Desk:
    return Desk(storage, clock)


@pytest.fixture
def ali(storage: Storage) -> Employee:
    """阿丽, whose chat in WeCom is tied to her."""
    return chats(storage, hire(storage, id_number="11010519491231002X"))


def chats(storage: Storage, employee: Employee) -> Employee:
    code = storage.bindings.make([employee.id], HR)[employee.id]
    heard = message(f"b-{employee.number}", "码", sender=employee.name, channel="wecom")
    say(storage, heard, "好", binding=Bind(code, employee.id))
    return employee


@pytest.fixture
def sent(desk: Desk, ali: Employee) -> str:
    """阿丽's notice, which has reached her phone."""
    desk.issue(ali)
    desk.send()
    return desk.notice(ali)


def refused(desk: Desk, ticket: str, **values: Any) -> str:
    with pytest.raises(NotDone) as error:
        desk.desk.answer(ticket, PHONE, desk.answer(ticket, **values))
    return error.value.why


def test_a_batch_is_drafted_looked_at_and_issued_once_each(desk: Desk, storage: Storage) -> None:
    people = [hire(storage, f"A{number:04}", f"员工{number}") for number in range(120)]
    desk.blocked = {"员工7": Blockage("incomplete", "失业保险"), "员工8": Blockage("no_wage")}
    batch = desk.book.begin(plan(*people), HR)
    desk.issuer.run(batch)
    looked_at = desk.book.batch(batch)
    assert looked_at is not None and (looked_at.state, looked_at.counts) == (
        "preview",
        {"ready": 118, "blocked": 2},
    )
    assert [(each.name, each.why, each.detail) for each in desk.book.rows(batch, "blocked")] == [
        ("员工7", "incomplete", "失业保险"), ("员工8", "no_wage", ""),
    ]  # fmt: skip
    draft = desk.book.row(batch, people[0].id)
    assert draft is not None and draft.content is not None and draft.content.data["due_on"] == "2026-10-22"
    desk.book.leave_out(batch, people[3].id, True, HR)
    desk.book.issue(batch, HR)
    desk.issuer.run(batch)
    desk.issuer.run(batch)
    done = desk.book.batch(batch)
    assert done is not None and (done.state, done.counts) == (
        "done",
        {"issued": 117, "blocked": 2, "left_out": 1},
    )
    page = desk.book.find(NoticeSearch(batch=batch), page=3)
    assert (page.total, len(page.lines)) == (117, 17)
    assert desk.book.counts() == {"issued": 117}


def test_a_batch_goes_on_where_a_crash_stopped_it(desk: Desk, storage: Storage) -> None:
    people = [hire(storage, f"A{number:04}", f"员工{number}") for number in range(60)]
    batch = desk.book.begin(plan(*people), HR)
    desk.issuer.run(batch)
    desk.book.issue(batch, HR)
    assert desk.book.issue_next(batch)  # fifty, and then the worker dies
    assert desk.book.unfinished() == (batch,)
    together([desk.issuer.run_all, desk.issuer.run_all])
    numbers = [line.notice.number for line in desk.book.find(NoticeSearch()).lines]
    assert desk.book.counts() == {"issued": 60}
    assert numbers[0] == "N-000060"


def test_the_same_month_is_not_told_twice_and_a_correction_takes_the_place(desk: Desk, ali: Employee) -> None:
    desk.issue(ali)
    first = desk.notice(ali)
    again = desk.issue(ali)
    assert [each.why for each in desk.book.rows(again)] == ["same"]
    desk.own = "530.00"
    other = desk.issue(ali)
    assert [each.why for each in desk.book.rows(other)] == ["exists"]
    desk.issue(ali, corrects=True)
    second = desk.notice(ali)
    case = desk.book.open(second, HR)
    assert case is not None and case.content.data["supersedes"] == "N-000001"
    before = desk.book.open(first, HR)
    assert before is not None and (before.notice.state, before.notice.superseded_by) == ("superseded", second)
    assert desk.events(first) == ["issued", "superseded"]


def test_a_notice_is_read_with_a_code_and_acknowledged(desk: Desk, sent: str, ali: Employee) -> None:
    assert desk.said()[-2] == "单位给你发了一份要看的通知。"
    ticket = desk.enter(id_tail="002x")
    visit = desk.desk.visit(ticket, PHONE)
    assert (visit.notice.number, visit.read, visit.checked) == ("N-000001", False, {})
    assert refused(desk, ticket) == "not_read"
    desk.desk.read(ticket, PHONE, 48)
    assert refused(desk, ticket) == "not_checked"
    wrong = desk.desk.check(ticket, PHONE, {"own_share": "300.00", "meaning": "只表示看到了"})
    assert wrong == {"own_share": False, "meaning": True}
    assert refused(desk, ticket) == "not_checked"
    desk.desk.check(ticket, PHONE, {"own_share": "524.96"})
    desk.clock.move(seconds=30)
    answered = desk.desk.answer(ticket, PHONE, desk.answer(ticket))
    assert answered.outcome == "acknowledged" and desk.answered == [sent]
    assert desk.events(sent) == [
        "issued", "sent", "handed_over_to_channel", "code_sent", "entered", "denied", "read", "denied",
        "checked", "denied", "checked", "answered",
    ]  # fmt: skip
    entered = next(each for each in desk.chain(sent) if each.data["type"] == "entered")
    assert entered.data["data"]["by"] == ["channel:wecom", "code", "id_tail"]
    assert desk.desk.visit(ticket, PHONE).answer == answered


def test_an_objection_becomes_a_task_that_names_the_notice(desk: Desk, sent: str, storage: Storage) -> None:
    ticket = prepared(desk)
    desk.desk.answer(ticket, PHONE, desk.answer(ticket, "objected", statement="药钱紧", lines=("pension",)))
    assert the_task(storage) == HrTask("objection", ("药钱紧",), "320500", topic="notice", notice=sent)
    case = desk.book.open(sent, HR)
    assert case is not None and case.spoken is not None
    assert (case.spoken.lines, case.spoken.statement) == (("pension",), "药钱紧")


def test_when_an_employee_refused_last_is_known_without_a_list(desk: Desk, sent: str, ali: Employee) -> None:
    ticket = prepared(desk)
    assert desk.book.refused_at(ali.id) is None
    desk.desk.answer(ticket, PHONE, desk.answer(ticket, "refused", statement="先不签"))
    (line,) = desk.book.find(NoticeSearch(state="refused", employee=ali.id)).lines
    assert line.notice.answered_at is not None and desk.book.refused_at(ali.id) == line.notice.answered_at


def test_what_tells_of_dibao_is_for_those_who_may_see_it_and_say_why(
    desk: Desk, sent: str, storage: Storage
) -> None:
    ticket = prepared(desk)
    desk.desk.answer(ticket, PHONE, desk.answer(ticket, "refused", statement="我家吃低保，怕停了"))
    assert the_task(storage).dibao
    masked = desk.book.open(sent, HR)
    nosy = desk.book.open(sent, HR, "想看看", may_dibao=False)
    for case in (masked, nosy):
        assert case is not None and case.spoken is not None and case.spoken.statement is None
        assert not any("statement" in each.committed for each in case.events)
    opened = desk.book.open(sent, HR, "仲裁要用", may_dibao=True)
    assert opened is not None and opened.spoken is not None
    assert opened.spoken.statement == "我家吃低保，怕停了"
    assert desk.events(sent)[-1] == "unmasked"


# Attacks


def test_attack_a_guessed_code_ends_the_link_after_five(desk: Desk, sent: str) -> None:
    token = desk.token()
    code = desk.code(token)
    for left in (4, 3, 2, 1):
        with pytest.raises(NotDone) as error:
            desk.desk.enter(token, PHONE, f"{(int(code) + left) % 10**6:06}", "002X")
        assert (error.value.why, error.value.left) == ("wrong_code", left)
    assert denied(lambda: desk.desk.enter(token, PHONE, "x", "002X")) == "locked"
    assert denied(lambda: desk.desk.enter(token, PHONE, code, "002X")) == "locked"


def test_attack_a_wrong_end_of_the_id_number_counts_too(desk: Desk, sent: str) -> None:
    token = desk.token()
    code = desk.code(token)
    assert denied(lambda: desk.desk.enter(token, PHONE, code, "")) == "wrong_id"
    assert denied(lambda: desk.desk.enter(token, PHONE, code, "1111")) == "wrong_id"
    assert desk.desk.enter(token, PHONE, code, "002X")


def test_attack_a_code_is_good_once_and_for_five_minutes(desk: Desk, sent: str) -> None:
    token = desk.token()
    code = desk.code(token)
    desk.clock.move(seconds=CODE_LIFE.total_seconds() + 1)
    assert denied(lambda: desk.desk.enter(token, PHONE, code, "002X")) == "no_code"
    again = desk.code(token)
    desk.desk.enter(token, PHONE, again, "002X")
    assert denied(lambda: desk.desk.enter(token, PHONE, again, "002X")) == "no_code"


def test_attack_codes_are_not_sent_in_a_row(desk: Desk, sent: str) -> None:
    token = desk.token()
    desk.code(token)
    assert denied(lambda: desk.desk.send_code(token, PHONE)) == "too_soon"
    for _ in range(5):
        desk.clock.move(seconds=CODE_PAUSE.total_seconds())
        desk.code(token)
    desk.clock.move(seconds=CODE_PAUSE.total_seconds())
    assert denied(lambda: desk.desk.send_code(token, PHONE)) == "too_many_codes"


def test_attack_a_stolen_link_opens_nothing_in_another_browser(desk: Desk, sent: str) -> None:
    token, ticket = desk.token(), desk.enter(id_tail="002X")
    assert denied(lambda: desk.desk.send_code(token, OTHER)) == "used_link"
    assert denied(lambda: desk.desk.enter(token, OTHER, "123456", "002X")) == "used_link"
    assert denied(lambda: desk.desk.visit(ticket, OTHER)) == "used_link"


def test_attack_a_browser_of_hr_is_turned_away_and_noted(desk: Desk, sent: str) -> None:
    hr = Visitor(PHONE.browser, PHONE.address, is_hr=True)
    token = desk.token()
    assert denied(lambda: desk.desk.look(token, hr)) == "hr_device"
    assert denied(lambda: desk.desk.send_code(token, hr)) == "hr_device"
    ticket = desk.enter(id_tail="002X")
    assert denied(lambda: desk.desk.visit(ticket, hr)) == "hr_device"
    assert desk.chain(sent)[-1].data["data"] == {"why": "hr_device"}


@pytest.mark.parametrize("why", ["expired_link", "unknown_link", "void_link"])
def test_attack_links_that_are_no_longer_good(
    desk: Desk, sent: str, storage: Storage, ali: Employee, why: str
) -> None:
    token = desk.token()
    if why == "expired_link":
        desk.clock.move(seconds=LINK_LIFE.total_seconds())
    elif why == "unknown_link":
        token = token[:-1] + ("A" if token[-1] != "A" else "B")
    else:
        desk.book.send_again(sent, HR)
        desk.send()
    assert denied(lambda: desk.desk.look(token, PHONE)) == why


def test_attack_a_chat_that_is_no_longer_hers_gets_no_code(
    desk: Desk, sent: str, storage: Storage, ali: Employee
) -> None:
    token = desk.token()
    storage.roster.leave(ali.id, date(2026, 10, 15), HR)
    assert denied(lambda: desk.desk.send_code(token, PHONE)) == "void_link"


def test_attack_a_text_that_was_changed_is_not_signed(desk: Desk, sent: str) -> None:
    ticket = prepared(desk)
    assert refused(desk, ticket, shown="0" * 64) == "other_text"
    assert (
        refused(desk, ticket, outcome="objected", lines=("no_such_line",), statement="不对") == "other_text"
    )
    assert refused(desk, ticket, consent="0" * 64) == "old_consent"


def test_attack_words_and_strokes_have_to_be_there(desk: Desk, sent: str) -> None:
    ticket = prepared(desk)
    assert refused(desk, ticket, outcome="refused", statement="  ") == "no_statement"
    assert refused(desk, ticket, outcome="objected") == "no_statement"
    assert refused(desk, ticket, outcome="objected", statement="长" * (LONGEST_STATEMENT + 1)) == "too_long"
    assert refused(desk, ticket, strokes=()) == "no_signature"
    assert refused(desk, ticket, strokes=STROKES[:1]) == "bad_signature"


def test_attack_the_same_strokes_do_not_sign_twice(desk: Desk, sent: str, ali: Employee) -> None:
    ticket = prepared(desk)
    desk.desk.answer(ticket, PHONE, desk.answer(ticket))
    desk.own = "530.00"
    desk.issue(ali, corrects=True)
    desk.clock.move(hours=1)
    desk.send()
    ticket = prepared(desk)
    assert refused(desk, ticket) == "bad_signature"


def test_attack_an_answer_is_given_once_even_in_a_race(desk: Desk, sent: str) -> None:
    ticket = prepared(desk)
    answers = [desk.answer(ticket), desk.answer(ticket, "refused", statement="不签")]
    outcomes: list[str] = []

    def give(number: int) -> None:
        try:
            outcomes.append(desk.desk.answer(ticket, PHONE, answers[number]).outcome)
        except NotDone as error:
            outcomes.append(error.why)

    together([lambda: give(0), lambda: give(1)])
    assert sorted(outcomes)[1 if "acknowledged" in outcomes else 0] == "answered"
    assert len(desk.answered) == 1
    assert desk.events(sent).count("answered") == 1
    assert refused(desk, ticket) == "answered"


def test_attack_after_the_last_day_nothing_is_signed(desk: Desk, sent: str) -> None:
    ticket = prepared(desk)
    desk.clock.time = desk.clock.time.replace(day=DUE.day + 1, hour=2)
    assert denied(lambda: desk.desk.visit(ticket, PHONE)) == "over"
    desk.ladder.work()
    case = desk.book.open(sent, HR)
    assert case is not None and case.notice.state == "silent"


def test_attack_a_visit_ends_by_itself_and_by_leaving(desk: Desk, sent: str) -> None:
    ticket = desk.enter(id_tail="002X")
    desk.desk.leave(ticket)
    assert denied(lambda: desk.desk.visit(ticket, PHONE)) == "over"
    desk.book.send_again(sent, HR)
    desk.send()
    ticket = desk.enter(id_tail="002X")
    desk.clock.move(minutes=31)
    assert denied(lambda: desk.desk.visit(ticket, PHONE)) == "over"


def test_attack_rows_of_the_chain_cannot_be_changed(desk: Desk, sent: str, storage: Storage) -> None:
    for statement in (
        update(notice_events).values(type="x"), delete(notice_events), delete(notice_texts),
        update(notice_texts).values(name="x"),
    ):  # fmt: skip
        with pytest.raises(DatabaseError), storage.database.work() as connection:
            connection.execute(statement)
    assert desk.events(sent)[0] == "issued"


def test_attack_a_clock_that_is_put_back_is_told_in_the_chain(desk: Desk, sent: str) -> None:
    token = desk.token()
    code = desk.code(token)
    desk.clock.move(hours=-1)
    ticket = desk.desk.enter(token, PHONE, code, "002X")
    desk.desk.read(ticket, PHONE, 48)
    assert desk.chain(sent)[-3].data["data"] == {"why": "clock_back"}
    assert desk.events(sent)[-3:] == ["flagged", "entered", "read"], "once for each time"


# The ladder


def test_the_ladder_reminds_tries_another_way_and_falls_silent(desk: Desk, storage: Storage) -> None:
    ali = chats(storage, hire(storage, phone="13800000000"))
    desk.issue(ali)
    desk.send()
    notice = desk.notice(ali)
    for _ in range(3):
        desk.clock.move(days=2)
        desk.send()
    desk.clock.time = desk.clock.time.replace(day=23, hour=4)
    desk.send()
    sent = [
        (each.data["data"]["channel"], each.data["data"]["kind"])
        for each in desk.chain(notice)
        if each.data["type"] == "sent"
    ]
    assert sent == [("wecom", "first"), ("wecom", "reminder"), ("sms", "other_way")]
    assert desk.events(notice)[-2:] == ["silent", "task"]
    assert the_task(storage).kind == "silence"


def test_what_does_not_arrive_is_tried_another_way_at_once(desk: Desk, storage: Storage) -> None:
    ali = chats(storage, hire(storage, phone="13800000000"))
    desk.send()
    desk.posts["wecom"].failures = [Permanent("refused")]
    desk.issue(ali)
    desk.send()
    desk.send()
    assert len([text for text in desk.said("sms") if "/notices/" in text]) == 1
    assert desk.events(desk.notice(ali))[:4] == ["issued", "sent", "not_sent", "sent"]


def test_nobody_is_woken_at_night_and_who_has_no_way_gets_paper(desk: Desk, storage: Storage) -> None:
    desk.clock.time = desk.clock.time.replace(hour=15)  # eleven at night in China
    mei = hire(storage, "A0035", "阿梅")
    desk.issue(mei)
    desk.send()
    assert desk.events(desk.notice(mei)) == ["issued"]
    desk.clock.move(hours=12)
    desk.send()
    assert desk.events(desk.notice(mei)) == ["issued", "not_sent", "task"]
    assert the_task(storage).kind == "paper"


# What HR does


def test_paper_files_holds_and_withdrawing_are_events(desk: Desk, sent: str) -> None:
    desk.book.note_step(sent, "posted", {"number": "EMS123", "on": "2026-10-15"}, HR)
    desk.book.add_file(sent, "post_receipt", "回执.png", b"\x89PNG", HR)
    desk.book.hold(sent, "仲裁 2026 第 7 号", HR)
    case = desk.book.open(sent, HR)
    assert case is not None and [(each.reason, each.lifted_at) for each in case.holds] == [
        ("仲裁 2026 第 7 号", None)
    ]
    assert [(each.name, each.size) for each in case.files] == [("回执.png", 4)]
    assert desk.book.file(sent, case.files[0].id, HR) == b"\x89PNG"
    desk.book.lift(sent, case.holds[0].id, "结案", HR)
    desk.book.withdraw(sent, "发错了", HR)
    assert desk.events(sent)[-5:] == ["posted", "file_added", "hold", "hold_lifted", "withdrawn"]
    posted = next(each for each in desk.chain(sent) if each.data["type"] == "posted")
    assert "EMS123" not in posted.body and posted.committed["number"].value == "EMS123"
    assert denied(lambda: desk.desk.look(desk.token(), PHONE)) in ("void_link", "superseded")


def test_who_was_sent_a_notice_is_told_that_it_was_taken_back(
    desk: Desk, sent: str, storage: Storage
) -> None:
    mei = chats(storage, hire(storage, "A0035", "阿梅"))
    desk.book.withdraw(sent, "发错了", HR)
    desk.send()
    assert "（N-000001）单位收回了" in desk.said()[-1] and "发错了" not in "\n".join(desk.said())
    said = len(desk.said())
    desk.issue(mei)
    desk.book.withdraw(desk.notice(mei), "发错了", HR)  # before it was sent
    desk.send()
    assert len(desk.said()) == said
    assert denied(lambda: desk.desk.look(desk.token(), PHONE)) == "void_link"


def test_a_confirmation_is_hashed_into_each_later_case(desk: Desk, ali: Employee) -> None:
    desk.book.confirm(ali.id, date(2026, 3, 1), "确认书.pdf", b"%PDF-1", HR)
    assert desk.book.confirmed([ali.id]) == {ali.id: date(2026, 3, 1)}
    desk.issue(ali)
    notice = desk.notice(ali)
    assert desk.chain(notice)[0].data["data"]["confirmation"] == hashlib.sha256(b"%PDF-1").hexdigest()
    case = desk.book.open(notice, HR)
    assert case is not None
    (scan,) = case.files
    assert (scan.kind, scan.name) == ("confirmation", "确认书.pdf")
    assert desk.book.file(notice, scan.id, HR) == b"%PDF-1"


def test_attack_the_scan_of_somebody_else_is_not_given_with_a_case(
    desk: Desk, ali: Employee, storage: Storage
) -> None:
    mei = hire(storage, "A0035", "阿梅")
    desk.book.confirm(mei.id, date(2026, 3, 1), "确认书.pdf", b"%PDF-2", HR)
    desk.issue(ali, mei)
    case = desk.book.open(desk.notice(mei), HR)
    assert case is not None
    assert desk.book.file(desk.notice(ali), case.files[0].id, HR) is None


def test_figures_and_charges_are_kept_with_their_source(desk: Desk) -> None:
    figure = EnteredFigure("341202", "unemployment", 1749, 1749, "皖人社发〔2026〕1 号")
    charge = YearlyCharge("320500", "大额医疗互助", 1, 6000, 0, "苏医保〔2026〕3 号")
    desk.book.enter_figure(figure, HR)
    desk.book.enter_figure(figure, HR)
    desk.book.set_charge(charge, HR)
    assert (desk.book.figures(), desk.book.charges()) == ((figure,), (charge,))
    desk.book.remove_charge("320500", "大额医疗互助", HR)
    assert desk.book.charges() == ()


def prepared(desk: Desk) -> str:
    ticket = desk.enter(id_tail="002X")
    desk.desk.read(ticket, PHONE, 48)
    desk.desk.check(ticket, PHONE, {each.key: right for each, right in QUESTIONS})
    desk.clock.move(seconds=30)
    return ticket


def denied(act: Any) -> str:
    with pytest.raises(NotDone) as error:
        act()
    return error.value.why


def the_task(storage: Storage) -> HrTask:
    """HR's task, of which there is one."""
    with storage.database.read() as connection:
        (row,) = connection.execute(tasks.select()).all()
    return read_task(storage.keys, row)


# What the employee puts with the answer


def test_the_chat_goes_with_the_answer_only_since_it_was_announced_and_only_if_wished(
    desk: Desk, sent: str, storage: Storage, ali: Employee
) -> None:
    def says(key: str, text: str, reply: str, **said: Any) -> None:
        heard = message(key, text, sender=ali.name, channel="wecom")
        receive(heard, storage.conversations, lambda kept, it: Said(known, (Reply(reply),), **said))

    known = Conversation(lines=(Line("employee", "其实没报工资", private=True),)).as_json()

    storage.conversations.address = "https://shebao.example"
    says("c1", "我不想交", "交社保不会让低保没了")
    assert desk.desk.visit(desk.enter(id_tail="002X"), PHONE).chat == (), "it was not announced"
    says("c2", "看告知书", "有一份缴费告知书等你看", notice=sent)
    says("c3", "药钱紧，下个月再扣行不行", "可以写在回应里")
    says("c4", "其实没报工资", "先跟乡镇说")
    deliver_due(storage.outbox, desk.posts, desk.clock)
    ticket = prepared(desk)
    said = desk.desk.visit(ticket, PHONE).chat
    assert [each.text for each in said] == ["药钱紧，下个月再扣行不行", "可以写在回应里", "先跟乡镇说"]
    answer = desk.answer(ticket, "refused", statement="先看看", chat_upto=said[0].seq)
    desk.desk.answer(ticket, PHONE, answer)
    answered = next(each for each in desk.chain(sent) if each.data["type"] == "answered")
    assert answered.data["data"]["chat"] == 1
    assert answered.committed["chat"].value == '[["employee", "药钱紧，下个月再扣行不行"]]'
    assert the_task(storage).lines == ("先看看",)
