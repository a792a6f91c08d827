"""Crews: who they are, who is at work now, and how much they have."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from domain.errors import NotFoundError
from domain.site import Crew
from services.api import problems
from services.api.answering import Answer, found
from services.api.coast import PLACE, Named, Place, named, place
from services.api.named import V1
from services.api.scoping import Asking, Whereabouts, must_see
from services.api.seams import Behind
from services.dispatch.days import days_of
from services.dispatch.who import on_shift

BAD, NONE, AWAY = HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE
CREW: dict[str, Any] = {
    "id": "collect-w1",
    "name": {"en": "Collection west 1", "zh": "西段清运一组"},
    "trades": ["collection"],
    "zones": ["qingdaowan"],
    "shifts": [{"id": "early", "name": {"en": "early", "zh": "早班"}, "starts": "05:30", "ends": "13:30"}],
    "capacity": 4,
    "base": PLACE,
    "party": "sanitation-co",
    "language": "zh",
    "desk": False,
    "on_shift": True,
    "at_work": 2,
}
CrewId = Annotated[
    str, Path(pattern=r"^[a-z0-9-]+$", max_length=128, description="The crew's id", examples=["collect-w1"])
]


class ShiftShown(BaseModel):
    """Hours of work by the site's clock; `ends` past 24:00 is after midnight."""

    id: str
    name: Named
    starts: str
    ends: str


class CrewShown(BaseModel):
    """People who are sent. `desk`: the duty desk (兜底), the last to be asked."""

    model_config = ConfigDict(json_schema_extra={"examples": [CREW]})

    id: str
    name: Named
    trades: tuple[str, ...]
    zones: tuple[str, ...]
    shifts: tuple[ShiftShown, ...] = Field(description="None: always at work")
    capacity: int = Field(description="Orders that they take at one time")
    base: Place
    party: str = Field(description="Who employs them")
    language: str
    desk: bool
    on_shift: bool = Field(description="At work now")
    at_work: int = Field(description="Orders they have: dispatched, accepted or arrived")


class Crews(BaseModel):
    """All crews, by id."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"crews": [CREW]}]})

    crews: tuple[CrewShown, ...]


def router(behind: Behind) -> APIRouter:
    """`/crews` and one of them."""
    made = APIRouter(prefix=V1, tags=["coast"])
    site, where = behind.site, Whereabouts(behind.site)

    def shown(crew: Crew, load: Mapping[str, int]) -> CrewShown:
        shifts = (site.shifts[one] for one in crew.shifts if one in site.shifts)
        same = ("id", "trades", "zones", "capacity", "party", "language")
        return CrewShown(
            **{name: getattr(crew, name) for name in same},
            name=named(crew.name),
            shifts=tuple(
                ShiftShown(id=one.id, name=named(one.name), starts=_hour(one.starts), ends=_hour(one.ends))
                for one in shifts
            ),
            base=place(crew.base),
            desk=crew.id == site.desk,
            on_shift=on_shift(site, crew, behind.clock.now(), days_of(site.timezone)),
            at_work=load.get(crew.id, 0),
        )

    @made.get("/crews", response_model=Crews, responses=found(Crews, "All crews") | problems.responses(BAD, AWAY))
    def crews(answer: Answer, asking: Asking) -> Response:
        """All crews, by id: who is on shift now, and how many orders each has."""
        load = behind.tallies.at_work()
        theirs = (crew for _, crew in sorted(site.crews.items()) if where.shows_crew(asking, crew))
        return answer(Crews(crews=tuple(shown(crew, load) for crew in theirs)))

    @made.get(
        "/crews/{crew}",
        response_model=CrewShown,
        responses=found(CrewShown, "The crew") | problems.responses(NONE, BAD, AWAY),
    )
    def crew(crew: CrewId, answer: Answer, asking: Asking) -> Response:
        """One crew. Its orders: `/orders?crew=`."""
        if crew not in site.crews:
            raise NotFoundError(f"there is no crew {crew}")
        if not where.shows_crew(asking, site.crews[crew]):
            must_see(asking, site.crews[crew].zones)
        return answer(shown(site.crews[crew], behind.tallies.at_work()))

    return made


def _hour(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
