"""工资变了, 低保变了: what it means, whom to tell, and whether HR is told, which the employee decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot.dialogue.naming import name_of, value_of
from bot.dialogue.policy import quote_rules
from bot.dialogue.steps import Ask, HandOff, Part, Quoted, Step, Tap, Tell
from bot.dialogue.talk import Talk
from bot.dialogue.topics.dibao_impact import result
from bot.private import is_private
from bot.understanding.normalise import normalise
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
    rules = quote_rules(talk, "duty_to_report_changes")
    lead: tuple[Part | Quoted, ...] = (Part("changes.income"), Part("changes.income_two"), *rules.parts)
    if talk.conversation.calculated is not None and talk.known.wage is not None and talk.changes:
        again = result(talk, talk.known, *lead, Part("dibao.changed_result"))
        sources = (*rules.sources, *again.sources)
        return replace(again, sources=sources, evidence=again.evidence | rules.evidence)
    calculate = Tap(Part("talk.calculate"), "topic=dibao_impact")
    return Tell("changes:income", lead, (calculate,), sources=rules.sources, evidence=rules.evidence)


def _status(talk: Talk) -> Step:
    heard = talk.heard
    if talk.known.dibao is None:
        return Ask("dibao_status", "again" if talk.conversation.asks.get("dibao_status") else "")
    if heard.slot == "choice" and heard.value == "tell":
        task = HrTask(
            "dibao_status_change",
            (_words(talk),),
            talk.known.region or "",
            talk.conversation.locale,
            dibao=True,
        )
        return HandOff(task, (Part("hr.sent"),))
    if heard.slot == "choice":
        return Tell("changes:kept", (Part("hr.not_sent"),))
    note = STATUS_NOTES.get(talk.known.dibao)
    means = Part("changes.status_good") if note is None else Quoted(talk.say(note))
    return Ask(
        "choice",
        "tell_hr",
        before=(Part("changes.status_noted"), means),
        sources=(source_json(talk.house.library, "DERIVED-DIBAO"),),
    )


def _words(talk: Talk) -> str:
    """What HR is told: the employee's own words, or the status alone where those hold what stays private."""
    words = talk.frame.data.get("text", "")
    if words and not is_private(normalise(words)):
        return words
    say, divisions = talk.say, talk.house.library.divisions
    return f"{name_of('dibao', say)} {value_of('dibao', talk.known.dibao, divisions, say)}"
