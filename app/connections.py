"""The systems outside as this installation has them: what asks each of them when it is time, and tells HR when one fails."""

from __future__ import annotations

import hashlib
import logging
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final, TypeVar

from flask import Blueprint

from app.clock import day_in_china
from app.events import create_blueprint
from app.notifying import make_account
from app.offices import NO_OFFICES, Offices
from app.settings import HOME, Settings, SettingsError
from connectors.choosing import (
    Chosen,
    Where,
    choose_civil_affairs,
    choose_payroll,
    choose_social_insurance,
)
from connectors.mail import is_address
from connectors.outside.connection import Connection
from connectors.sms import PROVIDERS
from connectors.sms.texts import SmsAccount
from delivery.sending import Temporary, Undelivered
from delivery.ways import mobile_number
from hr_console.connections import System, Systems
from hr_inbox.notices import Mail, Mailer, MailFailure
from hr_inbox.notices import next_try as next_mail
from locales import SOURCE, speak
from people.alarms import AlarmMessage, NotHandedOver, Recipient, Tell, Way, mail_of, short_of, tell_all
from people.connections import Name
from people.outside import CivilAffairs, OutsideFailed, Payroll, SocialInsurance, Statement, Tokens
from policy_kb.periods import add_months
from storage.alarms import StoredAlarms
from storage.connections import Lease, Overtaken, StoredConnections
from storage.opening import Storage

T = TypeVar("T")
log = logging.getLogger("shebao.connections")

#: Longer than any one answer takes to be read; whoever has not settled by then is taken for dead.
LEASE: Final = timedelta(minutes=10)
#: So many months are asked about: wages and amounts of a month are corrected in the next ones.
MONTHS: Final = 3
#: What is waited before a text message is tried again that did not go out.
PAUSE: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Asked:
    """About how many people a system was asked, and how many records were about others."""

    about: int
    strangers: int


@dataclass(frozen=True, slots=True)
class Connected:
    """One system: how often it is asked, how late it may be read, and what asks it. `tokens` and `connection` say how it names
    people and how it is connected; None for a folder."""

    every: timedelta
    late: timedelta
    ask: Callable[[Lease], Asked]
    tokens: Tokens
    connection: Connection | None
    close: Callable[[], None]


class Connections:
    """Every system that the settings name; `offices` are those that something is handed in to. `work` may be called by any
    number of threads and processes at once."""

    def __init__(
        self,
        systems: Mapping[Name, Connected],
        offices: Offices,
        book: StoredConnections,
        alarms: StoredAlarms,
        ways: Mapping[Way, Tell],
        recipients: tuple[Recipient, ...],
        now: Callable[[], datetime],
    ) -> None:
        self.systems = systems
        self.offices = offices
        self._book = book
        self._alarms = alarms
        self._ways = ways
        self._recipients = recipients
        self._now = now
        self._working = threading.Lock()

    def work(self) -> None:
        """Asks whoever is due, and tells HR of what fails. A system that hangs holds one thread and not those of all jobs."""
        if not self._working.acquire(blocking=False):
            return
        try:
            for name, system in self.systems.items():
                try:
                    self._ask(name, system)
                except Exception as error:
                    # The others do not wait for it; the text of an error may quote what was read.
                    log.error("%s: not asked to the end (%s)", name, type(error).__name__)
                self._alarms.watch(name, system.late, self._recipients)
            tell_all(self._alarms, self._ways, self._recipients, self._now)
        finally:
            self._working.release()

    @property
    def recipients(self) -> int:
        """How many are told."""
        return len(self._recipients)

    def close(self) -> None:
        """Ends what is open."""
        for each in self.systems.values():
            each.close()

    def _ask(self, name: Name, system: Connected) -> None:
        lease = self._book.claim(name, self._now() + LEASE)
        if lease is None:
            return
        try:
            try:
                asked = system.ask(lease)
            except OutsideFailed as error:
                log.warning("%s: %s (%s)", name, type(error).__name__, error.code)
                self._book.fail(lease, error, system.every)
                return
            self._book.succeed(lease, system.every, asked.about, asked.strangers)
        except Overtaken:
            log.warning("%s: another worker asks, since this one took too long", name)


def make_connections(settings: Settings, storage: Storage, mailer: Mailer | None) -> Connections:
    """The systems that the settings name. Raises `SettingsError`."""
    book, now = storage.connections, storage.now
    systems: dict[Name, Connected] = {}
    offices = NO_OFFICES
    if (civil := open_civil_affairs(settings, now)) is not None:
        asks = _CivilAffairsAsker(civil.system, civil.tokens, book)
        systems["civil_affairs"] = _connected(settings, "civil_affairs", civil, asks)
    if (insurance := open_social_insurance(settings, now)) is not None:
        asks_it = _InsuranceAsker(insurance.system, insurance.tokens, book, now)
        offices = replace(
            offices,
            social_insurance=insurance.system,
            insured_as=insurance.tokens,
            by_file=read_portal_regions(settings),
        )
        systems["social_insurance"] = _connected(settings, "social_insurance", insurance, asks_it)
    if (payroll := open_payroll(settings, now)) is not None:
        asks_them = _PayrollAsker(payroll.system, payroll.tokens, book, now)
        offices = replace(offices, payroll=payroll.system, paid_as=payroll.tokens)
        systems["payroll"] = _connected(settings, "payroll", payroll, asks_them)
    account = make_account(settings.sms)
    recipients = read_recipients(settings, mails=mailer is not None, texts=account is not None)
    link = f"{settings.server.address}/hr/connections"
    return Connections(
        systems,
        offices,
        book,
        storage.alarms,
        _ways(mailer, account, link, storage.now),
        recipients,
        storage.now,
    )


