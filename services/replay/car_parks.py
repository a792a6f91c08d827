"""Free places of car parks, scraped (defgsus/parking-data): timestamp, place, free; capacities in a file beside it.

A cell that is empty there is unchanged or was not recorded, which nobody can tell: only what is written is played.
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import IO, Final

import msgspec

from domain.naming import Kind, up_topic
from services.replay.recording import MINUTE, Place, Recording, Sent
from services.replay.site_files import site_id

ZONE: Final = "Europe/Berlin"
_COLUMNS: Final = ["timestamp", "place_id", "free"]
_META: Final = "meta-data.csv"
_SIX_HOURS_S: Final = 6 * 3600  # nothing written for so long, three times over: nobody would believe it is unchanged
_encode = msgspec.json.Encoder().encode


def read_car_parks(path: Path, _: Path | None) -> Recording | None:
    """A file of free places, or a folder that holds some."""
    files = sorted([*path.glob("*.csv.gz"), *path.glob("*.csv")]) if path.is_dir() else [path]
    found = [file for file in files if file.name.endswith((".csv", ".csv.gz")) and _is_one(file)]
    if not found:
        return None
    name = site_id(found[0].name.partition(".")[0])
    left_out = defaultdict[str, int](int)
    messages = [sent for file in found for sent in _read(file, name, left_out)]
    messages.sort(key=lambda sent: sent.at)
    meta = _meta(found[0].parent / _META)
    places = tuple(_place(one, meta.get(one, {})) for one in sorted({sent.device for sent in messages}))
    return Recording(name, ZONE, messages, places, step_ms=5 * MINUTE, left_out=dict(left_out))


def _opened(file: Path) -> IO[str]:
    if file.suffix == ".gz":
        return gzip.open(file, "rt", encoding="utf-8", newline="")
    return file.open(encoding="utf-8-sig", newline="")


def _is_one(file: Path) -> bool:
    with _opened(file) as lines:
        return next(csv.reader(lines), []) == _COLUMNS


def _read(file: Path, site: str, left_out: dict[str, int]) -> Iterable[Sent]:
    with _opened(file) as lines:
        for row in csv.DictReader(lines):
            try:
                at = round(datetime.fromisoformat(row["timestamp"]).timestamp() * 1000)
                free = float(row["free"])
            except ValueError:
                left_out["a row without time or number"] += 1
                continue
            device = site_id(row["place_id"])
            told = {"at": at, "values": {"available_spots": free}}
            yield Sent(at, up_topic(site, "all", Kind.PARKING, device), _encode(told), device)


def _meta(file: Path) -> dict[str, dict[str, str]]:
    if not file.exists():
        return {}
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return {site_id(row["place_id"]): row for row in csv.DictReader(lines)}


def _place(device: str, row: dict[str, str]) -> Place:
    capacity = row.get("num_all", "")
    attributes = {"capacity": float(capacity)} if capacity else {}
    name = " ".join(row.get("place_name", "").split()) or device
    return Place(device, Kind.PARKING, name, attributes, interval_s=_SIX_HOURS_S)
