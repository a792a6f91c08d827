"""What goes wrong on the coast, and what only nearly does: named, planned, and drawn from hashes of their names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, NamedTuple

from domain.naming import Kind
from domain.readings import Millis
from domain.site import Site
from simulators.almanac import DAY, MINUTE, Almanac
from simulators.chance import Dice, token


class Sort(NamedTuple):
    """A named fault or near-miss: where it can happen, and how long one that passes by itself lasts, in minutes."""

    kinds: tuple[Kind, ...]  # () = a gateway
    real: bool  # False: a near-miss, no rule may take it for a fault
    lasts: tuple[float, float] | None = None  # None: until somebody mends it
    onset: float = 0.0  # minutes, at most, until it is as bad as it must be to count: a bin fills, a fire grows


_ANY_BUT_LIGHTING = (Kind.BIN, Kind.GREEN, Kind.CROWD, Kind.TOILET, Kind.PARKING)

SORTS: Final[Mapping[str, Sort]] = {
    "lamp_dark": Sort((Kind.LIGHT,), real=True),
    "feeder_trip": Sort((Kind.FEEDER,), real=True),
    "leakage": Sort((Kind.LIGHT,), real=True),
    "pole_leaning": Sort((Kind.LIGHT,), real=True),
    "bin_fire": Sort((Kind.BIN,), real=True, onset=7),
    "bin_overfull": Sort((Kind.BIN,), real=True, onset=66),
    "bin_tipped": Sort((Kind.BIN,), real=True),
    "toilet_foul": Sort((Kind.TOILET,), real=True, onset=6),
    "gate_fault": Sort((Kind.PARKING,), real=True),
    "dry_bed": Sort((Kind.GREEN,), real=True),
    "silent_device": Sort((Kind.BIN, Kind.GREEN, Kind.CROWD), real=True),
    "gateway_loss": Sort((), real=True),
    "day_burner": Sort((Kind.LIGHT,), real=True),
    "stays_closed": Sort((Kind.PARKING,), real=True),
    "sos_pressed": Sort((Kind.TOILET,), real=True),
    "water_runs": Sort((Kind.TOILET,), real=True),
    "floor_flooded": Sort((Kind.TOILET,), real=True),
    "lot_blocked": Sort((Kind.PARKING,), real=True),
    "pipe_burst": Sort((Kind.GREEN,), real=True),
    "salted": Sort((Kind.GREEN,), real=True),
    "battery_low": Sort((Kind.BIN,), real=True),
    "probe_gone": Sort((Kind.TOILET,), real=True),
    "stuck_value": Sort((Kind.LIGHT, *_ANY_BUT_LIGHTING), real=True),
    "clock_ahead": Sort((Kind.LIGHT, *_ANY_BUT_LIGHTING), real=True),
    "lamp_dip": Sort((Kind.LIGHT,), real=False, lasts=(7, 14)),
    "leakage_rise": Sort((Kind.LIGHT,), real=False, lasts=(20, 60)),
    "pole_gust": Sort((Kind.LIGHT,), real=False, lasts=(5, 15)),
    "bin_nearly_full": Sort((Kind.BIN,), real=False, lasts=(60, 120)),
    "bin_warm": Sort((Kind.BIN,), real=False, lasts=(30, 60)),
    "nh3_raised": Sort((Kind.TOILET,), real=False, lasts=(40, 80)),
    "nh3_spike": Sort((Kind.TOILET,), real=False, lasts=(0.08, 0.08)),
    "nh3_sentinel": Sort((Kind.TOILET,), real=False, lasts=(0.08, 12)),
    "gate_up": Sort((Kind.PARKING,), real=False, lasts=(20, 50)),
    "lamp_test": Sort((Kind.LIGHT,), real=False, lasts=(35, 50)),
    "bin_flapping": Sort((Kind.BIN,), real=False, lasts=(100, 100)),
    "bleach": Sort((Kind.TOILET,), real=False, lasts=(25, 35)),
    "soil_low": Sort((Kind.GREEN,), real=False, lasts=(120, 240)),
    "device_quiet": Sort(_ANY_BUT_LIGHTING, real=False, lasts=(0.1, 0.1)),  # really 2.4 intervals of its own
    "duplicate": Sort((Kind.LIGHT, *_ANY_BUT_LIGHTING), real=False, lasts=(0.1, 0.1)),
    "clock_skew": Sort((Kind.LIGHT, *_ANY_BUT_LIGHTING), real=False, lasts=(0.1, 0.1)),
}
# What is wrong with an instrument, and not with what it looks at.
OF_SENSORS: Final = frozenset(
    {"silent_device", "gateway_loss", "stuck_value", "clock_ahead", "battery_low", "probe_gone"}
)
LARGEST: Final = "largest"  # as a target: the feeder with the most lamps


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that happens to one facility (or gateway). `until` is None where it stays until it is mended."""

    id: str
    what: str
    facility: str
    at: Millis
    until: Millis | None
    strength: float  # 0–1: how bad within its sort

    @property
    def real(self) -> bool:
        """Whether somebody has to come."""
        return SORTS[self.what].real


