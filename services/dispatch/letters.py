"""Messages to people's contacts (企业微信, e-mail …) beside MQTT: who gets one, over which contact, and what it says.

Pure; the judge writes them down with the order that they are about. What domain.md §5.1 lists is in every one of them,
in the recipient's language. How much of it a channel takes, and whose answer link it carries, is seen to when it goes.
"""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

import msgspec

from domain.naming import Priority
from domain.readings import Millis
from domain.site import Contact, Name, Site
from services.dispatch.fitting import Piece
from services.dispatch.maps import amap, bearing_from, openstreetmap
from services.dispatch.orders import Order, OrderState, Step
from services.dispatch.places import Place, place_of
from services.dispatch.tongues import Tongue
from services.dispatch.wording import DRILL, message, said, tongue_of

PRACTICE: Final = frozenset({"drill"})  # channels that reach nobody: the only ones that a simulated site may use
# What whoever has the order hears of, unless they did it themselves.
TOLD: Final = frozenset(
    {Step.DISPATCH, Step.REWORK, Step.REOPEN, Step.RAISE, Step.AMEND, Step.RECOVER, Step.ESCALATE, Step.OVERDUE}
    | {Step.GRANT, Step.REFUSE, Step.ABSORB, Step.HOLD, Step.RESUME}
)
# What takes work away from whoever had it, and is no answer of theirs.
TAKEN_BACK: Final = frozenset({Step.WITHDRAW, Step.VOID, Step.MERGE, Step.OVERRULE})


class Words(msgspec.Struct, frozen=True):
    """What a letter says, before it is cut."""

    chinese: bool
    drill: bool
    pieces: tuple[Piece, ...]
    subject: str  # in one line: of an e-mail, and in a digest of what cannot wait
    group: str  # what it is told together with in a digest
    case: str
    answer: bool  # whether there is something to answer


class Body(msgspec.Struct, frozen=True):
    """What is kept of a letter: words for people, and the order for machines."""

    words: Words
    order: msgspec.Raw


class Letter(NamedTuple):
    """One message over one contact of somebody. Sent twice under its key, it is the same message."""

    key: str  # order, revision, recipient and place
    order: str
    revision: int
    to: str  # crew or party
    place: int  # which of their contacts, from 0
    channel: str
    address: str
    secret: str
    last: bool  # they have no contact behind this one
    priority: Priority
    at: Millis
    body: bytes

    @property
    def target(self) -> str:
        """What its limit is counted by: two crews in one group share its robot."""
        return f"{self.channel} {self.address}"


class Undelivered(msgspec.Struct, frozen=True):
    """A letter that was given up, as the journal has it (`naming.DELIVERY`)."""

    key: str
    order: str
    revision: int
    to: str
    place: int
    channel: str
    why: str


def contacts_of(site: Site, to: str) -> tuple[Contact, ...]:
    """How a crew or a party is reached beside MQTT. A simulated site reaches nobody in the real world."""
    known = site.crews.get(to) or site.parties.get(to)
    found = known.contacts if known is not None else ()
    return tuple(one for one in found if one.channel in PRACTICE) if site.simulated else found


def letters(
    before: Order | None, after: Order, had: Sequence[str], have: Sequence[str], site: Site, at: Millis
) -> list[Letter]:
    """What a change of an order has people told, each over their first contact. `had` and `have` are its recipients."""
    news = after.history[len(before.history) if before is not None else 0 :]
    found = []
    for to in have:
        heard = [change for change in news if change.who != to and _is_told(change.step, after, site, to)]
        if heard or (to not in had and all(change.who != to for change in news)):
            found.append(letter(after, site, to, at))
    found += [letter(after, site, party, at) for party in _newly_told(before, after)]
    taken_back = any(change.step in TAKEN_BACK and change.before is not OrderState.DONE for change in news)
    for to in had:
        if to in have or any(change.who == to for change in news):
            continue
        if taken_back or not after.ended:
            found.append(letter(after, site, to, at))
    return [one for one in found if one is not None]


def instead(lost: Undelivered, order: Order, site: Site, at: Millis) -> Letter | None:
    """What goes where a letter was given up: the next contact; after the last one the desk, which is to pass it on."""
    found = letter(order, site, lost.to, at, place=lost.place + 1, revision=lost.revision)
    if found is not None or lost.to == site.desk:
        return found
    return letter(order, site, site.desk, at, instead_of=lost.to, revision=lost.revision)


