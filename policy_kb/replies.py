"""Ready replies: what HR answers again and again, in plain words that rest on the library's records as articles do.

A ready reply is a Markdown file `replies/<region>/<slug>.md` of the same form as an article, without intents and
questions: nobody finds it, HR picks it. What rests on a clause that is not in force on the day cannot be sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal

from policy_kb.articles import Article, load_articles
from policy_kb.divisions import NATION
from policy_kb.library import USABLE, Library
from policy_kb.rendering import render

REPLIES: Final = Path(__file__).with_name("replies")


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a text cannot be sent on a day: what it rests on is not in force `yet`, or no `longer`, or is `gone`.

    `record` names the clause, empty where it is the text itself; `day` is the first or the last day of force.
    """

    reason: Literal["yet", "longer", "gone"]
    record: str = ""
    day: date | None = None


@dataclass(frozen=True, slots=True)
class ReadyReply:
    """A text that HR can put into an answer, as an employee of a place gets it on a day.

    `key` is region and slug; `sources` are `policy_kb.answer.source_json` objects. `clauses` and `figures` are what a
    number in the text may come from. With an `obstacle` it cannot be sent.
    """

    key: str
    title: str
    text: str = field(repr=False)
    sources: tuple[dict[str, Any], ...]
    clauses: tuple[str, ...]
    figures: frozenset[str]
    obstacle: Obstacle | None


def load_replies(folder: Path = REPLIES) -> tuple[Article, ...]:
    """Every ready reply below a folder. Raises `PolicyError` naming file and field where one cannot be read."""
    return load_articles(folder)


def holding_for(replies: Sequence[Article], region: str) -> tuple[Article, ...]:
    """The replies for people of a region (`000000` where none is known): its own, its province's, the nation's."""
    levels = (region, region[:4] + "00", region[:2] + "0000", NATION)
    return tuple(reply for reply in replies if reply.region in levels)


def ready_reply(article: Article, library: Library, region: str, on: date, locale: str) -> ReadyReply:
    """A ready reply, or an article that answers, for a region, a day and a language (zh-Hans, zh-Hant, en)."""
    rendering = render(article, library, region, on, locale)
    return ReadyReply(
        key=article.key,
        title=rendering.title,
        text="\n".join((rendering.answer, *(f"· {step}" for step in rendering.steps))),
        sources=rendering.sources,
        clauses=rendering.clauses,
        figures=rendering.figures,
        obstacle=next(_obstacles(article, library, on), None),
    )


def _obstacles(article: Article, library: Library, on: date) -> Iterator[Obstacle]:
    if on < article.effective_from:
        yield Obstacle("yet", day=article.effective_from)
    if not article.holds(on):
        yield Obstacle("longer", day=article.effective_until)
    ends = {rule.key: rule.until for records in library.regions.values() for rule in records.rules}
    for key in article.records:
        if not library.has(key) or library.citation(key).certainty not in USABLE:
            yield Obstacle("gone", key)
            continue
        cited = library.citation(key)
        named = f"{cited.title} {cited.article or ''}".strip()
        until = ends.get(key)
        if cited.effective_from is not None and on < cited.effective_from:
            yield Obstacle("yet", named, cited.effective_from)
        if until is not None and until < on:
            yield Obstacle("longer", named, until)
