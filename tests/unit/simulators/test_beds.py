"""What a bed tells of that stands in the way of whoever looks for its faults."""

from simulators.causes import Cause
from simulators.spells import Spell
from simulators.world import World
from tests.unit.simulators.toy_coast import HOUR, MINUTE, NOTHING, START, at_once, said_by, toy_site

BED = "green-02"


def told(world: World, what: str) -> Cause:
    """Its last word about a cause."""
    return [cause for cause in world.told() if (cause.what, cause.facility) == (what, BED)][-1]


def test_a_bed_says_from_when_until_when_it_was_watered():
    world = World(toy_site(), 5, START, NOTHING)
    world.step(START + HOUR)
    world.mend(BED, sensors=False, at=world.now)
    sent = said_by(world.step(world.now + 2 * HOUR), BED)
    watered = told(world, "watered")
    assert watered.until is not None
    assert (watered.since, watered.sort, watered.until - watered.since) == (START + HOUR, "natural", 25 * MINUTE)
    assert [at for at, values in sent if values["valve_open_pct"] > 0] == [
        at for at, _ in sent if watered.since <= at < watered.until
    ]


def test_a_bed_that_is_watered_again_stays_so_until_the_second_watering_ends():
    world = World(toy_site(), 5, START, NOTHING)
    world.step(START + HOUR)
    for minutes in (0, 10):
        world.step(START + HOUR + minutes * MINUTE)
        world.mend(BED, sensors=False, at=world.now)
    world.step(world.now + HOUR)
    assert told(world, "watered").until == START + HOUR + 35 * MINUTE


def test_rain_on_a_bed_whose_valve_fails_is_told_and_over_when_it_has_been_mended():
    showers = [Spell("rain", START + HOUR, START + 7 * HOUR, 25.0)]
    world = World(toy_site(), 5, START, at_once("dry_bed", BED), spells=showers)
    sent = said_by(world.step(START + 7 * HOUR), BED)
    moist = told(world, "moist")
    holds = toy_site().facilities[BED].attributes["holding_capacity"]
    dry = [values["soil_moisture"] < 0.5 * holds for at, values in sent if at > START + 2 * MINUTE]
    assert (dry[0], dry[-1], moist.until) == (True, False, None)
    world.mend(BED, sensors=False, at=world.now)
    world.step(world.now + HOUR)
    assert told(world, "moist").until is not None
