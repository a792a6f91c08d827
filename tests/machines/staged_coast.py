"""A coast of the size and looks of a real one, for pictures and loads: a site's facilities, weeks of roll-ups, events.

Made up, and the same for the same site: mornings and evenings, a few places where something is wrong.
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from math import cos, pi, sin

from domain.naming import Element, Kind
from domain.series import (
    ALARM,
    CHANNEL,
    DAY,
    EVENTS,
    FACILITY,
    FACILITY_STATES,
    HOUR,
    INGEST,
    INGEST_EVERY,
    KPI,
    MINUTE,
    ORDER,
    ZONED,
    bucket_of,
    zoned,
)
from domain.site import Facility, Site
from tests.machines.staged_week import WEEK_H, Store, Value, event, line, written

QUANTITIES_OF: Mapping[Kind, tuple[str, ...]] = {
    Kind.LIGHT: ("active_power", "leakage_current", "tilt_deg", "supply_voltage"),
    Kind.FEEDER: ("total_active_power",),
    Kind.CABINET: ("door_open",),
    Kind.BIN: ("fill_level", "bin_temperature", "battery"),
    Kind.TOILET: ("nh3_ppm", "people_since_clean", "stalls_free", "paper_level", "soap_level", "water_flow"),
    Kind.PARKING: ("available_spots", "vehicles_in", "gate_state"),
    Kind.GREEN: ("soil_moisture", "soil_ec", "soil_temp", "valve_open_pct"),
    Kind.CROWD: ("people_now",),
    Kind.COAST: ("tide_level", "wind_gust"),
}
TROUBLES = {Kind.LIGHT: "lamp-out", Kind.BIN: "bin-full", Kind.TOILET: "toilet-odour", Kind.PARKING: "lot-full"}
WORDS = {"lamp-out": ("Lamp out", "路灯不亮"), "bin-full": ("Bin full", "果皮箱满溢")}
LISTED = {"attended": ("accepted", "arrived"), "verifying": ("done",), "alarm": ("dispatched",), "held": ("on_hold",)}


class Coast:
    """A site whose facilities each have a temper, by chance."""

    def __init__(self, site: Site, until: int, *, seed: int = 7) -> None:
        self.site, self.until = site, until
        self._dice = random.Random(seed)
        self.facilities = list(site.facilities.values())
        self._temper = {one.id: self._dice.random() for one in self.facilities}
        ill = sorted(self.facilities, key=lambda one: -self._temper[one.id])[: max(6, len(self.facilities) // 60)]
        states = [s for s in FACILITY_STATES if s not in ("unknown", "ok")]
        self.ill = {one.id: states[n % len(states)] for n, one in enumerate(ill)}

    def value(self, one: Facility, quantity: str, at: int) -> Value:  # noqa: C901 – a table of made-up curves
        """What it measures."""
        temper, hour = self._temper[one.id], (at / HOUR + 8) % 24
        day = max(0.0, sin((hour - 6) / 12 * pi))
        match quantity:
            case "fill_level":
                filled = ((at / HOUR + temper * 24) % 26) / 26 * 105 * (0.55 + temper / 2)
                return min(100.0, filled)
            case "bin_temperature" | "soil_temp" | "temperature":
                return 16 + 14 * day * (0.6 + temper / 2)
            case "active_power" | "total_active_power":
                lit = not 6 < hour < 18
                return (80.0 if quantity == "active_power" else 3200.0) * lit * (0.8 + temper / 4)
            case "nh3_ppm":
                return 0.15 + 0.5 * temper * day + (1.3 if one.id in self.ill and day > 0.3 else 0)
            case "available_spots":
                return float(round((1 - day * (0.6 + 0.45 * temper)) * one.attributes.get("capacity", 120)))
            case "gate_state":
                return "fault" if one.id in self.ill and hour > 16 else "up"
            case "vehicles_in":
                return float(round(at / HOUR * 20 * (0.5 + temper)))
            case "soil_moisture":
                return 30 - 14 * temper - ((at / HOUR) % 48) / 6 + 5
            case "people_since_clean":
                return float(round(((at / HOUR + 5 * temper) % 6) * 22 * day))
            case "paper_level" | "soap_level":
                return 100 - ((at / HOUR + 30 * temper) % 40) * 2.3
            case "tide_level":
                return 240 + 150 * cos(at / HOUR / 12.42 * 2 * pi)
            case "leakage_current":
                return 1.5 + 4 * temper**3 + (16 if one.id in self.ill else 0)
            case "tilt_deg":
                return 0.4 + 1.2 * temper**4
            case "supply_voltage":
                return 231 - 6 * temper
            case "valve_open_pct":
                return 100.0 if 5 <= hour < 6 + temper and temper > 0.4 else 0.0
            case "stalls_free":
                return float(round(6 * (1 - day * temper)))
            case "door_open":
                return False
            case _:
                return 3 + 20 * day * temper

    def rolled(self, times: Iterable[int], asked: frozenset[str] | None = None) -> Iterator[str]:
        """Roll-ups of any level; of their fields those `asked` for alone, where a load need have no more."""
        for at in times:
            for one in self.facilities:
                fields: dict[str, Value | int] = {} if asked else {"readings": 4, "q": 0}
                for name in QUANTITIES_OF[one.kind]:
                    if asked and not any(f"{name}_{part}" in asked for part in ("mean", "min", "max", "last")):
                        continue
                    value = self.value(one, name, at)
                    if isinstance(value, float | int) and not isinstance(value, bool):
                        value = float(value)
                        parts = {"mean": value, "min": 0.97 * value, "max": 1.03 * value if value < 95 else value}
                        fields |= {f"{name}_{part}": number for part, number in parts.items()}
                    fields |= {f"{name}_last": value, f"{name}_count": 4}
                if asked:
                    fields = {name: value for name, value in fields.items() if name in asked}
                if fields:
                    yield line(str(one.kind), self._tags(one), fields, at)

    def zones(self, times: Iterable[int]) -> Iterator[str]:
        """What the facilities of each kind come to together in each zone."""
        of: dict[tuple[Kind, str], list[Facility]] = {}
        for one in self.facilities:
            of.setdefault((one.kind, one.zone), []).append(one)
        for at in times:
            for (kind, zone), them in of.items():
                fields: dict[str, Value | int] = {"readings": 4 * len(them), "q": 0}
                for name in QUANTITIES_OF[kind]:
                    values = [value for one in them if isinstance(value := self.value(one, name, at), float)]
                    if values:
                        parts = {"mean": sum(values) / len(values), "min": 0.97 * min(values), "max": max(values)}
                        fields |= {f"{name}_{part}": number for part, number in parts.items()}
                yield line(zoned(kind), {"site": self.site.id, "zone": zone or "none"}, fields, at)

    def raw(self, one: Facility, times: Iterable[int]) -> Iterator[str]:
        """Readings of one facility."""
        for at in times:
            fields: dict[str, Value | int] = {name: self.value(one, name, at) for name in QUANTITIES_OF[one.kind]}
            yield line(str(one.kind), self._tags(one), {**fields, "q": 0}, at)

    def standings(self, times: Iterable[int], *, them: Sequence[Facility] = ()) -> Iterator[str]:
        """How each stands, or of `them`, hourly."""
        for at in times:
            for one in them or self.facilities:
                state = self.ill.get(one.id, "ok") if at > self.until - 9 * HOUR else "ok"
                at_work = state in LISTED
                rule = TROUBLES.get(one.kind, "silent") if state != "ok" else ""
                opened = at - round(HOUR * (0.3 + 2.2 * self._temper[one.id] ** 40))
                zone = self.site.zones.get(one.zone)
                told: dict[str, Value | int] = {
                    "name_en": one.name.en,
                    "name_zh": one.name.zh,
                    "zone_en": zone.name.en if zone else "",
                    "zone_zh": zone.name.zh if zone else "",
                    "state": state,
                    "rule": rule,
                    "priority": f"P{1 + len(one.id) % 3}" if at_work else "",
                    "case": f"SN-20261001-{sum(map(ord, one.id)) % 1000:04d}" if at_work else "",
                    "order": one.id if at_work else "",
                    "step": LISTED[state][0] if at_work else "",
                    "crew": [*self.site.crews][len(one.id) % len(self.site.crews)] if state in LISTED else "",
                    "rank": FACILITY_STATES.index(state),
                    "open_alarms": int(at_work),
                    "open_orders": int(at_work),
                    "order_opened": opened,
                    "order_due": opened + 2 * HOUR,
                    "lat": one.position.lat,
                    "lon": one.position.lon,
                }
                node = zone.nodes[0].id if zone and zone.nodes else "none"
                tags = {**self._of(one), "node": node, "facility": one.id}
                yield event(FACILITY, tags, at, 0.0, **told)

    def happened(self, times: list[int]) -> Iterator[str]:
        """Alarms, orders and their ends, so many an hour; scores and health."""
        for at in times:
            hour = (at / HOUR + 8) % 24
            busy = 1 + max(0.0, sin((hour - 5) / 14 * pi)) * len(self.facilities) / 120
            for n in range(self._dice.randrange(round(busy) + 1)):
                one = self._dice.choice(self.facilities)
                yield from self._order(one, at + n * 7 * MINUTE)
            for zone in [*self.site.zones]:
                yield from self._scores(zone, at, busy)

    def _order(self, one: Facility, at: int) -> Iterator[str]:
        rule = TROUBLES.get(one.kind, "silent")
        en, zh = WORDS.get(rule, (rule, rule))
        about = {"facility": one.id, "title_en": en, "title_zh": zh, "name_en": one.name.en, "name_zh": one.name.zh}
        crew = self._dice.choice([*self.site.crews])
        tags = {**self._of(one), "rule": rule, "crew": crew}
        took, done = self._dice.uniform(2, 20) * 60, self._dice.uniform(20, 150) * 60
        alarm = {**self._of(one), "rule": rule}
        yield event(ALARM, {**alarm, "state": "open"}, at, 0.0, **about)
        yield event(ALARM, {**alarm, "state": "cleared"}, at + round(done * 1000), done, **about)
        priority = f"P{self._dice.choice((1, 2, 2, 3, 3, 3))}"
        case: dict[str, Value | int] = {
            **about,
            "priority": priority,
            "case": f"SN-{at // DAY % 10_000}-{at // MINUTE % 1000:04d}",
        }
        for state, before, after in (
            ("dispatched", "", 0.0),
            ("accepted", "dispatched", took),
            ("done", "arrived", done),
        ):
            moment = at + round(after * 1000)
            yield event(ORDER, {**tags, "state": state}, moment, after, **case, before=before, step=before, ended=False)
        late = done > 7_200
        end = at + round(done * 1000) + 20 * MINUTE
        yield event(ORDER, {**tags, "state": "closed"}, end, done, **case, before="done", ended=True, in_limit=not late)

    def _scores(self, zone: str, at: int, busy: float) -> Iterator[str]:
        bad = 0.6 + sum(map(ord, zone)) % 5 / 4
        hour = (at / HOUR + 8) % 24
        night = not 6 < hour < 18
        for element in Element:
            opened = self._dice.randrange(round(busy) + 1)
            told = {
                "lamp_hours_due": 42.0 * night,
                "lamp_hours_lit": 42.0 * night * (1 - 0.012 * bad * self._dice.random() * 2),
                "bin_minutes": 24 * 60.0,
                "overflow_minutes": round(40 * bad * self._dice.random() ** 3),
                "toilet_minutes": 180.0,
                "odour_minutes": 7 * bad * self._dice.random(),
                "orders_opened": opened,
                "orders_ended": max(0, opened + self._dice.randrange(-1, 2)),
                "orders_in_limit": max(0, opened - (self._dice.random() < 0.06 * bad)),
                "orders_reworked": int(self._dice.random() < 0.02 * bad),
                "alarms_opened": opened,
                "orders_open": round(busy * bad * (0.5 + self._dice.random())),
                "age_oldest_s": 3600 * busy * bad / 2,
                "facilities": 60,
                "live": 60 - int(self._dice.random() * 2 * bad),
                "open_p1": int(self._dice.random() * 1.4),
                "open_p2": int(busy / 2),
                "open_p3": round(busy / 2),
            }
            tags = {"site": self.site.id, "zone": zone, "element": str(element), "every": "1h"}
            yield event(KPI, tags, at, 0.0, **told)
            if round(hour * 60) == 0:
                day = {"lit_share": 1 - 0.012 * bad * self._dice.random() * 2, "overflow_minutes": 900 * bad * 0.4}
                day["odour_ok_share"] = 1 - 0.03 * bad * self._dice.random()
                yield event(KPI, {**tags, "every": "1d"}, at, 0.0, **day)

    def health(self, times: Iterable[int]) -> Iterator[str]:
        """Our own, every few minutes."""
        for n, at in enumerate(times):
            rate = 9 + 3 * sin(n / 40) + self._dice.random()
            told = {
                "messages_per_s": rate,
                "readings_per_s": rate * 1.1,
                "lag_judge_s": 0.4 + 40 * (180 < n % 300 < 186),
                "lag_store_s": 1.2 + self._dice.random() + 90 * (180 < n % 300 < 190),
                "clock_skew_s": 0.3 * sin(n / 30),
                "journal_bytes": 210_000_000 + n * 300_000,
                "quarantined": n // 40,
                "blind": 3 + n // 150,
                "outbox_pending": int(4 * (180 < n % 300 < 190)),
                "rollup_lag_s": 20 + n % 30,
            }
            up = not 180 < n % 300 < 190
            parts = {"link_up": True, "store_up": up, "judge_up": True, "dispatch_up": True}
            yield event(INGEST, {"site": self.site.id}, at, 0.0, **told, **parts)
            for channel in ("mqtt", "wecom", "sms"):
                yield event(CHANNEL, {"site": self.site.id, "channel": channel}, at, 0.0, up=channel != "sms" or up)

    def _tags(self, one: Facility) -> dict[str, str]:
        return {"site": self.site.id, "zone": one.zone or "none", "facility": one.id, "device": f"{one.id}-a"}

    def _of(self, one: Facility) -> dict[str, str]:
        return {
            "site": self.site.id,
            "zone": one.zone or "none",
            "element": str(one.element),
            "kind": str(one.kind),
        }


def write_coast(store: Store, bucket: str, coast: Coast) -> None:
    """A week of it, up to the coast's end; five-minute roll-ups of the last hours alone."""
    end = coast.until
    hours = list(range(end - 7 * DAY, end, HOUR))
    written(store, bucket_of(bucket, ZONED), coast.rolled(hours))
    written(store, bucket_of(bucket, ZONED), coast.zones(hours))
    written(store, bucket_of(bucket, "5m"), coast.rolled(range(end - 8 * HOUR, end, 5 * MINUTE)))
    for one in coast.facilities:
        if one.id in coast.ill:
            written(store, bucket, coast.raw(one, range(end - DAY, end, 10 * MINUTE)))
    events = bucket_of(bucket, EVENTS)
    written(store, events, coast.standings([*range(end - 2 * DAY, end, HOUR), end - MINUTE]))
    written(store, events, coast.happened(hours))
    written(store, events, coast.health(range(end - DAY, end, 2 * MINUTE)))


