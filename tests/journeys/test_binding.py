"""阿丽 binds her chat with the code on her sheet, and unbinds it: she is asked first, and told what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from telling import NOW, Employee, house_of, needs_meaning

from people.bindings import MOST_TRIES, Bind, Bindings, CodeState, Found, Owner, Unbind

CODE = "K7MP4XQ9"
ALI = Owner("ali", "李*", "34")
ZHOU = Owner("zhou", "周*", "07")

pytestmark = needs_meaning


class Sheet(Bindings):
    """The codes that were printed, and whose this chat is."""

    def __init__(self, owner: Owner | None = None, codes: Mapping[str, CodeState] | None = None) -> None:
        self.tied = owner
        self.codes = {CODE: "good"} if codes is None else codes

    def look_up(self, code: str) -> Found:
        state = self.codes.get(code, "unknown")
        return Found(state, ALI if state == "good" else None)

    def owner(self, conversation: str) -> Owner | None:
        return self.tied


def employee(sheet: Sheet | None = None) -> Employee:
    return Employee(replace(house_of("embedded"), bindings=sheet or Sheet()))


@pytest.mark.parametrize(
    "typed",
    [CODE, "k7mp-4xq9", "K7MP 4XQ9", "Ｋ７ＭＰ－４ＸＱ９", f"https://shebao.example/chat#bind={CODE}"],
)
def test_she_is_asked_whether_it_is_her_before_anything_is_bound(typed: str) -> None:
    ali = employee()
    asked = ali.does({"say": typed})
    assert asked.outcome.conversation.asked == "confirm" and asked.outcome.binding is None
    assert "你是 李*（工号尾数 34）吗？" in asked.text
    bound = ali.does({"tap": "是，绑定"})
    assert bound.outcome.binding == Bind(CODE, "ali")
    assert "绑好了" in bound.text and "只有你点头发出去的" in bound.text


@pytest.mark.parametrize(("answer", "act"), [("是", Bind(CODE, "ali")), ("不是", None)])
def test_a_typed_answer_does_as_well(answer: str, act: Bind | None) -> None:
    ali = employee()
    ali.does({"say": CODE})
    assert ali.does({"say": answer}).outcome.binding == act


def test_anything_else_binds_nothing() -> None:
    ali = employee()
    ali.does({"say": CODE})
    assert ali.does({"say": "低保线是多少"}).outcome.binding is None


def test_a_code_that_was_used_meanwhile_is_not_used_again() -> None:
    sheet = Sheet()
    ali = employee(sheet)
    ali.does({"say": CODE})
    sheet.codes = {CODE: "used"}
    told = ali.does({"tap": "是，绑定"})
    assert told.outcome.binding is None and "已经用过" in told.text


@pytest.mark.parametrize(
    ("state", "words"), [("used", "已经用过"), ("expired", "过期"), ("unknown", "没有这个码")]
)
def test_a_code_that_is_not_good_is_answered_clearly(state: CodeState, words: str) -> None:
    told = employee(Sheet(codes={CODE: state})).does({"say": CODE})
    assert words in told.text and told.titles == ["让人事看看"]
    assert "李" not in told.text, "whose it was is not told"


def test_a_mistyped_code_is_known_for_one() -> None:
    assert "没有这个码" in employee().does({"say": "K7MP-4XO0"}).text


@pytest.mark.parametrize("text", ["12345678", "三千五", "thankyou", "2026-10-15", "3500 4 800"])
def test_what_is_no_code_is_taken_for_none(text: str) -> None:
    assert "没有这个码" not in employee().does({"say": text}).text


def test_so_many_codes_and_then_a_pause() -> None:
    ali = employee()
    for count in range(MOST_TRIES):
        assert "没有这个码" in ali.does({"say": f"K7MP4XQ{'ACDEF'[count]}"}).text
    assert "歇一个小时" in ali.does({"say": CODE}).text
    ali.now = NOW + timedelta(hours=2)
    assert "你是 李*" in ali.does({"say": CODE}).text


def test_an_account_that_is_anothers_is_not_taken_over() -> None:
    told = employee(Sheet(ZHOU)).does({"say": CODE})
    assert told.outcome.binding is None and "另一位员工" in told.text
    assert "周" not in told.text


def test_her_own_code_a_second_time_changes_nothing() -> None:
    told = employee(Sheet(ALI)).does({"say": CODE})
    assert told.outcome.binding is None and "李*（工号尾数 34）" in told.text


def test_she_unbinds_after_a_yes() -> None:
    ali = employee(Sheet(ALI))
    assert "要解绑吗" in ali.does({"say": "解绑"}).text
    assert ali.does({"tap": "解绑"}).outcome.binding == Unbind()


def test_she_thinks_better_of_it() -> None:
    ali = employee(Sheet(ALI))
    ali.does({"say": "我要解绑"})
    assert ali.does({"tap": "先不解"}).outcome.binding is None


def test_nobody_is_unbound_who_was_not_bound() -> None:
    told = employee().does({"say": "解绑"})
    assert told.outcome.binding is None and "没有绑任何员工" in told.text


def test_how_it_is_done_is_told() -> None:
    assert "人事给你的那张纸" in employee().does({"say": "怎么绑定"}).text


def test_a_code_in_the_middle_of_a_calculation_loses_nothing() -> None:
    ali = employee()
    ali.does({"say": "在苏州上班，工资3500扣之前，交社保低保还有吗"})
    asked = ali.conversation.asked
    ali.does({"say": CODE})
    ali.does({"tap": "是，绑定"})
    assert ali.conversation.asked == asked and ali.conversation.known.wage == 350_000
