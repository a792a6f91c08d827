"""The run hash knows what was decided, and nothing of when it was heard."""

from collections.abc import Sequence

from services.dispatch.orders import Alarm, Order
from services.run_hash import run_hash, tally
from tests.unit.dispatch.coast import MINUTE, T0, Play, coast, well, wrong


def ran(late: int = 0, done: int = 3) -> tuple[Sequence[Alarm], Sequence[Order]]:
    play = Play(coast(simulated=True))
    play.hear(T0 + late, wrong("lamp-1", T0), wrong("bin-1", T0, rule="bin-full"))
    for order in play.outcomes[0].orders:
        play.reply(T0 + done * MINUTE, order.crew, order.id, "done")
    play.hear(T0 + 5 * MINUTE + late, well("lamp-1", T0 + 5 * MINUTE), wrong("lamp-2", T0 + 5 * MINUTE))
    alarms = {a.id: a for o in play.outcomes for a in o.alarms}
    orders = {x.id: x for o in play.outcomes for x in o.orders}
    return list(alarms.values()), list(orders.values())


def test_a_run_heard_later_has_the_same_hash():
    assert run_hash(*ran()) == run_hash(*ran(late=200))
    alarms, orders = ran()
    assert run_hash(alarms[::-1], orders[::-1]) == run_hash(alarms, orders)


def test_a_run_that_decided_otherwise_has_another():
    alarms, orders = ran()
    assert run_hash(alarms, orders) != run_hash(alarms, orders[1:])
    assert run_hash(alarms, orders) != run_hash(alarms[1:], orders)
    assert run_hash(alarms, orders) != run_hash(*ran(done=40))


def test_the_hash_is_the_same_on_every_machine():
    assert run_hash([], []) == "7959aa52b197a645439bec0c0e4dc7fcbe4020edfa156af1cb1f1dd128fcd05c"
    assert run_hash(*ran()) == "22579989033dc3f93237249cd712570dce0338817d1f89dde14aa5b48bb0292f"


def test_the_tally_counts_what_telemetry_closed():
    alarms, orders = ran()
    told = tally(alarms, orders)
    assert (told.alarms, told.orders) == (3, 3)
    assert told.closed_by_kind == {"light": 1}
    assert told.closed_by_element == {"municipal": 1}
