"""The app in WeCom against a server that speaks WeCom's protocol: what is heard, what is drawn, what is sent."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from databases import Clock
from local_wechat import CONFIG, Product
from local_wecom import LINK, SEND, TOKEN, base, bubble, make, read, say, seen, settings
from platforms import wecom as local
from platforms.callbacks import Event, Wire
from platforms.harness import Call, Fault
from platforms.wecom import Member, WeCom

from app.channels import open_platforms
from app.settings import SettingsError, load_settings
from bot.channels import Callback, HeardCallback, Refused
from bot.channels.drawing import size
from bot.channels.sealed import FRESH
from bot.channels.wecom import BUTTON, LONGEST, RECOGNISED, TEXT, TITLE, WeComApp
from bot.channels.wecom import read as read_tags
from delivery.messages import Button, Reply
from delivery.sending import Outgoing, Permanent, Temporary, Undelivered, Unsure
from storage.opening import Storage

pytest_plugins = ["databases", "local_wechat", "local_wecom"]

ON_BOOK = Reply("低保本上有没有你的名字？", (Button("在", "on_book=yes"), Button("不在", "on_book=no")))
RESULT = Reply(
    "按 2026 年标准，你家人均收入 1,175 元。\n苏州市区的低保标准是 1,180 元。\n低 5 元，还能保。\n要告诉人事吗？",
    (Button("告诉人事", "topic=hr"), Button("不用了", "topic=end")),
    papers=("report",),
)


@pytest.fixture
def laozhou(wecom: WeComApp, company: WeCom) -> Member:
    return company.member("LaoZhou", "周建国")


def wire_of(company: WeCom, member: Member, what: dict[str, Any]) -> Callback:
    wire = company.wire(company.event(member, what))
    return Callback("POST", wire.query, wire.headers, wire.body)


def sent(company: WeCom) -> list[Call]:
    return company.called(SEND)


def cards(company: WeCom) -> list[dict[str, Any]]:
    bodies = [each.request.json() for each in sent(company)]
    return [each["template_card"] for each in bodies if each["msgtype"] == "template_card"]


# Hearing


def test_the_console_of_wecom_accepts_the_address(wecom: WeComApp, company: WeCom) -> None:
    assert company.check_address()


@pytest.mark.parametrize("changed", ["echostr", "nonce", "timestamp", "msg_signature"])
def test_an_echo_that_is_not_signed_is_refused(
    wecom: WeComApp, company: WeCom, clock: Clock, changed: str
) -> None:
    """e3: the signature covers the encrypted echostr too."""
    encrypted = company.envelope.encrypt(b"1616140317555161061")
    stamp = str(int(clock().timestamp()))
    query = {
        "msg_signature": company.envelope.sign(stamp, "n1", encrypted),
        "timestamp": stamp,
        "nonce": "n1",
        "echostr": encrypted,
    }
    heard = wecom.hear(Callback("GET", query, {}))
    assert heard.answer.body == b"1616140317555161061"  # no quotes, no mark of the byte order, no line end
    with pytest.raises(Refused):
        wecom.hear(Callback("GET", query | {changed: query[changed][::-1]}, {}))


def test_what_a_member_does_is_heard(wecom: WeComApp, company: WeCom, product: Product) -> None:
    laozhou = company.member("LaoZhou", "周建国")
    laozhou.open_app()
    laozhou.write("我家低保停了")
    laozhou.speak()
    laozhou.picture()
    for kind in ("location", "link", "video"):
        company.happened(company.event(laozhou, {"MsgType": kind, "MsgId": company.next_id()}))
    laozhou.click("topic=hr")
    company.happened(company.event(laozhou, {"MsgType": "event", "Event": "unsubscribe", "EventKey": ""}))
    assert [(each.kind, each.text, each.payload) for each in product.messages] == [
        ("start", "", ""),
        ("text", "我家低保停了", ""),
        ("voice", "", ""),
        ("image", "", ""),
        ("other", "", ""),
        ("other", "", ""),
        ("other", "", ""),
        ("tap", "", "topic=hr"),
        ("left", "", ""),
    ]
    assert not laozhou.phone.bubbles[3:] and not laozhou.phone.notices


def test_a_member_is_the_same_in_any_case(wecom: WeComApp, company: WeCom, product: Product) -> None:
    for userid in ("LaoZhou", "laozhou", "LAOZHOU"):
        company.member(userid, "周建国").write("好")
    assert {each.sender for each in product.messages} == {"laozhou"}


@pytest.mark.parametrize(
    "told",
    [
        {"MsgType": "event", "Event": "view", "EventKey": "https://hr.example"},
        {"MsgType": "event", "Event": "change_contact", "ChangeType": "update_user", "FromUserName": "sys"},
        {"MsgType": "event", "Event": "LOCATION", "Latitude": "31.2"},
        {"MsgType": "event", "Event": "open_approval_change"},
        {"MsgType": "event", "Event": "subscribe"},
        {"MsgType": "event"},
        {"MsgType": "hologram"},
        {"MsgType": "text", "Content": "好", "FromUserName": "a|b"},
        {"MsgType": "text", "Content": "好", "FromUserName": "@all"},
        {"MsgType": "text", "Content": "好", "FromUserName": ""},
        {},
    ],
)
def test_w9_what_asks_for_nothing_is_answered_and_left(
    wecom: WeComApp, company: WeCom, laozhou: Member, told: dict[str, str]
) -> None:
    heard = wecom.hear(wire_of(company, laozhou, told))
    assert (heard.messages, heard.answer.status, heard.answer.body) == ((), 200, b"")


def test_another_app_of_the_company_is_not_ours(wecom: WeComApp, company: WeCom, laozhou: Member) -> None:
    told = {"MsgType": "text", "Content": "好", "AgentID": "1000009"}
    assert read_tags({"FromUserName": "LaoZhou", **told}, local.AGENT_ID) is None
    event = Event("LaoZhou", {**company.event(laozhou, told).fields, "AgentID": 1000009})
    assert company.deliver(event).tries == ["200"]


def test_the_app_greets_when_it_is_first_opened_and_not_each_time(
    wecom: WeComApp, company: WeCom, product: Product, storage: Storage, clock: Clock
) -> None:
    """WeCom tells of every opening; each of them has the name of the first."""
    laozhou, ali = company.member("LaoZhou", "周建国"), company.member("ALi", "阿丽")
    for _ in range(3):
        laozhou.open_app()
        clock.move(days=1)
    ali.open_app()
    assert [storage.inbox.store(each) is not None for each in product.messages] == [True, False, False, True]


def test_w12_what_differs_is_told_apart(wecom: WeComApp, company: WeCom, product: Product) -> None:
    """WxJava#333, #1745: equal ids of two people, and events of one second, which have none."""
    laozhou, ali = company.member("LaoZhou", "周建国"), company.member("ALi", "阿丽")
    company.next_id = lambda: 42  # type: ignore[method-assign]
    laozhou.write("好")
    laozhou.write("好的")
    ali.write("好")
    laozhou.click("topic=hr")
    laozhou.click("topic=end")
    keys = {(each.sender, each.key) for each in product.messages}
    assert len(keys) == 5


