"""What the portal's receipt brings is what the connection would have brought, once, however often it is stopped on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from databases import Clock
from plant import works_there
from sqlalchemy import select

from app.acting import Acting
from app.connections import read_portal_regions
from app.declaring import Drafting
from app.following import Following
from app.offices import NO_OFFICES, Offices
from app.portal_acts import ActsByFile
from app.settings import Connections, Settings, SettingsError
from app.settings import SocialInsurance as Insurance
from people.employees import Employee
from people.entities import InsuredAccount
from people.outside import BaseChange, Enrolment, Receipt, SocialInsurance, refuse_unlawful
from policy_kb import compiled
from policy_kb.library import Library
from profiles.book import Decision, KeptStrategy, Overtaken, StrategySearch
from profiles.portal import Receipt as PortalReceipt
from profiles.portal import Told
from profiles.portal_acts import FiledAct, RowAnswer, act_answers
from storage.opening import Storage
from storage.tables import act_receipts, audit_events, tasks
from storage.tasks import task_number

pytest_plugins = ["databases"]

ZHAO, QIAN = "account:5a1e0000-0000-4000-8000-00000000000a", "account:5a1e0000-0000-4000-8000-00000000000b"
LI = "account:5a1e0000-0000-4000-8000-00000000000c"
OCTOBER = date(2026, 10, 1)
COLUMNS: dict[int, Told] = {0: "id_number", 1: "outcome", 2: "reason"}


@pytest.fixture(scope="module")
def library() -> Library:
    return compiled.load()


class Agency(SocialInsurance):
    """An agency that takes everything."""

    def __init__(self) -> None:
        self.handed = 0

    def enrol(self, enrolment: Enrolment) -> Receipt:
        return self._taken(enrolment)

    def change_base(self, change: BaseChange) -> Receipt:
        return self._taken(change)

    def _taken(self, wanted: Enrolment | BaseChange) -> Receipt:
        refuse_unlawful(wanted)
        self.handed += 1
        return Receipt("social_insurance", wanted.reference, "accepted")

    declare: Any = None
    confirmed: Any = None
    statement: Any = None


class Desk:
    """HR, and what is carried out for it."""

    def __init__(self, storage: Storage, library: Library, offices: Offices = NO_OFFICES) -> None:
        self.storage = storage
        self.library = library
        self.offices = offices

    @property
    def by_file(self) -> ActsByFile:
        return ActsByFile(self.storage, lambda: self.library, self._today, self.offices)

    def act(self) -> int:
        return Acting(self.storage, lambda: self.library, self._today, self.offices).run()

    def _today(self) -> date:
        return self.storage.now().date()

    def follow(self) -> None:
        Following(self.storage, lambda: self.library, self._today).run()

    def approved(self, number: str, **fields: Any) -> tuple[Employee, KeptStrategy]:
        """Somebody hired, and what follows for them, approved by two."""
        given = {
            "insured_since": None,
            "joined_on": date(2026, 8, 10),
            "id_number": f"32050019800101{number}",
        }
        hired = works_there(self.storage, number, f"工人{number}", **given | fields)
        self.follow()
        (it,) = self.storage.profiles.find(StrategySearch(hired.id, dibao=True))
        return hired, self.approves(it)

    def approves(self, it: KeptStrategy) -> KeptStrategy:
        details, now, act = {"month": OCTOBER.isoformat()}, self.storage.now(), it.acts[0]
        decide = self.storage.profiles.decide
        decide(it.id, ("proposed", "rejected"), Decision("prepared", ZHAO, now, act, details=details))
        return decide(it.id, ("prepared",), Decision("approved", QIAN, now, act, details=details))

    def acts(self) -> tuple[FiledAct, ...]:
        return self.by_file.acts(lambda it: True)

    def receipt(self, *rows: str) -> tuple[str, tuple[RowAnswer, ...]]:
        """A receipt that was uploaded, and what it says."""
        text = "\n".join(("身份证号,处理结果,失败原因", *rows)).encode()
        found = PortalReceipt("回执.csv", text, ("身份证号", "处理结果", "失败原因"), COLUMNS)
        id = self.storage.act_receipts.keep("enrolment:320500", found, LI)
        waiting = [each for each in self.acts() if each.exported is not None]
        return id, act_answers(found, waiting)

    def state(self, it: KeptStrategy) -> str:
        found = self.storage.profiles.get(it.id)
        assert found is not None
        return found.state

    def logged(self) -> list[str]:
        with self.storage.database.read() as connection:
            return list(connection.execute(select(audit_events.c.act).order_by(audit_events.c.seq)).scalars())


@pytest.fixture
def desk(storage: Storage, library: Library) -> Desk:
    return Desk(storage, library)


def test_an_accepted_row_leaves_what_an_answer_of_the_connection_leaves(desk: Desk, clock: Clock) -> None:
    chun, first = desk.approved("0001")
    agency = Agency()
    before = len(desk.logged())
    desk.offices = Offices(agency)
    assert desk.act() == 1 and agency.handed == 1
    over = desk.logged()[before:]
    desk.offices = NO_OFFICES
    xia, second = desk.approved("0002")
    assert desk.by_file.export(desk.acts(), LI)
    id, said = desk.receipt("320500198001010002,成功,")
    before = len(desk.logged())
    desk.by_file.take(id, said, LI)
    assert desk.logged()[before:] == [*over, "act_receipt_taken"]
    assert (desk.state(first), desk.state(second)) == ("done", "done")

    def kept(who: Employee) -> tuple[Any, ...]:
        it, profile = desk.storage.roster.get(who.id), desk.storage.profiles.profile_of(who.id)
        assert it is not None and profile is not None
        told = [
            (each.what, each.value, each.holds_from, each.source, each.standing)
            for each in desk.storage.profiles.changes_of(who.id)
        ]
        return it.insured_since, it.base, it.uninsured_why, profile.insured_since, profile.base, told

    assert kept(chun) == kept(xia)


def test_nothing_is_exported_that_a_second_person_has_not_approved(desk: Desk) -> None:
    hired = works_there(desk.storage, "0001", "春梅", insured_since=None, joined_on=date(2026, 8, 10))
    desk.follow()
    (it,) = desk.storage.profiles.find(StrategySearch(hired.id))
    assert not desk.acts()
    now, details = desk.storage.now(), {"month": OCTOBER.isoformat()}
    prepared = Decision("prepared", ZHAO, now, "insure", details=details)
    desk.storage.profiles.decide(it.id, ("proposed",), prepared)
    assert not desk.acts()


def test_a_refused_row_goes_back_and_through_two_again(desk: Desk) -> None:
    _, it = desk.approved("0001")
    desk.by_file.export(desk.acts(), LI)
    id, said = desk.receipt("320500198001010001,退回,姓名有生僻字")
    desk.by_file.take(id, said, LI)
    back = desk.storage.profiles.get(it.id)
    assert back is not None and back.state == "rejected" and back.history[-1].by == LI
    assert back.history[-1].details["reason"] == "姓名有生僻字"
    assert not desk.acts()
    desk.approves(back)
    (again,) = desk.acts()
    assert again.exported is None and again.reference == f"{it.id}-2"


class Stops(Exception):
    """The power goes."""


@pytest.mark.parametrize("step", ["note", "correct", "decide", "finish"])
def test_stopped_anywhere_a_receipt_goes_on(
    desk: Desk, step: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [desk.approved(f"000{each}") for each in (1, 2, 3)]
    desk.by_file.export(desk.acts(), LI)
    id, said = desk.receipt(
        "320500198001010001,成功,", "320500198001010002,退回,重复", "320500198001010003,成功,"
    )
    stops(desk.storage, step, monkeypatch)
    with pytest.raises(Stops):
        desk.by_file.take(id, said, LI)
    monkeypatch.undo()
    kept = desk.storage.act_receipts.get(id)
    assert kept is not None and kept.state == "taking"
    with pytest.raises(Overtaken):
        desk.by_file.take(id, said, LI)
    desk.by_file.run()
    kept = desk.storage.act_receipts.get(id)
    assert kept is not None and kept.state == "taking", "whoever began is left to it for a while"
    clock.move(minutes=3)
    desk.by_file.run()
    desk.by_file.run()
    assert [desk.state(it) for _, it in people] == ["done", "rejected", "done"]
    kept = desk.storage.act_receipts.get(id)
    assert kept is not None and kept.state == "taken"
    assert {each.step for each in kept.rows} == {"applied"}
    for (who, _), count in zip(people, (2, 0, 2), strict=True):
        told = [
            each for each in desk.storage.profiles.changes_of(who.id) if each.source == "social_insurance"
        ]
        assert len(told) == count


@pytest.mark.parametrize("step", ["note", "correct", "decide", "finish"])
def test_stopped_anywhere_it_is_taken_back_to_the_end(
    desk: Desk, step: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [desk.approved(f"000{each}") for each in (1, 2, 3)]
    desk.by_file.export(desk.acts(), LI)
    id, said = desk.receipt(
        "320500198001010001,成功,", "320500198001010002,退回,重复", "320500198001010003,成功,"
    )
    desk.by_file.take(id, said, LI)
    desk.follow()
    clock.move(minutes=1)
    stops(desk.storage, step, monkeypatch)
    with pytest.raises(Stops):
        desk.by_file.undo(id, LI)
    monkeypatch.undo()
    clock.move(minutes=3)
    desk.by_file.run()
    assert [desk.state(it) for _, it in people] == ["handed_in"] * 3
    for who, it in people:
        there, profile = desk.storage.roster.get(who.id), desk.storage.profiles.profile_of(who.id)
        assert there is not None and (there.insured_since, there.base) == (None, None)
        assert profile is not None and not profile.insured and profile.base is None
        assert it.task is not None
    kept = desk.storage.act_receipts.get(id)
    assert kept is not None and {each.step for each in kept.rows} == {"undone"}


def stops(storage: Storage, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The power goes before the second time that a step is taken; before the only time where it is taken once."""
    owner: Any = {"correct": storage.roster, "finish": storage.act_receipts}.get(step, storage.profiles)
    real, left = getattr(owner, step), [0 if step == "finish" else 1]

    def once(*args: Any, **named: Any) -> Any:
        if not left[0]:
            raise Stops
        left[0] -= 1
        return real(*args, **named)

    monkeypatch.setattr(owner, step, once)