@dataclass(frozen=True, slots=True)
class Edge:
    """One end of a window: so many minutes after local midnight, sunrise, sunset or the start of the run."""

    of: str  # day | sunrise | sunset | start
    minutes: float


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a plan: what, how often, when, and where."""

    what: str
    opens: Edge
    closes: Edge
    count: int = 1  # in each window
    per_day: float = 0.0  # instead of a count: so many a day on average, at any time of the window
    every: Millis = 0  # windows after the start of the run come again after so long; 0: once
    facility: str = ""  # "" = drawn; LARGEST; or an id
    zone: str = ""


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """What goes wrong and when. Made by `simulators.plans`; the same for the same site, seed and start."""

    name: str
    entries: tuple[Entry, ...] = ()

    def incidents(self, site: Site, almanac: Almanac, seed: int, start: Millis, block: int) -> list[Incident]:
        """All that begins in the 24 hours that are number `block` since the start, by time. No facility is drawn twice
        in a block while others of its kind are left.
        """
        opens, closes = start + block * DAY, start + (block + 1) * DAY
        drawn: list[tuple[Millis, int, str]] = []
        for number, entry in enumerate(self.entries):
            for name, since, until in self._windows(entry, almanac, site, start, opens, closes):
                dice = Dice(seed, "plan", number, entry.what, name)
                many = dice.count(entry.per_day) if entry.per_day else entry.count
                drawn += [(int(dice.between(since, max(since + 1, until))), number, name) for _ in range(many)]
        targets = _Targets(site, seed, block, {e.facility for e in self.entries})
        found = []
        for at, number, name in sorted(one for one in drawn if opens < one[0] <= closes):
            entry = self.entries[number]
            facility = targets.draw(entry)
            if facility:
                found.append(incident(seed, entry.what, facility, at, f"{number}/{name}"))
        return found

    def _windows(
        self, entry: Entry, almanac: Almanac, site: Site, start: Millis, opens: Millis, closes: Millis
    ) -> Iterator[tuple[str, Millis, Millis]]:
        if entry.opens.of == "start":
            n = 0
            while (since := start + n * entry.every + round(entry.opens.minutes * MINUTE)) <= closes:
                yield str(n), since, start + n * entry.every + round(entry.closes.minutes * MINUTE)
                n += 1
                if not entry.every:
                    break
            return
        zone = entry.zone or next(iter(site.zones), "")
        day = almanac.local(opens).day - timedelta(days=1)
        while day <= almanac.local(closes).day:
            yield day.isoformat(), _edge(entry.opens, almanac, zone, day), _edge(entry.closes, almanac, zone, day)
            day += timedelta(days=1)


def incident(seed: int, what: str, facility: str, at: Millis, name: str) -> Incident:
    """One incident, its length and strength drawn from its names."""
    dice = Dice(seed, "incident", what, facility, at, name)
    lasts = SORTS[what].lasts
    until = None if lasts is None else at + round(dice.between(*lasts) * MINUTE)
    return Incident(token(seed, what, facility, at, name), what, facility, at, until, dice.roll())


def largest_feeder(site: Site) -> str:
    """The feeder with the most lamps; "" where there is none."""
    return max(sorted(site.lamps_of), key=lambda feeder: len(site.lamps_of[feeder]), default="")


class _Targets:
    """Deals facilities out, each kind in an order of its own, without those that a plan names and their lamps."""

    def __init__(self, site: Site, seed: int, block: int, named: set[str]) -> None:
        self._site = site
        self._seed, self._block = seed, block
        self._named = {largest_feeder(site) if name == LARGEST else name for name in named} - {""}
        self._named |= {lamp for name in self._named for lamp in site.lamps_of.get(name, ())}
        self._played = {device.facility for device in site.devices.values() if device.played}
        self._decks: dict[str, list[str]] = {}
        self._turn: dict[str, int] = {}

    def draw(self, entry: Entry) -> str:
        if entry.facility:
            return largest_feeder(self._site) if entry.facility == LARGEST else entry.facility
        kinds = SORTS[entry.what].kinds
        if not kinds:
            return self._next("gateway", sorted(self._site.devices_behind), entry.zone)
        dice = Dice(self._seed, "kind", self._block, entry.what, self._turn.get(entry.what, 0))
        self._turn[entry.what] = self._turn.get(entry.what, 0) + 1
        first = int(dice.roll() * len(kinds))
        for kind in kinds[first:] + kinds[:first]:
            found = self._next(kind, sorted(f.id for f in self._site.facilities.values() if f.kind is kind), entry.zone)
            if found:
                return found
        return ""

    def _next(self, deck: str, ids: list[str], zone: str) -> str:
        cards = self._decks.get(deck)
        if cards is None:
            able = [i for i in ids if i not in self._named and (deck == "gateway" or i in self._played)]
            cards = sorted(able, key=lambda i: Dice(self._seed, "deck", self._block, i).roll())
            self._decks[deck] = cards
        for place, card in enumerate(cards):
            if not zone or self._zone(card) == zone:
                cards.append(cards.pop(place))
                return card
        return ""

    def _zone(self, card: str) -> str:
        facility = self._site.facilities.get(card)
        return facility.zone if facility else self._site.gateways[card].zone


def _edge(edge: Edge, almanac: Almanac, zone: str, day: date) -> Millis:
    if edge.of == "day":
        return almanac.moment(day, edge.minutes)
    rise, fall = almanac.sun(zone, day)
    return (rise if edge.of == "sunrise" else fall) + round(edge.minutes * MINUTE)
