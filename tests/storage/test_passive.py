"""What goes out inside callbacks, over the tables: leased once, settled once, given back whole."""

from __future__ import annotations

from datetime import timedelta

import pytest
from databases import Clock
from sqlalchemy import select
from talking import kept, message, say, take_over, together

from bot.passive import LEASE, Carried, Waiting
from delivery.messages import IncomingMessage
from storage.opening import Storage
from storage.tables import outbox, passive_answers

pytest_plugins = ["databases"]


def heard(key: str = "m1") -> IncomingMessage:
    return message(key, channel="wechat")


def lease(storage: Storage, clock: Clock, key: str = "m1") -> Waiting | None:
    return storage.passive.lease(heard(key), clock() + LEASE)


def carried(bubbles: int = 1, parts: int = 0) -> Carried:
    return Carried({"text": "好"}, bubbles, parts, more=True)


def states(storage: Storage) -> list[str]:
    with storage.database.read() as connection:
        return list(connection.execute(select(outbox.c.state).order_by(outbox.c.message)).scalars())


def test_what_is_carried_is_out_and_the_rest_waits(storage: Storage, clock: Clock) -> None:
    say(storage, heard(), "一", "二", "三")
    waiting = lease(storage, clock)
    assert waiting is not None
    assert [each.reply.text for each in waiting.bubbles] == ["一", "二", "三"]
    rest = storage.passive.settle(heard(), waiting, carried(2))
    assert (len(rest), states(storage)) == (1, ["sent", "sent", "queued"])
    assert storage.passive.earlier(heard()) == Carried({"text": "好"}, 0, 0, more=True)
    assert storage.passive.earlier(heard("m2")) is None


def test_what_is_given_back_waits_as_before(storage: Storage, clock: Clock) -> None:
    say(storage, heard(), "一", "二")
    waiting = lease(storage, clock)
    assert waiting is not None
    assert lease(storage, clock) is None
    assert len(storage.passive.settle(heard(), waiting, None)) == 2
    assert lease(storage, clock) is not None
    assert storage.passive.earlier(heard()) is None


def test_of_many_at_once_one_has_it(storage: Storage, clock: Clock) -> None:
    say(storage, heard(), "一", "二")
    leased = together([lambda: lease(storage, clock)] * 8)
    assert sum(waiting is not None for waiting in leased) == 1


def test_the_outbox_and_a_callback_never_both_send(storage: Storage, clock: Clock) -> None:
    say(storage, heard(), "一", "二")
    sending = storage.outbox.lease(("wechat",), clock(), clock() + LEASE, None)
    assert sending is not None
    assert lease(storage, clock) is None, "the second waits for the first"
    clock.move(minutes=3)
    storage.outbox.requeue(clock(), ())
    assert lease(storage, clock) is not None
    assert storage.outbox.lease(("wechat",), clock(), clock() + LEASE, None) is None


def test_how_far_a_long_bubble_is_out(storage: Storage, clock: Clock) -> None:
    say(storage, heard(), "很长")
    for part in (1, 2):
        waiting = lease(storage, clock, f"m{part}")
        assert waiting is not None
        assert waiting.done == part - 1
        storage.passive.settle(heard(f"m{part}"), waiting, carried(0, part))
    waiting = lease(storage, clock, "m3")
    assert waiting is not None
    assert waiting.done == 2


def test_what_a_person_overtook_is_dropped(storage: Storage, clock: Clock) -> None:
    say(storage, heard(), "一", "二")
    take_over(storage, kept(storage, channel="wechat").id)
    assert lease(storage, clock) is None
    assert states(storage) == ["dropped", "dropped"]


def test_who_asks_to_be_erased_meanwhile_leaves_nothing(storage: Storage, clock: Clock) -> None:
    say(storage, heard(), "一")
    waiting = lease(storage, clock)
    assert waiting is not None
    storage.passive.settle(heard(), waiting, carried())
    say(storage, heard("m2"), "删了", erase=True)
    assert storage.passive.settle(heard(), waiting, carried()) == ()
    assert storage.passive.earlier(heard()) is None
    with storage.database.read() as connection:
        assert not connection.execute(select(passive_answers)).all()


@pytest.mark.parametrize(
    ("stored", "answered", "state"),
    [(False, False, "nothing"), (True, False, "not_yet"), (True, True, "ready")],
)
def test_whether_anything_waits(storage: Storage, stored: bool, answered: bool, state: str) -> None:
    if stored:
        storage.inbox.store(heard())
    if answered:
        say(storage, heard(), "一")
    assert storage.passive.state(heard()) == state
    assert storage.passive.state(heard("a message that is not stored")) == state


def test_a_message_that_nobody_answers_is_not_waited_for(storage: Storage, clock: Clock) -> None:
    say(storage, heard())
    assert storage.passive.state(heard()) == "nothing"
    say(storage, heard("m2"), "一")
    waiting = lease(storage, clock)
    assert waiting is not None
    storage.passive.settle(heard("m2"), waiting, carried())
    clock.time += timedelta(days=3)
    assert storage.passive.state(heard("m2")) == "nothing"
