"""After a closed case the employee is asked once whether it is solved, and only where it fits; the answer is kept once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from databases import Clock, Open
from sqlalchemy import select, update
from talking import Post, colleague, give_back, kept, message, say, together, transcript

from bot.dialogue.rating import question
from bot.receiving import Kept, Said, receive
from delivery.messages import IncomingMessage, Reply
from delivery.outbox import deliver_due
from hr_inbox.cases import Viewer
from hr_inbox.ratings import Answer, AskedCase, Rated
from hr_inbox.satisfaction import Rate
from hr_inbox.task import HrTask
from storage.opening import Storage
from storage.ratings import ask_rating
from storage.tables import audit_events, tasks

pytest_plugins = ["databases"]

TASK = HrTask("question", ("什么时候开始交",))
ASKED = "这件事解决了吗？不想说也没关系。"
NUMBER = "T-000001"


def hand_over(storage: Storage, key: str = "m1", channel: str = "web", language: str = "zh_Hans") -> str:
    """阿丽 hands a question to HR; the case's number."""
    task = HrTask("question", TASK.lines, language=language)
    (number,) = say(storage, message(key, channel=channel), "发了", tasks=(task,)).tasks
    return number


@pytest.fixture
def zhao(storage: Storage) -> Viewer:
    """赵静, who answers employees."""
    return colleague(storage)


def answered(
    storage: Storage, zhao: Viewer, channel: str = "web", key: str = "m1", language: str = "zh_Hans"
) -> str:
    """HR takes the case and answers; its number."""
    number = hand_over(storage, key, channel, language)
    storage.cases.take(number, zhao)
    storage.cases.say(number, zhao, "下个月开始", f"answer to {key}", 99)
    return number


def close(storage: Storage, zhao: Viewer, clock: Clock, number: str = NUMBER) -> bool:
    """HR closes the case; whether the question went out with it."""
    clock.move(minutes=1)
    before = texts(storage).count(ASKED)
    storage.cases.finish(number, zhao)
    return texts(storage).count(ASKED) > before


def texts(storage: Storage) -> list[str]:
    """Everything that was said to 阿丽, on either channel."""
    found = [storage.conversations.find(channel, "阿丽") for channel in ("web", "wechat")]
    return [entry.bubble.text for each in found if each for entry in storage.conversations.history(each.id)]


def rate(storage: Storage, key: str, *ratings: tuple[str, Answer], reopened: tuple[str, ...] = ()) -> None:
    """阿丽 answers."""
    said = Said({}, (Reply("知道了"),), ratings=tuple(Rated(*each) for each in ratings), reopened=reopened)
    receive(message(key, "解决了"), storage.conversations, lambda kept, message: said)


def asked_of(storage: Storage, key: str, sender: str = "阿丽") -> tuple[AskedCase, ...]:
    """What a turn knows of the cases that were asked about."""
    seen: list[tuple[AskedCase, ...]] = []

    def turn(kept: Kept, message: IncomingMessage) -> Said:
        seen.append(kept.asked)
        return Said({}, (Reply("好"),))

    receive(message(key, "你好", sender), storage.conversations, turn)
    return seen[0]


def rating_of(storage: Storage, number: int = 1) -> tuple[str, str | None]:
    with storage.database.read() as connection:
        row = connection.execute(select(tasks).where(tasks.c.number == number)).one()
    return row.state, row.rating


def test_the_question_is_the_assistants_and_comes_last(storage: Storage, zhao: Viewer, clock: Clock) -> None:
    answered(storage, zhao)
    assert close(storage, zhao, clock)
    assert transcript(storage)[-2:] == [(3, "hr", "下个月开始"), (4, "assistant", ASKED)]
    entry = storage.conversations.history(kept(storage).id)[-1]
    assert [button.payload for button in entry.bubble.buttons] == [
        f"rating={NUMBER}/{answer}" for answer in ("yes", "no", "skip")
    ]


def test_it_is_sent_and_not_dropped_as_overtaken(storage: Storage, zhao: Viewer, clock: Clock) -> None:
    answered(storage, zhao, "wechat")
    assert close(storage, zhao, clock)
    post = Post()
    deliver_due(storage.outbox, {"wechat": post}, clock)
    assert post.texts[-2:] == ["下个月开始", ASKED]


