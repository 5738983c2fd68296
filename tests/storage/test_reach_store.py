"""The ledger of reach: what a channel still takes, what waits until the employee writes, what is joined when few are left."""

from __future__ import annotations

from datetime import timedelta

import pytest
from databases import Clock
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from talking import Post, kept, message, say

from bot.receiving import Said, receive
from delivery.messages import Button, IncomingMessage, Kind, Reply
from delivery.outbox import deliver_due
from delivery.reach import GRANTS, LOW
from delivery.sending import Closed, Permanent, Temporary
from storage.opening import Storage
from storage.tables import outbox

pytest_plugins = ["databases"]


def wechat(key: str, kind: Kind = "text", text: str = "在吗") -> IncomingMessage:
    return IncomingMessage("wechat", "阿丽", key, text, kind=kind)


def conversation(storage: Storage) -> str:
    return kept(storage, "阿丽", "wechat").id


def states(storage: Storage) -> list[str]:
    with storage.database.read() as connection:
        return list(connection.execute(select(outbox.c.state).order_by(outbox.c.message)).scalars())


def left(storage: Storage) -> int | None:
    return storage.reach.of(conversation(storage), storage.now()).left


def test_a_message_grants_five_answers_within_two_days(storage: Storage, clock: Clock) -> None:
    say(storage, wechat("m1"), "一")
    reach = storage.reach.of(conversation(storage), clock())
    assert (reach.left, reach.until) == (5, clock.time + timedelta(hours=48))
    deliver_due(storage.outbox, {"wechat": Post()}, clock)
    assert left(storage) == 4
    clock.move(hours=48)
    assert not storage.reach.of(conversation(storage), clock()).open_at(clock())


def test_what_is_stored_counts_from_then_and_once(storage: Storage, clock: Clock) -> None:
    storage.inbox.store(wechat("m1"))
    deliver_due(storage.outbox, {"wechat": Post()}, clock)
    clock.move(hours=2)
    say(storage, wechat("m1"), "一")
    assert storage.reach.of(conversation(storage), clock()).until == clock.time + timedelta(hours=46)


def test_a_tap_grants_three_for_a_minute_beside_what_is_left(storage: Storage, clock: Clock) -> None:
    say(storage, wechat("m1"), *"一二三")
    deliver_due(storage.outbox, {"wechat": Post()}, clock)
    say(storage, wechat("m2", "tap"))
    assert left(storage) == 3
    clock.move(minutes=1)
    assert left(storage) == 2


def test_an_answer_out_of_the_window_waits_until_the_employee_writes(storage: Storage, clock: Clock) -> None:
    say(storage, wechat("m1"), "一")
    clock.move(hours=49)
    post = Post()
    assert deliver_due(storage.outbox, {"wechat": post}, clock) == 0
    say(storage, wechat("m2"), "二")
    deliver_due(storage.outbox, {"wechat": post}, clock)
    assert post.texts == ["一", "二"]


@pytest.mark.parametrize("error", [Closed("45015"), Closed("45047")])
def test_where_the_platform_says_so_the_answer_waits_too(
    storage: Storage, clock: Clock, error: Closed
) -> None:
    say(storage, wechat("m1"), "一")
    post = Post()
    post.failures = [error]
    deliver_due(storage.outbox, {"wechat": post}, clock)
    clock.move(hours=1)
    assert deliver_due(storage.outbox, {"wechat": post}, clock) == 0 and states(storage) == ["queued"]
    assert storage.reach.of(conversation(storage), clock()).gone == error.code
    say(storage, wechat("m2"), "二")
    deliver_due(storage.outbox, {"wechat": post}, clock)
    assert post.texts == ["一", "二"]


def test_nothing_is_tried_where_the_employee_has_left(storage: Storage, clock: Clock) -> None:
    say(storage, wechat("m1"), "一", "二")
    post = Post()
    post.failures = [Permanent("43019", gone=True)]
    assert deliver_due(storage.outbox, {"wechat": post}, clock) == 1
    assert states(storage) == ["failed", "queued"]


def test_leaving_is_noted_and_answered_by_nobody(storage: Storage, clock: Clock) -> None:
    say(storage, wechat("m1"), "一")
    assert storage.inbox.store(wechat("m2", "left", "")) is None
    assert storage.reach.of(conversation(storage), clock()).gone == "left"
    assert storage.inbox.take_next(clock(), clock() + timedelta(minutes=1), None) is None
    assert storage.inbox.store(wechat("m3", "start", "")) is not None
    assert storage.reach.of(conversation(storage), clock()).open_at(clock())


