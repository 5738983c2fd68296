"""Money as integer fen, rates as integer parts per million; the only place where text becomes an amount.

Everything here serves a Python ``int`` and a numpy ``int64`` array alike, so that one text of each formula is
both the answer for one household and the column of a population. No float is ever made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Column: TypeAlias = npt.NDArray[np.int64]
Fen: TypeAlias = int
Ppm: TypeAlias = int
#: An amount or a rate of one household, or a column of them.
Amount: TypeAlias = int | Column

MILLION: Final = 1_000_000
#: Amounts above this many fen (ten thousand million yuan) are refused: times a rate they could leave int64.
LARGEST: Final = 10**12

Mode = Literal["up", "down", "half_up", "half_even"]
Stage = Literal["person", "employer_total"]


class AmountTooLarge(OverflowError):
    """An amount is beyond what a product with a rate can hold in 64 bits."""


@dataclass(frozen=True, slots=True)
class Rounding:
    """How a contribution is rounded 尾数处理: to multiples of `unit` fen; for each person, or on the employer's total."""

    mode: Mode = "half_up"
    unit: Fen = 1
    stage: Stage = "person"

    def __str__(self) -> str:
        return f"{self.mode}/{self.unit}/{self.stage}"


TO_THE_FEN: Final = Rounding()
TO_THE_YUAN: Final = Rounding(unit=100)


def clamp(value: Amount, low: Amount, high: Amount) -> Amount:
    """`value`, not below `low` and not above `high`.

    >>> clamp(350_000, 495_200, 2_476_200)
    495200
    """
    return at_most(at_least(value, low), high)


def at_least(value: Amount, low: Amount) -> Amount:
    """The larger of the two.

    >>> at_least(-5, 0)
    0
    """
    if isinstance(value, int) and isinstance(low, int):
        return value if value > low else low
    return np.maximum(value, low)


def at_most(value: Amount, high: Amount) -> Amount:
    """The smaller of the two.

    >>> at_most(7, 5)
    5
    """
    if isinstance(value, int) and isinstance(high, int):
        return value if value < high else high
    return np.minimum(value, high)


def where_positive(condition: Amount, value: Amount) -> Amount:
    """`value` where `condition` is above zero, else 0.

    >>> where_positive(0, 39_616)
    0
    """
    if isinstance(condition, int) and isinstance(value, int):
        return value if condition > 0 else 0
    return value * (np.asarray(condition) > 0)


def share(amount: Amount, rate: Amount, rounding: Rounding = TO_THE_FEN) -> Amount:
    """`amount` × `rate` (parts per million), rounded. Amounts are not negative.

    Raises `AmountTooLarge` above `LARGEST`.

    >>> share(350_025, 20_000)      # 3500.25 yuan x 2 % = 70.005
    7001
    >>> share(350_025, 20_000, Rounding("half_even"))
    7000
    """
    refuse_overflow(amount)
    return share_within(amount, rate, rounding)


def share_within(amount: Amount, rate: Amount, rounding: Rounding) -> Amount:
    """`share` of an amount that a clamp already holds within `LARGEST`."""
    if rounding.unit == 1:
        return divide(amount * rate, MILLION, rounding.mode)
    return divide(amount * rate, MILLION * rounding.unit, rounding.mode) * rounding.unit


def divide(numerator: Amount, denominator: int, mode: Mode) -> Amount:
    """Whole quotient of a numerator that is not negative by an even denominator, rounded by `mode`.

    >>> [divide(25, 10, mode) for mode in ("up", "down", "half_up", "half_even")]
    [3, 2, 3, 2]
    """
    if mode == "half_up":
        return (numerator + denominator // 2) // denominator
    if mode == "down":
        return numerator // denominator
    if mode == "up":
        return (numerator + (denominator - 1)) // denominator
    quotient = (numerator + denominator // 2) // denominator
    exactly_half = (numerator + denominator // 2) % denominator == 0
    return quotient - exactly_half * (quotient % 2)


def refuse_overflow(amount: Amount) -> None:
    """Raise `AmountTooLarge` where an amount is above `LARGEST` fen."""
    largest = amount if isinstance(amount, int) else int(amount.max(initial=0))
    if largest > LARGEST:
        raise AmountTooLarge(f"{largest} fen is above the limit of {LARGEST} fen")


_YUAN = re.compile(r"(-?)(\d{1,30})(?:\.(\d{1,2}))?", re.ASCII)


def parse_yuan(text: str) -> Fen:
    """Fen from a decimal text in yuan with at most two places.

    Raises `ValueError` for anything else.

    >>> parse_yuan("3500.5")
    350050
    """
    match = _YUAN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not an amount in yuan with at most two decimals: {text!r}")
    sign, yuan, cents = match.groups()
    fen = int(yuan) * 100 + int((cents or "").ljust(2, "0"))
    return -fen if sign else fen


def format_yuan(fen: Fen) -> str:
    """Yuan with two places.

    >>> format_yuan(-5)
    '-0.05'
    """
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


_RATE = re.compile(r"(\d)(?:\.(\d{1,6}))?", re.ASCII)


def parse_rate(text: str) -> Ppm:
    """Parts per million from a decimal text such as ``0.0535``.

    Raises `ValueError` for anything else.

    >>> parse_rate("0.0535")
    53500
    """
    match = _RATE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not a rate with at most six decimals: {text!r}")
    return int(match[1]) * MILLION + int((match[2] or "").ljust(6, "0"))


def format_rate(ppm: Ppm) -> str:
    """The shortest decimal text.

    >>> format_rate(53_500)
    '0.0535'
    """
    return f"{ppm // MILLION}.{ppm % MILLION:06d}".rstrip("0").rstrip(".")


def format_percent(rate: Ppm) -> str:
    """A rate as people read it.

    >>> format_percent(80_000), format_percent(2_600)
    ('8%', '0.26%')
    """
    return f"{rate // 10_000}.{rate % 10_000:04d}".rstrip("0").rstrip(".") + "%"
