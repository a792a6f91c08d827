"""The state of the rule engine, laid out for one place: of all that is kept, what bears on it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import msgspec

from domain.readings import Millis, Quality, Reading, Value
from domain.site import Site
from rules.book import RuleBook
from rules.context.all import surroundings
from rules.core import absence
from rules.core.params import resolve
from rules.core.state import QUIET, Sample
from rules.core.step import UNFIT
from rules.core.surroundings import Place
from rules.core.trust import EVERYTHING
from rules.runners import saved
from rules.runners.explain import Scene, explain, explain_group, explain_silence
from rules.runners.explained import Distrusted, Explained, Held, Silence
from rules.runners.fitting import fit
from rules.runners.fusion import Watch
from rules.runners.instruments import doubted, others_say
from rules.runners.pages import Pages
from rules.runners.records import Circle, Ear, Spot

States = Callable[[Collection[str]], Mapping[str, bytes]]


class Laid:
    """The engine of a place and of the groups that it belongs to, as it was kept. Made for one question."""

    def __init__(self, site: Site, rules: RuleBook, place: str, states: States) -> None:
        """`states` gives what is kept under some names."""
        self.site, self.rules, self.place = site, rules, place
        fitted = fit(rules, _part(site, rules, place))
        self._spots = {spot.facility.id: spot for spot in fitted.spots}
        self._circles = fitted.circles
        self._ears = fitted.ears
        self._context = surroundings(site, rules)
        pages = Pages(fitted.spots)
        keys = {saved.LISTENING, saved.CONTEXT, *(circle.key for circle in self._circles)}
        for spot in fitted.spots:
            keys.update((spot.key, spot.page.key))
        found = states(keys)
        pages.load(dict(found), 0, fitted.ears, self._spots)
        for spot in fitted.spots:
            if spot.key in found:
                saved.take_up_spot(spot, found[spot.key])
        for circle in self._circles:
            if circle.key in found:
                saved.take_up_circle(circle, found[circle.key])
        if saved.CONTEXT in found:
            self._context.load(found[saved.CONTEXT])
        listening = found.get(saved.LISTENING)
        self._listening = None if listening is None else msgspec.json.decode(listening, type=saved.SavedListening).since

    def explained(self, readings: Iterable[Reading], now: Millis, rule: str | None = None) -> list[Explained]:
        """Every rule that fits the place, or one of them; by name. `readings` are what its devices said lately."""
        said = sorted((one for one in readings if one.device in self._ears), key=lambda one: (one.at, one.device))
        for one in said:
            self._ears[one.device].heard = max(self._ears[one.device].heard, one.at)
        found: list[Explained] = []
        if (spot := self._spots.get(self.place)) is not None:
            samples = list(self._samples(spot, said))
            found += [self._one(spot, watch, key, samples, now) for watch, key in spot.keys]
            found += [self._group(circle, now) for circle in spot.circles]
        else:
            found += [self._group(one, now) for one in self._circles if one.hub == self.place]
        return sorted((one for one in found if rule in (None, one.rule)), key=lambda one: (one.id, one.subject))

    def _samples(self, spot: Spot, said: Sequence[Reading]) -> Iterator[Sample]:
        """What was said, with what rules ask beside it; what others say is known of the newest alone."""
        before: dict[str, Mapping[str, Value]] = {}
        newest = {one.device: one.at for one in said}
        for one in said:
            if one.quality & UNFIT:
                continue
            values = {**one.values, **{f"{q} before": v for q, v in before.get(one.device, {}).items()}}
            if spot.fusion.instrumental:
                values["clock_off"] = bool(one.quality & Quality.TIME_CORRECTED)
                values["value_dropped"] = bool(one.quality & Quality.VALUE_DROPPED)
                if (started := self._ears[one.device].started) is not None:
                    values["since_start"] = (one.at - started) / 1000
            for quantity in spot.fusion.near if one.at == newest[one.device] else ():
                if (others := others_say(spot, quantity, one.at)) is not None:
                    values[f"{quantity} near"] = others
            before[one.device] = {q: one.values[q] for q in spot.fusion.compared if q in one.values}
            yield Sample(one.at, one.device, values)

    def _one(self, spot: Spot, watch: Watch, key: str, samples: Sequence[Sample], now: Millis) -> Explained:
        state = spot.states.get(key, QUIET)
        device = key.partition("/")[2]
        distrusted = () if watch.holds else tuple(_distrusted(spot))
        mine = [_believed(one, distrusted) for one in samples if device in ("", one.device)]
        scene = Scene(
            spot.subject(key),
            spot.place._replace(doubted=doubted(spot, now)),
            self._context,
            now,
            mine,
            tuple(_held(spot.coverers(key))),
            spot.cover(key),
            distrusted,
            resolve(watch.program.rule, spot.facility),
        )
        if not watch.absence:
            return explain(watch.program, state, scene)
        return explain_silence(watch.program, state, scene, self._silence(self._ears[device], spot.place))

    def _silence(self, ear: Ear, place: Place) -> Silence:
        since = max(ear.heard, self._listening or 0)
        limit = since + absence.limit(ear.device, place, since, self.rules.intervals, self._context)
        return Silence(ear.id, ear.heard if ear.heard >= 0 else None, self._listening, limit, ear.silent)

    def _group(self, circle: Circle, now: Millis) -> Explained:
        hub = self.site.facilities.get(circle.hub)
        zone = hub.zone if hub is not None else circle.hub if circle.hub in self.site.zones else ""
        scene = Scene(circle.subject, Place(zone, {}), self._context, now)
        return explain_group(circle.program, circle.group, scene, circle.size, circle.covered())


def _held(circles: Iterable[Circle]) -> Iterator[Held]:
    for circle in circles:
        if circle.cover is not None:
            yield Held(circle.program.rule.name, circle.subject, circle.cover.since, circle.cover.until)


def _distrusted(spot: Spot) -> Iterator[Distrusted]:
    for watch, key in spot.keys:
        state = spot.states.get(key)
        if watch.holds and state is not None and state.open is not None:
            yield Distrusted(watch.name, key.partition("/")[2], tuple(sorted(watch.holds)), state.open.at)


def _believed(sample: Sample, distrusted: Sequence[Distrusted]) -> Sample:
    """A sample without what is not believed of it."""
    gone = {q for one in distrusted if one.device == sample.device and sample.at >= one.since for q in one.quantities}
    if not gone:
        return sample
    kept = {} if EVERYTHING in gone else {q: v for q, v in sample.values.items() if q.partition(" ")[0] not in gone}
    return Sample(sample.at, sample.device, kept)


def _part(site: Site, rules: RuleBook, place: str) -> Site:
    """The part of a site that bears on a place: it, who is in a group with it, and over whom the groups stand."""
    wanted = {place} & site.facilities.keys()
    overs = {rule.quorum.over for rule in rules.rules.values() if rule.quorum is not None}
    if place in site.zones or place in site.sections:
        wanted = {name for name, one in site.facilities.items() if place in (one.zone, one.section)}
    elif wanted and not overs <= {"feeder", "gateway"}:
        here = site.facilities[place]
        wanted |= {
            name
            for name, one in site.facilities.items()
            if one.zone == here.zone or (one.section, one.cabinet) == (here.section, here.cabinet)
        }
    behind = {site.devices[one].gateway for name in wanted for one in site.devices_of.get(name, ())} | {place}
    for gateway in behind & site.devices_behind.keys():
        wanted |= {site.devices[one].facility for one in site.devices_behind[gateway]}
    feeders = {site.facilities[name].feeder for name in wanted} | wanted
    for feeder in feeders & site.lamps_of.keys():
        wanted |= {feeder, *site.lamps_of[feeder]}
    facilities = {name: site.facilities[name] for name in sorted(wanted & site.facilities.keys())}
    devices = {name: one for name, one in site.devices.items() if one.facility in facilities}
    return replace(site, facilities=facilities, devices=devices)
