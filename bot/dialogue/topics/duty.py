"""必须交吗, 不想交, 写保证: the fear first, then the law, then the offer to reckon. No waiver is ever offered."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from bot.dialogue.policy import best, no_clause, tell_article
from bot.dialogue.steps import Part, Step, Tap
from bot.dialogue.talk import Talk

NAME: Final = "duty"
INTENTS: Final = ("ask_is_it_mandatory", "refuse_contribution", "ask_waiver_validity")
EXPIRES: Final = timedelta(days=3)
#: What is looked up where somebody taps the topic without a question of their own.
QUESTION: Final = "社保必须交吗"


def step(talk: Talk) -> Step:
    """The answer to a refusal is never a form: it is the fear taken seriously, the law, and the household's figures."""
    intent = talk.frame.data.get("intent", "ask_is_it_mandatory")
    article, others = best(talk, talk.frame.data.get("text") or QUESTION, intent)
    if article is None:
        return no_clause(others, talk)
    calculate = Tap(Part("talk.calculate"), "topic=dibao_impact")
    asks_calmly = intent == "ask_is_it_mandatory"
    return tell_article(
        talk,
        article,
        before=() if asks_calmly else (Part("duty.fear"),),
        after=(Part("duty.way"),),
        taps=(calculate,),
        others=others,
    )
