"""What the product makes of every example and envelope, beside what a second opinion says that they carry.

python -m tests.realdata.comparing lists in what the two differ.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from domain.errors import NotFoundError, RejectedError
from domain.naming import Kind
from domain.readings import Value
from ingest.codecs.envelopes import ENVELOPES
from ingest.codecs.uplink import Uplink
from ingest.mapping.load import shipped
from ingest.mapping.profiles import Profile, Profiles
from ingest.mapping.reading import read_uplink
from ingest.quality import believed
from tests.realdata import devices_walk
from tests.realdata.dictionary import DICTIONARY
from tests.realdata.oracle import Says, says

# A facility small enough for one sensor to speak for it.
ATTRIBUTES: Final = {"depth_mm": 3000.0, "capacity": 1.0, "stalls": 1.0}
_SENSES: Final = frozenset(str(kind) for kind in Kind)
# What comes over a broker in words of its own, with no envelope around it.
_BARE: Final = {
    "zigbee2mqtt-contact-minimal": ("zigbee2mqtt/device", "cabinet"),
    "zigbee2mqtt-motion": ("zigbee2mqtt/device", "toilet"),
    "zigbee2mqtt-waterleak": ("zigbee2mqtt/device", "toilet"),
    "tasmota-status10-wrapper": ("tasmota/device", "light"),
    "ngsi-ld-wastecontainer-bin": ("ngsi/wastecontainer", "bin"),
    "ngsi-ld-wastecontainer-observedat": ("ngsi/wastecontainer", "bin"),
    "ngsi-v2-keyvalues-offstreetparking": ("ngsi/offstreetparking", "parking"),
    "ngsi-v2-normalized-parkingspot": ("ngsi/parkingspot", "parking"),
}

# Recorded from a device, with no expectation beside it; the others are documents' examples of no device.
_OF_A_DEVICE: Final = (
    "chirpstack-v4-cicicom-parking-object",
    "tts-v3-real-elsys-two-gateways",
    "tts-v3-real-milesight-em320-th",
)


class Compared(NamedTuple):
    """One way of one example on one kind of facility: what it says, and what came of it."""

    example: str
    device: str
    kind: str
    way: str  # fields, bytes, envelope, entry N of the history
    said: tuple[Says, ...]
    got: Mapping[str, Value]

    def wrong(self) -> Iterator[str]:
        """Values that the second opinion does not have, or has otherwise."""
        for quantity, value in self.got.items():
            alike = [one for one in self.said if quantity in one.quantities]
            if not any(one.agrees(value) for one in alike):
                told = ", ".join(f"{one.said} of {one.field}" for one in alike) or "no such thing"
                yield f"{quantity} {value}, the oracle says {told}"

    def missing(self) -> list[Says]:
        """What it carries and did not give."""
        return [
            one
            for one in self.said
            if one.needed and not any(name in self.got and one.agrees(self.got[name]) for name in one.quantities)
        ]


def compare_examples(folder: Path, profiles: Profiles) -> list[Compared]:
    """Every example, by its decoded fields and by its bytes, on each kind of facility that its model can be on."""
    made: list[Compared] = []
    for example in devices_walk.examples(folder):
        for kind in kinds_of(example, profiles):
            made += _examined(example, kind, profiles)
    return made


def kinds_of(example: devices_walk.Example, profiles: Profiles) -> list[str]:
    """The kind that the example hints at goes first."""
    try:
        profile = profiles.find(example.device)
    except NotFoundError:
        return [example.hint if example.hint in _SENSES else str(Kind.COAST)]
    first = devices_walk.kind_of(example, profile)
    return [first, *(str(kind) for kind in Kind if kind != first and (not profile.kinds or kind in profile.kinds))]


def _examined(example: devices_walk.Example, kind: str, profiles: Profiles) -> Iterator[Compared]:
    def ask(fields: Mapping[str, Any]) -> tuple[Says, ...]:
        return says(DICTIONARY, example.device, kind, ATTRIBUTES, fields)

    vendor = example.decoded or {}
    entries = [one for one in vendor.get("history", ()) if isinstance(one, dict)]
    own = {name: value for name, value in vendor.items() if name != "history"}
    try:
        profile = profiles.find(example.device)
    except NotFoundError:
        yield Compared(example.name, example.device, kind, "fields", ask(own), {})
        return
    application = profile.on(kind, ATTRIBUTES)
    for way, payload, fields in (("bytes", example.payload, None), ("fields", None, example.decoded)):
        if (payload is None or profile.decode is None) and fields is None:
            continue
        try:
            mapped, earlier = read_uplink(profile, application, Uplink("", None, example.port, -1, payload, fields))
        except RejectedError:
            if ask(own):
                yield Compared(example.name, example.device, kind, way, ask(own), {})
            continue
        oracle = ask(own) or ask(_decoded(profile, payload, example.port))  # some lines quote an envelope instead
        yield Compared(example.name, example.device, kind, way, oracle, believed(mapped.values)[0])
        history = {one.at: one.values for one in (*mapped.history, *earlier)}
        for number, entry in enumerate(entries):
            got = history.get(int(entry["timestamp"]) * 1000, {})
            yield Compared(
                example.name, example.device, kind, f"{way}, entry {number}", ask(entry), believed(dict(got))[0]
            )


def _decoded(profile: Profile, payload: bytes | None, port: int) -> Mapping[str, Any]:
    """What the bytes say in the vendor's words, where our decoder can read them."""
    try:
        return profile.decode(payload, port).fields if profile.decode is not None and payload else {}
    except RejectedError:
        return {}


