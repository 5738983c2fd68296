"""「其实没报」: stays here, must be told to the township; how, and no threat."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from bot.dialogue.steps import Part, Quoted, Step, Tell
from bot.dialogue.talk import Talk
from bot.guard import Evidence

NAME: Final = "undeclared"
INTENTS: Final = ()
EXPIRES: Final = timedelta(days=1)


def step(talk: Talk) -> Step:
    """Who gets to know, what the rules ask, and the next step."""
    law = talk.law()
    told = tuple(
        filter(None, map(law.told, ("duty_to_report_changes", "fraud_penalty", "hearing_before_reduction")))
    )
    return Tell(
        "undeclared",
        (Part("dibao.undeclared"), *(Quoted(f"· {each.text}") for each in told), Part("dibao.undeclared_do")),
        sources=tuple(source for each in told for source in each.sources),
        evidence=Evidence.of(*(each.text for each in told)),
    )
