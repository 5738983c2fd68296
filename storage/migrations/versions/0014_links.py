"""One-time links to conversations, and the visits that begin with them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "links",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("token_index", sa.LargeBinary(16), nullable=False),
        sa.Column("conversation", sa.Uuid(as_uuid=False)),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.Column("ticket_index", sa.LargeBinary(16)),
        sa.Column("seen_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["conversation"],
            ["conversations.id"],
            name=op.f("fk_links_conversation_conversations"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_links")),
        sa.UniqueConstraint("token_index", name=op.f("uq_links_token_index")),
        sa.UniqueConstraint("ticket_index", name=op.f("uq_links_ticket_index")),
    )
    op.create_index(op.f("ix_links_conversation"), "links", ["conversation"])
    op.create_index(op.f("ix_links_expires_at"), "links", ["expires_at"])


def downgrade() -> None:
    """Takes it away, and everything in it."""
    op.drop_table("links")
