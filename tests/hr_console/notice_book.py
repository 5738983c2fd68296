"""Notices in memory that keep the protocol `notices.book.NoticeBook`, and what happens to them.

`work` does what the job does, `adds` writes an event, `answers` is the employee: whoever runs the tests over a storage does
the same there. PYTEST_DONT_REWRITE: the search for doctests imports this module before the tests name it as their plugin.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import count
from typing import Any
from uuid import uuid4

from audit.case_chain import CaseEvent, CaseLink, check_case, link_event
from audit.heads import Signer
from documents.rendering import MissingGlyph
from notices.book import (
    A_PAGE,
    Batch,
    BatchRow,
    Blocked,
    Bundle,
    EnteredFigure,
    Hindrance,
    Hold,
    KeptFile,
    NoticeBook,
    NoticeCase,
    NoticeLine,
    NoticePage,
    NoticeSearch,
    NoticeTaken,
    PaperStep,
    Plan,
    RowState,
    SealHealth,
    Spoken,
    Upload,
    YearlyCharge,
)
from notices.notice import OPEN, Content, Notice, NoticeKind, NoticeState, Outcome
from people.employees import Employee, Roster

SIGNER = Signer(bytes(range(32)))
PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\n%%EOF\n"
CODE = "7K4M-9QXD-2HTR"
SHANGHAI_LINES = (
    ("pension", "养老保险", "8", "280.00", "16", "560.00"),
    ("medical", "医疗保险", "2", "70.00", "7", "245.00"),
    ("unemployment", "失业保险", "0.5", "17.50", "0.5", "17.50"),
    ("work_injury", "工伤保险", "0", "0.00", "0.4", "14.00"),
)


def content_of(employee: Employee, plan: Plan, number: str, on: date) -> Content:
    """A notice in the shape of `notices.drafting.draft`, with figures of nobody's region."""
    lines = [
        {
            "key": key, "name": name, "base": "3500.00", "employee_rate": own, "employee": paid,
            "employer_rate": other, "employer": theirs, "fixed": False, "entered": False, "source": 0, "before": None,
            "changed": key == "medical",
        }
        for key, name, own, paid, other, theirs in SHANGHAI_LINES
    ]  # fmt: skip
    sections = [
        {"key": key, "title": title, "paragraphs": [text]}
        for key, title, text in (
            ("basis", "为什么告诉你", "单位每个月给你缴社会保险费，从工资里代扣你的那份，这里写明缴多少。"),
            ("amounts", "怎么算的", "缴费基数是你上年的月平均工资，低于下限的按下限算。"),
            ("duty", "单位和你的义务", "缴费是法律规定的，你不签也照样交；签只表示你看到了。"),
            ("rights", "不对怎么办", "哪一行不对，点那一行写下来，人事会答复你。也可以打 12333。"),
            ("signing", "签名", "签收只表示收到、看过，什么权利都没有少。"),
        )
    ]
    return Content(
        {
            "form": "shebao notice 1", "template": "contribution_notice/1", "template_sha256": "00" * 32,
            "kind": plan.kind, "number": number, "on": on.isoformat(), "month": f"{plan.month:%Y-%m}",
            "due_on": plan.due_on.isoformat(),
            "company": {"name": "小河边服装厂", "credit_code": "91320500MA1MX00X0K", "contact": "人事 赵静"},
            "employee": {"name": employee.name, "number": employee.number, "id_tail": employee.id_number[-4:]},
            "place": {"code": employee.region, "name": "江苏省苏州市"},
            "wage": "3500.00", "base_wage": "3500.00", "lines": lines,
            "yearly": [], "totals": {"employee": "367.50", "employer": "836.50"},
            "income_tax": None, "take_home": "3132.50", "sections": sections,
            "sources": [
                {
                    "title": "中华人民共和国社会保险法", "number": None, "article": "第六十条", "url": "",
                    "status": "in_force", "effective_from": "2011-07-01",
                }
            ],
            "warnings": [], "supersedes": None, "why": plan.why, "ruleset": {"version": "1", "sha256": "00" * 32},
        }
    )  # fmt: skip