def compare_envelopes(folder: Path, profiles: Profiles) -> list[Compared]:
    """Every envelope of a device: as a network server relays it, or bare over a broker."""
    made: list[Compared] = []
    hints = {one.device: one.hint for one in devices_walk.examples(folder) if one.hint in _SENSES}
    for file in sorted((folder / "envelopes").glob("*.json")):
        if file.name.endswith(".expected.json"):
            continue
        server, device = devices_walk.server_and_device(file.stem)
        if file.stem in _BARE:
            device, kind = _BARE[file.stem]
            fields = json.loads(file.read_text("utf-8"))
            made += _examined(devices_walk.Example(file.stem, device, kind, 0, None, fields), kind, profiles)
        elif server and (file.with_name(f"{file.stem}.expected.json").is_file() or file.stem in _OF_A_DEVICE):
            made += _relayed(file, server, device, hints, profiles)
    return made


def _relayed(file: Path, server: str, device: str, hints: Mapping[str, str], profiles: Profiles) -> Iterator[Compared]:
    for uplink in ENVELOPES[server](file.read_bytes()):
        expected = file.with_name(f"{file.stem}.expected.json")
        try:
            profile = profiles.find(device)
        except NotFoundError:
            continue
        said = {**_decoded(profile, uplink.payload, uplink.port), **(uplink.fields or {})}
        if expected.is_file():
            told = json.loads(expected.read_text("utf-8"))
            first = told[0] if isinstance(told, list) else told
            newest = max((part.get("ts", 0) for part in first.get("telemetry", ())), default=0)
            for part in first.get("telemetry", ()):
                if part.get("ts", 0) == newest:
                    said |= part.get("values", {})
        kind = profile.kinds[0] if profile.kinds else hints.get(device, str(Kind.COAST))
        try:
            mapped, _ = read_uplink(profile, profile.on(kind, ATTRIBUTES), uplink)
            got = believed(mapped.values)[0]
        except RejectedError:
            got = {}
        yield Compared(file.stem, device, kind, "envelope", says(DICTIONARY, device, kind, ATTRIBUTES, said), got)


class Counted(NamedTuple):
    """Of those that carry a quantity of ours: how many give all of it, and how many at least some."""

    carry: int
    all: int
    some: int
    none: tuple[str, ...]


def counted(compared: Iterable[Compared]) -> Counted:
    """By example, on the first kind of facility, by the better of its ways."""
    best: dict[str, tuple[int, Compared]] = {}
    first: dict[str, str] = {}
    for one in compared:
        needed = sum(said.needed for said in one.said)
        if not needed or first.setdefault(one.example, one.kind) != one.kind:
            continue
        gap = len(one.missing())
        mark = 0 if gap == 0 else 1 if gap < needed else 2
        if one.example not in best or mark < best[one.example][0]:
            best[one.example] = (mark, one)
    none = tuple(f"{name} {one.device}" for name, (mark, one) in best.items() if mark == 2)
    return Counted(
        len(best), sum(mark == 0 for mark, _ in best.values()), sum(mark < 2 for mark, _ in best.values()), none
    )


def disagreements(compared: Iterable[Compared]) -> list[str]:
    """Each value that is wrong, once."""
    return [
        f"{one.example} {one.device} on a {one.kind}, by its {one.way}: {why}"
        for one in compared
        for why in one.wrong()
    ]


def gaps(compared: Iterable[Compared]) -> list[str]:
    """What is carried and not given, on the kind that the example hints at."""
    first: dict[str, str] = {}
    return [
        f"{one.example} {one.device} on a {one.kind}, by its {one.way}: "
        f"no {' or '.join(said.quantities)} of {said.field}"
        for one in compared
        if first.setdefault(one.example, one.kind) == one.kind
        for said in one.missing()
    ]


def main() -> int:
    """List the disagreements."""
    folder = devices_walk.realdata()
    if folder is None:
        return 1
    profiles = shipped()
    for name, compared in (
        ("examples", compare_examples(folder, profiles)),
        ("envelopes", compare_envelopes(folder, profiles)),
    ):
        found = counted(compared)
        lines = [*disagreements(compared), *gaps(compared)]
        told = f"{name}: {found.carry} carry, {found.all} give all, {found.some} give some"
        sys.stdout.write("\n".join((*lines, told, "")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
