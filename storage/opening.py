"""The storage as the program gets it: every store over one database and one set of keys, checked before it is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from hr_inbox.task import Due
from notices.texts import issued_as, text_of_hash
from storage.abroad import StoredBases
from storage.accounts import Accounts
from storage.act_receipts import StoredActReceipts
from storage.alarms import StoredAlarms
from storage.audit import StoredLog
from storage.bindings import StoredBindings
from storage.calls import StoredCalls
from storage.cases import StoredCases
from storage.companies import StoredCompanies
from storage.company_settings import CompanySettings
from storage.connections import StoredConnections
from storage.conversations import Conversations
from storage.credentials import StoredCredentials, StoredInvitations
from storage.database import Database
from storage.declaration_work import StoredDeclarationWork
from storage.declarations import StoredDeclarations
from storage.employees import StoredRoster
from storage.erasing import ErasureJournal
from storage.explanations import StoredExplanations
from storage.gauges import StoredGauges
from storage.households import StoredHouseholds
from storage.imports import StoredImports
from storage.inbox import StoredEvents
from storage.keys import Keys, has_keys, make_key, make_signing_key
from storage.links import StoredLinks
from storage.log_chain import HeadFile, StoredChain
from storage.log_history import StoredHistory
from storage.mail_notices import StoredNotices
from storage.migrating import check_current, upgrade
from storage.mine import StoredMine
from storage.notice_book import StoredNoticeBook
from storage.outbox import StoredOutbox
from storage.pass_news import StoredPassNews
from storage.passive import StoredReplies
from storage.platform_tokens import StoredTokens
from storage.policy_changes import PolicyChanges
from storage.policy_news import PolicyNews
from storage.portal import StoredPortal
from storage.profiles import StoredProfiles
from storage.pushes import StoredPushes
from storage.reach import StoredReach
from storage.reassessments import StoredPasses
from storage.records import StoredRecords, index_old
from storage.reminders import Reminders
from storage.roster_changes import take_over
from storage.rotation import check_keys, in_use
from storage.sessions import StoredSessions
from storage.standing import StoredStandings
from storage.strategy_kinds import label_old_strategies
from storage.tables import audit_heads
from storage.tasks import label_old
from storage.ties import StoredTies
from storage.unanswered import StoredGaps
from storage.undelivered import StoredUndelivered
from storage.waiting import StoredWaiting
from storage.ways import StoredWays


@dataclass(frozen=True, slots=True)
class Storage:
    """The stores, and what they stand on."""

    database: Database
    keys: Keys
    journal: ErasureJournal
    now: Callable[[], datetime]
    conversations: Conversations
    inbox: StoredEvents
    outbox: StoredOutbox
    cases: StoredCases
    accounts: Accounts
    sessions: StoredSessions
    credentials: StoredCredentials
    invitations: StoredInvitations
    ties: StoredTies
    audit: StoredLog
    gaps: StoredGaps
    standings: StoredStandings
    waiting: StoredWaiting
    service: CompanySettings
    households: StoredHouseholds
    policy_changes: PolicyChanges
    policy_news: PolicyNews
    history: StoredHistory
    chain: StoredChain
    mail_notices: StoredNotices
    roster: StoredRoster
    bindings: StoredBindings
    ways: StoredWays
    pushes: StoredPushes
    records: StoredRecords
    mine: StoredMine
    companies: StoredCompanies
    imports: StoredImports
    platform_tokens: StoredTokens
    passive: StoredReplies
    reach: StoredReach
    gauges: StoredGauges
    links: StoredLinks
    abroad: StoredBases
    undelivered: StoredUndelivered
    notices: StoredNoticeBook
    declarations: StoredDeclarations
    declaration_work: StoredDeclarationWork
    portal: StoredPortal
    act_receipts: StoredActReceipts
    profiles: StoredProfiles
    explanations: StoredExplanations
    passes: StoredPasses
    pass_news: StoredPassNews
    reminders: Reminders
    connections: StoredConnections
    alarms: StoredAlarms
    calls: StoredCalls


def utc_now() -> datetime:
    """The moment by which rows are dated."""
    return datetime.now(UTC)


def open_storage(
    url: str,
    folder: Path,
    journal: Path,
    now: Callable[[], datetime] = utc_now,
    *,
    make: bool = False,
    due: Due | None = None,
) -> Storage:
    """Opens the storage; `make` (the demo) makes tables and keys where there are none. Raises `StorageError`.

    `due` tells by when HR answers; without it, what the company has settled.
    """
    database, erasures = Database(url), ErasureJournal(journal)
    try:
        if make:
            make_ready(database, folder)
        keys = _checked_keys(database, folder)
        label_old(database, keys)
        index_old(database, keys)
        label_old_strategies(database, keys)
        take_over(database, keys, now())
        erasures.catch_up(database)
    except BaseException:
        database.close()
        raise
    service = CompanySettings(database, now)
    due = due or service.due
    history = StoredHistory(database, keys)
    ways = StoredWays(database, keys, now)
    pushes = StoredPushes(database, keys, ways, now)
    profiles = StoredProfiles(database, keys, now, due)
    return Storage(
        database=database,
        keys=keys,
        journal=erasures,
        now=now,
        conversations=Conversations(database, keys, erasures, now, due),
        inbox=StoredEvents(database, keys, now),
        outbox=StoredOutbox(database, keys, now),
        cases=StoredCases(database, keys, now, due, ways, pushes),
        accounts=Accounts(database, keys, now),
        sessions=StoredSessions(database, keys, now),
        credentials=StoredCredentials(database, keys, now),
        invitations=StoredInvitations(database, keys, now),
        ties=StoredTies(database, keys, now),
        gaps=StoredGaps(database),
        standings=StoredStandings(database, keys),
        waiting=StoredWaiting(database, now),
        service=service,
        households=StoredHouseholds(database, keys),
        policy_changes=PolicyChanges(database, keys, now),
        policy_news=PolicyNews(database, keys, now),
        audit=StoredLog(database, keys, now),
        history=history,
        chain=StoredChain(database, keys, HeadFile.beside(folder), now),
        mail_notices=StoredNotices(database, keys, now),
        roster=StoredRoster(database, keys, erasures, now),
        bindings=StoredBindings(database, keys, now),
        ways=ways,
        pushes=pushes,
        records=StoredRecords(database, keys, now),
        mine=StoredMine(database, keys, history),
        companies=StoredCompanies(database, keys, now),
        imports=StoredImports(database, keys, now),
        platform_tokens=StoredTokens(database, keys, now),
        passive=StoredReplies(database, keys, now),
        reach=StoredReach(database),
        gauges=StoredGauges(database, now),
        links=StoredLinks(database, keys, now),
        abroad=StoredBases(database, keys, now),
        undelivered=StoredUndelivered(database, keys, now),
        notices=StoredNoticeBook(database, keys, now, text_of_hash, issued_as),
        declarations=StoredDeclarations(database, keys, now),
        declaration_work=StoredDeclarationWork(database, keys, now),
        portal=StoredPortal(database, keys, now),
        act_receipts=StoredActReceipts(database, keys, now),
        profiles=profiles,
        explanations=StoredExplanations(database, keys, ways, profiles, now),
        passes=StoredPasses(database, keys, now, due),
        pass_news=StoredPassNews(database, keys, now),
        reminders=Reminders(database, keys, now, due),
        connections=StoredConnections(database, keys, now),
        alarms=StoredAlarms(database, keys, now, due),
        calls=StoredCalls(database, now),
    )


def _checked_keys(database: Database, folder: Path) -> Keys:
    with database.read() as connection:
        check_current(connection)
        keys = Keys(folder)
        check_keys(connection, keys)
    return keys


def make_ready(database: Database, folder: Path) -> None:
    """Brings the tables up to date, and makes the first keys unless something is sealed with keys that are lost."""
    with database.work() as connection:
        upgrade(connection)
        if not has_keys(folder) and not in_use(connection):
            make_key(folder)
        if has_keys(folder) and not connection.execute(select(audit_heads).limit(1)).first():
            make_signing_key(folder)  # keys that an earlier version made came without it
