"""这个月交了多少, 为什么变了, 过渡期: what is on record of whoever's chat it is, reckoned and explained with its sources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Final

from bot.dialogue.policy import NATION, best, tell_article
from bot.dialogue.reckoning import TOLD_WARNINGS, line_told
from bot.dialogue.steps import Part, Quoted, Step, Tap, Tell
from bot.dialogue.talk import Talk
from bot.guard import Evidence
from bot.mine import OwnFile
from calculator.contributions import FUND, Line
from calculator.money import format_percent, format_yuan
from calculator.rules import Transition
from locales import N_, Say
from policy_kb.answer import source_json
from policy_kb.caveats import contribution_caveats
from policy_kb.periods import add_months
from policy_kb.remedies import DISCRETIONARY
from profiles.changes import SOURCES, STANDINGS
from profiles.ground import month_of
from profiles.own_month import Footing, OwnMonth, Turning, last_turning, own_month
from profiles.profile import Profile
from profiles.strategy_words import REASONS

NAME: Final = "pay"
INTENTS: Final = ()
EXPIRES: Final = timedelta(days=1)

_WHAT: Final = "(?:什[么莫吗]|啥|神马|何)"
_WHY: Final = re.compile(
    rf"(?:为{_WHAT}|咋|怎么|凭{_WHAT}|\bwhy\b)[^。?!]{{0,10}}"
    r"(?:[多少](?:扣|交|缴)|(?:扣|交|缴)(?:得|的|了)?(?:多了|少了|不一样)|变了|变多|变少|\bmore\b|\bchange)"
    rf"|(?:社保|五险|保险|扣的)[^。?!]{{0,6}}(?:多了|少了|变了|不一样)[^。?!]{{0,4}}(?:为{_WHAT}|咋|怎么)"
    r"|^[^。?!]{0,4}[多少](?:扣|交)了[^。?!]{0,4}(?:社保|钱|块)"
)
_PAID: Final = re.compile(
    r"(?:[这本当]个?月|上个?月)[^。?!]{0,8}(?:交|缴|扣)[^。?!]{0,6}(?:多[少小]|几多|几块)"
    r"|(?:厂里?|公司|单位|老板)[^。?!低]{0,4}(?:给|帮|替)我[^。?!]{0,4}(?:交|缴)[^。?!]{0,4}(?:多[少小]|几多)"
    r"|(?:厂里?|公司|单位|老板)(?:给我)?(?:交|缴)了(?:多[少小]|几多)"
    r"|how much [^.?!]{0,30}(?:paid|deducted)[^.?!]{0,12}this month"
)
#: What the library answers too, and the own record better.
_OWN: Final = re.compile(
    r"我(?:的|现在)?(?:社保|缴费|交)?(?:的)?基数是?(?:多[少小]|几多)|我(?:是|现在)?按(?:多[少小]|几多)(?:工资|钱)?(?:交|缴)"
    r"|[这本]个?月[^。?!]{0,8}(?:没交社保|(?:交|缴)(?:了|上)?(?:社保)?了?(?:没|吗))"
)
_LAST: Final = re.compile(r"上个?月")
_NEXT: Final = re.compile(r"下个?月[^。?!]{0,10}(?:交|缴|扣)[^。?!]{0,6}(?:多[少小]|几多)")
_TRANSITION: Final = re.compile(r"过渡期|过度期|渐退")
#: Facts about dibao are another matter: 「低保为什么变了」.
_NOT_PAY: Final = re.compile(r"低保")
_HR: Final = Tap(Part("talk.hr"), "topic=hr")
_WHY_TAP: Final = Tap(Part("pay.tap_why"), "pay=why")
_WITHOUT: Final = (Tap(Part("pay.tap_without"), "topic=contributions"), _HR)
_RULES: Final[Mapping[Footing, str]] = {
    "floor": REASONS["base_at_floor"],
    "ceiling": REASONS["base_at_ceiling"],
    "wage": REASONS["base_is_wage"],
    "declared": N_("缴费基数看的是去年的月平均工资，厂里按这个报的。"),
}
#: The wishes that a button may have.
WISHES: Final = ("paid", "last", "why", "next", "transition")
#: Wishes that have an answer of the library's for whoever has not bound.
OF_THE_FILE_ALONE: Final = ("own", "next", "transition")


def wish_of(text: str) -> str:
    """What a message wants to know of the employee's own record; nothing where it is about something else.

    >>> wish_of("厂里给我交了多少"), wish_of("上月扣了多小"), wish_of("为啥多扣了"), wish_of("下个月交多少")
    ('paid', 'last', 'why', 'next')
    >>> wish_of("这个月社保交了没"), wish_of("低保为什么变了"), wish_of("厂里交多少")
    ('own', '', '')
    """
    if _TRANSITION.search(text):
        return "transition"
    if _NOT_PAY.search(text):
        return ""
    if _WHY.search(text):
        return "why"
    if _NEXT.search(text):
        return "next"
    if _PAID.search(text):
        return "last" if _LAST.search(text) else "paid"
    return "own" if _OWN.search(text) else ""


def step(talk: Talk) -> Step:
    """The answer from the employee's own file; who has not bound is told how, and what there is without."""
    file = talk.own_file
    wish = talk.frame.data.get("wish", "paid")
    if file is None:
        return _without_a_file(talk, wish)
    if wish == "transition":
        return transition(talk, file)
    if wish == "why":
        return why(talk, file)
    ahead = {"last": -1, "next": 1}.get(wish, 0)
    return month(talk, file, add_months(month_of(talk.on), ahead))


