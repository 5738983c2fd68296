"""The official account against a server that speaks WeChat's protocol: what is heard, what is drawn, what is sent."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import pytest
import wechat_side as side
from databases import Clock
from local_wechat import CONFIG, SEND, TOKEN, Product, base, make, settings
from platforms import wechat as local
from platforms.harness import Call, Fault, Request, Response
from platforms.wechat import Follower, WeChat

from app.channels import open_platforms, pushed
from app.settings import SettingsError, load_settings
from bot.channels import HeardCallback
from bot.channels.calling import TIMEOUT
from bot.channels.drawing import size
from bot.channels.wechat import LONGEST, WeChatAccount, as_text, read
from bot.channels.wechat_api import Api
from delivery.messages import Button, Reply
from delivery.sending import Closed, Outgoing, Permanent, Temporary, Undelivered, Unsure
from storage.opening import Storage

pytest_plugins = ["databases", "local_wechat"]

ON_BOOK = Reply(
    "低保本上有没有你的名字？", (Button("在", "on_book=yes"), Button("不在，是爸妈或孩子的", "on_book=no"))
)


@pytest.fixture
def account(storage: Storage, platform: WeChat, product: Product) -> WeChatAccount:
    account = make(storage, base(platform))
    assert account is not None
    product.account = account
    return account


@pytest.fixture
def ali(account: WeChatAccount, platform: WeChat) -> Follower:
    follower = platform.follower("阿丽")
    follower.follow()
    follower.write("你好")
    return follower


def bubble(reply: Reply, seq: int = 7) -> Outgoing:
    return Outgoing("c1", seq, "assistant", reply)


def say(account: WeChatAccount, follower: Follower, *replies: Reply) -> None:
    for part in account.draw([bubble(reply, seq) for seq, reply in enumerate(replies, start=7)]):
        account.send(follower.openid, part)


def sent(platform: WeChat) -> list[Call]:
    return platform.called(SEND)


# Hearing


def test_the_console_of_the_platform_accepts_the_address(account: WeChatAccount, platform: WeChat) -> None:
    assert platform.check_address()


def test_what_an_employee_does_is_heard(account: WeChatAccount, platform: WeChat, product: Product) -> None:
    ali = platform.follower("阿丽")
    ali.follow("ABCD2345")
    ali.write("我工资3000")
    ali.speak("一家四口")
    ali.speak(None)
    ali.picture()
    ali.sticker()
    ali.place()
    ali.scan("ABCD2345")
    ali.click("talk_to_hr")
    ali.unfollow()
    assert [(each.kind, each.text, each.payload) for each in product.messages] == [
        ("start", "", "ABCD2345"),
        ("text", "我工资3000", ""),
        ("voice", "一家四口", ""),
        ("voice", "", ""),
        ("image", "", ""),
        ("other", "", ""),
        ("other", "", ""),
        ("start", "", "ABCD2345"),
        ("tap", "", "talk_to_hr"),
        ("left", "", ""),
    ]
    assert {each.sender for each in product.messages} == {ali.openid}
    assert not ali.phone.notices


def test_a_tap_comes_with_its_place_and_no_payload_goes_out(
    account: WeChatAccount, ali: Follower, product: Product
) -> None:
    """W9: wechatpy drops the id of what was tapped."""
    say(account, ali, ON_BOOK)
    ali.tap("在")
    last = product.messages[-1]
    assert (last.kind, last.text, last.payload) == ("tap", "在", "@7.0")


@pytest.mark.parametrize(
    "told",
    [
        {"MsgType": "event", "Event": "VIEW", "EventKey": "https://hr.example"},
        {"MsgType": "event", "Event": "TEMPLATESENDJOBFINISH", "MsgID": "1", "Status": "success"},
        {"MsgType": "event", "Event": "LOCATION", "Latitude": "31.2"},
        {"MsgType": "event", "Event": "template_card_event"},
        {"MsgType": "event"},
        {"MsgType": "hologram"},
        {},
    ],
)
def test_w9_what_asks_for_nothing_is_answered_and_left(told: dict[str, str]) -> None:
    assert read({"FromUserName": side.ALI, "ToUserName": side.ACCOUNT, **told}) is None


def test_nobody_said_it() -> None:
    assert read({"MsgType": "text", "Content": "好"}) is None


def test_w12_equal_ids_of_two_people_are_two_messages(
    account: WeChatAccount, platform: WeChat, product: Product
) -> None:
    ali, laozhou = platform.follower("阿丽"), platform.follower("老周")
    for each in (ali, laozhou):
        each.follow()
    platform.next_id = lambda: 42  # type: ignore[method-assign]
    ali.write("好")
    laozhou.write("好")
    ali.write("好的")
    keys = [message.key for message in product.messages[2:]]
    assert len(set(keys)) == 3


def test_w12_events_of_one_second_are_told_apart(
    account: WeChatAccount, platform: WeChat, product: Product
) -> None:
    ali = platform.follower("阿丽")
    ali.follow()
    ali.click("bind")
    ali.click("talk_to_hr")
    assert len({message.key for message in product.messages}) == 3


@pytest.mark.parametrize("alike", [True, False])
def test_w13_a_message_delivered_again_has_its_key(
    account: WeChatAccount, platform: WeChat, product: Product, alike: bool
) -> None:
    """Whether the platform repeats the bytes or seals the message anew."""
    ali = platform.follower("阿丽")
    ali.following = True
    with platform.holding() as held:
        ali.write("好")
    platform.retries_alike = alike
    for _ in range(3):
        platform.deliver(held[0])
    assert len(product.messages) == 3
    assert len({message.key for message in product.messages}) == 1


def test_w15_whatever_is_signed_is_answered_with_success(
    storage: Storage, clock: Clock, product: Product
) -> None:
    account = make(storage, "http://127.0.0.1:1", APP_ID=side.APP_ID, TOKEN=side.TOKEN, AES_KEY=side.AES_KEY)
    assert account is not None
    for xml in ("", "<xml/>", "<xml><MsgType/>", "<xml><MsgType>a</MsgType><MsgType>b</MsgType></xml>"):
        assert account.hear(side.sealed(xml, clock())) == HeardCallback(replace(_success(account, clock)))


def _success(account: WeChatAccount, clock: Clock) -> Any:
    heard = account.hear(side.sealed(side.text_xml("好"), clock()))
    assert heard.answer.body == b"success"
    return heard.answer


# Drawing


def test_a_bubble_is_words_with_what_they_rest_on(account: WeChatAccount) -> None:
    law = {"title": "社会保险法", "number": None, "article": "第六十三条"}
    (part,) = account.draw([bubble(Reply("要补缴。", sources=(law,), papers=("report",)))])
    assert part["text"].splitlines() == [
        "要补缴。",
        "依据：社会保险法 第六十三条",
        "图和明细在这里看（链接只能打开一次，别转发）：https://hr.example/reports/c1-7",
    ]


def test_bubbles_that_fit_are_one_message(account: WeChatAccount) -> None:
    drawn = account.draw([bubble(Reply("一。"), 7), bubble(ON_BOOK, 8), bubble(Reply("三。"), 9)])
    assert [part["text"] for part in drawn] == ["一。\n\n低保本上有没有你的名字？", "三。"]
    assert [id for id, _ in drawn[0]["buttons"]] == ["@8.0", "@8.1"]


def test_a_long_bubble_is_cut_and_its_buttons_fit_as_words_too(account: WeChatAccount) -> None:
    long = replace(ON_BOOK, text="每月要交 766.35 元，单位另交 1,163.20 元。" * 120)
    drawn = account.draw([bubble(long)])
    assert len(drawn) > 1
    assert all(size(as_text(part)) <= LONGEST for part in drawn)
    assert [bool(part.get("buttons")) for part in drawn] == [False] * (len(drawn) - 1) + [True]
    assert "".join(part["text"] for part in drawn) == long.text
    assert account.draw([bubble(long)]) == drawn


def test_an_answer_of_hr_says_so_on_the_phone(account: WeChatAccount, ali: Follower) -> None:
    for part in account.draw([Outgoing("c1", 9, "hr", Reply("我看了，下周给你补上。"))]):
        account.send(ali.openid, part)
    assert [each.text for each in ali.phone.heard] == ["人事：我看了，下周给你补上。"]


# Sending


def test_buttons_are_a_menu(account: WeChatAccount, ali: Follower) -> None:
    say(account, ali, ON_BOOK)
    (shown,) = ali.phone.heard
    assert (shown.kind, shown.text) == ("menu", ON_BOOK.text)
    assert [each.label for each in shown.choices] == [each.title for each in ON_BOOK.buttons]


def test_where_there_are_no_menus_they_are_numbered_and_that_is_remembered(
    account: WeChatAccount, platform: WeChat, ali: Follower
) -> None:
    platform.test_account = True
    say(account, ali, ON_BOOK)
    say(account, ali, ON_BOOK)
    assert [each.text for each in ali.phone.heard] == [
        "低保本上有没有你的名字？\n1. 在\n2. 不在，是爸妈或孩子的\n（回复数字就行）"
    ] * 2
    assert [_msgtype(each) for each in sent(platform)] == ["msgmenu", "text", "text"]


def test_a_question_for_a_number_is_not_numbered(
    account: WeChatAccount, platform: WeChat, ali: Follower
) -> None:
    platform.test_account = True
    say(account, ali, Reply("本上别的人一个月挣多少？", (Button("没有", "other_income=none"),)))
    assert ali.phone.heard[0].text == "本上别的人一个月挣多少？\n（也可以回复：没有）"


def _msgtype(call: Call) -> str:
    return str(call.request.json()["msgtype"])


def test_text_goes_out_as_utf8(account: WeChatAccount, platform: WeChat, ali: Follower) -> None:
    say(account, ali, Reply("低保 ]]> 👩‍👧\x1d\ud800"))
    (call,) = sent(platform)
    assert "低保 ]]> 👩‍👧".encode() in call.request.body
    assert ali.phone.heard[0].text == "低保 ]]> 👩‍👧"


def test_w3_w4_the_stable_token_is_asked_for_once(
    account: WeChatAccount, platform: WeChat, ali: Follower
) -> None:
    say(account, ali, Reply("一"))
    say(account, ali, Reply("二"))
    (call,) = platform.called(TOKEN)
    assert call.request.method == "POST"
    assert json.loads(call.request.body)["force_refresh"] is False
    assert not platform.called("cgi-bin/token")


def test_w1_a_refused_token_is_replaced_once(account: WeChatAccount, platform: WeChat, ali: Follower) -> None:
    say(account, ali, Reply("一"))
    platform.stable.revoke()
    say(account, ali, Reply("二"))
    assert [each.text for each in ali.phone.heard] == ["一", "二"]
    assert [json.loads(each.request.body)["force_refresh"] for each in platform.called(TOKEN)] == [
        False,
        True,
    ]


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_w1_a_platform_that_takes_no_token_is_left_alone(
    account: WeChatAccount, platform: WeChat, ali: Follower, code: int
) -> None:
    platform.fail(SEND, *[code] * 20)
    for _ in range(5):
        with pytest.raises(Temporary, match=str(code)) as error:
            say(account, ali, Reply("一"))
        assert error.value.after
    assert (len(platform.called(TOKEN)), len(sent(platform))) == (2, 6)


def test_w2_no_call_is_without_a_time_out(
    account: WeChatAccount, platform: WeChat, ali: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.wechat_api.TIMEOUT", (0.5, 0.2))
    fresh = Api(local.APP_ID, local.SECRET, base(platform), _Nowhere(), Clock())
    platform.fail(TOKEN, Fault.HANG)
    with pytest.raises(Temporary, match="token"):
        fresh.fetch(False)
    assert all(TIMEOUT)


class _Nowhere:
    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


def test_w5_nothing_is_called_but_the_address_of_the_settings(
    account: WeChatAccount, platform: WeChat, ali: Follower
) -> None:
    say(account, ali, Reply("一"))
    assert {each.path for each in platform.calls} == {TOKEN, SEND}


@pytest.mark.parametrize(
    ("code", "kind", "gone"),
    [
        (45015, Closed, None),
        (45047, Closed, None),
        (40003, Permanent, True),
        (43004, Permanent, True),
        (43019, Permanent, True),
        (48002, Permanent, True),
        (48001, Permanent, False),
        (47001, Permanent, False),
        (-1, Temporary, None),
        (45009, Temporary, None),
        (45011, Temporary, None),
    ],
)
def test_each_error_of_the_platform_says_what_to_do(
    account: WeChatAccount,
    platform: WeChat,
    ali: Follower,
    code: int,
    kind: type[Undelivered],
    gone: bool | None,
) -> None:
    platform.fail(SEND, code)
    with pytest.raises(kind) as error:
        say(account, ali, Reply("一"))
    assert (error.value.code, getattr(error.value, "gone", None)) == (str(code), gone)
    assert len(sent(platform)) == 1


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.HANG])
def test_what_may_have_arrived_is_not_called_unsent(
    storage: Storage, platform: WeChat, ali: Follower, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.wechat_api.TIMEOUT", (1.0, 0.3))
    account = make(storage, base(platform))
    assert account is not None
    say(account, ali, Reply("零"))
    platform.fail(SEND, fault)
    with pytest.raises(Unsure):
        say(account, ali, Reply("一"))


def test_who_cannot_be_called_is_called_later(
    storage: Storage, account: WeChatAccount, ali: Follower
) -> None:
    say(account, ali, Reply("零"))  # so that there is a token
    nowhere = make(storage, "http://127.0.0.1:1")
    assert nowhere is not None
    with pytest.raises(Temporary, match="no_connection"):
        say(nowhere, ali, Reply("一"))


def test_a_message_that_is_too_long_all_the_same_goes_out_in_halves(
    account: WeChatAccount, platform: WeChat, ali: Follower
) -> None:
    platform.fail(SEND, 45002)
    say(account, ali, Reply("一句话。" * 10))
    assert "".join(each.text for each in ali.phone.heard) == "一句话。" * 10
    assert len(ali.phone.heard) == 2


def test_a_half_that_is_out_is_not_sent_again(
    account: WeChatAccount, platform: WeChat, ali: Follower
) -> None:
    original, codes = platform.handle, iter([45002, 0, 45047])

    def handle(request: Request) -> Response:
        code = next(codes) if request.path == SEND else 0
        return platform.failure(code) if code else original(request)

    platform.handle = handle  # type: ignore[method-assign]
    with pytest.raises(Unsure, match="45047"):
        say(account, ali, Reply("一句话。" * 10))


def test_the_window_and_the_quota_of_the_platform(
    account: WeChatAccount, clock: Clock, ali: Follower
) -> None:
    for _ in range(5):
        say(account, ali, Reply("好"))
    with pytest.raises(Closed, match="45047"):
        say(account, ali, Reply("好"))
    clock.move(hours=49)
    with pytest.raises(Closed, match="45015"):
        say(account, ali, Reply("好"))


def test_w10_what_wecom_stands_on_is_there() -> None:
    """1.8.18 has `wechatpy.enterprise`; `wechatpy.work` is another version's."""
    assert version("wechatpy") == "1.8.18"
    assert find_spec("wechatpy.enterprise") is not None
    assert find_spec("wechatpy.work") is None


