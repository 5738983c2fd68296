"""What a message says about money, by the facts it states: sums of several people, corrections, ranges."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.understanding.amounts import Amount
from bot.understanding.facts import Unsure
from bot.understanding.reading_amounts import DENIED, Field, Said, said_amounts
from bot.understanding.reading_cues import PERSON, Line, find_cues
from calculator.money import Fen


@dataclass(frozen=True, slots=True)
class Money:
    """The amounts that a message states, by field; `amount` is one of which it does not say what it is."""

    wage: Fen | None = None
    wage_is_net: bool | None = None
    other_income: Fen | None = None
    other_income_high: Fen | None = None
    standard_monthly: Fen | None = None
    received_monthly: Fen | None = None
    amount: Fen | None = None
    unsure: tuple[Unsure, ...] = ()


def read_money(text: str, asked: str | None = None, *, corrects: bool = False) -> Money:
    """The amounts of a normalised text, each in the field it belongs to.

    >>> said = read_money("我3500,老婆打零工800,低保卡上打六百二")
    >>> said.wage, said.other_income, said.received_monthly
    (350000, 80000, 62000)
    >>> read_money("620", asked="received_monthly").received_monthly, read_money("620").received_monthly
    (62000, None)
    """
    line = find_cues(text)
    said = list(said_amounts(line, asked, corrects=corrects))
    wage = _wage(said, corrects=corrects)
    others = _others(said, text, asked, corrects=corrects)
    standard = _sum_up("standard_monthly", _amounts("standard_monthly", said), corrects=corrects)
    received = _sum_up("received_monthly", _amounts("received_monthly", said), corrects=corrects)
    loose = [each.amount.exact for each in said if each.field is None]
    return Money(
        wage=wage.low,
        wage_is_net=_is_net(said, line, asked),
        other_income=others.low,
        other_income_high=others.high,
        standard_monthly=standard.low,
        received_monthly=received.low,
        amount=loose[-1] if loose else None,
        unsure=wage.unsure + others.unsure + standard.unsure + received.unsure,
    )


@dataclass(frozen=True, slots=True)
class _Sum:
    """What the amounts of one field come to; `high` only where it is a range that may stand as such."""

    low: Fen | None = None
    high: Fen | None = None
    unsure: tuple[Unsure, ...] = ()


def _amounts(field: Field, said: Sequence[Said]) -> list[Amount]:
    return [each.amount for each in said if each.field == field]


def _monthly(amount: Amount) -> tuple[Fen | None, Fen | None]:
    """The amount for a month. What a day's or an hour's pay comes to is not known."""
    if amount.per == "other":
        return None, None
    if amount.per == "year":
        return _twelfth(amount.low), _twelfth(amount.high)
    return amount.low, amount.high


def _twelfth(fen: Fen | None) -> Fen | None:
    return None if fen is None else (fen + 6) // 12


def _sum_up(field: str, amounts: Sequence[Amount], *, corrects: bool) -> _Sum:
    """One amount, or several for the same thing: the last of a correction, otherwise from the least to the most."""
    if not amounts:
        return _Sum()
    if corrects:
        amounts = amounts[-1:]
    lows, highs = zip(*(_monthly(each) for each in amounts), strict=True)
    low, high = min(_known(lows), default=None), max(_known(highs), default=None)
    if low is None or low != high:
        return _Sum(unsure=(Unsure(field, "vague_amount", low=low, high=high),))
    yearly = any(each.per == "year" for each in amounts)
    return _Sum(low, unsure=(Unsure(field, "per_year"),) if yearly else ())


def _known(ends: Sequence[Fen | None]) -> list[Fen]:
    """最多四千，最少两千五: each names one end."""
    return [fen for fen in ends if fen is not None]


def _wage(said: Sequence[Said], *, corrects: bool) -> _Sum:
    """The wage: before deductions where both are named; 底薪 and 加班费 are asked back, alone or together."""
    wages = [each for each in said if each.field == "wage"]
    for lesser in ("base", "net"):
        more = [each for each in wages if each.kind != lesser]
        if more and not corrects:
            wages = more
    total = _sum_up("wage", [each.amount for each in wages], corrects=corrects)
    extras = _amounts("extra", said)
    if total.low is None or not extras:
        return total
    together = total.low + sum(amount.exact or 0 for amount in extras)
    return _Sum(unsure=(Unsure("wage", "unclear_amount", (str(total.low), str(together))),))


_NET: Final = frozenset({"net", "deducted", "card"})
#: 到手还是应发我也搞不清: neither is said.
_EITHER: Final = re.compile(r"(?:到手|实发|税后|应发|税前|扣之前)的?还是")


#: 打到卡上的 is what arrives; 没扣的 is before deductions. Said so only in answer to the question.
_LOOSELY: Final = re.compile(
    r"(打?到?卡[上里]|手[上里]|拿到|发下来|扣[完了过])|没扣|还?没有扣|未扣|扣前|合同|总的|总共|全部"
)


def _is_net(said: Sequence[Said], line: Line, asked: str | None) -> bool | None:
    """Whether the wage is what arrives (到手), or before deductions; None where nothing says so."""
    kinds = {each.kind for each in said if each.field == "wage"}
    if _EITHER.search(line.text) or not (kinds or asked in ("wage", "gross_or_net")):
        return None
    if "gross" in kinds or ("net" in kinds and len(kinds) > 1):
        return False  # where both are named, the larger one was taken
    if kinds & _NET:
        return True
    if asked == "gross_or_net" and (loosely := _LOOSELY.search(line.text)):
        return loosely[1] is not None
    told = [cue for cue in line.cues if cue.kind in ("net", "gross")]
    affirmed = [cue for cue in told if not DENIED.search(line.text, 0, cue.start)]
    if affirmed:
        return affirmed[-1].kind == "net"
    return told[-1].kind == "gross" if told else None


_ONLY_I: Final = r"(?:就|只有?|只系|(?<![晓觉记认懂显])得|全靠|都靠|只?靠|就靠|光靠)(?:是|有)?我"
_EARN: Final = r"(?:在|出来|出去|出|能)?(?:挣|赚|上班|打工|有收入|有工资|工资|拿钱|养家|干活|工作|做工|搵钱|收入|这?点?工资)"
_NO_INCOME: Final = re.compile(
    r"(?:没有?|没啥|没什么|无|冇|莫得)(?:什么|啥|任何)?(?:别的|其他|其它|另外|额外)(?:的|人)*(?:收入|进账|来源"
    r"|钱|工资|了?$)|(?:别的|别个|别人|其他|其它|另外|其余)(?:的|人|收入|家人|来源)*[都也就]?(?:没有?|没啥|无|冇|不挣"
    r"|是?零|为零|0(?!\d))|家里?[就都]?没有?(?:别的?)?人(?:挣|赚|上班|有收入|工作|打工)"
    rf"|{_ONLY_I}(?:一个人?|自己|个人|一人)*的?{_EARN}"
    r"|(?:全靠|都靠|就靠|光靠|只靠)我|我一个人(?:养家|挣钱养|养一家|养活)"
    r"|都(?:没有?|没得|冇)(?:收入|工作|上班|挣钱)"
    r"|no other income|nobody else (?:works|earns)"
    r"|(?:only i|i'm the only one|only me) (?:who )?(?:works?|working|earns?|earning)"
)
#: 老婆没上班: she brings nothing home.
_IDLE: Final = re.compile(
    rf"(?:{PERSON})[^,。;!?]{{0,6}}?[都也又]?(?:没有?|不|冇|无)(?:出去|去|在)?"
    r"(?:收入|上班|工作|挣钱|赚钱|打工|返工|做工|事做)"
)
#: What means nothing only in answer to the question.
_NOTHING: Final = re.compile(
    r"干不了活|干不动|(?:没法|不能|没能力)(?:上班|干活|挣钱|工作)|[无冇]收入|在家[带待看照]"
    r"|一分钱?[都也]?(?:没|不挣|挣不到)|没[有得啥]?(?:收入|进账|钱|工作|人挣)|[不没]挣钱|[不没]上班"
    r"|没人(?:上班|挣|工作)"
)
_UNSTEADY: Final = re.compile(
    r"没准|没个准|没有?固定|说不准|不固定|不稳定|不一定|不定|时有时无|看情况|看活|有一天没一天|有一个月没一个月"
    r"|有多有少|有时候?[有没]|有的月"
)
_SOMETIMES: Final = re.compile(r"(?:没有?固定|没准|不一定|不稳定).*(?:有时|偶尔)")
_SOMETIMES_NONE: Final = re.compile(
    r"(?:有时候?|有的时候|有的月|有些月|少的时候|差的时候|不好的时候|没活|闲的时候|淡季)[^。;!?]{0,8}?"
    r"(?:没有?|冇|无|零|(?<!\d)0(?!\d))"
)
#: 爸妈每人180: how many they are is not worked out here.
_EACH: Final = re.compile(r"每个?人|一人\d|各")


def _others(said: Sequence[Said], text: str, asked: str | None, *, corrects: bool) -> _Sum:
    """What the others earn together: one amount a person, or a range where it comes and goes."""
    shares: dict[str, list[Amount]] = {}
    for each in said:
        if each.field == "other_income":
            shares.setdefault(each.whose, []).append(each.amount)
    if not shares:
        return _without_amount(text, asked)
    sums = [_share(amounts, text, corrects=corrects) for amounts in shares.values()]
    unsure = tuple(each for one in sums for each in one.unsure)[:1]
    if any(one.low is None for one in sums):
        return _Sum(unsure=unsure)
    low = sum(one.low or 0 for one in sums)
    high = sum((one.high if one.high is not None else one.low) or 0 for one in sums)
    return _Sum(low, high if high != low else None, unsure)


def _without_amount(text: str, asked: str | None) -> _Sum:
    answers = asked == "other_income"
    if _NO_INCOME.search(text) or _IDLE.search(text) or (answers and _NOTHING.search(text)):
        return _Sum(0)
    if answers and _UNSTEADY.search(text):
        return _Sum(unsure=(Unsure("other_income", "vague_amount"),))
    return _Sum()


def _share(amounts: Sequence[Amount], text: str, *, corrects: bool) -> _Sum:
    """One person's income. A range with both ends may stand; what comes and goes begins at nothing."""
    total = _sum_up("other_income", amounts, corrects=corrects)
    low, high, told = total.low, total.low, total.unsure
    if total.low is None:
        low, high = told[0].low, told[0].high
        told = (Unsure("other_income", "per_year"),) if any(each.per == "year" for each in amounts) else ()
    elif _EACH.search(text):
        high = None
    comes_and_goes = _SOMETIMES if total.low is None else _UNSTEADY
    if _SOMETIMES_NONE.search(text) or (len(amounts) == 1 and not corrects and comes_and_goes.search(text)):
        low = 0
    if high is None:
        return _Sum(unsure=(Unsure("other_income", "vague_amount", low=low),))
    return _Sum(low or 0, high if high != low else None, told)
