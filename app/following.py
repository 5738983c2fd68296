"""What changed of an employee finds what follows from it: profiles that wait are folded, and strategies reach HR."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from datetime import date
from typing import Final

from app.clock import day_in_china
from notices.book import NoticeSearch
from people.entities import account_of
from policy_kb.library import Library
from profiles.ground import Ground
from profiles.profile import Profile
from profiles.strategy import Strategy, choose_strategy
from storage.opening import Storage

log = logging.getLogger("shebao.profiles")

#: Employees that are looked up at a time.
SOME: Final = 100


class Following:
    """Follows what is written down; `library` gives the library in force, `today` the day in China."""

    def __init__(self, storage: Storage, library: Callable[[], Library], today: Callable[[], date]) -> None:
        self._storage = storage
        self._library = library
        self._today = today

    def run(self) -> int:
        """Follows everybody who waits; how many strategies came of it. One who cannot be followed holds up nobody else."""
        found, failed = 0, set[str]()
        while waiting := set(self._storage.profiles.pending(SOME + len(failed))) - failed:
            for employee in sorted(waiting):
                try:
                    found += self._storage.profiles.follow(employee, self._choose) is not None
                except Exception as error:
                    # The text of an error may quote a value. The employee waits on, and the next run tries again.
                    log.error("an employee's changes were not followed (%s)", type(error).__name__)
                    failed.add(employee)
        return found

    def ground_of(self, employee: str) -> Ground:
        """What a strategy about an employee rests on beside the profile."""
        storage, library = self._storage, self._library()
        rules = storage.profiles.rules()
        it = storage.roster.get(employee)
        if it is None:
            return Ground(library)
        refused = storage.notices.find(NoticeSearch(state="refused", employee=employee)).lines
        days = [
            day_in_china(each.notice.answered_at) for each in refused if each.notice.answered_at is not None
        ]
        return Ground(
            library,
            account=account_of(it.region, it.account, storage.companies.accounts()),
            employment=it.employment,
            joined_on=it.joined_on,
            months=storage.records.pay_months(employee),
            refused_on=max(days, default=None),
            enrols_restored=rules.enrols_restored,
            catch_up_until=rules.catch_up.get(it.region),
        )

    def _choose(self, before: Profile | None, after: Profile, done: Collection[str]) -> Strategy | None:
        ground = self.ground_of(after.employee)
        if not ground.owed:
            return None
        chosen = choose_strategy(before, after, ground, self._today(), done)
        return None if chosen is None or _is_only_unknown(chosen) else chosen


def _is_only_unknown(chosen: Strategy) -> bool:
    """Whether all there is to say is that no declared base is on record: of a company that keeps none, that is everybody."""
    return chosen.kind in ("wage", "base") and chosen.declared is None
