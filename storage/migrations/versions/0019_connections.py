"""The connections to civil affairs, social insurance and payroll: how far each was read, and who was alarmed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLES = ("alarm_messages", "connection_codes", "connection_nonces", "connection_versions", "connections")


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "connections",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease", sa.Uuid(as_uuid=False)),
        *(
            sa.Column(name, sa.DateTime(timezone=True))
            for name in ("leased_until", "asked_at", "succeeded_at")
        ),
        *(sa.Column(name, sa.DateTime(timezone=True)) for name in ("failing_since", "well_since")),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failure", sa.String(16)),
        sa.Column("code", sa.String(100), nullable=False),
        sa.Column("delay", sa.Integer()),
        sa.Column("alarm", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.DateTime(timezone=True)) for name in ("alarmed_at", "quiet_until")),
        sa.Column("task", sa.Integer()),
        sa.ForeignKeyConstraint(
            ["task"], ["tasks.number"], name=op.f("fk_connections_task_tasks"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_connections")),
    )
    op.create_index(op.f("ix_connections_key_id"), "connections", ["key_id"])
    op.create_index(op.f("ix_connections_task"), "connections", ["task"])
    op.create_table(
        "connection_versions",
        sa.Column("connection", sa.String(32), nullable=False),
        sa.Column("list", sa.String(16), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("version", sa.String(500), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _of_connection("connection_versions"),
        sa.PrimaryKeyConstraint("connection", "list", "month", name=op.f("pk_connection_versions")),
    )
    op.create_index(op.f("ix_connection_versions_at"), "connection_versions", ["at"])
    op.create_table(
        "connection_nonces",
        sa.Column("nonce", sa.LargeBinary(16), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("nonce", name=op.f("pk_connection_nonces")),
    )
    op.create_index(op.f("ix_connection_nonces_until"), "connection_nonces", ["until"])
    op.create_table(
        "connection_codes",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("connection", sa.String(32), nullable=False),
        sa.Column("code_index", sa.LargeBinary(16), nullable=False),
        sa.Column("place", sa.String(100), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _of_connection("connection_codes"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection_codes")),
        sa.UniqueConstraint(
            "connection", "code_index", name=op.f("uq_connection_codes_connection_code_index")
        ),
    )
    op.create_index(op.f("ix_connection_codes_key_id"), "connection_codes", ["key_id"])
    op.create_index(op.f("ix_connection_codes_at"), "connection_codes", ["at"])
    op.create_table(
        "alarm_messages",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("connection", sa.String(32), nullable=False),
        sa.Column("alarm", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("way", sa.String(8), nullable=False),
        sa.Column("recipient", sa.LargeBinary(16), nullable=False),
        sa.Column("failure", sa.String(16), nullable=False),
        sa.Column("code", sa.String(100), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("token", sa.Uuid(as_uuid=False)),
        sa.Column("leased_until", sa.DateTime(timezone=True)),
        sa.Column("error", sa.String(100)),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        _of_connection("alarm_messages"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_messages")),
        sa.UniqueConstraint(
            *("connection", "alarm", "kind", "way", "recipient"),
            name=op.f("uq_alarm_messages_connection_alarm_kind_way_recipient"),
        ),
    )
    op.create_index(op.f("ix_alarm_messages_made_at"), "alarm_messages", ["made_at"])
    op.create_index(op.f("ix_alarm_messages_state_due_at"), "alarm_messages", ["state", "due_at"])


def downgrade() -> None:
    """Takes them away, and everything in them."""
    for table in TABLES:
        op.drop_table(table)


def _of_connection(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["connection"],
        ["connections.name"],
        name=op.f(f"fk_{table}_connection_connections"),
        ondelete="CASCADE",
    )
