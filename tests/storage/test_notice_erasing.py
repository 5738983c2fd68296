"""Notices whose time is over: what is personal goes, the chain stays whole and says so; what is disputed stays."""

from __future__ import annotations

import hashlib
from datetime import date

import pytest
from databases import Clock
from noticing import ADDRESS, PHONE, QUESTIONS, Desk, plan
from sqlalchemy import func, select
from staffing import HR, hire
from talking import message, say

from audit.case_chain import check_case
from notices.book import NoticeSearch
from notices.sealing import Sealed
from notices.self_audit import self_audit
from notices.verifying import Trust
from people.bindings import Bind
from people.employees import Employee
from storage import notice_erasing
from storage.case_log import chain_of
from storage.notice_erasing import erase_old_notices
from storage.notice_register import StoredRegister
from storage.notice_seals import StoredSeals
from storage.opening import Storage
from storage.retention import TERMS, keep_to_terms
from storage.tables import metadata, notice_events

pytest_plugins = ["databases"]

DAYS = {term.kind: term.days for term in TERMS}
SEALED = b"%PDF-1.7 a sealed file"
#: What stands in 阿丽's notice, in her answer and in what HR wrote down, and must be gone.
PERSONAL = ("阿丽", "A0034", "药钱紧", "EMS123", "老周", "仲裁 2026")
#: What of notices is not about anybody.
KEPT = {"notice_events", "notice_texts"}


@pytest.fixture
def desk(storage: Storage, clock: Clock) -> Desk:
    return Desk(storage, clock)


@pytest.fixture
def notice(desk: Desk, storage: Storage, clock: Clock) -> str:
    """阿丽's notice: objected to in her own words, sealed, handed over on paper too, and forgotten."""
    ali = hire(storage)
    code = storage.bindings.make([ali.id], HR)[ali.id]
    say(storage, message("b1", sender="阿丽", channel="wecom"), "好", binding=Bind(code, ali.id))
    desk.issue(ali)
    desk.send()
    ticket = desk.enter()
    desk.desk.read(ticket, PHONE, 48)
    desk.desk.check(ticket, PHONE, {each.key: right for each, right in QUESTIONS})
    desk.desk.answer(ticket, PHONE, desk.answer(ticket, "objected", statement="药钱紧"))
    it = desk.notice(ali)
    seals = StoredSeals(storage.database, storage.keys, clock, ADDRESS)
    hash = hashlib.sha256(SEALED).hexdigest()
    seals.keep_sealed(it, Sealed(SEALED, hash, "ab" * 32, "B-B", "none"), "cd" * 32)
    desk.book.note_step(it, "posted", {"number": "EMS123", "on": "2026-10-15"}, HR)
    desk.book.note_step(it, "witnessed", {"names": "老周、阿梅"}, HR)
    desk.book.add_file(it, "post_receipt", "EMS123.png", b"\x89PNG", HR)
    storage.roster.leave(ali.id, date(2026, 12, 1), HR)
    return it


def nightly(storage: Storage) -> dict[str, int]:
    """What the job of the night takes away, without what there was none of."""
    erased = erase_old_notices(storage.database, storage.keys, storage.now())
    counts = keep_to_terms(storage.database, storage.now())
    counts["notices"] += erased
    return {kind: count for kind, count in counts.items() if count}


def rows(storage: Storage) -> dict[str, int]:
    """How many rows there are, of the tables that have any."""
    found = {}
    with storage.database.read() as connection:
        for table in metadata.sorted_tables:
            count = connection.execute(select(func.count()).select_from(table)).scalar_one()
            if count:
                found[table.name] = count
    return found


def test_after_five_years_only_what_tells_of_nobody_is_left(
    desk: Desk, storage: Storage, clock: Clock, notice: str
) -> None:
    clock.move(days=DAYS["notices"] - 1)
    nightly(storage)
    before = desk.events(notice)
    assert desk.book.open(notice, HR) is not None
    clock.move(days=2)
    assert nightly(storage)["notices"] == 1
    assert desk.book.open(notice, HR) is None
    assert desk.events(notice) == [*before, "erased"]  # which are whole
    assert {name for name in rows(storage) if name.startswith(("notice", "hr_"))} == KEPT
    with storage.database.read() as connection:
        bodies = "\n".join(connection.execute(select(notice_events.c.body)).scalars())
        links = chain_of(connection, storage.keys, notice)
    for word in PERSONAL:
        assert word not in bodies
    assert not any(link.committed for link in links)
    clock.move(days=DAYS["leavers"])
    nightly(storage)  # and then her row in the roster, which the notice held
    assert "employees" not in rows(storage)