def _without_a_file(talk: Talk, wish: str) -> Tell:
    """How to bind, and what there is without; why a deduction may change is answered by the library first."""
    if talk.house.bindings.owner(talk.id) is not None:
        return Tell("pay:unknown", (Part("pay.unknown"),), _WITHOUT)
    article, _ = best(talk, talk.frame.data.get("text", ""), None) if wish == "why" else (None, [])
    if article is not None:
        return tell_article(talk, article, after=(Part("pay.bind"),), taps=_WITHOUT)
    return Tell("pay:bind", (Part("pay.bind"),), _WITHOUT)


def this_month(talk: Talk) -> Tell | None:
    """This month of whoever's chat it is; None where that is not known."""
    file = talk.own_file
    own = None if file is None else own_month(file.profile, file.ground, month_of(talk.on), talk.on)
    return None if own is None else _month(talk, own)


def month(talk: Talk, file: OwnFile, which: date) -> Tell:
    """What is paid for a month; where that is not known, what there is without."""
    own = own_month(file.profile, file.ground, which, talk.on)
    return Tell("pay:unknown", (Part("pay.unknown"),), _WITHOUT) if own is None else _month(talk, own)


def _month(talk: Talk, own: OwnMonth) -> Tell:
    """Insurance by insurance, both sides, and whether it is the pay slip's."""
    if not own.insured:
        return _not_insured(talk, own)
    lines = tuple(line_told(line, talk.say) for line in _insurances(own))
    parts: tuple[Part | Quoted, ...] = (
        _title(own),
        Part(_standing(own, talk)),
        *_too_low(own),
        *lines,
        *_totals(own),
        *_warned(own, talk),
        *_slip(own),
    )
    other = () if own.month < month_of(talk.on) else (Tap(Part("pay.tap_last"), "pay=last"),)
    return _told(talk, f"pay:{own.month:%Y-%m}", parts, (_WHY_TAP, *other, _HR), ("SIL-12", *own.sources))


def _insurances(own: OwnMonth) -> tuple[Line, ...]:
    return tuple(line for line in own.lawful.lines if line.terms.insurance != FUND)


def _warned(own: OwnMonth, talk: Talk) -> Iterator[Quoted]:
    """What must stand beside the figures, such as that they may be outdated."""
    for caveat in contribution_caveats(_insurances(own), talk.say):
        if caveat.code in TOLD_WARNINGS:
            yield Quoted(caveat.text(talk.say))


