"""The log in the database: events follow each other without a gap, rows are only added, and what was altered is found."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from databases import Clock, Open
from filling import fill
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from talking import together

from audit.chain import Broken
from audit.events import EMPLOYEE, SYSTEM, Event, account, employee, task
from audit.exported import verify
from audit.reading import Wanted
from people.employees import Employee
from storage.audit import append, forget
from storage.backup import back_up, restore
from storage.errors import StorageError
from storage.keys import make_key
from storage.log_chain import SIGN_EVERY, HeadFile
from storage.opening import Storage
from storage.retention import keep_to_terms
from storage.rotation import in_use, rotate
from storage.tables import audit_checks, audit_events, audit_heads, audit_reasons, audit_subjects

pytest_plugins = ["databases"]

ZHAO, LI = account("2a0"), account("11")
ALI, WANG = employee("of-ali"), employee("of-wang")
REASON = "阿丽问是谁看过她的事"


def record(
    storage: Storage, *subjects: str, act: str = "log_search", actor: str = ZHAO, reason: str = ""
) -> int:
    return storage.audit.record(Event(act, actor, subjects, {"form": "x"}, reason))


@pytest.fixture
def written(storage: Storage, clock: Clock) -> Storage:
    """Five events, a minute apart."""
    for event in (
        Event("sign_in", ZHAO, (ZHAO,)),
        Event("log_search", ZHAO, (ALI,), reason=REASON),
        Event("log_check", LI, (ALI, WANG, task("T-000001"))),
        Event("log_export", LI, (), {"form": "jsonl"}),
        Event("sign_out", ALI),
    ):
        storage.audit.record(event)
        clock.move(minutes=1)
    return storage


def tamper(storage: Storage, *statements: Any) -> None:
    """What somebody does who owns the database: the triggers go first."""
    with storage.database.work() as connection:
        for table in ("audit_events", "audit_subjects", "audit_heads"):
            for kind in ("no_delete", "no_update"):
                where = f" ON {table}" if connection.dialect.name == "postgresql" else ""
                connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_{kind}{where}"))
        for statement in statements:
            connection.execute(statement)


def delete_from(seq: int) -> list[Any]:
    tables = (audit_subjects, audit_reasons, audit_heads, audit_events)
    return [delete(table).where(table.c.seq >= seq) for table in tables]


def set_counter(value: int) -> Any:
    return text(f"UPDATE counters SET value = {value} WHERE name = 'audit'")


def broken(storage: Storage) -> Broken | None:
    return storage.chain.check().broken


# -- Written ---------------------------------------------------------------------------------------------------------


def test_eight_threads_write_one_chain_without_gaps_or_forks(storage: Storage) -> None:
    def write(name: str) -> list[int]:
        return [record(storage, employee(f"{name}{count}")) for count in range(25)]

    numbers = together([lambda name=name: write(name) for name in "abcdefgh"])  # type: ignore[misc]
    assert sorted(each for some in numbers for each in some) == list(range(1, 201))
    assert all(each == sorted(each) for each in numbers)
    assert storage.chain.check().last == 200 and broken(storage) is None


def test_an_event_is_written_with_what_it_tells_of_or_not_at_all(storage: Storage) -> None:
    record(storage)
    with pytest.raises(RuntimeError), storage.database.work() as connection:
        append(connection, Event("sign_in", ZHAO), storage.now())
        raise RuntimeError
    assert record(storage) == 2
    assert broken(storage) is None


def test_a_reason_is_sealed_and_needs_the_keys(written: Storage) -> None:
    with written.database.work() as connection:
        body = connection.execute(select(audit_reasons.c.body)).scalar_one()
        assert REASON.encode() not in body
        with pytest.raises(ValueError, match="needs the keys"):
            append(connection, Event("sign_in", ZHAO, reason="x"), written.now())


def test_a_reason_outlives_its_root_key(written: Storage, open_one: Open, url: str) -> None:
    make_key(written.keys.folder)
    anew = open_one(url)
    assert rotate(anew.database, anew.keys) >= 1
    with anew.database.read() as connection:
        assert set(in_use(connection)) == {2}
    found = anew.history.get(2)
    assert found is not None and found.reason == REASON
    assert broken(anew) is None


@pytest.mark.parametrize(
    "statement",
    [
        update(audit_events).where(audit_events.c.seq == 2).values(actor=LI),
        update(audit_events).values(hash=bytes(32)),
        delete(audit_events).where(audit_events.c.seq == 5),
        update(audit_subjects).values(subject=WANG),
        update(audit_subjects).values(subject=None),
        update(audit_subjects).values(subject=None, salt=None, item=bytes(32)),
        delete(audit_subjects),
        update(audit_heads).values(signature=bytes(64)),
        delete(audit_heads),
    ],
)
def test_the_database_refuses_to_change_or_delete_what_is_written(written: Storage, statement: Any) -> None:
    written.chain.check()
    with pytest.raises(DBAPIError, match="rows are only added"), written.database.work() as connection:
        connection.execute(statement)
    assert broken(written) is None


def test_postgresql_refuses_to_empty_the_tables(written: Storage) -> None:
    if written.database.dialect == "sqlite":
        pytest.skip("SQLite knows no TRUNCATE")
    with pytest.raises(DBAPIError, match="rows are only added"), written.database.work() as connection:
        connection.execute(text("TRUNCATE audit_events CASCADE"))


# -- Checked ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (update(audit_events).where(audit_events.c.seq == 2).values(actor=LI), Broken(2, "index")),
        (update(audit_events).where(audit_events.c.seq == 3).values(at=func.now()), Broken(3, "index")),
        (
            update(audit_events).where(audit_events.c.seq == 3)
            .values(body=func.replace(audit_events.c.body, "log_check", "sign_in")),
            Broken(3, "altered"),
        ),
        (update(audit_subjects).where(audit_subjects.c.subject == WANG).values(subject=ALI), Broken(3, "list")),
        (delete(audit_subjects).where(audit_subjects.c.subject == WANG), Broken(3, "list")),
        (update(audit_reasons).values(body=b"\1\0\1" + bytes(92)), Broken(2, "reason")),
        (update(audit_events).where(audit_events.c.seq == 4).values(seq=-4), Broken(-4, "repeated")),
        (update(audit_events).where(audit_events.c.seq == 4).values(seq=400), Broken(4, "missing")),
    ],
)  # fmt: skip
def test_what_is_altered_past_the_triggers_is_found(
    written: Storage, statement: Any, expected: Broken
) -> None:
    assert broken(written) is None
    tamper(written, delete(audit_heads), statement)
    assert broken(written) == expected
    state = written.chain.state()
    assert state.check is not None and state.check.broken == expected


def test_an_event_that_is_deleted_is_missing(written: Storage) -> None:
    tamper(
        written,
        delete(audit_subjects).where(audit_subjects.c.seq == 3),
        delete(audit_events).where(audit_events.c.seq == 3),
    )
    assert broken(written) == Broken(3, "missing")


def test_an_end_that_is_deleted_is_found_by_the_count(written: Storage) -> None:
    tamper(written, *delete_from(4))
    assert broken(written) == Broken(4, "truncated")


def test_an_end_that_is_deleted_with_count_and_heads_is_found_by_the_file_outside(written: Storage) -> None:
    assert broken(written) is None
    tamper(written, *delete_from(4), set_counter(3))
    assert broken(written) == Broken(4, "truncated")
    written.chain.file.path.unlink()
    assert broken(written) is None


def test_a_database_that_was_put_back_secretly_is_found(
    written: Storage, tmp_path: Path, clock: Clock
) -> None:
    """The previous head comes back with the previous events: inside the database everything fits."""
    assert broken(written) is None
    back_up(written.database, tmp_path / "old.zip", clock())
    record(written, ALI)
    assert broken(written) is None
    restore(written.database, tmp_path / "old.zip", written.journal, force=True)
    assert broken(written) == Broken(6, "truncated")
    record(written, WANG)
    assert broken(written) == Broken(6, "head")


def test_a_backup_that_is_put_back_on_purpose_is_an_event(
    written: Storage, tmp_path: Path, clock: Clock
) -> None:
    back_up(written.database, tmp_path / "old.zip", clock())
    record(written, ALI)
    assert broken(written) is None
    restored = restore(written.database, tmp_path / "old.zip", written.journal, force=True)
    written.chain.put_back(restored.made_at, restored.rows["audit_events"])
    assert broken(written) is None
    (newest, *_) = written.history.find(Wanted())
    assert (newest.seq, newest.act, newest.actor) == (6, "restore", SYSTEM)
    assert newest.details == {"made_at": restored.made_at}
    tamper(written, *delete_from(6), set_counter(5))
    assert broken(written) == Broken(6, "truncated")


def test_a_backup_from_before_the_first_event_ends_every_head(
    storage: Storage, tmp_path: Path, clock: Clock
) -> None:
    back_up(storage.database, tmp_path / "empty.zip", clock())
    record(storage, ALI)
    assert broken(storage) is None
    restore(storage.database, tmp_path / "empty.zip", storage.journal, force=True)
    storage.chain.put_back("2026-10-15", 0)
    assert broken(storage) is None


def test_who_was_erased_since_the_backup_is_taken_out_of_the_log_again(
    storage: Storage, tmp_path: Path, clock: Clock
) -> None:
    ali = storage.roster.add(Employee("", "A017", "阿丽", "320500"), ZHAO)
    back_up(storage.database, tmp_path / "old.zip", clock())
    storage.roster.erase(ali.id, ZHAO, "录错了")
    assert storage.history.about(employee(ali.id)) == ()
    assert broken(storage) is None
    restored = restore(storage.database, tmp_path / "old.zip", storage.journal, force=True)
    storage.chain.put_back(restored.made_at, restored.rows["audit_events"])
    assert storage.history.about(employee(ali.id)) == ()
    assert broken(storage) is None


def test_heads_are_signed_where_the_chain_is_whole(written: Storage, clock: Clock) -> None:
    assert written.chain.state().check is None and written.chain.state().head is None
    found = written.chain.check()
    state = written.chain.state()
    assert (state.written, state.checked_at, state.check) == (5, clock.time, found)
    assert state.head is not None and (state.head.seq, state.head.hash) == (5, found.hash)
    assert written.chain.file.read() == (state.head,)
    clock.move(days=1)
    written.chain.check()
    assert written.chain.state().head == state.head  # nothing happened, so nothing more is signed
    tamper(written, update(audit_events).where(audit_events.c.seq == 2).values(actor=LI))
    record(written)
    assert broken(written) == Broken(2, "index")
    assert written.chain.state().head == state.head


def test_the_file_catches_up_with_what_the_database_has(written: Storage) -> None:
    written.chain.check()
    line = written.chain.file.path.read_text()
    written.chain.file.path.write_text(line[:-9])
    assert written.chain.file.read() == ()
    assert broken(written) is None
    assert written.chain.file.path.read_text() == f"{line[:-9]}\n{line}"


def test_heads_are_signed_by_day_once_there_is_something(storage: Storage) -> None:
    assert broken(storage) is None and storage.chain.file.read() == ()
    assert not storage.chain.is_due()


@pytest.mark.parametrize("events", [SIGN_EVERY + 1, pytest.param(10_000, marks=pytest.mark.soak)])
def test_thousands_of_events_are_checked_and_many_are_due(storage: Storage, events: int) -> None:
    with storage.database.work() as connection:
        for count in range(events):
            append(connection, Event("log_search", ZHAO, (employee(f"{count % 700}"),)), storage.now())
    assert storage.chain.is_due()
    assert storage.chain.check().last == events
    assert not storage.chain.is_due()


def test_without_the_key_nothing_is_signed(written: Storage) -> None:
    (written.keys.folder / "audit.key").unlink()
    with pytest.raises(StorageError, match="`shebao audit key` makes it"):
        written.chain.check()


def test_keys_of_an_earlier_version_get_the_one_that_signs(
    storage: Storage, open_one: Open, url: str
) -> None:
    (storage.keys.folder / "audit.key").unlink()
    record(storage)
    assert broken(open_one(url)) is None
    (storage.keys.folder / "audit.key").unlink()
    assert (
        not open_one(url).keys.folder.joinpath("audit.key").exists()
    )  # another key would make the heads look forged


# -- A batch, and erasing --------------------------------------------------------------------------------------------


def test_a_batch_is_one_event_on_each_persons_page(storage: Storage) -> None:
    everyone = tuple(employee(f"{count:04}") for count in range(500))
    seq = record(storage, *everyone)
    for each in (everyone[0], everyone[499]):
        (found,) = storage.history.about(each)
        assert (found.seq, found.count, found.subjects) == (seq, 500, everyone)
    assert len(found.body) < 400 and "employee:0" not in found.body
    tamper(storage, update(audit_subjects).where(audit_subjects.c.subject == everyone[7]).values(subject=ALI))
    assert broken(storage) == Broken(seq, "list")


def test_who_is_erased_leaves_a_whole_chain(written: Storage) -> None:
    written.chain.check()
    with written.database.work() as connection:
        assert forget(connection, ALI, written.now()) == 3
    assert broken(written) is None
    assert written.history.about(ALI) == ()
    batch = written.history.get(3)
    assert batch is not None and (batch.count, batch.subjects) == (3, (WANG, task("T-000001")))
    alone = written.history.get(2)
    assert alone is not None and (alone.count, alone.subjects, alone.reason) == (1, (), None)
    (newest, *_) = written.history.find(Wanted())
    assert (newest.act, newest.count, newest.details) == ("log_forget", 0, {"events": 3})
    assert ALI.removeprefix("employee:") not in "".join(written.chain.export(dibao=True))


def test_after_three_years_events_no_longer_say_whom_they_were_about(written: Storage, clock: Clock) -> None:
    written.chain.check()
    clock.move(days=1094)
    counts = keep_to_terms(written.database, clock())
    assert (counts["log_subjects"], counts["log_checks"]) == (0, 1)
    record(written, WANG)
    clock.move(days=2)
    counts = keep_to_terms(written.database, clock())
    assert (counts["log_subjects"], counts["log_reasons"]) == (6, 1)
    assert [each.seq for each in written.history.about(WANG)] == [6]
    assert broken(written) is None


# -- Read ------------------------------------------------------------------------------------------------------------


def numbers(storage: Storage, **wanted: Any) -> list[int]:
    return [each.seq for each in storage.history.find(Wanted(**wanted))]


def test_events_are_found_by_whom_what_who_and_when(written: Storage, clock: Clock) -> None:
    assert numbers(written) == [5, 4, 3, 2, 1]
    assert numbers(written, act="log_check") == [3]
    assert numbers(written, actor=ZHAO) == [2, 1]
    assert numbers(written, subjects=(ALI,)) == [5, 3, 2]
    assert numbers(written, subjects=(WANG, task("T-000001"))) == [3]
    assert numbers(written, staff=True) == [4, 3, 2, 1]
    second = clock.time - timedelta(minutes=4)
    assert numbers(written, since=second) == [5, 4, 3, 2]
    assert numbers(written, until=second) == [1]
    assert numbers(written, actor=LI, subjects=(ALI,), since=second) == [3]


def test_what_tells_of_dibao_can_be_left_out(written: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.events.ACTS", {"dibao_opened": "看了低保情况"})
    record(written, ALI, act="dibao_opened")
    assert numbers(written, subjects=(ALI,), dibao=False) == [5, 3, 2]
    assert numbers(written, subjects=(ALI,)) == [6, 5, 3, 2]
    kept, left_out = ("".join(written.chain.export(dibao=dibao)) for dibao in (True, False))
    assert kept.count('"employee:of-ali"') == left_out.count('"employee:of-ali"') + 1
    for each in (kept, left_out):
        assert verify(each.splitlines())[1].broken is None


def test_pages_follow_each_other_whatever_is_written_meanwhile(written: Storage) -> None:
    first = written.history.find(Wanted(), limit=2)
    record(written)
    second = written.history.find(Wanted(), before=first[-1].seq, limit=2)
    assert [each.seq for each in (*first, *second)] == [5, 4, 3, 2]
    assert written.history.about(ALI, before=3, limit=1)[0].seq == 2


def test_an_event_comes_back_as_it_was_written(written: Storage) -> None:
    first, second, last = (written.history.get(seq) for seq in (1, 2, 5))
    assert first is not None and second is not None and last is not None
    assert (second.act, second.actor, second.subjects, second.reason) == ("log_search", ZHAO, (ALI,), REASON)
    assert second.previous == first.hash and first.previous == bytes(32) and first.reason == ""
    assert (last.actor, last.subjects) == (EMPLOYEE, (ALI,))
    assert REASON not in repr(second)
    assert written.history.get(99) is None


def test_an_export_holds_everything_but_names_and_reasons(written: Storage) -> None:
    written.chain.check()
    lines = list(written.chain.export(dibao=True))
    opening, found = verify(lines)
    assert (opening.last, found.last, found.broken, len(opening.heads)) == (5, 5, None, 1)
    assert REASON not in "".join(lines)
    tamper(written, update(audit_events).where(audit_events.c.seq == 4).values(body="{}"))
    assert verify(written.chain.export(dibao=True))[1].broken == Broken(4, "altered")


def test_a_backup_brings_the_chain_back_whole(
    storage: Storage, bare_url: str, open_one: Open, tmp_path: Path, clock: Clock
) -> None:
    fill(storage, clock)
    back_up(storage.database, tmp_path / "b.zip", clock())
    other = open_one(bare_url)
    restore(other.database, tmp_path / "b.zip", storage.journal, force=True)
    assert broken(other) is None
    with pytest.raises(DBAPIError, match="rows are only added"), other.database.work() as connection:
        connection.execute(delete(audit_events))


def test_checks_and_heads_hold_what_they_say(written: Storage) -> None:
    written.chain.check()
    with written.database.read() as connection:
        row = connection.execute(select(audit_checks)).one()
    assert (row.last, row.broken, row.why) == (5, None, None)
    (line,) = written.chain.file.path.read_text().splitlines()
    assert json.loads(line)["seq"] == 5
    assert HeadFile.beside(written.keys.folder).path == written.chain.file.path


def test_a_head_that_is_put_into_the_table_by_hand_is_found(written: Storage) -> None:
    with written.database.work() as connection:
        forged = {"seq": 3, "at": written.now(), "hash": bytes(32), "signature": bytes(64)}
        connection.execute(insert(audit_heads), forged)
    assert broken(written) == Broken(3, "signature")
