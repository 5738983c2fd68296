"""A month declared over 沙盒市, from the roster to the months of pay: on both databases, and over real HTTP."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from databases import Open
from declared_city import LI, MONTH, OCTOBER, PEOPLE, SUZHOU, TODAY, ZHAO, Plant, number_of
from platforms.city import Trouble
from sqlalchemy import update
from staffing import binds

from app.declaring import PATIENCE, Declarer
from bot.mine import Declared
from calculator.case import Earner
from calculator.contributions import earn
from calculator.money import parse_yuan
from people.outside import Receipt
from people.records import PayMonth
from profiles.book import Overtaken, SamePerson
from profiles.declarations import LEASE, AlreadyDeclared, NotAsDrafted
from storage.declaration_rows import sealed_line
from storage.tables import declaration_lines

pytest_plugins = ["databases", "declared_city"]

FLOOR = parse_yuan("4952")
NOVEMBER = date(2026, 11, 1)


def wait(mill: Plant, tries: int = 0) -> None:
    mill.clock.move(seconds=PATIENCE[tries].total_seconds() + 1)


# -- the whole way -----------------------------------------------------------------------------------------------------


def test_fifteen_are_declared_deducted_and_confirmed_to_the_fen(mill: Plant) -> None:
    id = mill.approved()
    mill.declarer.run(id)
    run, lines = mill.run(id), mill.lines(id)
    assert (run.state, run.counts) == ("answered", {"accepted": 15})
    job = mill.library.job(SUZHOU, OCTOBER, TODAY)
    for place, person in enumerate(PEOPLE, 1):
        number, wage = number_of(place), parse_yuan(person["wage"])
        earned = earn(Earner(wage, SUZHOU), wage, job, None, insured=True)
        kept = lines[number]
        assert kept.line.base == kept.line.lawful == max(wage, FLOOR)
        assert (kept.line.own, kept.line.employer) == (earned.own_insurance, earned.employer_total)
        assert mill.city.social_insurance.declared[MONTH][number] == kept.line.base
        assert mill.month(number) == PayMonth(OCTOBER, wage, kept.line.base, None, kept.line.own)
        assert kept.deducted == "accepted"
    assert lines["0013"].line.own == parse_yuan("524.96")
    assert lines["0013"].line.own + lines["0013"].line.employer == parse_yuan("1738.20")
    assert run.own == sum(each.line.own for each in lines.values())
    assert run.own + run.employer == 13 * parse_yuan("1738.20") + parse_yuan("1825") + parse_yuan("1965")
    ((body, _),) = mill.city.payroll.deducted.values()
    assert sum(each.line.own for each in lines.values()) == run.own
    assert b'"fen": 52496' in body
    # Paid only once the agency has confirmed it.
    mill.clock.move(hours=7)
    mill.declarer.run_all()
    assert mill.month("0001").paid is None and mill.run(id).confirmed_at is None
    mill.city.social_insurance.publish(MONTH)
    mill.clock.move(hours=7)
    mill.declarer.run_all()
    run = mill.run(id)
    assert run.confirmed_at is not None and not run.steps
    assert mill.month("0001").paid is True
    # The city charges no fixed amount: its amounts are told beside ours, and ours stay.
    kept = mill.lines(id)["0001"]
    assert kept.differs and kept.confirmed is not None and kept.confirmed[0] == FLOOR
    assert mill.month("0001").own_share == parse_yuan("524.96")
    assert mill.city.social_insurance.done == [run.reference]


def test_an_employee_sees_what_was_declared_of_them_and_what_came_of_it(mill: Plant) -> None:
    conversation = binds(mill.storage, mill.staff["0013"])
    id = mill.approved()

    def declared() -> tuple[Declared, ...]:
        found = mill.storage.mine.of(conversation)
        assert found is not None
        return found.declared

    line = mill.lines(id)["0013"].line
    (before,) = declared()
    assert (before.month, before.outcome, before.confirmed) == (OCTOBER, "pending", None)
    assert (before.base, before.own, before.employer) == (line.base, line.own, line.employer)
    mill.declarer.run(id)
    (after,) = declared()
    assert after.outcome == "accepted"


def test_the_roster_and_the_record_of_bases_follow_what_was_accepted(mill: Plant) -> None:
    mill.storage.roster.correct(mill.staff["0001"].id, {"base": FLOOR - 100}, LI)
    mill.storage.roster.correct(mill.staff["0002"].id, {"base": FLOOR}, LI)
    mill.storage.roster.correct(mill.staff["0003"].id, {"base": parse_yuan("6000")}, LI)
    mill.declarer.run(mill.approved())
    bases = {number: mill.storage.roster.get(each.id) for number, each in mill.staff.items()}
    found = {number: each.base for number, each in bases.items() if each is not None}
    assert (found["0001"], found["0002"], found["0003"]) == (FLOOR, FLOOR, parse_yuan("6000"))
    (change,) = mill.storage.records.adjustments(mill.staff["0001"].id)
    assert (change.before, change.after, change.decided_by) == (FLOOR - 100, FLOOR, "赵静")
    assert mill.storage.records.adjustments(mill.staff["0002"].id) == ()
    profile = mill.storage.profiles.profile_of(mill.staff["0001"].id, TODAY)
    assert profile is not None and (profile.base, profile.own_share) == (FLOOR, parse_yuan("524.96"))


def test_what_stood_in_the_month_of_pay_stays(mill: Plant) -> None:
    employee = mill.staff["0001"]
    mill.declarer.run(mill.approved())
    before = mill.month("0001")
    assert before.wage == employee.wage
    mill.clock.move(days=30)
    mill.declarer.run(mill.approved(NOVEMBER))
    assert mill.month("0001") == before
    assert mill.month("0001", NOVEMBER).base == FLOOR
    assert {each.line.change for each in mill.lines(mill.drafted(date(2026, 12, 1))).values()} == {None}


# -- rejected, pending, late -------------------------------------------------------------------------------------------


def test_rejected_lines_come_back_and_are_declared_alone_the_next_time(mill: Plant) -> None:
    mill.city.social_insurance.bad_names.update(("0004", "0009"))
    id = mill.approved()
    mill.declarer.run(id)
    run, lines = mill.run(id), mill.lines(id)
    assert (run.state, run.counts, run.troubled) == ("answered", {"accepted": 13, "rejected": 2}, True)
    assert (lines["0004"].outcome, lines["0004"].reason) == ("rejected", "name")
    assert mill.month("0004") is None and lines["0004"].deducted is None
    assert mill.month("0005").base == FLOOR
    mill.city.social_insurance.bad_names.clear()
    again = mill.approved()
    assert mill.run(again).attempt == 2 and mill.run(again).done == 13
    assert set(mill.lines(again)) == {"0004", "0009"}
    mill.declarer.run(again)
    assert mill.month("0004").base == FLOOR
    assert len(mill.city.payroll.deducted) == 2
    assert mill.run(mill.drafted()).total == 0


def test_what_is_pending_is_asked_again_and_then_accepted(mill: Plant) -> None:
    mill.city.social_insurance.later = True
    id = mill.approved()
    mill.declarer.run(id)
    assert (mill.run(id).state, mill.run(id).counts) == ("handed_in", {"pending": 15})
    assert mill.month("0001") is None
    mill.declarer.run_all()
    assert len(mill.city.social_insurance.called("declare")) == 1
    mill.city.social_insurance.decide()
    wait(mill)
    mill.declarer.run_all()
    assert mill.run(id).state == "answered"
    assert mill.month("0001").base == FLOOR
    assert mill.city.social_insurance.done == [mill.run(id).reference]


@pytest.mark.parametrize("trouble", [Trouble.TIME_OUT, Trouble.RESET, Trouble.ERROR_500, Trouble.HALF])
def test_what_breaks_in_the_middle_is_asked_again_and_nothing_is_done_twice(
    mill: Plant, trouble: Trouble
) -> None:
    mill.city.social_insurance.switch(trouble, calls=2)
    mill.city.payroll.switch(trouble, calls=1)
    id = mill.approved()
    for tries in range(4):
        mill.declarer.run_all()
        wait(mill, tries)
    mill.clock.move(hours=2)
    mill.declarer.run_all()
    run = mill.run(id)
    assert (run.state, run.counts) == ("answered", {"accepted": 15}) and run.deducted_at is not None
    assert mill.city.social_insurance.done == [run.reference]
    assert len(mill.city.payroll.deducted) == 1


def test_what_asking_again_does_not_help_waits_for_hr(mill: Plant) -> None:
    mill.city.social_insurance.switch(Trouble.CLOCK_SKEW)
    id = mill.approved()
    mill.declarer.run(id)
    (waiting,) = mill.run(id).steps.values()
    assert waiting.due_at is None and waiting.trouble and mill.run(id).troubled
    mill.clock.move(days=1)
    mill.declarer.run_all()
    assert len(mill.city.social_insurance.called("declare")) == 1
    mill.city.calm()
    with pytest.raises(Overtaken):  # the agency may have it: it cannot be taken back
        mill.storage.declarations.withdraw(id, LI)
    mill.storage.declarations.try_again(id, LI)
    mill.declarer.run(id)
    assert mill.run(id).state == "answered"
    assert mill.city.social_insurance.done == [mill.run(id).reference]


def test_payroll_that_does_not_know_somebody_says_so_line_by_line(mill: Plant) -> None:
    mill.city.social_insurance.later = True
    id = mill.approved()
    mill.declarer.run(id)
    mill.city.social_insurance.decide()
    del mill.city.people["0007"]
    wait(mill)
    mill.declarer.run_all()
    lines = mill.lines(id)
    assert (lines["0007"].outcome, lines["0007"].deducted) == ("accepted", "rejected")
    assert lines["0008"].deducted == "accepted"


# -- nothing unlawful, nothing unapproved ------------------------------------------------------------------------------


def test_what_is_below_the_lawful_base_is_refused_before_anything_is_sent(mill: Plant) -> None:
    id = mill.approved()
    kept = mill.lines(id)["0001"]
    low = replace(kept.line, base=kept.line.lawful - 1)
    with mill.storage.database.work() as connection:
        of_line = (declaration_lines.c.declaration == id) & (declaration_lines.c.employee == low.employee)
        sealed = sealed_line(mill.storage.keys, id, low, None)
        connection.execute(update(declaration_lines).where(of_line).values(**sealed))
    mill.declarer.run(id)
    assert not mill.city.social_insurance.calls
    run = mill.run(id)
    assert run.state == "approved" and run.steps["declare"].trouble == "below_lawful_base"
    mill.storage.declarations.withdraw(id, LI)
    mill.declarer.run(mill.approved())
    assert mill.month("0001").base == FLOOR


def test_nothing_goes_out_that_a_second_person_has_not_approved(mill: Plant) -> None:
    book, id = mill.storage.declarations, mill.drafted()
    digest = mill.run(id).digest
    mill.declarer.run_all()
    with pytest.raises(Overtaken):
        book.approve(id, digest, ZHAO, "赵静")
    book.submit(id, digest, LI)
    mill.declarer.run(id)
    with pytest.raises(SamePerson):
        book.approve(id, digest, LI, "李梅")
    with pytest.raises(NotAsDrafted):
        book.approve(id, "other", ZHAO, "赵静")
    mill.declarer.run_all()
    assert not mill.city.social_insurance.calls
    book.give_back(id, "先核对工资", ZHAO)
    assert (mill.run(id).state, mill.run(id).note) == ("drafted", "先核对工资")
    book.withdraw(id, LI)
    assert mill.run(id).counts == {"withdrawn": 15}


def test_of_two_who_approve_at_once_one_does(mill: Plant) -> None:
    book, id = mill.storage.declarations, mill.drafted()
    digest = mill.run(id).digest
    book.submit(id, digest, LI)
    outcomes: list[str] = []

    def approve(who: str) -> None:
        try:
            book.approve(id, digest, who, who)
            outcomes.append("approved")
        except Overtaken:
            outcomes.append("overtaken")

    together(lambda: approve(ZHAO), lambda: approve("account:third"))
    assert sorted(outcomes) == ["approved", "overtaken"]
    together(lambda: mill.declarer.run(id), lambda: mill.declarer.run(id))
    assert mill.run(id).state == "answered"
    assert len(mill.city.social_insurance.called("declare")) == 1
    assert len(mill.city.payroll.deducted) == 1


def test_two_who_draft_at_once_leave_one_draft(mill: Plant) -> None:
    def draft() -> None:
        with suppress(Overtaken):
            mill.drafted()

    together(draft, draft)
    (run,) = mill.storage.declarations.runs()
    assert run.total == 15
    mill.storage.declarations.submit(run.id, run.digest, LI)
    with pytest.raises(Overtaken):
        mill.drafted()


def test_nobodys_month_is_declared_twice_whatever_account_they_are_moved_to(mill: Plant) -> None:
    storage = mill.storage
    first = mill.drafted()
    other = replace(mill.account, id="", number="SZ002")
    storage.companies.save_account(other, LI)
    second = next(each for each in storage.companies.accounts() if each.number == "SZ002")
    storage.roster.correct(mill.staff["0001"].id, {"account": "SZ002"}, LI)
    moved = replace(mill, account=second)
    storage.declarations.submit(first, mill.run(first).digest, LI)
    # Drafted while the first one still named them, and approved after it.
    later = moved.drafted()
    assert set(moved.lines(later)) == {"0001"}
    storage.declarations.submit(later, moved.run(later).digest, LI)
    storage.declarations.approve(first, mill.run(first).digest, ZHAO, "赵静")
    with pytest.raises(AlreadyDeclared):
        storage.declarations.approve(later, moved.run(later).digest, ZHAO, "赵静")
    assert moved.run(later).state == "submitted"


# -- killed ------------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process is no more."""


