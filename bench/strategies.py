"""How long HR's list of strategies and their counts take, next to opening every strategy."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, Final, cast
from uuid import UUID

import click
from sqlalchemy import insert

from audit.events import SYSTEM
from bench.dashboard import employed, milliseconds
from bench.storages import storages
from policy_kb import compiled
from profiles.book import OPEN, STATES, StrategySearch
from profiles.changes import Change, Field
from profiles.ground import Ground
from profiles.profile import Profile, profile_on
from profiles.strategy import Strategy, choose_strategy
from profiles.strategy_data import strategy_data
from storage.employee_rows import sealed_employee
from storage.opening import Storage
from storage.profile_changes import STRATEGY
from storage.strategy_kinds import kind_token
from storage.tables import employees, strategies

NOW: Final = datetime(2026, 10, 15, 4, tzinfo=UTC)
DAY: Final = date(2026, 10, 15)
PEOPLE: Final = 5_000
STRATEGIES: Final = 20_000
A_PAGE: Final = 50
ROWS: Final = 5_000
#: What HR looks for: everything that is open, and one kind of what everybody sees.
SEARCHES: Final = {
    "open": StrategySearch(dibao=True),
    "of one kind": StrategySearch(kind="wage"),
}


def run(*, quick: bool) -> None:
    """Prints the milliseconds of a page and of the counts, and their share of opening everything, on both databases."""
    for storage in storages(NOW):
        part = 10 if quick else 1
        fill(storage, PEOPLE // part, STRATEGIES // part)
        _print(storage, STRATEGIES // part)


def _print(storage: Storage, count: int) -> None:
    book = storage.profiles
    for name, search in SEARCHES.items():
        whole = milliseconds(partial(book.find, search), 1)
        looks: dict[str, Callable[[], object]] = {
            "first page": partial(book.page, search, 1, A_PAGE),
            "last page": partial(book.page, search, count, A_PAGE),
            "counts": partial(book.counts, search),
        }
        for what, look in looks.items():
            took = milliseconds(look, 7)
            click.echo(
                f"{count} strategies, {storage.database.dialect}, {name}, {what}: {took:.1f} ms, "
                f"{took / whole:.3f} of opening all ({whole:.0f} ms)"
            )


def fill(storage: Storage, people: int, count: int, seed: int = 20261015) -> None:
    """Fills an empty storage: strategies of three kinds, a tenth of which tell of dibao; three in four are open."""
    chance = random.Random(seed)
    roster = [employed(_id(chance), number, chance) for number in range(people)]
    with storage.database.work() as connection:
        staff = [{"id": each.id, **sealed_employee(storage.keys, each, NOW)} for each in roster]
        connection.execute(insert(employees), staff)
    samples, ids = _samples(), [each.id for each in roster]
    rows = (_row(storage, samples, chance.choice(ids), number, chance) for number in range(count))
    while part := list(islice(rows, ROWS)):
        with storage.database.work() as connection:
            connection.execute(insert(strategies), part)


def _samples() -> Sequence[Strategy]:
    """A wage above the base, nobody insured, and dibao that began."""
    ground = Ground(compiled.load(), joined_on=date(2026, 8, 1))
    found = [choose_strategy(before, after, ground, DAY) for before, after in _pairs()]
    return [each for each in found if each is not None]


def _pairs() -> Iterator[tuple[Profile, Profile]]:
    insured = {"region": "320500", "base": 495_200, "insured_since": date(2026, 8, 1)}
    yield _profile({"gross_wage": 350_000} | insured), _profile({"gross_wage": 600_000} | insured)
    yield _profile({}), _profile({"gross_wage": 350_000, "region": "320500"})
    yield (
        _profile({"gross_wage": 350_000} | insured),
        _profile({"gross_wage": 350_000, "dibao": "receiving"} | insured),
    )


def _profile(values: Mapping[str, Any]) -> Profile:
    changes = [
        Change("", cast("Field", what), value, date(2026, 8, 1), SYSTEM, NOW, "hr", "confirmed", what)
        for what, value in values.items()
    ]
    return profile_on(changes, DAY, NOW, employee="", consent=True)


def _row(
    storage: Storage, samples: Sequence[Strategy], employee: str, number: int, chance: random.Random
) -> dict[str, Any]:
    (chosen,) = chance.choices(samples, (6, 3, 1))
    id, box, keys = _id(chance), storage.keys.box(STRATEGY), storage.keys
    opened = NOW - timedelta(minutes=chance.randrange(500_000))
    states = sorted(OPEN) if chance.random() < 0.75 else sorted(set(STATES) - OPEN)
    body = {"data": strategy_data(chosen) | {"key": str(number)}, "history": []}
    return {
        "id": id,
        "employee": employee,
        "key": number.to_bytes(16),
        "state": chance.choice(states),
        "restricted": chosen.tells_dibao,
        "private": chosen.private,
        "automatic": chosen.automatic,
        "kind": kind_token(keys, chosen.kind, restricted=chosen.tells_dibao),
        "month": chosen.month,
        "opened_at": opened,
        "changed_at": opened,
        "key_id": box.key_id,
        "body": box.seal_json(f"{STRATEGY}:{id}", body),
    }


def _id(chance: random.Random) -> str:
    return str(UUID(int=chance.getrandbits(128), version=4))
