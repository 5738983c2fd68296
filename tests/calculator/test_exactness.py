"""Exact to the fen: every figure of random households against fractions that were worked out independently."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

import households
import numpy as np
import oracle
import pytest
from households import TODAY

from calculator.assessment import Home, with_gross_wages
from calculator.case import Case, read_case
from calculator.contributions import earn
from calculator.money import LARGEST, AmountTooLarge, Mode, Rounding, share
from calculator.rules import Rules
from policy_kb.calculation import calculate
from policy_kb.compiled import load

LIBRARY = load()
FILES = households.with_files()
EVERYWHERE = households.all_regions()
MODES: tuple[Mode, ...] = ("up", "down", "half_up", "half_even")


def cases(seed: int, count: int) -> Iterator[dict[str, Any]]:
    random = Random(seed)
    for _ in range(count):
        yield households.household(random, FILES, EVERYWHERE)


def prepared(data: dict[str, Any]) -> tuple[Case, Rules]:
    case = read_case(data, LIBRARY.divisions.find, TODAY)
    rules = LIBRARY.rules(case)
    return with_gross_wages(case, rules), rules


def shape(got: dict[str, Any], like: dict[str, Any]) -> dict[str, Any]:
    """The figures of an answer that the oracle has as well, in its shape."""
    lines = {line["insurance"]: line for line in got["contributions"]}
    assert len(lines) == len(got["contributions"])
    wanted = like["contributions"].values()
    keys = next(iter(wanted), {}).keys()
    found = {name: {key: line[key] for key in keys} for name, line in lines.items()}
    return {**narrowed(got, {**like, "contributions": None}), "contributions": found}


def narrowed(got: Any, like: Any) -> Any:
    if not isinstance(like, dict) or got is None:
        return got
    return {key: narrowed(got[key], value) for key, value in like.items()}


def differences(got: Any, want: Any, path: str = "") -> Iterator[str]:
    if isinstance(got, dict) and isinstance(want, dict):
        for key in sorted({*got, *want}):
            yield from differences(
                got.get(key, "absent"), want.get(key, "absent"), f"{path}.{key}".lstrip(".")
            )
    elif got != want:
        yield f"{path}: got {got}, want {want}"


def fen(amount: str) -> int:
    return round(Fraction(amount) * 100)


def complaints(case: dict[str, Any]) -> Iterator[str]:
    """Where an answer differs from the oracle's, or breaks a promise that holds for every household."""
    got, want = calculate(LIBRARY, case, TODAY), oracle.answer(case, TODAY)
    yield from differences(shape(got, want), want)
    dibao = got["dibao"]
    insured, uninsured = (fen(dibao[name]["countable_income"]) for name in ("insured", "uninsured"))
    if insured > uninsured:
        yield f"paying raised countable income from {uninsured} to {insured}"
    low, high = dibao["net_cost_to_household"].values()
    # Cash instead of insurance is taxed, and where tax is not deducted it can leave less than insurance does.
    cash = fen(case["household"]["earners"][0].get("cash_in_lieu", "0"))
    if low is not None and not (fen(low) <= fen(high) and (cash or fen(low) >= 0)):
        yield f"net cost from {low} to {high}"


def check(each: Iterable[dict[str, Any]]) -> None:
    wrong = [(complaint, case) for case in each for complaint in complaints(case)]
    kinds = {complaint.split(":")[0]: f"{complaint}\n  {case}" for complaint, case in reversed(wrong)}
    assert not wrong, f"{len(wrong)} complaints, of each kind the first:\n" + "\n".join(kinds.values())


@pytest.mark.parametrize("seed", range(6))
def test_random_households_agree_with_the_oracle(seed: int) -> None:
    check(cases(seed, 250))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 140))
def test_ten_thousand_and_more_households_agree_with_the_oracle(seed: int) -> None:
    check(cases(seed, 400))


