"""Trains the reader on the sentences under `intents/`. The only place that needs scipy.

Kernel ridge regression on one-hot labels: n-grams enter as they are, meanings by their likeness. Its leave-one-out
answers follow from the same inverse (Hastie, Tibshirani, Friedman, 7.10), so confidence and threshold come from sentences
that the model did not see, at no further cost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml

from bot.understanding import grams as grams_module
from bot.understanding import model as model_module
from bot.understanding import normalise as normalise_module
from bot.understanding.grams import Grams
from bot.understanding.model import AXES, OUT_OF_SCOPE, Floats, Layer, Model, Scale, along, likeness
from bot.understanding.normalise import normalise
from bot.understanding.sentences import Encoder

#: The wish for small weights.
RIDGE: Final = 0.3
#: How far rare labels are raised: 0 not at all, 1 until every label weighs the same.
BALANCE: Final = 0.5
#: Of the right answers in scope, the share that may fall under the threshold.
LOST: Final = 0.003


@dataclass(frozen=True)
class Sentences:
    """Training sentences, normalised, and their labels."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]


def read_sentences(folder: Path) -> Sentences:
    """Every example of every `*.yml` under `folder` (Rasa's training-data format, without entities)."""
    found: dict[str, str] = {}
    for file in sorted(folder.rglob("*.yml")):
        for block in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]:
            for line in block["examples"].splitlines():
                found.setdefault(normalise(line.removeprefix("- ")), block["intent"])
    found.pop("", None)
    return Sentences(tuple(found), tuple(found.values()))


def data_hash(folder: Path, encoder: Encoder | None) -> str:
    """Changes with every sentence, with the way the model is made, and with the embeddings' presence."""
    told = hashlib.sha256()
    made_by = (Path(str(module.__file__)) for module in (grams_module, model_module, normalise_module))
    for file in (Path(__file__), *made_by, *sorted(folder.rglob("*.yml"))):
        told.update(file.read_bytes())
    told.update(b"with meaning" if encoder is not None else b"alone")
    return told.hexdigest()


def train(folder: Path, encoder: Encoder | None) -> Model:
    """A model of the sentences in `folder`; the same sentences give the same model."""
    return train_on(read_sentences(folder), encoder, data_hash(folder, encoder))


def train_on(sentences: Sentences, encoder: Encoder | None, name: str) -> Model:
    """A model of these sentences; `name` is kept as its hash."""
    labels = tuple(sorted(set(sentences.labels)))
    wanted = _Wanted(labels, sentences.labels)
    grams = Grams.learn(sentences.texts)
    rows = _rows(grams, sentences.texts)
    common = (rows @ rows.T).toarray()
    axes = meanings = None
    if encoder is not None:
        embeddings = encoder.encode(list(sentences.texts))
        axes = _strongest_axes(embeddings)
        meanings = along(axes, embeddings)
    return Model(
        labels=labels,
        grams=grams,
        axes=axes,
        meanings=meanings,
        with_meaning=None
        if meanings is None
        else _layer(rows, common, likeness(meanings @ meanings.T), wanted),
        alone=_layer(rows, common, None, wanted),
        data_hash=name,
    )


class _Wanted:
    """What the model should answer: `scores` (sentences, labels), the right column, each sentence's weight."""

    def __init__(self, labels: tuple[str, ...], given: Sequence[str]) -> None:
        self.right = np.array([labels.index(label) for label in given])
        self.scores = np.zeros((len(given), len(labels)), np.float32)
        self.scores[np.arange(len(given)), self.right] = 1
        rarity = len(given) / len(labels) / np.bincount(self.right)
        self.weights = np.sqrt(rarity[self.right] ** BALANCE).astype(np.float32)
        self.in_scope = np.array([label != OUT_OF_SCOPE for label in given])


def _rows(grams: Grams, texts: Sequence[str]) -> Any:
    """The n-grams of every text as a sparse matrix (texts, n-grams)."""
    from scipy.sparse import csr_matrix

    read = [grams.read(text) for text in texts]
    starts = np.cumsum([0, *(len(columns) for columns, _ in read)])
    columns = np.concatenate([columns for columns, _ in read])
    values = np.concatenate([values for _, values in read])
    return csr_matrix((values, columns, starts), shape=(len(texts), len(grams.weights)))


def _strongest_axes(embeddings: Floats) -> Floats:
    """The directions in which the training sentences differ most (512, AXES)."""
    _, axes = np.linalg.eigh((embeddings.T @ embeddings).astype(np.float64))
    return np.ascontiguousarray(axes[:, : -AXES - 1 : -1], np.float32)


def _layer(rows: Any, common: Floats, alike: Floats | None, wanted: _Wanted) -> Layer:
    weights = wanted.weights[:, None]
    inverse = _inverse((common if alike is None else common + alike) * weights * weights.T)
    duals = inverse @ (wanted.scores * weights)
    unseen = wanted.scores - duals / np.diag(inverse)[:, None] / weights
    duals = duals * weights
    return Layer(
        gram_weights=np.ascontiguousarray(rows.T @ duals, np.float32),
        meaning_weights=None if alike is None else np.ascontiguousarray(duals, np.float32),
        scale=_scale(unseen, wanted),
    )


def _inverse(kernel: Floats) -> Floats:
    """The inverse of kernel + ridge, by its Cholesky factor."""
    from scipy.linalg.lapack import spotrf, spotri

    kernel[np.diag_indices_from(kernel)] += RIDGE
    factor, failed = spotrf(kernel, lower=1, overwrite_a=1)
    inverse, failed_too = spotri(factor, lower=1, overwrite_c=1)
    if failed or failed_too:
        raise ArithmeticError("the training sentences give a kernel that is not positive definite")
    lower = np.tril(inverse)
    return np.asarray(lower + np.tril(lower, -1).T, np.float32)


def _scale(unseen: Floats, wanted: _Wanted) -> Scale:
    """Honest confidence: the temperature of least surprise over unseen sentences, and a threshold that loses few."""
    tried = np.geomspace(0.02, 1.0, 60)
    rows = np.arange(len(wanted.right))
    surprise = [-_log_shares(unseen / each)[rows, wanted.right].mean() for each in tried]
    temperature = round(float(tried[int(np.argmin(surprise))]), 4)
    sure = np.exp(_log_shares(unseen / temperature))
    right = (sure.argmax(axis=1) == wanted.right) & wanted.in_scope
    return Scale(temperature, round(float(np.quantile(sure.max(axis=1)[right], LOST)), 3))


def _log_shares(scores: Floats) -> Floats:
    raised = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(raised - np.log(np.exp(raised).sum(axis=1, keepdims=True)))
