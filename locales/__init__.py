"""The words in each language: gettext catalogues. Chinese is the source text, so zh_Hans needs no catalogue."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

from babel.support import Translations

#: Turns a Chinese source sentence into the language of the reader.
Say: TypeAlias = Callable[[str], str]

SOURCE: Final = "zh_Hans"
LOCALES: Final = (SOURCE, "zh_Hant", "en")


def as_written(text: str) -> str:
    """The source language itself."""
    return text


@cache
def speak(locale: str) -> Say:
    """What says a source sentence in one of `LOCALES`; a sentence without a translation stays Chinese."""
    if locale == SOURCE:
        return as_written
    folder = Path(__file__).parent
    translations = Translations.load(folder, [locale], domain="messages")
    return translations.gettext
