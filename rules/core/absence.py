"""Absence: when a device that is expected to speak has been silent for too long."""

from domain.readings import Millis
from domain.site import Device
from rules.core.surroundings import Context, Place

WAIT: Millis = 5_000  # a reading on its way at the very moment of the limit is still waited for; groups wait as long


def limit(device: Device, place: Place, heard: Millis, intervals: float, context: Context) -> Millis:
    """How long after `heard` the device counts as silent, in ms.

    Where its cadence changes between then and the limit (a lamp speaks more often when lit), the longer one applies:
    nobody is declared silent at dusk for not having spoken faster by day.
    """
    by_day = round(intervals * device.interval_s * 1000)
    if not device.lit_interval_s:
        return by_day
    by_night = round(intervals * device.lit_interval_s * 1000)
    around = context.at(place, heard)
    dark = not around.values.get("daylight", True)
    until = around.until
    while dark and until <= heard + by_night:
        around = context.at(place, until)
        dark, until = not around.values.get("daylight", True), around.until
    return by_night if dark else max(by_day, by_night)


def shortest(device: Device, intervals: float) -> Millis:
    """The shortest that `limit` can be, whatever the time of day, in ms."""
    cadences = [cadence for cadence in (device.interval_s, device.lit_interval_s) if cadence]
    return round(intervals * min(cadences, default=0) * 1000)
