"""After a closed case the employee is asked once whether it is solved, and only where it fits; the answer is kept once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from databases import NOON, Clock, Open
from sqlalchemy import select, update
from talking import (
    Post,
    colleague,
    give_back,
    kept,
    message,
    say,
    speak,
    take_over,
    together,
    transcript,
)

from bot.receiving import Kept, Said, receive
from delivery.messages import IncomingMessage, Reply
from delivery.outbox import deliver_due
from hr_inbox.ratings import Answer, AskedCase, Rated
from hr_inbox.satisfaction import Rate
from hr_inbox.task import HrTask
from storage.opening import Storage
from storage.ratings import ask_rating
from storage.tables import tasks

pytest_plugins = ["databases"]

TASK = HrTask("question", ("什么时候开始交",))
ASKED = "这件事解决了吗？不想说也没关系。"
NUMBER = "T-000001"


def hand_over(storage: Storage, key: str = "m1", channel: str = "web", language: str = "zh_Hans") -> str:
    """阿丽 hands a question to HR; the case's number."""
    task = HrTask("question", TASK.lines, language=language)
    (number,) = say(storage, message(key, channel=channel), "发了", tasks=(task,)).tasks
    return number


def answered(storage: Storage, clock: Clock, channel: str = "web", key: str = "m1") -> str:
    """HR answers her and gives the conversation back; the case's number."""
    number = hand_over(storage, key, channel)
    conversation = kept(storage, channel=channel).id
    take_over(storage, conversation)
    clock.move(minutes=5)
    speak(storage, conversation, "下个月开始")
    give_back(storage, conversation)
    return number


def close(storage: Storage, clock: Clock, number: str = NUMBER) -> str | None:
    """HR closes the case, and the question goes out with it, or not."""
    clock.move(minutes=1)
    with storage.database.work() as connection:
        connection.execute(update(tasks).where(tasks.c.number == int(number[2:])).values(state="done"))
        return ask_rating(connection, storage.keys, number, clock())


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


def test_the_question_is_the_assistants_and_comes_last(storage: Storage, clock: Clock) -> None:
    answered(storage, clock)
    assert close(storage, clock)
    assert transcript(storage)[-2:] == [(3, "hr", "下个月开始"), (4, "assistant", ASKED)]
    entry = storage.conversations.history(kept(storage).id)[-1]
    assert [button.payload for button in entry.bubble.buttons] == [
        f"rating={NUMBER}/{answer}" for answer in ("yes", "no", "skip")
    ]


def test_it_is_sent_and_not_dropped_as_overtaken(storage: Storage, clock: Clock) -> None:
    answered(storage, clock, "wechat")
    queued = close(storage, clock)
    post = Post()
    deliver_due(storage.outbox, {"wechat": post}, clock, queued)
    assert post.texts[-2:] == ["下个月开始", ASKED]


def test_it_is_asked_in_the_language_of_the_case(storage: Storage, clock: Clock) -> None:
    number = hand_over(storage, language="zh_Hant")
    conversation = kept(storage).id
    take_over(storage, conversation)
    speak(storage, conversation, "下個月")
    give_back(storage, conversation)
    assert close(storage, clock, number)
    from bot.dialogue.rating import question

    assert transcript(storage)[-1][2] == question(number, "zh_Hant").text


def test_nobody_is_asked_twice_of_one_case(storage: Storage, clock: Clock) -> None:
    answered(storage, clock)
    assert close(storage, clock)
    assert close(storage, clock) is None
    assert [text for _, _, text in transcript(storage)].count(ASKED) == 1


def test_two_who_close_it_at_once_ask_once(storage: Storage, clock: Clock) -> None:
    answered(storage, clock)
    close_it: Callable[[], str | None] = lambda: close(storage, clock)  # noqa: E731
    assert len([queued for queued in together([close_it] * 4) if queued]) == 1


def test_nobody_is_asked_while_a_person_holds_the_conversation(storage: Storage, clock: Clock) -> None:
    answered(storage, clock)
    take_over(storage, kept(storage).id)
    assert close(storage, clock) is None
    give_back(storage, kept(storage).id)
    assert close(storage, clock), "it was not asked, so it still can be"


def test_nobody_is_asked_where_hr_never_answered(storage: Storage, clock: Clock) -> None:
    number = hand_over(storage)
    assert close(storage, clock, number) is None


def test_an_answer_to_an_earlier_case_is_none_to_this_one(storage: Storage, clock: Clock) -> None:
    answered(storage, clock)
    close(storage, clock)
    clock.move(minutes=1)
    number = hand_over(storage, "m2")
    assert close(storage, clock, number) is None


def test_nobody_is_asked_where_it_would_not_arrive(storage: Storage, clock: Clock) -> None:
    answered(storage, clock, "wechat")
    clock.move(hours=48)
    assert close(storage, clock) is None


def test_nobody_is_asked_who_had_everything_erased(storage: Storage, clock: Clock) -> None:
    answered(storage, clock)
    say(storage, message("e1"), "删了", erase=True)
    assert close(storage, clock) is None


