"""One tie for each channel, WeCom's own id on the roster, and notices pushed to employees."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

LIVE = sa.text("state = 'active'")


def upgrade() -> None:
    """Makes the tables; every tie gets the channel of its conversation."""
    op.add_column("bindings", sa.Column("channel", sa.String(32), nullable=False, server_default=""))
    op.execute(
        "UPDATE bindings SET channel ="
        " (SELECT channel FROM conversations WHERE conversations.id = bindings.conversation)"
    )
    op.drop_index(op.f("uq_bindings_live_employee"), "bindings")
    _unique("uq_bindings_live_employee_channel", ["employee", "channel"])
    # Added in place: a copy of the table would take along what refers to it.
    op.add_column("employees", sa.Column("wecom_index", sa.LargeBinary(16)))
    op.create_index(op.f("ix_employees_wecom_index"), "employees", ["wecom_index"], unique=True)
    op.create_table(
        "pushes",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("employee", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("conversation", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tried", sa.String(64), nullable=False),
        sa.Column("sent_as", sa.Uuid(as_uuid=False)),
        sa.ForeignKeyConstraint(
            ["employee"], ["employees.id"], name=op.f("fk_pushes_employee_employees"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["conversation", "seq"],
            ["messages.conversation", "messages.seq"],
            name=op.f("fk_pushes_conversation_messages"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pushes")),
        sa.UniqueConstraint("conversation", "seq", "kind", name=op.f("uq_pushes_conversation_seq_kind")),
    )
    op.create_index(op.f("ix_pushes_state"), "pushes", ["state"])
    op.create_index(op.f("ix_pushes_employee"), "pushes", ["employee"])


def downgrade() -> None:
    """Takes them away, and everything in them; of several ties of an employee the last one stays."""
    op.drop_table("pushes")
    op.drop_index(op.f("ix_employees_wecom_index"), "employees")
    op.drop_column("employees", "wecom_index")
    op.execute(
        "UPDATE bindings SET state = 'ended', ended_at = bound_at, ended_why = 'rebound'"
        " WHERE state = 'active' AND EXISTS (SELECT 1 FROM bindings AS later"
        " WHERE later.employee = bindings.employee AND later.state = 'active'"
        " AND (later.bound_at > bindings.bound_at"
        " OR (later.bound_at = bindings.bound_at AND later.id > bindings.id)))"
    )
    op.drop_index(op.f("uq_bindings_live_employee_channel"), "bindings")
    _unique("uq_bindings_live_employee", ["employee"])
    op.drop_column("bindings", "channel")


def _unique(name: str, columns: list[str]) -> None:
    op.create_index(op.f(name), "bindings", columns, unique=True, sqlite_where=LIVE, postgresql_where=LIVE)
