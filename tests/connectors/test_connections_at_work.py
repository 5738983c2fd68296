"""What outside systems know reaches the profiles: of those who agreed, once, in whatever order, whatever comes in between."""

from __future__ import annotations

import random
import threading
from datetime import date, timedelta
from itertools import combinations, groupby
from typing import Any

import pytest
from at_work import HR, MONTH, Town
from databases import Open
from platforms.city import Trouble
from sandbox import TOLD, names
from sqlalchemy import select, text

from people.connections import Name
from people.employees import Employee
from people.records import PayMonth
from profiles.changes import Change
from storage.connections import Overtaken
from storage.tables import connections as rows

pytest_plugins = ["at_work"]

NAMES: tuple[Name, ...] = ("civil_affairs", "social_insurance", "payroll")
KINDS = ("sqlite", "postgresql")
#: Each trouble alone and a few pairs, on one kind of database and on the other in turn; the soak has all pairs on both.
SAMPLE = random.Random(9).sample(list(combinations(Trouble, 2)), 5)
SOME_IN_PAIRS = [
    *((each,) for each in Trouble),
    *SAMPLE,
    *(pair for pair in combinations(Trouble, 2) if pair not in SAMPLE),
]
SAMPLED = len(Trouble) + len(SAMPLE)
MATRIX = [
    pytest.param(
        name,
        troubles,
        kind,
        marks=[] if place < SAMPLED and (place + turn) % 2 == KINDS.index(kind) else [pytest.mark.soak],
        id=f"{name}-{names(troubles)}-{kind}",
    )
    for turn, name in enumerate(NAMES)
    for place, troubles in enumerate(SOME_IN_PAIRS)
    for kind in KINDS
]
AGREED = ("0001", "0002", "0003", "0004", "0005")


def statuses(town: Town, number: str) -> list[tuple[Any, str]]:
    """What the profile's source says of somebody's dibao: status and since, as it was kept."""
    return [
        (each.value, each.holds_from.isoformat())
        for each in town.changes(number)
        if each.what == "dibao" and each.source == "civil_affairs"
    ]


def status_on(changes: tuple[Change, ...], day: date) -> Any:
    """The status of a day, as a profile folds it."""
    by_then = [each for each in changes if each.what == "dibao" and each.holds_from <= day]
    return max(by_then, key=lambda each: each.order).value if by_then else None


def tell(town: Town) -> None:
    """Something about everybody, on several pages."""
    now = town.city.clock()
    for back, number in enumerate(town.city.people, 1):
        town.city.status(number, "receiving", "2026-01-01", told_at=now - 1000 + back)
    town.city.status("0002", "suspended", "2026-10-01", "income", told_at=now - 90)
    town.city.status("0007", "ended", "2026-10-01", "moved", told_at=now - 80)


def figures(town: Town, number: str, what: str) -> list[tuple[Any, str]]:
    """A figure's values in order, each once while it stays: amounts and a statement may say the same."""
    found = [
        (each.value, each.holds_from.isoformat())
        for each in sorted(town.changes(number), key=lambda each: each.order)
        if each.what == what
    ]
    return [each for each, _ in groupby(found)]


# -- civil affairs -----------------------------------------------------------------------------------------------------


def test_a_status_reaches_the_profiles_of_those_who_agreed_and_of_nobody_else(moved_in: Town) -> None:
    moved_in.agree(*AGREED)
    tell(moved_in)
    moved_in.connections("civil_affairs").work()
    assert statuses(moved_in, "0002") == [("receiving", "2026-01-01"), ("suspended", "2026-10-01")]
    assert [statuses(moved_in, each) for each in ("0001", "0006", "0007")] == [
        [("receiving", "2026-01-01")],
        [],
        [],
    ]
    (change, *_) = moved_in.changes("0001")
    assert (change.source, change.standing, change.reference) == ("civil_affairs", "confirmed", "MZ000001")
    told = moved_in.storage.records.dibao(moved_in.ids["0002"], HR)
    assert {(each.status, each.source) for each in told} >= {("suspended", "civil_affairs")}
    standing = moved_in.standing("civil_affairs")
    assert (standing.asked_about, standing.failure) == (5, None)
    asked = moved_in.city.civil_affairs.called("changes")
    assert all(len(each.request.json()["persons"]) == 5 for each in asked)


def test_the_lists_of_hr_know_what_civil_affairs_told_of_those_who_agreed_to_that_alone(
    moved_in: Town,
) -> None:
    moved_in.storage.records.agree(moved_in.ids["0002"], "civil_affairs", "paper", HR)
    tell(moved_in)
    moved_in.connections("civil_affairs").work()
    assert moved_in.storage.standings.read().dibao == {moved_in.ids["0002"]: "suspended"}
    moved_in.withdraw("0002")
    assert moved_in.storage.standings.read().dibao == {}


