"""The people of the demo and their phones: what the page shows of them, what they can do, what the platform saw."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from email.message import EmailMessage
from typing import Any, Final, Protocol

from platforms.callbacks import Calling, Delivery
from platforms.harness import Call
from platforms.phones import Bubble, Choice, Phone
from platforms.sms import Texts
from platforms.telegram import Delivery as Update
from platforms.telegram import Telegram, User
from platforms.wechat import Follower, Grant, WeChat
from platforms.wecom import Member, WeCom

#: What the page shows of the log.
SHOWN: Final = 40
#: Seconds that a code is waited for to be understood.
PATIENCE: Final = 20.0
CONFIRM: Final = "是，绑定"
ACCOUNT: Final = "社保助手"

#: What a call is called on the page.
CALLS: Final = {
    "cgi-bin/token": "取令牌",
    "cgi-bin/stable_token": "取稳定版令牌",
    "cgi-bin/gettoken": "取令牌",
    "cgi-bin/message/custom/send": "客服消息",
    "cgi-bin/message/custom/typing": "正在输入",
    "cgi-bin/message/send": "应用消息",
    "cgi-bin/message/update_template_card": "更新卡片",
    "cgi-bin/menu/create": "设菜单",
    "sendMessage": "发消息",
    "answerCallbackQuery": "收到点按",
    "setMyCommands": "设命令",
    "": "发短信",
}
EVENTS: Final = {
    "text": "文字",
    "voice": "语音",
    "image": "图片",
    "location": "位置",
    "subscribe": "关注",
    "unsubscribe": "取消关注",
    "SCAN": "扫码",
    "CLICK": "点菜单",
    "click": "点菜单",
    "enter_agent": "进入应用",
    "template_card_event": "点卡片",
}
UPDATES: Final = {
    "message": "消息",
    "edited_message": "改过的消息",
    "callback_query": "点按钮",
    "my_chat_member": "停用或恢复",
}


class Person(Protocol):
    """Somebody whose phone the page shows."""

    #: Names the phone for the page and for the product.
    id: str

    @property
    def version(self) -> int:
        """Changes with whatever `state` tells."""

    def state(self) -> dict[str, Any]:
        """The phone as JSON: `name`, `platform`, `bubbles`, `log`, what is left to send (`quota`, or None), and
        `acts`: a name, what stands on the button, and what is to be written for it, where something is."""

    def do(self, act: str, value: str, number: int) -> None:
        """Does something with the phone; `number` is the bubble that is tapped. Raises `LookupError`."""

    def bind(self, code: str) -> None:
        """Ties the chat to the employee whose code it is, as they would do it."""

    def kept(self) -> dict[str, Any]:
        """What is to be there again after a restart."""

    def recall(self, kept: Mapping[str, Any]) -> None:
        """What `kept` gave."""


class OnWeChat:
    """A follower of the official account."""

    id = "wechat"

    def __init__(self, platform: WeChat, follower: Follower) -> None:
        self._platform = platform
        self._me = follower

    @property
    def version(self) -> int:
        return _version(self._platform, self._me.phone)

    def state(self) -> dict[str, Any]:
        me = self._me
        acts = [
            ["speak", "语音", "说的话（平台会把它认成字）"],
            ["picture", "发图片"],
            ["scan", "扫码", "码上带的字，比如绑定码"],
        ]
        return {
            "id": self.id,
            "name": me.name,
            "platform": "微信公众号",
            "account": ACCOUNT,
            "there": me.following,
            "enter": ["follow", "关注公众号"],
            "acts": [*acts, ["unfollow", "取消关注"]] if me.following else [],
            "menu": _menu(self._platform.menu),
            "quota": {"left": me.left, "until": me.until} if me.until else {"left": 0, "until": 0},
            "bubbles": [asdict(each) for each in me.phone.bubbles],
            "log": log_of(self._platform),
            "tricks": TRICKS,
        }

    def do(self, act: str, value: str, number: int) -> None:
        me = self._me
        if act == "follow":
            me.follow()
        elif act == "scan":
            me.scan(value)
        elif not me.following:
            raise LookupError(act)
        elif act == "tap":
            me.tap(value, me.phone.bubbles[number])
        else:
            known: dict[str, Callable[[], object]] = {
                "write": lambda: me.write(value),
                "speak": lambda: me.speak(value),
                "picture": me.picture,
                "unfollow": me.unfollow,
                "click": lambda: me.click(value),
                **_tricks(self._platform, "cgi-bin/message/custom/send", self._platform.stable.revoke),
            }
            known[act]()

    def bind(self, code: str) -> None:
        if not self._me.following:
            self._me.follow()
        bind(self._me.phone, self._me.write, code)

    def kept(self) -> dict[str, Any]:
        me = self._me
        bubbles = [asdict(each) for each in me.phone.bubbles]
        return {
            "following": me.following,
            "grants": me.grants,
            "bubbles": bubbles,
            "menu": self._platform.menu,
        }

    def recall(self, kept: Mapping[str, Any]) -> None:
        self._me.following = kept["following"]
        self._me.grants = {kind: Grant(*each) for kind, each in kept["grants"].items()}
        self._me.phone.recall(_bubbles(kept["bubbles"]))
        self._platform.menu = kept["menu"]


class OnWeCom:
    """A member of the company."""

    id = "wecom"

    def __init__(self, platform: WeCom, member: Member) -> None:
        self._platform = platform
        self._me = member

    @property
    def version(self) -> int:
        return _version(self._platform, self._me.phone)

    def state(self) -> dict[str, Any]:
        me = self._me
        return {
            "id": self.id,
            "name": me.name,
            "platform": "企业微信",
            "account": ACCOUNT,
            "there": True,
            "enter": None,
            "acts": [["speak", "发语音"], ["picture", "发图片"], ["open", "重新进入应用"]],
            "menu": [],
            "quota": None,
            "bubbles": [asdict(each) for each in me.phone.bubbles],
            "log": log_of(self._platform),
            "tricks": TRICKS,
        }

    def do(self, act: str, value: str, number: int) -> None:
        me = self._me
        known: dict[str, Callable[[], object]] = {
            "write": lambda: me.write(value),
            "speak": me.speak,
            "picture": me.picture,
            "open": me.open_app,
            "click": lambda: me.click(value),
            "tap": lambda: me.tap(value, me.phone.bubbles[number]),
            **_tricks(self._platform, "cgi-bin/message/send", self._platform.tokens.revoke),
        }
        known[act]()

    def bind(self, code: str) -> None:
        bind(self._me.phone, self._me.write, code)

    def kept(self) -> dict[str, Any]:
        return {"bubbles": [asdict(each) for each in self._me.phone.bubbles]}

    def recall(self, kept: Mapping[str, Any]) -> None:
        self._me.phone.recall(_bubbles(kept["bubbles"]))


class OnTelegram:
    """Somebody with Telegram."""

    id = "telegram"

    def __init__(self, platform: Telegram, user: User) -> None:
        self._platform = platform
        self._me = user

    @property
    def version(self) -> int:
        return _version(self._platform, self._me.phone)

    def state(self) -> dict[str, Any]:
        me = self._me
        commands = next(iter(self._platform.commands.values()), [])
        return {
            "id": self.id,
            "name": me.name,
            "platform": "Telegram",
            "account": ACCOUNT,
            "there": not me.closed,
            "enter": ["start", "开始"],
            "acts": [] if me.closed else [["speak", "发语音"], ["picture", "发图片"], ["block", "停用"]],
            "menu": [[f"/{each['command']}", each["description"]] for each in commands],
            "quota": None,
            "bubbles": [asdict(each) for each in me.phone.bubbles],
            "log": log_of(self._platform),
            "tricks": TRICKS[:2],
        }

    def do(self, act: str, value: str, number: int) -> None:
        me = self._me
        known: dict[str, Callable[[], object]] = {
            "start": me.start,
            "write": lambda: me.write(value),
            "click": lambda: me.write(value),
            "speak": me.speak,
            "picture": me.picture,
            "block": me.block,
            "tap": lambda: me.tap(value, me.phone.bubbles[number]),
            "again": self._again,
            "busy": lambda: self._platform.fail(self._platform.path("sendMessage"), 429),
        }
        known[act]()

    def bind(self, code: str) -> None:
        # What asks for the confirmation names the employee, and so comes as a page of our own.
        bind(self._me.phone, self._me.start, code, self._me.write, "")

    def kept(self) -> dict[str, Any]:
        return {"closed": self._me.closed, "bubbles": [asdict(each) for each in self._me.phone.bubbles]}

    def recall(self, kept: Mapping[str, Any]) -> None:
        self._me.closed = kept["closed"]
        self._me.phone.recall(_bubbles(kept["bubbles"]))

    def _again(self) -> None:
        for update in [each.update for each in self._platform.deliveries[-1:]] * 2:
            self._platform.deliver(update)


class OfHr:
    """Somebody of HR, who is told by text message and mail, and answers neither."""

    id = "hr"

    def __init__(self, name: str, number: str, texts: Texts, mails: Sequence[EmailMessage]) -> None:
        self._name = name
        self._number = number
        self._texts = texts
        self._mails = mails
        self._phone = Phone(texts.clock)
        self._seen = (0, 0)
        self._lock = threading.Lock()

    @property
    def version(self) -> int:
        self._look()
        return self._phone.version

    def _look(self) -> None:
        """What has come since is shown."""
        with self._lock:
            texts, mails = self._texts.sent[self._seen[0] :], self._mails[self._seen[1] :]
            self._seen = (self._seen[0] + len(texts), self._seen[1] + len(mails))
        for text in texts:
            if text.number == self._number:
                self._phone.show("them", f"【{text.sign_name}】{text.text}", title="短信", kind="card")
        for mail in mails:
            body = mail.get_body(("plain",))
            said = "" if body is None else "\n".join(str(body.get_content()).strip().splitlines())
            self._phone.show("them", said, title=f"邮件　{mail['Subject']}", kind="card")

    def state(self) -> dict[str, Any]:
        self._look()
        return {
            "id": self.id,
            "name": self._name,
            "platform": "人事",
            "account": "短信和邮件",
            "there": False,
            "enter": None,
            "acts": [],
            "menu": [],
            "quota": None,
            "bubbles": [asdict(each) for each in self._phone.bubbles],
            "log": log_of(self._texts),
            "tricks": [],
        }

    def do(self, act: str, value: str, number: int) -> None:
        raise LookupError(act)

    def bind(self, code: str) -> None:
        """Nobody of HR is tied to a chat here."""

    def kept(self) -> dict[str, Any]:
        self._look()
        return {"bubbles": [asdict(each) for each in self._phone.bubbles]}

    def recall(self, kept: Mapping[str, Any]) -> None:
        self._phone.recall(_bubbles(kept["bubbles"]))


#: What shows that nothing is lost and nothing comes twice.
TRICKS: Final = [
    ["again", "刚才那条再送两遍", "平台有时会把同一条消息送好几遍"],
    ["busy", "下次发送报忙", "平台答 -1，系统应该过一会儿再发"],
    ["stale", "令牌作废", "发送时发现令牌失效，应该只重取一次"],
]


def _tricks(platform: Calling, send: str, revoke: Callable[[], None]) -> dict[str, Callable[[], object]]:
    def again() -> None:
        if platform.deliveries:
            event = platform.deliveries[-1].event
            for _ in range(2):
                platform.deliver(event)

    return {"again": again, "busy": lambda: platform.fail(send, -1), "stale": revoke}


def _version(platform: Calling | Telegram, phone: Phone) -> int:
    return phone.version + len(platform.calls) + sum(1 + len(each.tries) for each in platform.deliveries)


def _menu(menu: Mapping[str, Any]) -> list[list[str]]:
    """Entries of the account's menu that answer by an event."""
    entries = [inner for each in menu.get("button", ()) for inner in (each.get("sub_button") or [each])]
    return [[each["key"], each["name"]] for each in entries if each.get("type") == "click"]


