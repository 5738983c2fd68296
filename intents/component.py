"""The house's reader as a component of Rasa: the same sentences, the same training, the same answers.

Rasa 3.6 runs on Python 3.10 and finds this module in the folder it is started in, and `bot` on PYTHONPATH (see the
Makefile). Nothing outside `bot.understanding` is imported from the house.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.understanding.embedded import EmbeddedReader
from bot.understanding.intents import Understanding
from bot.understanding.model import Model
from bot.understanding.normalise import normalise
from bot.understanding.sentences import load_encoder
from bot.understanding.training import Sentences, data_hash, train_on

DATA = Path(__file__).parent / "data"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class HouseReader(GraphComponent, IntentClassifier):
    """Intent and ranking as `EmbeddedReader` gives them; `nlu_fallback` first where nothing is near enough."""

    def __init__(self, model_storage: ModelStorage, resource: Resource, model: Model | None = None) -> None:
        self._model_storage = model_storage
        self._resource = resource
        self._reader = EmbeddedReader(model, load_encoder()) if model is not None else None

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> HouseReader:
        """A component that is to be trained."""
        return cls(model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **others: Any,
    ) -> HouseReader:
        """The component that `train` stored."""
        with model_storage.read_from(resource) as folder:
            loaded = cls(model_storage, resource, Model.load(folder))
        # The embeddings are read from disk at their first use, which no employee should have to wait for.
        loaded.process([Message({TEXT: "低保"})])
        return loaded

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str:
        """Rasa keeps what it trained until this changes: with the reader's code, and with the embeddings' presence."""
        return data_hash(DATA, load_encoder())

    def train(self, training_data: TrainingData) -> Resource:
        """Trains on the sentences that Rasa read, and stores the model."""
        model = train_on(sentences_of(training_data), load_encoder(), training_data.fingerprint())
        with self._model_storage.write_to(self._resource) as folder:
            model.save(folder)
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Each message with its intent and ranking."""
        if self._reader is None:
            raise RuntimeError("the reader has not been trained")
        for message in messages:
            ranking = ranking_of(self._reader.read(message.get(TEXT) or ""))
            message.set(INTENT, ranking[0], add_to_output=True)
            message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        return messages


def sentences_of(training_data: TrainingData) -> Sentences:
    """The examples, normalised, each once."""
    found: dict[str, str] = {}
    for example in training_data.intent_examples:
        found.setdefault(normalise(example.get(TEXT)), example.get(INTENT))
    found.pop("", None)
    return Sentences(tuple(found), tuple(found.values()))


def ranking_of(read: Understanding) -> list[dict[str, Any]]:
    """What was understood as Rasa ranks it: the intent first, and after a fall-back what was likeliest."""
    ranking = [{"name": each.intent, "confidence": each.confidence} for each in read.ranking]
    if ranking and ranking[0]["name"] == read.intent:
        return ranking
    return [{"name": DEFAULT_NLU_FALLBACK_INTENT_NAME, "confidence": read.confidence}, *ranking]
