"""Days and months, as seen from the fifteenth of October 2026 and from January."""

from __future__ import annotations

from datetime import date

import pytest

from bot.understanding.days import read_day
from bot.understanding.normalise import normalise

OCTOBER = date(2026, 10, 15)
JANUARY = date(2027, 1, 10)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("上个月", date(2026, 9, 1)),
        ("上上个月停的", date(2026, 8, 1)),
        ("這個月", date(2026, 10, 1)),
        ("下个月", date(2026, 11, 1)),
        ("上个月15号", date(2026, 9, 15)),
        ("去年7月", date(2025, 7, 1)),
        ("去年十一月", date(2025, 11, 1)),
        ("今年三月份", date(2026, 3, 1)),
        ("2025年8月", date(2025, 8, 1)),
        ("25年8月", date(2025, 8, 1)),
        ("二零二五年八月", date(2025, 8, 1)),
        ("2025.8", date(2025, 8, 1)),
        ("2025-08-20", date(2025, 8, 20)),
        ("10月15号", date(2026, 10, 15)),
        ("十月十五号", date(2026, 10, 15)),
        ("3月停的", date(2026, 3, 1)),
        ("12月", date(2026, 12, 1)),
        ("前年", date(2024, 1, 1)),
        ("去年年底", date(2025, 12, 1)),
        ("2021年开始领,今年三月停发", date(2026, 3, 1)),
        ("三个月前停的", date(2026, 7, 1)),
        ("last month", date(2026, 9, 1)),
        ("since march", date(2026, 3, 1)),
        ("july 2025", date(2025, 7, 1)),
        ("2月30号", date(2026, 2, 1)),
    ],
)
def test_a_day_is_seen_from_today(text: str, day: date) -> None:
    assert read_day(normalise(text), OCTOBER) == day


@pytest.mark.parametrize(
    "text",
    ["三个月", "一个月3500", "一月三千", "每月打620", "干了26年", "我今年46", "1977年8月出生", "2030年8月", "i may go", "第3条",
     "我爸三年前中风", "我去年摔了一跤现在干不了重活"],
)  # fmt: skip
def test_what_is_not_dated_has_no_day(text: str) -> None:
    assert read_day(text, OCTOBER) is None


def test_a_month_without_a_year_is_the_one_just_past_or_just_ahead() -> None:
    assert read_day("12月", JANUARY) == date(2026, 12, 1)
    assert read_day("2月", JANUARY) == date(2027, 2, 1)
    assert read_day("5月", JANUARY) == date(2026, 5, 1)


def test_a_bare_number_is_a_month_only_if_one_was_asked_for() -> None:
    assert read_day("8", OCTOBER) is None
    assert read_day("8", OCTOBER, "month") == date(2026, 8, 1)
    assert read_day("十三", OCTOBER, "month") is None
    assert read_day("就这个月", OCTOBER, "month") == date(2026, 10, 1)
    assert read_day("两年前", OCTOBER, "month") == date(2024, 10, 1)