def write_days(
    store: Store, bucket: str, coast: Coast, days: int, *, asked: Mapping[str, frozenset[str]], chosen: Facility
) -> None:
    """What the dashboards ask of so many days, as dense as a running service writes it; of roll-ups the fields `asked`.

    What no question looks at is thinned: of five minutes and of standings only the engine's newest pieces are whole
    (questions look at the last hours of them), of the facility `chosen` the standings and the readings of all days, of
    each other a reading a day, so that every piece knows all series.
    """
    end = coast.until
    hours = list(range(end - days * DAY, end, HOUR))
    written(store, bucket_of(bucket, ZONED), coast.rolled(hours, asked[ZONED]))
    written(store, bucket_of(bucket, ZONED), coast.zones(hours))
    written(store, bucket_of(bucket, "5m"), coast.rolled(range(end - DAY, end, 5 * MINUTE), asked["5m"]))
    written(store, bucket, coast.raw(chosen, range(end - days * DAY, end, 10 * MINUTE)))
    daily = range(end - days * DAY, end, DAY)
    written(store, bucket, chain.from_iterable(coast.raw(one, daily) for one in coast.facilities))
    events = bucket_of(bucket, EVENTS)
    written(store, events, coast.standings(hours, them=[chosen]))
    piece = end // (WEEK_H * HOUR) * WEEK_H * HOUR  # where the newest one begins
    written(store, events, coast.standings([*range(piece - DAY, end, HOUR), end - MINUTE]))
    written(store, events, coast.happened(hours))
    written(store, events, coast.health(range(end - days * DAY, end, INGEST_EVERY)))
