"""Many callbacks at once are stored in one transaction, each as if it had come alone."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Event, Semaphore

import pytest

from delivery.gathering import MOST, Gathering
from delivery.messages import IncomingMessage

#: Longer than anything here takes.
PATIENCE = 5.0


def message(key: str) -> IncomingMessage:
    return IncomingMessage("wechat", "阿丽", key, "在吗")


class Database:
    """Notes what was stored together. The first transaction lasts until it is let go; some messages cannot be stored."""

    def __init__(self, *bad: str) -> None:
        self.bad = bad
        self.transactions: list[list[str]] = []
        self.begun, self.go = Semaphore(0), Event()

    def store(self, messages: Sequence[IncomingMessage]) -> Sequence[str | None]:
        self.begun.release()
        self.go.wait(PATIENCE)
        keys = [each.key for each in messages]
        if set(keys) & set(self.bad):
            raise ValueError("cannot be stored")
        known = {key for kept in self.transactions for key in kept}
        self.transactions.append(keys)
        return [None if key in known else key for key in keys]

    def held(self, wake: SimpleQueue[Sequence[str]], *keys: str) -> list[Future[None]]:
        """The keys are put in while the first of them is being stored, and then everything goes on."""
        gathering = Gathering(self.store, wake.put)
        first = gathering.put([message(keys[0])])
        assert self.begun.acquire(timeout=PATIENCE)
        later = [gathering.put([message(key)]) for key in keys[1:]]
        self.go.set()
        return [first, *later]


@pytest.fixture
def woken() -> SimpleQueue[Sequence[str]]:
    return SimpleQueue()


def test_what_comes_while_one_is_stored_is_stored_together_in_order(
    woken: SimpleQueue[Sequence[str]],
) -> None:
    database = Database()
    for each in database.held(woken, "m1", "m2", "m3", "m4"):
        each.result(PATIENCE)
    assert database.transactions == [["m1"], ["m2", "m3", "m4"]]
    assert [woken.get(timeout=PATIENCE) for _ in range(2)] == [["m1"], ["m2", "m3", "m4"]]


def test_nobody_is_woken_for_what_came_before(woken: SimpleQueue[Sequence[str]]) -> None:
    for each in Database().held(woken, "m1", "m1", "m2"):
        each.result(PATIENCE)
    assert [woken.get(timeout=PATIENCE) for _ in range(2)] == [["m1"], ["m2"]]


def test_one_that_cannot_be_stored_holds_up_none_but_itself(woken: SimpleQueue[Sequence[str]]) -> None:
    database = Database("bad")
    first, second, bad, last = database.held(woken, "m1", "m2", "bad", "m3")
    for each in (first, second, last):
        each.result(PATIENCE)
    with pytest.raises(ValueError, match="cannot be stored"):
        bad.result(PATIENCE)
    assert database.transactions == [["m1"], ["m2"], ["m3"]]


def test_a_storm_is_stored_in_portions(woken: SimpleQueue[Sequence[str]]) -> None:
    database = Database()
    for each in database.held(woken, *(f"m{number}" for number in range(MOST + 2))):
        each.result(PATIENCE)
    assert [len(kept) for kept in database.transactions] == [1, MOST, 1]


def test_what_nobody_could_be_woken_for_is_stored_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    database, again = Database(), Event()
    database.go.set()

    def wake(events: Sequence[str]) -> None:
        if events == ["m2"]:
            again.set()
        raise OSError("the queue is away")

    gathering = Gathering(database.store, wake)
    for key in ("m1", "m2"):
        gathering.put([message(key)]).result(PATIENCE)
    assert again.wait(PATIENCE), "it goes on after the first"
    assert "nobody was woken for 1 events (OSError)" in caplog.text and "away" not in caplog.text
