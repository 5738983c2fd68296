"""A signature: read with limits, looked at for whether it is one, drawn the same each time."""

from __future__ import annotations

import json
import math
import re
import xml.etree.ElementTree as ElementTree

import pytest
from answer_desks import DRAWN
from hypothesis import given
from hypothesis import strategies as st

from notices.answering import Stroke
from notices.strokes import (
    FLAWS,
    HIGHEST,
    LARGEST,
    LATEST,
    MOST_POINTS,
    MOST_STROKES,
    WIDTH,
    BadStrokes,
    as_svg,
    fingerprint,
    flaw,
    is_signature,
    read_strokes,
    strokes_json,
    strokes_of,
)


@st.composite
def strokes(draw: st.DrawFn) -> list[list[list[int]]]:
    """Strokes that a page could send: inside the box, with times that go on."""
    sizes = draw(st.lists(st.integers(1, 12), max_size=8))
    times = sorted(draw(st.lists(st.integers(0, LATEST), min_size=sum(sizes), max_size=sum(sizes))))
    places = st.tuples(st.integers(0, WIDTH), st.integers(0, HIGHEST))
    points = [[*draw(places), time] for time in times]
    return [[points.pop(0) for _ in range(size)] for size in sizes]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)


@given(strokes())
def test_what_a_page_sends_is_read_as_it_is(sent: list[list[list[int]]]) -> None:
    read = read_strokes(json.dumps(sent))
    assert strokes_json(read) == sent
    assert read == strokes_of(sent) == read_strokes(json.dumps(sent).encode())
    assert flaw(read) in (None, *FLAWS)


@given(JSON)
def test_anything_else_is_refused_and_breaks_nothing(data: object) -> None:
    try:
        read = strokes_of(data)
    except BadStrokes:
        return
    for stroke in read:
        assert stroke.points
        for x, y, time in stroke.points:
            assert 0 <= x <= WIDTH and 0 <= y <= HIGHEST and 0 <= time <= LATEST


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_no_bytes_break_the_reading(text: str | bytes) -> None:
    try:
        read_strokes(text)
    except BadStrokes as error:
        assert str(error) and (not text or len(text) < 4 or str(text) not in str(error)), "it quotes nothing"


@pytest.mark.parametrize(
    "text",
    [
        "[[[NaN, 0, 0]]]", "[[[Infinity, 0, 0]]]", "[[[-Infinity, 0, 0]]]", "[[[1.0, 0, 0]]]", "[[[1e3, 0, 0]]]",
        "[[[-1, 0, 0]]]", f"[[[{WIDTH + 1}, 0, 0]]]", f"[[[0, {HIGHEST + 1}, 0]]]", f"[[[0, 0, {LATEST + 1}]]]",
        f"[[[{'9' * 5000}, 0, 0]]]", "[[[true, 0, 0]]]", "[[[null, 0, 0]]]", '[[["1", 0, 0]]]', "[[[0, 0]]]",
        "[[[0, 0, 0, 0]]]", "[[]]", "[[[0, 0, 5], [0, 0, 4]]]", "[[[0, 0, 5]], [[0, 0, 4]]]", "{}", "null", "",
        "[" * 5000, "[[[0, 0, 0]]", '{"strokes": []}', '[{"x": 1}]',
    ],
    ids=lambda text: text[:24],
)  # fmt: skip
def test_what_is_no_stroke(text: str) -> None:
    with pytest.raises(BadStrokes):
        read_strokes(text)


def test_the_limits_are_kept_to_the_last_point() -> None:
    assert len(strokes_of([[[0, 0, 0]]] * MOST_STROKES)) == MOST_STROKES
    with pytest.raises(BadStrokes):
        strokes_of([[[0, 0, 0]]] * (MOST_STROKES + 1))
    assert strokes_of([[[0, 0, 0]] * MOST_POINTS])
    with pytest.raises(BadStrokes):
        strokes_of([[[0, 0, 0]] * (MOST_POINTS + 1)])
    largest = [[[WIDTH, HIGHEST, LATEST]] * MOST_POINTS]
    assert len(json.dumps(largest, separators=(",", ":"))) <= LARGEST, "what is allowed also fits"
    with pytest.raises(BadStrokes):
        read_strokes(" " * (LARGEST + 1))


# -- Whether it is one


