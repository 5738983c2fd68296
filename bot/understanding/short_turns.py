"""Turns of a word or an emoji, known by heart: no model is asked what 「嗯」 means."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from bot.understanding.normalise import normalise

FILE: Final = Path(__file__).parents[2] / "intents" / "short_turns.yml"
#: What may stand around a word without changing it; emoji that are words themselves are not among it.
_AROUND: Final = re.compile(r"^[\s。，、！？!?,.~…;；:：\-—“”\"']+|[\s。，、！？!?,.~…;；:：\-—“”\"']+$")


def short_turn(text: str) -> str | None:
    """The label of a normalised text that is one of the known words, else None.

    >>> short_turn("嗯！"), short_turn("thank you."), short_turn("嗯但是")
    ('affirm', 'thanks', None)
    """
    return _table().get(_AROUND.sub("", text))


@cache
def _table() -> dict[str, str]:
    words = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {normalise(str(word)): label for label, known in words.items() for word in known}
