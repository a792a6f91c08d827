"""A week of the coast as the store would have it: readings, roll-ups and events, written in a second or two.

Of every kind one facility in each of two zones; in zone z0 things are bad, in z1 they are well. What is said
is made up: questions are proven with it, never the writers, who have tests of their own.
"""

import json
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, product

from domain.naming import QUANTITIES, Element, Kind, Quantity
from domain.series import (
    ALARM,
    CHANNEL,
    DAY,
    EVENTS,
    FACILITY,
    FACILITY_STATES,
    HOUR,
    INGEST,
    KPI,
    ORDER,
    PARTS,
    ROLLUPS,
    ZONED,
    EventSeries,
    bucket_of,
    zoned,
)

Value = float | bool | str
UNTIL = 1_790_006_400_000
SINCE = UNTIL - 7 * DAY
STEP = 8 * HOUR
ZONES = ("z0", "z1")
BAD = {
    "fill_level": 97.0,
    "bin_temperature": 65.0,
    "nh3_ppm": 2.0,
    "available_spots": 0.0,
    "gate_state": "fault",
    "soil_moisture": 12.0,
    "soil_ec": 5.0,
    "leakage_current": 31.0,
    "tilt_deg": 7.0,
    "paper_level": 10.0,
    "soap_level": 5.0,
    "people_since_clean": 120.0,
}
GOOD = {
    "fill_level": 20.0,
    "bin_temperature": 20.0,
    "nh3_ppm": 0.2,
    "gate_state": "up",
    "stalls_free": 3.0,
    "lot_status": "open",
    "available_spots": 40.0,
}
ELEMENTS = dict(zip(Kind, (e for e in [*Element] * 3), strict=False))


