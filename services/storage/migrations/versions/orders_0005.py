"""Alarms have levels; what late data would have changed is kept beside them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the level, make the table."""
    op.add_column("alarms", sa.Column("level", sa.Integer()))
    op.create_table(
        "corrections",
        sa.Column("alarm", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("facility", sa.Text(), nullable=False),
        sa.Column("cause", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("heard", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alarm", "what", name=op.f("pk_corrections")),
    )
    op.create_index(op.f("ix_corrections_heard"), "corrections", ["heard"], unique=False)
    op.create_index(op.f("ix_corrections_facility_heard"), "corrections", ["facility", "heard"], unique=False)