def test_two_that_take_the_same_receipt_over_at_once_do_it_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    chun, it = desk.approved("0001")
    desk.by_file.export(desk.acts(), LI)
    id, said = desk.receipt("320500198001010001,成功,")
    real = desk.storage.roster.correct

    def meanwhile(*args: Any, **named: Any) -> Any:
        monkeypatch.undo()
        another = ActsByFile(desk.storage, lambda: desk.library, desk.storage.now().date, NO_OFFICES)
        another._finish(id)
        return real(*args, **named)

    monkeypatch.setattr(desk.storage.roster, "correct", meanwhile)
    desk.by_file.take(id, said, LI)
    kept = desk.storage.act_receipts.get(id)
    assert kept is not None and [each.step for each in kept.rows] == ["applied"]
    changes = desk.storage.profiles.changes_of(chun.id)
    assert desk.state(it) == "done" and sum(each.source == "social_insurance" for each in changes) == 2
    assert desk.logged().count("act_receipt_taken") == 1


def test_the_task_is_there_again_once_a_receipt_is_taken_back(desk: Desk, clock: Clock) -> None:
    _, it = desk.approved("0001")
    desk.by_file.export(desk.acts(), LI)
    id, said = desk.receipt("320500198001010001,成功,")

    def waits() -> bool:
        open_ones = select(tasks.c.number).where(tasks.c.state != "done")
        with desk.storage.database.read() as connection:
            return it.task in set(map(task_number, connection.execute(open_ones).scalars()))

    assert waits()
    desk.by_file.take(id, said, LI)
    assert not waits()
    clock.move(minutes=1)
    desk.by_file.undo(id, LI)
    assert waits()


