"""Bubbles as text: cleaned, cut at sentences and never inside what a reader sees as one character."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.drawing import _clusters, clean, size, split, words
from delivery.messages import Reply
from delivery.sending import Outgoing

LONG = "你每月要交 766.35 元。单位另外交 1,163.20 元！还剩多少？看下面：\n" * 60


def test_a_long_text_is_cut_after_a_line_or_a_sentence() -> None:
    pieces = split(LONG, 2048)
    assert all(size(piece) <= 2048 for piece in pieces)
    assert all(piece[-1] in "。！？：" for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(LONG.split())
    assert len(pieces) == -(-size(LONG) // 2048)


def test_an_amount_is_not_cut() -> None:
    figures = re.findall(r"[\d.,]{4,}", LONG)
    assert [found for piece in split(LONG, 100) for found in re.findall(r"[\d.,]{4,}", piece)] == figures


@pytest.mark.parametrize("whole", ["👩‍👩‍👧", "𠮷󠄀", "👍🏽", "🇨🇳", "é́", "❤️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"])
def test_what_is_one_character_is_not_cut(whole: str) -> None:
    most = size(whole) + 3
    assert split(whole * 7, most) == (whole,) * 7
    assert list(_clusters(f"a{whole}b")) == ["a", whole, "b"]


@given(st.text(st.characters(), max_size=400), st.integers(4, 60))
def test_every_piece_fits_and_nothing_but_space_is_lost(text: str, most: int) -> None:
    text = clean(text)
    pieces = split(text, most)
    assert all(0 < size(piece) <= most for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_a_bubble_says_what_it_rests_on_and_where_its_papers_are() -> None:
    law = {"title": "社会保险法", "number": None, "article": "第六十三条"}
    notice = {"title": "关于社保费的通知", "number": "人社部发〔2019〕1号", "article": None}
    bubble = Outgoing("c1", 7, "assistant", Reply("要补缴。", sources=(law, notice, law), papers=("report",)))
    assert words(bubble, lambda conversation, seq: f"https://hr.example/reports/{conversation}-{seq}") == (
        "要补缴。\n依据：社会保险法 第六十三条；关于社保费的通知 人社部发〔2019〕1号\n"
        "图和明细在这里看（链接只能打开一次，别转发）：https://hr.example/reports/c1-7"
    )
    assert "http" not in words(bubble, lambda conversation, seq: "")


def test_a_bubble_of_which_nothing_is_left_is_sent_all_the_same() -> None:
    assert words(Outgoing("c1", 8, "assistant", Reply("\x1d\n")), lambda conversation, seq: "") == "…"


def test_a_person_is_named_as_one() -> None:
    bubble = Outgoing("c1", 8, "hr", Reply("我看了，下周办。\x1d"))
    assert words(bubble, lambda conversation, seq: "") == "人事：我看了，下周办。"
