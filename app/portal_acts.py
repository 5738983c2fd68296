"""Approved acts that no connection carries out: exported for the portal, and carried out by its receipt as by a connection.

A receipt that is being taken over or taken back is marked so before its first row; stopped anywhere, it goes on, and a row
that is done already is found by what the strategy's history says of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final
from uuid import uuid4

from app.acts import Acts, Wanted
from app.offices import Offices
from audit.events import Event
from audit.events import employee as subject
from calculator.money import Fen
from people.employees import Employee, number_for_search
from people.outside import Receipt, Unlawful, refuse_unlawful
from policy_kb.library import Library
from profiles.book import Decision, KeptStrategy, StrategySearch
from profiles.changes import Change, Field, Value
from profiles.portal_acts import (
    FiledAct,
    KeptReceipt,
    PortalActs,
    RowAnswer,
    Sees,
    Taken,
    decided,
    exported_of,
    handed,
)
from profiles.strategy_words import Act
from storage.opening import Storage

#: How long whoever began with a receipt is left to it.
PATIENCE: Final = timedelta(minutes=2)
#: Why an act stays where it is, and is not put back, when it cannot be exported.
_STAYS: Final = frozenset(("twice", "same_person"))


class ActsByFile(PortalActs):
    """What HR takes to the portal."""

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

    # Out

    def acts(self, sees: Sees) -> tuple[FiledAct, ...]:
        """Those that are to be exported, and those that wait for the receipt; by employee number."""
        search = StrategySearch(states=frozenset(("approved", "handed_in")), dibao=True)
        found = self._storage.profiles.find(search)
        # Of two for the same the one is taken that everybody may see.
        filed = [act for each in sorted(found, key=_first) if (act := self._filed(each)) is not None]
        mine = {each.id for each in found if sees(each)}
        marked = [each for each in _marked(filed) if each.strategy in mine]
        return tuple(sorted(marked, key=lambda each: each.number))

    def export(self, acts: Collection[FiledAct], by: str) -> str | None:
        """Marks acts as exported; the name of the file. What cannot be carried out goes back, as from a connection."""
        file, count = str(uuid4()), 0
        for act in acts:
            strategy = self._storage.profiles.get(act.strategy)
            if strategy is None or strategy.state != "approved" or act.unfit in _STAYS:
                continue
            if act.unfit == "insured":
                self._acts.decide(strategy, "done", act=act.act, details={"via": "own"}, by=by)
            elif act.unfit:
                self._acts.decide(strategy, "rejected", details={"reason": act.unfit}, by=by)
            else:
                details = {
                    "via": "portal",
                    "file": file,
                    "reference": act.reference,
                    "region": act.region,
                    "month": act.month.isoformat(),
                    "base": str(act.base),
                }
                count += self._acts.decide(strategy, "handed_in", act=act.act, details=details, by=by)
        return file if count else None

    def log_file(self, acts: Collection[FiledAct], by: str) -> None:
        """Notes that a file with these acts was taken away."""
        whom = tuple(subject(each.employee) for each in acts)
        self._storage.audit.record(Event("acts_exported", by, whom, {"rows": len(acts)}))

    def take_back(self, acts: Collection[FiledAct], by: str) -> int:
        """Has exported acts back that never reached the portal; how many."""
        details = {"reason": "taken_back"}
        return sum(
            self._acts.decide(strategy, "rejected", act=act.act, details=details, by=by)
            for act in acts
            if (strategy := self._waiting(act.strategy, act.reference))
        )

    # Back

    def take(self, receipt: str, answers: Sequence[RowAnswer], by: str) -> None:
        """Takes over what a receipt says. Raises `Overtaken`."""
        rows = [self._before(each.act, each) for each in decided(answers).values() if each.act]
        self._storage.act_receipts.begin(receipt, rows, by)
        self._finish(receipt)

    def undo(self, receipt: str, by: str) -> None:
        """Takes that back where nothing has changed since. Raises `Overtaken`."""
        self._storage.act_receipts.begin_undo(receipt, by)
        self._finish(receipt)

    def run(self) -> None:
        """Goes on with receipts that were left lying."""
        for each in self._storage.act_receipts.left_lying(self._storage.now() - PATIENCE):
            self._finish(each)

    def _finish(self, receipt: str) -> None:
        kept = self._storage.act_receipts.get(receipt)
        if kept is None:
            return
        if kept.state == "taking":
            rows = [self._take(kept, each) if each.step == "ready" else each for each in kept.rows]
        else:
            rows = [self._undo(kept, each) if each.step == "applied" else each for each in kept.rows]
        self._storage.act_receipts.finish(receipt, rows)

    def _before(self, act: FiledAct, answer: RowAnswer) -> Taken:
        it = self._storage.roster.get(act.employee)
        return Taken(
            act.strategy,
            act.employee,
            act.reference,
            answer.row,
            bool(answer.accepted),
            answer.words,
            None if it is None else it.base,
            None if it is None else it.insured_since,
            "" if it is None else it.uninsured_why,
        )

    def _take(self, kept: KeptReceipt, row: Taken) -> Taken:
        strategy = self._waiting(row.strategy, row.reference)
        if strategy is not None:
            self._carry_out(kept, row, strategy)
        now = self._storage.profiles.get(row.strategy)
        return replace(row, step="applied" if now is not None and _came_of(now, kept) else "overtaken")

    def _carry_out(self, kept: KeptReceipt, row: Taken, strategy: KeptStrategy) -> None:
        """What was accepted as an answer of the connection would be; what came back with the portal's words."""
        out, by = _exported(strategy), kept.taken_by
        details = {"via": "portal", "reference": row.reference, "receipt": kept.id}
        if not row.accepted or out.act is None:
            self._acts.decide(
                strategy, "rejected", act=out.act, details={**details, "reason": row.words}, by=by
            )
            return
        # After a receipt was taken back, the next one says it anew.
        receipt = Receipt("social_insurance", f"{row.reference}-{len(strategy.history)}", "accepted")
        self._acts.carried_out(strategy, out.act, *_declared(out), receipt, details, by)

    def _undo(self, kept: KeptReceipt, row: Taken) -> Taken:
        strategy = self._storage.profiles.get(row.strategy)
        if strategy is not None and _came_of(strategy, kept):
            out = _exported(strategy)
            if not row.accepted or self._given_back(kept, row, strategy, out):
                details = {**out.details, "undone": kept.id}
                self._acts.decide(strategy, "handed_in", act=out.act, details=details, by=kept.taken_by)
        now = self._storage.profiles.get(row.strategy)
        undone = now is not None and now.history[-1].details.get("undone") == kept.id
        return replace(row, step="undone" if undone else "kept")

    def _given_back(self, kept: KeptReceipt, row: Taken, strategy: KeptStrategy, out: Decision) -> bool:
        """Gives roster and profile their values back; False where somebody has changed them since."""
        it = self._storage.roster.get(row.employee)
        (month, base), enrols = _declared(out), out.act == "insure"
        written, before = (base, month), (row.base, row.insured_since)
        if it is None or not any(_stands(it, enrols, *each) for each in (written, before)):
            return False
        told: dict[Field, Value] = {"base": row.base}
        roster: dict[str, Any] = {"base": row.base}
        if enrols:
            told["insured_since"] = row.insured_since
            roster |= {"insured_since": row.insured_since, "uninsured_why": row.uninsured_why}
        now, by, reference = self._storage.now(), kept.taken_by, f"{kept.id}-{len(strategy.history)}"
        changes = [
            Change(row.employee, what, value, month, by, now, "hr", "confirmed", f"{reference}:{what}")
            for what, value in told.items()
        ]
        self._storage.profiles.note(changes, by)
        self._storage.roster.correct(row.employee, roster, by)
        return True

    # What an act is

    def _filed(self, strategy: KeptStrategy) -> FiledAct | None:
        """An act that goes to the portal, or went there; None for one that does not."""
        approval = self._acts.approved(strategy)
        it = self._storage.roster.get(strategy.employee)
        if approval is None or approval.act is None or it is None:
            return None
        region = self._acts.region(it.id) or it.region
        out = strategy.history[-1].details if strategy.state == "handed_in" else None
        if out is None and self._offices.agency(region) is not None:
            return None
        if out is not None and out.get("via") != "portal":
            return None
        wanted = self._acts.wanted(strategy)
        month = date.fromisoformat(approval.details["month"])
        known = wanted if isinstance(wanted, Wanted) else None
        act = FiledAct(
            strategy=strategy.id,
            employee=it.id,
            reference="" if known is None else known.reference,
            act=approval.act,
            region=region,
            month=month,
            due=month if known is None else known.due,
            number=it.number,
            name=it.name,
            id_number=it.id_number,
            joined_on=it.joined_on,
            wage=0 if known is None else known.wage,
            base=0 if known is None else known.base,
            lawful=0 if known is None else known.base,
        )
        if out is not None:
            month, base = _declared(strategy.history[-1])
            act = replace(
                act,
                reference=out["reference"],
                region=out["region"],
                month=month,
                base=base,
                exported=exported_of(strategy),
            )
        return replace(act, unfit=wanted if isinstance(wanted, str) else self._hindrance(act))

    def _hindrance(self, act: FiledAct) -> str:
        """Why an act cannot be exported; what keeps the connection from handing it in keeps a file from it."""
        if act.exported is None and act.act == "insure" and self._acts.is_insured(act.employee):
            return "insured"
        if not act.id_number:
            return "lacks"
        try:
            refuse_unlawful(handed(act))
        except Unlawful as error:
            return error.code
        return ""

    def _waiting(self, strategy: str, reference: str) -> KeptStrategy | None:
        """A strategy that waits for the portal's receipt under a reference."""
        found = self._storage.profiles.get(strategy)
        if found is None or found.state != "handed_in":
            return None
        details = found.history[-1].details
        waits = details.get("via") == "portal" and details.get("reference") == reference
        return found if waits else None