def test_it_is_dropped_where_hr_takes_the_conversation_before_it_is_sent(
    storage: Storage, zhao: Viewer, clock: Clock
) -> None:
    number = answered(storage, zhao, "wechat")
    assert close(storage, zhao, clock)
    storage.cases.reopen(number, zhao)
    storage.cases.take(number, zhao)
    post = Post()
    deliver_due(storage.outbox, {"wechat": post}, clock)
    assert ASKED not in post.texts and "下个月开始" in post.texts


def test_it_is_asked_in_the_language_of_the_case(storage: Storage, zhao: Viewer, clock: Clock) -> None:
    number = answered(storage, zhao, language="zh_Hant")
    close(storage, zhao, clock)
    assert transcript(storage)[-1][2] == question(number, "zh_Hant").text


def test_nobody_is_asked_twice_of_one_case(storage: Storage, zhao: Viewer, clock: Clock) -> None:
    number = answered(storage, zhao)
    assert close(storage, zhao, clock)
    say(storage, message("m2", "谢谢"), "不客气")
    storage.cases.reopen(number, zhao)
    assert not close(storage, zhao, clock)


def test_two_who_close_it_at_once_ask_once(storage: Storage, zhao: Viewer, clock: Clock) -> None:
    number = answered(storage, zhao)
    with storage.database.work() as connection:
        connection.execute(update(tasks).values(state="done", assignee=None))
    give_back(storage, kept(storage).id)

    def ask() -> str | None:
        with storage.database.work() as connection:
            return ask_rating(connection, storage.keys, number, clock())

    assert len([queued for queued in together([ask] * 4) if queued]) == 1


def two_answered(storage: Storage, zhao: Viewer) -> tuple[str, str]:
    """Two cases of one conversation, both 赵静's and both answered."""
    first = answered(storage, zhao)
    storage.cases.release(first, zhao)
    return first, answered(storage, zhao, key="m2")


def test_nobody_is_asked_while_a_person_holds_the_conversation(
    storage: Storage, zhao: Viewer, clock: Clock
) -> None:
    first, second = two_answered(storage, zhao)
    assert not close(storage, zhao, clock, first), "赵静 still speaks with her, about the other case"
    assert close(storage, zhao, clock, second)


def test_of_several_cases_that_are_closed_at_once_one_is_asked_about(storage: Storage, zhao: Viewer) -> None:
    storage.cases.many("done", two_answered(storage, zhao), zhao)
    assert texts(storage).count(ASKED) == 1


def test_nobody_is_asked_where_hr_never_answered(storage: Storage, zhao: Viewer, clock: Clock) -> None:
    number = hand_over(storage)
    storage.cases.take(number, zhao)
    assert not close(storage, zhao, clock, number)


def test_an_answer_to_an_earlier_case_is_none_to_this_one(
    storage: Storage, zhao: Viewer, clock: Clock
) -> None:
    answered(storage, zhao)
    close(storage, zhao, clock)
    assert not close(storage, zhao, clock, hand_over(storage, "m2"))


def test_nobody_is_asked_where_it_would_not_arrive(storage: Storage, zhao: Viewer, clock: Clock) -> None:
    answered(storage, zhao, "wechat")
    clock.move(hours=48)
    assert not close(storage, zhao, clock)


def test_nobody_is_asked_who_had_everything_erased(storage: Storage, zhao: Viewer, clock: Clock) -> None:
    number = answered(storage, zhao)
    storage.cases.release(number, zhao)
    say(storage, message("e1"), "删了", erase=True)
    assert not close(storage, zhao, clock)


def test_a_turn_knows_which_cases_were_asked_about(storage: Storage, zhao: Viewer, clock: Clock) -> None:
    answered(storage, zhao)
    close(storage, zhao, clock)
    clock.move(minutes=1)
    assert asked_of(storage, "x1", "老周") == ()
    assert asked_of(storage, "m6") == (AskedCase(NUMBER, None, last=True),)
    assert asked_of(storage, "m7") == (AskedCase(NUMBER, None, last=False),)
    rate(storage, "m8", (NUMBER, "no"))
    assert asked_of(storage, "m9") == (AskedCase(NUMBER, "no", last=False),)


