"""Who is sent, and what falls due."""

from dataclasses import replace

import pytest

from services.dispatch import policy, who
from services.dispatch.orders import OrderState, Step
from services.dispatch.places import place_of
from tests.unit.dispatch.coast import HOUR, MINUTE, PLAN, T0, Play, coast, wrong

SITE = coast()
LAMP = place_of(SITE, "lamp-1")


@pytest.mark.parametrize(
    ("hour", "minute", "crews"),
    [
        (5, 29, ["desk", "night-w"]),
        (5, 30, ["bins-w", "desk", "lamps-e", "lamps-w", "lamps-w2"]),
        (13, 29, ["bins-w", "desk", "lamps-e", "lamps-w", "lamps-w2"]),
        (13, 30, ["desk"]),
        (21, 29, ["desk"]),
        (21, 30, ["desk", "night-w"]),
        (0, 0, ["desk", "night-w"]),
    ],
)
def test_shifts_are_in_local_time_and_reach_over_midnight(hour: int, minute: int, crews: list[str]):
    at = T0 - 8 * HOUR + hour * HOUR + minute * MINUTE
    assert sorted(c.id for c in SITE.crews.values() if who.on_shift(SITE, c, at)) == crews


def chosen(load: dict[str, int] | None = None, refused: tuple[str, ...] = (), trade: str = "lighting") -> str:
    return who.choose(SITE, LAMP, trade, T0, load or {}, refused).crew


def test_the_nearest_of_the_zone_goes_then_a_neighbour_then_the_desk():
    assert chosen() == "lamps-w"
    assert chosen({"lamps-w": 3}) == "lamps-w2"
    assert chosen({"lamps-w": 2}) == "lamps-w"
    assert chosen(refused=("lamps-w", "lamps-w2")) == "lamps-e"
    assert chosen({"lamps-e": 2}, ("lamps-w", "lamps-w2")) == "desk"
    assert chosen(trade="diving") == "desk"


def test_a_place_that_the_site_forgot_still_finds_somebody():
    assert who.choose(SITE, place_of(SITE, "gone-1"), "lighting", T0, {}).crew == "desk"


def test_the_desk_is_never_chosen_for_its_trades():
    desk = replace(SITE.crews["desk"], trades=("lighting",), capacity=9)
    site = replace(SITE, crews={**SITE.crews, "desk": desk})
    assert who.choose(site, LAMP, "lighting", T0, {}).crew == "lamps-w"


def test_key_nodes_may_be_more_urgent():
    assert policy.priority(PLAN, SITE.facilities["lamp-2"].grade) == "P2"
    assert policy.priority(PLAN, SITE.facilities["lamp-1"].grade) == "P3"
    assert policy.priority(replace(PLAN, key_node_priority=None), SITE.facilities["lamp-2"].grade) == "P3"


def test_the_next_timer_follows_the_state():
    order = Play().hear(T0, wrong("lamp-1", T0)).orders[0]
    assert policy.next_timer(order, SITE) == (T0 + 15 * MINUTE, Step.ESCALATE)
    assert policy.next_timer(replace(order, crew="desk"), SITE) == (T0 + 2 * HOUR, Step.OVERDUE)
    assert policy.next_timer(replace(order, escalated=True), SITE) == (T0 + 2 * HOUR, Step.OVERDUE)
    for state in (OrderState.ON_HOLD, OrderState.DONE, OrderState.CLOSED):
        assert policy.next_timer(replace(order, state=state), SITE) is None
