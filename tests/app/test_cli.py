"""The `shebao` command as a person or a script calls it: exact JSON, one line for an error, exit status 2."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SUZHOU = {
    "region": "320500",
    "dibao_region": "341200",
    "area": "rural",
    "on": "2026-10-15",
    "household": {"size": 4, "employee_on_book": True, "other_income": "0", "earners": [{"wage": "3500.00"}]},
    "standard_monthly": "800.00",
}


def shebao(*words: str, text: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from app.cli import main; main()", *words],
        input=text,
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "LANG": "zh_CN.UTF-8", "LC_ALL": "", "PYTHONWARNINGS": "error", **environ},
    )


def test_calculate_prints_the_whole_answer_as_json() -> None:
    done = shebao(
        "calculate", "--region", "苏州", "--dibao-region", "阜阳", "--area", "rural", "--size", "4",
        "--wage", "3500", "--standard-monthly", "800", "--on", "2026-10-15", "--json",
    )  # fmt: skip
    answer = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert answer["employee_total"] == "524.96"
    assert answer["dibao"]["insured"]["countable_income"] == "2975.04"
    assert answer["dibao"]["insured"]["verdict"] == "depends"


def test_calculate_says_it_in_plain_words() -> None:
    done = shebao("calculate", "--region", "北京", "--size", "3", "--wage", "6000", "--on", "2026-10-15")
    assert done.returncode == 0
    assert "合计：从工资里扣 766.35" in done.stdout
    assert "参保后家里每月实际少 460.00 到 773.36 元" not in done.stdout


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--region", "朝阳", "--size", "3", "--wage", "1"), "region"),
        (("--region", "亚特兰蒂斯", "--size", "3", "--wage", "1"), "region"),
        (("--region", "苏州", "--wage", "1"), "household.size"),
        (("--region", "苏州", "--size", "3"), "household.earners"),
        (("--region", "苏州", "--size", "3", "--wage", "3,200"), "household.earners[0].wage"),
        (("--region", "苏州", "--size", "3", "--wage", "1", "--on", "2026-02-30"), "on"),
        (("--region", "苏州", "--size", "3", "--wage", "1", "--dibao", "maybe"), "household.dibao"),
        (("--nonsense",), "nonsense"),
    ],
)
def test_bad_input_is_one_line_that_names_the_field(words: tuple[str, ...], named: str) -> None:
    done = shebao("calculate", *words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert named in done.stderr
    assert "Traceback" not in done.stderr


def test_a_calculation_waits_for_nothing_that_only_others_need() -> None:
    loaded = "import sys, app.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, encoding="utf-8", check=True)
    assert not {"flask", "sqlalchemy", "rjieba", "requests", "openpyxl"} & set(done.stdout.split())


def answers(lines: list[str]) -> list[Any]:
    done = shebao("calculate", "--jsonl", text="\n".join(lines))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_jsonl_answers_every_line_and_goes_on_after_a_bad_one() -> None:
    good = json.dumps(SUZHOU, ensure_ascii=False)
    fractional = good.replace('"3500.00"', "3500.5")
    first, broken, float_wage, last = answers([good, "{not json", "", fractional, good])
    assert first["id"] == last["id"]
    assert broken["error"]["code"] == "bad_json"
    assert (float_wage["error"]["code"], float_wage["error"]["field"]) == (
        "not_a_number",
        "household.earners[0].wage",
    )


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "1",
        "null",
        '"x"',
        "NaN",
        "1e999",
        "[" * 2000,
        '{"region": {"a": 1e5}}',
        '{"household": [1.5]}',
        "\ud83d",
    ],
)
def test_no_line_makes_a_traceback(line: str) -> None:
    done = shebao("calculate", "--jsonl", text=line.encode("utf-8", "replace").decode())
    assert done.returncode == 0
    assert "error" in json.loads(done.stdout)
    assert "Traceback" not in done.stderr


def test_exposure_reads_json_and_prints_the_schedule() -> None:
    request = {
        "region": "苏州",
        "months": [{"month": "2026-08", "wage": "3500"}],
        "due_day": 15,
        "stop": "2026-09-15",
    }
    done = shebao("exposure", "--json", text=json.dumps(request))
    schedule = json.loads(done.stdout)
    assert schedule["totals"]["arrears"] == "1738.20"
    assert schedule["settle"][0] == {"on": "2026-09-15", "late_fee": "26.07", "total": "1764.27"}


def test_exposure_names_what_it_cannot_read() -> None:
    done = shebao("exposure", "--json", text='{"region": "苏州", "months": [{"month": "2026", "wage": "1"}]}')
    assert (done.returncode, done.stdout) == (2, "")
    assert "months[0].month" in done.stderr


def test_an_unknown_setting_stops_the_start() -> None:
    done = shebao("serve", SHEBAO__SERVER__PROT="1")
    assert done.returncode == 2
    assert "server.prot" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_demo_listens_only_on_loopback() -> None:
    done = shebao("serve", "--demo", "--host", "0.0.0.0")
    assert done.returncode == 2
    assert "loopback" in done.stderr


def test_errors_speak_the_language_of_the_terminal() -> None:
    done = shebao("calculate", "--region", "苏州", "--size", "3", "--wage", "x", LANG="en_GB.UTF-8")
    assert "amount" in done.stderr.lower()


def test_a_reader_that_stops_reading_is_no_error(tmp_path: Path) -> None:
    cases = tmp_path / "cases.jsonl"
    cases.write_text((json.dumps(SUZHOU) + "\n") * 200, encoding="utf-8")
    command = (
        f'"{sys.executable}" -c "from app.cli import main; main()" calculate --jsonl < {cases} | head -n 1'
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, encoding="utf-8", check=False)
    assert json.loads(done.stdout)["employee_total"] == "524.96"
    assert "Traceback" not in done.stderr


def test_a_file_in_another_encoding_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "months.json").write_bytes("\ufeff{}".encode("utf-16"))
    done = shebao("exposure", "--json", str(tmp_path / "months.json"))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_a_wrong_default_region_stops_the_roster(tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_text("工号,工资\n007,3500\n", encoding="utf-8")
    output = str(tmp_path / "out.csv")
    done = shebao("assess", str(tmp_path / "roster.csv"), "-o", output, "--region", "火星")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "--region" in done.stderr
