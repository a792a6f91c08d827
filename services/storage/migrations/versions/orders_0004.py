"""Lists of alarms and orders are read page by page, by any of what they are asked for."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MADE = (
    ("alarms", ("opened", "id")),
    ("alarms", ("facility", "opened")),
    ("alarms", ("rule", "opened")),
    ("orders", ("state", "priority")),
    ("orders", ("opened", "id")),
    ("orders", ("facility", "opened")),
    ("orders", ("zone", "opened")),
    ("orders", ("crew", "opened")),
)
_NOW_PART_OF_OTHERS = (("alarms", "facility"), ("orders", "crew"))


def upgrade() -> None:
    """Make the indexes."""
    for table, columns in _MADE:
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns), unique=False)
    for table, column in _NOW_PART_OF_OTHERS:
        op.drop_index(op.f(f"ix_{table}_{column}"), table_name=table)
