"""Systems outside that know something of an employee: what is asked of them, what comes back, and how they fail.

Civil affairs (民政), social insurance (社保经办) and payroll (工资系统). Whoever fills a protocol, over HTTP or from files,
gives whole records or raises: never half a record, never a code that nobody has mapped. A record is known by its source and
its reference, so whatever arrives twice is one record. People are named by a token (`Tokens`), never by name.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import ClassVar, Final, Literal, Protocol

from calculator.money import Fen
from calculator.rules import Insurance
from people.records import DibaoState

# -- how they fail -----------------------------------------------------------------------------------------------------

_CODE: Final = re.compile(r"[A-Za-z0-9_.:-]{1,80}")


class OutsideFailed(Exception):
    """An outside system gave no answer that can be used; nothing was taken over. One of the five below.

    `code` says what and where, in words of ours: it may be logged. `later` says whether asking again can help without
    anybody doing something, `after` how long the system asks to be left alone. `value` is a code of theirs that was not
    understood, for the page of whoever maps codes; it may be anything, and is never logged.
    """

    later: ClassVar[bool]

    def __init__(self, code: str, after: timedelta = timedelta(0), *, value: str = "") -> None:
        if not _CODE.fullmatch(code):
            raise ValueError("a code is a word of ours")
        super().__init__(code)
        self.code = code
        self.after = after
        self.value = value


class Unreachable(OutsideFailed):
    """It was not reached, or the connection broke."""

    later = True


class Refused(OutsideFailed):
    """It does not accept our credentials or our certificate, or we do not accept its certificate."""

    later = False


class TooSlow(OutsideFailed):
    """It was reached, and did not answer to the end in time."""

    later = True


class Nonsense(OutsideFailed):
    """It answered what cannot be used: not the agreed schema, an unmapped code, less than it said, a wrong clock."""

    later = False


class Busy(OutsideFailed):
    """It says itself that it cannot answer now, or it failed so often that it is left alone."""

    later = True


class Forged(Exception):
    """What was delivered to us is not signed by whom it should be, or not now. The message holds nothing of it."""


class Unlawful(Exception):
    """What was to be declared is not lawful, so that it was never sent."""

    def __init__(self, code: UnlawfulCode) -> None:
        super().__init__(code)
        self.code = code


#: A base below the lawful one; contributions that begin later than they are owed.
UnlawfulCode = Literal["below_lawful_base", "deferred"]

# -- who is meant ------------------------------------------------------------------------------------------------------

TokenKind = Literal["id_number_hmac", "id_number_sha256", "own_number"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """How a system names people. `id_number_hmac`: the HMAC-SHA256 of the identity number, in hex, under a secret that both
    sides hold. `id_number_sha256`: its SHA-256 alone, which whoever tries all numbers can undo; only where the other side
    can do nothing else. `own_number`: the number that the system itself has given to the person."""

    kind: TokenKind
    secret: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.kind == "id_number_hmac" and len(self.secret) < 16:
            raise ValueError("person_secret: at least 16 characters")

    def of(self, id_number: str, own_number: str) -> str:
        """The token of a person; "" where what it is made of is not known.

        >>> Tokens("own_number").of("", " 0512 ")
        '0512'
        >>> Tokens("id_number_sha256").of("11010519491231002x", "")[:8]
        '426695a0'
        """
        if self.kind == "own_number":
            return own_number.strip()
        number = id_number.strip().upper().encode()
        if not number:
            return ""
        if self.kind == "id_number_sha256":
            return hashlib.sha256(number).hexdigest()
        return hmac.digest(self.secret.encode(), number, "sha256").hex()


# -- civil affairs -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A person's dibao as civil affairs has it: what it is, since when, why (a code of ours, "" where none was given), and
    when they decided or told it. Of two changes of a person the later `told_at` counts, in whatever order they came."""

    source: str
    reference: str = field(repr=False)
    person: str = field(repr=False)
    status: DibaoState = field(repr=False)
    since: date = field(repr=False)
    reason: str = field(repr=False)
    told_at: datetime


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Some changes, in the order of `told_at`. `cursor` is where the next page begins: it is stored together with the
    changes, or not at all. `more`: there is another page already. `strangers` counts records about people who were not asked
    about; they are not handed on."""

    changes: tuple[StatusChange, ...]
    cursor: str
    more: bool = False
    strangers: int = 0


class CivilAffairs(Protocol):
    """The civil-affairs department's system. Nothing authorises an employer to ask, so `people` are those alone who agreed
    to it and have not taken it back."""

    def changes(self, cursor: str, people: Collection[str]) -> ChangePage:
        """What changed after `cursor` ("": from the beginning) for these people's tokens.

        Asked from the beginning it gives everything again. That is how somebody is read who agreed later: alone, from "".
        Asks nothing where `people` is empty. Raises `OutsideFailed`; the cursor of before is then still the one to use.
        """


# -- social insurance --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Somebody to be insured from a month on (its first day). `due` is the month from which contributions are owed;
    `lawful_base` the lowest base that the law allows for the wage. What the system does not ask for is not sent."""

    reference: str
    person: str = field(repr=False)
    starts: date
    due: date
    base: Fen = field(repr=False)
    lawful_base: Fen = field(repr=False)
    name: str = field(default="", repr=False)
    id_number: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class BaseChange:
    """Another contribution base from a month on; `due` is the month from which it is owed."""

    reference: str
    person: str = field(repr=False)
    starts: date
    due: date
    base: Fen = field(repr=False)
    lawful_base: Fen = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeclaredLine:
    """One person's base of a declaration."""

    person: str = field(repr=False)
    base: Fen = field(repr=False)
    lawful_base: Fen = field(repr=False)


