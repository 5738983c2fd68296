"""The local platforms themselves: what they refuse, count and repeat, before anything of the product is tested with them."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sms.v20210111.models import SendSmsRequest
from tencentcloud.sms.v20210111.sms_client import SmsClient

from platforms.harness import Fault, NoAnswer, Request, Response, Server, call
from platforms.people import OnWeChat
from platforms.phone_page import keep, recall
from platforms.phones import Choice
from platforms.sms import APP_ID, SECRET_ID, SECRET_KEY, SIGN_NAME, TEMPLATE_ID, TencentSms
from platforms.wechat import APP_ID as WECHAT
from platforms.wechat import SECRET, UNAVAILABLE, Follower, WeChat
from platforms.wecom import CORP_ID, WeCom
from platforms.wecom import SECRET as WECOM_SECRET


class Clock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_760_500_000.0

    def __call__(self) -> float:
        return self.now


class Product:
    """Stands where the product does: answers what it was told to, and keeps what came."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.say: Callable[[Request], Response] = lambda request: Response(b"success")

    def answer(self, request: Request) -> Response:
        self.requests.append(request)
        return self.say(request)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def product() -> Product:
    return Product()


@pytest.fixture
def server(clock: Clock, product: Product) -> Iterator[Server]:
    wechat, wecom = WeChat(clock=clock), WeCom(clock=clock)
    with Server({"/wechat": wechat, "/wecom": wecom, "/product": product, "": TencentSms(clock)}) as server:
        for each in (wechat, wecom):
            each.address = f"{server.address}/product"
            each.patience = 0.3
        yield server


@pytest.fixture
def wechat(server: Server) -> WeChat:
    mounted = server.mounts["/wechat"]
    assert isinstance(mounted, WeChat)
    return mounted


@pytest.fixture
def wecom(server: Server) -> WeCom:
    mounted = server.mounts["/wecom"]
    assert isinstance(mounted, WeCom)
    return mounted


@pytest.fixture
def ali(wechat: WeChat) -> Follower:
    return wechat.follower("阿丽")


def post(server: Server, path: str, data: Any, **query: str) -> Any:
    body = json.dumps(data, ensure_ascii=False).encode()
    return json.loads(call(f"{server.address}{path}", query, body).body)


def stable(server: Server, *, force: bool = False) -> Any:
    given = {"grant_type": "client_credential", "appid": WECHAT, "secret": SECRET, "force_refresh": force}
    return post(server, "/wechat/cgi-bin/stable_token", given)


def say(server: Server, follower: Follower, text: str, token: str = "") -> int:
    """One customer-service message; the platform's code."""
    message = {"touser": follower.openid, "msgtype": "text", "text": {"content": text}}
    token = token or stable(server)["access_token"]
    answer = post(server, "/wechat/cgi-bin/message/custom/send", message, access_token=token)
    return int(answer["errcode"])


def test_a_message_opens_two_days_for_five_answers_and_they_do_not_add_up(
    server: Server, ali: Follower, clock: Clock
) -> None:
    assert say(server, ali, "你好") == 43004
    ali.follow()
    assert [say(server, ali, "你好") for _ in range(4)] == [0, 0, 0, 45047]
    clock.now += 61
    assert say(server, ali, "你好") == 45015
    for _ in range(3):
        ali.write("在吗")
    assert [say(server, ali, "在") for _ in range(6)] == [0] * 5 + [45047]
    clock.now += 48 * 3600 - 1
    ali.click("help")
    assert [say(server, ali, "在") for _ in range(4)] == [0, 0, 0, 45047]
    ali.unfollow()
    assert say(server, ali, "在") == 43004
    assert len(ali.phone.heard) == 3 + 5 + 3


def test_what_the_phone_shows_is_real_utf8_and_short_enough(server: Server, ali: Follower) -> None:
    ali.follow()
    token = stable(server)["access_token"]
    escaped = json.dumps({"touser": ali.openid, "msgtype": "text", "text": {"content": "低保\\u4f60\n"}})
    call(f"{server.address}/wechat/cgi-bin/message/custom/send", {"access_token": token}, escaped.encode())
    assert ali.phone.heard[0].text == "\\u4f4e\\u4fdd\\u4f60\n"
    assert say(server, ali, "保" * 683) == 45002
    assert say(server, ali, "保" * 682) == 0


