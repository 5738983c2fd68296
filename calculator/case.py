"""One household as it was asked about, and the reading of it from JSON with an error that names the field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, cast, get_args

from calculator.fields import FieldReader, InputError, Problem
from calculator.money import Fen, Ppm

Area = Literal["urban", "rural"]
DibaoStatus = Literal["none", "applying", "receiving", "suspended", "ended", "unknown"]
Employment = Literal["employee", "part_time", "flexible", "dispatched", "retired", "student"]
BaseStrategy = Literal["lawful", "floor"]

#: Whose money is not from work 就业, so that no work cost comes off.
NOT_AT_WORK: Final = ("retired", "student")

EARLIEST: Final = date(2015, 1, 1)
DAYS_AHEAD: Final = 400
LARGEST_SIZE: Final = 30
MOST_EARNERS: Final = 10
MOST_SUPPORTERS: Final = 20
FUND_RATES: Final[tuple[Ppm, Ppm]] = (50_000, 120_000)  # 住房公积金管理条例: 5 % to 12 % a side


@dataclass(frozen=True, slots=True)
class Earner:
    """A household member who earns; amounts in fen a month. `region` is where this job is insured."""

    wage: Fen
    region: str
    base_wage: Fen | None = None
    employment: Employment = "employee"
    insured: bool = True
    injury_class: int = 1
    housing_fund_rate: Ppm | None = None
    cash_in_lieu: Fen = 0
    new_job_since: date | None = None
    reported: bool | None = None
    wage_is_net: bool = False

    @property
    def works(self) -> bool:
        """Whether the wage is from work 就业成员, so that work costs may come off."""
        return self.wage > 0 and self.employment not in NOT_AT_WORK


@dataclass(frozen=True, slots=True)
class Supporter:
    """A household that owes support 赡养、抚养、扶养义务人家庭."""

    income: Fen
    size: int


@dataclass(frozen=True, slots=True)
class Household:
    """The people on the dibao book 共同生活家庭成员 and their income; the first earner is the one who asks."""

    size: int
    earners: tuple[Earner, ...]
    employee_on_book: bool | None = True
    other_income: Fen = 0
    other_income_high: Fen | None = None
    dibao: DibaoStatus = "unknown"
    received_monthly: Fen | None = None
    severely_ill: int = 0
    severely_disabled: int = 0
    single_parent: bool = False
    supporters: tuple[Supporter, ...] = ()
    former_benefit: Fen | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One question: this household, this job, this home, this day. `assumed` names the fields nobody answered."""

    region: str
    dibao_region: str
    on: date
    as_of: date
    household: Household
    area: Area | None = None
    standard_monthly: Fen | None = None
    base_strategy: BaseStrategy = "lawful"
    assumed: frozenset[str] = frozenset()


def read_case(data: object, find_region: Callable[[str], str], today: date) -> Case:
    """A case from the JSON of `shebao calculate` and `POST /api/v1/calculations`.

    Raises `InputError` with every problem found, in the order of the fields.
    """
    problems: list[Problem] = []
    if not isinstance(data, Mapping):
        raise InputError(Problem("bad_json", "body", expects="object"))
    top = FieldReader(data, "", problems, find_region)
    region = top.region("region", required=True) or ""
    dibao_region = top.region("dibao_region") or region
    area = top.choice("area", ("urban", "rural", "unknown"), "unknown")
    on = top.day("on", EARLIEST, today + timedelta(days=DAYS_AHEAD)) or today
    as_of = top.day("as_of", EARLIEST, today + timedelta(days=DAYS_AHEAD)) or max(on, today)
    household, assumed = _read_household(top.part("household"), region, on)
    standard = top.amount("standard_monthly")
    strategy = top.choice("base_strategy", get_args(BaseStrategy), "lawful")
    top.close()
    if problems:
        raise InputError(*problems)
    return Case(
        region=region,
        dibao_region=dibao_region,
        on=on,
        as_of=as_of,
        household=household,
        area=None if area == "unknown" else cast(Area, area),
        standard_monthly=standard,
        base_strategy=cast(BaseStrategy, strategy),
        assumed=assumed,
    )


def _read_household(part: FieldReader, region: str, on: date) -> tuple[Household, frozenset[str]]:
    size = part.count("size", 1, LARGEST_SIZE)
    asked = part.has("employee_on_book")
    on_book = part.optional_flag("employee_on_book")
    other_income = part.amount("other_income")
    high = part.amount("other_income_high")
    if high is not None and high < (other_income or 0):
        part.fail("out_of_range", "other_income_high", "at_least_other_income")
    status = part.choice("dibao", get_args(DibaoStatus), "unknown")
    received = part.amount("received_monthly")
    earners = tuple(_read_earner(earner, region, on) for earner in part.parts("earners", 1, MOST_EARNERS))
    counted = len(earners) - (on_book is False)
    if size is not None and size < counted:
        part.fail("out_of_range", "size", "at_least_earners", low=str(counted))
    household = Household(
        size=size or 1,
        earners=earners,
        employee_on_book=on_book if asked else True,
        other_income=other_income or 0,
        other_income_high=high,
        dibao=cast(DibaoStatus, status),
        received_monthly=received,
        severely_ill=part.count("severely_ill", 0, LARGEST_SIZE, 0) or 0,
        severely_disabled=part.count("severely_disabled", 0, LARGEST_SIZE, 0) or 0,
        single_parent=part.flag("single_parent", default=False),
        supporters=tuple(_read_supporter(each) for each in part.parts("supporters", 0, MOST_SUPPORTERS)),
        former_benefit=part.amount("former_benefit"),
    )
    part.close()
    assumed = {
        name
        for name, known in (("employee_on_book", asked), ("other_income", other_income is not None))
        if not known
    }
    return household, frozenset(assumed)


def _read_earner(part: FieldReader, region: str, on: date) -> Earner:
    earner = Earner(
        wage=part.amount("wage", required=True) or 0,
        region=part.region("region") or region,
        base_wage=part.amount("base_wage"),
        employment=cast(Employment, part.choice("employment", get_args(Employment), "employee")),
        insured=part.flag("insured", default=True),
        injury_class=part.count("injury_class", 1, 8, 1) or 1,
        housing_fund_rate=part.rate("housing_fund_rate", *FUND_RATES),
        cash_in_lieu=part.amount("cash_in_lieu") or 0,
        new_job_since=part.day("new_job_since", high=on),
        reported=part.optional_flag("reported"),
        wage_is_net=part.flag("wage_is_net", default=False),
    )
    part.close()
    return earner


def _read_supporter(part: FieldReader) -> Supporter:
    supporter = Supporter(
        income=part.amount("income", required=True) or 0, size=part.count("size", 1, LARGEST_SIZE) or 1
    )
    part.close()
    return supporter
