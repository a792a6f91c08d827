"""Every vendor example and every recorded envelope, through our codecs, decoders and profiles: what became of each.

python -m tests.realdata.devices_walk          the table
python -m tests.realdata.devices_walk --write  the table in docs/devices.md
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from domain.errors import NotFoundError, RejectedError
from domain.naming import Kind
from domain.readings import Value
from ingest.codecs.envelopes import ENVELOPES
from ingest.codecs.uplink import Uplink
from ingest.mapping.apply import Mapped
from ingest.mapping.load import shipped
from ingest.mapping.profiles import Profile, Profiles
from ingest.mapping.reading import read_uplink
from ingest.mapping.trial import same, unequal
from ingest.payloads.decoded import Decoded
from ingest.quality import believed

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs/devices.md"
BEGIN, END = "<!-- walked: written by python -m tests.realdata.devices_walk --write -->", "<!-- /walked -->"
_KINDS: Final = frozenset(str(kind) for kind in Kind)
_ATTRIBUTES: Final = {"capacity": 1.0}  # a sensor under one space speaks of one space

MAPPED: Final = "mapped"
NOTHING: Final = "no quantity of ours"
FAULT: Final = "fault"
NO_PROFILE: Final = "no profile"
REFUSED: Final = "refused"
WRONG: Final = "wrong"


class Walked(NamedTuple):
    """What became of one example. `reason` says why it is not mapped, or in what it is wrong."""

    example: str
    device: str
    kind: str
    status: str
    values: Mapping[str, Value]
    reason: str
    fields: Mapping[str, Any]


class Example(NamedTuple):
    """A vendor's example: what the device sent, and what the vendor says that it means."""

    name: str
    device: str
    hint: str
    port: int
    payload: bytes | None
    decoded: Mapping[str, Any] | None


def realdata() -> Path | None:
    """Where the real data lie: named by TIDEWALK_REALDATA, or beside the repository; None where they are absent."""
    named = os.environ.get("TIDEWALK_REALDATA")
    for folder in (Path(named) if named else None, ROOT.parent / "shared/realdata"):
        if folder is not None and (folder / "devices").is_dir():
            return folder
    return None


def examples(folder: Path) -> Iterator[Example]:
    """Every line of devices/*.jsonl."""
    for file in sorted((folder / "devices").glob("*.jsonl")):
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            said = json.loads(line)
            raw, decoded = said.get("raw_hex"), said.get("decoded")
            yield Example(
                f"{file.stem}:{number}",
                said["device"],
                said["kind_hint"],
                int(said.get("fPort") or 0),
                bytes.fromhex(raw) if isinstance(raw, str) else None,
                decoded if isinstance(decoded, dict) else None,
            )


def walk_devices(folder: Path, profiles: Profiles) -> list[Walked]:
    """What becomes of each example: of its bytes, and of what the vendor decoded."""
    return [_walked(example, profiles) for example in examples(folder)]


def kind_of(example: Example, profile: Profile) -> str:
    """The kind of facility that the example is tried on."""
    if example.hint in _KINDS and (not profile.kinds or example.hint in profile.kinds):
        return example.hint
    return profile.kinds[0] if profile.kinds else str(Kind.COAST)


def _walked(example: Example, profiles: Profiles) -> Walked:
    try:
        profile = profiles.find(example.device)
    except NotFoundError as unknown:
        return Walked(example.name, example.device, example.hint, NO_PROFILE, {}, str(unknown), example.decoded or {})
    kind = kind_of(example, profile)
    application = profile.on(kind, _ATTRIBUTES)
    theirs = application.read(example.decoded, example.port) if example.decoded is not None else None
    ours: Mapped | None = None
    refused = "" if profile.decode or example.payload is None else "no decoder"
    fields: Mapping[str, Any] = example.decoded or {}
    if profile.decode is not None and example.payload is not None:
        try:
            decoded = profile.decode(example.payload, example.port)
        except RejectedError as wrong:
            refused = str(wrong)
        else:
            ours = application.read(decoded.fields, example.port)
            fields = decoded.fields
    status, values, reason = _status(theirs, ours, refused)
    return Walked(example.name, example.device, kind, status, values, reason, fields)