def test_the_stable_token_stays_the_same_and_is_renewed_early(
    server: Server, ali: Follower, clock: Clock
) -> None:
    ali.follow()
    first = stable(server)["access_token"]
    assert {stable(server)["access_token"] for _ in range(5)} == {first}
    clock.now += 7200 - 299
    ali.write("在吗")
    second = stable(server)["access_token"]
    assert second != first
    assert (say(server, ali, "在", first), say(server, ali, "在", second)) == (0, 0)
    clock.now += 300
    assert (say(server, ali, "在", first), say(server, ali, "在", second)) == (40001, 0)
    assert stable(server, force=True)["access_token"] != second
    assert say(server, ali, "在", second) == 40001
    assert stable(server, force=True)["errcode"] == 45011
    for _ in range(19):
        clock.now += 30
        assert "access_token" in stable(server, force=True)
    clock.now += 30
    assert stable(server, force=True)["errcode"] == 45009


def test_a_callback_is_delivered_three_times_and_then_the_user_is_told(
    wechat: WeChat, ali: Follower, product: Product
) -> None:
    gone = threading.Event()

    def sleep(request: Request) -> Response:
        gone.wait(10)
        return Response()

    product.say = sleep
    ali.following = True
    delivery = ali.write("低保还有吗")
    gone.set()
    assert delivery is not None and len(delivery.tries) == 3
    assert len({each.body for each in product.requests}) == 1
    assert ali.phone.notices == [UNAVAILABLE]
    wechat.retries_alike = False
    product.requests.clear()
    answers = iter([Response(b"", 503), Response(b"success")])
    product.say = lambda request: next(answers)
    delivery = ali.write("低保还有吗")
    assert delivery is not None and delivery.tries == ["503", "200"]
    assert len({each.query["nonce"] for each in product.requests}) == 2
    assert ali.phone.notices == [UNAVAILABLE]


@pytest.mark.parametrize("body", [b'{"ok": true}', b"<xml><Content>bare</Content></xml>", b"<xml>"])
def test_an_answer_that_is_no_reply_shows_the_notice(ali: Follower, product: Product, body: bytes) -> None:
    product.say = lambda request: Response(body)
    ali.following = True
    ali.write("低保还有吗")
    assert ali.phone.notices == [UNAVAILABLE]


def test_held_events_are_delivered_in_any_order_and_again(
    wechat: WeChat, ali: Follower, product: Product
) -> None:
    with wechat.holding() as held:
        ali.follow()
        for text in ("一", "二", "三"):
            ali.write(text)
    assert not product.requests
    order = held * 3
    random.Random(5).shuffle(order)
    for event in order:
        assert wechat.deliver(event).tries == ["200"]
    assert len(product.requests) == 12
    assert len({event.fields.get("MsgId") for event in order}) == 4


def test_what_is_to_fail_fails_once(server: Server, wechat: WeChat, ali: Follower) -> None:
    ali.follow()
    ali.write("在吗")
    send = "cgi-bin/message/custom/send"
    wechat.fail(send, -1, Fault.BROKEN, Fault.LOST)
    assert say(server, ali, "一") == -1
    for text in ("二", "三"):
        with pytest.raises(NoAnswer):
            say(server, ali, text)
    assert say(server, ali, "四") == 0
    assert [each.text for each in ali.phone.heard] == ["三", "四"]
    assert [each.answer is None for each in wechat.called(send)] == [False, True, True, False]


def test_a_server_that_hangs_can_be_stopped(server: Server, wechat: WeChat, ali: Follower) -> None:
    wechat.fail("cgi-bin/token", Fault.HANG)
    connection = socket.create_connection((urlsplit(server.address).hostname, server.port))
    with connection:
        connection.sendall(b"GET /wechat/cgi-bin/token HTTP/1.1\r\nHost: x\r\n\r\n")
        while not wechat.calls:
            pass
        server.stop()
        assert connection.recv(1) == b""


def test_a_phone_shows_the_same_after_a_restart(
    tmp_path: Path, wechat: WeChat, ali: Follower, clock: Clock
) -> None:
    ali.follow()
    ali.write("在吗")
    ali.phone.show("them", "在。", kind="menu", choices=(Choice("@1.0", "找人事"),))
    keep(tmp_path / "phones.json", [OnWeChat(wechat, ali)])
    again = WeChat(clock=clock)
    other = again.follower("阿丽", ali.openid)
    recall(tmp_path / "phones.json", [OnWeChat(again, other)])
    assert (other.following, other.left, other.until) == (True, 5, ali.until)
    assert other.phone.bubbles == ali.phone.bubbles
    other.tap("找人事")
    assert other.left == 5


