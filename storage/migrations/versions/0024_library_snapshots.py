"""The library of a pass over all profiles, as it was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "library_snapshots",
        sa.Column("library", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("library", name=op.f("pk_library_snapshots")),
    )


def downgrade() -> None:
    """Takes it away, and everything in it."""
    op.drop_table("library_snapshots")
