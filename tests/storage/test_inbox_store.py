"""Events are stored first and answered by workers: once, in order, whatever happens to a worker."""

from __future__ import annotations

from dataclasses import fields

import pytest
from databases import NOON, Clock, Open
from sqlalchemy import select
from talking import SECRET, answer, message, say, together, transcript

from bot.receiving import Kept, Said, receive
from delivery.inbox import LEASE, Taken, work_off
from delivery.messages import IncomingMessage, Reply
from delivery.retries import MOST_ATTEMPTS
from storage.opening import Storage
from storage.tables import inbox

pytest_plugins = ["databases"]


def take(storage: Storage, beside: str | None = None) -> Taken | None:
    return storage.inbox.take_next(storage.now(), storage.now() + LEASE, beside)


def answer_all(storage: Storage) -> int:
    return work_off(
        storage.inbox,
        lambda event: receive(event, storage.conversations, lambda kept, message: echo(message)),
        storage.now,
    )


def echo(message: IncomingMessage) -> Said:
    return Said({}, (Reply(f"听到{message.text}"),))


def states(storage: Storage) -> list[str]:
    with storage.database.read() as connection:
        return list(connection.execute(select(inbox.c.state).order_by(inbox.c.received_at)).scalars())


def test_an_event_comes_back_as_it_was_stored(storage: Storage, clock: Clock) -> None:
    event = IncomingMessage("wechat", "阿丽", "key", SECRET, "yes", clock.time, "zh_Hant", "voice", True)
    assert all(getattr(event, each.name) != each.default for each in fields(event)), "a field was left out"
    stored = storage.inbox.store(event)
    assert stored is not None
    assert take(storage) == Taken(stored, event, 1)


def test_the_same_event_is_stored_once(storage: Storage) -> None:
    assert storage.inbox.store(message("m1")) is not None
    assert storage.inbox.store(message("m1")) is None
    answer_all(storage)
    assert storage.inbox.store(message("m1")) is None
    assert say(storage, message("m1"), "不答").replies == (Reply(f"听到{SECRET}"),)


def test_what_came_at_once_is_stored_as_if_one_after_the_other(storage: Storage) -> None:
    told = [
        *(message(f"m{i}", f"第{i}句") for i in range(5)),
        message("w1", "我是老王", sender="老王"),
        message("m3", "第3句"),  # the platform sends it again before it was answered
        message("w1", "我是老王", sender="老王", channel="telegram"),
    ]
    stored = storage.inbox.store_all(told)
    assert [each is not None for each in stored] == [*[True] * 6, False, True]
    assert len(set(stored)) == 8
    assert storage.inbox.store_all(told[2:4]) == [None, None]
    assert answer_all(storage) == 7
    for sender, channel, sentences in (
        ("阿丽", "web", [f"第{i}句" for i in range(5)]),
        ("老王", "web", ["我是老王"]),
        ("老王", "telegram", ["我是老王"]),
    ):
        heard = [text for _, author, text in transcript(storage, sender, channel) if author == "employee"]
        assert heard == sentences


def test_events_of_one_conversation_are_answered_in_order(storage: Storage, clock: Clock) -> None:
    for i in range(5):
        storage.inbox.store(message(f"m{i}", f"第{i}句"))
        storage.inbox.store(message(f"w{i}", f"第{i}句", sender="老王"))
        clock.move(seconds=1)
    assert answer_all(storage) == 10
    for sender in ("阿丽", "老王"):
        heard = [text for _, author, text in transcript(storage, sender) if author == "employee"]
        assert heard == [f"第{i}句" for i in range(5)]
    assert set(states(storage)) == {"done"}


def test_events_are_answered_as_they_arrived_whatever_the_platform_says(
    storage: Storage, clock: Clock
) -> None:
    for text in ("一", "二", "三"):
        storage.inbox.store(message(text, text, received_at=NOON))
        clock.move(microseconds=1)
    answer_all(storage)
    assert [text for _, author, text in transcript(storage) if author == "employee"] == ["一", "二", "三"]


def test_events_of_the_same_moment_are_all_answered(storage: Storage) -> None:
    for i in range(5):
        storage.inbox.store(message(f"m{i}"))
    assert answer_all(storage) == 5


