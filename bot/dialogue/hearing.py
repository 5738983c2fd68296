"""Hear: a message becomes what it wants, what it states, and which button it taps."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Final

from bot.dialogue.conversation import Conversation
from bot.dialogue.known import field_of
from bot.dialogue.talk import Heard, House
from bot.understanding.facts import Facts
from bot.understanding.normalise import capped, normalise
from delivery.messages import Button

#: Questions that a bare number answers: there a number is no choice of a button.
COUNTED: Final = frozenset(
    ("household_size", "wage", "other_income", "standard_monthly", "received_monthly", "month")
)
#: What buttons offer beside the open question: each may be wished for after another.
OFFERED: Final = frozenset(("topic", "way", "paper", "article"))
_ORDINAL: Final = re.compile(r"^(?:第)?([1-9一二三四五六七八九])(?:个|项|条)?[。.、)]?$")
_HAN: Final = "一二三四五六七八九"
RESTART: Final = re.compile(r"重来|重新(?:来|开始|算)|从头|start over|restart|reset|begin again")
BACK: Final = re.compile(r"上一步|上一个|返回|退回|退一步|回到上|back\b|previous|undo")
HELP: Final = re.compile(
    r"^(?:帮助|怎么用|怎么玩|能干啥|你能干什么|你会什么|你会干嘛|能问什么|有什么功能|功能|菜单|help|menu|\?)[?!。]*$"
)
SKIP: Final = re.compile(r"跳过|不想说|不方便说|先不说|不告诉|保密|\bskip\b|\bpass\b|rather not")
QUESTION: Final = re.compile(
    r"[吗呢么?]|怎么|多少|什么|啥|为何|几|能不能|会不会|是不是|要不要|\b(?:how|what|why|can|do|will)\b"
)
#: An answer of this many characters, at most, is nothing but an answer, unless it holds one of these words.
SHORT: Final = 20
_WANTS: Final = re.compile(
    r"人工|人事|客服|真人|投诉|举报|算了|重来|重新|上一步|取消|谢|再见|拜拜|删|签|不想|不交|\b(?:hr|human|stop|back|thanks)\b"
)
_SHAPE: Final = re.compile(r"^[a-z_]+=[\w/.-]{0,120}$")


def hear(house: House, conversation: Conversation, text: str, payload: str, kind: str, today: date) -> Heard:
    """What came in. A payload counts only in the form that our own buttons have."""
    payload = payload or _typed_choice(conversation, text)
    if payload and _SHAPE.match(payload):
        slot, _, value = payload.partition("=")
        return Heard(text=normalise(text), slot=slot, value=value, kind=kind)
    plain = normalise(text)
    facts = house.facts.read(capped(text), today, conversation.asked or None)
    if _just_answers(conversation.asked, plain, facts):
        return Heard(plain, facts=facts, kind=kind)
    read = house.reader.read(text)
    return Heard(plain, read.intent, read.confidence, read.ranking, facts, kind=kind, language=read.language)


def _just_answers(asked: str, plain: str, facts: Facts) -> bool:
    """「三千五」 to 「工资多少」: the open question explains it, and no model is asked what it might want."""
    if asked in ("", "confirm", "choice", "share_scope") or len(plain) > SHORT or facts.unsure:
        return False
    if facts.is_correction or facts.is_what_if or QUESTION.search(plain) or _WANTS.search(plain):
        return False
    told = getattr(facts, field_of(asked)) is not None
    return told or (asked in ("on_book", "other_income") and facts.answer in ("yes", "no", "none"))


def _typed_choice(conversation: Conversation, text: str) -> str:
    """The payload of the button whose title, or whose number, was typed."""
    buttons = conversation.buttons
    if not buttons:
        return ""
    typed = _bare(text)
    for button in buttons:
        if typed == _bare(button.title):
            return button.payload
    if conversation.asked in COUNTED:
        return ""
    return _numbered(buttons, unicodedata.normalize("NFKC", text).strip())


def _numbered(buttons: tuple[Button, ...], text: str) -> str:
    match = _ORDINAL.match(text)
    if match is None:
        return ""
    number = _HAN.index(match[1]) + 1 if match[1] in _HAN else int(match[1])
    return buttons[number - 1].payload if number <= len(buttons) else ""


def _bare(text: str) -> str:
    return re.sub(r"[\s。，,.!！?？、（）()“”\"]", "", unicodedata.normalize("NFKC", text)).lower()
