"""Buttons: what a tap answers, opens or asks for. A payload comes from outside and is believed only in known forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from bot.dialogue import rating
from bot.dialogue.known import Known
from bot.dialogue.policy import tell_article
from bot.dialogue.steps import Part
from bot.dialogue.topics import TOPIC_OF, TOPICS, binding, changes, consent, dibao_impact, hr, pay, privacy
from bot.dialogue.turn import HR, Turn, offers
from bot.own_words import facts_of
from hr_inbox.ratings import ANSWERS, Answer, Rated
from people.records import PURPOSES

#: What a tap sets, where it is always the same.
_VALUES: Final[Mapping[tuple[str, str], Mapping[str, Any]]] = {
    ("on_book", "yes"): {"on_book": True},
    ("on_book", "no"): {"on_book": False},
    ("gross_or_net", "gross"): {"wage_is_net": False},
    ("gross_or_net", "net"): {"wage_is_net": True},
    ("other_income", "none"): {"other_income": 0, "other_income_high": None},
    ("area", "rural"): {"area": "rural"},
    ("area", "urban"): {"area": "urban"},
    **{
        ("dibao_status", status): {"dibao": status}
        for status in ("receiving", "applying", "suspended", "ended", "none")
    },
}
#: Topics that a tap may open; the others need a question.
_OPEN: Final = ("dibao_impact", "contributions", "duty", "notices", "privacy")
#: Topics that read a yes or no themselves.
_CONFIRMED: Final = (privacy.NAME, binding.NAME, consent.NAME, changes.NAME)
_WAYS: Final = ("work_cost", "transition", "alone", "appeal", "cliff")


def tapped(turn: Turn, slot: str, value: str) -> None:
    """Acts on a tap; one that means nothing any more brings the open question back."""
    handler = _HANDLERS.get(slot)
    if handler is not None:
        handler(turn, value)
        return
    if value in ("unsure", "skip"):
        _waive(turn, slot)
        return
    known = _with_value(turn, slot, value)
    if known is None:
        _nothing(turn)
        return
    if not turn.it.frames:
        turn.it = turn.it.opened("dibao_impact", turn.now)
    turn.accept(slot, known)
    turn.run()


def _nothing(turn: Turn) -> None:
    if turn.it.asked:
        turn.reopen()
    else:
        turn.tell("talk.not_understood", *offers())


def _with_value(turn: Turn, slot: str, value: str) -> Known | None:
    known = turn.it.known
    fixed = _VALUES.get((slot, value))
    if fixed is not None:
        return known.having(fixed)[0]
    if slot in ("region", "dibao_region") and value in turn.house.library.divisions:
        return known.having({slot: value})[0]
    if (slot, value) == ("dibao_region", "same"):
        return known.having({"same_region": True})[0]
    return None


def _waive(turn: Turn, question: str) -> None:
    if turn.it.asked == question:
        turn.waive(question)
    else:
        _nothing(turn)


def _topic(turn: Turn, value: str) -> None:
    """A topic by its button; what was asked in vain before may be asked again, since it was wished for."""
    turn.it = replace(turn.it, asks={}, misses=0)
    if value in ("hr", "urgent"):
        data = hr.opening(turn.it, "talk_to_hr", "")
        turn.open(hr.NAME, **(data | ({"kind": "urgent_injury"} if value == "urgent" else {})))
    elif value in _OPEN:
        wanted = frozenset(("wage", "region")) if value in ("dibao_impact", "contributions") else frozenset()
        turn.it = replace(turn.it, known=replace(turn.it.known, waived=turn.it.known.waived - wanted))
        turn.open(value)
    else:
        _nothing(turn)


def _intent(turn: Turn, value: str) -> None:
    """One of the readings that were offered, or none of them."""
    text = ""
    if turn.it.frames and turn.it.frames[-1].topic == "choosing":
        text = turn.it.frames[-1].data.get("text", "")
        turn.it = turn.it.closed()
    if value not in TOPIC_OF:
        turn.tell("talk.not_understood_twice", HR)
        turn.reopen()
    elif TOPIC_OF[value] == hr.NAME:
        turn.open(hr.NAME, **hr.opening(turn.it, value, text))
    else:
        turn.open(TOPIC_OF[value], intent=value, text=text)


def _article(turn: Turn, value: str) -> None:
    article = turn.house.articles.get(value)
    if article is None:
        _nothing(turn)
        return
    turn.emit(tell_article(turn.talk, article))
    turn.reopen()


def _way(turn: Turn, value: str) -> None:
    """One of the ways to look into, asked of the last result."""
    if turn.it.calculated is None:
        _topic(turn, "dibao_impact")
    elif value in _WAYS:
        turn.follow_up(dibao_impact.way(turn.talk, value))
        turn.reopen()
    else:
        _nothing(turn)


def _again(turn: Turn, value: str) -> None:
    """The last result by the figures of today, with everything that stands beside a first one."""
    calculated = turn.it.calculated
    if calculated is None:
        _topic(turn, "dibao_impact")
        return
    turn.it = replace(turn.it, calculated=None)
    turn.follow_up(dibao_impact.result(turn.talk, calculated, Part("dibao.changed_result")))
    turn.reopen()


def _paper(turn: Turn, value: str) -> None:
    if turn.it.calculated is None:
        _nothing(turn)
        return
    turn.follow_up(dibao_impact.paper(turn.talk, value))
    turn.reopen()


def _deducts(turn: Turn, value: str) -> None:
    if turn.it.calculated is None:
        _nothing(turn)
        return
    turn.it = replace(turn.it, known=replace(turn.it.known, deducts=value == "yes"))
    turn.open("dibao_impact")


def _line(turn: Turn, value: str) -> None:
    """Where the line stands, to fill it in after all, to take the library's, or to leave it out."""
    if value == "where":
        turn.emit(dibao_impact.where_line(turn.talk))
        turn.reopen()
    elif value == "fill":
        known = turn.it.known
        turn.it = replace(turn.it, asks={}, known=replace(known, waived=known.waived - {"standard_monthly"}))
        turn.open("dibao_impact")
    elif value == "published":
        turn.it = replace(turn.it, known=replace(turn.it.known, standard_monthly=None))
        turn.open("dibao_impact")
    else:
        _waive(turn, "standard_monthly")


