"""What a channel hands in, and what is handed to a channel. Plain data; a channel knows how to draw it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Self

#: text · voice (`text` is what the platform recognised, if it did) · image · other (a file, a sticker, a place) · tap (a
#: button; `payload` says which) · start (the page or the account was opened, a code scanned: `payload` is the code) · edited
#: (a message of before was changed) · left (the employee blocked or left the account; answered by nobody).
Kind = Literal["text", "voice", "image", "other", "tap", "start", "edited", "left"]


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """One message as it came from a channel, verified and decoded.

    `key` names the event once and for ever (the client's message id, the platform's id with what makes it unique):
    the same key a second time is the same message. `payload` is that of a tapped button: its own words, or the place of the
    button, as `delivery.taps` writes it. `awaited`: somebody waits for the replies and fetches them, so that they are pushed
    only where that has not happened after a while.
    """

    channel: str
    sender: str = field(repr=False)
    key: str
    text: str = field(repr=False)
    payload: str = ""
    received_at: datetime | None = None
    locale: str = "zh_Hans"
    kind: Kind = "text"
    awaited: bool = False


@dataclass(frozen=True, slots=True)
class Button:
    """A tap that answers: `title` is what the employee reads and, where a channel has no buttons, types."""

    title: str
    payload: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One bubble: the words, the taps under it, the records it rests on, and the papers that can be opened.

    `sources` are `policy_kb.answer.source_json` objects. `papers` names what the channel may offer to open:
    `chart`, `report`, `note`, `sample_paper`, and `me` for the page of what is kept. `neutral` tells that nothing in it is
    about the employee, so that it may be said where only that may. `secret`: a code, which goes into no record.
    """

    text: str = field(repr=False)
    buttons: tuple[Button, ...] = ()
    sources: tuple[dict[str, Any], ...] = ()
    papers: tuple[str, ...] = ()
    neutral: bool = False
    secret: bool = False

    def as_json(self) -> dict[str, Any]:
        """The reply as plain data, as it is stored and sent to a browser."""
        return {
            "text": self.text,
            "buttons": [{"title": each.title, "payload": each.payload} for each in self.buttons],
            "sources": list(self.sources),
            "papers": list(self.papers),
            "neutral": self.neutral,
            "secret": self.secret,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The reply that `as_json` gave."""
        return cls(
            text=data["text"],
            buttons=tuple(Button(each["title"], each["payload"]) for each in data["buttons"]),
            sources=tuple(data["sources"]),
            papers=tuple(data["papers"]),
            neutral=data.get("neutral", False),  # what was stored before there was such a thing
            secret=data.get("secret", False),
        )
