"""The roster: an employee as HR keeps one, and how one is found."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal, Protocol

from calculator.money import Fen
from locales import N_

#: Somebody who left stays on the roster for the records; their chat is no longer tied to it and no notice goes out.
EmployeeState = Literal["active", "left"]
STATES: Final[Mapping[EmployeeState, str]] = {"active": N_("在职"), "left": N_("已离职")}
EMPLOYMENTS: Final[Mapping[str, str]] = {
    "employee": N_("全日制"),
    "part_time": N_("非全日制"),
    "dispatched": N_("劳务派遣"),
    "flexible": N_("灵活就业"),
    "retired": N_("退休返聘"),
    "student": N_("实习"),
}
AREAS: Final[Mapping[str, str]] = {"rural": N_("农村"), "urban": N_("城镇")}
#: Lines of one page of the roster.
A_PAGE: Final = 50
_DOTS: Final = re.compile(r"[·•‧・∙⋅᛫.]")


@dataclass(frozen=True, slots=True)
class Employee:
    """One employee. `region` is where the job is insured, `home_region` where the household is registered.

    `number` is the company's own employee number; `phone`, `mail` and `wecom_id` (the account in WeCom) may be empty.
    `account` is the number of the insured account;
    `base` the contribution base that is declared. `insured_since` is None for one who is not insured; `uninsured_why` is
    then what HR wrote down as the reason. `on_paper`: has no phone for the chat, so what is sent is printed and handed
    over. Nothing here says anything about dibao.
    """

    id: str
    number: str = field(repr=False)
    name: str = field(repr=False)
    region: str
    home_region: str = field(default="", repr=False)
    area: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    id_number: str = field(default="", repr=False)
    employment: str = "employee"
    account: str = ""
    wage: Fen | None = field(default=None, repr=False)
    joined_on: date | None = None
    left_on: date | None = None
    insured_since: date | None = field(default=None, repr=False)
    uninsured_why: str = field(default="", repr=False)
    state: EmployeeState = "active"
    department: str = field(default="", repr=False)
    base: Fen | None = field(default=None, repr=False)
    on_paper: bool = False
    mail: str = field(default="", repr=False)
    wecom_id: str = field(default="", repr=False)


class Directory(Protocol):
    """How others find an employee."""

    def get(self, employee: str) -> Employee | None:
        """An employee by id."""

    def by_number(self, number: str) -> Employee | None:
        """The employee with that number."""

    def by_name(self, name: str) -> tuple[Employee, ...]:
        """Everyone of exactly that name."""

    def of_conversation(self, conversation: str) -> Employee | None:
        """Whose chat it is; None where nobody has bound it."""

    def conversations_of(self, employee: str) -> Mapping[str, str]:
        """The conversations that are tied to an employee now, by channel."""


@dataclass(frozen=True, slots=True)
class RosterSearch:
    """What a list of the roster is narrowed to; what is left empty does not narrow it."""

    region: str = ""
    state: EmployeeState | None = "active"
    uninsured: bool = False
    unbound: bool = False


@dataclass(frozen=True, slots=True)
class RosterLine:
    """An employee in a list, and whether a chat is bound."""

    employee: Employee
    bound: bool


@dataclass(frozen=True, slots=True)
class RosterPage:
    """A page of the roster, counted from 1, and how many there are on all pages."""

    lines: tuple[RosterLine, ...]
    total: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are.

        >>> RosterPage((), 51, 1).pages
        2
        """
        return max(1, -(-self.total // A_PAGE))


class NumberTaken(Exception):
    """Somebody else has the employee number."""


class WecomTaken(Exception):
    """Somebody else has the account in WeCom."""


class HasRecords(Exception):
    """Something hangs on the employee: a chat, months of pay, a case. Then the entry was no slip."""


class Roster(Directory, Protocol):
    """The roster as HR keeps it. `by` is who acts, as the log names them; every act is logged with it."""

    def find(self, search: RosterSearch, page: int = 1) -> RosterPage:
        """A list, those who joined last first."""

    def everyone(self, search: RosterSearch) -> tuple[RosterLine, ...]:
        """All of a list, for what is printed or exported."""

    def regions(self) -> tuple[str, ...]:
        """The regions in which anybody is insured."""

    def add(self, employee: Employee, by: str) -> Employee:
        """A new employee, under a new id. Raises `NumberTaken` and `WecomTaken`."""

    def correct(self, employee: str, changes: Mapping[str, Any], by: str, why: str = "") -> Employee:
        """Other values for some fields. Raises `NumberTaken`, `WecomTaken`, and `KeyError` for an employee that is not
        there. A chat in WeCom is no longer tied to one who has another account there now."""

    def leave(self, employee: str, on: date, by: str) -> None:
        """Somebody leaves: no chat is tied to them any more and their codes are void. Raises `KeyError`."""

    def rejoin(self, employee: str, on: date, by: str) -> None:
        """Somebody comes back; the chat is bound anew. Raises `KeyError`."""

    def erase(self, employee: str, by: str, why: str) -> None:
        """Takes somebody off the roster for good who never was an employee, a slip.

        Raises `HasRecords`, and `KeyError`.
        """

    def exported(self, employees: Sequence[str], by: str) -> None:
        """Notes in the log that the roster was taken out as a file."""


def name_for_search(name: str) -> str:
    """A name without width, spaces and case, with one kind of middle dot; the name itself is kept as it was typed.

    >>> name_for_search("阿依古丽 • 买买提") == name_for_search("阿依古丽・买买提")
    True
    """
    text = re.sub(r"\s", "", unicodedata.normalize("NFKC", name)).casefold()
    return _DOTS.sub("·", text)


def number_for_search(number: str) -> str:
    """An employee number without width, spaces and case.

    >>> number_for_search(" ａ0034")
    'A0034'
    """
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", number)).upper()


def wecom_for_search(account: str) -> str:
    """An account in WeCom without case, which does not tell two apart there.

    >>> wecom_for_search(" LiXiaoMei")
    'lixiaomei'
    """
    return account.strip().casefold()


def masked(name: str) -> str:
    """A name of which the first character shows.

    >>> masked("李小梅"), masked("𠮷田")
    ('李*', '𠮷*')
    """
    return f"{name[:1]}*"


def tail(number: str) -> str:
    """The end of an employee number, by which its owner knows it.

    >>> tail("A0034")
    '34'
    """
    return number[-2:]


def is_id_number(text: str) -> bool:
    """Whether it is an identity number of 18 places whose check digit is right (GB 11643).

    >>> is_id_number("11010519491231002X"), is_id_number("110105194912310021")
    (True, False)
    """
    if not re.fullmatch(r"\d{17}[\dX]", text, re.ASCII):
        return False
    total = sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(text[:17]))
    return "10X98765432"[total % 11] == text[17]
