"""Declarations at work: drafted from the roster, handed in once HR has approved, deducted from wages, held against what the
authority confirms. Stopped anywhere, it goes on: everything is asked again under the reference that it has."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final, get_args

from app.offices import NO_OFFICES, Offices
from people.employees import Employee, RosterSearch
from people.entities import InsuredAccount
from people.outside import (
    Declaration,
    Deduction,
    OutsideFailed,
    Payroll,
    Receipt,
    SocialInsurance,
    Tokens,
    Unlawful,
)
from people.records import PayMonth
from policy_kb.company import NO_RULES, Company
from policy_kb.library import Library
from profiles.declarations import CONFIRMED_WITHIN, Frame, Run, Step, Via, Work
from profiles.declaring import Draft, Known, Naming, declared, draft
from storage.opening import Storage

log = logging.getLogger("shebao.declaring")

#: How long to wait after the first failures; after that it is the last one.
PATIENCE: Final = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
#: How often the authority's amounts are asked for.
CONFIRM_EVERY: Final = timedelta(hours=6)


class Drafting:
    """Drafts declarations from what the company has on record; `library` gives the library as it stands."""

    def __init__(
        self,
        storage: Storage,
        library: Callable[[], Library],
        today: Callable[[], date],
        offices: Offices = NO_OFFICES,
        company: Company = NO_RULES,
    ) -> None:
        self._storage = storage
        self._library = library
        self._today = today
        self._offices = offices
        self._company = company

    def __call__(self, account: InsuredAccount, month: date) -> Draft:
        """A month's declaration of an account."""
        storage = self._storage
        staff = [line.employee for line in storage.roster.everyone(RosterSearch(state=None))]
        known = Known(
            accounts=storage.companies.accounts(),
            company=self._company,
            months=self._months(staff, month),
            before=storage.declarations.before(account.id, month),
            done=storage.declarations.taken(month),
            person=_naming(self._offices.agency(account.region), self._offices.insured_as),
            paid_as=_naming(self._offices.payroll, self._offices.paid_as),
        )
        return draft(self._library(), account, month, self._today(), staff, known)

    def frame(self, account: InsuredAccount) -> Frame:
        """How a declaration of an account goes out."""
        via: Via = "file" if self._offices.agency(account.region) is None else "connection"
        return Frame(account.region, account.number, via, self._offices.payroll is not None)

    def _months(self, staff: list[Employee], month: date) -> dict[str, PayMonth]:
        return self._storage.records.pay_of(month, [each.id for each in staff])


class Declarer:
    """Works declarations off that HR has approved. Stopped at any point, it can be run again."""

    def __init__(self, work: Work, offices: Offices, now: Callable[[], datetime]) -> None:
        self._work = work
        self._now = now
        self._steps: dict[Step, Callable[[Run, datetime], None]] = {}
        if offices.social_insurance is not None:
            self._steps["declare"] = partial(self._declare, offices.social_insurance)
            self._steps["confirm"] = partial(self._confirm, offices.social_insurance)
        if offices.payroll is not None:
            self._steps["deduct"] = partial(self._deduct, offices.payroll)

    def run(self, id: str) -> None:
        """Does what is due of one declaration, and at once what follows from the answer."""
        for wanted in get_args(Step):
            if (id, wanted) in self._work.due():
                self._do(id, wanted)

    def run_all(self) -> None:
        """Does everything that is due, and takes up what a crash or a lost job left lying."""
        for id in dict.fromkeys(each for each, _ in self._work.due()):
            self.run(id)

    def _do(self, id: str, step: Step) -> None:
        """Takes a step, and does it. Without its connection it waits for one."""
        do = self._steps.get(step)
        tries = None if do is None else self._work.claim(id, step)
        run = self._work.run(id)
        if do is None or tries is None or run is None:
            return
        again_at = self._now() + PATIENCE[min(tries, len(PATIENCE) - 1)]
        try:
            do(run, again_at)
        except Unlawful as error:
            log.error("declaration %s: not sent (%s)", run.reference, error.code)
            self._work.unsent(id, error.code)
        except OutsideFailed as error:
            log.warning("declaration %s: %s failed (%s)", run.reference, step, error.code)
            later = max(again_at, self._now() + error.after) if error.later else None
            self._work.failed(id, step, error.code, later)

    def _declare(self, agency: SocialInsurance, run: Run, again_at: datetime) -> None:
        """The same lines under the same reference, however often: the system does it once, and else only answers."""
        lines = tuple(declared(each.line) for each in self._work.lines(run.id))
        self._work.answered(run.id, agency.declare(Declaration(run.reference, run.month, lines)), again_at)

    def _deduct(self, payroll: Payroll, run: Run, again_at: datetime) -> None:
        """The own shares of those who were accepted; whom payroll cannot tell is left to HR."""
        reference = f"{run.reference}-K"
        deductions = [
            Deduction(each.line.paid_as, each.line.own)
            for each in self._work.lines(run.id)
            if each.outcome == "accepted" and each.line.paid_as
        ]
        receipt = Receipt("", reference, "rejected", "no_person")
        if deductions:
            receipt = payroll.deduct(reference, run.month, deductions)
        self._work.deducted(run.id, receipt, again_at)

    def _confirm(self, agency: SocialInsurance, run: Run, again_at: datetime) -> None:
        now, amounts = self._now(), agency.confirmed(run.month)
        over = run.answered_at is None or now - run.answered_at > CONFIRMED_WITHIN
        self._work.confirmed(run.id, amounts, None if over else now + CONFIRM_EVERY)


def _naming(system: object | None, tokens: Tokens) -> Naming | None:
    if system is None:
        return None
    return lambda employee: tokens.of(employee.id_number, employee.number)
