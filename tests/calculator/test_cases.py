"""Cases that an HR person can read and check with a pocket calculator: `cases/*.yaml`.

`given` is the question as JSON, `expect` the part of the answer that is worked out by hand: every figure in it is
exact, everything else is left to the other tests. `contributions` are found by insurance, `warnings` and `missing`
by code and field (those named must be there); `no_warnings` must not be.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import oracle
import pytest
import yaml

from policy_kb.calculation import calculate
from policy_kb.compiled import load

TODAY = date(2026, 10, 15)
LIBRARY = load()
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['name']}")
    for path in sorted(Path(__file__).with_name("cases").glob("*.yaml"))
    for case in yaml.safe_load(path.read_text("utf-8"))
]


def by_name(answer: dict[str, Any]) -> dict[str, Any]:
    found = dict(answer)
    found["contributions"] = {line["insurance"]: line for line in answer["contributions"]}
    found["warnings"] = {warning["code"] for warning in answer.get("warnings", ())}
    found["missing"] = {missing["field"] for missing in answer.get("missing", ())}
    return found


def differences(got: Any, want: Any, path: str = "") -> Iterator[str]:
    if isinstance(want, dict) and isinstance(got, dict):
        for key, value in want.items():
            yield from differences(got.get(key, "absent"), value, f"{path}.{key}".lstrip("."))
    elif isinstance(want, list) and isinstance(got, set):
        yield from (f"{path}: no {each}" for each in want if each not in got)
    elif isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        for index, (one, other) in enumerate(zip(got, want, strict=True)):
            yield from differences(one, other, f"{path}[{index}]")
    elif got != want:
        yield f"{path}: got {got}, want {want}"


def shared(mine: Any, want: Any) -> Any:
    """What of the expectation the oracle answers as well."""
    if isinstance(mine, dict) and isinstance(want, dict):
        return {key: shared(mine[key], value) for key, value in want.items() if key in mine}
    return want


@pytest.mark.parametrize("case", CASES)
def test_case(case: dict[str, Any]) -> None:
    expect = dict(case["expect"])
    unwanted = expect.pop("no_warnings", [])
    got = by_name(calculate(LIBRARY, case["given"], TODAY))
    assert not list(differences(got, expect))
    assert not got["warnings"] & set(unwanted)


@pytest.mark.parametrize("case", CASES)
def test_the_oracle_agrees(case: dict[str, Any]) -> None:
    inputs = calculate(LIBRARY, case["given"], TODAY)["inputs"]
    regions = {key: inputs[key] for key in ("region", "dibao_region")}  # the oracle knows no names
    mine = oracle.answer({**case["given"], **regions}, TODAY)
    assert not list(differences(mine, shared(mine, case["expect"])))


def test_names_are_unique() -> None:
    names = [param.values[0]["name"] for param in CASES]
    assert len(names) == len(set(names))
