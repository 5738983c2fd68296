"""Finding a wage at which something turns: a few columns of the very formulas instead of an inverse of them.

What is searched rises with the wage but for the rounding of each contribution and of the tax, which can move it back
by a few fen; `WOBBLE` is far more than that. Wage 0 stands apart, since it owes no contributions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from calculator.fields import LARGEST_INPUT
from calculator.money import Column, Fen

#: Fen within which rounding may undo the order. Eight roundings to the fen and two to the yuan (the housing
#: fund, which also moves the tax) are at most 208 fen apart, and what is searched rises by at least 0.35 fen
#: for each fen of wage.
WOBBLE: Final = 640
POINTS: Final = 1_000

Test: TypeAlias = Callable[[Column], npt.NDArray[np.bool_]]


def largest_wage(holds: Test) -> Fen | None:
    """The largest wage up to the input limit at which a test holds that fails above some wage.

    None where it never holds.
    """
    low, high = 1, LARGEST_INPUT
    while True:
        wages = _grid(low, high)
        held = np.flatnonzero(holds(wages))
        if not held.size:
            return 0 if holds(np.zeros(1, dtype=np.int64))[0] else None
        last = int(held[-1])
        if wages[1] - wages[0] <= 1:
            return int(wages[last])
        low = int(wages[last])
        high = min(LARGEST_INPUT, int(wages[min(last + 1, wages.size - 1)]) + WOBBLE)


def smallest_wage(holds: Test) -> Fen | None:
    """The smallest wage at which a test holds that fails below some wage; None where it never holds."""
    if holds(np.zeros(1, dtype=np.int64))[0]:
        return 0
    low, high = 1, LARGEST_INPUT
    while True:
        wages = _grid(low, high)
        held = np.flatnonzero(holds(wages))
        if not held.size:
            return None
        first = int(held[0])
        if wages[1] - wages[0] <= 1:
            return int(wages[first])
        high = int(wages[first])
        low = max(1, int(wages[max(first - 1, 0)]) - WOBBLE)


def _grid(low: Fen, high: Fen) -> Column:
    """Wages from low to high, both included: every fen where they are few, else about `POINTS` of them."""
    if high - low <= 2 * (POINTS + WOBBLE):
        return np.arange(low, max(high, low + 1) + 1, dtype=np.int64)
    step = (high - low) // POINTS + 1
    return np.append(np.arange(low, high, step, dtype=np.int64), np.int64(high))
