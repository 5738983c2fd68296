"""The twenty-five questions as employees type them, in five wordings each, put to an assistant that knows nothing yet."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from telling import ENGINES, Employee, Told, house_of, needs_meaning


@cache
def questions() -> list[dict[str, Any]]:
    return yaml.safe_load(Path(__file__).with_name("questions.yaml").read_text(encoding="utf-8"))


def wordings() -> list[tuple[dict[str, Any], str]]:
    return [(question, wording) for question in questions() for wording in question["wordings"]]


@needs_meaning
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("question", "wording"),
    wordings(),
    ids=lambda each: each if isinstance(each, str) else str(each["number"]),
)
def test_a_question_is_answered_with_what_a_good_answer_holds(
    question: dict[str, Any], wording: str, engine: str
) -> None:
    employee = Employee(house_of(engine))
    told = employee.send(wording, text=wording)
    assert answered_by(told) & set(question["about"]), f"by {answered_by(told)}\n\n{employee.transcript()}"
    missing = [group for group in question["holds"] if not any(words in told.text for words in group)]
    assert not missing, f"not said: {missing}\n\n{employee.transcript()}"
    said = [words for words in question.get("lacks", ()) if words in told.text]
    assert not said, f"said: {said}\n\n{employee.transcript()}"
    assert not told.outcome.tasks, "something went to HR that nobody chose to send"


def test_there_are_five_wordings_of_each_of_the_twenty_five() -> None:
    assert [question["number"] for question in questions()] == list(range(1, 26))
    assert len({wording for _, wording in wordings()}) == len(wordings()) == 125


def answered_by(told: Told) -> set[str]:
    """The topic that answered and the articles that were told."""
    names = [getattr(step, "name", "") for step in told.outcome.steps]
    return {told.outcome.topic} | {name.rpartition("/")[2] for name in names if name.startswith("article:")}
