"""The company's rows: entities with their seals, and insured accounts, sealed."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, Row, Table, delete, insert, select, update

from audit.events import Event
from people.entities import Companies, InsuredAccount, LegalEntity
from storage.audit import append
from storage.database import Database
from storage.keys import Keys
from storage.tables import entities, insured_accounts

ENTITY: Final = "entities.body"
ACCOUNT: Final = "insured_accounts.body"


class StoredCompanies(Companies):
    """The company as it is set up."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def entities(self) -> tuple[LegalEntity, ...]:
        """Every entity, the oldest first."""
        return tuple(self._entity(row) for row in self._rows(entities))

    def accounts(self) -> tuple[InsuredAccount, ...]:
        """Every insured account, the oldest first."""
        return tuple(
            InsuredAccount(
                id=row.id, entity=row.entity, region=row.region, **self._opened(ACCOUNT, row)
            )
            for row in self._rows(insured_accounts)
        )  # fmt: skip

    def save_entity(self, entity: LegalEntity, by: str) -> str:
        """Adds an entity where it has no id yet, else writes it anew; its id."""
        saved = replace(entity, id=entity.id or str(uuid4()))
        with self._database.work() as connection:
            picture = self._body(connection, saved.id).get("seal") if entity.id else None
            body = {"name": saved.name, "credit_code": saved.credit_code, "seal": picture}
            self._write(connection, entities, saved.id, self._sealed(ENTITY, saved.id, body), not entity.id)
            self._note(connection, "entity", by)
        return saved.id

    def save_account(self, account: InsuredAccount, by: str) -> str:
        """Adds an account where it has no id yet, else writes it anew; its id."""
        saved = replace(account, id=account.id or str(uuid4()))
        data = asdict(saved)
        columns = {name: data.pop(name) for name in ("id", "entity", "region")}
        values = {**columns, **self._sealed(ACCOUNT, saved.id, data)}
        with self._database.work() as connection:
            self._write(connection, insured_accounts, saved.id, values, not account.id)
            self._note(connection, "account", by)
        return saved.id

    def remove_account(self, account: str, by: str) -> None:
        """Takes an account away."""
        with self._database.work() as connection:
            connection.execute(delete(insured_accounts).where(insured_accounts.c.id == account))
            self._note(connection, "account_removed", by)

    def put_seal(self, entity: str, picture: bytes, by: str) -> None:
        """Keeps the picture of an entity's seal, a PNG. Raises `KeyError`."""
        with self._database.work() as connection:
            body = self._body(connection, entity)
            if not body:
                raise KeyError(entity)
            body["seal"] = base64.b64encode(picture).decode()
            self._write(connection, entities, entity, self._sealed(ENTITY, entity, body), new=False)
            self._note(connection, "seal", by)

    def seal(self, entity: str) -> bytes | None:
        """The picture of an entity's seal."""
        with self._database.read() as connection:
            picture = self._body(connection, entity).get("seal")
        return None if picture is None else base64.b64decode(picture)

    def _rows(self, table: Table) -> list[Row[Any]]:
        with self._database.read() as connection:
            return list(connection.execute(select(table).order_by(table.c.made_at, table.c.id)).all())

    def _entity(self, row: Row[Any]) -> LegalEntity:
        body = self._opened(ENTITY, row)
        return LegalEntity(row.id, body["name"], body["credit_code"], body["seal"] is not None)

    def _body(self, connection: Connection, entity: str) -> dict[str, Any]:
        """What is sealed of an entity, locked until the transaction ends; nothing where there is none."""
        query = select(entities).where(entities.c.id == entity)
        row = connection.execute(query.with_for_update()).one_or_none()
        return {} if row is None else self._opened(ENTITY, row)

    def _write(
        self, connection: Connection, table: Table, id: str, values: dict[str, Any], new: bool
    ) -> None:
        if new:
            connection.execute(insert(table), {"id": id, **values, "made_at": self._now()})
        else:
            connection.execute(update(table).where(table.c.id == id).values(**values))

    def _note(self, connection: Connection, what: str, by: str) -> None:
        append(connection, Event("company_changed", by, details={"what": what}), self._now())

    def _sealed(self, purpose: str, id: str, data: dict[str, Any]) -> dict[str, Any]:
        box = self._keys.box(purpose)
        return {"key_id": box.key_id, "body": box.seal_json(f"{purpose}:{id}", data)}

    def _opened(self, purpose: str, row: Row[Any]) -> dict[str, Any]:
        data: dict[str, Any] = self._keys.box(purpose, row.key_id).open_json(f"{purpose}:{row.id}", row.body)
        return data
