"""How long a change of policy takes to reach a hundred thousand kept profiles: read, assessed, differences and task stored."""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Protocol
from uuid import UUID

import click
from sqlalchemy import insert

from bench.profiles import places, raised, random_profile
from bench.storages import database
from people.employees import Employee
from policy_kb import compiled
from policy_kb.library import Library
from profiles.passes import Passes
from profiles.profile import Profile
from storage.employee_rows import sealed_employee
from storage.opening import Storage, open_storage
from storage.profile_changes import PROFILE, profile_json
from storage.tables import employees, profiles

NOW: Final = datetime(2026, 10, 15, 4, tzinfo=UTC)
DAY: Final = date(2026, 10, 15)
PEOPLE: Final = 100_000
#: Seconds for all of it on two cores with PostgreSQL, and mebibytes.
LIMIT: Final = 60.0
MEMORY: Final = 1024
ROWS: Final = 10_000


class Work(Protocol):
    """One look at every profile."""

    def run(self) -> object:
        """Looks, where the library is another one than the last time."""


#: What makes it: over the passes of a storage, with a library on a day.
Make = Callable[[Passes, Callable[[], Library], Callable[[], date]], Work]


def run(make: Make, *, quick: bool) -> None:
    """Prints seconds and memory beside the limits, over PostgreSQL where its package is installed, else over SQLite."""
    library = compiled.load()
    regions = places(library)
    chance = random.Random(20261015)
    count = PEOPLE // 10 if quick else PEOPLE
    with TemporaryDirectory(prefix="shebao-bench-") as folder, ExitStack() as stack:
        url = database("postgresql", Path(folder), stack) or f"sqlite:///{folder}/shebao.db"
        storage = open_storage(url, Path(folder, "keys"), Path(folder, "erased"), lambda: NOW, make=True)
        stack.callback(storage.database.close)
        fill(storage, (random_profile(chance, regions, number) for number in range(count)), chance)
        first = _seconds(make(storage.passes, lambda: library, lambda: DAY))
        after = raised(library)
        took = _seconds(make(storage.passes, lambda: after, lambda: DAY))
        found = storage.passes.last()
    assert found is not None
    share = took / LIMIT * PEOPLE / count
    click.echo(
        f"{count} kept profiles after a change of policy, {storage.database.dialect}: {took:.1f} s "
        f"(the first figures {first:.1f} s), differing {found.changed}; for {PEOPLE} {share:.2f} of {LIMIT:.0f} s; "
        f"memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} of {MEMORY} MiB"
    )


def fill(storage: Storage, people: Iterator[Profile], chance: random.Random) -> None:
    """Employees with the profiles they would have after everything was followed."""
    number = 0
    while part := list(islice(people, ROWS)):
        staff, kept = [], []
        for profile in part:
            number += 1
            id = str(UUID(int=chance.getrandbits(128), version=4))
            staff.append(_employee(storage, id, number, profile))
            kept.append(_profile(storage, replace(profile, employee=id)))
        with storage.database.work() as connection:
            connection.execute(insert(employees), staff)
            connection.execute(insert(profiles), kept)


def _employee(storage: Storage, id: str, number: int, profile: Profile) -> dict[str, Any]:
    it = Employee(id, f"A{number:06}", f"员工{number}", profile.region or "320500", wage=profile.gross_wage)
    return {"id": id, **sealed_employee(storage.keys, it, NOW)}


def _profile(storage: Storage, profile: Profile) -> dict[str, Any]:
    box = storage.keys.box(PROFILE)
    return {
        "employee": profile.employee,
        "day": DAY,
        "key_id": box.key_id,
        "body": box.seal_json(f"{PROFILE}:{profile.employee}", profile_json(profile)),
    }


def _seconds(work: Work) -> float:
    started = time.perf_counter()
    work.run()
    return time.perf_counter() - started
