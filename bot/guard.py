"""No reply leaves with a number or a legal citation that is in neither the trace, the library nor the employee's words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Self

#: Chinese numerals count as a figure where a unit of money, time or share follows; 「一个问题」 is none.
_HAN_FIGURE: Final = re.compile(
    r"[〇零一二三四五六七八九十百千万两半]+(?=元|块|倍|个月|天|日|年|岁|周岁|成(?!为|了|功)|%|个工作日)|[百千万]分之[〇零一二三四五六七八九十百千万点]+"
)
_DIGITS: Final = re.compile(r"\d[\d,]*(?:\.\d+)?")
_CITATION: Final = re.compile(r"《[^》]+》|第[〇零一二三四五六七八九十百千\d]+条|[一-鿿]{2}〔\d{4}〕\d+号")
#: One of a unit is mostly a manner of speaking: 「一个月工资多少」, 「一年算下来」; but not 「一个月内」.
_IDIOMS: Final = re.compile(r"一(?:个月|天|年|元|日)(?!内|后|以内|之内|以上|以下|起)")


class Unfounded(ValueError):
    """A reply holds figures or citations that nothing supports; the message names how many, never the text."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Figures and citations that a reply may hold."""

    figures: frozenset[str]
    citations: frozenset[str]

    def __or__(self, other: Evidence) -> Evidence:
        return Evidence(self.figures | other.figures, self.citations | other.citations)

    @classmethod
    def of(cls, *texts: str) -> Self:
        """What stands in texts that are themselves founded: records, rendered figures, the employee's own words."""
        read = unicodedata.normalize("NFKC", "\n".join(texts))
        return cls(frozenset(_figures(read)), frozenset(_CITATION.findall(read)))

    @classmethod
    def of_data(cls, data: object) -> Self:
        """What stands anywhere in plain data: an answer with its trace, a source."""
        return cls.of(*_leaves(data))


NOTHING: Final = Evidence(frozenset(), frozenset())


def check(text: str, evidence: Evidence) -> None:
    """Raises `Unfounded` where the text holds what the evidence does not."""
    held = Evidence.of(text)
    figures, citations = held.figures - evidence.figures, held.citations - evidence.citations
    if figures or citations:
        raise Unfounded(f"{len(figures)} figures and {len(citations)} citations without a source")


def _figures(text: str) -> Iterable[str]:
    for number in _DIGITS.findall(text):
        yield str(Decimal(number.replace(",", "")).normalize())
    yield from _HAN_FIGURE.findall(_IDIOMS.sub("", text))


def _leaves(data: object) -> Iterable[str]:
    if isinstance(data, Mapping):
        values: Iterable[Any] = data.values()
    elif isinstance(data, list | tuple | set | frozenset):
        values = data
    else:
        yield "" if data is None or isinstance(data, bool) else str(data)
        return
    for value in values:
        yield from _leaves(value)