def test_a_receipt_that_comes_after_it_was_taken_back_carries_nothing_out(desk: Desk) -> None:
    chun, it = desk.approved("0001")
    desk.by_file.export(desk.acts(), LI)
    id, said = desk.receipt("320500198001010001,成功,")
    assert desk.by_file.take_back(desk.acts(), LI) == 1
    desk.by_file.take(id, said, LI)
    kept = desk.storage.act_receipts.get(id)
    assert kept is not None and [each.step for each in kept.rows] == ["overtaken"]
    there = desk.storage.roster.get(chun.id)
    assert there is not None and there.insured_since is None and desk.state(it) == "rejected"


def test_where_the_connection_does_not_cover_a_place_its_acts_go_by_file(desk: Desk) -> None:
    _, it = desk.approved("0001")
    agency = Agency()
    desk.offices = Offices(agency)
    assert not desk.acts()
    desk.offices = replace(desk.offices, by_file=frozenset(("320000",)))
    assert desk.act() == 0 and agency.handed == 0 and desk.state(it) == "approved"
    assert [each.strategy for each in desk.acts()] == [it.id]
    assert desk.by_file.export(desk.acts(), LI)
    desk.offices = Offices(agency)
    assert desk.act() == 0 and agency.handed == 0, "what is in a file is not handed in beside it"
    assert desk.state(it) == "handed_in" and len(desk.acts()) == 1


