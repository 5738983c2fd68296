"""What a change of figures or rules does to households: each answer before and after, figure by figure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, Self

from calculator.assessment import Assessment, assess
from calculator.case import Case, read_case
from calculator.fields import InputError
from calculator.money import Fen, format_yuan
from locales import N_
from policy_kb import compiled
from policy_kb.company import apply, load_company
from policy_kb.company_rules import CompanyRule
from policy_kb.library import Library

#: The figures of an answer that are held against each other.
FIGURES: Final[Mapping[str, str]] = {
    "employee_total": N_("个人合计"),
    "employer_total": N_("单位合计"),
    "take_home": N_("到手"),
    "countable": N_("可计入收入"),
    "verdict": N_("结论"),
    "benefit": N_("低保补差"),
    "line": N_("资料库里的低保线"),
    "complete": N_("数字齐全"),
}
#: A group smaller than this could be somebody: it is shown to nobody but the dibao officer.
SMALL: Final = 5


@dataclass(frozen=True, slots=True)
class Rulebook:
    """What answers are made by: the library, and the company's rules that are in force."""

    library: Library
    company: tuple[CompanyRule, ...] = ()

    @classmethod
    def load(cls, overlays: Iterable[Path], company: Path, today: date) -> Self:
        """What the folders hold now. Raises `PolicyError`."""
        library = compiled.load(overlays)
        return cls(library, load_company(company, library, today).rules)


class StoredCase(NamedTuple):
    """A household that somebody asked about in a chat, as `shebao calculate` reads it; whose chat it is, where known."""

    conversation: str
    employee: str | None
    case: Mapping[str, Any]


class Households(Protocol):
    """The households of all conversations that came to a result. Reading them is reading sensitive data."""

    def count(self) -> int:
        """About how many there are."""

    def cases(self, on: date) -> Iterable[StoredCase]:
        """Each with the facts of its last result, asked on a day."""


class Difference(NamedTuple):
    """One figure that is another one afterwards; amounts in fen, None where it is unknown."""

    figure: str
    before: Fen | str | None
    after: Fen | str | None


class Effect(NamedTuple):
    """What becomes of one household's answer; whether there is a new warning or question of the company's."""

    differences: tuple[Difference, ...]
    warned: bool


def effect(before: Rulebook, after: Rulebook, data: object, today: date) -> Effect:
    """One household by two rulebooks. Raises `InputError` where the case cannot be reckoned."""
    case = read_case(data, before.library.divisions.find, today)
    old, told = _figures(before, case)
    new, telling = _figures(after, case)
    found = tuple(Difference(name, old[name], new[name]) for name in FIGURES if old[name] != new[name])
    return Effect(found, warned=bool(telling - told))


def _figures(book: Rulebook, case: Case) -> tuple[dict[str, Fen | str | None], set[object]]:
    applied = apply(book.company, case, book.library.rules(case))
    it = assess(applied.case, applied.rules, break_even=False)
    return _figures_of(it), {*applied.warnings, *applied.asks}


def _figures_of(it: Assessment) -> dict[str, Fen | str | None]:
    month = it.insured_month
    return {
        "employee_total": int(month.own_insurance + month.own_fund),
        "employer_total": int(month.employer_total),
        "take_home": int(month.take_home),
        "countable": it.insured.countable,
        "verdict": it.insured.verdict,
        "benefit": it.insured.gap,
        "line": it.rules.dibao.line.amount,
        "complete": str(it.complete),
    }


def largest_of(differences: Iterable[Difference], so_far: Fen = 0) -> Fen:
    """The amount that changes most, signed, in fen; what was or becomes unknown is no amount."""
    amounts = [
        each.after - each.before
        for each in differences
        if isinstance(each.before, int) and isinstance(each.after, int)
    ]
    return max((so_far, *amounts), key=abs)


@dataclass(frozen=True, slots=True)
class Tally:
    """What a change does to many households, in counts and amounts alone; `unread` could not be reckoned."""

    households: int = 0
    changed: int = 0
    verdicts: int = 0
    largest: Fen = 0
    unread: int = 0

    def with_one(self, found: Effect | None) -> Tally:
        """With one household more; None for one that could not be reckoned."""
        if found is None:
            return Tally(self.households + 1, self.changed, self.verdicts, self.largest, self.unread + 1)
        return Tally(
            self.households + 1,
            self.changed + bool(found.differences),
            self.verdicts + any(each.figure == "verdict" for each in found.differences),
            largest_of(found.differences, self.largest),
            self.unread,
        )

    def hidden(self) -> Tally | None:
        """As somebody may see it who may not see a small group: None where there is one."""
        small = any(0 < count < SMALL for count in (self.changed, self.households))
        return None if small else self

    @property
    def verdicts_shown(self) -> int | None:
        """How many verdicts change, as somebody may see it who may not see a small group."""
        return None if 0 < self.verdicts < SMALL else self.verdicts

    def as_json(self) -> dict[str, int]:
        """The counts as plain data."""
        return {
            "households": self.households,
            "changed": self.changed,
            "verdicts": self.verdicts,
            "largest": self.largest,
            "unread": self.unread,
        }


@dataclass(frozen=True, slots=True)
class Touched:
    """What a change does to stored households: the counts, and the conversations whose last result is another one."""

    tally: Tally
    conversations: tuple[str, ...] = field(default=(), repr=False)


def touched(
    before: Rulebook,
    after: Rulebook,
    cases: Iterable[StoredCase],
    today: date,
    progress: Callable[[int], None] = lambda done: None,
) -> Touched:
    """Every stored household by two rulebooks, one after the other; `progress` is told how many are done."""
    tally, found = Tally(), []
    for each in cases:
        try:
            one = effect(before, after, each.case, today)
        except InputError:
            one = None
        tally = tally.with_one(one)
        if one is not None and one.differences:
            found.append(each.conversation)
        progress(tally.households)
    return Touched(tally, tuple(found))


def shown(value: Fen | str | None) -> str:
    """A figure of a difference as text."""
    if value is None:
        return "—"
    return format_yuan(value) if isinstance(value, int) else value
