"""Bars: nothing lies outside the drawing, what is unknown has no bar, and words are text."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from documents.bars import Column, Columns, Row, Rows, Tick, columns_svg, rows_svg
from documents.chart import WIDTH, text_width

SVG = "{http://www.w3.org/2000/svg}"
TICKS = (Tick(0, "0"), Tick(10, "10 小时"), Tick(20, "20 小时"))


def columns(*values: tuple[int, int] | None) -> Columns:
    made = [Column(f"10-{index:02}", *(each or (None, None))) for index, each in enumerate(values)]
    return Columns("等多久", "一半在 3 小时内", ("一半", "九成"), made, TICKS)


def drawn(svg: str) -> ElementTree.Element:
    assert "style=" not in svg
    return ElementTree.fromstring(svg)


def bars(svg: ElementTree.Element, style: str) -> list[tuple[float, float]]:
    found = [each for each in svg.iter(f"{SVG}rect") if each.get("class") == style]
    return [(float(each.get("x", "")), float(each.get("height", ""))) for each in found][1:]


@pytest.mark.parametrize("weeks", [1, 2, 14, 53, 106])
def test_columns_and_their_labels_stay_inside(weeks: int) -> None:
    svg = drawn(columns_svg(columns(*[(5, 20)] * weeks), "answer"))
    width, height = map(float, svg.get("viewBox", "").split()[2:])
    for each in svg.iter(f"{SVG}rect"):
        x, y, wide, high = (float(each.get(name, "")) for name in ("x", "y", "width", "height"))
        assert x >= 0 and x + wide <= width and y >= 0 and y + high <= height
    below = [each for each in svg.iter(f"{SVG}text") if each.text and each.text.startswith("10-")]
    edges = sorted((float(each.get("x", "")), each.text or "") for each in below)
    assert edges[-1][1] == f"10-{weeks - 1:02}"
    for (left, text), (right, _) in pairwise(edges):
        assert left + text_width(text) / 10 < right
    assert edges[-1][0] + text_width(edges[-1][1]) / 10 <= WIDTH / 10


def test_a_week_that_is_not_known_has_no_bar() -> None:
    svg = drawn(columns_svg(columns((5, 10), None, (10, 20)), "answer"))
    assert len(bars(svg, "bar-inner")) == len(bars(svg, "bar-outer")) == 2
    (_, low), (_, high) = bars(svg, "bar-inner")
    assert high == 2 * low


def test_rows_are_as_long_as_their_values_and_words_are_escaped() -> None:
    rows = (Row("<转移>", 20, "20"), Row("养老", 10, "10"))
    svg = drawn(rows_svg(Rows("问什么", "<转移> 20", rows), "gaps"))
    long, short = (float(each.get("width", "")) for each in svg.iter(f"{SVG}rect"))
    assert abs(long - 2 * short) < 0.2
    assert [each.text for each in svg.iter(f"{SVG}text")] == ["<转移>", "20", "养老", "10"]
    assert svg.get("aria-labelledby") == "gaps-title gaps-desc" and svg.find(f"{SVG}desc") is not None
