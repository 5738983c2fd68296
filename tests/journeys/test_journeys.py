"""Golden journeys: whole conversations in the employees' own words, with what each turn must come to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from own_files import house_with
from telling import ENGINES, NOW, Employee, Told, house_of, needs_meaning

from bot.dialogue.acts import OwnAct, Report
from calculator.money import format_yuan
from profiles.changes import value_json

FOLDER: Final = Path(__file__).parent
#: Files beside the journeys that are none.
OTHERS: Final = ("questions.yaml",)
ACTIONS: Final = ("say", "tap", "photo", "voice", "sticker", "start", "payload", "closed")


@cache
def journeys() -> list[dict[str, Any]]:
    files = sorted(file for file in FOLDER.glob("*.yaml") if file.name not in OTHERS)
    return [journey for file in files for journey in yaml.safe_load(file.read_text(encoding="utf-8"))]


@needs_meaning
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("journey", journeys(), ids=lambda journey: journey["name"])
def test_a_journey_goes_as_it_should(journey: dict[str, Any], engine: str) -> None:
    house, own = house_with(house_of(engine), journey.get("of"))
    employee = Employee(house, journey.get("at", NOW), own=own)
    for turn in journey["turns"]:
        told = employee.does(turn)
        wrong = list(filter(None, (check(turn, told) for check in CHECKS)))
        assert not wrong, f"{journey['name']}: {'; '.join(wrong)}\n\n{employee.transcript()}"


def test_there_are_journeys_enough_and_each_is_understood() -> None:
    names = [journey["name"] for journey in journeys()]
    assert len(set(names)) == len(names) >= 45
    for journey in journeys():
        for turn in journey["turns"]:
            assert sum(action in turn for action in ACTIONS) == 1, (journey["name"], turn)
            assert set(turn) <= {*ACTIONS, "wait", *EXPECTED}, (journey["name"], turn)


# What a turn must come to; each check says what is wrong, or nothing


def _same(name: str, got: Callable[[Told], Any]) -> Callable[[Mapping[str, Any], Told], str]:
    def check(turn: Mapping[str, Any], told: Told) -> str:
        if name not in turn or turn[name] == got(told):
            return ""
        return f"{name} is {got(told)!r}, not {turn[name]!r}"

    return check


def _contains(turn: Mapping[str, Any], told: Told) -> str:
    missing = [words for words in turn.get("contains", ()) if words not in told.text]
    return f"not said: {missing}" if missing else ""


def _any_of(turn: Mapping[str, Any], told: Told) -> str:
    choices = turn.get("any_of", ())
    return f"none of {choices} is said" if choices and not any(each in told.text for each in choices) else ""


def _lacks(turn: Mapping[str, Any], told: Told) -> str:
    said = [words for words in turn.get("lacks", ()) if words in told.text]
    return f"said: {said}" if said else ""


def _buttons(turn: Mapping[str, Any], told: Told) -> str:
    missing = [title for title in turn.get("buttons", ()) if title not in told.titles]
    return f"not offered: {missing}" if missing else ""


def _sources(turn: Mapping[str, Any], told: Told) -> str:
    missing = [id for id in turn.get("sources", ()) if id not in told.sources]
    return f"sources lack {missing}" if missing else ""


def _papers(turn: Mapping[str, Any], told: Told) -> str:
    missing = [paper for paper in turn.get("papers", ()) if paper not in told.papers]
    return f"papers lack {missing}" if missing else ""


def _known(turn: Mapping[str, Any], told: Told) -> str:
    """Facts by name; amounts as yuan with two places."""
    known = told.outcome.conversation.known
    for name, value in turn.get("known", {}).items():
        got = getattr(known, name)
        if isinstance(value, str) and "." in value and got is not None:
            got = format_yuan(got)
        if got != value:
            return f"{name} is {got!r}, not {value!r}"
    return ""


def _tasks(turn: Mapping[str, Any], told: Told) -> str:
    """What goes to HR: nothing unless the turn says so."""
    expected, tasks = turn.get("tasks", []), told.outcome.tasks
    if len(tasks) != len(expected):
        return f"{len(tasks)} tasks, not {len(expected)}"
    for task, wanted in zip(tasks, expected, strict=True):
        lines = "\n".join(task.lines)
        if task.kind != wanted["kind"] or task.excluded != wanted.get("excluded", ""):
            return f"a task of kind {task.kind!r} without {task.excluded!r}"
        if task.dibao != wanted.get("dibao", False):
            return f"the task is {'' if task.dibao else 'not '}for the dibao officer"
        if task.whole != wanted.get("whole", False):
            return f"the task is {'' if task.whole else 'not '}the whole conversation"
        if (only := wanted.get("only")) is not None and task.lines != tuple(only):
            return f"the task holds {task.lines}, not {only}"
        missing = [words for words in wanted.get("contains", ()) if words not in lines]
        leaked = [words for words in wanted.get("lacks", ()) if words in lines]
        if missing or leaked:
            return f"the task lacks {missing} and holds {leaked}"
    return ""


def _acts(turn: Mapping[str, Any], told: Told) -> str:
    """What is done about the employee's own file: nothing unless the turn says so."""
    got = [_act(each) for each in told.outcome.acts]
    return "" if got == turn.get("acts", []) else f"done: {got}"


def _act(act: OwnAct) -> str:
    if isinstance(act, Report):
        return " ".join(
            f"report {each.what} {value_json(each.value)} {each.standing}" for each in act.changes
        )
    return f"{type(act).__name__.lower()} {act.purpose}"


def _ratings(turn: Mapping[str, Any], told: Told) -> str:
    """What is said of closed cases, and which go back to HR: nothing unless the turn says so."""
    got = {each.number: each.answer for each in told.outcome.ratings}
    back = list(told.outcome.reopened)
    if got != turn.get("rated", {}) or back != turn.get("reopened", []):
        return f"rated {got} and reopened {back}"
    return ""


def _in_english(turn: Mapping[str, Any], told: Told) -> str:
    """No Chinese but the names of places and papers, and the terms beside their English."""
    if not turn.get("in_english"):
        return ""
    han = [line for line in told.text.splitlines() if len(re.findall(r"[\u4e00-\u9fff]", line)) > 12]
    titles = [title for title in told.titles if re.search(r"[\u4e00-\u9fff]", title)]
    return f"not in English: {[*han, *titles]}" if han or titles else ""


CHECKS: Final = (
    _same("topic", lambda told: told.outcome.topic),
    _same("asked", lambda told: told.outcome.conversation.asked),
    _same("step", lambda told: told.step),
    _same("erase", lambda told: told.outcome.erase),
    _contains,
    _any_of,
    _lacks,
    _buttons,
    _sources,
    _papers,
    _known,
    _tasks,
    _acts,
    _ratings,
    _in_english,
)
EXPECTED: Final = (
    *("topic", "asked", "step", "erase", "contains", "any_of", "lacks"),
    *("buttons", "sources", "papers", "known", "tasks", "acts", "rated", "reopened", "in_english"),
)
