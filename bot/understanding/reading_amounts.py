"""Which fact an amount is: the wage, what the others earn, the dibao line, or what arrives of it.

The words around an amount decide, the nearest first; where none does, the open question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from bot.understanding.amounts import Amount, find_amounts
from bot.understanding.reading_cues import Cue, Line

#: "extra" is paid beside the wage, "nothing" is no fact that anybody asks for.
Field = Literal["wage", "other_income", "standard_monthly", "received_monthly", "extra", "nothing"]

#: The fact that each question about money asks for.
SLOTS: Final[dict[str | None, Field]] = {
    "wage": "wage",
    "gross_or_net": "wage",
    "other_income": "other_income",
    "standard_monthly": "standard_monthly",
    "received_monthly": "received_monthly",
}


@dataclass(frozen=True, slots=True)
class Said:
    """An amount and its field; None where it does not say which. `kind` is of the word that decided.

    The kind is "slot" where the open question did, and "hint" where only 挣 or 一个月 suggests a wage.
    `whose` is the person or the source of an income; `end` is how far the text is used up.
    """

    amount: Amount
    field: Field | None
    kind: str = ""
    whose: str = ""
    end: int = 0


def said_amounts(line: Line, asked: str | None, *, corrects: bool = False) -> Iterator[Said]:
    """Each amount of a text with its field. One that goes on where the last one stopped shares its field.

    >>> from bot.understanding.reading_cues import find_cues
    >>> [(said.field, said.amount.low) for said in said_amounts(find_cues("我工资3500,老婆打零工五六百"), None)]
    [('wage', 350000), ('other_income', 50000)]
    """
    amounts = _current(line.text)
    last: Said | None = None
    for at, amount in enumerate(amounts):
        since = max(line.sentence_at(amount.start), last.end if last else 0)
        until = amounts[at + 1].start if at + 1 < len(amounts) else len(line.text)
        said = _read(line, _Around.of(line, amount, since, until), asked)
        if last and said.kind in _GUESSED and _goes_on(line.text, last, amount):
            said = replace(said, field=last.field, kind=last.kind, whose=last.whose)
        if said.field is None and asked != "confirm" and not corrects:
            continue
        if _is_fact(said, asked):
            yield said
            last = said


# Which amounts count ------------------------------------------------------------------------------------------------

#: What stands before a value that is taken back: 不是3500，是3800.
DENIED: Final = re.compile(r"(?:不是|不系|唔系|并非|not)\s?(?:¥|大概)?$")
#: 从3000变成2600: the first is no more.
_FORMER: Final = re.compile(r"(?:从|由|原来|以前|之前|原先|去年|from)(?:的|是|工资|拿|有|一?个月)*\s?$")
#: 多了两百: not what is paid, but by how much it changed.
_CHANGE: Final = re.compile(
    r"(?<![不最至差])[多少涨降加升减](?:[了挣拿扣领打出交给那发赚收个]|收入|一个?月|每个?月)*\s?$"
)
_CHANGED: Final = re.compile(r"\s?(?:less|more)\b")
_GOES_ON: Final = re.compile(
    r"有时|有的|有些|或|多的|少的|时候|旺季|淡季|忙|闲|最多|最少|不对|不是|说错|哦|改|应该|sometimes|no"
)
_GUESSED: Final = frozenset({"", "slot", "hint"})
#: A bare number below this is an age or a count, unless an amount was asked for.
_SMALLEST_BARE: Final = 100 * 100
#: A bare number below this is no wage if only 挣 or 一个月 suggests one.
_SMALLEST_HINTED: Final = 500 * 100
#: Nothing that comes every month is less.
_SMALLEST: Final = 10 * 100
#: No dibao line and no family's dibao is above this.
_LARGEST_DIBAO: Final = 20_000 * 100
_YEARS: Final = range(1950 * 100, 2036 * 100, 100)


def _current(text: str) -> list[Amount]:
    """The amounts without the first one of 「不是3500，是3800」 and of 「从3500涨到3800」."""
    amounts = find_amounts(text)
    kept = [each for each in amounts if not DENIED.search(text, 0, each.start)] or amounts
    return [each for each in kept[:-1] if not _FORMER.search(text, 0, each.start)] + kept[-1:]


def _goes_on(text: str, last: Said, amount: Amount) -> bool:
    return last.field != "nothing" and bool(_GOES_ON.search(text, last.amount.end, amount.start))


def _is_fact(said: Said, asked: str | None) -> bool:
    """Whether the amount can be what it seems to be, and is no age, count, year, or the question 几百."""
    amount = said.amount
    size = amount.high if amount.low is None else amount.low
    assert size is not None  # one of the ends is known
    if asked in SLOTS and said.field != "wage":
        return True
    if said.field in _DIBAO and size > _LARGEST_DIBAO:
        return False
    if amount.marked:
        return size >= _SMALLEST and (asked in SLOTS or not amount.rough)
    return not (_is_small(said, size) or _is_year(said, size))


def _is_small(said: Said, size: int) -> bool:
    if size == 0:
        return said.kind != "slot"
    return size < (_SMALLEST_HINTED if said.kind == "hint" else _SMALLEST_BARE)


def _is_year(said: Said, size: int) -> bool:
    named = said.kind in ("slot", "pay", "base", "total", "net", "gross") or said.amount.per is not None
    return size in _YEARS and (said.amount.high in _YEARS) and not named


# From words to fields -----------------------------------------------------------------------------------------------

#: What a kind of word says, whatever stands before it.
_SAYS: Final[dict[str, Field]] = {
    "standard": "standard_monthly",
    "other": "other_income",
    "source": "other_income",
    "own": "wage",
    "nothing": "nothing",
    "stranger": "nothing",
    "spend": "nothing",
    "extra": "extra",
}
#: What the whole family has is no wage, but may be what was asked for.
_FAMILY: Final[dict[str | None, Field | None]] = {
    "other_income": "other_income",
    "standard_monthly": None,
    "received_monthly": None,
}
_PEOPLE: Final = frozenset({"own", "other", "stranger"})
_PAY: Final = frozenset({"pay", "base", "total", "net", "gross"})
#: Words that go with a wage, if nothing says that it is somebody else's.
_HINTS: Final = frozenset({"earn", "month", "season"})
#: Words that say nothing of another clause.
_NEAR_ONLY: Final = frozenset({"spend", "nothing", "stranger", "extra", "family", "sent", "deducted", "aid"})
#: Words that give way to a plainer one behind the amount: 我每月领620块低保.
_WEAK: Final = frozenset({"own", "other", "family", "sent"})
_DIBAO: Final = frozenset({"standard_monthly", "received_monthly"})
#: How many characters a 我 may stand before an amount that nothing else connects with it.
_NEAR: Final = 4


@dataclass(frozen=True, slots=True)
class _Around:
    """An amount with the cues before it, as far as they can reach, and those behind it in its clause."""

    amount: Amount
    before: tuple[Cue, ...]
    after: tuple[Cue, ...]
    clause: int

    @classmethod
    def of(cls, line: Line, amount: Amount, since: int, until: int) -> _Around:
        """What stands between two amounts of a clause belongs to the second, but for what adjoins the first."""
        before = tuple(cue for cue in line.cues if since <= cue.start and cue.end <= amount.start)
        end = line.stop_after(amount.end)
        after = tuple(cue for cue in line.cues if amount.end <= cue.start < end)
        if end > until:
            adjoining = (*_PAY, "dibao")
            after = tuple(cue for cue in after[:1] if cue.start <= amount.end + 1 and cue.kind in adjoining)
        return cls(amount, before, after, line.clause_at(amount.start))

    @property
    def beside(self) -> tuple[Cue, ...]:
        """The cues before the amount in its own clause."""
        return tuple(cue for cue in self.before if cue.clause == self.clause)

    def said(self, field: Field | None, cue: Cue, earlier: Sequence[Cue] = ()) -> Said:
        """The amount as this cue tells it."""
        people = [each.word for each in (*earlier, cue) if each.kind == "other"]
        whose = (people[-1] if people else cue.word).removeprefix("我").removeprefix("的")
        return Said(self.amount, field, cue.kind, whose, max(self.amount.end, cue.end))


def _read(line: Line, around: _Around, asked: str | None) -> Said:
    """The field of an amount by the words around it, else by the open question."""
    amount = around.amount
    changes = _CHANGE.search(line.text, 0, amount.start) or _CHANGED.match(line.text, amount.end)
    if changes and asked != "other_income":
        return Said(amount, "nothing", "change", end=amount.end)
    beside = _nearest(line, around, asked, since=around.clause)
    behind = _following(around, asked)
    if behind and (
        beside is None or (beside.kind in _WEAK and behind.kind in ("dibao", "standard", "nothing"))
    ):
        return behind
    said = beside or _nearest(line, around, asked)
    if said is not None:
        return said
    if asked in SLOTS:
        return Said(amount, SLOTS[asked], "slot", end=amount.end)
    hints = any(cue.kind in _HINTS for cue in (*around.beside, *around.after))
    if asked != "confirm" and (hints or amount.per in ("month", "year")):
        return Said(amount, "wage", "hint", end=amount.end)
    return Said(amount, None, end=amount.end)


def _nearest(line: Line, around: _Around, asked: str | None, *, since: int = 0) -> Said | None:
    """The field that the nearest telling word before an amount gives it."""
    idle = False
    for at in range(len(around.before) - 1, -1, -1):
        cue, earlier = around.before[at], around.before[:at]
        if cue.clause < since:
            break
        elsewhere = cue.clause < around.clause
        idle = idle or (cue.kind == "idle" and elsewhere)
        if cue.kind == "other" and idle:
            idle = False  # 老婆没上班，一个月3500: the wage is not hers
            continue
        if elsewhere and cue.kind == "spend" and not around.beside:
            break  # 被扣了两个月的社保，一共1039元
        field = _says(cue, earlier, asked)
        if field is not None and _reaches(line, cue, around):
            return around.said(field, cue, earlier)
    return None


def _reaches(line: Line, cue: Cue, around: _Around) -> bool:
    """Whether a word tells of an amount as far away as this one."""
    beside = {each.kind for each in around.beside}
    if cue.kind == "own" and not _HINTS & beside:
        return around.amount.start - cue.end <= _NEAR
    if cue.clause == around.clause:
        return True
    if cue.kind in ("other", "odd"):
        return line.clause_end(cue.start) + 1 == around.clause and "work" not in beside
    if cue.kind == "dibao":
        return "move" in beside
    if cue.kind == "own":
        return around.amount.marked
    return cue.kind not in _NEAR_ONLY


def _following(around: _Around, asked: str | None) -> Said | None:
    """The field that a word behind an amount gives it: 3200到手, 620块低保, 800是老婆挣的."""
    for at, cue in enumerate(around.after):
        earned = any(each.kind in _HINTS for each in around.after[at + 1 :])
        if cue.kind in ("own", "family") or (cue.kind == "other" and not earned):
            continue
        if cue.kind in _NEAR_ONLY and (
            cue.clause != around.clause or (cue.kind == "spend" and asked in SLOTS)
        ):
            continue
        if cue.kind == "dibao" and cue.start > around.amount.end + 2:
            continue  # 3500一家三口低保还能领吗
        if cue.word == "标准" and asked != "standard_monthly":
            continue  # 按四千多的标准给我交
        field = _says(cue, (), asked)
        if field is not None:
            return around.said(field, cue)
    return None


def _says(cue: Cue, earlier: Sequence[Cue], asked: str | None) -> Field | None:
    """What a word says of an amount near it, given the words before it and the open question."""
    of_wage = SLOTS.get(asked) == "wage"
    if cue.kind in _PAY:
        return _pay(cue, earlier, asked)
    if cue.kind == "odd":
        return _odd(_subject(cue, earlier), asked)
    if cue.kind == "deducted":
        return "wage" if of_wage else "nothing"
    if cue.kind == "sent":
        return "other_income" if _subject(cue, earlier) == "other" else "nothing"
    if cue.kind == "card":
        paid = of_wage or any(each.kind in ("pay", "base", "work") for each in earlier)
        return "wage" if paid else "received_monthly"
    if cue.kind == "aid":
        return (
            "received_monthly" if asked == "received_monthly" or _beside("dibao", cue, earlier) else "nothing"
        )
    if cue.kind == "dibao":
        return "standard_monthly" if asked == "standard_monthly" else "received_monthly"
    if cue.kind == "family":
        return _FAMILY.get(asked, "nothing")
    return _SAYS.get(cue.kind)


def _pay(cue: Cue, earlier: Sequence[Cue], asked: str | None) -> Field:
    whose = _subject(cue, earlier)
    if cue.kind == "net" and (asked == "received_monthly" or _beside("dibao", cue, earlier)):
        return "received_monthly"
    if whose == "stranger" or (cue.kind == "total" and _beside("family", cue, earlier)):
        return "nothing"
    if whose == "other" or (asked == "other_income" and not whose and cue.kind in ("pay", "total")):
        return "other_income"
    return "wage"


def _odd(whose: str, asked: str | None) -> Field:
    if whose in ("own", "other"):
        return "wage" if whose == "own" else "other_income"
    return "other_income" if asked == "other_income" else "wage"


def _beside(kind: str, cue: Cue, earlier: Sequence[Cue]) -> bool:
    return any(each.kind == kind and each.clause == cue.clause for each in earlier)


def _subject(cue: Cue, earlier: Sequence[Cue]) -> str:
    """Whose pay it is: "own", "other", "stranger", or not said.

    The clause it stands in tells, or the one before, if that speaks of work: 我爱人去服装厂上班了，工资2300.
    """
    kinds = [each.kind for each in earlier if each.clause == cue.clause and each.kind in _PEOPLE]
    before = max((each.clause for each in earlier if each.clause < cue.clause), default=cue.clause)
    there = [each.kind for each in earlier if each.clause == before]
    if not kinds and "work" in there and "idle" not in there:
        kinds = [kind for kind in there if kind in _PEOPLE]
    return kinds[-1] if kinds else ""
