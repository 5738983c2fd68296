"""A strategy as plain data, as `KeptStrategy.data` holds it."""

from __future__ import annotations

from typing import Any

from profiles.changes import Change, value_json
from profiles.strategy import Strategy


def change_data(c: Change) -> dict[str, Any]:
    return {
        "what": c.what,
        "value": value_json(c.value),
        "holds_from": c.holds_from.isoformat(),
        "said_by": c.said_by,
        "written_at": c.written_at.isoformat(),
        "source": c.source,
        "standing": c.standing,
        "reference": c.reference,
    }


def strategy_data(s: Strategy) -> dict[str, Any]:
    return {
        "kind": s.kind,
        "acts": list(s.acts),
        "month": s.month.isoformat(),
        "reasons": [
            {"code": r.code, "figures": dict(r.figures), "sources": list(r.sources)} for r in s.reasons
        ],
        "steps": [
            {
                "key": t.key,
                "value": None if t.value is None else int(t.value),
                "inputs": list(t.inputs),
                "rule": t.rule,
                "source": t.source,
                "rounding": None if t.rounding is None else [t.rounding.mode, t.rounding.unit],
                "unit": t.unit,
            }
            for t in s.steps
        ],
        "base": None
        if s.base is None
        else {
            "wage": s.base.wage,
            "lowest": s.base.lowest,
            "employee": s.base.employee,
            "employer": s.base.employer,
            "complete": s.base.complete,
            "lines": [
                {
                    "insurance": line.terms.insurance,
                    "base": line.base,
                    "employee": line.employee,
                    "employer": line.employer,
                    "source": line.terms.source,
                }
                for line in s.base.lines
            ],
        },
        "declared": s.declared,
        "found": [
            {"state": f.state, "why_not": f.why_not}
            | (
                {}
                if f.exposure is None
                else {
                    "arrears": f.exposure.arrears,
                    "employee": f.exposure.employee,
                    "employer": f.exposure.employer,
                    "late_fee": f.exposure.late_fee(f.exposure.on),
                    "on": f.exposure.on.isoformat(),
                    "months": [
                        {
                            "month": m.month.isoformat(),
                            "employee": m.employee,
                            "employer": m.employer,
                            "late_from": m.late_from.isoformat(),
                        }
                        for m in f.exposure.months
                    ],
                    "fine": list(f.exposure.fine),
                    "hidden_fine": list(f.exposure.hidden_fine),
                    "severance": f.exposure.severance,
                    "employee_monthly": f.exposure.employee_monthly,
                    "employer_monthly": f.exposure.employer_monthly,
                    "complete": f.exposure.complete,
                    "assumed": f.exposure.assumed,
                    "due": f.exposure.due,
                    "daily_rate": f.exposure.daily_rate,
                }
            )
            for f in s.found
        ],
        "settlement": None
        if s.settlement is None
        else {
            "months": [
                {"month": m.month.isoformat(), "employee": m.employee, "employer": m.employer}
                for m in s.settlement.months
            ],
            "catch_up": s.settlement.catch_up,
            "until": None if s.settlement.until is None else s.settlement.until.isoformat(),
            "late_fee": s.settlement.late_fee,
            "assumed": s.settlement.assumed,
            "complete": s.settlement.complete,
            "employee": s.settlement.employee,
            "employer": s.settlement.employer,
        },
        "conflicts": [
            {"counts": change_data(c.counts), "against": change_data(c.against)} for c in s.conflicts
        ],
        "explanation": None
        if s.explanation is None
        else {"code": s.explanation.code, "figures": dict(s.explanation.figures)},
        "sources": list(s.sources),
    }
