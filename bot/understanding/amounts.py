"""Amounts of money in a text: which numbers are money, how sure they are, and for how long they are paid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from bot.understanding.reading_numbers import HUNDREDTHS, Number, find_numbers, plain_digits
from calculator.money import Fen

#: What is said to be above this is a slip, not an amount.
LARGEST: Final = 10_000_000 * 100
#: A bare number below this counts something.
SMALLEST_BARE: Final = 10 * 100

Per = Literal["month", "year", "other"]


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount and where it stands. `low` and `high` are equal where it is exact; None leaves that end open."""

    start: int
    end: int
    low: Fen | None
    high: Fen | None
    #: It can only be money: it says 块, ¥ or 千, or stands for a month.
    marked: bool
    #: What the amount is paid for, where that is said; "other" is a day, an hour, a quarter.
    per: Per | None = None
    #: 几百: as often a question as an answer.
    rough: bool = False

    @property
    def exact(self) -> Fen | None:
        """The amount in fen, if it is one."""
        return self.low if self.low == self.high else None


def find_amounts(text: str) -> list[Amount]:
    """The amounts in a normalised text. Ages, days, counts of people and numbers that name something are none.

    >>> [each.exact for each in find_amounts("3千5到手,低保620块,46岁,四口人,13812345678")]
    [350000, 62000]
    >>> [(each.low, each.high) for each in find_amounts("三千多,五六百块,3000到3500")]
    [(300000, None), (50000, 60000), (300000, 350000)]
    """
    plain = _blanked(_NO_AMOUNT, plain_digits(text))
    found = [_rough_amount(rough) for rough in _ROUGH.finditer(plain)]
    plain = _blanked(_ROUGH, plain)
    read_to = 0
    for number in _with_ranges(plain, find_numbers(plain)):
        amount = _amount(plain, number) if number.start >= read_to else None
        if amount is not None:
            found.append(amount)
            read_to = amount.end  # the 五 of 三块五 is no number of its own
    return [_with_period(plain, each) for each in sorted(found, key=lambda each: each.start)]


#: Takes the place of what has been read; it is part of no number.
_BLANK: Final = "□"


