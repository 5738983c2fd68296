"""What HR settles once for notices: figures that the library lacks, yearly charges, and who signed the confirmation."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, delete, insert, select, update

from audit.events import Event
from audit.events import employee as subject
from notices.book import EnteredFigure, YearlyCharge
from storage.audit import append
from storage.database import Database, upsert
from storage.keys import Keys
from storage.notice_cases import file_row
from storage.notice_rows import ADDRESS
from storage.tables import hr_addresses, notice_figures, notice_files


class StoredNoticeSettings:
    """What holds for every notice."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def note_address(self, address: str) -> None:
        """HR has signed in from an address: what is answered from there is flagged for a while."""
        row = {"address_index": self._keys.index(ADDRESS, address), "seen_at": self._now()}
        keep = upsert(self._database.dialect, hr_addresses).on_conflict_do_update(
            index_elements=["address_index"], set_={"seen_at": row["seen_at"]}
        )
        with self._database.work() as connection:
            connection.execute(keep, row)

    def confirm(self, employee: str, signed_on: date, name: str, scan: bytes, by: str) -> None:
        """Keeps the scan of the signed 电子送达与电子签名确认书; it takes the place of an earlier one."""
        now = self._now()
        earlier = (
            update(notice_files)
            .where(notice_files.c.employee == employee, notice_files.c.ended_at.is_(None))
            .values(ended_at=now)
        )
        row = file_row(
            self._keys, "confirmation", name, scan, by, now, employee=employee, signed_on=signed_on
        )
        with self._database.work() as connection:
            connection.execute(earlier)
            connection.execute(insert(notice_files), row)
            details = {"sha256": hashlib.sha256(scan).hexdigest()}
            append(connection, Event("delivery_confirmed", by, (subject(employee),), details), now)

    def confirmed(self, employees: Sequence[str]) -> dict[str, date]:
        """Who has signed it, and when."""
        query = select(notice_files.c.employee, notice_files.c.signed_on).where(
            notice_files.c.employee.in_(employees),
            notice_files.c.kind == "confirmation",
            notice_files.c.ended_at.is_(None),
        )
        with self._database.read() as connection:
            return {employee: on for employee, on in connection.execute(query)}

    def figures(self) -> tuple[EnteredFigure, ...]:
        """The figures that HR entered."""
        return tuple(
            EnteredFigure(row.region, row.name, row.employee, row.employer, row.source)
            for row in self._rows("figure")
        )

    def enter_figure(self, figure: EnteredFigure, by: str) -> None:
        """Enters one, in the place of an earlier one for the same region and insurance."""
        self._write("figure", figure.region, figure.insurance, 0, figure, by)

    def charges(self) -> tuple[YearlyCharge, ...]:
        """The charges once a year."""
        return tuple(
            YearlyCharge(row.region, row.name, row.month, row.employee, row.employer, row.source)
            for row in self._rows("charge")
        )

    def set_charge(self, charge: YearlyCharge, by: str) -> None:
        """Sets one, in the place of an earlier one of the same region and name."""
        self._write("charge", charge.region, charge.name, charge.month, charge, by)

    def remove_charge(self, region: str, name: str, by: str) -> None:
        """Takes one away."""
        of = (notice_figures.c.region == region, notice_figures.c.name == name)
        with self._database.work() as connection:
            connection.execute(delete(notice_figures).where(notice_figures.c.kind == "charge", *of))
            self._note(connection, "charge", region, name, by)

    def _rows(self, kind: Literal["figure", "charge"]) -> list[Any]:
        query = select(notice_figures).where(notice_figures.c.kind == kind)
        with self._database.read() as connection:
            return list(
                connection.execute(query.order_by(notice_figures.c.region, notice_figures.c.name)).all()
            )

    def _write(
        self,
        kind: Literal["figure", "charge"],
        region: str,
        name: str,
        month: int,
        of: EnteredFigure | YearlyCharge,
        by: str,
    ) -> None:
        values = {
            "month": month,
            "employee": of.employee,
            "employer": of.employer,
            "source": of.source,
            "entered_by": by,
            "entered_at": self._now(),
        }
        keep = upsert(self._database.dialect, notice_figures).on_conflict_do_update(
            index_elements=["kind", "region", "name"], set_=values
        )
        with self._database.work() as connection:
            connection.execute(keep, {"kind": kind, "region": region, "name": name, **values})
            self._note(connection, kind, region, name, by)

    def _note(self, connection: Connection, kind: str, region: str, name: str, by: str) -> None:
        details = {"kind": kind, "region": region, "name": name}
        append(connection, Event("notice_figure_set", by, details=details), self._now())
