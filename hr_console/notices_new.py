"""A batch of notices: for whom, drafts that are looked at, issued. Drafting and issuing run beside the requests; the page
looks how far they are, and a batch that stopped can be gone on with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, cast
from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from documents.rendering import MissingGlyph
from hr_console.console import Entry, actor, done
from hr_console.notice_desk import (
    DAYS_TO_ANSWER,
    FARTHEST,
    NoticeDesk,
    as_file,
    chosen_people,
    day_of,
    month_of,
    page_number,
    reason,
)
from hr_console.notice_words import BATCHES, ROWS
from hr_console.personnel import minute
from locales import N_
from notices.book import A_PAGE, BLOCKED, RUNNING, Batch, BatchRow, Plan, RowState
from notices.line_names import name_of
from notices.notice import KINDS, NoticeKind
from people.employees import RosterLine, RosterSearch
from policy_kb.periods import add_months
from policy_kb.wording import INSURANCE

#: How far back and ahead a month may lie.
MONTHS_BACK: Final = 24
MONTHS_AHEAD: Final = 2

NO_KIND: Final = N_("选一种。")
NO_MONTH: Final = N_("选一个月份：{back} 个月以内，或者下两个月。")
NO_DUE: Final = N_("选一个今天以后、{most} 天以内的日子。")
NOT_WORKED: Final = N_("{day}。那天找不到人问，往后挪到 {next}？")
NOBODY: Final = N_("没有这样的在职员工。")
NO_SUCH: Final = N_("没有这个工号，或者已经离职了。")
NOT_IN: Final = N_("这个工号不在这一批里。")
NOT_SURE: Final = N_("打个勾再发：发出去以后，本人马上收得到。")
OTHER_COUNT: Final = N_("刚刚变了：现在是 {count} 份可以发。看一眼再发。")
NOT_NOW: Final = N_("这一批已经到别的步骤了。")
DISCARDED: Final = N_("这一批不要了，什么都没有发。")
GOES_ON: Final = N_("接着做了。")
NO_GLYPH: Final = N_("印不出来：没有字体有“{text}”这个字。")


class NoticeBatches:
    """Batches."""

    def __init__(self, desk: NoticeDesk) -> None:
        self._desk = desk

    @property
    def entries(self) -> Sequence[Entry]:
        """Nothing in the navigation: the list leads here."""
        return ()

    def add_to(self, blueprint: Blueprint) -> None:
        add = blueprint.add_url_rule
        add("/notices/new", "notice_new", self.new, methods=["GET", "POST"])
        add("/notices/begin", "notice_begin", self.begin, methods=["POST"])
        add("/notices/day", "notice_day", self.day)
        at = "/notices/batches/<uuid:batch>"
        add(at, "notice_batch", self.page)
        add(f"{at}/progress", "notice_progress", self.progress)
        add(f"{at}/find", "notice_look_up", self.look_up, methods=["POST"])
        add(f"{at}/again", "notice_draft_again", self.draft_again, methods=["POST"])
        add(f"{at}/go-on", "notice_go_on", self.go_on, methods=["POST"])
        add(f"{at}/issue", "notice_issue", self.issue, methods=["POST"])
        add(f"{at}/discard", "notice_discard", self.discard, methods=["POST"])
        add(f"{at}/<uuid:employee>", "notice_draft", self.draft)
        add(f"{at}/<uuid:employee>/draft.pdf", "notice_draft_paper", self.paper)
        add(f"{at}/<uuid:employee>/leave-out", "notice_leave_out", self.leave_out, methods=["POST"])

    # -- For whom ----------------------------------------------------------------------------------------------------

    def new(self) -> ResponseReturnValue:
        """The form; who was ticked on the roster comes in a form of its own."""
        texts = {
            name: request.values.get(name, "") for name in ("region", "department", "uninsured", "corrects")
        }
        chosen = [each.id for each in chosen_people(self._desk, request.values.getlist("employee"))]
        month = month_of(request.args.get("month", ""))
        return self._form(
            texts
            | {
                "whom": "chosen" if chosen else "all",
                "kind": request.args.get("kind", "notice"),
                "month": f"{month or self._desk.staff.today():%Y-%m}",
                "due_on": self._desk.due_on().isoformat(),
            },
            {},
            chosen,
        )

    def begin(self) -> ResponseReturnValue:
        """Begins a batch."""
        problems: dict[str, str] = {}
        chosen = [each.id for each in chosen_people(self._desk, request.form.getlist("employee"))]
        plan = self._plan(chosen, problems)
        if problems:
            return self._form(request.form, problems, chosen), 400
        id = self._desk.book.begin(plan, actor())
        self._desk.run(id)
        return redirect(url_for(".notice_batch", batch=id), 303)

    def day(self) -> ResponseReturnValue:
        """What a day is, for the form's script."""
        on = day_of(request.args.get("on", ""))
        return {"told": "" if on is None else self._desk.day_words(on)}

    def _form(self, texts: Mapping[str, str], problems: Mapping[str, str], chosen: Sequence[str]) -> str:
        staff = self._desk.staff
        lines = staff.roster.everyone(RosterSearch())
        due = day_of(texts.get("due_on", ""))
        return render_template(
            "hr_console/notice_new.html",
            texts=texts,
            problems=problems,
            chosen=[line.employee for line in lines if line.employee.id in set(chosen)],
            total=len(lines),
            uninsured=sum(line.employee.insured_since is None for line in lines),
            regions=_counted(lines, lambda line: line.employee.region),
            departments=_counted(lines, lambda line: line.employee.department),
            place=staff.place,
            kinds=KINDS,
            days_to_answer=DAYS_TO_ANSWER,
            due_words="" if due is None else self._desk.day_words(due),
            set_up=bool(staff.companies.entities()),
        )

    def _plan(self, chosen: Sequence[str], problems: dict[str, str]) -> Plan:
        """What the form says; what is wrong with it goes to `problems`."""
        kind = request.form.get("kind", "")
        if kind not in KINDS:
            problems["kind"] = self._desk.say(NO_KIND)
        employees = self._employees(chosen, problems)
        return plan_of(self._desk, cast("NoticeKind", kind), employees, problems)

    def _employees(self, chosen: Sequence[str], problems: dict[str, str]) -> tuple[str, ...]:
        form, roster, say = request.form, self._desk.staff.roster, self._desk.say
        whom = form.get("whom", "all")
        if whom == "chosen":
            if not chosen:
                problems["whom"] = say(NOBODY)
            return tuple(chosen)
        if whom == "one":
            number = form.get("number", "").strip()
            one = roster.by_number(number) if number else None
            if one is None or one.state != "active":
                problems["number"] = say(NO_SUCH)
                return ()
            return (one.id,)
        region, department = form.get("region", ""), form.get("department", "")
        lines = roster.everyone(RosterSearch(region=region, uninsured="uninsured" in form))
        people = [line.employee for line in lines if department in ("", line.employee.department)]
        if not people:
            problems["whom"] = say(NOBODY)
        return tuple(each.id for each in sorted(people, key=lambda each: (each.department, each.number)))

    # -- A batch -----------------------------------------------------------------------------------------------------

    def page(self, batch: UUID) -> ResponseReturnValue:
        """A batch, at whatever it is."""
        return self._page(self._there(batch))

    def progress(self, batch: UUID) -> ResponseReturnValue:
        """How far it is, for the page's script."""
        it = self._there(batch)
        worked, total = _progress(it)
        return {"state": it.state, "running": it.state in RUNNING, "done": worked, "total": total}

    def look_up(self, batch: UUID) -> ResponseReturnValue:
        """The draft of one employee number."""
        it, wanted = self._there(batch), request.form.get("wanted", "").strip()
        found = self._desk.staff.roster.by_number(wanted) if wanted else None
        if found is None or self._desk.book.row(it.id, found.id) is None:
            return self._page(it, {"wanted": self._desk.say(NOT_IN)}), 400
        return redirect(url_for(".notice_draft", batch=it.id, employee=found.id), 303)

    def draft_again(self, batch: UUID) -> ResponseReturnValue:
        """Drafts what was blocked anew."""
        it = self._there(batch)
        if it.state != "preview":
            return done("notice_batch", self._desk.say(NOT_NOW), batch=it.id)
        self._desk.book.draft_again(it.id, actor())
        self._desk.run(it.id)
        return redirect(url_for(".notice_batch", batch=it.id), 303)

    def go_on(self, batch: UUID) -> ResponseReturnValue:
        """Has a batch gone on with that stopped, for instance because the server was stopped."""
        it = self._there(batch)
        if it.state not in RUNNING:
            return done("notice_batch", self._desk.say(NOT_NOW), batch=it.id)
        self._desk.run(it.id)
        return done("notice_batch", self._desk.say(GOES_ON), batch=it.id)

    def issue(self, batch: UUID) -> ResponseReturnValue:
        """Issues what is ready, as many as the page has shown."""
        it = self._there(batch)
        if it.state != "preview":
            return done("notice_batch", self._desk.say(NOT_NOW), batch=it.id)
        ready = it.counts.get("ready", 0)
        if request.form.get("sure") != "1":
            return self._page(it, {"sure": self._desk.say(NOT_SURE)}), 400
        if request.form.get("ready") != str(ready) or not ready:
            return self._page(it, {"sure": self._desk.say(OTHER_COUNT, count=str(ready))}), 409
        self._desk.book.issue(it.id, actor())
        self._desk.run(it.id)
        return redirect(url_for(".notice_batch", batch=it.id), 303)

    def discard(self, batch: UUID) -> ResponseReturnValue:
        """Throws a batch away that was not issued."""
        it = self._there(batch)
        if it.state not in ("drafting", "preview"):
            return done("notice_batch", self._desk.say(NOT_NOW), batch=it.id)
        self._desk.book.discard(it.id, actor())
        return done("notices", self._desk.say(DISCARDED))

    def _page(self, it: Batch, problems: Mapping[str, str] | None = None) -> str:
        book, number = self._desk.book, page_number()
        asked = request.args.get("show", "")
        with_rows = [state for state in ROWS if it.counts.get(state)]
        show = cast("RowState", asked if asked in with_rows else next(iter(with_rows), "ready"))
        running = it.state in RUNNING
        worked, total = _progress(it)
        return render_template(
            "hr_console/notice_batch.html",
            it=it,
            running=running,
            done=worked,
            total=total,
            rows=() if running else book.rows(it.id, show, number),
            hindrances=book.hindrances(it.id) if it.state == "preview" and it.counts.get("blocked") else (),
            show=show,
            page=number,
            pages=max(1, -(-it.counts.get(show, 0) // A_PAGE)),
            states=BATCHES,
            row_states=ROWS,
            blocked=BLOCKED,
            lacking=self._lacking,
            kinds=KINDS,
            due_words=self._desk.day_words(it.plan.due_on),
            place=self._desk.staff.place,
            minute=minute,
            who=self._desk.staff.who,
            problems=problems or {},
        )

    def _there(self, batch: UUID) -> Batch:
        found = self._desk.book.batch(str(batch))
        if found is None:
            abort(404)
        return found

    # -- A draft -----------------------------------------------------------------------------------------------------

    def draft(self, batch: UUID, employee: UUID) -> ResponseReturnValue:
        """One draft as its employee will read it."""
        it = self._there(batch)
        return self._draft(it, self._row(it, employee))

    def paper(self, batch: UUID, employee: UUID) -> ResponseReturnValue:
        """One draft on paper."""
        it = self._there(batch)
        row = self._row(it, employee)
        if row.content is None:
            abort(404)
        try:
            return as_file(self._desk.papers.draft(row.content), "draft.pdf", inline=True)
        except MissingGlyph as error:
            return self._draft(it, row, self._desk.say(NO_GLYPH, text=error.text)), 409

    def leave_out(self, batch: UUID, employee: UUID) -> ResponseReturnValue:
        """Takes somebody out of a batch, or back in."""
        it = self._there(batch)
        row, out = self._row(it, employee), request.form.get("out") == "1"
        if it.state != "preview":
            return done("notice_batch", self._desk.say(NOT_NOW), batch=it.id)
        self._desk.book.leave_out(it.id, row.employee, out, actor())
        if request.form.get("back") == "draft":
            return redirect(url_for(".notice_draft", batch=it.id, employee=row.employee), 303)
        show, page = request.form.get("show", ""), request.form.get("page", "1")
        kept: dict[str, Any] = {"show": show} if show in ROWS else {}
        kept |= {"page": page} if page.isascii() and page.isdecimal() else {}
        return redirect(url_for(".notice_batch", batch=it.id, **kept), 303)

    def _draft(self, it: Batch, row: BatchRow, problem: str = "") -> str:
        return render_template(
            "hr_console/notice_draft.html",
            it=it,
            row=row,
            content=None if row.content is None else row.content.data,
            row_states=ROWS,
            blocked=BLOCKED,
            lacking=self._lacking,
            problem=problem,
            due_words=self._desk.day_words(it.plan.due_on),
        )

    def _lacking(self, detail: str) -> str:
        """What a blocked row lacks, in words: insurances by name, a character as it is."""
        return "、".join(
            name_of(each, self._desk.say) if each in INSURANCE else each for each in detail.split()
        )

    def _row(self, it: Batch, employee: UUID) -> BatchRow:
        found = self._desk.book.row(it.id, str(employee))
        if found is None:
            abort(404)
        return found


def plan_of(desk: NoticeDesk, kind: NoticeKind, employees: Sequence[str], problems: dict[str, str]) -> Plan:
    """What a form says of month, last day and correction; what is wrong with it goes to `problems`."""
    say, form, today = desk.say, request.form, desk.staff.today()
    this, month = today.replace(day=1), month_of(form.get("month", ""))
    if month is None or not add_months(this, -MONTHS_BACK) <= month <= add_months(this, MONTHS_AHEAD):
        problems["month"] = say(NO_MONTH, back=str(MONTHS_BACK))
    due = day_of(form.get("due_on", ""))
    if due is None or not today < due <= today + timedelta(days=FARTHEST):
        problems["due_on"] = say(NO_DUE, most=str(FARTHEST))
    elif not desk.is_worked(due):
        next = desk.day_words(desk.next_worked(due))
        problems["due_on"] = say(NOT_WORKED, day=desk.day_words(due), next=next)
    corrects = form.get("corrects") == "1"
    why = reason(desk, "why", problems) if corrects else ""
    return Plan(kind, month or this, due or today, tuple(employees), corrects=corrects, why=why)


def _progress(it: Batch) -> tuple[int, int]:
    """How many rows are done of what runs, and of how many."""
    if it.state == "issuing":
        issued = it.counts.get("issued", 0)
        return issued, issued + it.counts.get("ready", 0)
    return it.total - it.counts.get("waiting", 0), it.total


def _counted(lines: Sequence[RosterLine], of: Callable[[RosterLine], str]) -> dict[str, int]:
    """How many employees there are of each region or department."""
    return dict(sorted(Counter(filter(None, map(of, lines))).items()))
