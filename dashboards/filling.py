"""What Grafana does to a question before it is asked: variables and macros are put in."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from domain.readings import Millis

ALL: Final = "$__all"
PIXELS: Final = 1_000  # of a panel, where it does not say how many points it wants
# Widths of an interval that Grafana rounds to, in milliseconds.
_NICE: Final = tuple(
    n * unit
    for unit, ns in (
        (1_000, (1, 2, 5, 10, 15, 20, 30)),
        (60_000, (1, 2, 5, 10, 15, 20, 30)),
        (3_600_000, (1, 2, 3, 6, 12)),
        (86_400_000, (1, 7, 30)),
    )
    for n in ns
)
_SPECIAL: Final = re.compile(r"([\\^$.*+?()\[\]{}|/])")


def interval(since: Millis, until: Millis, pixels: int, least: Millis = 10_000) -> Millis:
    """How wide an interval is when a panel is `pixels` wide."""
    wanted = max((until - since) / pixels, least)
    return min(_NICE, key=lambda nice: (nice < wanted, abs(nice - wanted)))


def filled(
    query: str,
    since: Millis,
    until: Millis,
    *,
    values: Mapping[str, str | Sequence[str]] | None = None,
    pixels: int = PIXELS,
) -> str:
    """A question as it is sent. `values` are those of variables; `ALL`, and what is not named, is everything."""
    macros = {
        "$timeFilter": f"time >= {since}ms and time <= {until}ms",
        "${__interval}": f"{interval(since, until, pixels)}ms",
        "${__from}": str(since),
        "${__to}": str(until),
    }
    for macro, text in macros.items():
        query = query.replace(macro, text)
    return re.sub(r"\$\{(\w+):regex\}", lambda found: _regex((values or {}).get(found[1], ALL)), query)


def _regex(value: str | Sequence[str]) -> str:
    if value == ALL:
        return ".*"
    if isinstance(value, str):
        return _SPECIAL.sub(r"\\\1", value)
    return "(" + "|".join(_regex(one) for one in value) + ")"