def _title(own: OwnMonth) -> Part:
    figures = {"month": f"{own.month:%Y-%m}"}
    if own.base is None:
        return Part("pay.title", figures)
    return Part("pay.title_base", figures | {"base": format_yuan(own.base)})


def _standing(own: OwnMonth, talk: Talk) -> str:
    if own.month > month_of(talk.on):
        return "pay.next"
    if own.standing == "paid":
        return "pay.paid"
    return "pay.open" if own.declared is None else "pay.open_base"


def _too_low(own: OwnMonth) -> tuple[Part, ...]:
    if own.declared is None or not own.too_low:
        return ()
    return (Part("pay.too_low", {"declared": format_yuan(own.declared)}),)


def _totals(own: OwnMonth) -> tuple[Part, ...]:
    employee = format_yuan(own.employee)
    if own.lawful.complete:
        return (Part("money.total", {"employee": employee, "employer": format_yuan(own.employer)}),)
    return (Part("pay.total_least", {"employee": employee, "employer": format_yuan(own.employer)}),)


def _slip(own: OwnMonth) -> tuple[Part, ...]:
    """Whether it is what payroll withheld; where it is not, by how much, and what may lie outside."""
    if own.withheld is None:
        return (Part("money.outside"),)
    figures = {"withheld": format_yuan(own.withheld)}
    outside = own.outside
    if outside is None:
        return Part("pay.slip", figures), Part("money.outside")
    if outside == 0:
        return (Part("pay.slip_same", figures),)
    key = "pay.slip_more" if outside > 0 else "pay.slip_less"
    return (Part(key, figures | {"difference": format_yuan(abs(outside))}),)


def _not_insured(talk: Talk, own: OwnMonth) -> Tell:
    """Nothing is paid: what must be, and who does it."""
    due = {"employee": format_yuan(own.lawful.employee), "employer": format_yuan(own.lawful.employer)}
    parts = (
        Part("pay.not_insured", {"month": f"{own.month:%Y-%m}"}),
        *((Part("pay.due", due),) if own.lawful.complete else ()),
    )
    taps = (Tap(Part("offer.duty"), "topic=duty"), _HR)
    return _told(talk, f"pay:{own.month:%Y-%m}", parts, taps, ("SIL-58", "SIL-60", *own.sources))


def why(talk: Talk, file: OwnFile) -> Tell:
    """The last change that made it another amount: what, from which month, who says so, the rule, both shares."""
    turning = last_turning(file.changes, file.ground, talk.on, file.profile.known_by)
    explained: tuple[Part | Quoted, ...] = ()
    if file.explained:
        explained = (Part("pay.explained"), Quoted(file.explained[0].explanation.text(talk.say)))
    if turning is None:
        return _told(talk, "pay:same", (Part("pay.same"), *explained), (_HR,), ())
    parts = (*_turned(talk, turning), *_rule(talk, turning.after), *explained)
    return _told(talk, "pay:why", parts, (_HR,), ("SIL-12", *turning.after.sources))


def _turned(talk: Talk, turning: Turning) -> Iterator[Part]:
    before, after, change = turning.before, turning.after, turning.change
    places = talk.house.library.divisions
    old, new = {
        "region": (places.full_name(before.region), places.full_name(after.region)),
        "gross_wage": (format_yuan(before.wage or 0), format_yuan(after.wage or 0)),
    }.get(turning.cause, (format_yuan(before.base or 0), format_yuan(after.base or 0)))
    yield Part(
        f"pay.why_{_how(turning, old == new)}", {"month": f"{after.month:%Y-%m}", "old": old, "new": new}
    )
    if change is not None:
        yield Part("pay.from", {"who": talk.say(SOURCES[change.source])})
    elif turning.cause != "policy":
        yield Part("pay.from_records")
    if change is not None and change.standing == "reported":
        yield Part("pay.reported", {"standing": talk.say(STANDINGS["reported"])})
    yield Part(
        "pay.shares",
        {
            "old_employee": format_yuan(before.employee),
            "employee": format_yuan(after.employee),
            "old_employer": format_yuan(before.employer),
            "employer": format_yuan(after.employer),
        },
    )


