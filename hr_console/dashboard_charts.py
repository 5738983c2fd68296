"""The dashboard's drawings: how long the weeks' cases waited, what the library lacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from markupsafe import Markup

from documents.bars import Column, Columns, Row, Rows, Tick, columns_svg, rows_svg
from hr_console.dashboard_panels import GapsPanel
from hr_console.dashboard_words import duration, ticks, topic
from hr_inbox.waiting import Spread, WaitingTimes, Waits
from locales import N_, Say

#: So many topics are drawn; the list has them all.
MOST_TOPICS: Final = 8


def answer_chart(times: WaitingTimes, say: Say) -> Markup | None:
    """How long until the first answer, by week; None where nothing was answered."""
    return _chart("answer", say(N_("到第一次回复，每周")), times, lambda waits: waits.answer, say)


def closing_chart(times: WaitingTimes, say: Say) -> Markup | None:
    """How long until the end, by week; None where nothing was closed."""
    return _chart("closing", say(N_("到办结，每周")), times, lambda waits: waits.closing, say)


def gaps_chart(gaps: GapsPanel, say: Say) -> Markup | None:
    """What questions without an answer were about; None where there are none."""
    topics = gaps.topics[:MOST_TOPICS]
    if not topics:
        return None
    rows = [Row(topic(label, say), count, str(count)) for label, count in topics]
    told = say(N_("，")).join(f"{row.label} {row.text}" for row in rows)
    # What the rows say is all words, which Label escapes.
    return Markup(rows_svg(Rows(say(N_("答不上来的问题，按类别")), told, rows), "gaps"))


def _chart(
    name: str, title: str, times: WaitingTimes, part: Callable[[Waits], Spread], say: Say
) -> Markup | None:
    weeks = [(monday, part(waits)) for monday, waits in times.weeks.items()]
    most = max((spread.ninetieth or 0 for _, spread in weeks), default=0)
    whole = part(times.whole)
    if whole.median is None:
        return None
    told = say(
        N_("这段时间里，一半的事在 {median} 内，十件里九件在 {ninetieth} 内。"),
        median=duration(whole.median, say),
        ninetieth=duration(whole.ninetieth, say),
    )
    columns = [Column(f"{monday:%m-%d}", spread.median, spread.ninetieth) for monday, spread in weeks]
    names = (say(N_("一半的事在这之内")), say(N_("十件里九件")))
    heights = [Tick(value, text) for value, text in ticks(most or 1, say)]
    return Markup(columns_svg(Columns(title, told, names, columns, heights), name))
