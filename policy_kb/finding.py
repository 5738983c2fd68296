"""Finds the article that answers a question: by the words they share, and by what they mean where an encoder is there."""

from __future__ import annotations

import hashlib
import logging
import math
import os
import re
import tempfile
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Any, Final, Protocol
from zipfile import BadZipFile

import numpy as np
import rjieba
from numpy.typing import NDArray

from policy_kb.articles import Article
from policy_kb.divisions import NATION, Divisions
from policy_kb.references import REFERENCE
from policy_kb.script import simplified

Vector = NDArray[np.float32]
#: Questions that no article answers: what is nearer to one of these than to an article has no clause.
ELSEWHERE: Final = Path(__file__).with_name("elsewhere.txt")
#: Longer questions are read to here.
LONGEST: Final = 500
_LATIN_WORD: Final = re.compile(r"[a-z]+|\d+")
_HAN: Final = re.compile(r"[\u4e00-\u9fff]")


class Encoder(Protocol):
    """Turns texts into vectors of length 1, near each other where they mean the same."""

    def encode(self, texts: list[str]) -> Vector:
        """One row a text."""


@dataclass(frozen=True, slots=True)
class Found:
    """An article and how near it is to the question, from 0 to 1."""

    article: Article
    score: float


@dataclass(frozen=True, slots=True)
class Weights:
    """How a score is put together, and from where it counts: `cut` for an answer, `near` for a suggestion.

    What is said for an article (its nearest question, the middle of its questions, the words it shares) less what is
    said for the nearest line of `elsewhere.txt`. The numbers were chosen on questions that the articles do not hold.
    """

    nearest: float
    middle: float
    words: float
    elsewhere_nearest: float
    elsewhere_words: float
    cut: float
    near: float


WITH_ENCODER: Final = Weights(0.2, 0.45, 0.35, 0.5, 0.35, cut=0.1, near=0.05)
WITHOUT_ENCODER: Final = Weights(0, 0, 1, 0, 1, cut=0.08, near=0.04)
#: What an article's main intent adds to its score where it is what the person wants, and what a further one adds.
INTENT_PRIOR: Final = 0.1
SIDE_PRIOR: Final = 0.06
#: What each level nearer to the person's region adds to the order.
REGION_PRIOR: Final = 0.03
#: Changes when what is kept does, so that vectors of another form are made anew.
FORM: Final = "passages, elsewhere, space, middles"
#: How far the spread of passages is drawn towards the same in every direction; articles have few passages each.
SHRINK: Final = 3


class Finder:
    """All articles, made ready to be searched. `cache` is a folder in which the passages' vectors are kept."""

    def __init__(
        self, articles: Sequence[Article], encoder: Encoder | None = None, cache: Path | None = None
    ) -> None:
        self.articles = tuple(articles)
        self.weights = WITHOUT_ENCODER if encoder is None else WITH_ENCODER
        elsewhere = _elsewhere()
        divisions = Divisions.load()
        passages = [_passages(article, divisions) for article in self.articles]
        documents = [
            "\n".join(texts) + _wording(article) for texts, article in zip(passages, articles, strict=True)
        ]
        self._words = _Words([*documents, *elsewhere])
        self._meaning = None
        if encoder is not None and self.articles:
            self._meaning = _Meaning(passages, elsewhere, encoder, cache)

    def find(
        self, text: str, region: str, on: date, intent: str | None = None, limit: int = 4
    ) -> list[Found]:
        """The articles nearest to a question, best first, among those of the region's levels that hold on a day."""
        question = normalise(text)
        if not self.articles or not question:
            return []
        scores = self._scores(question)
        levels = _levels(region)
        found = [
            Found(article, _score(float(score), article, intent))
            for article, score in zip(self.articles, scores, strict=True)
            if article.region in levels and article.holds(on)
        ]
        national = {each.article.slug: each.score for each in found if each.article.region == NATION}
        found = [_in_place(each, national) for each in found]
        return sorted(found, key=lambda each: -_rank(each, levels))[:limit]

    def answers(self, found: Found) -> bool:
        """Whether an article is near enough to be given as the answer."""
        return found.score >= self.weights.cut

    def is_near(self, found: Found) -> bool:
        """Whether an article is near enough to be offered."""
        return found.score >= self.weights.near

    def _scores(self, question: str) -> Vector:
        weights, count = self.weights, len(self.articles)
        shared = self._words.shared(question)
        scores: Vector = weights.words * shared[:count] - weights.elsewhere_words * shared[count:].max()
        if self._meaning is not None:
            nearest, middle, elsewhere = self._meaning.near(question)
            scores += (
                weights.nearest * nearest + weights.middle * middle - weights.elsewhere_nearest * elsewhere
            )
        return scores


