"""交社保影响低保吗: the calculator dialogue, its three endings, and what can be asked of a result."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from bot.dialogue.known import Known
from bot.dialogue.naming import name_of, value_of
from bot.dialogue.policy import quote, quote_rules
from bot.dialogue.reckoning import answer, assess, facts_told, known_evidence, warnings_told
from bot.dialogue.steps import Part, Question, Quoted, Step, Tap, Tell
from bot.dialogue.talk import Heard, Talk
from bot.dialogue.topics.asking import ask, missing
from bot.guard import NOTHING, Evidence
from bot.mine import OwnFile
from bot.own_words import FACTS, line
from calculator.assessment import Assessment, Outcome
from calculator.money import Fen, format_yuan
from policy_kb.answer import source_json
from policy_kb.company import Assessed
from policy_kb.references import GOVERNMENT_HOTLINE
from policy_kb.remedies import NO_RULE, Told, taps
from policy_kb.telling import Telling
from policy_kb.wording import WARNINGS

NAME: Final = "dibao_impact"
INTENTS: Final = ("ask_dibao_impact", "start_calculator")
EXPIRES: Final = timedelta(days=30)

#: The records that the first sentence rests on.
FIRST_SENTENCE: Final = ("N-01", "N-18")
_THEY_DEDUCT = re.compile(
    r"(?:他们|乡镇|镇上|街道|民政|老家|村里|那边|县里|人家|问了|问过了|说了|说是|说)[^。!?]{0,8}?(不|没)?(?:会|给|是|要)?(?:减|扣|抵|除)"
)


def step(talk: Talk) -> Step:
    """The next question, or the result."""
    begun = "begun" in talk.frame.data or talk.conversation.calculated is not None
    before: tuple[Part | Quoted, ...] = () if begun else (Part("dibao.law"), Part("dibao.begin"))
    question = _next(talk)
    if question is not None:
        if _just_off_the_book(talk):
            before = (*before, Part("dibao.off_book"))
        asked = ask(talk, question, *before)
        return asked if begun else replace(asked, sources=_first_sources(talk), more=_from_file(talk))
    known = talk.known
    if known.on_book is False and not _has_support_rule(talk):
        return _not_on_book(talk)
    if known.wage is None or known.region is None:
        return Tell(
            "dibao_impact:needs", (*before, Part("dibao.needs")), _continue(), sources=_first_sources(talk)
        )
    return result(talk, known)


def _from_file(talk: Talk) -> tuple[Tap, ...]:
    """The button that takes everything over from the employee's own file, where that is enough to reckon with."""
    file = talk.own_file
    return (Tap(Part("dibao.tap_profile"), "profile=use"),) if file is not None and can_use(file) else ()


def can_use(file: OwnFile) -> bool:
    """Whether a file can be reckoned with: agreed to, and with wage and place; what else is missing is asked."""
    profile = file.profile
    return "dibao_status" in file.agreed and profile.gross_wage is not None and profile.region is not None


def taken_over(talk: Talk, file: OwnFile) -> tuple[Part, ...]:
    """Each value that comes from the file, with who said it and since when."""
    told = (
        line(file.profile.behind[what], talk.house.library.divisions, talk.say)
        for what in FACTS
        if file.profile.value(what) is not None
    )
    facts = (
        Part(
            "dibao.profile_fact_reported" if each.reported else "dibao.profile_fact",
            {"what": each.what, "value": each.value, "who": each.who, "day": each.since.isoformat()},
        )
        for each in told
    )
    return (Part("dibao.from_profile"), *facts, Part("dibao.profile_correct"))


def _just_off_the_book(talk: Talk) -> bool:
    """Whether it was said in this message that the employee is not on the book."""
    heard = talk.heard
    return (heard.slot, heard.value) == ("on_book", "no") or heard.facts.on_book is False


