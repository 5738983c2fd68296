"""Decide: what a message is, and what follows from it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from bot.dialogue.answering import answered, answers, is_strong, place_read_back
from bot.dialogue.conversation import Conversation, Line
from bot.dialogue.hearing import BACK, HELP, QUESTION, RESTART, SKIP, hear
from bot.dialogue.known import Known, facts_in, stated
from bot.dialogue.policy import best, find, no_clause, tell_article
from bot.dialogue.rating import open_buttons
from bot.dialogue.steps import Part, Tap, Tell
from bot.dialogue.talk import ACT, OFFER, House
from bot.dialogue.tapping import tapped
from bot.dialogue.topics import TOPIC_OF, TOPICS, binding, changes, consent, dibao_impact, hr, pay, privacy
from bot.dialogue.turn import CALCULATING, HR, Outcome, Turn, offers
from bot.guard import Evidence
from bot.mine import ReadOnce
from bot.private import is_private
from bot.understanding.facts import Facts
from bot.understanding.intents import Language
from hr_inbox.ratings import AskedCase
from people.bindings import PAUSE, code_in
from policy_kb.articles import Article

#: After this long a conversation is taken up with a word about it.
IDLE: Final = timedelta(hours=8)
#: Misses in a row after which a person is offered.
MOST_MISSES: Final = 2
#: What is said to a message that cannot be read, by its kind.
_UNREADABLE: Final[Mapping[str, str]] = {
    "image": "talk.photo",
    "voice": "talk.voice",
    "edited": "talk.edited",
}
_SMALL_TALK: Final[Mapping[str, str]] = {
    "thanks": "talk.thanks",
    "goodbye": "talk.goodbye",
    "affirm": "talk.fine",
    "deny": "talk.nothing_to_deny",
}
#: By how much a particular article must lead the general ones to answer instead of the calculator: by more where the
#: message states a case of its own.
_LEADS: Final = 0.02
_LEADS_A_CASE: Final = 0.2
#: How near it must be at all: more than twice what is enough where there is no calculator.
_PARTICULAR: Final = 0.28
#: Intents that the calculator answers where nothing more particular is asked.
_RECKONED: Final = ("ask_dibao_impact", "ask_contribution_amount")
#: A message shorter than this, in characters, does not answer and ask at once.
_LONG: Final = 10
_OF_CHANGE: Final = ("report_income_change", "report_dibao_status_change")
#: What is asked of a result in words, beside its buttons.
_WAYS: Final[Mapping[str, re.Pattern[str]]] = {
    "uninsured": re.compile(
        r"^(?:那|要是|如果)?(?:我)?不(?:交|参保|买)(?:社保)?(?:呢|会?怎么?样|咋样|又怎样)\W*$"
    ),
    "cliff": re.compile(
        r"(?:工资|再|又)[^。?]{0,4}涨[^。?]{0,6}(?:怎|咋|呢|会)|涨(?:了)?工资(?:怎|咋|呢|会)"
    ),
}
#: 「其实工资是四千」 corrects; 「我工资涨到四千了」 tells of a change.
_ACTUALLY: Final = re.compile(r"其实|应该是|说错|记错|搞错|actually|should be")
_AMOUNT: Final = re.compile(r"\d[\d,.]*(?:块钱?|元)?")
_PEOPLE: Final = re.compile(r"个人|口人|几口|\d口|[一二三四五六七八九十]口|people|persons")
_CHILDREN: Final = re.compile(r"^(?:要是|如果|那)?(?:有|再?加|多)?[一两二三四1-4]个?(?:孩子|娃|小孩)呢\W*$")
_LOCALES: Final[Mapping[Language, str]] = {"en": "en", "zh-Hant": "zh_Hant"}


def converse(
    house: House,
    conversation: Conversation,
    now: datetime,
    text: str = "",
    payload: str = "",
    kind: str = "text",
    id: str = "",
    asked: Sequence[AskedCase] = (),
) -> Outcome:
    """One message, heard, understood, decided and worded. `kind` is that of `delivery.messages`.

    `asked` are the closed cases of which the employee was asked whether they are solved.
    """
    if kind == "start" and code_in(payload):  # a scanned code is as good as one that is typed
        text, payload, kind = payload, "", "text"
    spoken = text if kind == "voice" else ""
    if spoken or (kind == "tap" and (text or payload)):
        kind = "text"
    conversation = _without_expired(conversation, now)
    offered = (*open_buttons(asked, conversation.locale), *conversation.buttons)
    heard = hear(house, replace(conversation, buttons=offered), text, payload, kind, now.date())
    if heard.facts.amount is not None:
        heard = replace(heard, facts=_about_the_last(heard.facts, conversation))
    if heard.facts.is_correction:
        heard = replace(heard, facts=_misheard_place(house, heard.facts, conversation.known))
    turn = Turn(replace(house, files=ReadOnce(house.files)), conversation, heard, now, id, asked)
    turn.private = is_private(heard.text)
    if text:
        language = None if code_in(text) else heard.language  # a code is in no language
        turn.it = _spoken_to(turn.it, text, language).with_lines(Line("employee", text, turn.private))
    if kind == "text" and turn.it.asked and _was_idle(conversation, now):
        turn.tell("talk.resumed")
    if spoken and not turn.private:
        _read_back(turn, spoken)
    _decide(turn)
    if not turn.has_said:
        turn.tell("talk.hello_again", *offers())
    return turn.outcome()


def _about_the_last(facts: Facts, conversation: Conversation) -> Facts:
    """「不对，是三千八」 names no thing: it is about the amount that was given last, the wage where none was."""
    last = next(
        (frame.data["last"] for frame in reversed(conversation.frames) if "last" in frame.data), "wage"
    )
    about: dict[str, Any] = {} if getattr(facts, last) is not None else {last: facts.amount}
    return replace(facts, amount=None, **about)


def _misheard_place(house: House, facts: Facts, known: Known) -> Facts:
    """「不对，是宿州」 after 苏州 was heard as the workplace: it corrects that, whatever place is asked for now."""
    place = facts.dibao_region
    if place is None or known.region is None or known.region not in house.facts.places.sounds_like(place):
        return facts
    return replace(facts, region=place, dibao_region=None)


def _decide(turn: Turn) -> None:
    heard = turn.heard
    if heard.kind == "start":
        _start_page(turn)
    elif heard.kind != "text":
        _cannot_read(turn)
    elif heard.slot:
        tapped(turn, heard.slot, heard.value)
    elif not heard.text:
        turn.tell("talk.unsupported")
        turn.reopen()
    elif HELP.match(heard.text):
        turn.tell("talk.help", *offers())
        turn.reopen()
    elif privacy.ERASE_ALL.search(heard.text):
        turn.open(privacy.NAME, text=turn.words)
    elif code := code_in(turn.words):
        _code(turn, code)
    elif _wished(turn):
        return
    elif _is_command(turn):
        _command(turn)
    elif turn.private:
        turn.open("undeclared")
    elif not _answers(turn):
        _fresh(turn)


def _wished(turn: Turn) -> bool:
    """Whether a message says in so many words what it wants of the tie, of consents or of the own record; then it is done."""
    text = turn.heard.text
    if wish := binding.wish_of(text):
        turn.open(binding.NAME, wish=wish)
    elif wish := _about_consent(turn):
        turn.open(consent.NAME, wish=wish)
    elif wish := _of_the_file(turn):
        turn.open(pay.NAME, wish=wish, text=turn.words)
    elif not turn.it.asked and changes.wish_of(text):
        _other_people(turn)
    else:
        return False
    return True


def _about_consent(turn: Turn) -> str:
    """What a message wants about consents; 「别问民政」 of whoever has agreed to nothing is a question on what that means."""
    wish = consent.wish_of(turn.heard.text)
    if wish != "refuse":
        return wish
    file = turn.talk.own_file
    return wish if file is not None and file.agreed else ""


def _of_the_file(turn: Turn) -> str:
    """What a message asks of the employee's own record; the months after dibao are told to anybody otherwise."""
    wish = pay.wish_of(turn.heard.text)
    return wish if wish not in pay.OF_THE_FILE_ALONE or turn.talk.own_file is not None else ""


