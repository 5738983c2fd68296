"""Hear: a message becomes what it wants, what it states, and which button it taps."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Final

from bot.dialogue.conversation import Conversation
from bot.dialogue.talk import Heard, House
from bot.understanding.normalise import capped, normalise
from delivery.messages import Button

#: Questions that a bare number answers: there a number is no choice of a button.
COUNTED: Final = frozenset(
    ("household_size", "wage", "other_income", "standard_monthly", "received_monthly", "month")
)
_ORDINAL: Final = re.compile(r"^(?:第)?([1-9一二三四五六七八九])(?:个|项|条)?[。.、)]?$")
_HAN: Final = "一二三四五六七八九"
RESTART: Final = re.compile(r"重来|重新(?:来|开始|算)|从头|start over|restart|reset|begin again")
BACK: Final = re.compile(r"上一步|上一个|返回|退回|退一步|回到上|back\b|previous|undo")
HELP: Final = re.compile(
    r"^(?:帮助|怎么用|怎么玩|能干啥|你能干什么|你会什么|你会干嘛|能问什么|有什么功能|功能|菜单|help|menu|\?)[?!。]*$"
)
SKIP: Final = re.compile(r"跳过|不想说|不方便说|先不说|不告诉|保密|\bskip\b|\bpass\b|rather not")
_SHAPE: Final = re.compile(r"^[a-z_]+=[\w/.-]{0,120}$")


def hear(house: House, conversation: Conversation, text: str, payload: str, kind: str, today: date) -> Heard:
    """What came in. A payload counts only in the form that our own buttons have."""
    payload = payload or _typed_choice(conversation, text)
    if payload and _SHAPE.match(payload):
        slot, _, value = payload.partition("=")
        return Heard(text=normalise(text), slot=slot, value=value, kind=kind)
    plain = normalise(text)
    read = house.reader.read(text)
    facts = house.facts.read(capped(text), today, conversation.asked or None)
    return Heard(plain, read.intent, read.confidence, read.ranking, facts, kind=kind, language=read.language)


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
