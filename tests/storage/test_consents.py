"""Who agrees is known without opening what is kept of anybody, and nobody without the keys sees who it is."""

from __future__ import annotations

import os
from datetime import date

import pytest
from databases import Open
from sqlalchemy import select, update
from staffing import HR, hire

from people.records import Adjustment, DibaoStatus
from storage.connection_records import consenting
from storage.opening import Storage
from storage.records import index_old
from storage.tables import employee_records

pytest_plugins = ["databases"]
DAY = date(2026, 10, 1)


def agreeing(storage: Storage, *among: str) -> set[str]:
    with storage.database.read() as connection:
        return consenting(connection, storage.keys, among or None)


@pytest.fixture
def staff(storage: Storage) -> list[str]:
    return [hire(storage, f"A{number}", f"员工{number}").id for number in range(4)]


def test_only_an_open_consent_to_that_purpose_counts(storage: Storage, staff: list[str]) -> None:
    ali, chun, dan, _ = staff
    for who in (ali, chun):
        storage.records.agree(who, "civil_affairs", "paper", HR)
    storage.records.agree(dan, "dibao_status", "paper", HR)
    assert agreeing(storage) == {ali, chun}
    assert agreeing(storage, chun, dan) == {chun}
    storage.records.withdraw(chun, "civil_affairs", "told_hr", HR)
    assert agreeing(storage) == {ali}
    storage.records.agree(chun, "civil_affairs", "chat", HR)
    assert agreeing(storage) == {ali, chun}


def test_it_is_known_without_opening_a_record(storage: Storage, staff: list[str]) -> None:
    storage.records.agree(staff[0], "civil_affairs", "paper", HR)
    with storage.database.work() as connection:
        connection.execute(update(employee_records).values(body=os.urandom(64)))
    assert agreeing(storage) == {staff[0]}


def test_every_record_has_a_number_that_tells_nothing(storage: Storage, staff: list[str]) -> None:
    """Two who agree to the same have nothing in common, and what is no consent looks like one."""
    for who in staff[:3]:
        storage.records.agree(who, "civil_affairs", "paper", HR)
        storage.records.agree(who, "dibao_status", "paper", HR)
        storage.records.tell_dibao(who, DibaoStatus("receiving", DAY, "told_hr"), HR)
        storage.records.adjust(who, Adjustment(DAY, 424_900, 452_500, "下限公布", "周明"), HR)
    storage.records.withdraw(staff[0], "dibao_status", "told_hr", HR)
    with storage.database.read() as connection:
        numbers = connection.execute(select(employee_records.c.consent_index)).scalars().all()
    assert len(numbers) == len(set(numbers)) == 11
    assert {len(each) for each in numbers} == {16}


def test_records_of_an_earlier_version_are_found_once_the_database_was_opened(
    storage: Storage, staff: list[str], url: str, open_one: Open
) -> None:
    ali, chun, dan, _ = staff
    for who in (ali, chun):
        storage.records.agree(who, "civil_affairs", "paper", HR)
    storage.records.withdraw(chun, "civil_affairs", "told_hr", HR)
    storage.records.adjust(dan, Adjustment(DAY, 424_900, 452_500, "下限公布", "周明"), HR)
    with storage.database.work() as connection:
        kept = connection.execute(select(employee_records.c.id, employee_records.c.consent_index)).all()
        connection.execute(update(employee_records).values(consent_index=None))
    assert agreeing(storage) == set()
    anew = open_one(url)
    assert agreeing(anew) == {ali}
    with anew.database.read() as connection:
        found = connection.execute(select(employee_records.c.id, employee_records.c.consent_index)).all()
    assert set(found) == set(kept)
    assert index_old(anew.database, anew.keys) == 0
