"""`shebao assess`: what an HR person hands in, and what comes back."""

from __future__ import annotations

import csv
import time
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import python_calamine
import xlsxwriter

from app.roster import _Totals, assess_roster
from app.roster_results import QUARANTINE, RosterSummary
from calculator.assessment import assess
from calculator.case import Case, read_case
from calculator.contributions import employer_total
from calculator.fields import InputError
from calculator.money import Rounding
from calculator.rules import Rules
from locales import as_written
from policy_kb.calculation import calculate
from policy_kb.library import Library
from policy_kb.wording import problem_text

TODAY = date(2026, 10, 15)


def assess_text(
    library: Library, folder: Path, text: str, encoding: str = "utf-8", **options: Any
) -> tuple[RosterSummary, list[dict[str, str]]]:
    source = folder / "花名册.csv"
    source.write_bytes(text.encode(encoding))
    return assess_file(library, source, folder / "结果.csv", **options)


def assess_file(
    library: Library, source: Path, target: Path, **options: Any
) -> tuple[RosterSummary, list[dict[str, str]]]:
    summary = assess_roster(library, source, target, TODAY, False, **options)
    return summary, read_csv(target) if target.suffix == ".csv" else []


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def workbook(path: Path, *rows: list[Any], title: str = "花名册") -> Path:
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet(title)
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, date):
                sheet.write_datetime(number, column, cell, day)
            elif isinstance(cell, str):
                sheet.write_string(number, column, cell)
            elif cell is not None:
                sheet.write(number, column, cell)
    book.close()
    return path


def refusal(library: Library, source: Path, target: Path | None = None) -> str:
    with pytest.raises(InputError) as caught:
        assess_roster(library, source, target or source.with_name("结果.csv"), TODAY, False)
    message = problem_text(caught.value.problems[0], as_written)
    assert "\n" not in message
    return f"{caught.value.problems[0].field}: {message}"


# -- Figures ---------------------------------------------------------------------------------------------------------


def test_five_rows_by_hand(library: Library, tmp_path: Path) -> None:
    summary, rows = assess_text(
        library,
        tmp_path,
        "姓名,参保地,户籍地,城乡,应发工资,低保人数,低保线,其他收入\n"
        "阿丽,苏州,阜阳,农村,3500,4,800,0\n"
        "小王,北京,,城镇,6000,3,,0\n"
        "老周,上海,,城镇,3000,2,,0\n"
        "阿强,芜湖,,,4200,,,\n",
    )
    assert [row["个人合计"] for row in rows[:3]] == ["524.96", "766.35", "792.33"]
    assert rows[0]["可计入收入"] == "2975.04"
    assert rows[0]["结论"] == "两种算法结论不同"
    assert rows[0]["另一种算法 可计入收入"] == "3500.00"
    assert rows[1]["个税（估算）"] == "7.01"
    assert rows[1]["可计入收入"] == "4066.64"
    assert rows[2]["可计入收入"] == "2207.67"
    assert (rows[3]["养老保险 个人"], rows[3]["失业保险 个人"], rows[3]["医疗保险 个人"]) == (
        "348.32",
        "21.77",
        "",
    )
    assert rows[3]["数字齐全"] == "否"
    assert rows[3]["可计入收入"] == rows[3]["结论"] == ""  # no household given, none made up
    assert (summary.rows, summary.calculated, summary.incomplete, summary.rejected) == (4, 4, 1, ())


