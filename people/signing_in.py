"""Signing in: sessions, wrong tries, invitations. What is kept is never what is typed or what a cookie holds."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Final, Literal, Protocol

from people.accounts import Account

#: A session ends after so long without a click, and after so long altogether.
IDLE: Final = timedelta(hours=2)
LONGEST: Final = timedelta(hours=12)
#: So long may it take from the password to the code.
HALF_WAY: Final = timedelta(minutes=15)
#: So long is an invitation good for.
INVITED: Final = timedelta(hours=72)

#: How somebody proved who they are: `password` alone is half-way, `code` both, `provider` the company's own sign-in,
#: `demo` the demo's password.
Proof = Literal["password", "code", "provider", "demo"]


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in, or half-way there. `token_hash` names the session where it is listed or ended; `device`
    is `phone` or `computer`."""

    account: Account
    token_hash: bytes = field(repr=False)
    started_at: datetime
    seen_at: datetime
    proof: Proof
    device: str = ""


class Sessions(Protocol):
    """Who is signed in."""

    def begin(self, account: str, proof: Proof = "code", device: str = "") -> str:
        """Signs an account in; the token for the cookie."""

    def find(self, token: str) -> Session | None:
        """Whose token it is; None where it has ended or is half-way. Looking it up counts as a click."""

    def half_way(self, token: str) -> Session | None:
        """Whose token it is where only the password was given; None for every other."""

    def end(self, token: str) -> None:
        """Signs out."""

    def of(self, account: str) -> tuple[Session, ...]:
        """Where an account is signed in, the last used first."""

    def end_others(self, session: Session) -> int:
        """Ends every other session of the account; how many."""


class NotAdmitted(Exception):
    """A password or code is not accepted. `wait` is None, or the seconds before which no try counts. It is the same for
    a login that does not exist."""

    def __init__(self, wait: int | None = None) -> None:
        super().__init__("wait" if wait else "wrong")
        self.wait = wait


class Credentials(Protocol):
    """What somebody proves with. Every wrong try is counted and logged."""

    def check_password(self, login: str, password: str, address: str) -> Account:
        """The account whose login and password these are; `address` is where they come from. Raises `NotAdmitted`."""

    def check_code(self, account: str, code: str) -> None:
        """Whether it is the phone's code, which counts once. Raises `NotAdmitted`."""

    def has_second_factor(self, account: str) -> bool:
        """Whether there is a second factor to ask for."""

    def planned_secret(self, session: Session) -> str:
        """The secret that a session would set up: its own, and the same until it ends."""

    def fits_plan(self, session: Session, code: str) -> bool:
        """Whether a code shows that the phone has the planned secret."""

    def set_second_factor(self, session: Session, code: str) -> bool:
        """Makes the planned secret the second factor, where the code fits it; every session of the account ends. Whether
        it was done: a session that is half-way sets the first one alone."""

    def change_password(self, account: str, old: str, new: str) -> None:
        """Another password; every session of the account ends. Raises `NotAdmitted` where `old` is not the present one."""

    def choose_language(self, account: str, language: str) -> None:
        """The language in which somebody reads the console."""


class Invitations(Protocol):
    """Links by which somebody comes in for the first time, or again."""

    def invited(self, token: str) -> Account | None:
        """Whom a link invites; None where it was used or is over."""

    def accept(self, token: str, password: str) -> Account | None:
        """Uses up the link and sets the password; None where it was used or is over."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Wrong tries: after `free` of them each further one closes the door for longer, as `waits` has it; after `forgotten`
    without one they are forgotten."""

    free: int
    waits: tuple[timedelta, ...]
    forgotten: timedelta

    def wait(self, tries: int) -> timedelta | None:
        """For how long nothing is accepted after so many wrong tries.

        >>> ACCOUNT.wait(4), ACCOUNT.wait(5).seconds, ACCOUNT.wait(6).seconds, ACCOUNT.wait(99).seconds
        (None, 60, 300, 3600)
        """
        if tries < self.free:
            return None
        return self.waits[min(tries - self.free, len(self.waits) - 1)]


#: For one account, and for each second factor. An hour at most: whoever knows a login shall not close it for good.
ACCOUNT: Final = Limit(5, tuple(timedelta(minutes=each) for each in (1, 5, 15, 60)), timedelta(days=1))
#: For one address: a whole office may stand behind it, so it is wider, and whoever gets in takes their try back.
ADDRESS: Final = Limit(40, (timedelta(minutes=5),), timedelta(minutes=10))


def network_of(address: str) -> str:
    """What counts as one address: of IPv6 the network, out of which one computer has as many addresses as it wants.

    >>> network_of("192.0.2.7"), network_of("2001:db8:1:2:aaaa::7"), network_of("unknown")
    ('192.0.2.7', '2001:db8:1:2::/64', 'unknown')
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return address if found.version == 4 else str(ip_network((found, 64), strict=False))


def new_token() -> str:
    """A random token that nobody can guess."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """What is kept of a token: from it the token cannot be had."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
