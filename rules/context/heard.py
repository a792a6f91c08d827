"""What the journal tells of the surroundings: tide, wind and weather, how full it is, who is at work, what is planned.

It changes in the order of the journal alone, is kept with the engine's state, and so is the same in every replay. By
event time: what is asked about a moment is what was known to hold then (`rules.context.tracks` says from when a reading
counts). An instrument that has not spoken for `PATIENCE` of its intervals knows nothing any more; then the next nearest
one is asked, and where there is none it is unknown.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from domain.naming import Kind
from domain.readings import Millis, Quality, Reading
from domain.site import Device, Site
from rules.context.anchors import anchors, metres
from rules.context.labour import REMEMBERED, Plan, Stint, Stints, planned
from rules.context.throng import Count, Standing, Throng
from rules.context.tracks import EVER, HOUR, Fallen, Peak, Rise, Step, Track
from rules.core.surroundings import Place, Surroundings
from rules.core.vocabulary import CONTEXT

PATIENCE: Final = 3  # intervals
REACH: Final[Millis] = 3 * HOUR  # how far back anybody asks, unless told otherwise
_UNFIT: Final = int(Quality.BACKFILL | Quality.TIME_UNKNOWN)

COAST: Final[Mapping[str, tuple[str, type[Track]]]] = {  # name → quantity it is made of, and how
    "tide_level": ("tide_level", Track),
    "tide_rising": ("tide_level", Rise),
    "wind_speed": ("wind_speed", Track),
    "wind_gust": ("wind_gust", Peak),
    "rain_rate": ("rain_rate", Track),
    "rain_12h": ("rain_rate", Fallen),
    "visibility": ("visibility", Track),
    "air_temperature": ("air_temperature", Track),
}
CROWD: Final = ("crowd_level", "crowd_share")
WORK: Final = ("at_work", "since_work", "maintenance")


class _Crowd(msgspec.Struct, frozen=True):
    counts: list[Count]
    before: Standing


class _Saved(msgspec.Struct, frozen=True, omit_defaults=True):
    coast: dict[str, dict[str, list[Step]]] = {}  # by device and name
    crowd: dict[str, _Crowd] = {}  # by zone
    work: dict[str, list[Stint]] = {}  # by facility
    plans: list[Plan] = []


_saved = msgspec.json.Decoder(_Saved)


class HeardContext:
    """What was heard of the surroundings of a site. `wanted`: names that anybody asks for; `reach`: how far back."""

    def __init__(self, site: Site, wanted: frozenset[str] = frozenset(CONTEXT), reach: Millis = REACH) -> None:
        self._site, self._reach = site, reach
        self._coast = [name for name in COAST if name in wanted]
        self._crowd = any(name in wanted for name in CROWD)
        self._minutely = "since_work" in wanted
        coast, crowd = bool(self._coast), self._crowd
        self.kinds = frozenset(k for k, asked in ((Kind.COAST, coast), (Kind.CROWD, crowd)) if asked)
        self._stations = _nearest(site)
        self._tracks: dict[str, dict[str, Track]] = {}
        self._throngs: dict[str, Throng] = {}
        self._work: dict[str, Stints] = {}
        self._plans: dict[str, Plan] = {}
        self.own_of: frozenset[str] = frozenset()  # facilities of which more is known than what their zone shares

    def hear(self, reading: Reading) -> bool:
        """A reading of one of `kinds`; what is back-filled, or of an unknown time, tells nothing. Whether it counts."""
        if reading.quality & _UNFIT or reading.device not in self._site.devices:
            return False
        if reading.kind == Kind.CROWD:
            return self._crowd and self._counted(reading)
        if reading.kind != Kind.COAST:
            return False
        counts = False
        for name in self._coast:
            quantity, _ = COAST[name]
            value = reading.values.get(quantity)
            if isinstance(value, float | int):
                track = self._track(reading.device, name)
                counts = track.hear(reading.at, reading.received, float(value)) or counts
        return counts

    def work(self, facility: str, who: str, since: Millis | None, until: Millis | None) -> bool:
        """Somebody's work on a facility begins (`until` None) or ends; work that has begun keeps its beginning. Both
        None: nobody came after all. Whether any answer may now be another.
        """
        changed = self._work.setdefault(facility, Stints()).work(who, since, until)
        newest = max((one for one in (since, until) if one is not None), default=0)
        self._work = {name: work for name, work in self._work.items() if work.ended > newest - REMEMBERED}
        self._note_own()
        return changed

    def plan(self, plan: str, facility: str, zone: str, since: Millis, until: Millis) -> bool:
        """Work is planned on a facility, or (that being "") in a zone; or the plan of that id is another now. One that
        ends as it begins is taken back.
        """
        before = dict(self._plans)
        self._plans = {p.id: p for p in before.values() if p.id != plan and p.until > since - REMEMBERED}
        if until > since:
            self._plans[plan] = Plan(plan, facility, zone, since, until)
        self._note_own()
        return self._plans != before

    def at(self, place: Place, when: Millis) -> Surroundings:
        """All of it that is known of a place at a moment."""
        shared = self.shared(place.zone, when)
        own = self.own(place, when)
        values = {**shared.values, **own.values}
        return Surroundings(max(shared.since, own.since), min(shared.until, own.until), values)

    def shared(self, zone: str, when: Millis) -> Surroundings:
        """What a zone shares: the weather, and how full it is."""
        since, until = 0, EVER
        values: dict[str, bool | float] = {}
        for name in self._coast:
            for device in self._stations.get(zone, ()):
                track = self._tracks.get(device, {}).get(name)
                if track is None:
                    continue
                told = track.told(when)
                since, until = max(since, told.since), min(until, told.until)
                if told.value is not None:
                    values[name] = told.value if CONTEXT[name].unit is not None else told.value > 0
                    break
        if (throng := self._throngs.get(zone)) is not None:
            begins, ends, known = throng.at(when)
            since, until = max(since, begins), min(until, ends)
            if known is not None:
                values["crowd_level"], values["crowd_share"] = float(known[0]), known[1]
        return Surroundings(since, until, values)

    def own(self, place: Place, when: Millis) -> Surroundings:
        """What a facility has of its own: who is at work there, and what is planned."""
        plans = planned(self._plans.values(), place.zone, place.facility, when)
        if not place.facility:
            return plans
        stints = self._work.get(place.facility)
        if stints is None:
            return plans._replace(values={**plans.values, "at_work": False})
        work = stints.at(when, minutely=self._minutely)
        values = {**plans.values, **work.values}
        return Surroundings(max(plans.since, work.since), min(plans.until, work.until), values)

    def save(self) -> bytes:
        """All of it, for `load`."""
        return msgspec.json.encode(
            _Saved(
                coast={d: {name: track.steps for name, track in named.items()} for d, named in self._tracks.items()},
                crowd={zone: _Crowd(throng.counts, throng.before) for zone, throng in self._throngs.items()},
                work={facility: work.stints for facility, work in self._work.items()},
                plans=list(self._plans.values()),
            )
        )

    def load(self, text: bytes) -> None:
        """Take up what `save` gave; what is of no device, zone or name any more is let go."""
        saved = _saved.decode(text)
        for device, named in saved.coast.items():
            for name, steps in named.items():
                if device in self._site.devices and name in self._coast:
                    self._track(device, name).steps = list(steps)
        for zone, crowd in saved.crowd.items():
            if zone in self._site.zones and self._crowd:
                self._throngs[zone] = self._throng(zone, crowd)
        self._work = {facility: Stints(stints) for facility, stints in saved.work.items()}
        self._plans = {plan.id: plan for plan in saved.plans}
        self._note_own()

    def _note_own(self) -> None:
        self.own_of = frozenset((*self._work, *(plan.facility for plan in self._plans.values() if plan.facility)))

    def _track(self, device: str, name: str) -> Track:
        tracks = self._tracks.setdefault(device, {})
        if name not in tracks:
            tracks[name] = COAST[name][1](_patience(self._site.devices[device]), self._reach)
        return tracks[name]

    def _counted(self, reading: Reading) -> bool:
        people = reading.values.get("people_now")
        facility = self._site.facilities.get(reading.facility)
        if not isinstance(people, float | int) or facility is None or not facility.attributes.get("capacity"):
            return False
        if facility.zone not in self._throngs:
            self._throngs[facility.zone] = self._throng(facility.zone, None)
        return self._throngs[facility.zone].hear(facility.id, reading.at, reading.received, float(people))

    def _throng(self, zone: str, saved: _Crowd | None) -> Throng:
        site = self._site
        counters = [f for f in site.facilities.values() if f.kind is Kind.CROWD and f.zone == zone]
        capacity = {f.id: f.attributes.get("capacity", 0.0) for f in counters}
        patience = {
            f.id: max((_patience(site.devices[d]) for d in site.devices_of.get(f.id, ())), default=0) for f in counters
        }
        told = (saved.counts, saved.before) if saved is not None else ((), None)
        return Throng(capacity, patience, self._reach, *told)


def _patience(device: Device) -> Millis:
    return PATIENCE * device.interval_s * 1000


def _nearest(site: Site) -> Mapping[str, tuple[str, ...]]:
    """The devices of the coast's stations for each zone, nearest first."""
    stations = [f for f in site.facilities.values() if f.kind is Kind.COAST]
    found = {}
    for zone, here in anchors(site).items():
        in_order = sorted(stations, key=lambda f: (round(metres(here, f.position)), f.id))
        found[zone] = tuple(device for f in in_order for device in site.devices_of.get(f.id, ()))
    return found
