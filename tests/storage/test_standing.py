"""The roster as a whole: who is not insured, who told what of dibao and agreed to it, whose base was changed."""

from __future__ import annotations

from datetime import date

from databases import Clock

from audit.events import account
from people.employees import Employee
from people.importing import Incoming, Read
from people.records import Adjustment, DibaoState, DibaoStatus
from people.standing import BaseChange
from storage.opening import Storage

pytest_plugins = ["databases"]

HR = account("5a1e0000-0000-4000-8000-00000000000a")
JOINED = date(2026, 8, 10)


def hire(storage: Storage, number: str, *, insured: bool = False, joined: date = JOINED) -> Employee:
    since = joined if insured else None
    return storage.roster.add(
        Employee("", number, number, "320500", joined_on=joined, insured_since=since), HR
    )


def tell(storage: Storage, employee: Employee, *states: DibaoState) -> None:
    storage.records.agree(employee.id, "dibao_status", "paper", HR)
    for state in states:
        storage.records.tell_dibao(employee.id, DibaoStatus(state, JOINED, "told_hr"), HR)


def pay(storage: Storage, number: str, month: str, wage: int) -> None:
    """A month of pay, from a sheet."""
    it = storage.imports.begin(
        "history", "工资.xlsx", ("工号", "工资"), (Incoming(2, (number, "1")),), (), HR
    )
    storage.imports.choose(it, {"number": 0, "wage": 1}, {"month": month})
    storage.imports.check(it, lambda it, row: Read({"number": number, "month": f"{month}-01", "wage": wage}))
    storage.imports.start(it, "applying", HR)
    storage.imports.apply(it)


def test_the_uninsured_come_with_their_months_the_earliest_first(storage: Storage) -> None:
    late, early = hire(storage, "A2"), hire(storage, "A1", joined=date(2026, 3, 1))
    hire(storage, "A3", insured=True)
    left = hire(storage, "A4")
    storage.roster.leave(left.id, date(2026, 9, 1), HR)
    pay(storage, "A1", "2026-09", 350_000)
    pay(storage, "A1", "2026-08", 340_000)
    standing = storage.standings.read()
    assert standing.active == 3
    assert [each.employee.id for each in standing.uninsured] == [early.id, late.id]
    assert [(month.month, month.wage) for month in standing.uninsured[0].months] == [
        (date(2026, 8, 1), 340_000),
        (date(2026, 9, 1), 350_000),
    ]
    assert standing.uninsured[1].months == ()


def test_of_dibao_the_last_status_counts_while_the_consent_holds(storage: Storage, clock: Clock) -> None:
    ali, mei, zhou, left = (hire(storage, number) for number in ("A1", "A2", "A3", "A4"))
    tell(storage, ali, "receiving")
    clock.move(days=1)
    tell(storage, ali, "suspended")
    tell(storage, mei, "receiving")
    storage.records.withdraw(mei.id, "dibao_status", "told_hr", HR)
    storage.records.agree(zhou.id, "dibao_status", "chat", HR)
    tell(storage, left, "receiving")
    storage.roster.leave(left.id, date(2026, 10, 15), HR)
    assert storage.standings.read().dibao == {ali.id: "suspended"}
    assert [each.number for each in storage.standings.employees([mei.id, ali.id])] == ["A1", "A2"]


def test_changes_of_the_base_come_the_newest_month_first(storage: Storage, clock: Clock) -> None:
    ali, mei = hire(storage, "A1"), hire(storage, "A2")
    older = Adjustment(date(2026, 7, 1), None, 350_000, "首次申报", "周明")
    newer = Adjustment(date(2026, 10, 1), 424_900, 452_500, "下限公布", "周明")
    storage.records.adjust(ali.id, newer, HR)
    storage.records.adjust(mei.id, older, HR)
    storage.roster.leave(mei.id, date(2026, 10, 1), HR)
    (first, second) = storage.standings.read().changes
    assert (first.employee, first.adjustment.after) == (ali.id, 452_500)
    assert isinstance(second, BaseChange) and second.employee == mei.id
    assert (second.adjustment.before, second.adjustment.why) == (None, "首次申报")
    assert second.adjustment.recorded_at == clock.time


def test_no_repr_shows_who_draws_dibao(storage: Storage) -> None:
    ali = hire(storage, "A1")
    tell(storage, ali, "receiving")
    assert "receiving" not in repr(storage.standings.read())
