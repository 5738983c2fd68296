"""申报: what is declared to social insurance each month, approved by a second person before anything goes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from calculator.money import format_yuan
from hr_console.console import Entry, account, actor, done
from hr_console.declaration_book import apart_words, make_book, reason_words
from hr_console.declaration_words import DEDUCTED, STEPS, TONES
from hr_console.notice_desk import month_of, page_number
from hr_console.personnel import LONGEST_REASON, NO_REASON, TOO_LONG, Personnel, minute
from locales import N_
from people.employees import Employee, RosterSearch, number_for_search
from people.entities import InsuredAccount, account_of
from policy_kb.headings import names_dibao
from policy_kb.library import Citation
from policy_kb.periods import add_months
from profiles.book import Overtaken, SamePerson
from profiles.declarations import (
    OUTCOMES,
    STATES,
    AlreadyDeclared,
    Declarations,
    Frame,
    KeptLine,
    NotAsDrafted,
    Run,
)
from profiles.declaring import CHANGES, GONE, TO_DO, Draft
from profiles.ground import OWED

#: Lines of one page.
A_PAGE: Final = 100
#: How far back and ahead a month may lie.
MONTHS_BACK: Final = 12
MONTHS_AHEAD: Final = 1
#: What is still worked on looks anew after so many seconds.
SOON: Final = timedelta(minutes=2)

NO_ACCOUNT: Final = N_("选一个社保账户。")
NO_MONTH: Final = N_("选一个月份：{back} 个月以内，或者下个月。")
ON_ITS_WAY: Final = N_("这个账户这个月已经有一份在批或在报，先把它办完。")
DRAFTED: Final = N_("起草好了，什么都没有报出去。先看有问题的，再看数。")
SUBMITTED: Final = N_("提交了，等另一个人批准。批准以前什么都不会报出去。")
APPROVED: Final = N_("批准了，正在报。")
APPROVED_FILE: Final = N_("批准了。没有接口：导出申报表，到网上报，报完回来登记结果。")
GIVEN_BACK: Final = N_("退回了。")
WITHDRAWN: Final = N_("作废了，什么都没有报出去。")
AGAIN: Final = N_("马上再试。报过的不会再报一遍。")
NOTED: Final = N_("记下了：受理的写进了缴费记录。")
NOT_NOW: Final = N_("刚刚有人动过，这一步现在做不了。看一眼现在的样子。")
OWN: Final = N_("你起草或提交了这一份，要由另一个人批准。")
CHANGED: Final = N_("起草以后，名单、工资或政策变了。退回去重新起草，再批准。")
CHANGED_DRAFT: Final = N_("起草以后，名单、工资或政策变了。重新起草再提交。")
HELD: Final = N_("里面有人这个月已经在别的申报里了。退回去重新起草。")
EMPTY: Final = N_("没有一个人可以报，不用提交。")
NOT_SURE: Final = N_("打个勾：网上确实报过了，才登记。")
NOT_IN: Final = N_("这些工号不在这一份里：{numbers}。")
NO_DIBAO: Final = N_("这里不要写低保的事：看得到这一句的人比能看低保的人多。")


class Drafter(Protocol):
    """Reckons declarations."""

    def __call__(self, account: InsuredAccount, month: date) -> Draft:
        """A month's declaration of an account, by what is on record now."""

    def frame(self, account: InsuredAccount) -> Frame:
        """How a declaration of an account goes out."""


@dataclass(frozen=True, kw_only=True)
class DeclarationDesk:
    """The declarations, and what drafts them. `run` has an approved one worked on soon, beside the requests."""

    staff: Personnel
    book: Declarations
    draft: Drafter
    run: Callable[[str], None] = field(default=lambda id: None, repr=False)


