"""Facilities: what stands on the coast, how each stands, what it measured last, and what is wrong with it."""

import asyncio
from bisect import bisect_right
from collections.abc import Mapping
from http import HTTPStatus
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from domain.errors import NotFoundError, UnavailableError
from domain.naming import QUANTITIES, Element, Kind
from domain.ports import Point
from domain.readings import Millis, Value
from domain.site import Facility, Grade
from services.api import problems
from services.api.answering import Answer, found
from services.api.coast import NAME, PLACE, Named, Place, named, place
from services.api.named import V1, FacilityId, SiteId
from services.api.paging import BY_ID, Cursor, Limit, page, place_of
from services.api.scoping import Asking, must_see
from services.api.seams import Behind
from services.api.shown import AlarmShown, Next, OrderShown, Time, alarm_shown, order_shown
from services.live.standing import Standing

BAD, NONE, AWAY = HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE
LATEST = {"at": "2026-10-01T12:31:00.000Z", "values": {"fill_level": {"value": 97.0, "unit": "%", "zh": "满溢度"}}}
FACILITY: dict[str, Any] = {
    "id": "bin-hand",
    "kind": "bin",
    "element": "sanitation",
    "name": NAME,
    "zone": "qingdaowan",
    "position": PLACE,
    "grade": "ordinary",
    "section": "trail-w",
    "chainage_m": 1320.0,
    "pole": "",
    "state": "alarm",
    "priority": "P3",
    "order": "8f5bd1a4f7f5a2c0",
    "latest": LATEST,
}
MORE: dict[str, Any] = {
    "part_code": "",
    "feeder": "",
    "cabinet": "",
    "owner": "",
    "supervisor": "",
    "maintainer": "",
    "attributes": {"depth_mm": 1200.0},
    "devices": [{"id": "bin-hand-s", "profile": "native", "gateway": "", "interval_s": 900, "eui": ""}],
    "alarms": [],
    "orders": [],
}


class Measured(BaseModel):
    """A value with its unit (UCUM-like; empty for counts, flags and text)."""

    value: float | bool | str
    unit: str
    zh: str


class Latest(BaseModel):
    """The newest of each quantity, and when the newest of them was measured."""

    at: Time | None
    values: Mapping[str, Measured]


class FacilityShown(BaseModel):
    """A thing on the coast, and how it stands: `state` is the worst of what is known of it, `priority` and `order` are
    of the most urgent order about it.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [FACILITY]})

    id: str
    kind: Kind
    element: Element
    name: Named
    zone: str
    position: Place
    grade: Grade
    section: str
    chainage_m: float | None = Field(description="桩号, metres along the trail")
    pole: str = Field(description="灯杆号")
    state: Standing
    priority: str = Field(description="P0 to P4; empty where nothing was ordered")
    order: str
    latest: Latest


class DeviceShown(BaseModel):
    """A sensor on it. `interval_s` is how often it is expected to speak."""

    id: str
    profile: str
    gateway: str
    interval_s: int
    eui: str


class FacilityWhole(FacilityShown):
    """A facility with its devices, its open alarms (also of groups it belongs to) and the orders not ended."""

    model_config = ConfigDict(json_schema_extra={"examples": [FACILITY | MORE]})

    part_code: str = Field(description="GB/T 30428.2")
    feeder: str
    cabinet: str
    owner: str = Field(description="权属")
    supervisor: str = Field(description="属事")
    maintainer: str = Field(description="养护")
    attributes: Mapping[str, float]
    devices: tuple[DeviceShown, ...]
    alarms: tuple[AlarmShown, ...]
    orders: tuple[OrderShown, ...]


class Facilities(BaseModel):
    """A page of facilities, by id."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"facilities": [FACILITY], "next": ""}]})

    facilities: list[FacilityShown]
    next: Next = ""


