"""A company's WeCom with one app: its API under `cgi-bin/`, and members whose messages are called back, always encrypted.

wecom = WeCom(address="http://127.0.0.1:8000/channels/wecom")
with Server({"/wecom": wecom}) as server:   # api_base is f"{server.address}/wecom"
    lao_zhou = wecom.member("ZhouJianGuo", "周建国")
    lao_zhou.write("我家低保停了")
    lao_zhou.tap("告诉人事")
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from typing import Any, Final

from platforms.callbacks import Calling, Delivery, Event, Fields, Wire
from platforms.envelope import Broken, Envelope
from platforms.harness import Clock, Failure, NoAnswer, Request, Response, as_json, call
from platforms.phones import Bubble, Choice, Phone
from platforms.tokens import Tokens

CORP_ID: Final = "ww1f00000000000de0"
AGENT_ID: Final = "1000002"
SECRET: Final = "local-wecom-secret"
TOKEN: Final = "local-wecom-token"
AES_KEY: Final = "wecomwecomwecomwecomwecomwecomwecomwecomwe0"

LONGEST: Final = 2048
#: For how long an update of a card may use its response code.
CARD_LIFE: Final = 24 * 3600
UNAVAILABLE: Final = "应用服务暂时没有回应，请稍后再试"

MESSAGES: Final = {
    -1: "system busy",
    40001: "invalid credential",
    40003: "invalid UserID",
    40008: "invalid message type",
    40013: "invalid CorpID",
    40014: "invalid access_token",
    40056: "invalid agentid",
    40058: "invalid parameter value",
    41001: "access_token missing",
    42001: "access_token expired",
    42045: "response_code expired or used",
    44004: "content empty",
    45009: "api freq out of limit",
    47001: "data format error",
    60011: "no privilege to access/modify contact/party/agent",
    60020: "not allow to access from your ip",
    60111: "UserID not found",
    81013: "user & party & tag all invalid",
}


class Member:
    """Somebody of the company. `state`: active, unlicensed (no licence for the app), left (not in the company any more)."""

    def __init__(self, platform: WeCom, userid: str, name: str) -> None:
        self._platform = platform
        self.userid = userid
        self.name = name
        self.state = "active"
        self.phone = Phone(platform.clock)

    def write(self, text: str) -> Delivery | None:
        self.phone.show("me", text)
        return self._message({"MsgType": "text", "Content": text})

    def speak(self) -> Delivery | None:
        self.phone.show("me", "", kind="voice")
        return self._message({"MsgType": "voice", "MediaId": secrets.token_hex(16), "Format": "amr"})

    def picture(self) -> Delivery | None:
        self.phone.show("me", "", kind="image")
        address = f"http://wework.qpic.cn/{secrets.token_hex(16)}/0"
        return self._message({"MsgType": "image", "PicUrl": address, "MediaId": secrets.token_hex(16)})

    def open_app(self) -> Delivery | None:
        """Opens the app's conversation."""
        return self._event({"Event": "enter_agent", "EventKey": ""})

    def click(self, key: str) -> Delivery | None:
        """Taps an entry of the app's menu."""
        return self._event({"Event": "click", "EventKey": key})

    def tap(self, label: str, bubble: Bubble | None = None) -> Delivery | None:
        """Taps a button of a card: of this one, or the last that has it. Raises `LookupError`."""
        cards = [bubble] if bubble is not None else list(reversed(self.phone.heard))
        found = [(card, each) for card in cards for each in card.choices if each.label == label]
        if not found or found[0][0].closed:
            raise LookupError(label)
        card, choice = found[0]
        code = self._platform.response_code(self, card)
        return self._event(
            {
                "Event": "template_card_event",
                "EventKey": choice.id,
                "TaskId": card.more["task_id"],
                "CardType": "button_interaction",
                "ResponseCode": code,
            }
        )

    def _message(self, what: Fields) -> Delivery | None:
        return self._platform.happened(
            self._platform.event(self, {**what, "MsgId": self._platform.next_id()})
        )

    def _event(self, what: Fields) -> Delivery | None:
        return self._platform.happened(self._platform.event(self, {"MsgType": "event", **what}))


