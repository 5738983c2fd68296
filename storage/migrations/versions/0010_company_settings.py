"""The company's settings and own days, mails on new work, and whether a closed case was solved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "company_settings",
        sa.Column("name", sa.String(48), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_company_settings")),
    )
    op.create_table(
        "company_days",
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("works", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(60), nullable=False),
        sa.PrimaryKeyConstraint("on", name=op.f("pk_company_days")),
    )
    op.create_table(
        "mail_digests",
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True)),
        sa.Column("last_error", sa.String(64)),
        sa.Column("token", sa.Uuid()),
        sa.Column("leased_until", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_mail_digests")),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.id"], name=op.f("fk_mail_digests_account_accounts"), ondelete="CASCADE"
        ),
    )
    op.create_table(
        "told_tasks",
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("task", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account", "task", name=op.f("pk_told_tasks")),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.id"], name=op.f("fk_told_tasks_account_accounts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["task"], ["tasks.number"], name=op.f("fk_told_tasks_task_tasks"), ondelete="CASCADE"
        ),
    )
    op.create_index(op.f("ix_told_tasks_task"), "told_tasks", ["task"])
    # Added and dropped in place: a copy of the table would take along what refers to it.
    op.add_column("tasks", sa.Column("asked_at", sa.DateTime(timezone=True)))
    op.add_column("tasks", sa.Column("rated_at", sa.DateTime(timezone=True)))
    op.add_column("tasks", sa.Column("rating", sa.String(8)))
    op.create_index(op.f("ix_tasks_rated_at"), "tasks", ["rated_at"])


def downgrade() -> None:
    """Takes them away, and everything in them."""
    op.drop_index(op.f("ix_tasks_rated_at"), "tasks")
    for name in ("asked_at", "rated_at", "rating"):
        op.drop_column("tasks", name)
    for table in ("told_tasks", "mail_digests", "company_days", "company_settings"):
        op.drop_table(table)
