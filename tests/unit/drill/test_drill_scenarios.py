"""Scenarios are files of the operator's: what is wrong with one is told with its line."""

from pathlib import Path

import pytest

from domain.errors import FaultyFileError, NotFoundError
from services.drill.scenarios import named, read, shipped

GOOD = """\
name: night-storm
title: {en: Night storm, zh: 夜间风暴}
shows: Who comes at night.
day: "07-15"
starts: "22:30"
lasts: 2h
surroundings:
  - {what: wind, from: 10m, until: 1h, value: 20}
faults:
  - {what: lamp_dark, count: 2, after: 10m..40m}
"""


def test_the_shipped_ones_are_these():
    assert sorted(shipped()) == ["feeder-trip", "golden-week", "typhoon-tide"]


def test_a_file_of_ones_own_is_a_scenario(tmp_path: Path):
    file = tmp_path / "night.yaml"
    file.write_text(GOOD, "utf-8")
    found = named(str(file))
    assert (found.name, found.lasts, found.spells(1_000)[0].since) == ("night-storm", 7_200_000, 601_000)
    assert found.faults.entries[0].count == 2


def test_it_begins_at_its_hour_on_the_last_such_day_that_has_come():
    found = read(GOOD, "night.yaml")
    assert found.begins(1_790_812_800_000, "Asia/Shanghai") == 1_784_125_800_000  # 2026-10-01 → 2026-07-15T22:30+08:00
    assert found.begins(1_767_225_600_000, "Asia/Shanghai") == 1_752_589_800_000  # 2026-01-01 → 2025-07-15T22:30+08:00


@pytest.mark.parametrize(
    ("wrong", "instead", "line"),
    [
        ("lasts: 2h", "lasts: soon", 6),
        ("lasts: 2h", "lasts: 9d", 6),
        ('starts: "22:30"', "starts: late", 5),
        ('day: "07-15"', 'day: "02-31"', 4),
        ("what: wind", "what: love", 8),
        ("until: 1h", "until: 5m", 8),
        ("what: lamp_dark", "what: lamp_stolen", 10),
        ("after: 10m..40m", "whenever: 10m", 10),
        ("shows: Who", "whos: Who", 3),
    ],
)
def test_a_fault_is_told_with_its_line(wrong: str, instead: str, line: int):
    with pytest.raises(FaultyFileError) as told:
        read(GOOD.replace(wrong, instead), "night.yaml")
    assert told.value.line == line


def test_what_is_no_scenario_is_not_found():
    with pytest.raises(NotFoundError, match="feeder-trip"):
        named("no-such-drill")
