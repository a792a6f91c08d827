"""From a draft without faults to the site that the rest of Tidewalk works on."""

from domain.naming import TRADES
from domain.site import (
    Crew,
    Device,
    Facility,
    Gateway,
    Grade,
    Name,
    Node,
    Party,
    Position,
    Section,
    Shift,
    Site,
    Zone,
)
from services.site.draft import Draft, FacilityDraft
from services.site.row_shapes import FacilityRow
from services.site.shapes import KindShape


def build(draft: Draft, content_hash: str) -> Site:
    """The site of a draft that was checked and found without fault."""
    head = draft.head
    if head is None:
        raise ValueError("a draft with faults cannot be built")
    facilities = {facility.row.id: _facility(draft, facility) for facility in draft.facilities}
    return Site(
        id=head.id,
        name=head.name.name(),
        timezone=head.timezone,
        simulated=head.simulated,
        parties={key: _party(draft, key) for key in draft.parties},
        zones={key: _zone(draft, key) for key in draft.zones},
        sections={key: _section(draft, key) for key in draft.sections},
        gateways={key: Gateway(key, one.zone, Position(*one.position)) for key, one in draft.gateways.items()},
        facilities=facilities,
        devices=_devices(draft),
        shifts={key: Shift(key, shift.name.name(), *shift.hours) for key, shift in draft.shifts.items()},
        crews={key: _crew(draft, key) for key in draft.crews},
        desk=head.desk,
        hash=content_hash,
        case_prefix=head.case_prefix,
        clocks=draft.clocks.made(),
        rosters={key: roster.made(key) for key, roster in draft.rosters.items()},
    )


def _zone(draft: Draft, key: str) -> Zone:
    zone = draft.zones[key]
    return Zone(
        id=key,
        name=zone.name.name(),
        grade=zone.grade,
        outline=tuple(Position(*point) for point in zone.outline),
        nodes=tuple(
            Node(name, node.name.name(), Position(*node.position), node.grade) for name, node in zone.nodes.items()
        ),
        neighbours=tuple(zone.neighbours),
        subdistrict=zone.subdistrict,
        community=zone.community,
    )


def _section(draft: Draft, key: str) -> Section:
    section = draft.sections[key]
    line = tuple(Position(*point) for point in section.line)
    return Section(key, section.zone, line, section.start, section.end, _grade_of_section(draft, key))


def _grade_of_section(draft: Draft, key: str) -> Grade:
    section = draft.sections[key]
    return section.grade or draft.zones[section.zone].grade


def _crew(draft: Draft, key: str) -> Crew:
    crew = draft.crews[key]
    return Crew(
        id=key,
        name=crew.name.name(),
        trades=TRADES if crew.trades is None else tuple(crew.trades),
        zones=tuple(draft.zones if crew.zones is None else crew.zones),
        shifts=tuple(draft.shifts if crew.shifts is None else crew.shifts),
        capacity=crew.capacity,
        base=Position(*crew.base),
        party=crew.party,
        language=crew.language,
        lead=crew.lead,
        deputy=crew.deputy,
        contract=(crew.contract.since, crew.contract.until),
        contacts=tuple(one.contact() for one in crew.contacts),
        phone=crew.phone,
    )


def _party(draft: Draft, key: str) -> Party:
    party = draft.parties[key]
    contacts = tuple(one.contact() for one in party.contacts)
    return Party(key, party.name.name(), party.level, contacts, party.phone)


def _facility(draft: Draft, facility: FacilityDraft) -> Facility:
    row, kind = facility.row, draft.kinds[facility.row.kind]
    return Facility(
        id=row.id,
        kind=row.kind,
        element=row.element or kind.element,
        name=Name(row.en, row.zh),
        zone=row.zone,
        position=Position(row.lat, row.lon),
        grade=_grade(draft, row),
        section=row.section,
        chainage_m=row.chainage,
        pole=row.pole,
        part_code=row.part_code,
        feeder=row.feeder,
        cabinet=row.cabinet,
        owner=row.owner or kind.owner,
        supervisor=row.supervisor or kind.supervisor,
        maintainer=row.maintainer or kind.maintainer,
        attributes=facility.attributes,
        hours=row.hours,
    )


def _grade(draft: Draft, row: FacilityRow) -> Grade:
    if row.grade is not None:
        return row.grade
    return _grade_of_section(draft, row.section) if row.section else draft.zones[row.zone].grade


def _devices(draft: Draft) -> dict[str, Device]:
    rows = {facility.row.id: facility.row for facility in draft.facilities}
    listed = {device.row.facility for device in draft.devices}
    found = {key: _derived(row, draft.kinds[row.kind]) for key, row in rows.items() if key not in listed}
    for device in draft.devices:
        row = device.row
        kind = draft.kinds[rows[row.facility].kind]
        found[row.id] = Device(
            id=row.id,
            facility=row.facility,
            profile=row.profile or kind.profile,
            gateway=row.gateway or rows[row.facility].gateway,
            interval_s=kind.interval_s if row.interval_s is None else row.interval_s,
            lit_interval_s=kind.lit_interval_s if row.lit_interval_s is None else row.lit_interval_s,
            played=row.played and not row.eui,  # the simulators speak our own words, not a vendor's
            eui=row.eui,
        )
    return found


def _derived(row: FacilityRow, kind: KindShape) -> Device:
    return Device(row.id, row.id, kind.profile, row.gateway, kind.interval_s, kind.lit_interval_s)
