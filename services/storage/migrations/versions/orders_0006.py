"""Orders say who answers for them, why and until when they are held, and how they hang together; an alarm may belong to
several orders.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TEXTS = ("matter", "territorial", "functional", "execution", "owner", "held_for", "merged_into", "follows")
_MOMENTS = ("held_until",)
_COUNTS = ("returns", "extensions")
_ORDERS = sa.table("orders", sa.column("id", sa.Text), sa.column("document", sa.Text))
_LINKS = sa.table("order_alarms", sa.column("alarm_id", sa.Text), sa.column("order_id", sa.Text))
_AT_ONCE = 1_000


def upgrade() -> None:
    """Add the columns, null for what was filed before; make the table, with the alarms of every order."""
    for name in _TEXTS:
        op.add_column("orders", sa.Column(name, sa.Text()))
    for name in _MOMENTS:
        op.add_column("orders", sa.Column(name, sa.BigInteger()))
    for name in _COUNTS:
        op.add_column("orders", sa.Column(name, sa.Integer()))
    op.create_index(op.f("ix_orders_territorial_opened"), "orders", ["territorial", "opened"], unique=False)
    op.create_index(op.f("ix_orders_follows"), "orders", ["follows"], unique=False)
    op.create_table(
        "order_alarms",
        sa.Column("alarm_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alarm_id", "order_id", name=op.f("pk_order_alarms")),
    )
    op.create_index(op.f("ix_order_alarms_order_id"), "order_alarms", ["order_id"], unique=False)
    connection, after = op.get_bind(), ""
    wanted = sa.select(_ORDERS).order_by(_ORDERS.c.id).limit(_AT_ONCE)
    while found := connection.execute(wanted.where(_ORDERS.c.id > after)).all():
        pairs = sorted({(alarm, order) for order, document in found for alarm in json.loads(document)["alarms"]})
        if pairs:
            connection.execute(sa.insert(_LINKS), [{"alarm_id": alarm, "order_id": order} for alarm, order in pairs])
        after = found[-1][0]
