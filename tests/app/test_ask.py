"""`shebao ask` as it is typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import ask_command, policy_commands
from app.settings import Policy, Settings
from bot.dialogue.talk import House
from bot.understanding.embedded import language_of
from bot.understanding.intents import Reader, Understanding
from bot.understanding.reading_facts import FactReader
from calculator.fields import InputError
from policy_kb.articles import load_articles
from policy_kb.finding import Finder
from policy_kb.library import Library

Run = Callable[..., Result]


class Unsure(Reader):
    """Tells the language of a text and not what it wants: what a trained reader adds has its own tests."""

    def read(self, text: str) -> Understanding:
        return Understanding(text, "out_of_scope", 0.0, (), language_of(text))


@pytest.fixture(scope="module")
def house(library: Library) -> House:
    return House(library, Finder(load_articles()), {}, Unsure(), FactReader(library.divisions))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, house: House) -> Run:
    for module in (ask_command, policy_commands):
        monkeypatch.setattr(module, "today_in_china", lambda: date(2026, 10, 15))
    monkeypatch.setattr(ask_command, "make_house", lambda settings: house)
    settings = Settings(policy=Policy(overlay=str(tmp_path / "policy"), company=str(tmp_path / "company")))

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(ask_command.ask, arguments, obj=settings)

    return invoke


def asked(run: Run, *arguments: str) -> dict[str, object]:
    result = run(*arguments, "--json")
    assert (result.exit_code, result.output.count("\n")) == (0, 1), result.output
    answer: dict[str, object] = json.loads(result.output)
    return answer


def test_the_json_has_the_promised_fields(run: Run) -> None:
    answer = asked(run, "交了社保，低保会不会停", "--region", "苏州")
    names = ("answer", "article", "region", "on", "sources", "status", "alternatives")
    assert tuple(answer) == names
    assert (answer["status"], answer["region"], answer["on"]) == ("answered", "320500", "2026-10-15")
    assert str(answer["article"]).startswith("000000/")
    sources, alternatives = answer["sources"], answer["alternatives"]
    assert isinstance(sources, list) and sources
    assert {"title", "number", "article", "region", "effective_from"} <= set(sources[0])
    assert isinstance(alternatives, list)
    assert all(list(each) == ["article", "title", "score"] for each in alternatives)


def test_what_the_library_does_not_hold_is_said_to_be_missing(run: Run) -> None:
    answer = asked(run, "明天会下雨吗")
    assert (answer["status"], answer["article"], answer["sources"]) == ("no_clause", None, [])
    assert "12333" in str(answer["answer"]) and answer["region"] == "000000"


def test_the_plain_answer_has_numbered_steps_and_sources(run: Run) -> None:
    lines = run("滞纳金谁出，要从我工资里扣吗", "--on", "2026-03-01").output.splitlines()
    assert any(line.startswith("1. ") for line in lines)
    assert any(line.startswith("出处：") and "2011-07-01" in line for line in lines)


def test_a_question_in_english_is_answered_in_english(run: Run) -> None:
    assert "dibao" in str(asked(run, "Will my family lose dibao if I pay social insurance?")["answer"])


@pytest.mark.parametrize(
    ("question", "region"),
    [
        ("在苏州上班，缴费基数下限是多少", "320500"),
        ("北京低保超线以后还能领几个月", "110000"),
        ("缴费基数下限是多少", "000000"),
    ],
)
def test_a_place_in_the_question_counts_where_none_is_given(run: Run, question: str, region: str) -> None:
    assert asked(run, question)["region"] == region
    assert asked(run, question, "--region", "340200")["region"] == "340200"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(("社保", "--region", "无此地"), "--region"), (("社保", "--region", "朝阳"), "--region")],
)
def test_a_place_that_is_none_is_named(run: Run, arguments: tuple[str, ...], named: str) -> None:
    error = run(*arguments).exception
    assert isinstance(error, InputError) and error.problems[0].field == named


def test_a_day_that_is_none_is_refused(run: Run) -> None:
    assert run("社保", "--on", "昨天").exit_code == 2