class WeCom(Calling):
    """The company. What a test sets beside what `Api` and `Calling` have: a member's `state`, `markdown` (False: members read
    in the WeChat plug-in, which cannot show it), `ip_list` (addresses that may call; None: all)."""

    def __init__(
        self,
        *,
        corp_id: str = CORP_ID,
        agent_id: str = AGENT_ID,
        secret: str = SECRET,
        token: str = TOKEN,
        aes_key: str = AES_KEY,
        address: str = "",
        clock: Clock = time.time,
    ) -> None:
        super().__init__(clock, Envelope(token, aes_key, corp_id), address)
        self.corp_id = corp_id
        self.agent_id = agent_id
        self.secret = secret
        self.markdown = True
        self.ip_list: set[str] | None = None
        self.tokens = Tokens(clock)
        self.members: dict[str, Member] = {}
        self._sent: dict[bytes, float] = {}
        self._tasks: set[str] = set()
        #: What a response code may change, and until when: the member, the bubble.
        self._codes: dict[str, tuple[Member, int, float]] = {}

    def member(self, userid: str, name: str) -> Member:
        """Somebody who sees the app."""
        made = Member(self, userid, name)
        self.members[userid.lower()] = made
        return made

    def response_code(self, member: Member, card: Bubble) -> str:
        code = secrets.token_urlsafe(24)
        with self.lock:
            self._codes[code] = (member, card.number, self.clock() + CARD_LIFE)
        return code

    # Calls to the product.

    def event(self, member: Member, what: Fields) -> Event:
        common: dict[str, str | int] = {
            "ToUserName": self.corp_id,
            "FromUserName": member.userid,
            "CreateTime": int(self.clock()),
        }
        return Event(member.userid, {**common, **what, "AgentID": int(self.agent_id)})

    def wire(self, event: Event) -> Wire:
        encrypted, query = self.seal(event)
        body = (
            f"<xml><ToUserName><![CDATA[{self.corp_id}]]></ToUserName>"
            f"<Encrypt><![CDATA[{encrypted}]]></Encrypt><AgentID><![CDATA[{self.agent_id}]]></AgentID></xml>"
        )
        return Wire(query, body.encode())

    def replied(self, delivery: Delivery) -> None:
        member = self.members[delivery.event.sender.lower()]
        if delivery.failed:
            member.phone.show("platform", UNAVAILABLE)
            return
        reply = delivery.reply
        if reply is None:
            return
        if (reply.get("ToUserName"), reply.get("FromUserName")) != (member.userid, self.corp_id):
            raise Broken("the reply is not from this company to this member")
        kind = reply.get("MsgType")
        if kind == "text":
            member.phone.show("them", _cut(reply.get("Content", "")), more={"passive": True})
        elif kind == "update_button":
            code, name = str(delivery.event.fields.get("ResponseCode")), reply.get("Button.ReplaceName")
            if not name or not self._replace(code, name):
                raise Broken("no tapped card to update")
        else:
            raise Broken("no reply of a kind that there is")

    def _replace(self, code: str, name: str) -> bool:
        """What stands on the tapped card's buttons from now on; False where the code is used or too old."""
        with self.lock:
            member, number, until = self._codes.pop(code, (None, 0, 0.0))
        if member is None or self.clock() >= until:
            return False
        member.phone.change(number, closed=name)
        return True

    def check_address(self) -> bool:
        """What the console does when the address is saved: an encrypted echostr, to be answered in clear within a second."""
        clear = str(secrets.randbelow(10**19))
        encrypted = self.envelope.encrypt(clear.encode())
        stamp, nonce = str(int(self.clock())), secrets.token_hex(5)
        query = {
            "msg_signature": self.envelope.sign(stamp, nonce, encrypted),
            "timestamp": stamp,
            "nonce": nonce,
            "echostr": encrypted,
        }
        try:
            answer = call(self.address, query, patience=1.0)
        except NoAnswer:
            return False
        return answer.status == 200 and answer.body == clear.encode()

    # The API.

    def failure(self, code: int) -> Response:
        hint = f"hint: [{secrets.token_hex(8)}], from ip: 127.0.0.1"
        return as_json({"errcode": code, "errmsg": f"{MESSAGES.get(code, 'error')}, {hint}"})

    def handle(self, request: Request) -> Response:
        known: dict[str, Callable[[Request], dict[str, Any]]] = {
            "cgi-bin/gettoken": self._token,
            "cgi-bin/message/send": self._send,
            "cgi-bin/message/update_template_card": self._update,
            "cgi-bin/agent/get": self._agent,
            "cgi-bin/user/get": self._user,
            "cgi-bin/getcallbackip": self._addresses,
            "cgi-bin/get_api_domain_ip": self._addresses,
        }
        if request.path not in known:
            return Response(b"", 404)
        with self.lock:
            try:
                if request.path != "cgi-bin/gettoken":
                    self._check(request)
                return as_json({"errcode": 0, "errmsg": "ok", **known[request.path](request)})
            except Failure as error:
                return self.failure(error.code)
            except (ValueError, KeyError, TypeError, AttributeError):
                return self.failure(47001)

    def _check(self, request: Request) -> None:
        given = request.query.get("access_token", "")
        if not given:
            raise Failure(41001)
        if self.tokens.expired(given):
            raise Failure(42001)
        if not self.tokens.good(given):
            raise Failure(40014)
        if self.ip_list is not None and request.client not in self.ip_list:
            raise Failure(60020)

    def _token(self, request: Request) -> dict[str, Any]:
        if request.query.get("corpid") != self.corp_id:
            raise Failure(40013)
        if request.query.get("corpsecret") != self.secret:
            raise Failure(40001)
        token, seconds = self.tokens.same(early=0)
        return {"access_token": token, "expires_in": seconds}

    def _send(self, request: Request) -> dict[str, Any]:
        given = request.json()
        if str(given["agentid"]) != self.agent_id:
            raise Failure(40056)
        asked = [each for each in given.get("touser", "").split("|") if each]
        found = [self.members.get(each.lower()) for each in asked]
        reached = [each for each in found if each is not None and each.state == "active"]
        unlicensed = [
            each.userid.lower() for each in found if each is not None and each.state == "unlicensed"
        ]
        invalid = [
            name.lower()
            for name, each in zip(asked, found, strict=True)
            if each is None or each.state == "left"
        ]
        if not reached and not unlicensed:
            raise Failure(81013)
        repeated = self._repeated(request.body, given)
        shown = None if repeated else self._drawn(given)
        said: dict[str, Any] = {
            "invaliduser": "|".join(invalid),
            "invalidparty": "",
            "invalidtag": "",
            "unlicenseduser": "|".join(unlicensed),
            "msgid": secrets.token_urlsafe(16),
        }
        if shown is None:
            return said
        if shown["kind"] == "card":
            self._tasks.add(shown["more"]["task_id"])
        for member in reached:
            bubble = member.phone.show("them", **shown)
            if bubble.kind == "card":
                said["response_code"] = self.response_code(member, bubble)
        return said

    def _repeated(self, body: bytes, given: dict[str, Any]) -> bool:
        """Whether the same was sent within the interval, where the product asked for that check."""
        if given.get("enable_duplicate_check") != 1:
            return False
        now = self.clock()
        seconds = min(int(given.get("duplicate_check_interval", 1800)), 4 * 3600)
        before = self._sent.get(body)
        self._sent[body] = now
        return before is not None and now - before < seconds

    def _drawn(self, given: dict[str, Any]) -> dict[str, Any]:
        kind = given["msgtype"]
        if kind == "text":
            return {"kind": "text", "text": _cut(_some(given["text"]["content"]))}
        if kind == "markdown":
            text = _cut(_some(given["markdown"]["content"]))
            return {
                "kind": "markdown",
                "text": text if self.markdown else "暂不支持此消息类型，请在企业微信中查看",
            }
        if kind == "template_card":
            return self._card(given["template_card"])
        raise Failure(40008)

    def _card(self, card: dict[str, Any]) -> dict[str, Any]:
        """A card with buttons. (Cards without any are not spoken by this server.)"""
        if card["card_type"] != "button_interaction":
            raise Failure(40058)
        title = card.get("main_title", {})
        buttons = tuple(Choice(each["key"], each["text"]) for each in card["button_list"])
        keys = {each.id for each in buttons}
        good = (
            1 <= len(buttons) <= 6
            and len(keys) == len(buttons)
            and all(each.label and 0 < len(each.id.encode()) <= 1024 for each in buttons)
            and re.fullmatch(r"[A-Za-z0-9_@-]{1,128}", card["task_id"])
            and (title.get("title") or card.get("sub_title_text"))
        )
        if not good or card["task_id"] in self._tasks:
            raise Failure(40058)
        text = "\n".join(part for part in (title.get("desc", ""), card.get("sub_title_text", "")) if part)
        return {
            "kind": "card",
            "title": title.get("title", ""),
            "text": text,
            "choices": buttons,
            "more": {"task_id": card["task_id"]},
        }

    def _update(self, request: Request) -> dict[str, Any]:
        given = request.json()
        if str(given["agentid"]) != self.agent_id:
            raise Failure(40056)
        if not self._replace(given["response_code"], given["button"]["replace_name"]):
            raise Failure(42045)
        return {"invaliduser": []}

    def _agent(self, request: Request) -> dict[str, Any]:
        if request.query.get("agentid") != self.agent_id:
            raise Failure(60011)
        return {
            "agentid": int(self.agent_id),
            "name": "社保助手",
            "allow_userinfos": {"user": [{"userid": each.userid} for each in self.members.values()]},
            "close": 0,
            "redirect_domain": "",
            "report_location_flag": 0,
            "isreportenter": 1,
            "home_url": "",
        }

    def _user(self, request: Request) -> dict[str, Any]:
        member = self.members.get(request.query.get("userid", "").lower())
        if member is None or member.state == "left":
            raise Failure(60111)
        return {"userid": member.userid, "name": member.name, "department": [1], "status": 1}

    def _addresses(self, request: Request) -> dict[str, Any]:
        return {"ip_list": ["127.0.0.1"]}


def _some(text: str) -> str:
    if not text:
        raise Failure(44004)
    return text


def _cut(text: str) -> str:
    """What the platform leaves of a text: 2048 bytes, and no half character."""
    return text.encode()[:LONGEST].decode(errors="ignore")
