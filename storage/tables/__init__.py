"""The tables. What is personal lies in sealed columns (bytes); what is not sealed tells nothing about a person."""

from storage.tables.abroad import abroad
from storage.tables.audit import audit_checks, audit_events, audit_heads, audit_reasons, audit_subjects
from storage.tables.base import Moment, metadata
from storage.tables.cases import answers, exclusions, holdings, mentions, notes, undo_steps
from storage.tables.connections import (
    alarm_messages,
    connection_codes,
    connection_nonces,
    connection_versions,
    connections,
)
from storage.tables.conversations import (
    conversations,
    counters,
    erasures,
    grants,
    inbox,
    messages,
    outbox,
    person_keys,
    unreached,
)
from storage.tables.declarations import declaration_lines, declaration_steps, declarations
from storage.tables.links import links
from storage.tables.notices import (
    hr_addresses,
    notice_anchors,
    notice_answers,
    notice_batches,
    notice_events,
    notice_figures,
    notice_files,
    notice_holds,
    notice_links,
    notice_rows,
    notice_texts,
    notice_values,
    notices,
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
from storage.tables.platforms import passive_answers, platform_tokens
from storage.tables.policy import policy_changes, policy_news
from storage.tables.portal import portal_files
from storage.tables.profiles import profile_changes, profiles, strategies
from storage.tables.pushes import pushes
from storage.tables.reassessments import assessed, reassessed, reassessments
from storage.tables.roster import (
    codes,
    employee_records,
    entities,
    import_mappings,
    import_rows,
    imports,
    insured_accounts,
    pay_months,
    quarantined_cells,
)
from storage.tables.service import company_days, company_settings, mail_digests, told_tasks
from storage.tables.unanswered import unanswered
from storage.tables.work import tasks

__all__ = [
    "Moment",
    "abroad",
    "accounts",
    "alarm_messages",
    "answers",
    "assessed",
    "audit_checks",
    "audit_events",
    "audit_heads",
    "audit_reasons",
    "audit_subjects",
    "bindings",
    "codes",
    "company_days",
    "company_settings",
    "connection_codes",
    "connection_nonces",
    "connection_versions",
    "connections",
    "conversations",
    "counters",
    "declaration_lines",
    "declaration_steps",
    "declarations",
    "employee_records",
    "employees",
    "entities",
    "erasures",
    "exclusions",
    "grants",
    "holdings",
    "hr_addresses",
    "import_mappings",
    "import_rows",
    "imports",
    "inbox",
    "insured_accounts",
    "invitations",
    "links",
    "mail_digests",
    "mentions",
    "messages",
    "metadata",
    "notes",
    "notice_anchors",
    "notice_answers",
    "notice_batches",
    "notice_events",
    "notice_figures",
    "notice_files",
    "notice_holds",
    "notice_links",
    "notice_rows",
    "notice_texts",
    "notice_values",
    "notices",
    "outbox",
    "passive_answers",
    "pay_months",
    "person_keys",
    "platform_tokens",
    "policy_changes",
    "policy_news",
    "portal_files",
    "profile_changes",
    "profiles",
    "pushes",
    "quarantined_cells",
    "reassessed",
    "reassessments",
    "second_factors",
    "sessions",
    "sign_in_journeys",
    "sign_in_tries",
    "strategies",
    "tasks",
    "told_tasks",
    "unanswered",
    "undo_steps",
    "unreached",
]
