"""The OpenAPI 3.1 description of `/api/v1`, kept by hand beside the readers whose rules it states."""

from __future__ import annotations

from typing import Any, Final, get_args

from calculator.case import (
    LARGEST_SIZE,
    MOST_EARNERS,
    MOST_SUPPORTERS,
    BaseStrategy,
    DibaoStatus,
    Employment,
)
from calculator.fields import Code
from calculator.rules import INSURANCES, HintKind, PeriodStatus, Status
from policy_kb.exposures import MOST_DATES, MOST_MONTHS

Schema = dict[str, Any]

# What is read; spaces around a number are let pass.
_AMOUNT: Final[Schema] = {
    "description": "Yuan: a decimal string with at most two places, or an integer; 0 to 10 000 000.00.",
    "anyOf": [
        {"type": "string", "pattern": r"^\s*-?[0-9]{1,12}(\.[0-9]{1,2})?\s*$"},
        {"type": "integer", "minimum": 0, "maximum": 10_000_000},
    ],
    "examples": ["3500.00"],
}
_RATE: Final[Schema] = {"type": "string", "pattern": r"^\s*0(\.[0-9]{1,6})?\s*$", "examples": ["0.05"]}
_DAY: Final[Schema] = {
    "type": "string",
    "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "examples": ["2026-10-15"],
}
_REGION: Final[Schema] = {
    "description": "A GB/T 2260 code or a name: 320500, 苏州, 江苏苏州.",
    "anyOf": [
        {"enum": ["110000", "310000", "320500", "340200", "341200", "苏州", "江苏苏州"]},
        {"type": "string"},
    ],
}
_FLAG: Final[Schema] = {"type": ["boolean", "null"]}

# What is given.
_YUAN: Final[Schema] = {"type": "string", "pattern": r"^-?[0-9]+\.[0-9]{2}$"}
_MAYBE_YUAN: Final[Schema] = {"type": ["string", "null"], "pattern": r"^-?[0-9]+\.[0-9]{2}$"}
_MAYBE_RATE: Final[Schema] = {"type": ["string", "null"], "pattern": r"^[0-9](\.[0-9]{1,6})?$"}
_TEXT: Final[Schema] = {"type": "string"}
_MAYBE_TEXT: Final[Schema] = {"type": ["string", "null"]}
_MAYBE_DAY: Final[Schema] = {"type": ["string", "null"], "format": "date"}
_YES_NO: Final[Schema] = {"type": "boolean"}
_VERDICT: Final[Schema] = {"enum": ["within", "over", "depends", "unknown"]}


def description() -> Schema:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "shebao",
            "version": "1",
            "description": "Social insurance and dibao: exact, dated, sourced. No log-in, nothing is stored.",
        },
        "servers": [{"url": "/"}],
        "paths": {
            "/api/v1/calculations": _post(
                "calculate", "One household, insured and not", "Case", "Calculation"
            ),
            "/api/v1/curves": _post("curve", "The household's money over the wage", "CurveCase", "Curve"),
            "/api/v1/exposures": _post(
                "exposure", "What is owed for months not fully insured", "Months", "Exposure"
            ),
            "/api/v1/regions": {"get": _regions()},
            "/api/v1/openapi.json": {"get": _itself()},
        },
        "components": {"schemas": _schemas()},
    }


def _post(name: str, summary: str, takes: str, gives: str) -> Schema:
    errors = {
        "400": "A field cannot be read",
        "413": "The body is above 64 KiB",
        "415": "The body is not JSON",
    }
    return {
        "post": {
            "operationId": name,
            "summary": summary,
            "parameters": [_LANGUAGE],
            "requestBody": {"required": True, "content": _json(_ref(takes))},
            "responses": {"200": {"description": "The answer", "content": _json(_ref(gives))}}
            | {
                code: {"description": text, "content": _json(_ref("Errors"))} for code, text in errors.items()
            },
        }
    }


def _regions() -> Schema:
    found = _object(
        code=_TEXT, name=_TEXT, full_name=_TEXT, line={"enum": ["unified", "needs_area", "stale", "unknown"]}
    )
    return {
        "operationId": "regions",
        "summary": "Regions by name, pinyin or initials; `line` says what is on record of the dibao line",
        "parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}}],
        "responses": {
            "200": {
                "description": "At most ten, wider regions first",
                "content": _json(_object(regions={"type": "array", "maxItems": 10, "items": found})),
            }
        },
    }


