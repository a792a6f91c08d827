"""Conservation: is every message that was acknowledged accounted for? (docs/semantics.md: message, fate, lost.)

`lost` is a set difference: published keys whose fate is neither quarantined, nor noted, nor stored *and* returned by a
query of the store. Pure but for the two functions at the end that fetch.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from domain.messages import Heard, Row
from domain.naming import Kind
from domain.ports import ReadingHistory
from domain.readings import Millis
from ingest.pipeline import Pipeline

Identity = tuple[str, str, Millis]  # facility, device, event time
Entry = tuple[int, int, str, bytes]  # row, place, quantity ("" for a whole message), key
_SHOWN: Final = 10
_DAY: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Conservation:
    """What became of every message. Counts are of keys, but `duplicates` and `points`."""

    published: int  # acknowledged to whoever published it
    stored: int  # every point of it came back from the store
    quarantined: int  # and not stored by a later retry
    noted: int  # replies, statuses, the clock
    lost: int
    first_lost: tuple[str, ...]  # hex, at most ten
    duplicates: int  # messages heard again
    points: int  # different (facility, device, event time)
    faults: tuple[str, ...]  # where a promise about fates was broken

    @property
    def holds(self) -> bool:
        """Nothing is lost and every promise was kept."""
        return not self.lost and not self.faults

    def as_json(self) -> dict[str, object]:
        """For the last line of a report."""
        return asdict(self)


@dataclass(slots=True)
class _Tally:
    """Keys by what became of them, over all rows."""

    quarantined: set[bytes]
    noted: set[bytes]
    points: dict[bytes, set[Identity]]
    duplicates: int
    faults: list[str]


def conservation(
    rows: Iterable[Row],
    pipeline: Pipeline,
    *,
    published: Iterable[bytes],
    returned: AbstractSet[Identity],
    kept_aside: Collection[Entry] | None = None,
) -> Conservation:
    """Account for `published` keys, by reading the whole journal again with a fresh pipeline.

    `returned` is what the store gave back after a drain; `kept_aside` the entries that the quarantine has, None where
    they are not to be checked. A point that the store will never take has an entry there too: its message counts as
    quarantined.
    """
    tally = _tallied(rows, pipeline, None if kept_aside is None else {(row, place) for row, place, _, _ in kept_aside})
    tally.quarantined.update(key for _, _, quantity, key in kept_aside or () if not quantity)
    there = {key for key, points in tally.points.items() if points <= returned}
    keys = set(published)
    lost = sorted(keys - there - tally.quarantined - tally.noted)
    return Conservation(
        published=len(keys),
        stored=len(there),
        quarantined=len(tally.quarantined - there),
        noted=len(tally.noted),
        lost=len(lost),
        first_lost=tuple(key.hex() for key in lost[:_SHOWN]),
        duplicates=tally.duplicates,
        points=len(set().union(*tally.points.values())),
        faults=tuple(tally.faults[:_SHOWN]),
    )


def fate_faults(heard: Heard, row: Row) -> Iterator[str]:
    """Where a row breaks the promise of exactly one fate for each message."""
    if len(heard.fates) != len(row.messages):
        yield f"row {row.number}: {len(row.messages)} messages have {len(heard.fates)} fates"
    if (points := sum(fate.points for fate in heard.fates)) != len(heard.readings):
        yield f"row {row.number}: fates say {points} points, and there are {len(heard.readings)}"
    whole = {kept.place for kept in heard.quarantined if not kept.quantity}
    for place, fate in enumerate(heard.fates):
        if fate.points and fate.reason:
            yield f"row {row.number}, message {place}: both stored and quarantined"
        if bool(fate.reason) != (place in whole):
            yield f"row {row.number}, message {place}: its fate and the quarantine disagree"


def acked_keys(ledger: Iterable[str]) -> Iterator[bytes]:
    """Keys of acknowledged publishes from the lines of a simulators' ledger: `{"acked": "<hex>" | ["<hex>", …]}`."""
    for line in ledger:
        if '"acked"' not in line:
            continue
        found = json.loads(line).get("acked")
        for key in [found] if isinstance(found, str) else found or ():
            yield bytes.fromhex(key)


def read_ledger(path: Path) -> set[bytes]:
    """The same from a file. Blocking."""
    with path.open(encoding="utf-8") as lines:
        return set(acked_keys(lines))


async def returned_by(
    history: ReadingHistory, since: Millis, until: Millis, *, kinds: Sequence[Kind] = tuple(Kind)
) -> set[Identity]:
    """What a query of the store gives back, since ≤ at < until; a day at a time, and longer where there was nothing."""
    found: set[Identity] = set()
    for kind in kinds:
        begin, span = since, _DAY
        while begin < until:
            points = await history.points(str(kind), begin, min(begin + span, until))
            found.update((point.facility, point.device, point.at) for point in points)
            begin, span = begin + span, _DAY if points else 2 * span
    return found


def _tallied(rows: Iterable[Row], pipeline: Pipeline, there: AbstractSet[tuple[int, int]] | None) -> _Tally:
    tally = _Tally(set(), set(), {}, 0, [])
    for row in rows:
        heard = pipeline.read(row)
        tally.faults.extend(fate_faults(heard, row))
        if there is not None:
            missing = {(kept.row, kept.place) for kept in heard.quarantined} - there
            tally.faults.extend(f"row {number}, message {place}: not in the quarantine" for number, place in missing)
        _add(tally, heard)
    return tally


def _add(tally: _Tally, heard: Heard) -> None:
    readings = iter(heard.readings)
    for fate in heard.fates:
        if not fate.points:
            (tally.quarantined if fate.reason else tally.noted).add(fate.key)
            continue
        before = tally.points.get(fate.key)
        if before is None:
            before = tally.points[fate.key] = set()
        else:
            tally.duplicates += 1
        for _ in range(fate.points):
            reading = next(readings)
            before.add((reading.facility, reading.device, reading.at))
