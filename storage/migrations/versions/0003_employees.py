"""The roster, and which chat is whose."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "employees",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number_index", sa.LargeBinary(16), nullable=False),
        sa.Column("name_index", sa.LargeBinary(16), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("region", sa.String(6), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("insured", sa.Boolean(), nullable=False),
        sa.Column("joined_on", sa.Date()),
        sa.Column("left_on", sa.Date()),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_employees")),
        sa.UniqueConstraint("number_index", name=op.f("uq_employees_number_index")),
    )
    op.create_index(op.f("ix_employees_name_index"), "employees", ["name_index"])
    op.create_index(op.f("ix_employees_key_id"), "employees", ["key_id"])
    op.create_index(op.f("ix_employees_state_joined_on_id"), "employees", ["state", "joined_on", "id"])
    op.create_table(
        "bindings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("employee", sa.Uuid(), nullable=False),
        sa.Column("conversation", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("ended_why", sa.String(32)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bindings")),
        sa.ForeignKeyConstraint(
            ["employee"], ["employees.id"], name=op.f("fk_bindings_employee_employees"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["conversation"],
            ["conversations.id"],
            name=op.f("fk_bindings_conversation_conversations"),
            ondelete="CASCADE",
        ),
    )
    op.create_index(op.f("ix_bindings_employee"), "bindings", ["employee"])
    op.create_index(op.f("ix_bindings_conversation"), "bindings", ["conversation"])
    live = sa.text("state = 'active'")
    for column in ("conversation", "employee"):
        op.create_index(
            f"uq_bindings_live_{column}",
            "bindings",
            [column],
            unique=True,
            sqlite_where=live,
            postgresql_where=live,
        )


def downgrade() -> None:
    """Takes them away, and everything in them."""
    op.drop_table("bindings")
    op.drop_table("employees")
