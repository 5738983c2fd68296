"""The bot against a server that speaks Telegram's Bot API: what is heard, what is drawn, what is sent, and what is not."""

from __future__ import annotations

import json
import logging
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, Final

import pytest
from databases import Clock
from flask import Flask
from hypothesis import HealthCheck, example, given
from hypothesis import settings as trying
from hypothesis import strategies as st
from local_telegram import Local, Product, allow, make, settings
from platforms.harness import Fault
from platforms.telegram import LONGEST, TOKEN, Telegram, User

from app.channels import open_platforms
from app.settings import SettingsError, load_settings
from audit.events import account
from bot.callback_views import create_blueprint
from bot.channels import Callback, Refused
from bot.channels.drawing import clean
from bot.channels.telegram import NAME, TelegramBot, units
from bot.channels.telegram_about import languages
from bot.channels.telegram_api import UPDATES
from bot.taking import Taking
from delivery.messages import Button, Reply
from delivery.sending import Outgoing, Permanent, Temporary, Undelivered, Unsure
from delivery.taps import place
from storage.opening import Storage

pytest_plugins = ["databases", "local_telegram"]

SEED: Final = 20261015
ASKED: Final = Reply(
    "你一个月工资多少？", (Button("不想说", "wage=unsure"), Button("找人事", "topic=hr")), neutral=True
)
PERSONAL: Final = Reply("你家每月少 300.00 元。", (Button("看整份结果", "paper=report"),))
READ_HERE: Final = "https://hr.example/reports/c1-7"


@pytest.fixture
def ali(bot: TelegramBot, bot_api: Local) -> User:
    user = bot_api.user("阿丽")
    user.start()
    return user


def bubble(reply: Reply, seq: int = 7, author: Any = "assistant", locale: str = "zh_Hans") -> Outgoing:
    return Outgoing("c1", seq, author, reply, locale)


def say(bot: TelegramBot, user: User, *replies: Reply) -> None:
    for part in bot.draw([bubble(reply, seq) for seq, reply in enumerate(replies, start=7)]):
        bot.send(str(user.id), part)


# Hearing


def test_what_an_employee_does_is_heard(
    bot: TelegramBot, bot_api: Local, program: Product, clock: Clock
) -> None:
    ali = bot_api.user("阿丽")
    ali.start("K7MP-4XQ9")
    ali.write("我工资3000")
    ali.edit(ali.phone.bubbles[-1], "我工资3500")
    ali.speak()
    ali.picture()
    ali.sticker()
    ali.place()
    ali.document()
    ali.block()
    assert [(each.kind, each.text, each.payload) for each in program.messages] == [
        ("start", "", "K7MP-4XQ9"),
        ("text", "我工资3000", ""),
        ("edited", "我工资3500", ""),
        ("voice", "", ""),
        ("image", "", ""),
        ("other", "", ""),
        ("other", "", ""),
        ("other", "", ""),
        ("left", "", ""),
    ]
    assert {each.sender for each in program.messages} == {str(ali.id)}
    assert {each.received_at for each in program.messages} == {clock()}
    assert len({each.key for each in program.messages}) == 9


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("/start", ("start", "", "")),
        ("/start@shebao_local_bot K7MP4XQ9", ("start", "", "K7MP4XQ9")),
        ("/start <script>", ("start", "", "")),
        ("/help", ("text", "帮助", "")),
        ("/privacy", ("tap", "谁能看到我说的", "topic=privacy")),
        ("/HR", ("tap", "找人事", "topic=hr")),
        ("/stop", ("text", "解绑", "")),
        ('/out_of_scope{"a": 1}', ("text", 'out_of_scope{"a": 1}', "")),
        ("/", ("text", "/", "")),
    ],
)
def test_commands_are_short_for_what_can_be_said(
    ali: User, program: Product, text: str, heard: tuple[str, str, str]
) -> None:
    ali.write(text)
    last = program.messages[-1]
    assert (last.kind, last.text, last.payload) == heard


