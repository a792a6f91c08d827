"""The tables of alarms, orders, rule state and outbox. Portable between SQLite and PostgreSQL: no server defaults, no
dialect types; times are ms in BIGINT, structured values are JSON in TEXT.
"""

from typing import Final

import sqlalchemy as sa

metadata: Final = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _ms(name: str, *, needed: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=not needed)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


# One row a subject: the rule engine's own bytes. The key is as long as the longest facility or device id with its kind.
subject_state: Final = sa.Table(
    "subject_state",
    metadata,
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("state", sa.LargeBinary, nullable=False),
)
alarms: Final = sa.Table(
    "alarms",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _text("rule"),
    _text("version"),
    _text("subject"),
    _text("state"),
    _ms("cause", needed=True),
    _ms("since", needed=True),
    _ms("opened", needed=True),
    _ms("until"),
    _text("facility"),
    _text("members"),
    _text("why"),
    sa.Column("cleared_why", sa.Text),
    _text("order_id"),
    sa.Column("level", sa.Integer),
    sa.Index(None, "state", "opened"),
    sa.Index(None, "opened", "id"),
    sa.Index(None, "facility", "opened"),
    sa.Index(None, "rule", "opened"),
)
corrections: Final = sa.Table(
    "corrections",
    metadata,
    sa.Column("alarm", sa.Text, primary_key=True),
    sa.Column("what", sa.Text, primary_key=True),
    _text("rule"),
    _text("version"),
    _text("subject"),
    _text("facility"),
    _ms("cause", needed=True),
    _ms("at", needed=True),
    _text("device"),
    _ms("heard", needed=True),
    _text("why"),
    sa.Index(None, "heard"),
    sa.Index(None, "facility", "heard"),
)
orders: Final = sa.Table(
    "orders",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _text("case_number"),
    _text("rule"),
    _text("subject"),
    _text("facility"),
    _text("kind"),
    _text("element"),
    _text("zone"),
    _text("priority"),
    _text("crew"),
    _text("state"),
    _count("revision"),
    _flag("safety"),
    _flag("counted"),
    _flag("recovered"),
    _count("reworks"),
    _ms("opened", needed=True),
    _ms("dispatched"),
    _ms("accepted"),
    _ms("arrived"),
    _ms("done"),
    _ms("closed"),
    _text("closed_by"),
    _ms("accept_by"),
    _ms("arrive_by"),
    _ms("finish_by"),
    _ms("verify_by"),
    sa.Column("matter", sa.Text),
    sa.Column("territorial", sa.Text),
    sa.Column("functional", sa.Text),
    sa.Column("execution", sa.Text),
    sa.Column("owner", sa.Text),
    sa.Column("held_for", sa.Text),
    sa.Column("merged_into", sa.Text),
    sa.Column("follows", sa.Text),
    _ms("held_until"),
    sa.Column("returns", sa.Integer),
    sa.Column("extensions", sa.Integer),
    _text("document"),  # the whole order but its history, as JSON; the columns above are for asking
    sa.Index(None, "state", "opened"),
    sa.Index(None, "state", "priority"),
    sa.Index(None, "opened", "id"),
    sa.Index(None, "facility", "opened"),
    sa.Index(None, "zone", "opened"),
    sa.Index(None, "crew", "opened"),
    sa.Index(None, "closed"),
    sa.Index(None, "case_number"),
    sa.Index(None, "territorial", "opened"),
    sa.Index(None, "follows"),
)
order_alarms: Final = sa.Table(
    "order_alarms",
    metadata,
    sa.Column("alarm_id", sa.Text, primary_key=True),
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Index(None, "order_id"),
)
order_changes: Final = sa.Table(
    "order_changes",
    metadata,
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    _ms("at", needed=True),
    _text("who"),
    _text("step"),
    _text("why"),
    _text("before"),
    _text("after"),
    _text("crew"),
)
# The newest row of the journal that changed an alarm or order, for those who follow them.
touched: Final = sa.Table(
    "touched",
    metadata,
    sa.Column("what", sa.Text, primary_key=True),  # alarm | order
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("journal_row", sa.BigInteger, nullable=False),
    sa.Index(None, "journal_row"),
)
outbox: Final = sa.Table(
    "outbox",
    metadata,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("key", sa.Text, nullable=False),
    _text("order_id"),
    _count("revision"),
    _text("topic"),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    _flag("retain"),
    _text("priority"),
    _text("state"),  # pending | sent | dead
    _count("attempts"),
    _text("error"),
    sa.Column("journal_row", sa.BigInteger, nullable=False),
    _ms("sent_at"),
    sa.UniqueConstraint("key"),
    sa.Index(None, "state", "priority", "number"),
)
reply_results: Final = sa.Table(
    "reply_results",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("journal_row", sa.BigInteger, nullable=False),
    _ms("at", needed=True),
    _text("order_id"),
    _text("action"),
    _flag("ok"),
    _text("why"),
    sa.Index(None, "at"),
)
meta: Final = sa.Table(
    "meta",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
)
