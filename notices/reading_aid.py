"""A notice in another language, made when it is looked at: an aid beside the frozen Chinese text, which alone counts."""

from __future__ import annotations

from typing import Any

from locales import SOURCE
from notices.notice import Content
from notices.texts import filled, text_of


def aid(content: Content, locale: str) -> list[dict[str, Any]]:
    """The sections as those of the content, headed by one (`aid`) which says that the Chinese text counts.

    Made of the version of the text that the notice was made of, filled with the figures and sources in the content.
    None for the language of the text itself. `locale` is one of `locales.LOCALES`, or as documents name it.
    """
    locale = locale.replace("-", "_")
    if locale == SOURCE:
        return []
    text = text_of(content.data["template"], locale)
    return [
        {"key": "aid", "title": text.title, "paragraphs": [text.preface]},
        *filled(text, content.data),
    ]
