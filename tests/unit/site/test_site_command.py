"""`tidewalk site` as a person and as a script meet it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.commands.site import site
from services.site import load_site, sample


@pytest.fixture
def folder(tmp_path: Path, small: dict[str, bytes]) -> Path:
    for name, data in small.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def run(*args: str) -> Result:
    return CliRunner().invoke(site, args, prog_name="tidewalk site")


def last(result: Result) -> dict[str, object]:
    found = json.loads(result.stdout.splitlines()[-1])
    assert isinstance(found, dict)
    return found


def test_check_says_that_the_sample_is_sound():
    result = run("check")
    assert result.exit_code == 0
    assert result.stdout == "shinan is sound: 5 zones, 264 facilities, 264 devices, 19 crews; 0 warnings\n"


def test_check_as_json_is_one_line_with_the_hash(folder: Path):
    result = run("check", str(folder), "--json")
    assert last(result) == {
        "ok": True,
        "site": "cove",
        "hash": load_site(folder).hash,
        "facilities": 5,
        "devices": 5,
        "faults": [],
        "warnings": [],
    }


def test_check_tells_every_fault_and_exits_with_1(folder: Path, small: dict[str, bytes]):
    (folder / "facilities.csv").write_bytes(small["facilities.csv"].replace(b",900,", b",-900,"))
    result = run("check", str(folder), "--json")
    assert result.exit_code == 1
    assert result.stderr == (
        f"{folder}/facilities.csv:5: depth_mm is '-900'; expected a number above 0, in mm\n1 fault\n"
    )
    told = last(result)
    assert told["ok"] is False
    assert told["faults"] == [
        {
            "file": f"{folder}/facilities.csv",
            "line": 5,
            "what": "depth_mm is '-900'",
            "expected": "a number above 0, in mm",
        }
    ]


def test_show_has_a_line_for_each_zone_and_crew_and_names_the_desk():
    result = run("show")
    assert result.exit_code == 0
    site_ = load_site(sample())
    for told in (*site_.zones, *site_.crews, "市路灯管理处", "八大峡街道", "【演练】", "Duty desk 值班席 (desk)"):
        assert told in result.stdout, told


def test_show_as_json_counts_by_zone_and_kind():
    told = last(run("show", "--json"))
    assert (told["site"], told["simulated"], told["facilities"], told["desk"]) == ("shinan", True, 264, "desk")
    assert told["zones"]["qingdaowan"]["light"] == 52
    assert told["kinds"]["bin"] == 60
    assert " ".join(told) == "site name simulated timezone hash zones kinds facilities devices gateways crews desk"


def test_import_csv_is_dry_until_write(folder: Path):
    source = folder / "more.csv"
    source.write_text("编号,名称,lat,lon\nB 2,箱,36.15,120.15\n", "utf-8")
    maps = ("--map", "编号=id", "--map", "名称=zh", "--set", "en=Bin", "--set", "kind=bin", "--set", "zone=west")
    args = ("import-csv", str(source), "--into", str(folder), *maps, "--set", "depth_mm=900", "--json")
    dry = run(*args)
    assert dry.stdout.splitlines()[:-1] == [
        "id 'B 2' becomes b-2",
        f"1 facility would be added to {folder}; --write does it",
    ]
    assert last(dry)["written"] is False
    assert "b-2" not in load_site(folder).facilities
    assert last(run(*args, "--write")) == {
        "ok": True,
        "added": 1,
        "kinds": {"bin": 1},
        "ignored": [],
        "renamed": {"B 2": "b-2"},
        "written": True,
        "faults": [],
    }
    assert "b-2" in load_site(folder).facilities


def test_import_csv_tells_faulty_rows_and_writes_nothing(folder: Path, small: dict[str, bytes]):
    source = folder / "more.csv"
    source.write_text("id,kind,en,zh,zone,lat,lon\nb-2,light,Lamp,灯,west,36.15,120.15\n", "utf-8")
    result = run("import-csv", str(source), "--into", str(folder), "--write", "--json")
    assert result.exit_code == 1
    assert f"{source}:2: rated_power is missing for light b-2; expected a number above 0" in result.stderr
    assert last(result)["written"] is False
    assert (folder / "facilities.csv").read_bytes() == small["facilities.csv"]


def test_a_map_without_two_names_is_explained(folder: Path):
    result = run("import-csv", str(folder / "facilities.csv"), "--into", str(folder), "--map", "id")
    assert result.exit_code == 2
    assert "'id' is not NAME=NAME" in result.stderr


@pytest.mark.parametrize("command", ["check", "show", "import-csv"])
def test_help_teaches_by_example(command: str):
    assert f"tidewalk site {command}" in run(command, "--help").stdout.split("Examples:")[1]