def test_nobody_is_asked_about_before_somebody_agrees(moved_in: Town) -> None:
    tell(moved_in)
    moved_in.connections("civil_affairs").work()
    assert moved_in.city.civil_affairs.calls == []


def test_who_agrees_later_is_read_alone_from_the_beginning(moved_in: Town) -> None:
    moved_in.agree("0001", "0002")
    tell(moved_in)
    connections = moved_in.connections("civil_affairs")
    connections.work()
    moved_in.agree("0007")
    moved_in.clock.move(minutes=10)
    before = len(moved_in.city.civil_affairs.called("changes"))
    connections.work()
    assert statuses(moved_in, "0007") == [("receiving", "2026-01-01"), ("ended", "2026-10-01")]
    (alone, *_) = [each.request.json() for each in moved_in.city.civil_affairs.called("changes")[before:]]
    assert (len(alone["persons"]), alone.get("after")) == (1, None)
    moved_in.city.status("0007", "receiving", "2026-10-15")
    moved_in.clock.move(minutes=10)
    connections.work()
    assert status_on(moved_in.changes("0007"), date(2026, 10, 15)) == "receiving"


def test_whoever_takes_it_back_is_not_in_the_next_request(moved_in: Town) -> None:
    moved_in.agree(*AGREED)
    tell(moved_in)
    office, before = moved_in.city.civil_affairs, moved_in.city.civil_affairs.do
    gone = moved_in.city.people["0003"].token

    def withdraws(request: Any) -> Any:
        if request.path == "changes" and len(office.called("changes")) == 0:
            moved_in.withdraw("0003")  # while the first page is under way
        return before(request)

    office.do = withdraws  # type: ignore[method-assign]
    connections = moved_in.connections("civil_affairs")
    connections.work()
    first, *later = [each.request.json()["persons"] for each in office.called("changes")]
    assert gone in first and later and not any(gone in each for each in later)
    assert statuses(moved_in, "0003") == []
    assert statuses(moved_in, "0004") == [("receiving", "2026-01-01")]


def test_what_is_told_later_counts_on_every_day_from_which_it_holds(moved_in: Town) -> None:
    """Told second: suspended since August, though it was said to be restored in September."""
    moved_in.agree("0001")
    now = moved_in.city.clock()
    moved_in.city.status("0001", "receiving", "2026-09-01", "review", told_at=now - 200)
    moved_in.city.status("0001", "suspended", "2026-08-01", "income", told_at=now - 100)
    moved_in.connections("civil_affairs").work()
    changes = moved_in.changes("0001")
    assert [status_on(changes, date(2026, month, 15)) for month in (7, 8, 9, 10)] == [
        None,
        "suspended",
        "suspended",
        "suspended",
    ]


def test_a_change_is_there_within_half_an_hour_and_its_delay_is_kept(moved_in: Town) -> None:
    moved_in.agree(*AGREED)
    connections = moved_in.connections("civil_affairs")
    connections.work()
    moved_in.clock.move(minutes=1)
    moved_in.city.status("0001", "suspended", "2026-10-15", "income")
    for _ in range(30):
        moved_in.clock.move(minutes=1)
        connections.work()
    assert statuses(moved_in, "0001") == [("suspended", "2026-10-15")]
    assert moved_in.standing("civil_affairs").delay == timedelta(minutes=9)
    assert len(moved_in.city.civil_affairs.called("changes")) < 8


def test_two_who_share_a_number_are_nobody(moved_in: Town) -> None:
    number = moved_in.city.people["0001"].id_number
    twin = Employee("", "0099", "另一个人", "320500", id_number=number, joined_on=date(2026, 3, 1))
    moved_in.ids["0099"] = moved_in.storage.roster.add(twin, HR).id
    moved_in.agree("0001", "0099")
    tell(moved_in)
    moved_in.connections("civil_affairs").work()
    assert statuses(moved_in, "0001") == statuses(moved_in, "0099") == []


# -- payroll and social insurance --------------------------------------------------------------------------------------


def test_wages_become_months_of_pay_and_changes(moved_in: Town) -> None:
    moved_in.city.payroll.wage("0001", "2026-09", 350_000, 310_000)
    moved_in.city.payroll.wage("0001", "2026-10", 360_000)
    moved_in.city.payroll.wage("0999", "2026-10", 999_900)
    moved_in.connections("payroll").work()
    assert figures(moved_in, "0001", "gross_wage") == [(350_000, "2026-09-01"), (360_000, "2026-10-01")]
    assert figures(moved_in, "0001", "net_wage") == [(310_000, "2026-09-01")]
    assert moved_in.storage.records.pay_months(moved_in.ids["0001"]) == (
        PayMonth(date(2026, 9, 1), 350_000),
        PayMonth(MONTH, 360_000),
    )
    assert moved_in.standing("payroll").strangers == 1


