"""What `prove` and `explain` ask of the judge's store: one alarm, what was addressed about an order, some states."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.errors import NotFoundError
from services.judge import Outcome
from services.storage.sql import JudgeStore
from tests.contracts.memory_judge_store import MemoryJudgeStore
from tests.machines.postgres import url_of
from tests.unit.dispatch.coast import MINUTE, T0, Play, well, wrong

Store = JudgeStore | MemoryJudgeStore


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryJudgeStore()
        return
    made = JudgeStore(url_of(request.param, request, tmp_path))
    yield made
    made.close()


def test_one_alarm_is_found_by_its_id(store: Store):
    play = Play()
    play.hear(T0, wrong("lamp-1", T0))
    store.commit(play.outcomes[-1], {})
    (alarm,) = play.outcomes[-1].alarms
    assert store.alarm(alarm.id).why == alarm.why
    with pytest.raises(NotFoundError, match="no alarm nowhere"):
        store.alarm("nowhere")


def test_what_was_addressed_about_an_order_comes_in_the_order_of_deciding(store: Store):
    play = Play()
    play.hear(T0, wrong("lamp-1", T0), wrong("bin-1", T0, rule="bin-full"))
    play.hear(T0 + MINUTE, well("bin-1", T0 + MINUTE, rule="bin-full"))
    for outcome in play.outcomes:
        store.commit(outcome, {})
    order = next(one for one in play.outcomes[0].orders if one.rule == "bin-full").id
    sent = store.addressed(order)
    assert [one.revision for one in sent] == [1, 2]
    assert {one.order for one in sent} == {order}
    assert sent[-1].payload == b""
    assert store.addressed("nowhere") == []


def test_states_are_given_by_name(store: Store):
    store.commit(Outcome(1, T0), {"facility:a": b"{}", "facility:b": b"[]"})
    assert store.subjects_named({"facility:b", "facility:c"}) == {"facility:b": b"[]"}
    assert store.subjects_named(()) == {}
