"""The platforms' access tokens, shared by all processes, and what was answered inside callbacks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "platform_tokens",
        sa.Column("account", sa.String(96), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("renew_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("forced_at", sa.DateTime(timezone=True)),
        sa.Column("forced", sa.Integer(), nullable=False),
        sa.Column("lease", sa.Uuid(as_uuid=False)),
        sa.Column("leased_until", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_platform_tokens")),
    )
    op.create_index(op.f("ix_platform_tokens_key_id"), "platform_tokens", ["key_id"])
    op.create_table(
        "passive_answers",
        sa.Column("key", sa.LargeBinary(16), nullable=False),
        sa.Column("conversation", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation"],
            ["conversations.id"],
            name=op.f("fk_passive_answers_conversation_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_passive_answers")),
    )
    op.create_index(op.f("ix_passive_answers_conversation"), "passive_answers", ["conversation"])
    op.create_index(op.f("ix_passive_answers_at"), "passive_answers", ["at"])


def downgrade() -> None:
    """Takes them away, and everything in them."""
    op.drop_table("passive_answers")
    op.drop_table("platform_tokens")
