"""Whose chat is whose: a one-time code ties an account of a channel to an employee, and the tie can be ended."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

from locales import N_
from people.employees import Employee, masked, tail

#: Without what is mistaken for something else on paper: 0 O, 1 I L, 2 Z, 5 S, 8 B, U V.
LETTERS: Final = "ACDEFGHJKMNPQRTWXY"
DIGITS: Final = "34679"
LENGTH: Final = 8
#: How long a code that was printed can be used.
LIFE: Final = timedelta(days=30)
#: So many codes may be tried in one conversation within `PAUSE`.
MOST_TRIES: Final = 5
PAUSE: Final = timedelta(hours=1)
_TYPED: Final = re.compile(r"[A-Z0-9]{8}")
_LINK: Final = re.compile(r"[#?&]bind=([A-Za-z0-9-]{8,9})(?![A-Za-z0-9-])")

#: Why a tie ended.
Ended = Literal["left", "by_employee", "lost_phone", "by_hr", "rebound", "wecom_id"]
ENDED: Final[Mapping[Ended, str]] = {
    "left": N_("离职"),
    "by_employee": N_("本人解绑"),
    "lost_phone": N_("手机丢了"),
    "by_hr": N_("人事解绑"),
    "rebound": N_("换绑到别的账号"),
    "wecom_id": N_("花名册上的企业微信账号改了"),
}
#: Reasons that HR may give. A lost phone ends the ties on every channel: all of them may be open on it.
ENDED_BY_HR: Final[tuple[Ended, ...]] = ("lost_phone", "by_hr")

#: What the old account is told when the employee was bound on another one of the same channel: no name, no reason.
MOVED: Final = N_(
    "这个聊天账号和员工的绑定结束了，以后的通知不再发到这里。要是不是你自己换的，请到人事说一声。"
)

#: `unknown` was never given out, or was taken back.
CodeState = Literal["good", "used", "expired", "unknown"]


@dataclass(frozen=True, slots=True)
class Owner:
    """An employee as a chat may show one before and after binding: the name masked, the number's end."""

    employee: str
    name: str = field(repr=False)
    tail: str = field(repr=False)

    @classmethod
    def of(cls, employee: Employee) -> Owner:
        """The employee as the chat may show them."""
        return cls(employee.id, masked(employee.name), tail(employee.number))


@dataclass(frozen=True, slots=True)
class Found:
    """What a code is; `owner` is there only where it is good."""

    state: CodeState
    owner: Owner | None = None


@dataclass(frozen=True, slots=True)
class Bind:
    """A conversation is to be tied to the employee whose code it is."""

    code: str = field(repr=False)
    employee: str


@dataclass(frozen=True, slots=True)
class Unbind:
    """A conversation is to be untied, as its employee wishes."""


#: What a turn of the dialogue decides about the tie; it is done in the transaction that keeps the turn.
BindingAct = Bind | Unbind


@dataclass(frozen=True, slots=True)
class Binding:
    """A tie between an employee and a conversation, now or in the past."""

    channel: str
    bound_at: datetime
    ended_at: datetime | None
    ended_why: Ended | None


class Bindings(Protocol):
    """What the dialogue asks: whose a code is, and whose the chat."""

    def look_up(self, code: str) -> Found:
        """What a code is, as `code_in` reads it."""

    def owner(self, conversation: str) -> Owner | None:
        """Whose chat it is; None where nobody has bound it."""


class NoBindings(Bindings):
    """Nobody is bound and no code is good: for a terminal, and where there is no roster."""

    def look_up(self, code: str) -> Found:
        """No code is good."""
        return Found("unknown")

    def owner(self, conversation: str) -> Owner | None:
        """Nobody's."""
        return None


class Codes(Protocol):
    """What HR does: codes are made, ties looked at and ended. `by` is who acts, as the log names them."""

    def make(self, employees: Sequence[str], by: str) -> Mapping[str, str]:
        """A new code for each employee who is there and has not left; earlier ones are void. Only here are they shown."""

    def of_employee(self, employee: str) -> tuple[Binding, ...]:
        """Every tie of an employee, those that hold first, then the newest."""

    def code_expires(self, employee: str) -> datetime | None:
        """Until when the employee has a code that can be used; None where there is none."""

    def end(self, employee: str, why: Ended, by: str, reason: str) -> bool:
        """Ends every tie at once: what is not yet sent is not sent to the old accounts. Whether there was one."""


def new_code() -> str:
    """A random code; it always has a letter and a digit, so that no word and no number is one.

    >>> code_in(new_code()) is not None
    True
    """
    while True:
        code = "".join(secrets.choice(LETTERS + DIGITS) for _ in range(LENGTH))
        if not code.isalpha() and not code.isdigit():
            return code


def shown(code: str) -> str:
    """A code as it is printed.

    >>> shown("K7MP4XQ9")
    'K7MP-4XQ9'
    """
    return f"{code[:4]}-{code[4:]}"


def code_in(text: str) -> str | None:
    """The code that a message is, or that the link in it carries; None where it is something else.

    A code with a character that none of ours has is read too, so that it can be said what is wrong with it.

    >>> code_in(" k7mp－4xq9 "), code_in("https://shebao.example/chat#bind=K7MP4XQ9"), code_in("12345678")
    ('K7MP4XQ9', 'K7MP4XQ9', None)
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    linked = _LINK.search(plain)
    code = re.sub(r"[\s\-‐-―]", "", linked[1] if linked else plain).upper()
    if not _TYPED.fullmatch(code) or code.isalpha() or code.isdigit():
        return None
    return code
