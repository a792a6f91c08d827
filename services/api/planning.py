"""Planned work, announced or ended by an operator: a row of the journal first, then whatever the judge makes of it."""

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from domain.errors import ConflictError, NotFoundError
from domain.naming import PlanAction
from domain.readings import Millis
from ingest.codecs.replies import Planned
from services.api.awaiting import WAIT_S
from services.api.guard import Caller
from services.api.scoping import Whereabouts, must_see
from services.api.seams import Behind
from services.api.shown import Time
from services.api.word import By, Standing, by_whom, put
from services.dispatch.when import millis
from services.judge.afield import PLANNED, PlannedWork, planned_work
from services.people.policy import lacks_zone

_ID: Final = r"^[a-z0-9-]*$"
_PLAN: Final = "7d0c1c9e-8a39-4e0e-9b53-0b8f8a1d7c11"
_WORK: Final[dict[str, Any]] = {
    "id": _PLAN,
    "facility": "toilet-04",
    "zone": "",
    "from": "2026-10-02T01:00:00.000Z",
    "until": "2026-10-02T05:00:00.000Z",
    "by": "Li Wei",
    "reason": "the cistern is replaced",
    "state": "planned",
}


class Stage(StrEnum):
    """Where planned work stands."""

    PLANNED = "planned"
    NOW = "now"
    OVER = "over"


class Announced(BaseModel):
    """Work that an operator announces, on a facility or in a zone. `id` is made by whoever asks: asked twice, it is
    announced once.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        json_schema_extra={"examples": [{k: v for k, v in _WORK.items() if k not in ("zone", "state")}]},
    )

    id: UUID = Field(description="Made by whoever asks; the work keeps it")
    facility: str = Field("", pattern=_ID, max_length=128, description="On which facility; or name a zone")
    zone: str = Field("", pattern=_ID, max_length=128, description="In which zone; or name a facility")
    since: AwareDatetime | None = Field(None, alias="from", description="When it begins; not said, or gone by: now")
    until: AwareDatetime = Field(description="When it ends, within thirty days")
    by: By = ""
    reason: str = Field(min_length=1, max_length=2000, description="What is done there")


class Ending(BaseModel):
    """Planned work that ends before its time, or does not take place."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"id": "8e1c1c9e-8a39-4e0e-9b53-0b8f8a1d7c11", "by": "Li Wei", "reason": "rain"}]
        },
    )

    id: UUID = Field(description="Made by whoever asks, anew for each word")
    by: By = ""
    reason: str = Field(min_length=1, max_length=2000, description="Why")


class Said(BaseModel):
    """A word about planned work, and what became of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"id": _PLAN, "plan": _PLAN, "action": "maintain", "standing": "done", "at": _WORK["from"]}]
        }
    )

    id: UUID
    plan: str = Field(description="The id of the work")
    action: PlanAction
    standing: Standing
    at: Time | None = Field(default=None, description="When it was judged; null while it waits")


class WorkShown(BaseModel):
    """Planned work."""

    model_config = ConfigDict(populate_by_name=True, json_schema_extra={"examples": [_WORK]})

    id: str
    facility: str
    zone: str
    since: Time = Field(alias="from")
    until: Time
    by: str
    reason: str
    state: Stage


class Works(BaseModel):
    """Planned work, in the order in which it begins; what is over is shown for two days."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"maintenance": [_WORK]}]})

    maintenance: list[WorkShown]


class Planning:
    """Takes words about planned work to the judge through the journal."""

    def __init__(self, behind: Behind, *, wait_s: float = WAIT_S) -> None:
        self._behind, self._wait_s = behind, wait_s
        self._where = Whereabouts(behind.site)

    async def announce(self, asked: Announced, caller: Caller) -> Said:
        """Announce work. Waiting, if the judge needs longer than two seconds. Raises ConflictError (it does
        not fit, or is not said in full), NotFoundError, ForbiddenError and UnavailableError.
        """
        site = self._behind.site
        if bool(asked.facility) == bool(asked.zone):
            raise ConflictError("name a facility or a zone, and one of them alone")
        if asked.facility and asked.facility not in site.facilities:
            raise NotFoundError(f"there is no facility {asked.facility}")
        if asked.zone and asked.zone not in site.zones:
            raise NotFoundError(f"there is no zone {asked.zone}")
        must_see(caller, self._where.zones(asked.facility or asked.zone))
        given = str(asked.id)
        said = Planned(
            given,
            PlanAction.MAINTAIN,
            by_whom(caller, asked.by),
            asked.reason,
            asked.facility,
            asked.zone,
            None if asked.since is None else millis(asked.since),
            millis(asked.until),
            given,
        )
        return await self._say(said)

    async def end(self, plan: str, asked: Ending, caller: Caller) -> Said:
        """End it. Raises as `announce` does."""
        for one in await asyncio.to_thread(self._planned):
            if one.id == plan:
                must_see(caller, self._where.zones(one.facility or one.zone))
        said = Planned(str(asked.id), PlanAction.END, by_whom(caller, asked.by), asked.reason, plan=plan)
        return await self._say(said)

    def works(self, caller: Caller) -> Works:
        """What is planned, under way, and lately over. Raises UnavailableError."""
        now = self._behind.clock.now()
        theirs = [one for one in self._planned() if self._sees(caller, one)]
        return Works(maintenance=[work_shown(one, now) for one in theirs])

    def _planned(self) -> Sequence[PlannedWork]:
        return planned_work(self._behind.cases.noted(PLANNED))

    def _sees(self, caller: Caller, work: PlannedWork) -> bool:
        return lacks_zone(caller.person, self._where.zones(work.facility or work.zone)) is None

    async def _say(self, said: Planned) -> Said:
        if not said.why:
            raise ConflictError("say why in `reason`")
        standing, at = await put(self._behind, said, self._wait_s)
        return Said(id=UUID(said.id), plan=said.plan, action=said.action, standing=standing, at=at)


def work_shown(work: PlannedWork, now: Millis) -> WorkShown:
    """Planned work as it stands now."""
    stage = Stage.OVER if work.until <= now else Stage.NOW if work.since <= now else Stage.PLANNED
    told = {"id": work.id, "facility": work.facility, "zone": work.zone, "by": work.by, "reason": work.why}
    return WorkShown.model_validate(told | {"from": work.since, "until": work.until, "state": stage})
