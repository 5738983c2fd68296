"""阿丽's notice and a desk to answer it at: a small one in memory, which keeps the rules of `AnswerDesk`, or the stored one."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

from flask import Flask
from flask.testing import FlaskClient
from noticing import Desk as Noticed
from staffing import HR, hire
from talking import message, say
from werkzeug.test import TestResponse

from delivery.outbox import deliver_due
from notices.answering import (
    CODE_LIFE,
    CODE_PAUSE,
    CODE_TRIES,
    IDLE,
    LINK_LIFE,
    LONGEST_STATEMENT,
    Answer,
    AnswerDesk,
    Answered,
    Denied,
    Door,
    NotDone,
    SealedFile,
    Visit,
    Visitor,
)  # fmt: skip
from notices.book import Plan
from notices.consent import CURRENT
from notices.drafting import Issuer, Occasion, draft
from notices.notice import READABLE, Content, Notice, NoticeKind
from notices.questions import graded, questions
from notices.strokes import fingerprint, is_signature
from notices.views import CHINA, TICKET, NoticePages, create_blueprint
from people.bindings import Bind
from people.employees import Employee
from policy_kb.calculation import calculate
from policy_kb.library import Library
from storage.notice_desk import DeskRules, StoredDesk
from storage.opening import Storage
from web_calc import languages

NOVEMBER = date(2026, 11, 1)
DUE = date(2026, 10, 22)
TODAY = date(2026, 10, 15)
CASE = {
    "region": "320500", "dibao_region": "341202", "area": "rural", "on": "2026-10-15", "standard_monthly": "800.00",
    "household": {"size": 4, "dibao": "receiving", "other_income": "0.00", "earners": [{"wage": "3500.00"}]},
}  # fmt: skip
#: What a hand draws: two strokes that go up and down.
DRAWN = [
    [[100 + step * 20, 250 + (step % 5) * 40, step * 16] for step in range(20)],
    [[520 + step * 15, 180 + (step % 4) * 60, 700 + step * 18] for step in range(18)],
]
HERE = {"Origin": "http://localhost"}
JSON = {"Accept": "application/json", **HERE}
SECRET = "of the test"


def ali_content(library: Library, number: str = "N-000123", **fields: Any) -> Content:
    """阿丽's notice, as it is drafted for 3500 yuan in Suzhou."""
    given = {"region": "320500", "wage": 350_000, "id_number": "11010519491231002X"} | fields
    employee = Employee("e-ali", "A0034", given.pop("name", "阿丽"), **given)
    issuer = Issuer("苏州明亮电子有限公司", "", "人事 赵静")
    kind: NoticeKind = "statement" if employee.insured_since else "notice"
    return draft(library, employee, Occasion(kind, NOVEMBER, TODAY, DUE, number, issuer))


def right_answers(content: Content) -> dict[str, str]:
    return {each.question.key: each.right for each in questions(content)}


class Given(Protocol):
    """A desk with a notice of 阿丽's that was sent, and what a test does around it."""

    desk: AnswerDesk
    clock: Any
    token: str

    def link(self) -> str:
        """Another link to the notice; the one before ends."""

    def code(self) -> str:
        """The last code that was sent."""

    def another(self) -> str:
        """A link to 老周's notice, in a chat of his own."""

    def take_back(self) -> None:
        """HR withdraws the notice."""

    def events(self) -> list[str]:
        """What happened, by type."""


# -- The small desk


@dataclass
class Case:
    """A notice of somebody with everything about it."""

    notice: Notice
    content: Content
    id_tail: str
    answered: Answered | None = None
    answer: Answer | None = None
    pdf: bytes = b""
    events: list[str] = field(default_factory=list)


@dataclass
class Link:
    """A link and the visit behind it."""

    case: Case
    made_at: datetime
    browser: str = ""
    code: str = ""
    code_at: datetime | None = None
    tries: int = 0
    ended: Denied | None = None
    ticket: str = ""
    seen_at: datetime | None = None
    read: bool = False
    checked: set[str] = field(default_factory=set)