@dataclass(frozen=True)
class Place:
    """A facility."""

    zone: str
    kind: Kind
    number: int = 0

    @property
    def id(self) -> str:
        return f"{self.kind}-{self.zone}-{self.number}"

    def value(self, quantity: Quantity, at: int) -> Value:
        bad = self.zone == "z0"
        match quantity.type:
            case "bool":
                return bad
            case "text":
                return str((BAD if bad else GOOD).get(quantity.name, "up"))
        told = (BAD if bad else GOOD).get(quantity.name, 1.0 + (at // HOUR) % 24)
        return float(told)


DATABASES = ("", *ROLLUPS, EVENTS)
# How long the pieces are that an engine keeps, where we have set it up: a day where three months are kept, else a week.
SHARDS_H, WEEK_H = {"5m": 24}, 168
Store = Callable[[str, bytes], None]  # a database, and lines for it


def write_week(store: Store, bucket: str, wanted: frozenset[str]) -> None:
    """All of it, of readings the `wanted` quantities."""
    times = list(range(SINCE + STEP - HOUR, UNTIL, STEP))
    for series in ("", *ROLLUPS):
        lines = (rolled if series else raw)(places(), times, wanted)
        written(store, bucket_of(bucket, series), lines)
    written(store, bucket_of(bucket, ZONED), rolled(places(), times, wanted, by_zone=True))
    written(store, bucket_of(bucket, EVENTS), happened(places(3), times))


def written(store: Store, database: str, lines: Iterator[str], most: int = 5_000) -> None:
    """Lines into a database, so many at a time."""
    while piece := list(islice(lines, most)):
        store(database, "\n".join(piece).encode())


def into_1x(url: str) -> Store:
    """Writes to an engine of the 1.x line; a database is made where it is first written to."""
    made: set[str] = set()

    def store(database: str, lines: bytes) -> None:
        if database not in made:
            lasting = f"WITH SHARD DURATION {SHARDS_H.get(database.rpartition('_')[2], WEEK_H)}h"
            asked = urllib.parse.urlencode({"q": f'CREATE DATABASE "{database}" {lasting}'}).encode()
            urllib.request.urlopen(f"{url}/query", asked, timeout=10).close()  # noqa: S310
            made.add(database)
        where = f"{url}/write?{urllib.parse.urlencode({'db': database, 'precision': 'ms'})}"
        urllib.request.urlopen(where, lines, timeout=60).close()  # noqa: S310

    return store


def into_2x(url: str, token: str, org: str, made: dict[str, str]) -> Store:
    """Writes to a 2.x; a bucket is made where it is first written to, and told in `made` with its id."""
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}

    def asked(path: str, body: bytes | None = None, method: str = "GET") -> bytes:
        request = urllib.request.Request(f"{url}{path}", body, headers, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            told: bytes = answer.read()
            return told

    def store(database: str, lines: bytes) -> None:
        if database not in made:
            (one,) = json.loads(asked(f"/api/v2/orgs?{urllib.parse.urlencode({'org': org})}"))["orgs"]
            shard_s = 3_600 * SHARDS_H.get(database.rpartition("_")[2], WEEK_H)
            rules = [{"type": "expire", "everySeconds": 0, "shardGroupDurationSeconds": shard_s}]
            body = json.dumps({"orgID": one["id"], "name": database, "retentionRules": rules}).encode()
            made[database] = json.loads(asked("/api/v2/buckets", body, "POST"))["id"]
        where = urllib.parse.urlencode({"bucket": database, "org": org, "precision": "ms"})
        asked(f"/api/v2/write?{where}", lines, "POST")

    return store


def places(each: int = 1) -> list[Place]:
    """The facilities: `each` of every kind in every zone."""
    return [Place(zone, kind, n) for kind, zone, n in product(Kind, ZONES, range(each))]


def raw(them: Iterable[Place], times: Iterable[int], wanted: frozenset[str]) -> Iterator[str]:
    """Readings."""
    for place, at in product(them, times):
        fields = {q.name: place.value(q, at) for q in QUANTITIES.values() if q.name in wanted} | {"q": 0}
        yield line(str(place.kind), _tags(place), fields, at)


def rolled(
    them: Iterable[Place], times: Iterable[int], wanted: frozenset[str], *, by_zone: bool = False
) -> Iterator[str]:
    """Roll-ups of whatever level; of zones, each of which has one facility of a kind."""
    for place, at in product(them, times):
        fields: dict[str, Value | int] = {"readings": 4, "q": 0}
        for q in QUANTITIES.values():
            if q.name not in wanted:
                continue
            value = place.value(q, at)
            for part in PARTS[q.type]:
                number = part == "mean" and isinstance(value, bool)
                fields[f"{q.name}_{part}"] = 4 if part == "count" else float(value) if number else value
        if by_zone:
            fields = {name: value for name, value in fields.items() if not name.endswith("_last")}
            yield line(zoned(place.kind), {"site": "shinan", "zone": place.zone}, fields, at)
        else:
            yield line(str(place.kind), _tags(place), fields, at)


def happened(them: Iterable[Place], times: list[int]) -> Iterator[str]:
    """Events of every series: alarms and orders of the bad, hourly standings, scores, health."""
    them = list(them)
    for n, at in enumerate(times):
        for place in them:
            yield from _told_of(place, n, at)
        for zone, element, every in product(ZONES, Element, ("1h", "1d")):
            tags = {"site": "shinan", "zone": zone, "element": str(element), "every": every}
            yield event(KPI, tags, at, 7.0)
        yield event(INGEST, {"site": "shinan"}, at, 3.0 + n)
        for channel, up in (("mqtt", True), ("robot", n % 5 != 0)):
            tags = {"site": "shinan", "channel": channel}
            yield event(CHANNEL, tags, at, 2.0, up=up)


def _told_of(place: Place, n: int, at: int) -> Iterator[str]:
    bad = place.zone == "z0"
    tags = {"site": "shinan", "zone": place.zone, "element": str(ELEMENTS[place.kind]), "kind": str(place.kind)}
    state = ("alarm", "attended", "silent")[place.number] if bad else "ok"
    told = {
        "rank": FACILITY_STATES.index(state),
        "state": state,
        "open_alarms": int(bad),
        "open_orders": int(bad),
        "priority": "P1" if bad else "",
        "order": f"order-{place.kind}" if bad else "",
        "lat": 36.05 + [*Kind].index(place.kind) * 0.002,
        "lon": 120.30 + ZONES.index(place.zone) * 0.02 + place.number * 1e-4,
        **_timed(place, at),
    }
    yield event(FACILITY, {**tags, "node": f"n-{place.zone}", "facility": place.id}, at, 1.0, **told)
    if not bad:
        return
    alarm = {**tags, "rule": "bin-full"}
    about = {"facility": place.id}
    yield event(ALARM, {**alarm, "state": ("open", "cleared")[n % 2]}, at + 1 + 9 * place.number, 60.0, **about)
    changed = {**alarm, "crew": f"crew-{n % 3}"}
    for before, state, ended in (
        ("", "dispatched", False),
        ("dispatched", "accepted", False),
        ("arrived", "done", False),
    ):
        tags = {**changed, "state": state, "crew": changed["crew"] if before else ""}  # a new order has none yet
        yield event(ORDER, tags, at + 2 + 9 * place.number, 600.0, before=before, ended=ended, **about)
    yield event(
        ORDER,
        {**changed, "state": "closed"},
        at + 3 + 9 * place.number,
        900.0,
        ended=True,
        in_limit=n % 4 != 0,
        **about,
    )


def _timed(place: Place, at: int) -> dict[str, int]:
    if place.zone != "z0":
        return {}
    due = {0: 10 * HOUR, 1: 5 * HOUR + HOUR // 2, 2: HOUR}[place.number]
    return {"order_opened": at - 4 * HOUR, "order_due": at - 4 * HOUR + due}


def event(series: EventSeries, tags: dict[str, str], at: int, number: float, **told: Value | int) -> str:
    """A point of an event series: what is not `told` is `number`, true, or its own name."""
    assert set(tags) == set(series.tags), (series.name, tags)
    fields: dict[str, Value | int] = {}
    for name, sort in series.fields.items():
        value = told.get(name)
        match sort:
            case "int":
                fields[name] = int(value if value is not None else number)
            case "float":
                fields[name] = float(value if value is not None else 0.9 if name.endswith("share") else number)
            case "bool":
                fields[name] = bool(value if value is not None else True)
            case _:
                fields[name] = str(value if value is not None else name)
    return line(series.name, {tag: value for tag, value in tags.items() if value}, fields, at)


def _tags(place: Place) -> dict[str, str]:
    return {"site": "shinan", "zone": place.zone, "facility": place.id, "device": f"{place.id}-a"}


def line(name: str, tags: dict[str, str], fields: dict[str, Value | int], at: int) -> str:
    """A point, as a store is written to."""
    told = ",".join(f"{key}={_written(value)}" for key, value in fields.items())
    return f"{name},{','.join(f'{key}={value}' for key, value in tags.items())} {told} {at}"


def _written(value: Value | int) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int():
            return f"{value}i"
        case float():
            return repr(value)
        case _:
            return f'"{value}"'
