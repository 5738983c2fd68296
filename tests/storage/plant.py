"""A plant with the notices as the program makes them: real drafting, real paper, a real seal, over the storage of a test."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, cast

from databases import Clock
from staffing import HR, hire
from talking import Post, message, say

from app.notices import NoticeWork, make_desk, make_office, make_work
from app.sealing import open_key, open_register, open_trust
from app.settings import Settings, load_settings
from audit.case_chain import CaseLink, check_case
from bot.dialogue.conversation import Conversation
from bot.dialogue.talk import House
from delivery.outbox import deliver_due
from notices.answering import Answer, Stroke, Visitor
from notices.book import NoticeSearch, Plan
from notices.consent import CURRENT
from notices.questions import questions
from notices.seal_keys import has_own, write_own
from notices.verifying import Known, Line
from people.bindings import Bind
from people.employees import Employee
from people.entities import InsuredAccount, LegalEntity
from policy_kb import compiled
from policy_kb.company import NO_RULES
from policy_kb.library import Library
from storage.case_log import chain_of
from storage.notice_register import StoredRegister
from storage.opening import Storage

COMPANY = "苏州示例纺织有限公司"
OCTOBER = date(2026, 10, 1)
DUE = date(2026, 10, 22)
PHONE = Visitor("a browser of her own", "198.51.100.7", "a phone")
ID_NUMBER = "11010519491231002X"


@cache
def the_library() -> Library:
    return compiled.load(compiled=None)


@dataclass
class _House:
    """What drafting looks at of a house."""

    library: Library = field(default_factory=the_library)
    company: Any = NO_RULES


def signature(seed: int) -> tuple[Stroke, ...]:
    """A name as somebody writes it, each time another way."""
    hand, time, strokes = random.Random(seed), 0, []
    for start in (120, 420):
        points = []
        for step in range(12):
            x, y = start + step * 18 + hand.randrange(12), 300 + hand.randrange(-160, 160)
            points.append((x, y, time := time + 40 + hand.randrange(20)))
        strokes.append(Stroke(tuple(points)))
    return tuple(strokes)


def settings_of(url: str, folder: Path, **more: str) -> Settings:
    """The settings of an installation whose keys lie where those of the test do."""
    return load_settings(environ=environ_of(url, folder) | more)


def environ_of(url: str, folder: Path) -> dict[str, str]:
    return {
        "SHEBAO__DATABASE__URL": url,
        "SHEBAO__KEYS__FOLDER": str(folder / "keys"),
        "SHEBAO__SERVER__PUBLIC_URL": "https://shebao.example",
    }


def found_company(storage: Storage) -> None:
    """The plant and its account in Suzhou."""
    entity = storage.companies.save_entity(LegalEntity("", COMPANY, "91350100M000100Y43"), HR)
    storage.companies.save_account(InsuredAccount("", entity, "320500", "3205001234"), HR)


def works_there(storage: Storage, number: str = "A0034", name: str = "阿丽", **fields: Any) -> Employee:
    """Somebody from Fuyang at 3500 a month, insured."""
    given: dict[str, Any] = {"home_region": "341200", "wage": 350_000, "insured_since": date(2026, 3, 1)}
    return hire(storage, number, name, **(given | fields))


@dataclass
class Plant:
    """The notices of a storage. `answered` are those that wait for their seal."""

    storage: Storage
    clock: Clock
    settings: Settings
    answered: list[str] = field(default_factory=list)
    post: Post = field(default_factory=Post)
    work: NoticeWork = field(init=False)

    def __post_init__(self) -> None:
        storage, house = self.storage, cast("Callable[[], House]", lambda: _House())
        storage.ways.channels = ("wecom",)
        if not has_own(self.settings.keys.path):
            write_own(self.settings.keys.path, COMPANY, self.clock())
        self.work = make_work(self.settings, storage, house)
        self.desk = make_desk(self.settings, storage, house, self.answered.append)
        self.office = make_office(self.settings, storage)
        self.book = storage.notices

    @property
    def register(self) -> StoredRegister:
        return open_register(self.settings, self.storage)

    @property
    def fingerprint(self) -> str:
        """Of the certificate that seals now."""
        return open_key(self.settings).certificates.sha256

    @property
    def public(self) -> bytes:
        return open_trust(self.settings).public

    def chat(self, employee: Employee) -> Employee:
        """Ties somebody's WeCom to them."""
        code = self.storage.bindings.make([employee.id], HR)[employee.id]
        heard = message(f"b-{employee.number}", "码", sender=employee.name, channel="wecom")
        say(self.storage, heard, "好", binding=Bind(code, employee.id), state=Conversation().as_json())
        self.deliver()
        return employee

    def deliver(self) -> None:
        deliver_due(self.storage.outbox, {"wecom": self.post}, self.clock)

    def issue(self, *people: Employee, month: date = OCTOBER, due: date = DUE, **values: Any) -> str:
        """Issues a notice to each in one batch and sends them; the batch."""
        plan = Plan("notice", month, due, tuple(each.id for each in people), **values)
        batch = self.book.begin(plan, HR)
        self.work.issuer.run(batch)
        self.book.issue(batch, HR)
        self.work.issuer.run(batch)
        self.send()
        return batch

    def send(self) -> None:
        self.work.ladder.work()
        self.deliver()
        self.work.ladder.work()

    def notice(self, employee: Employee) -> str:
        lines = self.book.find(NoticeSearch(employee=employee.id)).lines
        return next(each.notice.id for each in lines if each.notice.state not in ("superseded", "withdrawn"))

    def enter(self, employee: Employee, visitor: Visitor = PHONE) -> str:
        """Opens the last link that somebody got and enters the code that comes; the ticket."""
        mine = [text for to, text in self.post.sent if to == employee.name]
        token = re.findall(r"/notices/([\w-]+)", "\n".join(mine))[-1]
        self.desk.send_code(token, visitor)
        self.deliver()
        code = re.findall(r"\d{6}", self.post.sent[-1][1])[-1]
        return self.desk.enter(token, visitor, code, employee.id_number[-4:])

    def respond(
        self,
        employee: Employee,
        outcome: str = "acknowledged",
        statement: str = "",
        seed: int = 1,
        seconds: int = 60,
    ) -> str:
        """Somebody reads their notice, answers the questions rightly, then the notice; the notice."""
        ticket = self.enter(employee)
        visit = self.desk.visit(ticket, PHONE)
        self.desk.read(ticket, PHONE, 96)
        self.desk.check(ticket, PHONE, {it.question.key: it.right for it in questions(visit.content)})
        self.clock.move(seconds=seconds)
        strokes = () if outcome == "refused" else signature(seed)
        answer = Answer(
            outcome=outcome,  # type: ignore[arg-type]
            shown=visit.content.sha256,
            consent=CURRENT.sha256,
            statement=statement,
            strokes=strokes,
        )
        self.desk.answer(ticket, PHONE, answer)
        return visit.notice.id

    def seal(self) -> None:
        """What the job does that an answer begins."""
        while self.answered:
            self.work.sealer.run(self.answered.pop())
        self.deliver()

    def sealed(self, notice: str) -> Known:
        """What is known of the sealed file of a notice."""
        event = next(each.data["data"] for each in self.chain(notice) if each.data["type"] == "sealed")
        known = self.register.known(event["sealed_sha256"])
        assert known is not None
        return known

    def chain(self, notice: str) -> tuple[CaseLink, ...]:
        """A notice's chain, which is whole."""
        with self.storage.database.read() as connection:
            links = chain_of(connection, self.storage.keys, notice)
        assert check_case(notice, links, self.public).why is None
        return links

    def events(self, notice: str) -> list[str]:
        return [each.data["type"] for each in self.chain(notice)]


def states(lines: tuple[Line, ...]) -> dict[str, str]:
    return {line.key: line.state for line in lines}
