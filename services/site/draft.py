"""The files of a site, read and fitted to their shapes, but not yet checked against each other."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from domain.naming import ATTRIBUTES, Kind
from services.site.clock_shapes import ClocksShape, RosterShape
from services.site.faults import Faults, one_of
from services.site.fit import Place, fit, shown
from services.site.marked import Marked, read_marked
from services.site.row_shapes import (
    DEVICE_COLUMNS,
    DEVICE_NEEDED,
    FACILITY_COLUMNS,
    FACILITY_NEEDED,
    DeviceRow,
    FacilityRow,
)
from services.site.shapes import (
    OPTIONAL_SECTIONS,
    SECTIONS,
    Box,
    CrewShape,
    GatewayShape,
    Head,
    KindShape,
    PartyShape,
    SectionShape,
    ShiftShape,
    ZoneShape,
)
from services.site.table import Line, decode, known_columns, read_table
from services.site.values import Shape

SITE_FILE = "site.yaml"
FACILITIES_FILE = "facilities.csv"
DEVICES_FILE = "devices.csv"
NEEDED_FILES = (SITE_FILE, FACILITIES_FILE)
CLOCKS, ROSTERS = "clocks", "rosters"  # may be left out
KINDS = frozenset(kind.value for kind in Kind)
FILES = (*NEEDED_FILES, DEVICES_FILE)

S = TypeVar("S", bound=Shape)


class FacilityDraft(NamedTuple):
    """A row of facilities, in its shape."""

    line: Line
    row: FacilityRow
    attributes: Mapping[str, float]


class DeviceDraft(NamedTuple):
    """A row of devices, in its shape."""

    line: Line
    row: DeviceRow


@dataclass
class Draft:
    """What could be read. `declared` has every id that was written, also of what does not fit its shape, so that one
    fault does not look like many.
    """

    file: str
    marked: Marked
    head: Head | None = None
    box: Box | None = None
    region: str = ""
    desk: str = ""
    parties: dict[str, PartyShape] = field(default_factory=dict)
    zones: dict[str, ZoneShape] = field(default_factory=dict)
    sections: dict[str, SectionShape] = field(default_factory=dict)
    gateways: dict[str, GatewayShape] = field(default_factory=dict)
    kinds: dict[str, KindShape] = field(default_factory=dict)
    shifts: dict[str, ShiftShape] = field(default_factory=dict)
    crews: dict[str, CrewShape] = field(default_factory=dict)
    rosters: dict[str, RosterShape] = field(default_factory=dict)
    clocks: ClocksShape = field(default_factory=ClocksShape)
    facilities: list[FacilityDraft] = field(default_factory=list)
    devices: list[DeviceDraft] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)  # of facilities, also of those that do not fit their shape
    declared: dict[str, dict[str, Kind | None]] = field(default_factory=dict)

    def line(self, *path: str | int) -> int:
        """The line of something in site.yaml."""
        return self.marked.line(path)


def read_draft(files: Mapping[str, bytes], names: Mapping[str, str], faults: Faults) -> Draft:
    """Read the files of a site. `names` says how each file is told to a person."""
    file = names[SITE_FILE]
    draft = Draft(file, Marked({}, {}))
    if _is_there(files, names, SITE_FILE, faults):
        text = decode(files[SITE_FILE], file, faults)
        marked = read_marked(text, file, faults) if text is not None else None
        if marked is not None:
            draft.marked = marked
            _fit_site(draft, faults)
    if _is_there(files, names, FACILITIES_FILE, faults):
        lines = table_lines(files, names, FACILITIES_FILE, faults)
        if lines is not None:
            fit_facilities(draft, lines, faults)
    if DEVICES_FILE in files:
        _fit_devices(draft, table_lines(files, names, DEVICES_FILE, faults) or (), faults)
    return draft


def table_lines(files: Mapping[str, bytes], names: Mapping[str, str], which: str, faults: Faults) -> list[Line] | None:
    """The rows of one of a site's CSV files; None with faults where it cannot be read or its header is wrong."""
    known, needed = {
        FACILITIES_FILE: (FACILITY_COLUMNS, FACILITY_NEEDED),
        DEVICES_FILE: (DEVICE_COLUMNS, DEVICE_NEEDED),
    }[which]
    file = names[which]
    text = decode(files[which], file, faults)
    table = read_table(text, file, faults) if text is not None else None
    if table is None:
        return None
    columns = known_columns(table, file, faults, known=known, needed=needed)
    if not columns.issuperset(needed):
        return None  # every row would miss the same cell
    if len(columns) == len(table.columns):
        return table.rows
    return [
        Line(line.file, line.number, {name: cell for name, cell in line.cells.items() if name in columns})
        for line in table.rows
    ]


def fit_facilities(draft: Draft, lines: Sequence[Line], faults: Faults) -> None:
    """Fit rows of facilities to their shape and add them to the draft."""
    first = {line.cells["id"]: line for line in draft.lines if "id" in line.cells}
    kinds = draft.declared.setdefault("facilities", {})
    for line in lines:
        cells = {name: cell for name, cell in line.cells.items() if name not in ATTRIBUTES}
        row = fit(FacilityRow, cells, Place(line.file, lambda _, at=line.number: at), faults)  # type: ignore[misc]  # bound early
        attributes = _attributes(line, faults)
        told = line.cells.get("id", "")
        if told in first:
            _twice(f"facility {told}", line, first[told], faults)
            continue
        draft.lines.append(line)
        if told:
            first[told] = line
            kinds[told] = row.kind if row else _kind(line.cells.get("kind", ""))
        if row is not None:
            draft.facilities.append(FacilityDraft(line, row, attributes))


