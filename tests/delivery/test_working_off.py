"""Events are handled until none is due; one that fails does not stop the others."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from delivery.inbox import LEASE, Inbox, Taken, work_off
from delivery.messages import IncomingMessage
from delivery.retries import MOST_ATTEMPTS, PAUSES

NOON = datetime(2026, 10, 15, 12, tzinfo=UTC)


class Waiting(Inbox):
    """Events in memory."""

    def __init__(self, *texts: str, attempts: int = 1) -> None:
        self.events = [
            Taken(f"e{i}", IncomingMessage("wechat", "阿丽", f"k{i}", text), attempts)
            for i, text in enumerate(texts)
        ]
        self.asked: list[tuple[datetime, datetime, str | None]] = []
        self.put: list[tuple[str, datetime | None]] = []

    def take_next(self, now: datetime, until: datetime, beside: str | None) -> Taken | None:
        self.asked.append((now, until, beside))
        return self.events.pop(0) if self.events else None

    def put_back(self, taken: Taken, due: datetime | None) -> None:
        self.put.append((taken.id, due))


def fails_on_bad(message: IncomingMessage) -> None:
    if message.text == "坏的":
        raise KeyError(message.text)


def test_all_that_waits_is_handled() -> None:
    waiting, heard = Waiting("一", "二"), list[str]()
    assert work_off(waiting, lambda message: heard.append(message.text), lambda: NOON, "e1") == 2
    assert heard == ["一", "二"]
    assert waiting.asked == [(NOON, NOON + LEASE, "e1")] * 3


def test_one_that_fails_is_put_back_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    waiting = Waiting("坏的", "好的", "坏的")
    assert work_off(waiting, fails_on_bad, lambda: NOON) == 3
    assert waiting.put == [("e0", NOON + PAUSES[0]), ("e2", NOON + PAUSES[0])]
    assert "event e0 failed (KeyError), attempt 1" in caplog.text
    assert "坏的" not in caplog.text


def test_the_last_attempt_is_the_last() -> None:
    waiting = Waiting("坏的", attempts=MOST_ATTEMPTS)
    work_off(waiting, fails_on_bad, lambda: NOON)
    assert waiting.put == [("e0", None)]


def test_no_repr_shows_who_wrote_what() -> None:
    shown = repr(Waiting("我家吃低保").events)
    assert "低保" not in shown and "阿丽" not in shown
