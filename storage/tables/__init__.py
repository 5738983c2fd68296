"""The tables. What is personal lies in sealed columns (bytes); what is not sealed tells nothing about a person."""

from storage.tables.audit import audit_events, audit_subjects
from storage.tables.base import Moment, metadata
from storage.tables.cases import answers, exclusions, holdings, mentions, notes, undo_steps
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
    "answers",
    "audit_events",
    "audit_subjects",
    "bindings",
    "conversations",
    "counters",
    "employees",
    "erasures",
    "exclusions",
    "holdings",
    "inbox",
    "mentions",
    "messages",
    "metadata",
    "notes",
    "outbox",
    "person_keys",
    "sessions",
    "tasks",
    "undo_steps",
]