def _blanked(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(lambda found: _BLANK * len(found[0]), text)


_NO_AMOUNT: Final = re.compile(
    r"(?<!\d)1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)"  # mobile phones
    r"|(?<!\d)0\d{2,3}-?\d{7,8}(?!\d)"
    r"|\d{8,}x?"  # identity cards, and whatever else is that long
    r"|(?<![\d.,])(?:12345|12333|12348|12315|12366|12309|12351)(?![\d块元])"
    r"|(?:19|20)\d\d[-/年](?:0?[1-9]|1[0-2])(?!\d)(?:[-/月]\d{1,2}(?!\d)日?)?"
    r"|202\d\.(?:0?[1-9]|1[0-2])(?![\d块元])"
    r"|\d{1,2}:\d{2}"
    r"|\d{1,2}月\d{1,2}(?![\d百千万块元.])"
    r"|[一二三四五六七八九十]月[一二三四五六七八九十]{1,3}(?![百千万块元零])"
    r"|(?:\d+(?:\.\d+)?|[一二三四五六七八九十]+)\s?(?:%|个点|个百分点|percent)"
    r"|百分之[\d.一二三四五六七八九十百零点]+"
    r"|第[\d一二三四五六七八九十百零]+"
    r"|零(?=[工活用钱食售散星件花])"
    r"|(?:电话|手机|号码|尾号|工号|编号|单号|房间|宿舍|微信|qq|身份证|no\.?|#)[号是为:\s]*[\da-z-]+"
    r"|(?:19[5-9]|20[0-3])\d(?=\s?(?:来|进|入职|出生|参加|毕业|结婚|开始|就[来进]|才[来进]))"
    r"|(?<![a-z\d])[a-z]\d+"
)

#: Amounts that name no number.
_ROUGH: Final = re.compile(
    r"(?P<few>好?几(?P<size>[十百千万]))(?:多|来|把)?(?:块钱?|元|钱)?"
    r"|(?P<about>[百千万])把(?=块|元|钱|来|$|[,。;!? ])来?(?:块钱?|元|钱)?"
    r"|(?<![以晚早马])上(?P<over>[百千万])(?=块|元|$|[,。;!? ])(?:块钱?|元)?"
    r"|(?P<between>千[儿把]八百|万[儿把]八千|百[儿把]八十)(?:块钱?|元)?"
)
_SIZES: Final = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
_BETWEEN: Final = {"百": (80, 100), "千": (800, 1000), "万": (8000, 10_000)}


def _rough_amount(found: re.Match[str]) -> Amount:
    if found["between"]:
        low, high = _BETWEEN[found["between"][0]]
        return Amount(*found.span(), low * HUNDREDTHS, high * HUNDREDTHS, marked=True)
    size = _SIZES[found["size"] or found["about"] or found["over"]]
    return Amount(*found.span(), size * HUNDREDTHS, None, marked=True, rough=bool(found["few"]))


_TO: Final = re.compile(r"\s?(?:块钱?|元)?\s?(?:到|至|~|-|—|–|、|或者?|or|to)\s?")


def _with_ranges(text: str, numbers: list[Number]) -> Iterator[Number]:
    """The numbers, two that a 到 joins made one; 三到五百 names the size only once."""
    waiting: Number | None = None
    for number in numbers:
        if waiting is None:
            waiting = number
            continue
        joined = _range(waiting, number) if _TO.fullmatch(text, waiting.end, number.start) else None
        if joined is None:
            yield waiting
        waiting = joined or number
    if waiting is not None:
        yield waiting


def _range(first: Number, second: Number) -> Number | None:
    low = first.low
    if first.unit == 1 and low < 10 * HUNDREDTHS and second.unit >= 100:
        low *= second.unit
    if low < second.high:
        return Number(first.start, second.end, low, second.high, second.unit)
    return None


#: What follows a number that counts or names something.
_COUNTED: Final = re.compile(
    r"\s?(?:周?岁|年(?!薪|终|底)|个(?!税|人所得)|口|人(?!民币|家|均)|名|位|次|点(?!钱)|小时|钟头|分钟|度|斤"
    r"|公斤|亩|平[方米]|米|公里|层|楼|栋|幢|号|室|路|届|期(?!间)|周(?![一二三四五六日末])|星期|礼拜|天(?!天)"
    r"|日(?!常|结)|分(?!钱)|份|件|台|张|倍|条|项|级|类|种|页|字|遍|趟|世纪|kg|km|cm|hours?|days?|years?|months?"
    r"|people|persons?|kids?)"
)
_MONTH: Final = re.compile(r"\s?月(?!薪|入|均|供|收|工|给|发|拿|挣|结|付|到)")
_AGE: Final = re.compile(r"(?:年龄|年纪|虚岁|周岁|属)\D{0,3}$")

_CENTS: Final = (
    r"(?P<jiao>[\d一二三四五六七八九])[毛角]?(?:(?P<fen>[\d一二三四五六七八九])分?)?"
    r"(?![\d口个人月年岁天日周小星次季晚十百千万点号.])"
)
#: What may follow a number of yuan; every part of it may be missing.
_REST: Final = re.compile(
    r"\s?(?P<more>多(?!少)|余|出点?头|大几|几(?=块|元|$|[,。])|来(?=块|元|钱|$|[,。;!? ])|\+)?\s?"
    rf"(?:(?P<mao>毛|角)|(?P<yuan>块钱|圆|蚊|大洋|人民币|yuan|rmb|cny|kuai|[块元](?:{_CENTS})?))?"
    r"钱?整?\s?"
    r"(?P<bound>多(?!少)一?点?|出点?头|往上|以上|起(?!来|码)|\+|左右|上下|的?样子|不到|以内|以下|一点)?"
)
_CURRENCY: Final = re.compile(r"(?:¥|rmb|人民币|cny|元)\s?$")
_AT_LEAST: Final = re.compile(
    r"(?:至少|最少|起码|不低于|不少于|超过|高于|多于|大于|over|at least|more than)(?:也?有|是|要|能|拿|挣)?\s?$"
)
_AT_MOST: Final = re.compile(
    r"(?:不到|差一?点儿?(?:到|够|就)?|没到|没有到|不足|不满|低于|最多|顶多|最高|不超过|至多|将近|快|接近|小于"
    r"|少于|under|less than|at most|up to)(?:也?就|也?有|是|要|到|能|拿|挣|给|打|了)*\s?$"
)
_MORE: Final = frozenset(
    {"多", "余", "几", "来", "出头", "+", "往上", "以上", "起", "多点", "多一点", "出点头", "大几"}
)
_LESS: Final = frozenset({"不到", "以内", "以下"})


def _amount(text: str, number: Number) -> Amount | None:
    """The number as money, unless it counts something or is none that a family is paid."""
    month = _MONTH.match(text, number.end) and number.high < 100 * HUNDREDTHS
    if month or _COUNTED.match(text, number.end) or _AGE.search(text, 0, number.start):
        return None
    rest = _REST.match(text, number.end)
    assert rest is not None
    low, high = _in_fen(number.low, rest), _in_fen(number.high, rest)
    if high > LARGEST:
        return None
    before = text[: number.start]
    said = {rest["more"] or "", rest["bound"] or ""}
    marked = bool(number.unit >= 100 or rest["yuan"] or rest["mao"] or _CURRENCY.search(before))
    if not marked and 0 < number.low < SMALLEST_BARE:
        return None
    open_below = bool(said & _LESS or _AT_MOST.search(before))
    open_above = not open_below and bool(said & _MORE or _AT_LEAST.search(before))
    end = number.end + len(rest[0].rstrip())
    return Amount(number.start, end, None if open_below else low, None if open_above else high, marked)


def _in_fen(hundredths: int, rest: re.Match[str]) -> Fen:
    """三块五 is 3.50, 五毛 half a yuan."""
    if rest["mao"]:
        return hundredths // 10
    return hundredths + _digit(rest["jiao"]) * 10 + _digit(rest["fen"])


def _digit(word: str | None) -> int:
    return find_numbers(word)[0].low // HUNDREDTHS if word else 0


_PER_AFTER: Final = re.compile(
    r"\s?(?:/|一个?|每个?|1个?|an? |per )\s?(?:(?P<month>月|month)|(?P<year>年|year)"
    r"|(?:天|日|小时|钟头?|周|星期|礼拜|季度?|半年|晚|班|趟|次|件|单|工|h|day|hour|week))"
)
_BARE_MONTH: Final = re.compile(r"月(?![底初末])")
_SO: Final = (
    r"(?:大概|差不多|大约|约|估计|平均|总共|一共|合计|最多|最少|至少|不到|将近|能|可以|会|才|就|也|只|都|有|是"
    r"|挣|赚|拿|发|到手|收入|工资|一次|的|:|给|卖|个|收|开|打|领|补|搞|¥|我|\s)*"
)
_PER_BEFORE: Final = re.compile(
    rf"(?:(?P<month>月薪|月入|一个?月|每个?月|月月|monthly)"
    rf"|(?P<year>年薪|年收入|年入|年标准|全年|(?<![了过满第])[一每]年(?:下来|到头)?)|日薪|时薪|日结|按天|计件"
    rf"|(?<![了过满第])[一每](?:天|日|周|晚|班)|[一每]个?(?:小时|钟头?|星期|礼拜|季度?)|一个工|半年|季度"
    rf"|[两三2-6]个月(?:才|就)?(?:一?[打发领次给],?)+){_SO}$"
)


def _with_period(text: str, amount: Amount) -> Amount:
    if after := _PER_AFTER.match(text, amount.end):
        return replace(amount, per=_per(after), end=after.end(), marked=True)
    if (after := _BARE_MONTH.match(text, amount.end)) and not amount.marked:
        return replace(amount, per="month", end=after.end(), marked=True)
    if before := _PER_BEFORE.search(text, 0, amount.start):
        per = _per(before)
        return replace(amount, per=per, marked=amount.marked or per != "month")
    return amount


def _per(found: re.Match[str]) -> Per:
    if found["month"]:
        return "month"
    return "year" if found["year"] else "other"
