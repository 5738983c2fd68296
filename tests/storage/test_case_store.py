"""HR works on cases: who sees which, who has one, who speaks, what becomes of an answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from databases import Clock, Open
from sqlalchemy import select, update
from talking import Post, colleague, kept, message, say, task_rows, together, transcript
from test_task_store import ALI, bind

from audit.events import account
from bot.dialogue.rating import question
from delivery.outbox import deliver_due
from delivery.sending import Permanent
from hr_inbox.cases import BOXES, Case, Collision, NotForThem, Search, Viewer
from hr_inbox.task import HrTask, TaskKind
from people.accounts import PRESET_OF_TWO
from storage.opening import Storage
from storage.tables import accounts, audit_events, outbox, tasks

pytest_plugins = ["databases"]

WEEKS = datetime(2026, 11, 1, tzinfo=UTC)


def hand_over(
    storage: Storage, text: str = "哪个月开始交", kind: TaskKind = "question", **more: object
) -> str:
    """阿丽, or `sender`, hands a question over in WeChat; its number."""
    sender = str(more.pop("sender", "阿丽"))
    count = len(task_rows(storage))
    task = HrTask(kind, (text,), **more)  # type: ignore[arg-type]
    said = say(
        storage, message(f"hand-{count}", text, sender=sender, channel="wechat"), "转给人事了", tasks=(task,)
    )
    return said.tasks[0]


def writes(storage: Storage, text: str, *answers: str, sender: str = "阿丽") -> None:
    """The employee writes, and the assistant answers where it may."""
    count = len(transcript(storage, sender, "wechat"))
    say(storage, message(f"w-{sender}-{count}-{text}", text, sender=sender, channel="wechat"), *answers)


def opened(storage: Storage, number: str, viewer: Viewer) -> Case:
    found = storage.cases.open(number, viewer)
    assert found is not None
    return found


def box(storage: Storage, viewer: Viewer, name: str, **search: object) -> list[str]:
    page = storage.cases.find(Search(box=name, **search), viewer)  # type: ignore[arg-type]
    return [line.number for line in page.lines]


def holder(storage: Storage) -> str:
    return kept(storage, "阿丽", "wechat").holder


def send(storage: Storage, clock: Clock) -> list[str]:
    """What the worker sends now."""
    post = Post()
    deliver_due(storage.outbox, {"wechat": post}, clock)
    return post.texts


def acts(storage: Storage) -> list[str]:
    with storage.database.read() as connection:
        return list(connection.execute(select(audit_events.c.act).order_by(audit_events.c.seq)).scalars())


@pytest.fixture
def zhao(storage: Storage) -> Viewer:
    """赵静, who answers employees and may not see who draws dibao."""
    return colleague(storage, "赵静", "agent")


@pytest.fixture
def li(storage: Storage) -> Viewer:
    """李娜, who may see everything."""
    return colleague(storage, "李娜")


# -- Who sees which --------------------------------------------------------------------------------------------------


def test_a_question_is_there_for_everyone_with_all_that_was_sent(
    storage: Storage, zhao: Viewer, clock: Clock
) -> None:
    number = hand_over(storage, region="320500", topic="duty", language="en")
    (line,) = storage.cases.find(Search(box="waiting"), zhao).lines
    assert (line.number, line.state, line.kind, line.topic) == (number, "waiting", "question", "duty")
    assert (line.region, line.language, line.opened_at, line.assignee) == ("320500", "en", clock.time, None)
    case = opened(storage, number, zhao)
    assert case.task.lines == ("哪个月开始交",)
    assert (case.line, case.held_by, case.reachable, case.notes) == (line, None, True, ())


def test_dibao_cases_are_not_there_for_others(storage: Storage, zhao: Viewer, li: Viewer) -> None:
    numbers = [
        hand_over(storage, "低保停了", "dibao_status_change"),
        hand_over(storage, "我家吃低保", dibao=True),
    ]
    for number in numbers:
        assert storage.cases.open(number, zhao) is None
        assert storage.cases.transcript(number, zhao) == ()
        with pytest.raises(Collision) as refused:
            storage.cases.take(number, zhao)
        assert refused.value.holder is None
        with pytest.raises(Collision):
            storage.cases.note(number, zhao, "看看")
    assert set(storage.cases.counts(zhao).values()) == {0}
    assert storage.cases.find(Search(), zhao).lines == storage.cases.changed(zhao, 0)[0] == ()
    assert storage.cases.find(Search(kind="dibao_status_change"), zhao).lines == ()
    storage.cases.many("take", numbers, zhao)
    assert {row.assignee for row in task_rows(storage)} == {None}
    assert storage.cases.counts(li)["waiting"] == 2
    assert [(line.kind, line.topic) for line in storage.cases.find(Search(), li).lines] == [(None, "")] * 2
    assert opened(storage, numbers[0], li).task.kind == "dibao_status_change"


def test_a_complaint_is_for_who_handles_them_and_not_for_who_is_named(storage: Storage, zhao: Viewer) -> None:
    li, wang = colleague(storage, "李娜", "admin", "agent"), colleague(storage, "王强", "admin")
    officer = colleague(storage, "陈梅", "agent", "dibao_officer")
    about_li = hand_over(storage, "李经理逼我签字", "complaint", excluded="hr_named")
    about_nobody = hand_over(storage, "人事逼我签字", "complaint", excluded="hr_named")
    assert box(storage, wang, "waiting") == [about_li, about_nobody]
    assert box(storage, li, "waiting") == [about_nobody]
    assert storage.cases.open(about_li, li) is None
    assert box(storage, zhao, "waiting") == box(storage, officer, "waiting") == []
    assert storage.cases.find(Search(kind="complaint"), wang).lines[0].kind is None


def test_who_only_handles_complaints_sees_nothing_else(storage: Storage) -> None:
    wang = colleague(storage, "王强", "admin")
    hand_over(storage)
    assert box(storage, wang, "waiting") == []


def test_auditors_get_a_complaint_that_nobody_else_is_left_for(storage: Storage) -> None:
    li, auditor = colleague(storage, "李娜", "admin"), colleague(storage, "孙伟", "auditor")
    about_both = hand_over(storage, "李娜和孙伟都骂我", "complaint")
    about_li = hand_over(storage, "李娜骂我", "complaint")
    about_nobody = hand_over(storage, "人事骂我", "complaint")
    assert box(storage, auditor, "waiting") == [about_li]
    assert box(storage, li, "waiting") == [about_nobody]
    with storage.database.work() as connection:
        connection.execute(update(accounts).where(accounts.c.id == li.account).values(state="closed"))
    assert box(storage, auditor, "waiting") == [about_li, about_nobody]
    assert storage.cases.open(about_both, auditor) is None


def test_with_two_people_the_other_one_gets_the_complaint(storage: Storage) -> None:
    first = colleague(storage, "赵静", *PRESET_OF_TWO[0])
    second = colleague(storage, "李娜", *PRESET_OF_TWO[1])
    about_first = hand_over(storage, "小赵不让我休息", "complaint")
    about_second = hand_over(storage, "李娜说我家低保的事", "complaint", dibao=True)
    assert box(storage, second, "waiting") == [about_first]
    assert box(storage, first, "waiting") == [about_second]


def test_who_got_the_name_later_cannot_open_the_complaint_either(storage: Storage) -> None:
    number = hand_over(storage, "孙经理骂我", "complaint")
    assert storage.cases.open(number, colleague(storage, "孙伟", "admin")) is None
    assert opened(storage, number, colleague(storage, "李娜", "admin")).task.lines == ("孙经理骂我",)


# -- Lists and search ------------------------------------------------------------------------------------------------


def test_the_most_urgent_come_first_and_pages_go_on(url: str, open_one: Open, clock: Clock) -> None:
    storage = open_one(url)
    li = colleague(storage, "李娜")
    for kind in ("question", "refusal", "question", "urgent_injury", "question"):
        hand_over(storage, kind=kind)  # type: ignore[arg-type]
    with storage.database.work() as connection:
        due = {3: clock() + timedelta(hours=1), 5: clock() + timedelta(minutes=1)}
        for number, at in due.items():
            connection.execute(update(tasks).where(tasks.c.number == number).values(due_at=at))
    urgent = ["T-000004", "T-000002", "T-000005", "T-000003", "T-000001"]
    assert box(storage, li, "waiting") == urgent
    found, after = [], ""
    while True:
        page = storage.cases.find(Search(box="waiting"), li, after, 2)
        found += [line.number for line in page.lines]
        after = page.after
        if not after:
            break
    assert found == urgent
    for nonsense in ("x", "1.2", "1.2.3.4", "9" * 70, "1.99999999999999999999999.1", "²"):
        assert [
            line.number for line in storage.cases.find(Search(box="waiting"), li, nonsense).lines
        ] == urgent


def test_what_is_done_comes_last_closed_first(storage: Storage, li: Viewer, clock: Clock) -> None:
    numbers = [hand_over(storage) for _ in range(3)]
    for number in (numbers[1], numbers[2], numbers[0]):
        clock.move(minutes=1)
        storage.cases.finish(number, li)
    first = storage.cases.find(Search(box="done"), li, "", 2)
    assert [line.number for line in first.lines] == [numbers[0], numbers[2]]
    assert [line.number for line in storage.cases.find(Search(box="done"), li, first.after, 2).lines] == [
        numbers[1]
    ]


def test_every_case_is_in_one_box(storage: Storage, zhao: Viewer, li: Viewer, clock: Clock) -> None:
    numbers = [hand_over(storage, sender=f"s{i}") for i in range(6)]
    storage.cases.take(numbers[1], zhao)
    storage.cases.take(numbers[2], li)
    storage.cases.snooze(numbers[3], li, clock() + timedelta(days=1))
    storage.cases.finish(numbers[4], li)
    storage.cases.snooze(numbers[1], zhao, clock() + timedelta(minutes=1))
    for _ in range(2):
        assert sorted(number for name in BOXES for number in box(storage, zhao, name)) == numbers
        assert storage.cases.counts(zhao) == {name: len(box(storage, zhao, name)) for name in BOXES}
        clock.move(hours=1)
    assert box(storage, zhao, "mine") == [numbers[1]]
    assert box(storage, zhao, "taken") == [numbers[2]]


def test_search_narrows_by_everything_together(storage: Storage, li: Viewer, clock: Clock) -> None:
    hand_over(storage, "没绑定的", topic="duty", region="320500")
    with_ali = say(storage, message("bound"), "好").tasks
    assert with_ali == ()
    bind(storage)
    say(storage, message("b1"), "好", tasks=(HrTask("income_change", ("涨了",), "320500", topic="wage"),))
    clock.move(days=1)
    say(storage, message("b2"), "好", tasks=(HrTask("question", ("几号",), "340100", topic="duty"),))
    say(
        storage,
        message("b3"),
        "好",
        tasks=(HrTask("question", ("我家低保",), "340100", topic="duty", dibao=True),),
    )

    def found(**search: object) -> list[str]:
        return [line.number for line in storage.cases.find(Search(**search), li).lines]  # type: ignore[arg-type]

    assert found() == ["T-000004", "T-000003", "T-000002", "T-000001"]
    assert found(employees=(ALI,)) == ["T-000004", "T-000003", "T-000002"]
    assert found(employees=()) == []
    assert found(region="320500") == ["T-000002", "T-000001"]
    assert found(kind="income_change") == ["T-000002"]
    assert found(kind="question") == ["T-000004", "T-000003", "T-000001"]
    assert found(topic="duty", region="340100") == ["T-000004", "T-000003"]
    assert found(kind="question", topic="wage") == []
    day = date(2026, 10, 15)
    assert found(opened_until=day) == ["T-000002", "T-000001"]
    assert found(opened_from=day + timedelta(days=1)) == ["T-000004", "T-000003"]
    assert found(opened_from=day, opened_until=day, kind="question") == ["T-000001"]
    clock.time = datetime(2026, 10, 16, 15, 59, tzinfo=UTC)  # a minute before midnight in China
    assert found(opened_until=day, box="waiting") == ["T-000001", "T-000002"]


def test_a_search_through_sealed_cases_has_pages_too(
    storage: Storage, li: Viewer, zhao: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.case_lists._FIRST_BATCH", 2)
    for i in range(12):
        hand_over(storage, kind="income_change" if i % 3 else "dibao_status_change", sender=f"s{i}")
    seen, after = [], ""
    while True:
        page = storage.cases.find(Search(kind="income_change"), zhao, after, 3)
        seen += [line.number for line in page.lines]
        after = page.after
        if not after:
            break
    assert seen == [f"T-{i:06}" for i in (12, 11, 9, 8, 6, 5, 3, 2)]
    assert len(storage.cases.find(Search(kind="dibao_status_change"), li).lines) == 4


# -- Taking and giving back ------------------------------------------------------------------------------------------


def test_a_take_over_silences_the_assistant_at_once(
    storage: Storage, zhao: Viewer, li: Viewer, clock: Clock
) -> None:
    number = hand_over(storage)
    storage.cases.take(number, zhao)
    assert holder(storage) == "person"
    assert send(storage, clock) == []  # 「转给人事了」 was made before
    writes(storage, "在吗", "我是机器人")
    queued = storage.cases.say(number, zhao, "我是赵静", "k1", 0)
    assert storage.cases.say(number, zhao, "我是赵静", "k1", 0) == queued
    assert send(storage, clock) == ["我是赵静"]
    assert opened(storage, number, li).held_by == zhao.account
    with pytest.raises(Collision) as refused:
        storage.cases.say(number, li, "我来说", "k2", 0)
    assert refused.value.holder == zhao.account
    assert [each[1:] for each in transcript(storage, "阿丽", "wechat")][2:] == [
        ("employee", "在吗"),
        ("hr", "我是赵静"),
    ]


@pytest.mark.parametrize("how", ["release", "finish"])
def test_the_assistant_answers_again_once_a_case_is_done_or_put_back(
    storage: Storage, zhao: Viewer, clock: Clock, how: str
) -> None:
    number = hand_over(storage)
    storage.cases.take(number, zhao)
    storage.cases.say(number, zhao, "十一月开始", "k1", 0)
    getattr(storage.cases, how)(number, zhao)
    assert holder(storage) == "assistant"
    writes(storage, "谢谢", "不客气")
    asked = [question(number, "zh_Hans").text] if how == "finish" else []
    # What a person said goes out, and the old word does not.
    assert send(storage, clock) == ["十一月开始", *asked, "不客气"]
    with pytest.raises(Collision):
        storage.cases.say(number, zhao, "还有", "k2", 9)
    assert hand_over(storage, "又有一个问题") == "T-000002"


def test_only_one_of_two_gets_a_case(url: str, open_one: Open) -> None:
    storage, other = open_one(url), open_one(url)
    number = hand_over(storage)
    people = [colleague(storage, name) for name in ("赵静", "李娜", "王强")]

    def take(works: Storage, viewer: Viewer) -> str | None:
        try:
            works.cases.take(number, viewer)
        except Collision as collision:
            return collision.holder
        return viewer.account

    got = together(
        [
            lambda works=works, who=who: take(works, who)
            for works, who in zip((storage, other, storage), people, strict=True)
        ]  # type: ignore[misc]
    )
    assert len(set(got)) == 1 and got[0] is not None
    assert storage.cases.find(Search(box="taken"), people[0]).lines or box(storage, people[0], "mine")


def test_taking_over_needs_a_reason_and_tells_the_first_one(
    storage: Storage, zhao: Viewer, li: Viewer
) -> None:
    number = hand_over(storage)
    storage.cases.take(number, zhao)
    with pytest.raises(Collision) as refused:
        storage.cases.take(number, li)
    assert refused.value.holder == zhao.account
    with pytest.raises(ValueError, match="reason"):
        storage.cases.take_over(number, li, "  ")
    storage.cases.say(number, zhao, "我是赵静", "k1", 0)
    storage.cases.take_over(number, li, "赵静下班了")
    assert opened(storage, number, li).held_by == li.account
    with pytest.raises(Collision) as late:
        storage.cases.say(number, zhao, "还在", "k2", 9)
    assert late.value.holder == li.account
    for act in (storage.cases.release, storage.cases.finish):
        with pytest.raises(Collision):
            act(number, zhao)
    assert acts(storage)[-2:] == ["case_taken_over", "case_opened"]


def test_a_case_is_handed_to_a_colleague_who_speaks_from_then_on(
    storage: Storage, zhao: Viewer, li: Viewer
) -> None:
    number = hand_over(storage)
    storage.cases.assign(number, zhao, li)
    assert opened(storage, number, li).held_by == li.account
    assert holder(storage) == "person"
    with pytest.raises(Collision) as refused:
        storage.cases.say(number, zhao, "我来说", "k1", 9)
    assert refused.value.holder == li.account
    storage.cases.say(number, li, "我是李娜", "k1", 9)
    with pytest.raises(Collision):
        storage.cases.assign(number, zhao, zhao)
    assert "case_assigned" in acts(storage)


def test_a_case_is_not_handed_to_whoever_may_not_see_it(storage: Storage, zhao: Viewer, li: Viewer) -> None:
    number = hand_over(storage, "低保停了", "dibao_status_change")
    with pytest.raises(NotForThem):
        storage.cases.assign(number, li, zhao)
    assert opened(storage, number, li).line.state == "waiting"
    assert holder(storage) == "assistant"


def test_an_answer_to_what_a_colleague_already_answered_collides(
    storage: Storage, zhao: Viewer, li: Viewer
) -> None:
    """The employee may write at any moment, which holds nobody back; a colleague's answer does."""
    number = hand_over(storage)
    storage.cases.take(number, zhao)
    storage.cases.say(number, zhao, "十一月", "k1", 0)
    storage.cases.take_over(number, li, "赵静下班了")
    with pytest.raises(Collision) as refused:
        storage.cases.say(number, li, "十二月", "k2", 2)
    assert refused.value.holder == zhao.account
    writes(storage, "哪天")
    storage.cases.say(number, li, "一号", "k2", 3)
    assert [each.text for each in storage.cases.transcript(number, li, 3)] == ["哪天", "一号"]