def test_w12_events_that_differ_only_by_the_app_are_told_apart() -> None:
    told = {
        "FromUserName": "LaoZhou",
        "CreateTime": "1",
        "MsgType": "event",
        "Event": "click",
        "EventKey": "k",
    }
    one = read_tags({**told, "AgentID": "1000002"}, "1000002")
    other = read_tags({**told, "AgentID": "1000003"}, "1000003")
    assert one is not None and other is not None and one.key != other.key
    opened = {**told, "Event": "enter_agent", "EventKey": ""}
    one = read_tags({**opened, "AgentID": "1000002"}, "1000002")
    other = read_tags({**opened, "AgentID": "1000003"}, "1000003")
    assert one is not None and other is not None and one.key != other.key


@pytest.mark.parametrize("alike", [True, False])
def test_w13_a_message_delivered_again_has_its_key(
    wecom: WeComApp, company: WeCom, product: Product, laozhou: Member, alike: bool
) -> None:
    """Whether the platform repeats the bytes or seals the message anew."""
    with company.holding() as held:
        laozhou.write("好")
    company.retries_alike = alike
    for _ in range(3):
        company.deliver(held[0])
    assert len(product.messages) == 3
    assert len({message.key for message in product.messages}) == 1


def test_w8_an_old_callback_is_refused_and_one_too_many(
    wecom: WeComApp, company: WeCom, laozhou: Member, clock: Clock
) -> None:
    callback = wire_of(company, laozhou, {"MsgType": "text", "Content": "好"})
    for _ in range(3):
        assert wecom.hear(callback).messages
    with pytest.raises(Refused, match="replayed"):
        wecom.hear(callback)
    old = wire_of(company, laozhou, {"MsgType": "text", "Content": "好的"})
    clock.time += FRESH + timedelta(seconds=1)
    with pytest.raises(Refused, match="stale"):
        wecom.hear(old)


