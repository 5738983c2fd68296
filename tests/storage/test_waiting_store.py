"""When cases were opened, answered and closed, and what was said of them."""

from __future__ import annotations

from datetime import date, timedelta

from databases import Clock
from sqlalchemy import update
from talking import colleague, message, say

from hr_inbox.satisfaction import Rate
from hr_inbox.task import HrTask
from hr_inbox.waiting import Wait
from storage.opening import Storage
from storage.tables import tasks

pytest_plugins = ["databases"]

TODAY = date(2026, 10, 15)
HOUR = 3600


def ask(storage: Storage, key: str, task: HrTask | None = None) -> str:
    asked = task or HrTask("question", ("问",))
    return say(storage, message(key, sender=key), "好", tasks=(asked,)).tasks[0]


def test_the_first_answer_counts_and_not_the_last(storage: Storage, clock: Clock) -> None:
    li, start = colleague(storage, "李娜"), int(clock.time.timestamp())
    number = ask(storage, "m1")
    ask(storage, "m2", HrTask("complaint", ("赵静逼我签字",)))
    storage.cases.take(number, li)
    clock.move(hours=1)
    storage.cases.say(number, li, "答", "k1", 0)
    clock.move(hours=1)
    storage.cases.say(number, li, "再答", "k2", 0)
    storage.cases.finish(number, li)
    storage.cases.reopen(number, li)
    storage.cases.take(number, li)
    clock.move(hours=1)
    storage.cases.say(number, li, "又答", "k3", 0)
    storage.cases.finish(number, li)
    assert sorted(storage.waiting.opened(TODAY, TODAY), key=str) == sorted(
        (Wait(start, start + HOUR, start + 3 * HOUR, "question"), Wait(start, None, None, None)), key=str
    )


def test_a_day_is_a_day_in_china(storage: Storage, clock: Clock) -> None:
    clock.move(hours=12)  # midnight in Suzhou
    ask(storage, "m1")
    assert storage.waiting.opened(TODAY, TODAY) == []
    assert len(storage.waiting.opened(TODAY + timedelta(days=1), TODAY + timedelta(days=1))) == 1


def test_overdue_is_what_is_open_and_past_its_time(storage: Storage, clock: Clock) -> None:
    for key in ("m1", "m2", "m3", "m4"):
        ask(storage, key)
    ask(storage, "m5", HrTask("complaint", ("赵静逼我签字",)))
    past, future = clock.time - timedelta(minutes=1), clock.time + timedelta(minutes=1)
    with storage.database.work() as connection:
        for number, state, due_at in (
            (1, "taken", past),
            (2, "waiting", future),
            (3, "done", past),
            (4, "snoozed", past),
            (5, "waiting", past),
        ):
            values = {"state": state, "due_at": due_at}
            connection.execute(update(tasks).where(tasks.c.number == number).values(**values))
    assert storage.waiting.overdue() == {"question": 1, None: 1}


def test_who_does_not_want_to_say_is_asked_and_not_counted(storage: Storage, clock: Clock) -> None:
    for number, answer in enumerate(("yes", "no", "skip", None), 1):
        ask(storage, f"m{number}")
        with storage.database.work() as connection:
            connection.execute(
                update(tasks).where(tasks.c.number == number).values(asked_at=clock(), rating=answer)
            )
    assert storage.waiting.rate(TODAY, TODAY) == Rate(asked=4, answered=2, solved=1)
    assert storage.waiting.rate(date(2026, 10, 1), date(2026, 10, 14)) == Rate(0, 0, 0)