def test_killed_between_handing_in_and_the_answer_it_goes_on(mill: Plant) -> None:
    id = mill.approved()

    class Dies:
        """A store whose process is killed once the agency has answered."""

        def __getattr__(self, name: str) -> Any:
            return getattr(mill.storage.declaration_work, name)

        def answered(self, id: str, receipt: Receipt, again_at: object) -> None:
            raise Killed

    with pytest.raises(Killed):
        Declarer(Dies(), mill.offices, mill.storage.now).run(id)  # type: ignore[arg-type]
    assert mill.run(id).state == "handed_in" and mill.month("0001") is None
    mill.declarer.run_all()
    assert mill.run(id).state == "handed_in"  # the lease of whoever died still runs
    mill.clock.move(seconds=LEASE.total_seconds() + 1)
    mill.declarer.run_all()
    assert mill.run(id).state == "answered" and mill.month("0001").base == FLOOR
    assert mill.city.social_insurance.done == [mill.run(id).reference]


def test_an_answer_that_comes_twice_is_taken_over_once(mill: Plant) -> None:
    id = mill.approved()
    mill.declarer.run(id)
    run, lines = mill.run(id), mill.lines(id)
    receipt = Receipt("social_insurance", run.reference, "rejected", "name")
    mill.storage.declaration_work.answered(id, receipt, mill.storage.now())
    mill.storage.declaration_work.deducted(id, receipt, mill.storage.now())
    assert mill.lines(id) == lines and mill.run(id) == run