def read_recipients(settings: Settings, *, mails: bool, texts: bool) -> tuple[Recipient, ...]:
    """Whom the settings name, as far as there is something that reaches them. Raises `SettingsError`."""
    section = settings.connections.alarms
    addresses, numbers = _listed(section.mails), _listed(section.mobiles)
    if any(not is_address(each) for each in addresses):
        raise SettingsError("connections.alarms.mails: addresses such as hr@company.example, with commas")
    if any(not mobile_number(each) for each in numbers):
        raise SettingsError("connections.alarms.mobiles: mobile numbers of the mainland, with commas")
    if addresses and not mails:
        raise SettingsError("connections.alarms.mails: needs a mail.host")
    if numbers and not (texts and settings.sms.alarm_template_id):
        raise SettingsError("connections.alarms.mobiles: needs an sms.provider and its sms.alarm_template_id")
    return (
        *(Recipient("mail", each) for each in addresses),
        *(Recipient("sms", mobile_number(each)) for each in numbers),
    )


def read_portal_regions(settings: Settings) -> frozenset[str]:
    """The places that the connection to social insurance does not cover. Raises `SettingsError`."""
    regions = _listed(settings.connections.social_insurance.portal_regions)
    if any(re.fullmatch(r"[1-9]\d{5}", each, re.ASCII) is None for each in regions):
        raise SettingsError("connections.social_insurance.portal_regions: six-digit codes, with commas")
    return frozenset(regions)


def _listed(text: str) -> list[str]:
    return list(dict.fromkeys(each.strip() for each in text.split(",") if each.strip()))


# -- what asks ---------------------------------------------------------------------------------------------------------


def open_civil_affairs(settings: Settings, now: Callable[[], datetime]) -> Chosen[CivilAffairs] | None:
    """Civil affairs as the settings describe it; None where they name none. Raises `SettingsError`."""
    return _open(settings, "civil_affairs", choose_civil_affairs, now)


def open_social_insurance(settings: Settings, now: Callable[[], datetime]) -> Chosen[SocialInsurance] | None:
    """Social insurance as the settings describe it; None where they name none. Raises `SettingsError`."""
    return _open(settings, "social_insurance", choose_social_insurance, now)


def open_payroll(settings: Settings, now: Callable[[], datetime]) -> Chosen[Payroll] | None:
    """Payroll as the settings describe it; None where they name none. Raises `SettingsError`."""
    return _open(settings, "payroll", choose_payroll, now)


def _open(
    settings: Settings,
    name: Name,
    choose: Callable[[Where, Callable[[], float]], Chosen[T]],
    now: Callable[[], datetime],
) -> Chosen[T] | None:
    section = getattr(settings.connections, name)
    if not section.mapping:
        if section.folder:
            raise SettingsError(f"connections.{name}.mapping: needed with a folder")
        return None
    where = Where(HOME / section.mapping, HOME / section.folder if section.folder else None)
    try:
        return choose(where, lambda: now().timestamp())
    except OSError as error:
        raise SettingsError(f"connections.{name}.mapping: {error.strerror or type(error).__name__}") from None
    except ValueError as error:
        raise SettingsError(f"connections.{name}.mapping: {error}") from None


def _connected(
    settings: Settings, name: Name, chosen: Chosen[object], ask: Callable[[Lease], Asked]
) -> Connected:
    section = getattr(settings.connections, name)
    if section.late_minutes <= section.every_minutes:
        raise SettingsError(f"connections.{name}.late_minutes: must be more than every_minutes")
    return Connected(
        every=timedelta(minutes=section.every_minutes),
        late=timedelta(minutes=section.late_minutes),
        ask=ask,
        tokens=chosen.tokens,
        connection=chosen.connection,
        close=chosen.close,
    )


@dataclass(frozen=True, slots=True)
class _CivilAffairsAsker:
    """Asks about those alone who agree to it, looked up before each request. Who agreed later is read alone from the beginning;
    only then does the common cursor hold for them, too."""

    system: CivilAffairs
    tokens: Tokens
    book: StoredConnections

    def __call__(self, lease: Lease) -> Asked:
        people = self.book.consenting(self.tokens)
        covered = {token for token in people if self.book.digest(token) in lease.covered}
        later = {token: employee for token, employee in people.items() if token not in covered}
        cursor, strangers = lease.cursor, 0
        if later:
            reached, strangers = self._read(lease, later, "", alone=True)
            cursor = cursor if covered else reached
        if later or len(covered) < len(lease.covered):
            self.book.cover(lease, people, cursor)
        if covered:
            strangers += self._read(lease, people, cursor, alone=False)[1]
        return Asked(len(people), strangers)

    def _read(self, lease: Lease, people: Mapping[str, str], cursor: str, *, alone: bool) -> tuple[str, int]:
        """Reads page by page; where it has come to, and how many records were about others."""
        strangers, more = 0, True
        while more:
            people = self.book.still_consenting(people)
            page = self.system.changes(cursor, tuple(people))
            self.book.keep_page(lease, page.changes, people, None if alone else page.cursor)
            cursor, more = page.cursor, page.more
            strangers += page.strangers
        return cursor, strangers


