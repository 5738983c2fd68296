"""The roster: an employee as HR keeps one, and how one is found."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol

from calculator.money import Fen

#: Somebody who left stays on the roster for the records; their chat is no longer tied to it and no notice goes out.
EmployeeState = Literal["active", "left"]


@dataclass(frozen=True, slots=True)
class Employee:
    """One employee. `region` is where the job is insured, `home_region` where the household is registered.

    `number` is the company's own employee number; `phone` may be empty. `insured_since` is None for one who is not
    insured; `uninsured_why` is then what HR wrote down as the reason. Nothing here says anything about dibao.
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

    def conversation_of(self, employee: str) -> str | None:
        """The conversation that reaches an employee now; None where there is none."""