def drawn(*lines: list[tuple[int, int]], step: int = 20) -> tuple[Stroke, ...]:
    """Lines that a hand draws one after the other, a point every so many milliseconds."""
    made, time = [], 0
    for line in lines:
        made.append(Stroke(tuple((x, y, time + at * step) for at, (x, y) in enumerate(line))))
        time += len(line) * step + 150
    return tuple(made)


def straight(start: tuple[int, int], end: tuple[int, int], count: int = 30) -> list[tuple[int, int]]:
    (x, y), (to_x, to_y) = start, end
    return [(x + (to_x - x) * at // count, y + (to_y - y) * at // count) for at in range(count + 1)]


def test_a_hands_signature_is_one() -> None:
    assert is_signature(strokes_of(DRAWN))
    # 丁一 and 王三: nothing but straight strokes, and names all the same.
    assert is_signature(
        drawn(
            straight((100, 100), (300, 100)),
            straight((200, 100), (200, 300)),
            straight((400, 200), (600, 200)),
        )
    )
    flourish = [(100 + at * 8, 300 + int(120 * math.sin(at / 4))) for at in range(80)]
    assert is_signature(drawn(flourish)), "a name in one go"


@pytest.mark.parametrize(
    ("expected", "made"),
    [
        ("empty", ()),
        ("few_points", drawn([(100, 100), (300, 200), (500, 50)])),
        ("too_quick", drawn([(100 + at * 20, 100 + (at % 3) * 90) for at in range(20)], step=5)),
        ("too_small", drawn([(100 + at % 5, 100 + at % 7) for at in range(60)])),
        ("too_small", drawn(*[[(100 + dot * 40, 200)] * 3 for dot in range(10)])),
        ("straight", drawn(straight((50, 50), (900, 500)))),
        ("straight", drawn(straight((50, 50), (450, 250)), straight((470, 262), (900, 480)))),
        ("straight", drawn([(100 + at * 10, 300 + at % 4) for at in range(80)])),
        ("straight", drawn(straight((500, 10), (500, 900)))),
    ],
)
def test_lines_dots_and_taps_are_none(expected: str, made: tuple[Stroke, ...]) -> None:
    assert flaw(made) == expected


def test_turning_a_line_does_not_make_it_a_signature() -> None:
    for degrees in range(0, 180, 15):
        dx, dy = math.cos(math.radians(degrees)) * 400, math.sin(math.radians(degrees)) * 400
        line = straight((int(500 - dx), int(500 - dy)), (int(500 + dx), int(500 + dy)), 60)
        assert flaw(drawn(line)) == "straight", degrees


# -- The same strokes again


@given(strokes(), st.integers(-400, 400), st.integers(-400, 400), st.integers(0, 5000))
def test_a_copy_has_the_same_fingerprint_wherever_and_whenever(
    sent: list[list[list[int]]], right: int, down: int, later: int
) -> None:
    moved = tuple(
        Stroke(tuple((x + right, y + down, time + later) for x, y, time in stroke)) for stroke in sent
    )
    assert fingerprint(moved) == fingerprint(strokes_of(sent))


def test_another_signature_of_the_same_hand_has_another() -> None:
    again = [[[x + (at % 3) * 9, y, time] for at, (x, y, time) in enumerate(stroke)] for stroke in DRAWN]
    assert fingerprint(strokes_of(again)) != fingerprint(strokes_of(DRAWN))
    assert fingerprint(strokes_of(DRAWN[:1])) != fingerprint(strokes_of(DRAWN))
    assert fingerprint(()) == ""


# -- As a picture


@given(strokes())
def test_the_picture_is_one_and_always_the_same(sent: list[list[list[int]]]) -> None:
    read = strokes_of(sent)
    picture = as_svg(read)
    assert picture == as_svg(strokes_of(sent))
    if not sent:
        assert picture == ""
        return
    root = ElementTree.fromstring(picture)
    left, top, width, height = map(int, root.attrib["viewBox"].split())
    for stroke in read:
        for x, y, _ in stroke.points:
            assert left < x < left + width and top < y < top + height, "the ink is inside"
    assert re.fullmatch(r"[0-9MLh ]+", root[0].attrib["d"]), "numbers and nothing else"
    assert root[0].attrib["d"].count("M") == len(sent)


def test_nothing_of_the_hand_stands_in_a_repr() -> None:
    assert not re.search(r"\d", repr(strokes_of(DRAWN)))