def _itself() -> Schema:
    return {
        "operationId": "describe",
        "summary": "This document",
        "responses": {"200": {"description": "OpenAPI 3.1", "content": _json({"type": "object"})}},
    }


_LANGUAGE: Final[Schema] = {
    "name": "Accept-Language",
    "in": "header",
    "description": "The language of messages: zh-Hans, zh-Hant or en.",
    "schema": {"type": "string"},
}


def _schemas() -> Schema:
    return {
        "Case": _case(),
        "CurveCase": _case(up_to=_or_null(_AMOUNT)),
        "Calculation": _calculation(),
        "Curve": _curve(),
        "Months": _months(),
        "Exposure": _exposure(),
        "Source": _source(),
        "Errors": _object(error=_ref("Error"), errors=_list(_ref("Error"))),
        "Error": _error(),
    }


def _case(**more: Schema) -> Schema:
    return _input(
        ("region", "household"),
        region=_REGION,
        dibao_region=_or_null(_REGION),
        area=_choice("urban", "rural", "unknown"),
        on=_or_null(_DAY),
        as_of=_or_null(_DAY),
        household=_household(),
        standard_monthly=_or_null(_AMOUNT),
        base_strategy=_choice(*get_args(BaseStrategy)),
        **more,
    )


def _household() -> Schema:
    return _input(
        ("size", "earners"),
        size=_count(1, LARGEST_SIZE),
        employee_on_book=_FLAG,
        other_income=_or_null(_AMOUNT),
        other_income_high=_or_null(_AMOUNT),
        dibao=_choice(*get_args(DibaoStatus)),
        received_monthly=_or_null(_AMOUNT),
        earners={"type": "array", "minItems": 1, "maxItems": MOST_EARNERS, "items": _earner()},
        severely_ill=_or_null(_count(0, LARGEST_SIZE)),
        severely_disabled=_or_null(_count(0, LARGEST_SIZE)),
        single_parent=_FLAG,
        supporters=_or_null(
            {
                "type": "array",
                "maxItems": MOST_SUPPORTERS,
                "items": _input(("income", "size"), income=_AMOUNT, size=_count(1, LARGEST_SIZE)),
            }
        ),
        former_benefit=_or_null(_AMOUNT),
    )


def _earner() -> Schema:
    return _input(
        ("wage",),
        wage=_AMOUNT,
        wage_is_net=_FLAG,
        base_wage=_or_null(_AMOUNT),
        employment=_choice(*get_args(Employment)),
        insured=_FLAG,
        region=_or_null(_REGION),
        injury_class=_or_null(_count(1, 8)),
        housing_fund_rate=_or_null(_RATE),
        cash_in_lieu=_or_null(_AMOUNT),
        new_job_since=_or_null(_DAY),
        reported=_FLAG,
    )


def _months() -> Schema:
    month = _input(
        ("month", "wage"),
        month={"type": "string", "pattern": r"^\s*[0-9]{4}-(0[1-9]|1[0-2])\s*$", "examples": ["2026-08"]},
        wage=_AMOUNT,
        base_wage=_or_null(_AMOUNT),
        base_paid=_or_null(_AMOUNT),
        late_from=_or_null(_DAY),
    )
    return _input(
        ("region", "months"),
        region=_REGION,
        months={"type": "array", "minItems": 1, "maxItems": MOST_MONTHS, "items": month},
        due_day=_or_null(_count(1, 31)),
        due_next_month=_FLAG,
        stop=_or_null(_DAY),
        later=_or_null({"type": "array", "maxItems": MOST_DATES, "items": _DAY}),
        injury_class=_or_null(_count(1, 8)),
        employed_since=_or_null(_DAY),
        average_wage=_or_null(_AMOUNT),
    )


def _calculation() -> Schema:
    return _object(
        id=_TEXT,
        ruleset=_object(version=_TEXT, sha256=_TEXT),
        inputs={"type": "object"},
        contributions=_list(_contribution()),
        complete=_YES_NO,
        employee_total=_YUAN,
        employer_total=_YUAN,
        income_tax=_MAYBE_YUAN,
        take_home=_object(insured=_YUAN, uninsured=_YUAN),
        dibao=_dibao(),
        steps=_list(
            _object(key=_TEXT, value=_MAYBE_TEXT, rule=_TEXT, source=_MAYBE_TEXT, rounding=_MAYBE_TEXT)
        ),
        warnings=_list(_object(code=_TEXT, text=_TEXT)),
        missing=_list(_object(field=_TEXT, why=_TEXT)),
        sources=_list(_ref("Source")),
    )


