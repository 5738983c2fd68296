"""Mutated callbacks of WeCom at their real address: refused or answered, never an error, never another answer."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from databases import Clock
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from local_wecom import bubble, make, read
from mutating import SEED, mutated
from platforms.callbacks import Fields
from platforms.envelope import write
from platforms.wecom import Member, WeCom

from bot.callback_views import create_blueprint
from bot.channels import Callback
from bot.channels.drawing import clean
from bot.channels.sealed import read_xml, word
from bot.channels.wecom import NAME, WeComApp
from bot.taking import Taking
from delivery.messages import Button, Reply
from storage.opening import Storage

pytest_plugins = ["databases", "local_wechat", "local_wecom"]

CARD = {"MsgType": "event", "Event": "template_card_event", "CardType": "button_interaction"}
MESSAGES: tuple[Fields, ...] = (
    {"MsgType": "text", "Content": "我工资3000，一家四口，交了社保低保还有吗", "MsgId": "4"},
    {"MsgType": "text", "Content": "😀 ]]> <b>&", "MsgId": "5"},
    {"MsgType": "event", "Event": "enter_agent", "EventKey": ""},
    {"MsgType": "event", "Event": "change_contact", "ChangeType": "delete_user", "UserID": "laozhou"},
    {"MsgType": "event", "Event": "unsubscribe", "EventKey": ""},
    {**CARD, "EventKey": "@7.0 在", "TaskId": "c1-7", "ResponseCode": "code"},
    {**CARD, "EventKey": "@7.0", "SelectedItems": {"SelectedItem": "1"}},
)
Post = Callable[[Callback], tuple[int, bytes]]


def signed(company: WeCom, cipher: str) -> Callback:
    """A callback whose signature is right, whatever its cipher is."""
    stamp, nonce = str(int(company.clock())), str(random.randrange(10**10))
    query = {
        "timestamp": stamp,
        "nonce": nonce,
        "msg_signature": company.envelope.sign(stamp, nonce, cipher),
    }
    return Callback(
        "POST", query, {}, write({"ToUserName": company.corp_id, "Encrypt": cipher, "AgentID": "1"})
    )


def changed(company: WeCom, laozhou: Member, chance: random.Random) -> Callback:
    """A callback, changed where it may hurt: inside, in the cipher, in the envelope, in the query."""
    inside = write(company.event(laozhou, chance.choice(MESSAGES)).fields)
    where = chance.randrange(4)
    if where == 0:
        return signed(company, company.envelope.encrypt(mutated(inside, chance)))
    callback = signed(company, company.envelope.encrypt(inside))
    if where == 1:
        cipher = base64.b64decode(word(read_xml(callback.body), "Encrypt"))
        return signed(company, base64.b64encode(mutated(cipher, chance)).decode())
    if where == 2:
        return replace(callback, body=mutated(callback.body, chance))
    name = chance.choice(sorted(callback.query))
    value = mutated(callback.query[name].encode(), chance).decode("utf-8", "replace")
    return replace(callback, query={**callback.query, name: value})


@pytest.fixture
def post(storage: Storage, wecom: WeComApp) -> Post:
    """The callback's address; any error in it is raised."""
    app = Flask("callbacks")
    app.testing = True
    app.register_blueprint(
        create_blueprint(Taking({NAME: wecom}, storage.inbox.store_all, lambda event: None))
    )
    client = app.test_client()

    def call(callback: Callback) -> tuple[int, bytes]:
        answer = client.post(f"/channels/{NAME}?{urlencode(callback.query)}", data=callback.body)
        return answer.status_code, answer.data

    return call


def fuzz(post: Post, company: WeCom, count: int) -> set[tuple[int, str]]:
    """Status and content of what is answered: nothing, or the change of the card that was tapped."""
    chance, laozhou = random.Random(SEED), company.member("LaoZhou", "周建国")
    found = set()
    for _ in range(count):
        status, body = post(changed(company, laozhou, chance))
        found.add((status, company.envelope.open_reply(body)["MsgType"] if body else ""))
    return found


def test_two_thousand_mutated_callbacks(post: Post, company: WeCom) -> None:
    assert fuzz(post, company, 2_000) == {(200, ""), (200, "update_button"), (403, "")}


@pytest.mark.soak
def test_a_hundred_thousand_mutated_callbacks(post: Post, company: WeCom) -> None:
    assert fuzz(post, company, 100_000) == {(200, ""), (200, "update_button"), (403, "")}


@given(st.text(st.characters()))
@example("]]>")
@example("a\x1db\x00\ud800\udc00\r\n&#x1d; <!DOCTYPE a> \ufffe")
@example("👩‍👧 𠮷󠄀 🇨🇳")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_comes_in_whole(storage: Storage, clock: Clock, text: str) -> None:
    """Through the platform's envelope; what no message may hold is taken out."""
    wecom = make(storage, "http://127.0.0.1:1")
    assert wecom is not None
    company = WeCom(clock=lambda: clock().timestamp())
    laozhou = company.member("LaoZhou", "周建国")
    with company.holding() as held:
        laozhou.write(text)
    wire = company.wire(held[0])
    (message,) = wecom.hear(Callback("POST", wire.query, wire.headers, wire.body)).messages
    assert message.text == clean(text)


@given(st.text(st.characters(), min_size=1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_any_text_is_sent_whole(wecom: WeComApp, company: WeCom, text: str) -> None:
    laozhou = company.member("LaoZhou", "周建国")
    for part in wecom.draw([bubble(Reply(f"你说：{text}。"), seq=len(company.calls) + 1)]):
        wecom.send("laozhou", part)
    assert "".join(read(laozhou)) == clean(f"你说：{text}。")


@given(st.lists(st.text(st.characters(), min_size=1, max_size=30), min_size=1, max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_any_button_can_be_answered(wecom: WeComApp, company: WeCom, titles: list[str]) -> None:
    """On a card, or in words: whatever stands on the buttons, the platform takes the message."""
    laozhou = company.member("LaoZhou", "周建国")
    asked = Reply("选哪一个？", tuple(Button(title, "choice=1") for title in titles))
    for part in wecom.draw([bubble(asked, seq=len(company.calls) + 1)]):
        wecom.send("laozhou", part)
    last = laozhou.phone.heard[-1]
    assert last.kind == "card" or all(clean(title).strip() in last.text for title in titles)
    assert (
        sum(call.answer is not None and b'"errcode": 0' not in call.answer.body for call in company.calls)
        == 0
    )