def test_the_body_is_gone_once_the_event_is_answered(storage: Storage) -> None:
    storage.inbox.store(message("m1"))
    answer_all(storage)
    with storage.database.read() as connection:
        (row,) = connection.execute(select(inbox)).all()
    assert (row.body, row.state, row.first_seq, row.last_seq) == (None, "done", 1, 2)


def test_a_later_event_waits_while_the_earlier_one_is_taken(storage: Storage, clock: Clock) -> None:
    storage.inbox.store(message("m1"))
    clock.move(seconds=1)
    storage.inbox.store(message("m2"))
    storage.inbox.store(message("m3", sender="老王"))
    first, other = take(storage), take(storage)
    assert first is not None and other is not None
    assert (first.message.key, other.message.key) == ("m1", "m3")
    assert take(storage) is None


def test_beside_an_event_only_its_conversation_is_taken(storage: Storage, clock: Clock) -> None:
    storage.inbox.store(message("w1", sender="老王"))
    storage.inbox.store(message("m1"))
    clock.move(seconds=1)
    second = storage.inbox.store(message("m2"))
    taken = take(storage, second)
    assert taken is not None and taken.message.key == "m1"
    assert take(storage, second) is None


def test_a_worker_that_died_leaves_its_event_to_the_next(storage: Storage, clock: Clock) -> None:
    storage.inbox.store(message("m1"))
    assert take(storage) is not None
    clock.move(seconds=LEASE.total_seconds() - 1)
    assert answer_all(storage) == 0
    clock.move(seconds=1)
    assert answer_all(storage) == 1
    assert len(transcript(storage)) == 2


def test_two_workers_on_one_event_answer_it_once(storage: Storage, clock: Clock) -> None:
    """The lease ran out while the first worker was still busy: its turn and the second's meet at the claim."""
    storage.inbox.store(message("m1"))
    slow = take(storage)
    clock.move(minutes=3)
    assert answer_all(storage) == 1
    assert slow is not None
    assert receive(slow.message, storage.conversations, answer("又一遍")).repeated
    assert len(transcript(storage)) == 2


def test_a_turn_that_fails_is_tried_again_and_then_given_up(storage: Storage, clock: Clock) -> None:
    storage.inbox.store(message("m1", "坏的"))
    clock.move(seconds=1)
    storage.inbox.store(message("m2", "好的"))

    def turn(kept: Kept, message: IncomingMessage) -> Said:
        if message.text == "坏的":
            raise RuntimeError(message.text)
        return echo(message)

    counts = []
    for _ in range(MOST_ATTEMPTS + 1):
        counts.append(
            work_off(storage.inbox, lambda event: receive(event, storage.conversations, turn), storage.now)
        )
        clock.move(days=1)
    assert counts == [1] * (MOST_ATTEMPTS - 1) + [2, 0]
    assert states(storage) == ["failed", "done"]
    assert [text for _, author, text in transcript(storage) if author == "assistant"] == ["听到好的"]


def test_an_event_that_ends_its_worker_every_time_is_given_up(storage: Storage, clock: Clock) -> None:
    storage.inbox.store(message("m1"))
    for _ in range(MOST_ATTEMPTS):
        assert storage.inbox.give_up(clock()) == 0
        assert take(storage) is not None
        clock.move(minutes=5)
    assert storage.inbox.give_up(clock()) == 1
    assert take(storage) is None


def test_an_error_is_logged_without_what_was_said(storage: Storage, caplog: pytest.LogCaptureFixture) -> None:
    storage.inbox.store(message("m1"))

    def fails(event: IncomingMessage) -> None:
        raise ValueError(event.text)

    work_off(storage.inbox, fails, storage.now)
    assert "ValueError" in caplog.text
    assert SECRET not in caplog.text and "阿丽" not in caplog.text


def test_two_workers_share_the_events(url: str, open_one: Open, clock: Clock) -> None:
    first, second = open_one(url), open_one(url)
    for i in range(20):
        first.inbox.store(message(f"m{i}", sender=f"s{i % 5}"))
        clock.move(seconds=1)
    together([lambda storage=each: answer_all(storage) for each in (first, second)])
    assert answer_all(first) == 0
    assert states(first) == ["done"] * 20
    for i in range(5):
        assert len(transcript(first, f"s{i}")) == 8
