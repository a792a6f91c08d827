"""The page of commands, against the commands themselves."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from rules.book import LIBRARY
from services.commands.every import cli

PAGE = (Path(__file__).parents[3] / "docs/commands.md").read_text("utf-8")
ROWS = dict(re.findall(r"^\| `tidewalk ([\w -]+?)(?: --virtual)? --json`[^|]*\| (.+) \|$", PAGE, re.MULTILINE))
SPOKEN = {
    "orders close": [
        "orders confirm",
        "orders reassign",
        "orders note",
        "orders hold",
        "orders resume",
        "orders grant",
        "orders refuse",
        "orders rework",
        "orders void",
        "orders merge",
        "orders follow-up",
    ],
    "maintain add": ["maintain end"],
}  # in the row of their sister
ONE_RULE = f"rules test {LIBRARY / 'bin-full.yaml'}"  # of the whole library the line has the same keys
QUICK = ("site check", "site show", "rules check", ONE_RULE, "profiles list", "profiles check", "profiles test")


def _commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None
        if isinstance(found, click.Group):
            yield from _commands(found, f"{before}{name} ")
        else:
            yield before + name, found


def test_every_command_that_reports_documents_the_keys_of_its_line():
    reporting = {name for name, found in _commands(cli) if any("--json" in p.opts for p in found.params)}
    assert reporting == {*ROWS, *(sister for sisters in SPOKEN.values() for sister in sisters)}


@pytest.mark.parametrize("name", QUICK)
def test_the_keys_are_those_of_the_page_on_one_line_that_is_the_last(name: str):
    said = CliRunner().invoke(cli, [*name.split(), "--json"])
    assert said.exit_code == 0
    command = " ".join(name.split()[:2])
    assert list(json.loads(said.stdout.splitlines()[-1])) == re.findall(r"\w+", ROWS[command].strip("`"))


def test_every_command_teaches():
    for name, _ in _commands(cli):
        said = CliRunner().invoke(cli, [*name.split(), "--help"])
        assert said.exit_code == 0
        assert len(said.stdout.splitlines()) > 5, name
