"""Rasa as a reader, against a server that does everything wrong: never a wrong label, never a long wait, never a stop."""

from __future__ import annotations

import gzip
import logging
import threading
import time
from collections.abc import Iterator

import pytest
from fake_rasa import TOKEN, Answer, FakeRasa, answer, parsed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.understanding.__main__ import TRAINED
from bot.understanding.embedded import EmbeddedReader
from bot.understanding.intents import Ranked, Reader, Understanding
from bot.understanding.switching import FallingBack, ReaderFailed
from connectors.rasa import LONGEST_ANSWER, RasaReader, choose_reader

LABELS = ("greet", "thanks", "affirm", "deny", "cancel", "goodbye", "out_of_scope")
SECRET = "我叫王小丫，身份证 110101199003070000"
#: The time limit of the readers under test, and what a loaded machine may add.
LIMIT, SLACK = 0.4, 0.6


@pytest.fixture
def rasa() -> Iterator[FakeRasa]:
    fake = FakeRasa()
    yield fake
    fake.stop()


@pytest.fixture
def reader(rasa: FakeRasa) -> Iterator[RasaReader]:
    made = RasaReader(rasa.url, TOKEN, LABELS, seconds=LIMIT, failures=3, pause=0.3)
    yield made
    made.close()


def test_it_asks_with_the_token_over_one_kept_connection(rasa: FakeRasa, reader: RasaReader) -> None:
    read = [reader.read(text) for text in ("你好", "您好啊")]
    assert [path.split("?")[0] for path, _ in rasa.asked] == ["/model/parse"] * 2
    assert all("token=a+token+that" in path or "token=a%20token%20that" in path for path, _ in rasa.asked)
    assert [body for _, body in rasa.asked] == [{"text": "你好"}, {"text": "您好啊"}]
    assert len(rasa.connections) == 1
    assert read[0] == Understanding(
        "你好", "greet", 0.9, (Ranked("greet", 0.9), Ranked("thanks", 0.1)), "zh-Hans"
    )


def test_without_a_token_it_asks_without_one(rasa: FakeRasa) -> None:
    reader = RasaReader(rasa.url + "/", "", LABELS)
    reader.read("你好")
    reader.close()
    assert rasa.asked[0][0] == "/model/parse"


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:5005", "ftp://rasa", "http://", "http://a b", "http://a/?token=x"]
)
def test_an_address_that_is_none_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ValueError, match="rasa_url: an address such as"):
        RasaReader(url, TOKEN, LABELS)


@pytest.mark.parametrize(
    "text",
    [
        "/goodbye",
        "／goodbye",
        ' / /greet{"wage": 1}',
        "\u200b/goodbye",
        "\ufeff／／goodbye",
        "\t/\n/goodbye",
        "⁄/goodbye",
    ],
)
def test_a_command_never_reaches_rasa_as_one(rasa: FakeRasa, reader: RasaReader, text: str) -> None:
    reader.read(text)
    sent = rasa.asked[0][1]["text"]
    assert sent
    assert not sent.strip().startswith("/")


@given(text=st.text(max_size=30).map(lambda text: "/" + text) | st.text(max_size=600))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_written_rasa_gets_a_short_text_without_a_slash(
    rasa: FakeRasa, reader: RasaReader, text: str
) -> None:
    rasa.asked.clear()
    read = reader.read(text)
    assert read.text == text[:500]
    for _, body in rasa.asked:
        assert 0 < len(body["text"]) <= 500
        assert not body["text"].strip().startswith("/")


@pytest.mark.parametrize("text", ["", "   ", "/", "／ /", "\u200b\ufeff"])
def test_nothing_is_not_asked(rasa: FakeRasa, reader: RasaReader, text: str) -> None:
    read = reader.read(text)
    assert (read.intent, read.confidence, rasa.asked) == ("out_of_scope", 1.0, [])


