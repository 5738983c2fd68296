"""Passwords and sessions: what is kept is never what is typed or what a cookie holds."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from people.accounts import Account

#: A session ends after so long without a click, and after so long altogether.
IDLE: Final = timedelta(hours=2)
LONGEST: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in. `token_hash` names the session where it is listed or ended."""

    account: Account
    token_hash: bytes = field(repr=False)
    started_at: datetime


class Sessions(Protocol):
    """Who is signed in."""

    def begin(self, account: str) -> str:
        """Signs an account in; the token for the cookie."""

    def find(self, token: str) -> Session | None:
        """Whose token it is; None where it has ended. Looking it up counts as a click."""

    def end(self, token: str) -> None:
        """Signs out."""


def new_token() -> str:
    """A random token that nobody can guess."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """What is kept of a token: from it the token cannot be had."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