def _how(turning: Turning, same: bool) -> str:
    """What happened, as its sentence is named."""
    if turning.cause == "insured":
        return "began" if turning.after.insured else "ended"
    return "rates" if turning.cause == "policy" and same else turning.cause


def _rule(talk: Talk, own: OwnMonth) -> Iterator[Quoted]:
    """Why the base is what it is: the floor, the ceiling, the wage, or what was declared from the year before."""
    if not own.insured or own.wage is None or own.base is None or own.footing not in _RULES:
        return
    base = format_yuan(own.base)
    figures = {"wage": format_yuan(own.wage), "base": base, "floor": base, "ceiling": base}
    yield Quoted(talk.say(_RULES[own.footing], **figures))


def transition(talk: Talk, file: OwnFile) -> Tell:
    """The months after dibao ended, with dates where the day is known and the region's rule on record; else whom to ask."""
    profile = file.profile
    home = profile.home_region or talk.known.dibao_region or NATION
    told = talk.law(home).told("gradual_exit_months")
    rules = talk.house.library.home(home, profile.area, talk.on, talk.on).transitions
    way = Tap(Part("talk.calculate"), "topic=dibao_impact")
    if talk.conversation.calculated is not None:
        way = Tap(Part("dibao.tap_note"), "paper=note")
    if told is None or not any(each.months for each in rules):
        unknown = (Part("pay.transition_unknown"), Part("dibao.decides"))
        return _told(talk, "pay:transition", unknown, (way,), ())
    dated = _dated(profile, rules, talk.say)
    parts: tuple[Part | Quoted, ...] = (Quoted(told.text), *dated, Part("dibao.decides"))
    return Tell("pay:transition", parts, (way,), sources=told.sources, evidence=_founded(parts))


def _dated(profile: Profile, rules: tuple[Transition, ...], say: Say) -> Iterator[Part | Quoted]:
    """The months of the rule from the day on which dibao ended; whom to ask where it is not known."""
    if profile.dibao != "ended":
        yield Part("pay.transition_ask")
        return
    ended = profile.behind["dibao"].holds_from
    yield Part("pay.transition_from", {"day": ended.isoformat()})
    yield from _spans(month_of(ended), rules)
    if any(each.discretionary for each in rules):
        yield Quoted(say(DISCRETIONARY))


def _spans(first: date, rules: Iterable[Transition]) -> Iterator[Part]:
    """Each stretch of the transition with its first and last month."""
    for rule in rules:
        if rule.months is None:
            return
        last = add_months(first, rule.months - 1)
        figures = {"first": f"{first:%Y-%m}", "last": f"{last:%Y-%m}"}
        if rule.share is None:
            yield Part("pay.span", figures)
        else:
            yield Part("pay.span_share", figures | {"share": format_percent(rule.share)})
        first = add_months(first, rule.months)


def _told(
    talk: Talk,
    name: str,
    parts: tuple[Part | Quoted, ...],
    taps: tuple[Tap, ...],
    sources: Iterable[str],
) -> Tell:
    library = talk.house.library
    cited = tuple(source_json(library, key) for key in dict.fromkeys(sources) if library.has(key))
    return Tell(name, parts, taps, sources=cited, evidence=_founded(parts))


def _founded(parts: Iterable[Part | Quoted]) -> Evidence:
    """What a reply of records, and of what was reckoned from them, may hold: its figures came in by name, and what is quoted
    is the strategy's or the library's own sentence."""
    texts = [part.text for part in parts if isinstance(part, Quoted)]
    return Evidence.of(
        *texts, *(each for part in parts if isinstance(part, Part) for each in part.figures.values())
    )
