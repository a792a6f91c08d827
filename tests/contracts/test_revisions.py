"""From every revision there ever was to the newest, with what was kept then, on both makes: nothing is lost.

There is no way down: a revision is not taken back, a copy from before is put back (docs/deploy.md, Upgrade).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from domain.alarms import AlarmState
from services.dispatch.orders import OrderState
from services.people.roles import Role
from services.storage import schema
from services.storage.letters import SqlLetterbox
from services.storage.people import PeopleStore
from services.storage.sql import JudgeStore

T0: Final = 1_790_812_800_000
SCRIPTS: Final = ScriptDirectory(str(schema.MIGRATIONS))
OLDER: Final = [one.revision for one in SCRIPTS.walk_revisions() if one.revision != schema.newest_revision()]
# As the first release wrote it.
DOCUMENT: Final = (
    '{"id":"o1","case":"SN-20261001-0001","rule":"lamp-out","subject":"facility:lamp-1","alarms":["a1"],'
    '"facility":"lamp-1","kind":"light","element":"municipal","zone":"west","priority":"P3","plan":{"element":'
    '"municipal","trade":"lighting","priority":"P3","key_node_priority":"P2","accept_s":900,"arrive_s":0,'
    '"finish_s":7200,"verify_s":1800,"safety":false,"counted":true,"title":["Lamp out","路灯不亮"],'
    '"do":["Replace the lamp","更换光源"],"caution":null},"clear_for_s":600,"since":1790812800000,"members":[],'
    '"why":{"values":{"active_power":2.0}},"opened":1790812800000,"state":"dispatched","revision":1,'
    '"crew":"lamps-w","desk":false,"dispatched":1790812800000,"accepted":null,"arrived":null,"done":null,'
    '"closed":null,"closed_by":"","limits":[1790813700000,null,1790820000000,null],"recovered":false,'
    '"escalated":false,"overdue":false,"put_off":false,"reworks":0,"extensions":0,"held_from":null,"held_at":null,'
    '"declined":[],"history":[]}'
)
ROWS: Final[dict[str, dict[str, Any]]] = {
    "alarms": {
        "id": "a1",
        "rule": "lamp-out",
        "version": "1",
        "subject": "facility:lamp-1",
        "state": "open",
        "cause": T0,
        "since": T0,
        "opened": T0,
        "facility": "lamp-1",
        "members": "[]",
        "why": '{"values":{"active_power":2.0}}',
        "order_id": "o1",
    },
    "orders": {
        "id": "o1",
        "case_number": "SN-20261001-0001",
        "rule": "lamp-out",
        "subject": "facility:lamp-1",
        "facility": "lamp-1",
        "kind": "light",
        "element": "municipal",
        "zone": "west",
        "priority": "P3",
        "crew": "lamps-w",
        "state": "dispatched",
        "revision": 1,
        "safety": False,
        "counted": True,
        "recovered": False,
        "reworks": 0,
        "opened": T0,
        "dispatched": T0,
        "closed_by": "",
        "document": DOCUMENT,
    },
    "order_changes": {
        "order_id": "o1",
        "number": 0,
        "at": T0,
        "who": "tidewalk",
        "step": "file",
        "why": "alarm a1",
        "before": "draft",
        "after": "open",
        "crew": "",
    },
    "outbox": {
        "key": "o1:1",
        "order_id": "o1",
        "revision": 1,
        "topic": "t",
        "payload": b"{}",
        "retain": True,
        "priority": "P3",
        "state": "pending",
        "attempts": 0,
        "error": "",
        "journal_row": 7,
    },
    "reply_results": {
        "source": "lamps-w",
        "id": "r1",
        "journal_row": 7,
        "at": T0,
        "order_id": "o1",
        "action": "accept",
        "ok": True,
        "why": "",
    },
    "meta": {"name": "judge.row", "value": b"7"},
    "subject_state": {"subject": "facility:lamp-1", "state": b'{"ears":{"lamp-1":[1790812800000,1790812900000]}}'},
    "corrections": {
        "alarm": "a1",
        "what": "cleared",
        "rule": "lamp-out",
        "version": "1",
        "subject": "facility:lamp-1",
        "facility": "lamp-1",
        "cause": T0,
        "at": T0,
        "device": "lamp-1",
        "heard": T0,
        "why": "{}",
    },
    "order_alarms": {"alarm_id": "a1", "order_id": "o1"},
    "accounts": {
        "name": "李伟",
        "role": "dispatcher",
        "zones": '["west"]',
        "password": "x",
        "created": T0,
        "disabled": False,
    },
    "access_tokens": {
        "id": "t1",
        "digest": "d",
        "name": "prometheus",
        "role": "viewer",
        "zones": "[]",
        "created": T0,
        "expires": T0 * 2,
    },
    "crew_links": {"crew": "lamps-w", "generation": 3},
    "audit_trail": {
        "at": T0,
        "who": "root",
        "address": "command",
        "what": "user add",
        "about": "李伟",
        "before": "",
        "after": "",
        "result": "done",
    },
    "letters": {
        "key": "o1:1:lamps-w:0",
        "order_id": "o1",
        "revision": 1,
        "recipient": "lamps-w",
        "place": 0,
        "channel": "wecom",
        "address": "env:TIDEWALK_A",
        "secret": "",
        "last": True,
        "priority": "P3",
        "at": T0,
        "body": b"{}",
        "state": "pending",
        "attempts": 0,
        "why": "",
        "who": "",
        "batch": "",
    },
    "touched": {"what": "order", "id": "o1", "journal_row": 7},
}


def filled(url: str) -> set[str]:
    """Put a row into every table that there is, in the SQL of that time; which tables these were."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        there = set(sa.inspect(connection).get_table_names()) - {"alembic_version", "access_sessions", "lease"}
        for name in there:
            row = ROWS[name]
            words, marks = ", ".join(f'"{one}"' for one in row), ", ".join(f":{one}" for one in row)
            connection.execute(sa.text(f"INSERT INTO {name} ({words}) VALUES ({marks})"), row)  # noqa: S608
    engine.dispose()
    return there


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/books.sqlite"
    database: Callable[[], str] = request.getfixturevalue("postgres").database
    return database()


