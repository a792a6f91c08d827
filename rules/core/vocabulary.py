"""The names a rule may use, and where: quantities and attributes by kind, context by name."""

from typing import Final, NamedTuple

from domain.naming import ATTRIBUTES, QUANTITIES, Kind


class Around(NamedTuple):
    """One thing that may be known of what surrounds a reading."""

    meaning: str
    unit: str | None = None  # of a number; None: it is a flag
    own: bool = False  # each facility has its own; else a zone shares it


# A quantity of the same name that facilities of the rule's kind measure themselves goes before the context.
CONTEXT: Final[dict[str, Around]] = {
    "lit": Around("lamps must be on: 15 min after sunset to 15 min before sunrise"),
    "daylight": Around("between sunrise and sunset"),
    "season_spring": Around("March to May"),
    "season_summer": Around("June to August"),
    "season_autumn": Around("September to November"),
    "season_winter": Around("December to February"),
    "holiday": Around("a day off by the state's calendar, or a weekend that is not worked (节假日)"),
    "workday": Around("a day that is worked: not `holiday`"),
    "working_weekend": Around("a Saturday or Sunday that is worked to make up for a holiday (调休)"),
    "golden_week": Around("within a public holiday of seven days or more (黄金周)"),
    "crowd_level": Around("0 normal, 1 yellow, 2 orange, 3 red: the zone's people against its capacity", ""),
    "crowd_share": Around("people in the zone, of its capacity", "%"),
    "tide_level": Around("by the coast's own gauge, above its datum", "cm"),
    "tide_rising": Around("the tide is coming in: higher than half an hour before"),
    "wind_speed": Around("by the coast's own station", "m/s"),
    "wind_gust": Around("the strongest of the last ten minutes", "m/s"),
    "rain_rate": Around("by the coast's own station", "mm/h"),
    "rain_12h": Around("rain of the last twelve hours, as far as it was heard of", "mm"),
    "visibility": Around("by the coast's own station; fog is below 1000", "m"),
    "air_temperature": Around("by the coast's own station", "Cel"),
    "open": Around("within the facility's hours: of opening, or of a lot's share window", own=True),
    "minutes_to_close": Around("how long it is still open; 0 while it is closed, 1440 at most", "min", own=True),
    "maintenance": Around("planned work on the facility, or on all of its zone", own=True),
    "at_work": Around("a crew has arrived at it and is not done, nor has been for half an hour", own=True),
    "since_work": Around("since a crew was done there, for two days, in whole minutes; 0 until it is", "s", own=True),
}

# What is known of the device that speaks, beside what it measures.
INSTRUMENT: Final[dict[str, Around]] = {
    "since_start": Around("since the device began to speak again after it had been silent", "s"),
    "clock_off": Around("the device's clock was off: the time of receipt stands in its place"),
    "value_dropped": Around("something that the device said with this could not be believed"),
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
