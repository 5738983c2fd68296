"""A kept strategy as its page shows it. What was reckoned stays as it was made; what runs by the day runs until today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, cast

from calculator.exposure import late_fee
from calculator.money import Fen, Rounding, format_yuan, parse_rate, parse_yuan
from calculator.rules import NO_CEILING
from calculator.trace import Step, Unit
from hr_console.money_words import COMPLETE, INCOMPLETE, NOT_DUE, OPEN_IN_LAW, WHO_BEARS, span, yuan
from hr_console.profile_desk import ProfileDesk
from hr_console.profile_words import Said, said
from hr_console.strategy_trace import Told, told_steps
from locales import N_, Say
from policy_kb.wording import INSURANCE
from profiles.book import KeptStrategy
from profiles.changes import Change, Field, read_value
from profiles.found import STATES, UNRECKONED, MonthCost, Span
from profiles.settling import CATCH_UP
from profiles.sheet import AHEAD
from profiles.strategy import Explanation, Reason

_ASSUMED: Final = N_("其中 {count} 个月没有工资记录，按现在的工资算。")


@dataclass(frozen=True, slots=True)
class Why:
    """A reason, and the records that it rests on."""

    text: str = field(repr=False)
    sources: tuple[Mapping[str, Any], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class BaseLine:
    """What an insurance asks for, in yuan; a dash where it is not known."""

    name: str
    base: str = field(repr=False)
    employee: str = field(repr=False)
    employer: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Running:
    """A state that was found, and what it costs: lines of name and figure, and its months with their late fee until today.

    `why_not` says why nothing can be reckoned; empty where it can.
    """

    name: str
    why_not: str = ""
    lines: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    months: tuple[tuple[str, str, str, str, str], ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settling:
    """Differences from bounds that were published late, month by month and in all, in yuan."""

    state: str
    months: tuple[tuple[str, str, str], ...] = field(repr=False)
    employee: str = field(repr=False)
    employer: str = field(repr=False)
    late_fee: str = field(repr=False)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dispute:
    """Two changes that cannot both be right: the one that counts, and the other."""

    counts: Change = field(repr=False)
    against: Change = field(repr=False)

    def settled(self, right: str, strategy: str, by: str, now: datetime) -> Change:
        """HR's word for the right one. It holds from the later of both days on: what was said before is settled by it."""
        chosen = self.counts if right == "counts" else self.against
        return Change(
            employee=chosen.employee,
            what=chosen.what,
            value=chosen.value,
            holds_from=max(self.counts.holds_from, self.against.holds_from),
            said_by=by,
            written_at=now,
            source="hr",
            standing="confirmed",
            reference=f"{strategy}:{chosen.what}",
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything on a strategy's page that does not depend on who looks."""

    why: tuple[Why, ...] = field(repr=False)
    base: tuple[BaseLine, ...] = field(repr=False)
    base_whole: BaseLine | None = field(repr=False)
    declared: str = field(repr=False)
    running: tuple[Running, ...] = field(repr=False)
    settling: Settling | None = field(repr=False)
    disputes: tuple[tuple[Said, Said], ...] = field(repr=False)
    steps: tuple[Told, ...] = field(repr=False)
    sources: tuple[Mapping[str, Any], ...] = field(repr=False)


def show(strategy: KeptStrategy, desk: ProfileDesk) -> Shown:
    """A strategy in words."""
    data, say = strategy.data, desk.say
    base, declared, settlement = data["base"], data["declared"], data["settlement"]
    return Shown(
        why=tuple(_why(each, desk) for each in data["reasons"]),
        base=() if base is None else tuple(_line(each, say) for each in base["lines"]),
        base_whole=None if base is None else _whole(base, say),
        declared="" if declared is None else yuan(declared, say),
        running=tuple(_running(each, desk.today(), say) for each in data["found"]),
        settling=None if settlement is None else _settling(settlement, say),
        disputes=tuple(
            (said(each.counts, desk.staff), said(each.against, desk.staff)) for each in disputes(strategy)
        ),
        steps=told_steps(map(_step, data["steps"]), say),
        sources=tuple(desk.sources(data["sources"])),
    )


def lowest_base(strategy: KeptStrategy) -> Fen | None:
    """The lowest lawful base; None where no figure that may be computed with is on record."""
    base = strategy.data["base"]
    return None if base is None else base["lowest"]


def disputes(strategy: KeptStrategy) -> tuple[Dispute, ...]:
    """The conflicts that came with the change."""
    return tuple(
        Dispute(
            _change(strategy, each["what"], each["counts"]), _change(strategy, each["what"], each["against"])
        )
        for each in strategy.data["conflicts"]
    )


def explanation(strategy: KeptStrategy) -> Explanation | None:
    """What the employee is sent; None where the strategy has nothing to tell."""
    told = strategy.data["explanation"]
    return None if told is None else Explanation(told["code"], told["figures"])


def _why(reason: Mapping[str, Any], desk: ProfileDesk) -> Why:
    figures = dict(reason["figures"])
    if reason["code"] == "cannot_reckon":
        figures["why"] = desk.say(figures["why"])
    text = Reason(reason["code"], figures).text(desk.say)
    return Why(text, tuple(desk.sources(reason["sources"])))


def _line(line: Mapping[str, Any], say: Say) -> BaseLine:
    return BaseLine(
        say(INSURANCE[line["insurance"]]),
        _known(line["base"]),
        _known(line["employee"]),
        _known(line["employer"]),
    )


def _whole(base: Mapping[str, Any], say: Say) -> BaseLine:
    name = say(N_("合计")) if base["complete"] else say(N_("合计，有险种没有记录"))
    return BaseLine(
        name, _known(base["lowest"]), format_yuan(base["employee"]), format_yuan(base["employer"])
    )


def _known(amount: Fen | None) -> str:
    return "—" if amount is None else format_yuan(amount)


def _running(found: Mapping[str, Any], today: date, say: Say) -> Running:
    name, exposure = say(STATES[found["state"]]), found["exposure"]
    if exposure is None:
        return Running(name, say(UNRECKONED[found["why_not"]]))
    return _exposed(name, exposure, today, say)


def _exposed(name: str, found: Mapping[str, Any], today: date, say: Say) -> Running:
    months = [
        MonthCost(_day(each["month"]), each["employee"], each["employer"], _day(each["late_from"]))
        for each in found["months"]
    ]
    rate, arrears = found["daily_rate"], found["employee"] + found["employer"]

    def fee(day: date) -> Fen:
        return sum(late_fee(each.total, rate, each.late_from, day) for each in months)

    later = today + AHEAD
    hidden = Span(*found["hidden_fine"])
    lines = [
        (N_("欠缴，从工资里扣的那份"), yuan(found["employee"], say)),
        (N_("欠缴，单位另外出的那份"), yuan(found["employer"], say)),
        (N_("滞纳金，到今天"), yuan(fee(today), say)),
        (N_("滞纳金，再过 30 天"), yuan(fee(later), say)),
        (N_("每过一天再加"), yuan(fee(today + timedelta(days=1)) - fee(today), say)),
        (N_("今天补清要"), yuan(arrears + fee(today), say)),
        (N_("再过 30 天补清要"), yuan(arrears + fee(later), say)),
        (N_("责令以后逾期还不缴，罚款"), span(Span(*found["fine"]), say)),
        *([(N_("少报工资，罚款"), span(hidden, say))] if hidden.high else []),
        (
            N_("本人因此离职，经济补偿"),
            say(N_("算不出")) if found["severance"] is None else yuan(found["severance"], say),
        ),
        (N_("这期间出了工伤，待遇由单位付"), say(N_("算不出"))),
        (N_("从现在起参保，每月：单位出"), yuan(found["employer_monthly"], say)),
        (N_("从现在起参保，每月：从工资里扣"), yuan(found["employee_monthly"], say)),
    ]
    return Running(
        name,
        lines=tuple((say(text), figure) for text, figure in lines),
        months=tuple(
            (
                f"{each.month:%Y-%m}",
                format_yuan(each.employee),
                format_yuan(each.employer),
                each.late_from.isoformat(),
                format_yuan(late_fee(each.total, rate, each.late_from, today)),
            )
            for each in months
        ),
        notes=tuple(_notes(found, say)),
    )


def _notes(found: Mapping[str, Any], say: Say) -> Iterator[str]:
    yield say(COMPLETE if found["complete"] else INCOMPLETE)
    if not found["due"]:
        yield say(NOT_DUE)
    if found["assumed"]:
        yield say(_ASSUMED, count=str(found["assumed"]))
    yield say(WHO_BEARS)
    yield say(OPEN_IN_LAW)


def _settling(settlement: Mapping[str, Any], say: Say) -> Settling:
    months, until = settlement["months"], settlement["until"]
    state = say(CATCH_UP[settlement["catch_up"]])
    notes = [] if settlement["complete"] else [say(INCOMPLETE)]
    if settlement["assumed"]:
        notes.append(say(_ASSUMED, count=str(settlement["assumed"])))
    return Settling(
        state=say(N_("{state}，到 {day}"), state=state, day=until) if until else state,
        months=tuple(
            (each["month"][:7], format_yuan(each["employee"]), format_yuan(each["employer"]))
            for each in months
        ),
        employee=format_yuan(sum(each["employee"] for each in months)),
        employer=format_yuan(sum(each["employer"] for each in months)),
        late_fee=format_yuan(settlement["late_fee"]),
        notes=tuple(notes),
    )


def _step(step: Mapping[str, Any]) -> Step:
    """A step as `profiles.strategy_data` made plain data of it."""
    unit, rounding = step["unit"], step["rounding"]
    return Step(
        step["key"],
        _value(step["value"], unit),
        tuple(step["from"]),
        step["rule"],
        step["source"],
        None if rounding is None else _rounding(rounding),
        unit,
    )


def _value(text: str | None, unit: Unit) -> int | None:
    if text is None:
        return None
    if unit == "count":
        return int(text)
    if unit == "ppm":
        return parse_rate(text)
    return NO_CEILING if text == "none" else parse_yuan(text)


def _rounding(text: str) -> Rounding:
    mode, unit, stage = text.split("/")
    return Rounding(cast("Any", mode), int(unit), cast("Any", stage))


def _change(strategy: KeptStrategy, what: Field, data: Mapping[str, Any]) -> Change:
    """One side of a conflict; when it was written down is not kept with it, the strategy came after."""
    return Change(
        employee=strategy.employee,
        what=what,
        value=read_value(what, data["value"]),
        holds_from=_day(data["holds_from"]),
        said_by=data["said_by"],
        written_at=strategy.opened_at,
        source=data["source"],
        standing=data["standing"],
    )


def _day(text: str) -> date:
    return date.fromisoformat(text)
