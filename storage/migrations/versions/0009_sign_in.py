"""Second factors, invitations, wrong tries, and sign-ins under way at the company's own provider."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "second_factors",
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_second_factors")),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.id"], name=op.f("fk_second_factors_account_accounts"), ondelete="CASCADE"
        ),
    )
    op.create_index(op.f("ix_second_factors_key_id"), "second_factors", ["key_id"])
    op.create_table(
        "invitations",
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_invitations")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitations_token_hash")),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.id"], name=op.f("fk_invitations_account_accounts"), ondelete="CASCADE"
        ),
    )
    op.create_table(
        "sign_in_tries",
        sa.Column("key", sa.LargeBinary(16), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_tries")),
    )
    op.create_table(
        "sign_in_journeys",
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("nonce", sa.String(64), nullable=False),
        sa.Column("verifier", sa.String(64), nullable=False),
        sa.Column("back", sa.String(400), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sign_in_journeys")),
    )


def downgrade() -> None:
    """Takes them away, and everything in them."""
    for table in ("sign_in_journeys", "sign_in_tries", "invitations", "second_factors"):
        op.drop_table(table)
