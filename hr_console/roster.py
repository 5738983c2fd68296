"""The roster: the list, looking somebody up, a new employee, and the list to take away.

A number or a name that is looked for comes in a form and not in the address, where it would stand in logs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, cast

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from calculator.fields import Problem
from delivery.ways import choose
from hr_console.console import Entry, account, actor, done
from hr_console.fields import LABELS, ROSTER, FieldReader, blank, in_python
from hr_console.personnel import Personnel
from hr_console.roster_book import make_book
from locales import N_
from notices.book import NoticeBook
from people.bindings import Codes
from people.employees import (
    AREAS,
    EMPLOYMENTS,
    STATES,
    Employee,
    EmployeeState,
    NumberTaken,
    RosterLine,
    RosterPage,
    RosterSearch,
    WecomTaken,
)
from people.importing import Read

NEEDED: Final = ("number", "name", "region")
NOBODY: Final = N_("没有找到。工号要填全，姓名要一字不差。")
ADDED: Final = N_("加好了。")
NUMBER_TAKEN: Final = N_("这个工号已经有人了。")
WECOM_TAKEN: Final = N_("这个企业微信账号已经是花名册上另一个人的。")


class RosterList:
    """The list of employees, and how one comes onto it."""

    def __init__(self, personnel: Personnel, notices: NoticeBook | None = None) -> None:
        self._staff = personnel
        self._notices = notices

    @property
    def entries(self) -> Sequence[Entry]:
        """The list."""
        return (Entry("roster", N_("花名册")),)

    def add_to(self, blueprint: Blueprint) -> None:
        add = blueprint.add_url_rule
        add("/roster", "roster", self.page)
        add("/roster/find", "roster_find", self.find, methods=["POST"])
        add("/roster/export.xlsx", "roster_export", self.export)
        add("/roster/new", "employee_new", self.new, methods=["GET", "POST"])

    def page(self) -> ResponseReturnValue:
        """A page of the list, narrowed by what the address says: nothing of it is about a person."""
        search = _search(request.args)
        text = request.args.get("page", "1")
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 1
        return self._list(search, self._staff.roster.find(search, number))

    def find(self) -> ResponseReturnValue:
        """Whoever has that number or exactly that name; one alone is opened at once."""
        wanted = request.form.get("wanted", "").strip()
        by_number = self._staff.roster.by_number(wanted) if wanted else None
        found = self._staff.roster.by_name(wanted) if wanted and by_number is None else ()
        people = found if by_number is None else (by_number,)
        if len(people) == 1:
            return redirect(url_for(".employee", employee=people[0].id), 303)
        page = RosterPage(_lines(people, self._staff.codes), len(people), 1)
        return self._list(RosterSearch(state=None), page, wanted)

    def export(self) -> ResponseReturnValue:
        """The list as it is narrowed, as a workbook. That it was taken away is logged."""
        lines = self._staff.roster.everyone(_search(request.args))
        book = make_book([line.employee for line in lines], self._staff.place, self._staff.say)
        self._staff.roster.exported([line.employee.id for line in lines], actor())
        name = f"roster-{self._staff.today().isoformat()}.xlsx"
        return Response(
            book,
            mimetype="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    def new(self) -> ResponseReturnValue:
        """A form for somebody who is not on the roster yet."""
        if request.method == "GET":
            return self._form({}, {})
        texts = typed(request.form)
        read = read_form(texts, self._staff)
        problems = self._staff.worded(read.problems)
        if not problems:
            try:
                values = {name: read.values.get(name, blank(name)) for name in ROSTER if name in read.values}
                added = self._staff.roster.add(Employee(id="", **in_python(values)), actor())
                return done("employee", self._staff.say(ADDED), employee=added.id)
            except NumberTaken:
                problems = {"number": self._staff.say(NUMBER_TAKEN)}
            except WecomTaken:
                problems = {"wecom_id": self._staff.say(WECOM_TAKEN)}
        return self._form(texts, problems), 400

    def _list(self, search: RosterSearch, page: RosterPage, wanted: str | None = None) -> ResponseReturnValue:
        return render_template(
            "hr_console/roster.html",
            search=search,
            page=page,
            wanted=wanted,
            nobody=self._staff.say(NOBODY),
            regions={code: self._staff.place(code) for code in self._staff.roster.regions()},
            place=self._staff.place,
            states=STATES,
            unreached=self._unreached(page.lines),
            confirmed=self._confirmed(page.lines),
            set_up=bool(self._staff.companies.entities()),
        )

    def _unreached(self, lines: Sequence[RosterLine]) -> set[str]:
        """Those of a page who are employed and whom nothing can be told, but on paper."""
        now = self._staff.console.now()
        asked = [
            line.employee for line in lines if line.employee.state == "active" and not line.employee.on_paper
        ]
        return {each.id for each in asked if choose(self._staff.ways.of(each.id), now) is None}

    def _confirmed(self, lines: Sequence[RosterLine]) -> Mapping[str, date] | None:
        """Who of a page has signed the confirmation, for those who follow notices; None for others."""
        if self._notices is None or not account().may("notices"):
            return None
        return self._notices.confirmed([line.employee.id for line in lines])

    def _form(self, texts: Mapping[str, str], problems: Mapping[str, str]) -> str:
        return employee_form(None, texts, problems, self._staff)


def employee_form(
    employee: Employee | None, texts: Mapping[str, str], problems: Mapping[str, str], staff: Personnel
) -> str:
    """The form of an employee's fields, with what was typed and what is wrong with it."""
    return render_template(
        "hr_console/employee_form.html",
        employee=employee,
        texts=texts,
        problems=problems,
        fields=ROSTER,
        labels=LABELS,
        needed=NEEDED,
        areas=AREAS,
        employments=EMPLOYMENTS,
        accounts=staff.companies.accounts(),
    )


def typed(form: Mapping[str, str]) -> dict[str, str]:
    """What was typed into the form of an employee."""
    return {name: form.get(name, "").strip() for name in ROSTER}


def read_form(texts: Mapping[str, str], staff: Personnel) -> Read:
    """The fields of the form; number, name and region are needed, and a day or a reason about being insured."""
    read = FieldReader(staff.library.divisions.find).read(texts)
    wrong = {each.field for each in read.problems}
    missing = [
        Problem("missing_field", name, "field")
        for name in NEEDED
        if name not in read.values and name not in wrong
    ]
    if not {"insured_since", "uninsured_why"} & (read.values.keys() | wrong):
        missing.append(Problem("missing_field", "uninsured_why", "insured_or_why"))
    return Read(read.values, (*read.problems, *missing))


def _search(args: Mapping[str, Any]) -> RosterSearch:
    """What a list is narrowed to; without anything, those who are employed."""
    state = args.get("state", "active")
    known = cast("EmployeeState | None", state if state in STATES else None)
    region = args.get("region", "")
    return RosterSearch(
        region=region if region.isascii() and region.isdecimal() and len(region) == 6 else "",
        state=known,
        uninsured="uninsured" in args,
        unbound="unbound" in args,
    )


def _lines(people: Sequence[Employee], codes: Codes) -> tuple[RosterLine, ...]:
    return tuple(
        RosterLine(each, any(tie.ended_at is None for tie in codes.of_employee(each.id))) for each in people
    )
