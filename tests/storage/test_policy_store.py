"""Changes of the library as rows: who may do what when, one at the folders at a time, everybody told once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from databases import Clock, Open
from sqlalchemy import select
from talking import give_back, kept, message, say, take_over, together

from bot.dialogue.conversation import Conversation
from bot.dialogue.known import Known
from bot.dialogue.news import told_of_new_figures
from policy_kb.changes import Fed, PolicyChange, Refused, content_hash
from storage.households import BATCH
from storage.opening import Storage
from storage.tables import audit_events, outbox, policy_changes

pytest_plugins = ["databases"]

ZHAO, QIAN = "an account of 赵静", "an account of 钱明"
LINE = {"341202": {"region": "341202", "lines": [{"rural": "830.00"}], "notices": [], "sources": {}}}
COUNTS = {"households": 3, "changed": 2}


def drafted(storage: Storage) -> PolicyChange:
    return storage.policy_changes.draft("figures", "颍州区 低保线", LINE, ZHAO, {"rural": "830"})


def approved(storage: Storage, publish_on: date | None = None) -> PolicyChange:
    change = drafted(storage)
    storage.policy_changes.submit(change.number, ZHAO)
    return storage.policy_changes.approve(change.number, QIAN, change.hash, publish_on)


def published(storage: Storage, *touched: str) -> PolicyChange:
    number = approved(storage).number
    storage.policy_changes.claim(number, QIAN, "publish")
    return storage.policy_changes.finish(number, QIAN, "publish", COUNTS, touched)


def calculated(sender: str, wage: int | None = 350_000) -> dict[str, Any]:
    known = Known(wage=wage, region="320500", dibao_region="341202", area="rural", household_size=4)
    return Conversation(
        known=known, calculated=known, locale="en" if sender == "Ali" else "zh_Hans"
    ).as_json()


def asked(storage: Storage, sender: str, **facts: Any) -> str:
    say(storage, message(f"m-{sender}", sender=sender), "算好了", state=calculated(sender, **facts))
    return kept(storage, sender).id


def said(storage: Storage, sender: str) -> list[str]:
    history = storage.conversations.history(kept(storage, sender).id)
    return [each.bubble.text for each in history if each.author == "assistant"][1:]


def test_a_change_comes_back_as_it_was_kept(storage: Storage, clock: Clock) -> None:
    change = drafted(storage)
    assert storage.policy_changes.get(change.number) == change
    assert (change.hash, change.authors, change.label) == (content_hash("figures", LINE), (ZHAO,), "P-0001")
    clock.move(hours=1)
    later = approved(storage, date(2026, 11, 1))
    assert storage.policy_changes.get(later.number) == later
    assert [each.number for each in storage.policy_changes.all()] == [2, 1]
    assert [step.act for step in later.steps] == ["draft", "submit", "approve"]
    assert later.steps[0].at == clock.time
    assert storage.policy_changes.get(99) is None


def test_what_is_in_a_change_is_sealed(storage: Storage) -> None:
    drafted(storage)
    with storage.database.read() as connection:
        row = connection.execute(select(policy_changes)).one()
    assert b"830" not in row.body and "颍州".encode() not in row.body


@pytest.mark.parametrize(
    "act",
    [
        lambda changes, change: changes.approve(change.number, ZHAO, change.hash, None),
        lambda changes, change: changes.approve(change.number, QIAN, "another hash", None),
        lambda changes, change: changes.submit(change.number, ZHAO),
        lambda changes, change: changes.claim(change.number, QIAN, "publish"),
        lambda changes, change: changes.claim(change.number, QIAN, "take_back"),
        lambda changes, change: changes.schedule(change.number, QIAN, None),
        lambda changes, change: changes.tell(change.number, QIAN),
    ],
)
def test_what_may_not_be_done_leaves_no_trace(storage: Storage, act: Callable[..., object]) -> None:
    change = storage.policy_changes.submit(drafted(storage).number, ZHAO)
    with pytest.raises(Refused):
        act(storage.policy_changes, change)
    assert storage.policy_changes.get(change.number) == change
    with storage.database.read() as connection:
        acts = connection.execute(select(audit_events.c.act)).scalars().all()
    assert acts == ["policy_draft", "policy_submit"]


def test_another_content_needs_another_approval(storage: Storage) -> None:
    change = approved(storage, date(2026, 10, 16))
    revised = storage.policy_changes.revise(change.number, "另一个", {**LINE, "000000": {}}, QIAN)
    assert (revised.state, revised.approved_hash, revised.reviewer) == ("draft", "", "")
    assert (revised.publish_on, revised.authors) == (None, (ZHAO, QIAN))
    assert storage.policy_changes.due(date(2027, 1, 1)) == ()


def test_only_what_is_approved_and_has_its_day_is_due(storage: Storage) -> None:
    drafted(storage)
    approved(storage)
    change = approved(storage, date(2026, 10, 16))
    assert storage.policy_changes.due(date(2026, 10, 15)) == ()
    assert storage.policy_changes.due(date(2026, 10, 16)) == (change.number,)


def test_two_that_publish_at_once_take_turns(storage: Storage) -> None:
    numbers = [approved(storage).number for _ in range(2)]

    def claim(number: int) -> bool:
        try:
            storage.policy_changes.claim(number, QIAN, "publish")
        except Refused:
            return False
        return True

    one_change = together([lambda: claim(numbers[0])] * 4)
    assert sum(one_change) == 1
    assert not claim(numbers[1])  # another change waits for the turn too
    storage.policy_changes.finish(numbers[0], QIAN, "publish", COUNTS, ())
    assert sum(together([lambda: claim(numbers[1])] * 4)) == 1


def test_the_turn_of_one_that_died_passes_on(storage: Storage, clock: Clock) -> None:
    number = approved(storage).number
    storage.policy_changes.claim(number, QIAN, "publish")
    storage.policy_changes.note_written(number, LINE, None)
    assert storage.policy_changes.reclaim() is None
    clock.move(minutes=11)
    found = [each for each in together([storage.policy_changes.reclaim] * 4) if each is not None]
    assert [(each.number, each.published) for each in found] == [(number, LINE)]


def test_what_could_not_be_written_is_approved_still_but_has_no_day(storage: Storage) -> None:
    change = approved(storage, date(2026, 10, 15))
    storage.policy_changes.claim(change.number, "", "publish")
    failed = storage.policy_changes.fail(change.number, "", "publish", "已有一条")
    assert (failed.state, failed.publish_on, failed.steps[-1].note) == ("approved", None, "已有一条")
    storage.policy_changes.claim(change.number, QIAN, "publish")  # the turn was given up


def test_households_are_the_facts_of_results_with_whose_chat_it_is(storage: Storage) -> None:
    ali = asked(storage, "阿丽")
    asked(storage, "还没算出来", wage=None)
    say(storage, message("m9", sender="没聊完"), "几口人？", state=Conversation().as_json())
    (found,) = storage.households.cases(date(2026, 10, 15))
    assert (found.conversation, found.employee) == (ali, None)
    assert found.case["household"]["earners"] == [{"wage": "3500.00", "wage_is_net": False}]
    assert storage.households.count() == 3


def test_more_households_than_are_read_at_once(storage: Storage) -> None:
    senders = {asked(storage, f"s{count}") for count in range(BATCH + 3)}
    assert {each.conversation for each in storage.households.cases(date(2026, 10, 15))} == senders


def test_everybody_touched_is_told_once_in_their_language(storage: Storage, clock: Clock) -> None:
    touched = [asked(storage, sender) for sender in ("阿丽", "Ali")]
    asked(storage, "老王")
    number = published(storage, *touched, "5a1e0000-0000-4000-8000-00000000dead").number
    assert storage.policy_news.say_waiting(told_of_new_figures) == 0  # nobody asked for it yet
    assert storage.policy_changes.tell(number, QIAN) == 2
    assert sum(together([lambda: storage.policy_news.say_waiting(told_of_new_figures)] * 3)) == 2
    assert storage.policy_changes.tell(number, QIAN) == 0
    assert said(storage, "阿丽") == ["你问过的数有更新，点这里重新算一下。"]
    assert len(said(storage, "Ali")) == 1 and said(storage, "老王") == []
    news = storage.policy_changes.news(number)
    assert (news.touched, news.waiting, news.told) == (2, 0, 2)
    with storage.database.read() as connection:
        queued = connection.execute(select(outbox.c.id).where(outbox.c.message == 3)).all()
    assert len(queued) == 2


def test_a_turn_goes_on_from_what_was_told(storage: Storage) -> None:
    ali = asked(storage, "阿丽")
    storage.policy_changes.tell(published(storage, ali).number, QIAN)
    storage.policy_news.say_waiting(told_of_new_figures)
    state = kept(storage).state
    assert state is not None and ["重新算一下", "again=result"] in state["buttons"]
    say(storage, message("m2"), "重新算了")
    assert said(storage, "阿丽")[-1] == "重新算了"


def test_nobody_is_told_into_a_talk_with_a_person(storage: Storage) -> None:
    ali = asked(storage, "阿丽")
    number = published(storage, ali).number
    take_over(storage, ali)
    storage.policy_changes.tell(number, QIAN)
    assert storage.policy_news.say_waiting(told_of_new_figures) == 0
    give_back(storage, ali)
    assert storage.policy_news.say_waiting(told_of_new_figures) == 1


def test_who_was_erased_or_forgotten_is_not_told(storage: Storage, clock: Clock) -> None:
    ali, wang = asked(storage, "阿丽"), asked(storage, "老王")
    number = published(storage, ali, wang).number
    storage.policy_changes.tell(number, QIAN)
    say(storage, message("bye"), "删了", erase=True)
    with storage.database.work() as connection:
        connection.exec_driver_sql("UPDATE conversations SET state = NULL")
    assert storage.policy_news.say_waiting(told_of_new_figures) == 0
    assert storage.policy_changes.news(number).touched == 1
    assert storage.policy_changes.news(number).waiting == 0


def test_taking_back_is_news_of_its_own(storage: Storage) -> None:
    ali = asked(storage, "阿丽")
    number = published(storage, ali).number
    storage.policy_changes.tell(number, QIAN)
    storage.policy_news.say_waiting(told_of_new_figures)
    storage.policy_changes.claim(number, QIAN, "take_back")
    storage.policy_changes.finish(number, QIAN, "take_back", COUNTS, (ali,), "征求意见稿")
    assert storage.policy_changes.people(number) == ((ali, None),)
    assert storage.policy_changes.tell(number, QIAN) == 1
    assert storage.policy_news.say_waiting(told_of_new_figures) == 1


def test_another_process_sees_it_all(storage: Storage, url: str, open_one: Open) -> None:
    change = published(storage)
    assert open_one(url).policy_changes.get(change.number) == change


# -- Bundles ---------------------------------------------------------------------------------------------------------


def fed(storage: Storage, edition: str) -> PolicyChange:
    return storage.policy_changes.draft("figures", "政策数据包", LINE, ZHAO, fed=Fed(edition, "ab" * 32))


def test_an_edition_is_drafted_once_and_none_before_it(storage: Storage) -> None:
    first = fed(storage, "2026-10-01")
    assert storage.policy_changes.get(first.number) == first
    for edition in ("2026-10-01", "2026-09-01"):
        with pytest.raises(Refused):
            fed(storage, edition)
    assert fed(storage, "2026-11-01").number == first.number + 1


def test_an_edition_that_was_given_up_may_come_again_and_one_before_it_may_not(storage: Storage) -> None:
    fed(storage, "2026-09-01")
    storage.policy_changes.withdraw(fed(storage, "2026-10-01").number, ZHAO)
    with pytest.raises(Refused):
        fed(storage, "2026-09-15")
    assert fed(storage, "2026-10-01").state == "draft"


def test_an_edition_that_comes_several_times_at_once_is_drafted_once(storage: Storage) -> None:
    def take() -> bool:
        try:
            fed(storage, "2026-10-01")
        except Refused:
            return False
        return True

    assert sorted(together([take] * 4)) == [False, False, False, True]
    assert len(storage.policy_changes.all()) == 1