def log_of(platform: Calling | Telegram | Texts) -> list[dict[str, Any]]:
    """What the platform did and saw, the newest first."""
    deliveries = [] if isinstance(platform, Texts) else platform.deliveries[-SHOWN:]
    seen = [*map(_called, platform.calls[-SHOWN:]), *map(_delivered, deliveries)]
    return sorted(seen, key=lambda each: float(each["at"]), reverse=True)[:SHOWN]


def _called(call: Call) -> dict[str, Any]:
    # A path of Telegram's begins with the bot's token.
    name = call.path.rpartition("/")[2] if call.path.startswith("bot") else call.path
    what, result, good = CALLS.get(name, name), "没有回答", False
    if call.answer is not None:
        try:
            said = json.loads(call.answer.body)
            code = said.get("errcode", said.get("error_code", 0))
        except ValueError:
            code = call.answer.status
        result, good = ("成功", True) if code == 0 else (str(code), False)
    return {"at": call.at, "way": "in", "what": what, "result": result, "good": good}


def _delivered(delivery: Delivery | Update) -> dict[str, Any]:
    result = "、".join(delivery.tries) or "……"
    if isinstance(delivery, Update):
        what = next(name for kind, name in UPDATES.items() if kind in delivery.update)
        good = delivery.tries[-1:] == ["200"]
    else:
        fields = delivery.event.fields
        kind = str(fields.get("Event") or fields["MsgType"])
        what = "点菜单" if "bizmsgmenuid" in fields else EVENTS.get(kind, kind)
        good = not delivery.failed
    if delivery.reply is not None:
        result += "，当场回复"
    good = good and len(delivery.tries) < 2
    return {"at": delivery.at, "way": "out", "what": what, "result": result, "good": good}


def bind(
    phone: Phone,
    hand_in: Callable[[str], object],
    code: str,
    write: Callable[[str], object] | None = None,
    question: str = CONFIRM,
) -> None:
    """Hands in the code, and confirms once something with `question` in it was heard. Raises `TimeoutError`."""
    before = len(phone.heard)
    hand_in(code)
    phone.wait(lambda heard: any(question in each.words for each in heard[before:]), PATIENCE)
    (write or hand_in)(CONFIRM)


def _bubbles(kept: list[dict[str, Any]]) -> list[Bubble]:
    return [
        Bubble(**{**each, "choices": tuple(Choice(**choice) for choice in each["choices"])}) for each in kept
    ]


def in_background(do: Callable[[], object]) -> None:
    """What waits for the product does not hold up the page. A tap on what is gone, and a code that nobody answers, are seen
    on the phone."""

    def run() -> None:
        with suppress(LookupError, TimeoutError):
            do()

    threading.Thread(target=run, daemon=True).start()
