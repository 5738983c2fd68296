"""The company's own app in WeCom (企业微信): encrypted callbacks, texts and cards with buttons, members by their userid."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from unicodedata import east_asian_width

from bot.channels import Answer, Callback, HeardCallback
from bot.channels.calling import Rejected
from bot.channels.drawing import NOTHING, Link, cdata, choices, clean, papers, said, split
from bot.channels.sealed import Envelope, digest, word
from bot.channels.wecom_api import Api
from delivery.messages import IncomingMessage, Kind
from delivery.sending import Outgoing, Part, Permanent
from delivery.taps import place
from locales import N_, speak

NAME: Final = "wecom"
PUSHED: Final = True
#: Bytes of one message: the platform takes 2048, of which the rest is for what tells equal messages apart.
LONGEST: Final = 2000
#: What a card holds without being cut on the screen: buttons, and the widths of title, text and button. A Chinese character is
#: one wide, a letter half.
MOST_BUTTONS: Final = 6
TITLE: Final = 36
TEXT: Final = 160
BUTTON: Final = 10
#: Seconds for which the platform recognises what it is sent twice: the longest that it takes, since a message is tried again
#: for hours.
RECOGNISED: Final = 4 * 3600

#: The platform takes an empty answer for having nothing to say.
_TAKEN: Final = Answer()
_USERID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
#: A link in the midst of a text, which no text of ours has: what somebody else wrote must not become one.
_ANCHOR: Final = re.compile(r"<(?=a\s)", re.IGNORECASE)
_KINDS: Final[Mapping[str, Kind]] = {
    "text": "text",
    "voice": "voice",
    "image": "image",
    "video": "other",
    "location": "other",
    "link": "other",
    "file": "other",
}
#: `subscribe` is not among them: it comes for everybody at once when the company shows them the app, and nobody asked anything.
#: Who opens it is greeted.
_EVENTS: Final[Mapping[str, Kind]] = {
    "enter_agent": "start",
    "unsubscribe": "left",
    "click": "tap",
    "template_card_event": "tap",
}
_TAPPED_CARD: Final = "template_card_event"
_OPENED: Final = "enter_agent"
_PICK: Final = N_("请选一个：")
#: What stands before the words of the button that was tapped.
_CHOSEN: Final = "✓"
_CUT: Final = "…"
#: Messages of one bubble that may hold equal words: the bubble, where its papers are, what is sent in place of its card.
_WORDS, _PAPERS, _INSTEAD = range(3)
#: What nobody sees: the digits of a number that tells apart two messages with the same words.
_UNSEEN: Final = "\u200b\u200c\u200d"


class WeComApp:
    """One app of one company. Members are known by their userid, which the platform verifies and writes in any case.

    Bubbles go out as texts and cards, never as markdown: who reads WeCom in WeChat's plug-in is shown none.
    """

    #: A message with the same bytes within `RECOGNISED` is shown once.
    REPEATS: Final = True

    def __init__(
        self,
        corp_id: str,
        agent_id: str,
        envelope: Envelope,
        api: Api,
        link: Link,
        now: Callable[[], datetime],
    ) -> None:
        self._corp_id = corp_id
        self._agent_id = agent_id
        self._envelope = envelope
        self._api = api
        self._link = link
        self._now = now

    def hear(self, callback: Callback) -> HeardCallback:
        """Checks and reads a callback. Raises `Refused`; whatever else a body holds is no error."""
        if callback.method == "GET":
            return HeardCallback(Answer(self._envelope.echo(callback)))
        tags = self._envelope.open(callback)
        message = read(tags, self._agent_id)
        if message is None:
            return HeardCallback(_TAKEN)
        return HeardCallback(self._answer(tags), (message,))

    def draw(self, bubbles: Sequence[Outgoing]) -> tuple[Part, ...]:
        """Bubbles of one conversation as messages of the platform: each on its own, since there is no quota to save."""
        return tuple(part for bubble in bubbles for part in self._parts(bubble))

    def send(self, recipient: str, part: Part) -> None:
        """Hands one message to the platform. Raises `Temporary`, `Permanent` or `Unsure`."""
        if (
            _USERID.fullmatch(recipient) is None
        ):  # "@all", and several ones with a line between, are no member
            raise Permanent("no_userid")
        if "card" in part:
            card = {"msgtype": "template_card", "template_card": part["card"]}
            try:
                self._send(recipient, card)
            except Rejected as error:
                if error.gone:
                    raise
            else:
                return
        self._send(recipient, {"msgtype": "text", "text": {"content": part["text"]}})

    def _send(self, recipient: str, content: Mapping[str, Any]) -> None:
        # Receivers are named as members alone: an id made of digits would name a department too, where those are allowed.
        self._api.send(
            {
                "touser": recipient,
                "agentid": int(self._agent_id),
                **content,
                "enable_duplicate_check": 1,
                "duplicate_check_interval": RECOGNISED,
            }
        )

    def _answer(self, tags: Mapping[str, Any]) -> Answer:
        """What a callback is answered: a tapped card then shows what was chosen, and cannot be tapped again.

        The answer does what the card's response code would do in a call of its own, and comes again with a repeat.
        """
        if word(tags, "Event").lower() != _TAPPED_CARD:
            return _TAKEN
        title = word(tags, "EventKey").partition(" ")[2]
        xml = (
            f"<xml><ToUserName>{cdata(word(tags, 'FromUserName'))}</ToUserName>"
            f"<FromUserName>{cdata(self._corp_id)}</FromUserName>"
            f"<CreateTime>{int(self._now().timestamp())}</CreateTime><MsgType>update_button</MsgType>"
            f"<Button><ReplaceName>{cdata(f'{_CHOSEN} {title}'.rstrip())}</ReplaceName></Button></xml>"
        )
        return Answer(self._envelope.seal(xml), "application/xml; charset=utf-8")

    def _parts(self, bubble: Outgoing) -> Iterator[Part]:
        say, buttons = speak(bubble.locale), bubble.reply.buttons
        text = said(bubble) or NOTHING
        titles = [clean(each.title).strip() for each in buttons]
        short = [_cut(title) for title in titles]
        if not (0 < len(buttons) <= MOST_BUTTONS and all(short) and len({*short}) == len(short)):
            yield from _texts(choices(text, buttons, say), bubble.seq, _WORDS)
            yield from self._papers(bubble)
            return
        heading = _heading(text) if short == titles else None
        if heading is None:
            yield from _texts(text if short == titles else choices(text, buttons, say), bubble.seq, _WORDS)
            heading = (_question(bubble) or say(_PICK),)
        yield from self._papers(bubble)
        instead, *_ = _texts(choices("\n".join(heading), buttons, say), bubble.seq, _INSTEAD)
        yield {"card": _card(bubble, heading, short), **instead}

    def _papers(self, bubble: Outgoing) -> Iterator[Part]:
        """Where the papers are, as a message of its own: it is another address each time it is drawn, and a message with it
        would be no repeat to the platform."""
        return _texts(papers(bubble, self._link), bubble.seq, _PAPERS)


def read(tags: Mapping[str, Any], agent_id: str) -> IncomingMessage | None:
    """The member's message in the tags of a callback; None where nobody has to answer.

    >>> card = {"MsgType": "event", "Event": "template_card_event", "EventKey": "@12.0 在", "FromUserName": "LaoZhou"}
    >>> told = read(card, "1000002")
    >>> told.sender, told.kind, told.payload
    ('laozhou', 'tap', '@12.0')
    >>> read(card | {"AgentID": "1000003"}, "1000002") is None
    True
    """
    kind, text, payload = _told(tags)
    sender = word(tags, "FromUserName")
    ours = word(tags, "AgentID") in ("", agent_id)
    if kind is None or not ours or _USERID.fullmatch(sender) is None:
        return None
    return IncomingMessage(
        NAME, sender.lower(), _key(tags), text, payload, received_at=_sent_at(tags), kind=kind
    )


def _told(tags: Mapping[str, Any]) -> tuple[Kind | None, str, str]:
    """Kind, text and payload of a message."""
    type = word(tags, "MsgType").lower()
    if type == "event":
        kind = _EVENTS.get(word(tags, "Event").lower())
        return kind, "", word(tags, "EventKey").partition(" ")[0] if kind == "tap" else ""
    return _KINDS.get(type), word(tags, "Content" if type == "text" else "Recognition"), ""


def _key(tags: Mapping[str, Any]) -> str:
    """What names a message. Neither the platform's id alone does, nor sender and second: events have no id, and several of one
    second differ by what they are about, or only by the app.

    The app is opened many times, and greets once: each opening has the name of the first.
    """
    if word(tags, "Event").lower() == _OPENED:
        return ":".join((word(tags, "ToUserName"), word(tags, "AgentID"), _OPENED))
    told = ("ToUserName", "AgentID", "MsgType", "MsgId", "Event", "EventKey", "TaskId", "CreateTime")
    return ":".join((*(word(tags, name) for name in told), digest(tags)))


def _sent_at(tags: Mapping[str, Any]) -> datetime | None:
    stamp = word(tags, "CreateTime")
    return datetime.fromtimestamp(int(stamp), UTC) if re.fullmatch(r"[0-9]{1,10}", stamp) else None


def _heading(text: str) -> tuple[str, ...] | None:
    """Title and text of a card that says it all; None where it does not hold the text.

    >>> _heading("低保本上有没有你的名字？"), _heading("一\\n二\\n三") is None
    (('低保本上有没有你的名字？',), True)
    """
    title, *more = text.split("\n")
    if len(more) > 1 or not title or _width(title) > TITLE or any(_width(each) > TEXT for each in more):
        return None
    return (title, *more)


def _question(bubble: Outgoing) -> str:
    """The question that a bubble ends in, where a title holds it; else empty."""
    last = clean(bubble.reply.text).strip().rpartition("\n")[2]
    return last if last.endswith(("？", "?")) and _width(last) <= TITLE else ""


def _card(bubble: Outgoing, heading: Sequence[str], titles: Sequence[str]) -> Mapping[str, Any]:
    """A card with buttons. A button's key is its place, and what stands on it, to be shown once it is tapped."""
    title, *more = heading
    return {
        "card_type": "button_interaction",
        "main_title": {"title": title},
        **({"sub_title_text": more[0]} if more else {}),
        "task_id": f"{bubble.conversation}-{bubble.seq}",
        "button_list": [
            {"text": each, "key": f"{place(bubble.seq, index)} {each}"} for index, each in enumerate(titles)
        ],
    }


def _texts(text: str, seq: int, which: int) -> Iterator[Part]:
    """A text as messages. Equal ones of other bubbles differ in what nobody sees: the platform would take them for repeats."""
    for at, piece in enumerate(split(_ANCHOR.sub("＜", text), LONGEST)):
        yield {"text": piece + _unseen((seq % 243 * 3 + which) * 27 + at % 27)}


def _unseen(number: int) -> str:
    """A number below 3 to the power of 9 as signs that nobody sees; the first keeps the others off the text."""
    digits = [_UNSEEN[number // 3**power % 3] for power in range(9)]
    return "".join((_UNSEEN[0], *digits))


def _cut(title: str) -> str:
    """A title as it stands on a button.

    >>> _cut("不在，是爸妈或孩子的名字"), _cut("Talk to HR, please")
    ('不在，是爸妈或孩子…', 'Talk to HR, please')
    """
    if _width(title) <= BUTTON:
        return title
    while _width(title) > BUTTON - 1:
        title = title[:-1]
    return f"{title.rstrip()}{_CUT}"


def _width(text: str) -> float:
    return sum(1 if east_asian_width(each) in "WFA" else 0.5 for each in text)
