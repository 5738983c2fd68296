"""Numbers and amounts as they stand in a text, before anything tells whose they are."""

from __future__ import annotations

import pytest

from bot.understanding.amounts import find_amounts
from bot.understanding.normalise import normalise
from bot.understanding.reading_numbers import find_numbers


@pytest.mark.parametrize(
    ("text", "yuan"),
    [
        ("三千二", 3200), ("三千零二", 3002), ("三千零二十", 3020), ("三千五百八", 3580), ("一万二", 12_000),
        ("一万零五百", 10_500), ("十二万", 120_000), ("三十五", 35), ("十", 10), ("零", 0), ("三二零零", 3200),
        ("3千5", 3500), ("3千500", 3500), ("3.5k", 3500), ("3k5", 3500), ("1w2", 12_000), ("1.2万", 12_000),
        ("叁仟伍", 3500), ("壹万贰仟叁佰", 12_300), ("三千二白", 3200), ("俩千", 2000), ("千五", 1500), ("两千二五", 2250),
        ("3,200", 3200), ("3 200", 3200),
    ],
)  # fmt: skip
def test_a_number_has_one_value(text: str, yuan: int) -> None:
    assert [(each.low, each.high) for each in find_numbers(text)] == [(yuan * 100, yuan * 100)]


@pytest.mark.parametrize(
    ("text", "low", "high"), [("五六百", 500, 600), ("一千五六", 1500, 1600), ("千八百", 800, 1000)]
)
def test_two_digits_side_by_side_are_a_range(text: str, low: int, high: int) -> None:
    assert [(each.low, each.high) for each in find_numbers(text)] == [(low * 100, high * 100)]


@pytest.mark.parametrize("text", ["万一", "千万别", "百姓", "3200.555"])
def test_some_words_are_no_numbers(text: str) -> None:
    assert find_numbers(text) == []


def test_the_last_digit_may_count_what_follows() -> None:
    assert [each.low // 100 for each in find_numbers("三千二一个月")] == [3200, 1]
    assert [each.low // 100 for each in find_numbers("三千四口人")] == [3000, 4]
    assert [each.low // 100 for each in find_numbers("十一个月")] == [11]


@pytest.mark.parametrize(
    ("text", "low", "high", "per"),
    [
        ("3200块", 3200, 3200, None),
        ("￥３，２００", 3200, 3200, None),
        ("三千多", 3000, None, None),
        ("不到三千", None, 3000, None),
        ("不到三千多", None, 3000, None),
        ("3000到3500", 3000, 3500, None),
        ("三到五百", 300, 500, None),
        ("万把块", 10_000, None, None),
        ("3500一个月", 3500, 3500, "month"),
        ("一年四万", 40_000, 40_000, "year"),
        ("一天一百五", 150, 150, "other"),
        ("20块一小时", 20, 20, "other"),
    ],
)
def test_an_amount_has_ends_and_a_period(
    text: str, low: int | None, high: int | None, per: str | None
) -> None:
    (amount,) = find_amounts(normalise(text))
    ends = [None if fen is None else fen // 100 for fen in (amount.low, amount.high)]
    assert (ends, amount.per) == ([low, high], per)


def test_cents_are_exact() -> None:
    assert [each.exact for each in find_amounts("三块五,五毛,3450块5,3.55元")] == [350, 50, 345_050, 355]


def test_long_numbers_are_not_amounts() -> None:
    assert find_amounts("13812345678 341202198001011234 0558-1234567 12345 2026-10-15 8:30") == []
