"""Profiles over the database: changes are kept once and only while they may be, and what follows from them is found once."""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from databases import Clock
from plant import works_there
from sqlalchemy import func, select

from audit.events import SYSTEM
from hr_inbox.cases import Search, Viewer
from people.employees import Employee
from people.records import Adjustment, DibaoStatus
from policy_kb import compiled
from policy_kb.library import Library
from profiles.book import (
    Decision,
    KeptStrategy,
    Overtaken,
    SamePerson,
    StrategyPage,
    StrategyRules,
    StrategySearch,
)
from profiles.changes import Change, Income
from profiles.ground import Ground
from profiles.profile import Profile
from profiles.strategy import Strategy, choose_strategy
from profiles.strategy_words import KINDS
from storage.opening import Storage
from storage.retention import keep_to_terms
from storage.roster_changes import take_over
from storage.strategy_kinds import kind_tokens, label_old_strategies
from storage.tables import profile_changes, profiles, strategies, tasks

pytest_plugins = ["databases"]

ZHAO, QIAN = "account:5a1e0000-0000-4000-8000-00000000000a", "account:5a1e0000-0000-4000-8000-00000000000b"
EVERYTHING: dict[str, Any] = {
    "gross_wage": 350_000,
    "net_wage": 297_504,
    "base": 495_200,
    "own_share": 52_496,
    "insured_since": date(2026, 8, 1),
    "insured_until": date(2026, 12, 31),
    "region": "320500",
    "home_region": "341200",
    "area": "rural",
    "on_book": True,
    "household_size": 4,
    "other_income": Income(0, 50_000),
    "dibao_line": 80_000,
    "dibao": "receiving",
}


@pytest.fixture(scope="module")
def library() -> Library:
    return compiled.load()


def said(storage: Storage, who: Employee, what: str, value: Any, **more: Any) -> Change:
    given: dict[str, Any] = {
        "holds_from": date(2026, 10, 1),
        "said_by": ZHAO,
        "written_at": storage.now(),
        "source": "payroll",
        "standing": "confirmed",
        "reference": f"{what}-1",
    }
    return Change(who.id, what, value, **{**given, **more})  # type: ignore[arg-type]


def agrees(storage: Storage, who: Employee) -> None:
    for purpose in ("dibao_status", "civil_affairs"):
        storage.records.agree(who.id, purpose, "chat", "employee")  # type: ignore[arg-type]


class Follower:
    """Follows as the job does, with the library as it ships."""

    def __init__(self, storage: Storage, library: Library) -> None:
        self.storage = storage
        self.library = library
        self.found: list[KeptStrategy] = []

    def run(self) -> list[KeptStrategy]:
        before = len(self.found)
        for employee in self.storage.profiles.pending(100):
            kept = self.storage.profiles.follow(employee, self.choose)
            if kept is not None:
                self.found.append(kept)
        assert not self.storage.profiles.pending(100)
        return self.found[before:]

    def choose(self, before: Profile | None, after: Profile, done: Collection[str]) -> Strategy | None:
        it = self.storage.roster.get(after.employee)
        ground = Ground(self.library, joined_on=None if it is None else it.joined_on)
        return choose_strategy(before, after, ground, self.storage.now().date(), done)


@pytest.fixture
def follower(storage: Storage, library: Library) -> Follower:
    return Follower(storage, library)


@pytest.fixture
def ali(storage: Storage) -> Employee:
    """Insured on the floor of 苏州, and nothing waits."""
    return works_there(storage, "A1", "阿丽", wage=350_000, base=495_200, insured_since=date(2026, 8, 1))


def test_every_field_comes_back_as_it_was_said(storage: Storage, ali: Employee) -> None:
    agrees(storage, ali)
    told = [said(storage, ali, what, value) for what, value in EVERYTHING.items()]
    assert storage.profiles.note(told, ZHAO) == len(EVERYTHING)
    assert [each for each in storage.profiles.changes_of(ali.id) if each.reference] == sorted(
        told, key=lambda each: each.order
    )
    profile = storage.profiles.profile_of(ali.id)
    assert profile is not None
    assert {what: profile.value(what) for what in EVERYTHING} == EVERYTHING  # type: ignore[arg-type]


def test_what_comes_again_is_no_second_change(storage: Storage, ali: Employee, clock: Clock) -> None:
    told = said(storage, ali, "gross_wage", 380_000)
    assert storage.profiles.note([told, told], ZHAO) == 1
    clock.move(hours=1)
    assert storage.profiles.note([replace(told, written_at=clock.time)], ZHAO) == 0


