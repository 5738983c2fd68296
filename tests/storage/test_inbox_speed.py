"""The inbox stays quick after years of work: a filled one, small in every run, whole in the long one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import pytest
from databases import Clock, Open
from sqlalchemy import Engine, event

from bench.inbox import NOW, fill, measure, questions, show
from hr_inbox.cases import BOXES, Search
from storage.opening import Storage

pytest_plugins = ["databases"]

#: Questions of every kind, once for each of the two who look.
ROUND = 17 * 4


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """What is asked of the database meanwhile."""
    asked: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        asked.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def plan(storage: Storage, statement: str, parameters: Any) -> str:
    """How the database would go about it, if it were full: a small table is read as a whole, whatever the indexes."""
    with storage.database.read() as connection:
        if storage.database.dialect == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).all()
        else:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    return "\n".join(str(row[-1]) for row in rows)


def reads_every_row(plan: str) -> bool:
    """Whether every task is read, and not an index alone."""
    return any(
        "Seq Scan on tasks" in line or (line.startswith("SCAN tasks") and "COVERING INDEX" not in line)
        for line in plan.splitlines()
    )


def test_no_question_reads_every_case(url: str, open_one: Open, clock: Clock) -> None:
    clock.time = NOW
    storage = open_one(url)
    filled = fill(storage, 2_000, 12)
    for name, viewer, search, _ in islice(questions(filled, random.Random(1)), ROUND):
        with statements() as asked:
            page = storage.cases.find(search, viewer)
            storage.cases.counts(viewer)
            storage.cases.changed(viewer, 1_990)
        assert len(page.lines) <= 50
        assert len(asked) <= 20, f"{name}: {len(asked)} statements"
        for statement, parameters in asked:
            if "FROM tasks" in statement:
                how = plan(storage, statement, parameters)
                assert not reads_every_row(how), f"{name}:\n{statement}\n{how}"


def test_a_filled_inbox_is_a_real_one(url: str, open_one: Open, clock: Clock) -> None:
    """What it is measured on opens, adds up and can be gone through page by page."""
    clock.time = NOW
    storage = open_one(url)
    filled = fill(storage, 600, 12)
    for viewer in (filled.agent, filled.everything):
        counts = storage.cases.counts(viewer)
        for box in BOXES:
            seen, after = [], ""
            while True:
                page = storage.cases.find(Search(box=box), viewer, after, 7)
                seen += [line.number for line in page.lines]
                after = page.after
                if not after:
                    break
            assert len(seen) == len(set(seen)) == counts[box]
    case = storage.cases.open(filled.numbers[-1], filled.everything)
    assert case is not None and case.conversation is not None
    said = storage.cases.transcript(filled.numbers[-1], filled.everything)
    assert [each.author for each in said] == ["employee", "hr"]
    history = storage.conversations.history(case.conversation)
    assert [entry.seq for entry in history] == list(range(1, 13))


@pytest.mark.soak
def test_the_inbox_of_a_hundred_thousand_conversations(
    url: str, open_one: Open, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prints how long lists and searches take; the goal is fifty milliseconds for 95 of a hundred."""
    clock.time = NOW
    storage = open_one(url)
    filled = fill(storage, 100_000, 20)
    measure(storage, filled, ROUND)  # what a running program has in memory
    spent = measure(storage, filled, 30 * ROUND)
    with capsys.disabled():
        show(storage.database.dialect, spent)
