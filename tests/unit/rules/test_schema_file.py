"""The published JSON Schema of rule files: current, and of one mind with what the loader takes and refuses."""

import json
from typing import Any

import jsonschema_rs
import pytest
import yaml

from domain.errors import FaultyFileError
from rules.book import LIBRARY, read_rules, rule_files
from rules.schema_file import FILE, LINE, made
from tests.unit.rules.coast import rule_text

GOOD = "kind: bin\nwhen: fill_level >= 95\n"
LEVELS = "kind: crowd\nlevels:\n  - {name: yellow, if: people_now > 8, for: 5m}\n"


def read(text: str) -> Any:
    """As an editor reads it: 60 is a number, true a flag."""
    return yaml.safe_load(text)


def accepts(text: str) -> bool:
    return bool(jsonschema_rs.validator_for(json.loads(made())).is_valid(read(text)))


def test_the_published_schema_is_the_one_that_the_loader_has():
    assert FILE.read_text(encoding="utf-8") == made(), "python -m rules.schema_file"


@pytest.mark.parametrize("file", rule_files(LIBRARY), ids=lambda file: file.name)
def test_each_file_of_the_library_names_the_schema_and_fits_it(file: Any):
    text = file.read_text(encoding="utf-8")
    assert text.splitlines()[0] == LINE
    assert (file.parent / LINE.partition("=")[2]).resolve() == FILE
    assert accepts(text)


@pytest.mark.parametrize(
    "body",
    [
        GOOD,
        GOOD + "params: {limit: 3, due: {default: {else: 80, summer: 70}, zone: {bay: 60}, unit: '%'}}\n",
        LEVELS,
        "kind: bin\nwhen:\n  - {if: tipped, for: 1h30m, repeat: 2}\n",
        "subject: device\nabsent: 2.5\n",
        "quorum: {over: zone, kind: bin, alarm: full, least: 3, within: 1h}\n",
        "quorum: {over: zone, kind: bin, alarm: [full], least: 3, within: 1h, share: 12.5%}\n",
    ],
)
def test_what_the_loader_takes_fits_the_schema(body: str):
    other = rule_text("full", GOOD, 2)
    read_rules({"a.yaml": rule_text("mine", body), "full.yaml": other})
    assert accepts(rule_text("mine", body))


@pytest.mark.parametrize(
    "body",
    [
        GOOD + "colour: red\n",
        GOOD + "for: 10 minutes\n",
        GOOD + "for: ''\n",
        GOOD + "repeat: 0\n",
        "kind: tree\nwhen: tipped\n",
        GOOD + "params: {Limit: 3}\n",
        LEVELS.replace("yellow", "Yellow"),
        "quorum: {over: feeder, share: 6, least: 5, within: 10m, clear_share: 90%}\n",
        "quorum: {over: street, least: 5, within: 10m}\n",
    ],
)
def test_what_the_schema_refuses_the_loader_refuses_too(body: str):
    assert not accepts(rule_text("mine", body))
    with pytest.raises(FaultyFileError):
        read_rules({"mine.yaml": rule_text("mine", body)})
