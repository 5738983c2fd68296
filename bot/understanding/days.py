"""The day or month that a text speaks of: 上个月, 去年7月, 2025年8月, 10月15号."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from bot.understanding.reading_numbers import HUNDREDTHS, find_numbers

#: The library speaks of no day before this.
EARLIEST: Final = date(2015, 1, 1)
#: How many days ahead of today a question may look.
AHEAD: Final = 400
#: A month named without a year is the last one of that name, unless it comes within so many months.
SOON: Final = 2


def read_day(text: str, today: date, asked: str | None = None) -> date | None:
    """The day a normalised text names; where it names a month or a year, the first day of it.

    >>> today = date(2026, 10, 15)
    >>> [str(read_day(text, today)) for text in ("上个月停的", "去年7月", "10月15号", "三个月", "12月")]
    ['2026-09-01', '2025-07-01', '2026-10-15', 'None', '2026-12-01']
    """
    found = _relative(text, today, asked) or _calendar(text, today) or _year_only(text, today, asked)
    if found is None and asked == "month":
        found = _bare_month(text, today)
    if found is None or found < EARLIEST or (found - today).days > AHEAD:
        return None
    return found


_COUNT: Final = r"(?:\d{1,2}|[二三]?十[一二三四五六七八九]?|[一二两三四五六七八九])"
_MONTH_WORDS: Final = {
    "上上个月": -2, "上上月": -2, "大上个月": -2, "上个月": -1, "上月": -1, "这个月": 0, "这月": 0, "本月": 0,
    "今个月": 0, "下下个月": 2, "下个月": 1, "下月": 1, "two months ago": -2, "last month": -1, "this month": 0,
    "next month": 1,
}  # fmt: skip
_MONTH_WORD: Final = re.compile("|".join(sorted(_MONTH_WORDS, key=len, reverse=True)))
_AGO: Final = re.compile(
    rf"(?P<count>{_COUNT}|半)\s?(?P<unit>个月|年)(?:以前|之前|前)(?P<done>就?(?:被|给)?(?:停|取消|断|开始|进"
    rf"|入职|签|没|交|领|办|来|申请))?"
)
_DAY_BEHIND: Final = re.compile(
    r"的?\s?(?P<day>\d{1,2}|[二三]?十[一二三四五六七八九]?|[一二三四五六七八九])\s?[号日]"
)


def _relative(text: str, today: date, asked: str | None) -> date | None:
    if word := _MONTH_WORD.search(text):
        month = _months_on(today, _MONTH_WORDS[word[0]])
        day = _DAY_BEHIND.match(text, word.end())
        return _day(month.year, month.month, _value(day["day"])) if day else month
    ago = _AGO.search(text)
    if ago and (asked == "month" or ago["done"]):
        months = 6 if ago["count"] == "半" else _value(ago["count"]) * (12 if ago["unit"] == "年" else 1)
        return _months_on(today, -months)
    return None


_YEAR_WORDS: Final = {
    "大前年": -3, "前年": -2, "去年": -1, "上年": -1, "旧年": -1, "今年": 0, "本年": 0, "明年": 1,
    "last year": -1, "this year": 0,
}  # fmt: skip
_YEAR: Final = rf"(?P<year>(?:20)?\d\d\s?年|二[零〇][一二三四五六七八九零〇]{{2}}年|{'|'.join(_YEAR_WORDS)})"
_NUMERIC: Final = re.compile(
    r"(?<![\d.,])(?P<year>20\d\d)[-/.](?P<month>0?[1-9]|1[0-2])(?!\d)(?:[-/.](?P<day>\d{1,2})(?!\d))?"
)
_CALENDAR: Final = re.compile(
    rf"(?:(?<![\d.]){_YEAR}的?\s?|(?<![年\d.]))(?P<month>0?[1-9]|1[0-2]|十[一二]?"
    rf"|(?<!十)[一二三四五六七八九])\s?月份?(?!薪|入|均)"
    r"(?:的?\s?(?P<day>[1-3]?\d(?![\d个千百])|[二三]?十[一二三四五六七八九]?(?=[号日])"
    r"|[一二三四五六七八九](?=[号日])))?"
)
#: 一月三千: so much a month, not the January.
_PAID: Final = re.compile(r"\s?(?:[领给发挣拿打赚能]|大概|[一二两三四五六七八九][千百]|\d{3})")
_ENGLISH_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_ENGLISH: Final = re.compile(
    rf"(?:(?P<lead>in|since|from|until|last) )?\b(?P<month>{'|'.join(_ENGLISH_MONTHS)})\b(?: (?P<year>20\d\d))?"
)


def _calendar(text: str, today: date) -> date | None:
    if found := _NUMERIC.search(text):
        return _day(int(found["year"]), int(found["month"]), int(found["day"] or 1))
    for found in _CALENDAR.finditer(text):
        if found["month"] == "一" and _PAID.match(text, found.end()):
            continue
        month = _value(found["month"])
        year = _year(found["year"], today) if found["year"] else _nearest_year(month, today)
        return _day(year, month, _value(found["day"]) if found["day"] else 1)
    for found in _ENGLISH.finditer(text):
        if found["lead"] or found["year"]:
            month = _ENGLISH_MONTHS.index(found["month"]) + 1
            return date(int(found["year"] or _nearest_year(month, today)), month, 1)
    return None


_PART_OF_YEAR: Final = {"年初": 1, "年底": 12, "年末": 12, "下半年": 7}
_ONLY_YEAR: Final = re.compile(
    rf"(?<![\d.])(?!\d\d\s?年){_YEAR}(?P<part>年初|年底|年末|下半年)?(?!薪|终|收入|腊月|正月)"
)
#: What is asked of a year, or happened in it; 我去年摔了一跤 dates nothing that is computed.
_DATED: Final = re.compile(
    r".{0,12}(?:标准|低保|基数|下限|上限|比例|费率|最低工资|线|规定|政策|停|取消|断|开始|进厂|入职|交|签)"
    r"|.{0,4}$"
)


def _year_only(text: str, today: date, asked: str | None) -> date | None:
    found = _ONLY_YEAR.search(text)
    if found is None or not (found["part"] or asked == "month" or _DATED.match(text, found.end())):
        return None
    if found["year"] in ("今年", "本年", "this year") and not found["part"]:
        return None  # 我今年46
    return date(_year(found["year"], today), _PART_OF_YEAR.get(found["part"] or "", 1), 1)


_BARE: Final = re.compile(rf"(?:就|是|从|大概)*(?P<month>{_COUNT})(?:份|吧|啊|的时候)*")
_NOW: Final = re.compile(r"现在|这个?月|刚刚?|今天|now")


def _bare_month(text: str, today: date) -> date | None:
    """The answer to 「哪个月」: 8, 八."""
    if found := _BARE.fullmatch(text):
        month = _value(found["month"])
        return date(_nearest_year(month, today), month, 1) if 1 <= month <= 12 else None
    return _months_on(today, 0) if _NOW.search(text) else None


def _months_on(today: date, months: int) -> date:
    year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
    return date(year, month + 1, 1)


def _nearest_year(month: int, today: date) -> int:
    """The year of a month that is named without one: the past, but for the months just ahead."""
    ahead = (month - today.month) % 12
    first = today.year * 12 + today.month - 1 + (ahead if ahead <= SOON else ahead - 12)
    return first // 12


def _year(word: str, today: date) -> int:
    if word in _YEAR_WORDS:
        return today.year + _YEAR_WORDS[word]
    digits = word.translate(str.maketrans("零〇一二三四五六七八九", "00123456789", "年 "))
    return int(digits) + (2000 if len(digits) == 2 else 0)


def _value(word: str) -> int:
    return find_numbers(word)[0].low // HUNDREDTHS


def _day(year: int, month: int, day: int) -> date:
    """The day; where the month has none of that number, its first."""
    try:
        return date(year, month, day)
    except ValueError:
        return date(year, month, 1)