def test_the_first_answer_is_kept(storage: Storage, zhao: Viewer, clock: Clock) -> None:
    answered(storage, zhao)
    close(storage, zhao, clock)
    rate(storage, "m2", (NUMBER, "no"))
    rate(storage, "m3", (NUMBER, "yes"))
    assert rating_of(storage) == ("done", "no")


def test_only_ones_own_cases_that_were_asked_about_can_be_rated(
    storage: Storage, zhao: Viewer, clock: Clock
) -> None:
    hand_over(storage)
    rate(storage, "m2", (NUMBER, "yes"), reopened=(NUMBER,))
    assert rating_of(storage) == ("waiting", None)
    storage.cases.take(NUMBER, zhao)
    storage.cases.say(NUMBER, zhao, "下个月开始", "k1", 99)
    close(storage, zhao, clock)
    said = Said({}, (Reply("好"),), ratings=(Rated(NUMBER, "yes"),), reopened=(NUMBER,))
    receive(message("x1", sender="老周"), storage.conversations, lambda kept, message: said)
    assert rating_of(storage) == ("done", None)


def test_an_unsolved_case_waits_for_hr_again_and_is_due_anew(url: str, open_one: Open, clock: Clock) -> None:
    storage = open_one(url, due=lambda task, since, channel, wrote_at: since + timedelta(hours=8))
    zhao = colleague(storage)
    answered(storage, zhao)
    close(storage, zhao, clock)
    rate(storage, "m2", (NUMBER, "no"))
    last = storage.cases.changed(zhao, 0)[1]
    clock.move(days=1)
    rate(storage, "m3", reopened=(NUMBER,))
    ((line,), _) = storage.cases.changed(zhao, last)
    assert (line.number, line.state, line.assignee) == (NUMBER, "waiting", None)
    assert line.due_at == clock.time + timedelta(hours=8)
    assert asked_of(storage, "m4") == ()
    with storage.database.read() as connection:
        row = connection.execute(select(audit_events).order_by(audit_events.c.seq.desc()).limit(1)).one()
    assert (row.act, row.actor) == ("case_reopened", "system")


def test_a_case_that_was_solved_stays_closed(storage: Storage, zhao: Viewer, clock: Clock) -> None:
    answered(storage, zhao)
    close(storage, zhao, clock)
    rate(storage, "m2", (NUMBER, "yes"), reopened=(NUMBER,))
    assert rating_of(storage) == ("done", "yes")


def test_a_case_that_was_taken_up_again_is_not_asked_about_a_second_time(
    storage: Storage, zhao: Viewer, clock: Clock
) -> None:
    answered(storage, zhao)
    close(storage, zhao, clock)
    rate(storage, "m2", (NUMBER, "no"), reopened=(NUMBER,))
    assert rating_of(storage)[0] == "waiting"
    assert not close(storage, zhao, clock)


def test_the_rate_counts_who_said_so_in_a_period(storage: Storage, zhao: Viewer, clock: Clock) -> None:
    first = clock.time.date()
    for count, answer in enumerate(("yes", "no", "skip", "yes"), start=1):
        number = answered(storage, zhao, key=f"m{count}")
        close(storage, zhao, clock, number)
        assert answer in ("yes", "no", "skip")
        rate(storage, f"r{count}", (number, answer))
        clock.move(days=1)
    assert storage.waiting.rate(first, first + timedelta(days=3)) == Rate(asked=4, answered=3, solved=2)
    assert storage.waiting.rate(first + timedelta(days=2), clock.time.date()) == Rate(2, 1, 1)
    assert storage.waiting.rate(clock.time.date(), clock.time.date()) == Rate(0, 0, 0)


def test_a_tap_on_the_page_is_one_turn_like_any_other(storage: Storage, zhao: Viewer, clock: Clock) -> None:
    """A second time the same message brings the same reply and rates nothing."""
    answered(storage, zhao)
    close(storage, zhao, clock)
    rate(storage, "m2", (NUMBER, "yes"))
    rate(storage, "m2", (NUMBER, "no"))
    assert rating_of(storage) == ("done", "yes")
