"""Whoever follows alarms and orders from a row of the journal on misses none, and need not ask for all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.storage import schema
from services.storage.sql import JudgeStore
from tests.unit.dispatch.coast import MINUTE, T0, Play, well, wrong


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JudgeStore]:
    url = f"sqlite:///{tmp_path}/orders.db"
    schema.upgrade(url)
    made = JudgeStore(url)
    yield made
    made.close()


def test_what_a_row_changed_is_found_once_with_its_whole_history(store: JudgeStore):
    play = Play()
    play.hear(T0, wrong("lamp-1", T0), wrong("bin-1", T0, rule="bin-full"))
    lamp, bin_ = (next(o.id for o in play.outcomes[0].orders if o.rule == r) for r in ("lamp-out", "bin-full"))
    play.hear(T0 + 2 * MINUTE, well("bin-1", T0 + 2 * MINUTE, rule="bin-full"))
    play.command(T0 + 3 * MINUTE, lamp, "note", reason="part ordered")
    for outcome in play.outcomes:
        store.commit(outcome, {})
    row, alarms, orders = store.touched(0, 1000)
    assert {alarm.rule for alarm in alarms} == {"lamp-out", "bin-full"}
    assert {order.id for order in orders} == {lamp, bin_}
    assert all(order.history for order in orders)
    assert store.touched(row, 1000) == (row, [], [])
    _, alarms, orders = store.touched(play.outcomes[-1].row - 1, 1000)
    assert (alarms, [order.id for order in orders]) == ([], [lamp])


def test_a_row_is_never_cut_in_two(store: JudgeStore):
    play = Play()
    play.hear(T0, wrong("lamp-1", T0), wrong("bin-1", T0, rule="bin-full"))
    for outcome in play.outcomes:
        store.commit(outcome, {})
    row, alarms, orders = store.touched(0, 1)
    assert (len(alarms), len(orders)) == (2, 2)
    assert store.touched(row, 1)[1:] == ([], [])
