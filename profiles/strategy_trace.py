"""The trace of a strategy: every figure as a step, with what it is made of (the steps of `calculator.trace`)."""

from __future__ import annotations

from collections.abc import Iterator

from calculator.exposure import days_late, late_fee
from calculator.money import TO_THE_FEN, Fen
from calculator.trace import Step
from policy_kb.exposures import LATE_FEE
from profiles.found import Exposure, Found, State
from profiles.lawful import LawfulBase
from profiles.settling import Settlement


def trace(
    base: LawfulBase | None, declared: Fen | None, found: tuple[Found, ...], settlement: Settlement | None
) -> Iterator[Step]:
    """Every figure of a strategy, each with what it is made of."""
    if base is not None:
        yield from base.steps
        if declared is not None:
            yield Step("declared_base", declared)
    for state in found:
        if state.exposure is not None:
            yield from _exposed(state.state, state.exposure)
    if settlement is not None:
        yield from _settled(settlement)


def _exposed(state: State, exposure: Exposure) -> Iterator[Step]:
    arrears, fees = [], []
    yield Step("late_fee_rate", exposure.daily_rate, rule="looked_up", source=LATE_FEE, unit="ppm")
    for month in exposure.months:
        at = f"{state}.{month.month:%Y-%m}"
        days = days_late(month.late_from, exposure.on)
        fee = late_fee(month.total, exposure.daily_rate, month.late_from, exposure.on)
        yield Step(f"arrears.{at}", month.total, rule="arrears", source="SIL-63")
        yield Step(f"days_late.{at}", days, unit="count")
        yield Step(
            f"late_fee.{at}",
            fee,
            (f"arrears.{at}", "late_fee_rate", f"days_late.{at}"),
            "late_fee",
            LATE_FEE,
            TO_THE_FEN,
        )
        arrears.append(f"arrears.{at}")
        fees.append(f"late_fee.{at}")
    yield Step(f"arrears.{state}", exposure.arrears, tuple(arrears), "sum")
    yield Step(f"late_fee.{state}", exposure.late_fee(exposure.on), tuple(fees), "sum")


def _settled(settlement: Settlement) -> Iterator[Step]:
    for side in ("employee", "employer"):
        keys = []
        for month in settlement.months:
            keys.append(f"difference.{side}.{month.month:%Y-%m}")
            amount = month.employee if side == "employee" else month.employer
            yield Step(keys[-1], amount, rule="difference", source="SIL-12")
        total = settlement.employee if side == "employee" else settlement.employer
        yield Step(f"difference.{side}", total, tuple(keys), "sum")
    if settlement.catch_up == "over":
        yield Step("late_fee.difference", settlement.late_fee, rule="late_fee", source=LATE_FEE)
