"""What HR enters for notices where the library holds nothing: monthly amounts of an insurance, and what is taken once a year.
Each says where it stands; a figure without a source is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from calculator.fields import LARGEST_INPUT, InputError, Problem
from calculator.money import Fen, format_yuan, parse_yuan
from hr_console.console import Entry, actor, done
from hr_console.notice_desk import NoticeDesk, employee_id
from locales import N_
from notices.book import EnteredFigure, YearlyCharge
from policy_kb.sheets import amount_text
from policy_kb.wording import INSURANCE, problem_text

LONGEST_SOURCE: Final = 400
LONGEST_NAME: Final = 60

SAVED: Final = N_("记下了。发不了的可以重新起草。")
REMOVED: Final = N_("删掉了。")
NO_INSURANCE: Final = N_("选一个险种。")
NO_SOURCE: Final = N_("写明出处：哪份通知、文号、网址，或者哪张核定单。没有出处的数不能用。")
NO_NAME: Final = N_("写上是什么费用。")
NO_MONTH: Final = N_("选哪个月收。")


class NoticeFigures:
    """Figures and yearly charges."""

    def __init__(self, desk: NoticeDesk) -> None:
        self._desk = desk

    @property
    def entries(self) -> Sequence[Entry]:
        """Nothing in the navigation: list and batch lead here."""
        return ()

    def add_to(self, blueprint: Blueprint) -> None:
        add = blueprint.add_url_rule
        add("/notices/figures", "notice_figures", self.page)
        add("/notices/figures", "notice_figure", self.figure, methods=["POST"])
        add("/notices/charges", "notice_charge", self.charge, methods=["POST"])
        add("/notices/charges/remove", "notice_charge_remove", self.remove, methods=["POST"])

    def page(self) -> ResponseReturnValue:
        """What is entered, and forms for it; a batch that lacks a figure fills in which."""
        region = request.args.get("region", "")
        known = region in self._desk.staff.library.divisions
        texts = {
            "region": self._desk.staff.place(region) if known else "",
            "insurance": request.args.get("insurance", ""),
        }
        return self._page(texts, {})

    def figure(self) -> ResponseReturnValue:
        """Enters a figure."""
        problems: dict[str, str] = {}
        region = self._region("region", problems)
        insurance = request.form.get("insurance", "")
        if insurance not in INSURANCE:
            problems["insurance"] = self._desk.say(NO_INSURANCE)
        employee, employer = self._amount("employee", problems), self._amount("employer", problems)
        source = self._source("source", problems)
        if problems:
            return self._page(request.form, problems), 400
        self._desk.book.enter_figure(EnteredFigure(region, insurance, employee, employer, source), actor())
        return self._saved(SAVED)

    def charge(self) -> ResponseReturnValue:
        """Sets a charge once a year."""
        problems: dict[str, str] = {}
        region = self._region("charge_region", problems)
        name = request.form.get("charge_name", "").strip()
        if not name or len(name) > LONGEST_NAME:
            problems["charge_name"] = self._desk.say(NO_NAME)
        month = request.form.get("charge_month", "")
        if month not in map(str, range(1, 13)):
            problems["charge_month"] = self._desk.say(NO_MONTH)
        employee = self._amount("charge_employee", problems)
        employer = self._amount("charge_employer", problems)
        source = self._source("charge_source", problems)
        if problems:
            return self._page(request.form, problems), 400
        charge = YearlyCharge(region, name, int(month), employee, employer, source)
        self._desk.book.set_charge(charge, actor())
        return self._saved(SAVED)

    def remove(self) -> ResponseReturnValue:
        """Takes a charge away."""
        region, name = request.form.get("region", ""), request.form.get("name", "")
        self._desk.book.remove_charge(region, name, actor())
        return self._saved(REMOVED)

    def _page(self, texts: Mapping[str, str], problems: Mapping[str, str]) -> str:
        return render_template(
            "hr_console/notice_figures.html",
            figures=self._desk.book.figures(),
            charges=self._desk.book.charges(),
            insurance=INSURANCE,
            place=self._desk.staff.place,
            yuan=format_yuan,
            texts=texts,
            problems=problems,
            batch=employee_id(request.values.get("batch", "")),
            months={str(each): str(each) for each in range(1, 13)},
        )

    def _saved(self, told: str) -> ResponseReturnValue:
        batch = employee_id(request.form.get("batch", ""))
        if batch:
            return done("notice_batch", self._desk.say(told), batch=batch)
        return done("notice_figures", self._desk.say(told))

    def _region(self, name: str, problems: dict[str, str]) -> str:
        text = request.form.get(name, "").strip()
        try:
            if not text:
                raise InputError(Problem("missing_field", name, "field"))
            return self._desk.staff.library.divisions.find(text)
        except InputError as error:
            problems[name] = problem_text(error.problems[0], self._desk.say)
            return ""

    def _amount(self, name: str, problems: dict[str, str]) -> Fen:
        """An amount; nought is one, and an empty field is not nought."""
        text = request.form.get(name, "").strip()
        problem = Problem("missing_field", name, "field") if not text else None
        try:
            fen = parse_yuan(amount_text(text)) if text else -1
        except ValueError:
            fen = -1
        if not 0 <= fen <= LARGEST_INPUT:
            problem = problem or Problem("not_a_number", name, "amount")
            problems[name] = problem_text(problem, self._desk.say)
        return fen

    def _source(self, name: str, problems: dict[str, str]) -> str:
        text = request.form.get(name, "").strip()
        if not text or len(text) > LONGEST_SOURCE:
            problems[name] = self._desk.say(NO_SOURCE)
        return text
