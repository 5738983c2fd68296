"""The tables. What is personal lies in sealed columns (bytes); what is not sealed tells nothing about a person."""

from storage.tables.audit import audit_checks, audit_events, audit_heads, audit_reasons, audit_subjects
from storage.tables.base import Moment, metadata
from storage.tables.conversations import (
    conversations,
    counters,
    erasures,
    inbox,
    messages,
    outbox,
    person_keys,
)
from storage.tables.people import accounts, bindings, employees, sessions
from storage.tables.work import tasks

__all__ = [
    "Moment",
    "accounts",
    "audit_checks",
    "audit_events",
    "audit_heads",
    "audit_reasons",
    "audit_subjects",
    "bindings",
    "conversations",
    "counters",
    "employees",
    "erasures",
    "inbox",
    "messages",
    "metadata",
    "outbox",
    "person_keys",
    "sessions",
    "tasks",
]
