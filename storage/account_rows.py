"""An account's row, opened: what every store that reads accounts does the same way."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row

from people.accounts import ROLES, Account
from storage.keys import Keys

BODY: Final = "accounts.body"


def read_account(keys: Keys, row: Row[Any]) -> Account:
    """An account from its row."""
    body = keys.box(BODY, row.key_id).open_json(f"{BODY}:{row.id}", row.body)
    roles = frozenset(role for role in ROLES if role in row.roles.split(","))
    return Account(row.id, body["login"], body["name"], body["mail"], roles, row.state, row.language)