def test_of_the_household_nothing_is_kept_without_consent(storage: Storage, ali: Employee) -> None:
    told = [
        said(storage, ali, "household_size", 4, source="employee", standing="reported"),
        said(storage, ali, "dibao", "receiving", source="civil_affairs"),
        said(storage, ali, "gross_wage", 380_000),
    ]
    assert storage.profiles.note(told, ZHAO) == 1
    storage.records.agree(ali.id, "dibao_status", "chat", "employee")
    assert storage.profiles.note(told, ZHAO) == 1, "civil affairs is asked with a consent of its own"
    storage.records.agree(ali.id, "civil_affairs", "chat", "employee")
    assert storage.profiles.note(told, ZHAO) == 1


def test_a_consent_taken_back_takes_along_what_rested_on_it(
    storage: Storage, ali: Employee, follower: Follower
) -> None:
    agrees(storage, ali)
    storage.profiles.note([said(storage, ali, "dibao", "suspended", source="civil_affairs")], SYSTEM)
    storage.records.tell_dibao(ali.id, DibaoStatus("receiving", date(2026, 5, 1), "told_hr"), ZHAO)
    (found,) = follower.run()
    assert found.kind == "suspended" and found.tells_dibao
    storage.records.withdraw(ali.id, "civil_affairs", "told_hr", "employee")
    assert storage.profiles.get(found.id) is None
    profile = storage.profiles.profile_of(ali.id)
    assert profile is not None and profile.dibao == "receiving" and profile.is_reported("dibao")
    assert state_of_task(storage, found) == "done"
    storage.records.withdraw(ali.id, "dibao_status", "told_hr", "employee")
    follower.run()
    assert [each.dibao for each in storage.profiles.current([ali.id])] == [None]
    assert not [each for each in storage.profiles.changes_of(ali.id) if each.what == "dibao"]


def test_only_what_rested_on_a_consent_goes_with_it(
    storage: Storage, ali: Employee, follower: Follower, clock: Clock
) -> None:
    agrees(storage, ali)
    follower.run()
    storage.profiles.note([said(storage, ali, "dibao", "receiving", source="civil_affairs")], SYSTEM)
    (asked,) = follower.run()
    clock.move(hours=1)
    word = said(storage, ali, "dibao", "ended", source="employee", holds_from=date(2026, 10, 10))
    storage.profiles.note([word], ZHAO)
    (told,) = follower.run()
    assert (asked.data["purposes"], told.data["purposes"]) == (
        ["civil_affairs"],
        ["dibao_status", "civil_affairs"],
    )
    storage.records.withdraw(ali.id, "dibao_status", "told_hr", "employee")
    assert storage.profiles.get(told.id) is None and state_of_task(storage, told) == "done"
    assert storage.profiles.get(asked.id) == asked and state_of_task(storage, asked) == "waiting"


def test_a_consent_taken_back_leaves_the_end_of_a_task_as_it_was(
    storage: Storage, ali: Employee, follower: Follower, clock: Clock
) -> None:
    agrees(storage, ali)
    follower.run()
    storage.profiles.note([said(storage, ali, "dibao", "receiving", source="civil_affairs")], SYSTEM)
    (found,) = follower.run()
    storage.profiles.decide(found.id, ("proposed",), Decision("dropped", ZHAO, storage.now()))
    number = int((found.task or "").removeprefix("T-"))
    with storage.database.work() as connection:
        connection.execute(tasks.update().where(tasks.c.number == number).values(state="waiting"))
    storage.records.withdraw(ali.id, "civil_affairs", "told_hr", "employee")
    assert storage.profiles.get(found.id) is None
    assert state_of_task(storage, found) == "waiting", "HR took it up again for another reason"


def test_any_past_day_can_be_shown_as_it_was_known_then(
    storage: Storage, ali: Employee, clock: Clock
) -> None:
    before = clock.time
    clock.move(hours=24)
    first = clock.time.date().replace(day=1)
    late = said(storage, ali, "gross_wage", 420_000, holds_from=first + timedelta(days=1))
    storage.profiles.note([late], ZHAO)

    def wage(day: date, known_by: datetime | None = None) -> int | None:
        profile = storage.profiles.profile_of(ali.id, day, known_by)
        return None if profile is None else profile.gross_wage

    assert wage(first + timedelta(days=2)) == 420_000
    assert wage(first + timedelta(days=2), before) == wage(first) == 350_000


