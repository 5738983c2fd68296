"""The envelope of WeChat and WeCom, against wechatpy as it ships and against what people have sent it."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import wechat_side as side
from databases import Clock
from hypothesis import example, given
from hypothesis import strategies as st
from wechatpy.crypto import PrpCrypto

from bot.channels import Refused
from bot.channels.drawing import cdata, clean
from bot.channels.sealed import DELIVERIES, FRESH, Envelope, digest, read_xml, word


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def envelope(clock: Clock) -> Envelope:
    return Envelope(side.TOKEN, side.AES_KEY, side.APP_ID, clock)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as error:
        act()
    return error.value.code


def test_what_the_platform_seals_is_read(envelope: Envelope, clock: Clock) -> None:
    tags = envelope.open(side.sealed(side.text_xml("我工资3000，一家四口"), clock()))
    assert (tags["FromUserName"], tags["MsgType"], tags["Content"]) == (
        side.ALI,
        "text",
        "我工资3000，一家四口",
    )


def test_what_we_seal_the_platform_reads(envelope: Envelope) -> None:
    assert (
        side.opened(envelope.seal("<xml><Content>好的</Content></xml>"))
        == "<xml><Content>好的</Content></xml>"
    )


def test_w8_each_of_our_envelopes_begins_otherwise(
    envelope: Envelope, monkeypatch: pytest.MonkeyPatch
) -> None:
    """wechatpy takes its sixteen bytes from a generator that can be foreseen."""
    random.seed(1)
    first = envelope.seal("<xml/>")
    random.seed(1)
    assert envelope.seal("<xml/>") != first


def test_w8_another_signature_is_refused(envelope: Envelope, clock: Clock) -> None:
    callback = side.sealed(side.text_xml("好"), clock())
    for name in ("msg_signature", "timestamp", "nonce"):
        told = {**callback.query, name: "1" + callback.query[name][1:] + "0"}
        assert refusal(lambda told=told: envelope.open(replace(callback, query=told))) == "signature"
        del told[name]
        assert refusal(lambda told=told: envelope.open(replace(callback, query=told))) == "unsigned"
    told = {**callback.query, "msg_signature": "签" * 40}
    assert refusal(lambda: envelope.open(replace(callback, query=told))) == "signature"


@pytest.mark.parametrize("seconds", [-1, 1])
def test_w8_a_callback_of_another_time_is_refused(envelope: Envelope, clock: Clock, seconds: int) -> None:
    late = clock() - FRESH * seconds - timedelta(seconds=seconds)
    assert refusal(lambda: envelope.open(side.sealed(side.text_xml("好"), late))) == "stale"
    assert envelope.open(side.sealed(side.text_xml("好"), clock() - FRESH * seconds))


def test_w8_a_callback_comes_as_often_as_the_platform_delivers_it(envelope: Envelope, clock: Clock) -> None:
    callback = side.sealed(side.text_xml("好"), clock())
    for _ in range(DELIVERIES):
        assert word(envelope.open(callback), "Content") == "好"
    assert refusal(lambda: envelope.open(callback)) == "replayed"
    assert envelope.open(side.sealed(side.text_xml("好"), clock()))  # another one, of the same words


def test_w8_the_memory_of_callbacks_is_bounded(
    envelope: Envelope, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.sealed.REMEMBERED", 3)
    callbacks = [side.sealed(side.text_xml("好"), clock()) for _ in range(4)]
    for callback in callbacks:
        for _ in range(DELIVERIES):
            envelope.open(callback)
    assert len(envelope._seen._counts) == 3
    assert refusal(lambda: envelope.open(callbacks[-1])) == "replayed"
    clock.move(minutes=4)
    clock.move(minutes=8)
    envelope.open(side.sealed(side.text_xml("好"), clock()))
    assert len(envelope._seen._counts) == 1


def test_a_body_that_is_not_sealed_is_refused(envelope: Envelope, clock: Clock) -> None:
    callback = side.sealed(side.text_xml("好"), clock())
    plain = side.with_body(callback, side.text_xml("好").encode())
    assert refusal(lambda: envelope.open(plain)) == "not_sealed"
    both = side.with_body(callback, callback.body.replace(b"</xml>", b"<Content>x</Content></xml>"))
    assert refusal(lambda: envelope.open(both)) == "not_sealed"


def test_an_envelope_for_somebody_else_is_refused(envelope: Envelope, clock: Clock) -> None:
    other = side.sealed(side.text_xml("好"), clock(), receiver="wx0000000000000000")
    assert refusal(lambda: envelope.open(other)) == "receiver"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"success",
        b"{}",
        b"<xml/>",
        b"<xml></xml>",
        b"<xml>",
        b"<xml><ToUserName>gh</ToUserName></xml>",
        b"<xml><Encrypt/></xml>",
        b"<xml><Encrypt>a</Encrypt><Encrypt>b</Encrypt></xml>",
        b"<xml><Encrypt><A>b</A></Encrypt></xml>",
        b"\xff\xfe\x00",
        b"<xml>" * 10_000,
    ],
)
def test_w7_a_body_that_is_no_envelope_is_refused(envelope: Envelope, clock: Clock, body: bytes) -> None:
    callback = side.with_body(side.sealed(side.text_xml("好"), clock()), body)
    assert refusal(lambda: envelope.open(callback)) in ("not_sealed", "signature")


def broken_ciphers() -> list[str]:
    cipher = PrpCrypto(base64.b64decode(side.AES_KEY + "="))
    short = cipher.cipher.encrypt(b"r" * 16 + (10**6).to_bytes(4, "big") + b"x" * 11 + b"\x01")
    unpadded = cipher.cipher.encrypt(b"r" * 16 + (0).to_bytes(4, "big") + b"x" * 12)
    whole = base64.b64decode(cipher.encrypt("<xml/>", side.APP_ID))
    raw = [short, unpadded, whole[:-16], whole[:-1], b"r" * 16, b"r" * 32, b""]
    return [*(base64.b64encode(each).decode() for each in raw), "no base64!", "签", "===="]


@pytest.mark.parametrize("cipher", broken_ciphers(), ids=range(len(broken_ciphers())))
def test_w7_a_broken_cipher_is_refused(envelope: Envelope, clock: Clock, cipher: str) -> None:
    callback = side.signed(cipher, clock())
    assert refusal(lambda: envelope.open(callback)) in ("cipher", "not_sealed", "receiver")


@pytest.mark.parametrize(
    "xml",
    [
        "",
        "<xml/>",
        "<xml><MsgType>text",
        "{}",
        "<!DOCTYPE xml [<!ENTITY a 'b'>]><xml><MsgType>&a;</MsgType></xml>",
        "<!DOCTYPE xml SYSTEM 'file:///etc/passwd'><xml><MsgType>text</MsgType></xml>",
        "<xml>" + "<A>" * 1000 + "</A>" * 1000 + "</xml>",
    ],
)
def test_w7_a_signed_message_that_cannot_be_read_is_empty(envelope: Envelope, clock: Clock, xml: str) -> None:
    assert envelope.open(side.sealed(xml, clock())) == {}


def test_w7_a_control_character_does_not_cost_the_message(envelope: Envelope, clock: Clock) -> None:
    xml = side.text_xml("好").replace("好", "好\x1d的<![CDATA[&#29; <!DOCTYPE xml>]]>")
    assert word(envelope.open(side.sealed(xml, clock())), "Content") == "好的&#29; <!DOCTYPE xml>"
    xml = side.text_xml("好").replace("好", "好&#29;的&#xD800;&#x1F600;&#;")
    assert word(envelope.open(side.sealed(xml, clock())), "Content") == "好的😀"


def test_w7_half_a_character_does_not_cost_the_message() -> None:
    assert read_xml(b"<xml><A>a\xed\xa0\x80b\xff</A></xml>") == {"A": "ab"}


def test_w7_a_repeated_tag_is_no_text() -> None:
    tags = read_xml(b"<xml><MsgType>text</MsgType><MsgType>event</MsgType><A>1</A></xml>")
    assert (word(tags, "MsgType"), word(tags, "A"), word(tags, "B")) == ("", "1", "")


@given(st.text(st.characters()))
@example("]]>")
@example("<xml>]]></xml>\x1d\ud800😀\r\n\ufffe")
def test_whatever_is_said_comes_through_or_is_cleaned(text: str) -> None:
    clock = Clock()
    envelope = Envelope(side.TOKEN, side.AES_KEY, side.APP_ID, clock)
    inside = f"<xml><Content>{cdata(text)}</Content></xml>"
    assert word(read_xml(side.opened(envelope.seal(inside)).encode()), "Content") == clean(text)
    assert word(envelope.open(side.sealed(inside, clock())), "Content") == clean(text)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_as_something(body: bytes) -> None:
    assert isinstance(read_xml(body), dict)
    assert isinstance(read_xml(b"<xml><A>" + body + b"</A></xml>"), dict)


def test_a_digest_is_that_of_the_tags() -> None:
    first, again = (
        read_xml(b"<xml><A>1</A><B>2</B></xml>"),
        read_xml(b"<xml><B>2</B>\n<A><![CDATA[1]]></A></xml>"),
    )
    assert digest(first) == digest(again) != digest(read_xml(b"<xml><A>1</A><B>3</B></xml>"))


def test_the_account_proves_its_address(envelope: Envelope, clock: Clock) -> None:
    timestamp = str(int(clock().timestamp()))
    query = {
        "signature": side.signature(side.TOKEN, timestamp, "n"),
        "timestamp": timestamp,
        "nonce": "n",
        "echostr": "42",
    }
    callback = replace(side.sealed("<xml/>", clock()), method="GET", query=query)
    assert envelope.plain_echo(callback) == b"42"
    assert (
        refusal(lambda: envelope.plain_echo(replace(callback, query={**query, "nonce": "o"}))) == "signature"
    )


def test_wecom_proves_its_address(envelope: Envelope, clock: Clock) -> None:
    echo = (
        PrpCrypto(base64.b64decode(side.AES_KEY + "=")).encrypt("1616140317555161061", side.APP_ID).decode()
    )
    callback = side.signed(echo, clock())
    query = {**callback.query, "echostr": echo}
    assert envelope.echo(replace(callback, method="GET", query=query)) == b"1616140317555161061"
    assert refusal(lambda: envelope.echo(replace(callback, query={**query, "echostr": ""}))) == "signature"


@pytest.mark.parametrize("key", ["", "short", side.AES_KEY + "=", "签" * 43, side.AES_KEY[:-1] + "+"])
def test_another_key_is_refused_at_the_start(clock: Clock, key: str) -> None:
    with pytest.raises(ValueError, match="43"):
        Envelope(side.TOKEN, key, side.APP_ID, clock)
