"""The names a rule may use, and where: quantities and attributes by kind, context by name."""

from typing import Final

from domain.naming import ATTRIBUTES, QUANTITIES, Kind

CONTEXT: Final[dict[str, str]] = {
    "lit": "lamps must be on: 15 min after sunset to 15 min before sunrise",
    "daylight": "between sunrise and sunset",
}

_ANY_DEVICE: Final = ("battery", "rssi", "snr")
_SUPPLY: Final = ("supply_voltage", "power_factor", "active_energy", "leakage_current", "supply_loss")

MEASURED: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.LIGHT: (
        "commanded_level",
        "active_power",
        *_SUPPLY,
        "operating_hours",
        "tilt_deg",
        "lamp_temperature",
        "illuminance",
        "lamp_failure",
        "water_immersion",
    ),
    Kind.FEEDER: ("total_active_power", *_SUPPLY, "breaker_tripped"),
    Kind.CABINET: ("total_active_power", *_SUPPLY, "breaker_tripped", "door_open", "water_immersion", "temperature"),
    Kind.BIN: ("fill_level", "distance", "bin_temperature", "weight_kg", "tipped", "lid_open", "tilt_deg"),
    Kind.TOILET: (
        "stalls_free",
        "people_in",
        "people_out",
        "people_since_clean",
        "nh3_ppm",
        "h2s_ppm",
        "temperature",
        "humidity",
        "water_flow",
        "paper_level",
        "soap_level",
        "floor_wet",
        "sos",
        "smoke",
        "rating",
    ),
    Kind.PARKING: (
        "total_spots",
        "available_spots",
        "occupied_spots",
        "vehicles_in",
        "vehicles_out",
        "gate_state",
        "lot_status",
    ),
    Kind.GREEN: ("soil_moisture", "soil_temp", "soil_ec", "valve_open_pct", "water_flow"),
    Kind.CROWD: ("people_in", "people_out", "people_now"),
    Kind.COAST: (
        "tide_level",
        "wind_speed",
        "wind_gust",
        "wave_height",
        "rain_rate",
        "visibility",
        "air_temperature",
    ),
}

HAS: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.LIGHT: ("rated_power", "deck_level_cm"),
    Kind.FEEDER: ("deck_level_cm",),
    Kind.CABINET: ("deck_level_cm",),
    Kind.BIN: ("depth_mm", "volume_l", "deck_level_cm"),
    Kind.TOILET: ("stalls",),
    Kind.PARKING: ("capacity",),
    Kind.GREEN: ("holding_capacity", "area_m2"),
    Kind.CROWD: ("capacity", "area_m2", "deck_level_cm"),
    Kind.COAST: (),
}


def quantities_of(kind: Kind | None) -> tuple[str, ...]:
    """What a facility of this kind may say; None: what any device may."""
    return (*MEASURED[kind], *_ANY_DEVICE) if kind is not None else _ANY_DEVICE


def kinds_that_say(name: str) -> str:
    """Where a quantity or attribute belongs, for a person: `bin, toilet`; "" where nowhere."""
    table = MEASURED if name in QUANTITIES else HAS if name in ATTRIBUTES else {}
    return ", ".join(kind for kind, names in table.items() if name in names)
