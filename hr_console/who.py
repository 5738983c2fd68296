"""Who and where: what the inbox's pages only hold a key of, by name, for the one who looks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hr_console.case_words import moment
from hr_console.console import Console, account, say
from hr_inbox.cases import Viewer
from locales import N_, SOURCE
from people.accounts import Account
from people.employees import Directory, Employee
from policy_kb.divisions import Divisions


class Colleagues(Protocol):
    """HR's accounts."""

    def all(self) -> tuple[Account, ...]:
        """Every account."""


@dataclass(frozen=True)
class Who:
    """Accounts, employees and regions by name."""

    console: Console
    colleagues: Colleagues
    directory: Directory
    divisions: Divisions

    def viewer(self) -> Viewer:
        """Who is signed in, as the cases know them."""
        return viewer_of(account())

    def colleague(self, id: str) -> Viewer | None:
        """A colleague to whom a case can be handed; None where there is none of that id."""
        return next((viewer_of(each) for each in self.assignable() if each.id == id), None)

    def assignable(self) -> list[Account]:
        """Who can work on cases, but for whoever is signed in."""
        return [each for each in self.colleagues.all() if each.id != account().id and each.may("cases")]

    def names(self) -> Mapping[str, str]:
        """Every account's name by its id."""
        return {each.id: each.name for each in self.colleagues.all()}

    def name(self, id: str) -> str:
        """An account's name."""
        return self.names().get(id) or self.tell(N_("同事"))

    def joined(self, ids: Iterable[str]) -> str:
        """Several accounts' names."""
        return "、".join(map(self.name, ids))

    def mentionable(self) -> list[Account]:
        """Who can be named in a note."""
        return [each for each in self.colleagues.all() if each.id != account().id and each.may("inbox")]

    def employee(self, id: str | None) -> Employee | None:
        """An employee, for those who may see the roster."""
        return self.directory.get(id) if id and account().may("roster") else None

    def employee_name(self, id: str | None) -> str:
        """An employee's name and number, for those who may see the roster; else nothing."""
        found = self.employee(id)
        return "" if found is None else f"{found.name} {found.number}"

    def place(self, region: str) -> str:
        """A region's name with those of its parents; nothing where none is known."""
        return self.divisions.full_name(region) if region in self.divisions else ""

    def foreign_languages(self) -> dict[str, str]:
        """The languages that a list names, by their catalogues: all but the source."""
        languages = self.console.languages
        named = {languages.catalogue(code): own for code, own in languages.LANGUAGES.items()}
        return {catalogue: own for catalogue, own in named.items() if catalogue != SOURCE}

    def moment(self, at: datetime) -> str:
        """A time as people say it."""
        return moment(at, self.console.now(), self.tell)

    def tell(self, text: str, /, **figures: str) -> str:
        """A sentence in the reader's language."""
        return say(self.console)(text, **figures)


def viewer_of(account: Account) -> Viewer:
    """An account as the cases know it."""
    return Viewer(
        account.id,
        account.name,
        dibao=account.may("dibao"),
        complaints=account.may("complaints"),
        inbox=account.may("inbox"),
        audit=account.may("audit"),
    )
