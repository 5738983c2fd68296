"""The reader that runs in the house's own process."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from threadpoolctl import threadpool_limits
from zhconv import convert

from bot.understanding.intents import Language, Ranked, Reader, Understanding
from bot.understanding.model import OUT_OF_SCOPE, Model
from bot.understanding.normalise import capped, normalise
from bot.understanding.sentences import Encoder, load_encoder
from bot.understanding.short_turns import short_turn

#: How many labels an answer names.
NAMED: Final = 5
_READABLE = re.compile(r"[^\W_]")
_LATIN = re.compile(r"[a-z]{2,}")
_HAN = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True)
class EmbeddedReader(Reader):
    """Short turns by a table, everything else by the trained model."""

    model: Model
    encoder: Encoder | None

    def read(self, text: str) -> Understanding:
        plain = normalise(text)
        label = short_turn(plain)
        if label is None and not _READABLE.search(plain):
            label = OUT_OF_SCOPE  # an emoji that is not known by heart says neither yes nor no
        if label is not None:
            return Understanding(capped(text), label, 1.0, (Ranked(label, 1.0),), language_of(text))
        ranking, threshold = self.model.rank(plain, self.encoder)
        return judge(text, ranking, threshold)


def judge(text: str, ranking: list[Ranked], threshold: float) -> Understanding:
    """The understanding that a ranking gives: under the threshold nothing is near enough."""
    best = ranking[0]
    intent = best.intent if best.confidence >= threshold else OUT_OF_SCOPE
    return Understanding(capped(text), intent, best.confidence, tuple(ranking[:NAMED]), language_of(text))


def language_of(text: str) -> Language:
    """The script and language of the part of a text that is read.

    >>> language_of("交了社保低保還有嗎"), language_of("can I keep dibao"), language_of("HR说basic wage多少")
    ('zh-Hant', 'en', 'mixed')
    """
    text = capped(text)
    latin, han = len(_LATIN.findall(text.lower())), len(_HAN.findall(text))
    if not han:
        return "en" if latin else "zh-Hans"
    if latin >= 2:
        return "mixed"
    return "zh-Hant" if convert(text, "zh-cn") != text else "zh-Hans"


def load_reader(folder: Path) -> EmbeddedReader:
    """The reader that setup trained into `folder`. Raises `OSError` where it has not been trained.

    From here on the process multiplies with one thread: a sentence is too short to be shared out, and the threads of a
    shared one wait for each other while others' sentences wait for them.
    """
    threadpool_limits(1)
    return EmbeddedReader(Model.load(folder), load_encoder())
