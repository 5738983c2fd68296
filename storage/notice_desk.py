"""The employee's page as rows: links, codes, visits, and the answer, which is given once.

Whatever is tried is an event of the notice's chain, in the same transaction. A refusal is committed too: it is raised after
the transaction that notes it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, Row, exists, insert, select, update

from audit.case_chain import CaseEvent
from audit.events import EMPLOYEE, Event
from audit.events import employee as subject
from delivery.messages import Reply
from hr_inbox.service_clock import CHINA
from hr_inbox.task import Due, HrTask
from locales import N_, speak
from notices.answering import (
    CODE_DIGITS,
    CODE_LIFE,
    CODE_PAUSE,
    CODE_TRIES,
    CODES_A_DAY,
    IDLE,
    LINK_LIFE,
    LONGEST,
    LONGEST_STATEMENT,
    Answer,
    AnswerDesk,
    Answered,
    ChatLine,
    Denied,
    Door,
    NotDone,
    Question,
    SealedFile,
    Stroke,
    Visit,
    Visitor,
)
from notices.notice import READABLE, Content
from people.employees import Employee
from storage.audit import append
from storage.case_log import add_event, add_events
from storage.conversation_rows import lock, say_outside_turn
from storage.database import Database
from storage.employee_rows import read_employee
from storage.keys import Keys
from storage.notice_cases import read_file
from storage.notice_chat import chat_of
from storage.notice_rows import (
    ADDRESS,
    ANSWER,
    end_links,
    lock_notice,
    notice_number,
    read_content,
    read_notice,
    sealed,
)
from storage.profile_changes import mark
from storage.reach import reach_of
from storage.tables import (
    conversations,
    employees,
    hr_addresses,
    notice_answers,
    notice_events,
    notice_files,
    notice_links,
    notices,
)
from storage.tasks import open_task_of

TOKEN: Final = "notice_links.token"
TICKET: Final = "notice_links.ticket"
BROWSER: Final = "notice_links.browser"
CODE: Final = "notice_links.code"
STROKES: Final = "notice_answers.strokes"
#: 128 bits as 22 characters.
TOKEN_BYTES: Final = 16
#: A look an hour is written down, and so many denials of one link: what a scanner does must not drown the rest.
_SELDOM: Final = timedelta(hours=1)
_MOST_DENIALS: Final = 30
#: HR was signed in from an address within that time.
_LATELY: Final = timedelta(days=30)
#: An answer so soon after the notice was opened is flagged.
_TOO_FAST: Final = timedelta(seconds=20)

CODE_TEXT: Final = N_(
    "你的验证码：{code}。五分钟内有效，只用来打开发给你的那份通知。谁问你要都别给，人事也不会问。"
)


@dataclass(frozen=True, slots=True)
class DeskRules:
    """What the desk asks of others: the questions of a content with the right choice each, the hash of the consent text in
    force, whether strokes are a signature and what names the same ones, the employee's own assessment, whether words
    tell of a household's dibao, and whether a channel carries codes."""

    questions: Callable[[Content], Sequence[tuple[Question, str]]]
    consent: Callable[[], str]
    is_signature: Callable[[Sequence[Stroke]], bool]
    fingerprint: Callable[[Sequence[Stroke]], str]
    own: Callable[[str], Mapping[str, Any] | None]
    tells_dibao: Callable[[str], bool]
    carries_codes: Callable[[str], bool] = lambda channel: True


