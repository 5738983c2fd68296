"""The trained reader: weights of n-grams, and likeness to the training sentences' meaning; arrays and JSON, no pickle."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bot.understanding.grams import Grams
from bot.understanding.intents import Ranked
from bot.understanding.sentences import Encoder

ARRAYS: Final = "reader.npz"
WORDS: Final = "reader.json"
OUT_OF_SCOPE: Final = "out_of_scope"
#: How fast likeness falls with the distance of two meanings, and its weight beside the n-grams (cross-validated).
FALL: Final = 1.6
MEANING: Final = 2.0
#: Axes of meaning that are kept: of 512, these tell as much (cross-validated), in a fifth of the time.
AXES: Final = 96

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Scale:
    """How scores become confidence: divided by `temperature`, 0.8 is right four times in five; below `threshold`
    nothing is near enough."""

    temperature: float
    threshold: float


@dataclass(frozen=True)
class Layer:
    """`gram_weights` (n-grams, labels); `meaning_weights` (sentences, labels), absent without embeddings."""

    gram_weights: Floats
    meaning_weights: Floats | None
    scale: Scale


@dataclass(frozen=True)
class Model:
    """Labels, n-grams, the meanings of the training sentences, and a layer with them and one without.

    A meaning is an embedding along its `AXES` strongest axes, of length 1: `axes` (512, AXES), `meanings` (sentences, AXES).
    """

    labels: tuple[str, ...]
    grams: Grams
    axes: Floats | None
    meanings: Floats | None
    with_meaning: Layer | None
    alone: Layer
    data_hash: str

    def rank(self, text: str, encoder: Encoder | None) -> tuple[list[Ranked], float]:
        """All labels, likeliest first, for a normalised text, and the threshold that goes with them."""
        columns, values = self.grams.read(text)
        layer = self.alone if encoder is None or self.with_meaning is None else self.with_meaning
        scores: Floats = values @ layer.gram_weights[columns]
        if encoder is not None and layer.meaning_weights is not None:
            scores = scores + self._likenesses(encoder.encode([text])) @ layer.meaning_weights
        sure = softmax(scores / layer.scale.temperature)
        order = np.argsort(-sure, kind="stable")
        return [Ranked(self.labels[at], round(float(sure[at]), 4)) for at in order], layer.scale.threshold

    def _likenesses(self, embedding: Floats) -> Floats:
        """How much each training sentence means the same as an embedding (1, 512)."""
        assert self.axes is not None and self.meanings is not None
        return likeness(self.meanings @ along(self.axes, embedding)[0])

    def save(self, folder: Path) -> None:
        """Writes `reader.npz` and `reader.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, Any] = {"idf": self.grams.weights, "alone": self.alone.gram_weights}
        scales = {"alone": vars(self.alone.scale)}
        if self.with_meaning is not None:
            arrays |= {
                "axes": self.axes,
                "meanings": self.meanings,
                "with_meaning": self.with_meaning.gram_weights,
                "of_meaning": self.with_meaning.meaning_weights,
            }
            scales["with_meaning"] = vars(self.with_meaning.scale)
        np.savez(folder / ARRAYS, **arrays)
        words = {
            "data_hash": self.data_hash,
            "labels": self.labels,
            "scales": scales,
            "grams": self.grams.as_json(),
        }
        (folder / WORDS).write_text(json.dumps(words, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Model:
        """The model that `save` wrote. Raises `OSError` where there is none."""
        words = json.loads((folder / WORDS).read_text(encoding="utf-8"))
        scales = {name: Scale(**scale) for name, scale in words["scales"].items()}
        with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
            knows_meaning = "meanings" in arrays
            return cls(
                labels=tuple(words["labels"]),
                grams=Grams.from_json(words["grams"], arrays["idf"]),
                axes=arrays["axes"] if knows_meaning else None,
                meanings=arrays["meanings"] if knows_meaning else None,
                with_meaning=Layer(arrays["with_meaning"], arrays["of_meaning"], scales["with_meaning"])
                if knows_meaning
                else None,
                alone=Layer(arrays["alone"], None, scales["alone"]),
                data_hash=words["data_hash"],
            )


def along(axes: Floats, embeddings: Floats) -> Floats:
    """Embeddings (n, 512) as meanings (n, AXES)."""
    meanings = embeddings @ axes
    return np.asarray(meanings / np.linalg.norm(meanings, axis=1, keepdims=True), np.float32)


def likeness(cosines: Floats) -> Floats:
    """How much a sentence of this cosine counts: 1 for the same meaning, falling with the distance."""
    return np.asarray(MEANING * np.exp(FALL * (cosines - 1)), np.float32)


def softmax(scores: Floats) -> Floats:
    """Scores as shares of 1."""
    raised = np.exp(scores - scores.max())
    return np.asarray(raised / raised.sum(), np.float32)


def stored_hash(folder: Path) -> str:
    """The hash of the data that the stored model was trained on; empty where there is none."""
    try:
        return str(json.loads((folder / WORDS).read_text(encoding="utf-8"))["data_hash"])
    except (OSError, ValueError, KeyError):
        return ""
