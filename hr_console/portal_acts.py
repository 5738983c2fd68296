"""Approved enrolments and corrected bases over the portal's own spreadsheets, where there is no connection.

A form is a kind and a place. Its blank is uploaded and its columns are named once; what is approved is exported in it, and
carried out once the portal's receipt has taken it. Nothing here tells why somebody is on a list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast
from uuid import UUID

from flask import Blueprint, Response, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from calculator.fields import InputError
from calculator.money import format_yuan
from hr_console.console import Entry, account, actor, done
from hr_console.personnel import Personnel, minute
from hr_console.portal import CHOSEN, KEPT, READ, TWICE, chosen, uploaded
from hr_console.roster_import import NO_FILE
from locales import N_
from policy_kb.wording import problem_text
from profiles.book import KeptStrategy, Overtaken, ProfileBook
from profiles.portal import Blank, PortalBook, Receipt, read_blank, read_receipt
from profiles.portal_acts import (
    FILLS,
    FORMS,
    NEEDED,
    TELLS,
    ActReceipts,
    Exported,
    FiledAct,
    FormKind,
    KeptReceipt,
    PortalActs,
    RowAnswer,
    act_answers,
    decided,
    fill_acts,
    form_name,
)
from profiles.portal_acts import State as ReceiptState
from profiles.strategy_words import UNFIT

STATES: Final[Mapping[ReceiptState, str]] = {
    "read": N_("还没有登记"),
    "taking": N_("正在登记"),
    "taken": N_("登记了"),
    "undoing": N_("正在撤销"),
    "undone": N_("撤销了"),
}
LACKS: Final = N_("少了这几列：{columns}。少一列，平台就收不全批准过的内容。")
NO_OUTCOME: Final = N_("要有“身份证号”和“结果”两列：人只按身份证号对。")
EXPORTED: Final = N_("记下了：已导出，等回执。下载下面的表，到平台上传。回执导入以前，谁都不算办好。")
NONE_EXPORTED: Final = N_("没有能导出的。导不出的写明了为什么，退回去的在“要办的变动”里重新准备。")
TAKEN_BACK: Final = N_("收回了 {count} 条，退回“要办的变动”，重新准备、批准了再导出。")
NOT_CHOSEN: Final = N_("先勾上要收回的。")
SAME_FILE: Final = N_("这一份传过了，没有再记一遍。")
TAKEN: Final = N_("照回执登记了：受理的写进了花名册和档案，退回的回到“要办的变动”。")
UNDONE: Final = N_("撤销了。后来又改过的没有动。")
NOT_NOW: Final = N_("刚刚有人动过，这一步现在做不了。看一眼现在的样子。")
NOTHING: Final = N_("回执里没有一行能登记。")
CHANGED: Final = N_("这张表现在不能下载：{people}。收回来，重新准备、批准了再导出。")


@dataclass(frozen=True, kw_only=True)
class FormDesk:
    """What the pages stand on."""

    staff: Personnel
    book: ProfileBook
    files: PortalBook
    receipts: ActReceipts
    acts: PortalActs


@dataclass(frozen=True, slots=True)
class _Form:
    """A form of the portal, and the approved acts that are its."""

    kind: FormKind
    region: str
    acts: tuple[FiledAct, ...]

    @property
    def name(self) -> str:
        return form_name(self.kind, self.region)

    @property
    def ready(self) -> tuple[FiledAct, ...]:
        """Those that are not in a file yet, fit or not."""
        return tuple(each for each in self.acts if each.exported is None)

    @property
    def waiting(self) -> tuple[FiledAct, ...]:
        """Those that wait for the receipt."""
        return tuple(each for each in self.acts if each.exported is not None)

    @property
    def files(self) -> Mapping[Exported, list[FiledAct]]:
        """Those by the file into which they went, the newest first."""
        found: dict[Exported, list[FiledAct]] = {}
        for each in self.acts:
            if each.exported is not None:
                found.setdefault(each.exported, []).append(each)
        return dict(sorted(found.items(), key=lambda each: each[0].at, reverse=True))


class PortalActPages:
    """The forms, each with its blank, its exports and its receipts."""

    def __init__(self, desk: FormDesk) -> None:
        self._desk = desk
        self._staff = desk.staff

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Nothing in the navigation: strategies and declarations lead here."""
        return ()

    def add_to(self, blueprint: Blueprint) -> None:
        add = blueprint.add_url_rule
        add("/portal-acts", "portal_acts", self.forms)
        at = "/portal-acts/receipts/<uuid:id>"
        add(at, "act_receipt", self.receipt_page)
        add(f"{at}/columns", "act_receipt_columns", self.receipt_columns, methods=["POST"])
        add(f"{at}/take", "act_receipt_take", self.take, methods=["POST"])
        add(f"{at}/undo", "act_receipt_undo", self.undo, methods=["POST"])
        at = "/portal-acts/<kind>/<region>"
        add(at, "act_form", self.form)
        add(f"{at}/blank", "act_form_blank", self.blank, methods=["POST"])
        add(f"{at}/columns", "act_form_columns", self.columns, methods=["POST"])
        add(f"{at}/export", "act_form_export", self.export, methods=["POST"])
        add(f"{at}/<uuid:file>.xlsx", "act_form_file", self.file)
        add(f"{at}/take-back", "act_form_take_back", self.take_back, methods=["POST"])
        add(f"{at}/receipt", "act_form_receipt", self.upload, methods=["POST"])

    # -- Forms -------------------------------------------------------------------------------------------------------

    def forms(self) -> ResponseReturnValue:
        """Which forms have something to be exported, or wait for a receipt."""
        acts = self._desk.acts.acts(self._sees)
        names = sorted({(each.region, each.kind) for each in acts if each.region})
        forms = [_Form(kind, region, _of(acts, kind, region)) for region, kind in names]
        return render_template(
            "hr_console/portal_acts.html",
            forms=forms,
            placeless=[each for each in acts if not each.region],
            kinds=FORMS,
            place=self._staff.place,
        )

    def form(self, kind: str, region: str) -> ResponseReturnValue:
        """One form."""
        return self._page(self._form(kind, region))

    def blank(self, kind: str, region: str) -> ResponseReturnValue:
        """Keeps the portal's blank of a form, for this time and the next ones."""
        form = self._form(kind, region)
        fills = FILLS[form.kind]
        try:
            found = uploaded(lambda name, data: read_blank(name, data, tuple(fills)))
        except InputError as error:
            return self._page(form, blank=problem_text(error.problems[0], self._staff.say)), 400
        if found is None:
            return self._page(form, blank=self._staff.say(NO_FILE)), 400
        before = self._desk.files.blank(form.name)
        if before is not None and before.headings == found.headings:
            found = replace(found, columns=before.columns)
        self._desk.files.keep_blank(form.name, found, actor())
        return self._back(form, self._staff.say(KEPT))

    def columns(self, kind: str, region: str) -> ResponseReturnValue:
        """What each column of the blank is filled with."""
        form = self._form(kind, region)
        blank = self._desk.files.blank(form.name)
        if blank is None:
            abort(404)
        found = replace(blank, columns=chosen(blank.headings, FILLS[form.kind]))
        if len(set(found.columns.values())) < len(found.columns):
            return self._page(form, columns=self._staff.say(TWICE)), 400
        if wrong := self._lacks(form.kind, found):
            return self._page(form, columns=wrong), 400
        self._desk.files.keep_blank(form.name, found, actor())
        return self._back(form, self._staff.say(CHOSEN))

    def export(self, kind: str, region: str) -> ResponseReturnValue:
        """Marks everything approved as exported: it waits for the receipt from now on."""
        form = self._form(kind, region)
        blank = self._desk.files.blank(form.name)
        if blank is None or self._lacks(form.kind, blank):
            abort(409)
        file = self._desk.acts.export(form.ready, actor())
        return self._back(form, self._staff.say(EXPORTED if file else NONE_EXPORTED))

    def file(self, kind: str, region: str, file: UUID) -> ResponseReturnValue:
        """The portal's blank with the acts of one export in it, as often as it is asked for. That is logged."""
        form = self._form(kind, region)
        blank = self._desk.files.blank(form.name)
        acts = [each for each in form.waiting if each.exported and each.exported.file == str(file)]
        if blank is None or self._lacks(form.kind, blank) or not acts:
            abort(404)
        if unfit := [each for each in acts if each.unfit]:
            told = "；".join(f"{each.name} {self._staff.say(UNFIT[each.unfit])}" for each in unfit)
            return self._page(form, file=self._staff.say(CHANGED, people=told)), 409
        data = fill_acts(blank, acts)
        self._desk.acts.log_file(acts, actor())
        return Response(
            data,
            mimetype="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            headers={"Content-Disposition": f'attachment; filename="{form.kind}-{form.region}.xlsx"'},
        )

    def take_back(self, kind: str, region: str) -> ResponseReturnValue:
        """Has acts back whose file never reached the portal."""
        form, ids = self._form(kind, region), set(request.form.getlist("strategy"))
        acts = [each for each in form.waiting if each.strategy in ids]
        if not acts:
            return self._page(form, take_back=self._staff.say(NOT_CHOSEN)), 400
        count = self._desk.acts.take_back(acts, actor())
        return self._back(form, self._staff.say(TAKEN_BACK, count=str(count)))

    def upload(self, kind: str, region: str) -> ResponseReturnValue:
        """Keeps the portal's receipt, read as the last one was; nothing is taken over yet."""
        form = self._form(kind, region)
        try:
            found = uploaded(lambda name, data: read_receipt(name, data, tuple(TELLS)))
        except InputError as error:
            return self._page(form, receipt=problem_text(error.problems[0], self._staff.say)), 400
        if found is None:
            return self._page(form, receipt=self._staff.say(NO_FILE)), 400
        before = self._desk.receipts.of(form.name)
        alike = (each.receipt for each in before if each.receipt.headings == found.headings)
        known = next((each.columns for each in alike if not _wrong(each)), found.columns)
        id = self._desk.receipts.keep(form.name, replace(found, columns=known), actor())
        same = id in {each.id for each in before}
        return done("act_receipt", self._staff.say(SAME_FILE if same else READ), id=id)

    # -- Receipts ----------------------------------------------------------------------------------------------------

    def receipt_page(self, id: UUID) -> ResponseReturnValue:
        """What a receipt says, row by row, and what became of it."""
        return self._receipt_page(self._receipt(id))

    def receipt_columns(self, id: UUID) -> ResponseReturnValue:
        """What each column of the receipt tells."""
        kept = self._receipt(id)
        found = replace(kept.receipt, columns=chosen(kept.receipt.headings, TELLS))
        if wrong := _wrong(found):
            return self._receipt_page(kept, columns=self._staff.say(wrong)), 400
        try:
            self._desk.receipts.read_as(kept.id, found.columns, actor())
        except Overtaken:
            return self._receipt_page(self._receipt(id), refused=self._staff.say(NOT_NOW)), 409
        return done("act_receipt", self._staff.say(CHOSEN), id=id)

    def take(self, id: UUID) -> ResponseReturnValue:
        """Takes the receipt over: only now is anything carried out."""
        kept = self._receipt(id)
        answers = self._answers(kept)
        if not decided(answers):
            return self._receipt_page(kept, refused=self._staff.say(NOTHING)), 409
        try:
            self._desk.acts.take(kept.id, answers, actor())
        except Overtaken:
            return self._receipt_page(self._receipt(id), refused=self._staff.say(NOT_NOW)), 409
        return done("act_receipt", self._staff.say(TAKEN), id=id)

    def undo(self, id: UUID) -> ResponseReturnValue:
        """Takes back what a receipt brought, where nothing has changed since: all of it, or nothing."""
        kept = self._receipt(id)
        if not self._sees_all(kept):
            abort(404)
        try:
            self._desk.acts.undo(kept.id, actor())
        except Overtaken:
            return self._receipt_page(self._receipt(id), refused=self._staff.say(NOT_NOW)), 409
        return done("act_receipt", self._staff.say(UNDONE), id=id)

    # -- What the pages are made of ----------------------------------------------------------------------------------

    def _sees(self, it: KeptStrategy) -> bool:
        """Whose act somebody may take to the portal. What came of dibao is for who may see it; where none of them takes
        anything to the portal, it is a row like every other for whoever does."""
        if not it.tells_dibao or account().may("dibao"):
            return True
        people = self._staff.colleagues.all()
        return not any(each.may("dibao") and each.may("roster_edit") for each in people)

    def _form(self, kind: str, region: str) -> _Form:
        if kind not in FORMS or region not in self._staff.library.divisions:
            abort(404)
        known = cast("FormKind", kind)
        return _Form(known, region, _of(self._desk.acts.acts(self._sees), known, region))

    def _receipt(self, id: UUID) -> KeptReceipt:
        found = self._desk.receipts.get(str(id))
        if found is None:
            abort(404)
        return found

    def _form_of(self, kept: KeptReceipt) -> _Form:
        return self._form(*kept.form.split(":"))

    def _answers(self, kept: KeptReceipt) -> tuple[RowAnswer, ...]:
        """What a receipt says of those who wait; nothing before its columns are known."""
        if _wrong(kept.receipt):
            return ()
        return act_answers(kept.receipt, self._form_of(kept).waiting)

    def _lacks(self, kind: FormKind, blank: Blank) -> str:
        """Which columns a blank must have and has not."""
        lacking = [FILLS[kind][each] for each in NEEDED if each not in blank.columns.values()]
        if not lacking:
            return ""
        return self._staff.say(LACKS, columns="、".join(map(self._staff.say, lacking)))

    def _back(self, form: _Form, told: str) -> ResponseReturnValue:
        return done("act_form", told, kind=form.kind, region=form.region)

    def _page(self, form: _Form, **problems: str) -> str:
        blank = self._desk.files.blank(form.name)
        return render_template(
            "hr_console/act_form.html",
            form=form,
            address=lambda page, **more: url_for(
                f"hr.act_form{page}", kind=form.kind, region=form.region, **more
            ),
            blank=blank,
            lacks="" if blank is None else self._lacks(form.kind, blank),
            fit=sum(not each.unfit for each in form.ready),
            receipts=self._desk.receipts.of(form.name),
            title=FORMS[form.kind],
            where=self._staff.place(form.region),
            fills=FILLS[form.kind],
            states=STATES,
            unfit=UNFIT,
            problems=problems,
            yuan=format_yuan,
            minute=minute,
            who=self._staff.who,
        )

    def _receipt_page(self, kept: KeptReceipt, **problems: str) -> str:
        form = self._form_of(kept)
        rows = [each for each in kept.rows if each.step != "ready"]
        people = {each.employee: self._staff.roster.get(each.employee) for each in rows}
        fresh = kept.state in ("read", "taken", "undone")
        answers = self._answers(kept) if fresh else ()
        taken = {each.row for each in kept.rows if each.step in ("applied", "kept")}
        answers = tuple(each for each in answers if each.row not in taken)
        return render_template(
            "hr_console/act_receipt.html",
            kept=kept,
            form=form,
            title=FORMS[form.kind],
            where=self._staff.place(form.region),
            wrong_columns=_wrong(kept.receipt),
            answers=answers,
            ready=decided(answers),
            missing=_missing(form, answers),
            rows=[each for each in rows if self._may_see(each.strategy)],
            people=people,
            may_undo=kept.state == "taken" and self._sees_all(kept),
            tells=TELLS,
            states=STATES,
            problems=problems,
            say=self._staff.say,
            minute=minute,
            who=self._staff.who,
        )

    def _sees_all(self, kept: KeptReceipt) -> bool:
        return all(self._may_see(each.strategy) for each in kept.rows)

    def _may_see(self, strategy: str) -> bool:
        found = self._desk.book.get(strategy)
        return found is None or self._sees(found)


def _of(acts: Sequence[FiledAct], kind: FormKind, region: str) -> tuple[FiledAct, ...]:
    return tuple(each for each in acts if each.kind == kind and each.region == region)


def _missing(form: _Form, answers: Sequence[RowAnswer]) -> list[FiledAct]:
    """Who waits and is not named."""
    named = {each.act.strategy for each in answers if each.act is not None}
    return [each for each in form.waiting if each.strategy not in named]


def _wrong(receipt: Receipt) -> str:
    """What is wrong with what its columns are said to be."""
    told = list(receipt.columns.values())
    if len(set(told)) < len(told):
        return TWICE
    return "" if {"id_number", "outcome"} <= set(told) else NO_OUTCOME