def _next(talk: Talk) -> Question | None:
    """The first question whose answer is missing; what a result does not need is not asked."""
    known = talk.known
    if (question := missing(talk, "on_book")) is not None:
        return question
    if known.on_book is False and not _has_support_rule(talk):
        return missing(talk, "dibao_region", *(("region",) if known.same_region else ()))
    if "wage" in known.waived:
        return None  # without a wage there is nothing to reckon, and nothing more to ask
    kind: tuple[Question, ...] = () if known.wage is None else ("gross_or_net",)
    others: tuple[Question, ...] = () if known.household_size == 1 else ("other_income",)
    question = missing(talk, "household_size", "wage", *kind, *others, "region", "dibao_region")
    if question is not None or known.wage is None or known.region is None:
        return question
    return _next_at_home(talk)


def _next_at_home(talk: Talk) -> Question | None:
    """What the home's line leaves open, and what really arrives."""
    reasons = {why for _, why in assess(talk, talk.known).assessment.missing}
    area: tuple[Question, ...] = ("area",) if "area_decides_line" in reasons else ()
    unknown = reasons & {"no_line_for_region", "line_stale", "area_decides_line"}
    line: tuple[Question, ...] = ("standard_monthly",) if unknown else ()
    received: tuple[Question, ...] = ("received_monthly",) if talk.known.status == "receiving" else ()
    return missing(talk, *area, *line, *received)


def result(talk: Talk, known: Known, *lead: Part | Quoted) -> Tell:
    """The result of these facts with everything that must stand beside it."""
    assessed = assess(talk, known)
    it, data = assessed.assessment, answer(talk, assessed)
    telling = Telling(it, talk.say)
    told_reading = _by_told_reading(it, known, talk)
    parts = (
        *lead,
        *(told_reading or map(Quoted, (telling.headline, telling.detail()))),
        Quoted(telling.own_share()),
        *(() if told_reading else map(Quoted, _costs(telling))),
        *_beside(talk, known, it, telling, data),
        Part("dibao.decides"),
    )
    evidence = Evidence.of_data(data) | Evidence.of(*_outcome_texts(it, known)) | known_evidence(talk, known)
    return Tell(
        name=f"dibao_impact:{data['id']}:{known.deducts}",
        result_of=known,
        parts=parts,
        taps=(*_published_line(it), *_result_taps(telling.finding, it)),
        papers=("chart", "report", "note") if it.line is not None else ("report", "note"),
        sources=tuple(data["sources"]),
        evidence=evidence,
    )


def _beside(
    talk: Talk, known: Known, it: Assessment, telling: Telling, data: dict[str, Any]
) -> Iterator[Part | Quoted]:
    """What must stand beside a result; what was said beside the last one is not said again."""
    before = talk.conversation.calculated
    received = telling.received()
    if received and (before is None or before.received_monthly != known.received_monthly):
        yield Quoted(received)
        yield Part("dibao.received_question")
    yield Quoted(telling.status_note())
    if before is not None:
        return
    yield from warnings_told(data)
    yield Part("dibao.based_on", {"facts": facts_told(talk, known)})


def _costs(telling: Telling) -> tuple[str, ...]:
    """What the household is short of a month; nothing where that is just the own share."""
    return tuple(each for each in (telling.cost(), telling.cost_back()) if each != telling.own_share())


def _by_told_reading(it: Assessment, known: Known, talk: Talk) -> list[Part | Quoted]:
    """The result where the township told which reading it follows, marked as told by the worker."""
    if (
        known.deducts is None
        or it.line is None
        or it.other_reading is None
        or it.case.household.employee_on_book is not True
    ):
        return []
    insured, uninsured = _reading(it, known.deducts)
    limit = it.line * it.case.household.size
    say = talk.say
    figures = {
        "reading": say("减") if known.deducts else say("不减"),
        "countable": format_yuan(insured.countable),
        "limit": format_yuan(limit),
        "benefit": format_yuan(insured.gap or 0),
        "cost": format_yuan(_cost(it, insured, uninsured)),
    }
    within = insured.countable < limit
    parts: list[Part | Quoted] = [Part("dibao.told_within" if within else "dibao.told_over", figures)]
    if it.high is not None and it.income_range_matters and known.deducts:
        high = {
            "high_income": format_yuan(it.case.household.other_income_high or 0),
            "high": format_yuan(it.high.countable),
            "limit": format_yuan(limit),
        }
        parts.append(Part("dibao.at_high", high))
    return [*parts, Part("dibao.told_by_worker")]


