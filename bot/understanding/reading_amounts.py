"""Which fact an amount is: the wage, what the others earn, the dibao line, or what arrives of it.

The words around an amount decide, the nearest first; where none does, the open question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
    `whose` is the person or the source of an income.
    """

    amount: Amount
    field: Field | None
    kind: str = ""
    whose: str = ""


def said_amounts(line: Line, asked: str | None, *, corrects: bool = False) -> Iterator[Said]:
    """Each amount of a text with its field. One that goes on where the last one stopped shares its field.

    >>> from bot.understanding.reading_cues import find_cues
    >>> [(said.field, said.amount.low) for said in said_amounts(find_cues("我工资3500,老婆打零工五六百"), None)]
    [('wage', 350000), ('other_income', 50000)]
    """
    amounts = _current(line.text)
    last: Said | None = None
    for at, amount in enumerate(amounts):
        since = max(line.sentence_at(amount.start), last.amount.end if last else 0)
        until = amounts[at + 1].start if at + 1 < len(amounts) else len(line.text)
        said = _read(line, _Around.of(line, amount, since, until), asked)
        if last and said.kind in _GUESSED and _GOES_ON.search(line.text, last.amount.end, amount.start):
            said = Said(amount, last.field, last.kind, last.whose)
        if said.field is None and asked != "confirm" and not corrects:
            continue
        if _is_fact(said):
            yield said
            last = said


# Which amounts count ------------------------------------------------------------------------------------------------

#: What stands before a value that is taken back: 不是3500，是3800.
DENIED: Final = re.compile(r"(?:不是|不系|并非|not)\s?(?:¥|大概)?$")
#: 从3000变成2600: the first is no more.
_FORMER: Final = re.compile(r"(?:从|由|原来|以前|之前|原先|from)(?:的|是|工资|拿|有|一?个月)*\s?$")
#: 多了两百: not what is paid, but by how much it changed.
_CHANGE: Final = re.compile(r"(?<![不最至差])[多少涨降加升减](?:[了挣拿扣领打出交给那发赚收]|一个?月)*\s?$")
_GOES_ON: Final = re.compile(r"有时|有的|有些|或|多的|少的|时候|旺季|淡季|忙|闲|最多|最少|不对|不是|说错|哦|改|应该|sometimes|no")
_GUESSED: Final = frozenset({"", "slot", "hint"})
#: A bare number below this is an age or a count, not a wage.
_SMALLEST_WAGE: Final = 100 * 100
_YEARS: Final = range(1950 * 100, 2036 * 100, 100)


def _current(text: str) -> list[Amount]:
    """The amounts without the first one of 「不是3500，是3800」 and of 「从3500涨到3800」."""
    amounts = find_amounts(text)
    kept = [each for each in amounts if not DENIED.search(text, 0, each.start)] or amounts
    return [each for each in kept[:-1] if not _FORMER.search(text, 0, each.start)] + kept[-1:]


def _is_fact(said: Said) -> bool:
    """Not an age, a count or a year that stands where an amount could, nor a 几百 or a 零 that no word makes one."""
    amount, exact = said.amount, said.amount.exact
    told = said.kind not in ("own", "hint")
    if amount.rough or exact == 0:
        return told
    if amount.marked or exact is None:
        return True
    if said.field in ("wage", None) and exact < _SMALLEST_WAGE:
        return False
    return told or exact not in _YEARS or amount.per is not None


# From words to fields -----------------------------------------------------------------------------------------------

#: What a kind of word says, whatever stands before it.
_SAYS: Final[dict[str, Field]] = {
    "standard": "standard_monthly",
    "other": "other_income",
    "own": "wage",
    "nothing": "nothing",
    "stranger": "nothing",
    "spend": "nothing",
    "extra": "extra",
}
_PEOPLE: Final = frozenset({"own", "other", "stranger"})
_PAY: Final = frozenset({"pay", "base", "total", "net", "gross"})
#: Words that go with a wage, if nothing says that it is somebody else's.
_HINTS: Final = frozenset({"earn", "month", "season"})
_DIBAO: Final = frozenset({"standard_monthly", "received_monthly"})


