"""The dashboard's numbers in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.wording import templates
from calculator.money import Fen, format_yuan
from hr_console.dashboard_panels import Sum, UninsuredDibaoPanel
from hr_inbox.unanswered import Why
from locales import N_, Say
from people.small_groups import LEAST

_FEW: Final = N_("少于 {least} 人，或一减就知道，不显示")
_FEW_ANSWERS: Final = N_("回答的少于 {least} 人，不显示")
WHY: Final[Mapping[Why, str]] = {
    "no_clause": N_("政策库里没有"),
    "withheld": N_("答案里有没出处的数，没有发"),
    "not_understood": N_("没听懂"),
}
_UNCLEAR: Final = N_("听不出是哪一类")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
#: Heights at which a line is drawn across the columns of a chart.
_STEPS: Final = (
    *(10 * _MINUTE, 30 * _MINUTE, _HOUR, 2 * _HOUR, 4 * _HOUR, 8 * _HOUR, 12 * _HOUR),
    *(_DAY * days for days in (1, 2, 5, 10, 20, 50, 100, 200)),
)
_LINES: Final = 4


def hidden(say: Say) -> str:
    """What stands where a number would tell too much."""
    return say(_FEW, least=str(LEAST))


def few_answers(say: Say) -> str:
    """What stands where too few have answered."""
    return say(_FEW_ANSWERS, least=str(LEAST))


def topic(label: str, say: Say) -> str:
    """What a question was about, as the chat names it."""
    template = templates().get(f"offer.{label}")
    return say(_UNCLEAR if template is None else template.text)


def duration(seconds: int | None, say: Say) -> str:
    """A wait in its two largest units; a dash where there is none."""
    if seconds is None:
        return "—"
    if seconds < _HOUR:
        return say(N_("{minutes} 分钟"), minutes=str(-(-seconds // _MINUTE)))
    if seconds < 2 * _DAY:
        hours, rest = divmod(seconds, _HOUR)
        return say(N_("{hours} 小时 {minutes} 分"), hours=str(hours), minutes=str(rest // _MINUTE))
    days, rest = divmod(seconds, _DAY)
    return say(N_("{days} 天 {hours} 小时"), days=str(days), hours=str(rest // _HOUR))


def ticks(most: int, say: Say) -> list[tuple[int, str]]:
    """Round heights from nothing to beyond the longest wait, each with its words."""
    step = next((each for each in _STEPS if each * _LINES >= most), -(-most // _LINES))
    lines = max(1, -(-most // step))
    return [(step * line, _round(step * line, say)) for line in range(lines + 1)]


def _round(seconds: int, say: Say) -> str:
    if seconds == 0:
        return "0"
    if seconds % _DAY == 0:
        return say(N_("{count} 天"), count=str(seconds // _DAY))
    if seconds % _HOUR == 0:
        return say(N_("{count} 小时"), count=str(seconds // _HOUR))
    return say(N_("{count} 分钟"), count=str(seconds // _MINUTE))


def money(amount: Fen | None, say: Say) -> str:
    """An amount in yuan to the fen, or that it is not known."""
    return say(N_("算不出")) if amount is None else format_yuan(amount)


def rounded(panel: UninsuredDibaoPanel, say: Say) -> str:
    """What the uninsured who draw dibao have cost so far: to the fen for the dibao officer, else in ten thousands."""
    if panel.sum is None:
        return hidden(say)
    if panel.exact:
        return say(N_("{yuan} 元"), yuan=format_yuan(panel.sum.amount))
    if panel.sum.amount == 0:
        return say(N_("不到 1 万元"))
    return say(N_("约 {count} 万元"), count=str(panel.sum.amount // 1_000_000))


def left_out(whole: Sum, say: Say) -> tuple[str, ...]:
    """What a sum does not hold, a sentence each."""
    notes = []
    if whole.unknown:
        notes.append(
            say(N_("有 {count} 人的工资或月份没有记录，算不出，没有加在里面。"), count=str(whole.unknown))
        )
    if whole.incomplete:
        notes.append(say(N_("有 {count} 人缺几个月或几个险种的数，实际更多。"), count=str(whole.incomplete)))
    if whole.assumed:
        notes.append(
            say(N_("有 {count} 人没有工资记录的月份，按花名册上的工资算。"), count=str(whole.assumed))
        )
    return tuple(notes)
