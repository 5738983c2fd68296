"""What was said in the chat after it was announced that it may go with the answer to a notice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, select

from bot.dialogue.conversation import Conversation
from delivery.messages import Reply
from notices.answering import ChatLine
from storage.conversation_rows import STATE, Opened, read_bubble
from storage.tables import messages, notice_events

#: So many lines go with an answer at most, the latest ones.
MOST: Final = 60


def chat_of(connection: Connection, opened: Opened, notice: str) -> tuple[ChatLine, ...]:
    """The lines of a conversation since the notice was asked for there, which is when it is announced; none before.

    What was said about undeclared wages is never among them, nor are links and codes.
    """
    begins = _announced(connection, opened, notice)
    if begins is None:
        return ()
    query = (
        select(messages.c.seq, messages.c.author, messages.c.body)
        .where(
            messages.c.conversation == opened.id,
            messages.c.seq > begins,
            messages.c.author.in_(("employee", "assistant")),
        )
        .order_by(messages.c.seq.desc())
        .limit(MOST)
    )
    private = set(_private(opened))
    lines = []
    for row in reversed(connection.execute(query).all()):
        said = read_bubble(opened.box, opened.id, row.seq, row.body)
        if said.text and said.text not in private and not _opens(said):
            lines.append(ChatLine(row.seq, row.author, said.text))
    return tuple(lines)


def _announced(connection: Connection, opened: Opened, notice: str) -> int | None:
    query = (
        select(notice_events.c.body)
        .where(notice_events.c.notice == notice, notice_events.c.type == "asked_for")
        .order_by(notice_events.c.seq)
    )
    told = (json.loads(body)["data"] for body in connection.execute(query).scalars())
    return next((int(each["seq"]) for each in told if each["channel"] == opened.channel), None)


def _private(opened: Opened) -> Iterator[str]:
    if opened.state is not None:
        kept = Conversation.from_json(opened.box.open_json(f"{STATE}:{opened.id}", opened.state))
        yield from (line.text for line in kept.lines if line.private)


def _opens(said: Reply) -> bool:
    """Whether a bubble opens the notice, or helps to: it is nobody's words."""
    return (
        "/notices/" in said.text
        or any(each.payload.startswith("notice=") for each in said.buttons)
        or said.secret
    )