def letter(
    order: Order,
    site: Site,
    to: str,
    at: Millis,
    *,
    place: int = 0,
    instead_of: str = "",
    revision: int | None = None,
) -> Letter | None:
    """The order for one contact of somebody; None where they have none at that place. `instead_of` names who could
    not be reached, and is to be told by them. `revision` is what it is about where that is not the newest.
    """
    contacts = contacts_of(site, to)
    if place >= len(contacts):
        return None
    contact, about = contacts[place], order.revision if revision is None else revision
    key = ":".join((order.id, str(about), to, *([instead_of] if instead_of else []), str(place)))
    kept = Body(words(order, site, to, instead_of=instead_of), msgspec.Raw(message(order, site, to)))
    return Letter(
        key=key,
        order=order.id,
        revision=about,
        to=to,
        place=place,
        channel=contact.channel,
        address=contact.to,
        secret=contact.secret,
        last=place + 1 == len(contacts),
        priority=order.priority,
        at=at,
        body=msgspec.json.encode(kept),
    )


def words(order: Order, site: Site, to: str, *, instead_of: str = "") -> Words:
    """What the recipient reads, its parts ranked by how soon they may be left out."""
    tongue, place = tongue_of(site, to), place_of(site, order.facility)
    told = said(order, site, to)
    gone = order.ended or (to != order.crew and to in site.crews and not (order.desk and to == site.desk))
    mark = DRILL if site.simulated else ""
    head = told.head
    if gone:
        phrase = tongue.taken_back if order.ended else tongue.passed_on
        head = phrase.format(case=order.case, title=tongue.name(order.plan.title))
    if instead_of:
        head = f"{tongue.unreached.format(who=_called(site, instead_of, tongue))} {head}"
    spot = f"{told.spot}{tongue.comma}{near}" if (near := _near(site, place, tongue)) and not gone else told.spot
    pieces = [Piece(mark + head), Piece(spot, 0 if not gone else 2)]
    if not gone:
        pieces = [
            *pieces[:1],
            Piece(told.asked, 1),
            *pieces[1:],
            Piece(told.why, 4),
            Piece(told.deadlines, 1),
            Piece(told.caution, 1),
            Piece(told.materials, 3),
            Piece(told.parties, 6),
            Piece(_call(site, to, tongue), 5),
            Piece(_map(place, tongue), 2, link=True),
        ]
    zone = site.zones.get(place.zone)
    group = f"{order.priority} {tongue.name(order.plan.title)}" + (f" {tongue.name(zone.name)}" if zone else "")
    if gone:
        group = head.partition(" ")[0] + group
    elif told.asked:  # late, held, stopped …: not to be taken for new work
        group = f"{told.asked} {group}"
    line = (head, told.spot) if gone else (head, told.asked, told.spot, told.deadlines)
    subject = mark + " | ".join(part for part in line if part)
    answers = not gone and to in site.crews  # a party has no page to answer on
    return Words(tongue.chinese, site.simulated, tuple(pieces), subject, group, order.case, answers)


def body_of(one: Letter) -> Body:
    """What was kept of a letter."""
    return _body.decode(one.body)


def _is_told(step: Step, order: Order, site: Site, to: str) -> bool:
    if step is Step.DONE:  # where a person is to vouch for it
        return to == site.desk and order.state is OrderState.DONE and order.desk
    return step in TOLD or (step is Step.EXTEND and to == site.desk)


def _newly_told(before: Order | None, after: Order) -> Collection[str]:
    """Parties that hear of it by a step of escalation, and have no crew whose topic it lies on."""
    known = before.rungs if before is not None else ()
    return [rung.party for rung in after.rungs if rung not in known and not rung.crew and rung.party]


def _call(site: Site, to: str, tongue: Tongue) -> str:
    desk = site.crews.get(site.desk)
    if desk is None or not desk.phone or to == site.desk:
        return ""
    return tongue.call.format(who=tongue.name(desk.name), phone=desk.phone)


def _called(site: Site, who: str, tongue: Tongue) -> str:
    known = site.crews.get(who) or site.parties.get(who)
    return tongue.name(known.name if known is not None else Name(who, who))


def _near(site: Site, place: Place, tongue: Tongue) -> str:
    zone = site.zones.get(place.zone)
    found = bearing_from(zone.nodes, place.position) if zone is not None and place.position is not None else None
    if found is None or place.id == place.zone:
        return ""
    metres = max(10, round(found.metres, -1))
    named = {"node": tongue.name(found.node.name), "direction": tongue.directions[found.eighth]}
    return tongue.near.format(metres=f"{metres:.0f}", **named)


def _map(place: Place, tongue: Tongue) -> str:
    if place.position is None:
        return ""
    url = amap(place.position, tongue.name(place.name)) if tongue.chinese else openstreetmap(place.position)
    return tongue.map.format(url=url)


_body = msgspec.json.Decoder(Body)
