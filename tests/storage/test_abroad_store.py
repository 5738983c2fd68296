"""Bases for sending abroad: one in force for a channel, over both databases, whoever asks first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from databases import NOON, Clock

from audit.events import account
from delivery.abroad import AlreadyAllowed
from storage.opening import Storage

pytest_plugins = ["databases"]

BOSS = account("boss")


def record(storage: Storage, text: str = "标准合同已备案", channel: str = "telegram") -> None:
    storage.abroad.record(channel, text, "钱总", date(2026, 10, 12), BOSS)


def test_a_basis_comes_back_as_it_was_recorded(storage: Storage, clock: Clock) -> None:
    record(storage)
    (basis,) = storage.abroad.history("telegram")
    assert (basis.channel, basis.text, basis.decided_by, basis.decided_on) == (
        "telegram",
        "标准合同已备案",
        "钱总",
        date(2026, 10, 12),
    )
    assert (basis.recorded_at, basis.recorded_by, basis.withdrawn_at) == (NOON, BOSS, None)
    clock.move(hours=1)
    assert storage.abroad.withdraw("telegram", account("other"))
    (basis,) = storage.abroad.history("telegram")
    assert (basis.withdrawn_at, basis.withdrawn_by) == (clock(), account("other"))
    assert not storage.abroad.withdraw("telegram", BOSS)


def test_each_channel_has_its_own(storage: Storage, clock: Clock) -> None:
    assert storage.abroad.since("telegram") is None
    record(storage)
    assert storage.abroad.since("telegram") == clock()
    assert storage.abroad.since("another") is None
    with pytest.raises(AlreadyAllowed):
        record(storage)
    record(storage, channel="another")


def test_several_at_once_are_one(storage: Storage) -> None:
    def attempt(number: int) -> bool:
        try:
            record(storage, f"依据 {number}")
        except AlreadyAllowed:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(attempt, range(8))) == 1
    assert len(storage.abroad.history("telegram")) == 1
