"""What alarms would have come to in work: orders, hours of people, and what would have taken too long."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from domain.ids import order_id
from domain.naming import Element, Priority
from domain.readings import Millis
from domain.site import Site
from rules.book import RuleBook
from rules.runners.backtest import Difference, Found
from services.backtest.crew_hours import CrewHours
from services.dispatch import policy
from services.dispatch.places import place_of

_MOST: Final = 1000  # of each sort of difference that are told one by one


@dataclass(frozen=True, slots=True)
class Job:
    """An order that the plan of a rule asks for, with the alarms that belong to it.

    It ends when its last alarm does. `late_ms` is how much longer than the plan's finish limit that took, 0 where it
    did not; of one that is open at the end, so far.
    """

    id: str
    rule: str
    subject: str
    facility: str
    zone: str
    element: Element
    trade: str
    priority: Priority
    counted: bool
    opened: Millis
    until: Millis | None
    alarms: tuple[str, ...]
    hours: float
    late_ms: Millis


def jobs(found: Iterable[Found], book: RuleBook, site: Site, hours: CrewHours, end: Millis) -> list[Job]:
    """The orders, in the order of their opening. An alarm that is back within the cool-down belongs to the order that
    ended, as in the judge's book; who would have done it, and when, is nobody's to know.
    """
    made: list[Job] = []
    latest: dict[tuple[str, str], int] = {}
    for one in sorted(found, key=lambda f: (f.opened, f.rule, f.subject)):
        rule = book.rules[one.rule]
        if rule.order is None:
            continue
        place, plan = place_of(site, one.facility), rule.order
        last = latest.get((one.rule, one.subject))
        if last is not None and _again(made[last], one):
            made[last] = _joined(made[last], one, plan.finish_s * 1000, end)
            continue
        latest[one.rule, one.subject] = len(made)
        made.append(
            Job(
                id=order_id(one.alarm),
                rule=one.rule,
                subject=one.subject,
                facility=one.facility,
                zone=place.zone,
                element=plan.element,
                trade=plan.trade,
                priority=policy.priority(plan, place.grade),
                counted=plan.counted,
                opened=one.opened,
                until=one.until,
                alarms=(one.alarm,),
                hours=hours.of(one.rule, plan.trade),
                late_ms=_late(one.opened, one.until, plan.finish_s * 1000, end),
            )
        )
    return made


def told(found: Sequence[Found], orders: Sequence[Job]) -> dict[str, Any]:
    """The figures of one version: keys of `tidewalk rules backtest --json`."""
    late = [job for job in orders if job.late_ms]
    return {
        "alarms": len(found),
        "alarms_by_rule": _counted(one.rule for one in found),
        "open_at_the_end": sum(one.until is None for one in found),
        "orders": len(orders),
        "orders_by_rule": _counted(job.rule for job in orders),
        "orders_by_element": _counted(str(job.element) for job in orders),
        "crew_hours": round(sum(job.hours for job in orders), 1),
        "crew_hours_by_rule": _summed((job.rule, job.hours) for job in orders),
        "crew_hours_by_trade": _summed((job.trade, job.hours) for job in orders),
        "breaches": len(late),
        "breaches_by_rule": _counted(job.rule for job in late),
        "breaches_by_zone": _counted(job.zone for job in late),
        "breaches_by_element": _counted(str(job.element) for job in late),
    }


def compared(found: Difference) -> dict[str, Any]:
    """What appears, vanishes and moves, in figures and by facility."""
    rules = sorted({one.rule for one in (*found.appeared, *found.vanished, *(m.before for m in found.moved))})
    earlier = [(moved.before.opened - moved.after.opened) / 60_000 for moved in found.moved]
    return {
        "same": found.same,
        "appeared": len(found.appeared),
        "vanished": len(found.vanished),
        "moved": len(found.moved),
        "minutes_earlier": round(sum(earlier) / len(earlier), 1) if earlier else None,
        "by_rule": {
            rule: {
                "appeared": sum(one.rule == rule for one in found.appeared),
                "vanished": sum(one.rule == rule for one in found.vanished),
                "moved": sum(one.before.rule == rule for one in found.moved),
            }
            for rule in rules
        },
        "by_facility": _by_facility(found),
        "one_by_one": [
            *({"what": "appeared", **_one(one)} for one in found.appeared[:_MOST]),
            *({"what": "vanished", **_one(one)} for one in found.vanished[:_MOST]),
            *(
                {"what": "moved", **_one(m.after), "opened_before": m.before.opened, "until_before": m.before.until}
                for m in found.moved[:_MOST]
            ),
        ],
    }


def _by_facility(found: Difference) -> Mapping[str, Mapping[str, int]]:
    counts: dict[str, Counter[str]] = {}
    for what, ones in (
        ("appeared", found.appeared),
        ("vanished", found.vanished),
        ("moved", [moved.after for moved in found.moved]),
    ):
        for one in ones:
            counts.setdefault(one.facility, Counter())[what] += 1
    return {facility: dict(counts[facility]) for facility in sorted(counts)}


def _one(found: Found) -> dict[str, Any]:
    return {
        "alarm": found.alarm,
        "rule": found.rule,
        "subject": found.subject,
        "facility": found.facility,
        "opened": found.opened,
        "until": found.until,
    }


def _again(job: Job, found: Found) -> bool:
    return job.until is None or found.opened - job.until <= policy.COOL_DOWN_MS


def _joined(job: Job, found: Found, limit: Millis, end: Millis) -> Job:
    until = None if job.until is None or found.until is None else max(job.until, found.until)
    return Job(
        **{field: getattr(job, field) for field in Job.__slots__}
        | {
            "until": until,
            "alarms": (*job.alarms, found.alarm),
            "late_ms": max(job.late_ms, _late(found.opened, found.until, limit, end)),
        }
    )


def _late(opened: Millis, until: Millis | None, limit: Millis, end: Millis) -> Millis:
    lasted = (end if until is None else until) - opened
    return max(0, lasted - limit) if limit else 0


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0])))


def _summed(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    sums: Counter[str] = Counter()
    for name, hours in pairs:
        sums[name] += hours  # type: ignore[assignment]  # a Counter adds up hours as well
    return {name: round(hours, 1) for name, hours in sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))}
