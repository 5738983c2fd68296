"""工伤: somebody may be hurt, so HR is offered at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from bot.dialogue.policy import best, no_clause, tell_article
from bot.dialogue.steps import Part, Step, Tap
from bot.dialogue.talk import Talk

NAME: Final = "injury"
INTENTS: Final = ("ask_work_injury",)
EXPIRES: Final = timedelta(days=3)


def step(talk: Talk) -> Step:
    """What to do first, then the clause."""
    article, others = best(talk, talk.frame.data.get("text", ""), "ask_work_injury")
    if article is None:
        return no_clause(others, talk)
    return tell_article(
        talk,
        article,
        before=(Part("hr.urgent"),),
        taps=(Tap(Part("talk.hr"), "topic=urgent"),),
        others=others,
    )
