"""Words of the pages of declarations: what a system said, and what failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from locales import N_
from profiles.declarations import Outcome, Step

#: Codes of ours in receipts, and what they say; what is not here stands as it came.
REASONS: Final[Mapping[str, str]] = {
    "name": N_("姓名和经办系统里的对不上"),
    "unknown_person": N_("系统里没有这个人"),
    "no_person": N_("系统认不出是谁"),
}
STEPS: Final[Mapping[Step, str]] = {
    "declare": N_("向社保经办申报"),
    "deduct": N_("让工资系统代扣个人部分"),
    "confirm": N_("查经办确认的金额"),
}
#: How an outcome is marked.
TONES: Final[Mapping[Outcome, str]] = {
    "drafted": "",
    "pending": "open",
    "accepted": "",
    "rejected": "bad",
    "withdrawn": "",
}
DEDUCTED: Final[Mapping[str, str]] = {
    "accepted": N_("工资系统收下了"),
    "pending": N_("等工资系统"),
    "rejected": N_("工资系统退回"),
}
