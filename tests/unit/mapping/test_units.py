"""Units as vendors spell them."""

import pytest

from domain.naming import QUANTITIES
from ingest.mapping.units import convertible, linear, unit_of


@pytest.mark.parametrize(
    ("value", "there", "here", "wanted"),
    [
        (2.116, "m", "mm", 2116),
        (79.2, "cm", "mm", 792),
        (68, "℉", "Cel", 20),
        (293.15, "K", "Cel", 20),
        (240, "µS/cm", "dS/m", 0.24),
        (240, "μS⋅cm⁻¹", "dS/m", 0.24),
        (0.5, "1", "%", 50),
        (0.31, "m³⋅m⁻³", "%", 31),
        (3600, "mV", "V", 3.6),
        (36, "km/h", "m/s", 10),
        (7.2, "MJ", "kWh", 2),
        (250, "ppb", "ppm", 0.25),
        (2, "A", "mA", 2000),
        (90, "min", "h", 1.5),
    ],
)
def test_one_unit_becomes_another(value: float, there: str, here: str, wanted: float):
    line = linear(there, here)
    assert line is not None
    assert value * line[0] + line[1] == pytest.approx(wanted)


@pytest.mark.parametrize(("there", "here"), [("V", "mm"), ("mA", "MA"), ("parsec", "m"), ("", "mm"), ("mm", "")])
def test_there_is_no_way_between_dimensions(there: str, here: str):
    assert not convertible(there, here)


def test_every_unit_of_ours_is_known():
    assert [q.name for q in QUANTITIES.values() if q.unit and unit_of(q.unit) is None] == []
