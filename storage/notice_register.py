"""Where sealed files are looked up by their hash, and the day's anchors: in the database, and in files beside the keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

from sqlalchemy import select

from audit.case_chain import CaseHead, CaseLink
from hr_inbox.service_clock import CHINA
from notices.anchors import Anchor, make_anchor, read_heads, under, write_heads
from notices.self_audit import Audited as AuditedCases
from notices.timestamps import Failure, TimeStamper
from notices.verifying import Known, Register, Trust
from storage.case_log import chain_of, newest_heads
from storage.company_settings import get_setting, put_setting
from storage.database import Database, upsert
from storage.keys import Keys
from storage.line_files import add_lines
from storage.notice_cases import read_file
from storage.tables import notice_anchors, notice_events, notice_files

#: Days whose anchors are looked at for one file, the newest first.
_RECENT: Final = 2


#: Under which name the last self-audit is kept.
_AUDIT: Final = "notices.audit"
#: The file of the self-audits' signed lines.
REPORTS: Final = "audits.txt"


@dataclass(frozen=True, slots=True)
class Audited:
    """When the last self-audit ran, and how much it found wrong."""

    at: datetime
    wrong: int


class StoredRegister(Register, AuditedCases):
    """Every sealed file. `folder` holds the heads of each day, outside the database; `trust` is what this installation
    vouches for."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        folder: Path,
        now: Callable[[], datetime],
        trust: Callable[[], Trust],
    ) -> None:
        self._database = database
        self._keys = keys
        self._folder = folder
        self._now = now
        self._trust = trust

    @property
    def trust(self) -> Trust:
        """What this installation vouches for."""
        return self._trust()

    def known(self, sha256: str) -> Known | None:
        """What is known of a file; None where there is none with this hash."""
        query = select(notice_files).where(
            notice_files.c.sha256 == bytes.fromhex(sha256), notice_files.c.kind == "sealed"
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
            if row is None:
                return None
            links = chain_of(connection, self._keys, row.notice)
        anchored = [
            found
            for anchor, heads in self.anchors(_RECENT)
            if (found := under(anchor, heads, row.notice)) is not None
        ]
        return Known(
            self.trust,
            case=row.notice,
            links=links,
            written=max((each.head.seq for each in anchored), default=0),
            token=row.token or b"",
            anchors=tuple(anchored),
            pdf=read_file(self._keys, row)[1],
        )

    def last_audit(self) -> Audited | None:
        """How the last self-audit ended; None before the first."""
        with self._database.read() as connection:
            kept = get_setting(connection, _AUDIT)
        return None if kept is None else Audited(datetime.fromisoformat(kept["at"]), kept["wrong"])

    def keep_report(self, line: str, wrong: int) -> None:
        """Keeps the signed line of a self-audit, beside the anchors, and how much it found wrong."""
        now = self._now()
        add_lines(self._folder / REPORTS, [line + "\n"])
        with self._database.work() as connection:
            put_setting(connection, _AUDIT, {"at": now.isoformat(), "wrong": wrong}, now)

    # What a self-audit reads

    def cases(self) -> Iterable[str]:
        """Every case that has a chain."""
        with self._database.read() as connection:
            return connection.execute(select(notice_events.c.notice).distinct()).scalars().all()

    def links(self, case: str) -> tuple[CaseLink, ...]:
        """A case's chain."""
        with self._database.read() as connection:
            return chain_of(connection, self._keys, case)

    def files(self) -> tuple[str, ...]:
        """The SHA-256 of every sealed file that is kept."""
        query = select(notice_files.c.sha256).where(notice_files.c.kind == "sealed")
        with self._database.read() as connection:
            return tuple(sha256.hex() for sha256 in connection.execute(query).scalars())

    def roots(self) -> dict[date, bytes]:
        """The root of each day's anchor as the database has it."""
        with self._database.read() as connection:
            rows = connection.execute(select(notice_anchors.c.on, notice_anchors.c.root)).all()
        return {row.on: row.root for row in rows}

    def anchored(self) -> list[tuple[Anchor, tuple[CaseHead, ...]]]:
        """The anchors whose files are whole, with their heads."""
        return self.anchors(None)

    def heads(self) -> tuple[CaseHead, ...]:
        """The last event of every case."""
        with self._database.read() as connection:
            return newest_heads(connection)

    def anchors(self, days: int | None) -> list[tuple[Anchor, tuple[CaseHead, ...]]]:
        """The anchors of the last days, or of all, from their files; one that is not whole is left out, and the self-audit says
        so."""
        found = []
        for path in sorted(self._folder.glob("*.jsonl"), reverse=True)[:days]:
            try:
                found.append(read_heads(path.read_text(encoding="utf-8").splitlines()))
            except (OSError, ValueError):
                continue
        return found

    def anchor(self, timestamper: TimeStamper | None) -> Failure | None:
        """Makes the day's anchor, once a day in China; why it has no time stamp, where one was to be had."""
        now = self._now()
        on = now.astimezone(CHINA).date()
        path = self._folder / f"{on.isoformat()}.jsonl"
        heads = self.heads()
        if path.exists() or not heads:
            return None
        anchor, failure = make_anchor(heads, on, now, timestamper)
        row = {
            "on": on,
            "root": anchor.root,
            "heads": anchor.heads,
            "token": anchor.token or None,
            "made_at": now,
        }
        keep = upsert(self._database.dialect, notice_anchors).on_conflict_do_nothing()
        kept = select(notice_anchors.c.root).where(notice_anchors.c.on == on)
        with self._database.work() as connection:
            connection.execute(keep, row)
            if connection.execute(kept).scalar_one() != anchor.root:
                return None  # another worker made the day's anchor, over other heads
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        written = path.with_name(f"{path.stem}-{uuid4().hex}.new")
        written.write_text("".join(write_heads(anchor, heads)), encoding="utf-8")
        written.replace(path)  # whole or not at all
        return failure
