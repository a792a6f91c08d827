"""Checking the rows of facilities and devices against the rest of the site."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from domain.naming import Kind
from services.site.check_profiles import check_profiles
from services.site.draft import KINDS, Draft, FacilityDraft
from services.site.faults import Faults, one_of
from services.site.geometry import inside
from services.site.needs import NEEDED_ATTRIBUTES, WANTED_ATTRIBUTES
from services.site.notation import chainage_text
from services.site.table import Line

CHAINAGE_SLACK_M = 25.0  # how far a facility may lie beyond the ends of its section


@dataclass(frozen=True, slots=True)
class Known:
    """The ids that a row may name, by column; None where they could not be read, so that nothing is told twice."""

    columns: dict[str, tuple[str, Collection[str] | None]]  # column → (what it names, ids)

    @classmethod
    def of(cls, draft: Draft) -> "Known":
        """Everything declared in a draft."""
        site, declared = PurePath(draft.file).name, draft.declared
        facilities = declared.get("facilities")
        parties = (f"a party of {site}", declared.get("parties"))
        return cls(
            {
                "zone": (f"a zone of {site}", declared.get("zones")),
                "section": (f"a section of {site}", declared.get("sections")),
                "gateway": (f"a gateway of {site}", declared.get("gateways")),
                "owner": parties,
                "supervisor": parties,
                "maintainer": parties,
                "feeder": ("a facility of kind feeder", _of_kind(facilities, Kind.FEEDER)),
                "cabinet": ("a facility of kind cabinet", _of_kind(facilities, Kind.CABINET)),
                "facility": ("a facility", facilities),
            }
        )

    def check(self, line: Line, column: str, given: str, faults: Faults) -> None:
        """A fault where a cell names what is not there."""
        what, ids = self.columns[column]
        if given and ids is not None and given not in ids:
            faults.add(line.file, line.number, f"{column} is {given!r}, which is not {what}", one_of(ids, given))


def check_rows(draft: Draft, faults: Faults) -> None:
    """Every row of facilities and devices."""
    known = Known.of(draft)
    columns = [column for column in known.columns if column != "facility"]
    kinds = draft.declared.get("kinds")
    for line in draft.lines:
        for column in columns:
            known.check(line, column, line.cells.get(column, ""), faults)
        _needed(line, kinds, PurePath(draft.file).name, faults)
    for facility in draft.facilities:
        _part_code(draft, facility, faults)
        _place(draft, facility, faults)
    _circuits(draft, faults)
    _same_part_codes(draft, faults)
    _devices(draft, known, faults)


def _of_kind(facilities: Mapping[str, Kind | None] | None, kind: Kind) -> dict[str, None] | None:
    if facilities is None:
        return None
    return dict.fromkeys(key for key, found in facilities.items() if found is kind)


def _needed(line: Line, kinds: Collection[str] | None, site: str, faults: Faults) -> None:
    kind, told = line.cells.get("kind", ""), line.cells.get("id", "")
    if kind not in KINDS:
        return
    if kind == Kind.FEEDER and "cabinet" not in line.cells:
        faults.add(line.file, line.number, f"cabinet is missing for feeder {told}", "the facility id of a cabinet")
    for name in NEEDED_ATTRIBUTES.get(Kind(kind), ()):
        if name not in line.cells:
            faults.add(line.file, line.number, f"{name} is missing for {kind} {told}", "a number above 0")
    name, why = WANTED_ATTRIBUTES.get(Kind(kind), ("", ""))
    if name and name not in line.cells:
        faults.notice(line.file, line.number, f"{name} is missing for {kind} {told}: {why}")
    if kinds is not None and kind not in kinds:
        faults.add(line.file, line.number, f"nothing says who answers for a {kind}", f"kinds.{kind} in {site}")


def _part_code(draft: Draft, facility: FacilityDraft, faults: Faults) -> None:
    row, line = facility.row, facility.line
    if not row.part_code:
        return
    region, part = row.part_code[:6], row.part_code[6:10]
    if draft.region and region != draft.region:
        what = f"part_code {row.part_code} begins with {region}"
        faults.add(line.file, line.number, what, f"the site's region {draft.region}")
    kind = draft.kinds.get(row.kind)
    if kind is not None and kind.parts and part not in kind.parts:
        what = f"part_code {row.part_code} is of class {part}"
        faults.add(line.file, line.number, what, f"a class of {row.kind}: {one_of(kind.parts)}")


def _place(draft: Draft, facility: FacilityDraft, faults: Faults) -> None:
    row, line = facility.row, facility.line
    box = draft.box
    if box is not None and not box.holds(row.lat, row.lon):
        swapped = " (are lat and lon swapped?)" if box.holds(row.lon, row.lat) else ""
        what = f"the position {row.lat}, {row.lon} lies outside the site's box"
        faults.add(line.file, line.number, what, box.text() + swapped)
    elif row.zone in draft.zones and not inside((row.lat, row.lon), draft.zones[row.zone].outline):
        faults.notice(line.file, line.number, f"{row.id} lies outside the outline of its zone {row.zone}")
    section = draft.sections.get(row.section)
    if section is None or section.end <= section.start:
        return
    if section.zone != row.zone and row.zone in draft.zones:
        what = f"section {row.section} is of zone {section.zone}, {row.id} of zone {row.zone}"
        faults.add(line.file, line.number, what, "a section of its own zone")
    low, high = section.start - CHAINAGE_SLACK_M, section.end + CHAINAGE_SLACK_M
    if row.chainage is not None and not low <= row.chainage <= high:
        what = f"chainage {chainage_text(row.chainage)} is not on section {row.section}"
        expected = f"{chainage_text(section.start)} to {chainage_text(section.end)}"
        faults.add(line.file, line.number, what, expected)


def _circuits(draft: Draft, faults: Faults) -> None:
    cabinet_of = {facility.row.id: facility.row.cabinet for facility in draft.facilities}
    for facility in draft.facilities:
        row, line = facility.row, facility.line
        told = cabinet_of.get(row.feeder, "")
        if row.kind is Kind.LIGHT and row.cabinet and told and row.cabinet != told:
            what = f"light {row.id} names cabinet {row.cabinet}"
            faults.add(line.file, line.number, what, f"{told}, the cabinet of its feeder {row.feeder}")


def _same_part_codes(draft: Draft, faults: Faults) -> None:
    first: dict[str, FacilityDraft] = {}
    for facility in draft.facilities:
        code, line = facility.row.part_code, facility.line
        if code and code in first:
            other = first[code]
            expected = f"a code of its own (it is {other.row.id}'s, {other.line.file}:{other.line.number})"
            faults.add(line.file, line.number, f"part_code {code} is there twice", expected)
        elif code:
            first[code] = facility


def _devices(draft: Draft, known: Known, faults: Faults) -> None:
    check_profiles(draft, faults)
    listed = {device.row.facility for device in draft.devices}
    derived = {facility.row.id for facility in draft.facilities} - listed
    for device in draft.devices:
        row, line = device.row, device.line
        known.check(line, "facility", row.facility, faults)
        known.check(line, "gateway", row.gateway, faults)
        if row.id in derived:
            expected = f"another id, or a row here for {row.id} too"
            what = f"device {row.id} has the id of facility {row.id}'s own device"
            faults.add(line.file, line.number, what, expected)