def test_the_self_audit_does_not_miss_what_was_erased_in_its_time(
    desk: Desk, storage: Storage, clock: Clock, notice: str
) -> None:
    folder = storage.keys.folder.with_name("anchors")
    trust = Trust(public=storage.keys.signer().public)
    register = StoredRegister(storage.database, storage.keys, folder, clock, lambda: trust)
    register.anchor(None)
    clock.move(days=DAYS["notices"] + 1)
    nightly(storage)
    assert register.anchor(None) is None
    report = self_audit(register, trust, clock())
    assert (report.cases, report.anchors, report.findings) == (1, 2, ())


def test_what_is_disputed_stays_until_the_hold_is_lifted(
    desk: Desk, storage: Storage, clock: Clock, notice: str
) -> None:
    desk.book.hold(notice, "仲裁 2026 第 7 号", HR)
    clock.move(days=DAYS["notices"] + 1)
    nightly(storage)
    case = desk.book.open(notice, HR)
    assert case is not None and case.spoken is not None and case.spoken.statement == "药钱紧"
    (sealed,) = (each for each in case.files if each.kind == "sealed")
    assert desk.book.file(notice, sealed.id, HR) == SEALED
    desk.book.lift(notice, case.holds[0].id, "结案", HR)
    assert nightly(storage)["notices"] == 1
    assert desk.book.open(notice, HR) is None
    assert desk.events(notice)[-3:] == ["hold", "hold_lifted", "erased"]


def test_two_holds_are_two(desk: Desk, storage: Storage, clock: Clock, notice: str) -> None:
    desk.book.hold(notice, "仲裁 2026 第 7 号", HR)
    desk.book.hold(notice, "监察", HR)
    clock.move(days=DAYS["notices"] + 1)
    case = desk.book.open(notice, HR)
    assert case is not None and len(case.holds) == 2
    desk.book.lift(notice, case.holds[0].id, "结案", HR)
    assert "notices" not in nightly(storage)
    desk.book.lift(notice, case.holds[1].id, "结案", HR)
    assert nightly(storage)["notices"] == 1


def test_the_term_alone_takes_nothing_that_the_chain_does_not_tell_of(
    desk: Desk, storage: Storage, clock: Clock, notice: str
) -> None:
    """A notice that somebody was working on when the others were erased waits for the next night."""
    clock.move(days=DAYS["notices"] + 1)
    keep_to_terms(storage.database, clock())
    assert desk.book.open(notice, HR) is not None
    assert nightly(storage)["notices"] == 1


def test_many_go_a_batch_at_a_time(
    desk: Desk, storage: Storage, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice_erasing, "BATCH", 2)
    people = [hire(storage, f"A{number:04}", f"员工{number}") for number in range(5)]
    desk.issue(*people)
    ids = [line.notice.id for line in desk.book.find(NoticeSearch()).lines]
    clock.move(days=DAYS["notices"] + 1)
    assert erase_old_notices(storage.database, storage.keys, clock()) == 5
    public = storage.keys.signer().public
    with storage.database.read() as connection:
        chains = {id: chain_of(connection, storage.keys, id) for id in ids}
    assert all(check_case(id, links, public).why is None for id, links in chains.items())
    assert {links[-1].data["type"] for links in chains.values()} == {"erased"}


def test_drafts_go_after_three_months_and_the_notices_stay(
    desk: Desk, storage: Storage, clock: Clock
) -> None:
    ali: Employee = hire(storage)
    desk.issue(ali)
    clock.move(days=DAYS["notice_batches"] + 1)
    assert nightly(storage)["notice_batches"] == 1
    assert not {"notice_batches", "notice_rows"} & set(rows(storage))
    case = desk.book.open(desk.notice(ali), HR)
    assert case is not None and case.content.data["employee"]["name"] == "阿丽"


def test_a_batch_that_was_never_issued_goes_too(desk: Desk, storage: Storage, clock: Clock) -> None:
    batch = desk.book.begin(plan(hire(storage)), HR)
    desk.issuer.run(batch)
    clock.move(days=DAYS["notice_batches"] + 1)
    nightly(storage)
    assert desk.book.batch(batch) is None and "notice_rows" not in rows(storage)


def test_where_hr_was_signed_in_from_is_forgotten_after_a_month(
    desk: Desk, storage: Storage, clock: Clock
) -> None:
    desk.book.note_address("203.0.113.20")
    clock.move(days=DAYS["hr_addresses"] - 1)
    desk.book.note_address("203.0.113.21")
    clock.move(days=2)
    assert nightly(storage)["hr_addresses"] == 1
    assert rows(storage)["hr_addresses"] == 1
