from itertools import combinations
from xml.etree import ElementTree

import pytest
from paper_samples import chart, in_english

from documents.chart import (
    FONT_SIZE,
    WIDTH,
    ChartData,
    Label,
    chart_labels,
    chart_svg,
    description,
    text_width,
)

SVG = "{http://www.w3.org/2000/svg}"

CHARTS = {
    "the family of the first story": chart(),
    "with a cliff": chart(extra=50_000),
    "no line": chart(limit=None),
    "in English": chart(extra=50_000, say=in_english),
    "here at the left end": chart(here=100_000),
    "here at the right end": chart(here=900_000),
    "here beside the edge": chart(here=372_496),
    "ten million": ChartData(
        wages=(1, 500_000_000, 1_000_000_000),
        insured=(-52_495, 400_000_000, 800_000_000),
        uninsured=(1, 500_000_000, 1_000_000_000),
        benefit=(0, 0, 0),
        here=500_000_000,
    ),
    "a few yuan": ChartData((0, 100), (100, 200), (100, 200), (100, 0), here=0, limit=100, break_even=0),
    "no money at all": ChartData((0, 1), (0, 0), (0, 0), (0, 0), here=0),
}


def box(label: Label) -> tuple[int, int, int, int]:
    return label.x, label.y - FONT_SIZE, label.x + text_width(label.text), label.y + FONT_SIZE // 4


@pytest.mark.parametrize("data", CHARTS.values(), ids=CHARTS)
def test_no_label_covers_another_or_leaves_the_drawing(data: ChartData) -> None:
    height = int(ElementTree.fromstring(chart_svg(data)).attrib["viewBox"].split()[3].replace(".", "")) * 10
    boxes = {label: box(label) for label in chart_labels(data)}
    for label, (left, top, right, bottom) in boxes.items():
        assert left >= 0 and top >= 0 and right <= WIDTH and bottom <= height, label
    for (one, a), (other, b) in combinations(boxes.items(), 2):
        apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        assert apart, (one, other)


@pytest.mark.parametrize("data", CHARTS.values(), ids=CHARTS)
def test_is_well_formed_and_every_line_stays_inside(data: ChartData) -> None:
    svg = ElementTree.fromstring(chart_svg(data))
    _, _, width, height = (float(part) for part in svg.attrib["viewBox"].split())
    assert width == 360
    for path in svg.iter(f"{SVG}path"):
        for point in path.attrib["d"].removeprefix("M").split("L"):
            x, y = (float(part) for part in point.split())
            assert 0 <= x <= width and 0 <= y <= height, path.attrib


def test_tells_its_figures_in_words() -> None:
    svg = ElementTree.fromstring(chart_svg(chart()))
    title, told = svg.findtext(f"{SVG}title"), svg.findtext(f"{SVG}desc")
    assert title == "全家每月的钱（元）"
    assert told is not None
    for figure in ("3500.00", "3200.00", "224.96", "3724.95"):
        assert figure in told
    assert svg.attrib["role"] == "img"
    named = {element.attrib["id"] for element in svg if "id" in element.attrib}
    assert set(svg.attrib["aria-labelledby"].split()) == named


def test_marks_the_cliff_and_its_height() -> None:
    assert "chart-cliff" not in chart_svg(chart())
    assert "工资一过 3724.95 元，低保停，全家一下少 500.00 元。" in chart_svg(chart(extra=50_000))


def test_without_a_line_says_so_and_draws_none() -> None:
    svg = chart_svg(chart(limit=None))
    assert "其中低保" not in description(chart(limit=None))  # what is not known is not 0.00
    assert "低保线还不知道" in svg
    assert not any(mark in svg for mark in ("chart-limit", "chart-benefit", "chart-edge"))


def test_break_even_beyond_the_chart_is_not_drawn() -> None:
    data = ChartData((0, 100), (0, 100), (0, 100), (0, 0), here=0, break_even=101)
    assert "chart-edge" not in chart_svg(data)


def test_nothing_that_a_content_security_policy_refuses() -> None:
    svg = chart_svg(chart())
    assert "<style" not in svg and "style=" not in svg and "<script" not in svg


def test_wording_cannot_become_markup() -> None:
    def hostile(text: str, /, **figures: str) -> str:
        return '</text><script>"&'

    svg = ElementTree.fromstring(chart_svg(chart(say=hostile), font_family='"><script>'))
    assert not list(svg.iter(f"{SVG}script"))


def test_type_is_at_least_eleven_pixels_on_a_narrow_phone() -> None:
    assert FONT_SIZE * 330 / WIDTH >= 11


@pytest.mark.parametrize(
    "wrong",
    [
        dict(wages=(0, 100), insured=(0,)),
        dict(wages=(100, 0)),
        dict(wages=(0,), insured=(0,), uninsured=(0,), benefit=(0,)),
        dict(here=50),
    ],
)
def test_refuses_data_that_cannot_be_drawn(wrong: dict[str, object]) -> None:
    right = dict(wages=(0, 100), insured=(0, 1), uninsured=(0, 1), benefit=(0, 0), here=0)
    with pytest.raises(ValueError, match=r"must"):
        ChartData(**(right | wrong))  # type: ignore[arg-type]