class SmallDesk(AnswerDesk):
    """A desk in memory."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.links: dict[str, Link] = {}
        self.own: Mapping[str, Any] | None = None
        self.sent: list[str] = []
        self.reachable = True
        self.channel = "wechat"
        self.locale = "zh_Hans"
        self.consent = CURRENT.sha256
        self.seen_strokes: set[str] = set()

    def add_link(self, case: Case) -> str:
        for each in self.links.values():
            if each.case is case:
                each.ended = each.ended or "void_link"
        token = secrets.token_urlsafe(16)
        self.links[token] = Link(case, self.now())
        return token

    def look(self, token: str, visitor: Visitor) -> Door:
        link = self._link(token, visitor)
        link.case.events.append("looked")
        return self._door(link)

    def send_code(self, token: str, visitor: Visitor) -> Door:
        link, now = self._link(token, visitor, entering=True), self.now()
        if link.code_at is not None and now < link.code_at + CODE_PAUSE:
            self._deny(link, "too_soon", int((link.code_at + CODE_PAUSE - now).total_seconds()) + 1)
        if not self.reachable:
            self._deny(link, "not_reachable")
        link.browser, link.code, link.code_at = visitor.browser, f"{secrets.randbelow(10**6):06}", now
        self.sent.append(link.code)
        link.case.events.append("code_sent")
        return self._door(link)

    def enter(self, token: str, visitor: Visitor, code: str, id_tail: str) -> str:
        link = self._link(token, visitor, entering=True)
        if not link.code or link.code_at is None or self.now() > link.code_at + CODE_LIFE:
            self._deny(link, "no_code")
        wrong: Denied | None = "wrong_code" if code != link.code else None
        if wrong is None and link.case.id_tail and id_tail != link.case.id_tail:
            wrong = "wrong_id"
        if wrong is not None:
            link.tries += 1
            if link.tries >= CODE_TRIES:
                link.ended = "locked"
                self._deny(link, "locked")
            self._deny(link, wrong, CODE_TRIES - link.tries)
        link.browser, link.ticket, link.code = visitor.browser, secrets.token_urlsafe(16), ""
        link.seen_at = self.now()
        link.case.events.append("entered")
        return link.ticket

    def visit(self, ticket: str, visitor: Visitor) -> Visit:
        link = self._at(ticket, visitor)
        case = link.case
        return Visit(
            id="v-1", notice=case.notice, content=case.content, locale=self.locale, read=link.read,
            questions=tuple(each.question for each in questions(case.content)), checked=dict.fromkeys(link.checked, True),
            own=self.own, answer=case.answered, channel=self.channel,
        )  # fmt: skip

    def read(self, ticket: str, visitor: Visitor, seconds: int) -> None:
        link = self._at(ticket, visitor)
        link.read = True
        link.case.events.append("read")

    def check(self, ticket: str, visitor: Visitor, answers: Mapping[str, str]) -> Mapping[str, bool]:
        link = self._at(ticket, visitor)
        found = {key: right for key, right in graded(link.case.content, answers).items() if key in answers}
        link.checked |= {key for key, right in found.items() if right}
        return found

    def answer(self, ticket: str, visitor: Visitor, answer: Answer) -> Answered:
        link = self._at(ticket, visitor)
        case = link.case
        if (why := self._refusal(link, answer)) is not None:
            self._deny(link, why)
        if answer.strokes:
            self.seen_strokes.add(fingerprint(answer.strokes))
        case.answer, case.answered = answer, Answered(answer.outcome, self.now())
        case.notice = replace(case.notice, state=answer.outcome)
        case.events.append("answered")
        return case.answered

    def _refusal(self, link: Link, answer: Answer) -> Denied | None:
        case, said = link.case, answer.statement.strip()
        wordless = not said and (
            answer.outcome == "refused" or (answer.outcome == "objected" and not answer.lines)
        )
        known = {line["key"] for line in case.content.data["lines"]}
        bad = not is_signature(answer.strokes) or fingerprint(answer.strokes) in self.seen_strokes
        found: tuple[tuple[bool, Denied], ...] = (
            (case.answered is not None, "answered"),
            (self.now().astimezone(CHINA).date() > case.notice.due_on, "late"),
            (answer.shown != case.content.sha256 or not known.issuperset(answer.lines), "other_text"),
            (answer.consent != self.consent, "old_consent"),
            (not link.read, "not_read"),
            (len(link.checked) < len(questions(case.content)), "not_checked"),
            (len(answer.statement) > LONGEST_STATEMENT, "too_long"),
            (wordless, "no_statement"),
            (answer.outcome != "refused" and not answer.strokes, "no_signature"),
            (bool(answer.strokes) and bad, "bad_signature"),
        )
        return next((why for holds, why in found if holds), None)

    def file(self, ticket: str, visitor: Visitor) -> SealedFile:
        return SealedFile("告知书 N-000123.pdf", self._at(ticket, visitor).case.pdf)

    def leave(self, ticket: str) -> None:
        for link in self.links.values():
            if link.ticket and link.ticket == ticket:
                link.seen_at = None

    def _door(self, link: Link) -> Door:
        sent = bool(link.code) and link.code_at is not None and self.now() <= link.code_at + CODE_LIFE
        again = None if link.code_at is None else link.code_at + CODE_PAUSE
        return Door(self.locale, bool(link.case.id_tail), self.channel, sent, again)

    def _link(self, token: str, visitor: Visitor, *, entering: bool = False) -> Link:
        link = self.links.get(token)
        if link is None:
            raise NotDone("unknown_link")
        if link.ended is not None:
            self._deny(link, link.ended)
        if self.now() >= link.made_at + LINK_LIFE:
            self._deny(link, "expired_link")
        self._refuse(link, visitor)
        if entering and link.ticket and link.browser != visitor.browser:
            self._deny(link, "used_link")
        return link

    def _at(self, ticket: str, visitor: Visitor) -> Link:
        link = next((each for each in self.links.values() if each.ticket and each.ticket == ticket), None)
        if link is None:
            raise NotDone("unknown_link")
        if link.ended is not None or link.seen_at is None or self.now() > link.seen_at + IDLE:
            self._deny(link, "over")
        if link.browser != visitor.browser:
            self._deny(link, "used_link")
        self._refuse(link, visitor)
        link.seen_at = self.now()
        return link

    def _refuse(self, link: Link, visitor: Visitor) -> None:
        if visitor.is_hr:
            self._deny(link, "hr_device")
        if link.case.notice.state not in READABLE:
            self._deny(link, "superseded")

    def _deny(self, link: Link, why: Denied, left: int | None = None) -> None:
        link.case.events.append(f"denied {why}")
        raise NotDone(why, left)


class Moving:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.time = datetime(2026, 10, 15, 4, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def move(self, **span: float) -> None:
        self.time += timedelta(**span)


class Small:
    """阿丽's notice at the small desk."""

    def __init__(self, library: Library, **fields: Any) -> None:
        self.clock = Moving()
        self.desk = SmallDesk(self.clock)
        self._library = library
        self.case = self._case(ali_content(library, **fields))
        self.token = self.desk.add_link(self.case)

    def _case(self, content: Content) -> Case:
        notice = Notice(
            f"id {content.data['number']}", content.data["number"], "e-ali", content.data["kind"], NOVEMBER, "issued",
            content.sha256, self.clock(), HR, DUE,
        )  # fmt: skip
        return Case(notice, content, content.data["employee"]["id_tail"])

    def link(self) -> str:
        return self.desk.add_link(self.case)

    def code(self) -> str:
        return self.desk.sent[-1]

    def another(self) -> str:
        return self.desk.add_link(self._case(ali_content(self._library, "N-000124", name="老周")))

    def take_back(self) -> None:
        self.case.notice = replace(self.case.notice, state="withdrawn")

    def events(self) -> list[str]:
        return self.case.events

    def seal(self, pdf: bytes = b"%PDF-1.7 sealed") -> str:
        """The copy is there; its short code."""
        assert self.case.answered is not None
        self.case.pdf = pdf
        self.case.answered = replace(self.case.answered, code="7K3M-Q9TD-2XVA")
        return self.case.answered.code

    def own_result(self) -> None:
        """The assistant knows her household's figures."""
        self.desk.own = calculate(self._library, CASE, TODAY)


