"""Reading a scenario. Everything is checked before anything is played: a fault is named with its file and line."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from domain.site import Device, Site
from rules.marked import Marked
from rules.marked import Path as Where
from simulators import spells
from simulators.faults import SORTS
from tests.scenarios.script import Act, Part, Story

RULE: Final = re.compile(r"R\d\d[a-z]*")
LATER: Final = re.compile(r"issue \d+: .+")


@dataclass(frozen=True)
class Scenario:
    """A story that fits its site."""

    story: Story
    site: Site


def read(file: Path, whole: Site) -> Scenario:
    """The scenario of a file, on its part of a site. Raises FaultyFileError."""
    return parse(file.read_text("utf-8"), file.name, whole)


def parse(text: str, name: str, whole: Site) -> Scenario:
    """The same from its text."""
    marked = Marked(name, text)
    try:
        story = Story.model_validate(marked.content)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        place: Where = tuple(first["loc"])
        told = {"missing": "is not there", "extra_forbidden": "is not a key"}.get(first["type"], repr(first["input"]))
        what = f"{'.'.join(map(str, place))} {told}"
        raise marked.fault(place, what, first["msg"].removeprefix("Value error, ")) from wrong
    site = part_of(whole, story.part)
    if not site.facilities:
        raise marked.fault(("part",), "nothing of the sample is like this", "zones, kinds or names that it has")
    _Checks(story, site, marked).all()
    return Scenario(story, site)


def part_of(site: Site, part: Part) -> Site:
    """The same site with some of its facilities."""

    def fits(name: str) -> bool:
        one = site.facilities[name]
        return (
            (not part.zones or one.zone in part.zones)
            and (not part.kinds or one.kind in part.kinds)
            and (not part.facilities or any(fnmatchcase(name, like) for like in part.facilities))
        )

    chosen = {name for name in site.facilities if fits(name)}
    for _ in range(2):  # lamps bring their feeders, feeders their cabinets
        chosen |= {hub for name in chosen for hub in (site.facilities[name].feeder, site.facilities[name].cabinet)}
        chosen &= site.facilities.keys()
    devices = {name: _as_here(one, site, part) for name, one in site.devices.items() if one.facility in chosen}
    facilities = {name: one for name, one in site.facilities.items() if name in chosen}
    return replace(site, facilities=facilities, devices=devices)


def _as_here(device: Device, site: Site, part: Part) -> Device:
    every = part.every.get(site.facilities[device.facility].kind)
    if every and device.played:
        device = replace(device, interval_s=every // 1000, lit_interval_s=0)
    return replace(device, gateway=part.behind) if part.behind and device.gateway else device


def chosen_of(patterns: Sequence[str], site: Site) -> list[str]:
    """The facilities and gateways with names like these, in order."""
    pool = sorted({*site.facilities, *site.devices_behind})
    return [name for like in patterns for name in pool if fnmatchcase(name, like)]


def rules_like(said: str, ids: Mapping[str, str]) -> frozenset[str]:
    """Names of the rules that are meant by an id of domain.md (R19, or R21 for its parts R21a, R21b) or a name. `ids`:
    name by id.
    """
    if said in ids:
        return frozenset({ids[said]})
    parts = {name for key, name in ids.items() if key.startswith(said) and key[len(said) :].isalpha()}
    return frozenset(parts or ({said} & set(ids.values())))


@dataclass(frozen=True)
class _Checks:
    """That everything that is named is there, and every line says one thing."""

    story: Story
    site: Site
    marked: Marked

    def all(self) -> None:
        for n, need in enumerate(self.story.needs):
            if not RULE.fullmatch(need):
                self._later(need, ("needs", n), "R24, or `issue 6: …`")
        for n, spell in enumerate(self.story.surroundings):
            self._known([spell.what], spells.SORTS, ("surroundings", n, "what"), "spell")
            if not spell.since < spell.until:
                raise self.marked.fault(("surroundings", n), "it ends before it begins", "from before until")
        for n, act in enumerate(self.story.timeline):
            self._act(act, ("timeline", n))
        expect = self.story.expect
        for what, said in (("alarms", expect.alarms), ("orders", expect.orders)):
            for n, one in enumerate(said):
                self._known([one.facility], self._places, ("expect", what, n), "facility")
                if one.needs:
                    self._later(one.needs, ("expect", what, n, "needs"), "`issue 6: …`")
        for n, order in enumerate(expect.orders):
            self._known([order.crew], self.site.crews, ("expect", "orders", n, "crew"), "crew")

    @property
    def _places(self) -> list[str]:
        return [*self.site.facilities, *self.site.devices_behind]

    def _act(self, act: Act, where: Where) -> None:
        if len(act.verbs) != 1:
            told = " and ".join(act.verbs) or "nothing"
            raise self.marked.fault(where, f"{told} at a time", "one thing for each line")
        if act.at >= self.story.lasts:
            raise self.marked.fault((*where, "at"), "it happens after the end", "a time within the scenario")
        self._known([*act.on, *act.mend, act.facility], self._places, where, "facility")
        self._known([act.crew, act.to], self.site.crews, where, "crew")
        self._known([act.zone], self.site.zones, where, "zone")
        self._known([act.send], self.site.devices, where, "device")
        if act.fault:
            self._fault(act, where)
        if act.crew and (act.says is None or act.about is None):
            raise self.marked.fault(where, f"{act.crew} says nothing, or of nothing", "says: accept, about: {…}")
        if act.operator and not act.reason:
            raise self.marked.fault(where, "an operator gives no reason", "reason: …")
        if act.needs:
            self._later(act.needs, (*where, "needs"), "`issue 6: …`")

    def _fault(self, act: Act, where: Where) -> None:
        if act.fault not in SORTS:
            raise self.marked.fault((*where, "fault"), f"there is no fault {act.fault}", f"one of {', '.join(SORTS)}")
        kinds = SORTS[act.fault].kinds
        for name in chosen_of(act.on, self.site):
            if (self.site.facilities[name].kind not in kinds) if name in self.site.facilities else bool(kinds):
                what = f"{name} cannot have {act.fault}"
                raise self.marked.fault((*where, "on"), what, ", ".join(kinds) or "a gateway")
        if not act.on:
            raise self.marked.fault(where, "where is not said", "on: a facility")

    def _known(self, given: Iterable[str], names: Iterable[str], where: Where, what: str) -> None:
        pool = list(names)
        for one in given:
            if one and not any(fnmatchcase(name, one) for name in pool):
                some = ", ".join(sorted(pool)[:4])
                raise self.marked.fault(where, f"there is no {what} {one!r} here", f"such as {some}")

    def _later(self, need: str, where: Where, expected: str) -> None:
        if not LATER.fullmatch(need):
            raise self.marked.fault(where, f"{need!r} is nothing to wait for", expected)
