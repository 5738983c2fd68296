"""The same answers once more, from the written rules and the region files alone, in fractions.

Nothing here imports the calculator or the library: what both say was worked out twice.
Amounts are `Fraction` yuan until they are printed; a case comes in as plain JSON data with its defaults left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HOUSE = Path(__file__).resolve().parents[2] / "policy_kb"
NATION = "000000"
MUNICIPALITIES = ("110000", "120000", "310000", "500000")
FIVE = ("pension", "medical", "unemployment", "work_injury", "maternity")
FEN = Fraction(1, 100)
KNOWN = ("sourced", "single_source")
HINTS = ("recalled", "secondary_citation", "local_system_config")
BASIS_END = {"calendar_year": (12, 31), "july_june": (6, 30), "september_august": (8, 31)}


@cache
def region_file(code: str) -> dict[str, Any]:
    path = HOUSE / "regions" / f"{code}.yaml"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text("utf-8"), loader) if path.exists() else {}


@cache
def divisions() -> frozenset[str]:
    lines = (HOUSE / "divisions.tsv").read_text("utf-8").splitlines()
    return frozenset(line.split("\t")[0] for line in lines if line and not line.startswith("#"))


@cache
def levels(code: str) -> tuple[str, ...]:
    wider = dict.fromkeys((code, code[:4] + "00", code[:2] + "0000"))
    return (*(each for each in wider if each in divisions()), NATION)


def day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def rounded(amount: Fraction, unit: Fraction = FEN, mode: str = "half_up") -> Fraction:
    whole, rest = divmod(amount / unit, 1)
    up = {
        "half_up": rest >= Fraction(1, 2),
        "half_even": rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2),
        "up": rest > 0,
        "down": False,
    }[mode]
    return (whole + bool(up)) * unit


def money(amount: Fraction | None) -> str | None:
    if amount is None:
        return None
    fen = amount * 100
    assert fen.denominator == 1, amount
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen.numerator) // 100}.{abs(fen.numerator) % 100:02d}"


# Contributions -----------------------------------------------------------------------------------------------


@cache
def record(region: str, insurance: str, on: date, as_of: date) -> dict[str, Any] | None:
    """The value in force: the nearest region that owns the series decides; {} where it has none for that day."""
    for code in levels(region):
        content = region_file(code)
        owned = [
            {**notice, **notice["values"][insurance]}
            for notice in content.get("notices") or ()
            if insurance in notice["values"]
            and not (code != region and notice["values"][insurance].get("applies_to") == "provincial_units")
        ]
        left = [day(each["from"]) for each in content.get("inherits") or () if each["insurance"] == insurance]
        if not owned or any(start <= on for start in left):
            continue
        begun = [
            each
            for each in owned
            if day(each["from"]) <= on and (day(each.get("known")) or day(each["from"])) <= as_of
        ]
        return max(
            begun, key=lambda each: (day(each["from"]), day(each.get("known")) or date.min), default={}
        )
    return None


def outdated_since(value: dict[str, Any] | None, on: date) -> str | None:
    """The last day a record holds, where that has passed: as it says, else the end of the year it is set for."""
    if not value:
        return None
    last, start = day(value.get("until")), day(value["from"])
    if last is None and value.get("basis") in BASIS_END:
        last = date(start.year, *BASIS_END[value["basis"]])
        last = last if last >= start else last.replace(year=last.year + 1)
    return last.isoformat() if last is not None and on > last else None


@dataclass
class Line:
    """One insurance of one earner; an amount that is not known is None."""

    base: Fraction | None
    employee: Fraction | None
    employer: Fraction | None
    employee_open: bool  # unknown, or owed otherwise than the figure says
    employer_open: bool
    outdated_since: str | None = None


def contribution(
    insurance: str, value: dict[str, Any] | None, earner: dict[str, Any], strategy: str
) -> Line | None:
    if insurance == "maternity" and (value is None or value.get("employer_rate", "") is None):
        return None
    value = value or {}
    base = contribution_base(value, earner, strategy)
    rates = {side: side_rate(insurance, value, earner, side) for side in ("employee", "employer")}
    amounts = {}
    for side, rate in rates.items():
        how = value.get(f"{side}_rounding") or {
            "mode": "half_up",
            "unit": 100 if insurance == "housing_fund" else 1,
        }
        if rate is None or (base is None and rate != 0):
            amounts[side] = None
        else:
            amounts[side] = rounded((base or 0) * rate, how["unit"] * FEN, how["mode"])
            amounts[side] += Fraction(value.get(f"{side}_fixed") or 0)
    unmodelled = value.get("unmodelled") or ()
    return Line(
        base,
        amounts["employee"],
        amounts["employer"],
        # work injury and maternity are the employer's alone, whatever is on record
        insurance not in ("work_injury", "maternity")
        and (amounts["employee"] is None or "employee" in unmodelled),
        amounts["employer"] is None or "employer" in unmodelled or value.get("maternity") == "apart",
    )


def contribution_base(value: dict[str, Any], earner: dict[str, Any], strategy: str) -> Fraction | None:
    floor, ceiling = value.get("floor"), value.get("ceiling")
    if value.get("base") not in KNOWN or floor is None or ceiling is None:
        return None
    if strategy == "floor":
        return Fraction(floor)
    base = max(earner["base_wage"], Fraction(floor))
    return base if ceiling == "none" else min(base, Fraction(ceiling))


def side_rate(insurance: str, value: dict[str, Any], earner: dict[str, Any], side: str) -> Fraction | None:
    if insurance == "housing_fund":
        return earner["housing_fund_rate"]
    rate = value.get(f"{side}_rate")
    if insurance == "work_injury" and side == "employer" and earner["injury_class"] != 1:
        classes = {str(key): each for key, each in (value.get("rate_classes") or {}).items()}
        rate = classes.get(str(earner["injury_class"]))
    return Fraction(rate) if rate is not None and value.get("rate") in KNOWN else None


def contributions(earner: dict[str, Any], on: date, as_of: date, strategy: str) -> dict[str, Line]:
    if earner["wage"] == 0:
        return {}
    wanted = FIVE if earner["housing_fund_rate"] is None else (*FIVE, "housing_fund")
    found = {each: record(earner["region"], each, on, as_of) for each in wanted}
    lines = {each: contribution(each, value, earner, strategy) for each, value in found.items()}
    for each, line in lines.items():
        if line is not None:
            line.outdated_since = outdated_since(found[each], on)
    return {each: line for each, line in lines.items() if line is not None}


def tax_of(taxed: Fraction, on: date) -> Fraction | None:
    """The yearly table divided by twelve, on one month's wage less own contributions."""
    for table in region_file(NATION).get("income_tax") or ():
        if day(table["from"]) <= on and (table["until"] is None or on <= day(table["until"])):
            year = max(Fraction(0), taxed * 12 - Fraction(table["basic_deduction_annual"]))
            for bracket in table["brackets"]:
                if bracket["up_to"] is None or year <= Fraction(bracket["up_to"]):
                    tax = year * Fraction(bracket["rate"]) - Fraction(bracket["quick_deduction"])
                    return rounded(tax / 12)
    return None


