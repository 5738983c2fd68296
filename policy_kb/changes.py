"""A change of the library on its way: drafted, submitted, approved by a second person, published, taken back.

Nothing here reads or writes: what may follow what, and who may do it, is decided here and kept by a store.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal, NamedTuple, Protocol

from locales import N_

#: `figures` are records for the overlay, `rule` is one of the company's own rules.
Kind = Literal["figures", "rule"]
#: While it is `publishing` or `taking_back`, one process holds the folders.
State = Literal[
    "draft", "submitted", "approved", "publishing", "published", "taking_back", "taken_back", "withdrawn"
]
STATES: Final[Mapping[State, str]] = {
    "draft": N_("草稿"),
    "submitted": N_("等复核"),
    "approved": N_("已批准"),
    "publishing": N_("正在发布"),
    "published": N_("已发布"),
    "taking_back": N_("正在撤回"),
    "taken_back": N_("已撤回"),
    "withdrawn": N_("已作废"),
}
Act = Literal[
    "draft",
    "revise",
    "submit",
    "return",
    "withdraw",
    "approve",
    "schedule",
    "publish",
    "fail",
    "take_back",
    "try",
    "tell",
]
ACTS: Final[Mapping[Act, str]] = {
    "draft": N_("起草"),
    "revise": N_("修改"),
    "submit": N_("提交复核"),
    "return": N_("退回"),
    "withdraw": N_("作废"),
    "approve": N_("批准"),
    "schedule": N_("定发布日"),
    "publish": N_("发布"),
    "fail": N_("没有发布成"),
    "take_back": N_("撤回"),
    "try": N_("试算"),
    "tell": N_("告诉职工"),
}
#: From which states an act is possible.
FROM: Final[Mapping[Act, tuple[State, ...]]] = {
    "revise": ("draft", "submitted", "approved"),
    "submit": ("draft",),
    "return": ("submitted", "approved"),
    "withdraw": ("draft", "submitted", "approved"),
    "approve": ("submitted",),
    "schedule": ("approved",),
    "publish": ("approved",),
    "take_back": ("published",),
    "try": ("draft", "submitted", "approved"),
    "tell": ("published", "taken_back"),
}

NOT_NOW: Final = N_("这一步现在做不了：这条改动已经是“{state}”。")
CHANGED: Final = N_("内容在你打开以后又改过了，请看过现在的内容再批准。")
OWN: Final = N_("起草或改过这条的人不能自己批准，要由另一个人来。")
NOT_APPROVED: Final = N_("现在的内容还没有批准。")
TAKEN: Final = N_("数据包 {edition} 已经收过了，同一天或更早的不再收。")
BUSY: Final = N_("另一条改动正在发布，过一分钟再试。")


class Refused(ValueError):
    """An act that is not possible; `text` says why in words, with its figures beside it."""

    def __init__(self, text: str, **figures: str) -> None:
        super().__init__(text)
        self.text = text
        self.figures = figures


@dataclass(frozen=True, slots=True)
class Step:
    """What somebody did with a change, and when; `by` is an account, empty for the schedule."""

    act: Act
    by: str
    at: datetime
    note: str = field(default="", repr=False)


class Fed(NamedTuple):
    """A signed bundle: its edition, a day in ISO form, and the SHA-256 of its file."""

    edition: str
    sha256: str


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """One change. `content` is what it adds: region data by region, or a rule as its file holds it.

    `typed` is the form that a figure was entered in; `hash` that of kind and content, `approved_hash` the one that the
    reviewer approved. `published` is what was written into the folders, `replaced` the rule's file before ("" where
    there was none). `tried` and `effects` are the counts of the last dry run and of the publication. `fed` is the bundle that
    it was drafted from.
    """

    number: int
    kind: Kind
    state: State
    title: str
    content: Mapping[str, Any] = field(repr=False)
    hash: str
    authors: tuple[str, ...]
    typed: Mapping[str, str] | None = field(default=None, repr=False)
    steps: tuple[Step, ...] = field(default=(), repr=False)
    reviewer: str = ""
    approved_hash: str = ""
    publish_on: date | None = None
    published: Mapping[str, Any] | None = field(default=None, repr=False)
    replaced: str | None = field(default=None, repr=False)
    tried: Mapping[str, Any] | None = None
    effects: Mapping[str, Any] | None = None
    fed: Fed | None = None

    @property
    def label(self) -> str:
        """The number as people say it."""
        return label_of(self.number)

    @property
    def given_up(self) -> bool:
        """Whether nothing of it is or will be in force."""
        return self.state in ("withdrawn", "taken_back")

    @property
    def act_of_turn(self) -> Act:
        """What the process that has its turn at the folders is doing."""
        return "take_back" if self.state == "taking_back" else "publish"

    @property
    def author(self) -> str:
        """Whoever drafted it."""
        return self.authors[0]


def label_of(number: int) -> str:
    """The number of a change as people say it.

    >>> label_of(12)
    'P-0012'
    """
    return f"P-{number:04}"


def content_hash(kind: Kind, content: Mapping[str, Any]) -> str:
    """What is approved: the hash of a change's content, the same for the same content."""
    canonical = json.dumps([kind, content], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def refuse_unless(change: PolicyChange, act: Act, by: str, seen: str = "") -> None:
    """Raises `Refused` where an act is not possible; `seen` is the hash of the content that somebody approves."""
    if change.state not in FROM[act]:
        raise Refused(NOT_NOW, state=STATES[change.state])
    if act == "approve":
        if by in change.authors:
            raise Refused(OWN)
        if seen != change.hash:
            raise Refused(CHANGED)
    if act in ("publish", "schedule") and change.approved_hash != change.hash:
        raise Refused(NOT_APPROVED)


def newest_edition(changes: Iterable[PolicyChange]) -> str:
    """The newest edition that was ever drafted, "" where none was: what came before it is not taken after it."""
    return max((each.fed.edition for each in changes if each.fed is not None), default="")


def drafted_from(changes: Iterable[PolicyChange], edition: str) -> PolicyChange | None:
    """The change that an edition became; None where there is none, or it was given up and may come again."""
    found = (each for each in changes if each.fed is not None and each.fed.edition == edition)
    return next((each for each in found if not each.given_up), None)


@dataclass(frozen=True, slots=True)
class News:
    """How far telling the employees is: whose results changed, who is to be told, who was told, whom a person is
    talking to meanwhile."""

    touched: int = 0
    waiting: int = 0
    told: int = 0


class Changes(Protocol):
    """Where changes are kept. Each act is logged with it, and raises `Refused` where it is not possible."""

    def all(self) -> Sequence[PolicyChange]:
        """Every change, the newest first."""

    def get(self, number: int) -> PolicyChange | None:
        """A change by its number."""

    def draft(
        self,
        kind: Kind,
        title: str,
        content: Mapping[str, Any],
        by: str,
        typed: Mapping[str, str] | None = None,
        fed: Fed | None = None,
    ) -> PolicyChange:
        """A new one. Raises `Refused` for a bundle of an edition that was taken, or of one before it."""

    def revise(
        self,
        number: int,
        title: str,
        content: Mapping[str, Any],
        by: str,
        typed: Mapping[str, str] | None = None,
    ) -> PolicyChange:
        """Another content, which is a draft again; whoever approved the old one has not approved it."""

    def submit(self, number: int, by: str) -> PolicyChange:
        """Asks for a second person's look."""

    def give_back(self, number: int, by: str, note: str) -> PolicyChange:
        """Back to its author, with what is wrong."""

    def withdraw(self, number: int, by: str) -> PolicyChange:
        """Given up."""

    def approve(self, number: int, by: str, seen: str, publish_on: date | None) -> PolicyChange:
        """Approved by somebody else than its authors, for exactly the content that was `seen`; with the day from which
        it is to be published, None for none yet."""

    def schedule(self, number: int, by: str, publish_on: date | None) -> PolicyChange:
        """Another day, or none."""

    def note_trial(self, number: int, by: str, counts: Mapping[str, Any]) -> PolicyChange:
        """The counts of a dry run, with the hash of the content that it was about."""

    def tell(self, number: int, by: str) -> int:
        """Everybody whose result the change touched is to be told; how many have not been before."""

    def news(self, number: int) -> News:
        """How far that is."""

    def people(self, number: int) -> Sequence[tuple[str, str | None]]:
        """The conversations that the change touched, each with the employee whose chat it is, where that is known."""


class Publishing(Protocol):
    """What brings changes into force: writes the folders, and has the running program take them up."""

    def publish(self, number: int, by: str) -> PolicyChange:
        """Publishes an approved change now. Raises `Refused`."""

    def take_back(self, number: int, by: str, reason: str) -> PolicyChange:
        """Puts back what was before a published change. Raises `Refused`."""

    def trouble(self) -> str:
        """Why the running program does not use what the folders hold; empty where it does."""
