"""A declaration through the portal's own spreadsheet: its blank, filled and taken away; its receipt, read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar
from uuid import UUID

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from calculator.fields import InputError
from hr_console.console import Entry, actor, done
from hr_console.declarations import NOT_NOW, DeclarationDesk
from hr_console.roster_import import NO_FILE
from locales import N_
from people.employees import RosterSearch
from policy_kb.wording import problem_text
from profiles.book import Overtaken
from profiles.declarations import KeptLine, Run
from profiles.portal import (
    COLUMNS,
    LIMITS,
    TOLD,
    PortalBook,
    Receipt,
    answers,
    fill,
    read_blank,
    read_receipt,
)

C = TypeVar("C")
KEPT: Final = N_("模板存好了。看一眼每列填什么，下次不用再选。")
CHOSEN: Final = N_("记住了。")
READ: Final = N_("回执读好了，先看一眼，还没有记。")
TAKEN: Final = N_("记下了：受理的写进了缴费记录，退回的等着改。")
TWICE: Final = N_("有两列选了同一项，只留一列。")
NO_BASE: Final = N_("至少要有一列是“申报基数”，一列认得出人：工号、身份证号或者姓名。")
NO_OUTCOME: Final = N_("至少要有一列是“结果”，一列认得出人：工号、身份证号或者姓名。")
NOT_WHOLE: Final = N_("回执里不是每个人都有结果，还不能记。等平台办完，下载完整的回执再来。")
_WHO: Final = frozenset(("number", "id_number", "name"))


class PortalPages:
    """The portal's files of a declaration."""

    def __init__(self, desk: DeclarationDesk, files: PortalBook) -> None:
        self._desk = desk
        self._staff = desk.staff
        self._book = desk.book
        self._files = files

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Nothing in the navigation: a declaration leads here."""
        return ()

    def add_to(self, blueprint: Blueprint) -> None:
        add = blueprint.add_url_rule
        at = "/declarations/<uuid:id>/portal"
        add(at, "portal", self.page)
        add(f"{at}/blank", "portal_blank", self.blank, methods=["POST"])
        add(f"{at}/columns", "portal_columns", self.columns, methods=["POST"])
        add(f"{at}/filled.xlsx", "portal_file", self.file)
        add(f"{at}/receipt", "portal_receipt", self.receipt, methods=["POST"])
        add(f"{at}/told", "portal_told", self.told, methods=["POST"])
        add(f"{at}/take", "portal_take", self.take, methods=["POST"])

    def page(self, id: UUID) -> ResponseReturnValue:
        """What there is of the portal's files."""
        return self._page(self._there(id))

    def blank(self, id: UUID) -> ResponseReturnValue:
        """Keeps the portal's blank for the account, for this month and the next ones."""
        run = self._there(id)
        try:
            found = uploaded(read_blank)
        except InputError as error:
            return self._page(run, blank=problem_text(error.problems[0], self._staff.say)), 400
        if found is None:
            return self._page(run, blank=self._staff.say(NO_FILE)), 400
        before = self._files.blank(run.account)
        if before is not None and before.headings == found.headings:
            found = replace(found, columns=before.columns)
        self._files.keep_blank(run.account, found, actor())
        return done("portal", self._staff.say(KEPT), id=run.id)

    def columns(self, id: UUID) -> ResponseReturnValue:
        """What each column of the blank is filled with."""
        run = self._there(id)
        blank = self._files.blank(run.account)
        if blank is None:
            abort(404)
        columns = chosen(blank.headings, COLUMNS)
        wrong = _wrong(columns, "base", NO_BASE)
        if wrong:
            return self._page(run, columns=self._staff.say(wrong)), 400
        self._files.keep_blank(run.account, replace(blank, columns=columns), actor())
        return done("portal", self._staff.say(CHOSEN), id=run.id)

    def file(self, id: UUID) -> ResponseReturnValue:
        """The portal's blank with this declaration in it. That it was taken away is logged."""
        run = self._there(id)
        blank = self._files.blank(run.account)
        if blank is None or not blank.columns or run.state not in ("approved", "handed_in", "answered"):
            abort(404)
        data = fill(blank, self._lines(run), self._id_numbers(), run.month)
        self._book.exported(run.id, actor())
        return Response(
            data,
            mimetype="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            headers={"Content-Disposition": f'attachment; filename="portal-{run.month:%Y-%m}.xlsx"'},
        )

    def receipt(self, id: UUID) -> ResponseReturnValue:
        """Keeps the portal's receipt, read as the last one was; nothing is taken over yet."""
        run = self._there(id)
        try:
            found = uploaded(read_receipt)
        except InputError as error:
            return self._page(run, receipt=problem_text(error.problems[0], self._staff.say)), 400
        if found is None:
            return self._page(run, receipt=self._staff.say(NO_FILE)), 400
        known = self._files.columns_of(found.headings)
        self._files.keep_receipt(run.id, found if known is None else replace(found, columns=known), actor())
        return done("portal", self._staff.say(READ), id=run.id)

    def told(self, id: UUID) -> ResponseReturnValue:
        """What each column of the receipt tells."""
        run = self._there(id)
        receipt = self._receipt(run)
        columns = chosen(receipt.headings, TOLD)
        wrong = _wrong(columns, "outcome", NO_OUTCOME)
        if wrong:
            return self._page(run, told=self._staff.say(wrong)), 400
        self._files.keep_receipt(run.id, replace(receipt, columns=columns), actor())
        return done("portal", self._staff.say(CHOSEN), id=run.id)

    def take(self, id: UUID) -> ResponseReturnValue:
        """Takes the receipt over: only now is anybody declared."""
        run = self._there(id)
        found = answers(self._receipt(run), self._lines(run), self._id_numbers())
        if not found.whole:
            return self._page(run, told=self._staff.say(NOT_WHOLE)), 409
        try:
            self._book.note_answers(run.id, found.rejected, actor())
        except Overtaken:
            return self._page(self._there(id), told=self._staff.say(NOT_NOW)), 409
        self._desk.run(run.id)
        return done("declaration", self._staff.say(TAKEN), id=run.id)

    def _there(self, id: UUID) -> Run:
        found = self._book.run(str(id))
        if found is None:
            abort(404)
        return found

    def _receipt(self, run: Run) -> Receipt:
        found = self._files.receipt(run.id)
        if found is None:
            abort(404)
        return found

    def _lines(self, run: Run) -> tuple[KeptLine, ...]:
        return self._book.lines(run.id)

    def _id_numbers(self) -> dict[str, str]:
        everyone = self._staff.roster.everyone(RosterSearch(state=None))
        return {each.employee.id: each.employee.id_number for each in everyone}

    def _page(self, run: Run, **problems: str) -> str:
        blank, receipt = self._files.blank(run.account), self._files.receipt(run.id)
        found = None if receipt is None else answers(receipt, self._lines(run), self._id_numbers())
        return render_template(
            "hr_console/portal.html",
            run=run,
            blank=blank,
            receipt=receipt,
            found=found,
            people={each.line.employee: each.line for each in self._lines(run)},
            can_fill=run.state in ("approved", "handed_in", "answered"),
            can_take=run.state == "approved" and run.via == "file",
            fills=COLUMNS,
            tells=TOLD,
            problems=problems,
            where=f"{self._staff.place(run.region)} {run.account_number}".strip(),
        )


def uploaded(read: Callable[[str, bytes], C]) -> C | None:
    """The file of the form as it was read; None where there is none. Raises `InputError`."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return None
    name = file.filename.replace("\\", "/").rpartition("/")[2][:120]
    with file.stream as stream:
        return read(name, stream.read(LIMITS.file + 1))


def chosen(headings: Sequence[str], names: Mapping[Any, str]) -> dict[int, Any]:
    """What the form says of each column, by place."""
    said = {place: request.form.get(f"column-{place}", "") for place in range(len(headings))}
    return {place: name for place, name in said.items() if name in names}


def _wrong(columns: Mapping[int, Any], needed: str, missing: str) -> str:
    names = list(columns.values())
    if len(set(names)) < len(names):
        return TWICE
    return "" if needed in names and _WHO.intersection(names) else missing
