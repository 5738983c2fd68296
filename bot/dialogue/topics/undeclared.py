"""「其实没报」: stays here, must be told to the township; how, and no threat."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from bot.dialogue.policy import quote_rules
from bot.dialogue.steps import Part, Quoted, Step, Tell
from bot.dialogue.talk import Talk

NAME: Final = "undeclared"
INTENTS: Final = ()
EXPIRES: Final = timedelta(days=1)


def step(talk: Talk) -> Step:
    """Who gets to know, what the rules ask, and the next step."""
    rules = quote_rules(talk, "duty_to_report_changes", "fraud_penalty", "hearing_before_reduction")
    said: tuple[Part | Quoted, ...] = (Part("dibao.undeclared"), *rules.parts, Part("dibao.undeclared_do"))
    return Tell("undeclared", said, sources=rules.sources, evidence=rules.evidence)