def test_what_is_not_sealed_for_this_company_is_refused(
    wecom: WeComApp, company: WeCom, laozhou: Member, clock: Clock
) -> None:
    elsewhere = WeCom(corp_id="ww0000000000000000", clock=lambda: clock().timestamp())
    wire: Wire = elsewhere.wire(elsewhere.event(laozhou, {"MsgType": "text", "Content": "好"}))
    with pytest.raises(Refused, match="receiver"):
        wecom.hear(Callback("POST", wire.query, wire.headers, wire.body))
    plain = b"<xml><FromUserName>laozhou</FromUserName><MsgType>text</MsgType><Content>1</Content></xml>"
    with pytest.raises(Refused, match="not_sealed"):
        wecom.hear(Callback("POST", wire.query, wire.headers, plain))


def test_w7_w15_whatever_is_signed_is_answered_with_nothing_to_say(
    wecom: WeComApp, company: WeCom, clock: Clock
) -> None:
    for xml in (
        b"",
        b"{}",
        b"<xml/>",
        b"<xml><MsgType/></xml>",
        b"<xml><MsgType>a</MsgType><MsgType>b</MsgType></xml>",
    ):
        encrypted = company.envelope.encrypt(xml)
        stamp = str(int(clock().timestamp()))
        signature = company.envelope.sign(stamp, "n", encrypted)
        query = {"msg_signature": signature, "timestamp": stamp, "nonce": "n"}
        body = f"<xml><ToUserName>c</ToUserName><Encrypt>{encrypted}</Encrypt><AgentID>1</AgentID></xml>"
        heard = wecom.hear(Callback("POST", query, {}, body.encode()))
        assert heard == HeardCallback(heard.answer) and heard.answer.body == b""


# Cards


def test_buttons_are_a_card(wecom: WeComApp, company: WeCom, laozhou: Member) -> None:
    say(wecom, laozhou, ON_BOOK)
    (shown,) = laozhou.phone.heard
    assert (shown.kind, shown.title, shown.text) == ("card", ON_BOOK.text, "")
    assert [each.label for each in shown.choices] == ["在", "不在"]
    (card,) = cards(company)
    assert card["card_type"] == "button_interaction" and card["task_id"] == "c1-7"
    assert "on_book" not in json.dumps(card)  # what a button means is ours


def test_w9_a_tap_comes_with_its_place_and_closes_the_card(
    wecom: WeComApp, company: WeCom, product: Product, laozhou: Member
) -> None:
    say(wecom, laozhou, ON_BOOK)
    delivery = laozhou.tap("不在")
    assert delivery is not None and delivery.tries == ["200"] and not delivery.failed
    last = product.messages[-1]
    assert (last.kind, last.text, last.payload, last.sender) == ("tap", "", "@7.1", "laozhou")
    (card,) = laozhou.phone.heard
    assert card.closed == "✓ 不在"
    with pytest.raises(LookupError):  # it cannot be tapped twice
        laozhou.tap("在")
    assert not laozhou.phone.notices


