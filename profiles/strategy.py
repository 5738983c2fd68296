"""What follows from a change: the act proposed to HR, why, what it rests on, and the trace that made it.

`choose_strategy` is pure: the same two profiles on the same ground give the same strategy with the same key, so whoever
keeps the keys does nothing twice. HR approves; nothing here acts. There is no act for putting contributions off and none
for declaring less than the lawful base: those are states that may be found (`profiles.found`), with what they cost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Final

from calculator.money import Fen, format_yuan
from calculator.rules import JobRules
from calculator.trace import Step
from locales import Say, as_written
from people.records import PURPOSES, DibaoState, Purpose
from people.standing import ON_THE_BOOK
from profiles.changes import HOUSEHOLD, Field
from profiles.figures import figures_of
from profiles.found import HIDDEN_WAGES, UNRECKONED, Found, find_floor, find_hold
from profiles.ground import Ground, month_of
from profiles.lawful import LawfulBase, base_under, lawful_base
from profiles.profile import Conflict, Profile, changed
from profiles.settling import Settlement, settle
from profiles.strategy_trace import trace
from profiles.strategy_words import EXPLANATIONS, REASONS, Act, Kind

#: How an explanation is said where its figures would not be those of the pay slip.
_PLAIN: Final[Mapping[str, str]] = {
    "kept": "kept_plain",
    "ended": "ended_plain",
    "insured": "insured_plain",
    "changed": "kept_plain",
}
#: 社会保险法 第五十八条 names in how many days an employee is registered.
_REGISTRATION: Final = "SIL-58"
#: Changes after which it is looked at anew whether somebody is insured.
_ABOUT_INSURANCE: Final[frozenset[Field]] = frozenset(
    ("gross_wage", "region", "insured_since", "insured_until", "dibao")
)
#: States of which an employer might think that they changed the duty.
_ABOUT_DIBAO: Final[frozenset[DibaoState]] = frozenset(("receiving", "applying", "suspended", "ended"))


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in one sentence, and the records of the library that it rests on."""

    code: str = field(repr=False)
    figures: Mapping[str, str] = field(default_factory=dict, repr=False)
    sources: tuple[str, ...] = field(default=(), repr=False)

    def text(self, say: Say = as_written) -> str:
        """The sentence."""
        return say(REASONS[self.code], **self.figures)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the employee can be sent: one text, in the employee's words."""

    code: str = field(repr=False)
    figures: Mapping[str, str] = field(default_factory=dict, repr=False)

    def text(self, say: Say = as_written) -> str:
        """The text."""
        return say(EXPLANATIONS[self.code], **self.figures)


@dataclass(frozen=True, slots=True)
class Strategy:
    """What is proposed to HR after a change.

    `acts` begin with the main one. `key` is the same for the same change on the same ground; it stands for personal facts,
    so a store keeps it as it keeps them. `tells_dibao`: it tells something of the household and is for the dibao officer
    alone. `private`: only the household's result changed, which is the employee's own; HR gets it in counts, never with a
    name. `automatic`: HR's own rule lets the main act go ahead without a further approval. `month` is the first for which
    it holds. `base` is the lawful base of each insurance with its shares, `found` the states that are found, `steps` the
    trace of every figure. `conflicts` came with the change. `purposes` are the consents without which it may not be kept, as
    it tells what was kept for them. Nothing says whether a household is within its line.
    """

    employee: str
    kind: Kind = field(repr=False)
    acts: tuple[Act, ...]
    key: str = field(repr=False)
    month: date
    reasons: tuple[Reason, ...] = field(repr=False)
    steps: tuple[Step, ...] = field(repr=False)
    tells_dibao: bool = field(repr=False)
    private: bool = field(default=False, repr=False)
    automatic: bool = False
    base: LawfulBase | None = field(default=None, repr=False)
    declared: Fen | None = field(default=None, repr=False)
    found: tuple[Found, ...] = field(default=(), repr=False)
    settlement: Settlement | None = field(default=None, repr=False)
    conflicts: tuple[Conflict, ...] = field(default=(), repr=False)
    explanation: Explanation | None = field(default=None, repr=False)
    purposes: tuple[Purpose, ...] = field(default=(), repr=False)

    @property
    def main(self) -> Act:
        """The act of the main button."""
        return self.acts[0]

    @property
    def sources(self) -> tuple[str, ...]:
        """Every record of the library that it rests on, once."""
        cited = [key for reason in self.reasons for key in reason.sources]
        cited += [key for each in self.found if each.exposure for key in each.exposure.sources]
        cited += [step.source for step in self.steps if step.source]
        return tuple(dict.fromkeys(cited))


