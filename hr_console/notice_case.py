"""One notice: what its file does not prove, what it does, what happened, and what is done next.

HR never sees a link, a code or a stroke before the seal. What tells of dibao is masked until somebody who may see it says
why they need to; that is written into the case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final, cast
from uuid import UUID, uuid4

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from documents.rendering import MissingGlyph
from hr_console.case_words import due as due_words
from hr_console.case_words import moment
from hr_console.console import Entry, account, actor, done
from hr_console.fields import EARLIEST, LATEST
from hr_console.notice_desk import (
    LARGEST_SCAN,
    NO_SCAN,
    NoticeDesk,
    as_file,
    day_of,
    read_scan,
    reason,
    scan_kind,
)
from hr_console.notice_proof import can_prove, cannot_prove, exhibits, identity, tasks, timeline, worth
from hr_console.notice_words import FILES, TONES
from hr_console.notices_new import NO_GLYPH
from hr_console.personnel import minute
from hr_console.running_cost import MISSING, Running, running_cost
from hr_console.who import viewer_of
from hr_inbox.cases import CaseLine, Said, Search
from locales import N_
from notices.book import UPLOADS, NoticeCase, NoticeTaken, Upload
from notices.notice import KINDS, OPEN, STATES
from people.employees import Employee
from people.standing import Uninsured
from policy_kb.answer import source_json

#: On which days what is owed is reckoned, from today.
LATER: Final = (7, 30, 90)
#: What an employee's refusal does not change, as the library has it.
UNCHANGED: Final = ("SIL-60", "SPC2-19", "SIL-86", "SIL-41", "LCL-38-1-3")
#: States after which HR has something to do.
UNSETTLED: Final = ("objected", "refused", "silent")
#: States in which nobody has answered.
WAITED_FOR: Final = ("issued", "silent")
#: Cases in which no employee has said anything.
NOBODY_ASKED: Final = ("silence", "paper")
MOST_CASES: Final = 50
_POST_NUMBER: Final = re.compile(r"[A-Za-z0-9-]{6,40}")
LONGEST_NAME: Final = 40

TAKEN: Final = N_("刚刚变了：本人回答了，或者有了新的一份。这一步没有做。")
SENT_AGAIN: Final = N_("在发新链接，以前的链接作废了。送没送到，看“前前后后”。")
WITHDRAWN: Final = N_("收回了，本人会收到一句说明。")
HELD: Final = N_("保留了：争议没完以前什么都不删，也告诉本人了。")
LIFTED: Final = N_("解除了保留，从现在起按期限删。")
KEPT: Final = N_("收进卷里了。")
NOTED: Final = N_("记下了。")
INSURED: Final = N_("登记了 {day} 起参保。照常参保，不等签不签。")
NO_NUMBER: Final = N_("填邮件单号：6 到 40 位数字、字母。")
NO_WITNESSES: Final = N_("填两位见证人的姓名，不能是同一个人，也不能是本人。")
NO_DAY: Final = N_("选一个日子，写成 2026-03-01。")
NO_UPLOAD: Final = N_("选这是什么文件。")
NOT_SEALED: Final = N_("还没有封存，导不出证据包。本人回答或者到期以后会自动封存。")
MASKED: Final = N_("封存件里说到低保，要由能看低保的人写明理由来导。")
NOT_OPEN: Final = N_("这个文件说到低保，要写明理由才能看，而且只有能看低保的人可以。")


class NoticePages:
    """The pages of one notice."""

    def __init__(self, desk: NoticeDesk) -> None:
        self._desk = desk

    @property
    def entries(self) -> Sequence[Entry]:
        """Nothing in the navigation: the list leads here."""
        return ()

    def add_to(self, blueprint: Blueprint) -> None:
        add = blueprint.add_url_rule
        at = "/notices/<uuid:notice>"
        add(at, "notice", self.page)
        add(f"{at}/sheet", "notice_sheet", self.sheet)
        add(f"{at}/files/<uuid:file>", "notice_file", self.file)
        acts: Mapping[str, Callable[[UUID], ResponseReturnValue]] = {
            "unmask": self.unmask,
            "bundle": self.bundle,
            "print": self.print,
            "step": self.step,
            "upload": self.upload,
            "again": self.again,
            "insure": self.insure,
            "withdraw": self.withdraw,
            "hold": self.hold,
            "lift": self.lift,
        }
        for name, act in acts.items():
            add(f"{at}/{name}", f"notice_{name}", act, methods=["POST"])
        add(f"{at}/files/<uuid:file>/unmask", "notice_file_unmask", self.file_unmask, methods=["POST"])

    # -- Looking -----------------------------------------------------------------------------------------------------

    def page(self, notice: UUID) -> ResponseReturnValue:
        """Everything about one notice, but what is masked."""
        return self._page(self._there(notice))

    def unmask(self, notice: UUID) -> ResponseReturnValue:
        """The same with what tells of dibao, for a reason that is written into the case."""
        problems: dict[str, str] = {}
        why = reason(self._desk, "unmask_why", problems)
        if problems:
            return self._page(self._there(notice), problems), 400
        return self._page(self._there(notice, why), unmasked=True)

    def sheet(self, notice: UUID) -> ResponseReturnValue:
        """The case on paper, for arbitration: what it does not prove, what it does, the timeline, the list of evidence."""
        case = self._there(notice)
        return render_template("hr_console/notice_sheet.html", **self._told(case))

    def file(self, notice: UUID, file: UUID) -> ResponseReturnValue:
        """A file of the case, but one that is masked."""
        case = self._there(notice)
        return self._file(case, str(file), self._desk.book.file(case.notice.id, str(file), actor()))

    def file_unmask(self, notice: UUID, file: UUID) -> ResponseReturnValue:
        """A file that tells of dibao, for a reason."""
        case, problems = self._there(notice), dict[str, str]()
        why = reason(self._desk, "unmask_why", problems)
        if problems:
            return self._page(case, problems), 400
        data = self._desk.book.file(case.notice.id, str(file), actor(), why, may_dibao=True)
        return self._file(case, str(file), data)

    def bundle(self, notice: UUID) -> ResponseReturnValue:
        """The evidence as one file; whole only for whoever may see dibao and says why."""
        case, problems = self._there(notice), dict[str, str]()
        officer = account().may("dibao")
        why = reason(self._desk, "bundle_why", problems, needed=False) if officer else ""
        if problems:
            return self._page(case, problems), 400
        made = self._desk.book.bundle(case.notice.id, actor(), why, may_dibao=officer and bool(why))
        if made is None:
            masked = case.notice.tells_dibao and not why
            return self._page(case, {"files": self._desk.say(MASKED if masked else NOT_SEALED)}), 409
        return as_file(made.data, made.name)

    # -- Doing -------------------------------------------------------------------------------------------------------

    def print(self, notice: UUID) -> ResponseReturnValue:
        """The notice or the witnesses' form on paper; that it was printed is written into the case."""
        case = self._there(notice)
        papers = self._desk.papers
        forms = {"notice": papers.notice, "witness_form": papers.witness_form}
        name = request.form.get("form", "")
        if name not in forms:
            abort(400)
        try:
            paper = forms[name](case.content)
        except MissingGlyph as error:
            return self._page(case, {"print": self._desk.say(NO_GLYPH, text=error.text)}), 409
        self._desk.book.note_step(case.notice.id, "printed", {}, actor())
        return as_file(paper, f"{case.notice.number}-{name}.pdf")

    def step(self, notice: UUID) -> ResponseReturnValue:
        """What was done on paper."""
        case, problems = self._there(notice), dict[str, str]()
        step = request.form.get("step", "")
        details = self._details(case, step, problems)
        if problems:
            return self._page(case, problems), 400
        if step == "posted":
            self._desk.book.note_step(case.notice.id, "posted", details, actor())
        elif step == "handed_over":
            self._desk.book.note_step(case.notice.id, "handed_over", details, actor())
        elif step == "witnessed":
            self._desk.book.note_step(case.notice.id, "witnessed", details, actor())
        else:
            abort(400)
        return self._back(case, NOTED, "paper")

    def upload(self, notice: UUID) -> ResponseReturnValue:
        """A scan or a receipt for the case; what it is, its content decides."""
        case, problems = self._there(notice), dict[str, str]()
        kind, scan = request.form.get("kind", ""), read_scan()
        if kind not in UPLOADS:
            problems["kind"] = self._desk.say(NO_UPLOAD)
        if scan is None:
            problems["scan"] = self._desk.say(NO_SCAN, size=str(LARGEST_SCAN // 2**20))
        if scan is None or problems:
            return self._page(case, problems), 400
        data, suffix = scan
        name = f"{case.notice.number}-{kind}.{suffix}"
        self._desk.book.add_file(case.notice.id, cast("Upload", kind), name, data, actor())
        return self._back(case, KEPT, "files")

    def again(self, notice: UUID) -> ResponseReturnValue:
        """A new link for the employee."""
        case = self._there(notice)
        try:
            self._desk.book.send_again(case.notice.id, actor())
        except NoticeTaken:
            return self._back(case, TAKEN)
        return self._back(case, SENT_AGAIN)

    def insure(self, notice: UUID) -> ResponseReturnValue:
        """照常参保: from which day the employee is insured, whatever they answered."""
        case = self._there(notice)
        employee, day = self._employee(case), day_of(request.form.get("insured_from", ""))
        if employee is None:
            abort(404)
        if day is None or not EARLIEST <= day <= LATEST:
            return self._page(case, {"insured_from": self._desk.say(NO_DAY)}), 400
        changes = {"insured_since": day, "uninsured_why": ""}
        self._desk.staff.roster.correct(employee.id, changes, actor())
        return done("notice", self._desk.say(INSURED, day=day.isoformat()), notice=case.notice.id)

    def withdraw(self, notice: UUID) -> ResponseReturnValue:
        """Takes a notice back that nobody has answered."""
        case, problems = self._there(notice), dict[str, str]()
        why = reason(self._desk, "withdraw_why", problems)
        if problems:
            return self._page(case, problems), 400
        try:
            self._desk.book.withdraw(case.notice.id, why, actor())
        except NoticeTaken:
            return self._back(case, TAKEN)
        return self._back(case, WITHDRAWN)

    def hold(self, notice: UUID) -> ResponseReturnValue:
        """Puts the case on legal hold."""
        case, problems = self._there(notice), dict[str, str]()
        why = reason(self._desk, "hold_why", problems)
        if problems:
            return self._page(case, problems), 400
        self._desk.book.hold(case.notice.id, why, actor())
        return self._back(case, HELD, "hold")

    def lift(self, notice: UUID) -> ResponseReturnValue:
        """Ends a hold."""
        case, problems = self._there(notice), dict[str, str]()
        hold = next((each for each in case.holds if each.id == request.form.get("hold")), None)
        if hold is None or hold.lifted_at is not None:
            abort(404)
        why = reason(self._desk, "lift_why", problems)
        if problems:
            return self._page(case, problems), 400
        self._desk.book.lift(case.notice.id, hold.id, why, actor())
        return self._back(case, LIFTED, "hold")

    # -- What the pages are made of ----------------------------------------------------------------------------------

    def _there(self, notice: UUID, why: str = "") -> NoticeCase:
        found = self._desk.book.open(str(notice), actor(), why, may_dibao=bool(why))
        if found is None:
            abort(404)
        return found

    def _back(self, case: NoticeCase, told: str, part: str = "") -> ResponseReturnValue:
        return done("notice", self._desk.say(told), notice=case.notice.id, _anchor=part or None)

    def _employee(self, case: NoticeCase) -> Employee | None:
        return self._desk.staff.roster.get(case.notice.employee)

    def _file(self, case: NoticeCase, id: str, data: bytes | None) -> ResponseReturnValue:
        kept = next((each for each in case.files if each.id == id), None)
        if kept is None:
            abort(404)
        if data is None:
            return self._page(case, {"files": self._desk.say(NOT_OPEN)}), 403
        suffix = scan_kind(data) or "bin"
        return as_file(data, f"{case.notice.number}-{kept.kind}.{suffix}")

    def _details(self, case: NoticeCase, step: str, problems: dict[str, str]) -> dict[str, str]:
        """What is written down with a step; what is wrong with it goes to `problems`."""
        if step == "posted":
            number = request.form.get("post_number", "").strip()
            if not _POST_NUMBER.fullmatch(number):
                problems["post_number"] = self._desk.say(NO_NUMBER)
            return {"number": number}
        if step == "witnessed":
            names = [request.form.get(f"witness_{each}", "").strip() for each in (1, 2)]
            own = case.content.data["employee"]["name"]
            alike = len(set(names)) < len(names) or own in names
            if alike or not all(0 < len(name) <= LONGEST_NAME for name in names):
                problems["witness_1"] = self._desk.say(NO_WITNESSES)
            return {"names": "、".join(names)}
        return {}

    def _page(
        self, case: NoticeCase, problems: Mapping[str, str] | None = None, *, unmasked: bool = False
    ) -> str:
        notice, say = case.notice, self._desk.say
        employee = self._employee(case)
        return render_template(
            "hr_console/notice_case.html",
            **self._told(case),
            employee=employee,
            problems=problems or {},
            texts=request.form if problems else {},
            unmasked=unmasked,
            masked=case.spoken is not None and case.spoken.statement is None,
            open=notice.state in OPEN,
            unsettled=notice.state in UNSETTLED,
            due=self._desk.day_words(notice.due_on),
            late=notice.state in WAITED_FOR and notice.due_on < self._desk.staff.today(),
            uploads=UPLOADS,
            followed=self._followed(case),
            key=str(uuid4()),
            unchanged=self._unchanged(),
            say=say,
            **self._cost(employee),
        )

    def _told(self, case: NoticeCase) -> dict[str, Any]:
        """What page and paper say alike."""
        notice, staff, say = case.notice, self._desk.staff, self._desk.say
        actors = {link.data["actor"] for link in case.events}
        confirmed = self._desk.book.confirmed([notice.employee]).get(notice.employee)
        objected = () if case.spoken is None else case.spoken.lines
        return {
            "case": case,
            "notice": notice,
            "content": case.content.data,
            "cannot": cannot_prove(case, say),
            "can": can_prove(case, say),
            "steps": timeline(case, staff.console.now(), {each: staff.who(each) for each in actors}, say),
            "marks": identity(case, staff.codes.of_employee(notice.employee), confirmed, say),
            "exhibits": exhibits(case, say),
            "worth": worth(case, say),
            "objected": objected,
            "objected_names": [
                line["name"] for line in case.content.data["lines"] if line["key"] in objected
            ],
            "states": STATES,
            "kinds": KINDS,
            "tones": TONES,
            "file_names": FILES,
            "minute": minute,
            "who": staff.who,
            "today": staff.today().isoformat(),
        }

    def _unchanged(self) -> list[tuple[str, dict[str, Any]]]:
        """What a refusal does not change: what the library says, and where that stands."""
        library = self._desk.staff.library
        return [
            (library.statutes[key].text, source_json(library, key))
            for key in UNCHANGED
            if key in library.statutes
        ]

    def _cost(self, employee: Employee | None) -> dict[str, Any]:
        """What is owed on the days to come, for somebody who is not insured."""
        if employee is None or employee.insured_since is not None or employee.state == "left":
            return {"cost": None, "no_cost": ""}
        staff = self._desk.staff
        today = staff.today()
        days: list[date] = [today + timedelta(days=each) for each in LATER]
        who = Uninsured(employee, staff.records.pay_months(employee.id))
        found = running_cost(staff.library, who, staff.companies.accounts(), today, staff.say, days)
        if isinstance(found, Running):
            return {"cost": found if found.sheet else None, "no_cost": ""}
        return {"cost": None, "no_cost": MISSING[found]}

    def _followed(self, case: NoticeCase) -> list[Followed]:
        """The inbox's cases that came of it, for those who work there; each sees what they may see."""
        numbers = tasks(case)
        if not numbers or not account().may("inbox"):
            return []
        cases, viewer = self._desk.staff.cases, viewer_of(account())
        page = cases.find(Search(employees=(case.notice.employee,)), viewer, limit=MOST_CASES)
        now, say = self._desk.staff.console.now(), self._desk.say
        found = []
        for line in (each for each in page.lines if each.number in numbers):
            said = cases.transcript(line.number, viewer)
            waits = line.state != "done" and line.due_at is not None
            found.append(
                Followed(
                    line=line,
                    due=due_words(line.due_at, now, say) if waits and line.due_at is not None else "",
                    overdue=waits and line.due_at is not None and line.due_at < now,
                    mine=line.assignee in (None, viewer.account) and line.state != "done",
                    asked=line.kind not in NOBODY_ASKED,
                    said=tuple(each for each in said if each.author != "assistant"),
                    seen=said[-1].seq if said else 0,
                    times=tuple(moment(each.at, now, say) for each in said if each.author != "assistant"),
                )
            )
        return found


@dataclass(frozen=True, slots=True)
class Followed:
    """A case of the inbox that came of a notice: by when it is due, and what was said in it since. `mine`: nobody else has it;
    `asked`: the employee waits for an answer."""

    line: CaseLine
    due: str
    overdue: bool
    mine: bool
    asked: bool
    said: tuple[Said, ...] = field(repr=False)
    seen: int = 0
    times: tuple[str, ...] = ()

    @property
    def bubbles(self) -> list[tuple[Said, str]]:
        """What was said, and when."""
        return list(zip(self.said, self.times, strict=True))
