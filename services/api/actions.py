"""An operator's action: a row of the journal first, then whatever the judge makes of it."""

import asyncio
from typing import Final
from uuid import UUID

import msgspec
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from domain.errors import ConflictError, NotFoundError, RejectedError
from domain.messages import Message
from domain.naming import COMMAND, TRADES, OperatorAction
from ingest.codecs.replies import Command
from services.api.answering import etag_of, matches
from services.api.awaiting import WAIT_S, OnTheWay, judged
from services.api.guard import Caller
from services.api.problems import ChangedError, IllegalError
from services.api.scoping import must_act, must_see
from services.api.seams import Behind
from services.api.shown import Time, order_whole
from services.api.trailing import Footprint
from services.api.word import By, Standing, by_whom
from services.dispatch.orders import Order, Result
from services.dispatch.when import millis
from services.judge.answers import CHANGED, NO_REASON

_GOES_WITH: Final = {
    "crew": (OperatorAction.REASSIGN, OperatorAction.FOLLOW_UP),
    "into": (OperatorAction.MERGE,),
    "until": (OperatorAction.HOLD, OperatorAction.GRANT),
    "trade": (OperatorAction.FOLLOW_UP,),
    "do": (OperatorAction.FOLLOW_UP,),
}


class Asked(BaseModel):
    """What an operator asks for. `id` is made by whoever asks: asked twice, it is done once and answered the same."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "id": "5f0c1c9e-8a39-4e0e-9b53-0b8f8a1d7c11",
                    "action": "close",
                    "by": "Li Wei",
                    "reason": "emptied by the night shift, seen on the camera",
                }
            ]
        },
    )

    id: UUID = Field(description="Made by whoever asks, anew for each action")
    action: OperatorAction
    by: By = ""
    reason: str = Field("", max_length=2000, description="Needed for all but `confirm`, `grant` and `resume`")
    crew: str = Field(
        "", max_length=128, description="Of `reassign` and `follow_up`: to whom. Empty: whoever is to be sent"
    )
    into: str = Field(default="", max_length=128, description="Of `merge`: the order that it ends in, by id or 案号")
    until: AwareDatetime | None = Field(
        default=None,
        description="Of `hold`: when it comes back; of `grant`: the new finish limit. Null: as usual, as asked",
    )
    trade: str = Field(
        default="", max_length=128, description="Of `follow_up`: what its crew must know. Empty: the same"
    )
    do: str = Field(default="", max_length=2000, description="Of `follow_up`: what is to be done. Empty: the same")


class Acted(BaseModel):
    """An action, and what became of it: when, and why not."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "5f0c1c9e-8a39-4e0e-9b53-0b8f8a1d7c11",
                    "order": "8f5bd1a4f7f5a2c0",
                    "action": "close",
                    "standing": "done",
                    "why": "",
                    "at": "2026-10-01T12:31:07.250Z",
                }
            ]
        }
    )

    id: UUID
    order: str = Field(description="The order's id")
    action: str
    standing: Standing
    why: str = Field(default="", description="Why it was refused")
    at: Time | None = Field(default=None, description="When it was judged; null while it waits")