def test_each_row_says_what_calculate_says(library: Library, tmp_path: Path) -> None:
    _, rows = assess_text(
        library,
        tmp_path,
        "region,area,wage,household_size,other_income,employment,injury_class,housing_fund_rate\n"
        "苏州,rural,4321.09,3,250.50,dispatched,2,0.08\n",
    )
    answer = calculate(
        library,
        {
            "region": "苏州",
            "area": "rural",
            "household": {
                "size": 3,
                "other_income": "250.50",
                "earners": [
                    {
                        "wage": "4321.09",
                        "employment": "dispatched",
                        "injury_class": 2,
                        "housing_fund_rate": "0.08",
                    }
                ],
            },
        },
        TODAY,
    )
    assert rows[0]["个人合计"] == answer["employee_total"]
    assert rows[0]["单位合计"] == answer["employer_total"]
    assert rows[0]["到手（参保）"] == answer["take_home"]["insured"]
    assert rows[0]["可计入收入"] == answer["dibao"]["insured"]["countable_income"]
    fund = next(line for line in answer["contributions"] if line["insurance"] == "housing_fund")
    assert rows[0]["住房公积金 个人"] == fund["employee"]


def test_totals_add_up_to_the_rows(library: Library, tmp_path: Path) -> None:
    wages = [2500, 3501, 4999, 7007, 40000]
    lines = "\n".join(f"{index:03d},苏州,{wage}.{index}7" for index, wage in enumerate(wages))
    summary, rows = assess_text(library, tmp_path, f"工号,参保地,工资\n{lines}\n")
    for heading, total in (("个人合计", summary.employee_total), ("单位合计", summary.employer_total)):
        assert sum(int(row[heading].replace(".", "")) for row in rows) == total
    assert summary.sha256 == library.sha256
    assert [total.insurance for total in summary.totals] == [
        "pension",
        "medical",
        "unemployment",
        "work_injury",
    ]


def test_rounding_on_the_employers_total_is_done_once(library: Library) -> None:

    rounding = Rounding("half_up", 100, "employer_total")
    totals, bases, rate = _Totals(), [], 0
    for wage in ("6001.37", "6002.49", "6003.11"):
        data = {"region": "苏州", "household": {"size": 1, "earners": [{"wage": wage}]}}
        case = read_case(data, library.divisions.find, TODAY)
        rules = library.rules(case)
        terms = tuple(replace(each, employer_rounding=rounding) for each in rules.jobs[0].terms)
        rules = replace(rules, jobs=(replace(rules.jobs[0], terms=terms),))
        assessment = assess(case, rules, break_even=False)
        totals.add(assessment)
        line = assessment.insured_month.lines[0]
        bases.append(int(line.base))  # type: ignore[arg-type]
        rate = line.employer_rate or 0
    pension = totals.by_insurance()[0]
    assert pension.employer == employer_total(bases, rate, rounding)
    assert pension.employer % 100 == 0


def test_the_companys_own_rules_reach_every_row(library: Library, tmp_path: Path) -> None:
    def assessed(case: Case, rules: Rules) -> tuple[Case, Rules, tuple[str, ...]]:
        return case, rules, (f"{case.region} 按本单位规则",)

    _, rows = assess_text(library, tmp_path, "参保地,工资\n苏州,3500\n北京,6000\n", adjust=assessed)
    assert [row["提示"].split("；")[0] for row in rows] == ["320500 按本单位规则", "110000 按本单位规则"]


def test_headings_without_rows_give_an_empty_result(library: Library, tmp_path: Path) -> None:
    summary, rows = assess_text(library, tmp_path, "参保地,工资\n")
    assert (summary.rows, rows, summary.employee_total) == (0, [], 0)


# -- Headings and cells ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headings",
    [
        "工作地,工资",
        "参保地 , 应发工资（元/月）*",
        "Region,Gross Wage",
        "ＲＥＧＩＯＮ,工资(元)",
        "社保缴纳地,税前工资",
    ],
)
def test_headings_are_recognised(library: Library, tmp_path: Path, headings: str) -> None:
    _, rows = assess_text(library, tmp_path, f"{headings}\n苏州,3500\n")
    assert rows[0]["个人合计"] == "524.96"


