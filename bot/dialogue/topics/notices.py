"""缴费告知书: the one that waits, the one that was answered, and what signing means."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from bot.dialogue.policy import best, no_clause, tell_article
from bot.dialogue.steps import Part, Sign, Step, Tap
from bot.dialogue.talk import Talk

NAME: Final = "notices"
INTENTS: Final = ("ask_how_to_sign_notice",)
EXPIRES: Final = timedelta(days=3)
#: Words of somebody who wants to see a notice, and asks nothing about it.
_TO_SEE: Final = re.compile(
    r"(看|打开|再发|重发|下载|我的|拿).{0,6}(通知|告知书)"
    r"|(通知|告知书).{0,6}(在哪|哪里|哪儿|怎么看|怎么签|怎么打开|打开|再发|重发|发一遍|文件|下载|副本)"
)


def step(talk: Talk) -> Step:
    """Whoever wants to see a notice gets a link to it; a question is answered, and a notice that waits offered beside it."""
    text = talk.frame.data.get("text", "")
    waiting = talk.house.notices.waiting(talk.id)
    if not text or _TO_SEE.search(text):
        if waiting:
            return Sign(waiting[0])
        if answered := talk.house.notices.answered(talk.id):
            return Sign(answered[0], waits=False)
    article, others = best(talk, text, "ask_how_to_sign_notice")
    if article is None:
        return no_clause(others, talk)
    if waiting:
        see = (Tap(Part("notices.see"), "topic=notices"),)
        return tell_article(talk, article, after=(Part("notices.waits"),), taps=see, others=others)
    return tell_article(talk, article, after=(Part("notices.none"),), others=others)
