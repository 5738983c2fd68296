"""What an employee does with a notice on their own page, and what the page is told.

The way in has three steps: a link to the employee's own channel, a tap (chat apps fetch every address by themselves), and
a code through the same channel, beside which the end of the ID number is asked where the roster has one. Whatever is tried
is an event of the notice's chain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Protocol

from notices.notice import Content, Notice, Outcome

#: The cookie of a browser in which somebody of HR signed in; the console sets it, on the path of the notices alone.
HR_DEVICE: Final = "hr_device"
#: How long a code is good, how often it may be entered wrong, and how many are sent for one link in a day.
CODE_LIFE: Final = timedelta(minutes=5)
CODE_DIGITS: Final = 6
CODE_TRIES: Final = 5
CODES_A_DAY: Final = 6
#: Pause before the next code.
CODE_PAUSE: Final = timedelta(seconds=60)
#: How long a link is good; a new one comes with each reminder, and whenever the employee asks the assistant for it.
LINK_LIFE: Final = timedelta(days=7)
#: A visit ends when nothing was done for so long, and after so long in any case.
IDLE: Final = timedelta(minutes=30)
LONGEST: Final = timedelta(hours=3)

#: Why something is not done. Each has a sentence of its own on the page, and is an event of the chain.
Denied = Literal[
    "unknown_link",  # no such link
    "expired_link",
    "void_link",  # another one was sent since, or the account is no longer the employee's
    "used_link",  # opened in another browser
    "hr_device",  # a browser in which HR signed in
    "too_many_codes",
    "too_soon",  # the last code was sent less than CODE_PAUSE ago
    "not_reachable",  # the code cannot be sent now: write to the account first
    "no_codes_here",  # the channel of the link takes no codes
    "no_code",  # none was sent, or it has expired
    "wrong_code",
    "wrong_id",  # the end of the ID number
    "locked",  # too many wrong ones: a new link is needed
    "over",  # the visit has ended
    "not_read",  # the notice was not read to its end
    "not_checked",  # the questions were not answered
    "other_text",  # the text that was shown is not the one on record
    "answered",  # it was answered before
    "late",  # the last day to answer has passed; words can still go to HR through the chat
    "superseded",  # a later notice has taken its place, or HR took it back
    "no_statement",  # objecting and refusing need words of one's own
    "too_long",
    "no_signature",  # acknowledging and objecting need one
    "bad_signature",  # too short, a line, a dot, or the same strokes as an earlier one
    "old_consent",  # the consent text has changed since the page was opened
]


class NotDone(Exception):
    """What was tried is not done. `left`: how many tries or seconds are left, where that helps."""

    def __init__(self, why: Denied, left: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.left = left


@dataclass(frozen=True, slots=True)
class Visitor:
    """The browser that asks: a random word that it keeps, its address, what it calls itself, and whether HR signed in with
    it."""

    browser: str = field(repr=False)
    address: str = field(repr=False)
    agent: str = field(default="", repr=False)
    is_hr: bool = False


@dataclass(frozen=True, slots=True)
class Door:
    """What the page before the code shows: nothing about the notice. `asks_id`: the end of the ID number is asked too.
    `code_channel` is where the code goes; `next_code_at` from when another can be sent."""

    locale: str
    asks_id: bool
    code_channel: str
    code_sent: bool = False
    next_code_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A question about the employee's own figures: its key, and the figures to choose from, of which one is right."""

    key: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChatLine:
    """Something that was said in the chat after it was announced that it may go with the answer."""

    seq: int
    author: Literal["employee", "assistant"]
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Visit:
    """The notice as it is read. `questions` are shuffled and hold no mark of the right answer; `own` is the employee's own
    assessment as `policy_kb.answer` gives it, None where the assistant knows no figures: it is shown to nobody else.
    `channel` is that of the link. `chat` is what the employee may put with the answer, and nothing of it goes by itself."""

    id: str
    notice: Notice
    content: Content
    locale: str
    questions: tuple[Question, ...]
    read: bool
    checked: Mapping[str, bool]
    own: Mapping[str, Any] | None = field(default=None, repr=False)
    answer: Answered | None = None
    channel: str = ""
    chat: tuple[ChatLine, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Stroke:
    """One stroke of a signature: points as (x, y, milliseconds since the first point), x and y in thousandths of the box's
    width."""

    points: tuple[tuple[int, int, int], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the employee answers. `shown` is the hash of the content that the page has shown; `lines` are the keys of the
    table's lines that are objected to; `statement` is in their own words. `chat_upto` is the last line of the chat that goes
    with it, 0 where none does."""

    outcome: Outcome
    shown: str
    consent: str
    lines: tuple[str, ...] = ()
    statement: str = field(default="", repr=False)
    strokes: tuple[Stroke, ...] = field(default=(), repr=False)
    chat_upto: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """How it was answered. `code` is the short code of sealed file and chain, empty while the seal is being made."""

    outcome: Outcome
    at: datetime
    code: str = ""


@dataclass(frozen=True, slots=True)
class SealedFile:
    """The employee's copy."""

    name: str
    pdf: bytes = field(repr=False)


class AnswerDesk(Protocol):
    """What the employee's page stands on. Every method raises `NotDone`; what is tried is logged in the case's chain."""

    def look(self, token: str, visitor: Visitor) -> Door:
        """A link was opened. That is not reading, and a preview does it too."""

    def send_code(self, token: str, visitor: Visitor) -> Door:
        """Sends a code through the channel of the link; the door as it stands then."""

    def enter(self, token: str, visitor: Visitor, code: str, id_tail: str) -> str:
        """Checks the code and the end of the ID number and begins a visit; its ticket, for this browser's cookie."""

    def visit(self, ticket: str, visitor: Visitor) -> Visit:
        """The visit of a ticket."""

    def read(self, ticket: str, visitor: Visitor, seconds: int) -> None:
        """The notice was scrolled to its end, after so many seconds in sight; or was read aloud."""

    def check(self, ticket: str, visitor: Visitor, answers: Mapping[str, str]) -> Mapping[str, bool]:
        """The questions were answered; which ones rightly. A wrong one is explained and may be answered again."""

    def answer(self, ticket: str, visitor: Visitor, answer: Answer) -> Answered:
        """Answers the notice, once, whoever else tries at the same moment."""

    def file(self, ticket: str, visitor: Visitor) -> SealedFile:
        """The employee's copy, as soon as it is sealed."""

    def leave(self, ticket: str) -> None:
        """Ends the visit."""


#: The longest statement, in characters.
LONGEST_STATEMENT: Final = 2000
