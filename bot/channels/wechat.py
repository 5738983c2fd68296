"""The WeChat official account (公众号): callbacks in safe mode, customer-service messages, answers inside a callback."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from bot.channels import Answer, Callback, HeardCallback, Inside, Platform
from bot.channels.calling import Rejected
from bot.channels.drawing import Link, cdata, choices, clean, size, split, words
from bot.channels.sealed import Envelope, digest, word
from bot.channels.wechat_api import NO_MENU, TOO_LONG, Api
from delivery.messages import IncomingMessage, Kind
from delivery.sending import Outgoing, Part, Undelivered, Unsure
from delivery.taps import place
from locales import N_, speak

NAME: Final = "wechat"
PUSHED: Final = True
#: Bytes of one message: the platform takes 2048, of which the rest is for the sentence that more waits.
LONGEST: Final = 1960

_SUCCESS: Final = Answer(b"success")
#: Between bubbles that go out as one message.
_GAP: Final = "\n\n"
#: What comes in place of a sticker or of what else an account is not handed.
_UNSUPPORTED: Final = re.compile(r"[【\[]收到不支持的消息类型.{0,20}[】\]]")
#: A code was scanned to follow the account.
_BY_CODE: Final = "qrscene_"
#: What asks for the rest, where the account may not send of its own accord.
_FETCHES: Final = re.compile(r"\s*继续[。.！!]?\s*")
_MORE: Final = N_("（还有，回复“继续”接着看）")
_WAIT: Final = N_("收到了，还在查。过几秒回复“继续”，就能看到结果。")
_KINDS: Final[Mapping[str, Kind]] = {
    "text": "text",
    "voice": "voice",
    "image": "image",
    "video": "other",
    "shortvideo": "other",
    "location": "other",
    "link": "other",
    "file": "other",
}
_EVENTS: Final[Mapping[str, Kind]] = {
    "subscribe": "start",
    "scan": "start",
    "unsubscribe": "left",
    "click": "tap",
}


class WeChatAccount(Platform):
    """One official account. `mode`: its answers go out as customer-service messages (active), or inside the callbacks where
    they are ready in time (mixed), or only there (passive)."""

    REPEATS: Final = False

    def __init__(
        self,
        envelope: Envelope,
        api: Api,
        link: Link,
        now: Callable[[], datetime],
        mode: str = "active",
    ) -> None:
        self._envelope = envelope
        self._api = api
        self._link = link
        self._now = now
        self._mode = mode
        #: Whether the account has menus in messages; a test account has none, and says so only when it is sent one.
        self._menus = True

    def hear(self, callback: Callback) -> HeardCallback:
        """Checks and reads a callback. Raises `Refused`; whatever else a body holds is no error."""
        if callback.method == "GET":
            return HeardCallback(Answer(self._envelope.plain_echo(callback)))
        tags = self._envelope.open(callback)
        message = read(tags, awaited=self._mode != "active")
        if message is None:
            return HeardCallback(_SUCCESS)
        inside = self._inside(message, word(tags, "ToUserName")) if message.awaited else None
        return HeardCallback(_SUCCESS, (message,), inside)

    def draw(self, bubbles: Sequence[Outgoing]) -> tuple[Part, ...]:
        """Bubbles of one conversation as messages of the platform, in order and as few as their size allows."""
        parts: list[Part] = []
        text = ""
        for bubble in bubbles:
            said = words(bubble, self._link)
            text = f"{text}{_GAP}{said}" if text else said
            if bubble.reply.buttons:
                parts += _parts(text, bubble)
                text = ""
        return (*parts, *({"text": piece} for piece in split(text, LONGEST)))

    def send(self, recipient: str, part: Part) -> None:
        """Hands one message to the platform. Raises `Temporary`, `Permanent`, `Closed` or `Unsure`."""
        if part.get("buttons") and self._menus:
            try:
                self._api.send(_menu(recipient, part))
            except Rejected as error:
                if error.number != NO_MENU:
                    raise
                self._menus = False
            else:
                return
        self._send_text(recipient, as_text(part))

    def _send_text(self, recipient: str, text: str) -> None:
        try:
            self._api.send(_text(recipient, text))
        except Rejected as error:
            if error.number != TOO_LONG or size(text) <= 8:
                raise
        else:
            return
        for at, piece in enumerate(split(text, size(text) // 2 + 1)):
            try:
                self._send_text(recipient, piece)
            except Undelivered as error:
                if at == 0:
                    raise
                raise Unsure(error.code) from None  # one half is out: the whole must not go out again

    def _inside(self, message: IncomingMessage, account: str) -> Inside:
        say, reply = speak(message.locale), partial(self._reply, account, message.sender)
        if self._mode == "mixed":
            return Inside(lambda part, more: reply(as_text(part)))
        return Inside(
            lambda part, more: reply(f"{as_text(part)}\n{say(_MORE)}" if more else as_text(part)),
            wait=reply(say(_WAIT)),
            fetches=_FETCHES.fullmatch(message.text) is not None,
        )

    def _reply(self, account: str, recipient: str, text: str) -> Answer:
        """A text as the answer to a callback."""
        xml = (
            f"<xml><ToUserName>{cdata(recipient)}</ToUserName><FromUserName>{cdata(account)}</FromUserName>"
            f"<CreateTime>{int(self._now().timestamp())}</CreateTime><MsgType>text</MsgType>"
            f"<Content>{cdata(text)}</Content></xml>"
        )
        return Answer(self._envelope.seal(xml), "application/xml; charset=utf-8")


def read(tags: Mapping[str, Any], *, awaited: bool = False) -> IncomingMessage | None:
    """The employee's message in the tags of a callback; None where nobody has to answer.

    >>> read({"FromUserName": "o1", "MsgType": "event", "Event": "VIEW"}) is None
    True
    >>> read({"FromUserName": "o1", "MsgType": "text", "Content": "在", "bizmsgmenuid": "@12.0"}).payload
    '@12.0'
    """
    kind, text, payload = _said(tags)
    sender = word(tags, "FromUserName")
    if kind is None or not sender:
        return None
    return IncomingMessage(
        NAME,
        sender,
        _key(tags),
        text,
        payload,
        received_at=_sent_at(tags),
        kind=kind,
        awaited=awaited and kind != "left",
    )


def as_text(part: Part) -> str:
    """A message with its buttons as words."""
    return str(part.get("words", part["text"]))


def _said(tags: Mapping[str, Any]) -> tuple[Kind | None, str, str]:
    """Kind, text and payload of a message."""
    type = word(tags, "MsgType").lower()
    if type == "event":
        kind = _EVENTS.get(word(tags, "Event").lower())
        return kind, "", word(tags, "EventKey").removeprefix(_BY_CODE) if kind != "left" else ""
    text, tapped = word(tags, "Content"), word(tags, "bizmsgmenuid")
    if type == "text" and tapped:
        return "tap", text, tapped
    if type == "text" and _UNSUPPORTED.fullmatch(text.strip()):
        return "other", "", ""
    return _KINDS.get(type), text if type == "text" else word(tags, "Recognition"), ""


def _key(tags: Mapping[str, Any]) -> str:
    """What names a message. The platform's id alone does not: people who spoke at once had equal ones, and events have none."""
    told = ("ToUserName", "FromUserName", "MsgType", "MsgId", "Event", "EventKey", "CreateTime")
    return ":".join((*(word(tags, name) for name in told), digest(tags)))


