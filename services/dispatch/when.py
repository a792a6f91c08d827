"""Times as people and the wire write them."""

from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

from domain.readings import Millis

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MS = timedelta(milliseconds=1)


@cache
def zone_of(name: str) -> tzinfo:
    """The site's time zone by its IANA name."""
    return ZoneInfo(name)


def local(at: Millis, zone: str) -> datetime:
    """The same moment on the clocks of `zone`."""
    return (EPOCH + at * MS).astimezone(zone_of(zone))


def rfc3339(at: Millis) -> str:
    """UTC with milliseconds and `Z`, as docs/wire.md has it."""
    return (EPOCH + at * MS).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def millis(moment: datetime) -> Millis:
    """An aware datetime as ms since 1970-01-01T00:00Z."""
    return (moment - EPOCH) // MS


def day_of(at: Millis, zone: str) -> str:
    """The local day, YYYYMMDD."""
    return local(at, zone).strftime("%Y%m%d")