@pytest.mark.parametrize(
    ("by_file", "region", "covered"),
    [
        ("320500", "320500", False),
        ("320500", "320583", False),
        ("320000", "320583", False),
        ("320583", "320500", True),
        ("321000", "321100", True),
        ("110000", "110105", False),
    ],
)
def test_a_place_holds_the_places_within_it(by_file: str, region: str, covered: bool) -> None:
    offices = Offices(Agency(), by_file=frozenset((by_file,)))
    assert (offices.agency(region) is not None) is covered


def test_a_declaration_goes_by_file_where_the_connection_does_not_cover_its_account(desk: Desk) -> None:
    offices = Offices(Agency(), by_file=frozenset(("320500",)))
    drafting = Drafting(desk.storage, lambda: desk.library, desk.storage.now().date, offices)
    suzhou, hefei = InsuredAccount("", "", "320500", "SZ001"), InsuredAccount("", "", "340100", "HF001")
    assert (drafting.frame(suzhou).via, drafting.frame(hefei).via) == ("file", "connection")


def test_places_that_are_none_stop_the_start() -> None:
    def settings(regions: str) -> Settings:
        return Settings(connections=Connections(social_insurance=Insurance(portal_regions=regions)))

    assert read_portal_regions(settings("")) == frozenset()
    assert read_portal_regions(settings("320500, 341200")) == frozenset(("320500", "341200"))
    with pytest.raises(SettingsError, match="portal_regions"):
        read_portal_regions(settings("苏州"))


def test_who_moves_meanwhile_is_still_waited_for_where_they_were_exported(desk: Desk) -> None:
    chun, _ = desk.approved("0001")
    desk.by_file.export(desk.acts(), LI)
    desk.storage.roster.correct(chun.id, {"region": "340100"}, LI)
    assert [each.region for each in desk.acts()] == ["320500"]


def test_exporting_the_same_list_twice_at_once_does_it_once(desk: Desk) -> None:
    desk.approved("0001")
    seen = desk.acts()
    assert desk.by_file.export(seen, LI) and desk.by_file.export(seen, ZHAO) is None
    (act,) = desk.acts()
    assert act.exported is not None and act.exported.by == LI


def test_what_lies_in_the_file_is_sealed(desk: Desk) -> None:
    desk.approved("0001")
    desk.by_file.export(desk.acts(), LI)
    desk.receipt("320500198001010001,成功,")
    with desk.storage.database.read() as connection:
        (row,) = connection.execute(select(act_receipts)).all()
    assert b"320500198001010001" not in row.body