class Stored:
    """The same over rows."""

    def __init__(self, storage: Storage, library: Library, clock: Any) -> None:
        self.clock = clock
        self._storage = storage
        self._library = library
        self._notes = Noticed(storage, clock)
        self._notes.issuer._draft = self._draft
        rules = DeskRules(
            questions=lambda content: [(each.question, each.right) for each in questions(content)],
            consent=lambda: CURRENT.sha256,
            is_signature=is_signature,
            fingerprint=fingerprint,
            own=lambda employee: None,
            tells_dibao=lambda text: "低保" in text,
        )
        due = storage.service.due
        self.desk: AnswerDesk = StoredDesk(
            storage.database, storage.keys, clock, rules, due, lambda notice: None
        )
        self._ali = self._chats("A0034", "阿丽", "11010519491231002X")
        self.token = self._issued(self._ali)

    def _chats(self, number: str, name: str, id_number: str) -> Employee:
        employee = hire(self._storage, number, name, id_number=id_number, wage=350_000)
        code = self._storage.bindings.make([employee.id], HR)[employee.id]
        say(
            self._storage,
            message(f"b-{number}", "码", sender=name, channel="wecom"),
            "好",
            binding=Bind(code, employee.id),
        )
        return employee

    def _draft(self, plan: Plan, employee: Employee) -> Content:
        issuer = Issuer("苏州明亮电子有限公司", "", "人事 赵静")
        return draft(self._library, employee, Occasion("notice", plan.month, TODAY, DUE, "", issuer))

    def _issued(self, employee: Employee) -> str:
        self._notes.issue(employee)
        self._notes.send()
        return self._notes.token()

    def link(self) -> str:
        self._notes.book.send_again(self._notes.notice(self._ali), HR)
        self._notes.send()
        return self._notes.token()

    def code(self) -> str:
        deliver_due(self._storage.outbox, self._notes.posts, self.clock)
        found = re.search(r"\d{6}", self._notes.said()[-1])
        assert found is not None
        return found[0]

    def another(self) -> str:
        return self._issued(self._chats("A0035", "老周", "11010519491231002X"))

    def take_back(self) -> None:
        self._notes.book.withdraw(self._notes.notice(self._ali), "发错了", HR)

    def events(self) -> list[str]:
        return self._notes.events(self._notes.notice(self._ali))


