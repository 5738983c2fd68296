"""A Rasa server as a reader: `POST /model/parse` over one kept client, a time limit first and a circuit breaker second."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import pybreaker

from bot.understanding.embedded import NAMED, language_of, load_reader
from bot.understanding.intents import Ranked, Reader, Understanding
from bot.understanding.model import OUT_OF_SCOPE
from bot.understanding.normalise import capped, normalise
from bot.understanding.switching import FallingBack, ReaderFailed

ENGINES: Final = ("embedded", "rasa")
#: The intent that Rasa names when nothing is near enough.
FALLBACK: Final = "nlu_fallback"
#: An answer is under two kilobytes; whoever sends more is not a Rasa server.
LONGEST_ANSWER: Final = 64 * 1024
#: Rasa's server closes a connection that was idle for five seconds; a call on it just then would fail.
KEPT_SECONDS: Final = 3.0

# At INFO it logs every address that is called, and this one holds the token.
logging.getLogger("httpx").setLevel(logging.WARNING)


class RasaReader(Reader):
    """Reads by asking a Rasa server; unlike the reader in the house it can fail, so `FallingBack` stands before it."""

    def __init__(
        self,
        url: str,
        token: str,
        labels: Collection[str],
        *,
        seconds: float = 1.0,
        failures: int = 5,
        pause: float = 30.0,
    ) -> None:
        """`labels` is what the house understands; after `failures` in a row the server is left alone for `pause` seconds.

        Raises `ValueError` where `url` is not the address of a server.
        """
        if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", url):
            raise ValueError(f"rasa_url: an address such as http://127.0.0.1:5005, not {url!r}")
        self._url = url.rstrip("/") + "/model/parse"
        self._asks_with = {"token": token} if token else {}
        self._labels = frozenset(labels)
        self._seconds = seconds
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=failures, reset_timeout=pause, throw_new_error_on_trip=False
        )
        # Neither a proxy nor a redirect may see the token; compressed, a short answer could be long.
        self._client = httpx.Client(
            headers={"Accept-Encoding": "identity"},
            timeout=httpx.Timeout(seconds * 0.75, connect=seconds * 0.25),
            limits=httpx.Limits(keepalive_expiry=KEPT_SECONDS),
            trust_env=False,
            follow_redirects=False,
        )

    def read(self, text: str) -> Understanding:
        """The intent of one message. Raises `ReaderFailed` where the server gives no answer that can be used."""
        # Rasa takes a text with a leading slash for an intent with entities, as a user would have it. Normalised text
        # has no slash in front, and is never longer than what is read.
        plain = normalise(text)
        if not plain:
            return Understanding(
                capped(text), OUT_OF_SCOPE, 1.0, (Ranked(OUT_OF_SCOPE, 1.0),), language_of(text)
            )
        try:
            ranking = self._guarded(plain)
        except pybreaker.CircuitBreakerError:
            raise ReaderFailed("rasa is not asked: it keeps failing") from None
        return understood(text, ranking)

    def close(self) -> None:
        """Closes the kept connections."""
        self._client.close()

    def _guarded(self, plain: str) -> list[Ranked]:
        """The breaker holds a lock while it calls, so that one slow answer would stop every thread. It is told the outcome
        instead; only the one trial after a pause runs inside it."""
        if self._breaker.current_state == pybreaker.STATE_OPEN:
            return self._breaker.call(self._ask, plain)
        try:
            outcome: list[Ranked] | ReaderFailed = self._ask(plain)
        except ReaderFailed as failed:
            outcome = failed
        return self._breaker.call(_tell, outcome)

    def _ask(self, plain: str) -> list[Ranked]:
        try:
            answer = json.loads(self._post(plain))
        except httpx.HTTPError as error:
            raise ReaderFailed(f"rasa: {type(error).__name__}") from error
        except (ValueError, RecursionError):
            raise ReaderFailed("rasa: the answer is not JSON") from None
        ranking = ranking_of(answer)
        if not self._labels.issuperset(each.intent for each in ranking if each.intent != FALLBACK):
            raise ReaderFailed("rasa: the answer has an intent that is not in the label set")
        return ranking

    def _post(self, plain: str) -> bytes:
        """The body of the answer, within the time limit however slowly it drips."""
        latest = time.monotonic() + self._seconds
        body = bytearray()
        with self._client.stream("POST", self._url, params=self._asks_with, json={"text": plain}) as response:
            if response.status_code != httpx.codes.OK:
                raise ReaderFailed(f"rasa: HTTP {response.status_code}")
            for part in response.iter_raw():
                body += part
                if len(body) > LONGEST_ANSWER:
                    raise ReaderFailed("rasa: the answer is too long")
                if time.monotonic() > latest:
                    raise ReaderFailed("rasa: the answer takes too long")
        return bytes(body)


def ranking_of(answer: Any) -> list[Ranked]:
    """The intent of an answer, then the rest of its ranking, likeliest first. Raises `ReaderFailed` where it is none.

    >>> ranking_of({"intent": {"name": "greet", "confidence": 0.9}, "intent_ranking": []})
    [Ranked(intent='greet', confidence=0.9)]
    """
    if not isinstance(answer, Mapping) or not isinstance(answer.get("intent_ranking"), list):
        raise ReaderFailed("rasa: the answer has no intent_ranking")
    first = _ranked(answer.get("intent"))
    others = [_ranked(each) for each in answer["intent_ranking"]]
    return [first, *(each for each in others if each.intent != first.intent)]


def _ranked(entry: Any) -> Ranked:
    match entry:
        case {"name": str(name), "confidence": int() | float() as confidence} if (
            0 <= confidence <= 1 and not isinstance(confidence, bool)
        ):
            return Ranked(name, round(float(confidence), 4))
    raise ReaderFailed("rasa: the answer has an entry without name and confidence")


def understood(text: str, ranking: list[Ranked]) -> Understanding:
    """What a ranking means: after Rasa's fall-back the likeliest follows, and is what the confidence speaks of.

    >>> read = understood("嗯嗯嗯", [Ranked("nlu_fallback", 0.3), Ranked("affirm", 0.21), Ranked("thanks", 0.2)])
    >>> read.intent, read.confidence, len(read.ranking)
    ('out_of_scope', 0.21, 2)
    """
    fell_back = ranking[0].intent == FALLBACK
    shown = (ranking[1:] if fell_back else ranking)[:NAMED] or [Ranked(OUT_OF_SCOPE, ranking[0].confidence)]
    intent = OUT_OF_SCOPE if fell_back else shown[0].intent
    return Understanding(capped(text), intent, shown[0].confidence, tuple(shown), language_of(text))


def _tell(outcome: list[Ranked] | ReaderFailed) -> list[Ranked]:
    if isinstance(outcome, ReaderFailed):
        raise outcome
    return outcome


def choose_reader(engine: str, trained: Path, *, url: str, token: str, milliseconds: int) -> Reader:
    """The reader of the settings: the embedded one, or Rasa with the embedded one behind it.

    Raises `ValueError`, naming the setting, for one that cannot be used, and `OSError` where the embedded reader has not
    been trained into `trained`.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine: one of {', '.join(ENGINES)}, not {engine!r}")
    embedded = load_reader(trained)
    if engine == "embedded":
        return embedded
    return FallingBack(
        RasaReader(url, token, embedded.model.labels, seconds=milliseconds / 1000), second=embedded
    )