@dataclass
class Pay:
    """What one earner is paid and what goes off it."""

    wage: Fraction
    lines: dict[str, Line]
    tax: Fraction | None

    def total(self, side: str, *but: str) -> Fraction:
        amounts = (getattr(line, side) for name, line in self.lines.items() if name not in but)
        return sum((each for each in amounts if each is not None), Fraction(0))

    @property
    def take_home(self) -> Fraction | None:
        return None if self.tax is None else self.wage - self.total("employee") - self.tax

    @property
    def deductible(self) -> Fraction:
        """Own contributions and tax; the housing fund is not taken off countable income."""
        return self.total("employee", "housing_fund") + (self.tax or 0)

    @property
    def net(self) -> Fraction:
        return max(Fraction(0), self.wage - self.deductible)

    @property
    def own_fund(self) -> Fraction:
        return (
            (self.lines["housing_fund"].employee or Fraction(0))
            if "housing_fund" in self.lines
            else Fraction(0)
        )


def pay(
    earner: dict[str, Any], insured: bool, on: date, as_of: date, strategy: str, cash: bool = False
) -> Pay:
    lines = contributions(earner, on, as_of, strategy) if insured else {}
    wage = earner["wage"] + (earner["cash_in_lieu"] if cash else 0)
    own = sum((line.employee or 0 for line in lines.values()), Fraction(0))
    return Pay(wage, lines, tax_of(wage - own, on))


