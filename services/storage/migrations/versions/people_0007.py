"""People: accounts, tokens, sessions, generations of crews' links, and the audit trail."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _ms(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "accounts",
        _text("name"),
        _text("role"),
        _text("zones"),
        _text("password"),
        _ms("created"),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_accounts")),
    )
    op.create_table(
        "access_tokens",
        _text("id"),
        _text("digest"),
        _text("name"),
        sa.Column("role", sa.Text(), nullable=True),
        _text("zones"),
        _ms("created"),
        _ms("expires"),
        sa.Column("revoked", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_access_tokens_digest")),
    )
    op.create_table(
        "access_sessions",
        _text("digest"),
        _text("name"),
        _text("token"),
        _ms("created"),
        _ms("expires"),
        _text("address"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_access_sessions")),
    )
    op.create_table(
        "crew_links",
        _text("crew"),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("crew", name=op.f("pk_crew_links")),
    )
    op.create_table(
        "audit_trail",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        _ms("at"),
        *(_text(name) for name in ("who", "address", "what", "about", "before", "after", "result")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_trail")),
    )
    op.create_index(op.f("ix_audit_trail_who_number"), "audit_trail", ["who", "number"], unique=False)
