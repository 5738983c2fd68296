"""A WeChat official account: its API under `cgi-bin/`, and followers whose messages are called back in safe mode.

    wechat = WeChat(address="http://127.0.0.1:8000/channels/wechat")
    with Server({"/wechat": wechat}) as server:   # api_base is f"{server.address}/wechat"
        ali = wechat.follower("阿丽")
        ali.follow()
        ali.write("低保还有吗")
        ali.phone.wait(lambda heard: len(heard) == 1)

Quota (since 2023-06-12): a message opens 48 hours for 5 messages; a follow, scan, menu click or tapped msgmenu opens a minute
for 3. The same event again refreshes its own amount, amounts do not add up, and a message that is sent counts against all that
are open: the strictest reading of the documentation.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from platforms.callbacks import Calling, Delivery, Event, Fields, Wire
from platforms.envelope import Broken, Envelope, signature
from platforms.harness import Clock, Failure, NoAnswer, Request, Response, as_json, call
from platforms.phones import Bubble, Choice, Phone
from platforms.tokens import Tokens

APP_ID: Final = "wx1f00000000000de0"
SECRET: Final = "local-wechat-secret"
TOKEN: Final = "local-wechat-token"
AES_KEY: Final = "wechatwechatwechatwechatwechatwechatwechat0"
ACCOUNT: Final = "gh_0123456789ab"

LONGEST: Final = 2048
#: What an event opens: seconds, and messages.
WROTE: Final = (48 * 3600, 5)
TAPPED: Final = (60, 3)
#: A character that JSON lets stand as itself, written as an escape.
_ESCAPE: Final = re.compile(rb"(?<!\\)((?:\\\\)*)\\u(?!00[01])(?=[0-9a-fA-F]{4})")
#: What the platform shows when the product did not answer.
UNAVAILABLE: Final = "该公众号提供的服务出现故障，请稍后再试"
#: What stands in for a kind of message that an account cannot receive.
UNSUPPORTED: Final = "【收到不支持的消息类型，暂无法显示】"

MESSAGES: Final = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40003: "invalid openid",
    40013: "invalid appid",
    40125: "invalid appsecret",
    40164: "invalid ip, not in whitelist",
    40200: "invalid account type",
    41001: "access_token missing",
    42001: "access_token expired",
    43002: "require POST method",
    43004: "require subscribe",
    44002: "empty post data",
    45002: "content size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    47001: "data format error",
    48001: "api unauthorized",
    40008: "invalid message type",
    40007: "invalid media_id",
}


class Grant(NamedTuple):
    """Until when, and how many messages are left."""

    until: float
    left: int


class Follower:
    """Somebody with WeChat on their phone."""

    def __init__(self, platform: WeChat, name: str, openid: str) -> None:
        self._platform = platform
        self.name = name
        self.openid = openid
        self.following = False
        self.phone = Phone(platform.clock)
        self.grants: dict[str, Grant] = {}

    def follow(self, scene: str = "") -> Delivery | None:
        """Follows the account, by a code with a scene or without."""
        self.following = True
        self._platform.grant(self, "follow", TAPPED)
        return self._event({"Event": "subscribe", "EventKey": f"qrscene_{scene}" if scene else ""})

    def unfollow(self) -> Delivery | None:
        self.following = False
        self.grants.clear()
        return self._event({"Event": "unsubscribe", "EventKey": ""})

    def scan(self, scene: str) -> Delivery | None:
        """Scans a code with a scene: who does not follow yet, follows by it."""
        if not self.following:
            return self.follow(scene)
        self._platform.grant(self, "scan", TAPPED)
        return self._event({"Event": "SCAN", "EventKey": scene, "Ticket": f"ticket-{scene}"})

    def click(self, key: str) -> Delivery | None:
        """Taps an entry of the account's menu."""
        self._platform.grant(self, "click", TAPPED)
        return self._event({"Event": "CLICK", "EventKey": key})

    def write(self, text: str) -> Delivery | None:
        self.phone.show("me", text)
        return self._message({"MsgType": "text", "Content": text}, WROTE)

    def speak(self, recognised: str | None) -> Delivery | None:
        """A voice message; None: the platform recognised nothing, or the account has no recognition."""
        self.phone.show("me", recognised or "", kind="voice")
        fields: dict[str, str | int] = {"MsgType": "voice", "MediaId": secrets.token_hex(16), "Format": "amr"}
        if recognised is not None:
            fields["Recognition"] = recognised
        return self._message(fields, WROTE)

    def picture(self) -> Delivery | None:
        self.phone.show("me", "", kind="image")
        address = f"http://mmbiz.qpic.cn/{secrets.token_hex(16)}/0"
        return self._message({"MsgType": "image", "PicUrl": address, "MediaId": secrets.token_hex(16)}, WROTE)

    def sticker(self) -> Delivery | None:
        """A kind of message that accounts are not handed: a text of the platform comes in its place."""
        self.phone.show("me", "", kind="image")
        return self._message({"MsgType": "text", "Content": UNSUPPORTED}, WROTE)

    def place(self) -> Delivery | None:
        self.phone.show("me", "", kind="image")
        where: dict[str, str | int] = {
            "Location_X": "31.298886",
            "Location_Y": "120.585316",
            "Scale": 16,
            "Label": "苏州",
        }
        return self._message({"MsgType": "location", **where}, WROTE)

    def tap(self, label: str, bubble: Bubble | None = None) -> Delivery | None:
        """Taps an entry of a msgmenu: of this bubble, or the last that has it. Raises `LookupError`."""
        menus = [bubble] if bubble is not None else list(reversed(self.phone.heard))
        found = [each for menu in menus for each in menu.choices if each.label == label]
        if not found:
            raise LookupError(label)
        self.phone.show("me", label)
        fields = {"MsgType": "text", "Content": label, "bizmsgmenuid": found[0].id}
        return self._message(fields, TAPPED, "tap")

    @property
    def left(self) -> int:
        """How many messages the account may still send now."""
        return max((each.left for each in self._open()), default=0)

    @property
    def until(self) -> float:
        """When the last of what is open ends; 0 where nothing is."""
        return max((each.until for each in self._open()), default=0.0)

    def _open(self) -> list[Grant]:
        now = self._platform.clock()
        return [each for each in self.grants.values() if now < each.until]

    def _message(self, what: Fields, grant: tuple[int, int], kind: str = "message") -> Delivery | None:
        assert self.following, "only a follower can write"
        self._platform.grant(self, kind, grant)
        return self._platform.happened(
            self._platform.event(self, {**what, "MsgId": self._platform.next_id()})
        )

    def _event(self, what: Fields) -> Delivery | None:
        return self._platform.happened(self._platform.event(self, {"MsgType": "event", **what}))


