"""What becomes of a row when it is sent, and when it is tried again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
    deliver,
    deliver_due,
    overtaken,
    sweep,
)
from delivery.retries import MOST_ATTEMPTS, PAUSES, next_try
from delivery.sending import Closed, Outgoing, Part, Permanent, Sender, Temporary, Unsure

NOON = datetime(2026, 10, 15, 12, tzinfo=UTC)


class Says(Sender):
    """A channel that does as it is told: a word is a message, and the one that is said fails."""

    def __init__(self, error: Exception | None = None, at: str = "好", *, repeats: bool = False) -> None:
        self.error = error
        self.at = at
        self.sent: list[str] = []
        self._repeats = repeats

    @property
    def REPEATS(self) -> bool:  # noqa: N802
        return self._repeats

    def draw(self, bubbles: Sequence[Outgoing]) -> tuple[Part, ...]:
        return tuple({"text": word} for bubble in bubbles for word in bubble.reply.text.split())

    def send(self, recipient: str, part: Part) -> None:
        if self.error is not None and part["text"] == self.at:
            raise self.error
        self.sent.append(part["text"])


class Queue(Outbox):
    """Rows in memory."""

    def __init__(self, *rows: Leased) -> None:
        self.rows = list(rows)
        self.settled: list[tuple[str, Outcome]] = []
        self.begun: list[int] = []
        self.taken_over_after: int | None = None
        self.asked: list[tuple[Collection[str], datetime, str | None]] = []
        self.requeued: list[datetime] = []

    def lease(
        self, channels: Collection[str], now: datetime, until: datetime, beside: str | None
    ) -> Leased | None:
        self.asked.append((channels, until, beside))
        return self.rows.pop(0) if self.rows else None

    def begin(self, leased: Leased, done: int) -> bool:
        self.begun.append(done)
        return self.taken_over_after is None or done < self.taken_over_after

    def settle(self, leased: Leased, outcome: Outcome, now: datetime) -> None:
        self.settled.append((leased.ids[0], outcome))

    def requeue(self, ran_out_before: datetime, repeatable: Collection[str]) -> int:
        self.requeued.append(ran_out_before)
        return 0


def row(
    name: str = "1", channel: str = "wechat", attempts: int = 1, text: str = "好", done: int = 0
) -> Leased:
    bubble = Outgoing("conversation", 1, "assistant", Reply(text))
    return Leased((name,), "token", channel, "阿丽", (bubble,), attempts, done)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, Outcome("sent", done=1)),
        (Permanent("45002"), Outcome("failed", "45002")),
        (Permanent("43019", gone=True), Outcome("failed", "43019", closed=True)),
        (Closed("45015"), Outcome("queued", "45015", NOON, closed=True)),
        (Unsure("timeout"), Outcome("unsure", "timeout")),
        (Temporary("-1"), Outcome("queued", "-1", NOON + PAUSES[0])),
        (Temporary("429", timedelta(hours=1)), Outcome("queued", "429", NOON + timedelta(hours=1))),
        (ConnectionResetError("阿丽"), Outcome("queued", "ConnectionResetError", NOON + PAUSES[0])),
    ],
)
def test_what_becomes_of_a_row(error: Exception | None, outcome: Outcome) -> None:
    assert deliver(Queue(), Says(error), row(), lambda: NOON) == outcome


def test_where_the_platform_recognises_what_it_has_a_doubtful_message_is_sent_again() -> None:
    outcome = deliver(Queue(), Says(Unsure("timeout"), repeats=True), row(), lambda: NOON)
    assert outcome == Outcome("queued", "timeout", NOON + PAUSES[0])


def test_what_is_out_is_not_sent_again() -> None:
    queue, channel = Queue(), Says(Temporary("-1"), at="三")
    outcome = deliver(queue, channel, row(text="一 二 三 四"), lambda: NOON)
    assert outcome == Outcome("queued", "-1", NOON + PAUSES[0], done=2)
    channel.error = None
    assert deliver(queue, channel, row(text="一 二 三 四", done=2), lambda: NOON) == Outcome("sent", done=4)
    assert channel.sent == ["一", "二", "三", "四"] and queue.begun == [0, 1, 2, 2, 3]


def test_a_take_over_between_two_parts_ends_the_message() -> None:
    queue, channel = Queue(), Says()
    queue.taken_over_after = 1
    outcome = deliver(queue, channel, row(text="一 二"), lambda: NOON)
    assert outcome == Outcome("dropped", "taken_over", done=1) and channel.sent == ["一"]


def test_the_last_attempt_is_the_last() -> None:
    last = row(attempts=MOST_ATTEMPTS)
    assert deliver(Queue(), Says(Temporary("-1")), last, lambda: NOON) == Outcome("failed", "-1")


def test_an_error_that_nobody_foresaw_is_logged_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    deliver(Queue(), Says(ValueError("阿丽 说了什么")), row(), lambda: NOON)
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
        ("1", Outcome("sent", done=1)),
        ("2", Outcome("failed", "81013")),
        ("3", Outcome("sent", done=1)),
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
