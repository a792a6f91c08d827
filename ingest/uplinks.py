"""From what a network server relays to what a device of the site said: whose it is, its bytes or fields, its time."""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import msgspec

from domain.errors import NotFoundError, RejectedError
from domain.readings import Millis, Value
from domain.site import Site
from ingest import quarantine
from ingest.codecs.said import Faults, Measured, Said
from ingest.codecs.uplink import Uplink
from ingest.mapping.apply import Application, MappedAt
from ingest.mapping.profiles import Profile, Profiles
from ingest.mapping.reading import read_uplink
from ingest.quality import AHEAD, EARLIEST, room_of

AGAIN: Final = 5 * 60_000  # ms in which the same counter and payload of a device are the same reading
_LATE: Final = 24 * 3_600_000  # how far behind the server's clock a device's own is believed, where no profile says
_MOST_HISTORY: Final = 4096


class Bound(NamedTuple):
    """A device of the site, and how its words are read."""

    facility: str
    device: str
    kind: str
    zone: str
    profile: Profile
    application: Application
    room: Mapping[str, float]  # the most that it can say of some quantities


class Taken(NamedTuple):
    """What one uplink said, ready to be believed or not."""

    bound: Bound
    said: Said
    faults: Faults


class Uplinks:
    """The devices of one site that network servers know, and what was heard of them lately."""

    def __init__(self, site: Site, profiles: Profiles) -> None:
        self._site, self._profiles = site, profiles
        self._bound: dict[str, Bound | str] = {}
        self.again = Again()

    def taken(self, uplink: Uplink, eui: str, received: Millis) -> Taken:
        """What it says; `eui` is who the topic says it is, where the envelope does not. Raises RejectedError."""
        bound = self._device(uplink.eui or eui)
        mapped, earlier = read_uplink(bound.profile, bound.application, uplink)
        at = _moment(mapped.at, uplink.at, received, bound.profile.late or _LATE)
        rssi, snr = uplink.rssi, uplink.snr
        if uplink.counter >= 0:
            first = self.again.hear(_key(bound.device, uplink), at or received, received, rssi, snr)
            at, rssi, snr = first.at if first.known else at, first.rssi, first.snr
        faults = list(mapped.faults)
        # two opinions of one battery would make one curve of it: the network's is taken of devices that have none
        battery = None if "battery" in bound.application.quantities else uplink.battery
        values = _with_radio(mapped.values, battery, rssi, snr, faults)
        history: list[Measured] = []
        oldest = received - bound.profile.late if bound.profile.late else 0
        for entry in (*mapped.history, *earlier)[:_MOST_HISTORY]:
            _keep(entry, oldest, history, faults)
        return Taken(bound, Said(at, uplink.counter, values or None, history or None), tuple(faults))

    def _device(self, eui: str) -> Bound:
        bound = self._bound.get(eui)
        if bound is None:
            bound = self._found(eui)
            if not isinstance(bound, str):  # a flood of made-up names must not fill the memory
                self._bound[eui] = bound
        if isinstance(bound, str):
            raise RejectedError(bound)
        return bound

    def _found(self, eui: str) -> Bound | str:
        name = self._site.device_by_eui.get(eui, "")
        device = self._site.devices.get(name)
        facility = self._site.facilities.get(device.facility) if device else None
        if device is None or facility is None:
            return quarantine.unknown_eui(eui)
        try:
            profile = self._profiles.find(device.profile)
        except NotFoundError as unknown:
            return quarantine.unknown_profile(f"{device.profile} ({unknown})", device.id)
        kind = str(facility.kind)
        application = profile.on(kind, facility.attributes)
        return Bound(facility.id, device.id, kind, facility.zone, profile, application, room_of(facility.attributes))


class First(NamedTuple):
    """What is known of the first of several that are the same transmission."""

    at: Millis
    received: Millis
    rssi: float | None
    snr: float | None
    known: bool  # whether it came before


class Again:
    """Transmissions of the last minutes: one that comes again through another gateway is the same reading.

    Depends on nothing older than `AGAIN`, so reading so much of the journal again restores it.
    """

    def __init__(self) -> None:
        self._first: dict[bytes, First] = {}
        self._sweep_at = 1024

    def hear(self, key: bytes, at: Millis, received: Millis, rssi: float | None, snr: float | None) -> First:
        """The first of them, with the radio quality of the gateway that heard best so far."""
        first = self._first.get(key)
        if first is None or not first.received <= received <= first.received + AGAIN:
            if len(self._first) >= self._sweep_at:
                self._first = {k: f for k, f in self._first.items() if f.received >= received - AGAIN}
                self._sweep_at = max(1024, 2 * len(self._first))
            self._first[key] = First(at, received, rssi, snr, known=True)
            return First(at, received, rssi, snr, known=False)
        if _quality(rssi, snr) > _quality(first.rssi, first.snr):
            first = self._first[key] = first._replace(rssi=rssi, snr=snr)
        return first


def _quality(rssi: float | None, snr: float | None) -> tuple[float, float]:
    low = float("-inf")
    return (low if snr is None else snr, low if rssi is None else rssi)


def _key(device: str, uplink: Uplink) -> bytes:
    said = uplink.payload or msgspec.json.encode(uplink.fields)
    return blake2b(f"{device}/{uplink.counter}/{uplink.port}/".encode() + said, digest_size=8).digest()


def _moment(own: Millis | None, server: Millis | None, received: Millis, late: Millis) -> Millis | None:
    """The best of the clocks: the device's own, where it was set; else the server's."""
    base = server if server is not None and EARLIEST <= server <= received + AHEAD else received
    if own is not None and base - late <= own <= base + AHEAD:
        return own
    return server


def _with_radio(
    mapped: dict[str, Value],
    battery: float | None,
    rssi: float | None,
    snr: float | None,
    faults: Iterable[tuple[str, str]],
) -> dict[str, Value]:
    values = dict(mapped)
    told = {name for name, _ in faults}
    for name, value in (("rssi", rssi), ("snr", snr), ("battery", battery)):
        if value is not None and name not in values and name not in told:
            values[name] = float(value)
    return values


def _keep(entry: MappedAt, oldest: Millis, history: list[Measured], faults: list[tuple[str, str]]) -> None:
    name = f"history@{entry.at}" if entry.at is not None else "history"
    faults.extend((f"{name}.{quantity}", why) for quantity, why in entry.faults)
    if not entry.values:
        return
    if entry.at is None:
        faults.append((name, quarantine.NO_TIME))
    elif entry.at < oldest:
        faults.append((name, quarantine.later_than_it_keeps(entry.at)))
    else:
        values: dict[str, Any] = entry.values
        history.append(Measured(entry.at, values))