def test_a_date_of_insurance_that_was_taken_away_can_be_entered_again(
    storage: Storage, ali: Employee, clock: Clock
) -> None:
    for since in (None, date(2026, 8, 1)):
        clock.move(minutes=1)
        storage.roster.correct(ali.id, {"insured_since": since}, ZHAO)
        profile = storage.profiles.profile_of(ali.id)
        assert profile is not None and profile.insured_since == since and not profile.conflicts


def test_a_change_that_holds_later_is_followed_on_its_day(
    storage: Storage, ali: Employee, follower: Follower, clock: Clock
) -> None:
    follower.run()
    rise = said(storage, ali, "gross_wage", 600_000, holds_from=clock.time.date() + timedelta(days=20))
    storage.profiles.note([rise], ZHAO)
    assert not follower.run()
    clock.move(hours=24 * 20)
    (found,) = follower.run()
    assert (found.kind, found.acts[0], found.data["base"]["lowest"]) == ("wage", "correct_base", 600_000)


def test_whoever_has_a_change_that_holds_from_today_waits_no_longer_than_those_after(
    storage: Storage, ali: Employee, follower: Follower, clock: Clock
) -> None:
    follower.run()
    rise = said(storage, ali, "gross_wage", 600_000, holds_from=clock.time.date() + timedelta(days=20))
    storage.profiles.note([rise], ZHAO)
    follower.run()
    clock.move(hours=24 * 20)
    later = works_there(storage, "A2", "春花", wage=350_000, base=495_200)
    assert storage.profiles.pending(1) == [ali.id]
    assert storage.profiles.pending(2) == [ali.id, later.id]


def test_whoever_is_not_insured_is_found_once_and_the_task_ends_with_the_insurance(
    storage: Storage, follower: Follower
) -> None:
    chun = works_there(storage, "A2", "春花", wage=350_000, insured_since=None, joined_on=date(2026, 8, 10))
    (found,) = follower.run()
    assert (found.kind, found.acts[0], found.state) == ("not_insured", "insure", "proposed")
    assert found.data["found"][0]["state"] == "hold" and found.data["steps"]
    storage.profiles.note([said(storage, chun, "gross_wage", 351_000)], ZHAO)
    assert not follower.run()
    assert state_of_task(storage, found) == "waiting"
    storage.roster.correct(chun.id, {"insured_since": date(2026, 10, 1)}, ZHAO)
    follower.run()
    ended = storage.profiles.get(found.id)
    assert ended is not None and ended.state == "done" and ended.history[-1].details == {"via": "own"}
    assert state_of_task(storage, found) == "done"


def state_of_task(storage: Storage, found: KeptStrategy) -> str:
    assert found.task is not None
    query = select(tasks.c.state).where(tasks.c.number == int(found.task.removeprefix("T-")))
    with storage.database.read() as connection:
        return str(connection.execute(query).scalar_one())


def test_what_tells_of_dibao_is_for_the_dibao_officer_alone(
    storage: Storage, ali: Employee, follower: Follower
) -> None:
    agrees(storage, ali)
    follower.run()
    storage.profiles.note([said(storage, ali, "dibao", "receiving", source="civil_affairs")], SYSTEM)
    (found,) = follower.run()
    assert found.kind == "entitled"
    assert not storage.profiles.find(StrategySearch())
    assert [each.id for each in storage.profiles.find(StrategySearch(dibao=True))] == [found.id]
    assert not storage.cases.find(Search(box="waiting"), Viewer(ZHAO[8:], "赵静")).lines
    (line,) = storage.cases.find(Search(box="waiting"), Viewer(QIAN[8:], "李娜", dibao=True)).lines
    assert (line.number, line.kind, line.topic) == (found.task, None, "")


class Listed:
    """春花 and 秋菊, who are not insured, 阿丽, who draws dibao and whose wage rose: what follows, an hour apart."""

    def __init__(self, storage: Storage, ali: Employee, follower: Follower, clock: Clock) -> None:
        self.book = storage.profiles
        for number, name in (("A2", "春花"), ("A3", "秋菊")):
            works_there(storage, number, name, wage=350_000, insured_since=None, joined_on=date(2026, 8, 10))
            follower.run()
            clock.move(hours=1)
        agrees(storage, ali)
        storage.profiles.note([said(storage, ali, "dibao", "receiving", source="civil_affairs")], SYSTEM)
        follower.run()
        clock.move(hours=1)
        storage.profiles.note([said(storage, ali, "gross_wage", 600_000)], ZHAO)
        follower.run()
        self.found = [each.id for each in reversed(follower.found)]


