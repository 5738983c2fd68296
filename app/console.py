"""HR's console as this installation has it: its sections over the storage."""

from __future__ import annotations

from flask import Blueprint

from app.settings import Settings
from hr_console import Console, create_blueprint
from hr_console.log_pages import LogPages
from hr_console.sign_in import SignIn
from people.employees import Directory, Employee
from policy_kb.library import Library
from storage.opening import Storage
from web_calc import languages

#: What the console's cookie is signed with is made from the installation's own keys under this name.
COOKIE = "hr cookie"


def make_console(settings: Settings, storage: Storage, library: Library, *, demo: bool = False) -> Blueprint:
    """The console's pages."""
    console = Console(
        sessions=storage.sessions,
        log=storage.audit,
        now=storage.now,
        languages=languages,
        secret=storage.keys.index(COOKIE).hex(),
        secure=settings.server.secure,
        demo=demo,
    )
    return create_blueprint(
        console,
        SignIn(console),
        LogPages(console, storage.history, storage.chain, storage.accounts, NobodyYet()),
    )


class NobodyYet(Directory):
    """A roster without anybody on it."""

    def get(self, employee: str) -> Employee | None:
        return None

    def by_number(self, number: str) -> Employee | None:
        return None

    def by_name(self, name: str) -> tuple[Employee, ...]:
        return ()

    def of_conversation(self, conversation: str) -> Employee | None:
        return None

    def conversation_of(self, employee: str) -> str | None:
        return None