def test_the_language_of_the_app_is_the_language_of_the_conversation(
    bot: TelegramBot, bot_api: Local, program: Product
) -> None:
    for language in ("zh-hans", "zh-hant", "en", "vi", ""):
        bot_api.user("谁", language).write("/stop")
    heard = [(each.locale, each.text) for each in program.messages]
    assert heard == [
        ("zh_Hans", "解绑"),
        ("zh_Hant", "解绑"),
        ("en", "unbind"),
        ("en", "unbind"),
        ("zh_Hans", "解绑"),
    ]


def test_a_tap_comes_with_its_place_and_the_button_stops_turning(
    bot: TelegramBot, ali: User, bot_api: Local, program: Product
) -> None:
    say(bot, ali, ASKED)
    ali.tap("不想说")
    last = program.messages[-1]
    assert (last.kind, last.text, last.payload, last.sender) == ("tap", "", "@7.0", str(ali.id))
    assert not bot_api.turning
    assert bot_api.deliveries[-1].tries == ["200"]


def test_a_repeated_update_has_the_same_key(bot: TelegramBot, bot_api: Local, program: Product) -> None:
    """P5: Telegram sends an update again with the same number."""
    ali, laozhou = bot_api.user("阿丽"), bot_api.user("老周")
    with bot_api.holding() as held:
        ali.write("好")
        laozhou.write("好")
        ali.write("好")
    for update in held * 3:
        bot_api.deliver(update)
    assert len(program.messages) == 9
    assert len({each.key for each in program.messages}) == 3


def test_groups_are_told_once_and_left(bot: TelegramBot, bot_api: Local, program: Product) -> None:
    ali, group = bot_api.user("阿丽"), bot_api.group("三车间")
    group.add_bot(ali)
    assert [each.text for each in group.phone.heard] == [
        "我只在一对一的聊天里回话，这样别人看不到。点我的名字，单独发一句话给我就行。"
    ]
    group.write(ali, "/hr 阿丽家吃低保")
    group.write(ali, "在吗")
    assert len(group.phone.heard) == 1
    assert group.closed
    assert not program.messages


def test_who_unblocks_is_back_once_they_write(ali: User, program: Product) -> None:
    before = len(program.messages)
    ali.unblock()
    assert len(program.messages) == before


@pytest.mark.parametrize(
    ("change", "code", "status"),
    [
        ({"x-telegram-bot-api-secret-token": "guessed"}, "wrong_secret", 403),
        ({"x-telegram-bot-api-secret-token": "猜的"}, "wrong_secret", 403),
        ({"x-telegram-bot-api-secret-token": ""}, "wrong_secret", 403),
        ({"content-type": "text/plain"}, "wrong_type", 415),
    ],
)
def test_a_callback_that_is_not_telegrams_is_refused(
    bot: TelegramBot, bot_api: Local, change: dict[str, str], code: str, status: int
) -> None:
    headers = {**right(bot_api), **change}
    with pytest.raises(Refused) as refused:
        bot.hear(Callback("POST", {}, headers, b"{}"))
    assert (refused.value.code, refused.value.status) == (code, status)


def test_only_posts_are_callbacks(bot: TelegramBot, bot_api: Local) -> None:
    with pytest.raises(Refused, match="wrong_method"):
        bot.hear(Callback("GET", {}, right(bot_api)))


def test_a_body_that_is_no_update_is_answered_and_left(bot: TelegramBot, bot_api: Local) -> None:
    for body in (b"", b"[]", b"7", b"{", b"\xff", b"[" * 100_000, b'{"update_id": 1}', b'{"message": {}}'):
        heard = bot.hear(Callback("POST", {}, right(bot_api), body))
        assert (heard.answer.status, heard.messages) == (200, ())


