"""Callbacks that are held for their answer: at most three seconds, once for each callback, and nothing is lost by it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from local_wechat import SEND, Product, base, make
from platforms.callbacks import Delivery
from platforms.wechat import Follower, WeChat
from sqlalchemy import select
from talking import kept, take_over

from bot.channels.wechat import LONGEST, NAME, WeChatAccount
from bot.passive import HOLD, Holding
from bot.receiving import Said, receive
from bot.taking import Taking
from delivery.inbox import work_off
from delivery.messages import Button, Reply
from delivery.sending import Outgoing
from storage.conversation_rows import add_bubbles, lock
from storage.opening import Storage
from storage.tables import conversations, inbox, outbox, passive_answers
from storage.turns import AWAITED

pytest_plugins = ["databases", "local_wechat"]

#: A platform gives up after five seconds; the bar is below that.
BAR = 4.5
MORE = "（还有，回复“继续”接着看）"
WAIT = "收到了，还在查。过几秒回复“继续”，就能看到结果。"


class House:
    """The product behind one address: an account in a mode, a worker that answers at once unless it is told to wait."""

    def __init__(self, storage: Storage, platform: WeChat, mode: str) -> None:
        self.storage = storage
        account = make(storage, base(platform), REPLY_MODE=mode)
        assert account is not None
        self.account: WeChatAccount = account
        self.replies: tuple[Reply, ...] = (Reply("你每月交 766.35 元。"),)
        self.slow = False
        self.woken = threading.Event()
        self.pushed: list[str] = []
        self.taking = self.take_anew()

    def take_anew(self, **more: Any) -> Taking:
        """The address as another process has it."""
        holding = Holding(self.storage.passive, self.pushed.append, self.storage.now)
        return Taking({NAME: self.account}, self.storage.inbox.store_all, self._wake, holding=holding, **more)

    def work(self) -> int:
        """A worker takes what waits."""
        return work_off(
            self.storage.inbox,
            lambda message: receive(
                message, self.storage.conversations, lambda kept, message: Said({}, self.replies)
            ),
            self.storage.now,
        )

    def _wake(self, events: Sequence[str]) -> None:
        if not self.slow:
            self.work()
        self.woken.set()


@pytest.fixture
def open_house(storage: Storage, platform: WeChat, product: Product) -> Callable[[str], House]:
    def open_one(mode: str) -> House:
        house = House(storage, platform, mode)
        product.take = lambda callback: house.taking.take(NAME, callback)
        platform.patience = BAR
        platform.verified = mode == "mixed"
        return house

    return open_one


@pytest.fixture
def mixed(open_house: Callable[[str], House]) -> House:
    return open_house("mixed")


@pytest.fixture
def passive(open_house: Callable[[str], House]) -> House:
    return open_house("passive")


@pytest.fixture
def ali(platform: WeChat) -> Follower:
    follower = platform.follower("阿丽")
    follower.following = True
    return follower


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not ready is not waited for so long."""
    monkeypatch.setattr("bot.taking.HOLD", 0.2)


def shown(follower: Follower) -> list[str]:
    return [bubble.text for bubble in follower.phone.heard]


def delivered(delivery: Delivery | None) -> Delivery:
    assert delivery is not None
    return delivery


def states(storage: Storage) -> list[str]:
    with storage.database.read() as connection:
        return list(connection.execute(select(outbox.c.state).order_by(outbox.c.message)).scalars())


def pushed_later(storage: Storage) -> str:
    """What an outbox gets to send, once it may."""
    leased = storage.outbox.lease((NAME,), storage.now() + AWAITED, storage.now() + AWAITED * 9, None)
    return "" if leased is None else leased.bubbles[0].reply.text


# In time


@pytest.mark.parametrize("mode", ["mixed", "passive"])
def test_an_answer_that_is_ready_goes_out_inside_the_callback(
    open_house: Callable[[str], House], platform: WeChat, ali: Follower, mode: str
) -> None:
    house = open_house(mode)
    delivery = delivered(ali.write("工资6000，每月扣多少"))
    assert (delivery.tries, shown(ali)) == (["200"], ["你每月交 766.35 元。"])
    assert states(house.storage) == ["sent"]
    assert not platform.called(SEND)
    assert not pushed_later(house.storage)


