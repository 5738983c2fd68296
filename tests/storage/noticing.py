"""What tests of notices share: a notice of the October contributions of somebody, issued, sent and opened."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from databases import Clock
from staffing import HR
from talking import Post

from audit.case_chain import CaseLink, check_case
from delivery.outbox import deliver_due
from notices.answering import Answer, Question, Stroke, Visitor
from notices.book import NoticeSearch, Plan
from notices.issuing import Blockage, Issuer
from notices.notice import Content
from people.employees import Employee
from storage.case_log import chain_of
from storage.notice_book import StoredNoticeBook
from storage.notice_desk import DeskRules, StoredDesk
from storage.notice_ladder import StoredLadder
from storage.opening import Storage

TEXT = "《社会保险缴纳告知书》的正文"
TEXT_HASH = hashlib.sha256(TEXT.encode()).hexdigest()
CONSENT = hashlib.sha256("同意书".encode()).hexdigest()
MONTH = date(2026, 10, 1)
DUE = date(2026, 10, 22)
ADDRESS = "https://shebao.example"
QUESTIONS = (
    (Question("own_share", ("524.96", "300.00", "0.00")), "524.96"),
    (Question("meaning", ("只表示看到了", "表示同意")), "只表示看到了"),
)
STROKES = (Stroke(((100, 100, 0), (200, 180, 40), (300, 90, 80))), Stroke(((350, 100, 200), (420, 200, 260))))
PHONE = Visitor("a browser of her own", "198.51.100.7", "a phone")
OTHER = Visitor("a browser of somebody else", "203.0.113.9", "a computer")


def content(plan: Plan, employee: Employee, own: str = "524.96") -> Content:
    """A notice as it is drafted, with as little as the stores look at."""
    return Content(
        {
            "form": "shebao notice 1",
            "template": "contribution_notice/1",
            "template_sha256": TEXT_HASH,
            "kind": plan.kind,
            "number": "",
            "on": "2026-10-15",
            "month": f"{plan.month:%Y-%m}",
            "due_on": plan.due_on.isoformat(),
            "company": {"name": "苏州某厂"},
            "employee": {"name": employee.name, "number": employee.number, "id_tail": ""},
            "lines": [{"key": "pension", "employee": own, "employer": "719.04"}],
            "supersedes": None,
            "why": plan.why,
        }
    )


def plan(*people: Employee, corrects: bool = False) -> Plan:
    return Plan(
        "notice", MONTH, DUE, tuple(each.id for each in people), corrects, "改了基数" if corrects else ""
    )


@dataclass
class Desk:
    """The notices of a storage with everything around them; `sealed` are those that were answered."""

    storage: Storage
    clock: Clock
    own: str = "524.96"
    blocked: Mapping[str, Blockage] = field(default_factory=dict)
    answered: list[str] = field(default_factory=list)
    posts: dict[str, Post] = field(default_factory=lambda: {"wecom": Post(), "sms": Post()})

    def __post_init__(self) -> None:
        database, keys = self.storage.database, self.storage.keys
        due = self.storage.service.due
        self.storage.ways.channels = tuple(self.posts)
        self.book = StoredNoticeBook(
            database,
            keys,
            self.clock,
            lambda hash: ("contribution_notice-1", TEXT),
            lambda draft, number, before: Content({**draft.data, "number": number, "supersedes": before}),
        )
        rules = DeskRules(
            questions=lambda content: QUESTIONS,
            consent=lambda: CONSENT,
            is_signature=lambda strokes: len(strokes) > 1,
            fingerprint=lambda strokes: repr([each.points for each in strokes]),
            own=lambda employee: {"verdict": "within"},
            tells_dibao=lambda text: "低保" in text,
        )
        self.desk = StoredDesk(database, keys, self.clock, rules, due, self.answered.append)
        self.ladder = StoredLadder(
            database, keys, self.storage.ways, lambda on: on.weekday() < 5, due, self.clock, ADDRESS
        )
        self.issuer = Issuer(self.book, self.draft)

    def draft(self, plan: Plan, employee: Employee) -> Content | Blockage:
        return self.blocked.get(employee.name) or content(plan, employee, self.own)

    def issue(self, *people: Employee, corrects: bool = False) -> str:
        """Issues a notice to each in one batch; the batch."""
        batch = self.book.begin(plan(*people, corrects=corrects), HR)
        self.issuer.run(batch)
        self.book.issue(batch, HR)
        self.issuer.run(batch)
        return batch

    def notice(self, employee: Employee) -> str:
        """The notice of somebody that stands."""
        lines = self.book.find(NoticeSearch(employee=employee.id)).lines
        return next(each.notice.id for each in lines if each.notice.state not in ("superseded", "withdrawn"))

    def send(self) -> None:
        """What the jobs do in a minute."""
        self.ladder.work()
        deliver_due(self.storage.outbox, self.posts, self.clock)
        self.ladder.work()

    def said(self, channel: str = "wecom") -> list[str]:
        return self.posts[channel].texts

    def token(self, channel: str = "wecom") -> str:
        """The token of the last link that somebody got."""
        found = [text for text in self.said(channel) if "/notices/" in text][-1]
        match = re.search(r"/notices/([\w-]+)", found)
        assert match is not None
        return match[1]

    def code(self, token: str, visitor: Visitor = PHONE, channel: str = "wecom") -> str:
        """Asks for a code and reads it off the phone."""
        self.desk.send_code(token, visitor)
        deliver_due(self.storage.outbox, self.posts, self.clock)
        match = re.search(r"\d{6}", self.said(channel)[-1])
        assert match is not None
        return match[0]

    def enter(self, visitor: Visitor = PHONE, id_tail: str = "") -> str:
        """Goes in by the last link; the ticket."""
        token = self.token()
        return self.desk.enter(token, visitor, self.code(token, visitor), id_tail)

    def answer(self, ticket: str, outcome: str = "acknowledged", **values: Any) -> Answer:
        """An answer to what the visit shows."""
        shown = self.desk.visit(ticket, PHONE).content.sha256
        strokes: Sequence[Stroke] = () if outcome == "refused" else STROKES
        return Answer(
            **{"outcome": outcome, "shown": shown, "consent": CONSENT, "strokes": tuple(strokes)} | values
        )  # type: ignore[arg-type]

    def chain(self, notice: str) -> tuple[CaseLink, ...]:
        """A notice's chain, which is whole."""
        with self.storage.database.read() as connection:
            links = chain_of(connection, self.storage.keys, notice)
        assert check_case(notice, links, self.storage.keys.signer().public).why is None
        return links

    def events(self, notice: str) -> list[str]:
        return [each.data["type"] for each in self.chain(notice)]
