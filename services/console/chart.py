"""The coast as the page is given it once: everything that has a place or a name and does not change while we run."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from domain.site import Grade, Name, Position, Site
from services.site.scenery import Scenery


def chart_of(
    site: Site, scenery: Scenery, titles: Mapping[str, Name], zones: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """JSON-able. Positions are `[latitude, longitude]`, names `[English, Chinese]`; `titles` are those of rules. Of
    some zones alone, where they are given: the coast is drawn whole, and what stands on it is theirs.
    """
    crews = [one for one in site.crews.values() if not zones or one.id == site.desk or zones & {*one.zones}]
    facilities = [one for one in site.facilities.values() if not zones or one.zone in zones]
    return {
        "site": site.id,
        "name": _name(site.name),
        "zone": site.timezone,
        "simulated": site.simulated,
        "scenery": {
            **{name: _lines(getattr(scenery, name)) for name in ("land", "beaches", "piers", "parks", "roads")},
            "waters": [[_name(one.name), _at(one.position)] for one in scenery.waters.values()],
        },
        "zones": {
            zone.id: {
                "name": _name(zone.name),
                "demonstration": zone.grade is Grade.DEMONSTRATION,
                "outline": _line(zone.outline),
                "nodes": [[_name(node.name), _at(node.position), node.grade] for node in zone.nodes],
            }
            for zone in site.zones.values()
        },
        "trail": _lines(section.line for section in site.sections.values()),
        "crews": {crew.id: {"name": _name(crew.name), "base": _at(crew.base)} for crew in crews},
        "rules": {rule: _name(title) for rule, title in titles.items()},
        "facilities": [[one.id, one.kind, one.element, one.zone, *_at(one.position), *one.name] for one in facilities],
    }


def _name(name: Name) -> list[str]:
    return [name.en, name.zh]


def _at(position: Position) -> list[float]:
    return [round(position.lat, 6), round(position.lon, 6)]


def _line(line: Sequence[Position]) -> list[list[float]]:
    return [_at(point) for point in line]


def _lines(lines: Iterable[Sequence[Position]]) -> list[list[list[float]]]:
    return [_line(line) for line in lines]
