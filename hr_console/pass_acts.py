"""What HR does about those whose contributions a change of the library changed: has them told, and notices drafted for them.

For everybody whom it concerns, for a place, or for those who are ticked; each once for a pass. What will happen is shown
in counts before it does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Protocol
from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audit.events import Event
from audit.events import employee as subject
from delivery.pushes import is_day
from hr_console.console import Entry, actor, done
from hr_console.notice_desk import NoticeDesk, employee_id, month_of
from hr_console.notices_new import plan_of
from hr_console.profile_desk import ProfileDesk
from locales import N_
from notices.book import BLOCKED, Plan
from people.employees import Employee
from profiles.ground import OWED
from profiles.passes import Affected, NewsState, Pass, Passes

#: How many of those who are left out are named.
NAMED: Final = 50
RUNNING: Final = N_("还在重算，算完再办。")
ASKED: Final = N_("好，{count} 人：有聊天的收到自己的数，每人一次；没有聊天的，说明备好了当面说。")
NOBODY: Final = N_("没有新的人要办：这些人都办过了，什么都没有再做。")
#: What is proposed as the reason of a correction; the employee reads it.
WHY: Final = N_("缴费上下限有变化，数跟着变了。")
#: Why no notice is drafted for somebody; what only drafting finds out stands on the batch's page.
NOT_DRAFTED: Final[Mapping[str, str]] = {
    "drafted": N_("为这次更新起草过了"),
    "standing": N_("这个月已经发过：要取代它，勾上“更正”"),
    "no_name": N_("花名册里没有姓名"),
    "no_identity": N_("没有身份证号，认不出是不是本人"),
    "no_wage": BLOCKED["no_wage"],
    "no_region": BLOCKED["no_region"],
    "not_employed": BLOCKED["not_employed"],
}


class PassNews(Protocol):
    """What was done about a pass."""

    def affected(self, id: str) -> tuple[Affected, ...]:
        """Everybody at work whose contributions a pass changed."""

    def counts(self, id: str) -> Mapping[NewsState, int]:
        """How many are how far with being told."""

    def ask(self, id: str, whom: Sequence[str], by: str) -> int:
        """Has somebody told of a pass who was not before; how many."""

    def draft(self, id: str, plan: Plan, by: str) -> str | None:
        """Begins a batch for those of a plan who stand in none for this pass; its id, None where that is nobody."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Those for whom something is done: everybody, those of a place, or those who were ticked. `region` and `ticked` are
    what the next form says again."""

    people: tuple[Affected, ...]
    region: str
    ticked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sorted:
    """For whom a notice can be drafted, and by reason who is left out; the reason that most have comes first."""

    ids: tuple[str, ...] = field(repr=False)
    left_out: Mapping[str, Sequence[str]] = field(repr=False)


class PassActs:
    """Telling and drafting. Without `notices` nothing is drafted."""

    def __init__(self, desk: ProfileDesk, passes: Passes, news: PassNews, notices: NoticeDesk | None) -> None:
        self._desk = desk
        self._passes = passes
        self._news = news
        self._notices = notices

    @property
    def entries(self) -> Sequence[Entry]:
        """Nothing in the navigation: the page of the pass leads here."""
        return ()

    def add_to(self, blueprint: Blueprint) -> None:
        add, at = blueprint.add_url_rule, "/passes/<uuid:id>"
        add(f"{at}/progress", "pass_progress", self.progress)
        add(f"{at}/tell", "pass_tell", self.tell, methods=["GET", "POST"])
        add(f"{at}/tell/all", "pass_tell_all", self.tell_all, methods=["POST"])
        if self._notices is not None:
            add(f"{at}/notices", "pass_notices", self.notices, methods=["GET", "POST"])
            add(f"{at}/notices/begin", "pass_notices_begin", self.begin, methods=["POST"])

    # -- Telling -----------------------------------------------------------------------------------------------------

    def progress(self, id: UUID) -> ResponseReturnValue:
        """How far telling is, for the page's script."""
        counts = self._news.counts(self._there(id).id)
        waiting, total = counts.get("waiting", 0), sum(counts.values())
        now = self._desk.staff.console.now()
        return {"running": bool(waiting) and is_day(now), "done": total - waiting, "total": total}

    def tell(self, id: UUID) -> ResponseReturnValue:
        """Who would be told, in counts."""
        found = self._there(id)
        choice = self._choice(found)
        new = [each for each in choice.people if each.news is None]
        return render_template(
            "hr_console/pass_tell.html",
            found=found,
            choice=choice,
            place=self._desk.staff.place,
            chats=sum(each.has_chat for each in new),
            no_chats=sum(not each.has_chat for each in new),
            before=len(choice.people) - len(new),
            by_day=is_day(self._desk.staff.console.now()),
        )

    def tell_all(self, id: UUID) -> ResponseReturnValue:
        """Has them told, each once."""
        found = self._there(id)
        if found.state != "done":
            return done("pass", self._desk.say(RUNNING), id=found.id)
        whom = [each.employee for each in self._choice(found).people]
        asked = self._news.ask(found.id, whom, actor())
        if asked:
            self._desk.act()
        told = self._desk.say(ASKED, count=str(asked)) if asked else self._desk.say(NOBODY)
        return done("pass", told, id=found.id)

    # -- Notices -----------------------------------------------------------------------------------------------------

    def notices(self, id: UUID) -> ResponseReturnValue:
        """For whom notices would be drafted, in counts."""
        return self._notice_form(self._there(id), {})

    def begin(self, id: UUID) -> ResponseReturnValue:
        """Begins the batch, which HR looks at before anything goes out."""
        found, desk = self._there(id), self._noticing
        if found.state != "done":
            return done("pass", self._desk.say(RUNNING), id=found.id)
        problems: dict[str, str] = {}
        plan = plan_of(desk, "notice", (), problems)
        if problems:
            return self._notice_form(found, problems), 400
        whom = self._drafted_for(self._choice(found), plan.month, corrects=plan.corrects).ids
        made = Plan(plan.kind, plan.month, plan.due_on, whom, corrects=plan.corrects, why=plan.why)
        batch = self._news.draft(found.id, made, actor())
        if batch is None:
            return done("pass", desk.say(NOBODY), id=found.id)
        desk.run(batch)
        return redirect(url_for(".notice_batch", batch=batch), 303)

    def _notice_form(self, found: Pass, problems: Mapping[str, str]) -> str:
        desk, form = self._noticing, request.form
        choice, month = (
            self._choice(found),
            month_of(form.get("month", "")) or desk.staff.today().replace(day=1),
        )
        texts = {
            "month": form.get("month", f"{month:%Y-%m}"),
            "due_on": form.get("due_on", desk.due_on().isoformat()),
            "corrects": form.get("corrects", ""),
            "why": form.get("why", desk.say(WHY)),
        }
        plain = self._drafted_for(choice, month, corrects=False)
        return render_template(
            "hr_console/pass_notices.html",
            found=found,
            choice=choice,
            place=desk.staff.place,
            ready=len(plain.ids),
            standing=len(self._drafted_for(choice, month, corrects=True).ids) - len(plain.ids),
            left_out=[(why, len(ids), self._named(ids)) for why, ids in plain.left_out.items()],
            why_not=NOT_DRAFTED,
            texts=texts,
            problems=problems,
            set_up=bool(desk.staff.companies.entities()),
        )

    def _drafted_for(self, choice: Choice, month: date, *, corrects: bool) -> Sorted:
        """For whom a notice of a month is drafted."""
        roster = self._desk.staff.roster
        standing = frozenset() if corrects else self._noticing.book.standing("notice", month)
        ids, left_out = list[str](), defaultdict[str, list[str]](list)
        for each in choice.people:
            why = "drafted" if each.batch is not None else _hindrance(roster.get(each.employee))
            if not why and each.employee in standing:
                why = "standing"
            if why:
                left_out[why].append(each.employee)
            else:
                ids.append(each.employee)
        return Sorted(tuple(ids), dict(sorted(left_out.items(), key=lambda why: -len(why[1]))))

    def _named(self, ids: Sequence[str]) -> list[Employee]:
        """The first of those who are left out. That somebody looked at who they are is logged."""
        roster = self._desk.staff.roster
        named = [each for id in ids[:NAMED] if (each := roster.get(id)) is not None]
        subjects = tuple(subject(each.id) for each in named)
        self._desk.staff.console.log.record(Event("policy_people", actor(), subjects))
        return named

    # -- For whom ----------------------------------------------------------------------------------------------------

    def _choice(self, found: Pass) -> Choice:
        """Whom the form names: who is ticked, else whoever is insured in a place, else everybody."""
        everybody = self._news.affected(found.id)
        asked = set(filter(None, map(employee_id, request.values.getlist("employee"))))
        region = request.values.get("region", "")
        if asked:
            ticked = tuple(each for each in everybody if each.employee in asked)
            return Choice(ticked, "", tuple(each.employee for each in ticked))
        if region:
            return Choice(tuple(each for each in everybody if each.region == region), region, ())
        return Choice(everybody, "", ())

    @property
    def _noticing(self) -> NoticeDesk:
        if self._notices is None:
            abort(404)
        return self._notices

    def _there(self, id: UUID) -> Pass:
        found = self._passes.get(str(id))
        if found is None:
            abort(404)
        return found


def _hindrance(employee: Employee | None) -> str:
    """Why no notice can be drafted for somebody; empty where it can."""
    if employee is None or not employee.name:
        return "no_name"
    checks: Mapping[str, bool] = {
        "no_identity": bool(employee.id_number),
        "no_wage": bool(employee.wage),
        "no_region": bool(employee.region),
        "not_employed": employee.employment in OWED,
    }
    return next((why for why, fine in checks.items() if not fine), "")