@pytest.mark.parametrize("alike", [True, False])
def test_a_tap_delivered_again_is_one_tap(
    wecom: WeComApp, company: WeCom, product: Product, storage: Storage, laozhou: Member, alike: bool
) -> None:
    say(wecom, laozhou, ON_BOOK)
    with company.holding() as held:
        laozhou.tap("在")
    company.retries_alike = alike
    company.deliver(held[0])
    company.deliver(held[0])
    first, again = product.messages
    assert storage.inbox.store(first) is not None and storage.inbox.store(again) is None


def test_two_taps_of_one_second_are_two(
    wecom: WeComApp, company: WeCom, product: Product, laozhou: Member
) -> None:
    """WxJava#1745: sender and second do not tell two cards apart."""
    say(wecom, laozhou, ON_BOOK, ON_BOOK)
    for card in laozhou.phone.heard:
        laozhou.tap("在", card)
    assert [each.payload for each in product.messages] == ["@7.0", "@8.0"]
    assert len({each.key for each in product.messages}) == 2


def test_what_a_card_does_not_hold_is_said_before(wecom: WeComApp, laozhou: Member) -> None:
    say(wecom, laozhou, RESULT)
    text, link, card = laozhou.phone.heard
    assert seen(text.text) == RESULT.text
    assert seen(link.text).startswith(f"图和明细在这里看（链接只能打开一次，别转发）：{LINK}")
    assert (card.title, [each.label for each in card.choices]) == ("要告诉人事吗？", ["告诉人事", "不用了"])


def test_a_short_text_with_one_line_more_is_on_the_card(wecom: WeComApp, laozhou: Member) -> None:
    say(wecom, laozhou, replace(ON_BOOK, text="本上一共几个人？\n低保本上写着的人都算。"))
    (card,) = laozhou.phone.heard
    assert (card.title, card.text) == ("本上一共几个人？", "低保本上写着的人都算。")


@pytest.mark.parametrize(
    "text",
    ["字" * (TITLE + 1), "题\n" + "字" * (TEXT + 1), "一\n二\n三", "按去年的平均工资算。" * 10],
)
def test_nothing_is_cut_from_a_text(wecom: WeComApp, laozhou: Member, text: str) -> None:
    say(wecom, laozhou, replace(ON_BOOK, text=text))
    before, card = laozhou.phone.heard
    assert seen(before.text) == text
    assert card.title == "请选一个："


def test_a_button_that_is_too_long_stands_in_the_text_too(
    wecom: WeComApp, product: Product, laozhou: Member
) -> None:
    buttons = (Button("在", "on_book=yes"), Button("不在，是爸妈或孩子的名字", "on_book=no"))
    say(wecom, laozhou, replace(ON_BOOK, buttons=buttons))
    before, card = laozhou.phone.heard
    assert (
        seen(before.text) == "低保本上有没有你的名字？\n1. 在\n2. 不在，是爸妈或孩子的名字\n（回复数字就行）"
    )
    assert [each.label for each in card.choices] == ["在", "不在，是爸妈或孩子…"]
    assert all(len(each.label) <= BUTTON for each in card.choices)
    laozhou.tap("不在，是爸妈或孩子…")
    assert product.messages[-1].payload == "@7.1"


@pytest.mark.parametrize(
    "titles",
    [
        [f"第{number}个" for number in range(7)],
        ["不在，是爸妈或孩子的名字", "不在，是爸妈或孩子不知道"],
        ["在", "\x1d"],
    ],
    ids=["seven", "alike once they are cut", "nothing on a button"],
)
def test_what_no_card_can_offer_is_numbered(wecom: WeComApp, laozhou: Member, titles: list[str]) -> None:
    buttons = tuple(Button(title, f"choice={at}") for at, title in enumerate(titles))
    say(wecom, laozhou, Reply("选哪一个？", buttons))
    (shown,) = laozhou.phone.heard
    assert shown.kind == "text" and shown.text.startswith("选哪一个？\n1. ")


def test_a_card_that_the_platform_does_not_take_is_said_in_words(
    wecom: WeComApp, company: WeCom, laozhou: Member
) -> None:
    company.fail(SEND, 40058)
    say(wecom, laozhou, ON_BOOK)
    assert read(laozhou) == ["低保本上有没有你的名字？\n1. 在\n2. 不在\n（回复数字就行）"]


