"""Strategies in words: how far one is, what was done with it, and what is told when something is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from locales import N_, Say
from profiles.book import STATES, KeptStrategy, State
from profiles.portal_acts import exported_of
from profiles.strategy_words import KINDS, Act, Kind

#: How a state looks in a list.
TONES: Final[Mapping[State, str]] = {
    "proposed": "open",
    "prepared": "open",
    "approved": "",
    "handed_in": "",
    "done": "",
    "rejected": "bad",
    "dropped": "",
}
#: Lists, by what HR has to do with what is on them.
BOXES: Final[Mapping[str, str]] = {
    "open": N_("还没办完的"),
    "proposed": N_("待处理"),
    "prepared": N_("等批准"),
    "under_way": N_("正在办"),
    "over": N_("办完的"),
}
BOX_STATES: Final[Mapping[str, frozenset[State]]] = {
    "proposed": frozenset(("proposed", "rejected")),
    "prepared": frozenset(("prepared",)),
    "under_way": frozenset(("approved", "handed_in")),
    "over": frozenset(("done", "dropped")),
}
#: Kinds that tell of dibao by themselves.
DIBAO_KINDS: Final[frozenset[Kind]] = frozenset(("entitled", "suspended", "ended"))
#: Acts that bring a strategy to its end; the others go along with them.
DECISIVE: Final[frozenset[Act]] = frozenset(
    ("insure", "correct_base", "check_base", "settle_difference", "settle_conflict")
)
#: Acts that a second person approves.
APPROVED: Final[frozenset[Act]] = frozenset(("insure", "correct_base"))
#: What a button for an act says.
BUTTONS: Final[Mapping[Act, str]] = {
    "insure": N_("照常参保"),
    "correct_base": N_("更正基数"),
}
#: How it was handed in.
VIA: Final[Mapping[str, str]] = {
    "connection": N_("经社保系统的接口"),
    "portal": N_("用网上办事大厅的表"),
    "own": N_("自己办的"),
}

#: The state of what went into a file for the portal.
EXPORTED: Final = N_("已导出，等回执")

PREPARED: Final = N_("交给另一个人批准了。批准以后才办。")
APPROVED_ALONE: Final = N_("能看低保的只有你一个人，没有别人能批准：记下是你一个人定的，马上去办。")
APPROVED_TOLD: Final = N_("批准了，马上去办。")
APPROVED_BY_FILE: Final = N_("批准了。这个地方没有接口：导出平台的表去报，导入回执才算办好。")
SENT_BACK: Final = N_("退回去了，可以重新选。")
CHECKED: Final = N_("记下了：核对过，不用改。")
SETTLED: Final = N_("记下了：差额补了。")
DECIDED: Final = N_("核实好了，档案按你选的记。")
REASON_NOTED: Final = N_("记下了。原因不改变该参保这件事，滞纳金还在一天天加。")
EXPLAINED: Final = N_("发到本人的聊天里了。")
EXPLAINED_BEFORE: Final = N_("以前发过了，没有再发。")
EXPLAINED_IN_PERSON: Final = N_("记下了：当面说过了。")
NO_CHAT: Final = N_("没有能发的聊天：当面说，说完点“当面说过了”。")

SAME_PERSON: Final = N_("这是你准备的，要由另一个人批准。")
OVERTAKEN: Final = N_("刚才有人先动了这一条，现在是“{state}”，没有照你的做。看一下再办。")
NO_MONTH: Final = N_("写成 2026-07。")
TOO_LATE: Final = N_("不能晚于 {month}：从那个月起就该这样缴，晚一个月就多欠一个月，滞纳金由单位出。")
TOO_EARLY: Final = N_("不能早于 {month}，再早的月份算不了。")
IN_FUTURE: Final = N_("那个月还没到，不能算补过。")
NOT_CHOSEN: Final = N_("每一条都选一个。")
NO_BASE: Final = N_("没有能用来计算的基数，先在政策库里填上有出处的数，再来更正。")


def state_words(strategy: KeptStrategy) -> str:
    """How far a strategy is, as a source sentence."""
    return STATES[strategy.state] if exported_of(strategy) is None else EXPORTED


def kind_words(strategy: KeptStrategy, say: Say) -> str:
    """What a strategy is about."""
    return say(KINDS[strategy.kind])
