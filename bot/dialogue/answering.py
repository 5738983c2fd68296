"""The open question: what a message says to it."""

from __future__ import annotations

import re
from typing import Final, Literal

from bot.dialogue.hearing import QUESTION, SKIP
from bot.dialogue.known import Known, field_of, stated
from bot.dialogue.steps import Ask, Part
from bot.dialogue.talk import ACT
from bot.dialogue.tapping import tapped
from bot.dialogue.topics import TOPIC_OF, hr
from bot.dialogue.turn import Turn
from bot.guard import Evidence
from bot.understanding.facts import Facts
from calculator.money import Fen, format_yuan

_NOT_TELL: Final = re.compile(r"(?:不要|不用|别|先别|不想|不)(?:去)?(?:告诉|说|讲|发)|只在这|don't|do not")
_TELL: Final = re.compile(r"告诉|说吧|跟人事|发给|\btell\b")
_SEND: Final = re.compile(
    r"^(?:好的?|行|嗯|可以|对)?[,，。 ]*(?:就|那就|那)?(?:只)?发(?:吧|这个|给人事|出去)?(?:问题)?\W*$|^send( it)?\W*$"
)
#: So short a text does not take the place of the question that is to be sent.
_WORDS: Final = 6
#: answered: the topic goes on; interrupts: it is about something else; done: it was dealt with; not: a new message.
Answer = Literal["answered", "interrupts", "done", "not"]


def answered(turn: Turn) -> Answer:
    """What the message is to the open question; facts that it states are taken over."""
    question, facts = turn.it.asked, turn.heard.facts
    if question in ("confirm", "choice", "share_scope"):
        return _chosen(turn, question)
    if SKIP.search(turn.heard.text) and not stated_plainly(facts):
        turn.waive(question)
        return "done"
    known = _filled(turn, question)
    if known is not None:
        turn.merge()
        turn.accept(question, known)
        return "answered"
    if facts.unsure and _unclear(turn, question):
        return "done"
    if (place := facts.unclear_place) and not is_strong(turn):
        turn.remember(place=place)
        turn.run()
        return "done"
    if stated(facts) and not _wants_more(turn) and turn.merge():
        turn.progress(question)
        turn.run(*turn.changes_told())
    elif is_strong(turn):
        return "interrupts"
    elif facts.answer == "unsure":
        turn.waive(question)
    else:
        _not_understood(turn, question)
    return "done"


def answers(turn: Turn) -> bool:
    """Whether the message holds a usable answer to the open question."""
    question = turn.it.asked
    return question not in ("confirm", "choice", "share_scope") and _filled(turn, question) is not None


def place_read_back(turn: Turn) -> tuple[Part, ...]:
    """苏州 and 宿州 sound alike: the place that was heard is named, and the one that it is not."""
    divisions, facts = turn.house.library.divisions, turn.heard.facts
    for code in filter(None, (facts.region, facts.dibao_region)):
        others = turn.house.facts.places.sounds_like(code)
        if others:
            names = {"place": divisions.full_name(code), "other": divisions.full_name(others[0])}
            return (Part("talk.place_read_back", names),)
    return ()


def stated_plainly(facts: Facts) -> bool:
    """Whether a message states a fact by itself, not by a no to the open question."""
    return stated(facts) and facts.answer is None


def _wants_more(turn: Turn) -> bool:
    """Whether a message that states facts is there to ask something, or to have a person."""
    intent = turn.heard.intent
    asks = intent.startswith(("ask_", "refuse_")) and QUESTION.search(turn.heard.text) is not None
    return is_strong(turn) and (asks or intent in hr.INTENTS)


def is_strong(turn: Turn) -> bool:
    """Whether the message clearly wants something else than to go on with the topic on top."""
    heard = turn.heard
    if heard.confidence < ACT:
        return False
    if heard.intent in ("thanks", "goodbye", "greet"):
        return len(heard.text) > 2 or heard.confidence == 1
    topic = TOPIC_OF.get(heard.intent)
    return topic is not None and topic != turn.it.frames[-1].topic


