"""What an employer owes for months without full contributions: the JSON of `POST /api/v1/exposures`."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final

from calculator.case import DAYS_AHEAD, EARLIEST, Earner
from calculator.contributions import Earned, earn
from calculator.exposure import (
    Arrears,
    MonthOwed,
    arrears_of,
    days_late,
    late_fee,
    severance,
    severance_half_months,
)
from calculator.fields import FieldReader, InputError, Problem
from calculator.money import MILLION, Fen, Ppm, format_rate, format_yuan, parse_rate
from locales import N_, Say, as_written
from policy_kb.answer import source_json
from policy_kb.library import Library

MOST_MONTHS: Final = 240
MOST_DATES: Final = 24
LATE_FEE: Final = "SIL-86"

#: What is true of every exposure, and what is open in law.
REMARKS: Final = {
    "fine_after_deadline": N_("罚款只在责令限期缴纳、逾期仍不缴时才有；这里列的是可能的范围。"),
    "employee_share_needs_plan": N_(
        "以前没有代扣的个人部分谁来承担、分几步，要先由单位书面定下来；滞纳金由单位承担。"
    ),
    "late_fee_cap_open": N_("滞纳金会不会加到本金就停（行政强制法第四十五条），说法不一，这里没有封顶。"),
    "due_day_assumed": N_("没有填缴费截止日，按次月1日起算；各地征收期不同，请按当地的填。"),
    "months_incomplete": N_("有的月份或险种没有记录，欠缴合计里没有算它，实际会更多。"),
    "severance_cap_not_checked": N_("月工资高过当地职工平均工资三倍的另有封顶，这里没有算。"),
}


def expose(library: Library, data: object, today: date, say: Say = as_written) -> dict[str, Any]:
    """The exposure as a dated schedule. Raises `InputError` naming every field that cannot be read.

    In: `region`; `months`, each `{"month": "2026-08", "wage", "base_wage", "base_paid", "late_from"}`, where
    `base_paid` null is a month without contributions; `due_day` of the month, and `due_next_month`; `stop`, the day of
    payment (today); `later`, further days of payment (30 days on); `injury_class`; `employed_since` and `average_wage`
    for the severance.
    """
    request = _Request(library, data, today)
    owed = [request.owed(library, part) for part in request.months]
    request.refuse_repeats(owed)
    request.check()
    law = library.statutes[LATE_FEE]
    rate = parse_rate(law.data["late_fee_daily_rate"])
    arrears = sum(month.total for month in owed)
    remarks = ["fine_after_deadline", "employee_share_needs_plan", "late_fee_cap_open"]
    remarks += ["due_day_assumed"] * (request.due_day is None)
    remarks += ["months_incomplete"] * (not all(month.complete for month in owed))
    remarks += ["severance_cap_not_checked"] * (request.average_wage is not None)
    return {
        "region": request.region,
        "ruleset": {"version": library.version, "sha256": library.sha256},
        "late_fee_rate": {
            "daily": law.data["late_fee_daily_rate"],
            "effective_from": law.start.isoformat(),
            "source": LATE_FEE,
        },
        "months": [_month_json(month, rate, request.stop) for month in owed],
        "totals": {
            "employee_arrears": format_yuan(sum(month.employee for month in owed)),
            "employer_arrears": format_yuan(sum(month.employer for month in owed)),
            "arrears": format_yuan(arrears),
            "complete": all(month.complete for month in owed),
        },
        "settle": [_settle(owed, rate, day) for day in (request.stop, *request.later)],
        "fine": {
            "low": format_yuan(arrears * int(law.data["fine_multiple_min"])),
            "high": format_yuan(arrears * int(law.data["fine_multiple_max"])),
            "source": LATE_FEE,
        },
        "severance": request.severance(),
        "from_now_on": request.from_now_on(library, owed),
        "work_injury": "not_computable",
        "warnings": [{"code": code, "text": say(REMARKS[code])} for code in remarks],
        "sources": [source_json(library, key) for key in _cited(library, owed, request)],
    }


class _Request:
    """The fields of one request."""

    def __init__(self, library: Library, data: object, today: date) -> None:
        if not isinstance(data, dict):
            raise InputError(Problem("bad_json", "body", expects="object"))
        self.problems: list[Problem] = []
        top = FieldReader(data, "", self.problems, library.divisions.find)
        latest = today + timedelta(days=DAYS_AHEAD)
        self.region = top.region("region", required=True) or ""
        self.injury_class = top.count("injury_class", 1, 8, 1) or 1
        self.due_day = top.count("due_day", 1, 31, required=False)
        self.due_next_month = top.flag("due_next_month", default=False)
        self.stop = top.day("stop", EARLIEST, latest) or today
        self.later = _days(top, self.problems, self.stop, latest)
        self.employed_since = top.day("employed_since", date(1950, 1, 1), self.stop)
        self.average_wage = top.amount("average_wage")
        self.months = top.parts("months", 1, MOST_MONTHS)
        top.close()

    def check(self) -> None:
        """Raise what could not be read."""
        if self.problems:
            raise InputError(*self.problems)

    def refuse_repeats(self, owed: list[MonthOwed]) -> None:
        """A month named twice would be owed twice."""
        seen = set()
        for part, month in zip(self.months, owed, strict=True):
            if month.month in seen and not self.problems:
                part.fail("not_allowed", "month", "month_once")
            seen.add(month.month)

    def owed(self, library: Library, part: FieldReader) -> MonthOwed:
        """One month by the rules of that month: its own base, bounds and rates."""
        first = _first_of_month(part, self.stop)
        wage = part.amount("wage", required=True) or 0
        base_wage = part.amount("base_wage")
        base_paid = part.amount("base_paid")
        late_from = part.day("late_from", first) or self._late_from(first)
        part.close()
        arrears: tuple[Arrears, ...] = ()
        if not self.problems:
            earned = self._earn(library, wage, base_wage, first)
            arrears = tuple(arrears_of(line, base_paid) for line in earned.lines)
        return MonthOwed(first, wage, base_paid, late_from, arrears)

    def _earn(self, library: Library, wage: Fen, base_wage: Fen | None, on: date) -> Earned:
        earner = Earner(wage=wage, region=self.region, base_wage=base_wage, injury_class=self.injury_class)
        job = library.job(self.region, on, max(on, self.stop))
        return earn(earner, wage, job, None, insured=True)

    def _late_from(self, month: date) -> date:
        """The day after the due day; without one, the first of the next month (地方口径: 收款月的次月1日)."""
        following = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
        if self.due_day is None:
            return following
        due_in = following if self.due_next_month else month
        last = monthrange(due_in.year, due_in.month)[1]
        return due_in.replace(day=min(self.due_day, last)) + timedelta(days=1)

    def severance(self) -> dict[str, Any] | None:
        """经济补偿 if the employee leaves for it on the day of payment (劳动合同法 第三十八条, 第四十六条, 第四十七条)."""
        if self.employed_since is None or self.average_wage is None:
            return None
        half_months = severance_half_months(self.employed_since, self.stop)
        return {
            "months": f"{half_months // 2}.{half_months % 2 * 5}",
            "amount": format_yuan(severance(half_months, self.average_wage)),
            "source": "LCL-47",
        }

    def from_now_on(self, library: Library, owed: list[MonthOwed]) -> dict[str, Any]:
        """What insuring costs a month from the day of payment on, at the latest wage."""
        latest = max(owed, key=lambda month: month.month)
        earned = self._earn(library, latest.wage, None, self.stop)
        return {
            "on": self.stop.isoformat(),
            "employee_total": format_yuan(int(earned.own_insurance)),
            "employer_total": format_yuan(int(earned.employer_total)),
            "complete": earned.employee_complete and earned.employer_complete,
        }


def _days(top: FieldReader, problems: list[Problem], stop: date, latest: date) -> tuple[date, ...]:
    texts = top.texts("later")
    if not texts:
        return (min(stop + timedelta(days=30), latest),)
    if len(texts) > MOST_DATES:
        top.fail("out_of_range", "later", "list", low="0", high=str(MOST_DATES))
        return ()
    inner = top.inside("later", {str(index): text for index, text in enumerate(texts)})
    return tuple(day for index in range(len(texts)) if (day := inner.day(str(index), stop, latest)))


def _first_of_month(part: FieldReader, stop: date) -> date:
    text = part.text("month", required=True)
    if text is None:
        return EARLIEST
    if re.fullmatch(r"[12][0-9]{3}-(0[1-9]|1[0-2])", text) is None:
        part.fail("bad_date", "month", "month")
        return EARLIEST
    first = date.fromisoformat(f"{text}-01")
    if not EARLIEST <= first <= stop:
        part.fail("out_of_range", "month", "date", low=f"{EARLIEST:%Y-%m}", high=f"{stop:%Y-%m}")
    return first


def _month_json(month: MonthOwed, rate: Ppm, stop: date) -> dict[str, Any]:
    return {
        "month": f"{month.month:%Y-%m}",
        "wage": format_yuan(month.wage),
        "lines": [
            {
                "insurance": arrears.line.terms.insurance,
                "employee_rate": _rate(arrears.line.employee_rate),
                "employer_rate": _rate(arrears.line.employer_rate),
                "base_owed": _yuan(arrears.line.base),
                "base_paid": _yuan(month.base_paid),
                "employee_arrears": _yuan(arrears.employee),
                "employer_arrears": _yuan(arrears.employer),
                "source": arrears.line.terms.source,
            }
            for arrears in month.arrears
        ],
        "employee_arrears": format_yuan(month.employee),
        "employer_arrears": format_yuan(month.employer),
        "arrears": format_yuan(month.total),
        "complete": month.complete,
        "late_from": month.late_from.isoformat(),
        "days": days_late(month.late_from, stop),
        "late_fee_per_day": _exact(month.total * rate),
        "late_fee": format_yuan(late_fee(month.total, rate, month.late_from, stop)),
    }


def _settle(owed: Iterable[MonthOwed], rate: Ppm, day: date) -> dict[str, Any]:
    """What is to be paid if everything is settled on one day; displayed months add up to it."""
    months = list(owed)
    arrears = sum(month.total for month in months)
    fee = sum(late_fee(month.total, rate, month.late_from, day) for month in months)
    return {"on": day.isoformat(), "late_fee": format_yuan(fee), "total": format_yuan(arrears + fee)}


def _exact(millionths_of_fen: int) -> str:
    """Yuan with every place that a day's fee has.

    >>> _exact(173_820 * 500)
    '0.8691'
    """
    whole, rest = divmod(millionths_of_fen, 100 * MILLION)
    return f"{whole}.{rest:08d}".rstrip("0").rstrip(".")


def _cited(library: Library, owed: Iterable[MonthOwed], request: _Request) -> list[str]:
    keys = [LATE_FEE, "SIL-60", "SIL-63", "AEL-45"]
    keys += ["LCL-47"] * (request.severance() is not None)
    keys += [each.line.terms.source or "" for month in owed for each in month.arrears]
    return [key for key in dict.fromkeys(keys) if key and library.has(key)]


def _rate(rate: Ppm | None) -> str | None:
    return None if rate is None else format_rate(rate)


def _yuan(amount: object) -> str | None:
    return format_yuan(amount) if isinstance(amount, int) else None
