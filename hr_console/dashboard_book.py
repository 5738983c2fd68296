"""The dashboard as a workbook: a sheet a panel, with what the one who looks may see. Texts are texts, never formulas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any, Final

import xlsxwriter

from calculator.money import Fen
from hr_console import dashboard_words as words
from hr_console.case_words import KINDS, NEUTRAL
from hr_console.dashboard_panels import COUNTED, Board, Exposed
from hr_console.policy_desk import DUE
from hr_inbox.waiting import Waits
from locales import N_, Say
from people.accounts import Account
from people.employees import Employee
from people.records import DIBAO_STATES, DibaoState
from policy_kb.sheets import starts_formula

_WIDTH: Final = 18
_SAFE: Final = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


@dataclass(frozen=True, slots=True)
class Yuan:
    """An amount in a cell, in fen."""

    fen: Fen


Cell = str | int | date | Yuan
Line = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A sheet: its name, its headings, its lines."""

    name: str
    headings: tuple[str, ...]
    lines: Sequence[Line]


def make_book(
    board: Board,
    looks: Account,
    people: Sequence[Employee],
    told: Mapping[str, DibaoState],
    changed: Mapping[str, Employee],
    place: Callable[[str], str],
    moment: str,
    say: Say,
) -> bytes:
    """The workbook. `people` and `told` are the dibao officer's list, `changed` whose base was changed; `moment` is when
    the numbers were taken."""
    pages = [Page(say(N_("汇总")), (say(N_("项目")), say(N_("数"))), tuple(_summary(board, moment, say)))]
    if looks.may("dibao"):
        pages.append(_dibao(board, people, told, place, say))
    if looks.may("roster"):
        pages += [_uninsured(board, place, say), _bases(board, changed, place, say)]
    pages += [_questions(board, place, say), _weeks(board, say), _kinds(board, say), _due(board, place, say)]
    return _written(pages)


def _summary(board: Board, moment: str, say: Say) -> Iterator[Line]:
    yield say(N_("数字的时间")), moment
    yield say(N_("从")), board.period.first
    yield say(N_("到")), board.period.last
    few, groups = words.hidden(say), board.dibao.groups
    for state in COUNTED:
        name = say(N_("低保：{state}"), state=say(DIBAO_STATES[state]))
        yield name, _or(groups.counts[state], few)
    yield say(N_("低保：合计")), _or(groups.total, few if board.dibao.exact else say(N_("不显示")))
    yield say(N_("家里有低保、没参保的人数")), _or(board.uninsured_dibao.count, few)
    yield say(N_("他们已经累计（元）")), words.rounded(board.uninsured_dibao, say)
    yield say(N_("没参保的人数")), len(board.uninsured.people)
    yield say(N_("没参保已经累计（元）")), Yuan(board.uninsured.sum.amount)
    for note in words.left_out(board.uninsured.sum, say):
        yield "", note
    yield say(N_("缴费基数调整")), len(board.adjustments.changes)
    yield say(N_("答不上来的问题")), board.gaps.total
    yield from _waits(say(N_("所有的事")), board.waiting.times.whole, say)
    yield say(N_("现在超时")), sum(board.waiting.overdue.values())
    rate = board.rating.rate
    yield say(N_("问过解决了没有")), rate.asked
    if board.rating.shown:
        yield say(N_("回答的")), rate.answered
        yield say(N_("说解决了的")), rate.solved
    else:
        yield say(N_("说解决了的")), words.few_answers(say)
    yield say(N_("该看一看的数")), len(board.due.found)


def _waits(name: str, waits: Waits, say: Say) -> Iterator[Line]:
    for what, spread in ((N_("到第一次回复"), waits.answer), (N_("到办结"), waits.closing)):
        yield f"{name} {say(what)} {say(N_('中位'))}", words.duration(spread.median, say)
        yield f"{name} {say(what)} {say(N_('九成'))}", words.duration(spread.ninetieth, say)


def _dibao(
    board: Board,
    people: Sequence[Employee],
    told: Mapping[str, DibaoState],
    place: Callable[[str], str],
    say: Say,
) -> Page:
    exposed = {each.who.employee.id: each for each in board.uninsured.people}
    lines = [
        (
            *_who(each, place),
            say(DIBAO_STATES[told[each.id]]),
            say(N_("没参保") if each.id in exposed else N_("已参保")),
            *(_running(exposed[each.id], say) if each.id in exposed else ()),
        )
        for each in people
        if told[each.id] in COUNTED
    ]
    headings = (*_who_headings(say), say(N_("低保")), say(N_("参保")), *_running_headings(say))
    return Page(say(N_("低保名单")), headings, lines)


def _uninsured(board: Board, place: Callable[[str], str], say: Say) -> Page:
    lines = [
        (*_who(each.who.employee, place), each.who.employee.uninsured_why, *_running(each, say))
        for each in board.uninsured.people
    ]
    headings = (*_who_headings(say), say(N_("为什么没参保")), *_running_headings(say))
    return Page(say(N_("没参保")), headings, lines)


