"""Notices as this installation has them: what drafts and issues them, the employee's desk, delivery and seals."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from flask import Blueprint

from app.clock import day_in_china, today_in_china
from app.demo import COMPANY as COMPANY_OF_DEMO
from app.notice_office import Office
from app.sealing import open_key, open_register, open_timestamper, term_warning
from app.settings import Settings, SettingsError
from bot.dialogue.talk import House
from calculator.fields import InputError
from hr_inbox.working_days import is_worked
from notices.answering import AnswerDesk
from notices.book import Plan
from notices.consent import CURRENT
from notices.drafting import Issuer as Company
from notices.drafting import Occasion, OnRecord, Undraftable, draft
from notices.issuing import Blockage, Issuer
from notices.notice import Content
from notices.paper import NoticePapers
from notices.questions import questions
from notices.seal_keys import SealError, has_own, write_own
from notices.sealing_work import Sealer
from notices.self_audit import self_audit, signed
from notices.strokes import as_svg, fingerprint, flaw
from notices.verify_views import VerifyPages
from notices.verify_views import create_blueprint as create_verify
from notices.views import NoticePages, create_blueprint
from people.employees import Employee
from policy_kb.calculation import calculate
from policy_kb.headings import names_dibao
from policy_kb.periods import add_months
from storage.notice_desk import DeskRules, StoredDesk
from storage.notice_ladder import StoredLadder
from storage.notice_seals import StoredSeals
from storage.opening import Storage, utc_now
from web_calc import languages

log = logging.getLogger("shebao.notices")

#: What the tokens of the forms are made with comes from the installation's own keys under this name.
COOKIE: Final = "notice forms"


@dataclass(frozen=True, slots=True)
class NoticeWork:
    """What is done beside the requests."""

    issuer: Issuer
    ladder: StoredLadder
    sealer: Sealer
    audit: Callable[[], None]


def make_work(settings: Settings, storage: Storage, house: Callable[[], House]) -> NoticeWork:
    """Batches, delivery and seals; `house` gives the library and the company's rules as they stand."""
    address, papers = settings.server.address, make_papers(settings, storage)
    return NoticeWork(
        Issuer(storage.notices, Drafting(storage, house, settings.notices.contact)),
        StoredLadder(
            storage.database,
            storage.keys,
            storage.ways,
            lambda on: _is_worked(storage, on),
            storage.service.due,
            storage.now,
            address,
        ),
        Sealer(
            StoredSeals(storage.database, storage.keys, storage.now, address),
            lambda material, worth: papers.signed(material.content, material.answer, material.events, worth),
            lambda: open_key(settings),
            open_timestamper(settings),
            storage.now,
        ),
        lambda: _audit(settings, storage),
    )


def _audit(settings: Settings, storage: Storage) -> None:
    """The night's work on the chains: the anchor of the day, the self-audit, and its signed line beside the anchors."""
    register = open_register(settings, storage)
    failure = register.anchor(open_timestamper(settings))
    if failure is not None:
        log.warning("notices: the anchor of the day has no time stamp (%s)", failure)
    report = self_audit(register, register.trust, storage.now())
    register.keep_report(signed(report, storage.keys.signer()), len(report.findings))
    if report.findings:
        log.error("notices: the self-audit found %d things wrong", len(report.findings))
    else:
        log.info("notices: all good, %d cases", report.cases)


def make_papers(settings: Settings, storage: Storage) -> NoticePapers:
    """Notices and forms on paper."""
    return NoticePapers(
        settings.server.address, storage.companies, lambda: settings.notices.contact, today_in_china, as_svg
    )


