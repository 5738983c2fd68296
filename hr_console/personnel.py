"""What the pages of roster and company stand on, and what they share: who is looked at, names, days, sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Protocol
from uuid import UUID

from flask import abort

from audit.events import EMPLOYEE, SYSTEM
from calculator.fields import Problem
from delivery.ways import Ways
from hr_console.case_words import CHINA
from hr_console.console import Console, say
from hr_inbox.cases import Cases
from locales import N_, Say
from people.accounts import Account
from people.bindings import Codes
from people.employees import Employee, Roster
from people.entities import Companies
from people.importing import Importer, Imports
from people.records import Records
from policy_kb.library import Library
from policy_kb.wording import problem_text

#: Something typed that says why: at most so many characters.
LONGEST_REASON: Final = 200
NO_REASON: Final = N_("写一句为什么。")
TOO_LONG: Final = N_("最多 {most} 个字。")


class Logged(Protocol):
    """An event of the log as a page shows it."""

    @property
    def at(self) -> datetime:
        """When."""

    @property
    def act(self) -> str:
        """What, as `audit.events.ACTS` names it."""

    @property
    def actor(self) -> str:
        """Who, as a reference."""


class AccessLog(Protocol):
    """What was done with somebody, and who looked."""

    def about(
        self, subject: str, before: int | None = None, limit: int = 50
    ) -> Sequence[Logged]:  # fmt: skip
        """The events about somebody, the newest first."""


class Colleagues(Protocol):
    """HR's accounts."""

    def get(self, id: str) -> Account | None:
        """An account by its id."""

    def all(self) -> tuple[Account, ...]:
        """Every account."""


@dataclass(frozen=True, kw_only=True)
class Personnel:
    """Stores and words of the pages of the roster. `address` is where browsers reach the chat; `run` has an import
    worked on soon."""

    console: Console
    roster: Roster
    records: Records
    codes: Codes
    ways: Ways
    companies: Companies
    imports: Imports
    importer: Importer
    run: Callable[[str], None] = field(repr=False)
    cases: Cases
    log: AccessLog
    colleagues: Colleagues
    library: Library
    address: str

    def there(self, employee: UUID) -> Employee:
        """The employee of an address; 404 where there is none."""
        found = self.roster.get(str(employee))
        if found is None:
            abort(404)
        return found

    def place(self, code: str) -> str:
        """A region by its full name."""
        return self.library.divisions.full_name(code) if code in self.library.divisions else code

    def who(self, actor: str) -> str:
        """The name of whom a reference of the log stands for."""
        if actor in (SYSTEM, EMPLOYEE):
            return self.say(N_("系统")) if actor == SYSTEM else self.say(N_("本人"))
        found = self.colleagues.get(actor.removeprefix("account:"))
        return self.say(N_("已注销的账号")) if found is None else found.name

    def today(self) -> date:
        """The day in China."""
        return self.console.now().astimezone(CHINA).date()

    @property
    def say(self) -> Say:
        """What words a sentence in the reader's language."""
        return say(self.console)

    def worded(self, problems: Sequence[Problem]) -> dict[str, str]:
        """What is accepted, by field."""
        return {each.field: problem_text(each, self.say) for each in problems}


def minute(at: datetime) -> str:
    """A moment in China as it stands in a list.

    >>> from datetime import UTC
    >>> minute(datetime(2026, 10, 15, 4, 30, tzinfo=UTC))
    '2026-10-15 12:30'
    """
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M}"
