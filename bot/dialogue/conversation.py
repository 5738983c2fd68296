"""The dialogue's memory: facts, which question is open, and a small stack for interruptions. Plain data, kept encrypted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal

from bot.dialogue.known import Known
from delivery.messages import Button

#: Lines of the conversation that are kept for handing it over whole.
MOST_LINES: Final = 80
#: Earlier states that 「上一步」 can go back to.
MOST_STEPS_BACK: Final = 8


@dataclass(frozen=True, slots=True)
class Frame:
    """A topic that is being talked about, the question it has open, and what it remembers."""

    topic: str
    asked: str = ""
    since: str = ""
    data: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The frame as plain data."""
        return {"topic": self.topic, "asked": self.asked, "since": self.since, "data": dict(self.data)}


@dataclass(frozen=True, slots=True)
class Line:
    """One bubble as it can be shown to HR; `private` ones (an undeclared wage) never are."""

    author: Literal["employee", "assistant"]
    text: str = field(repr=False)
    private: bool = False

    def as_json(self) -> dict[str, Any]:
        """The line as plain data."""
        return {"author": self.author, "text": self.text, "private": self.private}


@dataclass(frozen=True, slots=True)
class Conversation:
    """Everything that the dialogue remembers of one employee.

    `asks` counts how often each question was put without an answer, `misses` the turns in a row that were not
    understood; `calculated` are the facts of the last result; `question` is the last thing the employee wanted to know;
    `codes_at` are the moments at which binding codes were tried of late; `declined` are purposes that were not agreed to.
    """

    known: Known = field(default_factory=Known, repr=False)
    frames: tuple[Frame, ...] = ()
    buttons: tuple[Button, ...] = ()
    asks: Mapping[str, int] = field(default_factory=dict)
    misses: int = 0
    told: str = ""
    calculated: Known | None = field(default=None, repr=False)
    question: str = field(default="", repr=False)
    welcomed: bool = False
    back: tuple[dict[str, Any], ...] = field(default=(), repr=False)
    lines: tuple[Line, ...] = field(default=(), repr=False)
    locale: str = "zh_Hans"
    heard_at: str = ""
    codes_at: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()

    @property
    def asked(self) -> str:
        """The open question; empty where none is."""
        return self.frames[-1].asked if self.frames else ""

    def opened(self, topic: str, now: datetime, **data: str) -> Conversation:
        """With a topic on top of the stack; a topic that lay further down comes up instead of a second of it."""
        rest = tuple(frame for frame in self.frames if frame.topic != topic)
        kept = next((dict(frame.data) for frame in self.frames if frame.topic == topic), {})
        return replace(self, frames=(*rest, Frame(topic, "", now.isoformat(), kept | data)))

    def closed(self) -> Conversation:
        """Without the topic on top."""
        return replace(self, frames=self.frames[:-1])

    def with_frame(self, **changes: Any) -> Conversation:
        """With the topic on top changed."""
        return replace(self, frames=(*self.frames[:-1], replace(self.frames[-1], **changes)))

    def with_lines(self, *lines: Line) -> Conversation:
        """With more of what was said; the oldest lines go first."""
        return replace(self, lines=(*self.lines, *lines)[-MOST_LINES:])

    def remembering(self) -> Conversation:
        """With the present facts and topics kept for 「上一步」."""
        step = {"known": self.known.as_json(), "frames": [frame.as_json() for frame in self.frames]}
        return replace(self, back=(*self.back, step)[-MOST_STEPS_BACK:])

    def stepped_back(self) -> Conversation | None:
        """As it was one answer ago; None where there is nothing to go back to."""
        if not self.back:
            return None
        step = self.back[-1]
        return replace(
            self,
            known=Known.from_json(step["known"]),
            frames=tuple(Frame(**frame) for frame in step["frames"]),
            back=self.back[:-1],
            asks={},
            told="",
        )

    def as_json(self) -> dict[str, Any]:
        """The conversation as plain data."""
        return {
            "known": self.known.as_json(),
            "frames": [frame.as_json() for frame in self.frames],
            "buttons": [[button.title, button.payload] for button in self.buttons],
            "asks": dict(self.asks),
            "misses": self.misses,
            "told": self.told,
            "calculated": None if self.calculated is None else self.calculated.as_json(),
            "question": self.question,
            "welcomed": self.welcomed,
            "back": list(self.back),
            "lines": [line.as_json() for line in self.lines],
            "locale": self.locale,
            "heard_at": self.heard_at,
            "codes_at": list(self.codes_at),
            "declined": list(self.declined),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Conversation:
        """The conversation that `as_json` gave."""
        calculated = data["calculated"]
        return cls(
            known=Known.from_json(data["known"]),
            frames=tuple(Frame(**frame) for frame in data["frames"]),
            buttons=tuple(Button(*button) for button in data["buttons"]),
            asks=data["asks"],
            misses=data["misses"],
            told=data["told"],
            calculated=None if calculated is None else Known.from_json(calculated),
            question=data["question"],
            welcomed=data["welcomed"],
            back=tuple(data["back"]),
            lines=tuple(Line(**line) for line in data["lines"]),
            locale=data["locale"],
            heard_at=data["heard_at"],
            codes_at=tuple(data.get("codes_at", ())),  # an earlier version did not count them
            declined=tuple(data.get("declined", ())),  # an earlier version asked for no consent
        )
