"""Rows of the outbox: sent in order, once, by whoever holds the lease; held back once a person took over."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from databases import Clock, Open
from sqlalchemy import select
from talking import Post, give_back, kept, message, say, speak, take_over, together, transcript

from delivery.outbox import GRACE, LEASE, Leased, Outcome, Permanent, Temporary, deliver_due, sweep
from delivery.retries import MOST_ATTEMPTS
from storage.opening import Storage
from storage.tables import outbox

pytest_plugins = ["databases"]


def rows(storage: Storage) -> list[Any]:
    with storage.database.read() as connection:
        return list(connection.execute(select(outbox).order_by(outbox.c.conversation, outbox.c.message)))


def states(storage: Storage) -> list[str]:
    return [row.state for row in rows(storage)]


def lease(storage: Storage, beside: str | None = None) -> Leased | None:
    return storage.outbox.lease(["wechat"], storage.now(), storage.now() + LEASE, beside)


def wechat(key: str, sender: str = "阿丽") -> Any:
    return message(key, sender=sender, channel="wechat")


def in_wechat(storage: Storage, sender: str = "阿丽") -> str:
    return kept(storage, sender, "wechat").id


def test_replies_are_sent_in_order_to_their_sender(storage: Storage, clock: Clock) -> None:
    say(storage, wechat("m1"), "一", "二")
    say(storage, wechat("m2"), "三")
    post = Post()
    assert deliver_due(storage.outbox, {"wechat": post}, clock) == 3
    assert post.sent == [("阿丽", "一"), ("阿丽", "二"), ("阿丽", "三")]
    assert states(storage) == ["sent"] * 3
    assert {(row.attempts, row.sent_at, row.token) for row in rows(storage)} == {(1, clock.time, None)}
    assert deliver_due(storage.outbox, {"wechat": post}, clock) == 0


def test_a_channel_that_is_pulled_is_not_pushed(storage: Storage, clock: Clock) -> None:
    say(storage, message("m1"), "一", "二")
    assert deliver_due(storage.outbox, {"wechat": Post()}, clock) == 0
    assert deliver_due(storage.outbox, {}, clock) == 0
    conversation = kept(storage).id
    storage.outbox.acknowledge(conversation, 2)
    assert states(storage) == ["delivered", "queued"]
    storage.outbox.acknowledge(conversation, 3)
    storage.outbox.acknowledge(conversation, 3)
    assert states(storage) == ["delivered", "delivered"]
    assert rows(storage)[0].sent_at == clock.time


def test_a_later_row_waits_until_the_earlier_one_is_final(storage: Storage, clock: Clock) -> None:
    say(storage, wechat("m1"), "一", "二")
    say(storage, wechat("m2", "老王"), "另一个")
    first = lease(storage)
    assert first is not None
    seen = {first.reply.text}
    other = lease(storage)
    assert other is not None and other.recipient != first.recipient
    assert lease(storage) is None
    storage.outbox.settle(first, Outcome("queued", "busy", clock.time + timedelta(minutes=1)), clock())
    assert lease(storage) is None
    clock.move(minutes=1)
    again = lease(storage)
    assert again is not None and again.reply.text in seen and again.attempts == 2


def test_a_failure_is_tried_again_with_growing_pauses(storage: Storage, clock: Clock) -> None:
    say(storage, wechat("m1"), "一")
    post, times = Post(), []
    post.failures = [Temporary("-1"), Temporary("45011"), TimeoutError()]
    for _ in range(200):
        if deliver_due(storage.outbox, {"wechat": post}, clock):
            times.append((clock.time, rows(storage)[0].last_error))
        clock.move(seconds=5)
    first = times[0][0]
    assert [((at - first).total_seconds(), code) for at, code in times] == [
        (0, "-1"),
        (5, "45011"),
        (35, "TimeoutError"),
        (155, "TimeoutError"),
    ]
    assert post.texts == ["一"] and states(storage) == ["sent"]


def test_what_the_platform_asks_for_is_waited(storage: Storage, clock: Clock) -> None:
    say(storage, wechat("m1"), "一")
    post = Post()
    post.failures = [Temporary("429", timedelta(minutes=7))]
    deliver_due(storage.outbox, {"wechat": post}, clock)
    assert rows(storage)[0].due_at == clock.time + timedelta(minutes=7)


def test_a_permanent_failure_ends_the_row_and_lets_the_next_one_go(storage: Storage, clock: Clock) -> None:
    say(storage, wechat("m1"), "一", "二")
    post = Post()
    post.failures = [Permanent("43019")]
    assert deliver_due(storage.outbox, {"wechat": post}, clock) == 2
    assert [(row.state, row.last_error) for row in rows(storage)] == [("failed", "43019"), ("sent", None)]


def test_what_fails_too_often_fails_for_good(storage: Storage, clock: Clock) -> None:
    say(storage, wechat("m1"), "一", "二")
    post = Post()
    post.failures = [Temporary("-1")] * MOST_ATTEMPTS
    for _ in range(MOST_ATTEMPTS):
        deliver_due(storage.outbox, {"wechat": post}, clock)
        clock.move(days=1)
    assert states(storage) == ["failed", "sent"]


def test_a_crash_between_lease_and_send_is_swept_up_once(storage: Storage, clock: Clock) -> None:
    say(storage, wechat("m1"), "一")
    lost = lease(storage)
    assert lost is not None
    post, channels = Post(), {}
    channels = {"wechat": post}
    clock.move(seconds=(LEASE + GRACE).total_seconds())
    assert sweep(storage.outbox, channels, clock) == 0  # a slow worker is not a dead one
    clock.move(seconds=1)
    assert storage.outbox.requeue(clock() - GRACE) == 1
    assert storage.outbox.requeue(clock() - GRACE) == 0
    assert sweep(storage.outbox, channels, clock) == 1
    assert post.texts == ["一"]
    storage.outbox.settle(lost, Outcome("failed", "late"), clock())
    assert states(storage) == ["sent"]


def test_a_row_that_ends_its_worker_every_time_fails(storage: Storage, clock: Clock) -> None:
    say(storage, wechat("m1"), "一")
    for _ in range(MOST_ATTEMPTS):
        assert lease(storage) is not None
        clock.move(minutes=5)
        storage.outbox.requeue(clock() - GRACE)
    assert states(storage) == ["failed"]
    assert lease(storage) is None


def test_beside_a_row_only_its_conversation_is_sent(storage: Storage, clock: Clock) -> None:
    say(storage, wechat("m1"), "一", "二")
    say(storage, wechat("m2", "老王"), "别人的")
    last = next(
        row.id for row in rows(storage) if row.conversation == in_wechat(storage) and row.message == 3
    )
    post = Post()
    assert deliver_due(storage.outbox, {"wechat": post}, clock, last) == 2
    assert post.texts == ["一", "二"]


def test_nothing_of_the_assistants_goes_out_after_a_take_over(storage: Storage, clock: Clock) -> None:
    say(storage, wechat("m1"), "一", "二")
    conversation, post = in_wechat(storage), Post()
    take_over(storage, conversation)
    queued = speak(storage, conversation, "我是赵静")
    deliver_due(storage.outbox, {"wechat": post}, clock, queued)
    assert post.texts == ["我是赵静"]
    assert [(row.state, row.last_error) for row in rows(storage)] == [
        ("dropped", "taken_over"),
        ("dropped", "taken_over"),
        ("sent", None),
    ]


def test_giving_back_does_not_revive_what_was_overtaken(storage: Storage, clock: Clock) -> None:
    say(storage, wechat("m1"), "旧的")
    conversation, post = in_wechat(storage), Post()
    take_over(storage, conversation)
    give_back(storage, conversation)
    say(storage, wechat("m2"), "新的")
    deliver_due(storage.outbox, {"wechat": post}, clock)
    assert post.texts == ["新的"]


def test_a_newer_message_does_not_hold_back_an_older_answer(storage: Storage, clock: Clock) -> None:
    say(storage, wechat("m1"), "一")
    say(storage, wechat("m2"), "二")
    post = Post()
    deliver_due(storage.outbox, {"wechat": post}, clock)
    assert post.texts == ["一", "二"]


def test_what_is_just_being_sent_arrives_before_the_person_speaks(storage: Storage, clock: Clock) -> None:
    say(storage, wechat("m1"), "一")
    under_way, post = lease(storage), Post()
    assert under_way is not None
    conversation = in_wechat(storage)
    take_over(storage, conversation)
    speak(storage, conversation, "我是赵静")
    assert deliver_due(storage.outbox, {"wechat": post}, clock) == 0
    storage.outbox.settle(under_way, Outcome("sent"), clock())
    assert deliver_due(storage.outbox, {"wechat": post}, clock) == 1


def steps(storage: Storage, clock: Clock, seed: int, count: int) -> Iterator[str]:
    """Talks, takes over, gives back, sends, fails, crashes and sweeps at random; yields what reaches 阿丽."""
    chance = random.Random(seed)
    under_way: list[Leased] = []
    for step in range(count):
        match chance.choice(["talk", "talk", "take", "give", "lease", "lease", "settle", "settle", "clock"]):
            case "talk":
                say(storage, wechat(f"{seed}-{step}"), f"assistant {step}")
                if kept(storage, "阿丽", "wechat").holder == "person":
                    speak(storage, in_wechat(storage), f"hr {step}")
            case "take" if under_way == [] and storage.conversations.find("wechat", "阿丽"):
                if take_over(storage, in_wechat(storage)):
                    yield "take"
            case "give" if storage.conversations.find("wechat", "阿丽"):
                if give_back(storage, in_wechat(storage)):
                    yield "give"
            case "lease":
                leased = lease(storage)
                if leased is not None:
                    under_way.append(leased)
                    yield leased.reply.text
            case "settle" if under_way:
                outcome = chance.choice(
                    [Outcome("sent"), Outcome("queued", "busy", clock.time), Outcome("failed", "x")]
                )
                storage.outbox.settle(under_way.pop(), outcome, clock())
            case "clock":
                clock.move(minutes=3)
                under_way.clear()
                storage.outbox.requeue(clock() - GRACE)
            case _:
                pass


def check_steps(storage: Storage, clock: Clock, seed: int, count: int) -> None:
    holder, last = "assistant", -1
    for event in steps(storage, clock, seed, count):
        if event in ("take", "give"):
            holder = {"take": "person", "give": "assistant"}[event]
            continue
        author, number = event.split()
        assert int(number) >= last, "a later bubble was sent before an earlier one"
        assert not (author == "assistant" and holder == "person"), "the assistant spoke after a take-over"
        last = int(number)


@pytest.mark.parametrize("seed", range(3))
def test_at_random_order_and_take_over_hold(storage: Storage, clock: Clock, seed: int) -> None:
    check_steps(storage, clock, seed, 150)


@pytest.mark.soak
def test_ten_thousand_steps_at_random(storage: Storage, clock: Clock) -> None:
    check_steps(storage, clock, 4711, 10_000)


def test_two_workers_never_send_the_same_row(url: str, open_one: Open, clock: Clock) -> None:
    first, second = open_one(url), open_one(url)
    for i in range(6):
        say(first, wechat(f"m{i}", f"s{i}"), "一", "二", "三")
    posts = [Post(), Post()]
    together(
        [
            lambda storage=storage, post=post: deliver_due(storage.outbox, {"wechat": post}, clock)
            for storage, post in zip((first, second), posts, strict=True)
        ]
    )
    deliver_due(first.outbox, {"wechat": posts[0]}, clock)
    sent = posts[0].sent + posts[1].sent
    assert sorted(sent) == sorted((f"s{i}", text) for i in range(6) for text in "一二三")


def test_no_row_is_leased_twice_however_many_ask(storage: Storage) -> None:
    say(storage, wechat("m1"), "一")
    leases = together([lambda: lease(storage)] * 8)
    assert len([each for each in leases if each is not None]) == 1
    assert transcript(storage, "阿丽", "wechat")[1] == (2, "assistant", "一")
