"""HR's console as this installation has it: its sections over the storage."""

from __future__ import annotations

from flask import Blueprint

from app.clock import CHINA
from app.settings import Settings
from hr_console import Console, Section, create_blueprint
from hr_console.dashboard import Dashboard
from hr_console.dashboard_panels import Sources
from hr_console.inbox import Inbox
from hr_console.service_page import Service, ServicePage
from hr_console.shelf import Shelf
from hr_console.sign_in import SignIn
from hr_inbox.cases import Cases
from hr_inbox.notices import Mailer
from people.employees import Directory
from policy_kb.finding import Finder
from policy_kb.library import Library
from policy_kb.replies import load_replies
from storage.opening import Storage
from web_calc import languages

#: What the console's cookie is signed with is made from the installation's own keys under this name.
COOKIE = "hr cookie"


def make_console(
    settings: Settings,
    storage: Storage,
    library: Library,
    mailer: Mailer | None = None,
    *,
    demo: bool = False,
    finder: Finder | None = None,
    cases: Cases | None = None,
    directory: Directory | None = None,
) -> Blueprint:
    """The console's pages. `mailer` is None where no mails are sent; without a `finder` the inbox offers no articles."""
    console = Console(
        sessions=storage.sessions,
        log=storage.audit,
        now=storage.now,
        languages=languages,
        secret=storage.keys.index(COOKIE).hex(),
        secure=settings.server.secure,
        demo=demo,
    )
    service = Service(
        book=storage.service,
        notices=storage.mail_notices,
        colleagues=storage.accounts,
        mailer=mailer,
        link=f"{settings.server.address}/hr/",
    )
    sections: list[Section] = [SignIn(console), ServicePage(console, service)]
    if cases is not None and directory is not None:
        shelf = Shelf(library, load_replies(), finder, lambda: storage.now().astimezone(CHINA).date())
        sections.insert(0, Inbox(console, cases, directory, storage.accounts, shelf, library.divisions))
    sources = Sources(
        standings=storage.standings,
        companies=storage.companies,
        gaps=storage.gaps,
        waiting=storage.waiting,
        rates=storage.waiting,
        library=library,
    )
    sections.append(Dashboard(console, sources))
    return create_blueprint(console, *sections)
