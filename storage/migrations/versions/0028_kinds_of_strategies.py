"""What a strategy is about, as a token for lists; `storage.strategy_kinds` fills it, as a migration has no keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column and the index. In place: a copy of the table would take along what refers to it."""
    op.add_column("strategies", sa.Column("kind", sa.LargeBinary(16)))
    listed = ["private", "state", "opened_at", "id", "restricted", "kind", "employee"]
    op.create_index("ix_strategies_list", "strategies", listed)


def downgrade() -> None:
    """Takes it away."""
    op.drop_index("ix_strategies_list", "strategies")
    op.drop_column("strategies", "kind")
