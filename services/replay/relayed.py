"""A folder of uplinks as network servers publish them, a JSON file each: one message, one device, one moment.

Examples share placeholder EUIs (1000000000000001). One that several files have is replaced by one derived from the
file's name, and each device is bound to the model that its file's name or its envelope says.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple

from domain.errors import RejectedError
from domain.naming import Kind
from ingest.codecs.envelopes import ENVELOPES
from ingest.codecs.uplink import Uplink
from ingest.mapping.load import shipped
from ingest.mapping.profiles import Profile, Profiles
from services.replay.recording import MINUTE, Place, Recording, Sent
from services.replay.site_files import site_id

NAME: Final = "relayed"
# Said before others whose fields are among theirs; `bare` says who it is in the topic alone, and reads any object.
_SERVERS: Final = ("ttn", "thingpark", "loriot", "chirpstack", "milesight")
_YEARS_S: Final = 10 * 365 * 86_400  # each file is one message: nobody can fall silent
_UNREAD: Final = "no envelope that we read"
# Of things that nobody has measured; without the depth of its bin a distance would say nothing of how full it is.
_USUAL: Final[Mapping[Kind, Mapping[str, float]]] = {
    Kind.LIGHT: {"rated_power": 100.0},
    Kind.BIN: {"depth_mm": 5000.0},
    Kind.TOILET: {"stalls": 4.0},
    Kind.GREEN: {"holding_capacity": 35.0},
    Kind.CROWD: {"capacity": 500.0},
}


class File(NamedTuple):
    """One file: what it says, and to whom it may have been said."""

    stem: str
    server: str
    payload: bytes
    uplinks: tuple[Uplink, ...]  # none: an event of no concern to readings


def read_relayed(path: Path, _: Path | None) -> Recording | None:
    """A folder of *.json, or one such file. `*.expected.json` beside them is somebody's answer, not a message."""
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    files = [file for file in files if file.suffix == ".json" and not file.name.endswith(".expected.json")]
    if not files:
        return None
    read = [_file(one.stem, one.read_bytes()) for one in files]
    found = [file for file in read if file is not None]
    if not found:
        return None
    left_out = defaultdict[str, int](int, {_UNREAD: len(read) - len(found)} if len(found) < len(read) else {})
    profiles, shared = shipped(), _shared(found)
    places, messages, undated = dict[str, Place](), list[Sent](), list[Sent]()
    for file in found:
        eui = _own_eui(file, shared)
        device = site_id(file.stem)
        place = _place(file, device, eui, profiles)
        if place is not None:
            places[device] = place
        elif file.uplinks:
            left_out["a model that no profile knows (its device is unknown to the site)"] += 1
        sent = _sent(file, device, eui)
        (messages if sent.at else undated).append(sent)
    last = max((sent.at for sent in messages), default=0)
    messages += [sent._replace(at=last + MINUTE * number) for number, sent in zip(count(1), undated, strict=False)]
    messages.sort(key=lambda sent: sent.at)
    return Recording(NAME, "UTC", messages, tuple(places.values()), left_out=dict(left_out))


def _file(stem: str, payload: bytes) -> File | None:
    named = [server for server in ENVELOPES if stem.startswith((server, {"ttn": "tts"}.get(server, server)))]
    for server in dict.fromkeys((*named, *_SERVERS)):
        try:
            return File(stem, server, payload, ENVELOPES[server](payload))
        except RejectedError:
            continue
    return None


def _shared(files: Iterable[File]) -> frozenset[str]:
    """EUIs that more than one file has."""
    times = Counter(eui for file in files for eui in {uplink.eui for uplink in file.uplinks})
    return frozenset(eui for eui, many in times.items() if many > 1)


def _own_eui(file: File, shared: frozenset[str]) -> str:
    said = file.uplinks[0].eui if file.uplinks else ""
    return said if said and said not in shared else blake2b(file.stem.encode(), digest_size=8).hexdigest()


def _sent(file: File, device: str, eui: str) -> Sent:
    payload, at = file.payload, 0
    if file.uplinks:
        said = file.uplinks[0].eui
        payload = re.sub(re.escape(said.encode()), eui.encode(), payload, flags=re.IGNORECASE) if said else payload
        at = min((uplink.at for uplink in file.uplinks if uplink.at), default=0)
    return Sent(at, f"tidewalk/{NAME}/uplink/{file.server}/{eui}", payload, device)


def _place(file: File, device: str, eui: str, profiles: Profiles) -> Place | None:
    profile = model_of(file, profiles)
    if profile is None:
        return None
    kind = Kind(profile.kinds[0]) if profile.kinds else Kind.TOILET  # as good as any for what could be anywhere
    return Place(device, kind, file.stem, _USUAL.get(kind, {}), profile.name, eui, _YEARS_S)


def model_of(file: File, profiles: Profiles) -> Profile | None:
    """The profile whose model stands in the file's name, the longest that does; else the first model of a vendor that
    stands there which can read the bytes; else what the envelope says.
    """
    words = f"-{file.stem.lower()}-"
    vendors = profiles.vendors()
    models = {name: profile for vendor in vendors for name, profile in vendor.models.items() if name}
    if fitting := [name for name in models if f"-{name.lower()}-" in words]:
        return models[max(fitting, key=len)]
    for vendor in vendors:
        if any(f"-{name}-" in words for name in (vendor.name, *vendor.aliases)):
            return next((profile for profile in vendor.models.values() if _reads(profile, file.uplinks)), None)
    said = file.uplinks[0].model if file.uplinks else ""
    return models.get(said.rpartition("/")[2])


def _reads(profile: Profile, uplinks: Sequence[Uplink]) -> bool:
    try:
        return all(
            profile.decode is None or profile.decode(uplink.payload, uplink.port).fields
            for uplink in uplinks
            if uplink.payload is not None
        )
    except RejectedError:
        return False
