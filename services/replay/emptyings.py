"""Litter-bin collections (Enevo's export, as the City of Edinburgh has it): a row for every emptying, no readings.

The curve between two emptyings is reconstructed as a straight line and marked `derived`; the level before the emptying
and the nought after it are measured. 100 % is what the vendor calls full: 80 % of the bin.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from domain.naming import Kind, up_topic
from domain.readings import Millis
from services.replay.recording import MINUTE, Place, Recording, Sent
from services.replay.site_files import site_id

NAME: Final = "edinburgh-bins"
ZONE: Final = "Europe/London"
EVERY: Final[Millis] = 2 * 60 * MINUTE  # city litter bins are measured every two hours (domain.md §3.2)
STEP: Final[Millis] = 30 * MINUTE
_SETTLES: Final[Millis] = 10 * MINUTE  # what the sensor takes to see that the bin is empty
_SITE, _WHEN, _BEFORE, _AFTER = "Site", "Date & Time of bin collection", "Fill level before", "Fill level after"
_MONTH_S: Final = 30 * 86_400  # a reconstructed curve cannot show that a sensor fell silent
_encode = msgspec.json.Encoder().encode


class Emptying(NamedTuple):
    """When a bin was emptied, and how full it was."""

    at: Millis
    before: float
    after: float


def read_emptyings(path: Path, _: Path | None) -> Recording | None:
    """The file, or a folder that holds it."""
    file = next(path.glob("*collections*.csv"), None) if path.is_dir() else path
    if file is None or file.suffix != ".csv":
        return None
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines)
        columns = {short: _column(rows.fieldnames or (), short) for short in (_SITE, _WHEN, _BEFORE, _AFTER)}
        if not all(columns.values()):
            return None
        return _recording(rows, columns)


def _column(names: "list[str] | tuple[str, ...] | object", short: str) -> str:
    """The title that begins so: the export writes remarks behind it."""
    assert isinstance(names, (list, tuple))  # noqa: S101
    return next((name for name in names if name == short), next((n for n in names if n.startswith(short)), ""))


def _recording(rows: "csv.DictReader[str]", columns: dict[str, str]) -> Recording:
    zone, left_out = ZoneInfo(ZONE), defaultdict[str, int](int)
    bins: dict[str, list[Emptying]] = defaultdict(list)
    names: dict[str, str] = {}
    for row in rows:
        try:
            at = round(datetime.fromisoformat(row[columns[_WHEN]]).replace(tzinfo=zone).timestamp() * 1000)
            found = Emptying(at, float(row[columns[_BEFORE]]), float(row[columns[_AFTER]]))
        except ValueError:
            left_out["a row without time or level"] += 1
            continue
        bins[row[columns[_SITE]]].append(found)
        names[row[columns[_SITE]]] = row.get("Site name") or row[columns[_SITE]]
    messages = [sent for site, emptied in bins.items() for sent in _curve(f"bin-{site}", sorted(set(emptied)))]
    messages.sort(key=lambda sent: sent.at)
    places = tuple(Place(f"bin-{site_id(site)}", Kind.BIN, names[site], interval_s=_MONTH_S) for site in sorted(bins))
    return Recording(NAME, ZONE, messages, places, step_ms=STEP, left_out=dict(left_out))


def _curve(device: str, emptied: list[Emptying]) -> Iterator[Sent]:
    if emptied:
        yield from _emptying(device, emptied[0])
    for last, this in pairwise(emptied):
        began = last.at + _SETTLES
        for at in range(began + EVERY, this.at, EVERY):
            level = last.after + (this.before - last.after) * (at - began) / (this.at - began)
            yield _sent(device, at, level, derived=True)
        yield from _emptying(device, this)


def _emptying(device: str, this: Emptying) -> Iterator[Sent]:
    yield _sent(device, this.at, this.before)
    yield _sent(device, this.at + _SETTLES, this.after)


def _sent(device: str, at: Millis, level: float, *, derived: bool = False) -> Sent:
    told: dict[str, object] = {"at": at, "values": {"fill_level": round(level, 1)}}
    if derived:
        told["derived"] = True
    return Sent(at, up_topic(NAME, "all", Kind.BIN, device), _encode(told), device)
