"""A code ties one chat to one employee, once; a new tie ends the old one, and what is ended reaches nobody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest
from databases import Clock
from sqlalchemy import select
from staffing import HR, binds, enters, hire
from talking import Post, answer, message, say, together, transcript

from bot.receiving import receive
from delivery.outbox import deliver_due
from people.bindings import MOVED, Bind, Unbind
from people.employees import Employee, RosterSearch, WecomTaken
from storage.errors import StorageError
from storage.opening import Storage
from storage.tables import codes, outbox

pytest_plugins = ["databases"]


def test_a_code_is_used_once(storage: Storage) -> None:
    ali = hire(storage, name="李小梅")
    code = storage.bindings.make([ali.id], HR)[ali.id]
    found = storage.bindings.look_up(code)
    assert found.state == "good" and found.owner is not None
    assert (found.owner.name, found.owner.tail) == ("李*", "34")
    enters(storage, "b1", Bind(code, ali.id))
    assert storage.bindings.look_up(code).state == "used"
    with pytest.raises(StorageError):
        enters(storage, "b2", Bind(code, ali.id), "别人")
    assert storage.conversations.find("web", "别人") is None, "the turn is not kept either"


def test_the_code_itself_is_not_kept(storage: Storage) -> None:
    ali = hire(storage)
    code = storage.bindings.make([ali.id], HR)[ali.id]
    with storage.database.read() as connection:
        (row,) = connection.execute(select(codes)).all()
    assert code not in repr(tuple(row))


def test_a_new_code_voids_the_one_before_and_each_runs_out(storage: Storage, clock: Clock) -> None:
    ali = hire(storage)
    first = storage.bindings.make([ali.id], HR)[ali.id]
    second = storage.bindings.make([ali.id], HR)[ali.id]
    assert storage.bindings.look_up(first).state == "unknown"
    assert storage.bindings.code_expires(ali.id) is not None
    clock.move(days=31)
    assert storage.bindings.look_up(second).state == "expired"
    assert storage.bindings.code_expires(ali.id) is None
    with pytest.raises(StorageError):
        enters(storage, "b1", Bind(second, ali.id))


def test_another_employees_code_does_not_bind(storage: Storage) -> None:
    ali, zhou = hire(storage), hire(storage, "B1", "老周")
    code = storage.bindings.make([ali.id], HR)[ali.id]
    with pytest.raises(StorageError):
        enters(storage, "b1", Bind(code, zhou.id))


def test_a_new_phone_ends_the_tie_of_the_old_one_with_a_neutral_word(storage: Storage) -> None:
    ali = hire(storage)
    binds(storage, ali, "b1", "旧手机")
    new = binds(storage, ali, "b2", "新手机")
    assert storage.roster.conversations_of(ali.id) == {"web": new}
    assert [each.ended_why for each in storage.bindings.of_employee(ali.id)] == [None, "rebound"]
    assert transcript(storage, "旧手机")[-1][1:] == ("assistant", MOVED)
    # The old page goes on from there.
    assert say(storage, message("o1", "在吗", sender="旧手机"), "在").replies[0].text == "在"


def test_a_lost_phone_gets_nothing_more(storage: Storage, clock: Clock) -> None:
    ali = hire(storage)
    code = storage.bindings.make([ali.id], HR)[ali.id]
    bind = answer("绑好了", binding=Bind(code, ali.id))
    receive(message("b1", code, channel="wechat"), storage.conversations, bind)
    printed = storage.bindings.make([ali.id], HR)[ali.id]
    assert storage.bindings.end(ali.id, "lost_phone", HR, "本人来说的")
    post = Post()
    assert deliver_due(storage.outbox, {"wechat": post}, clock) == 0 and post.sent == []
    with storage.database.read() as connection:
        assert list(connection.execute(select(outbox.c.last_error)).scalars()) == ["unbound"]
    assert storage.bindings.look_up(printed).state == "unknown", "the paper may be lost too"
    assert not storage.bindings.end(ali.id, "lost_phone", HR, "再点一次")


def test_an_employee_unbinds(storage: Storage) -> None:
    ali = hire(storage)
    conversation = binds(storage, ali)
    owner = storage.bindings.owner(conversation)
    assert owner is not None and owner.employee == ali.id
    enters(storage, "u1", Unbind())
    assert storage.bindings.owner(conversation) is None
    assert storage.bindings.of_employee(ali.id)[0].ended_why == "by_employee"
    enters(storage, "u2", Unbind())


def test_of_two_phones_that_enter_one_code_one_is_bound(storage: Storage) -> None:
    ali = hire(storage)
    code = storage.bindings.make([ali.id], HR)[ali.id]

    def enter(sender: str) -> bool:
        try:
            enters(storage, sender, Bind(code, ali.id), sender)
        except StorageError:
            return False
        return True

    assert sorted(together([lambda: enter("一"), lambda: enter("二")])) == [False, True]
    assert len(storage.bindings.of_employee(ali.id)) == 1


def writes(
    storage: Storage, key: str, sender: str, channel: str, binding: Bind | Unbind | None = None
) -> str:
    """A turn in a channel; the conversation."""
    say(storage, message(key, "在吗", sender=sender, channel=channel), "在", binding=binding)
    found = storage.conversations.find(channel, sender)
    assert found is not None
    return found.id


def holds(storage: Storage, employee: Employee) -> Mapping[str, str]:
    return storage.roster.conversations_of(employee.id)


def test_a_tie_on_another_channel_stays(storage: Storage) -> None:
    ali = hire(storage)
    web = binds(storage, ali)
    code = storage.bindings.make([ali.id], HR)[ali.id]
    wechat = writes(storage, "w1", "openid-1", "wechat", Bind(code, ali.id))
    assert holds(storage, ali) == {"web": web, "wechat": wechat}
    assert transcript(storage, "阿丽")[-1][2] != MOVED
    code = storage.bindings.make([ali.id], HR)[ali.id]
    new = writes(storage, "w2", "openid-2", "wechat", Bind(code, ali.id))
    assert holds(storage, ali) == {"web": web, "wechat": new}
    assert transcript(storage, "openid-1", "wechat")[-1][2] == MOVED
    assert storage.roster.find(RosterSearch()).total == 1


def test_a_lost_phone_ends_every_tie(storage: Storage) -> None:
    ali = hire(storage)
    binds(storage, ali)
    code = storage.bindings.make([ali.id], HR)[ali.id]
    writes(storage, "w1", "openid-1", "wechat", Bind(code, ali.id))
    assert storage.bindings.end(ali.id, "lost_phone", HR, "本人来说的")
    assert holds(storage, ali) == {}
    assert [each.ended_why for each in storage.bindings.of_employee(ali.id)] == ["lost_phone"] * 2


def test_in_wecom_the_roster_says_whose_chat_it_is(storage: Storage) -> None:
    ali = hire(storage, wecom_id="LiXiaoMei")
    conversation = writes(storage, "q1", "lixiaomei", "wecom")
    assert holds(storage, ali) == {"wecom": conversation}
    assert storage.history.about(f"employee:{ali.id}")[0].act == "bound"
    writes(storage, "q2", "lixiaomei", "wecom")
    assert len(storage.bindings.of_employee(ali.id)) == 1
    writes(storage, "q3", "别人", "wecom")
    writes(storage, "q4", "lixiaomei", "wechat")
    assert list(holds(storage, ali)) == ["wecom"]


def test_the_chat_in_wecom_goes_with_the_account(storage: Storage) -> None:
    ali, zhou = hire(storage, wecom_id="ali"), hire(storage, "B1", "老周")
    first = writes(storage, "q1", "ali", "wecom")
    with pytest.raises(WecomTaken):
        storage.roster.correct(zhou.id, {"wecom_id": "ALI"}, HR)
    storage.roster.correct(ali.id, {"wecom_id": "Ali"}, HR)
    assert holds(storage, ali) == {"wecom": first}
    storage.roster.correct(ali.id, {"wecom_id": "ali2"}, HR)
    assert holds(storage, ali) == {}
    assert storage.bindings.of_employee(ali.id)[0].ended_why == "wecom_id"
    storage.roster.correct(zhou.id, {"wecom_id": "ali"}, HR)
    assert writes(storage, "q2", "ali", "wecom") == first
    assert holds(storage, zhou) == {"wecom": first}
    storage.roster.leave(zhou.id, date(2026, 10, 31), HR)
    writes(storage, "q3", "ali", "wecom")
    assert storage.bindings.owner(first) is None


def test_who_untied_it_there_is_not_tied_again_by_the_roster(storage: Storage) -> None:
    ali = hire(storage, wecom_id="ali")
    conversation = writes(storage, "q1", "ali", "wecom")
    writes(storage, "q2", "ali", "wecom", Unbind())
    writes(storage, "q3", "ali", "wecom")
    assert storage.bindings.owner(conversation) is None
    code = storage.bindings.make([ali.id], HR)[ali.id]
    writes(storage, "q4", "ali", "wecom", Bind(code, ali.id))
    assert holds(storage, ali) == {"wecom": conversation}
