"""The answer to one case as the JSON of `shebao calculate` and `POST /api/v1/calculations`."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Any

from calculator.assessment import Alone, Assessment, Outcome
from calculator.case import Case, Earner
from calculator.contributions import Line
from calculator.household import per_capita
from calculator.money import Amount, Ppm, format_rate, format_yuan
from calculator.rules import NO_CEILING, Hint
from calculator.trace import Step
from locales import Say, as_written
from policy_kb.caveats import caveats
from policy_kb.library import Citation, Library, once_a_library
from policy_kb.wording import MISSING


def answer(assessment: Assessment, library: Library, say: Say = as_written) -> dict[str, Any]:
    """The whole answer as plain data: amounts as decimal strings in yuan, dates ISO, unknown as None."""
    case, month = assessment.case, assessment.insured_month
    inputs = inputs_json(case)
    ruleset = {"version": library.version, "sha256": library.sha256}
    return {
        "id": identity(inputs, library.sha256),
        "ruleset": ruleset,
        "inputs": inputs,
        "contributions": [_line(line) for line in month.lines],
        "complete": assessment.complete,
        "employee_total": _yuan(month.own_insurance + month.own_fund),
        "employer_total": _yuan(month.employer_total),
        "income_tax": _yuan(month.tax) if month.tax_known else None,
        "take_home": {
            "insured": _yuan(month.take_home),
            "uninsured": _yuan(assessment.uninsured_month.take_home),
        },
        "dibao": _dibao(assessment),
        "steps": [step_json(step) for step in assessment.steps],
        "warnings": [
            {"code": caveat.code, "text": caveat.text(say)} for caveat in caveats(assessment, library, say)
        ],
        "missing": [{"field": field, "why": say(MISSING[why])} for field, why in assessment.missing],
        "sources": [source_json(library, key) for key in _cited(assessment)],
    }


def identity(inputs: dict[str, Any], sha256: str) -> str:
    """The hash of the inputs and the rule set: the same question to the same rules has the same id."""
    canonical = json.dumps([inputs, sha256], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def inputs_json(case: Case) -> dict[str, Any]:
    """The case as it was understood, in the shape in which it can be asked again.

    A take-home wage is read back as the gross that was worked out from it.
    """
    household = case.household
    return {
        "region": case.region,
        "dibao_region": case.dibao_region,
        "area": case.area or "unknown",
        "on": case.on.isoformat(),
        "as_of": case.as_of.isoformat(),
        "household": {
            "size": household.size,
            "employee_on_book": household.employee_on_book,
            "other_income": _yuan(household.other_income),
            "other_income_high": _yuan(household.other_income_high),
            "dibao": household.dibao,
            "received_monthly": _yuan(household.received_monthly),
            "earners": [_earner(earner) for earner in household.earners],
            "severely_ill": household.severely_ill,
            "severely_disabled": household.severely_disabled,
            "single_parent": household.single_parent,
            "supporters": [
                {"income": _yuan(supporter.income), "size": supporter.size}
                for supporter in household.supporters
            ],
            "former_benefit": _yuan(household.former_benefit),
        },
        "standard_monthly": _yuan(case.standard_monthly),
        "base_strategy": case.base_strategy,
    }


def _earner(earner: Earner) -> dict[str, Any]:
    return {
        "wage": _yuan(earner.wage),
        "base_wage": _yuan(earner.base_wage),
        "employment": earner.employment,
        "insured": earner.insured,
        "region": earner.region,
        "injury_class": earner.injury_class,
        "housing_fund_rate": _rate(earner.housing_fund_rate),
        "cash_in_lieu": _yuan(earner.cash_in_lieu),
        "new_job_since": _day(earner.new_job_since),
        "reported": earner.reported,
        "wage_is_net": False,
    }


def _line(line: Line) -> dict[str, Any]:
    terms = line.terms
    return {
        "insurance": terms.insurance,
        "base": _yuan(line.base),
        "employee_rate": _rate(line.employee_rate),
        "employee": _yuan(line.employee),
        "employer_rate": _rate(line.employer_rate),
        "employer": _yuan(line.employer),
        "fixed": _yuan(terms.employee_fixed) if terms.employee_fixed else None,
        "annual": _yuan(terms.employee_annual),
        "base_status": terms.base_status,
        "rate_status": terms.rate_status,
        "period_status": terms.period_status,
        "from_region": terms.region,
        "effective_from": _day(terms.effective_from),
        "outdated_since": _day(terms.outdated_since),
        "awaited": f"{terms.awaited:%Y-%m}" if terms.outdated_since and terms.awaited else None,
        "includes_maternity": terms.includes_maternity,
        "complete": line.employee is not None
        and line.employer is not None
        and not (terms.employee_unmodelled or terms.employer_unmodelled),
        "source": terms.source,
    }


def _dibao(assessment: Assessment) -> dict[str, Any]:
    case = assessment.case
    net_cost = assessment.net_cost
    other, fund, high = assessment.other_reading, assessment.fund_reading, assessment.high
    return {
        "standard": _standard(assessment),
        "insured": _outcome(assessment.insured, case)
        | {"received_monthly": _yuan(case.household.received_monthly)},
        "uninsured": _outcome(assessment.uninsured, case),
        "other_reading": None if other is None else _outcome(other, case),
        "uninsured_other_reading": None
        if assessment.uninsured_other_reading is None
        else _outcome(assessment.uninsured_other_reading, case),
        "housing_fund_reading": None if fund is None else _outcome(fund, case),
        "other_income_high": None if high is None else _outcome(high, case),
        "effect_on_income_test": assessment.effect,
        "net_cost_to_household": {
            "low": _yuan(net_cost.low if net_cost else None),
            "high": _yuan(net_cost.high if net_cost else None),
        },
        "break_even_wage": _yuan(assessment.break_even),
        "transition": [
            {
                "months": rule.months,
                "share": None if rule.share is None else _two_places(rule.share),
                "discretionary": rule.discretionary,
                "amount": _yuan(amount),
                "source": rule.source,
            }
            for rule, amount in assessment.transitions
        ],
        "single_person": None if assessment.alone is None else _alone(assessment.alone),
    }


def _standard(assessment: Assessment) -> dict[str, Any]:
    case, line = assessment.case, assessment.rules.dibao.line
    hints = [_hint(hint) for hint in line.hints]
    if case.standard_monthly is not None:
        return {
            "amount": _yuan(case.standard_monthly),
            "status": "user_entered",
            "effective_from": None,
            "as_of": None,
            "source": None,
            "region": case.dibao_region,
            "stale": False,
            "on_record": _yuan(line.amount),
            "hints": hints,
        }
    return {
        "amount": _yuan(line.amount),
        "status": line.status,
        "effective_from": _day(line.effective_from),
        "as_of": _day(line.as_of),
        "source": line.source,
        "region": line.region,
        "stale": line.stale,
        "on_record": _yuan(line.amount),
        "hints": hints,
    }


def _hint(hint: Hint) -> dict[str, Any]:
    return {
        "amount": _yuan(hint.amount),
        "region": hint.region,
        "why": hint.why,
        "area": hint.area,
        "as_of": _day(hint.as_of),
        "source": hint.source,
    }


def _outcome(outcome: Outcome, case: Case) -> dict[str, Any]:
    receiving = case.household.dibao == "receiving"
    figures: dict[str, Any] = {
        "countable_income": _yuan(outcome.countable),
        "per_capita_income": _yuan(per_capita(outcome.countable, case.household.size)),
        "verdict": outcome.verdict,
        "benefit": _yuan(outcome.gap) if receiving else None,
    }
    if not receiving:
        figures["would_be_benefit"] = _yuan(outcome.gap)
    return figures


def _alone(alone: Alone) -> dict[str, Any]:
    return {
        "members": alone.members,
        "margin_multiple": _rate(alone.margin_multiple),
        "margin_limit": _yuan(alone.margin_limit),
        "verdict": alone.verdict,
        "source": alone.source,
    }


def step_json(step: Step) -> dict[str, Any]:
    """A step of a trace as plain data."""
    return {
        "key": step.key,
        "value": _value(step),
        "from": list(step.inputs),
        "rule": step.rule,
        "source": step.source,
        "rounding": None if step.rounding is None else str(step.rounding),
    }


def _value(step: Step) -> str | None:
    if step.value is None:
        return None
    if step.unit == "ppm":
        return _rate(int(step.value))
    if step.unit == "count":
        return str(step.value)
    return "none" if step.value == NO_CEILING else _yuan(step.value)


def _cited(assessment: Assessment) -> list[str]:
    """Keys of every record the answer rests on, in the order of the steps."""
    keys = [step.source for step in assessment.steps]
    keys += [rule.source for rule, _ in assessment.transitions]
    home = assessment.rules.dibao
    keys += [hint.source for hint in home.line.hints]
    keys += [each.source for each in (home.work_cost, home.hardship, home.new_job) if each is not None]
    if assessment.alone is not None:
        keys.append(assessment.alone.source)
    return [key for key in dict.fromkeys(keys) if key is not None]


def source_json(library: Library, key: str) -> dict[str, Any]:
    """One record behind the figures: law or notice, and the texts in which it was read."""
    known = _sources(library)
    if key not in known:
        known[key] = _source(library.citation(key))
    return known[key]


@once_a_library
def _sources(library: Library) -> dict[str, dict[str, Any]]:
    """The records of a library that were asked for."""
    return {}


def _source(citation: Citation) -> dict[str, Any]:
    return {
        "id": citation.key,
        "title": citation.title,
        "number": citation.number or None,
        "article": citation.article or None,
        "region": citation.region,
        "effective_from": _day(citation.effective_from),
        "certainty": citation.certainty,
        "note": citation.note or None,
        "read_in": [
            {"title": text.title, "where": text.where, "quote": text.quote or None} for text in citation.texts
        ],
    }


def _yuan(amount: Amount | None) -> str | None:
    return None if amount is None else format_yuan(int(amount))


def _rate(rate: Ppm | None) -> str | None:
    return None if rate is None else format_rate(rate)


def _two_places(rate: Ppm) -> str:
    return format_yuan(rate // 10_000)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
