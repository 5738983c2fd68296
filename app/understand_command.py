"""`shebao understand`: what the assistant makes of a text, or of a line of JSON each."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from datetime import date
from typing import Any, Final

import click

from app.clock import today_in_china
from app.settings import Settings, SettingsError
from bot.understanding.__main__ import TRAINED
from bot.understanding.facts import Facts
from bot.understanding.intents import Reader, Understanding
from bot.understanding.normalise import capped
from bot.understanding.reading_facts import FactReader
from calculator.fields import InputError, Problem
from calculator.money import format_yuan
from connectors.rasa import ENGINES, choose_reader
from locales import SOURCE, speak
from policy_kb import compiled
from policy_kb.wording import error_json

#: What a message can state, as amounts and otherwise; the rest of `Facts` answers the dialogue's open question.
AMOUNTS: Final = frozenset(
    {"wage", "other_income", "other_income_high", "standard_monthly", "received_monthly"}
)
OTHERS: Final = frozenset(
    {"wage_is_net", "household_size", "region", "dibao_region", "area", "on_book", "dibao", "on"}
)

#: A text in, what was understood out.
Understand = Callable[[str], dict[str, Any]]


@click.command()
@click.argument("text", required=False)
@click.option("--engine", type=click.Choice(ENGINES), help="Who reads (default: as in the settings).")
@click.option("--jsonl", is_flag=True, help='Lines of {"text": …} in, a line of JSON out for each.')
@click.pass_obj
def understand(settings: Settings, text: str | None, engine: str | None, jsonl: bool) -> None:
    """What TEXT wants, and the facts that it states."""
    if jsonl is (text is not None):
        raise click.UsageError("TEXT: one text, or --jsonl for lines of JSON")
    told = _understanding(settings, engine or settings.understanding.engine)
    if text is not None:
        for line in readable(told(text)):
            click.echo(line)
        return
    for answer in answer_lines(told, _lines()):
        # Half a character, which JSON may hold, cannot be printed.
        click.echo(json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace"))


def _understanding(settings: Settings, engine: str) -> Understand:
    """Reader and fact reader of the settings, put together."""
    chosen = settings.understanding
    try:
        reader = choose_reader(
            engine, TRAINED, url=chosen.rasa_url, token=chosen.rasa_token, milliseconds=chosen.timeout_ms
        )
    except ValueError as error:
        raise SettingsError(f"understanding.{error}") from error
    except OSError as error:
        raise click.ClickException("the reader is not trained yet; run `make setup`") from error
    facts, today = FactReader(compiled.load(settings.policy.overlays).divisions), today_in_china()
    return lambda text: understanding_json(text, reader, facts, today)


def understanding_json(text: str, reader: Reader, facts: FactReader, today: date) -> dict[str, Any]:
    """Intent, ranking, facts and language of one text."""
    read: Understanding = reader.read(text)
    return {
        "text": text,
        "intent": read.intent,
        "confidence": read.confidence,
        "ranking": [{"intent": each.intent, "confidence": each.confidence} for each in read.ranking],
        "facts": facts_json(facts.read(capped(text), today)),
        "language": read.language,
    }


def facts_json(facts: Facts) -> dict[str, Any]:
    """What a message states, and nothing that it does not.

    >>> facts_json(Facts(wage=300_000, household_size=4, on=date(2026, 10, 1), answer="yes"))
    {'wage': '3000.00', 'household_size': 4, 'on': '2026-10-01'}
    """
    stated = {each.name: getattr(facts, each.name) for each in fields(facts)}
    return {
        name: format_yuan(value)
        if name in AMOUNTS
        else value.isoformat()
        if isinstance(value, date)
        else value
        for name, value in stated.items()
        if value is not None and name in AMOUNTS | OTHERS
    }


def answer_lines(told: Understand, lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The answer to each line; one that cannot be read is answered with its error, and the run goes on."""
    for line in lines:
        try:
            yield told(_text_of(line))
        except InputError as error:
            yield error_json(error, speak(SOURCE))


def _lines() -> Iterator[str]:
    for raw in sys.stdin.buffer:
        line = raw.decode("utf-8-sig", errors="replace").strip()
        if line:
            yield line


def _text_of(line: str) -> str:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise InputError(Problem("bad_json", "body", expects="object"))
    for name in data:
        if name != "text":
            raise InputError(Problem("unknown_field", name, choices=("text",)))
    text = data.get("text")
    if text is None:
        raise InputError(Problem("missing_field", "text", expects="text"))
    if not isinstance(text, str):
        raise InputError(Problem("not_allowed", "text", expects="text"))
    return text


def readable(answer: dict[str, Any]) -> Iterator[str]:
    """An understanding as lines of a terminal."""
    others = (f"{each['intent']} {each['confidence']:.2f}" for each in answer["ranking"][1:])
    facts = (f"{name} {value}" for name, value in answer["facts"].items())
    yield f"intent    {answer['intent']} {answer['confidence']:.2f}"
    yield f"others    {', '.join(others) or '-'}"
    yield f"facts     {', '.join(facts) or '-'}"
    yield f"language  {answer['language']}"
