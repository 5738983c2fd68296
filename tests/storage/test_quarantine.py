"""What an imported sheet says of dibao lies apart until each person agrees, and is theirs alone from then on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from databases import Clock
from sqlalchemy import select
from staffing import HR, binds, hire
from talking import message as heard
from talking import say, together

from bot.dialogue.acts import Agree, Report
from people.importing import Import, Importer, ImportKind, ImportRow, Incoming, Read
from people.records import DibaoState, DibaoStatus, NoConsent
from profiles.changes import Change
from storage.opening import Storage
from storage.retention import keep_to_terms
from storage.tables import audit_events, import_rows, quarantined_cells

pytest_plugins = ["databases"]

STAFF: tuple[tuple[str, str, DibaoState | None], ...] = (
    ("A0034", "阿丽", "receiving"),
    ("A0035", "老周", "suspended"),
    ("A0036", "小陈", None),
)


def read(it: Import, row: ImportRow) -> Read:
    """Number and name as they stand, all in Suzhou; of a month of pay the wage too."""
    values: dict[str, Any] = {"number": row.cells[0]}
    if it.kind == "roster":
        return Read(values | {"name": row.cells[1], "region": "320500"})
    return Read(values | {"month": "2026-09-01", "wage": 350_000})


def uploaded(
    storage: Storage, staff: Sequence[tuple[str, str, DibaoState | None]] = STAFF, kind: ImportKind = "roster"
) -> str:
    """A sheet that was compared."""
    rows = [Incoming(at, (number, name), dibao=said) for at, (number, name, said) in enumerate(staff, 2)]
    it = storage.imports.begin(kind, "名单.xlsx", ("工号", "姓名"), rows, ("是否低保户",), HR)
    storage.imports.choose(it, {"number": 0, "name": 1}, {})
    runs(storage, it)
    return it


def runs(storage: Storage, it: str) -> None:
    Importer(storage.imports, {"roster": read, "history": read}).run(it)


def goes(storage: Storage, it: str, state: Any = "applying") -> str:
    assert storage.imports.start(it, state, HR)
    runs(storage, it)
    return it


def number_of(storage: Storage, number: str) -> str:
    found = storage.roster.by_number(number)
    assert found is not None
    return found.id


def apart(storage: Storage) -> int:
    with storage.database.read() as connection:
        return len(connection.execute(select(quarantined_cells)).all())


def told(storage: Storage, employee: str) -> list[tuple[str, str, str]]:
    return [(each.status, each.source, each.recorded_by) for each in storage.records.dibao(employee, HR)]


def agrees(storage: Storage, employee: str) -> None:
    storage.records.agree(employee, "dibao_status", "chat", f"employee:{employee}")


def test_whoever_agrees_has_theirs_recorded_and_nobody_else(storage: Storage, clock: Clock) -> None:
    goes(storage, uploaded(storage))
    ali, zhou, chen = (number_of(storage, number) for number, _, _ in STAFF)
    on = clock.time.date()
    clock.move(days=3)
    agrees(storage, ali)
    assert told(storage, ali) == [("receiving", "told_hr", HR)]
    profile = storage.profiles.profile_of(ali)
    assert profile is not None and profile.dibao == "receiving" and profile.is_reported("dibao")
    assert (profile.behind["dibao"].holds_from, profile.behind["dibao"].said_by) == (on, HR)
    assert ali in storage.profiles.pending(10)
    assert apart(storage) == 1
    with pytest.raises(NoConsent):
        storage.records.dibao(zhou, HR)
    agrees(storage, chen)
    assert told(storage, chen) == [] and apart(storage) == 1


def test_an_employee_is_told_that_a_sheet_names_dibao_until_they_have_decided(
    storage: Storage, clock: Clock
) -> None:
    goes(storage, uploaded(storage))
    ali, on = number_of(storage, "A0034"), clock.time
    it = storage.roster.get(ali)
    assert it is not None
    conversation = binds(storage, it)

    def told_apart() -> tuple[object, ...]:
        found = storage.mine.of(conversation)
        assert found is not None and "receiving" not in repr(found)
        return found.set_apart

    assert told_apart() == (on,)
    agrees(storage, ali)
    assert told_apart() == ()


def test_another_consent_records_nothing(storage: Storage) -> None:
    goes(storage, uploaded(storage))
    ali = number_of(storage, "A0034")
    storage.records.agree(ali, "civil_affairs", "chat", HR)
    assert told(storage, ali) == [] and apart(storage) == 2


def test_it_lies_sealed_and_in_no_row_of_the_import(storage: Storage) -> None:
    it = goes(storage, uploaded(storage))
    with storage.database.read() as connection:
        kept = connection.execute(select(import_rows)).all()
        raw = repr([tuple(row) for row in connection.execute(select(quarantined_cells))])
    keys = storage.keys
    bodies = [
        keys.box("import_rows.body", row.key_id).open(f"import_rows.body:{row[0]}:{row.row}", row.body)
        for row in kept
    ]
    assert not [body for body in bodies if b"receiving" in body or b"suspended" in body]
    assert "receiving" not in raw
    shown = storage.imports.get(it)
    assert (
        shown is not None and shown.apart == 2 and "receiving" not in repr(Incoming(2, (), dibao="receiving"))
    )


def test_what_nobody_agreed_to_is_erased_after_thirty_days(storage: Storage, clock: Clock) -> None:
    goes(storage, uploaded(storage))
    clock.move(days=30)
    keep_to_terms(storage.database, clock())
    assert apart(storage) == 2
    clock.move(seconds=1)
    assert keep_to_terms(storage.database, clock())["quarantined_cells"] == 2
    agrees(storage, ali := number_of(storage, "A0034"))
    assert told(storage, ali) == []


def test_an_import_that_is_undone_or_not_wanted_leaves_none(storage: Storage) -> None:
    hire(storage)
    storage.imports.discard(uploaded(storage))
    assert apart(storage) == 0
    it = goes(storage, uploaded(storage))
    assert apart(storage) == 2
    goes(storage, it, "undoing")
    assert apart(storage) == 0
    agrees(storage, ali := number_of(storage, "A0034"))
    assert told(storage, ali) == []


def test_what_was_agreed_to_stays_when_the_import_is_undone(storage: Storage) -> None:
    ali = hire(storage).id
    it = goes(storage, uploaded(storage))
    agrees(storage, ali)
    goes(storage, it, "undoing")
    assert told(storage, ali) == [("receiving", "told_hr", HR)]


def test_a_consent_taken_back_keeps_nothing(storage: Storage) -> None:
    goes(storage, uploaded(storage))
    agrees(storage, ali := number_of(storage, "A0034"))
    storage.records.withdraw(ali, "dibao_status", "told_hr", HR)
    agrees(storage, ali)
    assert told(storage, ali) == []
    profile = storage.profiles.profile_of(ali)
    assert profile is not None and profile.dibao is None


def test_whoever_agreed_before_has_it_at_once_unless_a_status_is_on_record(storage: Storage) -> None:
    ali, zhou = hire(storage).id, hire(storage, "A0035", "老周").id
    for each in (ali, zhou):
        agrees(storage, each)
    storage.records.tell_dibao(zhou, DibaoStatus("ended", date(2026, 9, 1), "told_assistant"), HR)
    goes(storage, uploaded(storage))
    assert told(storage, ali) == [("receiving", "told_hr", HR)]
    assert [status for status, _, _ in told(storage, zhou)] == ["ended"]
    assert apart(storage) == 0


@pytest.mark.parametrize("kind", ["roster", "history"])
def test_a_row_that_changes_nothing_else_counts_too(storage: Storage, kind: ImportKind) -> None:
    hire(storage)
    for _ in range(2):
        goes(storage, uploaded(storage, STAFF[:1], kind))
    assert apart(storage) == 2
    agrees(storage, ali := number_of(storage, "A0034"))
    assert len(told(storage, ali)) == 1 and apart(storage) == 0


def test_a_row_that_is_left_out_is_nobodys(storage: Storage) -> None:
    hire(storage, name="另一个名字")
    it = uploaded(storage)
    storage.imports.leave_out(it, 2, out=True)
    goes(storage, it)
    agrees(storage, ali := number_of(storage, "A0034"))
    assert told(storage, ali) == []


def test_an_employee_takes_theirs_along(storage: Storage) -> None:
    goes(storage, uploaded(storage))
    storage.roster.erase(number_of(storage, "A0034"), HR, "录错了")
    assert apart(storage) == 1


def test_a_consent_that_breaks_off_records_nothing_and_loses_nothing(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes(storage, uploaded(storage))
    ali = number_of(storage, "A0034")

    def breaks(*_: object) -> None:
        raise InterruptedError

    with monkeypatch.context() as broken:
        broken.setattr("storage.records.append", breaks)
        with pytest.raises(InterruptedError):
            agrees(storage, ali)
    assert apart(storage) == 2 and not storage.records.consents(ali)
    agrees(storage, ali)
    assert len(told(storage, ali)) == 1


def test_a_consent_and_an_import_at_once_find_each_other(storage: Storage) -> None:
    ali = hire(storage).id
    it = uploaded(storage)
    storage.imports.start(it, "applying", HR)
    together([lambda: runs(storage, it), lambda: agrees(storage, ali)])
    assert told(storage, ali) == [("receiving", "told_hr", HR)]


def test_what_the_employee_says_along_with_the_consent_stands(storage: Storage, clock: Clock) -> None:
    goes(storage, uploaded(storage))
    ali = storage.roster.by_number("A0034")
    assert ali is not None
    binds(storage, ali)
    since = clock.time.date() - timedelta(days=40)
    own = Change(ali.id, "dibao", "ended", since, f"employee:{ali.id}", clock(), "employee", "reported", "m1")
    acts = (Agree(ali.id, "dibao_status"), Report(ali.id, (own,)))
    say(storage, heard("m1", "低保早停了", sender="阿丽"), "记下了", acts=acts)
    assert [(status, source) for status, source, _ in told(storage, ali.id)] == [("ended", "told_assistant")]
    assert apart(storage) == 1


def test_the_log_says_that_it_was_recorded_and_not_what(storage: Storage) -> None:
    goes(storage, uploaded(storage))
    agrees(storage, number_of(storage, "A0034"))
    with storage.database.read() as connection:
        events = connection.execute(select(audit_events).order_by(audit_events.c.seq)).all()
    assert [event.act for event in events][-2:] == ["consent_given", "dibao_recorded"]
    assert "receiving" not in repr(events)
