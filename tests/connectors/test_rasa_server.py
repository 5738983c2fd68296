"""The real Rasa server with the house's reader in it: the same answers as in the house, and none missing when it dies."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.understanding import RasaServer, held_out, rasa_python, score, serve_rasa, train_rasa
from bot.understanding.embedded import EmbeddedReader
from bot.understanding.switching import FallingBack, ReaderFailed
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
def server(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RasaServer]:
    with serve_rasa(python, train_rasa(python, tmp_path_factory.mktemp("rasa"))) as running:
        yield running


@pytest.fixture
def reader(server: RasaServer, embedded: EmbeddedReader) -> Iterator[RasaReader]:
    made = RasaReader(server.url, server.token, embedded.model.labels, seconds=5)
    yield made
    made.close()


def test_both_engines_give_the_same_answers(reader: RasaReader, embedded: EmbeddedReader) -> None:
    texts = [sentence.text for sentence in held_out()[::2]] + list(AWKWARD)
    assert len(texts) >= 200
    for text in texts:
        here, there = embedded.read(text), reader.read(text)
        assert (there.text, there.language) == (here.text, here.language)
        assert there.intent == here.intent, text
        assert there.confidence == pytest.approx(here.confidence, abs=ROUNDING), text
        likely = {each.intent: each.confidence for each in here.ranking if each.confidence > ROUNDING}
        assert {
            each.intent: each.confidence for each in there.ranking if each.intent in likely
        } == pytest.approx(likely, abs=ROUNDING), text


def test_who_has_not_the_token_is_not_answered(server: RasaServer, embedded: EmbeddedReader) -> None:
    stranger = RasaReader(server.url, "guessed", embedded.model.labels, seconds=5)
    with pytest.raises(ReaderFailed, match="HTTP 401"):
        stranger.read("低保还有吗")
    stranger.close()


def test_a_server_that_dies_between_two_sentences_is_not_missed(
    server: RasaServer, embedded: EmbeddedReader, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    first = RasaReader(server.url, server.token, embedded.model.labels)
    reader, sentences = FallingBack(first, embedded), held_out()[:60]
    before = [reader.read(sentence.text).intent for sentence in sentences[:30]]
    server.kill()
    after = [reader.read(sentence.text).intent for sentence in sentences[30:]]
    first.close()
    assert before + after == [embedded.read(sentence.text).intent for sentence in sentences]
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 1
    assert told[0].startswith("the embedded reader answers for now: rasa: ")


@pytest.mark.soak
def test_rasas_own_pipeline_learns_the_same_sentences(
    python: Path, embedded: EmbeddedReader, tmp_path: Path
) -> None:
    with serve_rasa(python, train_rasa(python, tmp_path, "config_diet.yml")) as running:
        reader = RasaReader(running.url, running.token, embedded.model.labels, seconds=5)
        scored = score(reader, held_out())
        reader.close()
    assert scored.in_scope >= 0.75
