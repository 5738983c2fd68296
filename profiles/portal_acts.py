"""Approved acts through the portal's own spreadsheet, where there is no connection: enrolments 增员 and corrected bases.

What is written is what the connection would be handed, and refused where the connection refuses it: nothing is deferred, no
base is below the lawful one. An act is carried out only once the portal's receipt has taken its row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Literal, Protocol

from calculator.money import Fen, format_yuan, parse_yuan
from locales import N_, Say, as_written
from people.employees import number_for_search
from people.outside import BaseChange, Enrolment, refuse_unlawful
from policy_kb.sheets import Cell, amount_text, date_text, plain_text
from profiles.book import KeptStrategy
from profiles.portal import Blank, Column, Receipt, Told, fill_rows, receipt_rows, told_outcome
from profiles.strategy_words import Act

#: What a form of the portal is for.
FormKind = Literal["enrolment", "base"]
FORMS: Final[Mapping[FormKind, str]] = {"enrolment": N_("增员、参保登记"), "base": N_("缴费基数调整")}
#: Which form an act goes into.
KIND_OF: Final[Mapping[Act, FormKind]] = {"insure": "enrolment", "correct_base": "base"}
#: What the columns of a form can be filled with.
FILLS: Final[Mapping[FormKind, Mapping[Column, str]]] = {
    "enrolment": {
        "number": N_("工号"),
        "name": N_("姓名"),
        "id_number": N_("身份证号"),
        "joined_on": N_("入职日期"),
        "month": N_("从哪月起参保"),
        "wage": N_("工资"),
        "base": N_("申报基数"),
    },
    "base": {
        "number": N_("工号"),
        "name": N_("姓名"),
        "id_number": N_("身份证号"),
        "month": N_("从哪月起调整"),
        "wage": N_("工资"),
        "base": N_("新的基数"),
    },
}
#: Without one of these the portal could not be told what was approved.
NEEDED: Final[tuple[Column, ...]] = ("id_number", "month", "base")
#: What the columns of a receipt can say; month and base are held against what was exported.
TELLS: Final[Mapping[Told, str]] = {
    "id_number": N_("身份证号"),
    "outcome": N_("结果"),
    "reason": N_("原因"),
    "month": N_("从哪月起"),
    "base": N_("基数"),
}
#: How an identity number looks that a spreadsheet program took for a number: the last digits are lost.
_LOST: Final = re.compile(r"\d{15}0{3}|\d(?:\.\d+)?[eE]\+?\d+", re.ASCII)
#: So much of the portal's words is kept.
_WORDS: Final = 80

#: Why a row of a receipt decides nothing.
Trouble = Literal["stranger", "no_id_number", "lost_digits", "outcome", "base", "month"]
TROUBLES: Final[Mapping[Trouble, str]] = {
    "stranger": N_("不在等回执的名单里，没有动。"),
    "no_id_number": N_("“{column}”是空的，认不出是谁。"),
    "lost_digits": N_("“{column}”被存成了数字，后几位丢了：用平台下载的原表，不要另存。"),
    "outcome": N_("“{column}”是“{value}”，看不出受理没有。"),
    "base": N_("“{column}”是“{value}”，导出的是 {wanted}：先在平台上查清，这一条还等着。"),
    "month": N_("“{column}”是“{value}”，导出的是 {wanted}：先在平台上查清，这一条还等着。"),
}


@dataclass(frozen=True, slots=True)
class Exported:
    """When an act was exported, by whom as the log names them, and with which file."""

    file: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FiledAct:
    """An approved act as a form has it, fen a month. `month` is the first for which it holds, `due` the one from which
    contributions are owed, `base` what is declared and `lawful` the lowest base that the law allows today. `exported` is
    None before it went into a file, `unfit` says why it cannot (a code of `strategy_words.UNFIT`)."""

    strategy: str
    employee: str
    reference: str
    act: Act
    region: str
    month: date
    due: date
    number: str = field(repr=False)
    name: str = field(repr=False)
    id_number: str = field(repr=False)
    joined_on: date | None = field(repr=False)
    wage: Fen = field(repr=False)
    base: Fen = field(repr=False)
    lawful: Fen = field(repr=False)
    exported: Exported | None = None
    unfit: str = ""

    @property
    def kind(self) -> FormKind:
        """The form that it goes into."""
        return KIND_OF[self.act]


@dataclass(frozen=True, slots=True)
class RowAnswer:
    """What a row of a receipt says. `act` is None where it is nobody's who is waited for. `accepted` is None where it decides
    nothing, and `trouble` says why, with the heading of the column, what stands there and what was exported."""

    row: int
    act: FiledAct | None = None
    accepted: bool | None = None
    words: str = field(default="", repr=False)
    trouble: Trouble | None = None
    column: str = ""
    value: str = field(default="", repr=False)
    wanted: str = field(default="", repr=False)

    def text(self, say: Say = as_written) -> str:
        """Why it decides nothing, or the portal's own words."""
        if self.trouble is None:
            return self.words
        return say(TROUBLES[self.trouble], column=self.column, value=self.value, wanted=self.wanted)


