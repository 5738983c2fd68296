"""What an installation says of its systems: settings that cannot work stop the start, and `shebao channels check` asks each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from at_work import MONTH, Town
from click.testing import CliRunner
from databases import Open
from platforms.city import Trouble

from app.channels_command import check
from app.connection_checks import check_civil_affairs, check_payroll, check_social_insurance
from app.settings import Alarms, Payroll, SettingsError
from connectors.channel_checks import Finding
from connectors.files import Form, write_rows
from locales import Say, speak
from people.connections import Name
from people.records import PayMonth

pytest_plugins = ["at_work"]

say = speak("zh_Hans")
CHECKS: dict[Name, Callable[[Any, Say, Callable[[], datetime]], Iterable[Finding]]] = {
    "civil_affairs": check_civil_affairs,
    "social_insurance": check_social_insurance,
    "payroll": check_payroll,
}


def found(town: Town, name: Name) -> list[tuple[str, str]]:
    return [(each.state, each.text) for each in CHECKS[name](town.settings, say, town.clock)]


@pytest.mark.parametrize("name", list(CHECKS))
def test_a_system_that_answers_is_right_and_nobody_real_is_asked_about(town: Town, name: Name) -> None:
    town.city.status("0001", "receiving", "2026-01-01")
    town.city.payroll.wage("0001", "2026-10", 350_000)
    (state, said), *_ = found(town, name)
    assert (state, "连得上，认得我们，答的看得懂" in said) == ("right", True)
    for call in town.city.civil_affairs.called("changes"):
        assert call.request.json()["persons"] != [town.city.people["0001"].token]


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (Trouble.REVOKED, "对方不认我们的密钥或证书（http_401）"),
        (Trouble.RESET, "连不上对方的系统"),
        (Trouble.CLOCK_SKEW, "对方的时钟和我们的差得太多（clock）"),
        (Trouble.ERROR_500, "对方的系统说现在忙"),
        (Trouble.TIME_OUT, "对方的系统没有按时答完"),
    ],
)
def test_a_system_that_fails_is_wrong_in_plain_words(town: Town, trouble: Trouble, told: str) -> None:
    town.switch("payroll", trouble)
    (state, said), *_ = found(town, "payroll")
    assert (state, told in said) == ("wrong", True)


def test_that_nobody_would_be_told_is_said(town: Town) -> None:
    assert not [said for _, said in found(town, "payroll") if "没有人会收到" in said]
    town.settings = replace(town.settings, connections=replace(town.settings.connections, alarms=Alarms()))
    assert [said for _, said in found(town, "payroll") if "没有人会收到" in said]


def test_the_command_checks_them_with_the_channels(town: Town) -> None:
    """By the computer's own clock, from which the city's is weeks away."""
    result = CliRunner().invoke(check, ["payroll"], obj=town.settings)
    assert result.exit_code == 1, result.output
    assert "✗" in result.output and "clock" in result.output


def changed(town: Town, **values: Any) -> Town:
    section = replace(town.settings.connections.payroll, **values)
    town.settings = replace(town.settings, connections=replace(town.settings.connections, payroll=section))
    return town


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"mapping": "nowhere.toml"}, "connections.payroll.mapping: No such file"),
        ({"mapping": "", "folder": "/tmp"}, "connections.payroll.mapping: needed with a folder"),
        ({"every_minutes": 60, "late_minutes": 60}, "connections.payroll.late_minutes"),
        ({"folder": "/tmp"}, "payroll.address: unknown setting of a folder"),
    ],
)
def test_settings_that_cannot_work_stop_the_start(moved_in: Town, values: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        changed(moved_in, **values).connections("payroll")


def test_a_mapping_without_the_section_says_so(moved_in: Town, tmp_path: Path) -> None:
    (tmp_path / "empty.toml").write_text("[other]\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"empty\.toml: has no section \[payroll\]"):
        changed(moved_in, mapping=str(tmp_path / "empty.toml")).connections("payroll")


SHEETS = """
[payroll.person]
kind = "own_number"

[payroll.forms.wages]
kind = "csv"

[payroll.forms.wages.columns]
person = "工号"
month = "月份"
gross = "应发"

[payroll.forms.deductions.columns]
person = "工号"
amount = "代扣"

[payroll.forms.receipts]
codes = { receipt = { "成功" = "accepted" } }

[payroll.forms.receipts.columns]
person = "工号"
state = "结果"
"""


def test_wages_laid_into_a_folder_come_in_as_over_http(moved_in: Town, tmp_path: Path) -> None:
    folder = tmp_path / "payroll"
    for each in ("wages", "deductions", "receipts"):
        (folder / each).mkdir(parents=True)
    (tmp_path / "sheets.toml").write_text(SHEETS, encoding="utf-8")
    form = Form({"person": "工号", "month": "月份", "gross": "应发"}, kind="csv")
    rows = [{"person": "0001", "month": date(2026, 10, 1), "gross": 350_000}]
    (folder / "wages" / "十月.csv").write_bytes(write_rows(form, rows))
    section = Payroll(str(tmp_path / "sheets.toml"), str(folder))
    moved_in.settings = replace(
        moved_in.settings, connections=replace(moved_in.settings.connections, payroll=section)
    )
    connections = moved_in.connections("payroll")
    connections.work()
    connections.work()
    assert moved_in.storage.records.pay_months(moved_in.ids["0001"]) == (PayMonth(MONTH, 350_000),)


def test_a_folder_that_is_gone_is_told_in_words(moved_in: Town, tmp_path: Path, open_one: Open) -> None:
    (tmp_path / "sheets.toml").write_text(SHEETS, encoding="utf-8")
    changed(moved_in, mapping=str(tmp_path / "sheets.toml"), folder=str(tmp_path / "nowhere"))
    (state, said), *_ = found(moved_in, "payroll")
    assert (state, said) == ("wrong", "放文件的文件夹打不开（folder）")