@pytest.mark.parametrize("wage", ["3500", "3,500.00 ", "￥3500元", "３５００", "¥3,500", "3500.0元"])
def test_wages_as_people_write_them(library: Library, tmp_path: Path, wage: str) -> None:
    _, rows = assess_text(library, tmp_path, f"参保地;工资\n苏州;{wage}\n")
    assert rows[0]["个人合计"] == "524.96"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_encodings_and_separators(library: Library, tmp_path: Path, encoding: str, mark: str) -> None:
    text = mark.join(("姓名", "参保地", "工资")) + "\r\n" + mark.join(("阿丽", "苏州", "3500")) + "\r\n"
    _, rows = assess_text(library, tmp_path, text, encoding)
    assert (rows[0]["姓名"], rows[0]["个人合计"]) == ("阿丽", "524.96")


def test_take_home_stands_in_for_the_wage(library: Library, tmp_path: Path) -> None:
    _, rows = assess_text(library, tmp_path, "参保地,实发工资\n苏州,2975.04\n")
    assert rows[0]["个人合计"] == "524.96"
    assert "扣之前大约是3500.00元" in rows[0]["提示"]


@pytest.mark.parametrize("rate", ["8%", "0.08", "8", "８％", "8.0"])
def test_housing_fund_rates(library: Library, tmp_path: Path, rate: str) -> None:
    _, rows = assess_text(library, tmp_path, f"参保地,工资,公积金比例\n苏州,5000,{rate}\n")
    assert rows[0]["住房公积金 个人"] == "400.00"


@pytest.mark.parametrize("day", ["2026-09-01", "2026/9/1", "2026年9月", "46266", "20260901"])
def test_days(library: Library, tmp_path: Path, day: str) -> None:
    _, rows = assess_text(library, tmp_path, f"参保地,工资,日期\n苏州,3500,{day}\n")
    assert rows[0]["个人合计"] == "524.96"


def test_titles_above_the_headings_and_blank_rows(library: Library, tmp_path: Path) -> None:
    text = "某厂2026年10月花名册,,\n,,\n姓名,参保地,工资\n,,\n阿丽,苏州,3500\n,,\n合计,,3500\n"
    summary, rows = assess_text(library, tmp_path, text)
    assert [row["行号"] for row in rows] == ["5"]
    assert [(each.row, each.reason) for each in summary.rejected] == [(7, "姓名：这是合计行，不是职工")]


def test_defaults_fill_what_the_sheet_leaves_out(library: Library, tmp_path: Path) -> None:
    _, rows = assess_text(library, tmp_path, "姓名,工资\n阿丽,3500\n", defaults={"region": "苏州"})
    assert rows[0]["个人合计"] == "524.96"


def test_what_is_not_recognised_is_carried_behind_the_results(library: Library, tmp_path: Path) -> None:
    _, rows = assess_text(library, tmp_path, "工号,部门,参保地,工资\n007,包装车间,苏州,3500\n")
    assert list(rows[0])[:4] == ["行号", "工号", "参保地", "工资"]
    assert list(rows[0])[-1] == "部门"
    assert (rows[0]["工号"], rows[0]["部门"]) == ("007", "包装车间")


# -- Privacy ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("heading", ["低保", "低保状态", "是否低保", "Dibao Status", "低保户", "建档立卡"])
def test_dibao_status_is_never_taken_from_a_sheet(library: Library, tmp_path: Path, heading: str) -> None:
    text = f"姓名,{heading},参保地,工资\n阿丽,享受中,苏州,3500\n阿强,享受中,苏州,abc\n"
    summary, rows = assess_text(library, tmp_path, text)
    assert summary.quarantined == (heading,)
    assert QUARANTINE in summary.text()
    for path in tmp_path.glob("结果*"):
        assert "享受中" not in path.read_text(encoding="utf-8-sig")
    assert heading not in rows[0]


def test_numbers_of_papers_stay_texts(library: Library, tmp_path: Path) -> None:
    text = "工号,身份证号,手机号,参保地,工资\n0012,110101199001011237,013800000000,苏州,3500\n"
    _, rows = assess_text(library, tmp_path, text)
    assert rows[0]["工号"] == "0012"
    assert rows[0]["身份证号"] == "110101199001011237"
    assert rows[0]["手机号"] == "013800000000"


