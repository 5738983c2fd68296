"""The household's money over the wage, as a drawing in SVG text: small enough for a phone, true on paper.

All lengths are whole tenths of a pixel, so equal data give equal text. Words stand in rows of their own above and
below the plot, never inside it, so that no label can cover another or a curve.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Final, NamedTuple
from unicodedata import east_asian_width

from calculator.money import Fen, format_yuan
from locales import Say, as_written

WIDTH: Final = 3600
MARGIN: Final = 60
#: The last tick's label may reach this far beyond the plot.
RIGHT: Final = 200
FONT_SIZE: Final = 120
ROW: Final = 170
PLOT_HEIGHT: Final = 1600
SWATCH: Final = 240
GAP: Final = 50
TICKS: Final = 5
#: A fall of the money by less than this (10 yuan) is rounding, not a cliff.
CLIFF: Final[Fen] = 1_000

FONT_FAMILY: Final = "Noto Sans CJK SC, PingFang SC, Microsoft YaHei, sans-serif"
# Blue, vermilion and green of Okabe and Ito: told apart by colour-blind eyes, readable on white and on dark; the
# dashes say the same where there is no colour. Attributes and classes only: a page may restyle the classes, and no
# inline style meets its content security policy.
INSURED: Final = 'class="chart-insured" fill="none" stroke="#0072b2" stroke-width="3.5"'
UNINSURED: Final = (
    'class="chart-uninsured" fill="none" stroke="#d55e00" stroke-width="2" stroke-dasharray="7 4"'
)
BENEFIT: Final = 'class="chart-benefit" fill="#009e73" fill-opacity="0.35"'
LIMIT: Final = (
    'class="chart-limit" fill="none" stroke="currentColor" stroke-width="1.5" stroke-dasharray="1.5 3"'
)
EDGE: Final = (
    'class="chart-edge" fill="none" stroke="currentColor" stroke-width="1.2" stroke-dasharray="8 3 2 3"'
)
FALL: Final = 'class="chart-cliff" fill="none" stroke="#d55e00" stroke-width="3"'
DOT: Final = 'class="chart-dot" fill="#0072b2" stroke="currentColor" stroke-width="1.2"'
THIN: Final = 'class="chart-here" fill="none" stroke="currentColor" stroke-width="0.8"'
GRID: Final = 'class="chart-grid" fill="none" stroke="currentColor" stroke-opacity="0.2" stroke-width="0.8"'
AXIS: Final = 'class="chart-axis" fill="none" stroke="currentColor" stroke-width="1"'


@dataclass(frozen=True, slots=True)
class ChartData:
    """What the chart shows; amounts in fen a month.

    `insured` and `uninsured` are the household's money at each of `wages` (take-home of all, other income, dibao);
    `benefit` is the dibao within `insured`. `limit` is line × people. `here` is one of `wages`. Where the money falls
    in one step, `wages` should hold the last fen before the fall and the first after it.
    """

    wages: tuple[Fen, ...]
    insured: tuple[Fen, ...]
    uninsured: tuple[Fen, ...]
    benefit: tuple[Fen, ...]
    here: Fen
    limit: Fen | None = None
    break_even: Fen | None = None
    say: Say = as_written

    def __post_init__(self) -> None:
        if len({len(self.wages), len(self.insured), len(self.uninsured), len(self.benefit)}) != 1:
            raise ValueError("wages, insured, uninsured and benefit must be equally long")
        if len(self.wages) < 2 or any(left >= right for left, right in pairwise(self.wages)):
            raise ValueError("wages must be two or more and rise")
        if self.here not in self.wages:
            raise ValueError("here must be one of the wages")

    @property
    def edge(self) -> Fen | None:
        """The break-even wage, where the chart reaches it."""
        wage = self.break_even
        return wage if wage is not None and self.wages[0] <= wage <= self.wages[-1] else None

    @property
    def cliff(self) -> int | None:
        """The wage (its index) after which dibao ends and the money falls with it."""
        for index, (before, after) in enumerate(pairwise(self.benefit)):
            if before > 0 and after == 0 and self.fall(index) >= CLIFF:
                return index
        return None

    def fall(self, index: int) -> Fen:
        """How much less the insured household has at the next wage."""
        return self.insured[index] - self.insured[index + 1]


class Label(NamedTuple):
    """A text, and where it starts on its baseline."""

    x: int
    y: int
    text: str

    def __str__(self) -> str:
        return f'<text x="{pixels(self.x)}" y="{pixels(self.y)}">{escape(self.text)}</text>'


class Scale(NamedTuple):
    """From fen to tenths of a pixel along one axis."""

    low: Fen
    high: Fen
    start: int
    end: int
    ticks: tuple[Fen, ...]

    def place(self, fen: Fen) -> int:
        """Where an amount lies."""
        return self.start + (self.end - self.start) * (fen - self.low) // (self.high - self.low)


class Frame(NamedTuple):
    """Where everything lies: both axes, the rows of words, the height of it all."""

    x: Scale
    y: Scale
    labels: tuple[Label, ...]
    swatches: tuple[str, ...]
    height: int


def chart_svg(data: ChartData, *, font_family: str = FONT_FAMILY) -> str:
    """The chart as one `<svg>` element whose title and description give the key figures in words."""
    frame = _frame(data)
    title, told = escape(_title(data)), escape(description(data))
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {pixels(WIDTH)} {pixels(frame.height)}" class="chart"'
            f' role="img" aria-labelledby="chart-title chart-desc" font-family="{escape(font_family)}"'
            # The variable font's own default is its thinnest weight; browsers do not know this attribute.
            f' font-size="{pixels(FONT_SIZE)}" font-variation-settings="\'wght\' 400">',
            f'<title id="chart-title">{title}</title>',
            f'<desc id="chart-desc">{told}</desc>',
            *_plot(data, frame.x, frame.y),
            *frame.swatches,
            '<g class="chart-text" fill="currentColor">',
            *map(str, frame.labels),
            "</g>",
            "</svg>",
        )
    )


def chart_labels(data: ChartData) -> tuple[Label, ...]:
    """Every text that the chart shows, where it stands."""
    return _frame(data).labels


def description(data: ChartData) -> str:
    """The chart in sentences."""
    return " ".join((_now_told(data), _limit_told(data), *_edge_notes(data)))


def _now_told(data: ChartData) -> str:
    at = data.wages.index(data.here)
    wage, insured, uninsured = map(format_yuan, (data.here, data.insured[at], data.uninsured[at]))
    if data.limit is None:  # the benefit is not nothing, it is not known
        return data.say(
            "工资 {wage} 元时，不算低保：交社保，全家每月 {insured} 元；不交，全家每月 {uninsured} 元。",
            wage=wage,
            insured=insured,
            uninsured=uninsured,
        )
    return data.say(
        "工资 {wage} 元时：交社保，全家每月 {insured} 元，其中低保 {benefit} 元；不交，全家每月 {uninsured} 元。",
        wage=wage,
        insured=insured,
        benefit=format_yuan(data.benefit[at]),
        uninsured=uninsured,
    )


def text_width(text: str) -> int:
    """How long a text is at the chart's size, on the generous side.

    >>> text_width("低保 4")
    337
    """
    return sum(map(_advance, text)) * FONT_SIZE // 1000


def _advance(character: str) -> int:
    """Thousandths of the font size."""
    if east_asian_width(character) in "WFA":
        return 1000
    if character in "mwMW%@":
        return 950
    return 700 if character.isupper() else 224 if character == " " else 590


def _title(data: ChartData) -> str:
    return data.say("全家每月的钱（元）")


def _limit_told(data: ChartData) -> str:
    if data.limit is None:
        return data.say("低保线还不知道，图上没有画。")
    return data.say("低保线乘人数是 {limit} 元。", limit=format_yuan(data.limit))


def _edge_notes(data: ChartData) -> Iterator[str]:
    if data.edge is not None and (data.cliff is None or data.wages[data.cliff] != data.edge):
        yield data.say("工资到 {wage} 元为止，不超低保线。", wage=format_yuan(data.edge))
    if data.cliff is not None:
        yield data.say(
            "工资一过 {wage} 元，低保停，全家一下少 {fall} 元。",
            wage=format_yuan(data.wages[data.cliff]),
            fall=format_yuan(data.fall(data.cliff)),
        )


def _here_note(data: ChartData) -> str:
    return "● " + data.say(
        "现在：工资 {wage} 元，交社保，全家 {money} 元",
        wage=format_yuan(data.here),
        money=format_yuan(data.insured[data.wages.index(data.here)]),
    )


def _frame(data: ChartData) -> Frame:
    """Rows from top to bottom: title, legend, notes on the edge, plot, ticks, "you are here", name of the axis."""
    money = _money_ticks(data)
    left = MARGIN + max(text_width(_yuan(tick)) for tick in money) + GAP
    wages = _wage_ticks(data, WIDTH - RIGHT - left)
    legend, swatches, row = _legend(data, first_row=2)
    edge_lines = [line for note in _edge_notes(data) for line in _lines(note, WIDTH - 2 * MARGIN)]
    top = (row + len(edge_lines)) * ROW + GAP + FONT_SIZE // 2
    x = Scale(data.wages[0], data.wages[-1], left, WIDTH - RIGHT, wages)
    y = Scale(money[0], money[-1], top + PLOT_HEIGHT, top, money)
    here_lines = _lines(_here_note(data), WIDTH - 2 * MARGIN)
    below = y.start + ROW
    name = data.say("税前月工资（元）")
    height = below + (len(here_lines) + 1) * ROW + MARGIN
    edge_x = x.place(data.edge if data.edge is not None else data.wages[data.cliff or 0])
    labels = (
        Label(MARGIN, ROW, _title(data)),
        *legend,
        *_centred(edge_lines, edge_x, (row + 1) * ROW),
        *(Label(left - GAP - text_width(_yuan(t)), y.place(t) + FONT_SIZE // 3, _yuan(t)) for t in money),
        *(_centred_label(_yuan(t), x.place(t), below) for t in wages),
        *_centred(here_lines, x.place(data.here), below + ROW),
        Label(WIDTH - MARGIN - text_width(name), height - MARGIN, name),
    )
    return Frame(x, y, labels, swatches, height)


def _legend(data: ChartData, first_row: int) -> tuple[list[Label], tuple[str, ...], int]:
    """The labels, their swatches, and the last row they fill."""
    labels: list[Label] = []
    swatches: list[str] = []
    x, row = MARGIN, first_row
    for style, text in _legend_items(data):
        length = SWATCH + GAP + text_width(text)
        if x > MARGIN and x + length > WIDTH - MARGIN:
            x, row = MARGIN, row + 1
        swatches.append(_swatch(style, x, row * ROW - FONT_SIZE // 3))
        labels.append(Label(x + SWATCH + GAP, row * ROW, text))
        x += length + 2 * GAP
    return labels, tuple(swatches), row


def _legend_items(data: ChartData) -> Iterator[tuple[str, str]]:
    yield INSURED, data.say("交社保")
    yield UNINSURED, data.say("不交社保")
    if any(data.benefit):
        yield BENEFIT, data.say("其中低保")
    if data.limit is not None:
        yield LIMIT, data.say("低保线×人数 {limit}", limit=format_yuan(data.limit))


def _swatch(style: str, x: int, y: int) -> str:
    if style == BENEFIT:
        return f'<rect {style} x="{pixels(x)}" y="{pixels(y - 50)}" width="{pixels(SWATCH)}" height="10"/>'
    return _path(style, [(x, y), (x + SWATCH, y)])


def _plot(data: ChartData, x: Scale, y: Scale) -> Iterator[str]:
    for tick in y.ticks:
        yield _path(GRID, [(x.start, y.place(tick)), (x.end, y.place(tick))])
    insured = [(x.place(wage), y.place(money)) for wage, money in zip(data.wages, data.insured, strict=True)]
    uninsured = [
        (x.place(wage), y.place(money)) for wage, money in zip(data.wages, data.uninsured, strict=True)
    ]
    if any(data.benefit):
        own = [
            (x.place(wage), y.place(max(money - benefit, y.low)))
            for wage, money, benefit in zip(data.wages, data.insured, data.benefit, strict=True)
        ]
        yield _path(BENEFIT, [*insured, *reversed(own)])
    yield _path(AXIS, [(x.start, y.end), (x.start, y.start), (x.end, y.start)])
    for tick in x.ticks:
        yield _path(AXIS, [(x.place(tick), y.start), (x.place(tick), y.start + 40)])
    if data.limit is not None:
        yield _path(LIMIT, [(x.start, y.place(data.limit)), (x.end, y.place(data.limit))])
    if data.edge is not None:
        yield _path(EDGE, [(x.place(data.edge), y.end - FONT_SIZE // 2), (x.place(data.edge), y.start)])
    # The dashes lie on the solid line: where both coincide, both are seen.
    yield _path(INSURED, insured)
    yield _path(UNINSURED, uninsured)
    if data.cliff is not None:
        yield _arrow_down(insured[data.cliff], insured[data.cliff + 1])
    here = insured[data.wages.index(data.here)]
    yield _path(THIN, [here, (here[0], y.start)])
    yield f'<circle {DOT} cx="{pixels(here[0])}" cy="{pixels(here[1])}" r="5"/>'


def _arrow_down(before: tuple[int, int], after: tuple[int, int]) -> str:
    x, foot = after
    return _path(FALL, [(x, before[1]), after]) + _path(
        FALL, [(x - 45, foot - 55), after, (x + 45, foot - 55)]
    )


def _path(style: str, points: Sequence[tuple[int, int]]) -> str:
    return f'<path {style} d="M{"L".join(f"{pixels(x)} {pixels(y)}" for x, y in points)}"/>'


def _money_ticks(data: ChartData) -> tuple[Fen, ...]:
    """Round amounts that enclose every figure shown, from zero where nothing is below it."""
    shown = (*data.insured, *data.uninsured, data.limit or 0)
    low, high = min(0, *shown), max(100, *shown)
    step = _round_step((high - low) // TICKS)
    return tuple(range(low // step * step, -(-high // step) * step + step, step))


def _wage_ticks(data: ChartData, length: int) -> tuple[Fen, ...]:
    """Round wages within the chart, as many as their labels leave room for."""
    low, high = data.wages[0], data.wages[-1]
    fitting = length // (text_width(_yuan(high)) + 2 * GAP)
    step = _round_step((high - low) // min(TICKS, fitting))
    return tuple(range(-(-low // step) * step, high + 1, step))


def _round_step(least: Fen) -> Fen:
    """The next 1, 2 or 5 with zeros, whole yuan.

    >>> _round_step(130_000)
    200000
    """
    step = 100
    while True:
        for factor in (1, 2, 5):
            if factor * step >= least:
                return factor * step
        step *= 10


def _lines(text: str, width: int) -> list[str]:
    """The text broken into lines that fit; a figure stays whole, and no line begins with a mark."""
    lines = [""]
    for piece in re.findall(r"(?:[!-~]+|.)[，。；：、） ]*", text):
        if lines[-1] and text_width(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines]


def _centred(lines: Iterable[str], x: int, y: int) -> Iterator[Label]:
    return (_centred_label(line, x, y + row * ROW) for row, line in enumerate(lines))


def _centred_label(text: str, x: int, y: int) -> Label:
    """Centred at x as far as the drawing's sides allow."""
    length = text_width(text)
    return Label(max(MARGIN, min(x - length // 2, WIDTH - MARGIN - length)), y, text)


def _yuan(fen: Fen) -> str:
    return str(fen // 100)


def pixels(tenths: int) -> str:
    """Pixels in decimals.

    >>> pixels(1205)
    '120.5'
    """
    sign, size = "-" if tenths < 0 else "", abs(tenths)
    return f"{sign}{size // 10}.{size % 10}" if size % 10 else f"{sign}{size // 10}"
