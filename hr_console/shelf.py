"""What HR can put into an answer with one click: ready replies, and the articles nearest to the question.

A text is asked for by its reference, `reply:<key>` or `article:<key>`. The page sends the reference with the message and
never the sources: those are filled in here, on the day, or refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from bot.guard import NOTHING, Evidence
from locales import N_, Locale, Say
from policy_kb.articles import Article
from policy_kb.divisions import NATION
from policy_kb.finding import Finder
from policy_kb.library import Library
from policy_kb.replies import Obstacle, ReadyReply, holding_for, ready_reply

#: How many articles are offered to a question.
OFFERED: Final = 3
OBSTACLES: Final = {
    "yet": N_("{what}从 {day} 起才有效"),
    "longer": N_("{what}到 {day} 为止，已经过期"),
    "gone": N_("它引的 {what} 已经不在资料库里"),
}
ITSELF: Final = N_("这条答复")


@dataclass(frozen=True, slots=True)
class Offer:
    """A text with the reference by which the page names it."""

    ref: str
    reply: ReadyReply


@dataclass(frozen=True)
class Shelf:
    """Everything that can be picked. Without a `finder` no articles are offered."""

    library: Library
    replies: Sequence[Article]
    finder: Finder | None
    today: Callable[[], date]

    def ready(self, region: str, locale: Locale) -> tuple[Offer, ...]:
        """The ready replies for an employee of a region (empty where none is known) and a language."""
        place = region or NATION
        return tuple(self._offer("reply", each, place, locale) for each in holding_for(self.replies, place))

    def near(self, question: str, region: str, locale: Locale) -> tuple[Offer, ...]:
        """The articles nearest to a question, best first."""
        if self.finder is None or not question.strip():
            return ()
        place = region or NATION
        found = self.finder.find(question, place, self.today(), limit=OFFERED)
        return tuple(
            self._offer("article", each.article, place, locale) for each in found if self.finder.is_near(each)
        )

    def named(self, refs: Iterable[str], region: str, locale: Locale) -> tuple[Offer | None, ...]:
        """The texts of these references, None for one that is no longer there."""
        return tuple(self._named(ref, region or NATION, locale) for ref in refs)

    def _named(self, ref: str, place: str, locale: Locale) -> Offer | None:
        kind, _, key = ref.partition(":")
        if kind == "reply":
            texts: Sequence[Article] = self.replies
        else:
            texts = () if self.finder is None else self.finder.articles
        article = next((each for each in texts if each.key == key), None)
        return None if article is None else self._offer(kind, article, place, locale)

    def _offer(self, kind: str, article: Article, place: str, locale: Locale) -> Offer:
        reply = ready_reply(article, self.library, place, self.today(), locale)
        return Offer(f"{kind}:{reply.key}", reply)


def why_not(obstacle: Obstacle, say: Say) -> str:
    """Why a text cannot be sent."""
    day = "" if obstacle.day is None else obstacle.day.isoformat()
    return say(OBSTACLES[obstacle.reason], what=obstacle.record or say(ITSELF), day=day)


def sources_of(offers: Iterable[Offer]) -> tuple[dict[str, Any], ...]:
    """The records that texts rest on, each once."""
    return tuple({source["id"]: source for offer in offers for source in offer.reply.sources}.values())


def changed_figures(text: str, offers: Iterable[Offer]) -> tuple[str, ...]:
    """Figures and citations in a message that stand in place of those of the texts it was made from.

    A figure that was left out, or one that was added to a text that still has all of its own, is no change.
    """
    offered = founded = NOTHING
    for offer in offers:
        offered |= Evidence.of(offer.reply.text)
        founded |= Evidence.of(offer.reply.text, *offer.reply.clauses, *offer.reply.figures)
        founded |= Evidence.of_data(offer.reply.sources)
    typed = Evidence.of(text)
    lost = (offered.figures - typed.figures) | (offered.citations - typed.citations)
    strange = (typed.figures - founded.figures) | (typed.citations - founded.citations)
    return tuple(sorted(map(_plain, strange))) if lost else ()


def _plain(figure: str) -> str:
    """A figure as people write it.

    >>> _plain("5E+1"), _plain("三年")
    ('50', '三年')
    """
    try:
        return f"{Decimal(figure):f}"
    except InvalidOperation:
        return figure
