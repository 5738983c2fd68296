"""Mutated callbacks of the official account at its real address: refused or answered, never an error, never another answer."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

import pytest
import wechat_side as side
from databases import Clock
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from local_wechat import base, make
from mutating import SEED, mutated
from platforms import wechat as local
from platforms.wechat import WeChat

from bot.callback_views import LARGEST_BODY, create_blueprint
from bot.channels import Callback
from bot.channels.drawing import clean
from bot.channels.sealed import read_xml, word
from bot.channels.wechat import NAME
from bot.taking import Taking
from delivery.messages import Reply
from delivery.sending import Outgoing
from storage.opening import Storage

pytest_plugins = ["databases", "local_wechat"]

EVENT = {"ToUserName": side.ACCOUNT, "FromUserName": side.ALI, "CreateTime": "1", "MsgType": "event"}
MESSAGES = (
    side.text_xml("我工资3000，一家四口，交了社保低保还有吗"),
    side.text_xml("😀 ]]> <b>&"),
    side.message_xml({**EVENT, "Event": "subscribe", "EventKey": "qrscene_ABCD2345"}),
    side.message_xml({**EVENT, "Event": "CLICK", "EventKey": "topic=hr"}),
    side.text_xml("在").replace("</xml>", "<bizmsgmenuid>@7.0</bizmsgmenuid></xml>"),
    side.text_xml("").replace("text", "voice").replace("</xml>", "<Recognition>四口</Recognition></xml>"),
)


def resealed(inside: bytes, now: Clock) -> Callback:
    """A callback that is rightly sealed and signed, whatever is inside."""
    crypto = side.envelope()
    return side.signed(crypto.encrypt(inside), now())


def changed(now: Clock, chance: random.Random) -> Callback:
    """A callback, changed where it may hurt: inside, in the cipher, in the envelope, in the query."""
    xml = chance.choice(MESSAGES)
    where = chance.randrange(4)
    if where == 0:
        return resealed(mutated(xml.encode(), chance), now)
    callback = resealed(xml.encode(), now)
    if where == 1:
        cipher = base64.b64decode(word(read_xml(callback.body), "Encrypt"))
        return side.signed(base64.b64encode(mutated(cipher, chance)).decode(), now())
    if where == 2:
        return replace(callback, body=mutated(callback.body, chance))
    name = chance.choice(sorted(callback.query))
    value = mutated(callback.query[name].encode(), chance).decode("utf-8", "replace")
    return replace(callback, query={**callback.query, name: value})


@pytest.fixture
def client(storage: Storage) -> FlaskClient:
    """The callback's address; any error in it is raised."""
    account = make(storage, "http://127.0.0.1:1", APP_ID=side.APP_ID, TOKEN=side.TOKEN, AES_KEY=side.AES_KEY)
    assert account is not None
    app = Flask("callbacks")
    app.testing = True
    taking = Taking({NAME: account}, storage.inbox.store_all, lambda event: None)
    app.register_blueprint(create_blueprint(taking))
    return app.test_client()


@pytest.fixture
def post(client: FlaskClient) -> Callable[[Callback], tuple[int, bytes]]:
    def call(callback: Callback) -> tuple[int, bytes]:
        answer = client.post(f"/channels/{NAME}?{urlencode(callback.query)}", data=callback.body)
        return answer.status_code, answer.data

    return call


def fuzz(post: Callable[[Callback], tuple[int, bytes]], clock: Clock, count: int) -> set[tuple[int, bytes]]:
    chance = random.Random(SEED)
    return {post(changed(clock, chance)) for _ in range(count)}


def test_two_thousand_mutated_callbacks(post: Callable[[Callback], tuple[int, bytes]], clock: Clock) -> None:
    assert fuzz(post, clock, 2_000) == {(200, b"success"), (403, b"")}


@pytest.mark.soak
def test_a_hundred_thousand_mutated_callbacks(
    post: Callable[[Callback], tuple[int, bytes]], clock: Clock
) -> None:
    assert fuzz(post, clock, 100_000) == {(200, b"success"), (403, b"")}


def test_a_body_that_is_too_large_is_not_read(
    post: Callable[[Callback], tuple[int, bytes]], clock: Clock
) -> None:
    callback = side.sealed(side.text_xml("好"), clock())
    status, _ = post(replace(callback, body=b"x" * (LARGEST_BODY + 1)))
    assert status == 413


@given(st.text(st.characters()))
@example("]]>")
@example("a\x1db\x00\ud800\udc00\r\n&#x1d; <!DOCTYPE a> \ufffe")
@example("👩‍👧 𠮷󠄀 🇨🇳")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_comes_in_and_goes_out_whole(storage: Storage, clock: Clock, text: str) -> None:
    """Through the platform's envelope, in both directions; what no message may hold is taken out."""
    account = make(storage, "http://127.0.0.1:1", REPLY_MODE="mixed")
    assert account is not None
    platform = WeChat(clock=lambda: clock().timestamp())
    ali = platform.follower("阿丽")
    ali.following = True
    with platform.holding() as held:
        ali.write(text)
    wire = platform.wire(held[0])
    heard = account.hear(Callback("POST", wire.query, wire.headers, wire.body))
    (message,) = heard.messages
    assert message.text == clean(text)
    bubble = Outgoing("c1", 1, "assistant", Reply(f"你说：{text}。"))
    (part, *_) = account.draw((bubble,))
    assert heard.inside is not None
    reply = platform.envelope.open_reply(heard.inside.reply(part, False).body)
    assert (reply["ToUserName"], reply["FromUserName"]) == (ali.openid, local.ACCOUNT)
    assert reply["Content"] == clean(f"你说：{text}。")


@given(st.text(st.characters(), min_size=1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_any_text_is_sent_whole(storage: Storage, platform: WeChat, text: str) -> None:
    account = make(storage, base(platform))
    assert account is not None
    ali = platform.follower("阿丽")
    with platform.holding():  # follows, and nobody is told
        ali.follow()
    (part, *_) = account.draw((Outgoing("c1", 1, "assistant", Reply(f"你说：{text}。")),))
    account.send(ali.openid, part)
    assert ali.phone.heard[0].text == clean(f"你说：{text}。")
