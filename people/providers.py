"""The company's own sign-in (OpenID, WeCom): who somebody is there, and which account that is here."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

from people.accounts import Account

#: So long may it take from our page through the provider's and back.
UNDER_WAY: Final = timedelta(minutes=10)


class ProviderFailed(Exception):
    """The provider does not say who it is, or not in a way that can be believed. The message is for the log."""


@dataclass(frozen=True, slots=True)
class Journey:
    """A sign-in that is under way. `state`, `nonce` and `verifier` are random; `back` is the page to end on."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    back: str = ""


def new_journey(back: str = "") -> Journey:
    """A journey that nobody can guess. The state has letters and digits alone, as WeCom wants it."""
    return Journey(secrets.token_hex(24), secrets.token_hex(16), secrets.token_urlsafe(32), back)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is at the provider: `subject` for good, `login` where it is to be tied to an account."""

    subject: str = field(repr=False)
    login: str = field(default="", repr=False)


class Provider(Protocol):
    """The protocol that the provider speaks."""

    @property
    def name(self) -> str:
        """What stands on the button."""

    @property
    def second_factor(self) -> bool:
        """Whether the provider's own second factor counts, so that ours is not asked for."""

    def address(self, journey: Journey) -> str:
        """Where the browser is sent. Raises `ProviderFailed`."""

    def identity(self, journey: Journey, answer: Mapping[str, str]) -> Identity:
        """Who came back, from the query of the address that the provider sent them to. Raises `ProviderFailed`."""


class Ties(Protocol):
    """Which account somebody at the provider is. None is ever made here."""

    def set_out(self, journey: Journey) -> str:
        """Keeps a journey; the token for the browser that is on it."""

    def come_back(self, token: str) -> Journey | None:
        """The journey of a token, once; None where it was used or took too long."""

    def account_of(self, identity: Identity) -> Account | None:
        """The account tied to it; else the one of that login, if an admin allowed it, which is tied now."""
