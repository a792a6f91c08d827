"""Who speaks on a topic: looked up once, remembered after."""

from collections.abc import Mapping
from enum import Enum
from typing import Final, NamedTuple

from domain import naming
from domain.site import Site
from ingest import quarantine
from ingest.codecs.envelopes import ENVELOPES
from ingest.codecs.picking import eui
from ingest.codecs.said import Codec
from ingest.codecs.uplink import Envelope
from ingest.quality import room_of


class Carries(Enum):
    """What a topic brings."""

    READINGS = "readings"
    UPLINKS = "uplinks"  # what a network server relays: whose it is, only the message says
    STATUS = "status"
    REPLY = "reply"
    COMMAND = "command"  # an operator's, through the API
    CLOCK = "clock"
    NOTE = "note"  # ours, or of no concern to readings: handed on as it is
    NOTHING = "nothing"  # a topic that nobody of ours should use


class Route(NamedTuple):
    """What is known of a topic. `reason` says why it carries nothing; `codec` is there where it carries readings,
    `envelope` where it carries uplinks, of the device with the EUI `device` where the topic names one.
    """

    carries: Carries
    reason: str = ""
    facility: str = ""
    device: str = ""
    kind: str = ""
    zone: str = ""
    codec: Codec | None = None
    envelope: Envelope | None = None
    room: Mapping[str, float] | None = None  # the most that it can say of some quantities; None: of none


_REMEMBERED: Final = 200_000  # topics; a flood of made-up ones must not fill the memory
_NOTE: Final = Route(Carries.NOTE)
_COMMAND: Final = Route(Carries.COMMAND)
_STATUS: Final = Route(Carries.STATUS)
_NO_CONCERN: Final = Route(Carries.UPLINKS, envelope=lambda _: ())  # joins, acknowledgements, downlinks


class Routes:
    """The topics of one site."""

    def __init__(self, site: Site, codecs: Mapping[str, Codec]) -> None:
        self._site = site
        self._codecs = codecs
        self._known: dict[str, Route] = {}
        self.known = self._known.get  # the route of a topic that was heard before

    def find(self, topic: str) -> Route:
        """The route of a topic, also of one never heard before."""
        route = self._known.get(topic)
        if route is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            route = self._known[topic] = self._made(topic)
        return route

    def _made(self, topic: str) -> Route:
        if topic.startswith("$tidewalk/"):
            return _COMMAND if topic == naming.COMMAND else _NOTE
        match topic.split("/"):
            case ["tidewalk", site, *_] if site != self._site.id:
                return _nothing(quarantine.other_site(site, self._site.id))
            case ["tidewalk", _, "clock"]:
                return Route(Carries.CLOCK) if self._site.simulated else _nothing(quarantine.NO_CLOCK)
            case ["tidewalk", _, "clock", "judged"] | ["tidewalk", _, "marker", _]:
                return _NOTE
            case ["tidewalk", _, "gateway", gateway, "status"]:
                known = gateway in self._site.gateways
                return _STATUS if known else _nothing(quarantine.unknown("gateway", gateway))
            case ["tidewalk", _, "crew", crew, "replies"]:
                known = crew in self._site.crews
                return Route(Carries.REPLY) if known else _nothing(quarantine.unknown("crew", crew))
            case ["tidewalk", _, "crew", _, "receipts"] | ["tidewalk", _, "crew", _, "orders", _]:
                return _NOTE
            case ["tidewalk", _, zone, kind, device, "up"]:
                return self._device(zone, kind, device)
            case ["tidewalk", _, zone, kind, device, "status"]:
                route = self._device(zone, kind, device)
                return route if route.reason else _STATUS
            case levels:
                return _relayed(levels) or _nothing(quarantine.unknown_topic(topic))

    def _device(self, zone: str, kind: str, device: str) -> Route:
        known = self._site.devices.get(device)
        facility = self._site.facilities.get(known.facility) if known else None
        if known is None or facility is None:
            return _nothing(quarantine.unknown("device", device))
        if kind != facility.kind:
            return _nothing(quarantine.misplaced("kind", kind, facility.kind, device))
        if zone != facility.zone:
            return _nothing(quarantine.misplaced("zone", zone, facility.zone, device))
        codec = self._codecs.get(known.profile)
        if codec is None:
            return _nothing(quarantine.unknown_profile(known.profile, device))
        room = room_of(facility.attributes) or None
        return Route(Carries.READINGS, "", facility.id, device, str(naming.Kind(kind)), zone, codec, room=room)


def _relayed(levels: list[str]) -> Route | None:
    """What comes from a network server, on its own topic or on ours."""
    match levels:
        case ["tidewalk", _, "uplink", server] | ["tidewalk", _, "uplink", server, ""]:
            return _uplink(server, "")
        case ["tidewalk", _, "uplink", server, device]:
            return _uplink(server, device)
        case ["application", _, "device", device, "event", event]:
            return _uplink("chirpstack", device) if event == "up" else _NO_CONCERN
        case ["v3", _, "devices", _, event, *_]:
            return _uplink("ttn", "") if event == "up" else _NO_CONCERN
        case _:
            return None


def _uplink(server: str, device: str) -> Route:
    envelope = ENVELOPES.get(server)
    if envelope is None:
        return _nothing(quarantine.unknown_server(server, tuple(ENVELOPES)))
    return Route(Carries.UPLINKS, device=eui(device), envelope=envelope)


def _nothing(reason: str) -> Route:
    return Route(Carries.NOTHING, reason)
