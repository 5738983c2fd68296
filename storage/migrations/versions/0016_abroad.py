"""The company's basis for sending data abroad."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "abroad",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(64), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
        sa.Column("withdrawn_by", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_abroad")),
    )
    op.create_index(op.f("ix_abroad_key_id"), "abroad", ["key_id"])
    live = sa.text("withdrawn_at IS NULL")
    op.create_index(
        "uq_abroad_live", "abroad", ["channel"], unique=True, sqlite_where=live, postgresql_where=live
    )


def downgrade() -> None:
    """Takes them away, and everything in them."""
    op.drop_table("abroad")
