"""From a work order back to what there was to find: the ledger's fault or natural cause behind it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain.readings import Millis
from domain.site import Site
from services.dispatch.orders import Alarm, Order, OrderState, Step

# Rule → what in the ledger it may rightly be about. A near-miss has no place here.
BEHIND: Final[Mapping[str, frozenset[str]]] = {
    "lamp-out": frozenset({"lamp_dark"}),
    "dark-stretch": frozenset({"lamp_dark"}),
    "day-burner": frozenset({"day_burner"}),
    "cabinet-timer": frozenset({"day_burner"}),
    "feeder-outage": frozenset({"feeder_trip"}),
    "leakage": frozenset({"leakage"}),
    "pole-leaning": frozenset({"pole_leaning"}),
    "bin-full": frozenset({"bin_overfull", "filled"}),
    "bin-due": frozenset({"due"}),
    "bin-filling": frozenset({"filling", "bin_overfull", "filled"}),
    "bin-fire": frozenset({"bin_fire"}),
    "bin-tipped": frozenset({"bin_tipped"}),
    "storm-bins": frozenset({"bin_tipped"}),
    "toilet-use": frozenset({"used"}),
    "toilet-queue": frozenset({"queue"}),
    "toilet-frost": frozenset({"frost"}),
    "paper-low": frozenset({"used_up"}),
    "soap-low": frozenset({"used_up"}),
    "lot-full": frozenset({"lot_full"}),
    "lots-full": frozenset({"lot_full"}),
    "lot-dead": frozenset({"gate_fault"}),
    "sharing-breach": frozenset({"stays_closed"}),
    "crowd": frozenset({"crowded"}),
    "clock-off": frozenset({"clock_ahead"}),
    "gale": frozenset({"gale"}),
    "high-tide": frozenset({"high_tide"}),
    "post-tide": frozenset({"over_deck"}),
    "toilet-odour": frozenset({"toilet_foul", "fouled"}),
    "lot-gate": frozenset({"gate_fault"}),
    "dry-bed": frozenset({"dry_bed", "dried"}),
    "silent": frozenset({"silent_device", "gateway_loss"}),
    "gateway-silent": frozenset({"gateway_loss"}),
}
SLACK: Final[Millis] = 5_000  # a report follows what it reports within three seconds, and is on its way for a moment


@dataclass(frozen=True, slots=True)
class Entry:
    """One cause of the ledger, with its times in ms; `until` is None while it goes on."""

    what: str
    facility: str
    members: frozenset[str]
    sort: str  # fault | natural | near_miss
    since: Millis
    until: Millis | None

    def spans(self, at: Millis) -> bool:
        """Whether it was there at that time, give or take the slack."""
        return self.since - SLACK <= at and (self.until is None or at <= self.until + SLACK)


def entries(causes: Iterable[Mapping[str, Any]]) -> list[Entry]:
    """The ledger's causes, read."""
    return [
        Entry(
            what=one["what"],
            facility=one["facility"],
            members=frozenset(one.get("members", ())),
            sort=one["class"],
            since=_millis(one["from"]),
            until=None if one["until"] is None else _millis(one["until"]),
        )
        for one in causes
    ]


def causes_of(alarm: Alarm, ledger: Sequence[Entry], site: Site) -> list[Entry]:
    """What in the ledger an alarm may be about: the right sort of thing, at its place, at the time of its cause."""
    places = _places(alarm, site)
    return [
        one
        for one in ledger
        if one.sort != "near_miss"
        and one.what in BEHIND.get(alarm.rule, ())
        and (one.facility in places or one.facility in alarm.members or alarm.facility in one.members)
        and one.spans(alarm.cause)
    ]


def untraced(orders: Iterable[Order], alarms: Iterable[Alarm], ledger: Sequence[Entry], site: Site) -> list[str]:
    """Orders of which some alarm has nothing in the ledger behind it."""
    known = {alarm.id: alarm for alarm in alarms}
    return [
        f"{order.rule} {order.subject}: nothing was wrong at {known[alarm].cause}"
        for order in orders
        for alarm in order.alarms
        if not causes_of(known[alarm], ledger, site)
    ]


def overdue(orders: Iterable[Order], until: Millis) -> list[str]:
    """Counted orders that are still open after their limit: to be finished, and once they were, in time, to be seen to
    be so. A gale blows on for as long as its rule allows after all that can be done is done.
    """
    return [
        f"{order.rule} {order.subject}: {order.state} after {(until - order.opened) // 60_000} min"
        for order in orders
        if order.counted and not order.ended and _limit(order) < until
    ]


def _limit(order: Order) -> Millis:
    finish = order.opened + order.plan.finish_s * 1000
    done = max((change.at for change in order.history if change.step is Step.DONE), default=finish)
    in_time = order.state is OrderState.DONE and done < finish
    return done + order.plan.verify_s * 1000 if in_time else finish


def _places(alarm: Alarm, site: Site) -> set[str]:
    """Where the cause may lie: the facility itself, or the gateway that its devices speak through."""
    gateways = {site.devices[device].gateway for device in site.devices_of.get(alarm.facility, ())}
    return {alarm.facility, *(gateways - {""})}


def _millis(moment: str) -> Millis:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)