def test_digits_that_a_sheet_has_lost_are_told(library: Library, tmp_path: Path) -> None:
    source = workbook(
        tmp_path / "花名册.xlsx",
        ["工号", "身份证号", "参保地", "工资"],
        [12, 110101199001011237, "苏州", 3500],
    )
    _, rows = assess_file(library, source, tmp_path / "结果.csv")
    assert rows[0]["工号"] == "12"
    assert rows[0]["身份证号"].isdigit()
    assert "超过 15 位的尾数已经丢了" in rows[0]["提示"]


# -- Rejected rows ---------------------------------------------------------------------------------------------------


def test_rejected_rows_come_back_with_the_reason_and_can_be_run_again(
    library: Library, tmp_path: Path
) -> None:
    summary, rows = assess_text(
        library,
        tmp_path,
        "姓名,参保地,工资,低保人数,备注\n"
        "阿丽,苏州,3500,,=1+1\n"
        "阿强,朝阳,3500,,夜班\n"
        "小王,苏州,三千五,,\n"
        "老周,,3500,,\n"
        "老李,苏州,-5,,\n"
        "老赵,苏州,3500,0,\n"
        "老钱,苏州,3333.333,,\n",
    )
    assert len(rows) == 1
    reasons = {each.row: each.reason for each in summary.rejected}
    assert reasons[3].startswith("参保地：有几个地方叫这个名字") and "北京市朝阳区" in reasons[3]
    assert reasons[4] == "工资：请填金额（元），最多两位小数，写成“3200”或“3200.50”"
    assert reasons[5] == "参保地：这一项要填"
    assert reasons[6] == "工资：请填0到10000000之间的金额（元）"
    assert reasons[7] == "低保人数：请填1到30之间的整数"
    assert reasons[8].startswith("工资：请填金额")
    rejected = summary.rejected_file
    assert rejected == tmp_path / "结果.rejected.csv"
    text = rejected.read_text(encoding="utf-8-sig")
    rejected.write_text(
        text.replace("朝阳", "北京朝阳").replace("三千五", "3500").replace("老周,,", "老周,苏州,"),
        encoding="utf-8-sig",
    )
    again, corrected = assess_file(library, rejected, tmp_path / "再算.csv")
    assert (again.calculated, len(again.rejected)) == (3, 3)
    assert [row["姓名"] for row in corrected] == ["阿强", "小王", "老周"]
    assert corrected[0]["备注"] == "夜班"


def test_a_list_of_rejected_rows_does_not_outlive_its_run(library: Library, tmp_path: Path) -> None:
    assess_text(library, tmp_path, "参保地,工资\n苏州,abc\n")
    assert (tmp_path / "结果.rejected.csv").exists()
    summary, _ = assess_text(library, tmp_path, "参保地,工资\n苏州,3500\n")
    assert not (tmp_path / "结果.rejected.csv").exists()
    assert summary.rejected_file is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["结果.csv", "花名册.csv"]


# -- Formulas --------------------------------------------------------------------------------------------------------

DANGEROUS = ["=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "＝1+1", "＋1", "－1+2", "＠A1", " =1+1"]


@pytest.mark.parametrize("cell", DANGEROUS)
def test_formulas_are_defused_in_csv(library: Library, tmp_path: Path, cell: str) -> None:
    source = tmp_path / "花名册.csv"
    with source.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [["姓名", "参保地", "工资", "备注"], [cell, "苏州", "3500", cell], ["x", "苏州", "?", cell]]
        )
    summary, rows = assess_file(library, source, tmp_path / "结果.csv")
    assert summary.rejected_file is not None
    for row in (*rows, *read_csv(summary.rejected_file)):
        assert row["备注"] == f"'{cell.strip()}"
    assert rows[0]["姓名"] == f"'{cell.strip()}"


