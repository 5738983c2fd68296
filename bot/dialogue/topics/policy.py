"""Policy questions: the article that answers, with its clause and source."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from bot.dialogue.policy import best, no_clause, rendered, tell_article
from bot.dialogue.steps import Part, Question, Step, Tap
from bot.dialogue.talk import Talk
from bot.dialogue.topics.asking import ask, missing

NAME: Final = "policy"
INTENTS: Final = (
    "ask_dibao_standard",
    "ask_dibao_eligibility",
    "ask_dibao_suspended_or_revoked",
    "ask_contribution_base",
    "ask_contribution_rate",
    "ask_late_fee_penalty",
    "ask_arrears_makeup",
    "ask_transfer",
    "ask_pension_benefit",
    "ask_medical_benefit",
    "ask_unemployment_benefit",
    "ask_maternity",
    "ask_housing_fund",
)
EXPIRES: Final = timedelta(days=3)
#: Answers whose figures stand in the files of a place: it is asked for once where it is not known.
OF_A_PLACE: Final[Mapping[str, Question]] = {
    "ask_contribution_base": "region",
    "ask_contribution_rate": "region",
    "ask_dibao_standard": "dibao_region",
}


def step(talk: Talk) -> Step:
    """The answer; first the place, where the answer has figures of one."""
    text, intent = talk.frame.data["text"], talk.frame.data.get("intent")
    article, others = best(talk, text, intent)
    if article is None:
        return no_clause(others, talk)
    place = OF_A_PLACE.get(intent or "")
    if place is not None and _needs(talk, place) and rendered(talk, article, intent).unknown:
        return ask(talk, place)
    dibao = intent is not None and intent.startswith("ask_dibao")
    taps = (Tap(Part("talk.calculate"), "topic=dibao_impact"),) if dibao else ()
    return tell_article(talk, article, taps=taps, others=others)


def _needs(talk: Talk, place: Question) -> bool:
    return "place" not in talk.frame.data and missing(talk, place) is not None