@pytest.fixture
def listed(storage: Storage, ali: Employee, follower: Follower, clock: Clock) -> Listed:
    return Listed(storage, ali, follower, clock)


def test_a_page_holds_what_the_list_does_and_beyond_the_last_it_is_the_last(listed: Listed) -> None:
    search = StrategySearch(dibao=True)
    pages = [listed.book.page(search, number, 3) for number in (1, 2, 3)]
    assert [[each.id for each in page.strategies] for page in pages] == [
        listed.found[:3],
        listed.found[3:],
        listed.found[3:],
    ]
    assert [(page.number, page.pages, page.total) for page in pages] == [(1, 2, 4), (2, 2, 4), (2, 2, 4)]
    nobody = listed.book.page(StrategySearch(states=frozenset(("dropped",))), 1, 3)
    assert nobody == StrategyPage((), 1, 1, 0)


def test_lists_and_counts_know_the_kind_without_opening_and_the_dibao_officer_alone_gets_all(
    listed: Listed,
) -> None:
    everybody, officer = StrategySearch(), StrategySearch(dibao=True)
    assert listed.book.counts(everybody) == {"not_insured": 2, "wage": 1}
    assert listed.book.counts(officer) == {"not_insured": 2, "wage": 1, "entitled": 1}
    for kind, count in listed.book.counts(officer).items():
        search = StrategySearch(kind=kind, dibao=True)
        page = listed.book.page(search, 1, 50)
        assert page.total == count and {each.kind for each in page.strategies} == {kind}
        assert page.strategies == listed.book.find(search)
    assert listed.book.page(StrategySearch(kind="entitled"), 1, 50).total == 0


def test_the_same_kind_has_another_token_where_it_tells_of_dibao(storage: Storage) -> None:
    tokens = kind_tokens(storage.keys)
    assert len(tokens) == 2 * len(KINDS)
    assert not any(kind.encode() in token for token, kind in tokens.items())


def test_strategies_of_an_earlier_version_get_their_kind_once(storage: Storage, listed: Listed) -> None:
    before = listed.book.counts(StrategySearch(dibao=True))
    with storage.database.work() as connection:
        connection.execute(strategies.update().values(kind=None))
    assert label_old_strategies(storage.database, storage.keys) == 4
    assert label_old_strategies(storage.database, storage.keys) == 0
    assert listed.book.counts(StrategySearch(dibao=True)) == before


def test_what_everybody_sees_does_not_vanish_for_what_tells_of_dibao(
    storage: Storage, follower: Follower
) -> None:
    chun = works_there(storage, "A2", "春花", wage=350_000, insured_since=None, joined_on=date(2026, 8, 10))
    (first,) = follower.run()
    agrees(storage, chun)
    storage.profiles.note([said(storage, chun, "dibao", "suspended", source="civil_affairs")], SYSTEM)
    (second,) = follower.run()
    assert second.tells_dibao and not first.tells_dibao
    assert [each.id for each in storage.profiles.find(StrategySearch())] == [first.id]
    storage.roster.correct(chun.id, {"insured_since": date(2026, 10, 1)}, ZHAO)
    follower.run()
    assert not storage.profiles.find(StrategySearch(employee=chun.id, dibao=True, kind="not_insured"))


def test_a_newer_gap_takes_the_place_of_an_older_one(
    storage: Storage, ali: Employee, follower: Follower
) -> None:
    follower.run()
    storage.profiles.note([said(storage, ali, "gross_wage", 600_000)], ZHAO)
    (first,) = follower.run()
    storage.profiles.note([said(storage, ali, "gross_wage", 650_000, reference="2")], ZHAO)
    (second,) = follower.run()
    old = storage.profiles.get(first.id)
    assert old is not None and old.state == "dropped" and old.history[-1].details == {"newer": second.id}
    assert state_of_task(storage, first) == "done" and state_of_task(storage, second) == "waiting"


def test_what_was_approved_ends_when_it_was_done_elsewhere(
    storage: Storage, ali: Employee, follower: Follower
) -> None:
    follower.run()
    storage.profiles.note([said(storage, ali, "gross_wage", 600_000)], ZHAO)
    (found,) = follower.run()
    details = {"month": "2026-10-01"}
    for state, by in (("prepared", ZHAO), ("approved", QIAN)):
        step = Decision(state, by, storage.now(), "correct_base", details=details)  # type: ignore[arg-type]
        storage.profiles.decide(found.id, ("proposed", "prepared"), step)
    storage.roster.correct(ali.id, {"base": 600_000}, ZHAO)
    follower.run()
    ended = storage.profiles.get(found.id)
    assert ended is not None and (ended.state, ended.history[-1].details) == ("done", {"via": "own"})


