"""Who works at the plant, and what HR and they do to bind a chat. For tests of the roster."""

from __future__ import annotations

from datetime import date
from typing import Any

from talking import message, say

from bot.receiving import Received
from people.bindings import Bind, BindingAct
from people.employees import Employee
from storage.opening import Storage

HR = "account:5a1e0000-0000-4000-8000-00000000000a"


def hire(storage: Storage, number: str = "A0034", name: str = "阿丽", **fields: Any) -> Employee:
    """Somebody joins in March, insured in Suzhou unless said otherwise."""
    given = {"region": "320500", "joined_on": date(2026, 3, 1)} | fields
    return storage.roster.add(Employee("", number, name, **given), HR)


def enters(storage: Storage, key: str, act: BindingAct | None, sender: str = "阿丽") -> Received:
    """A turn in which somebody's chat is tied or untied."""
    return say(storage, message(key, "码", sender=sender), "好", binding=act)


def binds(storage: Storage, employee: Employee, key: str = "b1", sender: str = "阿丽") -> str:
    """An employee gets a code and enters it; the conversation."""
    code = storage.bindings.make([employee.id], HR)[employee.id]
    enters(storage, key, Bind(code, employee.id), sender)
    found = storage.conversations.find("web", sender)
    assert found is not None
    return found.id