def _first(strategy: KeptStrategy) -> tuple[bool, bool, str]:
    return strategy.state != "handed_in", strategy.tells_dibao, strategy.id


def _marked(acts: Sequence[FiledAct]) -> Iterator[FiledAct]:
    """Acts of which an earlier one says the same, and people whom an identity number does not tell apart."""
    owners = Counter(
        number for number, _ in {(number_for_search(each.id_number), each.employee) for each in acts}
    )
    seen: set[tuple[str, Act]] = set()
    for each in acts:
        unfit = each.unfit
        if each.exported is None and (each.employee, each.act) in seen:
            unfit = "twice"
        elif not unfit and owners[number_for_search(each.id_number)] > 1:
            unfit = "same_person"
        seen.add((each.employee, each.act))
        yield replace(each, unfit=unfit)


def _exported(strategy: KeptStrategy) -> Decision:
    """The last step by which a strategy went into a file."""
    return next(each for each in reversed(strategy.history) if "file" in each.details)


def _declared(out: Decision) -> tuple[date, Fen]:
    """From which month and on which base an act went into its file."""
    return date.fromisoformat(out.details["month"]), int(out.details["base"])


def _came_of(strategy: KeptStrategy, kept: KeptReceipt) -> bool:
    """Whether where a strategy stands is what a receipt said."""
    return strategy.history[-1].details.get("receipt") == kept.id


def _stands(it: Employee, enrols: bool, base: Fen | None, since: date | None) -> bool:
    return it.base == base and (not enrols or it.insured_since == since)
