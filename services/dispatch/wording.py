"""The words of an order: the JSON of docs/wire.md, and one text that a person reads on a small screen in the sun.

What a text must hold is domain.md §5.1. Deadlines are absolute and local; a day is named only where it is not the day
of dispatch, because the message lies retained and "tomorrow" would be wrong by then.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from domain.naming import QUANTITIES, Kind, Quantity
from domain.readings import Millis
from domain.site import Name, Site
from services.dispatch.orders import Order, OrderState, Pause, Step
from services.dispatch.places import Place, place_of
from services.dispatch.tongues import EN, ZH, Tongue
from services.dispatch.when import local, rfc3339
from services.dispatch.who import responsible

MOST_CHARACTERS: Final = 299  # domain.md §5.1: a robot takes 2,048 bytes; keep under 300 characters
DRILL: Final = "【演练】"
_ABOUT: Final = "device:"  # the subject of an order about an instrument


def message(order: Order, site: Site, to: str) -> bytes:
    """The order as JSON for one recipient. The same but for `text`, which is in the recipient's language and says what
    is asked of them.
    """
    place = place_of(site, order.facility)
    accept_by, arrive_by, finish_by, _ = order.limits
    body = {
        "order": order.id,
        "revision": order.revision,
        "case": order.case,
        "state": order.state,
        "drill": site.simulated,
        "priority": order.priority,
        "element": order.element,
        "kind": order.kind,
        "rule": order.rule,
        "safety": order.safety,
        "facility": order.facility,
        "device": device.removeprefix(_ABOUT) if (device := order.subject).startswith(_ABOUT) else "",
        "members": order.members,
        "zone": order.zone,
        "place": {**_name(_where(site, place)), "pole": place.pole, "chainage": place.chainage},
        "position": _position(place),
        "title": _name(order.plan.title),
        "do": _name(order.plan.do),
        "caution": _name(order.plan.caution) if order.plan.caution else None,
        "materials": _name(order.plan.materials) if order.plan.materials else None,
        "why": {**order.why, "since": rfc3339(order.since)},
        "dispatched": _moment(order.dispatched),
        "limits": {"accept": _moment(accept_by), "arrive": _moment(arrive_by), "finish": _moment(finish_by)},
        "yellow": {name: _moment(getattr(order.yellow, name)) for name in ("accept", "arrive", "finish")},
        "matter": order.matter,
        "held": _held(order),
        "asked": None if order.asked is None else {"until": rfc3339(order.asked.until), "why": order.asked.why},
        "escalated": [{"level": r.level, "party": r.party, "limit": r.limit, "at": rfc3339(r.at)} for r in order.rungs],
        "follows": order.follows,
        "responsible": _responsible(order, site, place),
        "crew": order.crew,
        "recovered": order.recovered,
        "rework": order.reworks,
        "text": text(order, site, to),
    }
    return msgspec.json.encode(body)


def receipt(reply: str, *, ok: bool, why: str) -> bytes:
    """What became of an answer."""
    return msgspec.json.encode({"id": reply, "result": "ok" if ok else "refused", "why": why})


class Said(NamedTuple):
    """What an order says to one recipient, part by part, in their language; "" where there is nothing to say."""

    head: str
    asked: str
    spot: str
    why: str
    deadlines: str
    caution: str
    materials: str
    parties: str


def tongue_of(site: Site, to: str) -> Tongue:
    """The language of a crew; Chinese for everybody else."""
    crew = site.crews.get(to)
    return EN if crew is not None and crew.language == "en" else ZH


def said(order: Order, site: Site, to: str) -> Said:
    """The parts of the text that the recipient reads."""
    tongue = tongue_of(site, to)
    place = place_of(site, order.facility)
    titles = {"title": tongue.name(order.plan.title), "do": tongue.name(order.plan.do)}
    kind = tongue.gateway if order.facility in site.gateways else tongue.kind(order.kind)
    named = {"element": tongue.element(order.element), "kind": kind}
    since = tongue.since.format(at=_clock(order.since, order, site, tongue))
    return Said(
        head=tongue.head.format(priority=order.priority, case=order.case, **named, **titles),
        asked=tongue.comma.join(_asked(order, site, to, tongue)),
        spot=_spot(order, site, place, tongue),
        why=tongue.comma.join([since, *_values(order, tongue)]),
        deadlines=_deadlines(order, site, tongue),
        caution=tongue.caution.format(caution=tongue.name(order.plan.caution)) if order.plan.caution else "",
        materials=tongue.materials.format(materials=tongue.name(order.plan.materials)) if order.plan.materials else "",
        parties=_parties(order, site, place, tongue),
    )


def text(order: Order, site: Site, to: str) -> str:
    """What the recipient reads: under 300 characters, in the language of their crew."""
    head, asked, spot, why, deadlines, caution, materials, parties = said(order, site, to)
    whole = [head, asked, spot, why, deadlines, caution, materials, parties]
    return _fitted(DRILL if site.simulated else "", whole, (parties, materials, why))


def _spot(order: Order, site: Site, place: Place, tongue: Tongue) -> str:
    many = tongue.lamps if order.kind in (Kind.LIGHT, Kind.FEEDER) else tongue.spots
    return "".join(
        (
            tongue.name(_where(site, place)),
            tongue.pole.format(pole=place.pole) if place.pole else "",
            f" {place.chainage}" if place.chainage else "",
            many.format(n=len(order.members)) if order.members else "",
        )
    )


def _deadlines(order: Order, site: Site, tongue: Tongue) -> str:
    """Those that still run, absolute and local."""
    running = {
        OrderState.DISPATCHED: (tongue.accept_by, tongue.arrive_by, tongue.finish_by),
        OrderState.ACCEPTED: ("", tongue.arrive_by, tongue.finish_by),
        OrderState.ARRIVED: ("", "", tongue.finish_by),
    }.get(order.state, ())
    due = zip(running, order.limits, strict=False)
    return " ".join(said.format(at=_clock(at, order, site, tongue)) for said, at in due if said and at is not None)


def _asked(order: Order, site: Site, to: str, tongue: Tongue) -> list[str]:
    """What is asked of this recipient beyond the work itself; empty for a plain order."""
    crew = site.crews.get(order.crew)
    who = tongue.name(crew.name) if crew else order.crew
    if order.state is OrderState.DONE:
        if not order.vouched:
            return [tongue.awaits_sensors]
        return [tongue.confirm.format(who=who) if to == site.desk else tongue.awaits_desk]
    if order.state is OrderState.ON_HOLD:
        return [_held_back(order, site, tongue)]
    said = [tongue.resumed] if order.history and order.history[-1].step is Step.RESUME else []
    if to == site.desk and order.crew != site.desk:
        said.append((tongue.supervise_late if order.overdue else tongue.supervise_silent).format(who=who))
    elif order.overdue:
        said.append(tongue.overdue)
    if order.reworks:
        said.append(tongue.rework.format(n=order.reworks))
    if order.recovered:
        said.append(tongue.recovered)
    return said


def _parties(order: Order, site: Site, place: Place, tongue: Tongue) -> str:
    answering = _responsible(order, site, place)
    roles = ((tongue.territorial, "territorial"), (tongue.functional, "functional"), (tongue.execution, "execution"))
    known = ((said, site.parties.get(answering[role])) for said, role in roles)
    return " ".join(said.format(party=tongue.name(party.name)) for said, party in known if party is not None)


def _fitted(drill: str, parts: list[str], spare: tuple[str, ...]) -> str:
    """All in one line. Where that is too long the spare parts go, in their order (they stand in the JSON as well), and
    then the tail is cut.
    """
    whole = drill + " | ".join(part for part in parts if part)
    if len(whole) <= MOST_CHARACTERS:
        return whole
    if spare:
        return _fitted(drill, [part for part in parts if part != spare[0]], spare[1:])
    return whole[: MOST_CHARACTERS - 1] + "…"


def _values(order: Order, tongue: Tongue) -> list[str]:
    """The measured values among the reasons, as people say them."""
    nested = order.why.get("values")
    found = {**order.why, **nested} if isinstance(nested, Mapping) else order.why
    return [_value(QUANTITIES[name], value, tongue) for name, value in found.items() if name in QUANTITIES]


def _value(quantity: Quantity, value: object, tongue: Tongue) -> str:
    called = tongue.quantity(quantity.name)
    if isinstance(value, bool):
        return called if value else tongue.no.format(quantity=called)
    if isinstance(value, float | int):
        unit = {"Cel": "°C", "deg": "°", "%": "%"}.get(quantity.unit, f" {quantity.unit}" if quantity.unit else "")
        return f"{called} {value:.6g}{unit}"
    return f"{called} {value}"


def _clock(at: Millis, order: Order, site: Site, tongue: Tongue) -> str:
    """The local time; with the day where it is not the day of dispatch."""
    there = local(at, site.timezone)
    sent = local(order.dispatched if order.dispatched is not None else order.opened, site.timezone)
    return f"{'' if there.date() == sent.date() else tongue.day(there)}{there:%H:%M}"


def _where(site: Site, place: Place) -> Name:
    zone = site.zones.get(place.zone)
    return Name(f"{zone.name.en}, {place.name.en}", f"{zone.name.zh} {place.name.zh}") if zone else place.name


def _responsible(order: Order, site: Site, place: Place) -> dict[str, str]:
    """Who answers for it: of the place 属地, of the matter 属事, who carries it out 末端, who owns it 权属."""
    return responsible(site, place, order.crew)._asdict()


def _held(order: Order) -> dict[str, str | None] | None:
    """Why its clock stands, and until when."""
    if order.state is not OrderState.ON_HOLD:
        return None
    return {"for": order.held_for, "until": _moment(order.held_until), "why": _held_why(order)}


def _held_back(order: Order, site: Site, tongue: Tongue) -> str:
    """The same, as a person reads it."""
    said = {Pause.WINDOW: tongue.shut, Pause.STOP: tongue.stopped}.get(order.held_for or Pause.PARKED, tongue.parked)
    at = "" if order.held_until is None else _clock(order.held_until, order, site, tongue)
    return said.format(at=at, why=_held_why(order))


def _held_why(order: Order) -> str:
    return next((line.why for line in reversed(order.history) if line.step is Step.HOLD), "")


def _position(place: Place) -> dict[str, float | str] | None:
    if place.position is None:
        return None
    return {"lat": place.position.lat, "lon": place.position.lon, "datum": "WGS-84"}


def _name(name: Name) -> dict[str, str]:
    return {"en": name.en, "zh": name.zh}


def _moment(at: Millis | None) -> str | None:
    return None if at is None else rfc3339(at)
