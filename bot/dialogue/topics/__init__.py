"""What can be talked about. A topic is a module with `NAME`, `INTENTS`, `EXPIRES` and `step(talk) -> Step`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Protocol

from bot.dialogue.steps import Step
from bot.dialogue.talk import Talk
from bot.dialogue.topics import (
    binding,
    changes,
    choosing,
    consent,
    contributions,
    dibao_impact,
    duty,
    hr,
    injury,
    notices,
    pay,
    policy,
    privacy,
    undeclared,
)


class Topic(Protocol):
    """One topic; `EXPIRES` is how long its open question waits."""

    NAME: str
    INTENTS: tuple[str, ...]
    EXPIRES: timedelta

    def step(self, talk: Talk, /) -> Step:
        """What to say or ask next."""


_ALL = (
    dibao_impact,
    contributions,
    pay,
    policy,
    duty,
    injury,
    notices,
    changes,
    privacy,
    consent,
    hr,
    undeclared,
    binding,
    choosing,
)
TOPICS: Final[Mapping[str, Topic]] = {each.NAME: each for each in _ALL}
#: Which topic answers what an employee wants; small talk and commands are the engine's own.
TOPIC_OF: Final[Mapping[str, str]] = {intent: each.NAME for each in _ALL for intent in each.INTENTS}
