"""Once a month HR gets a task with what is due in the library, however many processes look."""

from __future__ import annotations

import pytest
from databases import Clock
from plant import works_there
from talking import together

from app.reminding import PolicyReminder
from hr_inbox.cases import Search, Viewer
from policy_kb import compiled
from policy_kb.library import Library
from storage.opening import Storage

pytest_plugins = ["databases"]

YINGZHOU, ZHAO = "341202", "5a1e0000-0000-4000-8000-00000000000a"


@pytest.fixture(scope="module")
def library() -> Library:
    return compiled.load()


def reminder(storage: Storage, library: Library) -> PolicyReminder:
    return PolicyReminder(storage, lambda: library, lambda: storage.now().date())


def numbers(storage: Storage) -> list[str]:
    page = storage.cases.find(Search(box="waiting"), Viewer(ZHAO, "赵静"))
    return [line.number for line in page.lines if line.kind == "policy_due"]


def test_a_month_has_one_task_whoever_looks_and_the_next_has_another(
    storage: Storage, clock: Clock, library: Library
) -> None:
    works_there(storage, "A1", "工人", home_region=YINGZHOU, area="rural")
    assert sorted(together([reminder(storage, library).run] * 4)) == [False, False, False, True]
    clock.move(days=3)
    assert not reminder(storage, library).run()
    assert len(numbers(storage)) == 1
    clock.move(days=28)
    assert reminder(storage, library).run()
    assert len(numbers(storage)) == 2
    clock.move(days=-28)  # a clock that was put back
    assert not reminder(storage, library).run()


def test_it_counts_what_concerns_the_people_and_names_none_of_their_places(
    storage: Storage, library: Library
) -> None:
    works_there(storage, "A1", "工人", home_region=YINGZHOU, area="rural")
    assert reminder(storage, library).run()
    case = storage.cases.open(numbers(storage)[0], Viewer(ZHAO, "赵静"))
    assert case is not None
    words = "\n".join(case.task.lines)
    assert "该看一眼" in words and "有 1 个没有能用的低保线" in words
    assert "颍州" not in words and "工人" not in words


def test_a_company_whose_people_are_nowhere_is_told_nothing(storage: Storage, library: Library) -> None:
    assert not reminder(storage, library).run()
    assert numbers(storage) == []
