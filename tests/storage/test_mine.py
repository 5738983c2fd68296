"""An employee sees what is kept about them and who looked at it, and nothing of anybody else's."""

from __future__ import annotations

from typing import Any

import pytest
from databases import Clock
from sqlalchemy import insert, update
from talking import TASK, kept, message, say

from audit.events import SYSTEM, Event, account, employee, task
from bot.mine import Mine
from people.employees import Employee
from storage.mine import LOOKS
from storage.opening import Storage
from storage.tables import bindings, tasks

pytest_plugins = ["databases"]

NOBODY = "5a1e0000-0000-4000-8000-000000000001"


def employ(storage: Storage, number: str, name: str) -> str:
    return storage.roster.add(Employee("", number, name, "320500"), SYSTEM).id


def tie(storage: Storage, clock: Clock, who: str, conversation: str, state: str = "active") -> None:
    row = {
        "id": conversation,
        "employee": who,
        "conversation": conversation,
        "channel": "web",
        "state": state,
        "bound_at": clock(),
    }
    with storage.database.work() as connection:
        connection.execute(insert(bindings), row)


def mine(storage: Storage, **of: Any) -> Mine:
    found = storage.mine.of(kept(storage, **of).id)
    assert found is not None
    return found


@pytest.fixture
def talked(storage: Storage, clock: Clock) -> Storage:
    """阿丽 has sent something to HR from the web chat, 老王 from his."""
    say(storage, message("m1"), "好", "发了", tasks=(TASK,))
    clock.move(days=1)
    say(storage, message("m2", "还有"), "在")
    say(storage, message("w1", sender="老王"), "好", tasks=(TASK,))
    return storage


def test_a_conversation_that_is_nobodys(talked: Storage, clock: Clock) -> None:
    found = mine(talked)
    assert (found.messages, found.employee, found.tied, found.looks) == (5, None, (), ())
    assert (clock.time - found.opened_at).days == 1 and found.seen_at == clock.time
    (handed,) = found.handed
    assert (handed.number, handed.state, handed.closed_at, handed.lines) == (
        "T-000001",
        "waiting",
        None,
        TASK.lines,
    )
    assert "阿丽" not in repr(found)
    assert talked.mine.of(NOBODY) is None


def test_who_looked_is_told_by_role_and_only_people_of_hr(talked: Storage, clock: Clock) -> None:
    zhao = talked.accounts.add("zhaojing", "赵静", frozenset({"dibao_officer", "agent"}), state="active")
    for actor, number in (
        (account(zhao.id), "T-000001"),
        (account(zhao.id), "T-000002"),
        (SYSTEM, "T-000001"),
        (account("gone"), "T-000001"),
    ):
        talked.audit.record(Event("log_check", actor, (task(number),)))
    looks = mine(talked).looks
    assert [(each.seq, each.roles) for each in looks] == [(4, ()), (1, ("agent", "dibao_officer"))]
    assert [each.seq for each in mine(talked, sender="老王").looks] == [2]
    assert "赵静" not in repr(looks)


def test_what_is_tied_to_an_employee_comes_together(talked: Storage, clock: Clock) -> None:
    say(talked, message("p1", channel="wechat"), "好", tasks=(TASK,))
    ali, wang = employ(talked, "A017", "阿丽"), employ(talked, "A018", "老王")
    tie(talked, clock, ali, kept(talked).id)
    tie(talked, clock, wang, kept(talked, sender="老王").id, state="ended")
    with talked.database.work() as connection:
        connection.execute(update(tasks).where(tasks.c.number == 3).values(employee=ali))
    talked.audit.record(Event("log_check", account("2a0"), (employee(ali), task("T-000001"))))
    talked.audit.record(Event("log_check", account("2a0"), (employee(ali), employee(wang))))
    talked.audit.record(Event("log_check", account("2a0"), (employee(wang),)))
    found = mine(talked)
    assert found.employee == ali
    assert [(each.channel, each.since) for each in found.tied] == [("web", clock.time)]
    assert [each.number for each in found.handed] == ["T-000003", "T-000001"]
    assert [each.seq for each in found.looks] == [4, 3]
    # A chat that is not tied any more tells nothing of the employee's.
    assert mine(talked, sender="老王").employee is None and mine(talked, sender="老王").looks == ()


def test_what_was_erased_is_not_shown(talked: Storage) -> None:
    say(talked, message("e1", "把我的都删掉"), "都删了", state={}, erase=True)
    found = mine(talked)
    assert (found.messages, found.handed) == (1, ())


def test_the_last_looks_are_shown(talked: Storage) -> None:
    for _ in range(LOOKS + 3):
        talked.audit.record(Event("log_check", account("2a0"), (task("T-000001"),)))
    assert [each.seq for each in mine(talked).looks] == list(range(LOOKS + 3, 3, -1))
