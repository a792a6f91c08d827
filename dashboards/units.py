"""How Grafana writes the units of `domain.naming`, and how a page does that has no Grafana."""

from typing import Final

from domain.naming import QUANTITIES

GRAFANA: Final[dict[str, str]] = {
    "": "none",
    "%": "percent",
    "%RH": "humidity",
    "W": "watt",
    "V": "volt",
    "kWh": "kwatth",
    "h": "h",
    "mA": "mamp",
    "deg": "degree",
    "Cel": "celsius",
    "lx": "lux",
    "mm": "lengthmm",
    "m": "lengthm",
    "cm": "suffix: cm",
    "kg": "masskg",
    "ppm": "ppm",
    "L/min": "flowlpm",
    "dS/m": "suffix: dS/m",
    "m/s": "velocityms",
    "mm/h": "suffix: mm/h",
    "dBm": "dBm",
    "dB": "dB",
    # of what is no reading
    "s": "s",
    "ms": "ms",
    "min": "m",
    "/s": "suffix: /s",
    "messages": "none",
}
WRITTEN: Final[dict[str, str]] = {"Cel": "°C", "deg": "°", "%RH": "% RH", "messages": ""}


def unit_of(quantity: str) -> str:
    """Grafana's name of the one unit that a quantity has."""
    return GRAFANA[QUANTITIES[quantity].unit]


def written(grafana: str) -> str:
    """What stands behind a number whose unit Grafana calls so."""
    for unit, name in GRAFANA.items():
        if name == grafana:
            return WRITTEN.get(unit, unit)
    return ""