def _score(score: float, article: Article, intent: str | None) -> float:
    if intent in article.intents:
        score += INTENT_PRIOR if intent == article.intents[0] else SIDE_PRIOR
    return round(min(1, max(0, score)), 4)


def _in_place(found: Found, national: Mapping[str, float]) -> Found:
    """A region's article is as near as the national one in whose place it stands: it answers the same question."""
    near = [national[slug] for slug in found.article.instead_of if slug in national]
    return replace(found, score=max(found.score, *near)) if near else found


def _rank(found: Found, levels: tuple[str, ...]) -> float:
    return found.score + REGION_PRIOR * (len(levels) - levels.index(found.article.region))


def normalise(text: str) -> str:
    """The text in half-width simplified lower case.

    >>> normalise("社保可以不交嗎？  HR说的")
    '社保可以不交吗? hr说的'
    """
    whole = text[:LONGEST].encode("utf-8", "ignore").decode()  # half a character cannot be cut into words
    return simplified(" ".join(unicodedata.normalize("NFKC", whole).split())).lower()


def _levels(region: str) -> tuple[str, ...]:
    """The region and what it belongs to, nearest first."""
    return tuple(dict.fromkeys((region, region[:4] + "00", region[:2] + "0000", NATION)))


def _passages(article: Article, divisions: Divisions) -> list[str]:
    """What an article is asked for: titles and questions, without the name of its own region.

    People of a place seldom name it, and the articles of their region are the only ones that compete with the nation's.
    """
    texts = [normalise(text) for text in (article.title, article.title_en, *article.questions)]
    if article.region == NATION or article.region not in divisions:
        return texts
    place = next(each for each in divisions.search(article.region, 1))
    named = re.compile("|".join((place.name, place.short, f"(?:in )?{place.pinyin}")))
    return [named.sub("", text).strip(" :,，：") or text for text in texts]


def _wording(article: Article) -> str:
    """What an article is found by beside its passages: keywords, which count thrice, and the answer."""
    texts = (*article.keywords * 3, *(REFERENCE.sub("", each) for each in article.answer))
    return "\n" + "\n".join(map(normalise, texts))


def _elsewhere() -> list[str]:
    lines = ELSEWHERE.read_text(encoding="utf-8").splitlines()
    return [normalise(line) for line in lines if line and not line.startswith("#")]


# -- Words -----------------------------------------------------------------------------------------------------------


def tokens(text: str) -> list[str]:
    """The words of a normalised text and its single characters, so that a word cut otherwise still counts."""
    words = [word for word in rjieba.cut(text) if len(word) > 1 and _HAN.search(word)]
    return [*words, *_HAN.findall(text), *_LATIN_WORD.findall(text)]


class _Words:
    """BM25 over the words of documents."""

    def __init__(self, documents: Sequence[str]) -> None:
        self._count = len(documents)
        self._index = _index([tokens(document) for document in documents] or [[""]])
        scores = self._index.scores
        self._among = np.diff(scores["indptr"])

    def shared(self, question: str) -> Vector:
        """How much of a question's words each document has, from 0 to 1: rare words count more, unknown ones most."""
        asked = list(dict.fromkeys(tokens(question)))
        if not asked:
            return np.zeros(self._count, np.float32)
        known = self._index.get_tokens_ids(asked)
        most = sum(self._rarity(int(self._among[token])) for token in known)
        most += self._rarity(0) * (len(asked) - len(known))
        scores: Vector = self._index.get_scores_from_ids(known)
        return scores / np.float32(most)

    def _rarity(self, among: int) -> float:
        return math.log(1 + (self._count - among + 0.5) / (among + 0.5))


def _index(documents: list[list[str]]) -> Any:
    """The index of documents cut into words, made without a word on stderr and without a thread.

    bm25s logs every step, and its progress bars start a thread even where they are off.
    """
    from tqdm import tqdm

    interval, tqdm.monitor_interval = tqdm.monitor_interval, 0
    try:
        import bm25s

        logging.getLogger("bm25s").setLevel(logging.WARNING)
        index = bm25s.BM25(method="lucene")
        index.index(documents, show_progress=False)
    finally:
        tqdm.monitor_interval = interval
    return index