# -- without a connection ----------------------------------------------------------------------------------------------


def test_without_a_connection_hr_says_what_the_portal_said(mill: Plant) -> None:
    mill.without(social_insurance=None)
    id = mill.approved()
    assert mill.run(id).via == "file" and not mill.run(id).steps
    mill.declarer.run_all()
    book = mill.storage.declarations
    book.note_answers(id, {mill.staff["0004"].id: "姓名有误"}, LI)
    run = mill.run(id)
    assert (run.state, run.counts) == ("answered", {"accepted": 14, "rejected": 1})
    assert mill.lines(id)["0004"].reason == "姓名有误"
    assert mill.month("0005").base == FLOOR
    with pytest.raises(Overtaken):
        book.note_answers(id, {}, LI)
    mill.declarer.run_all()
    assert mill.run(id).deducted_at is not None
    assert not mill.city.social_insurance.calls


def test_what_is_kept_is_sealed(mill: Plant, open_one: Open) -> None:
    id = mill.approved()
    mill.declarer.run(id)
    with mill.storage.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT body FROM declaration_lines").all()
        rows += connection.exec_driver_sql("SELECT body FROM declarations").all()
    assert len(rows) == 16
    assert not any("陈桂兰".encode() in bytes(body) or b"495200" in bytes(body) for (body,) in rows)
    assert "陈桂兰" not in repr(mill.run(id)) + repr(mill.lines(id)["0001"])


def together(*acts: Any) -> None:
    threads = [threading.Thread(target=act) for act in acts]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
