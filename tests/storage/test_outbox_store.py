"""Rows of the outbox: sent in order, once, by whoever holds the lease; held back once a person took over."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from databases import Clock, Open
from sqlalchemy import select
from talking import Post, answer, give_back, kept, message, say, speak, take_over, together, transcript

from bot.dialogue.conversation import Conversation
from bot.receiving import receive
from delivery.outbox import GRACE, LEASE, MISSING, Leased, Outcome, deliver_due, sweep
from delivery.retries import MOST_ATTEMPTS
from delivery.sending import Permanent, Temporary, Unsure
from storage.opening import Storage
from storage.tables import outbox

pytest_plugins = ["databases"]


def rows(storage: Storage) -> list[Any]:
    with storage.database.read() as connection:
        return list(connection.execute(select(outbox).order_by(outbox.c.conversation, outbox.c.message)))


def states(storage: Storage) -> list[str]:
    return [row.state for row in rows(storage)]


def lease(storage: Storage, beside: str | None = None) -> Leased | None:
    return storage.outbox.lease(["wecom"], storage.now(), storage.now() + LEASE, beside)


def wecom(key: str, sender: str = "阿丽", text: str = "你好") -> Any:
    return message(key, text, sender, "wecom")


def in_wecom(storage: Storage, sender: str = "阿丽") -> str:
    return kept(storage, sender, "wecom").id


def test_replies_are_sent_in_order_to_their_sender(storage: Storage, clock: Clock) -> None:
    say(storage, wecom("m1"), "一", "二")
    say(storage, wecom("m2"), "三")
    post = Post()
    assert deliver_due(storage.outbox, {"wecom": post}, clock) == 3
    assert post.sent == [("阿丽", "一"), ("阿丽", "二"), ("阿丽", "三")]
    assert states(storage) == ["sent"] * 3
    assert {(row.attempts, row.sent_at, row.token) for row in rows(storage)} == {(1, clock.time, None)}
    assert deliver_due(storage.outbox, {"wecom": post}, clock) == 0


def test_a_channel_that_is_pulled_is_not_pushed(storage: Storage, clock: Clock) -> None:
    say(storage, message("m1"), "一", "二")
    assert deliver_due(storage.outbox, {"wecom": Post()}, clock) == 0
    assert deliver_due(storage.outbox, {}, clock) == 0
    conversation = kept(storage).id
    storage.outbox.acknowledge(conversation, 2)
    assert states(storage) == ["delivered", "queued"]
    storage.outbox.acknowledge(conversation, 3)
    storage.outbox.acknowledge(conversation, 3)
    assert states(storage) == ["delivered", "delivered"]
    assert rows(storage)[0].sent_at == clock.time


def test_a_later_row_waits_until_the_earlier_one_is_final(storage: Storage, clock: Clock) -> None:
    say(storage, wecom("m1"), "一", "二")
    say(storage, wecom("m2", "老王"), "另一个")
    first = lease(storage)
    assert first is not None
    seen = {first.bubbles[0].reply.text}
    other = lease(storage)
    assert other is not None and other.recipient != first.recipient
    assert lease(storage) is None
    storage.outbox.settle(first, Outcome("queued", "busy", clock.time + timedelta(minutes=1)), clock())
    assert lease(storage) is None
    clock.move(minutes=1)
    again = lease(storage)
    assert again is not None and again.bubbles[0].reply.text in seen and again.attempts == 2


def test_a_failure_is_tried_again_with_growing_pauses(storage: Storage, clock: Clock) -> None:
    say(storage, wecom("m1"), "一")
    post, times = Post(), []
    post.failures = [Temporary("-1"), Temporary("45011"), TimeoutError()]
    for _ in range(200):
        if deliver_due(storage.outbox, {"wecom": post}, clock):
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
    say(storage, wecom("m1"), "一")
    post = Post()
    post.failures = [Temporary("429", timedelta(minutes=7))]
    deliver_due(storage.outbox, {"wecom": post}, clock)
    assert rows(storage)[0].due_at == clock.time + timedelta(minutes=7)


def test_a_permanent_failure_ends_the_row_and_lets_the_next_one_go(storage: Storage, clock: Clock) -> None:
    say(storage, wecom("m1"), "一", "二")
    post = Post()
    post.failures = [Permanent("43019")]
    assert deliver_due(storage.outbox, {"wecom": post}, clock) == 2
    assert [(row.state, row.last_error) for row in rows(storage)] == [("failed", "43019"), ("sent", None)]


def test_what_fails_too_often_fails_for_good(storage: Storage, clock: Clock) -> None:
    say(storage, wecom("m1"), "一", "二")
    post = Post()
    post.failures = [Temporary("-1")] * MOST_ATTEMPTS
    for _ in range(MOST_ATTEMPTS):
        deliver_due(storage.outbox, {"wecom": post}, clock)
        clock.move(days=1)
    assert states(storage) == ["failed", "sent"]


def test_a_crash_between_lease_and_send_is_swept_up_once(storage: Storage, clock: Clock) -> None:
    say(storage, wecom("m1"), "一")
    lost = lease(storage)
    assert lost is not None
    post, channels = Post(), {}
    channels = {"wecom": post}
    clock.move(seconds=(LEASE + GRACE).total_seconds())
    assert sweep(storage.outbox, channels, clock) == 0  # a slow worker is not a dead one
    clock.move(seconds=1)
    assert storage.outbox.requeue(clock() - GRACE, ()) == 1
    assert storage.outbox.requeue(clock() - GRACE, ()) == 0
    assert sweep(storage.outbox, channels, clock) == 1
    assert post.texts == ["一"]
    storage.outbox.settle(lost, Outcome("failed", "late"), clock())
    assert states(storage) == ["sent"]


def test_a_row_that_ends_its_worker_every_time_fails(storage: Storage, clock: Clock) -> None:
    say(storage, wecom("m1"), "一")
    for _ in range(MOST_ATTEMPTS):
        assert lease(storage) is not None
        clock.move(minutes=5)
        storage.outbox.requeue(clock() - GRACE, ())
    assert states(storage) == ["failed"]
    assert lease(storage) is None


def test_beside_a_row_only_its_conversation_is_sent(storage: Storage, clock: Clock) -> None:
    say(storage, wecom("m1"), "一", "二")
    say(storage, wecom("m2", "老王"), "别人的")
    last = next(row.id for row in rows(storage) if row.conversation == in_wecom(storage) and row.message == 3)
    post = Post()
    assert deliver_due(storage.outbox, {"wecom": post}, clock, last) == 2
    assert post.texts == ["一", "二"]


def test_nothing_of_the_assistants_goes_out_after_a_take_over(storage: Storage, clock: Clock) -> None:
    say(storage, wecom("m1"), "一", "二")
    conversation, post = in_wecom(storage), Post()
    take_over(storage, conversation)
    queued = speak(storage, conversation, "我是赵静")
    deliver_due(storage.outbox, {"wecom": post}, clock, queued)
    assert post.texts == ["我是赵静"]
    assert [(row.state, row.last_error) for row in rows(storage)] == [
        ("dropped", "taken_over"),
        ("dropped", "taken_over"),
        ("sent", None),
    ]


def test_giving_back_does_not_revive_what_was_overtaken(storage: Storage, clock: Clock) -> None:
    say(storage, wecom("m1"), "旧的")
    conversation, post = in_wecom(storage), Post()
    take_over(storage, conversation)
    give_back(storage, conversation)
    say(storage, wecom("m2"), "新的")
    deliver_due(storage.outbox, {"wecom": post}, clock)
    assert post.texts == ["新的"]


def test_a_newer_message_does_not_hold_back_an_older_answer(storage: Storage, clock: Clock) -> None:
    say(storage, wecom("m1"), "一")
    say(storage, wecom("m2"), "二")
    post = Post()
    deliver_due(storage.outbox, {"wecom": post}, clock)
    assert post.texts == ["一", "二"]


def test_what_is_just_being_sent_arrives_before_the_person_speaks(storage: Storage, clock: Clock) -> None:
    say(storage, wecom("m1"), "一")
    under_way, post = lease(storage), Post()
    assert under_way is not None
    conversation = in_wecom(storage)
    take_over(storage, conversation)
    speak(storage, conversation, "我是赵静")
    assert deliver_due(storage.outbox, {"wecom": post}, clock) == 0
    storage.outbox.settle(under_way, Outcome("sent"), clock())
    assert deliver_due(storage.outbox, {"wecom": post}, clock) == 1


def test_a_long_answer_goes_on_where_it_stopped(storage: Storage, clock: Clock) -> None:
    say(storage, wecom("m1"), "一\n二\n三", "四")
    post = Post()
    post.failures = [None, Temporary("-1")]
    deliver_due(storage.outbox, {"wecom": post}, clock)
    assert post.texts == ["一"] and rows(storage)[0].parts == 1
    clock.move(minutes=1)
    deliver_due(storage.outbox, {"wecom": post}, clock)
    assert post.texts == ["一", "二", "三", "四"] and states(storage) == ["sent", "sent"]


def test_a_take_over_between_two_parts_ends_the_answer(storage: Storage, clock: Clock) -> None:
    say(storage, wecom("m1"), "一\n二")
    leased = lease(storage)
    assert leased is not None and storage.outbox.begin(leased, 0)
    take_over(storage, in_wecom(storage))
    assert not storage.outbox.begin(leased, 1)
    storage.outbox.settle(leased, Outcome("dropped", "taken_over", done=1), clock())
    assert states(storage) == ["dropped"]


def test_what_may_have_arrived_is_not_said_again_but_the_employee_is_told(
    storage: Storage, clock: Clock
) -> None:
    say(storage, wecom("m1"), "交了以后还在线内。", "还有吗？")
    post = Post()
    post.failures = [Unsure("ReadTimeout")]
    deliver_due(storage.outbox, {"wecom": post}, clock)
    assert post.texts == ["还有吗？", MISSING]
    assert [row.state for row in rows(storage)] == ["unsure", "sent", "sent"]


def test_a_crash_while_sending_leaves_one_line_and_no_repetition(storage: Storage, clock: Clock) -> None:
    say(storage, wecom("m1"), "交了以后还在线内。")
    leased = lease(storage)
    assert leased is not None and storage.outbox.begin(leased, 0)
    clock.move(minutes=5)
    post = Post()
    sweep(storage.outbox, {"wecom": post}, clock)
    sweep(storage.outbox, {"wecom": post}, clock)
    assert post.texts == [MISSING] and states(storage) == ["unsure", "sent"]


def test_of_the_line_itself_nothing_is_told(storage: Storage, clock: Clock) -> None:
    say(storage, wecom("m1"), "一")
    post = Post()
    post.failures = [Unsure("ReadTimeout"), Unsure("ReadTimeout")]
    deliver_due(storage.outbox, {"wecom": post}, clock)
    assert states(storage) == ["unsure", "unsure"]


def test_where_the_platform_recognises_it_a_crash_while_sending_sends_again(
    storage: Storage, clock: Clock
) -> None:
    say(storage, wecom("m1"), "一")
    leased = lease(storage)
    assert leased is not None and storage.outbox.begin(leased, 0)
    clock.move(minutes=5)
    post = Post(repeats=True)
    sweep(storage.outbox, {"wecom": post}, clock)
    assert post.texts == ["一"] and states(storage) == ["sent"]


def test_what_was_said_last_is_said_again_when_asked_for(storage: Storage, clock: Clock) -> None:
    state = Conversation().as_json()
    receive(wecom("m1"), storage.conversations, answer("交了以后还在线内。", "还有吗？", state=state))
    post = Post()
    post.failures = [Unsure("ReadTimeout")]
    deliver_due(storage.outbox, {"wecom": post}, clock)
    again = receive(wecom("m2", text="再说一遍"), storage.conversations, answer("没听懂", state=state))
    assert [reply.text for reply in again.replies] == ["交了以后还在线内。", "还有吗？"]


def steps(storage: Storage, clock: Clock, seed: int, count: int) -> Iterator[str]:
    """Talks, takes over, gives back, sends, fails, crashes and sweeps at random; yields what reaches 阿丽."""
    chance = random.Random(seed)
    under_way: list[Leased] = []
    for step in range(count):
        match chance.choice(["talk", "talk", "take", "give", "lease", "lease", "settle", "settle", "clock"]):
            case "talk":
                say(storage, wecom(f"{seed}-{step}"), f"assistant {step}")
                if kept(storage, "阿丽", "wecom").holder == "person":
                    speak(storage, in_wecom(storage), f"hr {step}")
            case "take" if under_way == [] and storage.conversations.find("wecom", "阿丽"):
                if take_over(storage, in_wecom(storage)):
                    yield "take"
            case "give" if storage.conversations.find("wecom", "阿丽"):
                if give_back(storage, in_wecom(storage)):
                    yield "give"
            case "lease":
                leased = lease(storage)
                if leased is not None:
                    under_way.append(leased)
                    yield leased.bubbles[0].reply.text
            case "settle" if under_way:
                outcome = chance.choice(
                    [Outcome("sent"), Outcome("queued", "busy", clock.time), Outcome("failed", "x")]
                )
                storage.outbox.settle(under_way.pop(), outcome, clock())
            case "clock":
                clock.move(minutes=3)
                under_way.clear()
                storage.outbox.requeue(clock() - GRACE, ())
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
        say(first, wecom(f"m{i}", f"s{i}"), "一", "二", "三")
    posts = [Post(), Post()]
    together(
        [
            lambda storage=storage, post=post: deliver_due(storage.outbox, {"wecom": post}, clock)
            for storage, post in zip((first, second), posts, strict=True)
        ]
    )
    deliver_due(first.outbox, {"wecom": posts[0]}, clock)
    sent = posts[0].sent + posts[1].sent
    assert sorted(sent) == sorted((f"s{i}", text) for i in range(6) for text in "一二三")


def test_no_row_is_leased_twice_however_many_ask(storage: Storage) -> None:
    say(storage, wecom("m1"), "一")
    leases = together([lambda: lease(storage)] * 8)
    assert len([each for each in leases if each is not None]) == 1
    assert transcript(storage, "阿丽", "wecom")[1] == (2, "assistant", "一")
