"""`shebao policy` as it is typed: what it prints, its exit status, and one line for every mistake."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import date
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner, Result

from app import policy_commands
from app.settings import Policy, Settings
from calculator.fields import InputError
from policy_kb.files import PolicyError

Run = Callable[..., Result]
ON_RECORD = sorted(path.stem for path in Path("policy_kb/regions").glob("*.yaml"))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(policy_commands, "today_in_china", lambda: date(2026, 10, 15))
    settings = Settings(policy=Policy(overlay=str(tmp_path / "policy"), company=str(tmp_path / "company")))

    def invoke(*arguments: object, answer: str = "") -> Result:
        texts = [str(each) for each in arguments]
        return CliRunner().invoke(policy_commands.policy, texts, obj=settings, input=answer)

    return invoke


def figures(folder: Path, floor: str = "5100") -> Path:
    path = folder / "导入.csv"
    path.write_text(
        "地区,险种,执行日期,公布日期,下限,上限,来源,文号\n"
        f"苏州,医疗,2026-01-01,2026-09-01,{floor},25500,关于2026年度缴费基数的通知,苏医保〔2026〕8号\n",
        encoding="utf-8",
    )
    return path


def rule(folder: Path) -> Path:
    path = folder / "rule.yaml"
    path.write_text(
        """id: hr-0007
title: 苏州厂核定的工伤费率
from: 2026-01-01
regions: [苏州]
then: [{set: {parameter: work_injury.employer_rate, value: "0.0048"}}]
why: 社保局 2026 年核定
source: {title: 工伤保险费率核定单, where: 人事档案}
by: {author: 赵静}
cases:
  - name: 三千五
    given: {region: 苏州, on: 2026-10-15, household: {size: 1, earners: [{wage: "3500"}]}}
    expect: {contributions.work_injury.employer: "23.77"}
