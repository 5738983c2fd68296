"""The platforms' access tokens: one row an account, sealed, and fetched under a lease."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import or_, select, update

from bot.channels.tokens import Held, TokenStore
from storage.database import DIALECTS, Database, upsert
from storage.keys import Keys
from storage.tables import platform_tokens

BODY: Final = "platform_tokens.body"
_BEGIN: Final = {dialect: upsert(dialect, platform_tokens).on_conflict_do_nothing() for dialect in DIALECTS}


class StoredTokens(TokenStore):
    """The tokens of every account."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def read(self, account: str) -> Held:
        """The account's token; an empty one that is long over before there is any."""
        query = select(platform_tokens).where(platform_tokens.c.account == account)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return self._begin(account)
        value = self._keys.box(BODY, row.key_id).open_json(f"{BODY}:{account}", row.body)
        return Held(value, row.version, row.until, row.renew_at, row.forced_at, row.forced)

    def lease(self, account: str, version: int, now: datetime, until: datetime) -> str | None:
        """The right to fetch the next one, where this version is still the newest and nobody else has it."""
        lease = str(uuid4())
        with self._database.work() as connection:
            leased = connection.execute(
                update(platform_tokens)
                .where(
                    platform_tokens.c.account == account,
                    platform_tokens.c.version == version,
                    or_(platform_tokens.c.lease.is_(None), platform_tokens.c.leased_until <= now),
                )
                .values(lease=lease, leased_until=until)
            )
        return lease if leased.rowcount == 1 else None

    def settle(self, account: str, lease: str, held: Held) -> None:
        """Keeps what was fetched, or when to try again, and gives the lease back; nothing where it has passed on."""
        values = self._values(account, held) | {"lease": None, "leased_until": None}
        with self._database.work() as connection:
            connection.execute(
                update(platform_tokens)
                .where(platform_tokens.c.account == account, platform_tokens.c.lease == lease)
                .values(**values)
            )

    def _begin(self, account: str) -> Held:
        now = self._now()
        none = Held("", 0, now, now)
        with self._database.work() as connection:
            connection.execute(
                _BEGIN[self._database.dialect], {"account": account, **self._values(account, none)}
            )
        return none

    def _values(self, account: str, held: Held) -> dict[str, Any]:
        box = self._keys.box(BODY)
        return {
            "key_id": box.key_id,
            "body": box.seal_json(f"{BODY}:{account}", held.value),
            "version": held.version,
            "until": held.until,
            "renew_at": held.renew_at,
            "forced_at": held.forced_at,
            "forced": held.forced,
        }
