"""How the installation stands, in numbers: what waits, since when, and what did not arrive."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from databases import Clock
from sqlalchemy import event, insert, update
from talking import TASK, close, message, say

from bot.channels.tokens import Held
from storage.opening import Storage
from storage.tables import audit_checks, outbox, tasks

pytest_plugins = ["databases"]


def test_nothing_waits_where_nothing_happened(storage: Storage) -> None:
    found = storage.gauges.read()
    assert (found.events, found.events_age, found.events_failed, found.turns, found.overdue) == (
        0,
        0,
        0,
        0,
        0,
    )
    assert (found.messages, found.messages_age, found.tokens) == ({}, {}, {})
    assert found.cases == {"waiting": 0, "taken": 0, "snoozed": 0}
    assert (found.swept_at, found.log_whole) == (None, None)
    assert (found.contacts, found.profiles, found.profiles_age) == ({}, 0, 0)


def test_events_wait_from_when_they_came(storage: Storage, clock: Clock) -> None:
    storage.inbox.store(message("m1", channel="wechat"))
    clock.move(seconds=90)
    storage.inbox.store(message("m2", channel="wechat", sender="老周"))
    found = storage.gauges.read()
    assert (found.events, found.events_age, found.turns) == (2, 90, 0)
    while (taken := storage.inbox.take_next(clock(), clock() + timedelta(minutes=2), None)) is not None:
        storage.inbox.put_back(taken, None)
    found = storage.gauges.read()
    assert (found.events, found.events_age, found.events_failed) == (0, 0, 2)


def test_turns_are_those_of_the_last_five_minutes(storage: Storage, clock: Clock) -> None:
    say(storage, message("m1"), "你好")
    clock.move(minutes=4)
    say(storage, message("m2"), "在")
    assert storage.gauges.read().turns == 2
    clock.move(minutes=2)
    assert storage.gauges.read().turns == 1


def test_messages_are_counted_by_channel_and_by_what_became_of_them(storage: Storage, clock: Clock) -> None:
    say(storage, message("m1", channel="wechat"), "一", "二", "三")
    say(storage, message("m2", channel="wecom", sender="老周"), "一")
    with storage.database.work() as connection:
        connection.execute(update(outbox).where(outbox.c.message == 2).values(state="failed"))
        connection.execute(update(outbox).where(outbox.c.message == 3).values(state="unsure"))
        connection.execute(update(outbox).where(outbox.c.message == 4).values(state="sent"))
    say(storage, message("m3", channel="wecom", sender="赵静"), "一")
    clock.move(seconds=30)
    found = storage.gauges.read()
    assert found.messages == {
        ("wechat", "failed"): 1, ("wechat", "unsure"): 1, ("wecom", "failed"): 1, ("wecom", "queued"): 1,
    }  # fmt: skip
    assert found.messages_age == {"wecom": 30}


def test_cases_are_counted_without_what_they_are_about(storage: Storage, clock: Clock) -> None:
    say(storage, message("m1"), "转给人事", tasks=(TASK, replace(TASK, kind="complaint")))
    with storage.database.work() as connection:
        connection.execute(update(tasks).values(due_at=clock() + timedelta(hours=1)))
    assert storage.gauges.read().overdue == 0
    clock.move(hours=2)
    found = storage.gauges.read()
    assert (found.cases["waiting"], found.overdue) == (2, 2)
    close(storage, "1")
    assert storage.gauges.read().cases["waiting"] == 1
    assert "complaint" not in repr(found)


def test_a_token_is_told_by_its_platform_and_not_by_its_account(storage: Storage, clock: Clock) -> None:
    tokens = storage.platform_tokens
    tokens.read("wechat:wx0123456789abcdef")
    lease = tokens.lease("wechat:wx0123456789abcdef", 0, clock(), clock() + timedelta(seconds=30)) or ""
    held = Held("token", 1, clock() + timedelta(hours=2), clock() + timedelta(hours=1))
    tokens.settle("wechat:wx0123456789abcdef", lease, held)
    assert storage.gauges.read().tokens == {"wechat": 7200}


def test_a_sweep_is_remembered_to_the_minute(storage: Storage, clock: Clock) -> None:
    storage.gauges.note_sweep()
    clock.move(minutes=1, seconds=10)
    storage.gauges.note_sweep()
    assert storage.gauges.swept_at() == clock() - timedelta(seconds=10)
    assert storage.gauges.read().swept_at == storage.gauges.swept_at()


def test_the_newest_check_of_the_log_counts(storage: Storage, clock: Clock) -> None:
    row = {"at": clock(), "last": 1, "hash": bytes(32), "broken": 1, "why": "hash"}
    with storage.database.work() as connection:
        connection.execute(insert(audit_checks), row)
    assert storage.gauges.read().log_whole is False
    with storage.database.work() as connection:
        connection.execute(insert(audit_checks), row | {"at": clock() + timedelta(days=1), "broken": None})
    assert storage.gauges.read().log_whole is True


def test_no_number_reads_a_table_from_end_to_end(storage: Storage) -> None:
    """What is done grows for ever: nothing that is counted may need all of it."""
    if storage.database.dialect != "sqlite":
        return  # PostgreSQL reads small tables whole, whatever indexes there are
    statements: list[tuple[str, object]] = []
    with storage.database.read() as connection:
        engine = connection.engine

        def note(
            cursor_owner: object, cursor: object, statement: str, parameters: object, *rest: object
        ) -> None:
            if statement.startswith("SELECT"):
                statements.append((statement, parameters))

        event.listen(engine, "before_cursor_execute", note)
    storage.gauges.read()
    event.remove(engine, "before_cursor_execute", note)
    small = ("platform_tokens", "counters", "audit_checks", "connections", "declaration_steps")
    with storage.database.read() as connection:
        for statement, parameters in statements:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()  # type: ignore[arg-type]
            scans = [row[3] for row in plan if row[3].startswith("SCAN") and "USING" not in row[3]]
            assert not [scan for scan in scans if not any(name in scan for name in small)], statement
