"""The hash of a run: what was decided, and nothing of when it was heard. Two runs that agree decided the same."""

from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

import msgspec

from services.dispatch.orders import TELEMETRY, Alarm, Order, OrderState


class Tally(NamedTuple):
    """What a run came to: part of the demo's JSON line. `orders` and what follows leave out uncounted orders."""

    alarms: int
    orders: int
    closed_by_kind: dict[str, int]  # closed by telemetry
    closed_by_element: dict[str, int]
    sha256: str


def run_hash(alarms: Iterable[Alarm], orders: Iterable[Order]) -> str:
    """SHA-256 over the canonical JSON of alarms (rule, subject, since, until, state) and orders (id, kind, element,
    priority, crew, sequence of states), each sorted. Orders come with their history.
    """
    told = {
        "alarms": sorted([a.rule, a.subject, a.since, a.until or 0, str(a.state)] for a in alarms),
        "orders": sorted(
            [o.id, str(o.kind), str(o.element), str(o.priority), o.crew, [str(state) for state in o.states]]
            for o in orders
        ),
    }
    return sha256(msgspec.json.encode(told, order="sorted")).hexdigest()


def tally(alarms: Sequence[Alarm], orders: Sequence[Order]) -> Tally:
    """The counts of a run, and its hash."""
    counted = [o for o in orders if o.counted]
    closed = [o for o in counted if o.state is OrderState.CLOSED and o.closed_by == TELEMETRY]
    by_kind = dict(sorted(Counter(str(o.kind) for o in closed).items()))
    by_element = dict(sorted(Counter(str(o.element) for o in closed).items()))
    return Tally(len(alarms), len(counted), by_kind, by_element, run_hash(alarms, orders))
