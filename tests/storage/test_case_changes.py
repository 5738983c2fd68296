"""Whoever asks what has changed since the last time misses nothing, however many work meanwhile."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from databases import Open
from sqlalchemy import update
from talking import colleague, message, say, together

from hr_inbox.cases import CaseLine, Collision, Search, Viewer
from hr_inbox.task import HrTask
from storage.counters import next_of
from storage.opening import Storage
from storage.tables import tasks
from storage.tasks import CHANGES

pytest_plugins = ["databases"]

only_postgresql = pytest.mark.parametrize("url", ["postgresql"], indirect=True)
TASK = HrTask("question", ("哪个月开始交",))


def hand_over(storage: Storage, count: int) -> list[str]:
    """So many employees hand a question over."""
    return [
        say(storage, message(f"m{i}", sender=f"s{i}"), "好", tasks=(TASK,)).tasks[0] for i in range(count)
    ]


def test_only_what_changed_comes_and_in_order(storage: Storage) -> None:
    zhao = colleague(storage)
    assert storage.cases.changed(zhao, 0) == ((), 0)
    first, second, third = hand_over(storage, 3)
    lines, last = storage.cases.changed(zhao, 0)
    assert [line.number for line in lines] == [first, second, third]
    storage.cases.take(third, zhao)
    storage.cases.take(first, zhao)
    storage.cases.note(third, zhao, "看过")
    lines, later = storage.cases.changed(zhao, last)
    assert [line.number for line in lines] == [first, third]
    assert storage.cases.changed(zhao, later) == ((), later)


def test_many_changes_come_in_portions(storage: Storage) -> None:
    zhao = colleague(storage)
    numbers = hand_over(storage, 5)
    seen, last = [], 0
    while True:
        lines, last = storage.cases.changed(zhao, last, 2)
        if not lines:
            break
        seen += [line.number for line in lines]
    assert seen == numbers


def test_what_one_may_not_see_moves_the_place_on_all_the_same(storage: Storage) -> None:
    zhao = colleague(storage, "赵静", "agent")
    say(storage, message(), "好", tasks=(HrTask("dibao_status_change", ("停了",)),))
    lines, last = storage.cases.changed(zhao, 0)
    assert (lines, last) == ((), 1)


@only_postgresql
def test_a_change_that_is_not_committed_holds_back_the_later_ones(storage: Storage) -> None:
    """Numbers of a sequence would be seen in the order of commits, and the earlier one never."""
    zhao = colleague(storage)
    slow, quick = hand_over(storage, 2)
    start = storage.cases.changed(zhao, 0)[1]
    with ThreadPoolExecutor(1) as pool:
        with storage.database.work() as connection:
            change = next_of(connection, CHANGES)
            connection.execute(update(tasks).where(tasks.c.number == 1).values(change=change, priority=0))
            taking = pool.submit(storage.cases.take, quick, zhao)
            with pytest.raises(TimeoutError):
                taking.result(timeout=0.3)
            assert storage.cases.changed(zhao, start) == ((), start)
        taking.result()
    lines, _ = storage.cases.changed(zhao, start)
    assert [line.number for line in lines] == [slow, quick]


@only_postgresql
def test_a_reader_beside_many_writers_ends_with_what_is_there(url: str, open_one: Open) -> None:
    storages = [open_one(url), open_one(url)]
    people = [colleague(storages[0], name) for name in ("赵静", "李娜", "王强")]
    numbers = hand_over(storages[0], 12)
    writing = threading.Event()
    writing.set()

    def write(thread: int) -> None:
        chance, storage = random.Random(thread), storages[thread % 2]
        for _ in range(40):
            act = chance.choice(
                (storage.cases.take, storage.cases.release, storage.cases.finish, storage.cases.reopen)
            )
            try:
                act(chance.choice(numbers), chance.choice(people))
            except Collision:
                continue

    def read(viewer: Viewer) -> dict[str, CaseLine]:
        seen: dict[str, CaseLine] = {}
        last, more = 0, True
        while more:
            more = writing.is_set()  # once more after the last one has written
            lines, now = storages[0].cases.changed(viewer, last, 5)
            assert now >= last
            assert [line.change for line in lines] == sorted(line.change for line in lines)
            seen |= {line.number: line for line in lines}
            more, last = more or now > last, now
        return seen

    with ThreadPoolExecutor(2) as pool:
        reading = [pool.submit(read, viewer) for viewer in people[:2]]
        together([lambda thread=thread: write(thread) for thread in range(6)])  # type: ignore[misc]
        writing.clear()
        seen = [each.result() for each in reading]
    there = {line.number: line for line in storages[0].cases.find(Search(), people[0]).lines}
    assert seen[0] == seen[1] == there
