"""Every kind of data goes when its time is over, and not before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from databases import Clock, Open
from sqlalchemy import func, select
from talking import TASK, Post, close, colleague, kept, message, say, task_rows, transcript

from delivery.outbox import deliver_due
from storage import retention
from storage.opening import Storage
from storage.retention import TERMS, keep_to_terms
from storage.tables import inbox, messages, metadata, outbox, person_keys

pytest_plugins = ["databases"]

NOTHING = {term.kind: 0 for term in TERMS}
DAYS = {term.kind: term.days for term in TERMS}


def keep(storage: Storage) -> dict[str, int]:
    return {kind: count for kind, count in keep_to_terms(storage.database, storage.now()).items() if count}


def count(storage: Storage, name: str) -> int:
    with storage.database.read() as connection:
        return connection.execute(select(func.count()).select_from(metadata.tables[name])).scalar_one()


def test_nothing_goes_on_the_last_day(storage: Storage, clock: Clock) -> None:
    say(storage, message(), "好", tasks=(TASK,))
    clock.move(days=min(DAYS.values()))
    assert keep(storage) == {}


def test_facts_of_the_household_go_first(storage: Storage, clock: Clock) -> None:
    say(storage, message(), "好")
    clock.move(days=DAYS["chat_facts"], seconds=1)
    assert keep(storage)["chat_facts"] == 1
    assert kept(storage).state is None
    assert len(transcript(storage)) == 2
    assert "chat_facts" not in keep(storage)


def test_an_idle_conversation_goes_with_its_key(storage: Storage, clock: Clock) -> None:
    say(storage, message("m1"), "好")
    clock.move(days=100)
    say(storage, message("w1", sender="老王"), "好")
    clock.move(days=DAYS["transcripts"] - 99)
    assert keep(storage)["transcripts"] == 1
    assert storage.conversations.find("web", "阿丽") is None
    assert len(transcript(storage, "老王")) == 2
    assert [count(storage, each.name) for each in (person_keys, messages, outbox)] == [1, 2, 1]


def test_who_writes_again_is_not_idle(storage: Storage, clock: Clock) -> None:
    say(storage, message("m1"), "好")
    clock.move(days=DAYS["transcripts"] - 1)
    say(storage, message("m2"), "好")
    clock.move(days=2)
    keep(storage)
    assert len(transcript(storage)) == 4


def test_a_conversation_stays_while_its_task_waits(storage: Storage, clock: Clock) -> None:
    say(storage, message(), "好", tasks=(TASK,))
    clock.move(days=DAYS["transcripts"] + 1)
    keep(storage)
    assert len(transcript(storage)) == 2
    close(storage, "T-000001")
    assert keep(storage) == {"transcripts": 1}
    assert [row.conversation for row in task_rows(storage)] == [None]


def test_keys_of_events_go_and_the_transcript_stays(storage: Storage, clock: Clock) -> None:
    say(storage, message("m1"), "好")
    storage.inbox.store(message("m2"))
    clock.move(days=DAYS["events"], seconds=1)
    say(storage, message("m3"), "好")
    assert keep(storage)["events"] == 2
    assert count(storage, inbox.name) == 1
    assert len(transcript(storage)) == 4


def test_final_rows_of_the_outbox_go(storage: Storage, clock: Clock) -> None:
    say(storage, message("m1", channel="wechat"), "发出的")
    deliver_due(storage.outbox, {"wechat": Post()}, clock)
    say(storage, message("m2"), "还没取的")
    clock.move(days=DAYS["deliveries"], seconds=1)
    assert keep(storage)["deliveries"] == 1
    assert count(storage, outbox.name) == 1


def test_closed_tasks_go_and_waiting_ones_stay(storage: Storage, clock: Clock) -> None:
    say(storage, message(), "好", tasks=(TASK, TASK))
    clock.move(days=300)
    close(storage, "T-000001")
    clock.move(days=DAYS["tasks"] - 1)
    assert "tasks" not in keep(storage)
    clock.move(days=2)
    assert keep(storage)["tasks"] == 1
    assert [row.number for row in task_rows(storage)] == [2]
    assert say(storage, message("later"), "好", tasks=(TASK,)).tasks == ("T-000003",)


def test_what_hr_wrote_in_a_case_goes_with_it(storage: Storage, clock: Clock) -> None:
    say(storage, message(), "好", tasks=(TASK,))
    zhao = colleague(storage)
    storage.cases.note("T-000001", zhao, "先问财务", (zhao.account,))
    storage.cases.take("T-000001", zhao)
    storage.cases.say("T-000001", zhao, "十一月", "k1", 0)
    storage.cases.many("done", ["T-000001"], zhao)
    clock.move(days=DAYS["undo_steps"], seconds=1)
    assert keep(storage) == {"undo_steps": 1}
    clock.move(days=DAYS["tasks"])
    assert keep(storage)["tasks"] == 1
    for name in ("notes", "mentions", "holdings", "answers", "exclusions", "undo_steps"):
        assert count(storage, name) == 0


def test_much_goes_in_batches(storage: Storage, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for i in range(5):
        say(storage, message(f"m{i}", sender=f"s{i}"), "好")
    clock.move(days=DAYS["transcripts"] + 1)
    assert keep(storage) == {"chat_facts": 5, "transcripts": 5, "events": 5}
    assert keep_to_terms(storage.database, storage.now()) == NOTHING


def test_after_everything_is_over_only_the_log_is_left(storage: Storage, clock: Clock) -> None:
    say(storage, message(), "好", tasks=(TASK,))
    close(storage, "T-000001")
    clock.move(days=max(DAYS.values()) + 1)
    keep(storage)
    assert {
        table.name: count(storage, table.name)
        for table in metadata.sorted_tables
        if count(storage, table.name)
    } == {"accounts": 1, "audit_events": 1, "audit_subjects": 1, "counters": 3}


def test_every_term_says_how_long_and_why() -> None:
    assert all(term.days > 0 and len(term.why) > 10 for term in TERMS)
    assert len(DAYS) == len(TERMS)


def test_a_long_reader_does_not_stop_the_job(url: str, open_one: Open, clock: Clock) -> None:
    storage = open_one(url)
    say(storage, message(), "好")
    with storage.database.snapshot() as reader:
        assert reader.execute(select(messages)).first()
        clock.move(seconds=timedelta(days=DAYS["transcripts"] + 1).total_seconds())
        assert keep(storage)["transcripts"] == 1