def _contribution() -> Schema:
    status: Schema = {"enum": list(get_args(Status))}
    return _object(
        insurance={"enum": list(INSURANCES)},
        base=_MAYBE_YUAN,
        employee_rate=_MAYBE_RATE,
        employee=_MAYBE_YUAN,
        employer_rate=_MAYBE_RATE,
        employer=_MAYBE_YUAN,
        fixed=_MAYBE_YUAN,
        annual=_MAYBE_YUAN,
        base_status=status,
        rate_status=status,
        period_status={"enum": list(get_args(PeriodStatus))},
        from_region=_TEXT,
    )


def _dibao() -> Schema:
    outcome = _object(countable_income=_YUAN, per_capita_income=_YUAN, verdict=_VERDICT, benefit=_MAYBE_YUAN)
    hint = _object(amount=_YUAN, region=_TEXT, why={"enum": list(get_args(HintKind))})
    return _object(
        standard=_object(
            amount=_MAYBE_YUAN,
            status={"enum": ["sourced", "single_source", "unknown", "user_entered"]},
            effective_from=_MAYBE_DAY,
            as_of=_MAYBE_DAY,
            source=_MAYBE_TEXT,
            hints=_list(hint),
        ),
        insured=outcome,
        uninsured=outcome,
        other_reading=_or_null(outcome),
        effect_on_income_test={"enum": ["lowers", "none", "depends"]},
        net_cost_to_household=_object(low=_MAYBE_YUAN, high=_MAYBE_YUAN),
        break_even_wage=_MAYBE_YUAN,
        transition=_list(
            _object(months={"type": ["integer", "null"]}, share=_MAYBE_TEXT, discretionary=_YES_NO)
        ),
        single_person={"type": ["object", "null"]},
    )


def _curve() -> Schema:
    points: Schema = {"type": "array", "items": _YUAN, "minItems": 200, "maxItems": 200}
    return _object(
        wages=points,
        money_insured=points,
        money_uninsured=points,
        benefit_insured=points,
        benefit_uninsured=points,
        up_to=_YUAN,
        limit=_MAYBE_YUAN,
        break_even_wage=_MAYBE_YUAN,
        here=_object(wage=_YUAN, money_insured=_YUAN, money_uninsured=_YUAN, benefit_insured=_YUAN),
        cliff=_or_null(_object(wage=_YUAN, fall=_YUAN)),
    )


def _exposure() -> Schema:
    return _object(
        region=_TEXT,
        months=_list({"type": "object"}),
        totals={"type": "object"},
        settle=_list(_object(on=_DAY, late_fee=_YUAN, total=_YUAN)),
        fine={"type": "object"},
        severance={"type": ["object", "null"]},
        work_injury={"const": "not_computable"},
        warnings=_list(_object(code=_TEXT, text=_TEXT)),
        sources=_list(_ref("Source")),
    )


def _source() -> Schema:
    return _object(
        id=_TEXT,
        title=_TEXT,
        number=_MAYBE_TEXT,
        article=_MAYBE_TEXT,
        region=_TEXT,
        effective_from=_MAYBE_DAY,
        certainty=_TEXT,
        note=_MAYBE_TEXT,
        read_in=_list(_object(title=_TEXT, where=_TEXT, quote=_MAYBE_TEXT)),
    )


def _error() -> Schema:
    codes = [*get_args(Code), "too_large", "method_not_allowed", "not_found"]
    error = _object(code={"enum": codes}, field=_TEXT, message=_TEXT)
    error["properties"]["choices"] = _list(_object(code=_TEXT, full_name=_TEXT))
    return error


def _object(**properties: Schema) -> Schema:
    """An object that is given: everything named is there, more may come."""
    return {"type": "object", "required": list(properties), "properties": properties}


def _input(required: tuple[str, ...], **properties: Schema) -> Schema:
    """An object that is read: nothing but what is named."""
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "additionalProperties": False,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _choice(*words: str) -> Schema:
    return {"enum": [*words, None]}


def _count(low: int, high: int) -> Schema:
    return {
        "anyOf": [
            {"type": "integer", "minimum": low, "maximum": high},
            {"type": "string", "pattern": "^[0-9]{1,9}$"},
        ]
    }


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}
