"""The inbox: what waits for HR, a case as a whole, and answering into the employee's chat.

Addresses name a case by its number and an employee by the roster's own id, never by anything personal. The list and the
open case keep themselves up to date through one address, `changes`, by the number of the last change seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final, cast, get_args
from uuid import uuid4

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from hr_console.answering import LONGEST, Answers, Draft, Refused
from hr_console.case_list import Asked, Lists, address, list_query
from hr_console.case_words import box_of, bubble, sent_by_the_employee, snooze_until, title
from hr_console.console import Console, Entry, account, done, wants_json
from hr_console.profile_desk import may_see
from hr_console.reach_words import before_typing
from hr_console.reach_words import told as told_words
from hr_console.shelf import Shelf
from hr_console.who import Colleagues, Who
from hr_inbox.cases import BulkAct, Case, Cases, Collision, NotForThem, Said, Viewer
from locales import N_
from notices.book import NoticeBook
from people.employees import Directory
from policy_kb.divisions import Divisions
from profiles.book import ProfileBook

LONGEST_REASON: Final = 300
#: Changes in one answer; a page that lacks more asks again at once.
MOST_CHANGES: Final = 200

NO_COLLEAGUE: Final = N_("选一位同事。")
NOT_FOR_THEM: Final = N_("这件事那位同事不能看，交给别的同事。")
ASSIGNED: Final = N_("交给同事了，对方会在“我的”里看到。")
NO_REASON: Final = N_("写一句为什么要接过来，同事会看到。")
NO_TIME: Final = N_("选一个今天以后、一年以内的日期。")
NOTHING_CHOSEN: Final = N_("一条也没选。先在左边打勾。")
DONE_WITH: Final[Mapping[BulkAct, str]] = {
    "take": N_("接手了选中的。别人在办的没有动。"),
    "release": N_("选中的放回去了。别人在办的没有动。"),
    "snooze": N_("选中的放到稍后了。别人在办的没有动。"),
    "done": N_("选中的结束了。别人在办的没有动。"),
    "reopen": N_("选中的重新打开了。"),
}
UNDONE: Final = N_("撤销了 {count} 条。")
UNDONE_NONE: Final = N_("没有能撤销的：这几条后来又有人动过。")
RELEASED: Final = N_("放回去了，助手会接着答。")
SNOOZED: Final = N_("放到 {when}，对方一写就回来。")
FINISHED: Final = N_("结束了。要接着办，在“已结束”里重新打开。")


class Inbox:
    """The pages of the inbox."""

    def __init__(
        self,
        console: Console,
        cases: Cases,
        directory: Directory,
        colleagues: Colleagues,
        shelf: Shelf,
        divisions: Divisions,
        profiles: ProfileBook,
        notices: NoticeBook | None = None,
    ) -> None:
        self._now = console.now
        self._notices = notices
        self._profiles = profiles
        self._cases = cases
        self._who = Who(console, colleagues, directory, divisions)
        self._lists = Lists(cases, self._who)
        self._answers = Answers(cases, shelf, self._who)

    @property
    def entries(self) -> Sequence[Entry]:
        """The list."""
        return (Entry("inbox", N_("事项")),)

    def add_to(self, blueprint: Blueprint) -> None:
        add = blueprint.add_url_rule
        add("/cases", "inbox", self.inbox)
        add("/cases/changes", "inbox_changes", self.changes)
        add("/cases/search", "inbox_search", self.search, methods=["POST"])
        add("/cases/many", "inbox_many", self.many, methods=["POST"])
        add("/cases/undo", "inbox_undo", self.undo, methods=["POST"])
        add("/cases/<number>", "case", self.case)
        acts: Mapping[str, Callable[[str], ResponseReturnValue]] = {
            "take": self.take,
            "take_over": self.take_over,
            "assign": self.assign,
            "release": self.release,
            "snooze": self.snooze,
            "finish": self.finish,
            "reopen": self.reopen,
            "say": self.say,
            "again": self.again,
            "insert": self.insert,
            "note": self.note,
        }
        for name, act in acts.items():
            add(f"/cases/<number>/{name.replace('_', '-')}", f"case_{name}", act, methods=["POST"])

    # -- The list ----------------------------------------------------------------------------------------------------

    def inbox(self) -> ResponseReturnValue:
        """A list."""
        return render_template("hr_console/inbox.html", **self._lists.shown(Asked.read(request.args)))

    def changes(self) -> ResponseReturnValue:
        """What changed after a change, for the page's script; with the open case's bubbles."""
        viewer, number = self._who.viewer(), request.args.get("case", "")
        lines, last = self._cases.changed(viewer, _count(request.args.get("after", "")), MOST_CHANGES)
        asked = Asked.read(request.args)
        # What was laid aside comes back by the clock, without a change: a page that misses something asks for it all.
        whole = self._cases.find(asked.search, viewer).lines if request.args.get("whole") else None
        said = self._cases.transcript(number, viewer, _count(request.args.get("said", ""))) if number else ()
        return {
            "rows": [asdict(each) for each in self._lists.rows((*lines, *(whole or ())), asked)],
            "whole": None if whole is None else [line.number for line in whole],
            "change": last,
            "more": len(lines) == MOST_CHANGES,
            "counts": self._cases.counts(viewer),
            "said": self._bubbles(said),
        }

    def search(self) -> ResponseReturnValue:
        """From what was typed to a list; several people of one name are told apart first."""
        found = self._lists.found(request.form)
        if not found.errors and not found.people:
            return done("inbox", **found.asked.query)
        shown = self._lists.shown(found.asked) | {"typed": request.form, "errors": found.errors}
        page = render_template("hr_console/inbox.html", **shown, choices=self._lists.choices(found))
        return page, 400 if found.errors else 200

    def many(self) -> ResponseReturnValue:
        """The same with many."""
        act, numbers, until = request.form.get("act", ""), request.form.getlist("number"), None
        if act not in get_args(BulkAct) or not numbers:
            return self._list_again(NOTHING_CHOSEN)
        if act == "snooze" and (until := self._until()) is None:
            return self._list_again(NO_TIME)
        known = cast(BulkAct, act)
        undo = self._cases.many(known, numbers, self._who.viewer(), until)
        return done("inbox", self._who.tell(DONE_WITH[known]), undo=undo, **Asked.read(request.args).query)

    def undo(self) -> ResponseReturnValue:
        """Undoes what was done with many."""
        count = self._cases.undo(request.form.get("id", ""), self._who.viewer())
        message = self._who.tell(UNDONE, count=str(count)) if count else self._who.tell(UNDONE_NONE)
        return done("inbox", message, **Asked.read(request.args).query)

    def _list_again(self, problem: str) -> ResponseReturnValue:
        shown = self._lists.shown(Asked.read(request.args)) | {"errors": {"many": self._who.tell(problem)}}
        return render_template("hr_console/inbox.html", **shown), 400

    # -- A case ------------------------------------------------------------------------------------------------------

    def case(self, number: str) -> ResponseReturnValue:
        """A case, beside the list where there is room."""
        return self._page(number)

    def take(self, number: str) -> ResponseReturnValue:
        """Takes a case."""
        return self._act(number, lambda viewer: self._cases.take(number, viewer))

    def take_over(self, number: str) -> ResponseReturnValue:
        """Takes a case from somebody else, with a reason."""
        why = request.form.get("why", "").strip()[:LONGEST_REASON]
        if not why:
            return self._page(number, 400, errors={"why": self._who.tell(NO_REASON)})
        return self._act(number, lambda viewer: self._cases.take_over(number, viewer, why))

    def assign(self, number: str) -> ResponseReturnValue:
        """Hands a case to a colleague."""
        colleague = self._who.colleague(request.form.get("colleague", ""))
        if colleague is None:
            return self._page(number, 400, errors={"colleague": self._who.tell(NO_COLLEAGUE)})
        message = self._who.tell(ASSIGNED)
        try:
            return self._act(number, lambda viewer: self._cases.assign(number, viewer, colleague), message)
        except NotForThem:
            return self._page(number, 400, errors={"colleague": self._who.tell(NOT_FOR_THEM)})

    def release(self, number: str) -> ResponseReturnValue:
        """Puts a case back and gives the conversation back to the assistant."""
        message = self._who.tell(RELEASED)
        return self._act(number, lambda viewer: self._cases.release(number, viewer), message)

    def snooze(self, number: str) -> ResponseReturnValue:
        """Lays a case aside."""
        until = self._until()
        if until is None:
            return self._page(number, 400, errors={"day": self._who.tell(NO_TIME)})
        message = self._who.tell(SNOOZED, when=self._who.moment(until))
        return self._act(number, lambda viewer: self._cases.snooze(number, viewer, until), message)

    def finish(self, number: str) -> ResponseReturnValue:
        """Closes a case."""
        message = self._who.tell(FINISHED)
        return self._act(number, lambda viewer: self._cases.finish(number, viewer), message)

    def reopen(self, number: str) -> ResponseReturnValue:
        """Opens a closed case again."""
        return self._act(number, lambda viewer: self._cases.reopen(number, viewer))

    def note(self, number: str) -> ResponseReturnValue:
        """Adds a note for colleagues."""
        text = request.form.get("text", "").strip()
        if problem := self._answers.problem(text):
            return self._page(number, 400, errors={"note": problem}, note=text)
        mentions = [each.id for each in self._who.mentionable() if f"@{each.name}" in text]
        self._cases.note(number, self._who.viewer(), text, mentions)
        return self._back_to(number, "notes")

    def _act(self, number: str, act: Callable[[Viewer], None], leaving: str = "") -> ResponseReturnValue:
        """Does something with a case; with a sentence for leaving it, back to the list."""
        try:
            act(self._who.viewer())
        except Collision as error:
            return self._page(number, 409, told=self._answers.told(error))
        if leaving:
            return done("inbox", leaving, **Asked.read(request.args).query)
        return self._back_to(number)

    # -- Answering ---------------------------------------------------------------------------------------------------

    def say(self, number: str) -> ResponseReturnValue:
        """Sends an answer, from the page's script or from its form."""
        draft = Draft.read()
        try:
            self._answers.send(number, draft, self._open(number) if draft.used else None)
        except Refused as error:
            if wants_json():
                told = {"code": error.code, "field": "text", "message": error.message}
                return {"error": told}, error.status
            draft = replace(draft, checked=error.code == "figures")
            return self._page(number, error.status, errors={"text": error.message}, draft=draft)
        if not wants_json():
            return self._back_to(number, "said")
        return {"said": self._bubbles(self._cases.transcript(number, self._who.viewer(), draft.seen))}

    def again(self, number: str) -> ResponseReturnValue:
        """Sends an answer that did not arrive once more."""
        seq = _count(request.form.get("seq", ""))

        def send(viewer: Viewer) -> None:
            self._cases.retry(number, viewer, seq)

        return self._act(number, send)

    def insert(self, number: str) -> ResponseReturnValue:
        """Puts a text into the answer, where the page has no script."""
        draft = Draft.read()
        try:
            offer = self._answers.offered(self._open(number), request.form.get("insert", ""))
        except Refused as error:
            return self._page(number, error.status, errors={"text": error.message}, draft=draft)
        text = f"{draft.text}\n{offer.reply.text}".strip()
        used = tuple(dict.fromkeys((*draft.used, offer.ref)))
        return self._page(number, draft=replace(draft, text=text, used=used))

    # -- The page of a case ------------------------------------------------------------------------------------------

    def _page(
        self,
        number: str,
        status: int = 200,
        *,
        errors: Mapping[str, str] | None = None,
        told: str = "",
        draft: Draft | None = None,
        note: str = "",
    ) -> ResponseReturnValue:
        case, viewer = self._open(number), self._who.viewer()
        said = self._cases.transcript(number, viewer)
        box = box_of(case.line, viewer.account)
        asked = Asked.read(request.args) if list_query() else Asked(box=box)
        line, draft = replace(case.line, kind=case.task.kind, topic=case.task.topic), draft or Draft()
        page = render_template(
            "hr_console/case.html",
            **self._lists.shown(asked, number) | {"errors": errors or {}},
            case=case,
            box=box,
            row=self._lists.rows((case.line,), asked)[0],
            title=title(line, self._who.tell),
            holder=self._holder(case, viewer),
            language=self._who.console.languages.LANGUAGES[self._answers.language(case)],
            opened_at=self._who.moment(case.line.opened_at),
            sent=sent_by_the_employee(case.task.lines, case.task.whole, self._who.tell),
            said=self._bubbles(said),
            last=said[-1].seq if said else 0,
            notes=self._notes(case),
            ready=self._answers.ready(case),
            near=self._answers.near(case, _question(case, said)),
            used=self._answers.named(draft, case),
            draft=draft,
            key=str(uuid4()),
            told=told,
            reach=None if case.reach is None else before_typing(case.reach, self._now(), self._who.tell),
            note=note,
            longest=LONGEST,
            mentionable=[each.name for each in self._who.mentionable()],
            assignable=self._who.assignable(),
            notice=self._notice_of(number),
            strategy=self._strategy_of(case),
        )
        return page, status

    def _notice_of(self, number: str) -> str | None:
        """The notice that a case is about, for those who follow notices."""
        if self._notices is None or not account().may("notices"):
            return None
        return self._notices.of_task(number)

    def _strategy_of(self, case: Case) -> str:
        """The strategy that a case is about, for those who may see it; empty where there is none."""
        found = self._profiles.get(case.task.strategy) if case.task.strategy else None
        return found.id if found is not None and may_see(found, account()) else ""

    def _open(self, number: str) -> Case:
        case = self._cases.open(number, self._who.viewer())
        if case is None:
            abort(404)
        return case

    def _back_to(self, number: str, part: str = "") -> ResponseReturnValue:
        return redirect(address(number, list_query()) + (f"#{part}" if part else ""), 303)

    def _holder(self, case: Case, viewer: Viewer) -> str:
        """Who else has the case or speaks with the employee; empty where nobody does."""
        holder = None if case.line.state == "done" else case.line.assignee
        other = next((each for each in (holder, case.held_by) if each not in (None, viewer.account)), None)
        return "" if other is None else self._who.name(other)

    def _bubbles(self, said: Sequence[Said]) -> list[dict[str, Any]]:
        now, names = self._now(), self._who.names()
        shown = [bubble(each, now, names.get(each.by or "", ""), self._who.tell) for each in said]
        return [
            asdict(one) | {"told": told_words(each.told, self._who.tell)}
            for one, each in zip(shown, said, strict=True)
        ]

    def _notes(self, case: Case) -> list[dict[str, str]]:
        return [
            {
                "author": self._who.name(note.author),
                "text": note.text,
                "at": self._who.moment(note.at),
                "mentions": self._who.joined(note.mentions),
            }
            for note in case.notes
        ]

    def _until(self) -> datetime | None:
        return snooze_until(request.form.get("until", ""), request.form.get("day", ""), self._now())


def _question(case: Case, said: Sequence[Said]) -> str:
    """What the employee asked last: to HR, else what they sent."""
    written = [each.text for each in said if each.author == "employee"]
    if written:
        return written[-1]
    sent = [line.removeprefix("employee: ") for line in case.task.lines if not line.startswith("assistant: ")]
    return sent[-1] if sent else ""


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