def test_a_wage_that_is_corrected_and_corrected_back_is_right_each_time(moved_in: Town) -> None:
    connections = moved_in.connections("payroll")
    for wage in (350_000, 360_000, 350_000, 360_000, 360_000):
        moved_in.city.payroll.wage("0001", "2026-10", wage)
        connections.work()
        assert figures(moved_in, "0001", "gross_wage")[-1] == (wage, "2026-10-01")
        (month,) = moved_in.storage.records.pay_months(moved_in.ids["0001"])
        assert month.wage == wage
        moved_in.clock.move(minutes=60)
    assert len(figures(moved_in, "0001", "gross_wage")) <= 5


def declare(town: Town, number: str, base: int) -> None:
    town.city.social_insurance.declared.setdefault("2026-10", {})[number] = base
    town.city.social_insurance.publish("2026-10")


def test_what_social_insurance_confirms_completes_the_month_in_either_order(moved_in: Town) -> None:
    declare(moved_in, "0001", 500_000)
    moved_in.connections("social_insurance").work()
    assert moved_in.storage.records.pay_months(moved_in.ids["0001"]) == ()
    assert figures(moved_in, "0001", "base") == [(500_000, "2026-10-01")]
    moved_in.city.payroll.wage("0001", "2026-10", 350_000)
    moved_in.connections("payroll").work()
    moved_in.clock.move(minutes=60)
    moved_in.connections("social_insurance").work()
    own = 500_000 * (80 + 5 + 20) // 1000
    assert moved_in.storage.records.pay_months(moved_in.ids["0001"]) == (
        PayMonth(MONTH, 350_000, 500_000, True, own),
    )
    assert figures(moved_in, "0001", "own_share")[-1] == (own, "2026-10-01")


def test_whoever_is_insured_over_there_is_insured_on_the_roster(moved_in: Town) -> None:
    declare(moved_in, "0001", 500_000)
    connections = moved_in.connections("social_insurance")
    connections.work()
    moved_in.clock.move(minutes=60)
    connections.work()
    insured, other = (moved_in.storage.roster.get(moved_in.ids[each]) for each in ("0001", "0002"))
    assert insured is not None and insured.insured_since == MONTH
    assert other is not None and other.insured_since is None
    assert figures(moved_in, "0001", "insured_since") == [(MONTH, "2026-10-01")]


def test_an_amount_that_cannot_be_one_is_nonsense_and_nothing_is_kept(moved_in: Town) -> None:
    moved_in.city.payroll.wage("0001", "2026-10", 350_000)
    moved_in.city.payroll.wage("0002", "2026-10", 10**11)
    moved_in.connections("payroll").work()
    assert (moved_in.standing("payroll").failure, moved_in.changes("0001")) == ("nonsense", ())


# -- what comes in between ---------------------------------------------------------------------------------------------


def happen(town: Town, name: Name) -> None:
    if name == "civil_affairs":
        town.city.status("0004", "suspended", "2026-10-15", "income")
    elif name == "payroll":
        town.city.payroll.wage("0004", "2026-10", 380_000, 330_000)
    else:
        declare(town, "0004", 520_000)


def truth(town: Town, name: Name) -> dict[str, list[tuple[Any, str]]]:
    """What the city's books say, by worker."""
    if name == "civil_affairs":
        return {each: statuses(town, each) for each in town.ids}
    what = "gross_wage" if name == "payroll" else "base"
    return {each: figures(town, each, what) for each in town.ids}


EXPECTED: dict[Name, dict[str, list[tuple[Any, str]]]] = {
    "civil_affairs": {
        "0001": [("receiving", "2026-01-01")],
        "0002": [("receiving", "2026-01-01"), ("suspended", "2026-10-01")],
        "0003": [("receiving", "2026-01-01")],
        "0004": [("receiving", "2026-01-01"), ("suspended", "2026-10-15")],
        "0005": [("receiving", "2026-01-01")],
    },
    "payroll": {
        "0001": [(351_000, "2026-10-01")],
        "0002": [(352_000, "2026-10-01")],
        "0004": [(380_000, "2026-10-01")],
        "0005": [(355_000, "2026-10-01")],
    },
    "social_insurance": {
        "0001": [(500_000, "2026-10-01")],
        "0003": [(510_000, "2026-10-01")],
        "0004": [(520_000, "2026-10-01")],
    },
}


def begin(town: Town, name: Name) -> None:
    if name == "civil_affairs":
        tell(town)
    elif name == "payroll":
        for number in ("0001", "0002", "0005"):
            town.city.payroll.wage(number, "2026-10", 350_000 + int(number) * 1000)
    else:
        declare(town, "0001", 500_000)
        declare(town, "0003", 510_000)


