"""At least one row in every table, as the program writes them: for tests that must not forget a table."""

from __future__ import annotations

from datetime import date

import pytest
from databases import Clock
from pyotp import TOTP
from sqlalchemy import insert
from talking import REPLY, TASK, Post, kept, message, say

from audit.events import Event, account
from bot.receiving import Said, receive
from delivery.outbox import deliver_due
from people.providers import Journey
from people.signing_in import NotAdmitted
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
    session = storage.sessions.find(storage.sessions.begin(zhao.id))
    assert session is not None
    code = TOTP(storage.credentials.planned_secret(session)).at(clock())
    storage.credentials.set_second_factor(session, code)
    storage.sessions.begin(zhao.id)
    storage.accounts.invite_new("laoqian", "老钱", "", frozenset({"auditor"}), account(zhao.id))
    with pytest.raises(NotAdmitted):
        storage.credentials.check_password("laoqian", "不知道的密码", "192.0.2.7")
    storage.ties.set_out(Journey("state", "nonce", "verifier"))
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


def fill(storage: Storage, clock: Clock) -> None:
    """Everything that there is to store, in the order in which it happens."""
    for each in (_talk, _sign_in, _employ):
        each(storage, clock)
