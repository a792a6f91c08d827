"""How a service stands at one moment: from the parts of this process, and from the heartbeats of the others."""

import asyncio
from typing import TYPE_CHECKING, Any

from services.api.seams import Away, Pulse, Reach
from services.heartbeats import EVERY_S, others
from services.outside import Beats
from services.roles import Role

if TYPE_CHECKING:
    from services.service import Service

_UNHEARD: dict[str, Any] = {
    "link": "",
    "trouble": "",
    "messages": 0,
    "held": 0,
    "row": 0,
    "at": 0,
    "stepping": False,
    "judge": (0, 0, ""),
    "committed": 0,
    "store": (0, 0, ""),
    "written": 0,
    "pending": 0,
    "refused": 0,
    "retries": 0,
    "quarantine": 0,
    "dispatch": "",
    "down": {},
}


def facts_of(service: "Service", role: Role) -> dict[str, Any]:
    """What a role of this process knows of `Pulse`; JSON-able."""
    match role:
        case Role.DOOR:
            door = service.door
            return {
                "link": service.link,
                "trouble": door.trouble,
                "messages": door.messages,
                "held": door.held,
                "row": service.newest,
                "at": door.last_at,
                "stepping": service.clock.stepping,
            }
        case Role.JUDGE:
            judging = service.judging
            return {"judge": (judging.cursor, judging.at, judging.waiting_for), "committed": judging.kept_to}
        case Role.STORE:
            writing = service.writing.status
            return {
                "store": (writing.cursor, writing.cursor_at, writing.waiting_for),
                "written": writing.written,
                "pending": writing.pending,
                "refused": writing.refused,
                "retries": writing.retries,
                "quarantine": service.keeping.cursor,
            }
        case Role.DISPATCH:
            down = service.postman.down() if service.postman is not None else {}
            return {"dispatch": service.dispatcher.waiting_for, "down": down}
        case Role.API:
            return {}


def pulse_of(service: "Service") -> Pulse:
    """How the whole service stands at this moment."""
    known = dict(_UNHEARD)
    away: dict[str, Away] = {}
    for role in service.roles:
        known |= facts_of(service, role)
    beats = service.outside.beats
    for role in others(service.roles) if beats is not None else ():
        assert beats is not None  # noqa: S101  # mypy does not carry it into the loop
        known |= {name: value for name, value in beats.facts(role).items() if name in _UNHEARD}
        if (gone := beats.away(role)) is not None:
            away[role] = Away(*gone)
    known["judge"], known["store"] = Reach(*known["judge"]), Reach(*known["store"])
    return Pulse(**known, away=away)


async def beat(service: "Service", beats: Beats) -> None:
    """Say how the roles of this process stand, for ever; cancel it to end."""
    while True:
        for role in service.roles:
            await asyncio.to_thread(beats.say, role, facts_of(service, role))
        await asyncio.sleep(EVERY_S)


async def goodbye(service: "Service", beats: Beats) -> None:
    """Say that they stop."""
    for role in service.roles:
        await asyncio.to_thread(beats.leave, role)