def test_a_database_that_does_not_answer_has_the_update_brought_again(
    bot: TelegramBot, bot_api: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked() -> None:
        raise OSError("我工资3000")

    monkeypatch.setattr(bot, "_since", locked)
    with pytest.raises(Refused, match="OSError") as refused:
        bot.hear(Callback("POST", {}, right(bot_api), b'{"update_id": 1}'))
    assert refused.value.status == 503


def right(bot_api: Telegram) -> dict[str, str]:
    secret = bot_api.webhook["secret_token"]
    return {"x-telegram-bot-api-secret-token": secret, "content-type": "application/json; charset=utf-8"}


# Without a basis


def test_without_a_basis_nothing_is_kept_and_nothing_is_sent(
    bot: TelegramBot, storage: Storage, bot_api: Local, program: Product, clock: Clock
) -> None:
    ali = bot_api.user("阿丽")
    ali.write("在吗")
    assert len(program.messages) == 1
    assert storage.abroad.withdraw(NAME, account("admin"))
    assert ali.write("我工资3000") is not None
    group = bot_api.group("三车间")
    group.add_bot(ali)
    assert [each.tries for each in bot_api.deliveries] == [["200"]] * 3
    assert len(program.messages) == 1
    with pytest.raises(Permanent, match="no_basis_for_abroad"):
        say(bot, ali, ASKED)
    assert not ali.phone.heard
    assert not group.phone.heard
    assert not bot_api.called(bot_api.path("sendMessage"))
    clock.move(hours=1)
    allow(storage)
    bot_api.deliver(
        bot_api.deliveries[1].update
    )  # what was written before is not looked at afterwards either
    ali.write("现在呢")
    assert [each.text for each in program.messages] == ["在吗", "现在呢"]


# Drawing


def test_what_is_neutral_is_said_with_its_buttons_by_their_places(bot: TelegramBot, ali: User) -> None:
    say(bot, ali, ASKED)
    (shown,) = ali.phone.heard
    assert shown.text == ASKED.text
    assert [(each.id, each.label) for each in shown.choices] == [
        (place(7, 0), "不想说"),
        (place(7, 1), "找人事"),
    ]
    assert shown.more["rows"] == [["不想说", "找人事"]]


@pytest.mark.parametrize("author", ["assistant", "hr"])
def test_what_is_about_the_employee_is_not_said_but_linked_to(
    bot: TelegramBot, ali: User, bot_api: Local, author: str
) -> None:
    neutral = author == "hr"  # what HR writes never counts as neutral
    reply = Reply(PERSONAL.text, PERSONAL.buttons, neutral=neutral)
    for part in bot.draw([bubble(reply, author=author)]):
        bot.send(str(ali.id), part)
    (shown,) = ali.phone.heard
    assert "300" not in shown.text
    assert "Telegram 的服务器在国外" in shown.text
    assert shown.more["links"] == {"打开看": READ_HERE}
    assert not shown.choices
    assert shown.more["protected"]
    assert not bot_api.previewed


def test_one_link_leads_to_several_bubbles_in_a_row(bot: TelegramBot) -> None:
    replies = (ASKED, PERSONAL, PERSONAL, Reply("不客气。", neutral=True), PERSONAL)
    parts = bot.draw([bubble(each, seq) for seq, each in enumerate(replies, start=1)])
    assert [part["link"]["url"][-4:] if "link" in part else part["text"] for part in parts] == [
        ASKED.text,
        "c1-2",
        "不客气。",
        "c1-5",
    ]


def test_buttons_are_shown_without_words_too(bot: TelegramBot, ali: User) -> None:
    say(bot, ali, Reply("\x00", ASKED.buttons, neutral=True))
    assert ali.phone.heard[0].text == "…"


def test_papers_are_opened_on_a_page(bot: TelegramBot, ali: User) -> None:
    say(bot, ali, Reply("照片我看不了。", papers=("sample_paper",), neutral=True))
    assert ali.phone.heard[0].more["links"] == {"看图和样子": READ_HERE}


def test_where_there_is_no_address_the_employee_is_told_where_to_ask(storage: Storage) -> None:
    allow(storage)
    bot = make(storage, "http://127.0.0.1:1", lambda *of: "")
    assert bot is not None
    (part,) = bot.draw([bubble(PERSONAL)])
    assert "请到公司的网页上问" in part["text"]
    assert "link" not in part


def test_an_address_on_this_computer_stands_in_the_text(storage: Storage, bot_api: Local) -> None:
    """Telegram makes buttons of addresses on the internet alone; and it must not look it up for a preview."""
    allow(storage)
    made = make(storage, bot_api.base, lambda *of: "http://127.0.0.1:8000/reports/t")
    assert made is not None
    ali = bot_api.user("阿丽")
    ali.start()
    say(made, ali, PERSONAL)
    made.close()
    assert ali.phone.heard[0].text.endswith("\nhttp://127.0.0.1:8000/reports/t")
    assert not bot_api.previewed


def test_sources_are_named_and_long_texts_are_cut_between_sentences(bot: TelegramBot, ali: User) -> None:
    sentence = "社保要按月交，滞纳金由厂里出。👍"
    source = {"title": "社会保险法", "number": None, "article": "第八十六条"}
    say(bot, ali, Reply(sentence * 600, ASKED.buttons, (source,), neutral=True))
    shown = ali.phone.heard
    assert len(shown) == 3
    assert all(units(each.text) <= LONGEST for each in shown)
    assert all(each.text.endswith(("👍", "。", "条")) for each in shown)
    assert "".join(each.text for each in shown) == sentence * 600 + "\n依据：社会保险法 第八十六条"
    assert [bool(each.choices) for each in shown] == [False, False, True]


@given(st.text(st.characters(), max_size=5000))
@example("]]>" * 3000)
@example("a\x1db\x00\ud800\r\n<b>&amp; *_`[")
@example("👩‍👧 𠮷󠄀 🇨🇳" * 800)
@trying(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_any_text_goes_out_whole(bot: TelegramBot, ali: User, text: str) -> None:
    before = len(ali.phone.heard)
    said = f"你说：{text}。"
    say(bot, ali, Reply(said, neutral=True))
    shown = "".join(each.text for each in ali.phone.heard[before:])
    assert without_space(shown) == without_space(clean(said))


def without_space(text: str) -> str:
    return "".join(text.split())


# Sending


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        (429, Temporary, "flood"),
        (401, Temporary, "token_refused"),
        (500, Temporary, "server_error"),
        (502, Unsure, "TelegramError"),
        (Fault.LOST, Unsure, "RemoteProtocolError"),
        (Fault.BROKEN, Unsure, "RemoteProtocolError"),
    ],
)
def test_what_goes_wrong_has_its_meaning(
    bot: TelegramBot, ali: User, bot_api: Local, fault: Fault | int, kind: type[Undelivered], code: str
) -> None:
    bot_api.fail(bot_api.path("sendMessage"), fault)
    with pytest.raises(kind) as failed:
        say(bot, ali, ASKED)
    assert failed.value.code == code
    assert failed.value.__cause__ is None
    say(bot, ali, ASKED)  # and the connection works again
    assert ali.phone.heard


