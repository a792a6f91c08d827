import json
from pathlib import Path

from click.testing import CliRunner

from domain.errors import ConflictError, FaultyFileError
from rules.book import LIBRARY
from services.commands.bench_rules import rules_bench
from services.commands.rules import rules


def run(*arguments: str):
    return CliRunner().invoke(rules, arguments)


def test_check_lists_the_library_and_ends_with_one_json_line():
    said = run("check", "--json")
    assert json.loads(said.stdout.splitlines()[-1])["rules"] == len(list(LIBRARY.glob("*.yaml"))) // 2
    assert "lamp-out" in run("check").stdout


def test_check_says_the_first_fault_with_its_line(tmp_path: Path):
    (tmp_path / "bin-full.yaml").write_text((LIBRARY / "bin-full.yaml").read_text().replace("fill_level >=", "fil >="))
    assert isinstance(run("check", str(tmp_path)).exception, FaultyFileError)


def test_test_runs_the_library_and_one_rule_alone():
    said = json.loads(run("test", "--json").stdout.splitlines()[-1])
    assert said["cases"] > 20
    assert (said["failed"], said["not_shown"]) == (0, 0)
    alone = run("test", str(LIBRARY / "bin-full.yaml"), "--json")
    assert 2 < json.loads(alone.stdout.splitlines()[-1])["cases"] < 10


def test_a_rule_that_does_other_than_its_test_says_is_shown_with_the_difference(tmp_path: Path):
    for file in LIBRARY.glob("bin-f*.yaml"):
        (tmp_path / file.name).write_text(file.read_text().replace("fill_level >= 95", "fill_level >= 80"))
    said = run("test", str(tmp_path))
    assert isinstance(said.exception, ConflictError)
    assert "not expected: bin-full open bin-1 at 0h00m" in said.stdout


def test_a_rule_without_a_test_fails(tmp_path: Path):
    (tmp_path / "bin-full.yaml").write_text((LIBRARY / "bin-full.yaml").read_text())
    said = run("test", str(tmp_path))
    assert isinstance(said.exception, ConflictError)
    assert "no bin-full.test.yaml" in said.stdout


def test_the_benchmark_ends_with_the_documented_keys():
    said = CliRunner().invoke(rules_bench, ["--facilities", "1000", "--rounds", "3", "--json"])
    figures = json.loads(said.stdout.splitlines()[-1])
    assert figures["name"] == "rules"
    assert {"readings_per_second", "microseconds_per_message", "resident_mb"} <= figures.keys()
    assert figures["alarms"] == 0
