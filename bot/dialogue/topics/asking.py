"""What the calculator needs to know, and the questions for it: only what is missing is asked."""

from __future__ import annotations

from bot.dialogue.known import field_of
from bot.dialogue.steps import Ask, Part, Question, Quoted, Tap
from bot.dialogue.talk import Talk
from bot.guard import Evidence
from bot.understanding.facts import Unsure
from calculator.money import format_yuan

#: A question is put twice; the third time would be pestering.
MOST_ASKS = 2


def missing(talk: Talk, *questions: Question) -> Question | None:
    """The first of these questions whose fact is neither known nor waived."""
    known = talk.known
    for question in questions:
        if question == "dibao_region" and known.same_region:
            continue
        if question not in known.waived and getattr(known, field_of(question)) is None:
            return question
    return None


def ask(talk: Talk, question: Question, *before: Part | Quoted) -> Ask:
    """The question; in other words where the answer was not understood, and about the very thing that is unclear."""
    unsure = next((each for each in talk.heard.facts.unsure if each.field == field_of(question)), None)
    if unsure is not None and unsure.why == "ambiguous_region":
        return _which(talk, question, unsure, before)
    data = talk.frame.data
    if question == "other_income" and "range" in data:
        return Ask("other_income", "range", before=before)
    variant = "again" if data.get("missed") == question else ""
    figures, evidence = {}, Evidence.of()
    wage = talk.known.wage
    if question == "gross_or_net" and wage is not None:
        figures = {"wage": format_yuan(wage)}
        evidence = Evidence.of(format_yuan(wage))
    if question == "standard_monthly":
        place = talk.known.dibao_region or talk.known.region or "000000"
        figures = {"place": talk.house.library.divisions.full_name(place)}
    return Ask(question, variant, figures, before, evidence=evidence)


def _which(talk: Talk, question: Question, unsure: Unsure, before: tuple[Part | Quoted, ...]) -> Ask:
    """Which of several places of one name."""
    divisions = talk.house.library.divisions
    taps = tuple(Tap(Quoted(divisions.full_name(code)), f"{question}={code}") for code in unsure.choices)
    return Ask(question, "which", {}, before, taps)
