"""Declarations of a month to social insurance, their lines, and what is still to be done with them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

OPEN = sa.text("state IN ('drafted', 'submitted', 'approved', 'handed_in')")
HELD = sa.text("outcome IN ('pending', 'accepted')")


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "declarations",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("account", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("via", sa.String(16), nullable=False),
        sa.Column("deducts", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("drafted_by", sa.String(64), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_by", sa.String(64), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True)),
        sa.Column("approved_by", sa.String(64), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True)),
        sa.Column("handed_in_at", sa.DateTime(timezone=True)),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.Column("deducted_at", sa.DateTime(timezone=True)),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_declarations")),
        sa.UniqueConstraint("reference", name=op.f("uq_declarations_reference")),
        sa.UniqueConstraint(
            "account", "month", "attempt", name=op.f("uq_declarations_account_month_attempt")
        ),
    )
    op.create_index(op.f("ix_declarations_key_id"), "declarations", ["key_id"])
    op.create_index(op.f("ix_declarations_month_drafted_at"), "declarations", ["month", "drafted_at"])
    op.create_index(
        "uq_declarations_open",
        "declarations",
        ["account", "month"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_table(
        "declaration_lines",
        sa.Column("declaration", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("employee", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(80), nullable=False),
        sa.Column("deducted", sa.String(16)),
        sa.Column("deducted_reason", sa.String(80), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["declaration"],
            ["declarations.id"],
            name=op.f("fk_declaration_lines_declaration_declarations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["employee"],
            ["employees.id"],
            name=op.f("fk_declaration_lines_employee_employees"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("declaration", "employee", name=op.f("pk_declaration_lines")),
    )
    op.create_index(op.f("ix_declaration_lines_key_id"), "declaration_lines", ["key_id"])
    op.create_index(
        "uq_declaration_lines_held",
        "declaration_lines",
        ["employee", "month"],
        unique=True,
        sqlite_where=HELD,
        postgresql_where=HELD,
    )
    op.create_table(
        "declaration_steps",
        sa.Column("declaration", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("trouble", sa.String(80), nullable=False),
        sa.ForeignKeyConstraint(
            ["declaration"],
            ["declarations.id"],
            name=op.f("fk_declaration_steps_declaration_declarations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("declaration", "step", name=op.f("pk_declaration_steps")),
    )
    op.create_index(op.f("ix_declaration_steps_due_at"), "declaration_steps", ["due_at"])


def downgrade() -> None:
    """Takes them away, and everything in them."""
    for table in ("declaration_steps", "declaration_lines", "declarations"):
        op.drop_table(table)
