"""A button named by its place: which bubble, which button. Platforms get that instead of what the button means.

A payload may say something about the household, and is longer than some platforms take; the place says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from delivery.messages import Button

_PLACE: Final = re.compile(r"@(\d{1,9})\.(\d{1,2})")
#: Questions that are answered by a number: a typed 1 is that number, and not the first button.
_WANT_A_NUMBER: Final = (
    "household_size",
    "month",
    "other_income",
    "received_monthly",
    "standard_monthly",
    "wage",
)


def place(seq: int, index: int) -> str:
    """The name of a bubble's button, counted from 0.

    >>> place(12, 0)
    '@12.0'
    """
    return f"@{seq}.{index}"


def read_place(payload: str) -> tuple[int, int] | None:
    """Bubble and button that a payload names; None where it is no place.

    >>> read_place("@12.0"), read_place("region=320500"), read_place("@12.0 ")
    ((12, 0), None, None)
    """
    found = _PLACE.fullmatch(payload)
    return (int(found[1]), int(found[2])) if found else None


def numbers_choose(buttons: Iterable[Button]) -> bool:
    """Whether a typed number means the button of that number: not where the question, or a title, wants a number itself.

    >>> numbers_choose([Button("在", "on_book=yes")]), numbers_choose([Button("没有", "other_income=none")])
    (True, False)
    >>> numbers_choose([Button("2026年9月", "choice=1")])
    False
    """
    return not any(
        each.payload.partition("=")[0] in _WANT_A_NUMBER or each.title[:1].isdigit() for each in buttons
    )
