"""`shebao chat`: the assistant in the terminal. What is said there is kept in a database of its own that goes with it."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import click

from app.assistance import make_house
from app.clock import now_in_china
from app.settings import Settings
from bot.assistant import Assistant
from bot.receiving import Received, replies_json
from delivery.messages import IncomingMessage, Kind, Reply
from locales import LOCALES, SOURCE, speak
from storage.opening import open_storage

CHANNEL = "terminal"
#: More text than anybody types; a longer line is answered with an error.
LONGEST = 10_000


@click.command()
@click.option("--locale", type=click.Choice(LOCALES), default=SOURCE, help="The language to begin in.")
@click.option(
    "--jsonl", is_flag=True, help='Lines of {"sender": …, "text": …} in, a line of JSON out for each.'
)
@click.pass_obj
def chat(settings: Settings, locale: str, jsonl: bool) -> None:
    """Talk to the assistant here."""
    with _assistant(settings) as assistant:
        if jsonl:
            for line in answer_lines(assistant, sys.stdin, locale):
                click.echo(line)
        else:
            _talk(assistant, locale)


@contextmanager
def _assistant(settings: Settings) -> Iterator[Assistant]:
    with tempfile.TemporaryDirectory(prefix="shebao-chat-") as name:
        folder = Path(name)
        storage = open_storage(
            f"sqlite:///{folder / 'chat.db'}", folder / "keys", folder / "erased.jsonl", make=True
        )
        try:
            yield Assistant(make_house(settings), storage.conversations, now_in_china)
        finally:
            storage.database.close()


def answer_lines(assistant: Assistant, lines: Iterator[str], locale: str) -> Iterator[str]:
    """The answer to each line, in order; a line that cannot be read is answered with its error."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            message = _read(line, number, locale)
        except ValueError as error:
            code, field, text = error.args
            answer: dict[str, Any] = {"error": {"code": code, "field": field, "message": text}}
        else:
            answer = {"sender": message.sender, **_answer(assistant.receive(message))}
        yield json.dumps(answer, ensure_ascii=False)


def _read(line: str, number: int, locale: str) -> IncomingMessage:
    try:
        data = json.loads(line)
    except ValueError:
        raise ValueError("bad_json", "", "each line is a JSON object") from None
    if not isinstance(data, dict):
        raise ValueError("bad_json", "", "each line is a JSON object")
    for field in data:
        if field not in ("sender", "text", "payload", "kind"):
            raise ValueError("unknown_field", field, "there are sender, text, payload and kind")
    for field in ("sender", "text"):
        value = data.get(field, "" if "payload" in data or "kind" in data else None)
        if not isinstance(value, str) or (field == "sender" and not value):
            raise ValueError("missing_field", field, "a text is needed")
        if len(value) > LONGEST:
            raise ValueError("out_of_range", field, f"at most {LONGEST} characters")
    kind = data.get("kind", "text")
    if kind not in get_args(Kind):
        raise ValueError("not_allowed", "kind", f"one of {', '.join(get_args(Kind))}")
    return IncomingMessage(
        channel=CHANNEL,
        sender=data["sender"],
        key=f"line-{number}",
        text=data.get("text", ""),
        payload=str(data.get("payload", "")),
        locale=locale,
        kind=kind,
    )


def _answer(received: Received) -> dict[str, Any]:
    keys = ("title", "number", "article", "region", "effective_from")
    replies = replies_json(received.replies)
    for reply in replies:
        reply["sources"] = [{key: source.get(key) for key in keys} for source in reply["sources"]]
    return {
        "replies": replies,
        "step": received.step,
        "topic": received.topic,
        "asked": received.asked,
        "task": received.tasks[0] if received.tasks else None,
    }


def _talk(assistant: Assistant, locale: str) -> None:
    """A conversation typed here; an empty end of input leaves it."""
    say = speak(locale)
    message = IncomingMessage(CHANNEL, "me", "start", "", locale=locale, kind="start")
    number = 0
    while True:
        for reply in assistant.receive(message).replies:
            click.echo(_shown(reply))
        number += 1
        try:
            text = click.prompt(
                click.style(say("你"), bold=True), prompt_suffix="> ", default="", show_default=False
            )
        except click.Abort:
            click.echo()
            return
        message = IncomingMessage(CHANNEL, "me", f"typed-{number}", text, locale=locale)


def _shown(reply: Reply) -> str:
    """A bubble as lines: the words, the numbered taps, the sources."""
    lines = ["", reply.text]
    lines += [f"  {number}. {button.title}" for number, button in enumerate(reply.buttons, start=1)]
    lines += [
        click.style(
            "  § " + " ".join(filter(None, (each["title"], each["number"], each["article"]))), dim=True
        )
        for each in reply.sources
    ]
    return "\n".join(lines)