def send_wecom(server: Server, **message: Any) -> Any:
    query = {"corpid": CORP_ID, "corpsecret": WECOM_SECRET}
    token = json.loads(call(f"{server.address}/wecom/cgi-bin/gettoken", query).body)["access_token"]
    return post(server, "/wecom/cgi-bin/message/send", {"agentid": 1000002, **message}, access_token=token)


CARD = {
    "card_type": "button_interaction",
    "main_title": {"title": "低保停了"},
    "task_id": "t-1",
    "button_list": [{"text": "告诉人事", "key": "@3.0"}, {"text": "算了", "key": "@3.1"}],
}


def test_wecom_says_who_was_not_reached_and_takes_nothing_twice(server: Server, wecom: WeCom) -> None:
    zhou, left, poor = (wecom.member(f"{name}Person", name) for name in ("Zhou", "Left", "Poor"))
    left.state, poor.state = "left", "unlicensed"
    text = {"msgtype": "text", "text": {"content": "保" * 800}, "enable_duplicate_check": 1}
    answer = send_wecom(server, touser="zhouperson|LeftPerson|PoorPerson|Nobody", **text)
    assert (answer["errcode"], answer["invaliduser"], answer["unlicenseduser"]) == (
        0,
        "leftperson|nobody",
        "poorperson",
    )
    assert send_wecom(server, touser="zhouperson|LeftPerson|PoorPerson|Nobody", **text)["errcode"] == 0
    assert [each.text for each in zhou.phone.heard] == ["保" * 682]
    assert send_wecom(server, touser="Nobody|LeftPerson", **text)["errcode"] == 81013


def test_a_tapped_card_is_updated_once(server: Server, wecom: WeCom, product: Product) -> None:
    zhou = wecom.member("Zhou", "周建国")
    card = {"msgtype": "template_card", "template_card": CARD}
    assert "response_code" in send_wecom(server, touser="Zhou", **card)
    assert send_wecom(server, touser="Zhou", **card)["errcode"] == 40058

    def update(request: Request) -> Response:
        inner = (
            f"<xml><ToUserName>Zhou</ToUserName><FromUserName>{CORP_ID}</FromUserName><CreateTime>1</CreateTime>"
            "<MsgType>update_button</MsgType><Button><ReplaceName>已选：告诉人事</ReplaceName></Button></xml>"
        )
        encrypted = wecom.envelope.encrypt(inner.encode())
        signed = wecom.envelope.sign("1", "n", encrypted)
        return Response(
            f"<xml><Encrypt>{encrypted}</Encrypt><MsgSignature>{signed}</MsgSignature>"
            "<TimeStamp>1</TimeStamp><Nonce>n</Nonce></xml>".encode()
        )

    product.say = update
    delivery = zhou.tap("告诉人事")
    assert delivery is not None and delivery.event.fields["EventKey"] == "@3.0"
    assert zhou.phone.heard[0].closed == "已选：告诉人事"
    with pytest.raises(LookupError):
        zhou.tap("告诉人事")


def test_addresses_are_checked_as_the_consoles_do(wechat: WeChat, wecom: WeCom, product: Product) -> None:
    product.say = lambda request: Response(request.query["echostr"].encode())
    assert wechat.check_address()
    assert not wecom.check_address()
    product.say = lambda request: Response(wecom.envelope.decrypt(request.query["echostr"]))
    assert wecom.check_address()


def test_the_sdk_can_send_a_text_message(server: Server) -> None:
    sms = server.mounts[""]
    assert isinstance(sms, TencentSms)
    sms.clock = time.time
    profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=f"127.0.0.1:{server.port}"))

    def send(key: str, number: str) -> Any:
        request = SendSmsRequest()
        request.PhoneNumberSet = [number]
        request.SmsSdkAppId, request.SignName, request.TemplateId = APP_ID, SIGN_NAME, TEMPLATE_ID
        request.TemplateParamSet = ["https://shebao.example/r/1"]
        client = SmsClient(Credential(SECRET_ID, key), "ap-guangzhou", profile)
        return client.SendSms(request).SendStatusSet[0].Code

    assert send(SECRET_KEY, "+8613800000001") == "Ok"
    assert send(SECRET_KEY, "12345") == "InvalidParameterValue.IncorrectPhoneNumber"
    with pytest.raises(TencentCloudSDKException, match="SignatureFailure"):
        send("another", "+8613800000001")
    assert [each.number for each in sms.sent] == ["13800000001"]
