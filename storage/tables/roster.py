"""What the roster stands on: the company, codes, months of pay, records of each employee, imports."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
)

from storage.tables.base import Moment, metadata, row_id

#: A legal entity: `body` holds name, credit code and the picture of the seal.
entities: Final = Table(
    "entities",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("made_at", Moment, nullable=False),
)

#: An entity's insured account in a region.
insured_accounts: Final = Table(
    "insured_accounts",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("entity", row_id(), ForeignKey("entities.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("region", String(6), nullable=False),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("made_at", Moment, nullable=False),
)

#: One-time codes by their blind index. The code itself is on paper alone.
codes: Final = Table(
    "codes",
    metadata,
    Column("code_index", LargeBinary(16), primary_key=True),
    Column("employee", row_id(), ForeignKey("employees.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("made_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
)

pay_months: Final = Table(
    "pay_months",
    metadata,
    Column("employee", row_id(), ForeignKey("employees.id", ondelete="CASCADE"), primary_key=True),
    Column("month", Date, primary_key=True),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("changed_at", Moment, nullable=False),
)

#: Changes of the base, consents, dibao status. Which of them a row is stands in the sealed body: that there is one about
#: dibao would tell something about a person. By `consent_index` an open consent is found; the other records have numbers there
#: that look alike and mean nothing. It is empty in a row of an earlier version, until the program has opened the database.
employee_records: Final = Table(
    "employee_records",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("employee", row_id(), ForeignKey("employees.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("consent_index", LargeBinary(16), index=True),
    Column("recorded_at", Moment, nullable=False),
)

#: A sheet on its way into the roster. `body` holds headings, the columns chosen for fields, and the file's name.
imports: Final = Table(
    "imports",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("made_by", String(64), nullable=False),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("made_at", Moment, nullable=False, index=True),
)

#: One row of a sheet. `found` is what comparing it with the roster gave, `step` how far it is; `body` holds its cells,
#: what is wrong with them, and after the import what stood there before. `row_key` is the blind index of whom, and for a
#: history of which month, the row is about.
import_rows: Final = Table(
    "import_rows",
    metadata,
    Column("import", row_id(), ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True),
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("found", String(16), nullable=False),
    Column("step", String(16), nullable=False),
    Column("row_key", LargeBinary(16)),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Index(None, "import", "step", "found"),
    Index(None, "import", "row_key"),
)

#: What a column of an imported sheet said of somebody's dibao, apart from everything else and shown to nobody: on the
#: employee's consent it becomes a record of theirs, and it goes without one. `employee` is None until the row is applied.
quarantined_cells: Final = Table(
    "quarantined_cells",
    metadata,
    Column("import", row_id(), ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True),
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("employee", row_id(), ForeignKey("employees.id", ondelete="CASCADE"), index=True),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("kept_at", Moment, nullable=False, index=True),
)

#: Which column was which field the last time a sheet had these headings, which stand here as their hash.
import_mappings: Final = Table(
    "import_mappings",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("headings", String(64), primary_key=True),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("used_at", Moment, nullable=False),
)