@dataclass(frozen=True, slots=True)
class _Around:
    """An amount with the cues before it, as far as they can reach, and those behind it in its clause."""

    amount: Amount
    before: tuple[Cue, ...]
    after: tuple[Cue, ...]
    clause: int

    @classmethod
    def of(cls, line: Line, amount: Amount, since: int, until: int) -> _Around:
        """What stands between two amounts of a clause belongs to the second: 工资3500低保620."""
        before = tuple(cue for cue in line.cues if since <= cue.start and cue.end <= amount.start)
        end = line.clause_end(amount.end)
        after = tuple(cue for cue in line.cues if amount.end <= cue.start < end) if end <= until else ()
        return cls(amount, before, after, line.clause_at(amount.start))

    @property
    def beside(self) -> tuple[Cue, ...]:
        """The cues before the amount in its own clause."""
        return tuple(cue for cue in self.before if cue.clause == self.clause)


def _read(line: Line, around: _Around, asked: str | None) -> Said:
    """The field of an amount by the words around it, else by the open question."""
    amount = around.amount
    if _CHANGE.search(line.text, 0, amount.start):
        return Said(amount, "nothing", "change")
    beside = _nearest(line, around, asked, since=around.clause)
    behind = _following(around, asked)
    if behind and (beside is None or (beside.kind in ("own", "other") and behind.field in _DIBAO)):
        return behind
    said = beside or _nearest(line, around, asked)
    if said is not None:
        return said
    if asked in SLOTS:
        return Said(amount, SLOTS[asked], "slot")
    hinted = amount.per in ("month", "year") or any(
        cue.kind in _HINTS for cue in (*around.beside, *around.after)
    )
    return Said(amount, "wage", "hint") if hinted and asked != "confirm" else Said(amount, None)


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
        field = _says(cue, earlier, asked)
        if field is not None and (not elsewhere or _reaches(line, cue, around)):
            return Said(around.amount, field, cue.kind, _whose(cue, earlier))
    return None


def _reaches(line: Line, cue: Cue, around: _Around) -> bool:
    """Whether a word still tells of an amount in a later clause."""
    beside = {each.kind for each in around.beside}
    if cue.kind == "other":
        return line.clause_end(cue.start) + 1 == around.clause
    if cue.kind == "dibao":
        return "move" in beside
    if cue.kind == "own":
        return around.amount.marked and (not beside or bool(_HINTS & beside))
    return cue.kind not in ("spend", "nothing", "stranger", "extra", "family")


def _following(around: _Around, asked: str | None) -> Said | None:
    """The field that a word behind an amount gives it: 3200到手, 620块低保, 800是老婆挣的."""
    for at, cue in enumerate(around.after):
        earned = any(each.kind in _HINTS for each in around.after[at + 1 :])
        if cue.kind in ("own", "family") or (cue.kind == "other" and not earned):
            continue
        if cue.kind == "spend" and asked in SLOTS:
            continue
        if cue.word == "标准" and asked != "standard_monthly":
            continue  # 按四千多的标准给我交
        field = _says(cue, (), asked)
        if field is not None:
            return Said(around.amount, field, cue.kind, _whose(cue, ()))
    return None


def _says(cue: Cue, earlier: Sequence[Cue], asked: str | None) -> Field | None:
    """What a word says of an amount near it, given the words before it and the open question."""
    if cue.kind in _PAY:
        return _pay(cue, _subject(cue, earlier), asked)
    if cue.kind == "odd":
        whose = _subject(cue, earlier)
        return "wage" if whose == "own" or (SLOTS.get(asked) == "wage" and not whose) else "other_income"
    if cue.kind == "card":
        paid = any(each.kind == "pay" and each.clause == cue.clause for each in earlier)
        return "wage" if paid or SLOTS.get(asked) == "wage" else "received_monthly"
    if cue.kind == "dibao":
        return "standard_monthly" if asked == "standard_monthly" else "received_monthly"
    if cue.kind == "family":
        return "other_income" if asked == "other_income" else "nothing"
    return _SAYS.get(cue.kind)


def _pay(cue: Cue, whose: str, asked: str | None) -> Field:
    if whose == "stranger":
        return "nothing"
    if whose == "other" or (asked == "other_income" and not whose and cue.kind == "pay"):
        return "other_income"
    return "wage"


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


def _whose(cue: Cue, earlier: Sequence[Cue]) -> str:
    people = [each.word for each in (*earlier, cue) if each.kind == "other"]
    return (people[-1] if people else cue.word).removeprefix("我").removeprefix("的")
