import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from domain.ids import message_key
from domain.naming import QUANTITIES, Kind
from simulators.plans import plan_named
from simulators.world import World
from tests.unit.simulators.toy_coast import HOUR, MINUTE, NOTHING, START, said_by, toy_site

DIGEST = """
import hashlib
from simulators.plans import plan_named
from simulators.world import World
from tests.unit.simulators.toy_coast import *
world = World(toy_site(), 7, START, plan_named("demo"), (0, 200))
digest = hashlib.sha256()
for n in range(1, 121):
    for p in world.step(START + n * MINUTE):
        digest.update(p.key)
print(digest.hexdigest())
"""


def digest_of(step_ms: int, hours: int, *, seed: int = 7) -> str:
    world = World(toy_site(), seed, START, plan_named("demo"))
    keys = [p.key for n in range(1, hours * HOUR // step_ms + 1) for p in world.step(START + n * step_ms)]
    return hashlib.sha256(b"".join(keys)).hexdigest()


def test_the_hash_seed_of_python_changes_no_message():
    root = Path(__file__).parents[3]
    said = [
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)},
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "4711")
    ]
    assert said[0] == said[1] != ""


def test_the_length_of_steps_changes_no_message():
    assert digest_of(1_000, 2) == digest_of(MINUTE, 2) == digest_of(40 * MINUTE, 2)


def test_odd_steps_tell_the_same_story():
    whole, odd = World(toy_site(), 3, START, plan_named("demo")), World(toy_site(), 3, START, plan_named("demo"))
    told, at = [p.key for p in whole.step(START + 3 * HOUR)], START
    heard = []
    while at < START + 3 * HOUR:
        at = min(START + 3 * HOUR, at + 7 * MINUTE + 143)
        heard += [p.key for p in odd.step(at)]
    assert heard == told


def test_another_seed_is_another_coast():
    assert digest_of(MINUTE, 1, seed=7) != digest_of(MINUTE, 1, seed=8)


def test_messages_fall_within_their_step_and_devices_are_not_all_on_the_minute():
    world = World(toy_site(), 7, START, NOTHING)
    for n in range(60):
        since, until = START + n * MINUTE, START + (n + 1) * MINUTE
        sent = world.step(until)
        assert all(since < p.at <= until and p.at <= p.due <= until for p in sent)
        assert [p.due for p in sent] == sorted(p.due for p in sent)
    assert len({p.at % MINUTE for p in World(toy_site(), 7, START, NOTHING).step(START + HOUR)}) > 50


def test_delays_reorder_devices_but_no_device_with_itself_and_pass_no_barrier():
    prompt = World(toy_site(), 7, START, plan_named("demo"))
    late = World(toy_site(), 7, START, plan_named("demo"), (0, 200))
    moved = 0
    for n in range(1, 181):
        one, other = prompt.step(START + n * MINUTE), late.step(START + n * MINUTE)
        assert sorted(p.key for p in one) == sorted(p.key for p in other)
        moved += [p.key for p in one] != [p.key for p in other]
        assert all(p.due <= START + n * MINUTE for p in other)
        for device in {p.device for p in other} - {""}:
            seqs = [p.seq for p in other if p.device == device]
            assert seqs == sorted(seqs)
    assert moved > 0


def test_keys_are_those_of_the_domain_and_seqs_count_up_without_a_gap():
    sent = World(toy_site(), 7, START, NOTHING).step(START + 3 * HOUR)
    assert all(p.key == message_key(p.topic, p.payload) for p in sent)
    for device in {p.device for p in sent} - {""}:
        seqs = [p.seq for p in sent if p.device == device]
        assert seqs == list(range(len(seqs)))


def test_every_value_has_the_type_and_the_range_that_its_name_promises():
    sent = World(toy_site(), 7, START, NOTHING).step(START + 24 * HOUR)
    for facility in toy_site().facilities:
        for _, values in said_by(sent, facility):
            for name, value in values.items():
                quantity = QUANTITIES[name]
                if quantity.type == "float":
                    assert type(value) in (int, float), name
                    assert quantity.low is None or value >= quantity.low, (name, value)
                    assert quantity.high is None or value <= quantity.high, (name, value)
                elif quantity.type == "bool":
                    assert isinstance(value, bool), name
                else:
                    assert value in quantity.choices, (name, value)


def test_a_device_that_is_not_played_never_speaks_and_kinds_can_be_left_out():
    sent = World(toy_site(), 7, START, plan_named("demo")).step(START + 6 * HOUR)
    assert not said_by(sent, "bin-19")
    bins = World(toy_site(), 7, START, plan_named("demo"), only=frozenset({Kind.BIN})).step(START + 6 * HOUR)
    assert {p.topic.split("/")[3] for p in bins if p.device} == {"bin"}


def test_gateways_say_at_the_start_that_they_are_there():
    sent = World(toy_site(), 7, START, NOTHING).step(START + MINUTE)
    assert [(p.payload, p.retain, p.device) for p in sent if "gateway" in p.topic] == [(b"online", True, "")]


def test_healthy_devices_never_fall_silent_for_two_intervals():
    sent = World(toy_site(), 7, START, NOTHING).step(START + 24 * HOUR)
    times: dict[str, list[int]] = {}
    for p in sent:
        times.setdefault(p.device, []).append(p.at)
    site = toy_site()
    for device in set(times) - {""}:
        gaps = [b - a for a, b in zip(times[device], times[device][1:], strict=False)]
        assert max(gaps) < 1.1 * site.devices[device].interval_s * 1000, device


def test_a_demo_evening_has_forty_causes_in_all_four_elements():
    world = World(toy_site(), 7, START, plan_named("demo"))
    world.step(START + 6 * HOUR)
    causes = {c.id: c for c in world.told()}.values()
    sorts = Counter(c.sort for c in causes)
    assert sorts["fault"] >= 25  # a small coast: five beds, six toilets, four lots
    assert sorts["near_miss"] >= 25
    elements = {toy_site().facilities[c.facility].element for c in causes if c.sort == "fault"}
    assert len(elements) == 4


@pytest.mark.parametrize("name", ["steady", "demo", "none"])
def test_two_days_under_any_shipped_plan_pass_without_a_hitch(name: str):
    world = World(toy_site(), 11, START, plan_named(name))
    assert len(world.step(START + 48 * HOUR)) > 10_000