def _other_people(turn: Turn) -> None:
    """The household has more or fewer members: how many stand on the book now is told in the message, or asked."""
    turn.it = replace(turn.it, known=replace(turn.it.known, household_size=None))
    turn.merge()
    turn.open(changes.NAME, what="people")


def _start_page(turn: Turn) -> None:
    """The page was opened: a welcome the first time, else where it stopped."""
    if turn.it.asked:
        turn.tell("talk.resumed")
        turn.reopen()
    else:
        _greet(turn)


def _code(turn: Turn, code: str) -> None:
    """A binding code, counted: so many may be tried within a while."""
    since = (turn.now - PAUSE).isoformat()
    recent = (*(each for each in turn.it.codes_at if each > since), turn.now.isoformat())
    turn.it = replace(turn.it, codes_at=recent)
    turn.open(binding.NAME, wish="bind", code=code)


def _read_back(turn: Turn, spoken: str) -> None:
    """What was recognised of a voice message: who sees a wrong figure can say so."""
    heard = Part("talk.heard", {"words": spoken})
    turn.emit(Tell("talk.heard", (heard,), evidence=Evidence.of(spoken)))


def _cannot_read(turn: Turn) -> None:
    name = _UNREADABLE.get(turn.heard.kind, "talk.unsupported")
    papers = ("sample_paper",) if turn.heard.kind == "image" else ()
    turn.emit(Tell(name, (Part(name),), papers=papers))
    turn.reopen()