def test_bubbles_go_out_as_one(mixed: House, ali: Follower) -> None:
    mixed.replies = (Reply("一。"), Reply("在不在本上？", (Button("在", "on_book=yes"),)))
    ali.write("交社保影响低保吗")
    assert shown(ali) == ["一。\n\n在不在本上？\n1. 在\n（回复数字就行）"]


@pytest.mark.parametrize("text", ["]]>", "<b>&amp;", "a\x1d\ud800b", "👩‍👧 𠮷", "]]" + ">" * 3])
def test_w6_whatever_is_said_the_reply_is_whole(mixed: House, ali: Follower, text: str) -> None:
    mixed.replies = (Reply(f"你说的“{text}”。"),)
    delivery = delivered(ali.write(text.encode("utf-8", "ignore").decode()))
    assert not delivery.failed
    assert shown(ali) == [f"你说的“{text}”。".replace("\x1d", "").replace("\ud800", "")]


def test_the_same_callback_again_is_answered_alike(mixed: House, platform: WeChat, ali: Follower) -> None:
    """Also by another process, and when the answer got lost on its way."""
    with platform.holding() as held:
        ali.write("每月扣多少")
    platform.deliver(held[0])
    mixed.taking = mixed.take_anew()
    mixed.replies = (Reply("别的。"),)
    platform.deliver(held[0])
    assert shown(ali) == ["你每月交 766.35 元。"] * 2
    assert states(mixed.storage) == ["sent"]
    with mixed.storage.database.read() as connection:
        assert len(connection.execute(select(inbox)).all()) == 1
        (row,) = connection.execute(select(passive_answers)).all()
    assert b"766" not in row.body


def test_one_callback_twice_at_once_is_answered_once_or_alike(
    mixed: House, platform: WeChat, ali: Follower
) -> None:
    with platform.holding() as held:
        ali.write("每月扣多少")
    together = [threading.Thread(target=platform.deliver, args=held) for _ in range(3)]
    for each in together:
        each.start()
    for each in together:
        each.join()
    assert set(shown(ali)) == {"你每月交 766.35 元。"}
    assert not any(delivery.failed for delivery in platform.deliveries)
    assert states(mixed.storage) == ["sent"]


# Not in time


def test_what_is_not_ready_is_pushed(mixed: House, ali: Follower, hurry: None) -> None:
    mixed.slow = True
    delivery = delivered(ali.write("每月扣多少"))
    assert (delivery.tries, delivery.reply, shown(ali)) == (["200"], None, [])
    mixed.work()
    assert pushed_later(mixed.storage) == "你每月交 766.35 元。"


def test_what_is_held_for_an_answer_is_not_pushed_meanwhile(mixed: House, ali: Follower, hurry: None) -> None:
    mixed.slow = True
    ali.write("每月扣多少")
    mixed.work()
    now = mixed.storage.now()
    assert mixed.storage.outbox.lease((NAME,), now, now + timedelta(minutes=2), None) is None


def test_a_long_answer_is_pushed_whole(mixed: House, ali: Follower) -> None:
    mixed.replies = (Reply("每月交 766.35 元。" * 200),)
    delivered(ali.write("每月扣多少"))
    assert shown(ali) == []
    assert mixed.pushed
    assert pushed_later(mixed.storage) == mixed.replies[0].text


def test_what_does_not_fit_in_any_more_is_pushed_after_it(mixed: House, ali: Follower) -> None:
    mixed.replies = (Reply("一。"), Reply("每月交 766.35 元。" * 100))
    ali.write("每月扣多少")
    assert shown(ali) == ["一。"]
    assert states(mixed.storage) == ["sent", "queued"]
    assert mixed.pushed
    assert pushed_later(mixed.storage).startswith("每月交")


def test_a_passive_account_says_that_the_answer_comes_later(
    passive: House, ali: Follower, hurry: None
) -> None:
    passive.slow = True
    ali.write("每月扣多少")
    assert shown(ali) == [WAIT]
    ali.write("继续")
    assert shown(ali) == [WAIT, WAIT]
    passive.work()
    ali.write("继续。")
    assert shown(ali)[2:] == ["你每月交 766.35 元。"]
    with passive.storage.database.read() as connection:
        assert len(connection.execute(select(inbox)).all()) == 1  # who asks for the rest says nothing


