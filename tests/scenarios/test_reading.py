"""A scenario that cannot be played says what is wrong with it, and where."""

import pytest

from domain.errors import FaultyFileError
from domain.site import Site
from rules.book import shipped
from services.site import find, load_site
from tests.scenarios.reading import parse, rules_like
from tests.scenarios.script import span

GOOD = """\
id: S99
title: A bin falls over
shows: nothing much
part: {facilities: [bin-013, "light-q-00?"]}
start: 2026-10-09T09:00+08:00
for: 2h
timeline:
  - {at: 20m, fault: bin_tipped, on: bin-013}
  - {at: 30m, crew: collect-w1, says: accept, about: {rule: bin-tipped, facility: bin-013}}
expect:
  orders:
    - {rule: R11, facility: bin-013}
"""


@pytest.fixture(scope="module")
def coast() -> Site:
    return load_site(find("shinan"))


def test_lamps_bring_their_circuits_and_nothing_else_is_there(coast: Site):
    site = parse(GOOD, "S99.yaml", coast).site
    lamps = {f"light-q-00{n}" for n in range(1, 10)}
    hubs = {site.facilities[lamp].feeder for lamp in lamps} | {site.facilities[lamp].cabinet for lamp in lamps}
    assert set(site.facilities) == lamps | hubs | {"bin-013"}
    assert {device.facility for device in site.devices.values()} == set(site.facilities)


@pytest.mark.parametrize(
    ("good", "bad", "line", "what"),
    [
        ("fault: bin_tipped", "fault: bin_tripped", 8, "there is no fault bin_tripped"),
        ("on: bin-013}", "on: bin-014}", 8, "there is no facility 'bin-014' here"),
        ("on: bin-013}", "on: light-q-001}", 8, "light-q-001 cannot have bin_tipped"),
        ("fault: bin_tipped, on: bin-013", "on: bin-013", 8, "nothing at a time"),
        ("on: bin-013}", "on: bin-013, service: killed}", 8, "fault and service at a time"),
        ("at: 20m", "at: 20x", 8, "timeline.0.at"),
        ("at: 20m", "at: 3h", 8, "after the end"),
        ("says: accept, ", "", 9, "says nothing"),
        ("crew: collect-w1", "crew: collect-w9", 9, "there is no crew 'collect-w9'"),
        ("for: 2h\n", "for: 2h\nneeds: [R24, soon]\n", 7, "'soon' is nothing to wait for"),
        ("id: S99", "name: S99", 1, "id is not there"),
        ("facilities: [bin-013", "kind: [bin-013", 4, "part.kind is not a key"),
        ("part: {facilities: [bin-013", "part: {zones: nowhere, facilities: [bin-013", 4, "nothing of the sample"),
        ("{rule: R11, facility: bin-013}", "{rule: R11, facility: bin-900}", 12, "there is no facility 'bin-900' here"),
        ("id: S99", "id: {S99", 2, "not YAML"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(coast: Site, good: str, bad: str, line: int, what: str):
    assert GOOD.count(good)
    with pytest.raises(FaultyFileError) as wrong:
        parse(GOOD.replace(good, bad, 1), "S99.yaml", coast)
    assert what in str(wrong.value)
    assert (wrong.value.file, wrong.value.line) == ("S99.yaml", line)


def test_lengths_of_time():
    assert [span(text) for text in ("90s", "15m", "1h30m", "2d")] == [90_000, 900_000, 5_400_000, 172_800_000]
    for text in ("", "soon", "15", "30m1h"):
        with pytest.raises(ValueError, match="no length of time"):
            span(text)


def test_an_id_means_its_rule_and_one_that_has_only_parts_means_them_all():
    ids = {"R19": "silent", "R19g": "gateway-silent", "R21a": "lot-gate", "R21b": "sharing"}
    assert rules_like("R19", ids) == {"silent"}
    assert rules_like("R21", ids) == {"lot-gate", "sharing"}
    assert rules_like("gateway-silent", ids) == {"gateway-silent"}
    assert not rules_like("R24", ids)
    assert rules_like("R03", {rule.id: name for name, rule in shipped().rules.items()}) == {"feeder-outage"}
