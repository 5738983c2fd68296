"""The portal's own spreadsheets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "portal_files",
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("of", sa.String(64), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "of", name=op.f("pk_portal_files")),
    )
    for column in ("key_id", "kept_at"):
        op.create_index(op.f(f"ix_portal_files_{column}"), "portal_files", [column])


def downgrade() -> None:
    """Takes it away, and everything in it."""
    op.drop_table("portal_files")