def _status(theirs: Mapped | None, ours: Mapped | None, refused: str) -> tuple[str, Mapping[str, Value], str]:
    shown = ours or theirs
    if shown is None:
        return REFUSED, {}, refused or "nothing was decoded"
    values, doubts = believed(shown.values)
    if theirs is not None and ours is not None:
        differences = list(unequal(ours.values, theirs.values))
        wrong = [one for one in differences if not one.endswith("not expected")]
        if wrong:
            return WRONG, values, "; ".join(wrong)
    faults = "; ".join(f"{name}: {why.partition(';')[0]}" for name, why in (*shown.faults, *doubts))
    if values:
        return MAPPED, values, "; ".join(filter(None, (f"decoded fields only: {refused}" if refused else "", faults)))
    history = any(entry.values for entry in shown.history)
    return (MAPPED, {}, "history only") if history else (FAULT, {}, faults) if faults else (NOTHING, {}, refused)


# The files of envelopes by what their names end in; the device that they come from, where it is not Milesight's.
_OTHERS: Final = {
    "dl-lid": "decentlab/dl-lid",
    "dl-atm41": "decentlab/dl-atm41",
    "bosch-parking": "bosch/tps110-0292",
    "nwave-parking": "nwave/nps405",
    "netvox-r719a-parking": "netvox/r719a",
    "yobiiq-em4301": "yobiiq/em4301",
    "cicicom-parking-object": "cicicom/s_lg3t",
    "real-elsys-two-gateways": "elsys/ers",
    "real-milesight-em320-th": "milesight-iot/em320-th",
}
_SERVERS: Final = {
    "chirpstack": "chirpstack",
    "tts-community": "ttn",
    "tts-industries": "ttn",
    "tts-v3": "ttn",
    "loriot": "loriot",
    "thingpark": "thingpark",
    "milesight-http": "milesight",
    "milesight-lora": "milesight",
}
_ABOUT_THE_FRAME: Final = frozenset({"fPort", "fCnt", "confirmed", "dr"})  # what an expectation says of the envelope
# The same bytes under the words of another codec.
_OTHER_WORDS: Final[dict[tuple[str, Any], tuple[str, Any]]] = {
    ("distance_alarming", True): ("distance_alarm", "threshold_alarm"),
    ("temperature_abnormal", True): ("temperature_alarm", "threshold_alarm"),
}


def walk_envelopes(folder: Path, profiles: Profiles) -> list[Walked]:
    """What becomes of each uplink envelope that says what is expected of it."""
    found = []
    for file in sorted((folder / "envelopes").glob("*.json")):
        expected = file.with_name(f"{file.stem}.expected.json")
        if not file.name.endswith(".expected.json") and expected.is_file():
            server, device = server_and_device(file.stem)
            wanted = _telemetry(json.loads(expected.read_text("utf-8")))
            found.append(_envelope(file, server, device, wanted, profiles))
    return found


def server_and_device(name: str) -> tuple[str, str]:
    """The dialect and the device of an envelope, by the name of its file; "" where it is none of ours."""
    for prefix, server in _SERVERS.items():
        if name.startswith(f"{prefix}-"):
            model = name[len(prefix) + 1 :].removesuffix("-b").removeprefix("v4-")
            return server, _OTHERS.get(model, f"milesight-iot/{model}")
    return "", ""


def _telemetry(said: Any) -> dict[str, Any]:
    """The device's values: of an expectation with gateways beside it, those of its first part."""
    first = said[0] if isinstance(said, list) else said
    values: dict[str, Any] = {}
    for part in first.get("telemetry", ()):
        values.update(part.get("values", {}))
    own = {**values, **{k: v for k, v in first.get("attributes", {}).items() if k in ("sn", "hardwareVersion")}}
    return {k: v for k, v in own.items() if k not in _ABOUT_THE_FRAME and not k.startswith("lora_")}


