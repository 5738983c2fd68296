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

from app.declaring import PATIENCE, Declarer
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


def wait(plant: Plant, tries: int = 0) -> None:
    plant.clock.move(seconds=PATIENCE[tries].total_seconds() + 1)


# -- the whole way -----------------------------------------------------------------------------------------------------


def test_fifteen_are_declared_deducted_and_confirmed_to_the_fen(plant: Plant) -> None:
    id = plant.approved()
    plant.declarer.run(id)
    run, lines = plant.run(id), plant.lines(id)
    assert (run.state, run.counts) == ("answered", {"accepted": 15})
    job = plant.library.job(SUZHOU, OCTOBER, TODAY)
    for place, person in enumerate(PEOPLE, 1):
        number, wage = number_of(place), parse_yuan(person["wage"])
        earned = earn(Earner(wage, SUZHOU), wage, job, None, insured=True)
        kept = lines[number]
        assert kept.line.base == kept.line.lawful == max(wage, FLOOR)
        assert (kept.line.own, kept.line.employer) == (earned.own_insurance, earned.employer_total)
        assert plant.city.social_insurance.declared[MONTH][number] == kept.line.base
        assert plant.month(number) == PayMonth(OCTOBER, wage, kept.line.base, None, kept.line.own)
        assert kept.deducted == "accepted"
    assert lines["0013"].line.own == parse_yuan("524.96")
    assert lines["0013"].line.own + lines["0013"].line.employer == parse_yuan("1738.20")
    assert run.own == sum(each.line.own for each in lines.values())
    assert run.own + run.employer == 13 * parse_yuan("1738.20") + parse_yuan("1825") + parse_yuan("1965")
    ((body, _),) = plant.city.payroll.deducted.values()
    assert sum(each.line.own for each in lines.values()) == run.own
    assert b'"fen": 52496' in body
    # Paid only once the agency has confirmed it.
    plant.clock.move(hours=7)
    plant.declarer.run_all()
    assert plant.month("0001").paid is None and plant.run(id).confirmed_at is None
    plant.city.social_insurance.publish(MONTH)
    plant.clock.move(hours=7)
    plant.declarer.run_all()
    run = plant.run(id)
    assert run.confirmed_at is not None and not run.steps
    assert plant.month("0001").paid is True
    # The city charges no fixed amount: its amounts are told beside ours, and ours stay.
    kept = plant.lines(id)["0001"]
    assert kept.differs and kept.confirmed is not None and kept.confirmed[0] == FLOOR
    assert plant.month("0001").own_share == parse_yuan("524.96")
    assert plant.city.social_insurance.done == [run.reference]


def test_the_roster_and_the_record_of_bases_follow_what_was_accepted(plant: Plant) -> None:
    plant.storage.roster.correct(plant.staff["0001"].id, {"base": FLOOR - 100}, LI)
    plant.storage.roster.correct(plant.staff["0002"].id, {"base": FLOOR}, LI)
    plant.storage.roster.correct(plant.staff["0003"].id, {"base": parse_yuan("6000")}, LI)
    plant.declarer.run(plant.approved())
    bases = {number: plant.storage.roster.get(each.id) for number, each in plant.staff.items()}
    found = {number: each.base for number, each in bases.items() if each is not None}
    assert (found["0001"], found["0002"], found["0003"]) == (FLOOR, FLOOR, parse_yuan("6000"))
    (change,) = plant.storage.records.adjustments(plant.staff["0001"].id)
    assert (change.before, change.after, change.decided_by) == (FLOOR - 100, FLOOR, "赵静")
    assert plant.storage.records.adjustments(plant.staff["0002"].id) == ()
    profile = plant.storage.profiles.profile_of(plant.staff["0001"].id, TODAY)
    assert profile is not None and (profile.base, profile.own_share) == (FLOOR, parse_yuan("524.96"))


def test_what_stood_in_the_month_of_pay_stays(plant: Plant) -> None:
    employee = plant.staff["0001"]
    plant.declarer.run(plant.approved())
    before = plant.month("0001")
    assert before.wage == employee.wage
    plant.clock.move(days=30)
    plant.declarer.run(plant.approved(NOVEMBER))
    assert plant.month("0001") == before
    assert plant.month("0001", NOVEMBER).base == FLOOR
    assert {each.line.change for each in plant.lines(plant.drafted(date(2026, 12, 1))).values()} == {None}


# -- rejected, pending, late -------------------------------------------------------------------------------------------


def test_rejected_lines_come_back_and_are_declared_alone_the_next_time(plant: Plant) -> None:
    plant.city.social_insurance.bad_names.update(("0004", "0009"))
    id = plant.approved()
    plant.declarer.run(id)
    run, lines = plant.run(id), plant.lines(id)
    assert (run.state, run.counts, run.troubled) == ("answered", {"accepted": 13, "rejected": 2}, True)
    assert (lines["0004"].outcome, lines["0004"].reason) == ("rejected", "name")
    assert plant.month("0004") is None and lines["0004"].deducted is None
    assert plant.month("0005").base == FLOOR
    plant.city.social_insurance.bad_names.clear()
    again = plant.approved()
    assert plant.run(again).attempt == 2 and plant.run(again).done == 13
    assert set(plant.lines(again)) == {"0004", "0009"}
    plant.declarer.run(again)
    assert plant.month("0004").base == FLOOR
    assert len(plant.city.payroll.deducted) == 2
    assert plant.run(plant.drafted()).total == 0