def test_no_markdown_goes_out(wecom: WeComApp, company: WeCom, laozhou: Member) -> None:
    """The plug-in in WeChat shows none."""
    company.markdown = False
    say(wecom, laozhou, ON_BOOK, RESULT, Reply("**好** [在这里](https://evil.example)"))
    assert {each.request.json()["msgtype"] for each in sent(company)} == {"text", "template_card"}
    assert read(laozhou)[-1] == "**好** [在这里](https://evil.example)"


# Texts


def test_a_long_bubble_is_cut_at_sentences(wecom: WeComApp, laozhou: Member) -> None:
    long = Reply("每月要交 766.35 元，单位另交 1,163.20 元。" * 120)
    parts = wecom.draw([bubble(long)])
    assert len(parts) > 1 and all(size(part["text"]) <= local.LONGEST for part in parts)
    assert LONGEST < local.LONGEST
    assert all(seen(part["text"]).endswith("元。") for part in parts)
    say(wecom, laozhou, long)
    assert "".join(read(laozhou)) == long.text


def test_an_answer_of_hr_says_so(wecom: WeComApp, laozhou: Member) -> None:
    for part in wecom.draw([Outgoing("c1", 9, "hr", Reply("我看了，下周给你补上。"))]):
        wecom.send("laozhou", part)
    assert read(laozhou) == ["人事：我看了，下周给你补上。"]


def test_what_somebody_wrote_is_no_link(wecom: WeComApp, laozhou: Member) -> None:
    say(wecom, laozhou, Reply('你说：“<a href="https://evil.example">点这里</a>”'))
    assert read(laozhou) == ['你说：“＜a href="https://evil.example">点这里</a>”']


def test_text_goes_out_as_utf8(wecom: WeComApp, company: WeCom, laozhou: Member) -> None:
    say(wecom, laozhou, Reply("低保 ]]> 👩‍👧\x1d\ud800"))
    (call,) = sent(company)
    assert "低保 ]]> 👩‍👧".encode() in call.request.body
    assert read(laozhou) == ["低保 ]]> 👩‍👧"]


def test_a_bubble_of_which_nothing_is_left_is_sent_all_the_same(wecom: WeComApp, laozhou: Member) -> None:
    say(wecom, laozhou, Reply("\x1d"), replace(ON_BOOK, text="\x1d"))
    assert [each.words for each in laozhou.phone.heard][1] == "…\n在\n不在"


# Twice and once


def test_what_is_sent_again_is_shown_once(
    storage: Storage, wecom: WeComApp, company: WeCom, laozhou: Member, clock: Clock
) -> None:
    """After a crash another process draws the bubbles anew, with other one-time links, and sends what may have arrived."""
    assert wecom.REPEATS
    replies = (Reply("先交社保。"), ON_BOOK, replace(RESULT, papers=()))
    say(wecom, laozhou, *replies)
    before = read(laozhou)
    clock.move(minutes=40)
    again = make(storage, base(company))
    assert again is not None
    say(again, laozhou, *replies)
    assert read(laozhou) == before


def test_a_one_time_link_does_not_make_a_repeat_another_message(
    storage: Storage, wecom: WeComApp, company: WeCom, laozhou: Member
) -> None:
    say(wecom, laozhou, RESULT)
    say(wecom, laozhou, RESULT)
    assert [each.kind for each in laozhou.phone.heard] == ["text", "text", "card", "text"]
    assert LINK in laozhou.phone.heard[1].text and LINK in laozhou.phone.heard[3].text


def test_two_equal_messages_are_two(wecom: WeComApp, laozhou: Member) -> None:
    for seq in (7, 9, 10):
        say(wecom, laozhou, Reply("收到，转给人事了。"), seq=seq)
    assert read(laozhou) == ["收到，转给人事了。"] * 3
    assert len({each.text for each in laozhou.phone.heard}) == 3


def test_equal_pieces_of_one_bubble_are_all_shown(wecom: WeComApp, laozhou: Member) -> None:
    say(wecom, laozhou, Reply("字" * 3000))
    assert "".join(read(laozhou)) == "字" * 3000


