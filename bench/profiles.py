"""How long a change of policy takes to be held against every profile of a company, in one pass and one by one."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from random import Random
from statistics import median
from typing import Any, Final

import click

from people.records import DIBAO_STATES
from policy_kb import compiled
from policy_kb.library import Library
from policy_kb.records import Contribution, DibaoLineRecord
from profiles.bulk import columns_of, figures_at, reassess
from profiles.changes import Income
from profiles.figures import figures_of
from profiles.profile import Profile

DAY: Final = date(2026, 10, 15)
NOW: Final = datetime(2026, 10, 15, 4, tzinfo=UTC)
PROFILES: Final = 100_000
#: Milliseconds in which all of them are to be assessed before and after.
LIMIT: Final = 500.0
#: Regions that have no file of their own.
COUNTIES: Final = ("110105", "310115", "341202", "320583", "511523")


def run(*, quick: bool) -> None:
    """Prints the milliseconds of the pass beside the limit, and of one profile by itself. Stops where the two differ."""
    library = compiled.load()
    after = raised(library)
    random = Random(20261015)
    regions = places(library)
    people = [random_profile(random, regions, number) for number in range(10_000 if quick else PROFILES)]
    started = time.perf_counter()
    columns = columns_of(people)
    click.echo(f"{len(people)} profiles as columns: {(time.perf_counter() - started) * 1000:.0f} ms")
    took = [_milliseconds(lambda: reassess(columns, library, after, DAY)) for _ in range(7)]
    share = median(took[1:]) / LIMIT * PROFILES / len(people)
    click.echo(
        f"{len(people)} profiles re-assessed: {median(took[1:]):.1f} ms, the first time {took[0]:.1f} ms; "
        f"goal for {PROFILES} {LIMIT:.0f} ms, taken {share:.2f} of it"
    )
    tracemalloc.start()
    found = reassess(columns, library, after, DAY)
    click.echo(f"  peak memory over the columns: {tracemalloc.get_traced_memory()[1] / 2**20:.1f} MiB")
    tracemalloc.stop()
    click.echo(f"  other figures: {found.affected.size} of {len(people)}")
    sample = range(0, len(people), len(people) // 500)
    started = time.perf_counter()
    alone = {row: figures_of(people[row], after, DAY, DAY) for row in sample}
    click.echo(f"one profile by itself: {(time.perf_counter() - started) * 1000 / len(alone):.3f} ms")
    rows = found.after
    for row, expected in alone.items():
        if figures_at(rows, row) != expected:
            raise click.ClickException("profiles: the pass differs from one by one")


def places(library: Library) -> list[str]:
    """Regions with a file, and some without."""
    return [*sorted(set(library.regions) - {"000000"}), *COUNTIES]


def random_profile(random: Random, regions: list[str], number: int) -> Profile:
    """A profile with gaps, ranges and lines told; about half of them have what a verdict needs."""

    def known(value: Any, chance: float = 0.93) -> Any:
        return value if random.random() < chance else None

    low = random.choice((0, 0, random.randrange(400_000)))
    high = low + random.choice((0, 0, random.randrange(200_000)))
    wage = random.choice((0, 350_000, random.randrange(900_000), random.randrange(4_000_000)))
    return Profile(
        employee=str(number),
        day=DAY,
        known_by=NOW,
        gross_wage=known(wage),
        region=known(random.choice(regions)),
        home_region=known(random.choice(("110000", "310000", *regions))),
        area=known(random.choice(("urban", "rural"))),
        on_book=known(random.random() < 0.9),
        household_size=known(random.randint(1, 6)),
        other_income=known(Income(low, high)),
        dibao_line=known(random.randrange(60_000, 180_000), 0.6),
        dibao=known(random.choice(tuple(DIBAO_STATES))),
    )


def raised(library: Library, floors: int = 105, lines: int = 3_000) -> Library:
    """The library with every floor at `floors` per cent, and every dibao line `lines` fen higher."""
    regions = [
        replace(
            records,
            contributions=tuple(_floor(each, floors) for each in records.contributions),
            lines=tuple(_line(each, lines) for each in records.lines),
        )
        for records in library.regions.values()
    ]
    return Library(regions, library.divisions, library.version, f"raised {library.sha256}"[:64])


def _floor(value: Contribution, per_cent: int) -> Contribution:
    return value if value.floor is None else replace(value, floor=value.floor * per_cent // 100)


def _line(value: DibaoLineRecord, more: int) -> DibaoLineRecord:
    urban, rural = (None if each is None else each + more for each in (value.urban, value.rural))
    return replace(value, urban=urban, rural=rural)


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000
