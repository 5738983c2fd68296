"""The Rasa project under `intents/`: one label set, one pipeline, nothing left open."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml

from bot.understanding.normalise import normalise

PROJECT = Path(__file__).parents[2] / "intents"

#: The label set is a promise to scripts and to whoever reads `shebao understand`.
PROMISED = """
    ask_dibao_impact ask_dibao_standard ask_dibao_eligibility ask_dibao_suspended_or_revoked ask_contribution_base
    ask_contribution_rate ask_contribution_amount ask_is_it_mandatory refuse_contribution ask_waiver_validity
    ask_late_fee_penalty ask_arrears_makeup ask_transfer ask_pension_benefit ask_medical_benefit
    ask_unemployment_benefit ask_work_injury ask_maternity ask_housing_fund ask_how_to_sign_notice ask_privacy
    start_calculator talk_to_hr complaint_hr affirm deny cancel greet goodbye thanks report_income_change
    report_dibao_status_change out_of_scope
"""
LABELS = set(PROMISED.split())


def read(name: str) -> Any:
    return yaml.safe_load((PROJECT / name).read_text(encoding="utf-8"))


def examples() -> list[tuple[str, str]]:
    """Every example with its label, as it is written."""
    blocks = [block for file in sorted((PROJECT / "data").rglob("*.yml")) for block in read(str(file))["nlu"]]
    return [(line, block["intent"]) for block in blocks for line in block["examples"].splitlines()]


def test_the_labels_are_the_promised_ones() -> None:
    assert len(LABELS) == 33
    assert sorted(read("domain.yml")["intents"]) == sorted(LABELS)
    assert {label for _, label in examples()} == LABELS
    assert set(read("short_turns.yml")) <= LABELS


def test_a_sentence_has_one_label() -> None:
    labels = defaultdict(set)
    for line, label in examples():
        labels[normalise(line.removeprefix("- "))].add(label)
    assert not {text: sorted(several) for text, several in labels.items() if len(several) > 1}


def test_every_example_is_one_plain_line() -> None:
    wrong = [
        line
        for line, _ in examples()
        # A dash begins an example, a bracket would mark an entity, and a slash would name an intent.
        if not line.startswith("- ") or re.search(r"\[.*\]\s*[({]", line) or re.match(r"- [/／\s]", line)
    ]
    assert not wrong


def test_the_pipeline_that_serves_is_the_reader_of_the_house() -> None:
    config = read("config.yml")
    assert [each["name"] for each in config["pipeline"]] == ["component.HouseReader"]
    assert config["assistant_id"] == "shebao"


def test_the_pipeline_to_compare_with_is_the_stock_one() -> None:
    pipeline = {each["name"]: each for each in read("config_diet.yml")["pipeline"]}
    assert pipeline["DIETClassifier"] | {"name": ""} == {
        "name": "", "epochs": 60, "constrain_similarities": True, "entity_recognition": False, "random_seed": 20261015,
    }  # fmt: skip
    assert pipeline["FallbackClassifier"]["threshold"] == 0.3
    assert pipeline["FallbackClassifier"]["ambiguity_threshold"] == 0.05


def test_no_dialogue_is_left_to_rasa() -> None:
    assert all(read(name)["policies"] == [] for name in ("config.yml", "config_diet.yml"))


def test_every_package_of_rasas_environment_is_frozen() -> None:
    lines = (PROJECT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = [line for line in lines if not line.startswith("#")]
    assert not [line for line in pinned if not re.fullmatch(r"[\w.-]+==[\w.]+", line)]
    assert {"rasa==3.6.21", "numpy==1.23.5", "tensorflow==2.12.0", "setuptools==70.3.0"} <= set(pinned)


def test_the_component_knows_nothing_of_the_house_but_its_reader() -> None:
    text = (PROJECT / "component.py").read_text(encoding="utf-8")
    imported = re.findall(r"^(?:from|import) (\w+(?:\.\w+)*)", text, re.MULTILINE)
    house = [
        name for name in imported if name.split(".")[0] not in ("__future__", "pathlib", "typing", "rasa")
    ]
    assert house
    assert all(name.startswith("bot.understanding.") for name in house)