# Commands


def _is_command(turn: Turn) -> bool:
    """A command; but what answers the open question, or skips it, is none: 「扣之前」 goes nowhere back."""
    heard = turn.heard
    if turn.it.asked and (SKIP.search(heard.text) or answers(turn)):
        return False
    return heard.intent == "cancel" and heard.confidence >= ACT


def _command(turn: Turn) -> None:
    """「重来」「上一步」「算了」."""
    text, frames = turn.heard.text, turn.it.frames
    if RESTART.search(text):
        turn.it = replace(
            turn.it, known=Known(), frames=(), asks={}, told="", calculated=None, misses=0, back=()
        )
        turn.tell("talk.restarted")
        again = next((frame.topic for frame in frames if frame.topic in CALCULATING), None)
        if again is not None:
            turn.open(again)
    elif BACK.search(text):
        earlier = turn.it.stepped_back()
        turn.tell("talk.nowhere_back" if earlier is None else "talk.stepped_back")
        turn.it = earlier or turn.it
        turn.reopen()
    else:
        turn.it = replace(turn.it, frames=(), asks={}, misses=0)
        turn.tell("talk.cancelled" if frames else "talk.nothing_to_cancel", *offers())


# The open question


def _answers(turn: Turn) -> bool:
    """Whether the message was dealt with as an answer to the open question; a question of its own is answered too."""
    if not turn.it.asked:
        return False
    outcome = answered(turn)
    if outcome == "answered":
        if _asks_besides(turn):
            _route(turn)
        elif not _answered_besides(turn):
            turn.run(*place_read_back(turn))
        return True
    if outcome == "interrupts":
        turn.merge()
        _route(turn)
        return True
    return outcome == "done"


def _asks_besides(turn: Turn) -> bool:
    heard = turn.heard
    asks = heard.intent.startswith(("ask_", "refuse_")) and QUESTION.search(heard.text) is not None
    return asks and is_strong(turn)


def _answered_besides(turn: Turn) -> bool:
    """「四个，那我不签字是不是就不用交」: the answer was taken, the question is answered by the library where it can be."""
    text = turn.heard.text
    if len(text) < _LONG or not QUESTION.search(text) or turn.heard.intent in ("affirm", "deny"):
        return False
    article, _ = best(turn.talk, text, turn.heard.intent)
    if article is None or set(article.intents) & {"ask_dibao_impact", "start_calculator"}:
        return False
    turn.emit(tell_article(turn.talk, article))
    turn.run()
    return True


# A message that answers nothing


def _fresh(turn: Turn) -> None:
    calculated = turn.it.calculated
    if calculated is not None and _follows_up(turn, calculated):
        return
    goes_on = turn.merge() and _was_calculating(turn)
    if goes_on and not QUESTION.search(turn.heard.text):
        turn.it = replace(turn.it, asks={})
        turn.open(turn.it.frames[-1].topic, *turn.changes_told())
    else:
        _route(turn)