def test_p4_a_chat_that_is_slowed_down_slows_no_other(bot: TelegramBot, ali: User, bot_api: Local) -> None:
    laozhou = bot_api.user("老周")
    laozhou.start()
    bot_api.retry_after = 17
    bot_api.fail(bot_api.path("sendMessage"), 429)
    with pytest.raises(Temporary) as slowed:
        say(bot, ali, ASKED)
    assert slowed.value.after == timedelta(seconds=17)
    say(bot, laozhou, ASKED)
    assert len(laozhou.phone.heard) == 1
    assert len(bot_api.called(bot_api.path("sendMessage"))) == 2


def test_p6_whom_the_bot_cannot_reach_is_gone(bot: TelegramBot, ali: User, bot_api: Local) -> None:
    stranger, left = bot_api.user("没写过的"), bot_api.user("销号的")
    left.start()
    left.delete_account()
    ali.block()
    for user in (ali, left, stranger):
        with pytest.raises(Permanent) as gone:
            say(bot, user, ASKED)
        assert (gone.value.code, gone.value.gone) == ("blocked", True)
    with pytest.raises(Permanent) as unknown:
        bot.send("12345", {"text": "在吗"})
    assert (unknown.value.code, unknown.value.gone) == ("no_such_chat", True)


def test_what_telegram_will_not_take_fails_for_good(bot: TelegramBot, ali: User) -> None:
    with pytest.raises(Permanent) as refused:
        bot.send(str(ali.id), {"text": " "})
    assert (refused.value.code, refused.value.gone) == ("refused", False)


