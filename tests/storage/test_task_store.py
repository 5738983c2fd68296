"""Tasks come back as they were opened; nothing of them can be read in the database."""

from __future__ import annotations

from dataclasses import fields

import pytest
from databases import Clock
from sqlalchemy import select, update
from talking import TASK, kept, message, say

from hr_inbox.task import HrTask
from storage.encryption import Unreadable
from storage.opening import Storage
from storage.tables import tasks
from storage.tasks import KeptTask

pytest_plugins = ["databases"]

BARE = HrTask("dibao_status_change", ())


def test_a_task_comes_back_as_it_was_opened(storage: Storage, clock: Clock) -> None:
    assert all(getattr(TASK, each.name) != each.default for each in fields(TASK)), "a field was left out"
    assert say(storage, message(), "好", tasks=(TASK, BARE)).tasks == ("T-000001", "T-000002")
    conversation = kept(storage).id
    expected = KeptTask("T-000001", TASK, "waiting", conversation, clock.time, None)
    assert storage.tasks.find("T-000001") == expected
    assert [each.task for each in storage.tasks.waiting()] == [TASK, BARE]


def test_a_closed_task_no_longer_waits(storage: Storage, clock: Clock) -> None:
    say(storage, message(), "好", tasks=(TASK,))
    clock.move(days=2)
    assert storage.tasks.close("T-000001")
    assert not storage.tasks.close("T-000001")
    assert storage.tasks.waiting() == ()
    closed = storage.tasks.find("T-000001")
    assert closed is not None and (closed.state, closed.closed_at) == ("done", clock.time)


@pytest.mark.parametrize("number", ["T-000009", "T-", "九", "T-٣", "", "T-000001; DROP"])
def test_a_number_that_is_none_finds_nothing(storage: Storage, number: str) -> None:
    say(storage, message(), "好", tasks=(TASK,))
    assert storage.tasks.find(number) is None


def test_a_task_moved_to_another_number_does_not_open(storage: Storage) -> None:
    say(storage, message(), "好", tasks=(TASK, BARE))
    with storage.database.work() as connection:
        body = connection.execute(select(tasks.c.body).where(tasks.c.number == 1)).scalar_one()
        connection.execute(update(tasks).where(tasks.c.number == 2).values(body=body))
    with pytest.raises(Unreadable):
        storage.tasks.find("T-000002")


def test_neither_kind_nor_words_stand_in_the_database(storage: Storage) -> None:
    say(storage, message(), "好", tasks=(BARE, TASK))
    with storage.database.read() as connection:
        shown = repr(connection.execute(select(tasks)).all())
    for personal in ("dibao", "question", "什么时候", "阿丽", "enrolment", "hr_named"):
        assert personal not in shown
