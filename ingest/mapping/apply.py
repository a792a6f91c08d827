"""A model's fields on one facility: what a device says → values, faults, times. Pure; never raises."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from domain.naming import QUANTITIES, Kind
from domain.readings import Millis, Value
from ingest import quarantine
from ingest.codecs.said import Faults
from ingest.mapping.paths import Fields, Place, place, spelt
from ingest.mapping.shape import FieldSaid
from ingest.mapping.values import NOTHING, Taker

_BEYOND: Final = 1.1  # a distance may exceed the depth by a tenth: the bag hangs lower than the floor was measured
_NEAREST: Final = QUANTITIES["distance"].low or 0.0
_MOST_ENTRIES: Final = 2048  # of one history
OTHER: Final = "other"  # in `to`: every kind not named


class MappedAt(NamedTuple):
    """Values of an earlier time; `at` None where the time could not be read."""

    at: Millis | None
    values: dict[str, Value]
    faults: Faults


class Mapped(NamedTuple):
    """What a frame says in our quantities."""

    values: dict[str, Value]
    faults: Faults  # (quantity, reason)
    at: Millis | None = None  # the device's own clock
    history: tuple[MappedAt, ...] = ()


class When(NamedTuple):
    """Only where each of these places says one of these words."""

    wanted: tuple[tuple[Place, frozenset[str]], ...]

    def holds(self, fields: Fields) -> bool:
        """Whether it is so."""
        return all(any(spelt(one) in words for one in place.found(fields)) for place, words in self.wanted)


class Rule(NamedTuple):
    """One field, for one quantity."""

    quantity: str
    place: Place
    when: When | None
    event: bool
    taker: Taker


class Beats(NamedTuple):
    """How to tell a heartbeat or a start from an event."""

    ports: frozenset[int]
    when: When | None

    def is_one(self, fields: Fields, port: int) -> bool:
        """Whether this frame only repeats what was said before."""
        return port in self.ports or (self.when is not None and self.when.holds(fields))


class Times(NamedTuple):
    """Where times and earlier values are kept in decoded objects."""

    history: Place | None
    time: Place | None
    history_unit: str
    clock: Place | None
    clock_unit: str


class Application:
    """The fields of a model, ready for one kind of facility with its attributes."""

    def __init__(self, rules: tuple[Rule, ...], beats: Beats, times: Times, kind: str, depth_mm: float) -> None:
        self._rules, self._beats, self._times = rules, beats, times
        self.quantities = frozenset(rule.quantity for rule in rules)
        self._depth = depth_mm if kind == Kind.BIN else 0.0

    def read(self, fields: Fields, port: int = 0) -> Mapped:
        """What the fields of a frame say."""
        beat = self._beats.is_one(fields, port)
        values, faults = self._values(fields, beat=beat)
        times = self._times
        at = _first(times.clock, fields, times.clock_unit) if times.clock else None
        history = self._history(fields) if times.history else ()
        return Mapped(values, faults, at, history)

    def earlier(self, at: Millis, fields: Fields) -> MappedAt:
        """What a device's payload says of an earlier time."""
        values, faults = self._values(fields, beat=False)
        return MappedAt(at, values, faults)

    def _values(self, fields: Fields, *, beat: bool) -> tuple[dict[str, Value], Faults]:
        values: dict[str, Value] = {}
        faults: dict[str, str] = {}
        for quantity, where, when, event, taker in self._rules:
            if quantity in values or (event and beat):
                continue
            found = where.found(fields)
            if not found or (when is not None and not when.holds(fields)):
                continue
            taken = taker.take(found)
            if taken.fault:
                faults.setdefault(quantity, taken.fault)
            elif taken is not NOTHING and taken.value is not None:
                values[quantity] = taken.value
        if self._depth:
            self._fill(values, faults)
        return values, tuple((name, why) for name, why in faults.items() if name not in values)

    def _fill(self, values: dict[str, Value], faults: dict[str, str]) -> None:
        """How full a bin is, by the distance from its lid to what is in it."""
        distance = values.get("distance")
        if not isinstance(distance, float) or "fill_level" in values or values.get("tipped") or values.get("lid_open"):
            return
        if distance < _NEAREST:  # nothing is derived from what is not believed itself
            return
        if distance > self._depth * _BEYOND:
            faults.setdefault("fill_level", quarantine.beyond_depth(distance, self._depth))
            return
        share = (self._depth - distance) / self._depth * 100
        values["fill_level"] = float(f"{min(max(share, 0.0), 100.0):.6g}")

    def _history(self, fields: Fields) -> tuple[MappedAt, ...]:
        times = self._times
        if times.history is None or times.time is None:
            return ()
        found = times.history.found(fields)
        entries = found[0] if len(found) == 1 and isinstance(found[0], list) else found
        made = []
        for entry in entries[:_MOST_ENTRIES]:
            if isinstance(entry, dict):
                values, faults = self._values(entry, beat=False)
                if values or faults:
                    made.append(MappedAt(_first(times.time, entry, times.history_unit), values, faults))
        return tuple(made)


def rules_of(fields: Mapping[str, list[FieldSaid]], kind: str, attributes: Mapping[str, float]) -> tuple[Rule, ...]:
    """The fields that mean something on such a facility."""
    return tuple(
        Rule(quantity, place(key), conditions(said.when), said.event, Taker(quantity, said))
        for key, saids in fields.items()
        for said in saids
        if (quantity := target(said.to, kind)) and all(attributes.get(k, v) == v for k, v in said.needs.items())
    )


def target(to: str | Mapping[str, str], kind: str) -> str:
    """The quantity for a kind of facility; "" where the field means nothing there."""
    return to if isinstance(to, str) else to.get(kind) or to.get(OTHER, "")


def conditions(when: Mapping[str, list[Any]]) -> When | None:
    """`when` of a profile; None where there is none."""
    if not when:
        return None
    return When(tuple((place(key), frozenset(map(spelt, wanted))) for key, wanted in when.items()))


def _first(place: Place, fields: Fields, unit: str) -> Millis | None:
    return next((at for found in place.found(fields) if (at := moment(found, unit)) is not None), None)


def moment(found: object, unit: str) -> Millis | None:
    """A time as a codec gives it; None where it says none."""
    match found:
        case bool() | None:
            return None
        case {"value": inner} | {"data": inner}:
            return moment(inner, unit)
        case str() if unit == "iso":
            return _iso(found)
        case int() | float() | str():
            try:
                at = float(found) * (1000 if unit == "s" else 1)
            except (ValueError, OverflowError):
                return None
            return round(at) if 0 < at < 1e14 else None
    return None


def _iso(text: str) -> Millis | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return round(at.timestamp() * 1000) if at.tzinfo else None
