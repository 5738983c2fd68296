"""What changes of the library do to every profile."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "assessed",
        sa.Column("employee", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("employee", name=op.f("pk_assessed")),
        sa.ForeignKeyConstraint(
            ["employee"], ["employees.id"], name=op.f("fk_assessed_employee_employees"), ondelete="CASCADE"
        ),
    )
    op.create_index(op.f("ix_assessed_key_id"), "assessed", ["key_id"])
    op.create_table(
        "reassessments",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("library", sa.String(64), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("after", sa.Uuid(as_uuid=False)),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("own", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("leased_until", sa.DateTime(timezone=True)),
        sa.Column("task", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reassessments")),
        sa.UniqueConstraint("library", "on", name=op.f("uq_reassessments_library_on")),
    )
    op.create_index(op.f("ix_reassessments_state"), "reassessments", ["state"])
    op.create_index(op.f("ix_reassessments_begun_at"), "reassessments", ["begun_at"])
    op.create_table(
        "reassessed",
        sa.Column("pass", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("employee", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("pass", "employee", name=op.f("pk_reassessed")),
        sa.ForeignKeyConstraint(
            ["pass"], ["reassessments.id"], name=op.f("fk_reassessed_pass_reassessments"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["employee"], ["employees.id"], name=op.f("fk_reassessed_employee_employees"), ondelete="CASCADE"
        ),
    )
    op.create_index(op.f("ix_reassessed_employee"), "reassessed", ["employee"])
    op.create_index(op.f("ix_reassessed_key_id"), "reassessed", ["key_id"])


def downgrade() -> None:
    """Takes them away, and everything in them."""
    for table in ("reassessed", "reassessments", "assessed"):
        op.drop_table(table)
