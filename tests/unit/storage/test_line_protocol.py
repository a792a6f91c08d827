import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import RejectedError
from domain.naming import QUANTITIES
from domain.readings import Quality, Reading, Value
from services.storage.fitness import unfit
from services.storage.line_protocol import LineEncoder

T = 1_790_000_000_000


def reading(device: str = "lamp-1", kind: str = "light", **values: Value) -> Reading:
    return Reading("pole-1", device, kind, "qingdaowan", T, values, 0, 17, T)


HEAD = "light,site=shinan,zone=qingdaowan,facility=pole-1,device=lamp-1 "
PARKED = f'gate_state="say \\"up\\"\\\\ , = 道闸",q=0i,seq=17i {T}'

GOLDEN = [
    (reading(active_power=88.5, lamp_failure=False), HEAD + f"active_power=88.5,lamp_failure=false,q=0i,seq=17i {T}"),
    (reading(door_open=True), HEAD + f"door_open=true,q=0i,seq=17i {T}"),
    (reading(active_power=96.0), HEAD + f"active_power=96.0,q=0i,seq=17i {T}"),
    (reading(active_power=96), HEAD + f"active_power=96.0,q=0i,seq=17i {T}"),
    (reading(active_energy=1e22, snr=-1e-7), HEAD + f"active_energy=1e22,snr=-1e-7,q=0i,seq=17i {T}"),
    (reading()._replace(seq=-1, quality=Quality.VALUE_DROPPED | Quality.BACKFILL), HEAD + f"q=9i {T}"),
    (reading()._replace(at=-5, seq=0), HEAD + "q=0i,seq=0i -5"),
    (
        reading("gate 1,a=b", "parking", gate_state='say "up"\\ , = 道闸'),
        f"parking,site=shinan,zone=qingdaowan,facility=pole-1,device=gate\\ 1\\,a\\=b {PARKED}",
    ),
    (reading(gate_state="two\nlines"), HEAD + f'gate_state="two\nlines",q=0i,seq=17i {T}'),
    (reading()._replace(zone=""), f"light,site=shinan,facility=pole-1,device=lamp-1 q=0i,seq=17i {T}"),
]


@pytest.mark.parametrize(("said", "line"), GOLDEN)
def test_a_reading_is_said_to_the_letter(said: Reading, line: str):
    assert LineEncoder("shinan").line(said) == line


def test_the_site_is_escaped_too():
    assert LineEncoder("a b").line(reading()).startswith("light,site=a\\ b,zone=")


def test_a_device_that_moves_gets_its_new_tags():
    encoder = LineEncoder("shinan")
    encoder.line(reading())
    moved = encoder.line(reading()._replace(facility="pole-2", zone="huiquan"))
    assert moved.startswith("light,site=shinan,zone=huiquan,facility=pole-2,device=lamp-1 ")


def test_lines_and_readings_stay_beside_each_other_when_one_is_refused():
    good = [reading(active_power=1.0), reading(active_power=2.0)]
    bad = reading(active_power=math.nan)
    lines, said, refused = LineEncoder("shinan").lines([good[0], bad, good[1]])
    assert said == good
    assert [line.split("active_power=")[1][:3] for line in lines] == ["1.0", "2.0"]
    assert refused == [(bad, "active_power is not a finite number")]


def mostly(good: object, *bad: object) -> st.SearchStrategy[object]:
    return st.sampled_from([*[good] * 12, *bad])


anything = st.one_of(st.floats(), st.booleans(), st.text(max_size=5), st.integers(), st.none(), st.just(10**400))
readings = st.builds(
    Reading,
    facility=mostly("pole-1", "", "a\nb", "栈桥 1"),
    device=mostly("lamp-1", "lamp-2", "", "tail\\", "\ud800"),
    kind=mostly("light", "bin", "lihgt", ""),
    zone=mostly("qingdaowan", "", "\t"),
    at=mostly(T, -T, 2**63, -(2**63)),
    values=st.dictionaries(
        mostly("tilt_deg", *list(QUANTITIES)[10:20], "gate_state", "Tilt", ""), anything, max_size=2
    ),
    quality=mostly(0, 3, -1, 2**63),
    seq=mostly(-1, 0, 2**63 - 1, 2**63),
    received=st.just(T),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(readings, max_size=8))
def test_what_is_unfit_is_refused_for_that_reason_and_all_else_is_one_line(batch: list[Reading]):
    encoder = LineEncoder("shinan")
    for one in batch:
        why = unfit(one)
        if why is None:
            line = encoder.line(one)
            assert "=nan" not in line
            assert line.endswith(f" {one.at}")
            line.encode()
        else:
            with pytest.raises(RejectedError) as caught:
                encoder.line(one)
            assert str(caught.value) == why


@settings(max_examples=60, deadline=None)
@given(st.lists(readings, max_size=12))
def test_a_batch_says_each_reading_as_it_would_be_said_alone(batch: list[Reading]):
    """Also beside texts that say what separates readings, and names that differ from ours by a figure alone."""
    traps = [reading(gate_state='},{"a":1'), reading(nh_ppm=1.0), reading(nh3_ppm=1.0), reading(gate_state="null")]
    lines, said, refused = LineEncoder("shinan").lines([*batch, *traps])
    assert lines == [LineEncoder("shinan").line(one) for one in said]
    assert [one for one, _ in refused] == [one for one in (*batch, *traps) if unfit(one)]
    assert all(why == unfit(one) for one, why in refused)
    assert [one for one in (*batch, *traps) if not unfit(one)] == said
    again = LineEncoder("shinan")
    assert again.lines([*said, *said])[0] == [*lines, *lines]