def test_what_is_pending_is_asked_again_and_then_accepted(plant: Plant) -> None:
    plant.city.social_insurance.later = True
    id = plant.approved()
    plant.declarer.run(id)
    assert (plant.run(id).state, plant.run(id).counts) == ("handed_in", {"pending": 15})
    assert plant.month("0001") is None
    plant.declarer.run_all()
    assert len(plant.city.social_insurance.called("declare")) == 1
    plant.city.social_insurance.decide()
    wait(plant)
    plant.declarer.run_all()
    assert plant.run(id).state == "answered"
    assert plant.month("0001").base == FLOOR
    assert plant.city.social_insurance.done == [plant.run(id).reference]


@pytest.mark.parametrize("trouble", [Trouble.TIME_OUT, Trouble.RESET, Trouble.ERROR_500, Trouble.HALF])
def test_what_breaks_in_the_middle_is_asked_again_and_nothing_is_done_twice(
    plant: Plant, trouble: Trouble
) -> None:
    plant.city.social_insurance.switch(trouble, calls=2)
    plant.city.payroll.switch(trouble, calls=1)
    id = plant.approved()
    for tries in range(4):
        plant.declarer.run_all()
        wait(plant, tries)
    plant.clock.move(hours=2)
    plant.declarer.run_all()
    run = plant.run(id)
    assert (run.state, run.counts) == ("answered", {"accepted": 15}) and run.deducted_at is not None
    assert plant.city.social_insurance.done == [run.reference]
    assert len(plant.city.payroll.deducted) == 1


def test_what_asking_again_does_not_help_waits_for_hr(plant: Plant) -> None:
    plant.city.social_insurance.switch(Trouble.CLOCK_SKEW)
    id = plant.approved()
    plant.declarer.run(id)
    (waiting,) = plant.run(id).steps.values()
    assert waiting.due_at is None and waiting.trouble and plant.run(id).troubled
    plant.clock.move(days=1)
    plant.declarer.run_all()
    assert len(plant.city.social_insurance.called("declare")) == 1
    plant.city.calm()
    with pytest.raises(Overtaken):  # the agency may have it: it cannot be taken back
        plant.storage.declarations.withdraw(id, LI)
    plant.storage.declarations.try_again(id, LI)
    plant.declarer.run(id)
    assert plant.run(id).state == "answered"
    assert plant.city.social_insurance.done == [plant.run(id).reference]


def test_payroll_that_does_not_know_somebody_says_so_line_by_line(plant: Plant) -> None:
    plant.city.social_insurance.later = True
    id = plant.approved()
    plant.declarer.run(id)
    plant.city.social_insurance.decide()
    del plant.city.people["0007"]
    wait(plant)
    plant.declarer.run_all()
    lines = plant.lines(id)
    assert (lines["0007"].outcome, lines["0007"].deducted) == ("accepted", "rejected")
    assert lines["0008"].deducted == "accepted"


# -- nothing unlawful, nothing unapproved ------------------------------------------------------------------------------


def test_what_is_below_the_lawful_base_is_refused_before_anything_is_sent(plant: Plant) -> None:
    id = plant.approved()
    kept = plant.lines(id)["0001"]
    low = replace(kept.line, base=kept.line.lawful - 1)
    with plant.storage.database.work() as connection:
        of_line = (declaration_lines.c.declaration == id) & (declaration_lines.c.employee == low.employee)
        sealed = sealed_line(plant.storage.keys, id, low, None)
        connection.execute(update(declaration_lines).where(of_line).values(**sealed))
    plant.declarer.run(id)
    assert not plant.city.social_insurance.calls
    run = plant.run(id)
    assert run.state == "approved" and run.steps["declare"].trouble == "below_lawful_base"
    plant.storage.declarations.withdraw(id, LI)
    plant.declarer.run(plant.approved())
    assert plant.month("0001").base == FLOOR


def test_nothing_goes_out_that_a_second_person_has_not_approved(plant: Plant) -> None:
    book, id = plant.storage.declarations, plant.drafted()
    digest = plant.run(id).digest
    plant.declarer.run_all()
    with pytest.raises(Overtaken):
        book.approve(id, digest, ZHAO, "赵静")
    book.submit(id, digest, LI)
    plant.declarer.run(id)
    with pytest.raises(SamePerson):
        book.approve(id, digest, LI, "李梅")
    with pytest.raises(NotAsDrafted):
        book.approve(id, "other", ZHAO, "赵静")
    plant.declarer.run_all()
    assert not plant.city.social_insurance.calls
    book.give_back(id, "先核对工资", ZHAO)
    assert (plant.run(id).state, plant.run(id).note) == ("drafted", "先核对工资")
    book.withdraw(id, LI)
    assert plant.run(id).counts == {"withdrawn": 15}


