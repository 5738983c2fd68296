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
from storage.tables.people import accounts, bindings, employees, sessions
from storage.tables.roster import (
    codes,
    employee_records,
    entities,
    import_mappings,
    import_rows,
    imports,
    insured_accounts,
    pay_months,
)
from storage.tables.work import tasks

__all__ = [
    "Moment",
    "accounts",
    "audit_events",
    "audit_subjects",
    "bindings",
    "codes",
    "conversations",
    "counters",
    "employee_records",
    "employees",
    "entities",
    "erasures",
    "import_mappings",
    "import_rows",
    "imports",
    "inbox",
    "insured_accounts",
    "messages",
    "metadata",
    "outbox",
    "pay_months",
    "person_keys",
    "sessions",
    "tasks",
]
