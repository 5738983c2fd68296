"""What an employee decides about their own file in the chat: done with the turn, for nobody else, and once."""

from __future__ import annotations

from datetime import date

import pytest
from databases import NOON
from staffing import HR, binds, hire
from talking import message, say

from audit.events import employee as subject
from audit.reading import Wanted
from bot.dialogue.acts import Agree, OwnAct, Report, Withdraw
from bot.receiving import Received, receive
from people.employees import Employee
from people.records import DibaoStatus, NoConsent
from profiles.changes import Change, Field, Value
from storage.opening import Storage

pytest_plugins = ["databases"]

SUSPENDED = DibaoStatus("suspended", NOON.date(), "told_hr")


def decides(storage: Storage, key: str, *acts: OwnAct, sender: str = "阿丽") -> Received:
    """A turn in which somebody decides something."""
    return say(storage, message(key, "好", sender=sender), "好", acts=acts)


def told(ali: Employee, what: Field, value: Value) -> Change:
    """What she tells, as it is kept."""
    return Change(ali.id, what, value, date(2026, 10, 1), subject(ali.id), NOON, "employee", "reported")


def test_a_consent_is_given_in_the_chat_once_and_logged_as_hers(storage: Storage) -> None:
    ali = hire(storage)
    binds(storage, ali)
    decides(storage, "m1", Agree(ali.id, "dibao_status"))
    decides(storage, "m2", Agree(ali.id, "dibao_status"))
    (consent,) = storage.records.consents(ali.id)
    assert (consent.purpose, consent.how, consent.holds) == ("dibao_status", "chat", True)
    entries = storage.history.find(Wanted(subjects=(subject(ali.id),)), limit=50)
    assert [each.actor for each in entries if each.act == "consent_given"] == ["employee"]
    decides(storage, "m3", Withdraw(ali.id, "dibao_status"))
    (consent,) = storage.records.consents(ali.id)
    assert (consent.withdrawn_how, consent.holds) == ("chat", False)


def test_what_she_reports_is_kept_as_her_word_and_of_the_household_with_her_consent_alone(
    storage: Storage,
) -> None:
    ali = hire(storage)
    binds(storage, ali)
    wage, size = told(ali, "gross_wage", 600_000), told(ali, "household_size", 5)
    decides(storage, "m1", Report(ali.id, (wage, size)))
    profile = storage.profiles.profile_of(ali.id)
    assert profile is not None and profile.household_size is None
    assert profile.gross_wage == 600_000 and profile.is_reported("gross_wage")
    decides(storage, "m2", Agree(ali.id, "dibao_status"), Report(ali.id, (size,)))
    profile = storage.profiles.profile_of(ali.id)
    assert profile is not None and profile.household_size == 5


def test_each_purpose_is_taken_back_by_itself_and_what_it_allowed_is_erased(storage: Storage) -> None:
    ali = hire(storage)
    binds(storage, ali)
    decides(storage, "m1", Agree(ali.id, "dibao_status"), Agree(ali.id, "civil_affairs"))
    storage.records.tell_dibao(ali.id, SUSPENDED, HR)
    decides(storage, "m2", Report(ali.id, (told(ali, "household_size", 5),)))
    decides(storage, "m3", Withdraw(ali.id, "civil_affairs"))
    assert [each.status for each in storage.records.dibao(ali.id, HR)] == ["suspended"]
    decides(storage, "m4", Withdraw(ali.id, "dibao_status"))
    profile = storage.profiles.profile_of(ali.id)
    assert profile is not None and profile.household_size is None and profile.dibao is None
    assert not any(each.holds for each in storage.records.consents(ali.id))
    with pytest.raises(NoConsent):
        storage.records.dibao(ali.id, HR)


def test_a_status_that_she_tells_is_counted_and_taken_back_with_her_consent(storage: Storage) -> None:
    ali = hire(storage)
    binds(storage, ali)
    suspended = Report(ali.id, (told(ali, "dibao", "suspended"),))
    decides(storage, "m1", suspended)
    assert storage.standings.read().dibao == {}
    decides(storage, "m2", Agree(ali.id, "dibao_status"), suspended)
    decides(storage, "m3", suspended)
    assert storage.standings.read().dibao == {ali.id: "suspended"}
    (status,) = storage.records.dibao(ali.id, HR)
    assert (status.source, status.recorded_by) == ("told_assistant", subject(ali.id))
    decides(storage, "m4", Withdraw(ali.id, "dibao_status"))
    assert storage.standings.read().dibao == {}


def test_nothing_is_done_for_whoever_the_chat_is_not(storage: Storage) -> None:
    ali, zhou = hire(storage), hire(storage, "B1", "老周")
    binds(storage, ali)
    decides(storage, "m1", Agree(zhou.id, "dibao_status"), Report(zhou.id, (told(zhou, "base", 1),)))
    decides(storage, "m2", Agree(ali.id, "dibao_status"), sender="陌生人")
    assert storage.records.consents(ali.id) == storage.records.consents(zhou.id) == ()
    profile = storage.profiles.profile_of(zhou.id)
    assert profile is not None and profile.base is None


def test_a_turn_that_fails_has_decided_nothing(storage: Storage) -> None:
    ali = hire(storage)
    binds(storage, ali)

    def fails(*_: object) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        receive(message("m1", "好"), storage.conversations, fails)  # type: ignore[arg-type]
    assert storage.records.consents(ali.id) == ()
