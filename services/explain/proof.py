"""A proof of an order: from the messages to what crews were sent, each step with its hash, against what is recorded.

Each hash is SHA-256 of the hash before it and of the step as canonical JSON, so that the last one stands for all.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final

import msgspec

from domain.readings import Millis
from domain.site import Site
from rules.book import RuleBook
from services.dispatch.orders import Addressed, Alarm, Order
from services.explain.derivation import Decided, Derivation, Evidence

FIRST: Final = "0" * 64
_encode = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the books say of an order. `sent` is what of its messages they still have."""

    order: Order
    alarms: tuple[Alarm, ...]
    sent: tuple[Addressed, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way. `text` is for people, `body` is what is hashed."""

    kind: str  # edition | message | reading | clause | alarm | order | history | dispatch
    name: str
    text: str
    body: Mapping[str, Any]
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first thing that is not the same."""

    where: str
    derived: Any
    recorded: Any


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of it: identical where there is no difference. `caveats` say what could not be looked at."""

    order: str
    case: str
    steps: tuple[Step, ...]
    difference: Difference | None
    caveats: tuple[str, ...] = ()
    zone: str = "UTC"  # of the site

    @property
    def hash(self) -> str:
        """Of the last step: it stands for the whole way."""
        return self.steps[-1].hash if self.steps else FIRST


def devices_of(site: Site, alarms: Iterable[Alarm]) -> frozenset[str]:
    """The devices whose readings an alarm is made of: of its subject, or of a group's hub and members."""
    found: set[str] = set()
    for alarm in alarms:
        over, _, name = alarm.subject.partition(":")
        if over == "device":
            found.add(name)
        elif over == "gateway":
            behind = site.devices_behind.get(name, ())
            found.update(one for one in behind if site.devices[one].facility in alarm.members)
        else:
            for facility in (alarm.facility, *alarm.members):
                found.update(site.devices_of.get(facility, ()))
    return frozenset(found)


def same(decided: Decided, recorded: Recorded) -> bool:
    """Whether what was derived so far is what is recorded: then nothing that follows can matter."""
    return _difference(decided, recorded) is None


def prove(derivation: Derivation, recorded: Recorded, caveats: Sequence[str] = ()) -> Proof:
    """The way from messages to the order as it was derived, and whether that is what is recorded."""
    decided = derivation.decided
    assert derivation.site is not None  # noqa: S101
    assert derivation.rules is not None  # noqa: S101
    order = decided.orders.get(recorded.order.id)
    chain: list[Step] = list(_editions(derivation))
    for alarm in recorded.alarms:
        derived = decided.alarms.get(alarm.id)
        chain += _evidence(derived or alarm, derivation.site, derivation.rules, derivation.evidence)
        if derived is not None:
            chain += _of_alarm(derived, derivation.rules)
    if order is not None:
        chain += _of_order(order)
        chain += [_dispatch(one) for one in sorted(_sent(decided, order.id), key=_by_revision)]
    return Proof(
        recorded.order.id,
        recorded.order.case,
        tuple(chained(chain)),
        _difference(decided, recorded),
        tuple(caveats),
        derivation.site.timezone,
    )


def chained(steps: Iterable[Step]) -> Iterator[Step]:
    """Each step with its hash."""
    before = FIRST
    for step in steps:
        before = sha256(before.encode() + _encode([step.kind, step.name, step.body])).hexdigest()
        yield replace(step, hash=before)


def recorded_of(decided: Decided, order: str) -> Recorded:
    """What was decided of an order, as the books would record it."""
    found = decided.orders[order]
    alarms = tuple(decided.alarms[one] for one in found.alarms)
    return Recorded(found, alarms, tuple(sorted(_sent(decided, order), key=_by_revision)))


def _difference(decided: Decided, recorded: Recorded) -> Difference | None:
    """In the order of what follows from what: alarms, the order, what was sent."""
    for alarm in recorded.alarms:
        derived = decided.alarms.get(alarm.id)
        if derived is None:
            return Difference(f"alarm {alarm.id}", None, _plain(alarm))
        if (found := _differs(f"alarm {alarm.id}", derived, alarm)) is not None:
            return found
    order = decided.orders.get(recorded.order.id)
    if order is None:
        return Difference(f"order {recorded.order.id}", None, _plain(recorded.order))
    if (found := _differs(f"order {order.id}", order, recorded.order)) is not None:
        return found
    for one in recorded.sent:
        told = decided.sent.get(one.key)
        if told is None:
            return Difference(f"dispatch {one.key}", None, _plain(one))
        as_urgent = told._replace(
            priority=one.priority
        )  # an order that becomes urgent takes along what waits to be sent
        if (found := _differs(f"dispatch {one.key}", as_urgent, one)) is not None:
            return found
    return None


def _differs(where: str, derived: object, recorded: object) -> Difference | None:
    mine, theirs = _plain(derived), _plain(recorded)
    for name in theirs:
        if mine.get(name) != theirs[name]:
            return _narrowed(f"{where}, {name}", mine.get(name), theirs[name])
    return None


def _narrowed(where: str, derived: Any, recorded: Any) -> Difference:
    """Of lists and mappings, the first part that differs."""
    if isinstance(derived, dict) and isinstance(recorded, dict):
        for name in (*recorded, *derived):
            if derived.get(name) != recorded.get(name):
                return _narrowed(f"{where}.{name}", derived.get(name), recorded.get(name))
    if isinstance(derived, list) and isinstance(recorded, list):
        for number, (one, other) in enumerate(zip(derived, recorded, strict=False)):
            if one != other:
                return _narrowed(f"{where}[{number}]", one, other)
        if len(derived) != len(recorded):
            return Difference(f"{where}: how many", len(derived), len(recorded))
    return Difference(where, derived, recorded)


def _plain(one: object) -> dict[str, Any]:
    found: Any = one._asdict() if isinstance(one, tuple) and hasattr(one, "_asdict") else one
    plain: dict[str, Any] = msgspec.json.decode(_encode(found))
    return plain


def _editions(derivation: Derivation) -> Iterator[Step]:
    assert derivation.site is not None  # noqa: S101
    assert derivation.rules is not None  # noqa: S101
    for what, version in (("site", derivation.site.hash), ("rules", derivation.rules.version)):
        yield Step("edition", what, f"{what} {version}", {"hash": version})


def _evidence(alarm: Alarm, site: Site, rules: RuleBook, evidence: Sequence[Evidence]) -> Iterator[Step]:
    """The messages that bear on an alarm, and what they said."""
    program = rules.programs.get(alarm.rule)
    span = program.span + program.wait if program is not None else 0
    quantities = frozenset(program.quantities) if program is not None else frozenset[str]()
    mine = devices_of(site, (alarm,))
    found = [one for one in evidence if one.reading.device in mine]
    for one in _telling(found, quantities, alarm.cause - span, alarm.until or alarm.opened, alarm.cause):
        reading = one.reading
        yield Step("message", one.key.hex(), f"row {one.row}", {"row": one.row, "received": reading.received})
        values = {name: value for name, value in reading.values.items() if not quantities or name in quantities}
        body = {"device": reading.device, "at": reading.at, "values": dict(reading.values), "quality": reading.quality}
        yield Step("reading", reading.device, ", ".join(f"{n} {v}" for n, v in values.items()), body)


def _of_alarm(alarm: Alarm, rules: RuleBook) -> Iterator[Step]:
    if alarm.rule in rules.rules:
        rule = rules.rules[alarm.rule]
        asked = [clause.when for clause in rule.clauses] or [rule.subject]
        body = {"version": rule.version, "when": asked, "since": alarm.since, "why": dict(alarm.why)}
        said = ", ".join(f"{name} {value}" for name, value in alarm.why.items())
        yield Step("clause", rule.name, f"{' or '.join(one for one in asked if one) or 'silence'}: {said}", body)
    yield Step("alarm", alarm.id, f"{alarm.rule} of {alarm.subject}: {alarm.state}", _plain(alarm))


def _telling(
    evidence: Sequence[Evidence], quantities: frozenset[str], since: Millis, until: Millis, cause: Millis
) -> Iterator[Evidence]:
    """What was measured in that time, and the last word of each device before: silence is told by that."""
    last: dict[str, int] = {}
    for number, one in enumerate(evidence):
        if one.reading.at <= cause:
            last[one.reading.device] = number
    wanted = set(last.values())
    for number, one in enumerate(evidence):
        tells = not quantities or not quantities.isdisjoint(one.reading.values)
        if (since <= one.reading.at <= until and tells) or number in wanted:
            yield one


def _of_order(order: Order) -> Iterator[Step]:
    body = _plain(replace(order, history=()))
    text = f"{order.case} {order.priority} {order.element}/{order.kind}, {order.state}"
    yield Step("order", order.id, text, body)
    for number, change in enumerate(order.history):
        text = f"{change.step}: {change.before} → {change.after}, {change.crew or change.who}"
        yield Step("history", str(number), text, _plain(change))


def _dispatch(one: Addressed) -> Step:
    said = f"{len(one.payload)} bytes" if one.payload else "cleared"
    body = {"topic": one.topic, "payload": sha256(one.payload).hexdigest(), "retain": one.retain}
    return Step("dispatch", one.key, f"{one.topic}: {said}", body)


def _sent(decided: Decided, order: str) -> Iterator[Addressed]:
    return (one for one in decided.sent.values() if one.order == order and one.retain)


def _by_revision(one: Addressed) -> tuple[int, str]:
    return one.revision, one.key
