"""What imported sheets said of dibao, apart until the employee agrees."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def _of(column: str, table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_quarantined_cells_{column}_{table}")
    return sa.ForeignKeyConstraint([column], [f"{table}.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "quarantined_cells",
        sa.Column("import", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("row", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("employee", sa.Uuid(as_uuid=False)),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("import", "row", name=op.f("pk_quarantined_cells")),
        _of("import", "imports"),
        _of("employee", "employees"),
    )
    for column in ("employee", "key_id", "kept_at"):
        op.create_index(op.f(f"ix_quarantined_cells_{column}"), "quarantined_cells", [column])


def downgrade() -> None:
    """Takes it away, and everything in it."""
    op.drop_table("quarantined_cells")