#: How far a row of a receipt is: `kept` could not be taken back, `overtaken` not taken over.
Step = Literal["ready", "applied", "overtaken", "undone", "kept"]


@dataclass(frozen=True, slots=True)
class Taken:
    """A row that is taken over. `before` is what stood on the roster, for taking it back."""

    strategy: str
    employee: str
    reference: str
    row: int
    accepted: bool
    words: str = field(default="", repr=False)
    base: Fen | None = field(default=None, repr=False)
    insured_since: date | None = field(default=None, repr=False)
    uninsured_why: str = field(default="", repr=False)
    step: Step = "ready"


#: `taking` and `undoing` go on by themselves.
State = Literal["read", "taking", "taken", "undoing", "undone"]


@dataclass(frozen=True, slots=True)
class KeptReceipt:
    """A receipt of a form (`form_name`), how far it is, and the rows that were taken over."""

    id: str
    form: str
    state: State
    by: str
    at: datetime
    receipt: Receipt = field(repr=False)
    rows: tuple[Taken, ...] = field(default=(), repr=False)
    taken_by: str = ""


class ActReceipts(Protocol):
    """The receipts of forms. `by` is who acts, as the log names them."""

    def keep(self, form: str, receipt: Receipt, by: str) -> str:
        """Keeps a receipt; its id. The same file of the same form is the same receipt."""

    def get(self, id: str) -> KeptReceipt | None:
        """One of them."""

    def of(self, form: str, limit: int = 20) -> tuple[KeptReceipt, ...]:
        """Those of a form, the newest first."""

    def left_lying(self, before: datetime) -> tuple[str, ...]:
        """Those that were begun before a moment and did not come to their end."""

    def read_as(self, id: str, columns: Mapping[int, Told], by: str) -> None:
        """Says what its columns tell. Raises `book.Overtaken` once it was taken over."""

    def begin(self, id: str, rows: Sequence[Taken], by: str) -> None:
        """Begins to take rows over, beside those that were before. Raises `book.Overtaken` while it runs."""

    def begin_undo(self, id: str, by: str) -> None:
        """Begins to take them back. Raises `book.Overtaken` unless they were taken over."""

    def finish(self, id: str, rows: Sequence[Taken]) -> None:
        """Ends what was begun, with what came of each row."""


#: Whether somebody may see what became of a strategy.
Sees = Callable[[KeptStrategy], bool]


class PortalActs(Protocol):
    """Approved acts that no connection carries out. `sees` is whose they may be, `by` who acts as the log names them."""

    def acts(self, sees: Sees) -> tuple[FiledAct, ...]:
        """Those that are to be exported, and those that wait for the receipt; by employee number."""

    def export(self, acts: Collection[FiledAct], by: str) -> str | None:
        """Marks acts as exported; the name of the file, None where none could be. What cannot be carried out goes back."""

    def log_file(self, acts: Collection[FiledAct], by: str) -> None:
        """Notes that a file with these acts was taken away."""

    def take_back(self, acts: Collection[FiledAct], by: str) -> int:
        """Has exported acts back that never reached the portal; how many."""

    def take(self, receipt: str, answers: Sequence[RowAnswer], by: str) -> None:
        """Takes over what a receipt says: only now is anything carried out. Raises `book.Overtaken`."""

    def undo(self, receipt: str, by: str) -> None:
        """Takes that back where nothing has changed since. Raises `book.Overtaken`."""


def exported_of(strategy: KeptStrategy) -> Exported | None:
    """Into which file an act went that waits for the portal's receipt, and when it did so first: it may have come back to
    that when a receipt was taken back."""
    if strategy.state != "handed_in":
        return None
    file = strategy.history[-1].details.get("file")
    first = next((each for each in strategy.history if file and each.details.get("file") == file), None)
    return None if file is None or first is None else Exported(file, first.by, first.at)


def form_name(kind: FormKind, region: str) -> str:
    """What the blank and the receipts of a form are kept under.

    >>> form_name("enrolment", "320500")
    'enrolment:320500'
    """
    return f"{kind}:{region}"