def test_an_answer_that_one_may_not_see_holds_nobody_back(
    storage: Storage, zhao: Viewer, li: Viewer, clock: Clock
) -> None:
    earlier = hand_over(storage)
    storage.cases.take(earlier, li)
    storage.cases.say(earlier, li, "以前的事", "k1", 0)
    storage.cases.finish(earlier, li)
    clock.move(days=1)
    plain, sealed = hand_over(storage, "新的事"), hand_over(storage, "低保停了", "dibao_status_change")
    storage.cases.take(sealed, li)
    storage.cases.say(sealed, li, "低保的事", "k2", 0)
    storage.cases.release(plain, li)
    storage.cases.finish(sealed, li)
    storage.cases.take(plain, zhao)
    assert storage.cases.transcript(plain, zhao) == ()
    storage.cases.say(plain, zhao, "十一月", "k3", 0)
    assert [each.text for each in storage.cases.transcript(plain, zhao)] == ["十一月"]


def test_who_takes_one_case_gets_the_others_of_the_same_employee(
    storage: Storage, zhao: Viewer, li: Viewer
) -> None:
    first, second = hand_over(storage), hand_over(storage, "还有个问题")
    sealed = hand_over(storage, "低保停了", "dibao_status_change")
    other = hand_over(storage, sender="老王")
    storage.cases.take(second, zhao)
    assert box(storage, zhao, "mine") == [first, second]
    assert box(storage, li, "waiting") == [sealed, other]
    with pytest.raises(Collision) as refused:
        storage.cases.take(sealed, li)
    assert refused.value.holder == zhao.account
    storage.cases.finish(first, zhao)
    assert holder(storage) == "person"
    storage.cases.finish(second, zhao)
    assert holder(storage) == "assistant"


