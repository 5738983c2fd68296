"""缴费告知书: the one that waits, and what signing means."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from bot.dialogue.policy import best, no_clause, tell_article
from bot.dialogue.steps import Part, Sign, Step
from bot.dialogue.talk import Talk

NAME: Final = "notices"
INTENTS: Final = ("ask_how_to_sign_notice",)
EXPIRES: Final = timedelta(days=3)


def step(talk: Talk) -> Step:
    """The notice that waits is opened; without one, the question is answered."""
    waiting = talk.house.notices.waiting(talk.id)
    if waiting:
        return Sign(waiting[0])
    article, others = best(talk, talk.frame.data.get("text", ""), "ask_how_to_sign_notice")
    if article is None:
        return no_clause(others, talk)
    return tell_article(talk, article, after=(Part("notices.none"),), others=others)
