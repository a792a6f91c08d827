"""Orders are found by 案号, and the outbox is read by urgency."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the indexes."""
    op.create_index(op.f("ix_orders_case_number"), "orders", ["case_number"], unique=False)
    op.create_index(op.f("ix_outbox_state_priority_number"), "outbox", ["state", "priority", "number"], unique=False)
    op.drop_index(op.f("ix_outbox_state_number"), table_name="outbox")