def test_a_case_that_is_finished_gives_the_word_back_to_the_colleague_who_has_another(
    storage: Storage, zhao: Viewer
) -> None:
    wang = colleague(storage, "王强", "admin")
    question, complaint = hand_over(storage), hand_over(storage, "车间主任骂人", "complaint")
    storage.cases.take(question, zhao)
    storage.cases.take_over(complaint, wang, "投诉先处理")
    with pytest.raises(Collision) as refused:
        storage.cases.say(question, zhao, "十一月", "k1", 0)
    assert refused.value.holder == wang.account
    assert box(storage, zhao, "mine") == [question]
    storage.cases.finish(complaint, wang)
    storage.cases.say(question, zhao, "十一月", "k1", 0)
    assert opened(storage, question, zhao).held_by == zhao.account


def test_what_was_said_about_a_case_that_one_may_not_see_is_not_in_another(
    storage: Storage, zhao: Viewer, li: Viewer, clock: Clock
) -> None:
    sealed = hand_over(storage, "低保停了", "dibao_status_change")
    storage.cases.take(sealed, li)
    writes(storage, "村里说不合条件")
    storage.cases.say(sealed, li, "社保照常交", "k1", 0)
    storage.cases.finish(sealed, li)
    writes(storage, "好的", "不客气")
    clock.move(minutes=1)
    plain = hand_over(storage)
    storage.cases.take(plain, zhao)
    writes(storage, "哪个月")
    storage.cases.take_over(plain, li, "我来")
    writes(storage, "在吗")
    assert [each.text for each in storage.cases.transcript(plain, zhao)] == ["哪个月", "在吗"]
    assert [each.text for each in storage.cases.transcript(sealed, li)] == [
        "村里说不合条件",
        "社保照常交",
        "哪个月",
        "在吗",
    ]
    assert storage.cases.transcript(sealed, zhao) == ()


