"""What HR approved, as it is handed in and carried out: the same over the connection and over the portal's spreadsheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from audit.events import SYSTEM
from calculator.money import Fen
from people.employees import Employee
from people.outside import BaseChange, Enrolment, Receipt
from policy_kb.library import Library
from profiles.book import Decision, KeptStrategy, Overtaken, State
from profiles.changes import Change, Field, Value
from profiles.ground import month_of
from profiles.lawful import lawful_base
from profiles.strategy_words import Act
from storage.opening import Storage

#: What goes to the social-insurance system.
OUTSIDE: Final[frozenset[Act]] = frozenset(("insure", "correct_base"))


@dataclass(frozen=True, slots=True)
class Wanted:
    """An act as it is handed in: from which month (its first day), on which base (fen), under which reference. `due` is the
    month from which contributions are owed now."""

    act: Act
    month: date
    due: date
    reference: str
    employee: Employee = field(repr=False)
    wage: Fen = field(repr=False)
    base: Fen = field(repr=False)

    def enrolment(self, person: str) -> Enrolment:
        """Somebody to be insured, whom the system knows as `person`."""
        it = self.employee
        return Enrolment(
            self.reference, person, self.month, self.due, self.base, self.base, it.name, it.id_number
        )

    def base_change(self, person: str) -> BaseChange:
        """Another base for somebody."""
        return BaseChange(self.reference, person, self.month, self.due, self.base, self.base)


class Acts:
    """Approved acts of strategies."""

    def __init__(self, storage: Storage, library: Callable[[], Library], today: Callable[[], date]) -> None:
        self._storage = storage
        self._library = library
        self._today = today

    def approved(self, strategy: KeptStrategy) -> Decision | None:
        """The approval by which an act goes outside; None where none does."""
        approved = [each for each in strategy.history if each.state == "approved"]
        return approved[-1] if approved and approved[-1].act in OUTSIDE else None

    def region(self, employee: str) -> str:
        """Where somebody is insured, "" where that is not on record."""
        profile = self._storage.profiles.profile_of(employee)
        return (None if profile is None else profile.region) or ""

    def wanted(self, strategy: KeptStrategy) -> Wanted | str | None:
        """What is to be handed in, or why it cannot be; None where the act does not go outside."""
        approval = self.approved(strategy)
        if approval is None or approval.act is None:
            return None
        month = date.fromisoformat(approval.details["month"])
        it = self._storage.roster.get(strategy.employee)
        profile = self._storage.profiles.profile_of(strategy.employee)
        if it is None or profile is None or it.state != "active":
            return "gone"
        if profile.gross_wage is None or profile.region is None:
            return "wage"
        today = self._today()
        on = max(month, month_of(today))
        lowest = lawful_base(self._library(), profile.gross_wage, profile.region, on, today).lowest
        if lowest is None:
            return "figures"
        times = sum(each.state == "approved" for each in strategy.history)
        reference = f"{strategy.id}-{times}"
        return Wanted(approval.act, month, self._due(it), reference, it, profile.gross_wage, lowest)

    def is_insured(self, employee: str) -> bool:
        """Whether somebody is insured already, as by another strategy that was approved beside this one."""
        profile = self._storage.profiles.profile_of(employee)
        return profile is not None and profile.insured

    def carried_out(
        self,
        strategy: KeptStrategy,
        act: Act,
        month: date,
        base: Fen,
        receipt: Receipt,
        details: Mapping[str, str],
        by: str = SYSTEM,
    ) -> bool:
        """What the agency accepted becomes part of profile and roster, and ends the strategy; a second time nothing is new."""
        told: dict[Field, Value] = {"base": base}
        kept: dict[str, Any] = {"base": base}
        if act == "insure":
            told["insured_since"] = month
            kept |= {"insured_since": month, "uninsured_why": ""}
        now = self._storage.now()
        changes = [
            Change(
                strategy.employee,
                what,
                value,
                month,
                receipt.source,
                now,
                "social_insurance",
                "confirmed",
                f"{receipt.reference}:{what}",
            )
            for what, value in told.items()
        ]
        self._storage.profiles.note(changes, by)
        self._storage.roster.correct(strategy.employee, kept, by)
        return self.decide(strategy, "done", act=act, details=details, by=by)

    def decide(
        self,
        strategy: KeptStrategy,
        state: State,
        *,
        act: Act | None = None,
        details: Mapping[str, str] | None = None,
        by: str = SYSTEM,
        expected: State | None = None,
    ) -> bool:
        """Whether the step was taken; not where somebody of HR was there first."""
        decision = Decision(state, by, self._storage.now(), act, details=dict(details or {}))
        try:
            self._storage.profiles.decide(strategy.id, (expected or strategy.state,), decision)
        except (Overtaken, KeyError):
            return False
        return True

    def _due(self, it: Employee) -> date:
        """The month from which contributions are owed now: this one, or the one in which somebody joins later.

        Months before it are arrears, which are settled beside it (社会保险法 第五十八条, 第六十三条).
        """
        return month_of(max(it.joined_on or date.min, self._today()))
