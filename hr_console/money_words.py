"""A page of money in words: the same lines on the screen and on paper, for one employee and for the company."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from calculator.money import Fen, format_yuan
from locales import N_, Say
from profiles.found import UNRECKONED, Span
from profiles.sheet import CompanySheet, PersonSheet

#: What the late fee may come to is open in law: 行政强制法 第四十五条.
OPEN_IN_LAW: Final = N_("滞纳金加到和欠缴一样多时停不停，法律上有不同看法；这里一直往下算。")
WHO_BEARS: Final = N_("以前没有代扣的个人那份，也由单位先补上；谁承担、分几步，由单位书面定下来再告诉本人。")
NOT_DUE: Final = N_("还没有哪个月到了缴费的日子，列的是这个月会欠的。")
INCOMPLETE: Final = N_("有的月份或险种没有记录，实际会更多。")
COMPLETE: Final = N_("该算的月份和险种都算进来了。")
NOTHING: Final = N_("没有查到欠缴，也没有少报的月份。")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the page: its name and its figure with the unit. `strong` lines are sums."""

    name: str
    figure: str = field(repr=False)
    strong: bool = False


def money_lines(sheet: PersonSheet | CompanySheet, say: Say) -> list[Line]:
    """What a sheet says, line by line."""
    return list(_lines(sheet, say))


def _lines(sheet: PersonSheet | CompanySheet, say: Say) -> Iterator[Line]:
    yield Line(say(N_("欠缴，没有从工资里扣的那份（个人缴费部分）")), yuan(sheet.employee_arrears, say))
    yield Line(say(N_("欠缴，单位另外出的那份（单位缴费部分）")), yuan(sheet.employer_arrears, say))
    yield Line(say(N_("欠缴合计，两边都由单位补")), yuan(sheet.arrears, say), strong=True)
    yield Line(_day(N_("滞纳金，到今天（{day}）"), sheet.on, say), yuan(sheet.late_fee, say))
    yield Line(_day(N_("滞纳金，再过 30 天（{day}）"), sheet.later, say), yuan(sheet.late_fee_later, say))
    yield Line(say(N_("今天全部补清要")), yuan(sheet.total, say), strong=True)
    yield Line(say(N_("再过 30 天补清要")), yuan(sheet.total_later, say), strong=True)
    yield Line(say(N_("责令以后逾期还不缴，罚款")), span(sheet.fine, say))
    if sheet.hidden_fine.high:
        yield Line(say(N_("少报工资，罚款")), span(sheet.hidden_fine, say))
    yield Line(say(N_("本人因此离职，经济补偿")), _severance(sheet, say))
    yield Line(say(N_("这期间出了工伤，待遇由单位付")), say(N_("算不出")))
    yield Line(say(N_("从现在起参保，每月：单位出")), yuan(sheet.employer_monthly, say))
    yield Line(say(N_("从现在起参保，每月：从工资里扣")), yuan(sheet.employee_monthly, say))


def money_notes(sheet: PersonSheet | CompanySheet, say: Say) -> list[str]:
    """What has to be known beside the figures."""
    return list(_notes(sheet, say))


def _notes(sheet: PersonSheet | CompanySheet, say: Say) -> Iterator[str]:
    yield say(COMPLETE if sheet.complete else INCOMPLETE)
    if isinstance(sheet, CompanySheet):
        if sheet.unreckoned:
            count = str(sheet.unreckoned)
            yield say(N_("其中 {count} 个人还算不出，没有加进来。"), count=count)
    else:
        if sheet.why_not is not None:
            yield say(N_("还算不出欠了多少：{why}。"), why=say(UNRECKONED[sheet.why_not]))
        if not sheet.due:
            yield say(NOT_DUE)
        if sheet.assumed:
            yield say(N_("其中 {count} 个月没有工资记录，按现在的工资算。"), count=str(sheet.assumed))
    if sheet.arrears:
        yield say(WHO_BEARS)
        yield say(OPEN_IN_LAW)


def _severance(sheet: PersonSheet | CompanySheet, say: Say) -> str:
    return say(N_("算不出")) if sheet.severance is None else yuan(sheet.severance, say)


def _day(text: str, day: date, say: Say) -> str:
    return say(text, day=day.isoformat())


def yuan(amount: Fen, say: Say) -> str:
    """An amount with its unit."""
    return say(N_("{yuan} 元"), yuan=format_yuan(amount))


def span(amounts: Span, say: Say) -> str:
    """From and to."""
    return say(N_("{low} 到 {high} 元"), low=format_yuan(amounts.low), high=format_yuan(amounts.high))