def test_words_for_a_sealed_case_and_another_at_once_are_for_who_may_see_both(
    storage: Storage, zhao: Viewer, li: Viewer
) -> None:
    plain, sealed = hand_over(storage), hand_over(storage, "低保停了", "dibao_status_change")
    storage.cases.take(sealed, li)
    assert box(storage, li, "mine") == [plain, sealed]
    writes(storage, "低保的事")
    storage.cases.finish(sealed, li)
    writes(storage, "另一件事")
    assert [each.text for each in storage.cases.transcript(plain, zhao)] == ["另一件事"]
    assert [each.text for each in storage.cases.transcript(plain, li)] == ["低保的事", "另一件事"]


def test_what_was_told_to_the_assistant_is_not_for_hr(storage: Storage, zhao: Viewer) -> None:
    number = hand_over(storage)
    writes(storage, "其实没报工资", "只留在这里")
    storage.cases.take(number, zhao)
    assert storage.cases.transcript(number, zhao) == ()
    writes(storage, "人事在吗")
    assert [(each.author, each.text) for each in storage.cases.transcript(number, zhao)] == [
        ("employee", "人事在吗")
    ]


# -- Laying aside, closing, opening again ----------------------------------------------------------------------------


def test_what_is_laid_aside_comes_back_by_time(storage: Storage, zhao: Viewer, clock: Clock) -> None:
    number = hand_over(storage)
    storage.cases.snooze(number, zhao, clock() + timedelta(days=2))
    assert box(storage, zhao, "snoozed") == [number]
    assert holder(storage) == "assistant"
    clock.move(days=2)
    assert box(storage, zhao, "snoozed") == []
    (line,) = storage.cases.find(Search(box="waiting"), zhao).lines
    assert line.state == "waiting"
    storage.cases.take(number, zhao)
    assert box(storage, zhao, "mine") == [number]


