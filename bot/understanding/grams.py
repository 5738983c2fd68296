"""Character n-grams weighted by how much they tell (TF-IDF), with numpy alone."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

#: Length of the longest n-gram; a Chinese word is one to four characters.
LONGEST: Final = 4
#: An n-gram that a single training sentence has tells nothing about others.
LEAST_SENTENCES: Final = 2
_DIGITS = re.compile(r"\d")


def grams_of(text: str) -> Counter[str]:
    """The n-grams of a normalised text, digits read as 0 and its ends marked.

    >>> sorted(grams_of("3人"))[:4]
    ['0', '0人', '0人>', '<']
    """
    marked = f"<{_DIGITS.sub('0', text)}>"
    lengths = range(1, LONGEST + 1)
    return Counter(marked[at : at + n] for n in lengths for at in range(len(marked) - n + 1))


@dataclass(frozen=True)
class Grams:
    """The n-grams that a reader knows: their column and their weight, shape (n,)."""

    columns: Mapping[str, int]
    weights: NDArray[np.float32]

    @classmethod
    def learn(cls, texts: Iterable[str]) -> Grams:
        """The n-grams of normalised training sentences."""
        counted = [grams_of(text).keys() for text in texts]
        among = Counter(gram for grams in counted for gram in grams)
        known = sorted(gram for gram, sentences in among.items() if sentences >= LEAST_SENTENCES)
        idf = [1 + math.log((1 + len(counted)) / (1 + among[gram])) for gram in known]
        return cls({gram: column for column, gram in enumerate(known)}, np.array(idf, np.float32))

    def read(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Columns and values of one normalised text; the values have length 1 together."""
        found = [
            (self.columns[gram], times) for gram, times in grams_of(text).items() if gram in self.columns
        ]
        columns = np.array([column for column, _ in found], np.int64)
        values = self.weights[columns] * (1 + np.log(np.array([times for _, times in found], np.float32)))
        length = np.sqrt(values @ values)
        return columns, values / length if length else values

    def as_json(self) -> list[str]:
        """The n-grams in the order of their columns."""
        return list(self.columns)

    @classmethod
    def from_json(cls, known: list[str], weights: NDArray[Any]) -> Grams:
        """The n-grams that `as_json` gave, with their weights."""
        return cls({gram: column for column, gram in enumerate(known)}, weights)
