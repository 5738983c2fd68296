"""工资变了, 家里添了人, 低保变了: what it means, whom to tell, whether it goes into the own file, and whether HR is told. The
employee decides both."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Final

from audit import events
from bot.dialogue.acts import Agree, Decline, Report
from bot.dialogue.naming import name_of, value_of
from bot.dialogue.policy import quote_rules
from bot.dialogue.steps import Ask, HandOff, Part, Quoted, Step, Tap, Tell
from bot.dialogue.talk import Talk
from bot.dialogue.topics.asking import ask
from bot.dialogue.topics.dibao_impact import result
from bot.guard import Evidence
from bot.mine import OwnFile
from bot.own_words import line
from bot.private import is_private
from bot.understanding.normalise import normalise
from calculator.money import format_yuan
from hr_inbox.task import HrTask
from policy_kb.answer import source_json
from policy_kb.telling import STATUS_NOTES
from profiles.changes import HOUSEHOLD, Change, Field, Value
from profiles.ground import month_of
from profiles.lawful import lawful_base
from profiles.own_month import own_month

NAME: Final = "changes"
INTENTS: Final = ("report_income_change", "report_dibao_status_change")
EXPIRES: Final = timedelta(days=1)
#: What can be reported by its button.
REPORTED: Final = ("wage", "household_size", "dibao")
_HR: Final = Tap(Part("talk.hr"), "topic=hr")
_CALCULATE: Final = Tap(Part("talk.calculate"), "topic=dibao_impact")
_PEOPLE: Final = re.compile(
    r"(?:家里?|屋里|本上)[^。?!]{0,4}(?:多|添|填|加|少|走|减)了?(?:[一两俩二三1-3]?(?:个|口|位))(?:人|娃|孩子|小孩)"
    r"|(?:我家|我们家|家里?)[^。?!]{0,4}(?:生了|添了)(?:[一两俩二]?个?)(?:娃|孩子|小孩|儿子|女儿|宝宝|丁)"
    r"|(?:我家|家里)?(?:老人|爷爷|奶奶|外公|外婆|爸|妈|父亲|母亲)(?:去世|过世)了?"
)


def wish_of(text: str) -> str:
    """`people` where a message tells that the household has more or fewer members; else nothing.

    >>> wish_of("家里多了一口人"), wish_of("我家填了个娃"), wish_of("家里几口人")
    ('people', 'people', '')
    """
    return "people" if _PEOPLE.search(text) else ""


def step(talk: Talk) -> Step:
    """What changed is reckoned anew; it stays here until the employee says otherwise."""
    data = talk.frame.data
    anew = talk.heard.intent in INTENTS and not wish_of(talk.heard.text)
    if data.get("report") in REPORTED and not anew and (file := talk.own_file) is not None:
        return _report(talk, file, data["report"])
    if data.get("what") == "people" and not anew:
        return _people(talk)
    if data.get("intent") == "report_dibao_status_change":
        return _status(talk)
    return _income(talk)


def _income(talk: Talk) -> Step:
    rules = quote_rules(talk, "duty_to_report_changes")
    means, sources = _contributions(talk)
    lead: tuple[Part | Quoted, ...] = (
        Part("changes.income"),
        Part("changes.income_two"),
        *means,
        *rules.parts,
    )
    evidence = rules.evidence | Evidence.of(*(each for part in means for each in part.figures.values()))
    own = () if talk.heard.facts.wage is None else _offer(talk, "wage")
    if talk.conversation.calculated is not None and talk.known.wage is not None and talk.changes:
        again = result(talk, talk.known, *lead, Part("dibao.changed_result"))
        sources = (*rules.sources, *sources, *again.sources)
        return replace(again, sources=sources, evidence=again.evidence | evidence, taps=(*own, *again.taps))
    taps = (*own, _CALCULATE)
    return Tell("changes:income", lead, taps, sources=(*rules.sources, *sources), evidence=evidence)


def _contributions(talk: Talk) -> tuple[tuple[Part, ...], tuple[dict[str, object], ...]]:
    """Of whoever has bound: what both sides would pay on the new wage, beside what they pay now, with the sources."""
    file, wage = talk.own_file, talk.heard.facts.wage
    if file is None or wage is None or talk.known.wage_is_net or file.profile.region is None:
        return (), ()
    now = own_month(file.profile, file.ground, month_of(talk.on), talk.on)
    injury, library = file.ground.injury_class, talk.house.library
    new = lawful_base(library, wage, file.profile.region, talk.on, talk.on, injury)
    if now is None or not now.insured or not new.complete:
        return (), ()
    figures = {
        "wage": format_yuan(wage),
        "old_employee": format_yuan(now.employee),
        "employee": format_yuan(new.employee),
        "old_employer": format_yuan(now.employer),
        "employer": format_yuan(new.employer),
    }
    keys = dict.fromkeys(each.terms.source for each in new.lines if each.terms.source)
    return (Part("changes.contributions", figures),), tuple(source_json(library, key) for key in keys)


def _people(talk: Talk) -> Step:
    """How many stand on the book now: only those count."""
    if talk.known.household_size is None and "household_size" not in talk.known.waived:
        return ask(talk, "household_size", Part("changes.people"))
    rules = quote_rules(talk, "duty_to_report_changes")
    own = _offer(talk, "household_size")
    lead: tuple[Part | Quoted, ...] = (Part("changes.people_means"), *rules.parts)
    if talk.conversation.calculated is not None and talk.known.household_size is not None:
        again = result(talk, talk.known, *lead, Part("dibao.changed_result"))
        return replace(
            again,
            sources=(*rules.sources, *again.sources),
            evidence=again.evidence | rules.evidence,
            taps=(*own, *again.taps),
        )
    return Tell("changes:people", lead, (*own, _CALCULATE), sources=rules.sources, evidence=rules.evidence)


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
        return Tell("changes:kept", (Part("hr.not_sent"),), _offer(talk, "dibao"))
    note = STATUS_NOTES.get(talk.known.dibao)
    means = Part("changes.status_good") if note is None else Quoted(talk.say(note))
    return Ask(
        "choice",
        "tell_hr",
        before=(Part("changes.status_noted"), means),
        sources=(source_json(talk.house.library, "DERIVED-DIBAO"),),
        more=_offer(talk, "dibao"),
    )


def _words(talk: Talk) -> str:
    """What HR is told: the employee's own words, or the status alone where those hold what stays private."""
    words = talk.frame.data.get("text", "")
    if words and not is_private(normalise(words)):
        return words
    say, divisions = talk.say, talk.house.library.divisions
    return f"{name_of('dibao', say)} {value_of('dibao', talk.known.dibao, divisions, say)}"


