"""Opening hours of the make-believe coast."""

from datetime import date, timedelta

from domain.site import Facility, Hours
from simulators.almanac import Local


def is_open(facility: Facility, now: Local) -> bool:
    """Whether it is open; hours past midnight belong to the day they began on. No hours: always open."""
    if not facility.hours:
        return True
    return any(
        _in_season(hours, now.day - timedelta(days=back)) and hours.opens <= now.minute + 1440 * back < hours.closes
        for hours in facility.hours
        for back in (0, 1)
    )


def _in_season(hours: Hours, day: date) -> bool:
    here = (day.month, day.day)
    if hours.from_day <= hours.to_day:
        return hours.from_day <= here <= hours.to_day
    return here >= hours.from_day or here <= hours.to_day
