"""谁能看到什么: see, correct, erase; and the answers on who sees it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot.dialogue.naming import read_back
from bot.dialogue.policy import best, tell_article
from bot.dialogue.reckoning import known_evidence
from bot.dialogue.steps import Ask, Part, Quoted, Step, Tap, Tell
from bot.dialogue.talk import Talk

NAME: Final = "privacy"
INTENTS: Final = ("ask_privacy",)
EXPIRES: Final = timedelta(days=1)
ERASE: Final = re.compile(r"删|清除|清空|忘掉|抹掉|销毁|注销|别留|erase|delete|forget (?:me|every|what)|wipe")
#: Said in so many words, it is a command, wherever the conversation stands.
ERASE_ALL: Final = re.compile(
    r"^(?:把|请|帮我|给我)?(?:我的?)?(?:都|全部?|所有的?|记录|数据|信息|资料|聊天){0,3}(?:都|全)?(?:删掉|删除|删了|清空|清除|抹掉)"
    r"|^(?:delete|erase|wipe) (?:it all|all|everything|my (?:data|records?))"
)
_SHOW: Final = re.compile(
    r"(?:记|存|知道|保存|留|收集|掌握)(?:着|了|过)?(?:我|我的|我家)?的?些?(?:什么|啥|哪些|多少)"
    r"|看看我的|导出|what (?:do|did) you (?:know|store|keep|have)|show me"
)
#: The page on which all of it stands, with who looked at it.
_PAGE: Final = ("me",)
_TAPS: Final = (
    Tap(Part("privacy.tap_show"), "privacy=show"),
    Tap(Part("privacy.tap_erase"), "privacy=erase"),
)


def step(talk: Talk) -> Step:
    """Shows, erases after a confirmation, or answers."""
    text, heard = talk.frame.data.get("text", ""), talk.heard
    if heard.slot == "confirm":
        return Tell("privacy:erased" if heard.value == "yes" else "privacy:not_erased", _ended(heard.value))
    if heard.value == "erase" or (heard.slot != "privacy" and ERASE.search(text)):
        return Ask("confirm", "erase", before=_shown(talk), evidence=known_evidence(talk, talk.known))
    if heard.value == "show" or (heard.slot != "privacy" and _SHOW.search(text)):
        return Tell(
            "privacy:shown",
            (*_shown(talk), Part("privacy.kept_lines"), Part("privacy.correct")),
            _TAPS[1:],
            evidence=known_evidence(talk, talk.known),
            papers=_PAGE,
        )
    article, others = best(talk, text, "ask_privacy") if text else (None, [])
    if article is None:
        return Tell("privacy:six", (Part("privacy.six"),), _TAPS, papers=_PAGE)
    return replace(tell_article(talk, article, taps=_TAPS, others=others), papers=_PAGE)


def _ended(answer: str) -> tuple[Part, ...]:
    return (Part("privacy.erased" if answer == "yes" else "privacy.not_erased"),)


def _shown(talk: Talk) -> tuple[Part | Quoted, ...]:
    facts = list(read_back(talk.known, talk.house.library.divisions, talk.say))
    if not facts:
        return (Part("privacy.nothing_kept"),)
    return (
        Part("privacy.kept"),
        *(Part("dibao.fact", {"what": what, "value": value}) for what, value in facts),
    )