def handed(act: FiledAct) -> Enrolment | BaseChange:
    """An act as the social-insurance system would be handed it."""
    wanted = act.reference, act.id_number, act.month, act.due, act.base, act.lawful
    return Enrolment(*wanted) if act.act == "insure" else BaseChange(*wanted)


def fill_acts(blank: Blank, acts: Sequence[FiledAct]) -> bytes:
    """The blank with a row for each act below its headings. Raises `people.outside.Unlawful`, and writes none then."""
    refuse_unlawful(*map(handed, acts))
    return fill_rows(blank, map(_row, acts))


def _row(act: FiledAct) -> dict[Column, str | Fen]:
    return {
        "number": act.number,
        "name": act.name,
        "id_number": act.id_number,
        "joined_on": "" if act.joined_on is None else act.joined_on.isoformat(),
        "month": f"{act.month:%Y%m}",
        "wage": act.wage,
        "base": act.base,
    }


def act_answers(receipt: Receipt, acts: Iterable[FiledAct]) -> tuple[RowAnswer, ...]:
    """What each row of a receipt says of the acts that wait for it. People are found by identity number alone."""
    waiting: dict[str, FiledAct | None] = {}
    for act in acts:
        key = number_for_search(act.id_number)
        waiting[key] = None if key in waiting else act  # of two with one number it is nobody's
    names = {told: receipt.headings[place] for place, told in receipt.columns.items()}
    return tuple(_answer(number, cells, names, waiting) for number, cells in receipt_rows(receipt))


def decided(answers: Iterable[RowAnswer]) -> dict[str, RowAnswer]:
    """What a receipt decides, by strategy. One row of several that came back brings the act back; one that decides nothing
    leaves it waiting."""
    found: dict[str, RowAnswer] = {}
    for each in answers:
        if each.act is not None:
            before = found.setdefault(each.act.strategy, each)
            found[each.act.strategy] = min(before, each, key=_weight)
    return {strategy: each for strategy, each in found.items() if each.accepted is not None}


def _weight(answer: RowAnswer) -> int:
    return 0 if answer.accepted is False else 1 if answer.accepted is None else 2


def _answer(
    row: int,
    cells: Mapping[Told, Cell],
    names: Mapping[Told, str],
    waiting: Mapping[str, FiledAct | None],
) -> RowAnswer:
    texts = {told: plain_text(cell).strip() for told, cell in cells.items()}
    id_number, outcome = texts.get("id_number", ""), texts.get("outcome", "")
    column = names.get("id_number", "")
    if not id_number:
        return RowAnswer(row, trouble="no_id_number", column=column)
    act = waiting.get(number_for_search(id_number))
    if act is None and _LOST.fullmatch(id_number):
        return RowAnswer(row, trouble="lost_digits", column=column)
    if act is None:
        return RowAnswer(row, trouble="stranger")
    accepted = told_outcome(outcome)
    if accepted is None:
        return RowAnswer(row, act, trouble="outcome", column=names.get("outcome", ""), value=outcome[:_WORDS])
    if not accepted:
        return RowAnswer(row, act, accepted=False, words=(texts.get("reason") or outcome)[:_WORDS])
    return _otherwise(row, act, texts, names) or RowAnswer(row, act, accepted=True)


def _otherwise(
    row: int, act: FiledAct, texts: Mapping[Told, str], names: Mapping[Told, str]
) -> RowAnswer | None:
    """A row that was accepted with another base or from another month than was exported."""
    base, month = texts.get("base", ""), texts.get("month", "")
    if base and _fen(base) != act.base:
        return _differs(row, act, "base", names["base"], base, format_yuan(act.base))
    if month and _month(month) != f"{act.month:%Y-%m}":
        return _differs(row, act, "month", names["month"], month, f"{act.month:%Y-%m}")
    return None


def _differs(row: int, act: FiledAct, trouble: Trouble, column: str, value: str, wanted: str) -> RowAnswer:
    return RowAnswer(row, act, trouble=trouble, column=column, value=value[:_WORDS], wanted=wanted)


def _fen(text: str) -> Fen | None:
    try:
        return parse_yuan(amount_text(text))
    except ValueError:
        return None


def _month(text: str) -> str:
    """A month in ISO form, from a day too; else the text as it is."""
    match = re.fullmatch(r"(\d{4})(\d{2})", text, re.ASCII)
    return f"{match[1]}-{match[2]}" if match else date_text(text)[:7]