@dataclass
class Kept:
    """A notice with all that belongs to it."""

    notice: Notice
    content: Content
    batch: str
    events: list[CaseLink] = field(default_factory=list)
    files: dict[str, tuple[KeptFile, bytes]] = field(default_factory=dict)
    spoken: Spoken | None = None
    holds: list[Hold] = field(default_factory=list)


@dataclass
class MemoryBook(NoticeBook):
    """The notices of one test. `lacking` are figures that the library lacks, as (region, insurance)."""

    roster: Roster
    now: Callable[[], datetime]
    company: str = "小河边服装厂"
    lacking: set[tuple[str, str]] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    looks: list[tuple[str, str, str]] = field(default_factory=list)
    seal_health: SealHealth = field(default_factory=SealHealth)
    broken: set[str] = field(default_factory=set)
    self_made: bool = True

    def __post_init__(self) -> None:
        self.made: dict[str, Batch] = {}
        self.lines: dict[str, dict[str, BatchRow]] = {}
        self.kept: dict[str, Kept] = {}
        self.scans: dict[str, tuple[date, str, bytes]] = {}
        self.entered: dict[tuple[str, str], EnteredFigure] = {}
        self.yearly: dict[tuple[str, str], YearlyCharge] = {}
        self.numbers = count(122)

    # -- What the tests do ---------------------------------------------------------------------------------------------

    def run(self, id: str) -> None:
        """A batch is to be worked on soon."""
        self.asked.append(id)

    def work(self, id: str, most: int = 10**6) -> None:
        """What the job does with a batch, for so many rows."""
        batch, rows = self.made[id], self.lines[id]
        state, of = ("waiting", self._drafted) if batch.state == "drafting" else ("ready", self._issued)
        todo = [each for each in rows.values() if each.state == state]
        for row in todo[:most]:
            rows[row.employee] = of(row, batch)
        if len(todo) <= most:
            after = "preview" if batch.state == "drafting" else "done"
            self.made[id] = replace(batch, state=after)  # type: ignore[arg-type]

    def issued(self, employee: Employee, by: str = "system", **fields: Any) -> Notice:
        """A notice for somebody, through a batch of one."""
        given = {"kind": "notice", "month": date(2026, 10, 1), "due_on": date(2026, 10, 22)} | fields
        id = self.begin(Plan(employees=(employee.id,), **given), by)
        self.work(id)
        self.issue(id, by)
        self.work(id)
        row = self.row(id, employee.id)
        assert row is not None and row.notice is not None, row
        return self.kept[row.notice].notice

    def adds(self, id: str, type: str, data: Mapping[str, Any] | None = None, **values: str) -> None:
        """An event of the chain."""
        kept = self.kept[id]
        event = CaseEvent(type, values.pop("actor", "system"), data or {}, values)
        before = kept.events[-1] if kept.events else None
        kept.events.append(link_event(id, len(kept.events) + 1, event, self.now(), before, SIGNER))

    def reads(self, id: str) -> None:
        """The employee comes in with the code and reads to the end."""
        self.adds(id, "sent", {"channel": "wecom", "step": 1, "kind": "first"})
        self.adds(id, "looked")
        self.adds(id, "code_sent", {"channel": "wecom"})
        self.adds(id, "entered", {"by": ["channel", "code", "id_tail"], "device": "a1"}, actor="employee")
        self.adds(id, "read", {"seconds": 95}, actor="employee")
        self.adds(id, "checked", {"own_share": True, "month": True}, actor="employee")

    def answers(
        self,
        id: str,
        outcome: Outcome,
        statement: str = "",
        lines: tuple[str, ...] = (),
        *,
        dibao: bool = False,
    ) -> None:
        """The employee answers, and the answer is sealed."""
        kept = self.kept[id]
        self.adds(
            id, "answered", {"outcome": outcome, "lines": list(lines)}, actor="employee", statement=statement
        )
        kept.notice = replace(kept.notice, state=outcome, answered_at=self.now(), tells_dibao=dibao)
        kept.spoken = Spoken(lines, statement)
        self.adds(id, "sealed", {"level": "B-B", "timestamp": "none", "sealed_sha256": "ab" * 32})
        self._keep(kept, "sealed", f"{kept.notice.number}.pdf", PDF, "system", masked=dibao)
        self.adds(id, "copy_sent", {"channel": "wecom"})

    def passes(self, id: str) -> None:
        """The last day has passed in silence."""
        self.adds(id, "silent")
        self.kept[id].notice = replace(self.kept[id].notice, state="silent")

    # -- Batches -------------------------------------------------------------------------------------------------------

    def begin(self, plan: Plan, by: str) -> str:
        id = str(uuid4())
        people = [self.roster.get(each) for each in plan.employees]
        self.lines[id] = {
            each.id: BatchRow(each.id, each.name, each.number, "waiting")
            for each in people
            if each is not None
        }
        self.made[id] = Batch(id, plan, "drafting", by, self.now(), {})
        return id

    def batches(self, limit: int = 20) -> tuple[Batch, ...]:
        return tuple(self._counted(each) for each in list(self.made)[::-1][:limit])

    def batch(self, id: str) -> Batch | None:
        return self._counted(id) if id in self.made else None

    def rows(self, id: str, state: RowState | None = None, page: int = 1) -> tuple[BatchRow, ...]:
        found = [each for each in self.lines[id].values() if state in (None, each.state)]
        return tuple(replace(each, content=None) for each in found[(page - 1) * A_PAGE : page * A_PAGE])

    def row(self, id: str, employee: str) -> BatchRow | None:
        return self.lines[id].get(employee)

    def hindrances(self, id: str) -> tuple[Hindrance, ...]:
        found: Counter[tuple[Blocked, str, str]] = Counter()
        for row in self.lines[id].values():
            if row.state != "blocked" or row.why is None:
                continue
            employee = self.roster.get(row.employee)
            if row.why == "incomplete" and employee is not None:
                found.update(
                    (row.why, employee.region, insurance) for insurance in self._lacking(employee.region)
                )
            else:
                found[row.why, "", ""] += 1
        return tuple(
            Hindrance(why, number, region, insurance)
            for (why, region, insurance), number in found.most_common()
        )

    def leave_out(self, id: str, employee: str, out: bool, by: str) -> None:
        row = self.lines[id][employee]
        self.lines[id][employee] = replace(row, state="left_out" if out else "ready")

    def draft_again(self, id: str, by: str) -> None:
        self.made[id] = replace(self.made[id], state="drafting")
        for employee, row in self.lines[id].items():
            if row.state == "blocked":
                self.lines[id][employee] = replace(row, state="waiting", why=None, detail="")

    def issue(self, id: str, by: str) -> None:
        self.made[id] = replace(self.made[id], state="issuing")

    def discard(self, id: str, by: str) -> None:
        self.made[id] = replace(self.made[id], state="discarded")

    # -- Notices -------------------------------------------------------------------------------------------------------

    def standing(self, kind: NoticeKind, month: date) -> frozenset[str]:
        issued = (each.notice for each in self.kept.values())
        found = [each for each in issued if (each.kind, each.month) == (kind, month)]
        return frozenset(each.employee for each in found if each.state not in ("superseded", "withdrawn"))

    def find(self, search: NoticeSearch, page: int = 1) -> NoticePage:
        today = self.now().date()
        found = [
            each
            for each in reversed(self.kept.values())
            if _is_sought(each, search, today)
        ]  # fmt: skip
        shown = found[(page - 1) * A_PAGE : page * A_PAGE]
        return NoticePage(tuple(map(self._line, shown)), len(found), page)

    def counts(self) -> Mapping[NoticeState, int]:
        return Counter(each.notice.state for each in self.kept.values())

    def open(self, id: str, by: str, why_unmasked: str = "", *, may_dibao: bool = False) -> NoticeCase | None:
        if id not in self.kept:
            return None
        kept = self.kept[id]
        self.looks.append((id, by, why_unmasked))
        bare = not kept.notice.tells_dibao or (may_dibao and bool(why_unmasked))
        if why_unmasked and may_dibao:
            self.adds(id, "unmasked", {"by": by}, actor=by, why=why_unmasked)
        spoken = kept.spoken
        if spoken is not None and not bare:
            spoken = replace(spoken, statement=None)
        check = check_case(id, kept.events, SIGNER.public)
        seal: dict[str, Any] = {
            "chain": "altered" if id in self.broken else check.why,
            "self_made": self.self_made,
        }
        if any(each.kind == "sealed" for each, _ in kept.files.values()):
            seal |= {"file": True, "code": CODE}
        return NoticeCase(
            notice=kept.notice,
            content=kept.content,
            events=tuple(kept.events),
            files=tuple(each for each, _ in kept.files.values()),
            spoken=spoken,
            holds=tuple(kept.holds),
            batch=kept.batch,
            seal=seal,
        )

    def file(
        self, id: str, file: str, by: str, why_unmasked: str = "", *, may_dibao: bool = False
    ) -> bytes | None:
        found = self.kept[id].files.get(file)
        if found is None or (found[0].masked and not (may_dibao and why_unmasked)):
            return None
        return found[1]

    def bundle(self, id: str, by: str, why_unmasked: str = "", *, may_dibao: bool = False) -> Bundle | None:
        kept = self.kept.get(id)
        if kept is None or not any(file.kind == "sealed" for file, _ in kept.files.values()):
            return None
        if kept.notice.tells_dibao and not (may_dibao and why_unmasked):
            return None
        data = b"PK evidence"
        self.adds(id, "exported", {"sha256": hashlib.sha256(data).hexdigest()}, actor=by)
        return Bundle(f"{self.kept[id].notice.number}.zip", data)

    def of_task(self, number: str) -> str | None:
        for id, kept in self.kept.items():
            for event in kept.events:
                if event.data["type"] == "task" and event.data["data"]["number"] == number:
                    return id
        return None

    def health(self) -> SealHealth:
        return self.seal_health

    def withdraw(self, id: str, why: str, by: str) -> None:
        self._still_open(id)
        self.adds(id, "withdrawn", actor=by, why=why)
        self.kept[id].notice = replace(self.kept[id].notice, state="withdrawn")

    def send_again(self, id: str, by: str) -> None:
        self._still_open(id)
        self.adds(id, "sent", {"channel": "wecom", "step": 1, "kind": "again"}, actor=by)

    def add_file(self, id: str, kind: Upload, name: str, data: bytes, by: str) -> None:
        self._keep(self.kept[id], kind, name, data, by)
        self.adds(id, "file_added", {"kind": kind, "sha256": hashlib.sha256(data).hexdigest()}, actor=by)

    def note_step(self, id: str, step: PaperStep, details: Mapping[str, str], by: str) -> None:
        self.adds(id, step, actor=by, **details)

    def hold(self, id: str, why: str, by: str) -> None:
        self.kept[id].holds.append(Hold(str(uuid4()), by, self.now(), why))
        self.adds(id, "hold", actor=by, why=why)

    def lift(self, id: str, hold: str, why: str, by: str) -> None:
        holds = self.kept[id].holds
        self.kept[id].holds = [
            replace(each, lifted_at=self.now()) if each.id == hold else each for each in holds
        ]
        self.adds(id, "hold_lifted", actor=by, why=why)

    def confirm(self, employee: str, signed_on: date, name: str, scan: bytes, by: str) -> None:
        self.scans[employee] = (signed_on, name, scan)

    def confirmed(self, employees: Sequence[str]) -> Mapping[str, date]:
        return {each: self.scans[each][0] for each in employees if each in self.scans}

    def figures(self) -> tuple[EnteredFigure, ...]:
        return tuple(self.entered.values())

    def enter_figure(self, figure: EnteredFigure, by: str) -> None:
        self.entered[figure.region, figure.insurance] = figure

    def charges(self) -> tuple[YearlyCharge, ...]:
        return tuple(self.yearly.values())

    def set_charge(self, charge: YearlyCharge, by: str) -> None:
        self.yearly[charge.region, charge.name] = charge

    def remove_charge(self, region: str, name: str, by: str) -> None:
        self.yearly.pop((region, name), None)

    # -- How -----------------------------------------------------------------------------------------------------------

    def _lacking(self, region: str) -> list[str]:
        return sorted(
            name for each, name in self.lacking if each == region and (each, name) not in self.entered
        )

    def _drafted(self, row: BatchRow, batch: Batch) -> BatchRow:
        employee = self.roster.get(row.employee)
        assert employee is not None
        why: Blocked | None = None
        if not self.company:
            why = "no_company"
        elif employee.wage is None:
            why = "no_wage"
        elif self._lacking(employee.region):
            why = "incomplete"
        if why is not None:
            return replace(row, state="blocked", why=why, detail=" ".join(self._lacking(employee.region)))
        number = f"N-{next(self.numbers):06}"
        return replace(
            row, state="ready", content=content_of(employee, batch.plan, number, self.now().date())
        )

    def _issued(self, row: BatchRow, batch: Batch) -> BatchRow:
        assert row.content is not None
        id, plan = str(uuid4()), batch.plan
        notice = Notice(
            id, row.content.data["number"], row.employee, plan.kind, plan.month, "issued", row.content.sha256,
            self.now(), batch.made_by, plan.due_on,
        )  # fmt: skip
        self.kept[id] = Kept(notice, row.content, batch.id)
        scan = self.scans.get(row.employee)
        confirmation = None if scan is None else hashlib.sha256(scan[2]).hexdigest()
        data = {"content_sha256": row.content.sha256, "kind": plan.kind, "confirmation": confirmation}
        self.adds(id, "issued", data, actor=batch.made_by, name=row.name)
        if scan is not None:
            self._keep(self.kept[id], "confirmation", scan[1], scan[2], "system")
        return replace(row, state="issued", notice=id)

    def _keep(self, kept: Kept, kind: Any, name: str, data: bytes, by: str, *, masked: bool = False) -> None:
        sha256 = hashlib.sha256(data).hexdigest()
        file = KeptFile(str(uuid4()), kind, name, sha256, len(data), self.now(), by, masked)
        kept.files[file.id] = (file, data)

    def _still_open(self, id: str) -> None:
        if self.kept[id].notice.state not in OPEN:
            raise NoticeTaken

    def _counted(self, id: str) -> Batch:
        counts: Counter[RowState] = Counter(each.state for each in self.lines[id].values())
        return replace(self.made[id], counts=counts)

    def _line(self, kept: Kept) -> NoticeLine:
        last, employee = kept.events[-1].data, kept.content.data["employee"]
        at = datetime.fromisoformat(last["at"])
        return NoticeLine(kept.notice, employee["name"], employee["number"], last["type"], at)


def _is_sought(kept: Kept, search: NoticeSearch, today: date) -> bool:
    it = kept.notice
    if search.state == "late" and not (it.state in ("issued", "silent") and it.due_on < today):
        return False
    wanted = "" if search.state == "late" else search.state
    return all(
        not asked or asked == have
        for asked, have in (
            (wanted, it.state),
            (search.kind, it.kind),
            (search.month, it.month),
            (search.employee, it.employee),
            (search.batch, kept.batch),
        )
    )


class MemoryPapers:
    """Papers that name what they are of. A name with 𫚉 cannot be printed."""

    def draft(self, content: Content) -> bytes:
        return self._paper("draft", content.data["employee"]["name"])

    def notice(self, content: Content) -> bytes:
        return self._paper("notice", content.data["employee"]["name"])

    def witness_form(self, content: Content) -> bytes:
        return self._paper("witness_form", content.data["employee"]["name"])

    def confirmations(self, people: Sequence[Employee]) -> bytes:
        return self._paper("confirmations", *(each.number for each in people))

    def _paper(self, *words: str) -> bytes:
        for word in words:
            if "𫚉" in word:
                raise MissingGlyph("𫚉")
        return b"%PDF-1.7\n" + " ".join(words).encode() + b"\n%%EOF\n"
