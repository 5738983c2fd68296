"""What messages say, by tables of them: the text, the open question or -, and the facts.

A fact is `field=value`, amounts in yuan. `field?` is a doubt: `wage?3000..3500` between these, `wage?2500|3500` the
one or the other, `region?341200` which of these places or what for.
"""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.understanding.facts import Facts, Unsure
from bot.understanding.reading_facts import FactReader
from calculator.money import format_yuan
from policy_kb.divisions import Divisions

HERE = Path(__file__).parent
TODAY = date(2026, 10, 15)
READER = FactReader(Divisions.load())

MONEY = ("wage", "other_income", "other_income_high", "standard_monthly", "received_monthly", "amount")
#: What a table is about: where a line names none of these, the text must say none of them.
OF_HOUSEHOLDS = (*MONEY, "wage_is_net", "household_size")
OF_PLACES = ("region", "dibao_region", "same_region", "area")
QUESTIONS = (
    None, "region", "dibao_region", "area", "on_book", "wage", "gross_or_net", "household_size", "other_income",
    "dibao_status", "standard_monthly", "received_monthly", "month", "confirm", "choice", "share_scope",
)  # fmt: skip


class Case(NamedTuple):
    """One line of a table."""

    text: str
    asked: str | None
    expected: frozenset[str]


