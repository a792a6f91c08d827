"""What some devices said lately, out of the journal: its newest rows, read backwards as far as is of use."""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from domain.messages import Row
from domain.ports import Journal
from domain.readings import Millis, Reading
from domain.site import Site
from ingest.pipeline import Pipeline

_AT_ONCE: Final = 64  # rows
_NATIVE: Final = 5  # tidewalk/{site}/{zone}/{kind}/{device}/up
MOST: Final = 1_000_000  # messages that are looked through


class Lately(NamedTuple):
    """Their readings in order of event time, and how far back was looked."""

    readings: list[Reading]
    since: Millis | None  # None: there is nothing


def heard_lately(
    journal: Journal, site: Site, devices: Collection[str], *, upto: int, back: Millis, most: int = MOST
) -> Lately:
    """What they said in the rows up to `upto`, in the last `back` ms before it, among the last `most` messages."""
    rows: list[Row] = []
    looked, first = 0, upto
    names = tuple(f"/{device}/up" for device in devices)
    relayed = any(site.devices[device].eui for device in devices)
    newest: Millis | None = None
    while first > 0 and looked < most:
        start = max(0, first - _AT_ONCE)
        found = [row for row in journal.read(start, first - start) if row.number <= first]
        if not found:
            break
        newest = found[-1].at if newest is None else newest
        looked += sum(len(row.messages) for row in found)
        rows[:0] = [_of(row, names, relayed=relayed) for row in found if row.at >= newest - back]
        if found[0].at < newest - back:
            break
        first = start
    pipeline = Pipeline(site)
    wanted = frozenset(devices)
    readings = [one for row in rows for one in pipeline.read(row).readings if one.device in wanted]
    readings.sort(key=lambda one: (one.at, one.device))
    return Lately(readings, rows[0].at if rows else None)


def _of(row: Row, names: Sequence[str], *, relayed: bool) -> Row:
    """The messages of a row that may be of some devices: what a network server relays does not say so outside."""
    mine = (m for m in row.messages if m.topic.endswith(tuple(names)) or (relayed and not _native(m.topic)))
    return row._replace(messages=tuple(mine))


def _native(topic: str) -> bool:
    return topic.startswith("tidewalk/") and topic.endswith("/up") and topic.count("/") == _NATIVE
