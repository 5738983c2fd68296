"""What did not reach the employee: who sees it, sent again once, given up and taken back, each in the log."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from databases import Clock
from sqlalchemy import select
from staffing import hire
from talking import Post, colleague, give_back, kept, message, say, speak, take_over

from delivery.messages import IncomingMessage
from delivery.outbox import MISSING, deliver_due
from delivery.sending import Permanent, Temporary, Unsure
from hr_inbox.cases import Viewer
from hr_inbox.task import HrTask, TaskKind
from hr_inbox.undelivered import Letter
from people.bindings import Bind
from storage.database import Queued
from storage.opening import Storage
from storage.tables import audit_events, outbox

pytest_plugins = ["databases"]


@pytest.fixture
def zhao(storage: Storage) -> Viewer:
    """赵静 answers questions, and sees nothing of dibao or complaints."""
    return colleague(storage, "赵静", "agent")


def writes(storage: Storage, *answers: str, key: str = "m1", kinds: tuple[TaskKind, ...] = ()) -> str:
    """阿丽 writes over WeCom and is answered; the conversation."""
    tasks = tuple(HrTask(kind, ("什么时候开始交",), "320500", "zh_Hans", "") for kind in kinds)
    say(storage, message(key, channel="wecom"), *answers, tasks=tasks)
    return kept(storage, "阿丽", "wecom").id


def fails(storage: Storage, clock: Clock, *failures: Exception | None) -> Post:
    """What is due goes out, and fails like that."""
    post = Post()
    post.failures = list(failures)
    deliver_due(storage.outbox, {"wecom": post, "wechat": post}, clock)
    return post


def letters(storage: Storage, viewer: Viewer) -> Sequence[Letter]:
    found = storage.undelivered.find(viewer, "", 50)[0]
    assert storage.undelivered.count(viewer) == len(found)
    return found


def rows(storage: Storage) -> list[tuple[str, str | None]]:
    with storage.database.read() as connection:
        query = select(outbox.c.state, outbox.c.last_error).order_by(outbox.c.message)
        return [(row.state, row.last_error) for row in connection.execute(query)]


def acts(storage: Storage) -> list[str]:
    with storage.database.read() as connection:
        query = select(audit_events.c.act).order_by(audit_events.c.seq)
        return [act for act in connection.execute(query).scalars() if act.startswith("message_")]


def test_a_message_that_failed_is_seen_with_its_case_and_its_reason(
    storage: Storage, zhao: Viewer, clock: Clock
) -> None:
    employee = hire(storage)
    code = storage.bindings.make([employee.id], "account:x")[employee.id]
    say(storage, message("b1", channel="wecom"), "好", binding=Bind(code, employee.id))
    writes(storage, "转给人事了", key="m2", kinds=("question",))
    fails(storage, clock, None, Permanent("81013", gone=True))
    (letter,) = letters(storage, zhao)
    assert (letter.state, letter.channel, letter.author, letter.why) == (
        "failed",
        "wecom",
        "assistant",
        "81013",
    )
    assert (letter.cases, letter.employee, letter.at) == (("T-000001",), employee.id, clock.time)


def test_it_goes_out_at_once_when_it_is_sent_again_and_only_once(
    storage: Storage, zhao: Viewer, clock: Clock
) -> None:
    conversation = writes(storage, "一")
    fails(storage, clock, Permanent("45002"))
    (letter,) = letters(storage, zhao)
    told: list[Queued] = []
    storage.database.on_queued = told.extend
    clock.move(minutes=3)
    assert storage.undelivered.resend(letter.id, zhao, twice=False) == "queued"
    assert [(each.id, each.conversation, each.due_at) for each in told] == [
        (letter.id, conversation, clock.time)
    ]
    assert letters(storage, zhao) == []
    assert storage.undelivered.resend(letter.id, zhao, twice=False) == "missing"
    assert fails(storage, clock).texts == ["一"]
    assert rows(storage) == [("sent", None)] and acts(storage) == ["message_resent"]


def test_what_goes_out_again_begins_where_it_stopped_and_may_fail_as_often_as_before(
    storage: Storage, zhao: Viewer, clock: Clock
) -> None:
    writes(storage, "一\n二")
    assert fails(storage, clock, None, Permanent("45002")).texts == ["一"]
    (letter,) = letters(storage, zhao)
    storage.undelivered.resend(letter.id, zhao, twice=False)
    assert fails(storage, clock, Temporary("-1")).texts == []
    clock.move(hours=1)
    assert fails(storage, clock).texts == ["二"]


def test_what_may_have_arrived_is_sent_again_only_where_twice_is_agreed_to(
    storage: Storage, zhao: Viewer, clock: Clock
) -> None:
    writes(storage, "一")
    assert fails(storage, clock, Unsure("ReadTimeout")).texts == [MISSING]
    (letter,) = letters(storage, zhao)
    assert letter.state == "unsure"
    assert storage.undelivered.resend(letter.id, zhao, twice=False) == "twice"
    assert rows(storage)[0] == ("unsure", "ReadTimeout") and acts(storage) == []
    assert storage.undelivered.resend(letter.id, zhao, twice=True) == "queued"
    assert fails(storage, clock).texts == ["一"]


def test_whom_nothing_reaches_gets_it_when_they_write_again(
    storage: Storage, zhao: Viewer, clock: Clock
) -> None:
    writes(storage, "一")
    fails(storage, clock, Permanent("60111", gone=True))
    (letter,) = letters(storage, zhao)
    assert storage.undelivered.resend(letter.id, zhao, twice=False) == "waiting"
    assert fails(storage, clock).texts == []
    writes(storage, "二", key="m2")
    assert fails(storage, clock).texts == ["一", "二"]


def test_what_waits_for_a_day_for_somebody_who_cannot_be_reached_is_seen(
    storage: Storage, zhao: Viewer, clock: Clock
) -> None:
    say(storage, IncomingMessage("wechat", "阿丽", "w1", "在吗"), "一")
    clock.move(hours=48)
    (letter,) = letters(storage, zhao)
    assert (letter.state, letter.why) == ("queued", "window_closed")
    assert storage.undelivered.resend(letter.id, zhao, twice=True) == "missing"  # it goes out by itself
    say(storage, IncomingMessage("wechat", "阿丽", "w2", "在吗"), "二")
    assert letters(storage, zhao) == []
    say(storage, IncomingMessage("wechat", "阿丽", "w3", "", kind="left"))
    (first,) = letters(storage, zhao)
    assert (first.id, first.why) == (letter.id, "left")


def test_what_waits_for_those_who_can_be_reached_is_not_lost(
    storage: Storage, zhao: Viewer, clock: Clock
) -> None:
    say(storage, message("m1"), "一")  # a page that nobody opened again
    writes(storage, "二")
    clock.move(days=3)
    assert letters(storage, zhao) == []


def test_what_the_assistant_said_before_somebody_took_over_stays_unsaid(
    storage: Storage, zhao: Viewer, clock: Clock
) -> None:
    conversation = writes(storage, "一")
    fails(storage, clock, Permanent("45002"))
    (letter,) = letters(storage, zhao)
    take_over(storage, conversation)
    speak(storage, conversation, "我来说")
    assert storage.undelivered.resend(letter.id, zhao, twice=False) == "overtaken"
    fails(storage, clock, Permanent("45002"))
    give_back(storage, conversation)
    hers, _ = letters(storage, zhao)
    assert hers.author == "hr"
    assert storage.undelivered.resend(hers.id, zhao, twice=False) == "queued"
    assert fails(storage, clock).texts == ["我来说"]


@pytest.mark.parametrize(
    ("failure", "before"),
    [(Permanent("45002"), ("failed", "45002")), (Unsure("http:502"), ("unsure", "http:502"))],
)
def test_what_was_given_up_comes_back_as_it_was(
    storage: Storage, zhao: Viewer, clock: Clock, failure: Exception, before: tuple[str, str]
) -> None:
    writes(storage, "一")
    fails(storage, clock, failure)
    (letter,) = letters(storage, zhao)
    assert storage.undelivered.give_up(letter.id, zhao)
    assert rows(storage)[0] == ("dropped", f"by_hr:{before[0]}:{before[1]}")
    assert letters(storage, zhao) == [] and not storage.undelivered.give_up(letter.id, zhao)
    assert storage.undelivered.take_back(letter.id, zhao)
    assert rows(storage)[0] == before
    assert not storage.undelivered.take_back(letter.id, zhao)
    assert acts(storage) == ["message_given_up", "message_taken_back"]


def test_what_was_given_up_stays_so_once_something_later_is_out(
    storage: Storage, zhao: Viewer, clock: Clock
) -> None:
    writes(storage, "一")
    fails(storage, clock, Permanent("45002"))
    (letter,) = letters(storage, zhao)
    storage.undelivered.give_up(letter.id, zhao)
    clock.move(seconds=1)
    writes(storage, "二", key="m2")
    fails(storage, clock)
    assert not storage.undelivered.take_back(letter.id, zhao)
    assert rows(storage)[0] == ("dropped", "by_hr:failed:45002")


@pytest.mark.parametrize("kind", ["dibao_status_change", "complaint"])
def test_of_cases_that_somebody_may_not_see_there_is_nothing(
    storage: Storage, zhao: Viewer, clock: Clock, kind: TaskKind
) -> None:
    chief = colleague(storage, "钱丽", "agent", "dibao_officer", "admin")
    writes(storage, "转给人事了", kinds=(kind,))
    fails(storage, clock, Permanent("45002"))
    assert letters(storage, zhao) == []
    (letter,) = letters(storage, chief)
    assert letter.cases == ("T-000001",)
    assert storage.undelivered.resend(letter.id, zhao, twice=True) == "missing"
    assert not storage.undelivered.give_up(letter.id, zhao)
    assert storage.undelivered.give_up(letter.id, chief)
    assert not storage.undelivered.take_back(letter.id, zhao)


def test_of_several_cases_those_are_named_that_may_be_seen_and_the_others_answers_are_not_there(
    storage: Storage, zhao: Viewer, clock: Clock
) -> None:
    chief = colleague(storage, "钱丽", "dibao_officer")
    writes(storage, "转给人事了", kinds=("question",))
    writes(storage, "也转给人事了", key="m2", kinds=("dibao_status_change",))
    fails(storage, clock, Permanent("45002"), Permanent("45002"))
    assert [each.cases for each in letters(storage, zhao)] == [("T-000001",)] * 2
    storage.cases.take("T-000002", chief)
    storage.cases.say("T-000002", chief, "低保那边我问过了", "k1", 9)
    fails(storage, clock, Permanent("45002"))
    assert len(letters(storage, zhao)) == 2
    assert [each.cases for each in letters(storage, chief)] == [("T-000002", "T-000001")] * 3


def test_pages_go_from_the_newest_to_the_oldest(storage: Storage, zhao: Viewer, clock: Clock) -> None:
    for count in range(5):
        clock.move(minutes=1)
        writes(storage, f"第{count}条", key=f"m{count}")
        fails(storage, clock, Permanent("45002"))
    times, after = [], ""
    for length in (2, 2, 1):
        page, after = storage.undelivered.find(zhao, after, 2)
        assert len(page) == length
        times += [each.at for each in page]
    assert after == "" and times == sorted(times, reverse=True) and len(set(times)) == 5
    assert len(storage.undelivered.find(zhao, "no such place", 50)[0]) == 5
