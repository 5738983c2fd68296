"""电子送达与电子签名确认书: who has signed it on paper and who has not, forms to print, the scan of a signed one.

It is printed for everybody, a department, or those who are ticked; no list of it says anything about a household.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from audit.events import Event
from audit.events import employee as subject
from documents.rendering import MissingGlyph
from hr_console.console import Entry, actor, done
from hr_console.employee import EmployeePage
from hr_console.notice_desk import (
    LARGEST_SCAN,
    NO_SCAN,
    NoticeDesk,
    as_file,
    chosen_people,
    day_of,
    page_number,
    read_scan,
)
from hr_console.notices_new import NO_GLYPH
from locales import N_
from people.employees import A_PAGE, Employee, RosterSearch

#: Forms of one print; more are printed by department.
MOST_FORMS: Final = 1000
EARLIEST: Final = date(2020, 1, 1)

NOBODY: Final = N_("没有要印的人。")
TOO_MANY: Final = N_("一次最多印 {most} 份，请分部门印。")
NO_DAY: Final = N_("填签字那天，不能是以后。")
CONFIRMED: Final = N_("确认书收好了，以后发的告知书都会带上它的编号。")


class Confirmations:
    """The confirmations."""

    def __init__(self, desk: NoticeDesk) -> None:
        self._desk = desk

    @property
    def entries(self) -> Sequence[Entry]:
        """Nothing in the navigation: notices and roster lead here."""
        return ()

    def add_to(self, blueprint: Blueprint) -> None:
        add = blueprint.add_url_rule
        add("/notices/confirmations", "confirmations", self.page)
        add("/notices/confirmations", "confirmations_print", self.print, methods=["POST"])
        add("/roster/<uuid:employee>/confirm", "employee_confirm", self.confirm, methods=["POST"])

    def page(self) -> ResponseReturnValue:
        """Who has not signed one, a page at a time."""
        return self._page("")

    def print(self) -> ResponseReturnValue:
        """Forms for those who are ticked, or for everybody whom the list shows. That they were printed is logged."""
        ticked = request.form.getlist("employee")
        people = list(chosen_people(self._desk, ticked)) if ticked else self._missing()
        if not people:
            return self._page(self._desk.say(NOBODY)), 400
        if len(people) > MOST_FORMS:
            return self._page(self._desk.say(TOO_MANY, most=str(MOST_FORMS))), 400
        try:
            paper = self._desk.papers.confirmations(people)
        except MissingGlyph as error:
            return self._page(self._desk.say(NO_GLYPH, text=error.text)), 409
        about = tuple(subject(each.id) for each in people)
        self._desk.staff.console.log.record(
            Event("confirmations_printed", actor(), about, {"rows": len(people)})
        )
        return as_file(paper, f"confirmations-{self._desk.staff.today().isoformat()}.pdf")

    def confirm(self, employee: UUID) -> ResponseReturnValue:
        """Keeps the scan of a signed one; what it is, its content decides."""
        it = self._desk.staff.there(employee)
        problems: dict[str, str] = {}
        day = day_of(request.form.get("signed_on", ""))
        if day is None or not EARLIEST <= day <= self._desk.staff.today():
            problems["signed_on"] = self._desk.say(NO_DAY)
        scan = read_scan()
        if scan is None:
            problems["scan"] = self._desk.say(NO_SCAN, size=str(LARGEST_SCAN // 2**20))
        if day is None or scan is None or problems:
            return EmployeePage(self._desk.staff, self._desk.profiles, self._desk.book).shown(
                it, problems
            ), 400
        data, suffix = scan
        name = f"confirmation-{day.isoformat()}.{suffix}"
        self._desk.book.confirm(it.id, day, name, data, actor())
        return done("employee", self._desk.say(CONFIRMED), employee=it.id, _anchor="confirmation")

    def _missing(self) -> list[Employee]:
        """Those who are employed and have not signed one, as the address or the form narrows it, by department."""
        region, department = request.values.get("region", ""), request.values.get("department", "")
        lines = self._desk.staff.roster.everyone(RosterSearch(region=region))
        people = [line.employee for line in lines if department in ("", line.employee.department)]
        signed = self._desk.book.confirmed([each.id for each in people])
        return sorted(
            (each for each in people if each.id not in signed),
            key=lambda each: (each.department, each.number),
        )

    def _page(self, problem: str) -> str:
        staff = self._desk.staff
        everyone = [line.employee for line in staff.roster.everyone(RosterSearch())]
        signed = self._desk.book.confirmed([each.id for each in everyone])
        missing, page = self._missing(), page_number()
        pages = max(1, -(-len(missing) // A_PAGE))
        page = min(page, pages)
        return render_template(
            "hr_console/confirmations.html",
            people=missing[(page - 1) * A_PAGE : page * A_PAGE],
            missing=len(missing),
            total=len(everyone),
            signed=len(signed),
            page=page,
            pages=pages,
            region=request.values.get("region", ""),
            department=request.values.get("department", ""),
            regions={code: staff.place(code) for code in sorted({each.region for each in everyone})},
            departments=sorted({each.department for each in everyone} - {""}),
            problem=problem,
            most=MOST_FORMS,
        )
