"""Tasks come back as they were opened; nothing of them can be read in the database."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
from databases import Clock, Open
from sqlalchemy import Engine, event, insert, select, update
from talking import TASK, colleague, kept, message, say, stored_tasks, task_rows

from hr_inbox.task import HrTask
from storage.encryption import Unreadable
from storage.opening import Storage
from storage.tables import bindings, employees, tasks

pytest_plugins = ["databases"]

BARE = HrTask("dibao_status_change", ())
COMPLAINT = HrTask("complaint", ("赵静逼我签字",))
ALI = "5a1e0000-0000-4000-8000-000000000001"


def bind(storage: Storage, employee: str = ALI, *, state: str = "active") -> None:
    """阿丽's chat is tied to her on the roster."""
    with storage.database.work() as connection:
        person = {
            "id": employee, "number_index": employee[-16:].encode(), "name_index": b"n" * 16, "key_id": 1,
            "body": b"b", "region": "320500", "state": "active", "insured": False,
            "changed_at": storage.now(),
        }  # fmt: skip
        connection.execute(insert(employees), person)
        bound = {
            "id": employee, "employee": employee, "conversation": kept(storage).id, "state": state,
            "bound_at": storage.now(),
        }  # fmt: skip
        connection.execute(insert(bindings), bound)


def test_a_task_comes_back_as_it_was_opened(storage: Storage, clock: Clock) -> None:
    assert all(getattr(TASK, each.name) != each.default for each in fields(TASK)), "a field was left out"
    assert say(storage, message(), "好", tasks=(TASK, BARE)).tasks == ("T-000001", "T-000002")
    assert stored_tasks(storage) == [TASK, BARE]
    (first, _) = task_rows(storage)
    assert (first.state, first.conversation, first.opened_at) == ("waiting", kept(storage).id, clock.time)


def test_a_task_is_tied_to_the_employee_whose_chat_it_is(storage: Storage) -> None:
    say(storage, message("m1"), "好", tasks=(TASK,))
    bind(storage)
    bind(storage, "5a1e0000-0000-4000-8000-000000000002", state="ended")
    say(storage, message("m2"), "好", tasks=(TASK,))
    assert [row.employee for row in task_rows(storage)] == [None, ALI]


def test_counters_are_taken_in_one_order(storage: Storage, clock: Clock) -> None:
    """In two orders two turns would wait for each other: here a task is opened while another one wakes."""
    say(storage, message("m1"), "好", tasks=(TASK,))
    storage.cases.snooze("T-000001", colleague(storage), clock() + timedelta(days=1))
    counted: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        if statement.startswith("INSERT INTO counters"):
            counted.append(next(each for each in as_values(parameters) if isinstance(each, str)))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        say(storage, message("m2"), "好", tasks=(TASK,))
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert counted == ["tasks", "task_changes", "task_changes"]
    assert [row.state for row in task_rows(storage)] == ["waiting", "waiting"]


def as_values(parameters: Any) -> list[Any]:
    """The parameters of a statement: by name or by place."""
    return list(parameters.values() if isinstance(parameters, dict) else parameters)


def test_a_task_moved_to_another_number_does_not_open(storage: Storage) -> None:
    say(storage, message(), "好", tasks=(TASK, BARE))
    with storage.database.work() as connection:
        body = connection.execute(select(tasks.c.body).where(tasks.c.number == 1)).scalar_one()
        connection.execute(update(tasks).where(tasks.c.number == 2).values(body=body))
    with pytest.raises(Unreadable):
        stored_tasks(storage)


def test_neither_kind_nor_words_stand_in_the_database(storage: Storage) -> None:
    say(storage, message(), "好", tasks=(BARE, TASK))
    shown = repr(task_rows(storage))
    for personal in ("dibao", "question", "什么时候", "阿丽", "enrolment", "hr_named"):
        assert personal not in shown


def test_tasks_of_an_earlier_version_find_their_readers_when_the_program_starts(
    url: str, open_one: Open
) -> None:
    storage = open_one(url)
    officer, zhao = colleague(storage, "李娜"), colleague(storage, "赵静")
    say(storage, message(), "好", tasks=(HrTask("refusal", ("不交",), topic="duty"), BARE, COMPLAINT))
    with storage.database.work() as connection:
        connection.exec_driver_sql("DELETE FROM exclusions")
        old = {"audience": None, "restricted": True, "kind": None, "topic": "", "priority": 2}
        connection.execute(update(tasks).values(**old))
    assert storage.cases.counts(officer)["waiting"] == 0
    again = open_one(url)
    assert again.cases.counts(officer)["waiting"] == 3
    assert again.cases.counts(zhao)["waiting"] == 2
    line = again.cases.open("T-000001", officer)
    assert line is not None and (line.line.kind, line.line.topic, line.line.priority) == (
        "refusal",
        "duty",
        1,
    )