def _bases(board: Board, changed: Mapping[str, Employee], place: Callable[[str], str], say: Say) -> Page:
    lines = [
        (
            *_who(changed[each.employee], place),
            each.adjustment.month,
            say(N_("没有记录")) if each.adjustment.before is None else Yuan(each.adjustment.before),
            Yuan(each.adjustment.after),
            each.adjustment.why,
            each.adjustment.decided_by,
        )
        for each in board.adjustments.changes
    ]
    headings = tuple(
        say(each)
        for each in (N_("从哪个月起"), N_("原来（元）"), N_("现在（元）"), N_("为什么"), N_("谁定的"))
    )
    return Page(say(N_("基数调整")), (*_who_headings(say), *headings), lines)


def _questions(board: Board, place: Callable[[str], str], say: Say) -> Page:
    lines = [
        (
            each.monday,
            words.topic(each.topic, say),
            place(each.region),
            say(words.WHY[each.why]),
            each.count,
        )
        for each in board.gaps.weeks
    ]
    headings = tuple(
        say(each) for each in (N_("那一周"), N_("哪一类"), N_("哪里"), N_("为什么没答"), N_("次数"))
    )
    return Page(say(N_("答不上来")), headings, lines)


def _weeks(board: Board, say: Say) -> Page:
    weeks = board.waiting.times.weeks
    lines = [(monday, *_spreads(waits, say)) for monday, waits in weeks.items()]
    return Page(say(N_("每周等多久")), (say(N_("那一周")), *_spread_headings(say)), lines)


def _kinds(board: Board, say: Say) -> Page:
    overdue = board.waiting.overdue
    lines = [
        (
            say(NEUTRAL if kind is None else KINDS[kind]),
            *_spreads(waits, say),
            overdue.get(kind, 0),
        )
        for kind, waits in board.waiting.times.kinds.items()
    ]
    headings = (say(N_("为什么找来")), *_spread_headings(say), say(N_("现在超时")))
    return Page(say(N_("每类等多久")), headings, lines)


def _due(board: Board, place: Callable[[str], str], say: Say) -> Page:
    lines = [(say(DUE[each.kind]), place(each.region), each.message) for each in board.due.found]
    return Page(say(N_("该看的数")), (say(N_("哪一种")), say(N_("哪里")), say(N_("说明"))), lines)


def _spreads(waits: Waits, say: Say) -> Line:
    return (
        waits.cases,
        *(
            words.duration(seconds, say)
            for spread in (waits.answer, waits.closing)
            for seconds in (spread.median, spread.ninetieth)
        ),
        waits.closing.open,
    )


def _spread_headings(say: Say) -> tuple[str, ...]:
    headings = (
        N_("件数"),
        N_("回复 中位"),
        N_("回复 九成"),
        N_("办结 中位"),
        N_("办结 九成"),
        N_("还没办结"),
    )
    return tuple(map(say, headings))


def _who(employee: Employee, place: Callable[[str], str]) -> Line:
    return employee.number, employee.name, place(employee.region)


def _who_headings(say: Say) -> tuple[str, ...]:
    return say(N_("工号")), say(N_("姓名")), say(N_("参保地"))


def _running(exposed: Exposed, say: Say) -> Line:
    runs = exposed.running
    if runs is None:
        return (say(exposed.missing),)
    return Yuan(runs.arrears), Yuan(runs.late_fee), Yuan(runs.total)


def _running_headings(say: Say) -> tuple[str, ...]:
    return say(N_("欠缴（元）")), say(N_("滞纳金（元）")), say(N_("累计（元）"))


def _or(count: int | None, few: str) -> Cell:
    return few if count is None else count


def _written(pages: Sequence[Page]) -> bytes:
    file = BytesIO()
    with xlsxwriter.Workbook(file, _SAFE) as book:
        bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "0.00"})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for page in pages:
            sheet = book.add_worksheet(page.name)
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, len(page.headings) - 1, _WIDTH)
            for column, heading in enumerate(page.headings):
                sheet.write_string(0, column, heading, bold)
            for row, line in enumerate(page.lines, 1):
                for column, cell in enumerate(line):
                    _write(sheet, row, column, cell, money, day)
    return file.getvalue()


def _write(sheet: Any, row: int, column: int, cell: Cell, money: Any, day: Any) -> None:
    if isinstance(cell, Yuan):
        sheet.write_number(row, column, Decimal(cell.fen).scaleb(-2), money)
    elif isinstance(cell, date):
        sheet.write_datetime(row, column, cell, day)
    elif isinstance(cell, int):
        sheet.write_number(row, column, cell)
    else:
        sheet.write_string(row, column, f"'{cell}" if starts_formula(cell) else cell)
