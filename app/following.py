"""What changed of an employee finds what follows from it: profiles that wait are folded, and strategies reach HR."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

from app.clock import day_in_china
from people.entities import InsuredAccount, account_of
from policy_kb.library import Library
from profiles.book import StrategyRules
from profiles.ground import Ground
from profiles.profile import Profile
from profiles.strategy import Strategy, choose_strategy
from storage.opening import Storage

log = logging.getLogger("shebao.profiles")

#: Employees that are looked up at a time.
SOME: Final = 100


@dataclass(frozen=True, slots=True)
class _Company:
    """What is the same for everybody, read once for those who are followed together."""

    library: Library
    accounts: tuple[InsuredAccount, ...]
    rules: StrategyRules


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
            choose = partial(self._choose, self._company())
            for employee in sorted(waiting):
                try:
                    found += self._storage.profiles.follow(employee, choose) is not None
                except Exception as error:
                    # The text of an error may quote a value. The employee waits on, and the next run tries again.
                    log.error("an employee's changes were not followed (%s)", type(error).__name__)
                    failed.add(employee)
        return found

    def ground_of(self, employee: str) -> Ground:
        """What a strategy about an employee rests on beside the profile."""
        return self._ground(self._company(), employee)

    def _company(self) -> _Company:
        storage = self._storage
        return _Company(self._library(), storage.companies.accounts(), storage.profiles.rules())

    def _ground(self, company: _Company, employee: str) -> Ground:
        # What is an employee's own is read once their profile is locked: what is written after that has them wait again.
        it = self._storage.roster.get(employee)
        if it is None:
            return Ground(company.library)
        refused = self._storage.notices.refused_at(employee)
        return Ground(
            company.library,
            account=account_of(it.region, it.account, company.accounts),
            employment=it.employment,
            joined_on=it.joined_on,
            months=self._storage.records.pay_months(employee),
            refused_on=None if refused is None else day_in_china(refused),
            enrols_restored=company.rules.enrols_restored,
            catch_up_until=company.rules.catch_up.get(it.region),
        )

    def _choose(
        self, company: _Company, before: Profile | None, after: Profile, done: Collection[str]
    ) -> Strategy | None:
        ground = self._ground(company, after.employee)
        if not ground.owed:
            return None
        return choose_strategy(before, after, ground, self._today(), done)
