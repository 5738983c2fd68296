"""`shebao understand` as a script calls it: the contract's JSON a line, an error for a line that cannot be read, no stop."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.settings import Settings, Understanding
from app.understand_command import understand
from bot.understanding.__main__ import main as train_where_changed

#: Nobody listens where Rasa should be.
SETTINGS = Settings(understanding=Understanding(rasa_url="http://127.0.0.1:9", timeout_ms=300))


@pytest.fixture(scope="module", autouse=True)
def trained() -> None:
    train_where_changed()


def run(*words: str, text: str | bytes = "") -> Result:
    return CliRunner().invoke(understand, words, input=text, obj=SETTINGS)


def answers(*lines: str | dict[str, Any], engine: str = "embedded") -> list[Any]:
    written = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    done = run("--jsonl", "--engine", engine, text=written)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_line_in_an_understanding_out() -> None:
    text = "我在苏州上班，老家阜阳，工资3000，一家四口，交了社保低保还有吗"
    (answer,) = answers({"text": text})
    assert list(answer) == ["text", "intent", "confidence", "ranking", "facts", "language"]
    assert (answer["text"], answer["intent"], answer["language"]) == (text, "ask_dibao_impact", "zh-Hans")
    assert answer["ranking"][0] == {"intent": "ask_dibao_impact", "confidence": answer["confidence"]}
    assert answer["facts"] == {
        "wage": "3000.00", "household_size": 4, "region": "320500", "dibao_region": "341200",
    }  # fmt: skip


def test_facts_are_only_what_is_said() -> None:
    said = [
        answer["facts"]
        for answer in answers({"text": "嗯"}, {"text": "朝阳低保多少"}, {"text": "社保必须交吗"})
    ]
    assert said == [{}, {}, {}]


def test_a_day_and_nothing_earned_are_facts() -> None:
    (answer,) = answers({"text": "2026年3月开始工资三千二，老婆没工作"})
    assert answer["facts"] == {"wage": "3200.00", "other_income": "0.00", "on": "2026-03-01"}


@pytest.mark.parametrize(
    ("line", "code", "field"),
    [
        ("{not json", "bad_json", "body"),
        ("[]", "bad_json", "body"),
        ('"低保"', "bad_json", "body"),
        ("null", "bad_json", "body"),
        ("[" * 3000, "bad_json", "body"),
        ("{}", "missing_field", "text"),
        ('{"text": null}', "missing_field", "text"),
        ('{"text": 7}', "not_allowed", "text"),
        ('{"text": ["低保"]}', "not_allowed", "text"),
        ('{"text": "低保", "sender": "u1"}', "unknown_field", "sender"),
    ],
)
def test_a_line_that_cannot_be_read_is_answered_with_its_error(line: str, code: str, field: str) -> None:
    before, wrong, after = answers({"text": "你好"}, line, {"text": "你好"})
    assert before == after
    assert (wrong["error"]["code"], wrong["error"]["field"]) == (code, field)
    assert wrong["error"]["message"]


def test_empty_lines_marks_and_half_characters_are_no_trouble() -> None:
    done = run(
        "--jsonl",
        text='\ufeff\n\n{"text": "\\ud83d 你好"}\n{"text": ""}\n'.encode() + b'{"text": "\xff\xfe"}\n',
    )
    assert done.exit_code == 0
    assert [json.loads(line)["text"] for line in done.stdout.splitlines()] == ["? 你好", "", "\ufffd\ufffd"]


def test_where_rasa_does_not_answer_the_lines_are_answered_all_the_same() -> None:
    lines: list[dict[str, Any]] = [
        {"text": text} for text in ("我不想交社保", "你好", "/goodbye", "谢谢", "低保还有吗", "x")
    ]
    assert answers(*lines, engine="rasa") == answers(*lines)


def test_one_text_is_told_in_lines() -> None:
    done = run("我工资3000，一家四口，交了社保低保还有吗")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0].startswith("intent    ask_dibao_impact ")
    assert "facts     wage 3000.00, household_size 4" in done.stdout.splitlines()


@pytest.mark.parametrize("words", [(), ("低保", "--jsonl"), ("低保", "--engine", "other")])
def test_a_wrong_call_is_refused(words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 2
