"""Small groups: a count of people is shown only where neither the group nor those beside it can be told apart.

A group below five is not shown, and neither is what it could be worked out from: the total of which it is a part, or
the whole that it nearly fills (who is not in the rest is in the group).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from calculator.money import Fen

Key = TypeVar("Key")
#: The smallest group that is shown.
LEAST: Final = 5
#: Sums over a group are rounded to this: a sum to the fen would tell which of the amounts on a list are in it.
COARSE: Final[Fen] = 1_000_000


@dataclass(frozen=True, slots=True)
class Groups(Generic[Key]):
    """Counts of people by group, and of all; None where a number is not shown."""

    counts: Mapping[Key, int | None]
    total: int | None


def may_show(count: int, *wholes: int) -> bool:
    """Whether a group may be shown beside the wholes that it is a part of, each known to whoever looks.

    >>> may_show(5, 100), may_show(4, 100), may_show(98, 100), may_show(0, 100)
    (True, False, False, False)
    """
    return count >= LEAST and all(whole - count >= LEAST for whole in wholes)


def hide_small(counts: Mapping[Key, int], *wholes: int) -> Groups[Key]:
    """Counts without those that are not shown; the total goes with the first of them.

    Two that are hidden could be had from the total as well: both are below five, so a sum of eight says four and four.

    >>> hide_small({"receiving": 12, "suspended": 3}, 600)
    Groups(counts={'receiving': 12, 'suspended': None}, total=None)
    >>> hide_small({"receiving": 12, "suspended": 7}, 600).total
    19
    """
    shown = {key: count if may_show(count, *wholes) else None for key, count in counts.items()}
    total = sum(counts.values())
    whole = None not in shown.values() and may_show(total, *wholes)
    return Groups(shown, total if whole else None)


def show_all(counts: Mapping[Key, int]) -> Groups[Key]:
    """Counts as they are, for whoever may see each person.

    >>> show_all({"suspended": 3})
    Groups(counts={'suspended': 3}, total=3)
    """
    return Groups(dict(counts), sum(counts.values()))


def coarse(amount: Fen) -> Fen:
    """A sum over a group, to ten thousand yuan.

    >>> coarse(1_738_200 * 7)
    12000000
    """
    return (amount + COARSE // 2) // COARSE * COARSE
