"""What kind of day it is for rosters and working hours: the state's calendar, as the rules have it."""

from rules.context.calendar import SHIPPED, Calendar, read_years
from services.dispatch.working import DayOf


def days_of(timezone: str) -> DayOf:
    """What is known of each local day: workday, holiday, golden week, season."""
    return Calendar(timezone, read_years(SHIPPED)).flags
