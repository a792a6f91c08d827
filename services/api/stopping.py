"""Stops of work in a zone (停工), ordered or ended by people: a row of the journal first, then the judge."""

from typing import Any, Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from domain.errors import NotFoundError
from domain.naming import StopAction
from ingest.codecs.replies import Stopped
from services.api.awaiting import WAIT_S
from services.api.guard import Caller
from services.api.scoping import must_see
from services.api.seams import Behind
from services.api.shown import Time
from services.api.word import By, Standing, by_whom, put
from services.dispatch.when import millis
from services.dispatch.windows import Stop
from services.judge.stops import STOPS, stops_of
from services.people.policy import lacks_zone

_GIVEN: Final = "9d0c1c9e-8a39-4e0e-9b53-0b8f8a1d7c11"
_STOP: Final[dict[str, Any]] = {
    "zone": "qingdaowan",
    "because": "tide",
    "since": "2026-10-01T12:31:00.000Z",
    "until": "2026-10-01T16:00:00.000Z",
    "by": "Li Wei",
    "reason": "the sea is over the low decks",
}


class StopAsked(BaseModel):
    """Stop all work in a zone until a time, because of tide (then on low decks) or wind; or let it go on."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "id": _GIVEN,
                    "action": "stop_work",
                    "zone": "qingdaowan",
                    "because": "tide",
                    "until": "2026-10-01T16:00:00Z",
                    "by": "Li Wei",
                    "reason": "the sea is over the low decks",
                }
            ]
        },
    )

    id: UUID = Field(description="Made by whoever asks, anew for each word")
    action: StopAction
    zone: str = Field(max_length=128, pattern=r"^[a-z0-9-]+$", description="In which zone")
    because: Literal["", "tide", "wind"] = Field(default="", description="Of `stop_work`: what for")
    until: AwareDatetime | None = Field(default=None, description="Of `stop_work`: when work goes on by itself")
    by: By = ""
    reason: str = Field(default="", max_length=2000, description="Needed for `stop_work`")


class StopSaid(BaseModel):
    """A word about work in a zone, and what became of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"id": _GIVEN, "zone": "qingdaowan", "action": "stop_work", "standing": "done"}]
        }
    )

    id: UUID
    zone: str
    action: StopAction
    standing: Standing
    at: Time | None = Field(default=None, description="When it was judged; null while it waits")


class StopShown(BaseModel):
    """A stop of work that is in force."""

    model_config = ConfigDict(json_schema_extra={"examples": [_STOP]})

    zone: str
    because: str
    since: Time
    until: Time
    by: str
    reason: str


class StopsShown(BaseModel):
    """Those in force, one a zone."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"stops": [_STOP]}]})

    stops: list[StopShown]


class Stopping:
    """Takes words about work in a zone to the judge through the journal."""

    def __init__(self, behind: Behind, *, wait_s: float = WAIT_S) -> None:
        self._behind, self._wait_s = behind, wait_s

    def stops(self, caller: Caller) -> StopsShown:
        """Those in force that are theirs to see. Raises UnavailableError."""
        now = self._behind.clock.now()
        found = [one for one in stops_of(self._behind.cases.noted(STOPS)) if one.until > now]
        return StopsShown(
            stops=[_shown(one) for one in found if lacks_zone(caller.person, frozenset({one.zone})) is None]
        )

    async def say(self, asked: StopAsked, caller: Caller) -> StopSaid:
        """Have it done. Waiting, if the judge needs longer than two seconds. Raises ConflictError (not now, or not said
        in full), NotFoundError, ForbiddenError and UnavailableError.
        """
        if asked.zone not in self._behind.site.zones:
            raise NotFoundError(f"there is no zone {asked.zone}")
        must_see(caller, frozenset({asked.zone}))
        by = by_whom(caller, asked.by)
        until = None if asked.until is None else millis(asked.until)
        said = Stopped(str(asked.id), asked.action, by, asked.zone, asked.reason, asked.because, until)
        standing, at = await put(self._behind, said, self._wait_s)
        return StopSaid(id=asked.id, zone=said.zone, action=said.action, standing=standing, at=at)


def _shown(stop: Stop) -> StopShown:
    return StopShown(
        zone=stop.zone, because=stop.because, since=stop.since, until=stop.until, by=stop.by, reason=stop.why
    )
