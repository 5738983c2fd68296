"""工资变了, 低保变了: what it means, whom to tell, and whether HR is told, which the employee decides."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from bot.dialogue.steps import Ask, HandOff, Part, Quoted, Step, Tap, Tell
from bot.dialogue.talk import Talk
from bot.dialogue.topics.dibao_impact import result
from bot.guard import Evidence
from hr_inbox.task import HrTask
from policy_kb.answer import source_json
from policy_kb.telling import STATUS_NOTES

NAME: Final = "changes"
INTENTS: Final = ("report_income_change", "report_dibao_status_change")
EXPIRES: Final = timedelta(days=1)


def step(talk: Talk) -> Step:
    """A changed income is reckoned anew; a changed status stays here until the employee says otherwise."""
    if talk.frame.data.get("intent") == "report_dibao_status_change":
        return _status(talk)
    law = talk.law()
    told = tuple(filter(None, (law.told("duty_to_report_changes"),)))
    texts = tuple(Quoted(each.text) for each in told)
    lead: tuple[Part | Quoted, ...] = (Part("changes.income"), Part("changes.income_two"), *texts)
    sources = tuple(source for each in told for source in each.sources)
    founded = Evidence.of(*(each.text for each in told))
    if talk.conversation.calculated is not None and talk.known.wage is not None and talk.changes:
        again = result(talk, talk.known, *lead, Part("dibao.changed_result"))
        return Tell(
            again.name,
            again.parts,
            again.taps,
            again.papers,
            (*sources, *again.sources),
            again.evidence | founded,
            again.result_of,
        )
    calculate = Tap(Part("talk.calculate"), "topic=dibao_impact")
    return Tell("changes:income", lead, (calculate,), sources=sources, evidence=founded)


def _status(talk: Talk) -> Step:
    heard = talk.heard
    if talk.known.dibao is None:
        return Ask("dibao_status", "again" if talk.conversation.asks.get("dibao_status") else "")
    if heard.slot == "choice" and heard.value == "tell":
        words = talk.frame.data.get("text", "")
        task = HrTask("dibao_status_change", (words,), talk.known.region or "", talk.conversation.locale)
        return HandOff(task, (Part("hr.sent"),))
    if heard.slot == "choice":
        return Tell("changes:kept", (Part("hr.not_sent"),))
    before: tuple[Part | Quoted, ...] = (Part("changes.status_noted"),)
    if talk.known.dibao not in ("suspended", "ended"):
        before = (*before, Part("changes.status_good"))
        return Ask("choice", "tell_hr", before=before)
    text = talk.say(STATUS_NOTES[talk.known.dibao])
    return Ask(
        "choice",
        "tell_hr",
        {},
        (*before, Quoted(text)),
        sources=(source_json(talk.house.library, "DERIVED-DIBAO"),),
        evidence=Evidence.of(text),
    )
