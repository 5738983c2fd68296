"""Profiles as the result of dated changes, and the strategies that follow from them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def _employee(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_employee_employees")
    return sa.ForeignKeyConstraint(["employee"], ["employees.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "profile_changes",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("employee", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("identity", sa.LargeBinary(16), nullable=False),
        sa.Column("followed", sa.Boolean(), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profile_changes")),
        sa.UniqueConstraint("identity", name=op.f("uq_profile_changes_identity")),
        _employee("profile_changes"),
    )
    op.create_table(
        "profiles",
        sa.Column("employee", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("pending_since", sa.DateTime(timezone=True)),
        sa.Column("day", sa.Date()),
        sa.Column("until", sa.Date()),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("employee", name=op.f("pk_profiles")),
        _employee("profiles"),
    )
    op.create_table(
        "strategies",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("employee", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("key", sa.LargeBinary(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("restricted", sa.Boolean(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True)),
        sa.Column("task", sa.Integer()),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_strategies")),
        sa.UniqueConstraint("key", name=op.f("uq_strategies_key")),
        _employee("strategies"),
    )
    for table, columns in (
        ("profile_changes", ("employee", "key_id")),
        ("profiles", ("pending_since", "until", "key_id")),
        ("strategies", ("employee", "state", "opened_at", "key_id")),
    ):
        for column in columns:
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def downgrade() -> None:
    """Takes them away, and everything in them."""
    for table in ("strategies", "profiles", "profile_changes"):
        op.drop_table(table)