class WeChat(Calling):
    """The account. What a test sets beside what `Api` and `Calling` have:

    `verified` (False: no customer-service messages, 48001), `test_account` (True: no msgmenu, 40200), `ip_list` (addresses that
    may fetch tokens; None: all).
    """

    def __init__(
        self,
        *,
        app_id: str = APP_ID,
        secret: str = SECRET,
        token: str = TOKEN,
        aes_key: str = AES_KEY,
        address: str = "",
        clock: Clock = time.time,
    ) -> None:
        super().__init__(clock, Envelope(token, aes_key, app_id), address)
        self.app_id = app_id
        self.secret = secret
        self.verified = True
        self.test_account = False
        self.ip_list: set[str] | None = None
        self.classic = Tokens(clock)
        self.stable = Tokens(clock)
        self.menu: dict[str, Any] = {}
        self.followers: dict[str, Follower] = {}

    def follower(self, name: str, openid: str = "") -> Follower:
        """Somebody with WeChat, who does not follow yet."""
        made = Follower(self, name, openid or f"o{secrets.token_urlsafe(20)}"[:28])
        self.followers[made.openid] = made
        return made

    def grant(self, follower: Follower, kind: str, what: tuple[int, int]) -> None:
        seconds, messages = what
        with self.lock:
            follower.grants[kind] = Grant(self.clock() + seconds, messages)

    # Calls to the product.

    def event(self, follower: Follower, what: Fields) -> Event:
        common: dict[str, str | int] = {
            "ToUserName": ACCOUNT,
            "FromUserName": follower.openid,
            "CreateTime": int(self.clock()),
        }
        return Event(follower.openid, {**common, **what})

    def wire(self, event: Event) -> Wire:
        encrypted, query = self.seal(event)
        plain = signature(self.envelope.token, query["timestamp"], query["nonce"])
        query |= {"signature": plain, "openid": event.sender, "encrypt_type": "aes"}
        body = f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        return Wire(query, body.encode())

    def replied(self, delivery: Delivery) -> None:
        follower = self.followers[delivery.event.sender]
        if delivery.failed:
            # A follower who left sees nothing any more.
            if follower.following:
                follower.phone.show("platform", UNAVAILABLE)
        elif delivery.reply is not None:
            follower.phone.show("them", self._passive(follower, delivery.reply), more={"passive": True})

    @staticmethod
    def _passive(follower: Follower, reply: dict[str, str]) -> str:
        if (reply.get("ToUserName"), reply.get("FromUserName")) != (follower.openid, ACCOUNT):
            raise Broken("the reply is not from this account to this user")
        if reply.get("MsgType") != "text" or not reply.get("CreateTime", "").isdigit():
            raise Broken("the reply is no text")
        if not 0 < len(reply.get("Content", "").encode()) <= LONGEST:
            raise Broken("the reply is empty or too long")
        return reply["Content"]

    def check_address(self) -> bool:
        """What the console does when the address is saved: a signed GET, to be answered with its own echostr."""
        stamp, nonce, echo = str(int(self.clock())), secrets.token_hex(5), str(secrets.randbelow(10**19))
        query = {
            "signature": signature(self.envelope.token, stamp, nonce),
            "timestamp": stamp,
            "nonce": nonce,
        }
        try:
            answer = call(self.address, {**query, "echostr": echo}, patience=self.patience)
        except NoAnswer:
            return False
        return answer.status == 200 and answer.body == echo.encode()

    # The API.

    def failure(self, code: int) -> Response:
        message = MESSAGES.get(code, "error")
        return as_json({"errcode": code, "errmsg": f"{message} rid: {secrets.token_hex(4)}"})

    def handle(self, request: Request) -> Response:
        known: dict[str, Callable[[Request], dict[str, Any]]] = {
            "cgi-bin/token": self._token,
            "cgi-bin/stable_token": self._stable_token,
            "cgi-bin/message/custom/send": self._send,
            "cgi-bin/message/custom/typing": self._typing,
            "cgi-bin/getcallbackip": self._addresses,
            "cgi-bin/get_api_domain_ip": self._addresses,
            "cgi-bin/user/info": self._user,
            "cgi-bin/menu/create": self._make_menu,
            "cgi-bin/menu/get": lambda request: {"menu": self.menu},
            "cgi-bin/qrcode/create": self._code,
        }
        if request.path not in known:
            return Response(b"", 404)
        with self.lock:
            try:
                if not request.path.endswith("token"):
                    self._check(request)
                return as_json(known[request.path](request))
            except Failure as error:
                return self.failure(error.code)
            except (KeyError, TypeError, AttributeError):
                return self.failure(47001)

    def _check(self, request: Request) -> None:
        given = request.query.get("access_token", "")
        if not given:
            raise Failure(41001)
        if any(each.expired(given) for each in (self.classic, self.stable)):
            raise Failure(42001)
        if not (self.classic.good(given) or self.stable.good(given)):
            raise Failure(40001)

    def _account(self, given: Any, client: str) -> None:
        if given.get("appid") != self.app_id:
            raise Failure(40013)
        if given.get("secret") != self.secret:
            raise Failure(40125)
        if self.ip_list is not None and client not in self.ip_list:
            raise Failure(40164)

    def _token(self, request: Request) -> dict[str, Any]:
        self._account(request.query, request.client)
        token, seconds = self.classic.fetch()
        return {"access_token": token, "expires_in": seconds}

    def _stable_token(self, request: Request) -> dict[str, Any]:
        if request.method != "POST":
            raise Failure(43002)
        given = _read(request)
        self._account(given, request.client)
        token, seconds = self.stable.forced() if given.get("force_refresh") is True else self.stable.same()
        return {"access_token": token, "expires_in": seconds}

    def _send(self, request: Request) -> dict[str, Any]:
        if not self.verified:
            raise Failure(48001)
        given = _read(request)
        follower = self._reachable(given.get("touser"))
        kind = given.get("msgtype")
        if kind == "text":
            text = given["text"]["content"]
            _short(text)
            shown: dict[str, Any] = {"text": text}
        elif kind == "msgmenu":
            shown = self._menu_of(given["msgmenu"])
        else:
            raise Failure(40008)
        self._spend(follower)
        follower.phone.show("them", **shown)
        return {"errcode": 0, "errmsg": "ok"}

    def _menu_of(self, menu: dict[str, Any]) -> dict[str, Any]:
        if self.test_account:
            raise Failure(40200)
        choices = tuple(Choice(each["id"], each["content"]) for each in menu["list"])
        head, tail = menu.get("head_content", ""), menu.get("tail_content", "")
        if not choices or not all(each.id and each.label for each in choices):
            raise Failure(47001)
        _short("".join((head, tail, *(each.label for each in choices))))
        return {"text": head, "kind": "menu", "choices": choices, "tail": tail}

    def _reachable(self, openid: Any) -> Follower:
        follower = self.followers.get(openid)
        if follower is None:
            raise Failure(40003)
        if not follower.following:
            raise Failure(43004)
        return follower

    def _spend(self, follower: Follower) -> None:
        if not follower.until:
            raise Failure(45015)
        if not follower.left:
            raise Failure(45047)
        follower.grants = {
            kind: Grant(each.until, max(0, each.left - 1)) for kind, each in follower.grants.items()
        }

    def _typing(self, request: Request) -> dict[str, Any]:
        given = _read(request)
        if not self._reachable(given.get("touser")).until:
            raise Failure(45015)
        if given.get("command") not in ("Typing", "CancelTyping"):
            raise Failure(47001)
        return {"errcode": 0, "errmsg": "ok"}

    def _addresses(self, request: Request) -> dict[str, Any]:
        return {"ip_list": ["127.0.0.1"]}

    def _user(self, request: Request) -> dict[str, Any]:
        follower = self.followers.get(request.query.get("openid", ""))
        if follower is None:
            raise Failure(40003)
        return {"subscribe": int(follower.following), "openid": follower.openid, "language": "zh_CN"}

    def _make_menu(self, request: Request) -> dict[str, Any]:
        menu = _read(request)
        if not 0 < len(menu.get("button", ())) <= 3:
            raise Failure(47001)
        self.menu = menu
        return {"errcode": 0, "errmsg": "ok"}

    def _code(self, request: Request) -> dict[str, Any]:
        """A code with a scene: whoever scans it, follows by it."""
        given = _read(request)
        scene = given["action_info"]["scene"]
        name = str(scene.get("scene_str") or scene.get("scene_id"))
        return {
            "ticket": f"ticket-{name}",
            "expire_seconds": given.get("expire_seconds", 60),
            "url": f"http://weixin.qq.com/q/{name}",
        }


def _read(request: Request) -> dict[str, Any]:
    """A body of JSON in real UTF-8: an escape such as \\u4f60 is not read, and stands on the phone as it is written."""
    if not request.body:
        raise Failure(44002)
    try:
        given = json.loads(_ESCAPE.sub(rb"\1\\\\u", request.body))
    except ValueError as error:
        raise Failure(47001) from error
    if not isinstance(given, dict):
        raise Failure(47001)
    return given


def _short(text: str) -> None:
    if not text:
        raise Failure(44002)
    if len(text.encode()) > LONGEST:
        raise Failure(45002)
