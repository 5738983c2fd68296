"""Receipts of the portal's forms for enrolments and corrected bases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "act_receipts",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("form", sa.String(32), nullable=False),
        sa.Column("file", sa.LargeBinary(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_act_receipts")),
        sa.UniqueConstraint("form", "file", name=op.f("uq_act_receipts_form_file")),
    )
    for column in ("state", "key_id", "kept_at"):
        op.create_index(op.f(f"ix_act_receipts_{column}"), "act_receipts", [column])


def downgrade() -> None:
    """Takes it away, and everything in it."""
    op.drop_table("act_receipts")
