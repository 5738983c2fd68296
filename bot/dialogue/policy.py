"""Answers from the library's articles: what is found is told with its clauses, what is not is offered to HR."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.dialogue.steps import Part, Quoted, Tap, Tell
from bot.dialogue.talk import Talk
from bot.guard import Evidence
from policy_kb.articles import Article
from policy_kb.finding import Found
from policy_kb.remedies import Told
from policy_kb.rendering import Rendering, render

#: How many further articles an answer names.
NAMED: Final = 2
#: The place of whoever has named none.
NATION: Final = "000000"


def find(talk: Talk, text: str, intent: str | None) -> list[Found]:
    """The articles nearest to a question: by the home's rules where they are about dibao, else by the workplace's."""
    return talk.house.finder.find(text, place_of(talk, intent), talk.on, intent)


def place_of(talk: Talk, intent: str | None) -> str:
    """The region whose rules answer: two regions matter, and a question is about one of them, or about a place it names."""
    known = talk.known
    named = talk.conversation.frames[-1].data.get("place") if talk.conversation.frames else None
    about_home = intent is not None and intent.startswith("ask_dibao")
    places = (known.dibao_region, known.region) if about_home else (known.region, known.dibao_region)
    return next((place for place in (named, *places) if place), NATION)


def best(talk: Talk, text: str, intent: str | None) -> tuple[Article | None, list[Found]]:
    """The article that answers, None where no clause is near enough, and what else was near."""
    found = find(talk, text, intent)
    if found and talk.house.finder.answers(found[0]):
        return found[0].article, found[1:]
    return None, found


def rendered(talk: Talk, article: Article, intent: str | None = None) -> Rendering:
    """The article for the employee's place, day and language."""
    place = place_of(talk, intent or article.intents[0])
    return render(article, talk.house.library, place, talk.on, talk.locale)


def is_general(talk: Talk, article: Article, text: Rendering) -> bool:
    """Whether a rendering is what anybody gets, whose place is not known: it tells nothing of where the employee is."""
    return text == render(article, talk.house.library, NATION, talk.on, talk.locale)


def _named(talk: Talk, article: Article) -> Tap:
    """A button that opens another article."""
    text = rendered(talk, article)
    return Tap(Quoted(text.title, is_general(talk, article, text)), f"article={article.key}")


def tell_article(
    talk: Talk,
    article: Article,
    *,
    before: tuple[Part | Quoted, ...] = (),
    after: tuple[Part | Quoted, ...] = (),
    taps: tuple[Tap, ...] = (),
    others: list[Found] | None = None,
) -> Tell:
    """An article as an answer: the sentence, the steps, its clauses as sources, and what is near."""
    text = rendered(talk, article)
    general = is_general(talk, article, text)
    steps = tuple(Quoted(f"· {step}", general) for step in text.steps)
    near = tuple(_named(talk, found.article) for found in others or () if talk.house.finder.is_near(found))
    offered = any(tap.payload in ("topic=hr", "topic=urgent") for tap in taps)
    hr = (Tap(Part("talk.hr"), "topic=hr"),) if article.offer_hr and not offered else ()
    return Tell(
        name=f"article:{article.key}",
        parts=(*before, Quoted(text.answer, general), *steps, *after),
        taps=(*taps, *hr, *near[:NAMED]),
        sources=text.sources,
        evidence=evidence_of(text)
        | Evidence.of(*(tap.title.text for tap in near if isinstance(tap.title, Quoted))),
    )


@dataclass(frozen=True, slots=True)
class Quotes:
    """Rules in the library's own words, with the records that they are, and what a reply may hold of them."""

    parts: tuple[Quoted, ...]
    sources: tuple[dict[str, Any], ...]
    evidence: Evidence


def quote_rules(talk: Talk, *topics: str) -> Quotes:
    """The rules in force at home on these topics, a line each; a topic without a rule is left out."""
    return quote(tuple(filter(None, map(talk.law().told, topics))))


def quote(told: Sequence[Told]) -> Quotes:
    """Statements as a list, a line each."""
    return Quotes(
        tuple(Quoted(f"· {each.text}") for each in told),
        tuple(source for each in told for source in each.sources),
        Evidence.of(*(each.text for each in told)),
    )


def evidence_of(text: Rendering) -> Evidence:
    """What an article's reply may hold: the figures that were filled in, and its clauses."""
    return Evidence.of(*text.figures, *text.clauses) | Evidence.of_data(text.sources)


def no_clause(others: list[Found], talk: Talk) -> Tell:
    """No clause, no answer: said so, and HR offered."""
    near = tuple(_named(talk, found.article) for found in others[:NAMED] if talk.house.finder.is_near(found))
    titles = Evidence.of(*(tap.title.text for tap in near if isinstance(tap.title, Quoted)))
    return Tell(
        "no_clause", (Part("talk.no_clause"),), (Tap(Part("talk.hr"), "topic=hr"), *near), evidence=titles
    )
