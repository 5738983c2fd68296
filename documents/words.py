"""How a Chinese source text becomes the reader's language."""

from __future__ import annotations

from typing import Protocol


class Say(Protocol):
    """The wording of a Chinese source text in one language, with its figures filled in (`{wage}` and the like)."""

    def __call__(self, text: str, /, **figures: str) -> str:
        """The text to show."""
        ...


def in_chinese(text: str, /, **figures: str) -> str:
    """The source text itself.

    >>> in_chinese("工资 {wage} 元", wage="3500.00")
    '工资 3500.00 元'
    """
    return text.format(**figures)
