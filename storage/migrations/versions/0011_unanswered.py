"""What the dashboard counts: questions without an answer by day, topic and place; when a case was first answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TIMES = "ix_tasks_opened_at_first_answered_at_closed_at_kind"


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "unanswered",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("topic", sa.String(64), nullable=False),
        sa.Column("region", sa.String(6), nullable=False),
        sa.Column("why", sa.String(16), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "topic", "region", "why", name=op.f("pk_unanswered")),
    )
    # Added and dropped in place: a copy of the table would take along what refers to it.
    op.add_column("tasks", sa.Column("first_answered_at", sa.DateTime(timezone=True)))
    op.create_index(op.f(TIMES), "tasks", ["opened_at", "first_answered_at", "closed_at", "kind"])
    op.create_index(op.f("ix_tasks_asked_at_rating"), "tasks", ["asked_at", "rating"])


def downgrade() -> None:
    """Takes them away, and everything in them."""
    op.drop_index(op.f("ix_tasks_asked_at_rating"), "tasks")
    op.drop_index(op.f(TIMES), "tasks")
    op.drop_column("tasks", "first_answered_at")
    op.drop_table("unanswered")