def test_the_fall_back_of_rasa_is_out_of_scope_with_the_real_ranking(
    rasa: FakeRasa, reader: RasaReader
) -> None:
    rasa.answer = answer(200, parsed(("nlu_fallback", 0.3), ("thanks", 0.21), ("greet", 0.2)))
    read = reader.read("唔知")
    assert (read.intent, read.confidence) == ("out_of_scope", 0.21)
    assert read.ranking == (Ranked("thanks", 0.21), Ranked("greet", 0.2))


def test_a_fall_back_with_nothing_behind_it(rasa: FakeRasa, reader: RasaReader) -> None:
    rasa.answer = answer(200, parsed(("nlu_fallback", 0.3)))
    read = reader.read("唔知")
    assert (read.intent, read.ranking) == ("out_of_scope", (Ranked("out_of_scope", 0.3),))


def test_a_ranking_is_cut_at_five_and_rounded(rasa: FakeRasa, reader: RasaReader) -> None:
    rasa.answer = answer(200, parsed(*((label, 0.123456789) for label in LABELS)))
    read = reader.read("你好")
    assert [each.intent for each in read.ranking] == list(LABELS[:5])
    assert read.confidence == 0.1235


GOOD = parsed(("greet", 0.9))


@pytest.mark.parametrize(
    "wrong",
    [
        *(answer(status, GOOD) for status in (201, 400, 401, 404, 409, 500, 503)),
        answer(302, GOOD, Location="http://127.0.0.1:1/"),
        answer(200, b""),
        answer(200, "<html>502 Bad Gateway</html>"),
        answer(200, b"\xff\xfe{"),
        answer(200, "[" * 50_000),
        answer(200, "null"),
        answer(200, "[]"),
        answer(200, "7"),
        answer(200, {}),
        answer(200, {"intent": GOOD["intent"]}),
        answer(200, {"intent_ranking": GOOD["intent_ranking"]}),
        answer(200, GOOD | {"intent": None}),
        answer(200, GOOD | {"intent": "greet"}),
        answer(200, GOOD | {"intent": {"name": None, "confidence": 0.0}}),
        answer(200, GOOD | {"intent": {"name": "greet"}}),
        answer(200, GOOD | {"intent": {"name": "greet", "confidence": "0.9"}}),
        answer(200, GOOD | {"intent": {"name": "greet", "confidence": True}}),
        answer(200, GOOD | {"intent": {"name": "greet", "confidence": 1.2}}),
        answer(200, GOOD | {"intent": {"name": "greet", "confidence": float("nan")}}),
        answer(200, GOOD | {"intent_ranking": {}}),
        answer(200, GOOD | {"intent_ranking": [1]}),
        answer(200, parsed(("restart", 0.9))),
        answer(200, parsed(("greet", 0.9), ("restart", 0.1))),
        answer(200, " " * (LONGEST_ANSWER + 1)),
        answer(200, gzip.compress(b" " * 50_000_000), Content_Encoding="gzip"),
        answer(200, b"no gzip", Content_Encoding="gzip"),
        answer(200, b"short", Content_Length="5000"),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_a_clear_failure(rasa: FakeRasa, reader: RasaReader, wrong: Answer) -> None:
    rasa.answer = wrong
    with pytest.raises(ReaderFailed, match=r"^rasa: ") as failed:
        reader.read(SECRET)
    assert "王小丫" not in str(failed.value)
    assert TOKEN not in str(failed.value)


@pytest.mark.parametrize("how", ["silent", "dripping", "hang_up"])
def test_no_answer_is_a_failure_in_time(rasa: FakeRasa, reader: RasaReader, how: str) -> None:
    rasa.answer = getattr(rasa, how)
    started = time.monotonic()
    with pytest.raises(ReaderFailed, match=r"^rasa: "):
        reader.read(SECRET)
    assert time.monotonic() - started < 2 * LIMIT + SLACK


def test_nobody_listening_is_a_failure(reader: RasaReader, rasa: FakeRasa) -> None:
    rasa.stop()
    with pytest.raises(ReaderFailed, match=r"^rasa: Connect"):
        reader.read("你好")


def test_after_failures_in_a_row_the_server_is_left_alone_for_a_while(
    rasa: FakeRasa, reader: RasaReader
) -> None:
    rasa.answer, good = answer(500), rasa.answer
    for _ in range(10):
        with pytest.raises(ReaderFailed):
            reader.read("你好")
    assert len(rasa.asked) == 3
    time.sleep(0.35)
    with pytest.raises(ReaderFailed):
        reader.read("你好")  # the one trial
    with pytest.raises(ReaderFailed, match="not asked"):
        reader.read("你好")
    assert len(rasa.asked) == 4
    time.sleep(0.35)
    rasa.answer = good
    assert [reader.read("你好").intent for _ in range(3)] == ["greet"] * 3


def test_a_failure_now_and_then_does_not_open_the_breaker(rasa: FakeRasa, reader: RasaReader) -> None:
    good = rasa.answer
    for _ in range(4):
        rasa.answer = answer(500)
        for _ in range(2):
            with pytest.raises(ReaderFailed):
                reader.read("你好")
        rasa.answer = good
        assert reader.read("你好").intent == "greet"


def test_a_server_that_hangs_holds_eight_senders_no_longer_than_one(
    rasa: FakeRasa, reader: RasaReader
) -> None:
    rasa.answer = rasa.silent
    spent = []

    def ask() -> None:
        started = time.monotonic()
        with pytest.raises(ReaderFailed):
            reader.read("你好")
        spent.append(time.monotonic() - started)

    senders = [threading.Thread(target=ask) for _ in range(8)]
    for each in senders:
        each.start()
    for each in senders:
        each.join()
    assert len(spent) == 8
    assert max(spent) < LIMIT + SLACK


class Second(Reader):
    """A reader in the house that always answers the same."""

    def read(self, text: str) -> Understanding:
        return Understanding(text, "deny", 0.5, (Ranked("deny", 0.5),), "zh-Hans")


def test_where_rasa_fails_the_other_reader_answers_and_the_log_says_so_once(
    rasa: FakeRasa, reader: RasaReader, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    both, good = FallingBack(reader, Second()), rasa.answer
    rasa.answer = answer(500)
    assert [both.read(SECRET).intent for _ in range(6)] == ["deny"] * 6
    rasa.answer = good
    time.sleep(0.35)
    assert [both.read(SECRET).intent for _ in range(3)] == ["greet"] * 3
    rasa.answer = answer(401)
    assert both.read(SECRET).intent == "deny"
    told = [record.getMessage() for record in caplog.records if record.name == "bot.understanding.switching"]
    assert told == [
        "the embedded reader answers for now: rasa: HTTP 500",
        "the chosen reader answers again",
        "the embedded reader answers for now: rasa: HTTP 401",
    ]
    assert "王小丫" not in caplog.text
    assert TOKEN not in caplog.text
    assert "a%20token" not in caplog.text
    assert "a+token" not in caplog.text


def test_an_error_of_any_kind_is_logged_by_its_kind_alone(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Reader):
        def read(self, text: str) -> Understanding:
            raise KeyError(text)

    assert FallingBack(Broken(), Second()).read(SECRET).intent == "deny"
    assert [record.getMessage() for record in caplog.records] == [
        "the embedded reader answers for now: KeyError"
    ]


def test_the_embedded_engine_stands_alone(embedded: EmbeddedReader) -> None:
    chosen = choose_reader("embedded", TRAINED, url="", token="", milliseconds=1)
    assert isinstance(chosen, EmbeddedReader)
    assert chosen.read("我不想交社保") == embedded.read("我不想交社保")


def test_an_engine_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="engine: one of embedded, rasa, not 'raza'"):
        choose_reader("raza", TRAINED, url="", token="", milliseconds=1)


def test_the_rasa_engine_answers_even_where_there_is_none(embedded: EmbeddedReader, rasa: FakeRasa) -> None:
    rasa.stop()
    chosen = choose_reader("rasa", TRAINED, url=rasa.url, token=TOKEN, milliseconds=400)
    assert [chosen.read("我不想交社保") for _ in range(8)] == [embedded.read("我不想交社保")] * 8