def test_what_is_laid_aside_comes_back_at_once_when_the_employee_writes(
    storage: Storage, zhao: Viewer, li: Viewer, clock: Clock
) -> None:
    number = hand_over(storage)
    storage.cases.take(number, zhao)
    storage.cases.snooze(number, zhao, clock() + timedelta(days=2))
    with pytest.raises(Collision):
        storage.cases.snooze(number, li, clock() + timedelta(days=3))
    assert holder(storage) == "person"
    last = storage.cases.changed(zhao, 0)[1]
    clock.move(minutes=5)
    writes(storage, "问到了吗")
    (line,) = storage.cases.changed(zhao, last)[0]
    assert (line.state, line.wrote_at, line.snoozed_until) == ("taken", clock.time, None)
    assert box(storage, zhao, "mine") == [number]


def test_whoever_writes_while_hr_has_laid_it_aside_is_told_until_when_and_once(
    storage: Storage, zhao: Viewer, clock: Clock
) -> None:
    number = hand_over(storage)
    storage.cases.take(number, zhao)
    conversation = kept(storage, "阿丽", "wechat").id

    def said_after(text: str) -> list[str]:
        last = storage.conversations.history(conversation)[-1].seq
        writes(storage, text)
        return [each.bubble.text for each in storage.conversations.history(conversation, last)][1:]

    assert said_after("在吗") == [], "a person holds it"
    storage.cases.snooze(number, zhao, clock() + timedelta(days=2))
    day = (clock() + timedelta(days=2)).date().isoformat()
    (told,) = said_after("问到了吗")
    assert day in told and "人事" in told and box(storage, zhao, "mine") == [number]
    assert said_after("喂") == [], "it is back with a person"
    storage.cases.snooze(number, zhao, clock() + timedelta(days=2))
    clock.move(days=2)
    assert said_after("今天呢") == [], "the day has come"