def make_desk(
    settings: Settings, storage: Storage, house: Callable[[], House], seal: Callable[[str], None]
) -> StoredDesk:
    """What the employee's page stands on; `seal` has an answered notice sealed."""

    def own(employee: str) -> Mapping[str, Any] | None:
        it, today = house(), today_in_china()
        case = storage.households.of_employee(employee, today)
        if case is None:
            return None
        try:
            return calculate(it.library, case, today, company=it.company)
        except InputError:  # a place or a day that the library no longer has
            return None

    rules = DeskRules(
        questions=lambda content: [(each.question, each.right) for each in questions(content)],
        consent=lambda: CURRENT.sha256,
        is_signature=lambda strokes: flaw(strokes) is None,
        fingerprint=fingerprint,
        own=own,
        tells_dibao=names_dibao,
        carries_codes=lambda channel: channel != "sms" or bool(settings.sms.code_template_id),
    )
    return StoredDesk(storage.database, storage.keys, storage.now, rules, storage.service.due, seal)


def check_seal(settings: Settings, now: datetime) -> None:
    """Says what is to be known of the key for seals at the start. Raises `SettingsError` where its certificate is about to end;
    one who has none yet can start, and what is answered waits for its seal."""
    try:
        open_key(settings)
    except SealError as error:
        log.warning("notices cannot be sealed yet: %s", error)
        return
    try:
        warning = term_warning(settings, now)
    except SealError as error:
        raise SettingsError(f"notices: {error}") from error
    if warning is not None:
        log.warning(warning)


def make_demo_seal(settings: Settings) -> None:
    """The demo's own key for seals, unless there is one."""
    if not has_own(settings.keys.path):
        write_own(settings.keys.path, COMPANY_OF_DEMO, utc_now())


def make_office(settings: Settings, storage: Storage) -> Office:
    """The notices as HR works with them."""
    return Office(
        storage,
        open_register(settings, storage),
        lambda: open_key(settings).certificates,
        stamps=bool(settings.notices.timestamp_url),
    )


def make_pages(settings: Settings, storage: Storage, desk: AnswerDesk) -> tuple[Blueprint, ...]:
    """The employee's pages, and the one on which anybody checks a sealed file."""

    pages = NoticePages(
        desk=desk,
        languages=languages,
        now=storage.now,
        secret=storage.keys.index(COOKIE).hex(),
    )
    verify = VerifyPages(register=open_register(settings, storage), languages=languages)
    return create_blueprint(pages), create_verify(verify)


class Drafting:
    """Drafts notices from the calculator's lines, with what the company has on record; `contact` is whom employees can ask."""

    def __init__(self, storage: Storage, house: Callable[[], House], contact: str = "") -> None:
        self._storage = storage
        self._house = house
        self._contact = contact

    def __call__(self, plan: Plan, employee: Employee) -> Content | Blockage:
        """The notice of an employee, or why there can be none."""
        house, storage = self._house(), self._storage
        occasion = Occasion(
            plan.kind,
            plan.month,
            day_in_china(storage.now()),
            plan.due_on,
            "",
            self._company(employee),
            storage.notices.number_of(employee.id, plan.kind, plan.month) if plan.corrects else None,
            plan.why,
        )
        known = OnRecord(
            company=house.company,
            accounts=storage.companies.accounts(),
            figures=storage.notices.figures(),
            charges=storage.notices.charges(),
            before=storage.notices.content_of(employee.id, plan.kind, add_months(plan.month, -1)),
            months=storage.records.pay_months(employee.id),
        )
        try:
            return draft(house.library, employee, occasion, known)
        except Undraftable as error:
            return Blockage(error.why, error.detail)

    def _company(self, employee: Employee) -> Company:
        """The legal entity of the account under which somebody is insured, else the only one."""
        entities = {each.id: each for each in self._storage.companies.entities()}
        accounts = [each for each in self._storage.companies.accounts() if each.region == employee.region]
        ids = [each.entity for each in accounts if each.number == employee.account] or [
            each.entity for each in accounts
        ]
        found = entities.get(ids[0]) if ids else next(iter(entities.values()), None)
        return Company("") if found is None else Company(found.name, found.credit_code, self._contact)


def _is_worked(storage: Storage, on: date) -> bool:
    rules = storage.service.rules()
    return is_worked(rules.days.day(on), rules.hours)
