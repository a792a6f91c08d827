"""Orders that were filed before alarms and orders were many to many."""

import json
from pathlib import Path

import sqlalchemy as sa

from services.storage import schema, tables

_BEFORE = (
    "id, case_number, rule, subject, facility, kind, element, zone, priority, crew, state, revision, safety, counted,"
    " recovered, reworks, opened, closed_by, document"
)


def test_every_order_of_before_is_linked_to_its_alarms(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/books.sqlite"
    schema.upgrade(url, "0005")
    engine = sa.create_engine(url)
    with engine.begin() as writing:
        for number in range(1_500):
            document = json.dumps({"alarms": [f"a{number}", "a-shared"]})
            values = (
                f"'o{number:04}', 'c', 'r', 's', 'f', 'bin', 'order', 'z', 'P3', 'c', 'closed', 1, 0, 1, 0, 0, 1, ''"
            )
            writing.execute(sa.text(f"INSERT INTO orders ({_BEFORE}) VALUES ({values}, :d)"), {"d": document})  # noqa: S608
    schema.upgrade(url)
    with engine.begin() as asked:
        links = set(asked.execute(sa.select(tables.order_alarms.c.order_id, tables.order_alarms.c.alarm_id)).all())
        assert asked.execute(sa.select(tables.orders.c.territorial).limit(1)).scalar() is None
    engine.dispose()
    assert len(links) == 3_000
    assert ("o1499", "a-shared") in links