def test_w17_nothing_stands_on_template_messages(
    account: WeChatAccount, platform: WeChat, ali: Follower
) -> None:
    """They lost their first line and their remark, and take no value over twenty characters."""
    say(account, ali, Reply("要补缴。", papers=("report",)), ON_BOOK)
    assert {_msgtype(call) for call in sent(platform)} <= {"text", "msgmenu"}
    assert {call.path for call in platform.calls} == {TOKEN, SEND}


# Settings


def test_a_passive_account_is_not_sent_to(storage: Storage) -> None:
    named = settings("http://127.0.0.1:1", REPLY_MODE="passive")
    told = load_settings(CONFIG, named)
    platforms = open_platforms(told, storage, lambda conversation, seq: "")
    assert "wechat" in platforms
    assert "wechat" not in pushed(told, platforms)
    mixed = load_settings(CONFIG, named | {"SHEBAO__CHANNELS__WECHAT__REPLY_MODE": "mixed"})
    assert "wechat" in pushed(mixed, platforms)


def test_without_an_app_id_there_is_no_account(storage: Storage) -> None:
    assert make(storage, "http://127.0.0.1:1", APP_ID="") is None


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("AES_KEY", "short", "aes_key.*43.*5 characters"),
        ("AES_KEY", "", "aes_key: needed"),
        ("SECRET", "", "secret: needed"),
        ("TOKEN", "", "token: needed"),
        ("TOKEN", "令牌", "token: 3 to 32"),
        ("SECRET_FILE", "no/such/file", "secret_file"),
        ("API_BASE", "api.weixin.qq.com", "api_base"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_its_name(
    storage: Storage, name: str, value: str, named: str
) -> None:
    with pytest.raises(SettingsError, match=rf"channels\.wechat\.{named}"):
        make(storage, "http://127.0.0.1:1", **{name: value})
