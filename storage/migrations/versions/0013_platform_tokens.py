"""The platforms' access tokens, shared by all processes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table."""
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


def downgrade() -> None:
    """Takes it away, and every token in it."""
    op.drop_table("platform_tokens")