@pytest.mark.parametrize("region", FILES)
def test_every_region_in_every_quarter(region: str) -> None:
    earner = {"wage": "6000.01", "housing_fund_rate": "0.07"}
    check(
        {
            "region": region,
            "on": f"{year}-{day}",
            "area": "urban",
            "household": {
                "size": 2,
                "other_income": "0",
                "dibao": "receiving",
                "earners": [{**earner, "injury_class": year % 8 + 1}],
            },
        }
        for year in range(2019, 2028)
        for day in ("01-15", "08-15")
    )


# At the line -------------------------------------------------------------------------------------------------


def on_the_line(random: Random) -> Iterator[tuple[str, dict[str, Any]]]:
    """A household whose countable income is line × size to the fen, then a fen less, then a fen more."""
    case = households.household(random, FILES, EVERYWHERE)
    home = case["household"]
    home.update(employee_on_book=True, supporters=[], size=random.randint(len(home["earners"]), 30))
    home.pop("other_income_high", None)
    case["standard_monthly"] = oracle.money(Fraction(random.randint(50000, 2000000), 100))
    home["other_income"] = "0"
    limit = Fraction(case["standard_monthly"]) * home["size"]
    counted = Fraction(oracle.answer(case, TODAY)["dibao"]["insured"]["countable_income"])
    if 0 < counted < limit:
        for name, step in (("at", 0), ("below", -1), ("above", 1)):
            other = oracle.money(limit - counted + step * oracle.FEN)
            yield name, {**case, "household": {**home, "other_income": other}}


def check_the_line(seed: int, count: int) -> None:
    random = Random(seed)
    seen = 0
    for _ in range(count):
        for name, case in on_the_line(random):
            got = calculate(LIBRARY, case, TODAY)["dibao"]["insured"]
            limit = fen(case["standard_monthly"]) * case["household"]["size"]
            apart = fen(got["countable_income"]) - limit
            assert apart == {"at": 0, "below": -1, "above": 1}[name], case
            assert (got["verdict"] in ("within", "depends")) == (name == "below"), (name, got, case)
            seen += 1
    assert seen > count


def test_strictly_below_the_line() -> None:
    check_the_line(1, 400)


@pytest.mark.soak
def test_strictly_below_the_line_thousands_of_times() -> None:
    check_the_line(2, 8000)


@pytest.mark.parametrize(
    ("other_income", "verdict", "benefit"),
    [("5800.00", "over", "0.00"), ("5799.99", "within", "0.01"), ("5800.01", "over", "0.00")],
)
def test_the_line_itself_is_not_below_the_line(other_income: str, verdict: str, benefit: str) -> None:
    household = {"size": 4, "dibao": "receiving", "other_income": other_income, "earners": [{"wage": "0"}]}
    case = {"region": "110000", "on": "2026-10-15", "household": household}
    got = calculate(LIBRARY, case, TODAY)["dibao"]
    for reading in ("insured", "uninsured", "other_reading"):
        assert (got[reading]["verdict"], got[reading]["benefit"]) == (verdict, benefit)


def test_a_rounded_head_never_decides() -> None:
    """Three people on 1450: 4349.99 is 1449.99 a head, rounded down; 4350.00 is not below."""
    for other_income, verdict in (("4349.99", "within"), ("4350.00", "over")):
        household = {"size": 3, "other_income": other_income, "earners": [{"wage": "0"}]}
        case = {"region": "110000", "on": "2026-10-15", "household": household}
        assert calculate(LIBRARY, case, TODAY)["dibao"]["insured"]["verdict"] == verdict


# Shares ------------------------------------------------------------------------------------------------------


def rates_on_record() -> list[int]:
    found = {50_000, 70_000, 80_000, 85_000, 120_000, 1, 999_999, 1_000_000, 2_280}
    for code in (*FILES, oracle.NATION):
        for notice in oracle.region_file(code).get("notices") or ():
            for value in notice["values"].values():
                rates = [value.get(f"{side}_rate") for side in ("employee", "employer")]
                rates += (value.get("rate_classes") or {}).values()
                found |= {int(Fraction(rate) * 10**6) for rate in rates if rate is not None}
    return sorted(found)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("unit", [1, 10, 100])