def choose_strategy(
    before: Profile | None, after: Profile, ground: Ground, today: date, done: Collection[str] = ()
) -> Strategy | None:
    """What follows from what became of a profile; None where nothing does, and where its key is `done` already.

    A pair may differ in several things, as after an import: the most pressing rule answers, and its acts cover the rest.
    """
    view = _View(before, after, ground, today)
    for rule in _RULES:
        strategy = rule(view)
        if strategy is not None:
            return None if strategy.key in done else strategy
    return None


class _View:
    """Both profiles on their ground, and what several rules look at."""

    def __init__(self, before: Profile | None, after: Profile, ground: Ground, today: date) -> None:
        self.before = before
        self.after = after
        self.ground = ground
        self.today = today
        self.changed = changed(before, after)

    @cached_property
    def lawful(self) -> LawfulBase | None:
        """The lowest lawful base of the wage as it is now; None where wage or place is not known."""
        wage, region = self.after.gross_wage, self.after.region
        if wage is None or region is None:
            return None
        return lawful_base(
            self.ground.library, wage, region, self.today, self.today, self.ground.injury_class
        )

    @cached_property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Conflicts that were not there before."""
        known = () if self.before is None else self.before.conflicts
        return tuple(each for each in self.after.conflicts if each not in known)

    @property
    def dibao_before(self) -> DibaoState | None:
        """The status before the change."""
        return None if self.before is None else self.before.dibao

    def since(self, what: Field) -> date:
        """The day from which a field is what it is; today where nothing is known of it."""
        change = self.after.behind.get(what)
        return self.today if change is None else change.holds_from

    def purposes(self, about: Iterable[Field], *, was: bool) -> tuple[Purpose, ...]:
        """What must be agreed to for what the fields are to be told; `was`: for what they were before as well."""
        sides = [self.after, *([self.before] if was and self.before is not None else [])]
        told = [side.behind[what] for side in sides for what in about if what in side.behind]
        told += [change for conflict in self.conflicts for change in conflict]
        needed = {each.purpose for each in told}
        return tuple(each for each in PURPOSES if each in needed)

    def reason(self, code: str, *sources: str | None, **figures: str) -> Reason:
        """A reason with those of its sources that are on record."""
        kept = tuple(key for key in sources if key and self.ground.library.has(key))
        return Reason(code, figures, kept)

    def strategy(
        self,
        kind: Kind,
        acts: tuple[Act, ...],
        occasion: tuple[object, ...],
        reasons: list[Reason],
        *,
        month: date | None = None,
        about: Collection[Field] = (),
        explanation: Explanation | None = None,
        found: tuple[Found | None, ...] = (),
        settlement: Settlement | None = None,
        automatic: bool = False,
        tells: bool = False,
        tells_before: bool = False,
        private: bool = False,
        shows_base: bool = True,
    ) -> Strategy:
        """A strategy with what all of them hold.

        `about` are the fields that it follows from, and with `tells_before` from what they were; `tells`: from the household.
        """
        conflicting = {each.counts.what for each in self.conflicts}
        if any(self.after.is_reported(each) for each in about):
            reasons = [*reasons, self.reason("only_reported")]
        if conflicting and kind != "conflict":
            acts = (*acts, "settle_conflict")
            reasons = [*reasons, self.reason("sources_differ")]
        base = self.lawful if shows_base else None
        states = tuple(each for each in found if each is not None)
        return Strategy(
            employee=self.after.employee,
            kind=kind,
            acts=acts,
            key=_key(self.after.employee, kind, *occasion),
            month=month_of(month or self.today),
            reasons=tuple(reasons),
            steps=tuple(trace(base, self.after.base, states, settlement)),
            tells_dibao=tells or bool(HOUSEHOLD.intersection((*about, *conflicting))),
            private=private,
            automatic=automatic,
            base=base,
            declared=self.after.base if shows_base else None,
            found=states,
            settlement=settlement,
            conflicts=self.conflicts,
            explanation=explanation,
            purposes=self.purposes(HOUSEHOLD if tells else about, was=tells_before),
        )

    def explanation(self, code: str, month: date | None = None) -> Explanation:
        """What the employee can be sent, on the base that will stand; without figures where they are not certain."""
        standing, declared = self.lawful, self.after.base
        stays = code in ("kept", "ended")
        if standing is None or not standing.complete or (stays and declared is None):
            return Explanation(_PLAIN[code])
        if stays and declared is not None and standing.is_exceeded_by(declared):
            standing = base_under(standing.job, declared, self.ground.injury_class)
        figures = {
            "base": format_yuan(standing.lowest or 0),
            "employee": format_yuan(standing.employee),
            "employer": format_yuan(standing.employer),
        }
        return Explanation(code, figures | ({"month": f"{month:%Y-%m}"} if month else {}))

    def from_now_on(self) -> Explanation | None:
        """What is paid from this month on, where that is certain to be what the pay slip will say. No base is named: new bounds
        may be those of one insurance alone."""
        lawful, declared = self.lawful, self.after.base
        if not self.after.insured or lawful is None or not lawful.complete or declared is None:
            return None
        if lawful.is_exceeded_by(declared):
            return None
        figures = {
            "month": f"{self.today:%Y-%m}",
            "employee": format_yuan(lawful.employee),
            "employer": format_yuan(lawful.employer),
        }
        return Explanation("from_now_on", figures)

    def why_this_base(self) -> list[Reason]:
        """Where the base comes from: the floor, the ceiling or the wage."""
        lawful = self.lawful
        if lawful is None or lawful.decisive is None or lawful.lowest is None:
            return [self.reason("figures_missing")]
        law = ("SIL-12", "BASE-60-300", lawful.decisive.terms.source)
        figures = {"wage": format_yuan(lawful.wage), "base": format_yuan(lawful.lowest)}
        if lawful.wage < lawful.lowest:
            where = self.reason("base_at_floor", *law, floor=format_yuan(lawful.lowest), wage=figures["wage"])
        elif lawful.wage > lawful.lowest:
            where = self.reason("base_at_ceiling", *law, ceiling=figures["base"], wage=figures["wage"])
        else:
            where = self.reason("base_is_wage", *law, **figures)
        return [where, self.reason("base_from_current_wage", "BASE-NEW-HIRE")]

    def compared(self) -> tuple[Act | None, Reason]:
        """What the declared base asks for beside the lawful one, and why; no act where it is right."""
        declared, lawful = self.after.base, self.lawful
        if declared is None:
            return "check_base", self.reason("base_unknown")
        if lawful is None or lawful.lowest is None:
            return "check_base", self.reason("figures_missing")
        figures = {"declared": format_yuan(declared), "base": format_yuan(lawful.lowest)}
        if lawful.is_above(declared):
            return "correct_base", self.reason("base_below", "SIL-60", "SIL-86", HIDDEN_WAGES, **figures)
        if lawful.is_exceeded_by(declared):
            return "check_base", self.reason("base_above", "BASE-NEW-HIRE", **figures)
        return None, self.reason("base_right", "SIL-12")


def _not_insured(view: _View) -> Strategy | None:
    """Whoever must be insured and is not: 照常参保, whatever became of dibao and whatever was signed."""
    refused, after = view.ground.refused_on, view.after
    if refused is None and not view.changed & _ABOUT_INSURANCE:
        return None
    hold = find_hold(after, view.ground, view.today)
    if hold is None:
        return None
    by_dibao = "dibao" in view.changed and after.dibao in _ABOUT_DIBAO
    restored = by_dibao and after.dibao == "receiving" and view.dibao_before in ("suspended", "ended")
    reasons = [_duty(view)]
    if by_dibao and after.dibao != "receiving":
        reasons.insert(0, view.reason("no_deferral", "DERIVED-DIBAO", "SIL-60", "MOHRSS13-21"))
    if restored:
        reasons.insert(0, view.reason("restored", "DERIVED-DIBAO", _REGISTRATION))
    if refused is not None:
        reasons.append(view.reason("refusal_is_void", "SPC2-19", "SIL-58"))
    if hold.why_not is None:
        reasons.append(view.reason("late_fee_runs", "SIL-86", "MOHRSS20-LATE"))
    else:
        reasons.append(view.reason("cannot_reckon", why=UNRECKONED[hold.why_not]))
    # One strategy for one spell without insurance; what becomes of dibao, and a refusal, are told by themselves.
    occasion: tuple[object, ...] = ("spell", after.insured_since, after.insured_until)
    if by_dibao:
        occasion = (after.dibao, view.since("dibao"))
    elif refused is not None:
        occasion = ("refused", refused)
    return view.strategy(
        "not_insured",
        ("insure", "note_reason", "explain"),
        occasion,
        [*reasons, *view.why_this_base()],
        about=("dibao",) if by_dibao else tuple(view.changed & {"gross_wage", "region"}),
        explanation=view.explanation("insured"),
        found=(hold,),
        automatic=restored and view.ground.enrols_restored,
        tells_before=restored,
    )


def _duty(view: _View) -> Reason:
    days = view.ground.library.statutes[_REGISTRATION].data["registration_days"]
    return view.reason("duty", "SIL-10", "SIL-23", _REGISTRATION, "SIL-60", days=days)


def _dibao(view: _View) -> Strategy | None:
    """Dibao began, was suspended or ended for somebody who is insured: the base is looked at, and never follows it."""
    now, was = view.after.dibao, view.dibao_before
    if "dibao" not in view.changed or now is None or not view.after.insured:
        return None
    kind = _DIBAO_KINDS.get(now)
    if kind is None or (kind == "ended" and was not in ON_THE_BOOK):
        return None
    act, why = view.compared()
    if act is None and kind == "ended":
        act = "check_base"
    reasons = [view.reason("dibao_changes_no_base", "DERIVED-DIBAO", "SIL-12"), why, *view.why_this_base()]
    if kind != "entitled":
        reasons.insert(0, view.reason("no_deferral", "DERIVED-DIBAO", "SIL-60"))
    about: tuple[Field, ...] = ("dibao",)
    return view.strategy(
        kind,
        ("explain",) if act is None else (act, "explain"),
        (now, view.since("dibao")),
        reasons,
        about=about,
        explanation=view.explanation("ended" if kind == "ended" else "kept"),
        tells_before=kind == "ended",
        found=(find_floor(view.after, view.ground, view.today),),
    )


_DIBAO_KINDS: Final[Mapping[DibaoState, Kind]] = {
    "receiving": "entitled",
    "suspended": "suspended",
    "ended": "ended",
    "none": "ended",
}


def _base(view: _View) -> Strategy | None:
    """The wage, the place or the declared base changed: the base by the rules of the year, and what differs from it.

    Where no declared base is on record there is nothing to compare: of a company that keeps none, that is everybody.
    """
    what: tuple[Field, ...] = tuple(
        sorted(view.changed & frozenset[Field](("gross_wage", "region", "base", "insured_since")))
    )
    declared = view.after.behind.get("base")
    if not what or not view.after.insured or view.lawful is None or declared is None:
        return None
    act, why = view.compared()
    if act is None:
        return None
    month = max(view.since(each) for each in what)
    corrects = act == "correct_base"
    # The same gap between the same two bases is one strategy, however the wage moves meanwhile.
    occasion = (view.lawful.lowest, view.after.base, declared.holds_from)
    return view.strategy(
        "wage" if "gross_wage" in what else "base",
        (act, "explain") if corrects else (act,),
        occasion,
        [why, *view.why_this_base()],
        month=month,
        about=what,
        explanation=view.explanation("changed", month) if corrects else None,
        found=(find_floor(view.after, view.ground, view.today),),
    )


def _bounds(view: _View) -> Strategy | None:
    """New bounds were published: what the months that are paid lack, and the base from now on."""
    if view.ground.before is None or view.after.region is None or not view.ground.owed:
        return None
    settlement = settle(view.after, view.ground, view.today)
    if settlement is None:
        return None
    act, why = view.compared()
    corrects: tuple[Act, ...] = ("correct_base",) if act == "correct_base" else ()
    job = view.ground.library.job(view.after.region, view.today, view.today)
    until = {} if settlement.until is None else {"until": settlement.until.isoformat()}
    reasons = [
        view.reason("bounds_late", *_records(job)),
        view.reason(f"catch_up_{settlement.catch_up}", "BASE-CATCH-UP-BJ", **until),
        *([why] if corrects else []),
        *view.why_this_base(),
    ]
    return view.strategy(
        "bounds",
        ("settle_difference", *corrects, "explain"),
        (view.ground.before.sha256, view.ground.library.sha256),
        reasons,
        month=settlement.months[0].month,
        explanation=_lacking(view, settlement),
        settlement=settlement,
    )


def _records(job: JobRules) -> Iterable[str | None]:
    """The records of the library by which social insurance is reckoned in a place."""
    return dict.fromkeys(terms.source for terms in job.terms if terms.insurance != "housing_fund")


def _lacking(view: _View, settlement: Settlement) -> Explanation | None:
    """What the months that are paid lack, and what holds from now on where that is certain; None without a sum to tell."""
    if not settlement.complete or min(settlement.employee, settlement.employer) < 0:
        return None
    told = {
        "since": f"{settlement.months[0].month:%Y-%m}",
        "count": str(len(settlement.months)),
        "own": format_yuan(settlement.employee),
        "theirs": format_yuan(settlement.employer),
    }
    code = "_assumed" if settlement.assumed else ""
    if settlement.assumed:
        told["assumed"] = str(settlement.assumed)
    from_now_on = view.from_now_on()
    if from_now_on is None:
        return Explanation(f"difference{code}", told)
    return Explanation(f"bounds{code}", {**from_now_on.figures, **told})


def _policy(view: _View) -> Strategy | None:
    """The library changed: is the result of an employee who is insured another one? HR hears that it is, the employee what."""
    if view.ground.before is None or not view.after.insured:
        return None
    old = figures_of(view.after, view.ground.before, view.today, view.today)
    new = figures_of(view.after, view.ground.library, view.today, view.today)
    if old == new:
        return None
    contributions = old[1:] != new[1:]
    standing = view.lawful if contributions else None
    act, why = view.compared()
    corrects = contributions and view.after.insured and act == "correct_base"
    reasons = [view.reason("policy_changed", *(() if standing is None else _records(standing.job)))]
    if corrects:
        reasons += [why, *view.why_this_base()]
    return view.strategy(
        "policy",
        ("correct_base", "tell") if corrects else ("tell",),
        (view.ground.before.sha256, view.ground.library.sha256),
        reasons,
        explanation=(view.from_now_on() or Explanation("kept_plain")) if contributions else None,
        found=(find_floor(view.after, view.ground, view.today),) if corrects else (),
        tells=old.verdict != new.verdict and not contributions,
        private=not contributions,
        shows_base=contributions,
    )


def _conflict(view: _View) -> Strategy | None:
    """What is told and what is confirmed differ: HR finds out which is right."""
    if not view.conflicts:
        return None
    occasion = sorted(
        (each.counts.what, *each.counts.identity, *each.against.identity) for each in view.conflicts
    )
    return view.strategy(
        "conflict",
        ("settle_conflict",),
        tuple(occasion),
        [view.reason("sources_differ")],
        shows_base=False,
    )


#: The most pressing first.
_RULES: Final[tuple[Callable[[_View], Strategy | None], ...]] = (
    _not_insured,
    _dibao,
    _base,
    _bounds,
    _policy,
    _conflict,
)


def _key(*parts: object) -> str:
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()
