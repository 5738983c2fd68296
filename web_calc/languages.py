"""Which language a reader gets: the one asked for, else the first that the browser names and we have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from locales import SOURCE, Locale

#: How each language calls itself, by its name in `<html lang>`.
LANGUAGES: Final[dict[Locale, str]] = {"zh-Hans": "简体中文", "zh-Hant": "繁體中文", "en": "English"}
_CATALOGUES: Final[dict[Locale, str]] = {"zh-Hans": SOURCE, "zh-Hant": "zh_Hant", "en": "en"}
_TRADITIONAL: Final = ("hant", "tw", "hk", "mo")


def choose(asked: str, accepted: Iterable[str]) -> Locale:
    """The reader's language from `?lang=` and the browser's list, best first.

    >>> choose("", ["fr", "zh-HK", "en"])
    'zh-Hant'
    >>> choose("en", ["zh-CN"])
    'en'
    """
    for tag in (asked, *accepted):
        parts = tag.lower().replace("_", "-").split("-")
        if parts[0] == "zh":
            return "zh-Hant" if any(part in _TRADITIONAL for part in parts) else "zh-Hans"
        if parts[0] == "en":
            return "en"
    return "zh-Hans"


def catalogue(locale: Locale) -> str:
    """The name of a language's catalogue."""
    return _CATALOGUES[locale]
