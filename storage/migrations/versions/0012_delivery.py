"""What is sent in parts, and what reaches whom: delivery's own columns and the ledger of reach."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables."""
    op.add_column("outbox", sa.Column("parts", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("outbox", sa.Column("together", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("outbox", sa.Column("begun", sa.Boolean(), nullable=False, server_default=sa.false()))
    for name, columns, key in (
        (
            "grants",
            (
                sa.Column("name", sa.String(16), nullable=False),
                sa.Column("until", sa.DateTime(timezone=True), nullable=False),
                sa.Column("left", sa.Integer(), nullable=False),
            ),
            ("conversation", "name"),
        ),
        (
            "unreached",
            (
                sa.Column("why", sa.String(64), nullable=False),
                sa.Column("since", sa.DateTime(timezone=True), nullable=False),
            ),
            ("conversation",),
        ),
    ):
        op.create_table(
            name,
            sa.Column("conversation", sa.Uuid(as_uuid=False), nullable=False),
            *columns,
            sa.ForeignKeyConstraint(
                ["conversation"],
                ["conversations.id"],
                name=op.f(f"fk_{name}_conversation_conversations"),
                ondelete="CASCADE",
            ),
            sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{name}")),
        )


def downgrade() -> None:
    """Takes them away, and everything in them."""
    op.drop_table("unreached")
    op.drop_table("grants")
    for name in ("begun", "together", "parts"):
        op.drop_column("outbox", name)
