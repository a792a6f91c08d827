"""Numbers, times and steps as people read them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from math import ceil, floor, log10
from typing import Any, Final

from dashboards.units import written
from domain.readings import Millis

_SPANS: Final = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"))
_SECONDS: Final = (
    *(1, 2, 5, 10, 15, 30),
    *(60 * n for n in (1, 2, 5, 10, 15, 30)),
    *(3_600 * n for n in (1, 2, 3, 6, 12)),
    *(86_400 * n for n in (1, 2, 7, 14, 30)),
)
_SIZES: Final = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B"))
_LARGE: Final = ((1e9, " G"), (1e6, " M"), (1e4, " k"))
_TICKS: Final = (
    *(n * 60_000 for n in (5, 10, 15, 30)),
    *(n * 3_600_000 for n in (1, 2, 3, 6, 12)),
    *(n * 86_400_000 for n in (1, 2, 7, 14)),
)


def told(value: float, unit: str, decimals: int | None = None) -> str:
    """A number with its unit, which is called as Grafana calls it."""
    match unit:
        case "s" | "m":
            seconds = value * (60 if unit == "m" else 1)
            return _largest(seconds, _SPANS, decimals=1)
        case "bytes":
            return _largest(value, _SIZES, decimals=1)
        case "none" | "short":
            return _plain(value, decimals)
    sign = written(unit)
    return _plain(value, decimals) + ("" if not sign else sign if sign[0] in "%°" else f" {sign}")


def _largest(value: float, units: Sequence[tuple[float, str]], *, decimals: int) -> str:
    for size, name in units:
        if abs(value) >= size:
            number = value / size
            return f"{number:.{0 if abs(number) >= 10 or number == int(number) else decimals}f} {name}"
    return f"{value:g} {units[-1][1]}"


def _plain(value: float, decimals: int | None) -> str:
    for size, name in _LARGE:
        if abs(value) >= size:
            return f"{value / size:.1f}{name}"
    if decimals is not None:
        return f"{value:.{decimals}f}"
    if value == int(value):
        return str(int(value))
    return f"{value:.{max(0, min(3, 2 - floor(log10(abs(value)))))}f}" if value else "0"


def colour_of(value: float | None, steps: Sequence[Mapping[str, Any]]) -> str:
    """The colour of a value, by thresholds."""
    found = "transparent"
    for step in steps:
        if step.get("value") is None or (value is not None and value >= step["value"]):
            found = step["color"]
    return found


def ticks(low: float, high: float, unit: str = "none", *, whole: bool = False, about: int = 4) -> list[float]:
    """Round numbers between two others: minutes and hours of a time, powers of two of a size."""
    if high <= low:
        high = low + 1
    raw = (high - low) / about
    base = 60.0 if unit == "m" else 1.0
    if unit in ("s", "m") and raw * base >= 1:
        step = next((one / base for one in _SECONDS if one >= raw * base), raw)
    elif unit == "bytes":
        step = next(float(1 << n) for n in range(60) if 1 << n >= raw)
    else:
        size: float = 10.0 ** floor(log10(raw))
        step = next(n * size for n in (1, 2, 2.5, 5, 10) if n * size >= raw)
        step = max(1.0, ceil(step)) if whole and unit == "none" else step
    return [n * step for n in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def times(since: Millis, until: Millis, zone: tzinfo, about: int = 6) -> list[tuple[Millis, str]]:
    """Round moments of a place between two others, and how they are written."""
    step = next((one for one in _TICKS if (until - since) / one <= about), _TICKS[-1])
    offset = datetime.fromtimestamp(since / 1000, UTC).astimezone(zone).utcoffset()
    shift = int(offset.total_seconds() * 1000) if offset else 0
    first = -(-(since + shift) // step) * step - shift
    return [(at, clock(at, zone, days=step >= 86_400_000)) for at in range(first, until + 1, step)]


def clock(at: Millis, zone: tzinfo, *, days: bool = False) -> str:
    """A moment, short: the time of day, or the day at midnight."""
    local = datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)
    return f"{local:%m-%d}" if days or (local.hour, local.minute) == (0, 0) else f"{local:%H:%M}"