def test_shares_are_rounded_as_fractions_are(mode: Mode, unit: int) -> None:
    random = Random(unit)
    rounding = Rounding(mode, unit)
    for rate in rates_on_record():
        bases = [0, 1, LARGEST, 350_025, *(random.randrange(4_000_000) for _ in range(40))]
        bases += [50_000 * random.randrange(1, 80) for _ in range(10)]
        column = share(np.array(bases, dtype=np.int64), rate, rounding)
        for base, from_column in zip(bases, column, strict=True):
            exact = Fraction(base, 100) * Fraction(rate, 10**6)
            wanted = oracle.rounded(exact, unit * oracle.FEN, mode) * 100
            assert wanted == share(base, rate, rounding) == int(from_column), (base, rate)


@pytest.mark.soak
@pytest.mark.parametrize("mode", MODES)
def test_every_base_by_every_rate(mode: Mode) -> None:
    """Every base up to 40 000 yuan: what was paid lies where the rounding mode says, and nowhere else."""
    bases = np.arange(4_000_001, dtype=np.int64)
    for unit in (1, 10, 100):
        whole = 10**6 * unit
        for rate in rates_on_record():
            paid = share(bases, rate, Rounding(mode, unit))
            more = paid * 10**6 - bases * rate
            assert not (paid % unit).any()
            low, high = {
                "up": (0, whole - 1),
                "down": (1 - whole, 0),
                "half_up": (1 - whole // 2, whole // 2),
                "half_even": (-(whole // 2), whole // 2),
            }[mode]
            assert more.min() >= low, (rate, unit)
            assert more.max() <= high, (rate, unit)
            if mode == "half_even":
                assert not (paid // unit % 2)[abs(more) == whole // 2].any(), (rate, unit)


# One text for ints and columns --------------------------------------------------------------------------------


def check_both_worlds(seed: int, count: int) -> None:
    random = Random(seed)
    for data in cases(seed, count):
        case, rules = prepared(data)
        first, *rest = case.household.earners
        wages = [1, 100, first.wage or 7, *(random.randrange(1, 6_000_000) for _ in range(5)), 10**9]
        column = np.array(wages, dtype=np.int64)
        home = Home(case, rules, None)
        for insured in (True, False):
            month, counted = home.countable_over(column, insured=insured)
            for index, wage in enumerate(wages):
                earners = (replace(first, wage=wage), *rest)
                single = replace(case, household=replace(case.household, earners=earners))
                alone = earn(
                    earners[0], wage, rules.jobs[0], None, insured=insured, strategy=case.base_strategy
                )
                count_alone = Home(single, rules, None).count(alone, "")
                pairs = [(getattr(alone, name), getattr(month, name)) for name in EARNED]
                pairs += list(zip(count_alone, counted, strict=True))
                for one, many in pairs:
                    assert isinstance(one, int)
                    assert one == int(np.broadcast_to(many, column.shape)[index]), (data, wage, insured)


EARNED = ("wage", "own_insurance", "own_fund", "employer_total", "tax", "take_home", "net")


def test_one_household_and_a_column_of_them_agree() -> None:
    check_both_worlds(5, 150)


@pytest.mark.soak
def test_one_household_and_a_column_of_them_agree_thousands_of_times() -> None:
    check_both_worlds(6, 3000)


def test_wage_zero_in_a_column_owes_nothing() -> None:
    case, rules = prepared(plain("110000", "6000"))
    month = earn(
        case.household.earners[0], np.array([0, 1], dtype=np.int64), rules.jobs[0], None, insured=True
    )
    assert month.own_insurance.tolist()[0] == month.employer_total.tolist()[0] == month.tax.tolist()[0] == 0
    assert month.own_insurance.tolist()[1] == 76_635


@pytest.mark.parametrize("amount", [10**14, 10**15])
def test_an_amount_that_would_leave_64_bits_is_refused(amount: int) -> None:
    """Also where only the tax sees it: 10^14 fen at 45 % no longer fits."""
    for too_large in (LARGEST + 1, np.array([LARGEST + 1])):
        with pytest.raises(AmountTooLarge):
            share(too_large, 1)
    column = np.array([0, amount], dtype=np.int64)
    for one in (amount, column):
        with pytest.raises(AmountTooLarge):
            share(one, 80_000)
    case, rules = prepared(plain("110000", "6000"))
    for insured in (True, False):
        with pytest.raises(AmountTooLarge):
            earn(case.household.earners[0], column, rules.jobs[0], None, insured=insured)


# Searching for a wage ----------------------------------------------------------------------------------------


def plain(region: str, wage: str, **household: Any) -> dict[str, Any]:
    home = {"size": 3, "dibao": "receiving", "other_income": "0", "earners": [{"wage": wage}], **household}
    return {"region": region, "on": "2026-10-15", "household": home}


def some_households(seed: int, count: int) -> Iterator[dict[str, Any]]:
    """Households with an entered line, on the book, so that there is a break-even wage to look for."""
    random = Random(seed)
    for _ in range(count):
        case = households.household(random, FILES, EVERYWHERE)
        case["household"]["employee_on_book"] = True
        case["household"].pop("other_income_high", None)
        case["standard_monthly"] = households.fen(random, 600, 3000)
        yield case


def check_break_even(case: dict[str, Any], step: int) -> None:
    """By brute force: every `step`-th fen around the answer, and a coarse grid above it."""
    answer = calculate(LIBRARY, case, TODAY)["dibao"]["break_even_wage"]
    coarse = [*range(0, 200_000, 10_007), *range(200_000, 5_000_000, 200_003), 10**8, 10**9]
    if answer is None:
        assert not any(oracle.within(case, yuan(wage), TODAY) for wage in (*range(0, 300, step), *coarse)), (
            case
        )
        return
    best = fen(answer)
    assert oracle.within(case, answer, TODAY), case
    window = [*range(1, 400), *range(400, 2_000, step)]
    for wage in [best + each for each in window] + [each for each in coarse if each > best]:
        assert wage > 10**9 or not oracle.within(case, yuan(wage), TODAY), (wage, case)


def yuan(wage: int) -> str:
    return oracle.money(Fraction(wage, 100)) or ""


def test_break_even_by_brute_force() -> None:
    for case in some_households(11, 24):
        check_break_even(case, step=13)


@pytest.mark.soak
def test_break_even_by_brute_force_fen_by_fen() -> None:
    for case in some_households(12, 250):
        check_break_even(case, step=1)


def take_home(case: dict[str, Any], wage: int) -> Fraction:
    first = {**case["household"]["earners"][0], "wage": yuan(wage), "wage_is_net": False}
    home = oracle.Home({**case, "household": {**case["household"], "earners": [first]}}, TODAY)
    paid = oracle.pay(home.earners[0], home.earners[0]["insured"], home.on, home.as_of, home.strategy)
    assert paid.take_home is not None
    return paid.take_home


def check_gross(case: dict[str, Any], step: int) -> None:
    """`wage_is_net`: nothing below the gross that was found leaves as much."""
    got = calculate(LIBRARY, case, TODAY)
    wanted = Fraction(case["household"]["earners"][0]["wage"])
    gross = fen(got["inputs"]["household"]["earners"][0]["wage"])
    assert take_home(case, gross) >= wanted, case
    below = [gross - each for each in (*range(1, 400), *range(400, 2_000, step))]
    for wage in (*below, *range(0, gross, 20_011)):
        assert wage < 0 or take_home(case, wage) < wanted, (wage, case)
    check([case])


def net_wages(seed: int, count: int) -> Iterator[dict[str, Any]]:
    for case in some_households(seed, count):
        first = case["household"]["earners"][0]
        yield {
            **case,
            "household": {
                **case["household"],
                "earners": [{**first, "cash_in_lieu": "0", "wage_is_net": True}],
            },
        }


def test_gross_from_net_by_brute_force() -> None:
    for case in net_wages(21, 24):
        check_gross(case, step=13)


@pytest.mark.soak
def test_gross_from_net_by_brute_force_fen_by_fen() -> None:
    for case in net_wages(22, 300):
        check_gross(case, step=1)
