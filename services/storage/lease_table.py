"""The table of who leads: one row."""

from typing import Final

import sqlalchemy as sa

from services.storage.tables import metadata

lease: Final = sa.Table(
    "lease",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("token", sa.BigInteger, nullable=False),  # raised with every leader: who writes with an older one may not
    sa.Column("run", sa.BigInteger, nullable=False),  # the token with which this node began to lead, of itself since
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("node", sa.Text, nullable=False),  # a machine and a state folder of it
    sa.Column("known_as", sa.Text, nullable=False),  # the same for people
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False),  # by the database's clock; 0: it left in order
)