def _place(turn: Turn, value: str) -> None:
    """What the place is that was named: where one works, where one is from, or both."""
    code = turn.it.frames[-1].data.get("place", "") if turn.it.frames else ""
    fields = {"work": ("region",), "home": ("dibao_region",), "both": ("region", "dibao_region")}.get(value)
    if not code or fields is None:
        _nothing(turn)
        return
    turn.accept("choice", turn.it.known.having(dict.fromkeys(fields, code))[0])
    turn.forget("place")
    turn.run()


def _confirm(turn: Turn, value: str) -> None:
    if turn.it.asked != "confirm":
        _nothing(turn)
        return
    frame, known = turn.it.frames[-1], turn.it.known
    if frame.topic in _CONFIRMED:
        turn.heard = replace(turn.heard, slot="confirm", value=value)
        turn.settle("confirm")
        turn.erase = frame.topic == privacy.NAME and value == "yes"
        turn.run()
        if not turn.erase:
            turn.reopen()
        return
    wage = frame.data.get("wage", "")
    if value == "yes" and wage.isdecimal():
        known = known.having({"wage": int(wage)})[0]
    turn.accept("confirm", known)
    turn.run()


def _chosen(turn: Turn, value: str) -> None:
    """An answer that the topic on top reads itself: how much goes to HR, whether HR is told."""
    if turn.it.asked not in ("share_scope", "choice"):
        _nothing(turn)
        return
    turn.heard = replace(turn.heard, slot=turn.it.asked, value=value)
    turn.settle("share_scope", "choice")
    turn.run()
    turn.reopen()


def _privacy(turn: Turn, value: str) -> None:
    turn.open(privacy.NAME)


def _pay(turn: Turn, value: str) -> None:
    """Another month of the employee's own record, or why it changed."""
    if value in pay.WISHES:
        turn.open(pay.NAME, wish=value)
    else:
        _nothing(turn)


def _consent(turn: Turn, value: str) -> None:
    """What is asked for, or taken back, where it was wished for by a button."""
    if value == "withdraw" or value in PURPOSES:
        turn.open(consent.NAME, wish=value)
    else:
        _nothing(turn)


def _report(turn: Turn, value: str) -> None:
    """What was told goes into the employee's own file, once they have said yes to how it was read."""
    if value in changes.REPORTED:
        turn.open(changes.NAME, report=value)
    else:
        _nothing(turn)


def _profile(turn: Turn, value: str) -> None:
    """The calculation takes over what the employee's file holds: only what they agreed to have kept is there."""
    file = turn.talk.own_file
    if file is None or not dibao_impact.can_use(file):
        _nothing(turn)
        return
    known = turn.it.known.having(facts_of(file.profile))[0]
    turn.it = replace(turn.it, asks={}, known=known).opened(dibao_impact.NAME, turn.now, begun="1")
    turn.run(*dibao_impact.taken_over(turn.talk, file))


def _rating(turn: Turn, value: str) -> None:
    """Whether a closed case is solved; believed only of one that this employee was asked about and has not rated."""
    number, _, said = value.partition("/")
    answer = next((each for each in ANSWERS if each == said), None)
    if answer is None or not _was_asked(turn, number, None):
        _nothing(turn)
        return
    turn.ratings.append(Rated(number, answer))
    if answer == "no":
        turn.emit(rating.unsolved(number))
    else:
        turn.tell("rating.thanks" if answer == "yes" else "rating.skipped")
    turn.reopen()


def _unsolved(turn: Turn, value: str) -> None:
    """A case that is not solved goes back to HR, or is left as it is."""
    if value == rating.LEFT:
        turn.tell("rating.left")
        turn.reopen()
    elif _was_asked(turn, value, "no"):
        turn.reopened.append(value)
        turn.tell("rating.again")
        turn.reopen()
    else:
        _nothing(turn)


def _was_asked(turn: Turn, number: str, answer: Answer | None) -> bool:
    return any((each.number, each.answer) == (number, answer) for each in turn.asked)


_HANDLERS: Final[Mapping[str, Callable[[Turn, str], None]]] = {
    "topic": _topic,
    "intent": _intent,
    "article": _article,
    "way": _way,
    "again": _again,
    "paper": _paper,
    "deducts": _deducts,
    "standard_monthly": _line,
    "place": _place,
    "confirm": _confirm,
    "share_scope": _chosen,
    "choice": _chosen,
    "privacy": _privacy,
    "pay": _pay,
    "consent": _consent,
    "report": _report,
    "profile": _profile,
    rating.RATING: _rating,
    rating.REOPEN: _unsolved,
}
assert set(_OPEN) <= set(TOPICS)
