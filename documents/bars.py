"""Bars as drawings in SVG text: columns over the weeks, rows by topic. Words are text, and stand beside the bars.

As in `chart`, all lengths are whole tenths of a pixel, and attributes and classes alone say how something looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from documents.chart import (
    AXIS,
    FONT_FAMILY,
    FONT_SIZE,
    GAP,
    GRID,
    MARGIN,
    ROW,
    WIDTH,
    Label,
    pixels,
    text_width,
)

PLOT: Final = 1300
SWATCH: Final = 120
#: The widest that a column gets.
WIDEST: Final = 260
BAR: Final = 110
INNER: Final = 'class="bar-inner" fill="#0072b2"'
OUTER: Final = 'class="bar-outer" fill="#0072b2" fill-opacity="0.3"'
#: The fewest characters' room between two labels under the columns.
APART: Final = 2 * GAP


@dataclass(frozen=True, slots=True)
class Tick:
    """A height that is named at the side."""

    value: int
    text: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the inner value and the outer one around it, or None where nothing is known."""

    label: str
    inner: int | None
    outer: int | None


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns side by side. `told` is the drawing in sentences; `names` are those of the inner and the outer value;
    the last of `ticks` is the height of the plot."""

    title: str
    told: str
    names: tuple[str, str]
    columns: Sequence[Column]
    ticks: Sequence[Tick]


@dataclass(frozen=True, slots=True)
class Row:
    """One bar with its name above it and its value in words at its end."""

    label: str
    value: int
    text: str


@dataclass(frozen=True, slots=True)
class Rows:
    """Bars below each other, the longest as wide as there is room. `told` is the drawing in sentences."""

    title: str
    told: str
    rows: Sequence[Row]


def columns_svg(data: Columns, name: str) -> str:
    """The columns as one `<svg>` element; `name` tells its ids from those of others on the page."""
    left = MARGIN + max(text_width(tick.text) for tick in data.ticks) + GAP
    top, right = 2 * ROW + GAP, WIDTH - MARGIN
    foot = top + PLOT
    most = data.ticks[-1].value
    shapes: list[str] = []
    labels = list(_legend(data.names, shapes))
    for tick in data.ticks:
        y = foot - PLOT * tick.value // most
        shapes.append(_line(GRID, left, y, right, y))
        labels.append(Label(left - GAP - text_width(tick.text), y + FONT_SIZE // 3, tick.text))
    step = (right - left) // max(1, len(data.columns))
    width = min(WIDEST, max(10, step * 7 // 10))
    for index, column in enumerate(data.columns):
        x = left + index * step + (step - width) // 2
        shapes += _bars(column, x, width, foot, most)
    shapes.append(_line(AXIS, left, foot, right, foot))
    labels += _below(data.columns, left, step, foot + ROW)
    return _svg(name, data.title, data.told, foot + ROW + MARGIN, shapes, labels)


def rows_svg(data: Rows, name: str) -> str:
    """The rows as one `<svg>` element; `name` tells its ids from those of others on the page."""
    shapes: list[str] = []
    labels: list[Label] = []
    room = WIDTH - 2 * MARGIN - GAP - max((text_width(row.text) for row in data.rows), default=0)
    most = max((row.value for row in data.rows), default=0) or 1
    y = 0
    for row in data.rows:
        y += ROW
        labels.append(Label(MARGIN, y, row.label))
        length = max(10, room * row.value // most)
        shapes.append(_rectangle(INNER, MARGIN, y + GAP, length, BAR))
        labels.append(Label(MARGIN + length + GAP, y + GAP + BAR - 10, row.text))
        y += GAP + BAR
    return _svg(name, data.title, data.told, y + MARGIN, shapes, labels)


def _legend(names: tuple[str, str], shapes: list[str]) -> Iterator[Label]:
    x = MARGIN
    for style, text in zip((INNER, OUTER), names, strict=True):
        shapes.append(_rectangle(style, x, ROW - SWATCH + 20, SWATCH, SWATCH))
        yield Label(x + SWATCH + GAP, ROW, text)
        x += SWATCH + GAP + text_width(text) + 3 * GAP


def _bars(column: Column, x: int, width: int, foot: int, most: int) -> Iterator[str]:
    for style, value in ((OUTER, column.outer), (INNER, column.inner)):
        if value is not None:
            height = max(10, PLOT * min(value, most) // most)
            yield _rectangle(style, x, foot - height, width, height)


def _below(columns: Sequence[Column], left: int, step: int, y: int) -> Iterator[Label]:
    """The labels under the columns, as many as there is room for, the last one always."""
    free = WIDTH - MARGIN + APART
    for index in reversed(range(len(columns))):
        text = columns[index].label
        x = left + index * step + (step - text_width(text)) // 2
        x = min(x, WIDTH - MARGIN - text_width(text))
        if x >= MARGIN and x + text_width(text) + APART <= free:
            yield Label(x, y, text)
            free = x


def _svg(
    name: str, title: str, told: str, height: int, shapes: Sequence[str], labels: Sequence[Label]
) -> str:
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {pixels(WIDTH)} {pixels(height)}" class="bars"'
            f' role="img" aria-labelledby="{name}-title {name}-desc" font-family="{escape(FONT_FAMILY)}"'
            f' font-size="{pixels(FONT_SIZE)}">',
            f'<title id="{name}-title">{escape(title)}</title>',
            f'<desc id="{name}-desc">{escape(told)}</desc>',
            *shapes,
            '<g class="chart-text" fill="currentColor">',
            *map(str, labels),
            "</g>",
            "</svg>",
        )
    )


def _rectangle(style: str, x: int, y: int, width: int, height: int) -> str:
    places = (pixels(each) for each in (x, y, width, height))
    return '<rect {} x="{}" y="{}" width="{}" height="{}"/>'.format(style, *places)


def _line(style: str, x: int, y: int, to_x: int, to_y: int) -> str:
    return f'<path {style} d="M{pixels(x)} {pixels(y)}L{pixels(to_x)} {pixels(to_y)}"/>'