def test_a_negative_number_is_no_formula(library: Library, tmp_path: Path) -> None:
    _, rows = assess_text(library, tmp_path, "参保地,工资,上月调整\n苏州,3500,-120.50\n")
    assert rows[0]["上月调整"] == "-120.50"


def test_formulas_are_texts_in_a_workbook(library: Library, tmp_path: Path) -> None:
    source = tmp_path / "花名册.csv"
    with source.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [["姓名", "参保地", "工资"], *([cell, "苏州", "3500"] for cell in DANGEROUS)]
        )
    assess_file(library, source, tmp_path / "结果.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "结果.xlsx")["结果"]
    names = [sheet.cell(row, 2) for row in range(2, 2 + len(DANGEROUS))]
    assert [cell.data_type for cell in names] == ["s"] * len(DANGEROUS)
    with zipfile.ZipFile(tmp_path / "结果.xlsx") as archive:
        assert all(b"<f>" not in archive.read(name) for name in archive.namelist() if "worksheets" in name)


# -- Workbooks -------------------------------------------------------------------------------------------------------


def test_a_workbook_in_and_out(library: Library, tmp_path: Path) -> None:
    source = workbook(
        tmp_path / "花名册.xlsx",
        ["某厂花名册"],
        ["工号", "参保地", "应发工资", "日期", "低保人数", "是否在册", "城乡", "入职"],
        ["007", 320500, 3500.1, date(2026, 10, 1), 4, True, "农村", date(2020, 5, 1)],
        [],
        ["008", "苏州", 3500, 46266, 4.0, "否", "农村", None],
        ["009", "苏州", True, None, None, None, None, None],
    )
    summary, _ = assess_file(library, source, tmp_path / "结果.xlsx")
    assert [(each.row, each.reason) for each in summary.rejected] == [(6, "应发工资：填的是 TRUE/FALSE")]
    book = openpyxl.load_workbook(tmp_path / "结果.xlsx")
    assert book.sheetnames == ["结果", "退回", "汇总"]
    headings = [cell.value for cell in book["结果"][1]]
    first = dict(zip(headings, book["结果"][2], strict=True))
    assert first["个人合计"].value == 524.96
    assert first["个人合计"].number_format == "0.00"
    assert (first["行号"].value, first["工号"].value, first["入职"].value) == (3, "007", "2020-05-01")
    assert [cell.value for cell in book["退回"][2]][:3] == [6, "应发工资", "应发工资：填的是 TRUE/FALSE"]
    told = {row[0].value: row[1].value for row in book["汇总"].iter_rows()}
    assert (told["人数（行）"], told["算出"], told["退回"]) == (3, 2, 1)
    assert told["政策库校验值"] == library.sha256
    assert told["个人合计"] == 1049.92


def test_the_first_sheet_that_holds_anything_is_read(library: Library, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "说明"
    book.create_sheet("隐藏").sheet_state = "hidden"
    book["隐藏"].append(["参保地", "工资"])
    sheet = book.create_sheet("十月")
    sheet.append(["参保地", "工资"])
    sheet.append(["苏州", 3500])
    book.save(tmp_path / "花名册.xlsx")
    summary, rows = assess_file(library, tmp_path / "花名册.xlsx", tmp_path / "结果.csv")
    assert (summary.calculated, rows[0]["个人合计"]) == (1, "524.96")


def test_merged_cells_leave_a_row_that_says_what_is_missing(library: Library, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["参保地", "工资"], ["苏州", 3500], [None, 4000]):
        book.active.append(row)
    book.active.merge_cells("A2:A3")
    book.save(tmp_path / "花名册.xlsx")
    summary, _ = assess_file(library, tmp_path / "花名册.xlsx", tmp_path / "结果.csv")
    assert [(each.row, each.reason) for each in summary.rejected] == [(3, "参保地：这一项要填")]


# -- Files that cannot be read ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "文件是空的"),
        (b"\n\n , \n", "表是空的"),
        ("姓名,参保地\n阿丽,苏州\n".encode(), "没有找到工资一列"),
        ("姓名,工资\n阿丽,3500\n".encode(), "没有找到参保地一列"),
        ("参保地,工资,应发工资\n苏州,3500,3500\n".encode(), "“工资”和“应发工资”是同一项"),
        (b"\xff\xff\x81\x00\x00", "认不出文字编码"),
        (b"<html><table></table>", "网页格式"),
        (b'{"region": 1}', "这不是表格"),
        (b"PK\x03\x04 not a zip at all", "文件损坏"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 broken", "文件损坏"),
        (b'"' + b"x" * 200_000 + b'"\n', "CSV 读不懂"),
    ],
)
def test_a_file_that_is_no_roster(library: Library, tmp_path: Path, content: bytes, expected: str) -> None:
    source = tmp_path / "花名册.csv"
    source.write_bytes(content)
    assert expected in refusal(library, source)
    assert [path.name for path in tmp_path.iterdir()] == ["花名册.csv"]


def test_a_workbook_with_one_cell_far_away_does_not_fill_the_memory(library: Library, tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(str(tmp_path / "花名册.xlsx"))
    sheet = book.add_worksheet()
    sheet.write_string(0, 0, "工资")
    sheet.write_string(1_048_575, 16_383, "x")
    book.close()
    assert "表太大" in refusal(library, tmp_path / "花名册.xlsx")


def test_a_zip_that_is_no_workbook(library: Library, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "花名册.xlsx", "w") as archive:
        archive.writestr("hello.txt", "hello")
    assert "这不是 .xlsx 工作簿" in refusal(library, tmp_path / "花名册.xlsx")


def test_an_encrypted_workbook(library: Library, tmp_path: Path) -> None:
    class Locked:
        @staticmethod
        def from_filelike(file: object) -> None:
            raise python_calamine.PasswordError("Workbook is password protected")

    source = tmp_path / "花名册.xlsx"
    source.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(python_calamine, "CalamineWorkbook", Locked)
        assert "文件有密码" in refusal(library, source)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("结果.txt", "结果要写成 .csv 或 .xlsx"),
        ("没有/结果.csv", "没有这个文件夹"),
        ("花名册.csv", "不能写回花名册本身"),
    ],
)
def test_where_the_result_may_go(library: Library, tmp_path: Path, target: str, expected: str) -> None:
    source = tmp_path / "花名册.csv"
    source.write_text("参保地,工资\n苏州,3500\n", encoding="utf-8")
    assert expected in refusal(library, source, tmp_path / target)


def test_a_missing_file(library: Library, tmp_path: Path) -> None:
    assert "打不开" in refusal(library, tmp_path / "没有.csv", tmp_path / "结果.csv")


def test_the_old_result_stays_where_a_run_fails(library: Library, tmp_path: Path) -> None:
    target = tmp_path / "结果.csv"
    target.write_text("旧的", encoding="utf-8")
    (tmp_path / "花名册.csv").write_text("姓名\n阿丽\n", encoding="utf-8")
    refusal(library, tmp_path / "花名册.csv", target)
    assert target.read_text(encoding="utf-8") == "旧的"


def test_two_thousand_rows_take_a_few_seconds(library: Library, tmp_path: Path) -> None:
    regions = ("苏州", "北京", "上海", "广州", "340200")
    rows = "\n".join(
        f"{index:05d},{regions[index % 5]},{2500 + index}.{index % 100:02d},3,0" for index in range(2000)
    )
    started = time.perf_counter()
    summary, _ = assess_text(library, tmp_path, f"工号,参保地,工资,低保人数,其他收入\n{rows}\n")
    assert summary.calculated == 2000
    assert (
        time.perf_counter() - started < 10
    )  # a tenth of the 20 000 that must take well under 30 s, on a busy machine