class DeclarationPages:
    """Declarations: the list, and one of them."""

    def __init__(self, desk: DeclarationDesk) -> None:
        self._desk = desk
        self._staff = desk.staff
        self._book = desk.book

    @property
    def entries(self) -> Sequence[Entry]:
        """Where the months are, and how many wait for somebody."""
        return (Entry("declarations", N_("申报"), self._book.waiting),)

    def add_to(self, blueprint: Blueprint) -> None:
        add = blueprint.add_url_rule
        add("/declarations", "declarations", self.overview)
        add("/declarations", "declaration_draft", self.draft, methods=["POST"])
        at = "/declarations/<uuid:id>"
        add(at, "declaration", self.page)
        add(f"{at}/file.xlsx", "declaration_file", self.file)
        add(f"{at}/submit", "declaration_submit", self.submit, methods=["POST"])
        add(f"{at}/approve", "declaration_approve", self.approve, methods=["POST"])
        add(f"{at}/return", "declaration_return", self.give_back, methods=["POST"])
        add(f"{at}/withdraw", "declaration_withdraw", self.withdraw, methods=["POST"])
        add(f"{at}/again", "declaration_again", self.again, methods=["POST"])
        add(f"{at}/answers", "declaration_answers", self.answers, methods=["POST"])

    # -- The list ----------------------------------------------------------------------------------------------------

    def overview(self) -> ResponseReturnValue:
        """Months and accounts, and the form for another draft."""
        return self._list({"month": f"{self._staff.today():%Y-%m}"}, {})

    def draft(self) -> ResponseReturnValue:
        """Drafts a month, in the place of a draft that nobody has submitted."""
        problems: dict[str, str] = {}
        say, today = self._staff.say, self._staff.today().replace(day=1)
        chosen = next(
            (each for each in self._staff.companies.accounts() if each.id == request.form.get("account")),
            None,
        )
        if chosen is None:
            problems["account"] = say(NO_ACCOUNT)
        month = month_of(request.form.get("month", ""))
        if month is None or not add_months(today, -MONTHS_BACK) <= month <= add_months(today, MONTHS_AHEAD):
            problems["month"] = say(NO_MONTH, back=str(MONTHS_BACK))
        if chosen is None or month is None or problems:
            return self._list(request.form, problems), 400
        drafter = self._desk.draft
        try:
            id = self._book.draft(drafter(chosen, month), drafter.frame(chosen), actor())
        except Overtaken:
            return self._list(request.form, {"month": say(ON_ITS_WAY)}), 409
        return done("declaration", say(DRAFTED), id=id)

    def _list(self, texts: Mapping[str, str], problems: Mapping[str, str]) -> str:
        accounts = self._staff.companies.accounts()
        return render_template(
            "hr_console/declarations.html",
            runs=self._book.runs(),
            accounts={each.id: self._account_words(each.region, each.number) for each in accounts},
            homeless=self._homeless(accounts),
            texts=texts,
            problems=problems,
            **self._words(),
        )

    def _homeless(self, accounts: Sequence[InsuredAccount]) -> list[Employee]:
        """Whom no account's declaration would name: they must be insured, and there is none where they are."""
        places = {each.region for each in accounts}
        return [
            line.employee
            for line in self._staff.roster.everyone(RosterSearch())
            if line.employee.employment in OWED
            and line.employee.region not in places
            and account_of(line.employee.region, line.employee.account, accounts) is None
        ]

    # -- One ---------------------------------------------------------------------------------------------------------

    def page(self, id: UUID) -> ResponseReturnValue:
        """A declaration, at whatever it is: problems first."""
        return self._page(self._there(id))

    def file(self, id: UUID) -> ResponseReturnValue:
        """The declaration as a workbook. That it was taken away is logged."""
        run = self._there(id)
        staff = {each.employee.id: each.employee for each in self._everyone()}
        book = make_book(run, self._book.lines(run.id), staff, self._staff.say)
        self._book.exported(run.id, actor())
        return Response(
            book,
            mimetype="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            headers={"Content-Disposition": f'attachment; filename="declaration-{run.month:%Y-%m}.xlsx"'},
        )

    def submit(self, id: UUID) -> ResponseReturnValue:
        """Asks for a second person's approval of what was seen, while it is still what would be drafted."""
        run = self._there(id)
        if run.total == 0:
            return self._page(run, refused=EMPTY), 409
        if not self._still_so(run):
            return self._page(run, refused=CHANGED_DRAFT), 409
        return self._act(
            run, SUBMITTED, lambda: self._book.submit(run.id, request.form.get("digest", ""), actor())
        )

    def approve(self, id: UUID) -> ResponseReturnValue:
        """A second person's yes; then it is handed in, and the own shares go to payroll."""
        run = self._there(id)
        if not self._still_so(run):
            return self._page(run, refused=CHANGED), 409
        seen = request.form.get("digest", "")

        def act() -> None:
            self._book.approve(run.id, seen, actor(), account().name)
            self._desk.run(run.id)

        return self._act(run, APPROVED if run.via == "connection" else APPROVED_FILE, act)

    def give_back(self, id: UUID) -> ResponseReturnValue:
        """Back to its author, with what is wrong."""
        run, problems = self._there(id), dict[str, str]()
        why = self._reason("why", problems)
        if problems:
            return self._page(run, problems), 400
        return self._act(run, GIVEN_BACK, lambda: self._book.give_back(run.id, why, actor()))

    def withdraw(self, id: UUID) -> ResponseReturnValue:
        """Gives up what was not handed in."""
        run = self._there(id)
        return self._act(run, WITHDRAWN, lambda: self._book.withdraw(run.id, actor()))

    def again(self, id: UUID) -> ResponseReturnValue:
        """Has what failed tried again."""
        run = self._there(id)

        def act() -> None:
            self._book.try_again(run.id, actor())
            self._desk.run(run.id)

        return self._act(run, AGAIN, act)

    def answers(self, id: UUID) -> ResponseReturnValue:
        """What the portal said of a declaration that went by file."""
        run, problems = self._there(id), dict[str, str]()
        rejected = self._rejected(run, problems)
        if request.form.get("sure") != "1":
            problems["sure"] = self._staff.say(NOT_SURE)
        if problems:
            return self._page(run, problems), 400

        def act() -> None:
            self._book.note_answers(run.id, rejected, actor())
            self._desk.run(run.id)

        return self._act(run, NOTED, act)

    def _act(self, run: Run, message: str, act: Callable[[], None]) -> ResponseReturnValue:
        try:
            act()
        except SamePerson:
            return self._page(run, refused=OWN), 409
        except NotAsDrafted:
            return self._page(self._again(run), refused=NOT_NOW), 409
        except AlreadyDeclared:
            return self._page(run, refused=HELD), 409
        except Overtaken:
            return self._page(self._again(run), refused=NOT_NOW), 409
        return done("declaration", self._staff.say(message), id=run.id)

    def _still_so(self, run: Run) -> bool:
        """Whether what was drafted is what would be drafted now: nobody left, no wage changed, no figure was published."""
        found = next((each for each in self._staff.companies.accounts() if each.id == run.account), None)
        return found is not None and self._desk.draft(found, run.month).digest == run.digest

    def _rejected(self, run: Run, problems: dict[str, str]) -> dict[str, str]:
        """Who came back and why: a line each, number and reason."""
        lines = {number_for_search(each.line.number): each.line for each in self._book.lines(run.id)}
        found: dict[str, str] = {}
        strange: list[str] = []
        for text in request.form.get("rejected", "").splitlines():
            number, _, reason = text.strip().partition(" ")
            line = lines.get(number_for_search(number))
            if line is not None:
                found[line.employee] = reason.strip()[:80]
            elif number:
                strange.append(number[:32])
            if names_dibao(reason):
                problems["rejected"] = self._staff.say(NO_DIBAO)
        if strange:
            problems["rejected"] = self._staff.say(NOT_IN, numbers="、".join(strange[:10]))
        return found

    def _reason(self, name: str, problems: dict[str, str]) -> str:
        text = request.form.get(name, "").strip()
        if not text:
            problems[name] = self._staff.say(NO_REASON)
        elif len(text) > LONGEST_REASON:
            problems[name] = self._staff.say(TOO_LONG, most=str(LONGEST_REASON))
        elif names_dibao(text):
            problems[name] = self._staff.say(NO_DIBAO)
        return text

    def _there(self, id: UUID) -> Run:
        found = self._book.run(str(id))
        if found is None:
            abort(404)
        return found

    def _again(self, run: Run) -> Run:
        """The declaration as it is now; the draft may have been written anew in its place."""
        found = self._book.run(run.id)
        if found is None:
            abort(redirect(url_for(".declarations"), 303))
        return found

    def _everyone(self) -> Sequence[Any]:
        return self._staff.roster.everyone(RosterSearch(state=None))

    def _page(self, run: Run, problems: Mapping[str, str] | None = None, refused: str = "") -> str:
        lines = self._book.lines(run.id)
        kinds: dict[str, Sequence[KeptLine]] = {
            "changed": [each for each in lines if each.line.change is not None],
            "differs": [each for each in lines if each.differs],
        }
        kinds |= {name: [each for each in lines if each.outcome == name] for name in OUTCOMES}
        asked = request.args.get("show", "")
        show = asked if kinds.get(asked) else ""
        shown, page = kinds[show] if show else lines, page_number()
        return render_template(
            "hr_console/declaration.html",
            run=run,
            lines=shown[(page - 1) * A_PAGE : page * A_PAGE],
            show=show,
            chips={name: len(found) for name, found in kinds.items() if found and len(found) < len(lines)},
            all=len(lines),
            page=page,
            pages=max(1, -(-len(shown) // A_PAGE)),
            first=bool(lines) and all(each.line.before is None for each in lines),
            returned=[each for each in lines if each.outcome == "rejected"],
            undeducted=[each for each in lines if each.deducted == "rejected"],
            differing=len(kinds["differs"]),
            sources=self._sources(lines),
            mine=actor() in (run.drafted_by, run.submitted_by),
            running=self._is_running(run),
            problems=problems or {},
            refused=self._staff.say(refused) if refused else "",
            typed=request.form,
            **self._words(),
        )

    def _is_running(self, run: Run) -> bool:
        """Whether a look in a moment will show more."""
        soon = self._staff.console.now() + SOON
        return run.state in ("approved", "handed_in") and any(
            each.due_at is not None and each.due_at < soon for each in run.steps.values()
        )

    def _sources(self, lines: Sequence[KeptLine]) -> list[dict[str, Any]]:
        """What the figures rest on, each with the texts in which it was read."""
        citation = self._staff.library.citation
        found: list[Citation] = []
        for key in dict.fromkeys(key for each in lines for key in each.line.sources):
            with suppress(KeyError):  # a record that an older library had
                found.append(citation(key))
        return [
            {"title": each.title, "number": each.number, "article": each.article, "read_in": each.texts}
            for each in found
        ]

    def _account_words(self, region: str, number: str) -> str:
        return f"{self._staff.place(region)} {number}".strip()

    def _words(self) -> dict[str, Any]:
        say = self._staff.say
        return {
            "states": STATES,
            "outcomes": OUTCOMES,
            "tones": TONES,
            "steps": STEPS,
            "changes": CHANGES,
            "gone": GONE,
            "to_do": TO_DO,
            "deducted": DEDUCTED,
            "apart_words": lambda each: apart_words(each, say),
            "reason_words": lambda reason: reason_words(reason, say),
            "account_words": self._account_words,
            "yuan": format_yuan,
            "minute": minute,
            "who": self._staff.who,
        }
