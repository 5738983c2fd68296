"""What HR does about a pass reaches each person once, on both databases: telling, and drafting notices."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from databases import Clock
from plant import works_there
from staffing import binds
from talking import give_back, take_over, together

from app.following import Following
from app.reassessing import Reassessing
from app.telling_passes import PassTelling
from audit.events import employee as subject
from bench.profiles import raised
from notices.book import Plan
from people.employees import Employee
from policy_kb import compiled
from policy_kb.library import Library
from profiles.book import StrategySearch
from profiles.passes import Affected
from storage.opening import Storage

pytest_plugins = ["databases"]

ZHAO = "account:5a1e0000-0000-4000-8000-00000000000a"


@pytest.fixture(scope="module")
def library() -> Library:
    return compiled.load()


class Office:
    """A company of three after new floors: 阿丽 with a chat, 老周 without, 厂长 far above the floor."""

    def __init__(self, storage: Storage, library: Library, clock: Clock) -> None:
        self.storage, self.clock = storage, clock
        self.ali = works_there(storage, "A1", "阿丽", base=495_200, insured_since=date(2026, 10, 1))
        self.zhou = works_there(storage, "A2", "老周", base=495_200, insured_since=date(2026, 10, 1))
        works_there(storage, "A3", "厂长", wage=1_500_000, insured_since=date(2026, 10, 1))
        self.chat = binds(storage, self.ali)
        self.library = library
        self._looks(compiled.snapshot)
        clock.move(minutes=1)
        self.library = raised(library)
        self._looks(lambda: b"")
        found = storage.passes.last()
        assert found is not None
        self.id = found.id

    def _looks(self, content: Callable[[], bytes]) -> None:
        for each in self.storage.profiles.pending(100):
            self.storage.profiles.follow(each, lambda before, after, done: None)
        Reassessing(self.storage.passes, lambda: self.library, self.today, content).run()

    def today(self) -> date:
        return self.clock().date()

    def affected(self) -> dict[str, Affected]:
        return {each.employee: each for each in self.storage.pass_news.affected(self.id)}

    def asks(self, *whom: Employee) -> int:
        people = [each.id for each in whom] or list(self.affected())
        return self.storage.pass_news.ask(self.id, people, ZHAO)

    def tells(self) -> int:
        following = Following(self.storage, lambda: self.library, self.today)
        return PassTelling(self.storage, following, lambda: self.library, self.today).run()

    def drafts(self, *whom: Employee) -> str | None:
        plan = Plan("notice", date(2026, 10, 1), date(2026, 10, 22), tuple(each.id for each in whom))
        return self.storage.pass_news.draft(self.id, plan, ZHAO)

    def said(self) -> list[str]:
        """What HR said in 阿丽's chat."""
        history = self.storage.conversations.history(self.chat)
        return [each.bubble.text for each in history if each.author == "hr"]


@pytest.fixture
def office(storage: Storage, library: Library, clock: Clock) -> Office:
    return Office(storage, library, clock)


def test_those_whom_it_concerns_are_known_with_what_was_done(office: Office) -> None:
    found = office.affected()
    assert set(found) == {office.ali.id, office.zhou.id}
    assert found[office.ali.id] == Affected(office.ali.id, "320500", None, None, True)
    assert found[office.zhou.id].has_chat is False


def test_each_is_told_once_whoever_asks(office: Office, storage: Storage) -> None:
    assert sum(together([office.asks, office.asks])) == 2
    office.tells()
    assert storage.pass_news.counts(office.id) == {"told": 1, "no_chat": 1}
    (said,) = office.said()
    assert said.startswith("缴费的规定有变化。从2026-10起，社保每月从你工资里扣") and "低保" not in said
    assert office.asks() == 0 and office.tells() == 0 and len(office.said()) == 1
    acts = [each.act for each in storage.history.about(subject(office.ali.id))]
    assert acts.count("pass_told") == 1 and acts.count("strategy_told") == 1
    (kept,) = storage.profiles.find(StrategySearch(employee=office.zhou.id))
    assert kept.kind == "policy" and kept.told_at is None and kept.task is None, "the batch is the task"


def test_a_crash_between_saying_and_noting_says_nothing_twice(
    office: Office, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.asks(office.ali)
    with monkeypatch.context() as broken:
        broken.setattr(storage.pass_news, "settle", _dies)
        with pytest.raises(KeyboardInterrupt):
            office.tells()
    assert len(office.said()) == 1 and storage.pass_news.counts(office.id) == {"waiting": 1}
    assert office.tells() == 1 and len(office.said()) == 1
    assert storage.pass_news.counts(office.id) == {"told": 1}


def test_at_night_nobody_is_told(office: Office, storage: Storage, clock: Clock) -> None:
    clock.move(hours=10)
    office.asks()
    assert office.tells() == 0 and office.said() == []
    clock.move(hours=11)
    assert office.tells() == 2 and len(office.said()) == 1


def test_nothing_is_said_into_a_persons_talk(office: Office, storage: Storage) -> None:
    assert take_over(storage, office.chat)
    office.asks(office.ali)
    assert office.tells() == 0 and storage.pass_news.counts(office.id) == {"waiting": 1}
    give_back(storage, office.chat)
    assert office.tells() == 1 and len(office.said()) == 1


def test_whoever_is_not_insured_is_told_nothing_of_deductions(office: Office, storage: Storage) -> None:
    storage.roster.correct(office.ali.id, {"insured_since": None}, ZHAO)
    office.asks(office.ali)
    assert office.tells() == 1 and office.said() == []
    assert storage.pass_news.counts(office.id) == {"left": 1}


def test_one_who_cannot_be_told_holds_up_nobody(
    office: Office, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.asks()
    real = storage.profiles.propose

    def propose(employee: str, choose: Any) -> Any:
        if employee == office.zhou.id:
            raise ValueError("3500")
        return real(employee, choose)

    monkeypatch.setattr(storage.profiles, "propose", propose)
    assert office.tells() == 1 and len(office.said()) == 1
    assert storage.pass_news.counts(office.id) == {"told": 1, "waiting": 1}


def test_notices_are_drafted_for_each_once_until_the_batch_is_thrown_away(
    office: Office, storage: Storage
) -> None:
    batch = office.drafts(office.ali)
    assert batch is not None and office.affected()[office.ali.id].batch == batch
    rest = office.drafts(office.ali, office.zhou)
    assert rest is not None and storage.notices.batch(rest).plan.employees == (office.zhou.id,)  # type: ignore[union-attr]
    assert office.drafts(office.ali, office.zhou) is None
    storage.notices.discard(rest, ZHAO)
    assert office.affected()[office.zhou.id].batch is None
    made = together([lambda: office.drafts(office.zhou)] * 2)
    assert sum(each is not None for each in made) == 1


def _dies(*given: Any) -> None:
    raise KeyboardInterrupt