""",
        encoding="utf-8",
    )
    return path


def test_lint_is_clean(run: Run) -> None:
    result = run("lint")
    assert result.exit_code == 0
    assert "0 个问题" in result.output
    assert "已核：" in run("lint", "--all").output
    assert all(finding["waived"] for finding in json.loads(run("lint", "--json").output))


def test_lint_fails_where_a_finding_is_not_waived(run: Run, tmp_path: Path) -> None:
    assert run("import", figures(tmp_path, "3100"), "--yes", "--by", "赵静").exit_code == 0
    result = run("lint")
    assert result.exit_code == 1
    assert "bounds_ratio 320500 江苏省苏州市 医疗保险 2026-01-01" in result.output


def test_show_says_where_each_figure_comes_from(run: Run) -> None:
    text = run("show", "苏州", "--on", "2026-10-15").output
    assert "养老保险（沿用江苏省，2025-01-01 起）：基数 4952.00 到 24762.00，个人 0.08，单位 0.16" in text
    assert "医疗保险（自己的数" in text
    assert "到 2025-12-31 为止的数，新数预计 2026-08 公布" in text
    assert "出处：" in text
    assert "规定 N-01" in text


def test_show_as_data(run: Run) -> None:
    data = json.loads(run("show", "110000", "--on", "2026-10-15", "--json").output)
    pension = data["insurances"][0]
    assert (pension["level"], pension["floor"], pension["ceiling"]) == ("own", "7270.00", "36348.00")
    assert pension["source"]["read_in"]
    assert data["lines"]["urban"]["amount"] == "1450.00"
    only = json.loads(run("show", "苏州", "--insurance", "medical", "--on", "2026-10-15", "--json").output)
    assert [each["insurance"] for each in only["insurances"]] == ["medical"]


@pytest.mark.parametrize(
    "regions",
    [
        pytest.param(random.Random(7).sample(ON_RECORD, 8), id="some"),
        pytest.param(ON_RECORD, id="all", marks=pytest.mark.soak),
    ],
)
def test_every_region_on_record_can_be_shown(run: Run, regions: list[str]) -> None:
    for region in [*regions, "全国", "341202", "昆山"]:
        assert run("show", region, "--on", "2026-10-15").exit_code == 0


def test_due_lists_what_needs_a_look(run: Run) -> None:
    result = run("due", "--on", "2026-10-15")
    assert "outdated 320000 江苏省：养老保险的数到 2025-12-31 为止，新数预计 2026-08 公布" in result.output
    kinds = {each["kind"] for each in json.loads(run("due", "--on", "2026-10-15", "--json").output)}
    assert {"outdated", "no_line", "recalled"} <= kinds


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("show", "朝阳"), "region: 有几个地方叫这个名字"),
        (("show", "乌有乡"), "region: 没有这个地方"),
        (("show", "苏州", "--on", "昨天"), "请填日期，写成 2026-10-15"),
        (("show", "苏州", "--on", "1999-01-01"), "请填 2015-01-01 到"),
        (("due", "--on", "2026-13-01"), "请填日期"),
        (("show", "苏州", "--insurance", "车险"), "'车险' is not one of"),
    ],
)
def test_mistakes_are_named(run: Run, arguments: tuple[str, ...], says: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, SystemExit)
    assert says in result.output


def test_import_shows_the_difference_and_asks(run: Run, tmp_path: Path) -> None:
    declined = run("import", figures(tmp_path), answer="n\n")
    assert "基数下限，2026-01-01 起：4952.00 → 5100.00（+3.0%）" in declined.output
    assert declined.exit_code != 0
    assert not (tmp_path / "policy").exists()
    accepted = run("import", figures(tmp_path), "--by", "赵静", answer="y\n")
    assert accepted.exit_code == 0
    assert (
        "赵静"
        in yaml.safe_load((tmp_path / "policy" / "320500.yaml").read_text(encoding="utf-8"))["notes"][0]
    )
    assert "基数 5100.00 到 25500.00" in run("show", "苏州", "--on", "2026-10-15").output


def test_import_into_another_folder(run: Run, tmp_path: Path) -> None:
    assert run("import", figures(tmp_path), "--yes", "--into", tmp_path / "else").exit_code == 0
    assert [path.name for path in (tmp_path / "else").iterdir()] == ["320500.yaml"]


def test_import_without_a_source_is_refused(run: Run, tmp_path: Path) -> None:
    path = figures(tmp_path)
    path.write_text(
        path.read_text(encoding="utf-8").replace("关于2026年度缴费基数的通知", ""), encoding="utf-8"
    )
    result = run("import", path, "--yes")
    assert isinstance(result.exception, InputError)  # one line and status 2 by the command's own group
    assert not (tmp_path / "policy").exists()


def test_a_rule_is_tried_kept_and_approved_by_a_second_person(run: Run, tmp_path: Path) -> None:
    kept = tmp_path / "company" / "hr-0007.yaml"
    result = run("import", rule(tmp_path), "--yes")
    assert "自带用例 1 个，全部通过" in result.output
    assert "试算：40 户里 40 户有变化，最大 +" in result.output
    assert f"已写入 {kept}" in result.output
    own = run("import", kept, "--approve", "赵静", "--yes")
    assert isinstance(own.exception, InputError)
    assert "已由 钱明 批准" in run("import", kept, "--approve", "钱明", "--yes").output
    assert yaml.safe_load(kept.read_text(encoding="utf-8"))["by"]["reviewer"] == "钱明"


def test_a_rule_outside_the_vocabulary_is_refused(run: Run, tmp_path: Path) -> None:
    path = rule(tmp_path)
    path.write_text(
        path.read_text(encoding="utf-8").replace("work_injury.employer_rate,", "insured,"), encoding="utf-8"
    )
    assert isinstance(run("import", path, "--yes").exception, PolicyError)
    assert not (tmp_path / "company").exists()


def test_only_a_rule_can_be_approved(run: Run, tmp_path: Path) -> None:
    result = run("import", figures(tmp_path), "--approve", "钱明")
    assert result.exit_code != 0
    assert "approve:" in result.output


def test_the_group_has_the_commands_that_are_promised() -> None:
    assert isinstance(policy_commands.policy, click.Group)
    assert set(policy_commands.policy.commands) == {"lint", "show", "import", "due", "feed", "feed-make"}
