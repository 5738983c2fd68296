"""What the library lacks is counted in the turn that had no answer: a day, a topic, a place, and nobody's words."""

from __future__ import annotations

from datetime import date

from databases import Clock
from sqlalchemy import select
from talking import SECRET, message, say, together

from hr_inbox.unanswered import Unanswered, UnansweredWeek
from storage.opening import Storage
from storage.retention import keep_to_terms
from storage.tables import unanswered

pytest_plugins = ["databases"]

TRANSFER = Unanswered("no_clause", "ask_transfer", "320500")
HOME = Unanswered("withheld", "ask_dibao_standard", "340000")
YEAR = (date(2026, 1, 1), date(2026, 12, 31))


def test_questions_are_counted_by_week_topic_and_place(storage: Storage, clock: Clock) -> None:
    say(storage, message("m1"), "没有", unanswered=(TRANSFER,))
    clock.move(days=1)
    say(storage, message("m2"), "没有", unanswered=(TRANSFER, TRANSFER, HOME))
    clock.move(days=7)
    say(storage, message("m3"), "没有", unanswered=(HOME,))
    say(storage, message("m4"), "有")
    assert storage.gaps.unanswered(*YEAR) == (
        UnansweredWeek(date(2026, 10, 12), "ask_transfer", "320500", "no_clause", 3),
        UnansweredWeek(date(2026, 10, 12), "ask_dibao_standard", "340000", "withheld", 1),
        UnansweredWeek(date(2026, 10, 19), "ask_dibao_standard", "340000", "withheld", 1),
    )
    assert storage.gaps.unanswered(date(2026, 10, 17), date(2026, 10, 22)) == ()


def test_the_day_is_the_day_in_china(storage: Storage, clock: Clock) -> None:
    clock.move(hours=12, minutes=1)  # 16:01 in UTC, past midnight in Suzhou
    say(storage, message(), "没有", unanswered=(TRANSFER,))
    with storage.database.read() as connection:
        assert connection.execute(select(unanswered.c.day)).scalar_one() == date(2026, 10, 16)


def test_a_message_that_comes_twice_counts_once(storage: Storage) -> None:
    for _ in range(2):
        say(storage, message(), "没有", unanswered=(TRANSFER,))
    assert [each.count for each in storage.gaps.unanswered(*YEAR)] == [1]


def test_many_at_once_lose_none(storage: Storage) -> None:
    def ask(number: int) -> None:
        gaps = (TRANSFER, HOME) if number % 2 else (HOME, TRANSFER)
        say(storage, message(f"m{number}", sender=f"s{number}"), "没有", unanswered=gaps)

    together([lambda number=number: ask(number) for number in range(8)])
    assert [each.count for each in storage.gaps.unanswered(*YEAR)] == [8, 8]


def test_nothing_of_the_words_is_kept(storage: Storage) -> None:
    say(storage, message(), "没有", unanswered=(TRANSFER,))
    with storage.database.read() as connection:
        rows = [str(row) for row in connection.execute(select(unanswered))]
    assert rows and not [row for row in rows if SECRET in row or "阿丽" in row]


def test_counts_go_after_two_years(storage: Storage, clock: Clock) -> None:
    say(storage, message(), "没有", unanswered=(TRANSFER,))
    clock.move(days=730)
    assert keep_to_terms(storage.database, storage.now())["unanswered"] == 0
    clock.move(days=1)
    assert keep_to_terms(storage.database, storage.now())["unanswered"] == 1
    assert storage.gaps.unanswered(*YEAR) == ()
