"""Notices: drafted, read, answered, and the chain of what happened to each, which only grows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

#: Tables to whose rows nothing is ever done.
GUARDED = ("notice_events", "notice_texts")
TABLES = (
    "notice_values",
    "notice_links",
    "notice_holds",
    "notice_files",
    "notice_answers",
    "notices",
    "notice_rows",
    "notice_texts",
    "notice_figures",
    "notice_events",
    "notice_batches",
    "notice_anchors",
    "hr_addresses",
)


def upgrade() -> None:
    """Makes the tables, and has the database refuse anything but new rows where that is the point."""
    op.create_table(
        "hr_addresses",
        sa.Column("address_index", sa.LargeBinary(16), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address_index", name=op.f("pk_hr_addresses")),
    )
    op.create_index(op.f("ix_hr_addresses_seen_at"), "hr_addresses", ["seen_at"])
    op.create_table(
        "notice_anchors",
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column("heads", sa.Integer(), nullable=False),
        sa.Column("token", sa.LargeBinary()),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("on", name=op.f("pk_notice_anchors")),
    )
    op.create_table(
        "notice_batches",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_batches")),
    )
    op.create_index(op.f("ix_notice_batches_key_id"), "notice_batches", ["key_id"])
    op.create_index(op.f("ix_notice_batches_made_at"), "notice_batches", ["made_at"])
    op.create_index(op.f("ix_notice_batches_state"), "notice_batches", ["state"])
    op.create_table(
        "notice_events",
        sa.Column("notice", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("signature", sa.LargeBinary(64), nullable=False),
        sa.PrimaryKeyConstraint("notice", "seq", name=op.f("pk_notice_events")),
    )
    op.create_index(op.f("ix_notice_events_at"), "notice_events", ["at"])
    op.create_table(
        "notice_figures",
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("region", sa.String(6), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("employee", sa.Integer(), nullable=False),
        sa.Column("employer", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(400), nullable=False),
        sa.Column("entered_by", sa.String(64), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "region", "name", name=op.f("pk_notice_figures")),
    )
    op.create_table(
        "notice_texts",
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_notice_texts")),
    )
    op.create_table(
        "notice_rows",
        sa.Column("batch", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("employee", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("why", sa.String(24)),
        sa.Column("detail", sa.String(200), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("notice", sa.Uuid(as_uuid=False)),
        sa.ForeignKeyConstraint(
            ["batch"],
            ["notice_batches.id"],
            name=op.f("fk_notice_rows_batch_notice_batches"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["employee"], ["employees.id"], name=op.f("fk_notice_rows_employee_employees"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("batch", "place", name=op.f("pk_notice_rows")),
        sa.UniqueConstraint("batch", "employee", name=op.f("uq_notice_rows_batch_employee")),
    )
    op.create_index(op.f("ix_notice_rows_batch_state_place"), "notice_rows", ["batch", "state", "place"])
    op.create_index(op.f("ix_notice_rows_employee"), "notice_rows", ["employee"])
    op.create_index(op.f("ix_notice_rows_key_id"), "notice_rows", ["key_id"])
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("employee", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("batch", sa.Uuid(as_uuid=False)),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("tells_dibao", sa.Boolean(), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("content_sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by", sa.String(64), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.Column("sealed_at", sa.DateTime(timezone=True)),
        sa.Column("supersedes", sa.Uuid(as_uuid=False)),
        sa.Column("superseded_by", sa.Uuid(as_uuid=False)),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("next_step_at", sa.DateTime(timezone=True)),
        sa.Column("task", sa.Integer()),
        sa.ForeignKeyConstraint(["employee"], ["employees.id"], name=op.f("fk_notices_employee_employees")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("number", name=op.f("uq_notices_number")),
    )
    op.create_index(op.f("ix_notices_batch"), "notices", ["batch"])
    op.create_index(op.f("ix_notices_employee_kind_month"), "notices", ["employee", "kind", "month"])
    op.create_index(op.f("ix_notices_key_id"), "notices", ["key_id"])
    op.create_index(op.f("ix_notices_next_step_at"), "notices", ["next_step_at"])
    op.create_index(op.f("ix_notices_state_issued_at_id"), "notices", ["state", "issued_at", "id"])
    op.create_index(
        "ix_notices_unsealed",
        "notices",
        ["answered_at"],
        sqlite_where=sa.text("sealed_at IS NULL"),
        postgresql_where=sa.text("sealed_at IS NULL"),
    )
    op.create_index(
        "uq_notices_standing",
        "notices",
        ["employee", "kind", "month"],
        unique=True,
        sqlite_where=sa.text("state NOT IN ('superseded', 'withdrawn')"),
        postgresql_where=sa.text("state NOT IN ('superseded', 'withdrawn')"),
    )
    op.create_table(
        "notice_answers",
        sa.Column("notice", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("strokes_index", sa.LargeBinary(16)),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["notice"], ["notices.id"], name=op.f("fk_notice_answers_notice_notices"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("notice", name=op.f("pk_notice_answers")),
    )
    op.create_index(op.f("ix_notice_answers_key_id"), "notice_answers", ["key_id"])
    op.create_index(op.f("ix_notice_answers_strokes_index"), "notice_answers", ["strokes_index"])
    op.create_table(
        "notice_files",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("notice", sa.Uuid(as_uuid=False)),
        sa.Column("employee", sa.Uuid(as_uuid=False)),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("timestamp", sa.String(16), nullable=False),
        sa.Column("token", sa.LargeBinary()),
        sa.Column("signed_on", sa.Date()),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["employee"],
            ["employees.id"],
            name=op.f("fk_notice_files_employee_employees"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["notice"], ["notices.id"], name=op.f("fk_notice_files_notice_notices"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_files")),
    )
    op.create_index(op.f("ix_notice_files_employee"), "notice_files", ["employee"])
    op.create_index(op.f("ix_notice_files_key_id"), "notice_files", ["key_id"])
    op.create_index(op.f("ix_notice_files_notice"), "notice_files", ["notice"])
    op.create_index(op.f("ix_notice_files_sha256"), "notice_files", ["sha256"])
    op.create_table(
        "notice_holds",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("notice", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_by", sa.String(64)),
        sa.Column("lifted_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["notice"], ["notices.id"], name=op.f("fk_notice_holds_notice_notices"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_holds")),
    )
    op.create_index(op.f("ix_notice_holds_key_id"), "notice_holds", ["key_id"])
    op.create_index(op.f("ix_notice_holds_notice"), "notice_holds", ["notice"])
    op.create_table(
        "notice_links",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("notice", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("conversation", sa.Uuid(as_uuid=False)),
        sa.Column("token_index", sa.LargeBinary(16), nullable=False),
        sa.Column("sent_as", sa.Uuid(as_uuid=False)),
        sa.Column("arrival", sa.String(16)),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("ended_why", sa.String(16)),
        sa.Column("looked_at", sa.DateTime(timezone=True)),
        sa.Column("denials", sa.Integer(), nullable=False),
        sa.Column("browser_index", sa.LargeBinary(16)),
        sa.Column("code_index", sa.LargeBinary(16)),
        sa.Column("code_at", sa.DateTime(timezone=True)),
        sa.Column("codes", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("ticket_index", sa.LargeBinary(16)),
        sa.Column("entered_at", sa.DateTime(timezone=True)),
        sa.Column("seen_at", sa.DateTime(timezone=True)),
        sa.Column("read_seconds", sa.Integer()),
        sa.Column("checked", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation"],
            ["conversations.id"],
            name=op.f("fk_notice_links_conversation_conversations"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["notice"], ["notices.id"], name=op.f("fk_notice_links_notice_notices"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_links")),
        sa.UniqueConstraint("ticket_index", name=op.f("uq_notice_links_ticket_index")),
        sa.UniqueConstraint("token_index", name=op.f("uq_notice_links_token_index")),
    )
    op.create_index(op.f("ix_notice_links_conversation"), "notice_links", ["conversation"])
    op.create_index(op.f("ix_notice_links_notice"), "notice_links", ["notice"])
    op.create_index(op.f("ix_notice_links_sent_as"), "notice_links", ["sent_as"])
    op.create_table(
        "notice_values",
        sa.Column("notice", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["notice"], ["notices.id"], name=op.f("fk_notice_values_notice_notices"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("notice", "seq", "name", name=op.f("pk_notice_values")),
    )
    op.create_index(op.f("ix_notice_values_key_id"), "notice_values", ["key_id"])
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def downgrade() -> None:
    """Takes them away, and everything in them."""
    for table in TABLES:
        op.drop_table(table)  # its triggers go with it


def _guard_sqlite() -> None:
    for table in GUARDED:
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table}: rows are only added'); END"
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}")


def _guard_postgresql() -> None:
    for table in GUARDED:
        refuse = "EXECUTE FUNCTION audit_refuse()"  # 0005 made it
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {refuse}")
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW {refuse}")
        op.execute(f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} {refuse}")