class StoredDesk(AnswerDesk):
    """Every link and every answer. `on_answered` is told, after the commit, which notice is to be sealed."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        now: Callable[[], datetime],
        rules: DeskRules,
        due: Due,
        on_answered: Callable[[str], None],
    ) -> None:
        self._database = database
        self._keys = keys
        self._now = now
        self._rules = rules
        self._due = due
        self._on_answered = on_answered

    def look(self, token: str, visitor: Visitor) -> Door:
        """A link was opened. That is not reading, and a preview does it too."""
        now = self._now()
        with self._at_link(token, visitor, entering=False) as (connection, link, notice):
            if link.looked_at is None or now - link.looked_at > _SELDOM:
                _write(connection, link, looked_at=now)
                add_event(connection, self._keys, notice.id, CaseEvent("looked", EMPLOYEE), now)
            return self._door(connection, link, notice)

    def send_code(self, token: str, visitor: Visitor) -> Door:
        """Sends a code through the channel of the link; the door as it stands then."""
        now = self._now()
        with self._at_link(token, visitor, entering=True) as (connection, link, notice):
            if link.code_at is not None and now < link.code_at + CODE_PAUSE:
                raise NotDone("too_soon", int((link.code_at + CODE_PAUSE - now).total_seconds()) + 1)
            if link.codes >= CODES_A_DAY * (1 + (now - link.made_at).days):
                raise NotDone("too_many_codes")
            opened = None if link.conversation is None else lock(connection, self._keys, link.conversation)
            if not self._rules.carries_codes(link.channel):
                raise NotDone("no_codes_here")
            if opened is None or not reach_of(connection, opened.id, now).open_at(now):
                raise NotDone("not_reachable")
            code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
            text = speak(opened.locale)(CODE_TEXT, code=code)
            say_outside_turn(connection, opened, Reply(text, neutral=True, secret=True), now)
            _write(
                connection,
                link,
                browser_index=self._keys.index(BROWSER, visitor.browser),
                code_index=self._code_index(link, code),
                code_at=now,
                codes=link.codes + 1,
            )
            event = CaseEvent("code_sent", EMPLOYEE, {"channel": link.channel})
            add_event(connection, self._keys, notice.id, event, now)
            fresh = connection.execute(select(notice_links).where(notice_links.c.id == link.id)).one()
            return self._door(connection, fresh, notice)

    def enter(self, token: str, visitor: Visitor, code: str, id_tail: str) -> str:
        """Checks the code and the end of the ID number and begins a visit; its ticket, for this browser's cookie."""
        now, ticket = self._now(), secrets.token_urlsafe(TOKEN_BYTES)
        with self._at_link(token, visitor, entering=True) as (connection, link, notice):
            if link.code_index is None or now > link.code_at + CODE_LIFE:
                raise NotDone("no_code")
            self._refuse_wrong(connection, link, notice, code, id_tail)
            _write(
                connection,
                link,
                browser_index=self._keys.index(BROWSER, visitor.browser),
                ticket_index=self._keys.index(TICKET, ticket),
                code_index=None,
                entered_at=now,
                seen_at=now,
            )
            asked = self._asks_id(self._employee(connection, notice))
            event = CaseEvent(
                "entered",
                EMPLOYEE,
                {"by": [f"channel:{link.channel}", "code", "id_tail" if asked else "no_id"]},
                {"browser": visitor.browser, "agent": visitor.agent[:200]},
            )
            add_event(connection, self._keys, notice.id, event, now)
            self._flag_network(connection, notice, visitor)
        return ticket

    def visit(self, ticket: str, visitor: Visitor) -> Visit:
        """The visit of a ticket."""
        with self._at_visit(ticket, visitor) as (connection, link, notice):
            return self._visit(connection, link, notice)

    def read(self, ticket: str, visitor: Visitor, seconds: int) -> None:
        """The notice was scrolled to its end, after so many seconds in sight; or was read aloud."""
        with self._at_visit(ticket, visitor) as (connection, link, notice):
            if link.read_seconds is None:
                _write(connection, link, read_seconds=seconds)
                event = CaseEvent("read", EMPLOYEE, {"seconds": seconds})
                add_event(connection, self._keys, notice.id, event, self._now())

    def check(self, ticket: str, visitor: Visitor, answers: Mapping[str, str]) -> Mapping[str, bool]:
        """The questions were answered; which ones rightly. A wrong one is explained and may be answered again."""
        with self._at_visit(ticket, visitor) as (connection, link, notice):
            right = {
                each.key: choice for each, choice in self._rules.questions(read_content(self._keys, notice))
            }
            found = {key: answers.get(key) == choice for key, choice in right.items() if key in answers}
            done = _checked(link) | {key for key, is_right in found.items() if is_right}
            _write(connection, link, checked=" ".join(sorted(done)))
            add_event(connection, self._keys, notice.id, CaseEvent("checked", EMPLOYEE, found), self._now())
            return found

    def answer(self, ticket: str, visitor: Visitor, answer: Answer) -> Answered:
        """Answers the notice, once, whoever else tries at the same moment."""
        now = self._now()
        with self._at_visit(ticket, visitor) as (connection, link, notice):
            content = read_content(self._keys, notice)
            self._refuse_answer(connection, link, notice, content, answer)
            strokes = json.dumps([each.points for each in answer.strokes]) if answer.strokes else ""
            fingerprint = self._keys.index(STROKES, notice.employee, self._rules.fingerprint(answer.strokes))
            chat = [
                [each.author, each.text]
                for each in self._chat(connection, link, notice)
                if each.seq <= answer.chat_upto
            ]
            body = asdict(answer) | {
                "browser": visitor.browser,
                "agent": visitor.agent[:200],
                "chat": chat,
            }
            connection.execute(
                insert(notice_answers),
                {
                    "notice": notice.id,
                    "outcome": answer.outcome,
                    "strokes_index": fingerprint if answer.strokes else None,
                    "at": now,
                    **sealed(self._keys, ANSWER, notice.id, body),
                },
            )
            event = CaseEvent(
                "answered",
                EMPLOYEE,
                {
                    "outcome": answer.outcome,
                    "shown_sha256": answer.shown,
                    "consent_sha256": answer.consent,
                    "lines": list(answer.lines),
                    "chat": len(chat),
                },
                {
                    name: text
                    for name, text in (
                        ("statement", answer.statement),
                        ("strokes", strokes),
                        ("chat", json.dumps(chat, ensure_ascii=False) if chat else ""),
                    )
                    if text
                },
            )
            add_events(
                connection, self._keys, notice.id, (*self._flags(connection, notice, link, now), event), now
            )
            said = "\n".join((answer.statement, *(text for _, text in chat)))
            self._settle(connection, link, notice, answer, dibao=self._rules.tells_dibao(said))
        self._on_answered(notice.id)
        return Answered(answer.outcome, now)

    def file(self, ticket: str, visitor: Visitor) -> SealedFile:
        """The employee's copy, as soon as it is sealed."""
        with self._at_visit(ticket, visitor) as (connection, _, notice):
            row = connection.execute(
                select(notice_files).where(
                    notice_files.c.notice == notice.id, notice_files.c.kind == "sealed"
                )
            ).one_or_none()
            if row is None:
                raise NotDone("over")
            name, data = read_file(self._keys, row)
            add_event(connection, self._keys, notice.id, CaseEvent("copy_taken", EMPLOYEE), self._now())
        return SealedFile(name, data)

    def leave(self, ticket: str) -> None:
        """Ends the visit."""
        with self._database.work() as connection:
            connection.execute(
                update(notice_links)
                .where(notice_links.c.ticket_index == self._keys.index(TICKET, ticket))
                .values(ended_at=self._now(), ended_why="left")
            )

    # The way in

    @contextmanager
    def _at_link(
        self, token: str, visitor: Visitor, *, entering: bool
    ) -> Iterator[tuple[Connection, Row[Any], Row[Any]]]:
        """A link that is good, with its notice locked; what is not done is noted in the chain, and then raised."""
        of = notice_links.c.token_index == self._keys.index(TOKEN, token)
        with self._noting(of) as (connection, link, notice):
            if link.ended_at is not None:
                raise NotDone("locked" if link.ended_why == "locked" else "void_link")
            if self._now() >= link.expires_at:
                raise NotDone("expired_link")
            if notice.state not in READABLE:
                raise NotDone("superseded")
            if visitor.is_hr:
                raise NotDone("hr_device")
            if entering and link.entered_at is not None and not self._is_browser(link, visitor):
                raise NotDone("used_link")
            yield connection, link, notice

    @contextmanager
    def _at_visit(self, ticket: str, visitor: Visitor) -> Iterator[tuple[Connection, Row[Any], Row[Any]]]:
        """A visit that goes on, in the browser that began it."""
        now = self._now()
        with self._noting(notice_links.c.ticket_index == self._keys.index(TICKET, ticket)) as found:
            connection, link, notice = found
            if link.ended_at is not None or now > link.entered_at + LONGEST or now > link.seen_at + IDLE:
                raise NotDone("over")
            if not self._is_browser(link, visitor):
                raise NotDone("used_link")
            if visitor.is_hr:
                raise NotDone("hr_device")
            if notice.state not in READABLE:
                raise NotDone("superseded")
            if now - link.seen_at > timedelta(minutes=1):
                _write(connection, link, seen_at=now)
            yield found

    @contextmanager
    def _noting(self, of: Any) -> Iterator[tuple[Connection, Row[Any], Row[Any]]]:
        """The link and its notice, locked after the conversation of the link. What is denied is committed as an event, and
        raised once it is."""
        denied: NotDone | None = None
        with self._database.work() as connection:
            link = connection.execute(select(notice_links).where(of)).one_or_none()
            if link is None:
                raise NotDone("unknown_link")
            if link.conversation is not None:
                lock(connection, self._keys, link.conversation)
            notice = lock_notice(connection, link.notice)
            link = connection.execute(select(notice_links).where(of).with_for_update()).one_or_none()
            if notice is None or link is None:
                raise NotDone("unknown_link")
            try:
                with connection.begin_nested():
                    yield connection, link, notice
            except NotDone as error:
                denied = error
                self._note_denied(connection, link, notice, error)
        if denied is not None:
            raise denied

    def _note_denied(self, connection: Connection, link: Row[Any], notice: Row[Any], error: NotDone) -> None:
        values: dict[str, Any] = {"denials": link.denials + 1}
        if error.why in ("wrong_code", "wrong_id", "locked") and link.ended_at is None:
            values["tries"] = link.tries + 1
        if error.why == "locked" and link.ended_at is None:
            values |= {"ended_at": self._now(), "ended_why": "locked"}
        _write(connection, link, **values)
        if link.denials < _MOST_DENIALS:
            event = CaseEvent("denied", EMPLOYEE, {"why": error.why})
            add_event(connection, self._keys, notice.id, event, self._now())

    def _refuse_wrong(
        self, connection: Connection, link: Row[Any], notice: Row[Any], code: str, id_tail: str
    ) -> None:
        """Raises where the code or the end of the ID number is wrong, and ends the link after too many."""
        why: Denied | None = None
        if not compare_digest(self._code_index(link, code.strip()), link.code_index):
            why = "wrong_code"
        else:
            employee = self._employee(connection, notice)
            if self._asks_id(employee) and not compare_digest(
                id_tail.strip().upper().encode(), employee.id_number[-4:].upper().encode()
            ):
                why = "wrong_id"
        if why is not None:
            left = CODE_TRIES - link.tries - 1
            raise NotDone(why, left) if left > 0 else NotDone("locked")

    def _code_index(self, link: Row[Any], code: str) -> bytes:
        return self._keys.index(CODE, link.id, code)

    def _is_browser(self, link: Row[Any], visitor: Visitor) -> bool:
        mine = self._keys.index(BROWSER, visitor.browser)
        return link.browser_index is not None and compare_digest(link.browser_index, mine)

    def _employee(self, connection: Connection, notice: Row[Any]) -> Employee:
        query = select(employees).where(employees.c.id == notice.employee)
        return read_employee(self._keys, connection.execute(query).one())

    def _asks_id(self, employee: Employee) -> bool:
        return len(employee.id_number) >= 4

    def _door(self, connection: Connection, link: Row[Any], notice: Row[Any]) -> Door:
        sent = link.code_index is not None and self._now() <= link.code_at + CODE_LIFE
        locale = connection.execute(
            select(conversations.c.locale).where(conversations.c.id == link.conversation)
        ).scalar_one_or_none()
        return Door(
            locale=locale or "zh_Hans",
            asks_id=self._asks_id(self._employee(connection, notice)),
            code_channel=link.channel,
            code_sent=sent,
            next_code_at=None if link.code_at is None else link.code_at + CODE_PAUSE,
        )

    # The visit

    def _visit(self, connection: Connection, link: Row[Any], notice: Row[Any]) -> Visit:
        content = read_content(self._keys, notice)
        done = _checked(link)
        locale = self._door(connection, link, notice).locale
        return Visit(
            id=link.id,
            notice=read_notice(notice),
            content=content,
            locale=locale,
            questions=tuple(each for each, _ in self._rules.questions(content)),
            read=link.read_seconds is not None,
            checked=dict.fromkeys(done, True),
            own=self._rules.own(notice.employee),
            answer=self._answered(connection, notice),
            channel=link.channel,
            chat=self._chat(connection, link, notice),
        )

    def _chat(self, connection: Connection, link: Row[Any], notice: Row[Any]) -> tuple[ChatLine, ...]:
        opened = None if link.conversation is None else lock(connection, self._keys, link.conversation)
        return () if opened is None else chat_of(connection, opened, notice.id)

    def _answered(self, connection: Connection, notice: Row[Any]) -> Answered | None:
        row = connection.execute(
            select(notice_answers.c.outcome, notice_answers.c.at).where(notice_answers.c.notice == notice.id)
        ).one_or_none()
        if row is None:
            return None
        sealed_event = connection.execute(
            select(notice_events.c.body).where(
                notice_events.c.notice == notice.id, notice_events.c.type == "copy_sent"
            )
        ).scalar()
        code = "" if sealed_event is None else json.loads(sealed_event)["data"]["code"]
        return Answered(row.outcome, row.at, code)

    def _refuse_answer(
        self,
        connection: Connection,
        link: Row[Any],
        notice: Row[Any],
        content: Content,
        answer: Answer,
    ) -> None:
        """Raises what speaks against taking an answer."""
        if notice.state not in ("issued", "silent"):
            raise NotDone("answered")
        if notice.state == "silent" or self._now().astimezone(CHINA).date() > notice.due_on:
            raise NotDone("late")
        if answer.shown != content.sha256:
            raise NotDone("other_text")
        if answer.consent != self._rules.consent():
            raise NotDone("old_consent")
        if link.read_seconds is None:
            raise NotDone("not_read")
        if {each.key for each, _ in self._rules.questions(content)} - _checked(link):
            raise NotDone("not_checked")
        self._refuse_words(content, answer)
        if answer.outcome != "refused" and not answer.strokes:
            raise NotDone("no_signature")
        if answer.strokes and (
            not self._rules.is_signature(answer.strokes) or self._repeats(connection, notice, answer)
        ):
            raise NotDone("bad_signature")

    def _refuse_words(self, content: Content, answer: Answer) -> None:
        """Raises what speaks against the words: refusing takes some of one's own, objecting words or a line."""
        said = answer.statement.strip()
        if len(answer.statement) > LONGEST_STATEMENT:
            raise NotDone("too_long")
        if not {line["key"] for line in content.data["lines"]}.issuperset(answer.lines):
            raise NotDone("other_text")
        if not said and (answer.outcome == "refused" or (answer.outcome == "objected" and not answer.lines)):
            raise NotDone("no_statement")

    def _repeats(self, connection: Connection, notice: Row[Any], answer: Answer) -> bool:
        """Whether the very same strokes were sent before by the same person: no hand draws them twice."""
        mine = self._keys.index(STROKES, notice.employee, self._rules.fingerprint(answer.strokes))
        return bool(
            connection.execute(select(exists().where(notice_answers.c.strokes_index == mine))).scalar()
        )

    def _flags(
        self, connection: Connection, notice: Row[Any], link: Row[Any], now: datetime
    ) -> tuple[CaseEvent, ...]:
        if now - link.entered_at >= _TOO_FAST:
            return ()
        return (CaseEvent("flagged", EMPLOYEE, {"why": "too_fast"}),)

    def _flag_network(self, connection: Connection, notice: Row[Any], visitor: Visitor) -> None:
        """Notes that HR was signed in from the same address: in a plant that is usual, elsewhere it tells something."""
        mine = hr_addresses.c.address_index == self._keys.index(ADDRESS, visitor.address)
        lately = hr_addresses.c.seen_at > self._now() - _LATELY
        if connection.execute(select(exists().where(mine, lately))).scalar():
            event = CaseEvent("flagged", EMPLOYEE, {"why": "same_network_as_hr"})
            add_event(connection, self._keys, notice.id, event, self._now())

    def _settle(
        self, connection: Connection, link: Row[Any], notice: Row[Any], answer: Answer, *, dibao: bool
    ) -> None:
        """The notice is answered: nothing more is sent, HR gets its task, and the log its event."""
        now = self._now()
        task = None
        if answer.outcome != "acknowledged":
            task = open_task_of(
                connection,
                self._keys,
                notice.employee,
                link.conversation,
                HrTask(
                    kind="refusal" if answer.outcome == "refused" else "objection",
                    lines=(answer.statement.strip() or "—",),
                    region=self._employee(connection, notice).region,
                    topic="notice",
                    dibao=dibao,
                    notice=notice.id,
                ),
                now,
                self._due,
            )
            add_event(
                connection,
                self._keys,
                notice.id,
                CaseEvent("task", EMPLOYEE, {"number": task, "kind": answer.outcome}),
                now,
            )
            if answer.outcome == "refused":
                mark(
                    connection, self._keys, [notice.employee], now
                )  # who is not insured is to be all the same
        connection.execute(
            update(notices)
            .where(notices.c.id == notice.id)
            .values(
                state=answer.outcome,
                answered_at=now,
                tells_dibao=dibao,
                next_step_at=None,
                task=notice.task if task is None else int(task.removeprefix("T-")),
            )
        )
        connection.execute(
            update(notice_links)
            .where(
                notice_links.c.notice == notice.id,
                notice_links.c.id != link.id,
                notice_links.c.ended_at.is_(None),
            )
            .values(ended_at=now, ended_why="answered")
        )
        event = Event(
            "notice_answered",
            subject(notice.employee),
            details={"number": notice_number(notice.number), "outcome": answer.outcome},
        )
        append(connection, event, now)


def new_link(
    connection: Connection,
    keys: Keys,
    notice: str,
    channel: str,
    conversation: str | None,
    now: datetime,
    *,
    ends_others: bool = True,
) -> str:
    """A new link to a notice; those before end, unless somebody is still at work behind one. Its token stands nowhere but in
    what is sent."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    if ends_others:
        end_links(connection, notice, "void", now)
    connection.execute(
        insert(notice_links),
        {
            "id": str(uuid4()),
            "notice": notice,
            "channel": channel,
            "conversation": conversation,
            "token_index": keys.index(TOKEN, token),
            "made_at": now,
            "expires_at": now + LINK_LIFE,
            "denials": 0,
            "codes": 0,
            "tries": 0,
            "checked": "",
        },
    )
    return token


def _write(connection: Connection, link: Row[Any], **values: Any) -> None:
    connection.execute(update(notice_links).where(notice_links.c.id == link.id).values(**values))


def _checked(link: Row[Any]) -> set[str]:
    return set(link.checked.split())
