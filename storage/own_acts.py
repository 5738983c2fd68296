"""What a turn decided about the employee's own file, done in the turn's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from audit.events import Event
from audit.events import employee as subject
from bot.dialogue.acts import Agree, OwnAct, Report, Withdraw
from people.records import DibaoStatus
from profiles.changes import Change, dibao_of
from storage.bindings import owner_row
from storage.keys import Keys
from storage.profile_changes import note
from storage.quarantine import forget
from storage.record_rows import add_status
from storage.records import give, take_back


def do(
    connection: Connection, keys: Keys, conversation: str, acts: Sequence[OwnAct], now: datetime
) -> tuple[Event, ...]:
    """Does what the employee decided; what to log of it last. Nothing where the conversation is another's by now."""
    owner = owner_row(connection, conversation) if acts else None
    events: tuple[Event, ...] = ()
    for act in acts:
        if owner is None or act.employee != owner.id:
            continue
        by = subject(act.employee)
        if isinstance(act, Agree):
            if _tells_dibao(acts):
                # What the employee says stands, and not what a sheet said.
                forget(connection, act.employee)
            events += give(connection, keys, act.employee, act.purpose, "chat", by, now)
        elif isinstance(act, Withdraw):
            events += take_back(connection, keys, act.employee, act.purpose, "chat", by, now)
        else:
            for change in act.changes:
                events += _reported(connection, keys, change, by, now)
    return events


def _tells_dibao(acts: Sequence[OwnAct]) -> bool:
    return any(change.what == "dibao" for act in acts if isinstance(act, Report) for change in act.changes)


def _reported(
    connection: Connection, keys: Keys, change: Change, by: str, now: datetime
) -> tuple[Event, ...]:
    """Writes down what was told, where it may be kept; a status of dibao also stands among those that were told."""
    if not note(connection, keys, [change], now):
        return ()
    status = dibao_of(change.value) if change.what == "dibao" else None
    if status is None:
        return (Event("profile_changed", by, (by,), {"changes": 1}),)
    told = DibaoStatus(status, change.holds_from, "told_assistant")
    add_status(connection, keys, change.employee, told, by, now)
    return (Event("dibao_recorded", by, (by,)),)