def test_a_case_that_nobody_has_wakes_and_does_not_tell_what_the_assistant_heard(
    storage: Storage, zhao: Viewer, clock: Clock
) -> None:
    number = hand_over(storage)
    storage.cases.snooze(number, zhao, clock() + timedelta(days=2))
    writes(storage, "我家四口人", "好")
    (line,) = storage.cases.find(Search(box="waiting"), zhao).lines
    assert (line.number, line.wrote_at) == (number, None)


def test_a_closed_case_opens_again(storage: Storage, zhao: Viewer, li: Viewer, clock: Clock) -> None:
    number = hand_over(storage)
    storage.cases.finish(number, zhao)
    (line,) = storage.cases.find(Search(box="done"), li).lines
    assert line.assignee == zhao.account
    for act in (storage.cases.take, storage.cases.release, storage.cases.finish):
        with pytest.raises(Collision) as refused:
            act(number, li)
        assert refused.value.holder is None
    storage.cases.reopen(number, li)
    assert box(storage, li, "waiting") == [number]
    with pytest.raises(Collision):
        storage.cases.reopen(number, li)


def test_clicking_twice_does_nothing_the_second_time(storage: Storage, zhao: Viewer) -> None:
    number = hand_over(storage)
    for act in (storage.cases.take, storage.cases.release):
        act(number, zhao)
        last = storage.cases.changed(zhao, 0)[1]
        act(number, zhao)
        assert storage.cases.changed(zhao, last) == ((), last)
    assert acts(storage) == ["case_taken", "case_released"]


def test_by_when_hr_answers(url: str, open_one: Open, clock: Clock) -> None:
    asked: list[tuple[str, datetime, str, datetime]] = []

    def due(task: HrTask, since: datetime, channel: str, wrote_at: datetime) -> datetime:
        asked.append((task.kind, since, channel, wrote_at))
        return since + timedelta(hours=8)

    storage = open_one(url, due=due)
    zhao = colleague(storage, "赵静")
    number = hand_over(storage)
    assert asked == [("question", clock.time, "wechat", clock.time)]
    first = clock.time
    storage.cases.take(number, zhao)
    clock.move(hours=1)
    writes(storage, "在吗")

    def line() -> tuple[datetime | None, datetime | None]:
        found = opened(storage, number, zhao).line
        return found.due_at, found.answered_at

    assert line() == (first + timedelta(hours=8), None)  # still owed since then
    storage.cases.say(number, zhao, "在", "k1", 0)
    assert line() == (None, clock.time)
    answered = clock.time
    clock.move(hours=1)
    writes(storage, "哪个月")
    assert line() == (clock.time + timedelta(hours=8), answered)
    storage.cases.finish(number, zhao)
    assert line() == (None, answered)
    clock.move(days=1)
    storage.cases.reopen(number, zhao)
    assert line() == (clock.time + timedelta(hours=8), answered)


