"""What is to be done after a change 要办的变动: the list, and a page for each with its reasons, its money and its trace.

Every act here is lawful: nothing puts contributions off, and nothing declares less than the lawful base. Who prepares an act
is not who approves it. What tells of dibao is there for the dibao officer alone; that it was opened is on record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final, cast
from uuid import UUID

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from audit.events import Event
from audit.events import employee as subject
from calculator.case import EARLIEST
from hr_console import strategy_words as words
from hr_console.console import Entry, account, actor, done
from hr_console.fields import FieldReader
from hr_console.notice_desk import employee_id, month_of, page_number
from hr_console.personnel import LONGEST_REASON, NO_REASON, TOO_LONG, minute
from hr_console.profile_desk import ProfileDesk, may_see
from hr_console.strategy_view import disputes, explanation, lowest_base, show
from locales import N_, speak
from people.employees import Employee
from policy_kb.headings import names_dibao
from policy_kb.wording import problem_text
from profiles.book import OPEN, STATES, Decision, KeptStrategy, Overtaken, SamePerson, State, StrategySearch
from profiles.changes import Change
from profiles.portal_acts import KIND_OF, FormKind, exported_of
from profiles.strategy_words import ACTS, KINDS, UNFIT, Act, Kind

A_PAGE: Final = 50
#: What HR does by itself is written down before something is under way outside, or once that is over.
RECORDED_IN: Final[frozenset[State]] = frozenset(("proposed", "rejected", "done"))
NO_DIBAO: Final = N_("这里不要写低保的事：看得到这一句的人比能看低保的人多。")


class StrategyPages:
    """The list, and each strategy."""

    def __init__(self, desk: ProfileDesk) -> None:
        self._desk = desk

    @property
    def entries(self) -> Sequence[Entry]:
        """The list."""
        return (Entry("strategies", N_("要办的变动")),)

    def add_to(self, blueprint: Blueprint) -> None:
        add = blueprint.add_url_rule
        add("/strategies", "strategies", self.list)
        at = "/strategies/<uuid:strategy>"
        add(at, "strategy", self.page)
        acts: Mapping[str, Callable[[UUID], ResponseReturnValue]] = {
            "prepare": self.prepare,
            "approve": self.approve,
            "send_back": self.send_back,
            "check": self.check,
            "settle": self.settle,
            "decide": self.decide,
            "reason": self.reason,
            "explain": self.explain,
            "explained": self.explained,
        }
        for name, act in acts.items():
            add(f"{at}/{name.replace('_', '-')}", f"strategy_{name}", act, methods=["POST"])

    # -- The list ----------------------------------------------------------------------------------------------------

    def list(self) -> ResponseReturnValue:
        """What is open, or one box of it, or one kind."""
        kinds = self._kinds()
        box, kind = request.args.get("box", "open"), request.args.get("kind", "")
        box, kind = box if box in words.BOXES else "open", kind if kind in kinds else ""
        whom = employee_id(request.args.get("employee", ""))
        search = StrategySearch(
            employee=whom,
            states=words.BOX_STATES.get(box, OPEN),
            kind=cast("Kind", kind) if kind else None,
            dibao=account().may("dibao"),
        )
        found = self._desk.book.page(search, page_number(), A_PAGE)
        self._listed(found.strategies)
        return render_template(
            "hr_console/strategies.html",
            lines=[(each, self._employee(each)) for each in found.strategies],
            total=found.total,
            page=found.number,
            pages=found.pages,
            box=box,
            kind=kind,
            employee=self._desk.staff.roster.get(whom) if whom else None,
            query={"box": box, "kind": kind or None, "employee": whom or None},
            boxes=words.BOXES,
            kinds=kinds,
            state_words=words.state_words,
            exported=exported_of,
            acts=ACTS,
            tones=words.TONES,
            minute=minute,
            who=self._desk.staff.who,
        )

    def _kinds(self) -> Mapping[Kind, str]:
        """The kinds that whoever looks may see at all."""
        if account().may("dibao"):
            return KINDS
        return {kind: name for kind, name in KINDS.items() if kind not in words.DIBAO_KINDS}

    def _listed(self, shown: Sequence[KeptStrategy]) -> None:
        """That a list was looked at; of those who told of dibao apart."""
        for act, telling in (("strategies_listed", False), ("dibao_strategies_listed", True)):
            people = {each.employee for each in shown if each.tells_dibao is telling}
            if people:
                self._log(act, people)

    # -- One strategy ------------------------------------------------------------------------------------------------

    def page(self, strategy: UUID) -> ResponseReturnValue:
        """Why it is here, what it costs, how that was reckoned, and what can be done."""
        it = self._there(strategy)
        self._log("dibao_strategy_opened" if it.tells_dibao else "strategy_opened", {it.employee})
        return self._page(it)

    def prepare(self, strategy: UUID) -> ResponseReturnValue:
        """Chooses an act and the month from which it holds; a second person approves."""
        it, problems = self._there(strategy), dict[str, str]()
        act = self._act(it)
        month = self._month(it, problems)
        if act == "correct_base" and lowest_base(it) is None:
            problems["month"] = self._desk.say(words.NO_BASE)
        if month is None or problems:
            return self._page(it, problems), 400
        alone = self._nobody_else_may(it)
        decision = self._decision(
            "approved" if alone else "prepared", act, details={"month": month.isoformat()}
        )
        return self._decide(
            it, ("proposed", "rejected"), decision, words.APPROVED_ALONE if alone else words.PREPARED
        )

    def _nobody_else_may(self, it: KeptStrategy) -> bool:
        """Whether there is nobody who could approve it: rather one person less than one more who sees who draws dibao."""
        others = (each for each in self._desk.staff.colleagues.all() if each.id != account().id)
        return it.tells_dibao and not any(each.may("dibao") and each.may("inbox") for each in others)

    def approve(self, strategy: UUID) -> ResponseReturnValue:
        """Somebody else agrees; it is carried out soon."""
        it = self._there(strategy)
        prepared = last(it, "prepared")
        if prepared is None:
            return self._overtaken(it)
        decision = self._decision("approved", prepared.act, details=prepared.details)
        employee = self._employee(it)
        by_file = employee is not None and self._desk.by_file(employee.region)
        told = words.APPROVED_BY_FILE if by_file else words.APPROVED_TOLD
        return self._decide(it, ("prepared",), decision, told)

    def send_back(self, strategy: UUID) -> ResponseReturnValue:
        """Somebody does not agree, or the one who prepared it thinks again; it stays open."""
        it, problems = self._there(strategy), dict[str, str]()
        why = self._why(it, "back_why", problems)
        if problems:
            return self._page(it, problems), 400
        return self._decide(it, ("prepared",), self._decision("proposed", None, why), words.SENT_BACK)

    def check(self, strategy: UUID) -> ResponseReturnValue:
        """The base was looked at and is right."""
        it, problems = self._there(strategy), dict[str, str]()
        self._has(it, "check_base")
        why = self._why(it, "check_why", problems)
        if problems:
            return self._page(it, problems), 400
        decision = self._decision(after(it, "check_base"), "check_base", why)
        return self._decide(it, ("proposed", "rejected"), decision, words.CHECKED)

    def settle(self, strategy: UUID) -> ResponseReturnValue:
        """The differences were paid, in a month."""
        it, problems = self._there(strategy), dict[str, str]()
        self._has(it, "settle_difference")
        month = month_of(request.form.get("paid_month", ""))
        if month is None or month < EARLIEST:
            problems["paid_month"] = self._desk.say(words.NO_MONTH)
        elif month > self._desk.today():
            problems["paid_month"] = self._desk.say(words.IN_FUTURE)
        if month is None or problems:
            return self._page(it, problems), 400
        details = {"month": month.isoformat(), "via": "own"}
        decision = self._decision(after(it, "settle_difference"), "settle_difference", details=details)
        return self._record(it, decision, words.SETTLED)

    def decide(self, strategy: UUID) -> ResponseReturnValue:
        """Which of two values is right: HR's word, from the later of their days on."""
        it = self._there(strategy)
        self._has(it, "settle_conflict")
        conflicts = disputes(it)
        found = [request.form.get(f"right-{number}", "") for number in range(len(conflicts))]
        if not conflicts or any(each not in ("counts", "against") for each in found):
            return self._page(it, {"right": self._desk.say(words.NOT_CHOSEN)}), 400
        if it.state not in RECORDED_IN or recorded(it, "settle_conflict"):
            return self._overtaken(it)
        now = self._desk.staff.console.now()
        settled = [
            each.settled(right, it.id, actor(), now) for each, right in zip(conflicts, found, strict=True)
        ]
        decision = self._decision(after(it, "settle_conflict"), "settle_conflict")
        return self._record(it, decision, words.DECIDED, settled)

    def reason(self, strategy: UUID) -> ResponseReturnValue:
        """Writes down why somebody is not insured yet. Nothing stops running for it."""
        it, problems = self._there(strategy), dict[str, str]()
        self._has(it, "note_reason")
        reader = FieldReader(self._desk.staff.library.divisions.find)
        read = reader.read({"uninsured_why": request.form.get("uninsured_why", "")})
        if read.problems:
            problems["uninsured_why"] = problem_text(read.problems[0], self._desk.say)
        elif "uninsured_why" not in read.values:
            problems["uninsured_why"] = self._desk.say(NO_REASON)
        if problems:
            return self._page(it, problems), 400
        why = read.values["uninsured_why"]
        self._desk.staff.roster.correct(it.employee, {"uninsured_why": why}, actor())
        decision = self._decision(it.state, "note_reason", why)
        return self._record(it, decision, words.REASON_NOTED)

    def explain(self, strategy: UUID) -> ResponseReturnValue:
        """Sends the employee what the page shows, once."""
        it = self._there(strategy)
        text = self._text(it)
        if text is None:
            abort(404)
        sent = self._desk.telling.send(it.id, it.employee, text, actor(), self._records(it))
        if sent == "no_chat":
            return self._page(it, {"explain": self._desk.say(words.NO_CHAT)}), 409
        return self._told(it, words.EXPLAINED if sent == "sent" else words.EXPLAINED_BEFORE)

    def explained(self, strategy: UUID) -> ResponseReturnValue:
        """It was told face to face."""
        it = self._there(strategy)
        if self._text(it) is None:
            abort(404)
        first = self._desk.book.told(it.id, actor())
        return self._told(it, words.EXPLAINED_IN_PERSON if first else words.EXPLAINED_BEFORE)

    # -- What the acts have in common --------------------------------------------------------------------------------

    def _decision(
        self, state: State, act: Act | None, why: str = "", *, details: Mapping[str, str] | None = None
    ) -> Decision:
        return Decision(state, actor(), self._desk.staff.console.now(), act, why, details or {})

    def _decide(
        self,
        it: KeptStrategy,
        expected: Sequence[State],
        decision: Decision,
        told: str,
        changes: Sequence[Change] = (),
    ) -> ResponseReturnValue:
        """Goes a step, and back to the page; where somebody else was there first, says so."""
        try:
            self._desk.book.decide(it.id, expected, decision, changes)
        except Overtaken:
            return self._overtaken(it)
        except SamePerson:
            return self._page(it, {"refused": self._desk.say(words.SAME_PERSON)}), 409
        if decision.state == "approved":
            self._desk.act()
        return self._back(it, told)

    def _record(
        self, it: KeptStrategy, decision: Decision, told: str, changes: Sequence[Change] = ()
    ) -> ResponseReturnValue:
        """Writes down what HR did by itself."""
        expected = [it.state] if it.state in RECORDED_IN else []
        return self._decide(it, expected, decision, told, changes)

    def _told(self, it: KeptStrategy, told: str) -> ResponseReturnValue:
        """After an explanation; where that was all there was to do, it is done."""
        if it.state in OPEN and words.DECISIVE.isdisjoint(it.acts):
            return self._decide(it, (it.state,), self._decision("done", it.acts[-1]), told)
        return self._back(it, told)

    def _overtaken(self, it: KeptStrategy) -> ResponseReturnValue:
        now = self._desk.book.get(it.id) or it
        told = self._desk.say(words.OVERTAKEN, state=self._desk.say(words.state_words(now)))
        return self._page(now, {"refused": told}), 409

    def _back(self, it: KeptStrategy, told: str) -> ResponseReturnValue:
        return done("strategy", self._desk.say(told), strategy=it.id)

    def _act(self, it: KeptStrategy) -> Act:
        """The act of the form: one that is proposed, or the correction to which a check leads."""
        act = cast("Act", request.form.get("act", ""))
        proposed = act in it.acts or (act == "correct_base" and "check_base" in it.acts)
        if act not in words.APPROVED or not proposed:
            abort(400)
        return act

    def _has(self, it: KeptStrategy, act: Act) -> None:
        if act not in it.acts:
            abort(404)

    def _month(self, it: KeptStrategy, problems: dict[str, str]) -> date | None:
        """The month of the form: not later than that from which it is owed, and one that can be reckoned."""
        month, say = month_of(request.form.get("month", "")), self._desk.say
        if month is None:
            problems["month"] = say(words.NO_MONTH)
        elif month > it.month:
            problems["month"] = say(words.TOO_LATE, month=f"{it.month:%Y-%m}")
        elif month < EARLIEST:
            problems["month"] = say(words.TOO_EARLY, month=f"{EARLIEST:%Y-%m}")
        return month

    def _why(self, it: KeptStrategy, name: str, problems: dict[str, str]) -> str:
        """Why, in words; where others than the dibao officer read it, not about dibao."""
        text, say = request.form.get(name, "").strip(), self._desk.say
        if not text:
            problems[name] = say(NO_REASON)
        elif len(text) > LONGEST_REASON:
            problems[name] = say(TOO_LONG, most=str(LONGEST_REASON))
        elif not it.tells_dibao and names_dibao(text):
            problems[name] = say(NO_DIBAO)
        return text

    def _text(self, it: KeptStrategy) -> str | None:
        """What the employee is sent, in their language."""
        told = explanation(it)
        return None if told is None else told.text(speak(self._desk.telling.language(it.employee)))

    def _records(self, it: KeptStrategy) -> tuple[dict[str, Any], ...]:
        """The records under what is sent of new figures: those of the first reason."""
        if it.kind not in ("bounds", "policy"):
            return ()
        return tuple(self._desk.sources(it.data["reasons"][0]["sources"]))

    # -- What the pages are made of ----------------------------------------------------------------------------------

    def _there(self, strategy: UUID) -> KeptStrategy:
        found = self._desk.book.get(str(strategy))
        if found is None or not may_see(found, account()):
            abort(404)
        return found

    def _employee(self, it: KeptStrategy) -> Employee | None:
        return self._desk.staff.roster.get(it.employee)

    def _page(self, it: KeptStrategy, problems: Mapping[str, str] | None = None) -> str:
        text, staff, prepared = self._text(it), self._desk.staff, last(it, "prepared")
        employee = self._employee(it)
        return render_template(
            "hr_console/strategy.html",
            it=it,
            alone=self._nobody_else_may(it),
            employee=employee,
            exported=exported_of(it),
            form=self._form(it, employee),
            state_words=words.state_words,
            shown=show(it, self._desk),
            problems=problems or {},
            texts=request.form if problems else {"month": f"{it.month:%Y-%m}"},
            text=text,
            prepared=prepared,
            mine=prepared is not None and prepared.by == actor(),
            refusal=refusal(it),
            open=it.state in OPEN,
            fresh=it.state in ("proposed", "rejected"),
            unsettled=[
                act
                for act in it.acts
                if act in words.DECISIVE and not recorded(it, act) and it.state in RECORDED_IN
            ],
            unfit=UNFIT,
            may_correct=lowest_base(it) is not None,
            buttons=words.BUTTONS,
            kinds=KINDS,
            states=STATES,
            acts=ACTS,
            tones=words.TONES,
            via=words.VIA,
            minute=minute,
            who=staff.who,
        )

    def _form(self, it: KeptStrategy, employee: Employee | None) -> FormKind | None:
        """The portal's form by which an approved act goes out; None where it goes over a connection."""
        approved = last(it, "approved")
        waits = exported_of(it) is not None or it.state == "approved"
        if approved is None or approved.act is None or employee is None or not waits:
            return None
        return KIND_OF.get(approved.act) if self._desk.by_file(employee.region) else None

    def _log(self, act: str, people: set[str]) -> None:
        subjects = tuple(map(subject, sorted(people)))
        self._desk.staff.console.log.record(Event(act, actor(), subjects))


def last(it: KeptStrategy, state: State) -> Decision | None:
    """The last step into a state; None where there was none."""
    return next((each for each in reversed(it.history) if each.state == state), None)


def refusal(it: KeptStrategy) -> str:
    """Why an act was refused last, as the receipt says or a code of `UNFIT`; empty where none was."""
    said = (each.details["reason"] for each in reversed(it.history) if "reason" in each.details)
    return next(said, "")


def recorded(it: KeptStrategy, act: Act) -> bool:
    """Whether an act that HR does by itself was written down."""
    return any(each.act == act and each.state not in ("prepared", "approved") for each in it.history)


def after(it: KeptStrategy, act: Act) -> State:
    """The state once an act is done: `done` unless another one is to be done before it is over."""
    left = [each for each in it.acts if each in words.DECISIVE and each != act and not recorded(it, each)]
    return it.state if left else "done"
