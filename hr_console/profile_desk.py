"""What the pages of profiles, strategies and money stand on, and what they share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, Protocol

from hr_console.personnel import Personnel
from locales import Say
from people.accounts import Account
from people.employees import Employee
from people.entities import account_of
from policy_kb.answer import source_json
from profiles.book import KeptStrategy, ProfileBook
from profiles.ground import Ground

#: `before`: it went out earlier. `no_chat`: the employee has no conversation in which it can stand.
Sent = Literal["sent", "before", "no_chat"]


class Telling(Protocol):
    """Sending an employee what a strategy has to tell them."""

    def language(self, employee: str) -> str:
        """The catalogue of the language in which the employee talks to us."""

    def send(
        self, strategy: str, employee: str, text: str, by: str, sources: tuple[dict[str, Any], ...] = ()
    ) -> Sent:
        """Puts a text, with the records it rests on, into the employee's own conversation, once for each strategy, and has
        them told that it is there."""


@dataclass(frozen=True, kw_only=True)
class ProfileDesk:
    """Profiles and strategies, and the roster that they are about. `act` has what was approved carried out soon; `by_file`
    tells of a place whether HR takes a file to its portal instead."""

    staff: Personnel
    book: ProfileBook
    telling: Telling
    act: Callable[[], None] = field(repr=False)
    by_file: Callable[[str], bool] = field(repr=False)

    @property
    def say(self) -> Say:
        """What words a sentence in the reader's language."""
        return self.staff.say

    def today(self) -> date:
        """The day in China."""
        return self.staff.today()

    def ground(self, employee: Employee) -> Ground:
        """What is looked at beside an employee's profile."""
        return Ground(
            self.staff.library,
            account=account_of(employee.region, employee.account, self.staff.companies.accounts()),
            employment=employee.employment,
            joined_on=employee.joined_on,
            months=self.staff.records.pay_months(employee.id),
        )

    def sources(self, keys: Iterable[str]) -> list[dict[str, Any]]:
        """The records of the library of some keys, each once, with the texts in which they were read."""
        library = self.staff.library
        return [source_json(library, key) for key in dict.fromkeys(keys) if library.has(key)]


def may_see(strategy: KeptStrategy, looks: Account) -> bool:
    """Whether somebody may see a strategy: a private one nobody, one that tells of dibao whoever may see dibao."""
    return not strategy.private and (not strategy.tells_dibao or looks.may("dibao"))