def _envelope(file: Path, server: str, device: str, wanted: Mapping[str, Any], profiles: Profiles) -> Walked:
    def made(status: str, values: Mapping[str, Value], reason: str, fields: Mapping[str, Any] | None = None) -> Walked:
        return Walked(file.stem, device, kind, status, values, reason, fields or {})

    kind = ""
    try:
        profile = profiles.find(device)
        (uplink,) = ENVELOPES[server](file.read_bytes())
    except (NotFoundError, RejectedError) as wrong:
        return made(NO_PROFILE, {}, str(wrong))
    kind = profile.kinds[0] if profile.kinds else str(Kind.COAST)
    application = profile.on(kind, _ATTRIBUTES)
    try:
        mapped, _ = read_uplink(profile, application, uplink)
        decoded = _decoded(profile, uplink)
    except RejectedError as wrong:
        return made(REFUSED, {}, str(wrong))
    theirs = application.read(wanted, uplink.port)
    differences = list(unequal(mapped.values, theirs.values))
    gone = [name for name in differences if not name.endswith("not expected")]
    missing = sorted(
        name
        for name, value in wanted.items()
        if not (application.read({name: value}, uplink.port).values or _is_among(name, value, decoded.fields))
    )
    if gone:
        return made(WRONG, mapped.values, "; ".join(gone), decoded.fields)
    if missing:
        told = ", ".join(f"{name}={wanted[name]}" for name in missing)
        return made(FAULT, mapped.values, f"not in what we decode: {told}", decoded.fields)
    return made(MAPPED if mapped.values else NOTHING, mapped.values, "; ".join(differences), decoded.fields)


def _decoded(profile: Profile, uplink: Uplink) -> Decoded:
    if profile.decode is None or not uplink.payload:
        return Decoded(uplink.fields or {})
    return profile.decode(uplink.payload, uplink.port)


def _is_among(name: str, value: object, fields: Mapping[str, Any]) -> bool:
    """Whether what is expected is in what we decode: under its name, or, as codecs call it, under another."""
    if (name, str(value) if isinstance(value, list) else value) in _OTHER_WORDS:
        name, value = _OTHER_WORDS[name, value]
    own = fields.get(name)
    if own is not None and _equal(own, value):
        return True
    flat = list(_flat(fields))
    plain = _plain(name)
    named = [one for key, one in flat if _plain(key) == plain]
    return any(_equal(one, value) for one in named) if named else any(_equal(one, value) for _, one in flat)


def _equal(one: object, other: object) -> bool:
    one = one.get("value", one.get("data")) if isinstance(one, dict) else one
    if isinstance(one, str) and isinstance(other, str):
        return one.casefold() == other.casefold()
    return same(one, other)


def _plain(name: str) -> str:
    return name.casefold().replace("_", "").replace("1.0", "1").replace(".0", "").replace(".", "")


def _flat(found: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in found.items():
        yield f"{before}{name}", value
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")


def table(walked: Iterable[Walked]) -> str:
    """By device: how many examples became what, and why not."""
    by_device: dict[str, list[Walked]] = {}
    for one in walked:
        by_device.setdefault(one.device, []).append(one)
    lines = ["| Device | Examples | Mapped | Quantities | Not mapped |", "|---|---|---|---|---|"]
    for device, ones in sorted(by_device.items()):
        mapped = [one for one in ones if one.status == MAPPED]
        quantities = ", ".join(sorted({name for one in mapped for name in one.values}))
        rest: dict[str, int] = {}
        for one in ones:
            if one.status != MAPPED:
                rest[one.status] = rest.get(one.status, 0) + 1
        told = ", ".join(f"{count} {status}" for status, count in sorted(rest.items()))
        lines.append(f"| `{device}` | {len(ones)} | {len(mapped)} | {quantities} | {told} |")
    return "\n".join(lines)


def summary(walked: Iterable[Walked]) -> dict[str, int]:
    """How many became what."""
    counts: dict[str, int] = {}
    for one in walked:
        counts[one.status] = counts.get(one.status, 0) + 1
    return dict(sorted(counts.items()))


def page(devices: list[Walked], envelopes: list[Walked]) -> str:
    """What docs/devices.md holds between its two marks."""
    told = ", ".join(f"{count} {status}" for status, count in summary(devices).items())
    heard = ", ".join(f"{count} {status}" for status, count in summary(envelopes).items())
    return f"{len(devices)} vendor examples: {told}. {len(envelopes)} envelopes: {heard}.\n\n{table(devices)}\n"


def main(arguments: list[str]) -> int:
    """Show the table, or write it into the page."""
    folder = realdata()
    if folder is None:
        sys.stderr.write("no real data; set TIDEWALK_REALDATA\n")
        return 1
    profiles = shipped()
    devices, envelopes = walk_devices(folder, profiles), walk_envelopes(folder, profiles)
    if "--write" in arguments:
        before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n{page(devices, envelopes)}{END}{after}", "utf-8")
        return 0
    for one in (*devices, *envelopes):
        sys.stdout.write(f"{one.status:20} {one.example:40} {one.device:34} {dict(one.values)} {one.reason[:200]}\n")
    sys.stdout.write(f"{summary(devices)}\n{summary(envelopes)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
