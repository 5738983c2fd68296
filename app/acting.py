"""What HR approved is carried out over the social-insurance connection: enrolments and corrected bases, each once.

Nothing is sent that nobody approved, unless HR's own rule says so. Every step is kept before the next one, and what is
handed in a second time carries the same reference, so that a crash in between does nothing twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from app.offices import Offices
from audit.events import SYSTEM
from calculator.money import Fen
from people.outside import (
    BaseChange,
    Enrolment,
    OutsideFailed,
    Receipt,
    SocialInsurance,
    Unlawful,
)
from policy_kb.library import Library
from profiles.book import Decision, KeptStrategy, Overtaken, State, StrategySearch
from profiles.changes import Change, Field, Value
from profiles.ground import month_of
from profiles.lawful import lawful_base
from profiles.strategy_words import Act
from storage.opening import Storage

log = logging.getLogger("shebao.profiles")

#: What goes to the social-insurance system.
OUTSIDE: Final[frozenset[Act]] = frozenset(("insure", "correct_base"))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An act as it is handed in: from which month (its first day), on which base (fen), under which reference."""

    act: Act
    month: date
    reference: str
    person: str = field(repr=False)
    base: Fen = field(repr=False)


class Acting:
    """Carries out what is approved. Where no social insurance is connected it waits for the portal's file."""

    def __init__(
        self,
        storage: Storage,
        library: Callable[[], Library],
        today: Callable[[], date],
        offices: Offices,
    ) -> None:
        self._storage = storage
        self._library = library
        self._today = today
        self._agency = offices.social_insurance
        self._tokens = offices.insured_as

    def run(self) -> int:
        """Hands in what is approved, asks again for what was not decided; how many came to an end."""
        self._approve_by_rule()
        if self._agency is None:
            return 0
        return sum(self._tried(self._agency, each) for each in tuple(self._waiting()))

    def _approve_by_rule(self) -> None:
        """What HR's own rules let go ahead without a further approval (`StrategyRules`)."""
        rules = self._storage.profiles.rules()
        if not (rules.enrols_restored or rules.declares):
            return
        for each in self._found("proposed"):
            corrects = rules.declares and each.acts[0] == "correct_base"
            if (each.automatic and rules.enrols_restored) or corrects:
                details = {"month": each.month.isoformat()}
                self._decide(each, "approved", act=each.acts[0], details=details, expected="proposed")

    def _waiting(self) -> Iterator[KeptStrategy]:
        for each in (*self._found("approved"), *self._found("handed_in")):
            if each.history[-1].details.get("via", "connection") == "connection":
                yield each

    def _found(self, state: State) -> tuple[KeptStrategy, ...]:
        return self._storage.profiles.find(StrategySearch(states=frozenset((state,)), dibao=True))

    def _tried(self, agency: SocialInsurance, strategy: KeptStrategy) -> bool:
        """Whether it came to an end; whatever goes wrong with one holds up none of the others."""
        try:
            return self._carried_out(agency, strategy)
        except Exception as error:
            log.error("an approved act was not carried out (%s)", type(error).__name__)
            return False

    def _carried_out(self, agency: SocialInsurance, strategy: KeptStrategy) -> bool:
        wanted = self._wanted(strategy)
        if wanted is None:
            return False
        if isinstance(wanted, str):
            return self._decide(strategy, "rejected", details={"reason": wanted})
        if wanted.act == "insure" and self._is_insured(strategy.employee):
            return self._decide(strategy, "done", act=wanted.act, details={"via": "own"})
        try:
            receipt = self._handed_in(agency, strategy, wanted)
        except ValueError:  # the system asks for what is not on record, such as an identity number
            return self._decide(strategy, "rejected", details={"reason": "lacks"})
        except Unlawful as error:
            return self._decide(strategy, "rejected", details={"reason": error.code})
        except OutsideFailed as error:
            log.warning("an approved act was not handed in (%s)", error.code)
            return False
        return self._answered(strategy, wanted, receipt)

    def _wanted(self, strategy: KeptStrategy) -> _Wanted | str | None:
        """What is to be handed in, or why it cannot be; None where the act does not go outside."""
        approved = [each for each in strategy.history if each.state == "approved"]
        if not approved or approved[-1].act not in OUTSIDE:
            return None
        act, month = approved[-1].act, date.fromisoformat(approved[-1].details["month"])
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
        person = self._tokens.of(it.id_number, it.number)
        if not person:
            return "token"
        return _Wanted(act, month, f"{strategy.id}-{len(approved)}", person, lowest)

    def _is_insured(self, employee: str) -> bool:
        """Whether somebody is insured already, as by another strategy that was approved beside this one."""
        profile = self._storage.profiles.profile_of(employee)
        return profile is not None and profile.insured

    def _handed_in(self, agency: SocialInsurance, strategy: KeptStrategy, wanted: _Wanted) -> Receipt:
        """Raises `Unlawful` before anything is sent, and `OutsideFailed`."""
        due, base = self._due(strategy.employee), wanted.base
        match wanted.act:
            case "insure":
                it = self._storage.roster.get(strategy.employee)
                name, id_number = ("", "") if it is None else (it.name, it.id_number)
                return agency.enrol(
                    Enrolment(wanted.reference, wanted.person, wanted.month, due, base, base, name, id_number)
                )
            case "correct_base":
                return agency.change_base(
                    BaseChange(wanted.reference, wanted.person, wanted.month, due, base, base)
                )
        raise AssertionError(wanted.act)

    def _due(self, employee: str) -> date:
        """The month from which contributions are owed now: this one, or the one in which somebody joins later.

        Months before it are arrears, which are settled beside it (社会保险法 第五十八条, 第六十三条).
        """
        it = self._storage.roster.get(employee)
        joined = it.joined_on if it is not None else None
        return month_of(max(joined or date.min, self._today()))

    def _answered(self, strategy: KeptStrategy, wanted: _Wanted, receipt: Receipt) -> bool:
        details = {"reference": wanted.reference, "via": "connection"}
        if receipt.state == "accepted":
            self._record(strategy.employee, wanted, receipt)
            return self._decide(strategy, "done", act=wanted.act, details=details)
        if receipt.state == "rejected":
            reason = receipt.reason or "unknown"
            return self._decide(strategy, "rejected", act=wanted.act, details=details | {"reason": reason})
        if strategy.state == "approved":
            self._decide(strategy, "handed_in", act=wanted.act, details=details)
        return False

    def _record(self, employee: str, wanted: _Wanted, receipt: Receipt) -> None:
        """What the agency accepted becomes part of profile and roster; a second time nothing is new."""
        told: dict[Field, Value] = {"base": wanted.base}
        kept: dict[str, Any] = {"base": wanted.base}
        if wanted.act == "insure":
            told["insured_since"] = wanted.month
            kept |= {"insured_since": wanted.month, "uninsured_why": ""}
        now = self._storage.now()
        changes = [
            Change(
                employee,
                what,
                value,
                wanted.month,
                receipt.source,
                now,
                "social_insurance",
                "confirmed",
                f"{receipt.reference}:{what}",
            )
            for what, value in told.items()
        ]
        self._storage.profiles.note(changes, SYSTEM)
        self._storage.roster.correct(employee, kept, SYSTEM)

    def _decide(
        self,
        strategy: KeptStrategy,
        state: State,
        *,
        act: Act | None = None,
        details: dict[str, str] | None = None,
        expected: State | None = None,
    ) -> bool:
        """Whether the step was taken; not where somebody of HR was there first."""
        decision = Decision(state, SYSTEM, self._storage.now(), act, details=details or {})
        try:
            self._storage.profiles.decide(strategy.id, (expected or strategy.state,), decision)
        except (Overtaken, KeyError):
            return False
        return True