def test_an_account_that_is_closed_leaves_its_cases_to_the_others(
    storage: Storage, zhao: Viewer, li: Viewer, clock: Clock
) -> None:
    numbers = [hand_over(storage), hand_over(storage, sender="老王"), hand_over(storage, sender="老李")]
    for number in numbers[:2]:
        storage.cases.take(number, zhao)
    storage.cases.snooze(numbers[1], zhao, clock() + timedelta(days=9))
    storage.cases.take(numbers[2], li)
    storage.accounts.close(zhao.account, account(li.account), "离职")
    assert box(storage, li, "waiting") == numbers[:2]
    assert holder(storage) == kept(storage, "老王", "wechat").holder == "assistant"
    assert kept(storage, "老李", "wechat").holder == "person"
    assert acts(storage)[-2:] == ["case_released", "account_closed"]


def test_a_case_outlives_the_conversation_it_came_from(storage: Storage, zhao: Viewer, li: Viewer) -> None:
    number = hand_over(storage)
    storage.cases.take(number, zhao)
    storage.cases.release(number, zhao)
    say(storage, message("bye", "都删了", channel="wechat"), "删了", erase=True)
    case = opened(storage, number, zhao)
    assert (case.reachable, case.conversation, case.held_by) == (False, None, None)
    assert case.task.lines == ("哪个月开始交",)
    storage.cases.take(number, zhao)
    with pytest.raises(Collision) as refused:
        storage.cases.say(number, zhao, "还在吗", "k1", 0)
    assert refused.value.holder is None
    storage.cases.take_over(number, li, "收尾")
    storage.cases.finish(number, li)


# -- Many, and undoing -----------------------------------------------------------------------------------------------


def test_many_at_once_leave_what_somebody_else_has_and_can_be_undone(
    storage: Storage, zhao: Viewer, li: Viewer, clock: Clock
) -> None:
    numbers = [hand_over(storage, sender=f"s{i}") for i in range(4)]
    storage.cases.take(numbers[0], li)
    id = storage.cases.many("take", [*numbers, "T-000099", "x"], zhao)
    assert box(storage, zhao, "mine") == numbers[1:]
    assert acts(storage)[-1] == "case_taken"
    storage.cases.note(numbers[2], li, "我看过")
    assert storage.cases.undo(id, li) == 0
    assert storage.cases.undo(id, zhao) == 2
    assert box(storage, zhao, "mine") == [numbers[2]]
    assert [kept(storage, f"s{i}", "wechat").holder for i in range(4)] == [
        "person", "assistant", "person", "assistant",
    ]  # fmt: skip
    assert storage.cases.undo(id, zhao) == 0
    assert storage.cases.undo("no id", zhao) == 0


def test_closing_many_is_undone_with_who_had_them(
    storage: Storage, zhao: Viewer, li: Viewer, clock: Clock
) -> None:
    mine, laid_aside, waiting = (hand_over(storage, sender=f"s{i}") for i in range(3))
    storage.cases.take(mine, zhao)
    until = clock() + timedelta(days=1)
    storage.cases.snooze(laid_aside, zhao, until)
    before = {line.number: line for line in storage.cases.find(Search(), zhao).lines}
    id = storage.cases.many("done", [mine, laid_aside, waiting], zhao)
    assert storage.cases.counts(zhao)["done"] == 3
    assert storage.cases.undo(id, zhao) == 3
    after = {line.number: line for line in storage.cases.find(Search(), zhao).lines}
    for number, line in before.items():
        now = after[number]
        assert (now.state, now.assignee, now.snoozed_until) == (line.state, line.assignee, line.snoozed_until)
    assert kept(storage, "s0", "wechat").holder == "person"


def test_putting_back_is_not_undone_where_a_colleague_speaks_now(
    storage: Storage, zhao: Viewer, li: Viewer
) -> None:
    first = hand_over(storage)
    storage.cases.take(first, zhao)
    id = storage.cases.many("release", [first], zhao)
    second = hand_over(storage, "低保停了", "dibao_status_change")
    with storage.database.work() as connection:  # as if the first were not for 李娜
        connection.execute(
            update(tasks).where(tasks.c.number == 1).values(state="snoozed", snoozed_until=WEEKS)
        )
    storage.cases.take(second, li)
    assert storage.cases.undo(id, zhao) == 0
    assert opened(storage, second, li).held_by == li.account


