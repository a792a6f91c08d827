"""The table of letters: messages to people's contacts, and what came of each. Secrets never stand in it: only the names
of the variables that have them.
"""

from typing import Final

import sqlalchemy as sa

from services.storage.tables import metadata

letters: Final = sa.Table(
    "letters",
    metadata,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("order_id", sa.Text, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("secret", sa.Text, nullable=False),
    sa.Column("last", sa.Boolean, nullable=False),
    sa.Column("priority", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # pending | sent | covered | dead | discarded
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("why", sa.Text, nullable=False),  # of the last failure; of the person who discarded it
    sa.Column("who", sa.Text, nullable=False),  # the person who had it tried again, or discarded it
    sa.Column("batch", sa.Text, nullable=False),  # key of the message that it is part of
    sa.Column("tried_at", sa.BigInteger),
    sa.Column("ended_at", sa.BigInteger),
    sa.UniqueConstraint("key"),
    sa.Index(None, "state", "priority", "number"),
    sa.Index(None, "tried_at"),
    sa.Index(None, "order_id"),
)
