"""The chained log of acts and reads, and the triggers that let rows only be added to it."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

#: What a row of a table may become: nothing else than it is, or one with its reference and salt emptied.
ALLOWED: Final = {
    "audit_events": "FALSE",
    "audit_subjects": "NEW.seq = OLD.seq AND NEW.item = OLD.item AND NEW.subject IS NULL AND NEW.salt IS NULL",
    "audit_heads": "FALSE",
}


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "audit_events",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("act", sa.String(48), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_events")),
    )
    op.create_index(op.f("ix_audit_events_at"), "audit_events", ["at"])
    op.create_index(op.f("ix_audit_events_act"), "audit_events", ["act"])
    op.create_index(op.f("ix_audit_events_actor"), "audit_events", ["actor"])
    op.create_table(
        "audit_subjects",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("item", sa.LargeBinary(32), nullable=False),
        sa.Column("subject", sa.String(64)),
        sa.Column("salt", sa.LargeBinary(16)),
        sa.PrimaryKeyConstraint("seq", "item", name=op.f("pk_audit_subjects")),
        _to_event("audit_subjects"),
    )
    op.create_index(op.f("ix_audit_subjects_subject_seq"), "audit_subjects", ["subject", "seq"])
    op.create_table(
        "audit_reasons",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_reasons")),
        _to_event("audit_reasons"),
    )
    op.create_index(op.f("ix_audit_reasons_key_id"), "audit_reasons", ["key_id"])
    op.create_table(
        "audit_heads",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("signature", sa.LargeBinary(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_heads")),
        _to_event("audit_heads"),
    )
    op.create_table(
        "audit_checks",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("broken", sa.Integer()),
        sa.Column("why", sa.String(16)),
        sa.PrimaryKeyConstraint("at", name=op.f("pk_audit_checks")),
    )
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def downgrade() -> None:
    """Takes them away, and everything in them."""
    for table in ("audit_checks", "audit_heads", "audit_reasons", "audit_subjects", "audit_events"):
        op.drop_table(table)  # its triggers go with it
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_refuse()")


def _to_event(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["seq"], ["audit_events.seq"], name=op.f(f"fk_{table}_seq_audit_events"))


def _guard_sqlite() -> None:
    for table, allowed in ALLOWED.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table}: rows are only added'); END"
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} WHEN NOT ({allowed}) {refuse}")


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '%: rows are only added', TG_TABLE_NAME; END $$"
    )
    for table, allowed in ALLOWED.items():
        refuse = "EXECUTE FUNCTION audit_refuse()"
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {refuse}")
        op.execute(
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW WHEN (NOT ({allowed})) {refuse}"
        )
        op.execute(f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} {refuse}")
