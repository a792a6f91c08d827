"""What the judge comes to is kept whole or not at all, and found again: in memory, SQLite and PostgreSQL."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from domain.alarms import AlarmState, Correction, Hindsight
from domain.errors import NotFoundError, UnavailableError
from domain.naming import COMMAND, Priority
from rules.book import shipped
from rules.context.sun import sun_over
from rules.runners.live import Live
from services.dispatch import life
from services.dispatch.orders import ENDED, Addressed, OrderState
from services.judge import Outcome, Saved
from services.storage import engines, schema, tables
from services.storage.sql import JudgeStore
from tests.contracts.memory_judge_store import MemoryJudgeStore
from tests.machines.postgres import url_of
from tests.unit.dispatch.coast import HOUR, MINUTE, T0, Play, well, wrong
from tests.unit.rules.coast import NIGHT, small_coast

Store = JudgeStore | MemoryJudgeStore


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryJudgeStore()
        return
    made = JudgeStore(url_of(request.param, request, tmp_path))
    yield made
    made.close()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/orders.db"
    schema.upgrade(url)
    return url


def played(store: Store) -> Play:
    """A lamp is out, accepted, held; a leak is done; a bin was emptied: everything in between is in the store."""
    play = Play()
    play.hear(T0, wrong("lamp-1", T0), wrong("lamp-1", T0, rule="leak"), wrong("bin-1", T0, rule="bin-full"))
    lamp, leak = (next(o.id for o in play.outcomes[0].orders if o.rule == r) for r in ("lamp-out", "leak"))
    play.reply(T0 + MINUTE, "lamps-w", lamp, "hold", reason="no part")
    play.reply(T0 + MINUTE, "lamps-w2", leak, "done")
    play.hear(T0 + 2 * MINUTE, well("bin-1", T0 + 2 * MINUTE, rule="bin-full"))
    play.command(T0 + 3 * MINUTE, lamp, "note", reason="part ordered")
    for outcome in play.outcomes:
        store.commit(outcome, {})
    return play


def test_a_store_that_never_had_an_outcome_starts_at_nothing(store: Store):
    assert store.load() == Saved()
    assert list(store.subjects()) == []


def test_what_is_loaded_is_what_was_committed(store: Store):
    play = played(store)
    saved = store.load()
    last = {o.id: o for outcome in play.outcomes for o in outcome.orders}
    assert {o.id: o for o in saved.orders} == last
    assert (saved.row, saved.at) == (5, T0 + 3 * MINUTE)
    assert {a.rule for a in saved.alarms} == {"lamp-out", "leak"}
    assert {(r.source, r.id, r.ok) for r in saved.results} == {
        ("lamps-w", "r1", True),
        ("lamps-w2", "r2", True),
        (COMMAND, "c3", True),
    }
    assert set(saved.meta) == {"deaf", "waiting", "cases", "planned", "stops"}


def test_a_quiet_row_moves_the_cursor_and_keeps_the_subjects(store: Store):
    store.commit(Outcome(7, T0, meta={"deaf": b"1"}), {"facility:a": b"1", "facility:b": b"2"})
    store.commit(Outcome(9, T0 + 1), {"facility:b": b"3"})
    saved = store.load()
    assert (saved.row, saved.at, saved.meta) == (9, T0 + 1, {"deaf": b"1"})
    assert dict(store.subjects()) == {"facility:a": b"1", "facility:b": b"3"}


def test_what_the_judge_notes_is_found_by_its_name(store: Store):
    assert store.noted("planned") == b""
    store.commit(Outcome(1, T0, changed=True, meta={"planned": b"[]", "deaf": b"0"}), {})
    store.commit(Outcome(2, T0), {})
    assert store.noted("planned") == b"[]"


def test_old_ended_orders_are_not_loaded_but_stay(store: Store):
    play = played(store)
    bin_order = next(o.id for o in play.outcomes[0].orders if o.rule == "bin-full")
    store.commit(Outcome(90, T0 + 49 * HOUR), {})
    assert bin_order not in {o.id for o in store.load().orders}
    assert store.order(bin_order).state is OrderState.WITHDRAWN
    assert len(store.everything()[1]) == 3


def test_an_alarm_keeps_what_opened_it(store: Store):
    played(store)
    alarm = next(a for a in store.everything()[0] if a.rule == "bin-full")
    assert (alarm.state, alarm.until, alarm.order != "") == (AlarmState.CLEARED, T0 + 2 * MINUTE, True)
    assert alarm.why == {"values": {"fill_level": 96.0}}


def test_corrections_are_kept_once_and_found_by_facility(store: Store):
    found = Correction(
        "a1", "bin-full", "1", "facility:bin-1", "bin-1", Hindsight.OPENED, T0, T0 + 1, "bin-1-d", T0 + HOUR, {"x": 1.0}
    )
    later = replace(found, what=Hindsight.CLEARED, facility="bin-2", heard=T0 + 2 * HOUR)
    store.commit(Outcome(1, T0, corrections=(found,)), {})
    store.commit(Outcome(2, T0, corrections=(replace(found, heard=T0 + 3 * HOUR), later)), {})
    assert list(store.corrections()) == [later, found]
    assert list(store.corrections(facility="bin-1")) == [found]
    assert list(store.corrections(limit=1)) == [later]


def test_what_waits_of_an_order_that_becomes_urgent_goes_before_what_is_less_urgent(store: Store):
    play = played(store)
    waits = [one.message for one in store.pending(100)]
    bin_order = next(o for o in play.outcomes[0].orders if o.rule == "bin-full")
    urgent = life.urge(replace(bin_order, history=()), priority=Priority.P0, who="x", at=T0, why="w")
    number = len(bin_order.history)
    store.commit(Outcome(9, T0, orders=(urgent,), history=((urgent.id, number + 5, urgent.history[-1]),)), {})
    now = [one.message for one in store.pending(100)]
    assert {m.priority for m in now if m.order == bin_order.id and m.priority != "P4"} == {"P0"}
    assert [m.key for m in now if m.order == bin_order.id] == [m.key for m in waits if m.order == bin_order.id]


def test_the_outbox_gives_each_message_once_in_order_until_it_is_marked(store: Store):
    play = played(store)
    messages = sorted((m for outcome in play.outcomes for m in outcome.outbox), key=lambda m: m.priority)
    pending = store.pending(100)
    assert [p.message for p in pending] == messages
    assert [p.message for p in store.pending(2)] == messages[:2]
    store.mark_sent([pending[0].number], T0)
    store.mark_failed([pending[1].number], "away")
    store.bury([pending[2].number], "no such topic")
    assert [p.message for p in store.pending(100)] == [messages[1], *messages[3:]]
    assert store.outbox_counts() == {"pending": len(messages) - 2, "sent": 1, "dead": 1}


def test_a_receipt_asked_for_again_is_sent_again(store: Store):
    play = played(store)
    receipt = next(m for m in play.outcomes[1].outbox if not m.retain)
    store.mark_sent([p.number for p in store.pending(100)], T0)
    store.commit(Outcome(6, T0 + HOUR, changed=True, outbox=(receipt,)), {})
    assert [p.message for p in store.pending(100)] == [receipt]


def test_answers_are_found_by_who_gave_them(store: Store):
    played(store)
    found = store.result("lamps-w", "r1")
    assert found is not None
    assert (found.row, found.action, found.ok) == (2, "hold", True)
    assert store.result("lamps-w2", "r1") is None


def test_an_order_that_is_not_there_is_not_found(store: Store):
    with pytest.raises(NotFoundError):
        store.order("nothing")


def test_readers_choose(store: Store):
    played(store)
    assert [o.rule for o in store.orders(crew="lamps-w")] == ["lamp-out"]
    assert {o.rule for o in store.orders(states=set(OrderState) - ENDED)} == {"lamp-out", "leak"}
    assert len(store.orders(zone="west", newest=2)) == 2
    assert store.orders(zone="east") == []
    assert not any(o.history for o in store.orders())
    assert [a.rule for a in store.alarms(state=AlarmState.CLEARED)] == ["bin-full"]
    assert len(store.alarms(facility="lamp-1")) == 2
    assert store.order(store.orders(crew="lamps-w")[0].id).history[-1].why == "part ordered"


def test_an_order_is_found_by_its_case_number_as_well(store: Store):
    played(store)
    for order in store.orders():
        assert store.order(order.case) == store.order(order.id)


def test_cursors_of_other_consumers_are_kept_apart(sql_url: str):
    store = JudgeStore(sql_url)
    store.move("store", 12)
    assert (store.cursor("store"), store.cursor("other"), store.load().row) == (12, 0, 0)
    store.close()


def test_a_commit_that_fails_leaves_nothing(sql_url: str):
    store = JudgeStore(sql_url)
    play = Play()
    outcome = play.hear(T0, wrong("lamp-1", T0))
    with pytest.raises(sa.exc.SQLAlchemyError):
        store.commit(outcome, {"facility:a": None})  # type: ignore[dict-item]  # what the database will not take
    assert store.load() == Saved()
    store.commit(outcome, {"facility:a": b"1"})
    assert store.load().row == 1
    store.close()


def test_readers_go_on_while_somebody_writes_and_a_second_writer_waits_its_turn(sqlite_url: str, tmp_path: Path):
    store = JudgeStore(sqlite_url)
    played(store)
    other = sqlite3.connect(tmp_path / "orders.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("DELETE FROM orders")
    assert len(store.orders()) == 3
    other.execute("ROLLBACK")
    other.close()
    store.commit(Outcome(6, T0 + HOUR), {})
    assert store.load().row == 6
    store.close()


def test_a_database_that_is_away_is_unavailable(tmp_path: Path):
    blocked = tmp_path / "file"
    blocked.mkdir()
    with pytest.raises(UnavailableError):
        schema.upgrade(f"sqlite:///{blocked}")


def test_the_revisions_lead_to_the_tables_and_a_second_start_changes_nothing(sql_url: str):
    schema.upgrade(sql_url)
    engine = engines.reader(sql_url)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, tables.metadata) == []
        assert context.get_current_revision() == schema.newest_revision()
    engine.dispose()


def test_a_database_of_the_first_revision_keeps_what_it_has_and_finds_it_by_its_number(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/first.db"
    schema.upgrade(url, "0001")
    newest = f"sqlite:///{tmp_path}/newest.db"
    schema.upgrade(newest)
    before = JudgeStore(newest)
    played(before)
    was, case = before.load(), before.orders()[0].case
    waits = sorted(one.message.key for one in before.pending(100))
    before.close()
    with sqlite3.connect(tmp_path / "first.db") as old:
        old.execute("ATTACH ? AS newest", [str(tmp_path / "newest.db")])
        for table in ("alarms", "orders", "order_changes", "outbox", "reply_results", "meta"):
            there = ", ".join(f'"{row[1]}"' for row in old.execute(f"PRAGMA main.table_info({table})"))
            old.execute(f"INSERT INTO main.{table} ({there}) SELECT {there} FROM newest.{table}")  # noqa: S608
    schema.upgrade(url)
    after = JudgeStore(url)
    assert (after.load(), sorted(one.message.key for one in after.pending(100))) == (was, waits)
    assert after.order(case).case == case
    after.close()
    with sqlite3.connect(tmp_path / "first.db") as asked:
        plans = [
            str(asked.execute("EXPLAIN QUERY PLAN " + asking).fetchall())
            for asking in (
                "SELECT * FROM orders WHERE case_number = 'x'",
                "SELECT * FROM outbox WHERE state = 'pending' ORDER BY priority, number LIMIT 500",
            )
        ]
    assert "ix_orders_case_number" in plans[0]
    assert "ix_outbox_state_priority_number" in plans[1]
    assert "TEMP B-TREE" not in plans[1]


def test_rule_state_of_the_second_revision_is_taken_up_from_its_pages(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/second.db"
    schema.upgrade(url, "0002")
    site, at = small_coast(), NIGHT
    quiet = f'{{"ears":{{"bin-1":[{at},null]}}}}'
    waits = f'{{"ears":{{"lamp-1":[{at},null]}},"recent":[[{at},"lamp-1",{{"tilt_deg":1.5}}]]}}'
    away = f'{{"ears":{{"toilet-1":[{at - HOUR},{at}],"toilet-1b":[{at},null]}},"states":{{}}}}'
    store = JudgeStore(url)
    states = {"facility:bin-1": quiet, "facility:lamp-1": waits, "facility:toilet-1": away, "listening": '{"a":1}'}
    store.commit(Outcome(7, at), {subject: state.encode() for subject, state in states.items()})
    store.close()
    schema.upgrade(url)
    after = JudgeStore(url)
    rows = dict(after.subjects())
    assert {key for key in rows if not key.startswith("page:")} == {"facility:toilet-1", "listening"}
    assert all(json.loads(row)["row"] == 7 for key, row in rows.items() if key.startswith("page:"))
    live = Live(shipped(), site, sun_over(site))
    live.load((row for row in rows.items() if row[0] != "listening"), 7)
    ears = {ear.id: (ear.heard, ear.silent) for ear in live._fitted.ears.values() if ear.heard >= 0}
    assert ears == {
        "bin-1": (at, None),
        "lamp-1": (at, None),
        "toilet-1": (at - HOUR, at),
        "toilet-1b": (at, None),
    }
    assert [s.recent for s in live._fitted.spots if s.recent] == [[(at, "lamp-1", 1.5)]]
    assert after.load().row == 7
    after.close()


def test_what_is_urgent_is_not_behind_a_long_outage_and_orders_keep_their_order(store: Store):
    def letter(order: str, revision: int, priority: str) -> Addressed:
        return Addressed(f"{order}:{revision}", order, revision, f"to/{order}", b"x", True, priority)

    routine = [letter(f"o{n}", revision, "P3") for n in range(600) for revision in (1, 2)]
    urgent = [letter("fire", revision, "P0") for revision in (1, 2)]
    store.commit(Outcome(1, T0, changed=True, outbox=(*routine, *urgent)), {})
    assert [one.message for one in store.pending(500)] == [*urgent, *routine[:498]]


def test_old_messages_and_answers_are_pruned_and_orders_stay(sql_url: str):
    store = JudgeStore(sql_url)
    played(store)
    store.mark_sent([p.number for p in store.pending(2)], T0)
    store.prune(T0 + 2 * MINUTE)
    assert store.outbox_counts()["sent"] == 0
    assert store.result("lamps-w", "r1") is None
    assert len(store.everything()[1]) == 3
    store.close()


def many(store: Store) -> Play:
    """A dozen lamps out, one after the other, and two at one time."""
    play = Play()
    for minute in range(6):
        at = T0 + minute * MINUTE
        play.hear(at, wrong("lamp-1", at, rule="leak"), wrong("lamp-2", at, rule="leak"))
        play.hear(at, well("lamp-1", at + 1, rule="leak"), well("lamp-2", at + 1, rule="leak"))
    for outcome in play.outcomes:
        store.commit(outcome, {})
    return play


def test_lists_are_read_on_place_by_place_and_miss_nothing_while_more_comes(store: Store):
    play = many(store)
    for listed in (store.alarms, store.orders):
        whole = listed(newest=1000)
        assert [(one.opened, one.id) for one in whole] == sorted(((o.opened, o.id) for o in whole), reverse=True)
        seen, after = list[str](), None
        while found := listed(newest=2, after=after):
            seen += [one.id for one in found]
            after = (found[-1].opened, found[-1].id)
            if len(seen) == 4:  # something new on top changes nothing below
                play.hear(T0 + HOUR, wrong("lamp-3", T0 + HOUR))
                store.commit(play.outcomes[-1], {})
        assert seen == [one.id for one in whole]


def test_alarms_are_chosen_by_rule_and_orders_by_facility(store: Store):
    played(store)
    assert {alarm.rule for alarm in store.alarms(rule="leak")} == {"leak"}
    assert {order.facility for order in store.orders(facility="bin-1")} == {"bin-1"}
    assert store.orders(facility="bin-2") == []


def test_what_is_open_about_a_facility_is_found_also_as_a_member_of_a_group(store: Store):
    play = Play()
    play.hear(T0, wrong("lamp-2", T0))
    grouped = [replace(alarm, members=("lamp-1", "lamp-2")) for alarm in play.outcomes[0].alarms]
    store.commit(replace(play.outcomes[0], alarms=tuple(grouped)), {})
    play.hear(T0 + 1, wrong("lamp-1", T0 + 1, rule="leak"), wrong("bin-1", T0 + 1, rule="bin-full"))
    play.hear(T0 + 2, well("bin-1", T0 + 2, rule="bin-full"))
    for outcome in play.outcomes[1:]:
        store.commit(outcome, {})
    alarms, orders = store.touching("lamp-1")
    assert [(alarm.rule, alarm.facility) for alarm in alarms] == [("leak", "lamp-1"), ("lamp-out", "lamp-2")]
    assert [(order.rule, order.facility) for order in orders] == [("leak", "lamp-1"), ("lamp-out", "lamp-2")]
    assert [alarm.rule for alarm in store.touching("lamp-2")[0]] == ["lamp-out"]
    assert store.touching("bin-1") == ([], [])
    assert store.touching("lamp-") == store.touching('lamp-1"%_\\') == ([], [])


def test_orders_and_alarms_are_counted_and_so_is_what_crews_have_at_work(store: Store):
    played(store)
    assert store.alarms_counted() == {"lamp-out": 1, "leak": 1}
    counted = store.orders_counted()
    assert {str(state): count for (state, _), count in counted.items()} == {"on_hold": 1, "done": 1, "withdrawn": 1}
    assert store.at_work() == {}
    play = Play()
    play.hear(T0, wrong("lamp-3", T0))
    store.commit(play.outcomes[-1], {})
    assert store.at_work() == {"lamps-e": 1}