@pytest.mark.parametrize("revision", OLDER)
def test_nothing_is_lost_on_the_way_up(empty: str, revision: str):
    schema.upgrade(empty, revision)
    there = filled(empty)
    schema.upgrade(empty)
    schema.readable(empty)
    books = JudgeStore(empty)
    (order,), (alarm,) = books.orders(), books.alarms(state=AlarmState.OPEN)
    assert (order.id, order.state, order.alarms, order.crew) == ("o1", OrderState.DISPATCHED, ("a1",), "lamps-w")
    assert (alarm.id, alarm.order, alarm.level) == ("a1", "o1", 0)
    saved = books.load()
    assert (saved.row, saved.orders[0].history[0].why) == (7, "alarm a1")
    assert [one.message.key for one in books.pending(9)] == ["o1:1"]
    assert books.result("lamps-w", "r1") is not None
    assert {one.split(":")[0] for one, _ in books.subjects()} == (
        {"facility", "page"} if revision < "0003" else {"facility"}
    )
    assert books.touching("lamp-1") == ([alarm], [order])
    assert len(books.corrections()) == ("corrections" in there)
    books.close()
    people, box = PeopleStore(empty), SqlLetterbox(empty)
    known = people.roster(T0)
    assert [one.role for one in known.accounts] == [Role.DISPATCHER] * ("accounts" in there)
    assert known.generations == ({"lamps-w": 3} if "crew_links" in there else {})
    assert len(known.tokens) == len(people.entries(newest=9)) == ("audit_trail" in there)
    assert len(box.waiting(9)) == ("letters" in there)
    people.close()
    box.close()


def test_there_is_one_newest_revision_and_one_way_to_it():
    assert len(SCRIPTS.get_heads()) == 1
    assert [one.revision for one in SCRIPTS.walk_revisions()] == [f"{n:04}" for n in range(len(OLDER) + 1, 0, -1)]
