"""At least one row in every table, as the program writes them: for tests that must not forget a table."""

from __future__ import annotations

from datetime import date

from databases import Clock
from sqlalchemy import insert
from talking import REPLY, TASK, Post, kept, message, say

from audit.events import Event, account
from bot.receiving import Said, receive
from delivery.outbox import deliver_due
from storage.opening import Storage
from storage.tables import bindings, employees


def _talk(storage: Storage, clock: Clock) -> None:
    receive(
        message("m1"), storage.conversations, lambda kept, message: Said({"wage": 350_000}, (REPLY,), (TASK,))
    )
    say(storage, message("e1", sender="走了的人"), "好")
    say(storage, message("e2", sender="走了的人"), "删了", erase=True)
    say(storage, message("p1", channel="wechat"), "发出的")
    deliver_due(storage.outbox, {"wechat": Post()}, clock)
    storage.tasks.close("T-000001")
    storage.conversations.take_over(kept(storage).id)
    storage.inbox.store(message("m2", "还没答的"))


def _sign_in(storage: Storage, clock: Clock) -> None:
    zhao = storage.accounts.add("zhaojing", "赵静", frozenset({"agent"}), state="active")
    storage.sessions.begin(zhao.id)
    storage.audit.record(Event("sign_in", account(zhao.id), (account(zhao.id),)))


def _employ(storage: Storage, clock: Clock) -> None:
    ali = "5a1e0000-0000-4000-8000-000000000001"
    with storage.database.work() as connection:
        connection.execute(
            insert(employees),
            {
                "id": ali, "number_index": b"n" * 16, "name_index": b"m" * 16, "key_id": 1, "body": b"b" * 92,
                "region": "320500", "state": "active", "joined_on": date(2026, 3, 1), "changed_at": clock(),
            },
        )  # fmt: skip
        connection.execute(
            insert(bindings),
            {
                "id": ali, "employee": ali, "conversation": kept(storage).id, "state": "active",
                "bound_at": clock(),
            },
        )  # fmt: skip


def _change_the_library(storage: Storage, clock: Clock) -> None:
    changes = storage.policy_changes
    line = {"341202": {"region": "341202", "name": "颍州区", "sources": {}, "notices": [], "lines": []}}
    change = changes.draft("figures", "颍州区 低保线", line, "an editor")
    changes.submit(change.number, "an editor")
    changes.approve(change.number, "a reviewer", change.hash, None)
    changes.claim(change.number, "a reviewer", "publish")
    changes.note_written(change.number, line, None)
    changes.finish(change.number, "a reviewer", "publish", {"households": 1}, [kept(storage).id])


def fill(storage: Storage, clock: Clock) -> None:
    """Everything that there is to store, in the order in which it happens."""
    for each in (_talk, _sign_in, _employ, _change_the_library):
        each(storage, clock)
