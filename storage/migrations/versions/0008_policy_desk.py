"""Changes of the policy library on their way to being in force."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "policy_changes",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("approved_hash", sa.String(64), nullable=False),
        sa.Column("publish_on", sa.Date()),
        sa.Column("turn", sa.Integer()),
        sa.Column("leased_until", sa.DateTime(timezone=True)),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_policy_changes")),
        sa.UniqueConstraint("turn", name=op.f("uq_policy_changes_turn")),
    )
    op.create_index(op.f("ix_policy_changes_state"), "policy_changes", ["state"])
    op.create_index(op.f("ix_policy_changes_key_id"), "policy_changes", ["key_id"])
    op.create_table(
        "policy_news",
        sa.Column("change", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("undone", sa.Boolean(), nullable=False),
        sa.Column("conversation", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("change", "undone", "conversation", name=op.f("pk_policy_news")),
        sa.ForeignKeyConstraint(
            ["change"], ["policy_changes.number"], name=op.f("fk_policy_news_change_policy_changes")
        ),
        sa.ForeignKeyConstraint(
            ["conversation"],
            ["conversations.id"],
            name=op.f("fk_policy_news_conversation_conversations"),
            ondelete="CASCADE",
        ),
    )
    op.create_index(op.f("ix_policy_news_conversation_state"), "policy_news", ["conversation", "state"])


def downgrade() -> None:
    """Takes them away, and everything in them."""
    op.drop_table("policy_news")
    op.drop_table("policy_changes")
