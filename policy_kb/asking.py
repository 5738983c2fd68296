"""One policy question, answered from an article with its sources, or said to have no answer here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from locales import SOURCE
from policy_kb.finding import Finder, Found
from policy_kb.library import Library
from policy_kb.rendering import Rendering, render
from policy_kb.script import traditional

_NO_CLAUSE: Final = "这个问题资料库里没有条文，不敢乱答。可以找单位人事问，也可以打电话：社保打 12333，低保拨老家区号加 12345。"
_NO_CLAUSE_EN: Final = (
    "The library holds nothing on this, so there is no answer here. Ask HR of your company, or call 12333 about"
    " social insurance, or 12345 with the area code of your home about dibao."
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a question found: the article as the reader gets it, or none, and the next nearest ones."""

    region: str
    on: date
    locale: str
    found: Found | None
    rendering: Rendering | None
    alternatives: tuple[Found, ...]

    @property
    def text(self) -> str:
        """The answer and its steps, a line each; without an article, that there is none and whom to ask."""
        if self.rendering is None:
            return no_clause(self.locale)
        return "\n".join((self.rendering.answer, *(f"· {step}" for step in self.rendering.steps)))


def look_up(
    text: str,
    library: Library,
    finder: Finder,
    region: str,
    on: date,
    *,
    intent: str | None = None,
    locale: str = SOURCE,
    as_of: date | None = None,
) -> Reply:
    """The reply to a question from someone of a region (`000000`: not known) about a day, in a language (zh-Hans, zh-Hant, en).

    `as_of` is the day whose knowledge counts, `on` where it is not given.
    """
    found = finder.find(text, region, on, intent)
    best = found[0] if found and finder.answers(found[0]) else None
    others = tuple(each for each in found if each is not best and finder.is_near(each))
    rendering = render(best.article, library, region, on, locale, as_of) if best else None
    return Reply(region, on, locale, best, rendering, others)


def answer_question(
    text: str,
    library: Library,
    finder: Finder,
    region: str,
    on: date,
    *,
    intent: str | None = None,
    locale: str = SOURCE,
    as_of: date | None = None,
) -> dict[str, Any]:
    """The reply of `look_up` as the JSON of `shebao ask`."""
    return reply_json(look_up(text, library, finder, region, on, intent=intent, locale=locale, as_of=as_of))


def reply_json(reply: Reply) -> dict[str, Any]:
    """A reply as plain data."""
    return {
        "answer": reply.text,
        "article": reply.found.article.key if reply.found else None,
        "region": reply.region,
        "on": reply.on.isoformat(),
        "sources": list(reply.rendering.sources) if reply.rendering else [],
        "status": "answered" if reply.found else "no_clause",
        "alternatives": [
            {"article": each.article.key, "title": title_of(each, reply.locale), "score": each.score}
            for each in reply.alternatives
        ],
    }


def title_of(found: Found, locale: str) -> str:
    """The title of a found article in the reader's language."""
    article = found.article
    if locale == "en":
        return article.title_en or article.title
    return traditional(article.title) if locale.endswith("Hant") else article.title


def no_clause(locale: str) -> str:
    """That the library has no answer, and whom to ask."""
    if locale == "en":
        return _NO_CLAUSE_EN
    return traditional(_NO_CLAUSE) if locale.endswith("Hant") else _NO_CLAUSE