def _reading(it: Assessment, deducts: bool) -> tuple[Outcome, Outcome]:
    """Insured and uninsured by one reading."""
    if deducts or it.other_reading is None:
        return it.insured, it.uninsured
    return it.other_reading, it.uninsured_other_reading or it.uninsured


def _cost(it: Assessment, insured: Outcome, uninsured: Outcome) -> Fen:
    """What insurance costs the household in cash a month by one reading, benefit included."""
    before = int(it.uninsured_month.take_home - it.insured_month.take_home)
    return before - ((insured.gap or 0) - (uninsured.gap or 0))


def _outcome_texts(it: Assessment, known: Known) -> Iterator[str]:
    """Figures that follow from the trace by a difference: both readings' benefits and costs."""
    for deducts in (True, False):
        insured, uninsured = _reading(it, deducts)
        yield format_yuan(insured.gap or 0)
        yield format_yuan(_cost(it, insured, uninsured))
    if it.line is not None:
        limit = it.line * it.case.household.size
        yield format_yuan(limit)
        yield format_yuan(abs(it.insured.countable - limit))
    month = it.insured_month
    yield format_yuan(int(month.own_insurance + month.own_fund))


def _published_line(it: Assessment) -> tuple[Tap, ...]:
    """Where the library has another line than the employee entered: the same by that one."""
    entered, line = it.case.standard_monthly, it.rules.dibao.line
    if entered is None or line.amount is None or line.stale or line.amount == entered:
        return ()
    title = Part("dibao.tap_published_line", {"amount": format_yuan(line.amount)})
    return (Tap(title, "standard_monthly=published"),)


def _result_taps(finding: str, it: Assessment) -> tuple[Tap, ...]:
    report = Tap(Part("dibao.tap_report"), "paper=report")
    note = Tap(Part("dibao.tap_note"), "paper=note")
    if finding in ("over", "open_deduction"):
        ways = (
            Tap(Part(f"dibao.tap_{key}"), f"way={key}")
            for key in ("work_cost", "transition", "alone", "appeal")
        )
        return (*ways, note, report)
    if finding in ("depends_on_reading", "depends_on_income"):
        told = (
            Tap(Part("dibao.tap_deducts"), "deducts=yes"),
            Tap(Part("dibao.tap_deducts_not"), "deducts=no"),
        )
        return (note, *told, Tap(Part("dibao.tap_cliff"), "way=cliff"), report)
    if finding == "ask_line":
        return (note, Tap(Part("dibao.tap_line"), "standard_monthly=fill"), report)
    if finding in ("within", "within_only_insured"):
        cliff = (Tap(Part("dibao.tap_cliff"), "way=cliff"),) if it.break_even is not None else ()
        return (*cliff, report)
    return (note, report)


def _continue() -> tuple[Tap, ...]:
    return (Tap(Part("talk.continue"), f"topic={NAME}"),)


def _first_sources(talk: Talk) -> tuple[dict[str, Any], ...]:
    return tuple(source_json(talk.house.library, key) for key in FIRST_SENTENCE)


def _has_support_rule(talk: Talk) -> bool:
    home = talk.known.dibao_region
    return home is not None and talk.house.library.home(home, None, talk.on, talk.on).support is not None


