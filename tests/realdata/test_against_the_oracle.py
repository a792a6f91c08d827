"""The product against a second opinion of every example and envelope. Skips where the real data are absent."""

from pathlib import Path
from typing import Any

import pytest

from ingest.mapping.load import shipped
from tests.realdata import devices_walk
from tests.realdata.comparing import Compared, compare_envelopes, compare_examples, counted, disagreements, gaps
from tests.realdata.oracle import flat

CARRYING_THAT_ARE_MAPPED = 0.9


@pytest.fixture(scope="module")
def folder() -> Path:
    found = devices_walk.realdata()
    if found is None:
        pytest.skip("no real data; put them beside the repository, or name them by TIDEWALK_REALDATA")
    return found


@pytest.fixture(scope="module")
def examples(folder: Path) -> list[Compared]:
    return compare_examples(folder, shipped())


@pytest.fixture(scope="module")
def envelopes(folder: Path) -> list[Compared]:
    return compare_envelopes(folder, shipped())


def test_no_example_gives_a_value_that_the_oracle_has_otherwise(examples: list[Compared]):
    wrong = disagreements(examples)
    assert not wrong, "\n".join(wrong)


def test_no_envelope_gives_a_value_that_the_oracle_has_otherwise(envelopes: list[Compared]):
    wrong = disagreements(envelopes)
    assert not wrong, "\n".join(wrong)


def test_nearly_all_examples_that_carry_a_quantity_of_ours_are_mapped(examples: list[Compared]):
    found = counted(examples)
    assert found.carry > 200
    assert found.some >= CARRYING_THAT_ARE_MAPPED * found.carry, "\n".join(found.none)
    assert found.all >= CARRYING_THAT_ARE_MAPPED * found.carry, "\n".join(gaps(examples))


def test_nearly_all_envelopes_that_carry_a_quantity_of_ours_are_mapped(envelopes: list[Compared]):
    found = counted(envelopes)
    assert found.carry > 40
    assert found.some >= CARRYING_THAT_ARE_MAPPED * found.carry, "\n".join(found.none)
    assert found.all >= CARRYING_THAT_ARE_MAPPED * found.carry, "\n".join(gaps(envelopes))


def test_the_oracle_knows_every_device_that_gives_anything(examples: list[Compared]):
    assert not {one.device for one in examples if one.got} - {one.device for one in examples if one.said}


@pytest.mark.parametrize(
    ("fields", "leaves"),
    [
        ({"a": {"value": 3, "unit": "mm"}, "b": {"data": 4, "unit": "V"}}, {"a": 3, "b": 4}),
        ({"messages": [[{"measurementId": "4097", "measurementValue": 19.1}]]}, {"id.4097": 19.1}),
        ({"data": [{"battery": 100}], "flags": {}}, {"data.0.battery": 100}),
    ],
)
def test_the_oracle_finds_values_by_their_path(fields: dict[str, Any], leaves: dict[str, object]):
    assert dict(flat(fields)) == leaves
