"""A coast of four facilities, and messages of it."""

import json

from domain.messages import Message, Row
from domain.naming import Element, Kind, up_topic
from domain.site import Crew, Device, Facility, Gateway, Name, Position, Site

AT = 1_790_841_600_000  # 2026-10-01T08:00:00Z
HERE = Position(36.06, 120.31)
TOPIC = up_topic("shinan", "bay", "bin", "bin-1-s")


def name(text: str) -> Name:
    return Name(text, text)


def coast(*, simulated: bool = False, timezone: str = "Asia/Shanghai", profile: str = "native") -> Site:
    facilities = {
        f.id: f
        for f in (
            Facility("bin-1", Kind.BIN, Element.SANITATION, name("bin"), "bay", HERE),
            Facility("lot-1", Kind.PARKING, Element.ORDER, name("lot"), "bay", HERE),
            Facility("wc-1", Kind.TOILET, Element.SANITATION, name("wc"), "hill", HERE),
        )
    }
    devices = {
        d.id: d
        for d in (
            Device("bin-1-s", "bin-1", profile),
            Device("lot-1-s", "lot-1"),
            Device("wc-1-s", "wc-1"),
            Device("lost-s", "nowhere"),
        )
    }
    crew = Crew("collect-w1", name("crew"), ("collection",), ("bay",), (), 3, HERE, "party")
    return Site(
        id="shinan",
        name=name("Shinan"),
        timezone=timezone,
        simulated=simulated,
        parties={},
        zones={},
        sections={},
        gateways={"gw-1": Gateway("gw-1", "bay", HERE)},
        facilities=facilities,
        devices=devices,
        shifts={},
        crews={crew.id: crew},
        desk=crew.id,
    )


def up(values: object = None, *, topic: str = TOPIC, received: int = AT, flags: int = 0, **fields: object) -> Message:
    """A message with these values, `at` the receive time unless said otherwise (None: without)."""
    said: dict[str, object] = {"at": received, **fields}
    if said["at"] is None:
        del said["at"]
    if values is not None:
        said["values"] = values
    return Message(topic, json.dumps(said).encode(), received, flags)


def raw(payload: bytes, *, topic: str = TOPIC, received: int = AT, flags: int = 0) -> Message:
    return Message(topic, payload, received, flags)


def row(*messages: Message, number: int = 1, at: int = AT) -> Row:
    return Row(number, at, messages)