# -- Meaning ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Vectors:
    """What is compared with a question: rows of passages and of lines elsewhere, a space, and the articles' middles.

    The middle of an article's passages stands in a space in which the directions count less in which passages of one
    article differ anyway: they say how somebody asks, not what.
    """

    passages: Vector
    elsewhere: Vector
    space: Vector
    middles: Vector


class _Meaning:
    """How near a question comes to what articles are asked for."""

    def __init__(
        self,
        passages: Sequence[Sequence[str]],
        elsewhere: Sequence[str],
        encoder: Encoder,
        cache: Path | None,
    ) -> None:
        self._encoder = encoder
        self._starts = np.cumsum([0, *(len(texts) for texts in passages)])[:-1]
        self._vectors = _kept_or_made(passages, elsewhere, encoder, cache)

    def near(self, question: str) -> tuple[Vector, Vector, float]:
        """Of each article the nearest passage and the middle; of the lines elsewhere the nearest. From -1 to 1."""
        vectors = self._vectors
        asked = self._encoder.encode([question])[0]
        nearest = np.maximum.reduceat(_along(vectors.passages, asked), self._starts)
        middle = _along(vectors.middles, _unit(_along(vectors.space, asked)))
        return nearest, middle, float(_along(vectors.elsewhere, asked).max())


def _along(rows: Vector, vector: Vector) -> Vector:
    """The product of each row with a vector; unlike `@` in this thread alone, which is quicker on a busy machine."""
    product: Vector = np.einsum("ij,j->i", rows, vector)
    return product


def _made(passages: Sequence[Sequence[str]], elsewhere: Sequence[str], encoder: Encoder) -> _Vectors:
    counts = [len(texts) for texts in passages]
    starts = np.cumsum([0, *counts])[:-1]
    vectors = np.asarray(
        encoder.encode([*(text for texts in passages for text in texts), *elsewhere]), np.float32
    )
    own = vectors[: sum(counts)]
    means = np.add.reduceat(own, starts) / np.array(counts, np.float32)[:, None]
    space = _space(own - np.repeat(means, counts, axis=0))
    middles = _unit(np.add.reduceat(_unit(own @ space.T), starts))
    return _Vectors(own, vectors[sum(counts) :], space, middles)


def _space(apart: Vector) -> Vector:
    """The change of space in which passages of one article differ alike in every direction (a shrunk covariance)."""
    width = apart.shape[1]
    spread = apart.T @ apart / len(apart)
    spread += np.eye(width, dtype=np.float32) * (SHRINK * np.trace(spread) / width + 1e-6)
    return np.linalg.inv(np.linalg.cholesky(spread)).astype(np.float32)


def _unit(vectors: Vector) -> Vector:
    scaled: Vector = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return scaled


# -- Kept between two starts -----------------------------------------------------------------------------------------


def _kept_or_made(
    passages: Sequence[Sequence[str]], elsewhere: Sequence[str], encoder: Encoder, cache: Path | None
) -> _Vectors:
    """The vectors from the cache, where it holds those of the same texts and encoder."""
    named = f"{FORM} {type(encoder).__module__}.{type(encoder).__qualname__}"
    texts = "\0".join("\n".join(each) for each in ([named], *passages, elsewhere))
    key = hashlib.sha256(texts.encode()).hexdigest()
    file = cache / "article_vectors.npz" if cache else None
    vectors = _kept(file, key) if file else None
    if vectors is None:
        vectors = _made(passages, elsewhere, encoder)
        if file:
            _keep(file, key, vectors)
    return vectors


def _kept(file: Path, key: str) -> _Vectors | None:
    try:
        with np.load(file) as data:
            if str(data["key"]) != key:
                return None
            return _Vectors(**{each.name: data[each.name] for each in fields(_Vectors)})
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None


def _keep(file: Path, key: str, vectors: _Vectors) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=file.parent, suffix=".npz")
        with os.fdopen(descriptor, "wb") as out:
            np.savez(
                out, key=np.array(key), **{each.name: getattr(vectors, each.name) for each in fields(vectors)}
            )
        Path(name).replace(file)
    except OSError:
        return  # a read-only installation works all the same, only slower to start
