"""Whom a pass over all profiles was told to, and in which batch of notices they stand for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "pass_news",
        *_of_pass_and_employee("pass_news"),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("asked_by", sa.String(64), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("strategy", sa.Uuid(as_uuid=False)),
        sa.ForeignKeyConstraint(
            ["strategy"],
            ["strategies.id"],
            name=op.f("fk_pass_news_strategy_strategies"),
            ondelete="SET NULL",
        ),
    )
    op.create_index(op.f("ix_pass_news_strategy"), "pass_news", ["strategy"])
    op.create_index(op.f("ix_pass_news_employee"), "pass_news", ["employee"])
    op.create_index(op.f("ix_pass_news_state"), "pass_news", ["state"])
    op.create_table(
        "pass_batches",
        *_of_pass_and_employee("pass_batches"),
        sa.Column("batch", sa.Uuid(as_uuid=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch"],
            ["notice_batches.id"],
            name=op.f("fk_pass_batches_batch_notice_batches"),
            ondelete="CASCADE",
        ),
    )
    op.create_index(op.f("ix_pass_batches_employee"), "pass_batches", ["employee"])
    op.create_index(op.f("ix_pass_batches_batch"), "pass_batches", ["batch"])


def downgrade() -> None:
    """Takes them away, and everything in them."""
    for table in ("pass_batches", "pass_news"):
        op.drop_table(table)


def _of_pass_and_employee(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("pass", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("employee", sa.Uuid(as_uuid=False), nullable=False),
        sa.PrimaryKeyConstraint("pass", "employee", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(
            ["pass"], ["reassessments.id"], name=op.f(f"fk_{table}_pass_reassessments"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["employee"], ["employees.id"], name=op.f(f"fk_{table}_employee_employees"), ondelete="CASCADE"
        ),
    )