def _not_on_book(talk: Talk) -> Tell:
    law = talk.law()
    sources = law.sources("support_income_formula", "household_members")
    return Tell(
        "dibao_impact:not_on_book",
        (Part("dibao.not_on_book"), Part("dibao.not_on_book_ask"), Part("dibao.decides")),
        (Tap(Part("dibao.tap_note"), "paper=note"), Tap(Part("talk.hr"), "topic=hr")),
        sources=(*_first_sources(talk), *sources),
    )


def township_answer(heard: Heard) -> bool | None:
    """Whether the township deducts contributions, where a message tells it: 「他们扣社保」, or the tap of it."""
    if heard.slot == "deducts":
        return heard.value == "yes"
    match = _THEY_DEDUCT.search(heard.text)
    return None if match is None else match[1] is None


def what_if(talk: Talk, supposed: Known) -> Tell:
    """A result for other facts, which are not kept."""
    say, divisions = talk.say, talk.house.library.divisions
    lead = [
        Part(
            "dibao.what_if",
            {"what": name_of(field, say), "new": value_of(field, getattr(supposed, field), divisions, say)},
        )
        for field in ("wage", "household_size", "other_income", "region", "dibao_region", "standard_monthly")
        if getattr(supposed, field) != getattr(talk.known, field)
    ]
    supposing = result(talk, supposed, *lead)
    return replace(supposing, name=f"what_if:{supposing.name}", result_of=None, papers=())


def way(talk: Talk, key: str) -> Tell:
    """One of the ways to look into where the income is over the line, with the household's own figures."""
    known = talk.conversation.calculated or talk.known
    assessed = assess(talk, known)
    it = assessed.assessment
    if key == "cliff":
        return _cliff(talk, it)
    if key == "uninsured":
        return _uninsured(talk, assessed)
    tap = next(tap for tap in taps(it, talk.law()) if tap.key == key)
    rules = quote(tap.told or (Told(talk.say(NO_RULE)),))
    return Tell(
        f"way:{key}",
        (Part(f"dibao.tap_{key}"), *rules.parts),
        (Tap(Part("dibao.tap_note"), "paper=note"), Tap(Part("talk.hr"), "topic=hr")),
        sources=rules.sources,
        evidence=rules.evidence,
    )


def _uninsured(talk: Talk, assessed: Assessed) -> Tell:
    """The comparison that is asked for, and that it is no choice."""
    it = assessed.assessment
    mandatory = talk.say(WARNINGS["insurance_is_mandatory"])
    law = talk.law().told("social_insurance_waiver_void")
    figures = {"uninsured": format_yuan(it.uninsured.countable), "insured": format_yuan(it.insured.countable)}
    return Tell(
        "way:uninsured",
        (Part("dibao.uninsured", figures), Quoted(mandatory)),
        sources=() if law is None else law.sources,
        evidence=Evidence.of_data(answer(talk, assessed)),
    )


def _cliff(talk: Talk, it: Assessment) -> Tell:
    """Up to which wage the household stays within, and what follows above it."""
    rules = quote_rules(talk, "gradual_exit_months", "duty_to_report_changes")
    edge = () if it.break_even is None else (Part("dibao.break_even", {"wage": format_yuan(it.break_even)}),)
    figures = NOTHING if it.break_even is None else Evidence.of(format_yuan(it.break_even))
    return Tell(
        "way:cliff",
        (*edge, *rules.parts, Part("dibao.decides")),
        sources=rules.sources,
        evidence=figures | rules.evidence,
    )


def paper(talk: Talk, name: str) -> Tell:
    """The report, or the note for the township."""
    key = "note" if name == "note" else "report"
    return Tell(f"paper:{key}", (Part(f"dibao.{key}"),), papers=(key,))


def where_line(talk: Talk) -> Tell:
    """Where the line stands on the family's own papers."""
    return Tell(
        "where_line",
        (Part("dibao.where_line", {"phone": GOVERNMENT_HOTLINE}),),
        papers=("sample_paper",),
        evidence=Evidence.of(GOVERNMENT_HOTLINE),
    )
