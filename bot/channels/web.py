"""The web chat: who speaks and what was sent. Bytes and headers in, messages out."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from itsdangerous import BadSignature, URLSafeTimedSerializer

from delivery.messages import IncomingMessage, Kind
from delivery.transcript import Entry

NAME: Final = "web"
PUSHED: Final = False

LARGEST_BODY: Final = 16 * 1024
LONGEST_TEXT: Final = 500
LONGEST_PAYLOAD: Final = 200
#: What a page may send; everything else it would have to send as a file, and files are not taken.
KINDS: Final[tuple[Kind, ...]] = ("text", "start", "image")
#: How long a browser that stays open is remembered after it last spoke.
LIFE: Final = timedelta(days=7)
_KEY: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Refused(Exception):
    """What was sent is not taken; `code` and `field` say why."""

    def __init__(self, code: str, field: str = "body") -> None:
        super().__init__(code)
        self.code = code
        self.field = field


@dataclass(frozen=True, slots=True)
class Guest:
    """Whom a page speaks for: somebody of the web chat, or of another channel whose conversation is open on the page."""

    channel: str
    sender: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sent:
    """A message of the page, and the last bubble that the page has."""

    message: IncomingMessage
    after: int


class Visitors:
    """Who a browser is: a random number in a signed cookie, and nothing that says more about anybody."""

    def __init__(self, secret: str, life: timedelta = LIFE) -> None:
        self._signer = URLSafeTimedSerializer(secret, salt="bot.channels.web")
        self._life = int(life.total_seconds())

    def cookie(self, sender: str) -> str:
        """What the browser is given; its life begins anew."""
        return str(self._signer.dumps(sender))

    def sender(self, cookie: str) -> str | None:
        """Whose cookie it is; None where it is not ours or too old."""
        try:
            return str(self._signer.loads(cookie, max_age=self._life))
        except BadSignature:
            return None


def new_sender() -> str:
    """A browser that was not here before.

    >>> len(bytes.fromhex(new_sender()))
    16
    """
    return secrets.token_hex(16)


def read_message(body: bytes, guest: Guest, locale: str) -> Sent:
    """The message in a JSON body. Raises `Refused`."""
    data = _json(body)
    key, kind = data.get("key"), data.get("kind", "text")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise Refused("not_allowed", "key")
    if kind not in KINDS:
        raise Refused("not_allowed", "kind")
    text, payload = _text(data, "text"), _text(data, "payload")
    if len(text) > LONGEST_TEXT:
        raise Refused("text_too_long", "text")
    if len(payload) > LONGEST_PAYLOAD:
        raise Refused("not_allowed", "payload")
    if kind == "text" and not (text or payload):
        raise Refused("no_text", "text")
    return Sent(incoming(guest, key.lower(), text, payload, locale, kind), _after(data))


def incoming(
    guest: Guest, key: str, text: str, payload: str, locale: str, kind: Kind = "text"
) -> IncomingMessage:
    """A message from a page. Its replies are fetched by the page, and pushed to another channel only where they are not."""
    awaited = guest.channel != NAME
    return IncomingMessage(
        guest.channel, guest.sender, key, text, payload, locale=locale, kind=kind, awaited=awaited
    )


def _json(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused("bad_json") from None
    if not isinstance(data, dict):
        raise Refused("bad_json")
    return data


def _text(data: Mapping[str, Any], name: str) -> str:
    """A text without what no keyboard writes: half a character, or a control that is no line end."""
    text = data.get(name, "")
    if not isinstance(text, str):
        raise Refused("not_allowed", name)
    whole = text.encode("utf-8", "replace").decode()
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", " ", whole.replace("\r\n", "\n")).strip()


def _after(data: Mapping[str, Any]) -> int:
    after = data.get("after", 0)
    if isinstance(after, bool) or not isinstance(after, int) or after < 0:
        raise Refused("not_allowed", "after")
    return after


def bubbles_json(entries: Iterable[Entry], place: Callable[[str], str]) -> dict[str, Any]:
    """Bubbles as a page draws them. A record that several rest on is handed out once; they name it by its place."""
    sources: list[dict[str, Any]] = []
    messages = []
    for entry in entries:
        shown = [_source_json(each, place) for each in entry.bubble.sources]
        sources += [each for each in shown if each not in sources]
        messages.append(
            {
                **entry.bubble.as_json(),
                "seq": entry.seq,
                "author": entry.author,
                "at": entry.at.isoformat(),
                "sources": [sources.index(each) for each in shown],
            }
        )
    return {"messages": messages, "sources": sources}


def _source_json(source: Mapping[str, Any], place: Callable[[str], str]) -> dict[str, Any]:
    """One record as a reader sees it: with its place by name, and without what only reviewers need."""
    region = source.get("region")
    return {
        "title": source["title"],
        "number": source.get("number"),
        "article": source.get("article"),
        "place": place(region) if region else None,
        "effective_from": source.get("effective_from"),
        "read_in": [
            {"title": text["title"], "where": text["where"], "quote": text["quote"]}
            for text in source.get("read_in", ())
        ],
    }
