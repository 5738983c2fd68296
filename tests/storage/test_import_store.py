"""An import goes on where it stopped, on either database, and is sealed as long as it lies there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from databases import Clock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from staffing import HR, hire
from talking import together

from people.employees import RosterSearch
from people.importing import BATCH, Import, Importer, ImportRow, Incoming, Read
from storage.opening import Storage
from storage.retention import keep_to_terms
from storage.tables import audit_events, import_rows, imports

pytest_plugins = ["databases"]

MANY = 2 * BATCH + 10


def read(it: Import, row: ImportRow) -> Read:
    """Number, name and wage as they stand, all in Suzhou."""
    values: dict[str, Any] = {"number": row.cells[0], "name": row.cells[1], "region": "320500"}
    return Read(values | ({"wage": int(row.cells[2])} if row.cells[2] else {}))


def begun(storage: Storage, rows: list[tuple[str, str, str]]) -> str:
    sheet = [Incoming(number, cells) for number, cells in enumerate(rows, 2)]
    it = storage.imports.begin("roster", "名单.xlsx", ("工号", "姓名", "工资"), sheet, (), HR)
    storage.imports.choose(it, {"number": 0, "name": 1, "wage": 2}, {})
    return it


def many() -> list[tuple[str, str, str]]:
    return [(f"N{count}", f"某{count}", "350000") for count in range(MANY)]


@dataclass
class Stops(Exception):
    """The computer is switched off."""


def test_what_stopped_half_way_goes_on_and_does_nothing_twice(storage: Storage) -> None:
    it = begun(storage, many())
    importer = Importer(storage.imports, {"roster": read, "history": read})
    assert storage.imports.check(it, read)

    def stops(it: Import, row: ImportRow) -> Read:
        raise Stops

    with pytest.raises(Stops):
        storage.imports.check(it, stops)
    importer.run_all()
    assert storage.imports.counts(it) == {("new", "ready"): MANY}
    assert storage.imports.start(it, "applying", HR)
    assert storage.imports.apply(it)
    assert storage.roster.find(RosterSearch()).total == BATCH
    importer.run_all()
    assert storage.roster.find(RosterSearch()).total == MANY
    storage.imports.start(it, "undoing", HR)
    importer.run_all()
    assert storage.roster.find(RosterSearch()).total == 0
    assert storage.imports.counts(it) == {("new", "undone"): MANY}


def test_two_who_work_on_one_import_do_each_row_once(storage: Storage) -> None:
    it = begun(storage, many())
    importer = Importer(storage.imports, {"roster": read, "history": read})
    together([lambda: importer.run(it)] * 2)
    storage.imports.start(it, "applying", HR)
    together([lambda: importer.run(it)] * 2)
    assert storage.roster.find(RosterSearch()).total == MANY
    with storage.database.read() as connection:
        events = connection.execute(select(audit_events).where(audit_events.c.act == "rows_imported")).all()
    assert len(events) == 3, "a batch is one event"


def test_somebody_added_between_preview_and_import_is_changed_and_not_added_again(storage: Storage) -> None:
    it = begun(storage, [("A0034", "阿丽", "350000")])
    importer = Importer(storage.imports, {"roster": read, "history": read})
    importer.run(it)
    ali = hire(storage, phone="13800000000")
    storage.imports.start(it, "applying", HR)
    importer.run(it)
    kept = storage.roster.get(ali.id)
    assert kept is not None and (kept.wage, kept.phone) == (350_000, "13800000000")


def test_most_of_the_roster_missing_means_a_sheet_of_a_part(storage: Storage) -> None:
    for count in range(60):
        hire(storage, f"N{count}", f"某{count}")
    it = begun(storage, [("N1", "某1", "")])
    Importer(storage.imports, {"roster": read, "history": read}).run(it)
    assert storage.imports.rows(it, "leaver") == ((), 0)


def test_a_sheet_lies_sealed_and_not_for_long(storage: Storage, clock: Clock) -> None:
    begun(storage, [("A0034", "阿丽", "350000")])
    with storage.database.read() as connection:
        rows = [
            repr(tuple(row)) for table in (imports, import_rows) for row in connection.execute(select(table))
        ]
    assert not [row for row in rows if "阿丽" in row or "A0034" in row or "名单" in row]
    clock.move(days=31)
    assert keep_to_terms(storage.database, clock())["imports"] == 1
    with storage.database.read() as connection:
        assert connection.execute(select(import_rows)).all() == []


def test_those_who_left_long_ago_are_forgotten(storage: Storage, clock: Clock) -> None:
    ali = hire(storage)
    storage.roster.leave(ali.id, date(2026, 10, 1), HR)
    clock.move(days=1800)
    assert keep_to_terms(storage.database, clock())["leavers"] == 0
    clock.move(days=60)
    assert keep_to_terms(storage.database, clock())["leavers"] == 1
    assert storage.roster.get(ali.id) is None


Sheet = Mapping[str, tuple[str, int]]
PEOPLE = st.dictionaries(
    st.sampled_from(["A1", "A2", "A3", "A4"]),
    st.tuples(st.sampled_from(["阿丽", "老周", "𠮷㛃"]), st.integers(0, 3).map(lambda n: n * 100_000)),
    min_size=1,
)


@given(before=PEOPLE, sheet=PEOPLE)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_an_import_that_is_taken_back_has_changed_nobody(
    storage: Storage, before: Sheet, sheet: Sheet
) -> None:
    clear(storage)
    for number, (name, wage) in before.items():
        hire(storage, number, name, wage=wage)
    was = storage.roster.everyone(RosterSearch())
    it = begun(storage, [(number, name, str(wage)) for number, (name, wage) in sheet.items()])
    importer = Importer(storage.imports, {"roster": read, "history": read})
    for state in ("applying", "undoing"):
        importer.run(it)
        if state == "undoing":
            now = {each.employee.number: each.employee for each in storage.roster.everyone(RosterSearch())}
            assert {number: (now[number].name, now[number].wage) for number in sheet} == dict(sheet)
            assert set(now) == set(before) | set(sheet)
        storage.imports.start(it, state, HR)  # type: ignore[arg-type]
    importer.run(it)
    assert sorted(storage.roster.everyone(RosterSearch()), key=repr) == sorted(was, key=repr)


def clear(storage: Storage) -> None:
    for line in storage.roster.everyone(RosterSearch(state=None)):
        storage.roster.erase(line.employee.id, HR, "重来")