def test_a_repeat_is_recognised_for_as_long_as_the_platform_offers(
    wecom: WeComApp, company: WeCom, laozhou: Member
) -> None:
    say(wecom, laozhou, Reply("好"))
    body = sent(company)[0].request.json()
    assert (body["enable_duplicate_check"], body["duplicate_check_interval"]) == (1, RECOGNISED)
    assert RECOGNISED <= 4 * 3600


def test_what_may_have_arrived_is_sent_again_and_seen_once(
    wecom: WeComApp, company: WeCom, laozhou: Member
) -> None:
    company.fail(SEND, Fault.LOST)
    with pytest.raises(Unsure):
        say(wecom, laozhou, ON_BOOK)
    say(wecom, laozhou, ON_BOOK)
    assert len(laozhou.phone.heard) == 1


# Sending


def test_w16_a_receiver_of_digits_is_a_member_and_no_department(wecom: WeComApp, company: WeCom) -> None:
    """YanHaidao/wecom#35."""
    member = company.member("10086", "老周")
    say(wecom, member, Reply("好"), ON_BOOK)
    for call in sent(company):
        body = call.request.json()
        assert body["touser"] == "10086" and not {"toparty", "totag"} & body.keys()
    assert len(member.phone.heard) == 2


@pytest.mark.parametrize("recipient", ["@all", "laozhou|ali", "", "a b"])
def test_nobody_but_one_member_is_ever_sent_to(
    wecom: WeComApp, company: WeCom, laozhou: Member, recipient: str
) -> None:
    (part,) = wecom.draw([bubble(Reply("好"))])
    with pytest.raises(Permanent, match="no_userid"):
        wecom.send(recipient, part)
    assert not sent(company)


@pytest.mark.parametrize(("state", "code"), [("unlicensed", "unlicenseduser"), ("left", "81013")])
def test_w16_a_success_that_reached_nobody_is_none(
    wecom: WeComApp, laozhou: Member, state: str, code: str
) -> None:
    """WxJava#3562, TencentBlueKing/bk-job#4451."""
    laozhou.state = state
    with pytest.raises(Permanent) as error:
        say(wecom, laozhou, ON_BOOK)
    assert (error.value.code, error.value.gone) == (code, True)


