"""Profiles and strategies in memory, and what was sent to whom. For tests of pages; the store has tests of its own.

PYTEST_DONT_REWRITE: the search for doctests imports this module before the tests name it as their plugin.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import uuid4

from strategy_as_data import strategy_data

from hr_console.profile_desk import Sent
from people.records import Records
from profiles.book import (
    Choose,
    Decision,
    KeptStrategy,
    Overtaken,
    SamePerson,
    State,
    StrategyRules,
    StrategySearch,
)
from profiles.changes import Change, allowed_to_keep, distinct
from profiles.profile import Profile, profile_on


class MemoryProfiles:
    """Profiles and strategies."""

    def __init__(self, records: Records, now: Callable[[], datetime]) -> None:
        self._records = records
        self._now = now
        self._changes: list[Change] = []
        self._kept: dict[str, KeptStrategy] = {}
        self._rules = StrategyRules()

    def _agreed(self, employee: str) -> bool:
        return any(each.holds for each in self._records.consents(employee))

    def changes_of(self, employee: str) -> tuple[Change, ...]:
        found = distinct(each for each in self._changes if each.employee == employee)
        return allowed_to_keep(found, consent=self._agreed(employee))

    def profile_of(
        self, employee: str, day: date | None = None, known_by: datetime | None = None
    ) -> Profile | None:
        day, known = day or self._now().date(), known_by or self._now()
        return profile_on(
            self.changes_of(employee), day, known, employee=employee, consent=self._agreed(employee)
        )

    def note(self, changes: Iterable[Change], by: str) -> int:
        known = {each.identity for each in self._changes}
        new = [each for each in changes if each.identity not in known]
        self._changes += new
        return len(new)

    def pending(self, limit: int) -> Sequence[str]:
        return ()

    def follow(self, employee: str, choose: Choose) -> KeptStrategy | None:
        profile = self.profile_of(employee)
        strategy = None if profile is None else choose(None, profile, ())
        if strategy is None:
            return None
        kept = KeptStrategy(
            id=str(uuid4()),
            employee=employee,
            kind=strategy.kind,
            acts=strategy.acts,
            state="proposed",
            month=strategy.month,
            tells_dibao=strategy.tells_dibao,
            private=strategy.private,
            automatic=strategy.automatic,
            opened_at=self._now(),
            data=strategy_data(strategy),
        )
        self._kept[kept.id] = kept
        return kept

    def current(self, employees: Collection[str] | None = None) -> Iterator[Profile]:
        for employee in dict.fromkeys(each.employee for each in self._changes):
            profile = self.profile_of(employee)
            if profile is not None:
                yield profile

    def find(self, search: StrategySearch) -> tuple[KeptStrategy, ...]:
        return tuple(
            each
            for each in reversed(self._kept.values())
            if each.state in search.states
            and search.employee in ("", each.employee)
            and search.kind in (None, each.kind)
            and not each.private
            and (search.dibao or not each.tells_dibao)
        )

    def get(self, strategy: str) -> KeptStrategy | None:
        return self._kept.get(strategy)

    def decide(self, strategy: str, expected: Collection[State], decision: Decision) -> KeptStrategy:
        kept = self._kept[strategy]
        if kept.state not in expected:
            raise Overtaken
        prepared = [each.by for each in kept.history if each.state == "prepared"]
        if decision.state == "approved" and prepared[-1:] == [decision.by]:
            raise SamePerson
        kept = replace(kept, state=decision.state, history=(*kept.history, decision))
        self._kept[strategy] = kept
        return kept

    def told(self, strategy: str, by: str) -> bool:
        kept = self._kept[strategy]
        self._kept[strategy] = replace(kept, told_at=kept.told_at or self._now())
        return kept.told_at is None

    def rules(self) -> StrategyRules:
        return self._rules

    def set_rules(self, rules: StrategyRules, by: str) -> None:
        self._rules = rules


class MemoryTelling:
    """What was sent, by strategy; to whoever is in `silent` nothing can be sent."""

    def __init__(self, profiles: MemoryProfiles) -> None:
        self._profiles = profiles
        self.sent: dict[str, str] = {}
        self.silent: set[str] = set()

    def language(self, employee: str) -> str:
        return "zh_Hans"

    def send(self, strategy: str, employee: str, text: str, by: str) -> Sent:
        if employee in self.silent:
            return "no_chat"
        if not self._profiles.told(strategy, by):
            return "before"
        self.sent[strategy] = text
        return "sent"