def works(earner: dict[str, Any], paid: Pay) -> bool:
    """Whether the wage is from work: neither a retired person's nor a student's counts as that."""
    return paid.wage > 0 and earner["employment"] not in ("retired", "student")


# Line and rules of the household's region ---------------------------------------------------------------------


def add_months(start: date, months: int) -> date:
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    for last in (start.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError


@cache
def dibao_line(region: str, area: str | None, on: date, as_of: date) -> tuple[Fraction | None, bool]:
    """The line of the latest record that has begun and is known, and whether it is stale."""
    parent = region[:2] + "0000"
    places = (region, parent) if parent in MUNICIPALITIES else (region,)
    for code in dict.fromkeys(places):
        begun = [
            (begin, each)
            for each in region_file(code).get("lines") or ()
            if each["kind"] == "line"
            and (begin := day(each.get("from")) or day(each.get("as_of")))
            and begin <= on
            and (day(each.get("known")) or begin) <= as_of
        ]
        if not begun:
            continue
        begin, latest = max(begun, key=lambda pair: pair[0])
        if latest.get("certainty") not in KNOWN or latest.get("grade") in HINTS:
            return None, False
        amount = latest.get("urban") if latest.get("unified") else latest.get(area) if area else None
        last = max(filter(None, (day(latest.get("from")), day(latest.get("as_of")))))
        gone = bool(latest.get("until")) and on > day(latest["until"])
        stale = gone or on > add_months(last, 18)
        return (None, False) if amount is None else (Fraction(amount), stale)
    return None, False


@cache
def rule(region: str, topic: str, on: date) -> dict[str, Any] | None:
    """The rule in force of the nearest region that has one on record."""
    for code in levels(region):
        for each in region_file(code).get("rules") or ():
            if each["topic"] == topic and each["certainty"] in KNOWN:
                begun = each.get("from") is None or day(each["from"]) <= on
                if begun and (each.get("until") is None or on <= day(each["until"])):
                    return each
    return None


# The household ------------------------------------------------------------------------------------------------


@dataclass
class Side:
    """One scenario: the first earner insured or not."""

    countable: Fraction
    other: Fraction
    open_deductions: Fraction
    gap: bool


@dataclass
class Home:
    """A case with its defaults filled in, and the rules of its place and day."""

    case: dict[str, Any]
    today: date

    def __post_init__(self) -> None:
        case, home = self.case, self.case["household"]
        self.on = day(case.get("on")) or self.today
        self.as_of = day(case.get("as_of")) or max(self.on, self.today)
        self.place = case.get("dibao_region") or case["region"]
        self.strategy = case.get("base_strategy", "lawful")
        self.size, self.dibao = home["size"], home.get("dibao", "unknown")
        self.on_book = home.get("employee_on_book", True)
        self.earners = [self.earner(each) for each in home["earners"]]
        self.ill = bool(home.get("severely_ill", 0) or home.get("severely_disabled", 0))
        self.single_parent = home.get("single_parent", False)
        self.supporters = home.get("supporters") or []
        self.line, self.stale = dibao_line(self.place, case.get("area"), self.on, self.as_of)
        if case.get("standard_monthly") is not None:
            self.line, self.stale = Fraction(case["standard_monthly"]), False
        for name, topic in TOPICS.items():
            setattr(self, name, rule(self.place, topic, self.on))

    def earner(self, given: dict[str, Any]) -> dict[str, Any]:
        wage = Fraction(given["wage"])
        rate = given.get("housing_fund_rate")
        earner = {
            "wage": wage,
            "employment": given.get("employment", "employee"),
            "insured": given.get("insured", True),
            "region": given.get("region") or self.case["region"],
            "injury_class": given.get("injury_class", 1),
            "housing_fund_rate": None if rate is None else Fraction(rate),
            "cash_in_lieu": Fraction(given.get("cash_in_lieu", 0)),
            "new_job_since": day(given.get("new_job_since")),
            "base_wage": wage if given.get("base_wage") is None else Fraction(given["base_wage"]),
        }
        return self.grossed_up(earner, given) if given.get("wage_is_net") else earner

    def grossed_up(self, earner: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        """The smallest gross whose take-home is at least the amount given: no rounding moves it by 3 yuan."""
        wanted = earner["wage"]

        def with_gross(fen: int) -> dict[str, Any]:
            gross = Fraction(fen, 100)
            return {
                **earner,
                "wage": gross,
                "base_wage": gross if given.get("base_wage") is None else earner["base_wage"],
            }

        def take_home(fen: int) -> Fraction:
            return pay(with_gross(fen), earner["insured"], self.on, self.as_of, self.strategy).take_home

        if wanted == 0:
            return earner
        low, high = 0, 10**9
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if take_home(middle) >= wanted - 3 else (middle, high)
        while take_home(high) < wanted:
            high += 1
        return with_gross(high)

    @property
    def members(self) -> list[dict[str, Any]]:
        return self.earners[1:] if self.on_book is False else self.earners

    def pays(self, insured: bool) -> list[Pay]:
        """What each earner is paid; the first one insured or not, the others as they are."""
        flags = [insured, *(each["insured"] for each in self.earners[1:])]
        return [
            pay(each, flag, self.on, self.as_of, self.strategy, cash=index == 0 and not insured)
            for index, (each, flag) in enumerate(zip(self.earners, flags, strict=True))
        ]

    def disregard(self, earner: dict[str, Any], paid: Pay) -> Fraction:
        if self.line is None or not works(earner, paid):
            return Fraction(0)
        off = Fraction(0)
        share = (self.work_cost or {}).get("value", {}).get("share")
        if share is not None:
            most = rounded(self.line * Fraction(share))
            flexible = earner["employment"] == "flexible" and self.flexible is not None
            off = min(most, max(Fraction(0), paid.net - self.line) if flexible else paid.net)
        if self.new_job is not None and self.dibao == "receiving" and 0 <= self.months_in(earner) < 6:
            off = max(off, min(paid.net, 3 * self.line))
        return off

    def months_in(self, earner: dict[str, Any]) -> int:
        since = earner["new_job_since"]
        return -1 if since is None else (self.on.year - since.year) * 12 + self.on.month - since.month

    def hardship_off(self) -> Fraction:
        """Once a household; whoever qualifies twice gets the higher share."""
        if self.hardship is None or self.line is None:
            return Fraction(0)
        value = self.hardship["value"]
        ill = Fraction(value["serious_illness_or_severe_disability"]) if self.ill else Fraction(0)
        alone = (
            Fraction(value["single_parent_of_child_to_16_or_full_time_student"]) if self.single_parent else 0
        )
        return rounded(self.line * max(ill, alone))

    def support(self) -> Fraction:
        if self.support_rule is None or self.line is None:
            return Fraction(0)
        total = Fraction(0)
        for each in self.supporters:
            own = rounded(Fraction(3, 2) * self.line * each["size"])
            total += rounded(max(Fraction(0), Fraction(each["income"]) - own) / 5)
        return total

    def side(self, insured: bool, other_income: Fraction) -> Side:
        pays = self.pays(insured)
        counted = list(zip(self.earners, pays, strict=True))[len(self.earners) - len(self.members) :]
        income = sum((paid.wage for _, paid in counted), other_income) + self.support()
        off = sum((self.disregard(each, paid) for each, paid in counted), self.hardship_off())
        deducted = sum((paid.deductible for _, paid in counted), Fraction(0))
        gap = any(line.employee_open for _, paid in counted for line in paid.lines.values())
        gap |= any(paid.tax is None for _, paid in counted)
        return Side(
            max(Fraction(0), income - deducted - off),
            max(Fraction(0), income - off),
            sum((self.still_open(each, paid) for each, paid in counted), Fraction(0)),
            gap or (self.ill and self.hardship is None and self.hardship_open is not None),
        )

    def still_open(self, earner: dict[str, Any], paid: Pay) -> Fraction:
        """What may come off as well, where the rule does not say whether or how much."""
        off = paid.own_fund
        if self.line is None or not works(earner, paid):
            return off
        if self.work_cost is not None and "share" not in self.work_cost["value"]:
            off += rounded(self.line * Fraction(4, 5))
        if self.new_job is not None and self.dibao == "receiving" and 6 <= self.months_in(earner) < 12:
            off += min(paid.net, 3 * self.line)
        return off

    @property
    def undecided(self) -> bool:
        """Whether something is missing without which there is nothing to compare."""
        supported = self.support_rule is not None and bool(self.supporters)
        return self.line is None or self.stale or not (self.on_book or (self.on_book is False and supported))

    def verdict(self, side: Side) -> str:
        if self.undecided:
            return "unknown"
        limit = self.line * self.size
        readings = {side.countable < limit, side.other < limit}
        if readings == {False}:
            return "unknown" if side.gap or side.countable - side.open_deductions < limit else "over"
        if self.supporters and self.support_rule is None:
            return "unknown"
        return "within" if readings == {True} else "depends"

    def benefit(self, countable: Fraction) -> Fraction | None:
        return (
            None if self.line is None or self.stale else max(Fraction(0), self.line * self.size - countable)
        )

    def answer(self) -> dict[str, Any]:
        low = Fraction(self.case["household"].get("other_income", 0))
        high = self.case["household"].get("other_income_high")
        insured, uninsured = self.side(True, low), self.side(False, low)
        first, bare = self.pays(True)[0], self.pays(False)[0]
        scenarios = {}
        for name, side, flag in (("insured", insured, True), ("uninsured", uninsured, False)):
            verdicts = {self.verdict(side)}
            if high is not None:
                verdicts.add(self.verdict(self.side(flag, Fraction(high))))
            scenarios[name] = self.shown(side.countable, verdicts.pop() if len(verdicts) == 1 else "depends")
        plain = "unknown"
        if not self.undecided:
            plain = "within" if insured.other < self.line * self.size else "over"
        return {
            "contributions": {
                name: {
                    "base": money(line.base),
                    "employee": money(line.employee),
                    "employer": money(line.employer),
                    "outdated_since": line.outdated_since,
                }
                for name, line in first.lines.items()
            },
            "complete": not any(line.employee_open or line.employer_open for line in first.lines.values()),
            "employee_total": money(first.total("employee")),
            "employer_total": money(first.total("employer")),
            "income_tax": money(first.tax),
            "take_home": {"insured": money(first.take_home), "uninsured": money(bare.take_home)},
            "dibao": {
                **scenarios,
                "other_reading": self.shown(insured.other, plain),
                "net_cost_to_household": self.net_cost(first, bare, insured, uninsured),
            },
        }

    def shown(self, countable: Fraction, verdict: str) -> dict[str, Any]:
        benefit = self.benefit(countable) if self.dibao == "receiving" else None
        head = rounded(countable / self.size, mode="down")
        return {
            "countable_income": money(countable),
            "per_capita_income": money(head),
            "verdict": verdict,
            "benefit": money(benefit),
        }

    def net_cost(self, first: Pay, bare: Pay, insured: Side, uninsured: Side) -> dict[str, str | None]:
        unknown: dict[str, str | None] = {"low": None, "high": None}
        if first.take_home is None:
            return unknown
        plain = bare.take_home - first.take_home
        costs = [] if self.dibao == "receiving" else [plain]
        if self.dibao in ("receiving", "applying", "unknown"):
            for paid, unpaid in ((insured.countable, uninsured.countable), (insured.other, uninsured.other)):
                if (with_it := self.benefit(paid)) is None:
                    return unknown
                costs.append(plain + self.benefit(unpaid) - with_it)
        return {"low": money(min(costs)), "high": money(max(costs))}


TOPICS = {
    "work_cost": "work_cost_deduction",
    "flexible": "work_cost_deduction_flexible",
    "hardship": "income_reduction_hardship",
    "hardship_open": "rigid_expenditure_deduction",
    "support_rule": "support_income_formula",
    "new_job": "employment_income_disregard",
}


def answer(case: dict[str, Any], today: date) -> dict[str, Any]:
    return Home(case, today).answer()


def within(case: dict[str, Any], wage: str, today: date) -> bool:
    """Is the household within by the national reading, with this wage of the first earner?"""
    first, *rest = case["household"]["earners"]
    home = Home(
        {**case, "household": {**case["household"], "earners": [{**first, "wage": wage}, *rest]}}, today
    )
    low = Fraction(case["household"].get("other_income", 0))
    return home.line is not None and home.side(True, low).countable < home.line * home.size
