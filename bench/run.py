"""`shebao bench`: every speed next to its limit, measured in the same run."""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import fields
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any, Final

import click
import numpy as np

from bench import plain
from calculator.assessment import assess
from calculator.bulk import Population, Tables, assess_population, make_tables
from calculator.case import read_case
from calculator.curve import wage_curve
from policy_kb import compiled
from policy_kb.calculation import calculate
from policy_kb.library import Library

DAY: Final = date(2026, 10, 15)
CASE: Final[dict[str, Any]] = {
    "region": "110000",
    "on": DAY.isoformat(),
    "household": {
        "size": 3,
        "employee_on_book": True,
        "other_income": "0",
        "dibao": "receiving",
        "earners": [{"wage": "6000"}, {"wage": "4500"}],
    },
}
#: Regions of which every statutory figure is on record on `DAY`, and a home with a work-cost rule.
JOBS: Final = (
    "110000",
    "120000",
    "310000",
    "320500",
    "340100",
    "330100",
    "370100",
    "420100",
    "500000",
    "610100",
)


#: What answers requests in process: a Flask test client over the library, on a day.
MakeClient = Callable[[Library, Callable[[], date]], Any]


def run(make_client: MakeClient, *, quick: bool) -> None:
    """Print every figure; `quick` uses smaller counts."""
    library = compiled.load()
    repeats = 50 if quick else 300
    _household(library, repeats)
    _http(make_client(library, lambda: DAY), repeats)
    _population(library, 25_000 if quick else 250_000)
    _loading(5 if quick else 20)
    _report(make_client(library, lambda: DAY), 5 if quick else 20)


def _household(library: Library, repeats: int) -> None:
    case = read_case(CASE, library.divisions.find, DAY)
    rules = library.rules(case)
    limit = _time(plain.one_household, repeats)
    _line("one household, plain integers (limit)", limit)
    bare = _time(lambda: assess(case, rules, second_reading=False, break_even=False), repeats)
    _line("one household, both scenarios with trace (goal 0.10 ms)", bare, limit)
    full = _time(lambda: calculate(library, CASE, DAY), repeats)
    _line("one household, full answer as JSON data (goal 1 ms)", full, limit)
    _line(
        "curve of 200 wages (goal 10 ms)", _time(lambda: wage_curve(case, rules, 2_000_000), repeats), limit
    )


def _http(client: Any, repeats: int) -> None:
    limit = _time(lambda: client.get("/healthz"), repeats)
    _line("an empty answer through the HTTP handler (limit)", limit)
    spent = _time(lambda: client.post("/api/v1/calculations", json=CASE), repeats)
    _line("full answer through the HTTP handler (goal 2 ms)", spent, limit)


def _population(library: Library, households: int) -> None:
    people, tables = make_population(library, households)
    limit, ours = [], []
    for _ in range(5):  # taken in turn, so that a busy moment hits both
        limit.append(_once(lambda: plain.population(people, tables)))
        ours.append(_once(lambda: assess_population(people, tables)))
    expected, got = plain.population(people, tables), assess_population(people, tables)
    for each in fields(got):
        if not np.array_equal(getattr(expected, each.name), getattr(got, each.name)):
            raise click.ClickException(f"bulk: {each.name} differs from straight numpy")
    name = f"{people.wage.size} persons in {households} households"
    _line(f"{name}, straight numpy (limit)", median(limit))
    _line(f"{name} (goal 2 x the limit)", median(ours), median(limit))
    tracemalloc.start()
    kept = assess_population(people, tables)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    click.echo(f"{'  peak memory over the inputs (goal 110 MiB)':<64}{peak / 2**20:10.1f} MiB")
    del kept


def make_population(library: Library, households: int) -> tuple[Population, Tables]:
    """A seeded population of four persons a household, about half of them earning."""
    random = np.random.default_rng(20261015)
    persons = households * 4
    wage = random.integers(100_000, 1_200_000, persons) * (random.random(persons) < 0.5)
    people = Population(
        wage=wage.astype(np.int64),
        job=random.integers(0, len(JOBS), persons).astype(np.int32),
        start=np.arange(0, persons, 4, dtype=np.int64),
        size=np.full(households, 4, dtype=np.int64),
        other_income=random.integers(0, 100_000, households).astype(np.int64),
        home=random.integers(0, len(JOBS), households).astype(np.int32),
        line=random.integers(60_000, 170_000, households).astype(np.int64),
    )
    jobs = [library.job(region, DAY, DAY) for region in JOBS]
    homes = [library.home(region, None, DAY, DAY) for region in JOBS]
    return people, make_tables(jobs, homes)


def _loading(repeats: int) -> None:
    source = Path(compiled.COMPILED)
    limit = _time(lambda: source.read_bytes(), repeats)
    _line("reading the compiled file (limit)", limit)
    _line("loading all rules, all regions, all dates (goal 150 ms)", _time(compiled.load, repeats), limit)


def _report(client: Any, repeats: int) -> None:
    form = {
        "on_book": "yes",
        "region": "北京",
        "same_place": "1",
        "wage": "6000",
        "wage_kind": "gross",
        "size": "3",
        "other_income": "0",
        "dibao": "receiving",
    }
    if client.post("/report.pdf", data=form).mimetype != "application/pdf":
        raise click.ClickException("report: the form was not understood")
    spent = _time(lambda: client.post("/report.pdf", data=form), repeats)
    _line("the report as PDF through the HTTP handler", spent)


def _time(work: Callable[[], object], repeats: int) -> float:
    """Median milliseconds, after three rounds that do not count."""
    for _ in range(3):
        work()
    return median(_once(work) for _ in range(repeats))


def _once(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def _line(name: str, spent: float, limit: float | None = None) -> None:
    ratio = "" if limit is None else f"{spent / limit:8.1f} x limit"
    click.echo(f"{name:<64}{spent:10.4f} ms {ratio}")
    sys.stdout.flush()
