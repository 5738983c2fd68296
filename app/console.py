"""HR's console as this installation has it: its sections over the storage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from flask import Blueprint

from app.clock import day_in_china
from app.declaring import Drafting
from app.offices import NO_OFFICES, Offices
from app.policy_feed import FeedIntake
from app.portal_acts import ActsByFile
from app.publishing import NothingRuns, Publisher
from app.settings import Settings
from app.signing_in import make_provider
from hr_console import Console, Section, create_blueprint
from hr_console.abroad_page import Abroad, AbroadPage
from hr_console.accounts import People
from hr_console.codes import CodesPage
from hr_console.company import CompanyPages
from hr_console.confirmations import Confirmations
from hr_console.connections import ConnectionsPage, Systems, states
from hr_console.dashboard import Dashboard
from hr_console.dashboard_panels import Sources
from hr_console.declarations import DeclarationDesk, DeclarationPages
from hr_console.employee import EmployeePage
from hr_console.import_columns import make_reader
from hr_console.inbox import Inbox
from hr_console.log_pages import LogPages
from hr_console.money import MoneyPages
from hr_console.notice_case import NoticePages
from hr_console.notice_desk import NoticeDesk, Papers
from hr_console.notice_figures import NoticeFigures
from hr_console.notices_list import NoticeList
from hr_console.notices_new import NoticeBatches
from hr_console.own_account import OwnAccount
from hr_console.pass_acts import PassActs
from hr_console.passes import PassPages
from hr_console.personnel import Personnel
from hr_console.policy_changes import PolicyChanges
from hr_console.policy_desk import Policies, PolicyDesk
from hr_console.policy_drafts import PolicyDrafts
from hr_console.portal import PortalPages
from hr_console.portal_acts import FormDesk, PortalActPages
from hr_console.profile_desk import ProfileDesk
from hr_console.profile_page import ProfilePage
from hr_console.roster import RosterList
from hr_console.roster_import import ImportPages
from hr_console.service_page import Service, ServicePage
from hr_console.shelf import Shelf
from hr_console.sign_in import Door, SignIn
from hr_console.strategies import StrategyPages
from hr_console.strategy_rules import StrategyRulesPage
from hr_console.undelivered import UndeliveredPage
from hr_inbox.cases import Cases
from hr_inbox.notices import Mailer
from notices.book import NoticeBook
from people.employees import Directory
from people.importing import Importer
from people.providers import Provider
from policy_kb.changes import Publishing
from policy_kb.company import NO_RULES, Company
from policy_kb.divisions import Divisions
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
    company: Company = NO_RULES,
    *,
    finder: Finder | None = None,
    mailer: Mailer | None = None,
    publishing: Publishing | None = None,
    run_import: Callable[[str], None] | None = None,
    demo: bool = False,
    framed_by: str = "",
    abroad_changed: Callable[[], None] = lambda: None,
    cases: Cases | None = None,
    directory: Directory | None = None,
    notices: NoticeBook | None = None,
    run_notices: Callable[[str], None] = lambda id: None,
    papers: Papers | None = None,
    systems: Systems | None = None,
    offices: Offices | None = None,
    run_declaration: Callable[[str], None] = lambda id: None,
    act: Callable[[], None] = lambda: None,
) -> Blueprint:
    """The console's pages, in the order of the navigation.

    Without a `finder` the inbox offers no articles, without a `mailer` no mails are sent, and without `publishing` what is
    published waits for other processes to take it up. `run_import` has an import worked on beside the requests; without it
    the request itself does. `abroad_changed` hears when sending abroad is allowed or forbidden.
    Without `notices` and their `papers` there are no pages for them; `run_notices` has a batch of them worked on beside the
    requests.
    Without `systems` the page of the systems outside shows none. Without `offices`, which may be connected to nothing, there
    are no pages for declarations; `run_declaration` has an approved one worked on beside the requests.
    `act` has what was approved carried out soon.
    `cases` and `directory` can be pinned for tests.
    """
    console = Console(
        sessions=storage.sessions,
        log=storage.audit,
        now=storage.now,
        languages=languages,
        secret=storage.keys.index(COOKIE).hex(),
        secure=settings.server.secure,
        demo=demo,
        framed_by=framed_by,
        signed_in_from=storage.notices.note_address,
    )
    cases = storage.cases if cases is None else cases
    directory = storage.roster if directory is None else directory
    publishing = publishing or Publisher(settings.policy, storage, NothingRuns())
    policies = _policies(settings, storage, library, company, publishing)
    personnel = _personnel(console, settings, storage, library, cases, run_import)
    shelf = Shelf(library, load_replies(), finder, _today(storage))
    provider = make_provider(settings)
    provider_name = "" if provider is None else provider.name
    noticing = _noticing(personnel, storage, notices, run_notices, papers)
    sections: list[Section] = [
        Inbox(
            console, cases, directory, storage.accounts, shelf, library.divisions, storage.profiles, notices
        ),
        UndeliveredPage(console, storage.undelivered, directory),
        Dashboard(console, _sources(storage, library, notices, systems or _no_systems(storage))),
        RosterList(personnel, notices),
        EmployeePage(personnel, storage.profiles, notices),
        CodesPage(personnel),
        ImportPages(personnel),
        *_notice_sections(noticing),
        *_declaration_sections(personnel, storage, company, offices, run_declaration),
        *_profile_sections(personnel, storage, act, offices or NO_OFFICES, noticing),
        PolicyDesk(console, policies),
        PolicyChanges(console, policies),
        PolicyDrafts(console, policies),
        CompanyPages(personnel),
        ServicePage(console, _service(settings, storage, mailer)),
        ConnectionsPage(console, systems or _no_systems(storage)),
        AbroadPage(console, _abroad(settings, storage, abroad_changed)),
        LogPages(console, storage.history, storage.chain, storage.accounts, directory),
        People(console, storage.accounts, settings.server.address, provider_name),
        OwnAccount(console, storage.accounts, storage.credentials),
        SignIn(console, _door(storage, provider)),
    ]
    return create_blueprint(console, *sections)


def _today(storage: Storage) -> Callable[[], date]:
    return lambda: day_in_china(storage.now())


def _policies(
    settings: Settings, storage: Storage, library: Library, company: Company, publishing: Publishing
) -> Policies:
    def account_name(id: str) -> str:
        found = storage.accounts.get(id) if id else None
        return "" if found is None else found.name

    return Policies(
        library=library,
        company=company,
        folder=settings.policy.company_folder,
        today=_today(storage),
        changes=storage.policy_changes,
        publishing=publishing,
        households=storage.households,
        account=account_name,
        feeds=FeedIntake(settings.policy, storage, _today(storage)),
        people=storage.roster,
    )


def _personnel(
    console: Console,
    settings: Settings,
    storage: Storage,
    library: Library,
    cases: Cases,
    run_import: Callable[[str], None] | None,
) -> Personnel:
    importer = make_importer(storage, library.divisions)
    return Personnel(
        console=console,
        roster=storage.roster,
        records=storage.records,
        codes=storage.bindings,
        ways=storage.ways,
        companies=storage.companies,
        imports=storage.imports,
        importer=importer,
        run=run_import or importer.run,
        cases=cases,
        log=storage.history,
        colleagues=storage.accounts,
        library=library,
        address=settings.server.address,
    )


def _noticing(
    personnel: Personnel,
    storage: Storage,
    book: NoticeBook | None,
    run: Callable[[str], None],
    papers: Papers | None,
) -> NoticeDesk | None:
    if book is None or papers is None:
        return None
    return NoticeDesk(
        staff=personnel,
        book=book,
        rules=storage.service.rules,
        papers=papers,
        profiles=storage.profiles,
        run=run,
    )


def _notice_sections(desk: NoticeDesk | None) -> tuple[Section, ...]:
    if desk is None:
        return ()
    return (
        NoticeList(desk),
        NoticeBatches(desk),
        NoticeFigures(desk),
        Confirmations(desk),
        NoticePages(desk),
    )


def _declaration_sections(
    personnel: Personnel,
    storage: Storage,
    company: Company,
    offices: Offices | None,
    run: Callable[[str], None],
) -> tuple[Section, ...]:
    if offices is None:
        return ()
    drafting = Drafting(storage, lambda: personnel.library, personnel.today, offices, company)
    desk = DeclarationDesk(staff=personnel, book=storage.declarations, draft=drafting, run=run)
    return (DeclarationPages(desk), PortalPages(desk, storage.portal))


def _profile_sections(
    personnel: Personnel,
    storage: Storage,
    act: Callable[[], None],
    offices: Offices,
    noticing: NoticeDesk | None,
) -> tuple[Section, ...]:
    desk = ProfileDesk(
        staff=personnel,
        book=storage.profiles,
        telling=storage.explanations,
        act=act,
        by_file=lambda region: offices.agency(region) is None,
    )
    forms = FormDesk(
        staff=personnel,
        book=storage.profiles,
        files=storage.portal,
        receipts=storage.act_receipts,
        acts=ActsByFile(storage, lambda: personnel.library, personnel.today, offices),
    )
    return (
        StrategyPages(desk),
        PortalActPages(forms),
        ProfilePage(desk),
        MoneyPages(desk),
        StrategyRulesPage(desk),
        PassPages(desk, storage.passes, storage.pass_news, noticing),
        PassActs(desk, storage.passes, storage.pass_news, noticing),
    )


def _sources(storage: Storage, library: Library, notices: NoticeBook | None, systems: Systems) -> Sources:
    return Sources(
        standings=storage.standings,
        companies=storage.companies,
        gaps=storage.gaps,
        waiting=storage.waiting,
        rates=storage.waiting,
        library=library,
        notices=notices,
        profiles=storage.profiles,
        connections=lambda: states(systems, storage.now()),
    )


def _door(storage: Storage, provider: Provider | None) -> Door:
    return Door(
        credentials=storage.credentials,
        invitations=storage.invitations,
        ties=storage.ties,
        provider=provider,
    )


def _service(settings: Settings, storage: Storage, mailer: Mailer | None) -> Service:
    return Service(
        book=storage.service,
        notices=storage.mail_notices,
        colleagues=storage.accounts,
        mailer=mailer,
        link=f"{settings.server.address}/hr/",
    )


def _abroad(settings: Settings, storage: Storage, changed: Callable[[], None]) -> Abroad:
    telegram = settings.channels.telegram
    return Abroad(
        bases=storage.abroad,
        colleagues=storage.accounts,
        set_up=bool(telegram.token or telegram.token_file),
        changed=changed,
    )


def _no_systems(storage: Storage) -> Systems:
    return Systems(connected=(), book=storage.connections, ask=lambda: None, recipients=0)


def make_importer(storage: Storage, divisions: Divisions) -> Importer:
    """What runs imports; places are read by the table of divisions."""
    reader = make_reader(divisions.find)
    return Importer(storage.imports, {"roster": reader, "history": reader})
