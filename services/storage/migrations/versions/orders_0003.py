"""What is quiet about facilities lies in pages: when each device was last heard, and what windows reach back to.

Written out as it was when this revision was made: the rule engine's own records may change.
"""

from collections import defaultdict
from typing import Any
from zlib import crc32

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_FACILITY = "facility:"
_PAGES = 256
_states = sa.table("subject_state", sa.column("subject", sa.Text), sa.column("state", sa.LargeBinary))
_meta = sa.table("meta", sa.column("name", sa.Text), sa.column("value", sa.LargeBinary))


def upgrade() -> None:
    """Take each facility's row apart: what is quiet goes to its page, and a row with nothing else goes."""
    bind = op.get_bind()
    row = int(bind.execute(sa.select(_meta.c.value).where(_meta.c.name == "judge.row")).scalar() or b"0")
    pages: dict[int, dict[str, Any]] = defaultdict(lambda: {"row": row, "heard": {}, "recent": {}})
    mine = sa.select(_states).where(_states.c.subject.startswith(_FACILITY))
    left = []
    for subject, state in bind.execute(mine).all():
        facility = subject.removeprefix(_FACILITY)
        was = msgspec.json.decode(bytes(state))
        ears = was.pop("ears", {})
        page = pages[crc32(facility.encode()) % _PAGES]
        page["heard"] |= {device: heard for device, (heard, _) in ears.items()}
        if recent := was.pop("recent", None):
            page["recent"][facility] = recent
        if silent := {device: since for device, (_, since) in ears.items() if since is not None}:
            was["silent"] = silent
        if was:
            left.append({"subject": subject, "state": msgspec.json.encode(was)})
    bind.execute(sa.delete(_states).where(_states.c.subject.startswith(_FACILITY)))
    written = [{"subject": f"page:{n}", "state": msgspec.json.encode(page)} for n, page in sorted(pages.items())]
    if left or written:
        bind.execute(sa.insert(_states), [*left, *written])
