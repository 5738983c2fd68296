"""What is on record of an employee, put together for themselves: profile, changes, months of pay, consents, explanations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from app.following import Following
from bot.mine import Explained, OwnFile, OwnFiles
from policy_kb.library import Library
from profiles.book import STATES, KeptStrategy, StrategySearch
from profiles.strategy import Explanation
from storage.opening import Storage


class KeptFiles(OwnFiles):
    """The files of everybody on the roster, reckoned by one library."""

    def __init__(self, storage: Storage, library: Library, today: Callable[[], date]) -> None:
        self._storage = storage
        self._ground_of = Following(storage, lambda: library, today).ground_of

    def of(self, employee: str) -> OwnFile | None:
        """An employee's file; None where there is no such employee."""
        profiles = self._storage.profiles
        profile = profiles.profile_of(employee)
        if profile is None:
            return None
        search = StrategySearch(employee=employee, states=frozenset(STATES), dibao=True)
        told = sorted(
            filter(None, map(_explained, profiles.find(search))), key=lambda each: each.at, reverse=True
        )
        return OwnFile(
            profile=profile,
            changes=profiles.changes_of(employee),
            ground=self._ground_of(employee),
            agreed=frozenset(each.purpose for each in self._storage.records.consents(employee) if each.holds),
            explained=tuple(told),
        )


def _explained(strategy: KeptStrategy) -> Explained | None:
    """What was sent of a strategy; None where nothing was."""
    said = strategy.data["explanation"]
    if strategy.told_at is None or said is None:
        return None
    return Explained(strategy.told_at, Explanation(said["code"], said["figures"]))
