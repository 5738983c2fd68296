"""Company, imports, wages, consents, codes: what the roster stands on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables."""
    _company()
    _of_employees()
    _imports()


def _company() -> None:
    op.create_table(
        "entities",
        sa.Column("id", sa.Uuid(), nullable=False),
        *_sealed(),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entities")),
    )
    op.create_table(
        "insured_accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entity", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(6), nullable=False),
        *_sealed(),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_insured_accounts")),
        sa.ForeignKeyConstraint(
            ["entity"], ["entities.id"], name=op.f("fk_insured_accounts_entity_entities"), ondelete="CASCADE"
        ),
    )
    op.create_index(op.f("ix_insured_accounts_entity"), "insured_accounts", ["entity"])
    for table in ("entities", "insured_accounts"):
        op.create_index(op.f(f"ix_{table}_key_id"), table, ["key_id"])


def _of_employees() -> None:
    op.create_table(
        "codes",
        sa.Column("code_index", sa.LargeBinary(16), nullable=False),
        sa.Column("employee", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("code_index", name=op.f("pk_codes")),
        _employee("codes"),
    )
    op.create_index(op.f("ix_codes_employee"), "codes", ["employee"])
    op.create_table(
        "pay_months",
        sa.Column("employee", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        *_sealed(),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("employee", "month", name=op.f("pk_pay_months")),
        _employee("pay_months"),
    )
    op.create_table(
        "employee_records",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("employee", sa.Uuid(), nullable=False),
        *_sealed(),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_employee_records")),
        _employee("employee_records"),
    )
    op.create_index(op.f("ix_employee_records_employee"), "employee_records", ["employee"])
    for table in ("pay_months", "employee_records"):
        op.create_index(op.f(f"ix_{table}_key_id"), table, ["key_id"])


def _imports() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        *_sealed(),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index(op.f("ix_imports_state"), "imports", ["state"])
    op.create_index(op.f("ix_imports_made_at"), "imports", ["made_at"])
    op.create_table(
        "import_rows",
        sa.Column("import", sa.Uuid(), nullable=False),
        sa.Column("row", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("found", sa.String(16), nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("row_key", sa.LargeBinary(16)),
        *_sealed(),
        sa.PrimaryKeyConstraint("import", "row", name=op.f("pk_import_rows")),
        sa.ForeignKeyConstraint(
            ["import"], ["imports.id"], name=op.f("fk_import_rows_import_imports"), ondelete="CASCADE"
        ),
    )
    op.create_index(op.f("ix_import_rows_import_step_found"), "import_rows", ["import", "step", "found"])
    op.create_index(op.f("ix_import_rows_import_row_key"), "import_rows", ["import", "row_key"])
    op.create_table(
        "import_mappings",
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("headings", sa.String(64), nullable=False),
        *_sealed(),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "headings", name=op.f("pk_import_mappings")),
    )
    for table in ("imports", "import_rows", "import_mappings"):
        op.create_index(op.f(f"ix_{table}_key_id"), table, ["key_id"])


def _sealed() -> tuple[sa.Column[int], sa.Column[bytes]]:
    return sa.Column("key_id", sa.Integer(), nullable=False), sa.Column(
        "body", sa.LargeBinary(), nullable=False
    )


def _employee(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["employee"], ["employees.id"], name=op.f(f"fk_{table}_employee_employees"), ondelete="CASCADE"
    )


def downgrade() -> None:
    """Takes them away, and everything in them."""
    for table in (
        "import_mappings",
        "import_rows",
        "imports",
        "employee_records",
        "pay_months",
        "codes",
        "insured_accounts",
        "entities",
    ):
        op.drop_table(table)
