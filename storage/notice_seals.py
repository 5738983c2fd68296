"""The sealing over rows: what waits, what it is made of, and the sealed file with its place in the chain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, exists, insert, or_, select, update

from audit.case_chain import CaseEvent, short_code
from audit.events import SYSTEM
from locales import speak
from notices.notice import Notice
from notices.sealing import Sealed
from notices.sealing_work import Material, Unsealed
from notices.telling import telling
from storage.case_log import add_event, chain_of
from storage.conversation_rows import Opened, lock, say_outside_turn
from storage.database import Database
from storage.keys import Keys
from storage.notice_cases import file_row
from storage.notice_desk import new_link
from storage.notice_rows import ANSWER, SEALED_NAME, lock_notice, notice_number, read_content, read_notice
from storage.tables import (
    notice_answers,
    notice_events,
    notice_files,
    notice_links,
    notices,
)

#: The last day passed without an answer, whatever became of the notice since.
_FELL_SILENT: Final = exists().where(notice_events.c.notice == notices.c.id, notice_events.c.type == "silent")
#: Notices of one run.
_MOST: Final = 50


class StoredSeals(Unsealed):
    """Every answered notice. `address` is where the pages are."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime], address: str) -> None:
        self._database = database
        self._keys = keys
        self._now = now
        self._address = address

    def unsealed(self) -> Sequence[str]:
        """Those that were answered, or not in time, and have no seal yet, the oldest first."""
        query = (
            select(notices.c.id)
            .where(
                notices.c.sealed_at.is_(None),
                or_(notices.c.answered_at.is_not(None), _FELL_SILENT),
            )
            .order_by(notices.c.number)
            .limit(_MOST)
        )
        with self._database.read() as connection:
            return connection.execute(query).scalars().all()

    def material(self, notice: str) -> Material | None:
        """What the file of one is made of; None where it is sealed, or where it is still waited for."""
        return self._made_of(notice, notices.c.sealed_at.is_(None))

    def made_of(self, notice: str) -> Material | None:
        """What the file of one was made of that is sealed, as it is kept now."""
        return self._made_of(notice, notices.c.sealed_at.is_not(None))

    def _made_of(self, notice: str, when: ColumnElement[bool]) -> Material | None:
        query = select(notices).where(notices.c.id == notice, when)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
            answer = connection.execute(
                select(notice_answers).where(notice_answers.c.notice == notice)
            ).one_or_none()
            if row is None:
                return None
            events = chain_of(connection, self._keys, notice)
        content = read_content(self._keys, row)
        end = next((each for each in events if each.data["type"] in ("answered", "silent")), None)
        if end is None:
            return None
        if answer is None:
            said = {"outcome": "silent", "shown": content.sha256, "at": end.data["at"]}
        else:
            body = self._keys.box(ANSWER, answer.key_id).open_json(f"{ANSWER}:{notice}", answer.body)
            said = body | {"at": answer.at.isoformat()}
        upto = tuple(each for each in events if each.seq <= end.seq)
        return Material(read_notice(row), content, said, upto)

    def keep_sealed(self, notice: str, sealed: Sealed, unsealed_sha256: str) -> None:
        """Keeps the sealed file, chains its hash, and sends the employee their copy; nothing where it is sealed already."""
        now = self._now()
        with self._database.work() as connection:
            link = self._answered_by(connection, notice)
            opened = None if link is None else lock(connection, self._keys, link.conversation)
            row = lock_notice(connection, notice)
            if row is None or row.sealed_at is not None:
                return
            name = speak("zh_Hans" if opened is None else opened.locale)(
                SEALED_NAME, number=notice_number(row.number)
            )
            file = file_row(self._keys, "sealed", name, sealed.pdf, SYSTEM, now, notice=notice)
            connection.execute(insert(notice_files), file | {"timestamp": sealed.timestamp})
            connection.execute(update(notices).where(notices.c.id == notice).values(sealed_at=now))
            head = add_event(connection, self._keys, notice, _sealed(sealed, unsealed_sha256), now)
            if row.answered_at is None:
                return  # nobody waits for a copy
            code = short_code(sealed.sha256, head.hash)
            channel = "page" if opened is None else opened.channel
            if opened is not None:
                self._send_copy(connection, opened, read_notice(row), code, now)
            event = CaseEvent("copy_sent", SYSTEM, {"channel": channel, "code": code})
            add_event(connection, self._keys, notice, event, now)

    def unstamped(self) -> Sequence[tuple[str, str]]:
        """The files whose time stamp is still to be had: id and SHA-256."""
        query = select(notice_files.c.id, notice_files.c.sha256).where(notice_files.c.timestamp == "failed")
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(notice_files.c.made_at).limit(_MOST)).all()
        return [(row.id, row.sha256.hex()) for row in rows]

    def keep_stamp(self, file: str, token: bytes, at: datetime) -> None:
        """Keeps a time stamp beside its file."""
        kept = (
            update(notice_files)
            .where(notice_files.c.id == file, notice_files.c.timestamp == "failed")
            .values(timestamp="ok", token=token)
            .returning(notice_files.c.notice)
        )
        with self._database.work() as connection:
            of = connection.execute(select(notice_files.c.notice).where(notice_files.c.id == file)).scalar()
            if of is None or lock_notice(connection, of) is None:
                return
            if connection.execute(kept).scalar_one_or_none() is not None:
                event = CaseEvent("timestamped", SYSTEM, {"at": at.isoformat()})
                add_event(connection, self._keys, of, event, self._now())

    def _answered_by(self, connection: Connection, notice: str) -> Row[Any] | None:
        """The link by which it was answered: the one of the visit that went on last."""
        query = select(notice_links).where(
            notice_links.c.notice == notice,
            notice_links.c.entered_at.is_not(None),
            notice_links.c.conversation.is_not(None),
        )
        return connection.execute(query.order_by(notice_links.c.entered_at.desc()).limit(1)).one_or_none()

    def _send_copy(
        self, connection: Connection, opened: Opened, notice: Notice, code: str, now: datetime
    ) -> None:
        token = new_link(connection, self._keys, notice.id, opened.channel, opened.id, now, ends_others=False)
        reply = telling(
            "copy",
            opened.channel,
            self._address,
            token,
            speak(opened.locale),
            number=notice.number,
            code=code,
        )
        say_outside_turn(connection, opened, reply, now)


def _sealed(sealed: Sealed, unsealed_sha256: str) -> CaseEvent:
    return CaseEvent(
        "sealed",
        SYSTEM,
        {
            "unsealed_sha256": unsealed_sha256,
            "sealed_sha256": sealed.sha256,
            "certificate_sha256": sealed.certificate_sha256,
            "level": sealed.level,
            "timestamp": sealed.timestamp,
            "failure": sealed.failure or "",
        },
    )