def test_the_next_message_brings_what_waited_before_its_own_answer(
    passive: House, ali: Follower, hurry: None
) -> None:
    passive.slow = True
    ali.write("每月扣多少")
    passive.work()
    passive.slow, passive.replies = False, (Reply("必须交。"),)
    ali.write("必须交吗")
    assert shown(ali) == [WAIT, "你每月交 766.35 元。\n\n必须交。"]


def test_with_nothing_waiting_the_word_is_a_message(passive: House, ali: Follower) -> None:
    ali.write("继续")
    assert shown(ali) == ["你每月交 766.35 元。"]


def test_a_long_answer_of_a_passive_account_comes_piece_by_piece(passive: House, ali: Follower) -> None:
    long = "每月要交 766.35 元，单位另交 1,163.20 元。" * 100
    passive.replies = (Reply("先说结果。"), Reply(long, (Button("找人事", "topic=hr"),)))
    ali.write("每月扣多少")
    for _ in range(5):
        if not shown(ali)[-1].endswith(MORE):
            break
        ali.write("继续")
    told = [text.removesuffix(MORE).rstrip("\n") for text in shown(ali)]
    assert "".join(told) == f"先说结果。{long}\n1. 找人事\n（回复数字就行）"
    assert len(told) > 2
    assert set(states(passive.storage)) == {"sent"}


def test_what_hr_says_comes_with_the_next_message(passive: House, ali: Follower) -> None:
    ali.write("找人事")
    conversation = kept(passive.storage, ali.openid, NAME)
    take_over(passive.storage, conversation.id)
    _hr_says(passive.storage, conversation.id, "我看了，下周给你补上。")
    ali.write("在吗")
    assert shown(ali)[1:] == ["人事：我看了，下周给你补上。"]


def test_hr_s_answer_reaches_the_phone(mixed: House, ali: Follower) -> None:
    ali.write("找人事")
    conversation = kept(mixed.storage, ali.openid, NAME)
    bubble = Outgoing(conversation.id, 9, "hr", Reply("我看了，下周给你补上。"))
    for part in mixed.account.draw((bubble,)):
        mixed.account.send(ali.openid, part)
    assert shown(ali)[1:] == ["人事：我看了，下周给你补上。"]


def _hr_says(storage: Storage, conversation: str, text: str) -> None:
    with storage.database.work() as connection:
        opened = lock(connection, storage.keys, conversation)
        assert opened is not None
        add_bubbles(connection, opened, [("hr", Reply(text))], opened.version, storage.now())
        connection.execute(
            conversations.update().where(conversations.c.id == conversation).values(last_seq=opened.last_seq)
        )


def test_a_person_took_over(mixed: House, ali: Follower, hurry: None) -> None:
    """What the assistant had said meanwhile is not told any more."""
    mixed.slow = True
    ali.write("每月扣多少")
    mixed.work()
    take_over(mixed.storage, kept(mixed.storage, ali.openid, NAME).id)
    mixed.slow = False
    ali.write("有人吗")
    assert shown(ali) == []
    assert states(mixed.storage) == ["dropped"]


def test_where_a_person_speaks_nobody_is_held(mixed: House, ali: Follower, monkeypatch: Any) -> None:
    monkeypatch.setattr("bot.taking.HOLD", 60.0)
    ali.write("每月扣多少")
    take_over(mixed.storage, kept(mixed.storage, ali.openid, NAME).id)
    assert delivered(ali.write("有人吗")).tries == ["200"]


# Trouble


@pytest.mark.parametrize("mode", ["mixed", "passive"])
def test_a_turn_that_hangs_is_not_waited_for(
    open_house: Callable[[str], House], ali: Follower, mode: str
) -> None:
    house = open_house(mode)
    house.slow = True
    assert HOLD < BAR
    assert delivered(ali.write("每月扣多少")).tries == ["200"]
    assert shown(ali) == ([WAIT] if mode == "passive" else [])