def test_one_prepares_and_another_approves(storage: Storage, ali: Employee, follower: Follower) -> None:
    follower.run()
    storage.profiles.note([said(storage, ali, "gross_wage", 600_000)], ZHAO)
    (found,) = follower.run()

    def decide(state: Any, by: str, *expected: Any) -> KeptStrategy:
        step = Decision(state, by, storage.now(), "correct_base", "查过了", {"month": "2026-10-01"})
        return storage.profiles.decide(found.id, expected, step)

    decide("prepared", ZHAO, "proposed")
    with pytest.raises(Overtaken):
        decide("prepared", QIAN, "proposed")
    with pytest.raises(SamePerson):
        decide("approved", ZHAO, "prepared")
    kept = decide("approved", QIAN, "prepared")
    assert [(each.state, each.by, each.why) for each in kept.history] == [
        ("prepared", ZHAO, "查过了"),
        ("approved", QIAN, "查过了"),
    ]
    decide("done", SYSTEM, "approved")
    assert state_of_task(storage, found) == "done"
    assert storage.profiles.told(found.id, ZHAO) and not storage.profiles.told(found.id, QIAN)
    with pytest.raises(KeyError):
        storage.profiles.decide(ali.id, ("proposed",), kept.history[0])


def test_what_a_decision_says_of_somebody_is_kept_with_it_or_neither_is(
    storage: Storage, ali: Employee, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower.run()
    storage.profiles.note([said(storage, ali, "gross_wage", 600_000)], ZHAO)
    (found,) = follower.run()
    right = said(storage, ali, "gross_wage", 610_000, source="hr", reference="right")
    step = Decision("done", ZHAO, storage.now(), "settle_conflict")

    def fails(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr("storage.profiles.finish_task", fails)
        with pytest.raises(RuntimeError):
            storage.profiles.decide(found.id, ("proposed",), step, (right,))
    with pytest.raises(Overtaken):
        storage.profiles.decide(found.id, ("approved",), step, (right,))
    kept = storage.profiles.get(found.id)
    assert kept is not None and (kept.state, kept.history) == ("proposed", ())
    assert right not in storage.profiles.changes_of(ali.id) and not storage.profiles.pending(10)
    assert storage.profiles.decide(found.id, ("proposed",), step, (right,)).state == "done"
    assert right in storage.profiles.changes_of(ali.id)


def test_several_who_follow_at_once_find_it_once(storage: Storage, library: Library) -> None:
    works_there(storage, "A2", "春花", wage=350_000, insured_since=None, joined_on=date(2026, 8, 10))
    followers = [Follower(storage, library) for _ in range(3)]
    (employee,) = storage.profiles.pending(10)
    found: list[KeptStrategy | None] = []
    threads = [
        threading.Thread(target=lambda it=each: found.append(storage.profiles.follow(employee, it.choose)))  # type: ignore[misc]
        for each in followers
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sum(each is not None for each in found) == 1


def test_what_hr_writes_becomes_a_change_with_who_and_when(
    storage: Storage, ali: Employee, clock: Clock
) -> None:
    clock.move(hours=48)
    storage.roster.correct(ali.id, {"wage": 400_000, "home_region": "341200"}, QIAN)
    changes = {each.what: each for each in storage.profiles.changes_of(ali.id)}
    assert (changes["gross_wage"].value, changes["gross_wage"].said_by) == (400_000, QIAN)
    assert changes["gross_wage"].holds_from == clock.time.date()
    storage.roster.correct(ali.id, {"wage": 350_000}, ZHAO)
    storage.roster.correct(ali.id, {"wage": 400_000}, ZHAO)
    profile = storage.profiles.profile_of(ali.id)
    assert profile is not None and profile.gross_wage == 400_000
    storage.records.adjust(ali.id, Adjustment(date(2026, 11, 1), 495_200, 500_000, "年度调整", "赵静"), QIAN)
    later = storage.profiles.profile_of(ali.id, date(2026, 11, 2))
    assert profile.base == 495_200 and later is not None and later.base == 500_000


def first_days(storage: Storage, who: Employee) -> dict[str, date]:
    return {str(each.what): each.holds_from for each in storage.profiles.changes_of(who.id)}


@pytest.mark.parametrize(
    ("joined", "wage_holds"),
    [
        (date(2026, 9, 20), date(2026, 9, 20)),
        (date(2026, 3, 1), date(2026, 10, 1)),
        (None, date(2026, 10, 1)),
    ],
    ids=["new", "there for longer", "nobody knows since when"],
)
def test_a_first_wage_says_nothing_of_earlier_months(
    storage: Storage, clock: Clock, joined: date | None, wage_holds: date
) -> None:
    chun = works_there(storage, "A2", "春花", wage=350_000, base=495_200, area="rural", joined_on=joined)
    found, place_holds = first_days(storage, chun), joined or clock.time.date()
    assert found["gross_wage"] == wage_holds
    assert found["base"] == found["region"] == found["home_region"] == found["area"] == place_holds
    with storage.database.work() as connection:
        connection.execute(profile_changes.delete())
        connection.execute(profiles.delete())
    clock.move(hours=1)
    take_over(storage.database, storage.keys, storage.now())
    assert first_days(storage, chun) == found


def test_somebody_from_before_is_taken_over(storage: Storage, ali: Employee, follower: Follower) -> None:
    with storage.database.work() as connection:
        connection.execute(profile_changes.delete())
        connection.execute(profiles.delete())
    assert take_over(storage.database, storage.keys, storage.now()) == 1
    assert take_over(storage.database, storage.keys, storage.now()) == 0
    profile = storage.profiles.profile_of(ali.id)
    assert profile is not None and (profile.gross_wage, profile.base) == (350_000, 495_200)
    assert not follower.run()


def test_an_erased_employee_leaves_nothing(storage: Storage, ali: Employee, follower: Follower) -> None:
    follower.run()
    storage.profiles.note([said(storage, ali, "gross_wage", 600_000)], ZHAO)
    follower.run()
    with storage.database.work() as connection:
        connection.execute(tasks.update().values(employee=None))
    storage.roster.erase(ali.id, ZHAO, "录错了")
    with storage.database.read() as connection:
        for table in (profile_changes, profiles, strategies):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0


def test_what_was_decided_is_kept_as_long_as_it_may_be_asked_for(
    storage: Storage, ali: Employee, follower: Follower, clock: Clock
) -> None:
    agrees(storage, ali)
    follower.run()
    storage.profiles.note([said(storage, ali, "gross_wage", 600_000)], ZHAO)
    (gap,) = follower.run()
    storage.profiles.note([said(storage, ali, "dibao", "receiving", source="civil_affairs")], SYSTEM)
    (told,), kept = follower.run(), storage.profiles.get

    def keep() -> dict[str, int]:
        counts = keep_to_terms(storage.database, clock())
        return {name: counts[name] for name in ("strategies", "dibao_strategies")}

    clock.move(days=2000)
    assert keep() == {"strategies": 0, "dibao_strategies": 0}, "what is still to be done stays"
    for each in (gap, told):
        storage.profiles.decide(each.id, ("proposed",), Decision("done", ZHAO, storage.now()))
    clock.move(days=731)
    assert keep() == {"strategies": 0, "dibao_strategies": 1} and kept(gap.id) and not kept(told.id)
    clock.move(days=1096)
    assert keep() == {"strategies": 1, "dibao_strategies": 0} and not kept(gap.id)


def test_the_changes_of_who_left_long_ago_go_with_them(storage: Storage, ali: Employee, clock: Clock) -> None:
    storage.roster.leave(ali.id, clock.time.date(), ZHAO)
    clock.move(days=1826)
    keep_to_terms(storage.database, clock())
    assert storage.profiles.changes_of(ali.id)
    clock.move(days=2)
    keep_to_terms(storage.database, clock())
    assert not storage.profiles.changes_of(ali.id) and not list(storage.profiles.current([ali.id]))


def test_a_slip_can_be_taken_back_although_something_was_found_about_it(
    storage: Storage, follower: Follower
) -> None:
    slip = works_there(storage, "A9", "录错", insured_since=None, joined_on=date(2026, 8, 10))
    (found,) = follower.run()
    storage.roster.erase(slip.id, ZHAO, "录错了")
    assert storage.roster.get(slip.id) is None and state_of_task(storage, found) == "done"


def test_rules_stay_as_they_were_settled(storage: Storage) -> None:
    assert storage.profiles.rules() == StrategyRules()
    rules = StrategyRules(True, False, {"320500": date(2026, 12, 31)}, {"320500": "苏人社〔2026〕1号"})
    storage.profiles.set_rules(rules, ZHAO)
    assert storage.profiles.rules() == rules
