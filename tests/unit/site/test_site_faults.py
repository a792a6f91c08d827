"""What a person reads when a site file is wrong, to the letter."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.errors import FaultyFileError
from services.site import FaultySiteError, faults_of, parse

CASES = yaml.safe_load(Path(__file__).with_name("faults.yaml").read_text("utf-8"))


def told(files: dict[str, bytes]) -> list[str]:
    try:
        parse(files)
    except (FaultyFileError, FaultySiteError) as wrong:
        return [str(one) for one in faults_of(wrong)]
    return []


def test_the_small_site_is_sound(small: dict[str, bytes]):
    loaded = parse(small)
    assert loaded.notices == ()
    assert loaded.site.lamps_of == {"feeder-1": ("light-1",)}


@pytest.mark.parametrize("case", CASES, ids=[f"{case['in']}: {case['to'].strip()[:40]}" for case in CASES])
def test_a_wrong_file_names_file_line_what_and_what_was_expected(small: dict[str, bytes], case: dict[str, Any]):
    text = small[case["in"]].decode()
    assert case["from"] in text
    small[case["in"]] = text.replace(case["from"], case["to"], 1).encode()
    if "said_begins" in case:
        assert [one.startswith(begins) for one, begins in zip(told(small), case["said_begins"], strict=True)] == [True]
    else:
        assert told(small) == case["said"]


def test_all_faults_are_told_in_one_go_in_the_order_of_the_files(small: dict[str, bytes]):
    small["site.yaml"] = small["site.yaml"].replace(b"Asia/Shanghai", b"Mars").replace(b"desk: desk", b"desk: none")
    small["facilities.csv"] = small["facilities.csv"].replace(b",900,", b",deep,").replace(b",,60,,", b",,,,")
    small["devices.csv"] = small["devices.csv"].replace(b"600", b"0")
    found = told(small)
    places = ["site.yaml:3", "site.yaml:7", "facilities.csv:4", "facilities.csv:5", "devices.csv:2"]
    assert [line.split(": ")[0] for line in found] == places
    with pytest.raises(FaultySiteError, match=r"^5 things are wrong:\nsite.yaml:3: timezone is 'Mars'"):
        parse(small)


def test_one_fault_alone_is_a_faulty_file(small: dict[str, bytes]):
    small["devices.csv"] = small["devices.csv"].replace(b"600", b"0")
    with pytest.raises(FaultyFileError) as wrong:
        parse(small)
    assert (wrong.value.file, wrong.value.line) == ("devices.csv", 2)


def test_a_missing_file_is_named(small: dict[str, bytes]):
    del small["facilities.csv"]
    assert told(small) == ["facilities.csv:1: there is no such file; expected the files site.yaml and facilities.csv"]


def test_a_file_that_is_not_utf_8_names_the_line_of_the_byte(small: dict[str, bytes]):
    small["facilities.csv"] = small["facilities.csv"].decode().encode("gb18030")
    assert told(small) == ["facilities.csv:2: byte 0xcf is not UTF-8; expected a file saved as UTF-8"]


def test_a_byte_order_mark_is_no_fault(small: dict[str, bytes]):
    small = {name: b"\xef\xbb\xbf" + data for name, data in small.items()}
    assert told(small) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"just words",
        b"- a\n- b\n",
        b"~",
        b"\x00",
        b"{{",
        b"a: [",
        b"a: 1\n---\nb: 2",
        b"? [a]\n: b",
        b"!!python/object:os.x {}",
    ],
)
def test_any_odd_site_file_is_a_fault_and_never_a_crash(small: dict[str, bytes], data: bytes):
    small["site.yaml"] = data
    assert told(small)


def test_an_alias_is_refused_so_that_a_small_file_stays_small(small: dict[str, bytes]):
    bomb = "parties: &a [x, x]\nzones: [*a, *a]\nsections: [*a, *a]\n"
    small["site.yaml"] = bomb.encode()
    assert "site.yaml:2: an alias (*); expected everything written out" in told(small)


def test_rows_of_a_csv_are_numbered_through_quoted_line_ends(small: dict[str, bytes]):
    text = small["facilities.csv"].decode().replace("light-1,light,Lamp", 'light-1,light,"Lamp\non two lines"')
    small["facilities.csv"] = text.replace(",900,", ",-9,").encode()
    assert told(small) == ["facilities.csv:6: depth_mm is '-9'; expected a number above 0, in mm"]


@pytest.mark.parametrize(
    ("given", "notice"),
    [
        (",900,", "facilities.csv:5: depth_mm is missing for bin bin-1: a sensor that measures a distance cannot tell"),
        ("18:00-08:00,,,50", "facilities.csv:6: capacity is missing for parking lot-1: nothing tells free places that"),
    ],
)
def test_what_some_can_be_judged_without_is_a_notice_not_a_fault(small: dict[str, bytes], given: str, notice: str):
    without = given.rstrip("0123456789") if given.endswith("50") else ",,"
    small["facilities.csv"] = small["facilities.csv"].decode().replace(given, without).encode()
    assert told(small) == []
    assert [str(one) for one in parse(small).notices if str(one).startswith(notice)]


def test_what_only_the_desk_would_get_is_a_notice_not_a_fault(small: dict[str, bytes]):
    text = (
        small["site.yaml"]
        .decode()
        .replace("    trades: all\n", "    trades: [lighting, power, structures, instruments]\n")
    )
    small["site.yaml"] = text.encode()
    assert [str(notice) for notice in parse(small).notices] == [
        "facilities.csv:5: no crew of trade collection covers 1 of kind bin in zone west: the desk gets their orders",
        "facilities.csv:5: no crew of trade patrol covers 1 of kind bin in zone west: the desk gets their orders",
        "facilities.csv:6: no crew of trade lots covers 1 of kind parking in zone east: the desk gets their orders",
        "facilities.csv:6: no crew of trade patrol covers 1 of kind parking in zone east: the desk gets their orders",
    ]


def test_a_facility_outside_its_zone_and_one_sided_neighbours_are_notices(small: dict[str, bytes]):
    small["facilities.csv"] = small["facilities.csv"].replace(b"36.15,120.25", b"36.15,120.35")
    text = small["site.yaml"].decode().replace("    neighbours: [west]", "    neighbours: [south]")
    south = (
        "  south:\n    name: {en: S, zh: 南}\n    subdistrict: street\n    community: hamlet\n    neighbours: [east]\n"
    )
    text = text.replace("sections:\n", south + "    outline: [[36, 120], [36.1, 120], [36.1, 120.1]]\nsections:\n")
    small["site.yaml"] = text.encode()
    assert [str(notice) for notice in parse(small).notices] == [
        "site.yaml:17: east does not have west among its neighbours",
        "facilities.csv:6: lot-1 lies outside the outline of its zone east",
    ]