def test_w16_invaliduser_beside_a_success(
    wecom: WeComApp, company: WeCom, laozhou: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    laozhou.state = "left"
    company.member("ALi", "阿丽")
    original = company._send

    def send(request: Any) -> dict[str, Any]:
        """The platform lists who was not reached as if there had been others."""
        told = json.loads(request.body)
        return original(
            replace(request, body=json.dumps(told | {"touser": f"{told['touser']}|ali"}).encode())
        )

    monkeypatch.setattr(company, "_send", send)
    with pytest.raises(Permanent, match="invaliduser") as error:
        say(wecom, laozhou, Reply("好"))
    assert error.value.gone


@pytest.mark.parametrize(
    ("code", "kind", "gone"),
    [
        (81013, Permanent, True),
        (60111, Permanent, True),
        (60011, Permanent, True),
        (40003, Permanent, True),
        (40056, Permanent, False),
        (44004, Permanent, False),
        (-1, Temporary, None),
        (45009, Temporary, None),
        (45033, Temporary, None),
        (48002, Temporary, None),
        (60020, Temporary, None),
    ],
)
def test_each_error_of_the_platform_says_what_to_do(
    wecom: WeComApp, company: WeCom, laozhou: Member, code: int, kind: type[Undelivered], gone: bool | None
) -> None:
    company.fail(SEND, code)
    with pytest.raises(kind) as error:
        say(wecom, laozhou, Reply("一"))
    assert (error.value.code, getattr(error.value, "gone", None)) == (str(code), gone)
    assert len(sent(company)) == 1


def test_an_address_that_is_not_on_the_list_waits_for_the_admin(
    wecom: WeComApp, company: WeCom, laozhou: Member
) -> None:
    company.ip_list = {"203.0.113.7"}
    with pytest.raises(Temporary, match="60020") as error:
        say(wecom, laozhou, Reply("一"))
    assert error.value.after >= timedelta(minutes=5)


def test_w5_w11_one_token_for_the_app_and_nothing_of_the_secret_anywhere_else(
    wecom: WeComApp, company: WeCom, laozhou: Member, clock: Clock
) -> None:
    say(wecom, laozhou, Reply("一"))
    clock.move(minutes=119)
    say(wecom, laozhou, Reply("二"))
    (call,) = company.called(TOKEN)
    assert call.request.query == {"corpid": local.CORP_ID, "corpsecret": local.SECRET}
    assert {each.path for each in company.calls} == {TOKEN, SEND}
    assert local.SECRET[:10] not in repr(vars(wecom._api._client))
    clock.move(minutes=2)
    say(wecom, laozhou, Reply("三"))
    assert len(company.called(TOKEN)) == 2 and company.tokens.fetches == 2


def test_w1_a_refused_token_is_replaced_once(wecom: WeComApp, company: WeCom, laozhou: Member) -> None:
    say(wecom, laozhou, Reply("一"))
    company.tokens.revoke()
    say(wecom, laozhou, Reply("二"))
    assert read(laozhou) == ["一", "二"]
    assert len(company.called(TOKEN)) == 2


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_w1_a_platform_that_takes_no_token_is_left_alone(
    wecom: WeComApp, company: WeCom, laozhou: Member, code: int
) -> None:
    company.fail(SEND, *[code] * 20)
    for _ in range(5):
        with pytest.raises(Temporary, match=str(code)) as error:
            say(wecom, laozhou, ON_BOOK)
        assert error.value.after
    assert (len(company.called(TOKEN)), len(sent(company))) == (2, 6)


def test_a_wrong_secret_is_told_by_its_code(
    storage: Storage, company: WeCom, wecom: WeComApp, laozhou: Member
) -> None:
    wrong = make(storage, base(company), SECRET="another-secret")
    assert wrong is not None
    with pytest.raises(Temporary, match="token:40001") as error:
        say(wrong, laozhou, Reply("一"))
    assert error.value.__cause__ is None and "another-secret" not in repr(error.value)


@pytest.mark.parametrize("path", [SEND, TOKEN])
def test_w2_no_call_is_without_a_time_out(
    storage: Storage, company: WeCom, laozhou: Member, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr("bot.channels.wecom_api.TIMEOUT", (1.0, 0.3))
    wecom = make(storage, base(company))
    assert wecom is not None
    company.fail(path, Fault.HANG)
    with pytest.raises(Unsure if path == SEND else Temporary):
        say(wecom, laozhou, Reply("一"))


def test_who_cannot_be_called_is_called_later(storage: Storage, wecom: WeComApp, laozhou: Member) -> None:
    say(wecom, laozhou, Reply("零"))  # so that there is a token
    nowhere = make(storage, "http://127.0.0.1:1")
    assert nowhere is not None
    with pytest.raises(Temporary, match="no_connection"):
        say(nowhere, laozhou, Reply("一"))


# Settings


def test_the_settings_name_the_app(storage: Storage) -> None:
    told = load_settings(CONFIG, settings("http://127.0.0.1:1"))
    assert isinstance(open_platforms(told, storage, lambda conversation, seq: "")["wecom"], WeComApp)
    assert make(storage, "http://127.0.0.1:1", CORP_ID="") is None


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("CORP_ID", "上海某某公司", "corp_id: letters"),
        ("AGENT_ID", "", "agent_id: a number"),
        ("AGENT_ID", "社保助手", "agent_id: a number"),
        ("AES_KEY", "short", "aes_key.*43.*5 characters"),
        ("AES_KEY", "", "aes_key: needed with a corp_id"),
        ("SECRET", "", "secret: needed with a corp_id"),
        ("TOKEN", "", "token: needed with a corp_id"),
        ("TOKEN", "令牌", "token: 3 to 32"),
        ("SECRET_FILE", "no/such/file", "secret_file"),
        ("API_BASE", "qyapi.weixin.qq.com", "api_base"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_its_name(
    storage: Storage, name: str, value: str, named: str
) -> None:
    with pytest.raises(SettingsError, match=rf"channels\.wecom\.{named}"):
        make(storage, "http://127.0.0.1:1", **{name: value})