def cases(name: str) -> list[Case]:
    found = []
    for line in (HERE / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            text, asked, expected = line.split("\t")
            facts = frozenset(map(_printed, expected.split()))
            found.append(Case(text, None if asked == "-" else asked, facts))
    return found


def _printed(expected: str) -> str:
    """Amounts as they are printed: wage=3200 is wage=3200.00."""
    field, _, value = expected.partition("=")
    return f"{expected}.00" if field in MONEY and "." not in value else expected


def said(case: Case, about: tuple[str, ...]) -> frozenset[str]:
    facts = READER.read(case.text, TODAY, case.asked)
    stated = {f"{field}={_shown(field, facts)}" for field in about if _is_said(field, facts)}
    return frozenset(stated | {_doubt(each) for each in facts.unsure if each.field in about})


def _is_said(field: str, facts: Facts) -> bool:
    value = getattr(facts, field)
    return bool(value) if field == "same_region" else value is not None


def _shown(field: str, facts: Facts) -> str:
    value = getattr(facts, field)
    if field in MONEY:
        return format_yuan(value)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _doubt(unsure: Unsure) -> str:
    return f"{unsure.field}?{_details(unsure)}"


def _details(unsure: Unsure) -> str:
    if unsure.why == "vague_amount":
        low, high = ("" if fen is None else str(fen // 100) for fen in (unsure.low, unsure.high))
        return f"{low}..{high}" if low or high else ""
    if unsure.why == "unclear_amount":
        return "|".join(str(int(fen) // 100) for fen in unsure.choices)
    return "per_year" if unsure.why == "per_year" else ",".join(unsure.choices)


def wrong(found: list[Case], about: tuple[str, ...]) -> list[str]:
    return [
        f"{case.text!r} asked={case.asked}: {sorted(said(case, about))}, not {sorted(case.expected)}"
        for case in found
        if said(case, about) != case.expected
    ]


def test_amounts_and_households_are_read() -> None:
    found = cases("amounts.tsv") + cases("households.tsv")
    failed = wrong(found, OF_HOUSEHOLDS)
    assert len(found) >= 500
    assert 1 - len(failed) / len(found) >= 0.98, "\n".join(failed)


def test_places_are_read() -> None:
    found = cases("places.tsv")
    failed = wrong(found, OF_PLACES)
    assert len(found) >= 120
    assert 1 - len(failed) / len(found) >= 0.98, "\n".join(failed)


def test_no_amount_is_made_up() -> None:
    found = [case for case in cases("amounts.tsv") if not any(map(_is_money, case.expected))]
    made_up = [case for case in found if any(map(_is_money, said(case, MONEY)))]
    assert len(found) >= 60
    assert not made_up


def _is_money(fact: str) -> bool:
    return fact.partition("=")[0].partition("?")[0] in MONEY


@pytest.mark.parametrize(
    ("text", "asked", "expected"),
    [
        # on the book or not
        ("在", "on_book", {"on_book": True, "answer": "yes"}),
        ("在，有我", "on_book", {"on_book": True}),
        ("係", "on_book", {"on_book": True}),
        ("在册", "on_book", {"on_book": True}),
        ("上面有我名", "on_book", {"on_book": True}),
        ("不在", "on_book", {"on_book": False, "answer": "no"}),
        ("不在，是爸妈的", "on_book", {"on_book": False}),
        ("没有", "on_book", {"on_book": False}),
        ("冇", "on_book", {"on_book": False}),
        ("只写了我爸妈", "on_book", {"on_book": False}),
        ("户口本上有低保本上没有", "on_book", {"on_book": False}),
        ("我爸妈领的我不在上面", "on_book", {"on_book": False}),
        ("不清楚", "on_book", {"on_book": None, "answer": "unsure"}),
        ("好像有", "on_book", {"on_book": None, "answer": "unsure"}),
        # of paying, not of the book
        ("不交行布行", "on_book", {"on_book": None, "answer": None}),
        ("不想交社保", "on_book", {"on_book": None, "answer": None}),
        ("没交过社保", "on_book", {"on_book": None, "answer": None}),
        ("不给扣社保", "on_book", {"on_book": None, "answer": None}),
        ("有交社保", "on_book", {"on_book": None, "answer": None}),
        ("不想交", "dibao_status", {"dibao": None, "answer": None}),
        ("不交给人事", "share_scope", {"answer": "no"}),
        ("低保本上有我", None, {"on_book": True}),
        ("低保是我爸妈的 我不在本上", None, {"on_book": False}),
        ("户口本上有我", None, {"on_book": None}),
        ("花名册上有我", None, {"on_book": None}),
        ("低保本上有我吗", None, {"on_book": None}),
        # how dibao stands
        ("在", "dibao_status", {"dibao": "receiving"}),
        ("正在领", "dibao_status", {"dibao": "receiving"}),
        ("没停", "dibao_status", {"dibao": "receiving"}),
        ("停了俩月了", "dibao_status", {"dibao": "suspended"}),
        ("让村里给取消了", "dibao_status", {"dibao": "ended"}),
        ("在申请", "dibao_status", {"dibao": "applying"}),
        ("没有", "dibao_status", {"dibao": "none"}),
        ("从来没吃过", "dibao_status", {"dibao": "none"}),
        ("我家吃着低保", None, {"dibao": "receiving"}),
        ("我家低保上个月停了", None, {"dibao": "suspended"}),
        ("低保停了 先别交行不", None, {"dibao": "suspended"}),
        ("低保又给恢复了", None, {"dibao": "receiving"}),
        ("我家没有低保", None, {"dibao": "none"}),
        ("交社保低保就没了吧 村会计说的", None, {"dibao": None}),
        ("低保会不会停", None, {"dibao": None}),
        ("老王交了第二个月就停了", None, {"dibao": None}),
        ("要是低保停了咋办", None, {"dibao": None}),
        # yes, no, none, unsure
        ("对", "confirm", {"answer": "yes"}),
        ("👌", "confirm", {"answer": "yes"}),
        ("ok", "confirm", {"answer": "yes"}),
        ("要得", "confirm", {"answer": "yes"}),
        ("没毛病", "confirm", {"answer": "yes"}),
        ("不是这样的", "confirm", {"answer": "no"}),
        ("唔係", "confirm", {"answer": "no"}),
        ("是不是呢", "confirm", {"answer": None}),
        ("没有", "received_monthly", {"answer": "none", "received_monthly": None}),
        ("0", "received_monthly", {"received_monthly": 0}),
        ("忘了", "wage", {"answer": "unsure"}),
        ("没准", "other_income", {"answer": "unsure", "other_income": None}),
        ("对了我想问下", None, {"answer": None}),
        # one of the answers offered
        ("1", "choice", {"choice": 1}),
        ("①", "confirm", {"choice": 1}),
        ("1️⃣", "confirm", {"choice": 1}),
        ("A", "region", {"choice": 1}),
        ("第二个", "dibao_region", {"choice": 2}),
        ("后面那个", "choice", {"choice": 2}),
        ("第一个", None, {"choice": 1}),
        ("3", "household_size", {"choice": None, "household_size": 3}),
        ("第一个月没交", None, {"choice": None}),
        # corrections and suppositions
        ("不是六个是四个", None, {"household_size": 4, "is_correction": True}),
        ("六个…不对四个", "household_size", {"household_size": 4, "is_correction": True}),
        ("不对，是3800", "confirm", {"amount": 380_000, "is_correction": True}),
        ("刚说的工资不对,是3600", None, {"wage": 360_000, "is_correction": True}),
        ("wrong, it's 4 people", None, {"household_size": 4, "is_correction": True}),
        ("这三个数为什么对不上", None, {"is_correction": False}),
        ("是不是交了就没了", None, {"is_correction": False}),
        ("要是工资5000呢", None, {"wage": 500_000, "is_what_if": True}),
        ("what if i make 5k", None, {"wage": 500_000, "is_what_if": True}),
        ("工资5000", None, {"is_what_if": False}),
    ],
)
def test_short_replies_are_read(text: str, asked: str | None, expected: dict[str, object]) -> None:
    facts = READER.read(text, TODAY, asked)
    assert {field: getattr(facts, field) for field in expected} == expected


def test_first_contact_is_read_turn_by_turn() -> None:
    """The words of the story that the journeys tell."""
    turns = [
        ("在的", "on_book", {"on_book": True}),
        ("六个", "household_size", {"household_size": 6}),
        ("不对，本上四个", "wage", {"household_size": 4, "is_correction": True}),
        ("三千五", "wage", {"wage": 350_000}),
        ("扣之前的", "gross_or_net", {"wage_is_net": False}),
        ("没准，好的时候五百", "other_income", {"other_income": 0, "other_income_high": 50_000}),
        ("苏州", "region", {"region": "320500"}),
        ("安徽阜阳农村的", "dibao_region", {"dibao_region": "341200", "area": "rural"}),
        ("800", "standard_monthly", {"standard_monthly": 80_000}),
        ("每月打620", "received_monthly", {"received_monthly": 62_000}),
    ]
    for text, asked, expected in turns:
        facts = READER.read(text, TODAY, asked)
        assert {field: getattr(facts, field) for field in expected} == expected, text


@settings(max_examples=300)
@given(text=st.text(max_size=80), asked=st.sampled_from(QUESTIONS))
def test_no_text_is_refused(text: str, asked: str | None) -> None:
    READER.read(text, TODAY, asked)


PIECES = [
    *"零一二两三四五六七八九十百千万亿半多来几把块元毛角分个口人月年天日号没有我打，。？ 0123456789.,-/kw",
    *("三千二", "不到", "最多", "至少", "不是", "老婆", "到手", "工资", "低保", "线", "卡上", "一年", "有时"),
    *("阜阳", "苏州", "朝阳", "在", "老家", "户口", "夫妻俩", "两个孩子"),
]


@settings(max_examples=600)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=14), asked=st.sampled_from(QUESTIONS))
def test_facts_keep_within_bounds(pieces: list[str], asked: str | None) -> None:
    facts = READER.read("".join(pieces), TODAY, asked)
    amounts = [getattr(facts, field) for field in MONEY]
    assert all(0 <= fen <= 10**9 for fen in amounts if fen is not None)
    assert facts.household_size is None or 1 <= facts.household_size <= 30
    assert facts.other_income_high is None or facts.other_income_high > (facts.other_income or 0)
    assert all(len(each.choices) <= 6 for each in facts.unsure)


def test_a_message_takes_little_time() -> None:
    texts = [case.text for case in cases("amounts.tsv")]
    started = time.perf_counter()
    for text in texts:
        READER.read(text, TODAY)
    assert (time.perf_counter() - started) / len(texts) < 0.005
