"""What an employee wants: the label set, and what a reader answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

Language = Literal["zh-Hans", "zh-Hant", "en", "mixed"]


@dataclass(frozen=True, slots=True)
class Ranked:
    """One label and how sure the reader is of it, 0 to 1."""

    intent: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a reader made of a text. `intent` is the best label, `out_of_scope` where nothing is near enough."""

    text: str = field(repr=False)
    intent: str
    confidence: float
    ranking: tuple[Ranked, ...]
    language: Language


class Reader(Protocol):
    """Tells what a text wants; never raises for any text."""

    def read(self, text: str) -> Understanding:
        """The intent of one message."""