@dataclass(frozen=True, slots=True)
class _PayrollAsker:
    """Asks for the wages of the last months."""

    system: Payroll
    tokens: Tokens
    book: StoredConnections
    now: Callable[[], datetime]

    def __call__(self, lease: Lease) -> Asked:
        people, strangers = self.book.everyone(self.tokens), 0
        for month in _months(self.now()):
            found = self.system.wages(month, self.book.version("payroll", "pay", month))
            if not found.unchanged:
                self.book.keep_wages(lease, found, people)
                strangers += _strangers(people, (each.person for each in found.wages))
        return Asked(len(people), strangers)


@dataclass(frozen=True, slots=True)
class _InsuranceAsker:
    """Asks for the amounts and the statements of the last months."""

    system: SocialInsurance
    tokens: Tokens
    book: StoredConnections
    now: Callable[[], datetime]

    def __call__(self, lease: Lease) -> Asked:
        people, strangers = self.book.everyone(self.tokens), 0
        for month in _months(self.now()):
            found = self.system.confirmed(month, self.book.version("social_insurance", "amounts", month))
            if not found.unchanged:
                self.book.keep_amounts(lease, found, people)
                strangers += _strangers(people, (each.person for each in found.amounts))
            statement = self.system.statement(month)
            if statement is not None:
                self._keep(lease, statement, people)
                strangers += _strangers(people, (each.person for each in statement.lines))
        return Asked(len(people), strangers)

    def _keep(self, lease: Lease, statement: Statement, people: Mapping[str, str]) -> None:
        """Keeps a statement that is another one than before."""
        version = _fingerprint(statement)
        if version != self.book.version("social_insurance", "statement", statement.month):
            self.book.keep_statement(lease, statement, version, people)


def _months(now: datetime) -> list[date]:
    """The months that are asked about, the oldest first."""
    this = day_in_china(now).replace(day=1)
    return [add_months(this, -back) for back in reversed(range(MONTHS))]


def _strangers(people: Mapping[str, str], found: Iterable[str]) -> int:
    return sum(each not in people for each in set(found))


def _fingerprint(statement: Statement) -> str:
    lines = (f"{each.person} {each.base} {each.employee} {each.employer}" for each in statement.lines)
    return hashlib.sha256("\n".join((statement.reference, *sorted(lines))).encode()).hexdigest()


def make_events(connections: Connections, storage: Storage) -> Blueprint | None:
    """The address to which civil affairs delivers; None where it does not."""
    system = connections.systems.get("civil_affairs")
    if system is None or system.connection is None or not system.connection.hook.secret:
        return None
    return create_blueprint(system.connection, system.tokens, storage.connections, storage.now)


def describe(connections: Connections, storage: Storage, ask: Callable[[], None]) -> Systems:
    """The systems as HR's page shows them; `ask` has what is due asked soon."""
    return Systems(
        connected=[
            System(
                name=name,
                every=each.every,
                late=each.late,
                folder=each.connection is None,
                delivers=each.connection is not None and bool(each.connection.hook.secret),
            )
            for name, each in connections.systems.items()
        ],
        book=storage.connections,
        ask=ask,
        recipients=connections.recipients,
    )


# -- what tells HR -----------------------------------------------------------------------------------------------------


def _ways(
    mailer: Mailer | None, account: SmsAccount | None, link: str, now: Callable[[], datetime]
) -> dict[Way, Tell]:
    ways: dict[Way, Tell] = {}
    say = speak(SOURCE)
    if mailer is not None:

        def tell_by_mail(message: AlarmMessage) -> NotHandedOver | None:
            subject, text = mail_of(message, link, say)
            try:
                mailer.send(Mail(message.recipient.address, subject, text))
            except MailFailure as error:
                return NotHandedOver(str(error), next_mail(error, message.attempts, now()))
            return None

        ways["mail"] = tell_by_mail
    if account is not None:
        texts = PROVIDERS[account.provider].sender(account, lambda number: number)

        def tell_by_text(message: AlarmMessage) -> NotHandedOver | None:
            system, what = short_of(message, say)
            try:
                texts.send(message.recipient.address, {"system": system, "alarm": what})
            except Temporary as error:
                return NotHandedOver(error.code, now() + max(error.after, PAUSE))
            except Undelivered as error:  # what may have arrived is not sent twice
                return NotHandedOver(error.code)
            return None

        ways["sms"] = tell_by_text
    return ways
