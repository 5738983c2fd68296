"""The real Rasa server with the house's reader in it: the same answers as in the house, and none missing when it dies."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bench.understanding import RasaServer, held_out, rasa_python, score, serve_rasa, train_rasa
from bot.understanding.__main__ import SENTENCES
from bot.understanding.embedded import EmbeddedReader
from bot.understanding.sentences import load_encoder
from bot.understanding.switching import FallingBack, ReaderFailed
from bot.understanding.training import read_sentences, train
from connectors.rasa import RasaReader

#: Both sides compute in single precision with different libraries, and round to four places.
ROUNDING = 0.005
AWKWARD = (
    "嗯", "👌", "冇", "ok", "/goodbye", '／greet{"wage": 1}', "asdfgh", "？？？", "3000", "我要人工" * 300, "💥" * 40,
    "交\u200b社保 低保", "低保\n\n还有吗\t", "I'd lose my dibao, right?", "咁我份低保點算", '"}], "text": "', "零\x00一",
)  # fmt: skip


@pytest.fixture(scope="module")
def python() -> Path:
    found = rasa_python()
    if found is None:
        pytest.skip("Rasa is not installed: `make -C intents setup` (Python 3.10), or SHEBAO_RASA_PYTHON")
    return found


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A third of the sentences: enough to compare, and trained on in seconds."""
    folder, every = tmp_path_factory.mktemp("data"), read_sentences(SENTENCES)
    examples: defaultdict[str, str] = defaultdict(str)
    for text, label in list(zip(every.texts, every.labels, strict=True))[::3]:
        examples[label] += f"- {text}\n"
    blocks = [{"intent": label, "examples": lines} for label, lines in examples.items()]
    (folder / "nlu.yml").write_text(
        yaml.safe_dump({"version": "3.1", "nlu": blocks}, allow_unicode=True), "utf-8"
    )
    return folder


@pytest.fixture(scope="module")
def here(data: Path) -> EmbeddedReader:
    """The reader in the house, trained on the same sentences."""
    encoder = load_encoder()
    return EmbeddedReader(train(data, encoder), encoder)


@pytest.fixture(scope="module")
def server(python: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RasaServer]:
    with serve_rasa(python, train_rasa(python, tmp_path_factory.mktemp("rasa"), data=data)) as running:
        yield running


@pytest.fixture
def there(server: RasaServer, here: EmbeddedReader) -> Iterator[RasaReader]:
    made = RasaReader(server.url, server.token, here.model.labels, seconds=5)
    yield made
    made.close()


def test_both_engines_give_the_same_answers(there: RasaReader, here: EmbeddedReader) -> None:
    texts = [sentence.text for sentence in held_out()[::2]] + list(AWKWARD)
    assert len(texts) >= 200
    for text in texts:
        expected, got = here.read(text), there.read(text)
        assert (got.text, got.intent, got.language) == (expected.text, expected.intent, expected.language)
        assert got.confidence == pytest.approx(expected.confidence, abs=ROUNDING), text
        likely = {each.intent: each.confidence for each in expected.ranking[:3] if each.confidence > ROUNDING}
        ranked = {each.intent: each.confidence for each in got.ranking}
        assert {label: ranked.get(label) for label in likely} == pytest.approx(likely, abs=ROUNDING), text


def test_who_has_not_the_token_is_not_answered(server: RasaServer, here: EmbeddedReader) -> None:
    stranger = RasaReader(server.url, "guessed", here.model.labels, seconds=5)
    with pytest.raises(ReaderFailed, match="HTTP 401"):
        stranger.read("低保还有吗")
    stranger.close()


def test_a_server_that_dies_between_two_sentences_is_not_missed(
    server: RasaServer, here: EmbeddedReader, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    first = RasaReader(server.url, server.token, here.model.labels, seconds=5)
    reader, sentences = FallingBack(first, here), held_out()[:60]
    before = [reader.read(sentence.text).intent for sentence in sentences[:30]]
    assert not caplog.records
    server.kill()
    after = [reader.read(sentence.text).intent for sentence in sentences[30:]]
    first.close()
    assert before + after == [here.read(sentence.text).intent for sentence in sentences]
    (told,) = [record.getMessage() for record in caplog.records]
    assert told.startswith("the embedded reader answers for now: rasa: ")


@pytest.mark.soak
def test_rasas_own_pipeline_learns_the_same_sentences(python: Path, data: Path, tmp_path: Path) -> None:
    labels = read_sentences(data).labels
    with serve_rasa(python, train_rasa(python, tmp_path, "config_diet.yml", data)) as running:
        reader = RasaReader(running.url, running.token, labels, seconds=5)
        scored = score(reader, held_out())
        reader.close()
    assert scored.in_scope >= 0.70
