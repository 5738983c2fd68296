"""The notices: a list that is narrowed by its address, which holds nothing about a person, and looking somebody up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hr_console.console import Entry, actor
from hr_console.notice_desk import NoticeDesk, employee_id, month_of, page_number
from hr_console.notice_words import BATCHES, EVENTS, TONES
from hr_console.personnel import minute
from locales import N_
from notices.book import A_PAGE, NoticeSearch
from notices.notice import KINDS, STATES
from people.employees import Employee

#: Batches that wait for HR or run stand above the list; so many of the others below it.
RECENT: Final = 5
NOBODY: Final = N_("没有找到。工号要填全，姓名要一字不差。")


class NoticeList:
    """The list of notices."""

    def __init__(self, desk: NoticeDesk) -> None:
        self._desk = desk

    @property
    def entries(self) -> Sequence[Entry]:
        """The list."""
        return (Entry("notices", N_("告知书")),)

    def add_to(self, blueprint: Blueprint) -> None:
        add = blueprint.add_url_rule
        add("/notices", "notices", self.page)
        add("/notices/find", "notices_find", self.find, methods=["POST"])

    def page(self) -> ResponseReturnValue:
        """A page of the list."""
        return self._page(_search(request.args))

    def find(self) -> ResponseReturnValue:
        """The notices of whoever has that number or exactly that name; one alone is opened at once."""
        wanted, staff = request.form.get("wanted", "").strip(), self._desk.staff
        by_number = staff.roster.by_number(wanted) if wanted else None
        named = staff.roster.by_name(wanted) if wanted and by_number is None else ()
        people: tuple[Employee, ...] = named if by_number is None else (by_number,)
        if len(people) != 1:
            return self._page(NoticeSearch(), wanted, people)
        found = self._desk.book.find(NoticeSearch(employee=people[0].id))
        if found.total == 1:
            return redirect(url_for(".notice", notice=found.lines[0].notice.id), 303)
        return redirect(url_for(".notices", employee=people[0].id), 303)

    def _page(
        self, search: NoticeSearch, wanted: str | None = None, people: Sequence[Employee] = ()
    ) -> ResponseReturnValue:
        desk, today = self._desk, self._desk.staff.today()
        page = desk.book.find(search, page_number())
        batches = desk.book.batches()
        employee = desk.staff.roster.get(search.employee) if search.employee else None
        return render_template(
            "hr_console/notices.html",
            search=search,
            page=page,
            pages=max(1, -(-page.total // A_PAGE)),
            counts=desk.book.counts(),
            late=desk.book.find(NoticeSearch(state="late")).total,
            wanted=wanted,
            people=people,
            nobody=desk.say(NOBODY),
            employee=employee,
            waiting=[each for each in batches if each.state in ("drafting", "preview", "issuing")],
            earlier=[each for each in batches if each.state == "done"][:RECENT],
            states=STATES,
            kinds=KINDS,
            tones=TONES,
            events=EVENTS,
            batch_states=BATCHES,
            minute=minute,
            is_late=lambda notice: notice.state in ("issued", "silent") and notice.due_on < today,
            query=_query(search),
            set_up=bool(desk.staff.companies.entities()),
            who=desk.staff.who,
            actor=actor(),
        )


def _search(args: Mapping[str, str]) -> NoticeSearch:
    """What a list is narrowed to; what is not known does not narrow it."""
    state, kind = args.get("state", ""), args.get("kind", "")
    return NoticeSearch(
        state=cast("Any", state if state in STATES or state == "late" else ""),
        kind=cast("Any", kind if kind in KINDS else ""),
        month=month_of(args.get("month", "")),
        employee=employee_id(args.get("employee", "")),
        batch=employee_id(args.get("batch", "")),
    )


def _query(search: NoticeSearch) -> dict[str, str]:
    """The same as an address says it."""
    given = {
        "state": search.state,
        "kind": search.kind,
        "month": "" if search.month is None else f"{search.month:%Y-%m}",
        "employee": search.employee,
        "batch": search.batch,
    }
    return {name: value for name, value in given.items() if value}
