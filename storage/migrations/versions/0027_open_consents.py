"""By what an open consent is found among the sealed records of employees."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_INDEX = "ix_employee_records_consent_index"


def upgrade() -> None:
    """Makes the column; the program fills it when it next opens the database, since that takes the keys."""
    # Added and dropped in place: a copy of the table would take along what refers to it.
    op.add_column("employee_records", sa.Column("consent_index", sa.LargeBinary(16)))
    op.create_index(op.f(_INDEX), "employee_records", ["consent_index"])


def downgrade() -> None:
    """Takes it away: the sealed records hold all of it."""
    op.drop_index(op.f(_INDEX), "employee_records")
    op.drop_column("employee_records", "consent_index")