def test_nobody_at_the_address_is_no_message_lost(storage: Storage) -> None:
    allow(storage)
    bot = make(storage, "http://127.0.0.1:1")
    assert bot is not None
    with pytest.raises(Temporary, match="no_connection"):
        bot.send("1", {"text": "在吗"})
    bot.close()


def test_p1_many_threads_send_over_one_loop(bot: TelegramBot, ali: User) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda at: bot.send(str(ali.id), {"text": f"第 {at} 条"}), range(40)))
    assert {each.text for each in ali.phone.heard} == {f"第 {at} 条" for at in range(40)}


def test_a_closed_bot_sends_again(bot: TelegramBot, ali: User) -> None:
    say(bot, ali, ASKED)
    bot.close()
    say(bot, ali, ASKED)
    assert len(ali.phone.heard) == 2


def test_p3_the_token_stands_in_no_log(
    bot: TelegramBot, ali: User, bot_api: Local, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    say(bot, ali, Reply("悄悄话", neutral=True))
    for fault in (401, 429, 500, 502, Fault.LOST):
        bot_api.fail(bot_api.path("sendMessage"), fault)
        with pytest.raises(Undelivered):
            say(bot, ali, Reply("悄悄话", neutral=True))
    bot_api.fail(bot_api.path("getUpdates"), 502)
    with pytest.raises(Undelivered):
        bot.updates(0, 0)
    bot.hear(Callback("POST", {}, right(bot_api), b'{"update_id": 1, "message": {"text": "\xe6\x82\x84"}}'))
    for record in caplog.records:
        assert TOKEN.partition(":")[2] not in record.getMessage() + str(record.exc_info)
        assert "悄悄话" not in record.getMessage()


# Setting up


def test_the_bot_tells_telegram_where_to_call_and_what_it_can_do(bot: TelegramBot, bot_api: Local) -> None:
    assert bot_api.webhook["url"] == "https://hr.example/channels/telegram"
    assert bot_api.webhook["allowed_updates"] == list(UPDATES)
    assert 1 <= bot_api.webhook["max_connections"] <= 40
    for language in ("", "zh", "en"):
        named = [each["command"] for each in bot_api.commands[language]]
        assert named == ["start", "help", "privacy", "hr", "stop"]
        assert bot_api.descriptions[language]
        assert bot_api.short_descriptions[language]
    assert bot_api.menu_button == {"type": "commands"}
    before = (dict(bot_api.webhook), dict(bot_api.commands))
    bot.register("https://hr.example/channels/telegram")
    assert before == (bot_api.webhook, bot_api.commands)


def test_what_the_bot_says_of_itself_fits() -> None:
    for about in languages():
        assert len(about.description) <= 512
        assert len(about.short) <= 120
        assert "国外" in about.description or about.language == "en"


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"TOKEN": "a token"}, "channels.telegram.token"),
        ({"SECRET": "with spaces"}, "channels.telegram.secret"),
        ({"TOKEN_FILE": "/nowhere"}, "channels.telegram.token_file"),
    ],
)
def test_a_wrong_setting_stops_the_start(storage: Storage, environ: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        make(storage, "http://127.0.0.1:1", **environ)


def test_without_a_token_there_is_no_bot_and_the_secret_is_the_keys_own(storage: Storage) -> None:
    assert NAME not in open_platforms(load_settings(environ={}), storage, lambda *of: "")
    assert make(storage, "http://127.0.0.1:1", TOKEN="") is None
    made = [make(storage, "http://127.0.0.1:1") for _ in range(2)]
    secrets = {each._secret for each in made if each is not None}
    assert len(secrets) == 1
    assert TOKEN not in repr(load_settings(environ=settings("http://127.0.0.1:1")))


# Mutated bodies


PIECES: Final = (
    b"",
    b"\x00",
    b"\xff\xfe",
    b"{",
    b"}",
    b"[]",
    b'"',
    b"null",
    b"true",
    b"-1",
    b"1e999",
    b"9" * 400,
    b'"\\ud800"',
    b'{"chat": {}}',
    b'"message"',
    b'"type": "private"',
    b"[" * 50,
    "签".encode(),
)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The same bytes with one to four of them changed, cut out, doubled, or with something put in."""
    for _ in range(chance.randint(1, 4)):
        at, end = sorted(chance.randint(0, len(data)) for _ in range(2))
        end = min(end, at + chance.choice((1, 1, 8, 200)))
        piece = chance.choice(
            (chance.choice(PIECES), bytes([chance.randrange(256)]), data[at:end] * 2, chance.randbytes(5))
        )
        data = data[:at] + piece + data[end:]
    return data


def swapped(update: Any, chance: random.Random) -> Any:
    """The same update with one value of another kind: whole JSON that PTB trips over."""
    if isinstance(update, dict) and update:
        name = chance.choice(sorted(update))
        inside = update[name]
        if isinstance(inside, dict) and chance.random() < 0.7:
            return {**update, name: swapped(inside, chance)}
        return {**update, name: chance.choice((None, True, -1, 1e30, "", "x", [], {}, [{}], {"id": "x"}))}
    return update


def updates(bot_api: Local) -> list[dict[str, Any]]:
    ali, group = bot_api.user("阿丽"), bot_api.group("三车间")
    with bot_api.holding() as held:
        ali.start("K7MP-4XQ9")
        ali.write("我工资3000，一家四口😀")
        ali.edit(ali.phone.bubbles[-1], "我工资3500")
        for act in (ali.speak, ali.picture, ali.sticker, ali.place, ali.document, ali.block):
            act()
        group.add_bot(ali)
        group.write(ali, "/hr")
    return held


def fuzz(bot: TelegramBot, storage: Storage, bot_api: Local, count: int) -> set[int]:
    """Mutated callbacks at the real address, where any error is raised; which statuses there were."""
    app = Flask("callbacks")
    app.testing = True
    taking = Taking({NAME: bot}, storage.inbox.store_all, lambda event: None)
    app.register_blueprint(create_blueprint(taking))
    client, chance, originals = app.test_client(), random.Random(SEED), updates(bot_api)
    headers, statuses = right(bot_api), set()
    for _ in range(count):
        update = chance.choice(originals)
        if chance.random() < 0.5:
            body = json.dumps(swapped(update, chance)).encode()
        else:
            body = mutated(json.dumps(update, ensure_ascii=chance.random() < 0.5).encode(), chance)
        if chance.random() < 0.05:
            headers = {**headers, "x-telegram-bot-api-secret-token": chance.choice(("", "x", "é"))}
        else:
            headers = right(bot_api)
        statuses.add(client.post(f"/channels/{NAME}", data=body, headers=headers).status_code)
    return statuses


def test_two_thousand_mutated_callbacks(bot: TelegramBot, storage: Storage, bot_api: Local) -> None:
    assert fuzz(bot, storage, bot_api, 2_000) == {200, 403}


@pytest.mark.soak
def test_a_hundred_thousand_mutated_callbacks(bot: TelegramBot, storage: Storage, bot_api: Local) -> None:
    assert fuzz(bot, storage, bot_api, 100_000) == {200, 403}
