"""A signature as the hand made it: strokes with times. Read with limits, looked at for whether it is one, and drawn.

There is no other way to sign: nothing typed, uploaded or kept from an earlier time is taken.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import atan2, cos, hypot, sin
from typing import Final, Literal, NoReturn

from locales import N_
from notices.answering import Stroke

#: The most that a page may send of a signature, in bytes of JSON, and what may be in it.
LARGEST: Final = 200_000
MOST_STROKES: Final = 200
MOST_POINTS: Final = 8_000
#: The box is as wide as this; it may be up to twice as high. Times go up to ten minutes, in milliseconds.
WIDTH: Final = 1_000
HIGHEST: Final = 2 * WIDTH
LATEST: Final = 600_000

#: Less than this is no signature: points, milliseconds, and in thousandths of the box's width the ink and the longer side.
FEWEST_POINTS: Final = 12
SHORTEST: Final = 400
LEAST_INK: Final = 400
SMALLEST: Final = 150
#: A signature whose breadth across its own direction is less than so much of its length is a line.
THINNEST: Final = 0.1
#: Points that differ by less than this are the same one for a fingerprint.
_COARSE: Final = 8

Flaw = Literal["empty", "few_points", "too_quick", "too_small", "straight"]
FLAWS: Final[Mapping[Flaw, str]] = {
    "empty": N_("还没有写。"),
    "few_points": N_("太少了，请写自己的全名。"),
    "too_quick": N_("太快了，像是碰了一下，请写自己的全名。"),
    "too_small": N_("写得太小，看不清，请写大一点。"),
    "straight": N_("只有一条线，请写自己的全名。"),
}

Point = tuple[int, int, int]


class BadStrokes(ValueError):
    """What was sent are no strokes, or too many."""


def read_strokes(text: str | bytes) -> tuple[Stroke, ...]:
    """Strokes from JSON: a list of strokes, each a list of [x, y, milliseconds], whole numbers.

    Times begin at 0 or later and never go back. Raises `BadStrokes` for everything else; its text quotes nothing.

    >>> read_strokes("[[[0, 0, 0], [5, 7, 16]]]")[0].points
    ((0, 0, 0), (5, 7, 16))
    """
    if len(text) > LARGEST:
        raise BadStrokes("too large")
    try:
        data = json.loads(text, parse_float=_refuse, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise BadStrokes("not JSON of whole numbers") from None
    return strokes_of(data)


def strokes_of(data: object) -> tuple[Stroke, ...]:
    """The same from JSON that was read already. Raises `BadStrokes`."""
    if not isinstance(data, list) or len(data) > MOST_STROKES:
        raise BadStrokes("not a list, or too many strokes")
    if sum(len(each) for each in data if isinstance(each, list)) > MOST_POINTS:
        raise BadStrokes("too many points")
    read = tuple(Stroke(_points(each)) for each in data)
    times = [point[2] for stroke in read for point in stroke.points]
    if any(later < earlier for earlier, later in pairwise(times)):
        raise BadStrokes("times go back")
    return read


def _points(data: object) -> tuple[Point, ...]:
    if not isinstance(data, list) or not data:
        raise BadStrokes("a stroke without points")
    return tuple(_point(each) for each in data)


def _point(data: object) -> Point:
    if not isinstance(data, list) or len(data) != 3:
        raise BadStrokes("not a point")
    x, y, time = data
    return _whole(x, WIDTH), _whole(y, HIGHEST), _whole(time, LATEST)


def _whole(value: object, most: int) -> int:
    # True is an int, too.
    if type(value) is not int or not 0 <= value <= most:
        raise BadStrokes("outside the box or the time")
    return value


def _refuse(text: str) -> NoReturn:
    raise ValueError(text)


def strokes_json(strokes: Iterable[Stroke]) -> list[list[list[int]]]:
    """The strokes as JSON that `strokes_of` reads."""
    return [[list(point) for point in stroke.points] for stroke in strokes]


def flaw(strokes: Sequence[Stroke]) -> Flaw | None:
    """Why this is no signature; None where it may be one. Whose it is nobody can tell from it."""
    points = [point for stroke in strokes for point in stroke.points]
    if not points:
        return "empty"
    if len(points) < FEWEST_POINTS:
        return "few_points"
    if points[-1][2] - points[0][2] < SHORTEST:
        return "too_quick"
    length, breadth = _extent(points)
    if length < SMALLEST or _ink(strokes) < LEAST_INK:
        return "too_small"
    return "straight" if breadth < THINNEST * length else None


def is_signature(strokes: Sequence[Stroke]) -> bool:
    """Whether it may be one."""
    return flaw(strokes) is None


def _ink(strokes: Iterable[Stroke]) -> float:
    """The way that the pen went on paper."""
    return sum(
        hypot(after[0] - before[0], after[1] - before[1])
        for stroke in strokes
        for before, after in pairwise(stroke.points)
    )


def _extent(points: Sequence[Point]) -> tuple[float, float]:
    """Length along the direction in which the points spread most, and breadth across it."""
    count = len(points)
    middle_x, middle_y = sum(x for x, _, _ in points) / count, sum(y for _, y, _ in points) / count
    across = [(x - middle_x, y - middle_y) for x, y, _ in points]
    xx, yy = sum(x * x for x, _ in across), sum(y * y for _, y in across)
    xy = sum(x * y for x, y in across)
    angle = atan2(2 * xy, xx - yy) / 2
    along = [x * cos(angle) + y * sin(angle) for x, y in across]
    beside = [y * cos(angle) - x * sin(angle) for x, y in across]
    return max(along) - min(along), max(beside) - min(beside)


def fingerprint(strokes: Sequence[Stroke]) -> str:
    """What two copies of the same strokes have in common, wherever in the box and however timed they are sent again.

    A hand never makes the same strokes twice, so that the same fingerprint means a copy.
    """
    points = [point for stroke in strokes for point in stroke.points]
    if not points:
        return ""
    left, top = min(x for x, _, _ in points), min(y for _, y, _ in points)
    shape = [
        _without_repeats([((x - left) // _COARSE, (y - top) // _COARSE) for x, y, _ in stroke.points])
        for stroke in strokes
    ]
    return hashlib.sha256(json.dumps(shape, separators=(",", ":")).encode()).hexdigest()


def _without_repeats(cells: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    return [cells[0], *(after for before, after in pairwise(cells) if after != before)]


def as_svg(strokes: Sequence[Stroke]) -> str:
    """The signature as a picture, cut to its ink: the same strokes give the same bytes. Empty for none."""
    points = [point for stroke in strokes for point in stroke.points]
    if not points:
        return ""
    pen = 9
    left, top = min(x for x, _, _ in points) - pen, min(y for _, y, _ in points) - pen
    width = max(x for x, _, _ in points) + pen - left
    height = max(y for _, y, _ in points) + pen - top
    path = "".join(_path(stroke.points) for stroke in strokes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{left} {top} {width} {height}" width="{width}" height="{height}">'
        f'<path d="{path}" fill="none" stroke="#111" stroke-width="{pen}" stroke-linecap="round" stroke-linejoin="round"/>'
        "</svg>"
    )


def _path(points: Sequence[Point]) -> str:
    """One stroke; a point alone is a dot."""
    (x, y, _), *rest = points
    return f"M{x} {y}" + ("".join(f"L{x} {y}" for x, y, _ in rest) if rest else "h0")
