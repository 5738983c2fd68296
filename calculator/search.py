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
POINTS: Final = 300

Test: TypeAlias = Callable[[Column], npt.NDArray[np.bool_]]


def _ladder() -> Column:
    """Wages from 1 fen to the input limit, each about a fourteenth above the one before."""
    wages = [1]
    while wages[-1] < LARGEST_INPUT:
        wages.append(min(wages[-1] + wages[-1] // 14 + 1, LARGEST_INPUT))
    return np.array(wages, dtype=np.int64)


LADDER: Final = _ladder()
ZERO: Final[Column] = np.zeros(1, dtype=np.int64)


def largest_wage(holds: Test) -> Fen | None:
    """The largest wage up to the input limit at which a test holds that fails above some wage.

    None where it never holds.
    """
    wages = LADDER
    while True:
        held = np.flatnonzero(holds(wages))
        if not held.size:
            return 0 if holds(ZERO)[0] else None
        last = int(held[-1])
        if _every_fen(wages):
            return int(wages[last])
        beyond = int(wages[min(last + 1, wages.size - 1)])
        wages = _grid(int(wages[last]), min(LARGEST_INPUT, beyond + WOBBLE))


def smallest_wage(holds: Test) -> Fen | None:
    """The smallest wage at which a test holds that fails below some wage; None where it never holds."""
    if holds(ZERO)[0]:
        return 0
    wages = LADDER
    while True:
        held = np.flatnonzero(holds(wages))
        if not held.size:
            return None
        first = int(held[0])
        if _every_fen(wages):
            return int(wages[first])
        wages = _grid(max(1, int(wages[max(first - 1, 0)]) - WOBBLE), int(wages[first]))


def _grid(low: Fen, high: Fen) -> Column:
    """Wages from low to high, both included: every fen where they are few, else about `POINTS` of them."""
    if high - low <= 2 * WOBBLE:
        return np.arange(low, high + 1, dtype=np.int64)
    step = (high - low) // POINTS + 1
    return np.append(np.arange(low, high, step, dtype=np.int64), np.int64(high))


def _every_fen(wages: Column) -> bool:
    return int(wages[-1]) - int(wages[0]) == wages.size - 1
