"""An article as a reader of a place, a day and a language gets it: figures and clauses filled in from the library."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from policy_kb.answer import source_json
from policy_kb.articles import Article
from policy_kb.library import Library
from policy_kb.references import ABSENT, REFERENCE, Absence, Language, Place, UnknownReference, resolve
from policy_kb.script import traditional

_NUMBER: Final = re.compile(r"\d[\d.,\-]*\d%?|\d%?")
#: A space that a figure with its unit leaves between two Chinese words.
_GAP: Final = re.compile(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])")
#: A line such as 医保的下限：{{ … }}。
_CALLED: Final = re.compile(r"([^{}]*[：:]\s*)\{\{[^{}]*\}\}[。.]?$")
#: Conclusions that the library draws itself name the records they follow from in place of a number.
_CONCLUSION: Final = "conclusion"


@dataclass(frozen=True, slots=True)
class Rendering:
    """What a reader gets. `sources` are records as `policy_kb.answer.source_json` gives them.

    `figures` holds every figure as it stands in the texts, and every number of the clauses: a number in a reply that is
    in none of them does not come from the library. `unknown` are the references that could not be said.
    """

    title: str
    answer: str
    steps: tuple[str, ...]
    clauses: tuple[str, ...]
    sources: tuple[dict[str, Any], ...]
    unknown: tuple[str, ...]
    figures: frozenset[str]


def render(
    article: Article, library: Library, region: str, on: date, locale: str, as_of: date | None = None
) -> Rendering:
    """The article for a region (`000000` where none is known), a day and a language (zh-Hans, zh-Hant, en).

    `as_of` is the day whose knowledge counts, `on` where it is not given. A sentence or step whose figure cannot be
    said is left out, and once said to be missing. Never raises: a reference that means nothing is an unknown figure.
    """
    language: Language = "en" if locale == "en" else "zh"
    writer = _Writer(Place(library, region, on, on if as_of is None else as_of), language)
    title, answer, steps = _texts(article, language)
    rendering = Rendering(
        title=writer.lines([title])[0],
        answer=(" " if language == "en" else "").join(writer.lines(answer)),
        steps=writer.lines(steps),
        clauses=writer.lines(article.basis),
        sources=tuple(
            source_json(library, key) for key in _cited(library, (*article.records, *writer.sources))
        ),
        unknown=tuple(dict.fromkeys(writer.unknown)),
        figures=frozenset(writer.figures),
    )
    return _traditional(rendering) if locale.endswith("Hant") else rendering


def _texts(article: Article, language: Language) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    if language == "en" and article.answer_en:
        return article.title_en or article.title, article.answer_en, article.steps_en
    return article.title, article.answer, article.steps


@dataclass
class _Writer:
    """Fills in references and remembers what it used."""

    place: Place
    language: Language
    figures: set[str] = field(default_factory=set)
    sources: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def lines(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Each text with its references filled in; what cannot be said is told once, where it first lacks."""
        return tuple(dict.fromkeys(self._line(text) for text in texts))

    def _line(self, text: str) -> str:
        absences: list[Absence] = []

        def put(match: re.Match[str]) -> str:
            text, absence = self._said(match[1])
            if absence is not None:
                absences.append(absence)
            return text

        line = _GAP.sub("", REFERENCE.sub(put, text))
        return self._missing(text, absences[0]) if absences else line

    def _missing(self, text: str, absence: Absence) -> str:
        """The sentence that stands in for a line; behind what the line calls the figure, where it says that first."""
        sentence = ABSENT[absence][self.language == "en"]
        called = _CALLED.match(text)
        if called is None or absence == "which_place":
            return sentence
        return called[1] + sentence[0].lower() + sentence[1:]

    def _said(self, reference: str) -> tuple[str, Absence | None]:
        if reference.startswith("clause "):
            return self._clause(reference.removeprefix("clause ").strip())
        try:
            figure = resolve(reference, self.place, self.language)
        except UnknownReference:
            self.unknown.append(reference)
            return "", "unknown"
        if figure.text is None:
            self.unknown.append(reference)
            return "", figure.absence
        if _NUMBER.search(figure.text):
            self.figures.add(figure.text)
        self.sources += figure.sources
        return figure.text, None

    def _clause(self, key: str) -> tuple[str, Absence | None]:
        library = self.place.library
        if not library.has(key):
            self.unknown.append(f"clause {key}")
            return "", "unknown"
        text = clause(library, key, self.language)
        self.figures.update(_NUMBER.findall(text))
        self.sources.append(key)
        return text, None


def clause(library: Library, key: str, language: Language = "zh") -> str:
    """A record's own words with law, number, article and day. Raises `KeyError`."""
    cited = library.citation(key)
    number = "" if _is_conclusion(library, key) else cited.number
    named = " ".join(filter(None, (cited.title, number, cited.article)))
    since = cited.effective_from.isoformat() if cited.effective_from else ""
    if language == "en":
        return f"{cited.text_en or cited.text} ({named}{f', from {since}' if since else ''})"
    return f"{cited.text}（{named}{f'，{since} 起' if since else ''}）"


def _is_conclusion(library: Library, key: str) -> bool:
    return key in library.statutes and library.statutes[key].kind == _CONCLUSION


def _cited(library: Library, keys: Iterable[str]) -> tuple[str, ...]:
    """The keys with, after each conclusion, those of the records that it follows from."""
    cited: list[str] = []
    for key in filter(library.has, keys):
        cited.append(key)
        if _is_conclusion(library, key):
            cited += filter(library.has, (each.strip() for each in library.citation(key).number.split(",")))
    return tuple(dict.fromkeys(cited))


def _traditional(rendering: Rendering) -> Rendering:
    return Rendering(
        title=traditional(rendering.title),
        answer=traditional(rendering.answer),
        steps=tuple(map(traditional, rendering.steps)),
        clauses=tuple(map(traditional, rendering.clauses)),
        sources=rendering.sources,
        unknown=rendering.unknown,
        figures=frozenset(map(traditional, rendering.figures)),
    )