class Actions:
    """Takes actions to the judge through the journal."""

    def __init__(self, behind: Behind, *, wait_s: float = WAIT_S) -> None:
        self._behind, self._wait_s = behind, wait_s
        self._on_the_way: OnTheWay[str, Command] = OnTheWay()

    async def act(self, name: str, asked: Asked, caller: Caller, left: Footprint, *, if_match: str = "") -> Acted:
        """Have it done to the order of that id or 案号. Waiting, if the judge needs longer than two seconds. `caller`
        stands for `by` where they have a name, and what changed is `left` for the trail; `if_match` is the order's
        ETag as whoever asks saw it. Raises NotFoundError, ForbiddenError, RejectedError (it can never be done so),
        IllegalError (not now), ChangedError (the order is not as it was seen) and UnavailableError.
        """
        cases = self._behind.cases
        order = await asyncio.to_thread(cases.order, name)
        must_see(caller, {order.zone})
        must_act(caller, asked.action)
        if asked.into:
            must_see(caller, {(await asyncio.to_thread(cases.order, asked.into)).zone})
        seen = len(order.history) if if_match.strip() not in ("", "*") else None
        command = await asyncio.to_thread(self._command, order, asked, caller, seen)
        left.before = left.after = f"{asked.action} {order.case}: {order.state}, {order.crew}"
        result = await asyncio.to_thread(cases.result, COMMAND, command.id)
        if result is None:
            if if_match and not matches(if_match, etag_of(order_whole(order).model_dump_json(by_alias=True).encode())):
                last = order.history[-1]
                raise ChangedError(f"{CHANGED}; what came last is {last.who}: {last.step}, {last.why}")
            message = Message(COMMAND, msgspec.json.encode(command), self._behind.clock.now())
            await self._behind.tell([message])
            self._on_the_way.add(command.id, command)
            result = await judged(cases, COMMAND, command.id, self._wait_s)
            if result is not None:
                self._on_the_way.arrived(command.id)
        if result is None:
            return _acted(command)
        if (result.order, result.action) != (command.order, command.action):
            raise ConflictError(f"the id {command.id} was given to another action: make one for each")
        if not result.ok and result.why.startswith(CHANGED):
            raise ChangedError(result.why)
        if not result.ok:
            raise IllegalError(result.why, await asyncio.to_thread(cases.order, order.id))
        became = await asyncio.to_thread(cases.order, order.id)
        left.after = f"{asked.action} {became.case}: {became.state}, {became.crew}"
        return _acted(result)

    async def became(self, name: str, given: UUID, caller: Caller) -> Acted:
        """What became of an action. Raises NotFoundError where nobody knows of it, and ForbiddenError."""
        order = await asyncio.to_thread(self._behind.cases.order, name)
        must_see(caller, {order.zone})
        result = await asyncio.to_thread(self._behind.cases.result, COMMAND, str(given))
        known = result or self._on_the_way.get(str(given))
        if known is None or known.order != order.id:
            raise NotFoundError(f"nothing is known of an action {given} on {name}")
        return _acted(known)

    def _command(self, order: Order, asked: Asked, caller: Caller, seen: int | None) -> Command:
        by = by_whom(caller, asked.by)
        into = self._behind.cases.order(asked.into).id if asked.into else ""
        until = None if asked.until is None else millis(asked.until)
        more = {"crew": asked.crew, "into": into, "until": until, "trade": asked.trade, "do": asked.do}
        command = Command(str(asked.id), order.id, asked.action, by, asked.reason, seen=seen, **more)  # type: ignore[arg-type]  # each is as `Asked` says
        if not command.why and command.action not in NO_REASON:
            raise RejectedError(f"{command.action} needs a reason")
        for name, value in more.items():
            if value and command.action not in _GOES_WITH[name]:
                raise RejectedError(f"{name} goes with {' and '.join(_GOES_WITH[name])}, not with {command.action}")
        if command.action is OperatorAction.MERGE and not into:
            raise RejectedError("say into which order: `into`")
        if command.crew and command.crew not in self._behind.site.crews:
            raise RejectedError(f"there is no crew {command.crew}")
        if command.trade and command.trade not in TRADES:
            raise RejectedError(f"no crew has the trade {command.trade}: say one of {', '.join(TRADES)}")
        return command


def _acted(known: Command | Result) -> Acted:
    given = UUID(known.id)
    if isinstance(known, Command):
        return Acted(id=given, order=known.order, action=known.action, standing=Standing.WAITING)
    standing = Standing.DONE if known.ok else Standing.REFUSED
    return Acted(id=given, order=known.order, action=known.action, standing=standing, why=known.why, at=known.at)