def router(behind: Behind) -> APIRouter:
    """`/facilities` and one of them."""
    made = APIRouter(prefix=V1, tags=["coast"])
    site = behind.site
    ids = sorted(site.facilities)

    def standing() -> Mapping[str, Mapping[str, Any]]:
        return behind.live.snapshot().facilities

    @made.get(
        "/facilities",
        response_model=Facilities,
        responses=found(Facilities, "A page of facilities", linked=True) | problems.responses(NONE, BAD),
    )
    async def facilities(
        answer: Answer,
        asking: Asking,
        kind: Annotated[Kind | None, Query(description="Of this kind")] = None,
        zone: SiteId = None,
        element: Annotated[Element | None, Query(description="Of this element (要素)")] = None,
        state: Annotated[
            list[Standing] | None, Query(description="As they stand now: any of these", max_length=len(Standing))
        ] = None,
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> Response:
        """What stands on the coast, by id, and how each stands; of a kind, a zone, an element or a state."""
        after, stands = place_of(cursor, BY_ID), standing()
        begins = 0 if after is None else bisect_right(ids, after[0])

        def fits(one: Facility) -> bool:
            place = kind in (None, one.kind) and zone in (None, one.zone) and element in (None, one.element)
            return place and asking.person.sees(one.zone) and (not state or stands[one.id]["standing"] in state)

        def listed() -> Response:
            rest = (site.facilities[one] for one in islice(ids, begins, None))
            some = list(islice(filter(fits, rest), limit + 1))
            shown, following = page(some, limit, lambda one: (one.id,))
            found = [FacilityShown(**_facts(one, stands[one.id])) for one in shown]
            return answer(Facilities(facilities=found, next=following), after=following)

        return await asyncio.to_thread(listed)  # the snapshot is the loop's; a thousand of these take it 60 ms

    @made.get(
        "/facilities/{facility}",
        response_model=FacilityWhole,
        responses=found(FacilityWhole, "The facility") | problems.responses(NONE, BAD, AWAY),
    )
    async def facility(facility: FacilityId, answer: Answer, asking: Asking) -> Response:
        """One facility: how it stands, what it measured last, its devices, and what is open about it."""
        one = site.facilities.get(facility)
        if one is None:
            raise NotFoundError(f"there is no facility {facility}")
        must_see(asking, {one.zone})
        stands = standing()[facility]
        alarms, orders = await asyncio.to_thread(behind.tallies.touching, facility)
        facts = _facts(one, stands)
        if stands["at"] is None:
            facts["latest"] = _stored(await _latest(behind, facility))
        devices = (site.devices[device] for device in site.devices_of.get(facility, ()))
        names = ("part_code", "feeder", "cabinet", "owner", "supervisor", "maintainer", "attributes")
        return answer(
            FacilityWhole(
                **facts,
                **{name: getattr(one, name) for name in names},
                devices=tuple(
                    DeviceShown(**{name: getattr(device, name) for name in DeviceShown.model_fields})
                    for device in devices
                ),
                alarms=tuple(alarm_shown(alarm) for alarm in alarms),
                orders=tuple(order_shown(order) for order in orders),
            )
        )

    return made


async def _latest(behind: Behind, facility: str) -> list[Point]:
    """What is stored of it; nothing while the store is away, because all else is there."""
    try:
        return list(await behind.history.latest(facility))
    except UnavailableError:
        return []


def _facts(one: Facility, stands: Mapping[str, Any]) -> dict[str, Any]:
    names = ("id", "kind", "element", "zone", "grade", "section", "chainage_m", "pole")
    return {name: getattr(one, name) for name in names} | {
        "name": named(one.name),
        "position": place(one.position),
        "state": stands["standing"],
        "priority": stands["priority"],
        "order": stands["order"],
        "latest": _measured(stands["at"], stands["values"]),
    }


def _stored(points: list[Point]) -> Latest:
    """The newest values of all devices of a facility."""
    values: dict[str, Value] = {}
    for point in sorted(points, key=lambda one: one.at):
        values.update(point.values)
    return _measured(max((point.at for point in points), default=None), values)


def _measured(at: Millis | None, values: Mapping[str, Value]) -> Latest:
    return Latest(
        at=at,
        values={
            name: Measured(value=value, unit=QUANTITIES[name].unit, zh=QUANTITIES[name].zh)
            for name, value in sorted(values.items())
            if name in QUANTITIES
        },
    )
