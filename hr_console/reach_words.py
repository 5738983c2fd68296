"""By which ways an employee can be reached, in words: before HR types, beside an answer, and on the roster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from delivery.pushes import UNFETCHED
from delivery.reach import Reach
from delivery.ways import Way
from hr_console.case_words import moment
from hr_inbox.cases import AnswerReach
from locales import N_, Say

CHANNELS: Final[Mapping[str, str]] = {
    "web": N_("网页聊天"),
    "wecom": N_("企业微信"),
    "wechat": N_("微信公众号"),
    "telegram": N_("Telegram"),
    "sms": N_("短信"),
    "mail": N_("邮件"),
}
#: Where an employee can be told nothing at all.
DEAD_END: Final = N_("找不到能通知到的渠道，打电话或当面说。")
_TOLD: Final = N_("用{channel}告诉本人了")
_OPEN: Final = N_("{channel}：现在发得到。")
_ON_A_PAGE: Final = N_("{channel}：对方打开页面就看得到。")
_UNTIL: Final = N_("{channel}：{until} 前发得到，还有 {rest}，还能发 {left} 条。")
_CLOSED: Final = N_("{channel}：现在发不到，要等对方再写一句。")
_GONE: Final = N_("{channel}：发不到，对方取消了关注、拉黑了或者不在了。")
_INSTEAD: Final = N_("回复会留在对话里，用{channel}告诉本人来看。")
_INSTEAD_LATER: Final = N_("{minutes} 分钟没看，用{channel}告诉本人来看。")
_NOBODY: Final = N_("回复会留在对话里。找不到能通知到的渠道，打电话或当面说。")
_NOBODY_LATER: Final = N_("一直不看的话，找不到能通知到的渠道，打电话或当面说。")
_HOURS: Final = N_("{hours} 小时 {minutes} 分")
_MINUTES: Final = N_("{minutes} 分")


@dataclass(frozen=True, slots=True)
class ReachWords:
    """What HR reads before typing: how the conversation stands, and what happens to an answer that does not arrive.
    `bad`: nothing reaches the employee."""

    now: str
    otherwise: str
    bad: bool


def before_typing(reach: AnswerReach, now: datetime, say: Say) -> ReachWords:
    """How an answer reaches the employee."""
    on_page = reach.channel == "web"
    instead = say(CHANNELS[reach.instead]) if reach.instead else ""
    if reach.open and not on_page:
        return ReachWords(_stands(reach.channel, _of(reach), now, say), "", bad=False)
    minutes = str(int(UNFETCHED.total_seconds()) // 60)
    if instead:
        otherwise = say(_INSTEAD_LATER if on_page else _INSTEAD, minutes=minutes, channel=instead)
    else:
        otherwise = say(_NOBODY_LATER if on_page else _NOBODY)
    return ReachWords(_stands(reach.channel, _of(reach), now, say), otherwise, bad=not (instead or on_page))


def told(how: str, say: Say) -> str:
    """How the employee was told of an answer elsewhere; empty where that was not needed."""
    if how == "nowhere":
        return say(DEAD_END)
    return say(_TOLD, channel=say(CHANNELS[how])) if how else ""


def way_words(way: Way, now: datetime, say: Say) -> str:
    """A way as it stands."""
    return _stands(way.channel, way.reach, now, say)


def _of(reach: AnswerReach) -> Reach:
    # Where the account may only answer inside its callbacks, there is no use in counting what it takes.
    left = reach.left if reach.open else 0
    return Reach(reach.until, left, "gone" if reach.gone else "")


def _stands(channel: str, reach: Reach, now: datetime, say: Say) -> str:
    name = say(CHANNELS.get(channel, channel))
    if reach.gone:
        return say(_GONE, channel=name)
    if not reach.open_at(now):
        return say(_CLOSED, channel=name)
    if reach.until is not None:
        until, rest = moment(reach.until, now, say), _rest(reach.until - now, say)
        return say(_UNTIL, channel=name, until=until, rest=rest, left=str(reach.left))
    return say(_ON_A_PAGE if channel == "web" else _OPEN, channel=name)


def _rest(span: timedelta, say: Say) -> str:
    """How long that is, whole minutes.

    >>> from locales import SOURCE, speak
    >>> _rest(timedelta(hours=3, minutes=20, seconds=5), speak(SOURCE))
    '3 小时 20 分'
    """
    hours, minutes = divmod(int(span.total_seconds()) // 60, 60)
    if hours:
        return say(_HOURS, hours=str(hours), minutes=str(minutes))
    return say(_MINUTES, minutes=str(minutes))
