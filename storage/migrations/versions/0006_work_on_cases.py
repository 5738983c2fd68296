"""Notes with mentions, answers, who is left out, what was in work when, what can be undone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "holdings",
        sa.Column("conversation", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("task", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("conversation", "version", "task", name=op.f("pk_holdings")),
        _of_conversation("holdings"),
        _of_task("holdings"),
    )
    op.create_index(op.f("ix_holdings_task"), "holdings", ["task"])
    op.create_table(
        "answers",
        sa.Column("conversation", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("outbox", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("conversation", "seq", name=op.f("pk_answers")),
        sa.UniqueConstraint(
            "conversation", "account", "key", name=op.f("uq_answers_conversation_account_key")
        ),
        _of_conversation("answers"),
    )
    op.create_table(
        "exclusions",
        sa.Column("task", sa.Integer(), nullable=False),
        sa.Column("who", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("task", "who", name=op.f("pk_exclusions")),
        _of_task("exclusions"),
    )
    op.create_table(
        "notes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("task", sa.Integer(), nullable=False),
        sa.Column("author", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
        _of_task("notes"),
    )
    op.create_index(op.f("ix_notes_task"), "notes", ["task"])
    op.create_index(op.f("ix_notes_key_id"), "notes", ["key_id"])
    op.create_table(
        "mentions",
        sa.Column("note", sa.Uuid(), nullable=False),
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("note", "account", name=op.f("pk_mentions")),
        sa.ForeignKeyConstraint(
            ["note"], ["notes.id"], name=op.f("fk_mentions_note_notes"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.id"], name=op.f("fk_mentions_account_accounts"), ondelete="CASCADE"
        ),
    )
    op.create_index(op.f("ix_mentions_account_seen_at"), "mentions", ["account", "seen_at"])
    op.create_table(
        "undo_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("task", sa.Integer(), nullable=False),
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("assignee", sa.Uuid()),
        sa.Column("snoozed_until", sa.DateTime(timezone=True)),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "task", name=op.f("pk_undo_steps")),
        _of_task("undo_steps"),
    )
    op.create_index(op.f("ix_undo_steps_at"), "undo_steps", ["at"])
    op.create_index(op.f("ix_undo_steps_task"), "undo_steps", ["task"])


def downgrade() -> None:
    """Takes them away, and everything in them."""
    for table in ("undo_steps", "mentions", "notes", "exclusions", "answers", "holdings"):
        op.drop_table(table)


def _of_task(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_task_tasks")
    return sa.ForeignKeyConstraint(["task"], ["tasks.number"], name=name, ondelete="CASCADE")


def _of_conversation(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_conversation_conversations")
    return sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], name=name, ondelete="CASCADE")
