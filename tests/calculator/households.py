"""Random households with a seed: every region that has a file, counties that have none, all days and employments."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from random import Random
from typing import Any

import oracle

TODAY = date(2026, 11, 22)
FIRST, LAST = date(2019, 1, 1), date(2027, 12, 20)
EMPLOYMENTS = (
    "employee",
    "employee",
    "employee",
    "part_time",
    "flexible",
    "dispatched",
    "retired",
    "student",
)
STATES = ("receiving", "receiving", "receiving", "applying", "suspended", "ended", "none", "unknown")
RULED = ("110000", "110105", "310000", "310115", "330100", "330200", "350100", "320100", "440100", "231000")


def with_files() -> list[str]:
    return sorted(
        path.stem for path in (oracle.HOUSE / "regions").glob("*.yaml") if path.stem != oracle.NATION
    )


def all_regions() -> list[str]:
    return sorted(oracle.divisions())


def household(random: Random, files: list[str], everywhere: list[str]) -> dict[str, Any]:
    """One case as JSON data; some of them sit within a fen of the line."""
    region = random.choice(files) if random.random() < 0.85 else random.choice(everywhere)
    place = random.choice((region, random.choice(files), random.choice(everywhere), *RULED[:5]))
    on = FIRST + timedelta(random.randrange((LAST - FIRST).days))
    if random.random() < 0.5:
        on = date(2024, 6, 1) + timedelta(random.randrange(1000))
    earners = [earner(random, index, files, on) for index in range(random.choice((1, 1, 1, 2, 2, 3)))]
    home: dict[str, Any] = {
        "size": random.randint(len(earners), len(earners) + 4),
        "employee_on_book": random.choice((True,) * 8 + (False, None)),
        "other_income": fen(random, 0, 3000) if random.random() < 0.5 else "0",
        "dibao": random.choice(STATES),
        "severely_ill": int(random.random() < 0.15),
        "severely_disabled": int(random.random() < 0.1),
        "single_parent": random.random() < 0.1,
        "earners": earners,
    }
    if random.random() < 0.12:
        home["supporters"] = [
            {"income": fen(random, 0, 20000), "size": random.randint(1, 4)} for _ in range(2)
        ]
    if random.random() < 0.12:
        home["other_income_high"] = oracle.money(
            Fraction(home["other_income"]) + random.randint(0, 300000) * oracle.FEN
        )
    case = {"region": region, "dibao_region": place, "on": on.isoformat(), "household": home}
    case["area"] = random.choice(("urban", "rural", None))
    if random.random() < 0.1:
        case["as_of"] = min(on + timedelta(random.randint(-400, 300)), LAST).isoformat()
    if random.random() < 0.06:
        case["base_strategy"] = "floor"
    if random.random() < 0.35:
        case["standard_monthly"] = fen(random, 300, 1800)
    elif random.random() < 0.5:
        at_the_line(random, case)
    return case


def earner(random: Random, index: int, files: list[str], on: date) -> dict[str, Any]:
    wage = random.choice(
        (fen(random, 0, 3000), fen(random, 2500, 9000), fen(random, 8000, 50000), "0", "4200")
    )
    given: dict[str, Any] = {
        "wage": wage,
        "employment": random.choice(EMPLOYMENTS),
        "insured": random.random() < 0.75,
    }
    if index and random.random() < 0.6:
        given["region"] = random.choice(files)
    if random.random() < 0.15:
        given["injury_class"] = random.randint(1, 8)
    if random.random() < 0.2:
        given["housing_fund_rate"] = random.choice(("0.05", "0.07", "0.08", "0.12", "0.1"))
    if random.random() < 0.15:
        given["base_wage"] = fen(random, 0, 40000)
    if index == 0 and random.random() < 0.1:
        given["cash_in_lieu"] = fen(random, 0, 1000)
    if random.random() < 0.2:
        given["new_job_since"] = (on - timedelta(random.randint(0, 450))).isoformat()
    return given


def at_the_line(random: Random, case: dict[str, Any]) -> None:
    """Enter a line so that line × size equals the countable income of one of the readings, or is a fen off."""
    home = case["household"]
    case["standard_monthly"] = "1000.00"
    found = oracle.answer(case, TODAY)["dibao"][random.choice(("insured", "uninsured", "other_reading"))]
    wanted = Fraction(found["countable_income"]) / home["size"]
    line = oracle.rounded(wanted) + random.choice((-1, 0, 0, 0, 1)) * oracle.FEN
    case["standard_monthly"] = oracle.money(min(max(line, Fraction(0)), Fraction(10**7)))


def fen(random: Random, low: int, high: int) -> str:
    return oracle.money(Fraction(random.randint(low * 100, high * 100), 100)) or ""
