"""After a change of the library every profile is looked at anew: who differs is kept, and the company gets one task."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from databases import Clock
from plant import works_there

from app import reassessing
from app.reassessing import Reassessing
from audit.events import employee as subject
from bench.profiles import raised
from hr_inbox.cases import Search, Viewer
from people.employees import Employee
from people.records import DibaoStatus
from policy_kb import compiled
from policy_kb.library import Library
from profiles.changes import Change, Income
from profiles.figures import figures_of
from profiles.passes import Pass
from storage.opening import Storage

pytest_plugins = ["databases"]

ZHAO = "account:5a1e0000-0000-4000-8000-00000000000a"


@pytest.fixture(scope="module")
def library() -> Library:
    return compiled.load()


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """So that a pass has several."""
    monkeypatch.setattr(reassessing, "SOME", 2)
    yield


class Office:
    """A company that keeps up with its library."""

    def __init__(self, storage: Storage, library: Library) -> None:
        self.storage = storage
        self.library = library
        self.today = storage.now().date()

    def looks(self) -> Pass | None:
        for employee in self.storage.profiles.pending(100):
            self.storage.profiles.follow(employee, lambda before, after, done: None)
        return Reassessing(self.storage.passes, lambda: self.library, lambda: self.today).run()

    def tasks(self) -> list[str | None]:
        page = self.storage.cases.find(Search(box="waiting"), Viewer(ZHAO[8:], "赵静"))
        return [line.kind for line in page.lines]


@pytest.fixture
def office(storage: Storage, library: Library) -> Office:
    return Office(storage, library)


@pytest.fixture
def staff(storage: Storage) -> list[Employee]:
    """Three on the floor of 苏州, one far above it, one whose wage nobody knows."""
    wages = (350_000, 300_000, 420_000, 1_500_000, None)
    return [works_there(storage, f"A{n}", f"工人{n}", wage=wage) for n, wage in enumerate(wages)]


def test_whose_contributions_differ_is_kept_to_the_fen(
    storage: Storage, office: Office, staff: list[Employee], library: Library
) -> None:
    first = office.looks()
    assert first is not None and (first.people, first.done, first.changed) == (5, 5, 0)
    office.library = raised(library)
    found = office.looks()
    assert found is not None and (found.state, found.done, found.changed, found.own) == ("done", 5, 3, 0)
    differing = {each.employee: each for each in storage.passes.page(found.id, 1, 50)}
    assert set(differing) == {each.id for each in staff[:3]}
    for each in staff[:3]:
        profile = storage.profiles.profile_of(each.id)
        assert profile is not None
        assert differing[each.id].before == figures_of(profile, library, office.today, office.today)
        assert differing[each.id].after == figures_of(profile, office.library, office.today, office.today)
        assert differing[each.id].after.base == 519_960  # 4952.00, five per cent more
    assert len(storage.passes.page(found.id, 2, 2)) == 1


def test_it_is_one_task_and_one_event_on_the_page_of_each(
    storage: Storage, office: Office, staff: list[Employee], library: Library
) -> None:
    office.looks()
    assert office.tasks() == []
    office.library = raised(library)
    found = office.looks()
    assert found is not None and found.task is not None and office.tasks() == ["policy_batch"]
    for each in staff:
        events = [event.act for event in storage.history.about(subject(each.id))]
        assert events.count("profiles_reassessed") == (each in staff[:3])
    assert [each.id for each, _ in storage.passes.of_employee(staff[0].id)] == [found.id]


def test_the_same_library_on_the_same_day_is_looked_at_once(
    storage: Storage, office: Office, staff: list[Employee], library: Library
) -> None:
    assert office.looks() is not None
    assert office.looks() is None
    office.library = raised(library)
    assert office.looks() is not None and office.looks() is None


def test_somebody_who_died_in_the_middle_is_taken_over_from_where_they_were(
    storage: Storage, office: Office, staff: list[Employee], library: Library, clock: Clock
) -> None:
    office.looks()
    office.library = raised(library)
    begun = storage.passes.begin(office.library.sha256, office.today)
    assert begun is not None
    half = Reassessing(storage.passes, lambda: office.library, lambda: office.today)._step(
        begun, office.library, office.today
    )
    assert half is not None and half.done == 2
    assert office.looks() is None, "somebody else works on it"
    clock.move(hours=1)
    ended = office.looks()
    assert ended is not None and (ended.id, ended.done, ended.changed) == (begun.id, 5, 3)
    assert office.tasks() == ["policy_batch"]


def test_a_result_of_the_household_alone_is_the_employees_own(
    storage: Storage, office: Office, library: Library
) -> None:
    ali = works_there(storage, "A1", "阿丽", wage=350_000, area="rural")
    storage.records.agree(ali.id, "dibao_status", "chat", "employee")
    storage.records.tell_dibao(ali.id, DibaoStatus("receiving", date(2026, 5, 1), "told_hr"), ZHAO)
    told: dict[Any, Any] = {"on_book": True, "household_size": 2, "other_income": Income(0, 0)}
    start = {"holds_from": date(2026, 5, 1), "said_by": "employee", "written_at": storage.now()}
    more: Any = start | {"source": "employee", "standing": "reported"}
    storage.profiles.note([Change(ali.id, what, value, **more) for what, value in told.items()], ZHAO)
    storage.roster.correct(ali.id, {"home_region": "310000"}, ZHAO)
    office.today = date(2025, 3, 1)  # a day on which 上海's line is on record
    office.looks()
    office.library = raised(library, floors=100, lines=30_000)
    found = office.looks()
    assert found is not None and (found.changed, found.own) == (0, 1)
    assert office.tasks() == [] and storage.passes.page(found.id, 1, 50) == ()
    ((_, differing),) = storage.passes.of_employee(ali.id)
    assert differing.before.verdict != differing.after.verdict
    assert not [e for e in storage.history.about(subject(ali.id)) if e.act == "profiles_reassessed"]


def test_the_figures_of_a_new_employee_are_no_difference(
    storage: Storage, office: Office, staff: list[Employee], library: Library
) -> None:
    office.looks()
    works_there(storage, "B1", "新来的", wage=320_000)
    office.library = replace_version(library)
    found = office.looks()
    assert found is not None and (found.done, found.changed) == (6, 0)


def replace_version(library: Library) -> Library:
    """The same figures under another name."""
    return Library(library.regions.values(), library.divisions, library.version, "another")
