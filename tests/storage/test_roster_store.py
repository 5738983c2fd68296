"""The roster keeps what it is given and finds it again, and nobody without the keys learns who is in it."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from staffing import HR, binds, hire
from talking import TASK, message, say

from people.employees import Employee, HasRecords, NumberTaken, RosterSearch, masked, name_for_search
from storage.backup import back_up, restore
from storage.opening import Storage
from storage.tables import audit_events, employees, metadata

pytest_plugins = ["databases"]

WHOLE = Employee(
    "",
    "A0034",
    "𠮷㛃·阿依",
    "320500",
    home_region="341200",
    area="rural",
    phone="13800000000",
    id_number="11010519491231002X",
    employment="dispatched",
    account="3205001234",
    wage=350_000,
    joined_on=date(2026, 3, 1),
    insured_since=date(2026, 4, 1),
    uninsured_why="",
    department="二车间",
    base=495_200,
    on_paper=True,
    mail="ali@company.example",
    wecom_id="LiXiaoMei",
)


def test_every_field_comes_back(storage: Storage) -> None:
    added = storage.roster.add(WHOLE, HR)
    assert storage.roster.get(added.id) == replace(WHOLE, id=added.id)
    left = {each.name for each in fields(Employee) if getattr(WHOLE, each.name) == each.default}
    assert left == {"left_on", "uninsured_why", "state"}, "a field that is not set proves nothing"


@pytest.mark.parametrize("typed", ["𠮷㛃・阿依", "𠮷㛃 • 阿依", " 𠮷㛃.阿依"])
def test_a_name_is_found_however_its_dot_is_typed(storage: Storage, typed: str) -> None:
    added = storage.roster.add(WHOLE, HR)
    assert [each.id for each in storage.roster.by_name(typed)] == [added.id]
    assert storage.roster.by_name("吉㛃·阿依") == ()


def test_a_number_is_found_however_wide_it_is_typed(storage: Storage) -> None:
    added = storage.roster.add(WHOLE, HR)
    found = storage.roster.by_number("ａ0034 ")
    assert found is not None and found.id == added.id


def test_nobody_gets_a_number_that_somebody_has(storage: Storage) -> None:
    hire(storage)
    other = hire(storage, "B1", "老周")
    with pytest.raises(NumberTaken):
        hire(storage, "a0034", "小陈")
    with pytest.raises(NumberTaken):
        storage.roster.correct(other.id, {"number": "A0034"}, HR)


def test_the_rows_tell_nothing_to_whoever_has_no_key(storage: Storage) -> None:
    added = storage.roster.add(WHOLE, HR)
    storage.records.agree(added.id, "dibao_status", "paper", HR)
    with storage.database.read() as connection:
        rows = [
            repr(tuple(row)) for table in metadata.sorted_tables for row in connection.execute(select(table))
        ]
    for personal in ("A0034", "𠮷", "13800000000", "11010519491231002X", "350000", "二车间", "dibao"):
        assert not any(personal in row for row in rows), personal


def test_a_list_is_narrowed_and_has_fifty_to_a_page(storage: Storage) -> None:
    for count in range(51):
        hire(storage, f"N{count}", "某", joined_on=date(2026, 1, 1))
    ali = hire(storage, insured_since=date(2026, 3, 1))
    zhou = hire(storage, "B1", "老周", region="310000")
    binds(storage, zhou)
    find = storage.roster.find
    assert [len(find(RosterSearch(), page).lines) for page in (1, 2, 9)] == [50, 3, 3]
    assert find(RosterSearch()).lines[0].employee.joined_on == date(2026, 3, 1)
    assert [line.employee for line in find(RosterSearch(region="310000")).lines] == [zhou]
    assert find(RosterSearch(unbound=True)).total == 52
    assert ali not in [line.employee for line in storage.roster.everyone(RosterSearch(uninsured=True))]
    assert storage.roster.regions() == ("310000", "320500")


def test_whoever_leaves_gets_no_notice_and_may_come_back(storage: Storage) -> None:
    ali = hire(storage)
    conversation = binds(storage, ali)
    assert storage.roster.conversations_of(ali.id) == {"web": conversation}
    code = storage.bindings.make([ali.id], HR)[ali.id]
    storage.roster.leave(ali.id, date(2026, 10, 31), HR)
    assert (
        storage.roster.conversations_of(ali.id) == {} and storage.roster.of_conversation(conversation) is None
    )
    assert storage.bindings.of_employee(ali.id)[0].ended_why == "left"
    assert storage.bindings.look_up(code).state == "unknown"
    assert storage.bindings.make([ali.id], HR) == {}
    assert storage.roster.find(RosterSearch()).total == 0
    storage.roster.rejoin(ali.id, date(2026, 12, 1), HR)
    back = storage.roster.get(ali.id)
    assert back is not None and (back.state, back.joined_on, back.left_on) == (
        "active",
        date(2026, 12, 1),
        None,
    )
    assert storage.roster.conversations_of(ali.id) == {}


def test_a_correction_says_which_fields_and_why_and_no_values(storage: Storage) -> None:
    ali = hire(storage)
    storage.roster.correct(ali.id, {"phone": "13800000000", "name": "阿丽"}, HR, "换号")
    storage.roster.correct(ali.id, {"name": "阿丽"}, HR)
    with storage.database.read() as connection:
        bodies = [
            json.loads(body)
            for body in connection.execute(
                select(audit_events.c.body).where(audit_events.c.act == "employee_corrected")
            ).scalars()
        ]
    assert [body["details"] for body in bodies] == [{"fields": "phone"}]


def test_a_slip_is_erased_and_stays_erased(storage: Storage, tmp_path, clock) -> None:  # type: ignore[no-untyped-def]
    slip = hire(storage)
    back_up(storage.database, tmp_path / "backup.zip", clock())
    storage.roster.erase(slip.id, HR, "重复录入")
    assert storage.roster.get(slip.id) is None
    restore(storage.database, tmp_path / "backup.zip", storage.journal, force=True)
    assert storage.roster.get(slip.id) is None
    with storage.database.read() as connection:
        assert connection.execute(select(employees)).all() == []


def test_somebody_of_whom_anything_is_kept_is_no_slip(storage: Storage) -> None:
    ali = hire(storage)
    binds(storage, ali)
    with pytest.raises(HasRecords):
        storage.roster.erase(ali.id, HR, "不要了")


def test_erasing_the_chat_ends_the_tie(storage: Storage) -> None:
    ali = hire(storage)
    binds(storage, ali)
    say(storage, message("e1"), "删了", erase=True, tasks=(TASK,))
    assert storage.roster.conversations_of(ali.id) == {}
    with storage.database.read() as connection:
        acts = list(connection.execute(select(audit_events.c.act).order_by(audit_events.c.seq)).scalars())
    assert acts[-1] == "unbound"


@given(st.text("阿𠮷㛃依Ａａb·・•.．‧ \u3000", min_size=1, max_size=12))
def test_a_name_for_search_is_the_same_the_second_time(name: str) -> None:
    once = name_for_search(name)
    assert name_for_search(once) == once
    assert len(masked(name)) == 2