# Into the employee's own file


def _offer(talk: Talk, what: str) -> tuple[Tap, ...]:
    """The button that puts what was told into the own file; none for whoever declined that, has not bound, or told nothing."""
    file = talk.own_file
    change = None if file is None else _change(talk, file, what)
    if file is None or change is None:
        return ()
    declined = "dibao_status" in talk.conversation.declined and "dibao_status" not in file.agreed
    if declined and change.what in HOUSEHOLD:
        return ()
    return (Tap(Part("changes.tap_report"), f"report={what}"),)


def _report(talk: Talk, file: OwnFile, what: str) -> Step:
    """Agreed to where it tells of the household, read back, and kept after a yes alone."""
    change = _change(talk, file, what)
    heard, asked = talk.heard, talk.frame.data.get("variant")
    if change is None:
        return Tell("changes:nothing", (Part("changes.nothing"),))
    if change.what in HOUSEHOLD and "dibao_status" not in file.agreed:
        if heard.slot != "confirm" or asked != "dibao_status":
            return Ask("confirm", "dibao_status")
        if heard.value != "yes":
            return Tell("changes:declined", (Part("consent.declined"),), acts=(Decline("dibao_status"),))
        agreed = Agree(file.profile.employee, "dibao_status")
        return replace(_read_back(talk, change), before=(Part("changes.agreed"),), acts=(agreed,))
    if heard.slot != "confirm" or asked not in ("report", "report_wage"):
        return _read_back(talk, change)
    if heard.value != "yes":
        return Tell("changes:not_kept", (Part("changes.not_kept"),))
    report = Report(file.profile.employee, (change,))
    return Tell(
        "changes:reported",
        (Part("changes.reported"),),
        (*_civil_affairs(talk, file, change), _HR),
        acts=(report,),
    )


def _read_back(talk: Talk, change: Change) -> Ask:
    told = line(change, talk.house.library.divisions, talk.say)
    figures = {"what": told.what, "value": told.value, "day": told.since.isoformat()}
    variant = "report" if change.what in HOUSEHOLD else "report_wage"
    return Ask("confirm", variant, figures, evidence=Evidence.of(*figures.values()))


def _civil_affairs(talk: Talk, file: OwnFile, change: Change) -> tuple[Tap, ...]:
    """Whoever tells of dibao may have the company ask; it is offered until they decline."""
    asked = {*file.agreed, *talk.conversation.declined}
    if change.what != "dibao" or "civil_affairs" in asked:
        return ()
    return (Tap(Part("consent.tap_ask_civil_affairs"), "consent=civil_affairs"),)


def _change(talk: Talk, file: OwnFile, what: str) -> Change | None:
    """What was told last, as the employee's own word; None where it was not told, or is in the file already."""
    known = talk.known
    told: dict[str, tuple[Field, Value]] = {
        "wage": ("net_wage" if known.wage_is_net else "gross_wage", known.wage),
        "household_size": ("household_size", known.household_size),
        "dibao": ("dibao", known.dibao),
    }
    field, value = told[what]
    if value is None or value == file.profile.value(field):
        return None
    return Change(
        employee=file.profile.employee,
        what=field,
        value=value,
        holds_from=month_of(talk.on) if what == "wage" else talk.on,
        said_by=events.employee(file.profile.employee),
        written_at=file.profile.known_by,
        source="employee",
        standing="reported",
    )