def _fit_devices(draft: Draft, lines: Sequence[Line], faults: Faults) -> None:
    first: dict[str, Line] = {}
    for line in lines:
        row = fit(DeviceRow, line.cells, Place(line.file, lambda _, at=line.number: at), faults)  # type: ignore[misc]  # bound early
        told = line.cells.get("id", "")
        if told in first:
            _twice(f"device {told}", line, first[told], faults)
            continue
        first[told] = line
        if row is not None:
            draft.devices.append(DeviceDraft(line, row))


def _fit_site(draft: Draft, faults: Faults) -> None:
    whole = draft.marked.value
    if not isinstance(whole, dict):
        expected = f"a mapping with {', '.join((*Head.model_fields, *SECTIONS))}"
        faults.add(draft.file, 1, f"the file holds {shown(whole) if whole else 'nothing'}", expected)
        return
    known = (*Head.model_fields, *SECTIONS, CLOCKS, ROSTERS)
    for key in whole:
        if key not in known:
            faults.add(draft.file, draft.line(key), f"{key} is not known", one_of(known, key))
    head = {key: value for key, value in whole.items() if key in Head.model_fields}
    draft.head = fit(Head, head, Place(draft.file, draft.marked.line), faults)
    draft.box = fit(Box, whole["box"], Place(draft.file, draft.marked.line), Faults()) if "box" in whole else None
    draft.region, draft.desk = (
        value if isinstance(value := whole.get(name), str) else "" for name in ("region", "desk")
    )
    draft.parties = _fit_section(draft, whole, "parties", PartyShape, faults)
    draft.zones = _fit_section(draft, whole, "zones", ZoneShape, faults)
    draft.sections = _fit_section(draft, whole, "sections", SectionShape, faults)
    draft.gateways = _fit_section(draft, whole, "gateways", GatewayShape, faults)
    draft.kinds = _fit_section(draft, whole, "kinds", KindShape, faults)
    draft.shifts = _fit_section(draft, whole, "shifts", ShiftShape, faults)
    draft.crews = _fit_section(draft, whole, "crews", CrewShape, faults)
    if ROSTERS in whole:
        draft.rosters = _fit_section(draft, whole, ROSTERS, RosterShape, faults)
    if CLOCKS in whole:
        said = whole[CLOCKS] if isinstance(whole[CLOCKS], dict) else {"": whole[CLOCKS]}
        draft.clocks = fit(ClocksShape, said, Place(draft.file, draft.marked.line, (CLOCKS,)), faults) or ClocksShape()


def _fit_section(draft: Draft, whole: Mapping[str, Any], name: str, shape: type[S], faults: Faults) -> dict[str, S]:
    bodies = whole.get(name)
    if bodies is None and name in OPTIONAL_SECTIONS:
        draft.declared[name] = {}
        return {}
    if not isinstance(bodies, dict) or not bodies:
        what = f"{name} is {shown(bodies)}" if name in whole else f"{name} is missing"
        faults.add(draft.file, draft.line(name), what, f"{name} by id, as `{name}: {{some-id: {{…}}}}`")
        return {}
    draft.declared[name] = dict.fromkeys(bodies)
    found = {}
    for key, body in bodies.items():
        _check_id(draft, name, key, faults)
        if not isinstance(body, dict):
            what, fields = f"{name}.{key} is {shown(body)}", [f.alias or n for n, f in shape.model_fields.items()]
            faults.add(draft.file, draft.line(name, key), what, f"a mapping with {', '.join(fields)}")
            continue
        fitted = fit(shape, body, Place(draft.file, draft.marked.line, (name, key)), faults)
        if fitted is not None:
            found[key] = fitted
    return found


def _check_id(draft: Draft, section: str, key: str, faults: Faults) -> None:
    if section == "kinds":
        if _kind(key) is None:
            faults.add(draft.file, draft.line(section, key), f"{key} is no kind of facility", one_of(Kind, key))
    elif not is_id(key):
        faults.add(draft.file, draft.line(section, key), f"the id {key!r} cannot be used", "an id of a-z, 0-9 and -")


def is_id(text: str) -> bool:
    """Whether a text is an id: `[a-z0-9-]+`, plain ASCII."""
    return bool(text) and text.isascii() and all(c.isdigit() or c.islower() or c == "-" for c in text)


def _attributes(line: Line, faults: Faults) -> dict[str, float]:
    found = {}
    for name, cell in line.cells.items():
        unit = ATTRIBUTES.get(name)
        if unit is None:
            continue
        try:
            number = float(cell)
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or (number <= 0 and name != "deck_level_cm"):
            expected = "a number" if name == "deck_level_cm" else "a number above 0"
            expected += f", in {unit}" if unit else ""
            faults.add(line.file, line.number, f"{name} is {shown(cell)}", expected)
            continue
        found[name] = number
    return found


def _kind(text: str) -> Kind | None:
    return Kind(text) if text in KINDS else None


def _twice(what: str, line: Line, first: Line, faults: Faults) -> None:
    faults.add(line.file, line.number, f"{what} is there twice", f"one only (the first is {first.file}:{first.number})")


def _is_there(files: Mapping[str, bytes], names: Mapping[str, str], which: str, faults: Faults) -> bool:
    if which not in files:
        faults.add(names[which], 1, "there is no such file", f"the files {' and '.join(NEEDED_FILES)}")
    return which in files
