"""Which alarms and orders changed last, by the row of the journal that did it: for those who follow them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "touched",
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("journal_row", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("what", "id", name=op.f("pk_touched")),
    )
    op.create_index(op.f("ix_touched_journal_row"), "touched", ["journal_row"], unique=False)
