"""Importing figures: what is shown, what is refused, and that the answer then changes."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calculator.fields import InputError
from locales import as_written
from policy_kb.calculation import calculate
from policy_kb.compiled import load
from policy_kb.differences import describe_change
from policy_kb.files import read_yaml
from policy_kb.importing import Proposal, import_figures, kind_of, propose
from policy_kb.library import Library
from policy_kb.sheets import read_sheet
from policy_kb.wording import problem_text

TODAY = date(2026, 10, 15)
HEAD = "地区,险种,执行日期,截止日期,公布日期,下限,上限,个人比例,单位比例,来源,文号,网址\n"
NOTICE = "关于2026年度缴费基数的通知,苏医保〔2026〕8号,https://ybj.suzhou.gov.cn/8"
MEDICAL = f"苏州,医疗,2026-01-01,2026-12-31,2026-09-01,5100,25500,,,{NOTICE}\n"
LINE_HEAD = "地区,执行日期,公布日期,城镇低保标准,农村低保标准,来源,文号,网址\n"
LINE = "阜阳,2026-07-01,2026-08-20,860,830,关于调整低保标准的通知,阜民〔2026〕3号,\n"


def proposed(library: Library, folder: Path, text: str, name: str = "导入.csv") -> Proposal:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return propose(library, path, TODAY)


def refusal(library: Library, folder: Path, text: str, name: str = "导入.csv") -> str:
    with pytest.raises(InputError) as caught:
        proposed(library, folder, text, name)
    message = problem_text(caught.value.problems[0], as_written)
    assert "\n" not in message
    return f"{caught.value.problems[0].field}: {message}"


def medical(library: Library, on: str = "2026-10-15", as_of: str | None = None) -> dict[str, Any]:
    earner = {"wage": "3500.00"}
    case = {"region": "苏州", "on": on, "as_of": as_of, "household": {"size": 1, "earners": [earner]}}
    lines = calculate(library, case, TODAY)["contributions"]
    return next(line for line in lines if line["insurance"] == "medical")


# -- Contributions ---------------------------------------------------------------------------------------------------


def test_the_difference_is_shown_before_anything_is_written(library: Library, tmp_path: Path) -> None:
    proposal = proposed(library, tmp_path, HEAD + MEDICAL)
    assert [describe_change(library, change) for change in proposal.changes] == [
        "320500 江苏省苏州市 医疗保险 基数下限，2026-01-01 起：4952.00 → 5100.00（+3.0%）",
        "320500 江苏省苏州市 医疗保险 基数上限，2026-01-01 起：24762.00 → 25500.00（+3.0%）",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["导入.csv"]


def test_an_import_changes_the_answer_and_keeps_what_was_known_before(
    library: Library, tmp_path: Path
) -> None:
    folder = tmp_path / "policy"
    written = import_figures(proposed(library, tmp_path, HEAD + MEDICAL), folder, "赵静", TODAY)
    assert [path.name for path in written] == ["320500.yaml"]
    changed = load([folder], compiled=None)
    before, after = medical(library), medical(changed)
    assert (before["base"], before["employee"], before["outdated_since"]) == (
        "4952.00",
        "104.04",
        "2025-12-31",
    )
    assert (after["base"], after["employee"], after["outdated_since"]) == ("5100.00", "107.00", None)
    assert medical(changed, "2026-08-31", "2026-08-31")["base"] == "4952.00"  # not yet published then
    assert medical(changed, "2026-03-15", "2026-10-15")["base"] == "5100.00"  # back to January
    assert medical(changed, "2025-06-15")["base"] == "4952.00"
    assert changed.sha256 != library.sha256


def test_rates_that_a_notice_leaves_alone_stay_with_their_sources(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "policy"
    import_figures(proposed(library, tmp_path, HEAD + MEDICAL), folder, "赵静", TODAY)
    line = medical(load([folder], compiled=None))
    assert (line["employee_rate"], line["employer_rate"], line["fixed"]) == ("0.02", "0.078", "5.00")
    value = read_yaml(folder / "320500.yaml")["notices"][0]["values"]["medical"]
    assert len(value["sources"]) > 1
    assert "比例沿用2025-01-01起的记录" in value["note"]


def test_a_second_import_adds_and_the_same_again_is_refused(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "policy"
    import_figures(proposed(library, tmp_path, HEAD + MEDICAL), folder, "赵静", TODAY)
    changed = load([folder], compiled=None)
    assert "已有一条" in refusal(changed, tmp_path, HEAD + MEDICAL)
    line = LINE.replace("阜阳", "苏州").replace("860,830", "1120,1120")
    import_figures(proposed(changed, tmp_path, LINE_HEAD + line), folder, "钱明", TODAY)
    data = read_yaml(folder / "320500.yaml")
    assert (len(data["notices"]), len(data["lines"]), len(data["notes"])) == (1, 1, 2)
    assert "赵静" in data["notes"][0] and "钱明" in data["notes"][1]
    load([folder], compiled=None)


def test_a_correction_published_later_is_taken_and_said(library: Library, tmp_path: Path) -> None:
    row = f"苏州,医疗,2025-01-01,2025-12-31,2026-09-20,4960,24800,,,{NOTICE}\n"
    proposal = proposed(library, tmp_path, HEAD + row)
    assert "以前的结果仍按原来的数" in proposal.notes[0]


def test_without_a_publication_date_a_figure_is_known_from_today(library: Library, tmp_path: Path) -> None:
    proposal = proposed(library, tmp_path, HEAD + MEDICAL.replace("2026-09-01", ""))
    assert proposal.additions["320500"]["notices"][0]["known"] == "2026-10-15"


def test_a_workbook_with_dates_percents_and_numbers(library: Library, tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(str(tmp_path / "导入.xlsx"))
    sheet, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_row(
        0,
        0,
        [
            "地区代码",
            "险种",
            "执行日期",
            "公布日期",
            "基数下限（元/月）",
            "上限",
            "单位比例（%）",
            "个人比例",
            "来源",
            "网址",
        ],
    )
    sheet.write_row(1, 0, [320500, "基本医疗保险"])
    sheet.write_datetime(1, 2, date(2026, 1, 1), day)  # type: ignore[arg-type]
    sheet.write_row(1, 3, [46266, 5100, 25500, 7.5, 0.02, "通知", "https://example.org/8"])
    book.close()
    proposal = propose(library, tmp_path / "导入.xlsx", TODAY)
    assert {(change.label, change.after) for change in proposal.changes} == {
        ("基数下限", "5100.00"),
        ("基数上限", "25500.00"),
        ("单位比例", "0.075"),
    }
    assert proposal.additions["320500"]["notices"][0]["known"] == "2026-09-01"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (MEDICAL.replace(NOTICE, ",苏医保〔2026〕8号,"), "title: 第 2 行：没有出处"),
        (MEDICAL.replace(NOTICE, "通知,,"), "where: 第 2 行：没有出处"),
        (MEDICAL.replace("苏州", "乌有乡"), "region: 第 2 行“乌有乡”：没有这个地方"),
        (MEDICAL.replace("苏州", "朝阳"), "有几个地方叫这个名字"),
        (MEDICAL.replace("医疗", "车险"), "不认识险种“车险”"),
        (MEDICAL.replace("2026-01-01", ""), "要填执行日期"),
        (MEDICAL.replace("2026-01-01", "去年"), "bad_date"),
        (MEDICAL.replace("5100", "五千"), "不是金额"),
        (MEDICAL.replace("5100", "61200").replace("25500", "306000"), "把月和年弄混了"),
        (MEDICAL.replace(",,,关于", ",2%,7.8,关于"), "不是比例"),
        (MEDICAL.replace(",,,关于", ",2%,0.78,关于"), "看来是百分数"),
        (MEDICAL.replace(",,,关于", ",2%,20%,关于"), "不在 0 到 0.12 之间"),
        (MEDICAL.replace("2026-01-01", "2024-07-01").replace(",,,关于", ",2%,7.8%,关于"), "重叠"),
        (
            MEDICAL.replace("2026-01-01", "2025-01-01").replace("2026-09-01", "2024-12-01"),
            "更正的话，公布日期要比它晚",
        ),
        (MEDICAL + MEDICAL, "同一天起有两条"),
        (MEDICAL.replace("医疗", "养老"), "苏州市的养老保险沿用江苏省的记录"),
        (MEDICAL.replace("医疗", ""), "要有险种，或者"),
        ("", "没有可导入的数"),
    ],
)
def test_what_is_refused(library: Library, tmp_path: Path, row: str, expected: str) -> None:
    assert expected in refusal(library, tmp_path, HEAD + row)
    assert [path.name for path in tmp_path.iterdir()] == ["导入.csv"]


@pytest.mark.parametrize("heading", ["下限（元/年）", "下限（万元）"])
def test_a_column_in_another_unit_is_refused(library: Library, tmp_path: Path, heading: str) -> None:
    assert "要按元/月填" in refusal(library, tmp_path, HEAD.replace("下限", heading) + MEDICAL)


def test_what_the_checks_say_is_shown_with_the_difference(library: Library, tmp_path: Path) -> None:
    proposal = proposed(library, tmp_path, HEAD + MEDICAL.replace("25500", "60000"))
    assert {finding.rule for finding in proposal.findings} == {"bounds_ratio", "yearly_change"}


# -- Dibao lines -----------------------------------------------------------------------------------------------------


def test_a_new_line_gives_a_verdict(library: Library, tmp_path: Path) -> None:
    case = {
        "region": "苏州",
        "dibao_region": "阜阳",
        "area": "rural",
        "household": {"size": 4, "earners": [{"wage": "3000"}]},
    }
    assert calculate(library, case, TODAY)["dibao"]["insured"]["verdict"] == "unknown"
    folder = tmp_path / "policy"
    proposal = proposed(library, tmp_path, LINE_HEAD + LINE)
    assert [(change.label, change.after) for change in proposal.changes] == [
        ("城镇", "860.00"),
        ("农村", "830.00"),
    ]
    import_figures(proposal, folder, "赵静", TODAY)
    dibao = calculate(load([folder], compiled=None), case, TODAY)["dibao"]
    assert (dibao["standard"]["amount"], dibao["insured"]["verdict"]) == ("830.00", "within")


def test_a_line_that_is_only_quoted_somewhere_is_said_to_decide_nothing(
    library: Library, tmp_path: Path
) -> None:
    row = LINE.replace("阜民〔2026〕3号,", ",https://blog.example.org/1")
    assert "只作参考，不用来下结论" in proposed(library, tmp_path, LINE_HEAD + row).notes[0]


def test_a_stale_line_is_confirmed_by_the_day_on_which_it_was_seen(library: Library, tmp_path: Path) -> None:
    head = LINE_HEAD.replace("执行日期", "核实日期")
    folder = tmp_path / "policy"
    import_figures(
        proposed(library, tmp_path, head + LINE.replace("2026-07-01", "2025-10-01")), folder, "赵", TODAY
    )
    stale = load([folder], compiled=None)
    later = date(2027, 5, 1)
    assert stale.home("341200", "rural", later, later).line.stale
    confirmation = LINE.replace("2026-07-01", "2026-10-10").replace("2026-08-20", "")
    row = confirmation.replace("阜民〔2026〕3号,", "阜民〔2026〕3号,https://mzj.fy.gov.cn/3")
    import_figures(proposed(stale, tmp_path, head + row), folder, "赵", TODAY)
    assert not load([folder], compiled=None).home("341200", "rural", later, later).line.stale


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (LINE.replace("860", "10320"), "把月和年弄混了"),
        (LINE.replace("2026-07-01", ""), "不知道就填核实日期"),
        (LINE.replace("阜民〔2026〕3号", ""), "没有出处"),
        (LINE + LINE, "两条低保线"),
    ],
)
def test_lines_that_are_refused(library: Library, tmp_path: Path, row: str, expected: str) -> None:
    assert expected in refusal(library, tmp_path, LINE_HEAD + row)


# -- YAML ------------------------------------------------------------------------------------------------------------

REGION = """
region: "320500"
name: 苏州市
sources:
  s1: {title: 通知, where: https://ybj.suzhou.gov.cn/8}
notices:
  - from: 2026-01-01
    known: 2026-09-01
    values:
      medical: {period: stated, base: single_source, rate: single_source, floor: "5100.00", ceiling: "25500.00",
                employee_rate: "0.02", employer_rate: "0.078", employee_fixed: "5.00", sources: [s1]}
"""


def test_a_regions_file_is_merged_under_keys_of_its_own(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "policy"
    import_figures(proposed(library, tmp_path, REGION, "新.yaml"), folder, "赵静", TODAY)
    changed = load([folder], compiled=None)
    assert medical(changed)["base"] == "5100.00"
    own = {source.key: source.title for source in library.regions["320500"].sources}
    assert own.items() <= {source.key: source.title for source in changed.regions["320500"].sources}.items()


def test_a_list_of_flat_records(library: Library, tmp_path: Path) -> None:
    text = (
        '- {region: "320500", insurance: medical, from: 2026-01-01, known: 2026-09-01, floor: "5100.00",'
        ' ceiling: "25500.00", title: 通知, where: https://ybj.suzhou.gov.cn/8}\n'
    )
    assert len(proposed(library, tmp_path, text, "新.yaml").changes) == 2
    assert "要加引号" in refusal(library, tmp_path, text.replace('"5100.00"', "5100.00"), "新.yaml")
    assert "不认识“flor”" in refusal(library, tmp_path, text.replace("floor", "flor"), "新.yaml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (REGION.replace("sources: [s1]", "sources: []"), "sources: missing_field"),
        (REGION.replace("sources: [s1]", "sources: [s9]"), "sources: not_allowed"),
        (REGION.replace("where: https://ybj.suzhou.gov.cn/8", "where: ''"), "where: not_allowed"),
        (REGION.replace('"0.078"', '"7.8"'), "employer_rate"),
        (REGION.replace("320500", "999999"), "没有这个地方"),
        (REGION + "statutes: []\n", "statutes 不能导入"),
        ("- [1, 2]\n", "要是一个地区的数据"),
        ("a: [\n", "导入.yaml"),
        ("a: &a [*a]\nnotices: *a\n", "自己引用自己"),
        ("", "要是一个地区的数据"),
        (REGION.replace("notices:", "notices: 3\nx:"), "不能导入"),
        ('region: "320500"\nnotices: [3]\n', "要是列表"),
    ],
)
def test_yaml_that_is_refused(library: Library, tmp_path: Path, text: str, expected: str) -> None:
    assert expected in refusal(library, tmp_path, text, "导入.yaml")


def test_a_rule_and_figures_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "rule.yaml").write_text("id: hr-1\nthen: []\n", encoding="utf-8")
    (tmp_path / "figures.yaml").write_text(REGION, encoding="utf-8")
    assert kind_of(tmp_path / "rule.yaml") == "rule"
    assert kind_of(tmp_path / "figures.yaml") == kind_of(tmp_path / "x.csv") == "figures"


def test_a_broken_overlay_is_left_as_it_is(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "policy"
    folder.mkdir()
    (folder / "320500.yaml").write_text("a: [", encoding="utf-8")
    with pytest.raises(InputError, match="not_allowed"):
        import_figures(proposed(library, tmp_path, HEAD + MEDICAL), folder, "赵静", TODAY)
    assert (folder / "320500.yaml").read_text(encoding="utf-8") == "a: ["
    assert [path.name for path in folder.iterdir()] == ["320500.yaml"]


# -- Files that nobody meant ------------------------------------------------------------------------------------------


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))
)
def test_no_bytes_make_a_traceback(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    try:
        read_sheet(path)
    except InputError as error:
        assert problem_text(error.problems[0], as_written)


def test_no_damaged_workbook_makes_a_traceback(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(str(tmp_path / "good.xlsx"))
    book.add_worksheet().write_row(0, 0, ["参保地", "工资", 3500, "=1+1"])
    book.close()
    good, chance = (tmp_path / "good.xlsx").read_bytes(), random.Random(20261015)
    path = tmp_path / "bad.xlsx"
    for _ in range(150):
        data = bytearray(good)
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(4, len(data))] = chance.randrange(256)
        path.write_bytes(data[: chance.randint(len(data) // 2, len(data))] if chance.random() < 0.2 else data)
        try:
            read_sheet(path)
        except InputError as error:
            assert problem_text(error.problems[0], as_written)
