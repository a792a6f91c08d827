"""Where a drill takes place: the zones, crews and clocks of a site, in a state and with settings of the drill's own."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from domain.errors import ConflictError
from domain.readings import Millis
from domain.site import Device, Site
from services.drill.relay import rehearsed
from services.drill.scenarios import Scenario
from services.replay.site_files import drill_of
from services.settings import Settings, settled
from services.site import find, load_site
from simulators.faults import LARGEST

STATE: Final = "state"
SITE: Final = "site"
# Of the settings of the running service, what a drill goes by as well. Everything else is its own: databases, broker,
# keys from which links are made, addresses.
_SHARED: Final = ("rules",)
_FOR_REAL: Final = ("smtp", "smtp_from")


def folder_for(scenario: Scenario, now: Millis, timezone: str) -> Path:
    """Where a drill is kept if nobody says: below the folder in which it was asked for."""
    return Path("drills") / f"{scenario.name}-{datetime.fromtimestamp(now / 1000, ZoneInfo(timezone)):%Y%m%d-%H%M%S}"


def made_in(folder: Path) -> None:
    """The folder of a drill, made. Raises ConflictError where it holds something already."""
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ConflictError(f"{folder} holds something already; name an empty folder with --state")
    except OSError as refused:
        raise ConflictError(f"{folder} cannot be used: {refused.strerror}") from refused


def settings_in(folder: Path, place: str, *, broker: str, for_real: bool) -> Settings:
    """The settings of a drill on that site, whose files are copied into the folder as those of a drill. Raises
    ConflictError where real contacts are asked for on a site that is make-believe.
    """
    files = find(place)
    if for_real and load_site(files).simulated:
        raise ConflictError(f"{place} is a simulated site: it reaches nobody in the real world, in drills as ever")
    lives = settled()
    kept = (*_SHARED, *_FOR_REAL) if for_real else _SHARED
    own: dict[str, Any] = {name: field.get_default() for name, field in Settings.model_fields.items()}
    own |= {name: getattr(lives, name) for name in kept}
    copied = drill_of(files, folder / SITE)
    own |= {"site": str(copied), "state": folder / STATE, "client_id": "tidewalk-drill", "broker": broker}
    own["api"] = "127.0.0.1:0"  # any free port: the usual one is the running service's, also while that is stopped
    return settled(**own)


def site_of(settings: Settings) -> Site:
    """The site of a drill: every device is played, also those that in life speak through a network server, and every
    contact is a drill's.
    """
    found = rehearsed(load_site(Path(settings.site)))
    return replace(found, devices={one.id: _played(one) for one in found.devices.values()})


def fits(scenario: Scenario, site: Site) -> None:
    """Raises ConflictError where a scenario names what the site does not have."""
    for entry in scenario.faults.entries:
        if entry.zone and entry.zone not in site.zones:
            raise ConflictError(f"{scenario.name}: {site.id} has no zone {entry.zone}")
        there = entry.facility in site.facilities or entry.facility in site.gateways
        if entry.facility and entry.facility != LARGEST and not there:
            raise ConflictError(f"{scenario.name}: {site.id} has no facility {entry.facility}")


def _played(device: Device) -> Device:
    return replace(device, profile="native", eui="", played=True) if device.eui else device
