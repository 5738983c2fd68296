"""What a topic can look at while it decides: the house, the conversation, and what was heard."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from bot.dialogue.conversation import Conversation, Frame
from bot.dialogue.known import Change, Known
from bot.mine import NoFiles, OwnFile, OwnFiles
from bot.understanding.facts import Facts
from bot.understanding.intents import Language, Ranked, Reader
from bot.understanding.reading_facts import FactReader
from locales import Locale, Say, speak
from people.bindings import Bindings, NoBindings
from policy_kb.articles import Article
from policy_kb.company import NO_RULES, Company
from policy_kb.finding import Finder
from policy_kb.library import Library
from policy_kb.remedies import Law

#: From this confidence a reading is acted on; from `OFFER` it is offered among others; below it is a miss.
ACT, OFFER = 0.6, 0.25


class Notices(Protocol):
    """Contribution notices of whoever writes in a conversation."""

    def waiting(self, conversation: str) -> tuple[str, ...]:
        """The ids of those that wait for an answer, the oldest first."""

    def answered(self, conversation: str) -> tuple[str, ...]:
        """The ids of those that were answered, the latest first."""


class NoNotices(Notices):
    """No notice is ever waiting: for a terminal, and for an employee whom nobody knows."""

    def waiting(self, conversation: str) -> tuple[str, ...]:
        return ()

    def answered(self, conversation: str) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True)
class House:
    """What every conversation shares: the library, the company's own rules, who reads, whose chat is whose, and their files."""

    library: Library
    finder: Finder
    articles: dict[str, Article]
    reader: Reader
    facts: FactReader
    notices: Notices = field(default_factory=NoNotices)
    bindings: Bindings = field(default_factory=NoBindings)
    company: Company = NO_RULES
    files: OwnFiles = field(default_factory=NoFiles)


@dataclass(frozen=True, slots=True)
class Heard:
    """One message understood. `slot` and `value` are those of a tap."""

    text: str = field(default="", repr=False)
    intent: str = ""
    confidence: float = 0.0
    ranking: tuple[Ranked, ...] = ()
    facts: Facts = field(default_factory=Facts, repr=False)
    slot: str = ""
    value: str = ""
    kind: str = "text"
    language: Language | None = None


@dataclass(frozen=True, slots=True)
class Talk:
    """One turn as a topic sees it."""

    house: House
    conversation: Conversation
    heard: Heard
    now: datetime
    id: str = ""
    changes: tuple[Change, ...] = ()

    @property
    def known(self) -> Known:
        """What the employee has told."""
        return self.conversation.known

    @property
    def frame(self) -> Frame:
        """The topic that is being talked about."""
        return self.conversation.frames[-1]

    @property
    def on(self) -> date:
        """The day by which rules are looked up."""
        return self.now.date()

    @property
    def locale(self) -> Locale:
        """The employee's language as documents name it."""
        names: dict[str, Locale] = {"zh_Hans": "zh-Hans", "zh_Hant": "zh-Hant", "en": "en"}
        return names[self.conversation.locale]

    @property
    def say(self) -> Say:
        """What words a sentence in the employee's language."""
        return speak(self.conversation.locale)

    @property
    def own_file(self) -> OwnFile | None:
        """What is on record of whoever's chat it is; None where nobody has bound it."""
        owner = self.house.bindings.owner(self.id)
        return None if owner is None else self.house.files.of(owner.employee)

    def law(self, region: str | None = None) -> Law:
        """The rules in force at a region: at home unless another is named, in the nation where none is known."""
        place = region or self.known.dibao_region or "000000"
        return Law(self.house.library, place, self.on, self.locale, self.say)
