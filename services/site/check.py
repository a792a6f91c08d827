"""Checking a site's files against each other: everything that is named is there, and everything needed is said."""

from collections.abc import Iterable

from domain.naming import TRADES, Kind
from services.site.check_clocks import check_clocks
from services.site.check_rows import check_rows
from services.site.draft import Draft, is_id
from services.site.faults import Faults, one_of
from services.site.geometry import length
from services.site.needs import TRADES_FOR
from services.site.table import Line

LENGTH_SLACK = 0.3  # how far a section's chainage may differ from the length of its line


def check(draft: Draft, faults: Faults) -> None:
    """Add a fault for everything that does not fit together, and a notice for everything that is odd."""
    _head(draft, faults)
    _zones(draft, faults)
    _sections(draft, faults)
    for key, gateway in draft.gateways.items():
        _known(draft, ("gateways", key, "zone"), gateway.zone, "zones", faults)
        _within_box(draft, ("gateways", key, "position"), gateway.position, faults)
    for key, kind in draft.kinds.items():
        for role in ("owner", "supervisor", "maintainer"):
            _known(draft, ("kinds", key, role), getattr(kind, role), "parties", faults)
    _crews(draft, faults)
    check_clocks(draft, faults)
    check_rows(draft, faults)
    _coverage(draft, faults)


def _head(draft: Draft, faults: Faults) -> None:
    box = draft.box
    if box is not None and (box.south >= box.north or box.west >= box.east):
        faults.add(draft.file, draft.line("box"), "the box is empty", "south below north and west below east")
        draft.box = None  # else every position would lie outside
    if is_id(draft.desk):
        _known(draft, ("desk",), draft.desk, "crews", faults)


def _zones(draft: Draft, faults: Faults) -> None:
    nodes: dict[str, str] = {}
    for key, zone in draft.zones.items():
        here = ("zones", key)
        _known(draft, (*here, "subdistrict"), zone.subdistrict, "parties", faults)
        _known(draft, (*here, "community"), zone.community, "parties", faults)
        line = draft.line(*here, "neighbours")
        if not zone.neighbours and len(draft.declared["zones"]) > 1:
            faults.add(draft.file, line, f"zones.{key}.neighbours is empty", "at least one zone next to it")
        for index, neighbour in enumerate(zone.neighbours):
            path = (*here, "neighbours", index)
            if neighbour == key:
                faults.add(draft.file, draft.line(*path), f"zone {key} is its own neighbour", "other zones only")
                continue
            _known(draft, path, neighbour, "zones", faults)
            if neighbour in draft.zones and key not in draft.zones[neighbour].neighbours:
                faults.notice(draft.file, draft.line(*path), f"{neighbour} does not have {key} among its neighbours")
        for index, point in enumerate(zone.outline):
            _within_box(draft, (*here, "outline", index), point, faults)
        for name, node in zone.nodes.items():
            node_path = (*here, "nodes", name)
            _within_box(draft, (*node_path, "position"), node.position, faults)
            if name in nodes:
                what = f"node {name} is in zone {nodes[name]} too"
                faults.add(draft.file, draft.line(*node_path), what, "every node once")
            nodes.setdefault(name, key)


def _sections(draft: Draft, faults: Faults) -> None:
    for key, section in draft.sections.items():
        here = ("sections", key)
        _known(draft, (*here, "zone"), section.zone, "zones", faults)
        for index, point in enumerate(section.line):
            _within_box(draft, (*here, "line", index), point, faults)
        if section.end <= section.start:
            what = f"sections.{key} ends at or before its start"
            faults.add(draft.file, draft.line(*here, "to"), what, "`to` beyond `from`")
            continue
        told, drawn = section.end - section.start, length(section.line)
        if abs(told - drawn) > LENGTH_SLACK * told:
            what = f"sections.{key} is {told:.0f} m long by its chainage and {drawn:.0f} m by its line"
            faults.notice(draft.file, draft.line(*here), what)


def _crews(draft: Draft, faults: Faults) -> None:
    for key, crew in draft.crews.items():
        here = ("crews", key)
        _known(draft, (*here, "party"), crew.party, "parties", faults)
        _within_box(draft, (*here, "base"), crew.base, faults)
        for index, trade in enumerate(crew.trades or ()):
            if trade not in TRADES:
                path = (*here, "trades", index)
                faults.add(draft.file, draft.line(*path), f"no crew has the trade {trade!r}", one_of(TRADES, trade))
        for what, ids in (("zones", crew.zones), ("shifts", crew.shifts)):
            for index, one in enumerate(ids or ()):
                _known(draft, (*here, what, index), one, what, faults)
        for what in ("trades", "zones", "shifts"):
            if getattr(crew, what) == []:
                faults.add(draft.file, draft.line(*here, what), f"crews.{key}.{what} is empty", "`all` or at least one")


def _coverage(draft: Draft, faults: Faults) -> None:
    """No dead corners (不留死角): say whose orders only the duty desk would get."""
    desk = draft.crews.get(draft.desk)
    for what in ("trades", "zones", "shifts"):
        if desk is not None and getattr(desk, what) is not None:
            line = draft.line("crews", draft.desk, what)
            faults.notice(draft.file, line, f"the duty desk gets what nobody takes: its {what} can only be `all`")
    covered = {
        (zone, trade)
        for key, crew in draft.crews.items()
        if key != draft.desk and not crew.lead
        for zone in (draft.zones if crew.zones is None else crew.zones)
        for trade in (TRADES if crew.trades is None else crew.trades)
    }
    bare: dict[tuple[str, Kind, str], list[Line]] = {}
    for facility in draft.facilities:
        row = facility.row
        for trade in TRADES_FOR[row.kind]:
            if row.zone in draft.zones and (row.zone, trade) not in covered:
                bare.setdefault((row.zone, row.kind, trade), []).append(facility.line)
    for (zone, kind, trade), lines in bare.items():
        what = f"no crew of trade {trade} covers {len(lines)} of kind {kind} in zone {zone}: the desk gets their orders"
        faults.notice(lines[0].file, lines[0].number, what)


def _within_box(draft: Draft, path: tuple[str | int, ...], point: tuple[float, float], faults: Faults) -> None:
    box = draft.box
    if box is None or box.holds(*point):
        return
    swapped = " (latitude comes first)" if box.holds(point[1], point[0]) else ""
    what = f"{_told(path)} is {point[0]}, {point[1]}, outside the site's box"
    faults.add(draft.file, draft.line(*path), what, box.text() + swapped)


def _known(draft: Draft, path: tuple[str | int, ...], given: str, section: str, faults: Faults) -> None:
    known: Iterable[str] = draft.declared.get(section, ())
    if section in draft.declared and given not in known:
        what = f"{_told(path)} names {given}, which is not among the {section}"
        faults.add(draft.file, draft.line(*path), what, one_of(known, given))


def _told(path: tuple[str | int, ...]) -> str:
    return ".".join(str(step) for step in path)
