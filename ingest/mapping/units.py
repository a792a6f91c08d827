"""Units as vendors spell them, and how to get from one to another. The one table of them."""

from typing import Final, NamedTuple


class Unit(NamedTuple):
    """A unit: what it measures, and value x factor + shift in that dimension's own base."""

    dimension: str
    factor: float
    shift: float = 0.0


_TABLE: Final[dict[str, dict[str, Unit]]] = {
    dimension: {spelt: Unit(dimension, *found) for names, *found in rows for spelt in names.split()}
    for dimension, rows in {
        "ratio": (
            ("% %RH %rh %r.h. %r.h %RF %vol percent pct % %EL %H", 1.0),
            ("1 / ratio fraction m3/m3 m3m-3", 100.0),
            ("‰ permille", 0.1),
        ),
        "length": (
            ("mm millimeter millimeters millimetre millimetres", 0.001),
            ("cm centimeter centimeters centimetre centimetres", 0.01),
            ("dm", 0.1),
            ("m meter meters metre metres", 1.0),
            ("km", 1000.0),
            ("in inch inches", 0.0254),
            ("ft feet foot", 0.3048),
        ),
        "temperature": (
            ("Cel C °C ℃ ºC degC celsius", 1.0),
            ("K kelvin", 1.0, -273.15),
            ("F °F ℉ degF fahrenheit", 5 / 9, -160 / 9),
        ),
        "voltage": (("V volt volts", 1.0), ("mV millivolt millivolts", 0.001), ("kV", 1000.0)),
        "current": (("mA", 1.0), ("A amp ampere amperes", 1000.0), ("uA", 0.001)),
        "power": (("W watt watts", 1.0), ("mW", 0.001), ("kW", 1000.0), ("MW", 1e6)),
        "energy": (
            ("kWh", 1.0),
            ("Wh", 0.001),
            ("MWh", 1000.0),
            ("J Ws", 1 / 3.6e6),
            ("kJ", 1 / 3600),
            ("MJ", 1 / 3.6),
        ),
        "time": (
            ("ms", 1 / 3.6e6),
            ("s sec second seconds", 1 / 3600),
            ("min minute minutes", 1 / 60),
            ("h hour hours hr", 1.0),
            ("d day days", 24.0),
        ),
        "angle": (("deg ° º degree degrees", 1.0), ("rad radian", 57.29577951308232)),
        "light": (("lx lux Lux", 1.0), ("klx klux", 1000.0)),
        "mass": (
            ("kg kilogram kilograms", 1.0),
            ("g gram grams", 0.001),
            ("t ton tonne", 1000.0),
            ("lb lbs", 0.45359237),
        ),
        "mixing": (("ppm", 1.0), ("ppb", 0.001)),
        "flow": (
            ("L/min l/min lpm", 1.0),
            ("L/h l/h", 1 / 60),
            ("L/s l/s", 60.0),
            ("m3/h", 1000 / 60),
            ("mL/min ml/min", 0.001),
        ),
        "conductivity": (
            ("dS/m mS/cm mScm-1 dSm-1", 1.0),
            ("uS/cm uScm-1", 0.001),
            ("S/m Sm-1", 10.0),
            ("mS/m mSm-1", 0.01),
        ),
        "speed": (
            ("m/s ms-1 mps", 1.0),
            ("km/h kmh kph kmh-1", 1 / 3.6),
            ("kn kt knot knots", 1852 / 3600),
            ("mph mi/h", 0.44704),
        ),
        "rain": (("mm/h mmh-1 mm/hr", 1.0), ("mm/min", 60.0), ("in/h inh-1", 25.4)),
        "level": (("dBm", 1.0),),
        "gain": (("dB", 1.0),),
    }.items()
}
_UNITS: Final = {spelt: unit for table in _TABLE.values() for spelt, unit in table.items()}
_SAME: Final = str.maketrans(
    {"µ": "u", "μ": "u", "²": "2", "³": "3", "⁻": "-", "¹": "1", "⋅": "", "·": "", "*": "", "^": "", " ": ""}
)


def unit_of(spelt: str) -> Unit | None:
    """The unit that is meant; None where nobody knows it. Case counts (mA is not MA), kinds of µ and of dots do not."""
    plain = spelt.translate(_SAME)
    return _UNITS.get(plain) or _UNITS.get(plain.lower())


def convertible(there: str, here: str) -> bool:
    """Both known, and of one dimension."""
    one, other = unit_of(there), unit_of(here)
    return one is not None and other is not None and one.dimension == other.dimension


def linear(there: str, here: str) -> tuple[float, float] | None:
    """(factor, shift) that turn a value in one unit into the other; None where they are not of one dimension."""
    one, other = unit_of(there), unit_of(here)
    if one is None or other is None or one.dimension != other.dimension:
        return None
    return one.factor / other.factor, (one.shift - other.shift) / other.factor
