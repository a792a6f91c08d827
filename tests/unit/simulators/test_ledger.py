from pathlib import Path

from simulators.causes import COURSE, Cause
from simulators.ledger import Ledger, read_ledger
from simulators.plans import plan_named
from simulators.world import World
from tests.unit.simulators.toy_coast import HOUR, NOTHING, START, at_once, toy_site


def test_every_cause_and_every_acknowledged_message_of_a_device_is_in_the_ledger(tmp_path: Path):
    world = World(toy_site(), 7, START, plan_named("demo"))
    with Ledger(tmp_path / "deep" / "ledger.jsonl") as ledger:
        sent = world.step(START + 6 * HOUR)
        causes = world.told()
        ledger.causes(causes)
        ledger.acked(sent)
    told = read_ledger(tmp_path / "deep" / "ledger.jsonl")
    assert set(told.acked) == {p.key.hex() for p in sent if p.device}
    assert set(told.causes) == {c.id for c in causes}
    assert {c["class"] for c in told.causes.values()} == {"fault", "natural", "near_miss"}
    one = next(iter(told.acked.values()))
    assert set(one) == {"acked", "device", "seq", "at"}
    assert all({"id", "what", "facility", "from", "until", "class"} <= set(c) for c in told.causes.values())


def uncommon(world: World) -> list[Cause]:
    """What was told that is not of the day's course."""
    return [cause for cause in world.told() if cause.what not in COURSE]


def test_a_cause_is_told_when_it_begins_and_again_when_it_is_mended(tmp_path: Path):
    path = tmp_path / "ledger.jsonl"
    world = World(toy_site(), 7, START, at_once("bin_tipped", "bin-02"))
    with Ledger(path) as ledger:
        world.step(START + HOUR)
        ledger.causes(uncommon(world))
        ledger.flush()
        (begun,) = read_ledger(path).causes.values()
        assert (begun["what"], begun["facility"], begun["until"]) == ("bin_tipped", "bin-02", None)
        world.mend("bin-02", sensors=False, at=START + HOUR)
        ledger.causes(uncommon(world))
    (ended,) = read_ledger(path).causes.values()
    assert ended == dict(begun) | {"until": "2026-10-01T09:00:00.000Z"}
    assert len(path.read_bytes().splitlines()) == 2


def test_the_members_of_a_feeder_are_named_with_it(tmp_path: Path):
    world = World(toy_site(), 7, START, at_once("feeder_trip", "largest"))
    world.step(START + HOUR)
    with Ledger(tmp_path / "l") as ledger:
        ledger.causes(uncommon(world))
    (trip,) = read_ledger(tmp_path / "l").causes.values()
    assert trip["facility"] == "feeder-00"
    assert len(trip["members"]) == 42


def test_a_line_that_a_kill_cut_short_costs_only_itself(tmp_path: Path):
    path = tmp_path / "ledger.jsonl"
    sent = World(toy_site(), 7, START, NOTHING).step(START + HOUR)
    with Ledger(path) as ledger:
        ledger.acked(sent)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert len(read_ledger(path).acked) == sum(1 for p in sent if p.device) - 1
    with Ledger(path) as ledger:
        ledger.acked(sent[-1:])
    assert len(read_ledger(path).acked) == sum(1 for p in sent if p.device)


def test_a_bin_that_fills_by_itself_is_a_natural_cause_until_the_round_takes_it():
    world = World(toy_site(), 3, START, NOTHING)
    world.step(START + 6 * HOUR)
    begun, ended = (c for c in uncommon(world) if c.facility == "bin-01")
    assert (begun.what, begun.sort, begun.until) == ("filled", "natural", None)
    assert ended == begun._replace(until=ended.until)
    assert START < begun.since < (ended.until or 0) < START + 6 * HOUR