@pytest.mark.parametrize("state", ["waiting", "taken", "snoozed"])
def test_nobody_is_asked_of_an_open_case(storage: Storage, clock: Clock, state: str) -> None:
    number = answered(storage, clock)
    with storage.database.work() as connection:
        connection.execute(update(tasks).values(state=state))
        assert ask_rating(connection, storage.keys, number, clock()) is None


def test_a_turn_knows_which_cases_were_asked_about(storage: Storage, clock: Clock) -> None:
    answered(storage, clock)
    assert asked_of(storage, "m5") == ()
    close(storage, clock)
    clock.move(minutes=1)
    assert asked_of(storage, "x1", "老周") == ()
    assert asked_of(storage, "m6") == (AskedCase(NUMBER, None, last=True),)
    assert asked_of(storage, "m7") == (AskedCase(NUMBER, None, last=False),)
    rate(storage, "m8", (NUMBER, "no"))
    assert asked_of(storage, "m9") == (AskedCase(NUMBER, "no", last=False),)


def test_the_first_answer_is_kept(storage: Storage, clock: Clock) -> None:
    answered(storage, clock)
    close(storage, clock)
    rate(storage, "m2", (NUMBER, "no"))
    rate(storage, "m3", (NUMBER, "yes"))
    assert rating_of(storage) == ("done", "no")


def test_only_ones_own_cases_that_were_asked_about_can_be_rated(storage: Storage, clock: Clock) -> None:
    answered(storage, clock)
    rate(storage, "m2", (NUMBER, "yes"))
    assert rating_of(storage) == ("waiting", None)
    close(storage, clock)
    said = Said({}, (Reply("好"),), ratings=(Rated(NUMBER, "yes"),), reopened=(NUMBER,))
    receive(message("x1", sender="老周"), storage.conversations, lambda kept, message: said)
    assert rating_of(storage) == ("done", None)


def test_an_unsolved_case_waits_for_hr_again_and_is_due_anew(url: str, open_one: Open, clock: Clock) -> None:
    storage = open_one(url, due=None)
    clock.time = NOON + timedelta(hours=3)
    answered(storage, clock)
    close(storage, clock)
    with storage.database.read() as connection:
        before = connection.execute(select(tasks.c.change)).scalar_one()
    rate(storage, "m2", (NUMBER, "no"))
    clock.move(days=1)
    rate(storage, "m3", reopened=(NUMBER,))
    with storage.database.read() as connection:
        row = connection.execute(select(tasks)).one()
    assert (row.state, row.closed_at, row.assignee) == ("waiting", None, None)
    assert row.due_at > clock.time and row.change > before
    assert asked_of(storage, "m4") == ()


def test_a_case_that_was_solved_stays_closed(storage: Storage, clock: Clock) -> None:
    answered(storage, clock)
    close(storage, clock)
    rate(storage, "m2", (NUMBER, "yes"), reopened=(NUMBER,))
    assert rating_of(storage) == ("done", "yes")


def test_a_case_that_was_taken_up_again_is_not_asked_about_a_second_time(
    storage: Storage, clock: Clock
) -> None:
    answered(storage, clock)
    close(storage, clock)
    rate(storage, "m2", (NUMBER, "no"), reopened=(NUMBER,))
    assert rating_of(storage)[0] == "waiting"
    assert close(storage, clock) is None


def test_the_rate_counts_who_said_so_in_a_period(storage: Storage, clock: Clock) -> None:
    first = clock.time.date()
    for count, answer in enumerate(("yes", "no", "skip", "yes"), start=1):
        number = answered(storage, clock, key=f"m{count}")
        close(storage, clock, number)
        assert answer in ("yes", "no", "skip")
        rate(storage, f"r{count}", (number, answer))
        clock.move(days=1)
    assert storage.waiting.rate(first, first + timedelta(days=3)) == Rate(asked=4, answered=3, solved=2)
    assert storage.waiting.rate(first + timedelta(days=2), clock.time.date()) == Rate(2, 1, 1)
    assert storage.waiting.rate(clock.time.date(), clock.time.date()) == Rate(0, 0, 0)


def test_a_tap_on_the_page_is_one_turn_like_any_other(storage: Storage, clock: Clock) -> None:
    """A second time the same message brings the same reply and rates nothing."""
    answered(storage, clock)
    close(storage, clock)
    rate(storage, "m2", (NUMBER, "yes"))
    rate(storage, "m2", (NUMBER, "no"))
    assert rating_of(storage) == ("done", "yes")


def test_whoever_closes_a_case_that_they_answered_has_the_question_sent(
    storage: Storage, clock: Clock
) -> None:
    number, zhao = hand_over(storage), colleague(storage)
    storage.cases.take(number, zhao)
    storage.cases.say(number, zhao, "下个月开始", "k1", 2)
    storage.cases.finish(number, zhao)
    assert [(author, text) for _, author, text in transcript(storage)][-2:] == [
        ("hr", "下个月开始"),
        ("assistant", ASKED),
    ]
    assert kept(storage).holder == "assistant"
