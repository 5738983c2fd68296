"""`shebao ask`: one policy question, answered from the library's articles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Final

import click

from app.assistance import make_house
from app.clock import today_in_china
from app.policy_commands import day_option
from app.settings import Settings
from bot.dialogue.talk import House
from bot.understanding.intents import Understanding
from calculator.fields import InputError
from locales import SOURCE, speak
from policy_kb.asking import Reply, look_up, reply_json, title_of
from policy_kb.divisions import NATION
from policy_kb.library import Library

#: The locale in which a question is answered, by its language; a mixed one is answered in Chinese.
ANSWERED: Final = {"zh-Hant": "zh_Hant", "en": "en"}


@click.command()
@click.argument("text")
@click.option("--region", help="Where the question is about: a name or a six-digit code.")
@click.option("--on", callback=day_option, help="The day, such as 2026-10-15 (default: today).")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.pass_obj
def ask(settings: Settings, text: str, region: str | None, on: date, as_json: bool) -> None:
    """One policy question, answered in the language in which it is asked."""
    house = make_house(settings)
    understanding = house.reader.read(text)
    reply = look_up(
        text,
        house.library,
        house.finder,
        _named(house, understanding, on) if region is None else _region(house.library, region),
        on,
        intent=understanding.intent,
        locale=ANSWERED.get(understanding.language, SOURCE),
        as_of=max(on, today_in_china()),
    )
    if as_json:
        click.echo(json.dumps(reply_json(reply), ensure_ascii=False))
        return
    for line in reply_lines(reply, house.library):
        click.echo(line)


def reply_lines(reply: Reply, library: Library) -> Iterator[str]:
    """A reply as lines of a terminal: title, answer, numbered steps, sources, and what else was near."""
    say = speak(reply.locale)
    source_label, near_label = say("出处"), say("也可以看")
    if reply.rendering is None:
        yield reply.text
    else:
        yield reply.rendering.title
        yield reply.rendering.answer
        yield from (f"{number}. {step}" for number, step in enumerate(reply.rendering.steps, 1))
        for source in reply.rendering.sources:
            named = (source["title"], source["number"], source["article"])
            dated = (library.divisions.name(source["region"]), source["effective_from"])
            yield f"{source_label}：{' '.join(filter(None, named))}（{'，'.join(filter(None, dated))}）"
    for each in reply.alternatives:
        yield f"{near_label}：{title_of(each, reply.locale)}"


def _named(house: House, understanding: Understanding, on: date) -> str:
    """The place that the question itself names: the home's where it asks about dibao, else the workplace's."""
    facts = house.facts.read(understanding.text, on)
    places = (facts.region, facts.dibao_region)
    if understanding.intent.startswith("ask_dibao"):
        places = (facts.dibao_region, facts.region)
    return next(filter(None, places), NATION)


def _region(library: Library, text: str) -> str:
    try:
        return library.divisions.find(text)
    except InputError as error:
        raise InputError(replace(error.problems[0], field="--region")) from None
