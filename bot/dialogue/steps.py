"""What the dialogue decides: a value, on which nothing acts until it is worded and sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.dialogue.acts import Choice
from bot.dialogue.known import Known
from bot.guard import NOTHING, Evidence
from hr_inbox.task import HrTask
from people.bindings import BindingAct

#: Names of questions that can be open.
Question = Literal[
    "region",
    "dibao_region",
    "area",
    "on_book",
    "wage",
    "gross_or_net",
    "household_size",
    "other_income",
    "dibao_status",
    "standard_monthly",
    "received_monthly",
    "month",
    "confirm",
    "choice",
    "share_scope",
]


@dataclass(frozen=True, slots=True)
class Part:
    """A template of `bot/wording` and the figures that go into it."""

    key: str
    figures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quoted:
    """A text that is worded already: the library's own, or the employee's own words shown back. `general`: the library says it
    to everybody alike, wherever they work and live."""

    text: str
    general: bool = False


@dataclass(frozen=True, slots=True)
class Tap:
    """A button: `title` a template's key or a quoted text, `payload` what it answers."""

    title: Part | Quoted
    payload: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A question. `before` is said first; without `taps` those of the question's template are offered, and `more` after
    them. `acts` are what the answer before it decided."""

    question: Question
    variant: str = ""
    figures: Mapping[str, str] = field(default_factory=dict)
    before: tuple[Part | Quoted, ...] = ()
    taps: tuple[Tap, ...] | None = None
    papers: tuple[str, ...] = ()
    sources: tuple[dict[str, Any], ...] = ()
    evidence: Evidence = NOTHING
    more: tuple[Tap, ...] = ()
    acts: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Tell:
    """Something said, after which its topic is done. `name` identifies the answer: told twice in a row, it was not
    understood twice. `result_of` are the facts of a result, for what is asked of it afterwards; `binding` is what is done
    about the tie to an employee, `acts` what is done about the employee's own file."""

    name: str
    parts: tuple[Part | Quoted, ...]
    taps: tuple[Tap, ...] = ()
    papers: tuple[str, ...] = ()
    sources: tuple[dict[str, Any], ...] = ()
    evidence: Evidence = NOTHING
    result_of: Known | None = None
    binding: BindingAct | None = None
    acts: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Sign:
    """A contribution notice is read on its own page; `waits`: it is not answered yet."""

    notice: str
    waits: bool = True


@dataclass(frozen=True, slots=True)
class HandOff:
    """A case goes to HR with what the employee chose to send."""

    task: HrTask
    parts: tuple[Part | Quoted, ...]


Step = Ask | Tell | Sign | HandOff
