"""Site files for a recording whose place we know nothing of: one zone, one crew that is always there, and the desk."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import yaml

from domain.errors import ConflictError
from domain.naming import ATTRIBUTES, Element, Kind
from services.replay.recording import Place, Recording
from services.site import load_site, read_files
from services.site.draft import SITE_FILE

_ELEMENT: Final = {
    Kind.BIN: Element.SANITATION,
    Kind.TOILET: Element.SANITATION,
    Kind.PARKING: Element.ORDER,
    Kind.CROWD: Element.ORDER,
    Kind.GREEN: Element.GREENING,
}
_SOUTH, _WEST, _NORTH, _EAST = 0.0, 0.0, 1.0, 1.0
_SIMULATED: Final = re.compile(r"^simulated[ \t]*:.*\n?", re.MULTILINE)
_CABINET: Final = "cabinet"
_YEARS_S: Final = 10 * 365 * 86_400
_ROW: Final = 50  # facilities to a row of the make-believe map


def site_id(name: str) -> str:
    """An id from any name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "recording"


def write_site(recording: Recording, folder: Path) -> Path:
    """The folder, with site.yaml, facilities.csv and devices.csv in it. Positions are made up, and said to be."""
    folder.mkdir(parents=True, exist_ok=True)
    said = "# Made from a recording by `tidewalk replay`. Positions are made up.\n"
    (folder / "site.yaml").write_text(
        said + yaml.safe_dump(_head(recording), allow_unicode=True, sort_keys=False), encoding="utf-8"
    )
    places = list(recording.places)
    if any(place.kind is Kind.FEEDER for place in places):
        places.append(Place(_CABINET, Kind.CABINET, "the cabinet of every feeder"))
    _write(folder / "facilities.csv", [_facility(number, one) for number, one in enumerate(places)])
    _write(folder / "devices.csv", [_device(one) for one in recording.places])
    return folder


def drill_of(folder: Path, into: Path) -> Path:
    """A copy of site files whose site is a drill (演练), whatever it is in life: it is judged on the recording's clock,
    and whatever it sends is marked. Raises like `load_site`, and ConflictError where they cannot be made one.
    """
    into.mkdir(parents=True, exist_ok=True)
    for name, found in read_files(folder).items():
        if name == SITE_FILE:
            text = _SIMULATED.sub("", found.decode("utf-8-sig"))
            found = f"{text.rstrip()}\nsimulated: true\n".encode()  # noqa: PLW2901  # this file alone is another one
        (into / name).write_bytes(found)
    if not load_site(into).simulated:
        raise ConflictError(
            f"{folder / SITE_FILE} cannot be played as a drill: give `simulated` a line of its own in it"
        )
    return into


def _head(recording: Recording) -> dict[str, object]:

    def named() -> dict[str, str]:  # afresh each time: what is shared would be written as a reference
        return {"en": recording.name, "zh": recording.name}

    def crew(said: str, zh: str, capacity: int) -> dict[str, object]:
        free = {
            "trades": "all",
            "zones": "all",
            "shifts": "all",
            "base": [0.5, 0.5],
            "party": "office",
            "language": "en",
        }
        return {"name": {"en": said, "zh": zh}, "capacity": capacity, **free}

    kinds = {
        str(kind): {
            "element": str(_ELEMENT.get(kind, Element.MUNICIPAL)),
            "owner": "office",
            "supervisor": "office",
            "maintainer": "office",
            "interval_s": _YEARS_S,  # the devices of a recording have their own
        }
        for kind in sorted({*(place.kind for place in recording.places), Kind.CABINET})
    }
    return {
        "id": site_id(recording.name),
        "name": named(),
        "timezone": recording.timezone,
        "simulated": True,  # a drill: orders are marked so, and real-world channels refuse them
        "region": "000000",
        "box": {"south": _SOUTH, "west": _WEST, "north": _NORTH, "east": _EAST},
        "desk": "desk",
        "parties": {
            party: {"name": {"en": party, "zh": party}, "level": level}
            for party, level in (("office", "district"), ("street", "subdistrict"), ("hamlet", "community"))
        },
        "zones": {
            "all": {
                "name": named(),
                "subdistrict": "street",
                "community": "hamlet",
                "neighbours": [],
                "outline": [[_SOUTH, _WEST], [_NORTH, _WEST], [_NORTH, _EAST], [_SOUTH, _EAST]],
            }
        },
        "kinds": kinds,
        "shifts": {"always": {"name": {"en": "Always", "zh": "全天"}, "hours": "00:00-24:00"}},
        "crews": {
            "crew": crew("Crew", "班组", 1_000),
            "desk": crew("Duty desk", "值班席", 100_000),
        },
    }


def _facility(number: int, place: Place) -> dict[str, object]:
    row, column = divmod(number, _ROW)
    return {
        "id": place.id,
        "kind": str(place.kind),
        "en": place.name,
        "zh": place.name,
        "zone": "all",
        "lat": round(_SOUTH + (row + 1) / 1000, 6),
        "lon": round(_WEST + (column + 1) / 1000, 6),
        "cabinet": _CABINET if place.kind is Kind.FEEDER else "",
        **{name: place.attributes.get(name, "") for name in ATTRIBUTES},
    }


def _device(place: Place) -> dict[str, object]:
    return {
        "id": place.id,
        "facility": place.id,
        "profile": place.profile,
        "eui": place.eui,
        "interval_s": place.interval_s,
        "lit_interval_s": 0,
        "played": "false",
    }


def _write(file: Path, rows: Sequence[dict[str, object]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