@pytest.mark.parametrize(("name", "troubles", "url"), MATRIX, indirect=["url"])
def test_trouble_loses_nothing_makes_nothing_up_and_alarms_once(
    moved_in: Town, name: Name, troubles: tuple[Trouble, ...]
) -> None:
    town = moved_in
    town.agree(*AGREED)
    connections = town.connections(name)
    begin(town, name)
    town.switch(name, *troubles)
    for minute in range(6):
        connections.work()
        for number, found in truth(town, name).items():
            assert all(each in EXPECTED[name].get(number, []) for each in found), number
        if minute == 2:
            happen(town, name)
        town.clock.move(minutes=45 if name == "civil_affairs" else 100)
    subjects, texts = town.told
    fails = any(TOLD[each] for each in troubles)
    assert len(subjects) == len(texts) == (1 if fails else 0)
    town.city.calm()
    for _ in range(4):
        town.clock.move(minutes=45 if name == "civil_affairs" else 100)
        connections.work()
    assert truth(town, name) == {each: EXPECTED[name].get(each, []) for each in town.ids}
    subjects, texts = town.told
    assert len(subjects) == len(texts) == (2 if fails else 0)
    standing = town.standing(name)
    assert (standing.failure, standing.alarmed_at) == (None, None)


def test_two_workers_ask_a_system_once(moved_in: Town, url: str, open_one: Open) -> None:
    moved_in.agree(*AGREED)
    tell(moved_in)
    workers = [moved_in.connections("civil_affairs", storage=open_one(url)) for _ in range(4)]
    threads = [threading.Thread(target=each.work) for each in workers]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert {number: statuses(moved_in, number) for number in ("0002", "0005")} == {
        "0002": [("receiving", "2026-01-01"), ("suspended", "2026-10-01")],
        "0005": [("receiving", "2026-01-01")],
    }
    pages = [each.request.json().get("after") for each in moved_in.city.civil_affairs.called("changes")]
    assert len(pages) == len(set(pages)) == 2


def test_a_worker_that_was_overtaken_keeps_nothing_more(moved_in: Town) -> None:
    book, now = moved_in.storage.connections, moved_in.clock
    first = book.claim("payroll", now() + timedelta(minutes=10))
    assert first is not None
    assert book.claim("payroll", now() + timedelta(minutes=10)) is None
    now.move(minutes=11)
    second = book.claim("payroll", now() + timedelta(minutes=10))
    assert second is not None
    with pytest.raises(Overtaken):
        book.succeed(first, timedelta(hours=1), 0, 0)
    book.succeed(second, timedelta(hours=1), 0, 0)


BROKEN = {
    "sqlite": "CREATE TRIGGER broken BEFORE UPDATE OF body ON connections BEGIN SELECT RAISE(ABORT, 'killed'); END",
    "postgresql": """
        CREATE FUNCTION killed() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'killed'; END $$ LANGUAGE plpgsql;
        CREATE TRIGGER broken BEFORE UPDATE OF body ON connections EXECUTE FUNCTION killed()
    """,
}
MENDED = {
    "sqlite": "DROP TRIGGER broken",
    "postgresql": "DROP TRIGGER broken ON connections; DROP FUNCTION killed()",
}


def test_what_dies_in_the_middle_is_read_again_and_nothing_is_half_kept(
    moved_in: Town, caplog: pytest.LogCaptureFixture
) -> None:
    """The write of the cursor fails after the changes were written: all of it is taken back."""
    moved_in.agree(*AGREED)
    connections = moved_in.connections("civil_affairs")
    connections.work()
    tell(moved_in)
    moved_in.clock.move(minutes=10)
    database = moved_in.storage.database
    with database.work() as connection:
        connection.execute(text(BROKEN[database.dialect]))
    connections.work()
    assert "not asked to the end" in caplog.text and "MZ0" not in caplog.text
    with database.work() as connection:
        for statement in MENDED[database.dialect].split("; "):
            connection.execute(text(statement))
    assert all(not statuses(moved_in, each) for each in moved_in.ids)
    assert moved_in.storage.records.dibao(moved_in.ids["0001"], HR) == ()
    connections.work()
    assert statuses(moved_in, "0002") == []  # the dead worker's lease still runs
    moved_in.clock.move(minutes=10)
    connections.work()
    assert statuses(moved_in, "0002") == [("receiving", "2026-01-01"), ("suspended", "2026-10-01")]


def test_nothing_that_names_anybody_lies_open_in_the_rows(moved_in: Town) -> None:
    moved_in.agree(*AGREED)
    tell(moved_in)
    moved_in.connections("civil_affairs").work()
    with moved_in.storage.database.read() as connection:
        (row,) = connection.execute(select(rows)).all()
    plain = repr([value for value in row if not isinstance(value, bytes)])
    assert not any(person.token in plain for person in moved_in.city.people.values())
