"""What each rule of the library may rightly be about, in the words of the make-believe coast."""

from collections.abc import Mapping
from typing import Final

# Rule → the faults it may rightly be about, the one it is made for first. What only looks like one has no place here.
BEHIND: Final[Mapping[str, tuple[str, ...]]] = {
    "lamp-out": ("lamp_dark",),
    "dark-stretch": ("lamp_dark",),
    "feeder-outage": ("feeder_trip",),
    "leakage": ("leakage",),
    "pole-leaning": ("pole_leaning",),
    "bin-full": ("bin_overfull", "filled"),
    "bin-fire": ("bin_fire",),
    "bin-tipped": ("bin_tipped",),
    "storm-bins": ("bin_tipped",),
    "bin-due": ("due", "bin_overfull", "filled"),
    "bin-filling": ("filling", "bin_overfull", "filled"),
    "toilet-odour": ("toilet_foul", "fouled"),
    "toilet-use": ("used",),
    "toilet-queue": ("queue",),
    "toilet-sos": ("sos_pressed",),
    "toilet-leak": ("water_runs",),
    "toilet-floor": ("floor_flooded",),
    "toilet-frost": ("frost",),
    "paper-low": ("used_up",),
    "soap-low": ("used_up",),
    "lot-gate": ("gate_fault",),
    "lot-dead": ("lot_blocked",),
    "lot-full": ("lot_full",),
    "lots-full": ("lot_full",),
    "sharing-breach": ("stays_closed",),
    "day-burner": ("day_burner",),
    "cabinet-timer": ("day_burner",),
    "crowd": ("crowded",),
    "gale": ("gale",),
    "high-tide": ("high_tide",),
    "post-tide": ("over_deck",),
    "dry-bed": ("dry_bed", "dried"),
    "bed-leak": ("pipe_burst",),
    "bed-salt": ("salted",),
    "silent": ("silent_device", "gateway_loss", "unheard"),
    "gateway-silent": ("gateway_loss",),
    "battery-low": ("battery_low",),
    "clock-off": ("clock_ahead",),
    "sensor-unbelievable": ("probe_gone",),
    "bin-stuck": ("stuck_value",),
    "toilet-stuck": ("stuck_value",),
    "bed-stuck": ("stuck_value",),
    "lamp-stuck": ("stuck_value",),
    "counter-stuck": ("stuck_value",),
    "lot-stuck": ("stuck_value",),
}
# What comes and goes by itself, as the day does: told more than once, it is right each time.
WANES: Final = frozenset(
    {"due", "filling", "used", "used_up", "queue", "crowded", "lot_full", "frost", "gale", "high_tide", "over_deck"}
)
# Groups that sum up what is told of each member as well.
GATHERED: Final = frozenset({"dark-stretch", "storm-bins", "lots-full", "cabinet-timer"})
STUCK: Final = "stuck_value"  # what such a sensor says is told as if it were so, until it is known to be stuck
# What hides a fault from its rule while it is there: with an open valve, a leak is not to be told from the watering; a
# bed whose valve fails does not thirst while rain has fallen on it.
HIDES: Final[Mapping[str, tuple[str, ...]]] = {"bed-leak": ("watered",), "dry-bed": ("moist",)}
# Of no alarm can be said that it is right, because the coast cannot make what its rule is about.
UNPLAYED: Final[Mapping[str, str]] = {
    "bin-neglected": "a bin of the sample that nobody empties is full, and told of, before it is neglected",
    "forbidden-parking": "the sample has no place where nobody may park",
    "low-water": "the tide is no fault, and the score's weeks are not in summer",
    "lot-dead": "whether a lot is busy enough to be missed depends on the cars of six hours, which no truth tells",
}
