"""A strategy as plain data: what a store keeps and a page shows, frozen with the trace that made it. Amounts are fen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calculator.contributions import Line
from policy_kb.answer import step_json
from profiles.changes import Change, value_json
from profiles.found import Exposure, Found
from profiles.lawful import LawfulBase
from profiles.profile import Conflict
from profiles.settling import Settlement
from profiles.strategy import Strategy


def strategy_data(strategy: Strategy) -> dict[str, Any]:
    """Everything of a strategy but whose it is and its key."""
    told = strategy.explanation
    return {
        "kind": strategy.kind,
        "acts": list(strategy.acts),
        "month": strategy.month.isoformat(),
        "tells_dibao": strategy.tells_dibao,
        "private": strategy.private,
        "automatic": strategy.automatic,
        "reasons": [
            {"code": each.code, "figures": dict(each.figures), "sources": list(each.sources)}
            for each in strategy.reasons
        ],
        "steps": [step_json(each) | {"unit": each.unit} for each in strategy.steps],
        "base": None if strategy.base is None else _base(strategy.base),
        "declared": strategy.declared,
        "found": [_found(each) for each in strategy.found],
        "settlement": None if strategy.settlement is None else _settlement(strategy.settlement),
        "conflicts": [_conflict(each) for each in strategy.conflicts],
        "explanation": None if told is None else {"code": told.code, "figures": dict(told.figures)},
        "sources": list(strategy.sources),
        "purposes": list(strategy.purposes),
    }


def _base(base: LawfulBase) -> dict[str, Any]:
    return {
        "wage": base.wage,
        "region": base.job.region,
        "lowest": base.lowest,
        "employee": base.employee,
        "employer": base.employer,
        "complete": base.complete,
        "lines": [_line(each) for each in base.lines],
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "insurance": line.terms.insurance,
        "base": None if line.base is None else int(line.base),
        "employee": None if line.employee is None else int(line.employee),
        "employer": None if line.employer is None else int(line.employer),
        "source": line.terms.source,
    }


def _found(found: Found) -> dict[str, Any]:
    exposure = found.exposure
    return {
        "state": found.state,
        "why_not": found.why_not,
        "exposure": None if exposure is None else _exposure(exposure),
    }


def _exposure(exposure: Exposure) -> dict[str, Any]:
    return {
        "on": exposure.on.isoformat(),
        "months": [
            {
                "month": each.month.isoformat(),
                "employee": each.employee,
                "employer": each.employer,
                "late_from": each.late_from.isoformat(),
            }
            for each in exposure.months
        ],
        "daily_rate": exposure.daily_rate,
        "employee": exposure.employee,
        "employer": exposure.employer,
        "late_fee": exposure.late_fee(exposure.on),
        "fine": list(exposure.fine),
        "hidden_fine": list(exposure.hidden_fine),
        "severance": exposure.severance,
        "employee_monthly": exposure.employee_monthly,
        "employer_monthly": exposure.employer_monthly,
        "complete": exposure.complete,
        "assumed": exposure.assumed,
        "due": exposure.due,
        "sources": list(exposure.sources),
    }


def _settlement(settlement: Settlement) -> Mapping[str, Any]:
    return {
        "months": [
            {"month": each.month.isoformat(), "employee": each.employee, "employer": each.employer}
            for each in settlement.months
        ],
        "catch_up": settlement.catch_up,
        "until": None if settlement.until is None else settlement.until.isoformat(),
        "late_fee": settlement.late_fee,
        "assumed": settlement.assumed,
        "complete": settlement.complete,
    }


def _conflict(conflict: Conflict) -> dict[str, Any]:
    return {
        "what": conflict.counts.what,
        "counts": _change(conflict.counts),
        "against": _change(conflict.against),
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "value": value_json(change.value),
        "holds_from": change.holds_from.isoformat(),
        "source": change.source,
        "standing": change.standing,
        "said_by": change.said_by,
    }
