"""One page of money for whoever decides: for an employee and for the company, on the screen and as a PDF to send on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from audit.events import Event
from audit.events import employee as subject
from calculator.money import format_yuan
from documents.glyphs import printable
from documents.rendering import render
from hr_console.console import Entry, actor, locale
from hr_console.money_words import NOTHING, money_lines, money_notes
from hr_console.notice_desk import as_file
from hr_console.profile_desk import ProfileDesk
from locales import N_
from people.employees import Employee
from profiles.found import STATES
from profiles.sheet import CompanySheet, PersonSheet, company_sheet, person_sheet

#: So many people have a line of their own on paper, so that it stays one page; the others are summed up in one.
MOST_ON_PAPER: Final = 14
HEADING: Final = N_("没有参保、少报基数，要付多少钱")


@dataclass(frozen=True, slots=True)
class Costs:
    """An employee and what it costs that they are not insured, or with too low a base."""

    employee: Employee
    sheet: PersonSheet


class MoneyPages:
    """The page of the company and that of each employee."""

    def __init__(self, desk: ProfileDesk) -> None:
        self._desk = desk

    @property
    def entries(self) -> Sequence[Entry]:
        """Nothing in the navigation: the dashboard and the employees' pages lead here."""
        return ()

    def add_to(self, blueprint: Blueprint) -> None:
        add = blueprint.add_url_rule
        add("/money", "money", self.company)
        add("/money.pdf", "money_paper", self.company_paper)
        add("/roster/<uuid:employee>/money", "employee_money", self.person)
        add("/roster/<uuid:employee>/money.pdf", "employee_money_paper", self.person_paper)

    def company(self) -> ResponseReturnValue:
        """The company's page, with everyone on it."""
        sheet, people = self._company()
        self._log("money_opened", people)
        return render_template(
            "hr_console/money.html", people=people, where="", **self._shown(sheet if people else None)
        )

    def company_paper(self) -> ResponseReturnValue:
        """The same as a PDF; where there is nothing to pay there is no paper, and the page says so."""
        sheet, people = self._company()
        if not people:
            return self.company()
        self._log("money_exported", people)
        entities = self._desk.staff.companies.entities()
        return self._paper(sheet, entities[0].name if entities else "", people)

    def person(self, employee: UUID) -> ResponseReturnValue:
        """One employee's page."""
        it = self._desk.staff.there(employee)
        sheet = self._person(it)
        self._log("money_opened", [it])
        return render_template(
            "hr_console/money.html",
            people=(),
            employee=it,
            where=self._desk.staff.place(it.region),
            **self._shown(sheet),
        )

    def person_paper(self, employee: UUID) -> ResponseReturnValue:
        """The same as a PDF; where there is nothing to pay there is no paper, and the page says so."""
        it = self._desk.staff.there(employee)
        sheet = self._person(it)
        if sheet is None:
            return self.person(employee)
        self._log("money_exported", [it])
        return self._paper(sheet, f"{it.name} {it.number}", ())

    # What the pages are made of

    def _person(self, employee: Employee) -> PersonSheet | None:
        profile = self._desk.book.profile_of(employee.id)
        if profile is None or employee.state == "left":
            return None
        return person_sheet(profile, self._desk.ground(employee), self._desk.today())

    def _company(self) -> tuple[CompanySheet, list[Costs]]:
        """Everyone who is employed and is not insured, or with too low a base; who costs most first."""
        today, found = self._desk.today(), dict[str, Costs]()
        for profile in self._desk.book.current():
            employee = self._desk.staff.roster.get(profile.employee)
            sheet = None if employee is None else self._person(employee)
            if employee is not None and sheet is not None:
                found[employee.id] = Costs(employee, sheet)
        whole = company_sheet((each.sheet for each in found.values()), today)
        return whole, [found[each.employee] for each in whole.people]

    def _shown(self, sheet: PersonSheet | CompanySheet | None) -> Mapping[str, Any]:
        say = self._desk.say
        return {
            "sheet": sheet,
            "lines": [] if sheet is None else money_lines(sheet, say),
            "notes": [say(NOTHING)] if sheet is None else money_notes(sheet, say),
            "sources": [] if sheet is None else self._desk.sources(sheet.sources),
            "states": STATES,
            "yuan": format_yuan,
        }

    def _paper(self, sheet: PersonSheet | CompanySheet, whom: str, people: Sequence[Costs]) -> Response:
        """The page as PDF. A name with a character that no font has is printed with a sign in its place."""
        say = self._desk.say
        data = {
            "locale": locale(self._desk.staff.console),
            "on": sheet.on.isoformat(),
            "whom": printable(whom),
            "lines": [[each.name, each.figure, each.strong] for each in money_lines(sheet, say)],
            "people": self._rows(people),
            "notes": money_notes(sheet, say),
            "sources": _grouped(self._desk.sources(sheet.sources)),
            "labels": {
                "heading": say(HEADING),
                "as_of": say(N_("算到 {day}"), day=sheet.on.isoformat()),
                "people": say(N_("每个人")),
                "columns": [
                    say(each)
                    for each in (
                        N_("谁"),
                        N_("欠缴"),
                        N_("滞纳金，今天"),
                        N_("30 天后"),
                        N_("今天补清"),
                        N_("以后每月"),
                    )
                ],
                "sources": say(N_("依据")),
                "page": say(N_("第 {page} 页，共 {pages} 页"), page="{page}", pages="{pages}"),
            },
        }
        return as_file(render("money_sheet", data), f"money-{sheet.on.isoformat()}.pdf", inline=True)

    def _rows(self, people: Sequence[Costs]) -> list[list[str]]:
        """A row for each of the first, and one for all the others."""
        rows = [
            [printable(f"{each.employee.name} {each.employee.number}"), *_amounts([each.sheet])]
            for each in people[:MOST_ON_PAPER]
        ]
        others = [each.sheet for each in people[MOST_ON_PAPER:]]
        if others:
            rows.append(
                [self._desk.say(N_("其余 {count} 人合计"), count=str(len(others))), *_amounts(others)]
            )
        return rows

    def _log(self, act: str, people: Sequence[Costs | Employee]) -> None:
        employees = [each.employee if isinstance(each, Costs) else each for each in people]
        subjects = tuple(subject(each.id) for each in employees)
        self._desk.staff.console.log.record(Event(act, actor(), subjects, {"rows": len(subjects)}))


def _amounts(sheets: Sequence[PersonSheet]) -> list[str]:
    return [
        format_yuan(sum(amounts))
        for amounts in zip(
            *(
                (each.arrears, each.late_fee, each.late_fee_later, each.total, each.monthly)
                for each in sheets
            ),
            strict=True,
        )
    ]


def _grouped(sources: Sequence[Mapping[str, Any]]) -> list[str]:
    """The records with the articles of one law together."""
    articles: dict[str, list[str]] = {}
    for each in sources:
        law = " ".join(filter(None, (each["title"], each["number"])))
        articles.setdefault(law, [])
        if each["article"]:
            articles[law].append(each["article"])
    return [" ".join((law, "、".join(dict.fromkeys(found)))).strip() for law, found in articles.items()]
