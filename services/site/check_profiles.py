"""Checking what the site says of devices that network servers know: whose they are, and that we can read them."""

from domain.errors import NotFoundError
from ingest.mapping.load import shipped
from ingest.mapping.profiles import Profiles
from services.site.draft import DeviceDraft, Draft, FacilityDraft
from services.site.faults import Faults
from services.site.notation import EUI_EXPECTED

NATIVE = "native"
_OF_ANY = frozenset({"battery", "rssi", "snr"})  # says nothing of the facility


def check_profiles(draft: Draft, faults: Faults) -> None:
    """The profile and the EUI of every row of devices. The shipped profiles are read only where a row names one."""
    kinds = {facility.row.id: facility for facility in draft.facilities}
    listed = {device.row.facility for device in draft.devices}
    for facility in draft.facilities:
        of_kind = draft.kinds.get(facility.row.kind)
        if of_kind is not None and of_kind.profile != NATIVE and facility.row.id not in listed:
            what = f"nothing says which device {facility.row.id} has, and the profile of its kind is {of_kind.profile}"
            faults.add(facility.line.file, facility.line.number, what, f"a row for {facility.row.id} in devices.csv")
    known: Profiles | None = None
    first: dict[str, DeviceDraft] = {}
    for device in draft.devices:
        row, line = device.row, device.line
        if row.eui:
            other = first.setdefault(row.eui, device)
            if other is not device:
                expected = f"an EUI of its own (it is {other.row.id}'s, {other.line.file}:{other.line.number})"
                faults.add(line.file, line.number, f"eui {row.eui} is there twice", expected)
        whose = kinds.get(row.facility)
        of_kind = draft.kinds.get(whose.row.kind) if whose else None
        profile = row.profile or (of_kind.profile if of_kind else NATIVE)
        if profile == NATIVE:
            if row.eui:
                what = f"profile is {profile} for {row.id}, which has an eui"
                faults.add(line.file, line.number, what, "VENDOR/MODEL of a device profile (tidewalk profiles list)")
            continue
        if not row.eui:
            what = f"eui is missing for {row.id}, whose profile is {profile}"
            faults.add(line.file, line.number, what, EUI_EXPECTED)
        if known is None:
            known = shipped()
        _profile(device, profile, whose, known, faults)


def _profile(device: DeviceDraft, name: str, whose: FacilityDraft | None, known: Profiles, faults: Faults) -> None:
    line = device.line
    try:
        profile = known.find(name)
    except NotFoundError as unknown:
        expected = "VENDOR/MODEL of a device profile (tidewalk profiles list)"
        faults.add(line.file, line.number, f"profile is {name!r}: {unknown}", expected)
        return
    if whose is None:
        return
    kind = whose.row.kind
    if profile.kinds and kind not in profile.kinds:
        what = f"profile {name} of {device.row.id} is no device of a {kind}"
        faults.add(line.file, line.number, what, f"a facility of kind {', '.join(profile.kinds)}")
    elif not profile.quantities(kind, whose.attributes) - _OF_ANY:
        told = f"nothing that {name} says tells of the {kind} {device.row.facility} (tidewalk profiles list)"
        faults.notice(line.file, line.number, told)
