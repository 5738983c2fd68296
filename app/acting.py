"""What HR approved is carried out over the social-insurance connection: enrolments and corrected bases, each once.

Nothing is sent that nobody approved, unless HR's own rule says so. Every step is kept before the next one, and what is
handed in a second time carries the same reference, so that a crash in between does nothing twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import date

from app.acts import Acts, Wanted
from app.offices import Offices
from people.outside import OutsideFailed, Receipt, SocialInsurance, Unlawful
from policy_kb.library import Library
from profiles.book import KeptStrategy, State, StrategySearch
from storage.opening import Storage

log = logging.getLogger("shebao.profiles")


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
        self._offices = offices
        self._acts = Acts(storage, library, today)

    def run(self) -> int:
        """Hands in what is approved, asks again for what was not decided; how many came to an end."""
        self._approve_by_rule()
        if self._offices.social_insurance is None:
            return 0
        return sum(map(self._tried, tuple(self._waiting())))

    def _approve_by_rule(self) -> None:
        """What HR's own rules let go ahead without a further approval (`StrategyRules`)."""
        rules = self._storage.profiles.rules()
        if not (rules.enrols_restored or rules.declares):
            return
        for each in self._found("proposed"):
            corrects = rules.declares and each.acts[0] == "correct_base"
            if (each.automatic and rules.enrols_restored) or corrects:
                details = {"month": each.month.isoformat()}
                self._acts.decide(each, "approved", act=each.acts[0], details=details, expected="proposed")

    def _waiting(self) -> Iterator[KeptStrategy]:
        for each in (*self._found("approved"), *self._found("handed_in")):
            if each.history[-1].details.get("via", "connection") == "connection":
                yield each

    def _found(self, state: State) -> tuple[KeptStrategy, ...]:
        return self._storage.profiles.find(StrategySearch(states=frozenset((state,)), dibao=True))

    def _tried(self, strategy: KeptStrategy) -> bool:
        """Whether it came to an end; whatever goes wrong with one holds up none of the others."""
        try:
            return self._carried_out(strategy)
        except Exception as error:
            log.error("an approved act was not carried out (%s)", type(error).__name__)
            return False

    def _carried_out(self, strategy: KeptStrategy) -> bool:
        agency = self._agency(strategy)
        wanted = self._acts.wanted(strategy)
        if agency is None or wanted is None:
            return False
        decide = self._acts.decide
        if isinstance(wanted, str):
            return decide(strategy, "rejected", details={"reason": wanted})
        it = wanted.employee
        person = self._offices.insured_as.of(it.id_number, it.number)
        if not person:
            return decide(strategy, "rejected", details={"reason": "token"})
        if wanted.act == "insure" and self._acts.is_insured(strategy.employee):
            return decide(strategy, "done", act=wanted.act, details={"via": "own"})
        try:
            receipt = self._handed_in(agency, wanted, person)
        except ValueError:  # the system asks for what is not on record, such as an identity number
            return decide(strategy, "rejected", details={"reason": "lacks"})
        except Unlawful as error:
            return decide(strategy, "rejected", details={"reason": error.code})
        except OutsideFailed as error:
            log.warning("an approved act was not handed in (%s)", error.code)
            return False
        return self._answered(strategy, wanted, receipt)

    def _agency(self, strategy: KeptStrategy) -> SocialInsurance | None:
        """The agency that an act goes to; whoever has it already is asked on."""
        if strategy.state == "handed_in":
            return self._offices.social_insurance
        return self._offices.agency(self._acts.region(strategy.employee))

    def _handed_in(self, agency: SocialInsurance, wanted: Wanted, person: str) -> Receipt:
        """Raises `Unlawful` before anything is sent, and `OutsideFailed`."""
        match wanted.act:
            case "insure":
                return agency.enrol(wanted.enrolment(person))
            case "correct_base":
                return agency.change_base(wanted.base_change(person))
        raise AssertionError(wanted.act)

    def _answered(self, strategy: KeptStrategy, wanted: Wanted, receipt: Receipt) -> bool:
        details = {"reference": wanted.reference, "via": "connection"}
        if receipt.state == "accepted":
            return self._acts.carried_out(strategy, wanted.act, wanted.month, wanted.base, receipt, details)
        if receipt.state == "rejected":
            details["reason"] = receipt.reason or "unknown"
            return self._acts.decide(strategy, "rejected", act=wanted.act, details=details)
        if strategy.state == "approved":
            self._acts.decide(strategy, "handed_in", act=wanted.act, details=details)
        return False
