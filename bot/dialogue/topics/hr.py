"""找人事: what will be sent is shown first; the question alone unless the employee chooses more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from bot.dialogue.conversation import Conversation
from bot.dialogue.known import Known
from bot.dialogue.steps import Ask, HandOff, Part, Quoted, Step, Tell
from bot.dialogue.talk import Talk
from bot.guard import Evidence
from bot.private import is_private
from bot.understanding.facts import Facts
from hr_inbox.task import HrTask, TaskKind

NAME: Final = "hr"
INTENTS: Final = ("talk_to_hr", "complaint_hr")
EXPIRES: Final = timedelta(days=1)
#: Who must not get a task: the person complained of.
EXCLUDED: Final[Mapping[str, str]] = {"complaint": "hr_named"}
#: Facts that tell how a household stands with dibao.
TELLING: Final = ("dibao", "on_book", "received_monthly")
#: Only words go to HR as one's question; a request for a human is none.
_ASKS_FOR_A_PERSON: Final = "talk_to_hr"


def step(talk: Talk) -> Step:
    """Shows what will be sent, asks how much, and hands over exactly that."""
    data, heard = talk.frame.data, talk.heard
    kind = data.get("kind", "talk_to_hr")
    question = data.get("question", "")
    if heard.slot == "share_scope":
        if heard.value == "none":
            return Tell("hr:not_sent", (Part("hr.not_sent"),))
        return _sent(talk, kind, question, whole=heard.value == "whole")
    before: tuple[Part | Quoted, ...] = (Part("hr.complaint"),) if kind == "complaint" else ()
    if kind == "urgent_injury":
        before = (Part("hr.urgent"),)
    if not question:
        return Ask("share_scope", "empty", before=before)
    shown = Part("hr.preview", {"question": question})
    variant = "again" if talk.conversation.asks.get("share_scope") else ""
    return Ask("share_scope", variant, {}, (*before, shown, Part("hr.only")), evidence=Evidence.of(question))


def opening(conversation: Conversation, intent: str, text: str) -> dict[str, str]:
    """What the topic starts with: a complaint in its own words, else the last question that was left open."""
    kind = "complaint" if intent == "complaint_hr" else "talk_to_hr"
    question = conversation.question if intent == _ASKS_FOR_A_PERSON else text
    return {"kind": kind, "question": "" if is_private(question) else question}


def _sent(talk: Talk, kind: str, question: str, *, whole: bool) -> HandOff:
    known: tuple[TaskKind, ...] = (
        "question",
        "talk_to_hr",
        "complaint",
        "open_figure",
        "income_change",
        "dibao_status_change",
        "refusal",
        "urgent_injury",
    )
    task = HrTask(
        kind=next((each for each in known if each == kind), "question"),
        lines=_whole(talk.conversation) if whole else (question or talk.say("有位同事想找人聊聊。"),),
        region=talk.known.region or "",
        language=talk.conversation.locale,
        topic=talk.frame.data.get("topic", ""),
        whole=whole,
        excluded=EXCLUDED.get(kind, ""),
        dibao=_tells_dibao(talk, question, whole=whole),
    )
    return HandOff(task, (Part("hr.sent_complaint" if kind == "complaint" else "hr.sent"),))


def _tells_dibao(talk: Talk, question: str, *, whole: bool) -> bool:
    """Whether what is sent tells how the household stands with dibao: only the dibao officer gets it then."""
    conversation = talk.conversation
    texts = [question]
    if whole:
        texts = [line.text for line in conversation.lines if line.author == "employee" and not line.private]
    told: list[Known | Facts] = [talk.house.facts.read(text, talk.on) for text in texts]
    if whole:
        told += [talk.known, conversation.calculated or Known()]
    return any(getattr(each, name) is not None for each in told for name in TELLING)


def _whole(conversation: Conversation) -> tuple[str, ...]:
    """The conversation as HR may see it: never what was said about undeclared wages, nor the answer to it."""
    return tuple(f"{line.author}: {line.text}" for line in conversation.lines if not line.private)
