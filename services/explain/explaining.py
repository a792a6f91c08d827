"""Explaining from the state of a service: as it is now, or as it was at a moment that the journal still reaches."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Protocol

from domain.errors import NotFoundError
from domain.ports import Journal
from domain.readings import Millis, Reading
from domain.site import Site
from ingest.fanout import replayed
from rules.book import RuleBook
from rules.runners.explained import Explained
from services.dispatch.orders import Alarm, Order
from services.explain.derivation import Derivation, Edited
from services.explain.lately import heard_lately
from services.explain.scene import Laid
from services.explain.subjects import Meant

_LEAST: Millis = 2 * 3_600_000
_REPORTS = 4  # of a device; what was said before is not news


class Books(Protocol):
    """What is kept. Blocking. Raises UnavailableError."""

    def alarm(self, alarm: str) -> Alarm:
        """One alarm. Raises NotFoundError."""
        ...

    def order(self, order: str) -> Order:
        """One order with its history. Raises NotFoundError."""
        ...

    def subjects_named(self, subjects: Collection[str]) -> Mapping[str, bytes]:
        """The rule engine's state of some subjects."""
        ...

    def cursor(self, name: str) -> int:
        """The last row that a consumer of the journal has worked on."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What there is to say of a place at a moment. `looked_back` is how far readings were looked for."""

    site: Site
    rules: RuleBook
    meant: Meant
    at: Millis
    looked_back: Millis | None
    found: tuple[Explained, ...]


def explained_now(
    site: Site,
    rules: RuleBook,
    meant: Meant,
    states: Callable[[Collection[str]], Mapping[str, bytes]],
    readings: Iterable[Reading],
    now: Millis,
    *,
    rule: str | None = None,
    looked_back: Millis | None = None,
) -> Answer:
    """As it stands in the state that is kept."""
    said = list(readings)
    found = Laid(site, rules, meant.place, states).explained(said, now, rule)
    back = looked_back if looked_back is not None else min((one.at for one in said), default=None)
    return Answer(site, rules, meant, now, back, tuple(_asked(found, rule)))


def explained_from_state(
    site: Site, rules: RuleBook, meant: Meant, books: Books, journal: Journal, *, rule: str | None = None
) -> Answer:
    """As it stands at the last row that was judged."""
    upto = books.cursor("judge")
    rows = journal.read(upto - 1, 1) if upto else ()
    if not rows or rows[0].number != upto:
        raise NotFoundError("nothing has been judged yet, or the journal has lost the row that was judged last")
    now = rows[0].at
    devices = site.devices_of.get(meant.place, ())
    lately = heard_lately(journal, site, devices, upto=upto, back=reach(site, rules, meant.place))
    return explained_now(
        site, rules, meant, books.subjects_named, lately.readings, now, rule=rule, looked_back=lately.since
    )


def explained_then(
    meant: Meant, journal: Journal, editions: Iterable[Edited], at: Millis, *, rule: str | None = None, days: int = 0
) -> Answer:
    """As it stood at a moment: the journal is derived anew up to then. `editions`: in force where no row says so."""
    first = journal.read(0, 1)
    if not first or first[0].at > at:
        raise NotFoundError("the journal does not reach back to then")
    derivation = Derivation(
        editions, retention_days=days, watch=lambda site: frozenset(site.devices_of.get(meant.place, ()))
    )
    derivation.run(takewhile(lambda row: row.at <= at, replayed(journal, 0)))
    states, site, rules = derivation.states(), derivation.site, derivation.rules
    assert site is not None  # noqa: S101  # a row was heard
    assert rules is not None  # noqa: S101
    readings = [one.reading for one in derivation.evidence]
    alarm = meant.alarm and derivation.decided.alarms.get(meant.alarm.id)
    return explained_now(
        site,
        rules,
        Meant(meant.place, alarm),
        lambda keys: {key: states[key] for key in keys if key in states},
        sorted(readings, key=lambda one: (one.at, one.device)),
        at,
        rule=rule,
        looked_back=first[0].at,
    )


def reach(site: Site, rules: RuleBook, place: str) -> Millis:
    """How far back readings of a place matter: the windows of its rules, and some reports of its devices."""
    facility = site.facilities.get(place)
    if facility is None:
        return 0
    devices = (site.devices[one] for one in site.devices_of.get(place, ()))
    reports = max((one.interval_s * 1000 * _REPORTS for one in devices), default=0)
    spans = (p.span + p.wait for p in rules.programs.values() if p.rule.kind in (None, facility.kind))
    return max(_LEAST, reports, *spans)


def _asked(found: list[Explained], rule: str | None) -> list[Explained]:
    if rule is not None and not found:
        raise NotFoundError(f"no rule {rule} is about it")
    return found
