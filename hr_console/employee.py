"""An employee's page: what is on record, what can be done, and who looked. Opening it is itself on record.

What tells of dibao has a page of its own, which nobody else sees a trace of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, cast, get_args
from uuid import UUID

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from audit.events import ACTS, Event, tells_dibao
from audit.events import employee as subject
from calculator.fields import Problem
from delivery.ways import choose
from hr_console.case_words import BOX_NAMES, title
from hr_console.codes import Sheets
from hr_console.console import Entry, account, actor, done
from hr_console.fields import (
    EARLIEST,
    LABELS,
    ROSTER,
    FieldReader,
    as_typed,
    blank,
    in_python,
    shown,
)
from hr_console.notice_words import TONES
from hr_console.personnel import LONGEST_REASON, NO_REASON, TOO_LONG, Personnel, minute
from hr_console.reach_words import CHANNELS, DEAD_END, way_words
from hr_console.roster import NUMBER_TAKEN, WECOM_TAKEN, employee_form, read_form, typed
from hr_console.running_cost import MISSING, Running, running_cost
from hr_console.strategy_words import TONES as STRATEGY_TONES
from hr_console.who import viewer_of
from hr_inbox.cases import Search
from locales import N_
from notices.book import NoticeBook, NoticeSearch
from notices.notice import KINDS, STATES
from people.bindings import ENDED, ENDED_BY_HR
from people.employees import Employee, HasRecords, NumberTaken, WecomTaken
from people.records import (
    CONSENT_HOW,
    DIBAO_SOURCES,
    DIBAO_STATES,
    WITHDRAWN_HOW,
    Adjustment,
    DibaoSource,
    DibaoState,
    DibaoStatus,
    NoConsent,
)
from people.standing import Uninsured
from policy_kb.headings import names_dibao
from policy_kb.wording import problem_text
from profiles.book import STATES as STRATEGY_STATES
from profiles.book import ProfileBook, StrategySearch
from profiles.strategy_words import KINDS as STRATEGIES

LONGEST_LIST: Final = 50

CORRECTED: Final = N_("更正好了。")
INSURED: Final = N_("登记了参保日期。")
LEFT: Final = N_("登记了离职：聊天账号解绑了，通知不再发。")
REJOINED: Final = N_("登记了重新入职。要用聊天，请给本人一个新的绑定码；填了企业微信账号的不用。")
ERASED: Final = N_("删掉了。")
HAS_RECORDS: Final = N_("这个人有绑定、缴费记录或者事项，不是录错的，不能删。离职的请登记离职。")
ADJUSTED: Final = N_("记下了。")
UNBOUND: Final = N_("解绑了，旧账号从现在起收不到任何东西，没用过的码也作废了。")
NOT_BOUND: Final = N_("本来就没有绑。")
AGREED: Final = N_("登记了同意。")
WITHDRAWN: Final = N_("撤回了，记过的低保状态也删掉了。")
TOLD: Final = N_("记下了，以前的也还在。")


class EmployeePage:
    """The pages of one employee."""

    def __init__(
        self,
        personnel: Personnel,
        profiles: ProfileBook,
        notices: NoticeBook | None = None,
    ) -> None:
        self._staff = personnel
        self._sheets = Sheets(personnel)
        self._notices = notices
        self._profiles = profiles

    @property
    def entries(self) -> Sequence[Entry]:
        """Nothing in the navigation: the list leads here."""
        return ()

    def add_to(self, blueprint: Blueprint) -> None:
        add = blueprint.add_url_rule
        at = "/roster/<uuid:employee>"
        add(at, "employee", self.page)
        add(f"{at}/correct", "employee_correct", self.correct, methods=["GET", "POST"])
        for name, view in (
            ("insure", self.insure),
            ("leave", self.leave),
            ("rejoin", self.rejoin),
            ("erase", self.erase),
            ("adjust", self.adjust),
            ("unbind", self.unbind),
            ("code", self.code),
        ):
            add(f"{at}/{name}", f"employee_{name}", view, methods=["POST"])
        add(f"{at}/dibao", "employee_dibao", self.dibao)
        add(f"{at}/dibao/tell", "employee_dibao_tell", self.tell_dibao, methods=["POST"])
        add(f"{at}/dibao/consent", "employee_consent", self.consent, methods=["POST"])

    def page(self, employee: UUID) -> ResponseReturnValue:
        """Everything about one employee but what tells of dibao."""
        it = self._staff.there(employee)
        self._staff.console.log.record(Event("employee_opened", actor(), (subject(it.id),)))
        return self._page(it)

    def correct(self, employee: UUID) -> ResponseReturnValue:
        """Other values for what is on record."""
        it = self._staff.there(employee)
        if request.method == "GET":
            return employee_form(it, as_typed(it, self._staff.place), {}, self._staff)
        texts = typed(request.form)
        read = read_form(texts, self._staff)
        problems = self._staff.worded(read.problems)
        why = self._reason("why", problems, needed=False)
        if not problems:
            values = in_python({name: read.values.get(name, blank(name)) for name in ROSTER})
            try:
                self._staff.roster.correct(it.id, values, actor(), why)
                return done("employee", self._staff.say(CORRECTED), employee=it.id)
            except NumberTaken:
                problems = {"number": self._staff.say(NUMBER_TAKEN)}
            except WecomTaken:
                problems = {"wecom_id": self._staff.say(WECOM_TAKEN)}
        texts["why"] = request.form.get("why", "")
        return employee_form(it, texts, problems, self._staff), 400

    def insure(self, employee: UUID) -> ResponseReturnValue:
        """照常参保: from which day somebody is insured."""
        it, problems = self._staff.there(employee), dict[str, str]()
        day = self._day("insured_from", problems)
        if problems:
            return self._page(it, problems), 400
        self._staff.roster.correct(it.id, {"insured_since": day, "uninsured_why": ""}, actor())
        return done("employee", self._staff.say(INSURED), employee=it.id)

    def leave(self, employee: UUID) -> ResponseReturnValue:
        """Somebody leaves."""
        it, problems = self._staff.there(employee), dict[str, str]()
        day = self._day("left_on", problems)
        if problems:
            return self._page(it, problems), 400
        self._staff.roster.leave(it.id, day, actor())
        return done("employee", self._staff.say(LEFT), employee=it.id)

    def rejoin(self, employee: UUID) -> ResponseReturnValue:
        """Somebody comes back."""
        it, problems = self._staff.there(employee), dict[str, str]()
        day = self._day("joined_again", problems)
        if problems:
            return self._page(it, problems), 400
        self._staff.roster.rejoin(it.id, day, actor())
        return done("employee", self._staff.say(REJOINED), employee=it.id)

    def erase(self, employee: UUID) -> ResponseReturnValue:
        """Takes a slip off the roster."""
        it, problems = self._staff.there(employee), dict[str, str]()
        why = self._reason("erase_why", problems)
        if not problems:
            try:
                self._staff.roster.erase(it.id, actor(), why)
                return done("roster", self._staff.say(ERASED))
            except HasRecords:
                problems["erase_why"] = self._staff.say(HAS_RECORDS)
        return self._page(it, problems), 400

    def adjust(self, employee: UUID) -> ResponseReturnValue:
        """Writes a change of the contribution base down."""
        it, problems = self._staff.there(employee), dict[str, str]()
        month = self._value("month", "adjust_month", problems)
        before = self._value("base", "adjust_before", problems, needed=False)
        after = self._value("base", "adjust_after", problems)
        why = self._reason("adjust_why", problems)
        decided_by = self._reason("decided_by", problems)
        if problems:
            return self._page(it, problems), 400
        adjustment = Adjustment(date.fromisoformat(month), before, after, why, decided_by)
        self._staff.records.adjust(it.id, adjustment, actor())
        return done("employee", self._staff.say(ADJUSTED), employee=it.id)

    def unbind(self, employee: UUID) -> ResponseReturnValue:
        """Ends the tie to a chat account: a lost phone."""
        it, problems = self._staff.there(employee), dict[str, str]()
        reason = self._reason("unbind_reason", problems)
        why = request.form.get("unbind_why", "")
        if why not in ENDED_BY_HR:
            abort(400)
        if problems:
            return self._page(it, problems), 400
        ended = self._staff.codes.end(it.id, why, actor(), reason)
        return done("employee", self._staff.say(UNBOUND if ended else NOT_BOUND), employee=it.id)

    def code(self, employee: UUID) -> ResponseReturnValue:
        """A new code for one employee, shown once."""
        it = self._staff.there(employee)
        made = self._staff.codes.make([it.id], actor())
        if it.id not in made:
            abort(404)
        return self._sheets.page(it, made[it.id])

    # Dibao

    def dibao(self, employee: UUID) -> ResponseReturnValue:
        """What was told of dibao, where it was agreed to. That it was read is logged."""
        return self._dibao(self._staff.there(employee), {})

    def tell_dibao(self, employee: UUID) -> ResponseReturnValue:
        """Adds a status."""
        it, problems = self._staff.there(employee), dict[str, str]()
        since = self._day("since", problems)
        status, source = request.form.get("told", ""), request.form.get("source", "")
        if status not in get_args(DibaoState) or source not in get_args(DibaoSource):
            abort(400)
        if problems:
            return self._dibao(it, problems), 400
        told = DibaoStatus(cast("DibaoState", status), since, cast("DibaoSource", source))
        try:
            self._staff.records.tell_dibao(it.id, told, actor())
        except NoConsent:
            abort(400)
        return done("employee_dibao", self._staff.say(TOLD), employee=it.id)

    def consent(self, employee: UUID) -> ResponseReturnValue:
        """A consent that was given on paper, or taken back."""
        it = self._staff.there(employee)
        if request.form.get("act") == "withdraw":
            self._staff.records.withdraw(it.id, "dibao_status", "told_hr", actor())
            return done("employee_dibao", self._staff.say(WITHDRAWN), employee=it.id)
        self._staff.records.agree(it.id, "dibao_status", "paper", actor())
        return done("employee_dibao", self._staff.say(AGREED), employee=it.id)

    def _dibao(self, it: Employee, problems: Mapping[str, str]) -> str:
        consents = self._staff.records.consents(it.id)
        agreed = any(each.holds for each in consents)
        return render_template(
            "hr_console/employee_dibao.html",
            employee=it,
            consents=consents,
            agreed=agreed,
            statuses=self._staff.records.dibao(it.id, actor()) if agreed else (),
            states=DIBAO_STATES,
            sources=DIBAO_SOURCES,
            how=CONSENT_HOW,
            withdrawn_how=WITHDRAWN_HOW,
            texts=request.form,
            problems=problems,
            minute=minute,
            who=self._staff.who,
        )

    # The page

    def shown(self, it: Employee, problems: Mapping[str, str]) -> str:
        """The page again, with what is wrong in a form whose own page is elsewhere."""
        return self._page(it, problems)

    def _page(self, it: Employee, problems: Mapping[str, str] | None = None) -> str:
        say, place = self._staff.say, self._staff.place
        facts = [(name, shown(name, getattr(it, name), place, say)) for name in ROSTER]
        return render_template(
            "hr_console/employee.html",
            employee=it,
            facts=[(LABELS[name], text) for name, text in facts if text and name != "uninsured_why"],
            problems=problems or {},
            texts=request.form if problems else {},
            today=self._staff.today().isoformat(),
            minute=minute,
            who=self._staff.who,
            ties=self._staff.codes.of_employee(it.id),
            channels=CHANNELS,
            **self._ways(it),
            code_expires=self._staff.codes.code_expires(it.id),
            ended=ENDED,
            ended_by_hr=ENDED_BY_HR,
            adjustments=self._staff.records.adjustments(it.id),
            months=self._staff.records.pay_months(it.id)[::-1],
            yuan=lambda fen: shown("wage", fen, place, say),
            log=self._log(it),
            acts=ACTS,
            **self._cases(it),
            **self._cost(it),
            **self._told(it),
            **self._followed(it),
        )

    def _ways(self, it: Employee) -> dict[str, Any]:
        """How the employee can be reached now, in words, and whether that is nowhere."""
        now, ways = self._staff.console.now(), self._staff.ways.of(it.id)
        return {
            "ways": [way_words(each, now, self._staff.say) for each in ways],
            "dead_end": "" if choose(ways, now) else self._staff.say(DEAD_END),
        }

    def _log(self, it: Employee) -> list[Any]:
        """Who did what with somebody; what tells of dibao only to those who may see it."""
        found = self._staff.log.about(subject(it.id), limit=LONGEST_LIST)
        return [each for each in found if account().may("dibao") or not tells_dibao(each.act)]

    def _cases(self, it: Employee) -> dict[str, Any]:
        """The employee's cases, for those who work on cases; each sees what they may see."""
        if not account().may("inbox"):
            return {"cases": None}
        page = self._staff.cases.find(Search(employees=(it.id,)), viewer_of(account()), limit=LONGEST_LIST)
        return {
            "cases": [(line, title(line, self._staff.say)) for line in page.lines],
            "boxes": BOX_NAMES,
        }

    def _told(self, it: Employee) -> dict[str, Any]:
        """The employee's notices and when the confirmation was signed, for those who follow notices."""
        if self._notices is None or not account().may("notices"):
            return {"notices": None}
        return {
            "notices": self._notices.find(NoticeSearch(employee=it.id)),
            "confirmed_on": self._notices.confirmed([it.id]).get(it.id),
            "notice_states": STATES,
            "notice_tones": TONES,
            "notice_kinds": KINDS,
        }

    def _followed(self, it: Employee) -> dict[str, Any]:
        """What followed from the employee's changes and is not over yet, for those who work on it."""
        if not account().may("inbox"):
            return {"strategies": ()}
        found = self._profiles.find(StrategySearch(it.id, dibao=account().may("dibao")))
        return {
            "strategies": found,
            "strategy_kinds": STRATEGIES,
            "strategy_states": STRATEGY_STATES,
            "strategy_tones": STRATEGY_TONES,
        }

    def _cost(self, it: Employee) -> dict[str, Any]:
        """What it has cost so far that somebody is not insured."""
        if it.insured_since is not None or it.state == "left":
            return {"cost": None}
        who = Uninsured(it, self._staff.records.pay_months(it.id))
        accounts, today = self._staff.companies.accounts(), self._staff.today()
        found = running_cost(self._staff.library, who, accounts, today, self._staff.say)
        if isinstance(found, Running):
            return {"cost": found}
        return {"cost": None, "no_cost": MISSING[found]}

    # Reading forms

    def _value(self, kind: str, name: str, problems: dict[str, str], *, needed: bool = True) -> Any:
        """One field of a form; what is wrong with it goes to `problems`."""
        reader = FieldReader(self._staff.library.divisions.find)
        read = reader.read({kind: request.form.get(name, "")})
        if read.problems:
            problems[name] = problem_text(read.problems[0], self._staff.say)
        elif needed and kind not in read.values:
            problems[name] = problem_text(Problem("missing_field", name, "field"), self._staff.say)
        return read.values.get(kind)

    def _day(self, name: str, problems: dict[str, str]) -> date:
        text = self._value("left_on", name, problems)
        return EARLIEST if name in problems else date.fromisoformat(text)

    def _reason(self, name: str, problems: dict[str, str], *, needed: bool = True) -> str:
        """Why something is done, in words that do not tell of dibao: they are read by more people than may know."""
        text = request.form.get(name, "").strip()
        if needed and not text:
            problems[name] = self._staff.say(NO_REASON)
        elif len(text) > LONGEST_REASON:
            problems[name] = self._staff.say(TOO_LONG, most=str(LONGEST_REASON))
        elif names_dibao(text):
            problems[name] = problem_text(Problem("not_allowed", name, "no_dibao"), self._staff.say)
        return text