def _filled(turn: Turn, question: str) -> Known | None:
    """The facts with an answer to the question; None where the message has none that can be used."""
    facts, known = turn.heard.facts, turn.it.known
    if any(each.why == "per_year" for each in facts.unsure):
        return None
    if question == "on_book" and facts.on_book is None:
        # 「不对，工资是三千五」 is a no to something else
        plain = facts.answer in ("yes", "no", "none") and not facts.is_correction
        return known.having({"on_book": facts.answer == "yes"})[0] if plain else None
    if question == "other_income" and facts.other_income is None:
        return _range(turn)
    if getattr(facts, field_of(question)) is None and not (question == "dibao_region" and facts.same_region):
        return None
    return known.told(facts)[0]


def _range(turn: Turn) -> Known | None:
    """「没有」 is nothing; 「五百到八百」 both ends."""
    facts = turn.heard.facts
    if facts.answer in ("no", "none"):
        return turn.it.known.having({"other_income": 0, "other_income_high": None})[0]
    vague = next((each for each in facts.unsure if each.field == "other_income"), None)
    if vague is None or vague.low is None or vague.high is None:
        return None
    return turn.it.known.having({"other_income": vague.low, "other_income_high": vague.high})[0]


def _unclear(turn: Turn, question: str) -> bool:
    """Said, but not so that it can be used: a year's wage is confirmed, anything else asked about."""
    facts = turn.heard.facts
    if facts.wage is not None and any(each.why == "per_year" for each in facts.unsure):
        confirm_year(turn, facts.wage)
        return True
    if not any(each.field == field_of(question) for each in facts.unsure):
        return False
    turn.merge()
    if question == "other_income":
        turn.remember(range="1")
    elif not any(each.why == "ambiguous_region" for each in facts.unsure):
        turn.remember(missed=question)
    turn.run()
    return True


def confirm_year(turn: Turn, wage: Fen) -> None:
    """A year's wage, worked out for the month, is used only after a yes."""
    turn.remember(wage=str(wage))
    figure = format_yuan(wage)
    turn.emit(Ask("confirm", "year", {"wage": figure}, evidence=Evidence.of(figure)))


def _not_understood(turn: Turn, question: str) -> None:
    turn.remember(missed=question)
    turn.run()


def _chosen(turn: Turn, question: str) -> Answer:
    """Yes and no to a confirmation; free words for HR; anything else is a new message."""
    heard = turn.heard
    if question == "share_scope":
        return _words_for_hr(turn)
    if question == "confirm" and heard.facts.wage is not None and not heard.facts.unsure:
        turn.accept("confirm", turn.it.known.told(heard.facts)[0])
        return "answered"
    meant = {"yes": "yes", "no": "no", "none": "no"}.get(heard.facts.answer or "")
    if not meant and heard.confidence == 1:  # a guess confirms nothing, and erases nothing
        meant = {"affirm": "yes", "deny": "no"}.get(heard.intent, "")
    meant = meant or ""
    if question == "confirm" and meant:
        tapped(turn, "confirm", meant)
        return "done"
    if turn.it.frames[-1].topic == "choosing":
        turn.it = turn.it.closed()
        return "not"
    if turn.it.frames[-1].topic == "changes" and (tell := _whether_to_tell(heard.text, meant)):
        tapped(turn, "choice", tell)
        return "done"
    if is_strong(turn):
        return "interrupts"
    _not_understood(turn, question)
    return "done"


def _whether_to_tell(text: str, meant: str) -> str:
    """Whether HR is to be told, in the employee's words."""
    if _NOT_TELL.search(text) or meant == "no":
        return "keep"
    return "tell" if _TELL.search(text) or meant == "yes" else ""


def _words_for_hr(turn: Turn) -> Answer:
    """Words while the hand-over is open become what is sent; nothing goes before the choice."""
    heard = turn.heard
    plain = heard.intent if heard.confidence == 1 else ""  # only a yes that is known by heart sends anything
    if plain == "affirm" or _SEND.match(heard.text):
        tapped(turn, "share_scope", "question")
        return "done"
    if plain == "deny" or _NOT_TELL.search(heard.text):
        tapped(turn, "share_scope", "none")
        return "done"
    if is_strong(turn) and heard.intent not in hr.INTENTS:
        return "interrupts"
    has_question = bool(turn.it.frames[-1].data.get("question"))
    if has_question and (len(heard.text) < _WORDS or heard.intent in ("affirm", "deny", "thanks")):
        _not_understood(turn, "share_scope")
        return "done"
    turn.remember(question=turn.words)
    turn.settle("share_scope")
    turn.run()
    return "done"
