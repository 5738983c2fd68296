"""HR's console as this installation has it: its sections over the storage."""

from __future__ import annotations

from flask import Blueprint

from app.clock import CHINA
from app.publishing import NothingRuns, Publisher
from app.settings import Settings
from hr_console import Console, create_blueprint
from hr_console.policy_changes import PolicyChanges
from hr_console.policy_desk import Policies, PolicyDesk
from hr_console.policy_drafts import PolicyDrafts
from hr_console.sign_in import SignIn
from people.employees import Directory
from policy_kb.changes import Publishing
from policy_kb.company import NO_RULES, Company
from policy_kb.library import Library
from storage.opening import Storage
from web_calc import languages

#: What the console's cookie is signed with is made from the installation's own keys under this name.
COOKIE = "hr cookie"


def make_console(
    settings: Settings,
    storage: Storage,
    library: Library,
    company: Company = NO_RULES,
    publishing: Publishing | None = None,
    *,
    demo: bool = False,
) -> Blueprint:
    """The console's pages; without `publishing` what is published waits for other processes to take it up."""
    console = Console(
        sessions=storage.sessions,
        log=storage.audit,
        now=storage.now,
        languages=languages,
        secret=storage.keys.index(COOKIE).hex(),
        secure=settings.server.secure,
        demo=demo,
    )
    publishing = publishing or Publisher(settings.policy, storage, NothingRuns())
    policies = make_policies(settings, storage, library, company, publishing)
    return create_blueprint(
        console,
        SignIn(console),
        PolicyDesk(console, policies),
        PolicyChanges(console, policies),
        PolicyDrafts(console, policies),
    )


def make_policies(
    settings: Settings,
    storage: Storage,
    library: Library,
    company: Company,
    publishing: Publishing,
    people: Directory | None = None,
) -> Policies:
    """What the policy desk stands on; `people` is the roster."""

    def account_name(id: str) -> str:
        found = storage.accounts.get(id) if id else None
        return "" if found is None else found.name

    return Policies(
        library=library,
        company=company,
        folder=settings.policy.company_folder,
        today=lambda: storage.now().astimezone(CHINA).date(),
        changes=storage.policy_changes,
        publishing=publishing,
        households=storage.households,
        account=account_name,
        people=people,
    )
