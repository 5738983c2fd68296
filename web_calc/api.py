"""`/api/v1` without the web server: JSON text in, plain data and a status out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from typing import Any, Final, NamedTuple, TypeAlias

from calculator.case import read_case
from calculator.curve import wage_curve
from calculator.fields import LARGEST_INPUT, FieldReader, InputError, Problem
from calculator.money import Fen, format_yuan
from locales import Say
from policy_kb.calculation import assess_case
from policy_kb.library import Library
from policy_kb.wording import error_json
from web_calc.drawing import draw, reach
from web_calc.sentences import API_PROBLEMS

LEAST_REACH: Final[Fen] = 10_000
STATUS: Final = {
    "bad_json": 400,
    "too_large": 413,
    "method_not_allowed": 405,
    "not_found": 404,
}


class Reply(NamedTuple):
    """A JSON body and the HTTP status that it goes with."""

    body: dict[str, Any]
    status: int = 200


Handler: TypeAlias = Callable[[Library, object, date, Say], dict[str, Any]]


def answer_json(handler: Handler, text: bytes, library: Library, today: date, say: Say) -> Reply:
    """What a handler makes of a JSON text; whatever cannot be read comes back as an error object."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return failure("bad_json", say)
    try:
        return Reply(handler(library, data, today, say))
    except InputError as error:
        return Reply(error_json(error, say), 400)


def failure(code: str, say: Say) -> Reply:
    """The error object for a request that has no field to blame."""
    error = {"code": code, "field": "body", "message": say(API_PROBLEMS[code])}
    return Reply({"error": error, "errors": [error]}, STATUS[code])


def curve(library: Library, data: object, today: date, say: Say) -> dict[str, Any]:
    """`POST /api/v1/curves`: 200 points of the household's money over the wage, and what the chart marks."""
    up_to, rest = _split_reach(data)
    assessment = assess_case(library, read_case(rest, library.divisions.find, today))
    up_to = reach(assessment) if up_to is None else up_to
    columns = asdict(wage_curve(assessment.case, assessment.rules, up_to))
    chart = draw(assessment, say).data
    at = chart.wages.index(chart.here)
    points = {name: [format_yuan(fen) for fen in column.tolist()] for name, column in columns.items()}
    return points | {
        "up_to": format_yuan(up_to),
        "limit": _yuan(chart.limit),
        "break_even_wage": _yuan(chart.break_even),
        "here": {
            "wage": format_yuan(chart.here),
            "money_insured": format_yuan(chart.insured[at]),
            "money_uninsured": format_yuan(chart.uninsured[at]),
            "benefit_insured": format_yuan(chart.benefit[at]),
        },
        "cliff": None
        if chart.cliff is None
        else {"wage": format_yuan(chart.wages[chart.cliff]), "fall": format_yuan(chart.fall(chart.cliff))},
    }


def regions(library: Library, text: str, today: date) -> dict[str, Any]:
    """`GET /api/v1/regions`: the regions that a text may mean, at most ten."""
    names = library.divisions
    return {
        "regions": [
            {
                "code": each.code,
                "name": each.name,
                "full_name": names.full_name(each.code),
                "line": line_state(library, each.code, today),
            }
            for each in names.search(text[:40])
        ]
    }


def line_state(library: Library, region: str, today: date) -> str:
    """Whether a region's dibao line is on record.

    `unified`: one for all; `needs_area`: urban and rural differ; `stale`: too old to decide; `unknown`: none.
    """
    line = library.home(region, None, today, today).line
    if line.amount is not None:
        return "stale" if line.stale else "unified"
    by_area = [library.home(region, area, today, today).line for area in ("urban", "rural")]
    if any(each.amount is not None and not each.stale for each in by_area):
        return "needs_area"
    return "stale" if any(each.stale for each in by_area) else "unknown"


def _split_reach(data: object) -> tuple[Fen | None, object]:
    """`up_to`, and the case without it."""
    if not isinstance(data, dict) or "up_to" not in data:
        return None, data
    problems: list[Problem] = []
    up_to = FieldReader({"up_to": data["up_to"]}, "", problems, str).amount("up_to")
    if up_to is not None and up_to < LEAST_REACH:
        low, high = str(LEAST_REACH // 100), str(LARGEST_INPUT // 100)
        problems.append(Problem("out_of_range", "up_to", expects="amount", low=low, high=high))
    if problems:
        raise InputError(*problems)
    return up_to, {name: value for name, value in data.items() if name != "up_to"}


def _yuan(fen: Fen | None) -> str | None:
    return None if fen is None else format_yuan(fen)