def test_laying_many_aside_needs_a_moment(storage: Storage, zhao: Viewer, clock: Clock) -> None:
    number = hand_over(storage)
    with pytest.raises(ValueError, match="moment"):
        storage.cases.many("snooze", [number], zhao)
    storage.cases.many("snooze", [number], zhao, clock() + timedelta(days=1))
    assert box(storage, zhao, "snoozed") == [number]
    storage.cases.many("release", [number], zhao)
    storage.cases.many("done", [number], zhao)
    storage.cases.many("reopen", [number], zhao)
    assert box(storage, zhao, "waiting") == [number]


# -- Answers and notes -----------------------------------------------------------------------------------------------


def test_what_became_of_an_answer(storage: Storage, zhao: Viewer, clock: Clock) -> None:
    number = hand_over(storage)
    storage.cases.take(number, zhao)
    storage.cases.say(number, zhao, "十一月", "k1", 0)
    storage.cases.say(number, zhao, "一号", "k2", 9)

    def states() -> list[tuple[str | None, str, str | None]]:
        return [(each.delivery, each.reason, each.by) for each in storage.cases.transcript(number, zhao)]

    assert states() == [("queued", "", zhao.account)] * 2
    post = Post()
    post.failures.append(Permanent("blocked"))
    deliver_due(storage.outbox, {"wechat": post}, clock)
    assert states() == [("failed", "blocked", zhao.account), ("sent", "", zhao.account)]
    failed = storage.cases.transcript(number, zhao)[0].seq
    assert storage.cases.retry(number, zhao, failed)
    assert not storage.cases.retry(number, zhao, failed)
    assert states()[0] == ("queued", "", zhao.account)
    deliver_due(storage.outbox, {"wechat": post}, clock)
    assert states()[0][0] == "sent"
    assert post.texts == ["一号", "十一月"]


def test_only_ones_own_answers_are_sent_again(storage: Storage, zhao: Viewer, li: Viewer) -> None:
    number = hand_over(storage)
    with storage.database.work() as connection:
        connection.execute(update(outbox).values(state="failed"))  # the assistant's word
    storage.cases.take(number, zhao)
    assert not storage.cases.retry(number, zhao, 2)
    with pytest.raises(Collision):
        storage.cases.retry(number, li, 2)


def test_notes_are_for_hr_alone_and_mention_colleagues(storage: Storage, zhao: Viewer, li: Viewer) -> None:
    number = hand_over(storage)
    storage.cases.note(number, zhao, "先问财务", (li.account, "5a1e0000-0000-4000-8000-00000000000f", "谁"))
    assert [line.number for line in storage.cases.mentioned(li)] == [number]
    assert storage.cases.mentioned(zhao) == ()
    (note,) = opened(storage, number, li).notes
    assert (note.author, note.text, note.mentions) == (zhao.account, "先问财务", (li.account,))
    assert storage.cases.mentioned(li) == ()
    assert len(transcript(storage, "阿丽", "wechat")) == 2
    assert "财务" not in repr(note)


def test_every_act_and_every_opening_is_logged(
    storage: Storage, zhao: Viewer, li: Viewer, clock: Clock
) -> None:
    number = hand_over(storage)
    done: list[Callable[[], object]] = [
        lambda: storage.cases.open(number, zhao),
        lambda: storage.cases.take(number, zhao),
        lambda: storage.cases.say(number, zhao, "好", "k1", 0),
        lambda: storage.cases.note(number, zhao, "记一笔"),
        lambda: storage.cases.snooze(number, zhao, clock() + timedelta(days=1)),
        lambda: storage.cases.take_over(number, li, "赵静下班了"),
        lambda: storage.cases.release(number, li),
        lambda: storage.cases.finish(number, li),
        lambda: storage.cases.reopen(number, li),
        lambda: storage.cases.undo(storage.cases.many("done", [number], li), li),
    ]
    for each in done:
        each()
    assert acts(storage) == [
        "case_opened", "case_taken", "case_answered", "case_noted", "case_snoozed", "case_taken_over",
        "case_released", "case_done", "case_reopened", "case_done", "cases_undone",
    ]  # fmt: skip
    with storage.database.read() as connection:
        bodies = connection.execute(select(audit_events.c.body)).scalars().all()
    assert len(storage.history.about("task:T-000001")) == len(bodies)
    assert not any("下班" in body or "赵静" in body for body in bodies)
