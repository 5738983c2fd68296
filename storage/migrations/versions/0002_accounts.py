"""HR's accounts and their sessions; who holds a conversation."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("login_index", sa.LargeBinary(16), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("roles", sa.String(120), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("password_hash", sa.String(160)),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("subject_index", sa.LargeBinary(16)),
        sa.Column("may_tie", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("login_index", name=op.f("uq_accounts_login_index")),
        sa.UniqueConstraint("subject_index", name=op.f("uq_accounts_subject_index")),
    )
    op.create_index(op.f("ix_accounts_key_id"), "accounts", ["key_id"])
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proof", sa.String(16), nullable=False),
        sa.Column("device", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.id"], name=op.f("fk_sessions_account_accounts"), ondelete="CASCADE"
        ),
    )
    op.create_index(op.f("ix_sessions_account"), "sessions", ["account"])
    op.add_column("conversations", sa.Column("held_by", sa.Uuid()))


def downgrade() -> None:
    """Takes them away, and everything in them."""
    op.drop_column("conversations", "held_by")
    op.drop_table("sessions")
    op.drop_table("accounts")
