"""The words in each language: gettext catalogues. Chinese is the source text, so zh_Hans needs no catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal, Protocol

from babel.support import Translations


class Say(Protocol):
    """Turns a Chinese source sentence into the reader's language, with its figures filled in (`{wage}` and the like)."""

    def __call__(self, text: str, /, **figures: str) -> str:
        """The sentence to show."""


#: A language as documents and pages name it; the catalogue of "zh-Hant" is `zh_Hant`.
Locale = Literal["zh-Hans", "zh-Hant", "en"]
SOURCE: Final = "zh_Hans"
LOCALES: Final = (SOURCE, "zh_Hant", "en")


class Languages(Protocol):
    """Which language a reader gets."""

    @property
    def LANGUAGES(self) -> Mapping[Locale, str]:  # noqa: N802
        """How each language calls itself."""

    def choose(self, asked: str, accepted: Iterable[str]) -> Locale:
        """The language asked for, else the first that the browser names and we have."""

    def catalogue(self, locale: Locale) -> str:
        """The name of a language's catalogue."""


def as_written(text: str, /, **figures: str) -> str:
    """The source language itself.

    >>> as_written("工资 {wage} 元", wage="3500.00")
    '工资 3500.00 元'
    """
    return text.format(**figures) if figures else text


def N_(text: str) -> str:  # noqa: N802 - the name by which the extractor knows a sentence to translate
    """Marks a sentence for translation."""
    return text


@cache
def speak(locale: str) -> Say:
    """What says a source sentence in one of `LOCALES`; a sentence without a translation stays Chinese."""
    if locale == SOURCE:
        return as_written
    folder = Path(__file__).parent
    translations = Translations.load(folder, [locale], domain="messages")

    def say(text: str, /, **figures: str) -> str:
        return as_written(translations.gettext(text), **figures)

    return say