# -- The phone


def make_app(given: Given) -> Flask:
    """The pages over a desk."""
    app = Flask("plant", static_folder=None)
    pages = NoticePages(desk=given.desk, languages=languages, now=given.clock, secret=SECRET)
    app.register_blueprint(create_blueprint(pages))
    return app


class Phone:
    """A phone's browser and whoever holds it."""

    def __init__(self, app: Flask, given: Given) -> None:
        self.client: FlaskClient = app.test_client()
        self.given = given

    def opens(self, token: str = "", **headers: str) -> TestResponse:
        return self.client.get(f"/notices/{token or self.given.token}", headers=headers)

    def form(self, page: TestResponse) -> str:
        found = re.search(r'(?:name="form" value|data-form)="([0-9a-f]+)"', page.text)
        assert found is not None, page.text
        return found[1]

    def asks_for_code(self, token: str = "") -> TestResponse:
        token = token or self.given.token
        data = {"form": self.form(self.opens(token))}
        return self.client.post(f"/notices/{token}/code", data=data, headers=HERE)

    def enters(self, code: str = "", id_tail: str = "002X", token: str = "") -> TestResponse:
        token = token or self.given.token
        data = {"form": self.form(self.opens(token)), "code": code or self.given.code(), "id_tail": id_tail}
        return self.client.post(f"/notices/{token}/enter", data=data, headers=HERE)

    def goes_in(self, token: str = "") -> TestResponse:
        """From the link to the notice."""
        assert self.asks_for_code(token).status_code == 303
        assert self.enters(token=token).status_code == 303
        return self.visits()

    def visits(self) -> TestResponse:
        return self.client.get("/notices/visit")

    def sends(self, what: str, form: str = "", **data: Any) -> TestResponse:
        """What the page's script sends."""
        form = form or self.form(self.visits())
        return self.client.post(f"/notices/visit/{what}", json={"form": form, **data}, headers=JSON)

    def understands(self) -> Visit:
        """Reads to the end and answers the questions."""
        cookie = self.client.get_cookie(TICKET, path="/notices")
        assert cookie is not None
        browser = self.client.get_cookie("notice_browser", path="/notices")
        assert browser is not None
        visitor = Visitor(browser.value, "127.0.0.1")
        visit = self.given.desk.visit(cookie.value.partition(".")[0], visitor)
        assert self.sends("read", seconds=48).status_code == 200
        assert self.sends("checks", answers=right_answers(visit.content)).status_code == 200
        return visit

    def answers(self, visit: Visit, outcome: str = "acknowledged", **data: Any) -> TestResponse:
        strokes = [] if outcome == "refused" else DRAWN
        given = {
            "outcome": outcome,
            "shown": visit.content.sha256,
            "consent": CURRENT.sha256,
            "strokes": strokes,
        }
        return self.sends("answer", **(given | data))