def _was_calculating(turn: Turn) -> bool:
    """Whether a calculation was left in the middle: another fact takes it up again."""
    return bool(turn.it.frames) and turn.it.frames[-1].topic in CALCULATING


def _follows_up(turn: Turn, calculated: Known) -> bool:
    """What is asked of a result: another wage, what the township said, a correction."""
    heard = turn.heard
    if _CHILDREN.search(heard.text) and not stated(heard.facts):
        turn.tell("dibao.what_if_people")
        return True
    if _supposes(turn):
        turn.follow_up(dibao_impact.what_if(turn.talk, calculated.told(turn.heard.facts)[0]))
        return True
    asked_way = next((way for way, words in _WAYS.items() if words.search(heard.text)), None)
    if asked_way is not None and not stated(heard.facts):
        turn.follow_up(dibao_impact.way(turn.talk, asked_way))
        return True
    deducts = dibao_impact.township_answer(heard)
    if deducts is not None:
        turn.it = replace(turn.it, known=replace(turn.it.known, deducts=deducts))
        turn.open("dibao_impact")
        return True
    corrects = stated(heard.facts) and not QUESTION.search(heard.text)
    if heard.intent in _OF_CHANGE and not heard.facts.is_correction:
        corrects = corrects and _ACTUALLY.search(heard.text) is not None
    if corrects and turn.merge():
        turn.open("dibao_impact", *turn.changes_told())
        return True
    return False


def _supposes(turn: Turn) -> bool:
    """「要是三千五呢」「五个人呢」: another household, not a correction of this one."""
    facts, text = turn.heard.facts, turn.heard.text.rstrip("?。! ")
    if facts.is_correction or not (facts.is_what_if or text.endswith("呢")):
        return False
    if not stated(facts):
        asked = "household_size" if _PEOPLE.search(text) else "wage"
        facts = turn.house.facts.read(turn.words, turn.now.date(), asked)
        turn.heard = replace(turn.heard, facts=facts)
    return stated(facts)


def _route(turn: Turn) -> None:
    """Acts on what was understood, asks which of several things was meant, or says that it was not understood."""
    intent, confidence = turn.heard.intent, turn.heard.confidence
    if intent == "greet" and confidence >= OFFER:
        _greet(turn)
    elif intent in _SMALL_TALK and confidence >= OFFER:
        turn.tell(_SMALL_TALK[intent])
        turn.reopen()
    elif intent in TOPIC_OF and (confidence >= ACT or _is_one_topic(turn)):
        _begin(turn, intent)
    elif _states_a_case(turn):
        turn.open("dibao_impact")
    elif intent in TOPIC_OF and confidence >= OFFER:
        _ask_which(turn)
    else:
        _missed(turn)


def _greet(turn: Turn) -> None:
    turn.tell("talk.hello_again" if turn.it.welcomed else "talk.welcome", *offers())
    turn.reopen()


def _is_one_topic(turn: Turn) -> bool:
    """Whether the likely readings come to the same answer anyway."""
    likely = [each for each in turn.heard.ranking[:2] if each.confidence >= OFFER / 2]
    return turn.heard.confidence >= OFFER and len({TOPIC_OF.get(each.intent) for each in likely}) == 1


def _states_a_case(turn: Turn) -> bool:
    """A wage or a household out of the blue is the beginning of a calculation."""
    facts = turn.heard.facts
    if facts.region is not None or facts.dibao_region is not None:
        return True
    return facts.wage is not None or facts.household_size is not None or facts.on_book is not None


def _begin(turn: Turn, intent: str) -> None:
    """The topic of an intent, with the question as it was put."""
    text = turn.words
    if intent in _RECKONED and _answered_particularly(turn):
        return
    if TOPIC_OF[intent] == hr.NAME:
        turn.open(hr.NAME, **hr.opening(turn.it, intent, text))
        return
    turn.it = replace(turn.it, question=text)
    place = {"place": code} if (code := turn.heard.facts.unclear_place) else {}
    turn.open(TOPIC_OF[intent], intent=intent, text=text, **place)


