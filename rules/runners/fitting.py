"""Fitting rules to a site: which rule watches which facility, and who belongs to which group."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.naming import Kind
from domain.readings import Millis
from domain.site import Site
from rules.book import RuleBook
from rules.core import absence
from rules.core.expression import Condition, interest
from rules.core.groups import HUB
from rules.core.program import Program, member_kind
from rules.core.rule import Quorum
from rules.core.vocabulary import CONTEXT
from rules.runners.fusion import Fusion, Watch
from rules.runners.records import Circle, Ear, Spot


@dataclass(frozen=True, slots=True)
class Fitted:
    """The site as the runner sees it. Everything is in the order of ids: no result depends on hashing."""

    ears: dict[str, Ear]
    spots: tuple[Spot, ...]
    circles: tuple[Circle, ...]
    recall: Millis  # how far back a window, and a wait, may reach


def fit(rules: RuleBook, site: Site) -> Fitted:
    """Make the records of a site."""
    programs = [program for _, program in sorted(rules.programs.items())]
    fusions = {kind: _fusion(kind, programs) for kind in Kind}
    same: dict[tuple[tuple[str, float], ...], dict[str, float]] = {}  # most facilities have what others have as well
    spots: dict[str, Spot] = {}
    ears: dict[str, Ear] = {}
    for name, facility in sorted(site.facilities.items()):
        fusion = fusions[facility.kind]
        found = fusion.fitted(facility)
        spots[name] = spot = Spot(facility, fusion, same.setdefault(tuple(found.items()), found))
        for device in site.devices_of.get(name, ()):
            ears[device] = Ear(site.devices[device], spot)
            ears[device].patience = absence.shortest(site.devices[device], rules.intervals)
            spot.ears.append(ears[device])
    circles = [circle for program in programs if program.rule.quorum for circle in _circles(program, site, spots, ears)]
    peers: dict[tuple[str, Kind], list[Spot]] = {}
    for spot in spots.values():
        spot.peers = peers.setdefault((spot.facility.zone, spot.facility.kind), [])
        spot.peers.append(spot)
    for number, ear in enumerate(ears.values()):
        ear.order = number
    for number, circle in enumerate(circles):
        circle.order = number
    for number, spot in enumerate(spots.values()):
        spot.order = number
    recall = max((program.span + program.wait for program in programs), default=0)
    return Fitted(ears, tuple(spots.values()), tuple(circles), recall)


def _fusion(kind: Kind, programs: Sequence[Program]) -> Fusion:
    """What watches a kind, and the one function that asks for all of them."""
    watching = [p for p in programs if p.rule.quorum is None and p.rule.kind in (kind, None)]
    watching.sort(key=lambda p: not p.rule.holds)  # what holds others back is judged before them
    groups = [p for p in programs if p.rule.quorum is not None]
    asked = [pair for program in watching for pair in _asked(program)]
    asked += [(None, p.member) for p in groups if p.member is not None and p.rule.quorum is not None
              and kind is member_kind(p.rule.quorum)]  # fmt: skip
    asked += [pair for p in groups if p.rule.kind is kind for pair in _asked(p)]
    named = {name for pair in asked for one in pair if one is not None for name in one.context}
    return Fusion(
        tuple(Watch(program, interest(_asked(program))) for program in watching),
        asked,
        own=any(CONTEXT[name].own for name in named),
        ruled=tuple(p.rule for p in (*watching, *groups) if p.rule.params),
    )


def _asked(program: Program) -> list[tuple[Condition | None, Condition]]:
    return [(program.given, clause) for clause in program.clauses if clause is not None]


def _circles(program: Program, site: Site, spots: dict[str, Spot], ears: dict[str, Ear]) -> list[Circle]:
    quorum = program.rule.quorum
    assert quorum is not None  # noqa: S101
    made = []
    if quorum.over == "gateway":
        for hub, devices in sorted(site.devices_behind.items()):
            circle = Circle(program, "gateway", hub)
            for device in devices:
                _join(circle, device, ears[device].spot)
            made.append(circle)
        return made
    for hub, members in sorted(_members(site, quorum).items()):
        circle = Circle(program, quorum.over, hub)
        for who in members:
            _join(circle, who, spots[who])
            if program.member is not None:
                spots[who].asked_by += ((circle, who),)
        if hub in spots:
            _lead(circle, spots[hub])
        made.append(circle)
    return made


def _members(site: Site, quorum: Quorum) -> dict[str, list[str]]:
    """The facilities of each group, sorted."""
    kind, found = member_kind(quorum), dict[str, list[str]]()
    for name, facility in sorted(site.facilities.items()):
        hub = {
            "feeder": facility.feeder,
            "cabinet": facility.cabinet,
            "section": facility.section,
            "zone": facility.zone,
        }[quorum.over]
        if hub and facility.kind is kind:
            found.setdefault(hub, []).append(name)
    return found


def _join(circle: Circle, who: str, spot: Spot) -> None:
    circle.spots[who] = spot
    circle.size += 1
    if circle not in spot.circles:
        spot.circles += (circle,)


def _lead(circle: Circle, spot: Spot) -> None:
    circle.spots[HUB] = spot
    spot.circles += (circle,)
    if circle.program.clauses and circle.program.rule.kind is spot.facility.kind:
        spot.asked_by += ((circle, HUB),)