def test_of_what_came_at_once_the_last_says_whether_they_can_be_reached(
    storage: Storage, clock: Clock
) -> None:
    storage.inbox.store_all([wechat("m1"), wechat("m2", "left", ""), wechat("m3", "start", "")])
    assert storage.reach.of(conversation(storage), clock()).open_at(clock())
    assert left(storage) == 5
    storage.inbox.store_all([wechat("m4"), wechat("m5", "left", "")])
    assert storage.reach.of(conversation(storage), clock()).gone == "left"


def test_when_few_are_left_what_waits_goes_out_together(storage: Storage, clock: Clock) -> None:
    say(storage, wechat("m1"), *"一二三四五六七")
    post = Post()
    deliver_due(storage.outbox, {"wechat": post}, clock)
    assert post.texts == ["一", "二", "三", "四+五+六+七"] and left(storage) == 5 - 4
    assert states(storage) == ["sent"] * 7


def test_what_was_begun_together_goes_on_together(storage: Storage, clock: Clock) -> None:
    say(storage, wechat("m1"), *"一二三四五")
    post = Post()
    post.failures = [None, None, None, Temporary("-1")]
    deliver_due(storage.outbox, {"wechat": post}, clock)
    assert states(storage) == ["sent"] * 3 + ["queued"] * 2
    clock.move(minutes=1)
    deliver_due(storage.outbox, {"wechat": post}, clock)
    assert post.texts == ["一", "二", "三", "四+五"]


def test_the_goodbye_after_erasing_arrives(storage: Storage, clock: Clock) -> None:
    say(storage, wechat("m1"), "一")
    say(storage, wechat("m2"), "都删了。", erase=True)
    post = Post()
    deliver_due(storage.outbox, {"wechat": post}, clock)
    assert post.texts == ["都删了。"]


def test_a_channel_without_a_window_is_always_open(storage: Storage, clock: Clock) -> None:
    say(storage, message("m1", channel="wecom"), "一")
    reach = storage.reach.of(kept(storage, "阿丽", "wecom").id, clock())
    assert reach.open_at(clock()) and reach.left is None and reach.until is None


@given(st.lists(st.sampled_from(["text", "tap", "send", "minute", "day"]), max_size=12))
def test_no_more_is_sent_than_the_platform_takes(happened: list[str]) -> None:
    """The ledger by its own rules against a platform that keeps one number, refreshed to the larger one."""
    assert max(grant.messages for grant in GRANTS["wechat"].values()) > LOW
    grants: dict[str, tuple[int, int]] = {}
    platform_left, platform_until, now = 0, 0, 0
    for each in happened:
        match each:
            case "text" | "tap":
                grant = GRANTS["wechat"][each]  # type: ignore[index]
                until = now + int(grant.span.total_seconds())
                grants[grant.name] = (until, grant.messages)
                live = platform_left if now < platform_until else 0
                platform_left = max(live, grant.messages)
                platform_until = max(platform_until, until)
            case "send" if any(until > now and count for until, count in grants.values()):
                assert platform_left > 0 and now < platform_until
                platform_left -= 1
                grants = {
                    name: (until, count - (until > now and count > 0))
                    for name, (until, count) in grants.items()
                }
            case "minute":
                now += 60
            case "day":
                now += 86_400


def test_a_button_by_its_place_is_the_button(storage: Storage) -> None:
    heard: list[IncomingMessage] = []
    asks = Said({}, (Reply("户口在哪？", (Button("农村", "area=rural"), Button("城镇", "area=urban"))),))
    receive(wechat("m1"), storage.conversations, lambda kept, message: asks)
    for key, payload in (("m2", "@2.1"), ("m3", "@2.7"), ("m4", "@1.0"), ("m5", "@99.0")):
        tap = IncomingMessage("wechat", "阿丽", key, "城镇", payload, kind="tap")
        receive(tap, storage.conversations, lambda kept, message: heard.append(message) or Said({}, ()))
    assert [(each.text, each.payload) for each in heard] == [("城镇", "area=urban")] + [("城镇", "")] * 3