def _answered_particularly(turn: Turn) -> bool:
    """A particular question that an article answers, not a calculation: it is answered, and the calculation offered.

    One that comes with facts of its own is the beginning of a calculation, unless it is an article's question itself.
    """
    if turn.heard.facts.unclear_place or turn.it.frames or facts_in(turn.heard.facts) > 1:
        return False
    found = find(turn.talk, _AMOUNT.sub("", turn.heard.text), None)  # no article knows anybody's amounts
    general = max((each.score for each in found if _is_general(each.article)), default=0.0)
    best_found = next((each for each in found if not _is_general(each.article)), None)
    leads = _LEADS_A_CASE if _states_a_case(turn) else _LEADS
    if best_found is None or best_found.score < max(_PARTICULAR, general + leads):
        return False
    turn.it = replace(turn.it, question=turn.words)
    calculate = (Tap(Part("talk.calculate"), "topic=dibao_impact"),)
    turn.emit(tell_article(turn.talk, best_found.article, taps=calculate, others=found[1:]))
    return True


def _is_general(article: Article) -> bool:
    """Whether an article says in general what the calculator says with somebody's own figures."""
    return article.general or article.intents[0] == "ask_contribution_amount"


def _ask_which(turn: Turn) -> None:
    """Two or three readings with friendly names; where an article of one of them answers anyway, its answer."""
    likely = [each.intent for each in turn.heard.ranking[:3] if each.intent in TOPIC_OF]
    article, others = best(turn.talk, turn.heard.text, None)
    meant = [] if article is None else [each for each in likely if each in article.intents]
    if meant and TOPIC_OF[meant[0]] not in CALCULATING:
        _begin(turn, meant[0])
        return
    if article is not None and not article.general and not turn.it.frames:
        turn.it = replace(turn.it, question=turn.words)
        turn.emit(tell_article(turn.talk, article, others=others))
        return
    turn.it = replace(turn.it, question=turn.words)
    turn.open("choosing", intents=",".join(likely), text=turn.words)


def _missed(turn: Turn) -> None:
    """Nothing near: the library is asked, then it is said plainly; the second time in a row a person is offered."""
    outside = turn.heard.intent == "out_of_scope" and turn.heard.confidence >= ACT
    article, others = (None, []) if outside else best(turn.talk, turn.heard.text, None)
    turn.it = replace(turn.it, question=turn.words)
    if article is not None:
        turn.emit(tell_article(turn.talk, article, others=others))
    elif turn.it.misses + 1 >= MOST_MISSES:
        turn.it = replace(turn.it, misses=0)
        turn.missed()
        turn.tell("talk.not_understood_twice", HR, *offers()[:2])
    else:
        turn.it = replace(turn.it, misses=turn.it.misses + 1)
        if others and turn.house.finder.is_near(others[0]):
            turn.emit(no_clause(others, turn.talk))
        elif outside:
            turn.tell("talk.out_of_scope", *offers())
        else:
            turn.missed()
            turn.tell("talk.not_understood", *offers())
    turn.reopen()


# Time and language


def _without_expired(conversation: Conversation, now: datetime) -> Conversation:
    """Without the topics whose question has waited too long."""
    kept = tuple(
        frame
        for frame in conversation.frames
        if frame.topic in TOPICS and now - datetime.fromisoformat(frame.since) < TOPICS[frame.topic].EXPIRES
    )
    return conversation if kept == conversation.frames else replace(conversation, frames=kept, asks={})


def _was_idle(conversation: Conversation, now: datetime) -> bool:
    return bool(conversation.heard_at) and now - datetime.fromisoformat(conversation.heard_at) > IDLE


def _spoken_to(conversation: Conversation, text: str, language: Language | None) -> Conversation:
    """English to those who write English, traditional characters to those who write them; a word is no change."""
    if language is None or len(text.split()) + len(text) // 4 < 2:
        return conversation
    if language == "zh-Hans" and conversation.locale == "en":
        return replace(conversation, locale="zh_Hans")
    return replace(conversation, locale=_LOCALES.get(language, conversation.locale))