def _sent_at(tags: Mapping[str, Any]) -> datetime | None:
    stamp = word(tags, "CreateTime")
    return datetime.fromtimestamp(int(stamp), UTC) if re.fullmatch(r"[0-9]{1,10}", stamp) else None


def _parts(text: str, bubble: Outgoing) -> Iterator[Part]:
    """A text as messages, the last of them with the bubble's buttons, which have to fit as words too."""
    say, buttons = speak(bubble.locale), bubble.reply.buttons
    room = max(LONGEST - size(choices("", buttons, say)), LONGEST // 4)
    *before, last = split(text, LONGEST)
    if size(last) > room:
        *more, last = split(last, room)
        before += more
    for piece in before:
        yield {"text": piece}
    yield {
        "text": last,
        "words": choices(last, buttons, say),
        "buttons": [[place(bubble.seq, index), clean(each.title)] for index, each in enumerate(buttons)],
    }


def _text(recipient: str, text: str) -> Mapping[str, Any]:
    return {"touser": recipient, "msgtype": "text", "text": {"content": text}}


def _menu(recipient: str, part: Part) -> Mapping[str, Any]:
    listed = [{"id": id, "content": title} for id, title in part["buttons"]]
    menu = {"head_content": part["text"], "list": listed}
    return {"touser": recipient, "msgtype": "msgmenu", "msgmenu": menu}
