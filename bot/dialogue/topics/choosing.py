"""What was meant could be two or three things: asked with their friendly names."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from bot.dialogue.steps import Ask, Part, Step, Tap
from bot.dialogue.talk import Talk

NAME: Final = "choosing"
INTENTS: Final = ()
EXPIRES: Final = timedelta(hours=8)


def step(talk: Talk) -> Step:
    """The likeliest readings as buttons."""
    intents = tuple(filter(None, talk.frame.data.get("intents", "").split(",")))
    taps = tuple(Tap(Part(f"offer.{intent}"), f"intent={intent}") for intent in intents)
    return Ask("choice", taps=(*taps, Tap(Part("talk.something_else"), "intent=other")))
