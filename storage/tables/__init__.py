"""The tables. What is personal lies in sealed columns (bytes); what is not sealed tells nothing about a person."""

from storage.tables.audit import audit_events, audit_subjects
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
from storage.tables.people import (
    accounts,
    bindings,
    employees,
    invitations,
    second_factors,
    sessions,
    sign_in_journeys,
    sign_in_tries,
)
from storage.tables.work import tasks

__all__ = [
    "Moment",
    "accounts",
    "audit_events",
    "audit_subjects",
    "bindings",
    "conversations",
    "counters",
    "employees",
    "erasures",
    "inbox",
    "invitations",
    "messages",
    "metadata",
    "outbox",
    "person_keys",
    "second_factors",
    "sessions",
    "sign_in_journeys",
    "sign_in_tries",
    "tasks",
]
