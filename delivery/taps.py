"""A button named by its place: which bubble, which button. Platforms get that instead of what the button means.

A payload may say something about the household, and is longer than some platforms take; the place says nothing.
"""

from __future__ import annotations

import re
from typing import Final

_PLACE: Final = re.compile(r"@(\d{1,9})\.(\d{1,2})")


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
