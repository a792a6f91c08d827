"""What a crew says on its page: a row of the journal first, as over MQTT, then whatever the judge makes of it."""

import asyncio
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from domain.errors import ConflictError, NotFoundError, RejectedError
from domain.messages import Message
from domain.naming import CrewAction, replies_topic
from services.api.awaiting import WAIT_S, OnTheWay, judged
from services.api.seams import Behind
from services.crew.jpeg import looked_at
from services.crew.ports import Photos
from services.dispatch.orders import Order, OrderState, Result
from services.dispatch.when import millis, rfc3339

MOST_PHOTOS: Final = 3  # of one answer
MOST_ORDERS: Final = 100  # in a list
PHOTO: Final = "photo:"  # how a photo stands in a note
_OPEN: Final = tuple(state for state in OrderState if state not in ("draft", "closed", "withdrawn", "void", "merged"))

PhotoId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class Said(BaseModel):
    """An answer, as the phone made it: `id` and `at` are the phone's."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    order: str = Field(min_length=1, max_length=64)
    revision: int = Field(0, ge=0)
    action: CrewAction
    at: AwareDatetime | None = None
    reason: str = Field("", max_length=500)
    note: str = Field("", max_length=1000)
    until: AwareDatetime | None = None
    photos: tuple[PhotoId, ...] = Field((), max_length=MOST_PHOTOS)


class Standing(StrEnum):
    """What became of an answer."""

    WAITING = "waiting"  # kept, and not judged yet
    OK = "ok"
    REFUSED = "refused"


class Receipt(BaseModel):
    """What became of an answer, and why not."""

    id: UUID
    order: str
    action: str
    standing: Standing
    why: str = ""


class Taking:
    """Takes answers and photos of crews, and knows their lists."""

    def __init__(self, behind: Behind, photos: Photos, *, wait_s: float = WAIT_S) -> None:
        self._behind, self._photos, self._wait_s = behind, photos, wait_s
        self._on_the_way: OnTheWay[tuple[str, str], Receipt] = OnTheWay()

    async def reply(self, crew: str, said: Said) -> Receipt:
        """Have it judged; waiting where that takes longer than two seconds. The same id again is the same answer, and
        no second row. Raises RejectedError, ConflictError, UnavailableError.
        """
        given = str(said.id)
        known = await self._known(crew, given)
        if known is None:
            if said.photos:
                there = await asyncio.to_thread(self._photos.of, said.order)
                if lacking := set(said.photos) - set(there):
                    raise RejectedError(f"these photos are not here: {', '.join(sorted(lacking))}")
            topic, body = replies_topic(self._behind.site.id, crew), _written(said)
            waiting = Receipt(id=said.id, order=said.order, action=said.action, standing=Standing.WAITING)
            self._on_the_way.add((crew, given), waiting)
            try:
                await self._behind.tell([Message(topic, body, self._behind.clock.now())])
            except BaseException:
                self._on_the_way.arrived((crew, given))
                raise
            known = waiting
        if known.standing is Standing.WAITING:
            result = await judged(self._behind.cases, crew, given, self._wait_s)
            known = known if result is None else self._answered(crew, result)
        if (known.order, known.action) != (said.order, said.action):
            raise ConflictError(f"the id {given} was given to another answer: make one for each")
        return known

    async def became(self, crew: str, given: UUID) -> Receipt:
        """What became of an answer. Raises NotFoundError where nobody knows of it."""
        known = await self._known(crew, str(given))
        if known is None:
            raise NotFoundError(f"nothing is known of an answer {given}")
        return known

    async def photo(self, crew: str, order: str, body: bytes) -> str:
        """Keep a photo of an order that this crew has, or had. Raises RejectedError, ConflictError, NotFoundError."""
        looked_at(body)
        found = await asyncio.to_thread(self._behind.cases.order, order)
        if not self._concerns(found, crew):
            raise NotFoundError(f"there is no order {order}")
        return await asyncio.to_thread(self._photos.keep, found.id, body)

    def orders(self, crew: str) -> list[Order]:
        """All that a crew has, each with its history; the desk's copies too. Blocking."""
        cases, desk = self._behind.cases, self._behind.site.desk
        found = cases.orders(states=_OPEN, crew=crew, newest=MOST_ORDERS)
        if crew == desk:
            every = cases.orders(states=_OPEN, newest=MOST_ORDERS)
            found = list({one.id: one for one in (*found, *every) if one.crew == desk or one.desk}.values())
        return [cases.order(one.id) for one in found[:MOST_ORDERS]]

    def _concerns(self, order: Order, crew: str) -> bool:
        return crew == self._behind.site.desk or order.crew == crew or any(one.crew == crew for one in order.history)

    async def _known(self, crew: str, given: str) -> Receipt | None:
        result = await asyncio.to_thread(self._behind.cases.result, crew, given)
        return self._on_the_way.get((crew, given)) if result is None else self._answered(crew, result)

    def _answered(self, crew: str, result: Result) -> Receipt:
        self._on_the_way.arrived((crew, result.id))
        standing = Standing.OK if result.ok else Standing.REFUSED
        return Receipt(id=UUID(result.id), order=result.order, action=result.action, standing=standing, why=result.why)


def _written(said: Said) -> bytes:
    """As docs/wire.md has it; photos stand in the note."""
    body: dict[str, Any] = {
        "id": str(said.id),
        "order": said.order,
        "revision": said.revision,
        "action": said.action,
        "note": _joined(said.note.strip(), *(PHOTO + one for one in said.photos)),
        "reason": said.reason,
    }
    for name, moment in (("at", said.at), ("until", said.until)):
        if moment is not None:
            body[name] = rfc3339(millis(moment))
    return msgspec.json.encode(body)


def _joined(*parts: str) -> str:
    return "; ".join(_full(parts))


def _full(parts: Iterable[str]) -> Iterable[str]:
    return (part for part in parts if part)
