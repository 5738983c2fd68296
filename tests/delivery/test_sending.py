"""What becomes of a row when it is sent, and when it is tried again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.messages import Reply
from delivery.outbox import (
    GRACE,
    LEASE,
    Leased,
    Outbox,
    Outcome,
    Permanent,
    Temporary,
    deliver_due,
    overtaken,
    send,
    sweep,
)
from delivery.retries import MOST_ATTEMPTS, PAUSES, next_try

NOON = datetime(2026, 10, 15, 12, tzinfo=UTC)


class Says:
    """A channel that does as it is told."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def send(self, recipient: str, reply: Reply) -> None:
        if self.error is not None:
            raise self.error


class Queue(Outbox):
    """Rows in memory."""

    def __init__(self, *rows: Leased) -> None:
        self.rows = list(rows)
        self.settled: list[tuple[str, Outcome]] = []
        self.asked: list[tuple[Collection[str], datetime, str | None]] = []
        self.requeued: list[datetime] = []

    def lease(
        self, channels: Collection[str], now: datetime, until: datetime, beside: str | None
    ) -> Leased | None:
        self.asked.append((channels, until, beside))
        return self.rows.pop(0) if self.rows else None

    def settle(self, leased: Leased, outcome: Outcome, now: datetime) -> None:
        self.settled.append((leased.id, outcome))

    def requeue(self, ran_out_before: datetime) -> int:
        self.requeued.append(ran_out_before)
        return 0


def row(name: str = "1", channel: str = "wechat", attempts: int = 1) -> Leased:
    return Leased(name, "token", channel, "阿丽", Reply("好"), attempts)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, Outcome("sent")),
        (Permanent("43019"), Outcome("failed", "43019")),
        (Temporary("-1"), Outcome("queued", "-1", NOON + PAUSES[0])),
        (Temporary("429", timedelta(hours=1)), Outcome("queued", "429", NOON + timedelta(hours=1))),
        (ConnectionResetError("阿丽"), Outcome("queued", "ConnectionResetError", NOON + PAUSES[0])),
    ],
)
def test_what_becomes_of_a_row(error: Exception | None, outcome: Outcome) -> None:
    assert send(Says(error), row(), lambda: NOON) == outcome


def test_the_last_attempt_is_the_last() -> None:
    last = row(attempts=MOST_ATTEMPTS)
    assert send(Says(Temporary("-1")), last, lambda: NOON) == Outcome("failed", "-1")


def test_an_error_that_nobody_foresaw_is_logged_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    send(Says(ValueError("阿丽 说了什么")), row(), lambda: NOON)
    assert "wechat raised ValueError" in caplog.text
    assert "阿丽" not in caplog.text


@pytest.mark.parametrize("code", ["", "阿丽 已离职", "x" * 65, "two words"])
def test_a_code_is_not_a_text(code: str) -> None:
    with pytest.raises(ValueError, match="a number or a word"):
        Permanent(code)


@given(st.integers(1, MOST_ATTEMPTS - 1), st.integers(0, 100_000))
def test_pauses_grow_and_are_never_shorter_than_the_platform_asks(attempts: int, seconds: int) -> None:
    asked = timedelta(seconds=seconds)
    due = next_try(attempts, NOON, asked)
    later = next_try(attempts + 1, NOON, asked)
    assert due is not None and due - NOON >= asked
    assert later is None or later >= due


def test_pauses_grow() -> None:
    assert list(PAUSES) == sorted(set(PAUSES))


def test_every_row_that_is_due_is_sent_by_its_channel() -> None:
    queue = Queue(row("1"), row("2", "wecom"), row("3"))
    channels = {"wechat": Says(), "wecom": Says(Permanent("81013"))}
    assert deliver_due(queue, channels, lambda: NOON, "2") == 3
    assert queue.settled == [
        ("1", Outcome("sent")),
        ("2", Outcome("failed", "81013")),
        ("3", Outcome("sent")),
    ]
    assert queue.asked == [(("wechat", "wecom"), NOON + LEASE, "2")] * 4


def test_the_sweep_leaves_a_slow_worker_its_time() -> None:
    queue = Queue(row())
    assert sweep(queue, {"wechat": Says()}, lambda: NOON) == 1
    assert queue.requeued == [NOON - GRACE]


@given(st.integers(0, 50), st.integers(0, 50), st.sampled_from(["assistant", "person"]))
def test_hr_is_never_overtaken(made_for: int, taken: int, holder: str) -> None:
    assert not overtaken("hr", made_for, holder, taken)


@given(st.integers(0, 50), st.integers(0, 50))
def test_the_assistant_is_overtaken_by_a_take_over_after_its_message_only(made_for: int, taken: int) -> None:
    assert overtaken("assistant", made_for, "person", taken)
    assert overtaken("assistant", made_for, "assistant", taken) == (taken > made_for)


def test_no_repr_shows_a_recipient_or_a_reply() -> None:
    assert "阿丽" not in repr(row()) and "好" not in repr(row())
