"""Working hours (工作时): what counts of a span of time where nights, weekends and holidays do not."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Final

from domain.readings import Millis
from domain.site import Hours
from services.dispatch.when import local, millis, zone_of

DayOf = Callable[[date], Mapping[str, bool | float]]  # what is known of a local day: `workday`, `holiday`, …
LONGEST_DAYS: Final = 4_000  # no limit is longer than that many days; a table without working days would be
_SATURDAY: Final = 5


class WorkingHours:
    """The working hours of a site: by season, on working days of the state's calendar, and Monday to Friday of years
    that it does not know.
    """

    def __init__(self, hours: tuple[Hours, ...], timezone: str, day_of: DayOf) -> None:
        self._hours, self._zone, self._day_of = hours, zone_of(timezone), day_of
        self._timezone = timezone

    @property
    def known(self) -> bool:
        """Whether the site says any."""
        return bool(self._hours)

    def after(self, at: Millis, worked: Millis) -> Millis:
        """The moment by which so much has been worked since `at`."""
        left = worked
        for starts, ends in self._spans(at):
            begins = max(starts, at)
            if ends - begins >= left:
                return begins + left
            left -= max(0, ends - begins)
        return at + worked

    def between(self, at: Millis, until: Millis) -> Millis:
        """How much is worked from one moment to another."""
        total = 0
        for starts, ends in self._spans(at):
            if starts >= until:
                break
            total += max(0, min(ends, until) - max(starts, at))
        return total

    def day_at(self, at: Millis) -> Millis:
        """How long the working day is that `at` lies in, or the next one."""
        return next((ends - starts for starts, ends in self._spans(at) if ends > at), 0)

    def _spans(self, at: Millis) -> Iterator[tuple[Millis, Millis]]:
        """The working hours from the day before `at` on, in their order."""
        day = local(at, self._timezone).date() - timedelta(days=1)
        for _ in range(LONGEST_DAYS):
            if self._hours and self._worked(day):
                for one in self._hours:
                    if _in_season(one, day):
                        yield self._moment(day, one.opens), self._moment(day, one.closes)
            day += timedelta(days=1)

    def _worked(self, day: date) -> bool:
        return bool(self._day_of(day).get("workday", day.weekday() < _SATURDAY))

    def _moment(self, day: date, minute: int) -> Millis:
        midnight = datetime.combine(day + timedelta(days=minute // 1440), time(), self._zone)
        return millis(midnight.replace(hour=minute % 1440 // 60, minute=minute % 60))


def _in_season(hours: Hours, day: date) -> bool:
    today = (day.month, day.day)
    if hours.from_day <= hours.to_day:
        return hours.from_day <= today <= hours.to_day
    return today >= hours.from_day or today <= hours.to_day