@dataclass(frozen=True, slots=True)
class Declaration:
    """A month's bases, for everyone it names."""

    reference: str
    month: date
    lines: tuple[DeclaredLine, ...] = field(repr=False)


ReceiptState = Literal["accepted", "pending", "rejected"]


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """What came of one person's line; `reason` is a code of ours, "" where none was given."""

    person: str = field(repr=False)
    state: ReceiptState
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a system says of what it was handed. `pending`: it has it and has not decided; handing in the same again, under
    the same reference, does nothing but ask."""

    source: str
    reference: str
    state: ReceiptState
    reason: str = ""
    lines: tuple[ReceiptLine, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class ConfirmedAmount:
    """What one person's insurance of one kind comes to in a month, as the system has confirmed it."""

    source: str
    reference: str = field(repr=False)
    person: str = field(repr=False)
    month: date
    insurance: Insurance
    base: Fen = field(repr=False)
    employee: Fen = field(repr=False)
    employer: Fen = field(repr=False)


@dataclass(frozen=True, slots=True)
class ConfirmedAmounts:
    """A month's amounts. `version` is handed in the next time; `unchanged`: they are those of that version, not repeated."""

    month: date
    amounts: tuple[ConfirmedAmount, ...] = field(repr=False)
    version: str = ""
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One person in a monthly statement."""

    person: str = field(repr=False)
    base: Fen = field(repr=False)
    employee: Fen = field(repr=False)
    employer: Fen = field(repr=False)


@dataclass(frozen=True, slots=True)
class Statement:
    """The monthly statement (对账单) of the company. Its lines add up to its totals, or it is not handed on."""

    source: str
    reference: str
    month: date
    lines: tuple[StatementLine, ...] = field(repr=False)
    employee: Fen = field(repr=False)
    employer: Fen = field(repr=False)


class SocialInsurance(Protocol):
    """The social-insurance agency's system. It never defers, and never declares below the lawful base: `Unlawful` is raised
    before anything is sent. Whatever is handed in twice under one reference is done once. Each raises `OutsideFailed`."""

    def enrol(self, enrolment: Enrolment) -> Receipt:
        """Has somebody insured. Raises `Unlawful`."""

    def change_base(self, change: BaseChange) -> Receipt:
        """Declares another base for somebody. Raises `Unlawful`."""

    def declare(self, declaration: Declaration) -> Receipt:
        """Declares a month; each line has its own outcome. Raises `Unlawful` where any line is, and then sends none."""

    def confirmed(self, month: date, version: str = "") -> ConfirmedAmounts:
        """The amounts of a month that the system has confirmed."""

    def statement(self, month: date) -> Statement | None:
        """The statement of a month; None where there is none yet."""


def refuse_unlawful(*wanted: Enrolment | BaseChange | DeclaredLine) -> None:
    """Raises `Unlawful` for a base below the lawful one, and for what begins later than it is owed.

    >>> refuse_unlawful(DeclaredLine("p", base=300_000, lawful_base=300_000))
    >>> refuse_unlawful(DeclaredLine("p", base=280_000, lawful_base=300_000))
    Traceback (most recent call last):
        ...
    people.outside.Unlawful: below_lawful_base
    """
    for each in wanted:
        if each.lawful_base <= 0 or each.base < each.lawful_base:
            raise Unlawful("below_lawful_base")
        if not isinstance(each, DeclaredLine) and each.starts > each.due:
            raise Unlawful("deferred")


# -- payroll -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wage:
    """What somebody earned in a month (应发), and what of it was paid out (实发) where the system tells."""

    source: str
    reference: str = field(repr=False)
    person: str = field(repr=False)
    month: date
    gross: Fen = field(repr=False)
    net: Fen | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Wages:
    """A month's wages. `version` is handed in the next time; `unchanged`: they are those of that version, and not repeated."""

    month: date
    wages: tuple[Wage, ...] = field(repr=False)
    version: str = ""
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class Deduction:
    """What is withheld from somebody's wage as the own share of contributions."""

    person: str = field(repr=False)
    amount: Fen = field(repr=False)


class Payroll(Protocol):
    """The payroll system. Whatever is handed in twice under one reference is done once. Each raises `OutsideFailed`."""

    def wages(self, month: date, version: str = "") -> Wages:
        """The wages of a month."""

    def deduct(self, reference: str, month: date, deductions: Sequence[Deduction]) -> Receipt:
        """Hands in the deductions of a month; each has its own outcome."""
