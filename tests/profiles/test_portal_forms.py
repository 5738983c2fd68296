"""A form of the portal filled with approved acts, and what its receipt decides: by identity number, to the fen."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
import pytest

from people.outside import Unlawful
from profiles.book import Decision, KeptStrategy
from profiles.portal import Blank, Receipt, read_blank, read_receipt
from profiles.portal_acts import (
    FILLS,
    FORMS,
    KIND_OF,
    NEEDED,
    TELLS,
    TROUBLES,
    FiledAct,
    RowAnswer,
    act_answers,
    decided,
    exported_of,
    fill_acts,
)
from profiles.strategy_words import UNFIT

OCTOBER = date(2026, 10, 1)
AT = datetime(2026, 10, 15, 4, tzinfo=UTC)


def act(number: str, name: str = "春梅", **more: Any) -> FiledAct:
    given: dict[str, Any] = {
        "strategy": f"strategy {number}",
        "employee": f"employee {number}",
        "reference": f"strategy {number}-1",
        "act": "insure",
        "region": "320500",
        "month": OCTOBER,
        "due": OCTOBER,
        "number": number,
        "name": name,
        "id_number": f"32050019800101{number:0>4}",
        "joined_on": date(2026, 8, 10),
        "wage": 350_000,
        "base": 495_200,
        "lawful": 495_200,
    }
    return FiledAct(**given | more)


def blank(*headings: str) -> Blank:
    book = openpyxl.Workbook()
    book.active.append(headings)
    made = io.BytesIO()
    book.save(made)
    return read_blank("空表.xlsx", made.getvalue(), tuple(FILLS["enrolment"]))


def rows(data: bytes) -> list[list[Any]]:
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    return [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]


def told(text: str) -> Receipt:
    return read_receipt("回执.csv", text.encode(), tuple(TELLS))


HEAD = "身份证号,处理结果,原因,缴费基数,起始年月\n"


def says(row: str, *acts: FiledAct) -> RowAnswer:
    (answer,) = act_answers(told(HEAD + row + "\n"), acts or (act("1"),))
    return answer


def test_a_row_is_what_the_connection_would_be_handed() -> None:
    form = blank("姓名", "公民身份号码", "用工日期", "参保年月", "申报工资", "月工资", "工号")
    made = fill_acts(form, [act("1"), act("2", "=夏荷", joined_on=None)])
    assert rows(made) == [
        ["春梅", "320500198001010001", "2026-08-10", "202610", 4952, 3500, "1"],
        ["=夏荷", "320500198001010002", None, "202610", 4952, 3500, "2"],
    ]
    assert openpyxl.load_workbook(io.BytesIO(made)).active["A3"].data_type == "s"


def test_a_share_that_no_act_has_is_never_filled() -> None:
    assert dict(blank("姓名", "个人缴费", "缴费基数", "低保").columns) == {0: "name", 2: "base"}


@pytest.mark.parametrize("kind", FORMS)
def test_no_column_of_a_form_tells_of_dibao_and_each_needs_who_when_and_how_much(kind: Any) -> None:
    assert set(NEEDED) <= FILLS[kind].keys() and kind in KIND_OF.values()
    assert not any("低保" in words for words in (*FILLS[kind].values(), *TELLS.values(), *TROUBLES.values()))


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"base": 495_199}, "below_lawful_base"),
        ({"lawful": 0, "base": 0}, "below_lawful_base"),
        ({"month": date(2026, 11, 1)}, "deferred"),
        ({"act": "correct_base", "base": 350_000}, "below_lawful_base"),
        ({"act": "correct_base", "month": date(2026, 11, 1)}, "deferred"),
    ],
)
def test_the_spreadsheet_refuses_what_the_connection_refuses(wrong: dict[str, Any], code: str) -> None:
    acts = [act("1"), replace(act("2"), **wrong)]
    with pytest.raises(Unlawful) as caught:
        fill_acts(blank("姓名", "缴费基数"), acts)
    assert caught.value.code == code and code in UNFIT


@pytest.mark.parametrize(
    ("row", "accepted", "text"),
    [
        ("320500198001010001,办理成功,,,", True, ""),
        (" ３20500198001010001,成功,,￥4952.00,2026-10", True, ""),
        ("320500198001010001,成功,,4952,2026年10月", True, ""),
        ("320500198001010001,成功,,4952,202610", True, ""),
        ("320500198001010001,不予受理,重复参保,,", False, "重复参保"),
        ("320500198001010001,不予受理,,,", False, "不予受理"),
        ("320500198001010001,办理中,,,", None, "“处理结果”是“办理中”，看不出受理没有。"),
        (
            "320500198001010001,成功,,4000,",
            None,
            "“缴费基数”是“4000”，导出的是 4952.00：先在平台上查清，这一条还等着。",
        ),
        (
            "320500198001010001,成功,,约五千,",
            None,
            "“缴费基数”是“约五千”，导出的是 4952.00：先在平台上查清，这一条还等着。",
        ),
        (
            "320500198001010001,成功,,,2026-12-01",
            None,
            "“起始年月”是“2026-12”，导出的是 2026-10：先在平台上查清，这一条还等着。",
        ),
        (",成功,,,", None, "“身份证号”是空的，认不出是谁。"),
        ("3.20501E+17,成功,,,", None, "“身份证号”被存成了数字，后几位丢了：用平台下载的原表，不要另存。"),
        (
            "320500198001010000,成功,,,",
            None,
            "“身份证号”被存成了数字，后几位丢了：用平台下载的原表，不要另存。",
        ),
        ("320500198001010099,成功,,,", None, "不在等回执的名单里，没有动。"),
    ],
)
def test_what_a_row_says(row: str, accepted: bool | None, text: str) -> None:
    answer = says(row)
    assert answer.row == 2 and answer.accepted is accepted
    assert answer.text() == text.replace("“2026-12”", "“2026-12-01”")
    assert bool(decided([answer])) is (accepted is not None)


def test_of_two_with_one_number_it_is_nobodys() -> None:
    same = [act("1"), act("2", id_number=act("1").id_number)]
    assert says("320500198001010001,成功,,,", *same).trouble == "stranger"


def test_a_receipt_without_base_and_month_is_taken_at_its_word() -> None:
    receipt = told("身份证号,结果\n320500198001010001,成功\n")
    (answer,) = act_answers(receipt, [act("1")])
    assert answer.accepted is True


def test_a_receipt_without_an_outcome_decides_nothing() -> None:
    receipt = told("身份证号,姓名\n320500198001010001,春梅\n")
    (answer,) = act_answers(receipt, [act("1")])
    assert (answer.trouble, answer.column) == ("outcome", "")


@pytest.mark.parametrize(
    ("outcomes", "accepted"),
    [
        (("成功", "失败"), False),
        (("失败", "成功"), False),
        (("成功", "办理中"), None),
        (("办理中", "失败"), False),
        (("成功", "成功"), True),
    ],
)
def test_one_row_of_several_holds_the_others_up(outcomes: tuple[str, ...], accepted: bool | None) -> None:
    lines = "\n".join(f"320500198001010001,{each},,," for each in outcomes)
    found = decided(act_answers(told(f"{HEAD}{lines}\n"), [act("1")]))
    assert [each.accepted for each in found.values()] == ([] if accepted is None else [accepted])


def test_when_an_act_went_into_its_file() -> None:
    def kept(state: Any, *history: Decision) -> KeptStrategy:
        return KeptStrategy(
            "id", "employee", "not_insured", ("insure",), state, OCTOBER, False, False, False, AT, {}, history
        )

    out = Decision("handed_in", "account:li", AT, "insure", details={"via": "portal", "file": "a file"})
    again = replace(out, by="account:zhao", at=datetime(2026, 10, 16, tzinfo=UTC))
    over = Decision("handed_in", "system", AT, "insure", details={"via": "connection"})
    found = exported_of(kept("handed_in", out, again))
    assert found is not None and (found.file, found.by, found.at) == ("a file", "account:li", AT)
    assert exported_of(kept("done", out)) is None
    assert exported_of(kept("handed_in", over)) is None


def test_nothing_personal_stands_in_a_repr() -> None:
    one = act("1")
    shown = f"{one!r} {says('320500198001010001,失败,照片不清楚,,')!r}"
    assert not any(each in shown for each in ("春梅", one.id_number, "495200", "350000", "照片"))