@contextmanager
def locked(storage: Storage, seconds: float) -> Iterator[None]:
    """Another program writes to the file for so long."""
    path = storage.database.name.removeprefix("sqlite:///").removeprefix("sqlite+pysqlite:///")
    assert Path(path).exists()
    begun = threading.Event()

    def write() -> None:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        begun.set()
        ended.wait(seconds)
        connection.execute("ROLLBACK")
        connection.close()

    ended = threading.Event()
    writer = threading.Thread(target=write)
    writer.start()
    begun.wait()
    yield
    writer.join()


@pytest.mark.parametrize("mode", ["active", "mixed", "passive"])
def test_a_database_that_is_locked_for_three_seconds(
    open_house: Callable[[str], House], ali: Follower, mode: str
) -> None:
    house = open_house(mode)
    with locked(house.storage, 3.0):
        delivery = delivered(ali.write("每月扣多少"))
    assert delivery.tries == ["200"]
    assert house.woken.wait(BAR)
    with house.storage.database.read() as connection:
        assert [row.state for row in connection.execute(select(inbox))] == ["done"]


def test_who_gives_up_loses_nothing(mixed: House, platform: WeChat, ali: Follower, monkeypatch: Any) -> None:
    """The answer is drawn too late: the callback is answered without it, and the outbox has it again."""
    drawing, drawn = threading.Event(), threading.Event()
    draw = mixed.account.draw

    def slowly(bubbles: Any) -> Any:
        drawing.wait(10)
        try:
            return draw(bubbles)
        finally:
            drawn.set()

    monkeypatch.setattr(mixed.account, "draw", slowly, raising=False)
    mixed.taking = mixed.take_anew(patience=0.5)
    delivery = delivered(ali.write("每月扣多少"))
    assert (delivery.tries, delivery.reply) == (["200"], None)
    assert states(mixed.storage) == ["leased"]
    drawing.set()
    mixed.taking._threads.shutdown()
    assert states(mixed.storage) == ["queued"]
    assert mixed.pushed
    assert pushed_later(mixed.storage) == "你每月交 766.35 元。"


def test_what_is_settled_too_late_is_asked_for_again(
    mixed: House, platform: WeChat, ali: Follower, monkeypatch: Any
) -> None:
    """The platform delivers the callback once more, and gets the answer then."""
    settle, slowed = mixed.storage.passive.settle, threading.Event()

    def slowly(*settled: Any) -> Any:
        if not slowed.is_set():
            slowed.set()
            threading.Event().wait(1.0)
        return settle(*settled)

    passive = type("Slow", (), {"settle": staticmethod(slowly)})()
    for name in ("earlier", "state", "lease"):
        setattr(passive, name, getattr(mixed.storage.passive, name))
    holding = Holding(passive, mixed.pushed.append, mixed.storage.now)
    mixed.taking = Taking(
        {NAME: mixed.account}, mixed.storage.inbox.store_all, mixed._wake, 0.6, holding=holding
    )
    delivery = delivered(ali.write("每月扣多少"))
    assert delivery.tries[0] == "503"
    assert shown(ali) == ["你每月交 766.35 元。"]
    assert states(mixed.storage) == ["sent"]


def test_w14_with_all_places_taken_nobody_else_is_held(mixed: House, platform: WeChat, hurry: None) -> None:
    mixed.taking = mixed.take_anew(held=1)
    mixed.slow = True
    people = [platform.follower(f"员工{number}") for number in range(6)]
    for each in people:
        each.following = True
    together = [threading.Thread(target=each.write, args=("每月扣多少",)) for each in people]
    for each in together:
        each.start()
    for each in together:
        each.join()
    assert all(delivery.tries == ["200"] for delivery in platform.deliveries)
    mixed.work()
    assert states(mixed.storage) == ["queued"] * 6


def test_a_message_of_the_longest_size_has_room_for_the_word(passive: House, ali: Follower) -> None:
    passive.replies = (Reply("字" * (LONGEST // 3)), Reply("还有。"))
    delivery = delivered(ali.write("每月扣多少"))
    assert not delivery.failed
    assert shown(ali)[0].endswith(MORE)