def test_of_two_who_approve_at_once_one_does(plant: Plant) -> None:
    book, id = plant.storage.declarations, plant.drafted()
    digest = plant.run(id).digest
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
    together(lambda: plant.declarer.run(id), lambda: plant.declarer.run(id))
    assert plant.run(id).state == "answered"
    assert len(plant.city.social_insurance.called("declare")) == 1
    assert len(plant.city.payroll.deducted) == 1


def test_two_who_draft_at_once_leave_one_draft(plant: Plant) -> None:
    def draft() -> None:
        with suppress(Overtaken):
            plant.drafted()

    together(draft, draft)
    (run,) = plant.storage.declarations.runs()
    assert run.total == 15
    plant.storage.declarations.submit(run.id, run.digest, LI)
    with pytest.raises(Overtaken):
        plant.drafted()


def test_nobodys_month_is_declared_twice_whatever_account_they_are_moved_to(plant: Plant) -> None:
    storage = plant.storage
    first = plant.drafted()
    other = replace(plant.account, id="", number="SZ002")
    storage.companies.save_account(other, LI)
    second = next(each for each in storage.companies.accounts() if each.number == "SZ002")
    storage.roster.correct(plant.staff["0001"].id, {"account": "SZ002"}, LI)
    moved = replace(plant, account=second)
    storage.declarations.submit(first, plant.run(first).digest, LI)
    # Drafted while the first one still named them, and approved after it.
    later = moved.drafted()
    assert set(moved.lines(later)) == {"0001"}
    storage.declarations.submit(later, moved.run(later).digest, LI)
    storage.declarations.approve(first, plant.run(first).digest, ZHAO, "赵静")
    with pytest.raises(AlreadyDeclared):
        storage.declarations.approve(later, moved.run(later).digest, ZHAO, "赵静")
    assert moved.run(later).state == "submitted"


# -- killed ------------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process is no more."""


def test_killed_between_handing_in_and_the_answer_it_goes_on(plant: Plant) -> None:
    id = plant.approved()

    class Dies:
        """A store whose process is killed once the agency has answered."""

        def __getattr__(self, name: str) -> Any:
            return getattr(plant.storage.declaration_work, name)

        def answered(self, id: str, receipt: Receipt, again_at: object) -> None:
            raise Killed

    with pytest.raises(Killed):
        Declarer(Dies(), plant.offices, plant.storage.now).run(id)  # type: ignore[arg-type]
    assert plant.run(id).state == "handed_in" and plant.month("0001") is None
    plant.declarer.run_all()
    assert plant.run(id).state == "handed_in"  # the lease of whoever died still runs
    plant.clock.move(seconds=LEASE.total_seconds() + 1)
    plant.declarer.run_all()
    assert plant.run(id).state == "answered" and plant.month("0001").base == FLOOR
    assert plant.city.social_insurance.done == [plant.run(id).reference]


def test_an_answer_that_comes_twice_is_taken_over_once(plant: Plant) -> None:
    id = plant.approved()
    plant.declarer.run(id)
    run, lines = plant.run(id), plant.lines(id)
    receipt = Receipt("social_insurance", run.reference, "rejected", "name")
    plant.storage.declaration_work.answered(id, receipt, plant.storage.now())
    plant.storage.declaration_work.deducted(id, receipt, plant.storage.now())
    assert plant.lines(id) == lines and plant.run(id) == run


# -- without a connection ----------------------------------------------------------------------------------------------


def test_without_a_connection_hr_says_what_the_portal_said(plant: Plant) -> None:
    plant.without(social_insurance=None)
    id = plant.approved()
    assert plant.run(id).via == "file" and not plant.run(id).steps
    plant.declarer.run_all()
    book = plant.storage.declarations
    book.note_answers(id, {plant.staff["0004"].id: "姓名有误"}, LI)
    run = plant.run(id)
    assert (run.state, run.counts) == ("answered", {"accepted": 14, "rejected": 1})
    assert plant.lines(id)["0004"].reason == "姓名有误"
    assert plant.month("0005").base == FLOOR
    with pytest.raises(Overtaken):
        book.note_answers(id, {}, LI)
    plant.declarer.run_all()
    assert plant.run(id).deducted_at is not None
    assert not plant.city.social_insurance.calls


def test_what_is_kept_is_sealed(plant: Plant, open_one: Open) -> None:
    id = plant.approved()
    plant.declarer.run(id)
    with plant.storage.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT body FROM declaration_lines").all()
        rows += connection.exec_driver_sql("SELECT body FROM declarations").all()
    assert len(rows) == 16
    assert not any("陈桂兰".encode() in bytes(body) or b"495200" in bytes(body) for (body,) in rows)
    assert "陈桂兰" not in repr(plant.run(id)) + repr(plant.lines(id)["0001"])


def together(*acts: Any) -> None:
    threads = [threading.Thread(target=act) for act in acts]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
