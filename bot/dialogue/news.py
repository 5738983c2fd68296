"""What an employee is told when figures behind their last result have changed: neutral, with a button that reckons anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from bot.dialogue.conversation import Conversation, Line
from bot.dialogue.steps import Part, Tap, Tell
from bot.wording import word
from delivery.messages import Reply
from locales import speak

_NEWS: Final = Tell(
    "figures_changed", (Part("dibao.figures_changed"),), (Tap(Part("dibao.tap_again"), "again=result"),)
)


def told_of_new_figures(state: Mapping[str, Any]) -> tuple[dict[str, Any], Reply]:
    """From a conversation's state the state afterwards, and the bubble. What is open stays open, with its buttons."""
    conversation = Conversation.from_json(state)
    bubble = word(_NEWS, speak(conversation.locale))
    after = replace(
        conversation.with_lines(Line("assistant", bubble.text)),
        buttons=(*conversation.buttons, *bubble.buttons),
    )
    return after.as_json(), bubble
