"""The assistant behind every channel: a verified message in, replies out, everything kept once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from bot.dialogue.conversation import Conversation
from bot.dialogue.deciding import converse
from bot.dialogue.steps import Ask, HandOff, Sign, Step, Tell
from bot.dialogue.talk import House
from bot.receiving import Kept, Received, Said, Works, receive
from delivery.messages import IncomingMessage

_STEP_NAMES: Final = {Ask: "ask", Tell: "tell", Sign: "sign", HandOff: "hand_off"}


class Assistant:
    """Hears, understands, decides and says. `now` gives the household's own time, by which rules are looked up."""

    def __init__(self, house: House, works: Works, now: Callable[[], datetime]) -> None:
        self._house = house
        self._works = works
        self._now = now

    def receive(self, message: IncomingMessage) -> Received:
        """Takes one message; the same key a second time gets the same replies and changes nothing."""
        return receive(message, self._works, self._turn)

    def _turn(self, kept: Kept, message: IncomingMessage) -> Said:
        known = Conversation(locale=kept.locale) if kept.state is None else Conversation.from_json(kept.state)
        outcome = converse(
            self._house,
            known,
            self._now(),
            message.text,
            message.payload,
            message.kind,
            kept.id,
            kept.asked,
        )
        after = outcome.conversation
        return Said(
            state=after.as_json(),
            replies=outcome.replies,
            tasks=outcome.tasks,
            step=step_name(outcome.steps[-1]),
            topic=outcome.topic,
            asked=after.asked,
            erase=outcome.erase,
            unanswered=outcome.unanswered,
            binding=outcome.binding,
            acts=outcome.acts,
            ratings=outcome.ratings,
            reopened=outcome.reopened,
            locale=after.locale,
            notice=next((each.notice for each in outcome.steps if isinstance(each, Sign)), ""),
        )


def step_name(step: Step) -> str:
    """ask, tell, sign or hand_off."""
    return _STEP_NAMES[type(step)]
