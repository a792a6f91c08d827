"""The coast: the site, and its zones."""

from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from domain.errors import NotFoundError
from domain.naming import Element, Kind
from domain.site import Grade, Node, Site, Zone
from services.api import problems
from services.api.answering import Answer, found
from services.api.coast import NAME, PLACE, Named, Place, named, place
from services.api.named import V1
from services.api.scoping import Asking, must_see
from services.api.seams import Behind

BAD, NONE = HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND
ZONE: dict[str, Any] = {
    "id": "qingdaowan",
    "name": NAME,
    "grade": "demonstration",
    "subdistrict": {"id": "zhongshanlu", "name": NAME, "level": "subdistrict"},
    "community": {"id": "zhanqiao", "name": NAME, "level": "community"},
    "neighbours": ["huiquanwan"],
    "nodes": [{"id": "zhanqiao", "name": NAME, "position": PLACE, "grade": "key_node"}],
    "facilities": {"light": 120, "bin": 22},
}

ZoneId = Annotated[
    str, Path(pattern=r"^[a-z0-9-]+$", max_length=128, description="The zone's id", examples=["qingdaowan"])
]


class PartyShown(BaseModel):
    """Somebody who answers for something."""

    id: str
    name: Named
    level: str = Field(description="district, subdistrict, community, city, company")


class NodeShown(BaseModel):
    """A named place of a zone (重要节点)."""

    id: str
    name: Named
    position: Place
    grade: Grade


class ZoneShown(BaseModel):
    """A bay of the coast (片区), and who holds it: territorial 属地 and terminal 末端."""

    model_config = ConfigDict(json_schema_extra={"examples": [ZONE | {"outline": [PLACE]}]})

    id: str
    name: Named
    grade: Grade
    subdistrict: PartyShown | None
    community: PartyShown | None
    neighbours: tuple[str, ...] = Field(description="Zones, the nearest first")
    nodes: tuple[NodeShown, ...]
    outline: tuple[Place, ...]
    facilities: Mapping[Kind, int] = Field(description="How many of each kind")


class Zones(BaseModel):
    """All zones, by id."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"zones": [ZONE | {"outline": [PLACE]}]}]})

    zones: tuple[ZoneShown, ...]


class SiteShown(BaseModel):
    """The coast that is looked after. `hash` changes with its files."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "shinan",
                    "name": NAME,
                    "timezone": "Asia/Shanghai",
                    "simulated": True,
                    "hash": "4b1f0c7d9a22",
                    "zones": ["fushanwan", "huiquanwan", "qingdaowan"],
                    "kinds": {"light": 120, "bin": 44},
                    "elements": {"municipal": 150, "sanitation": 60},
                    "facilities": 268,
                    "devices": 271,
                    "gateways": 3,
                    "crews": 12,
                    "desk": "desk",
                }
            ]
        }
    )

    id: str
    name: Named
    timezone: str
    simulated: bool = Field(description="A coast that is played: its crews' messages say 【演练】")
    hash: str
    zones: tuple[str, ...]
    kinds: Mapping[Kind, int] = Field(description="How many facilities of each kind")
    elements: Mapping[Element, int] = Field(description="How many facilities of each element (要素)")
    facilities: int
    devices: int
    gateways: int
    crews: int
    desk: str = Field(description="The duty desk (兜底): a crew")


def router(behind: Behind) -> APIRouter:
    """`/site`, `/zones` and one of them."""
    made = APIRouter(prefix=V1, tags=["coast"])
    shown = _site(behind.site)
    kinds: dict[str, Counter[Kind]] = {zone: Counter() for zone in behind.site.zones}
    for facility in behind.site.facilities.values():
        kinds.setdefault(facility.zone, Counter())[facility.kind] += 1
    zones = {zone.id: _zone(zone, behind.site, kinds[zone.id]) for _, zone in sorted(behind.site.zones.items())}

    @made.get("/site", response_model=SiteShown, responses=found(SiteShown, "The site") | problems.responses(BAD))
    async def site(answer: Answer) -> Response:
        """The coast that is looked after, counted."""
        return answer(shown)

    @made.get("/zones", response_model=Zones, responses=found(Zones, "All zones") | problems.responses(BAD))
    async def all_zones(answer: Answer, asking: Asking) -> Response:
        """All zones, by id, with who holds them and what stands there."""
        return answer(Zones(zones=tuple(one for zone, one in zones.items() if asking.person.sees(zone))))

    @made.get(
        "/zones/{zone}",
        response_model=ZoneShown,
        responses=found(ZoneShown, "The zone") | problems.responses(NONE, BAD),
    )
    async def one_zone(zone: ZoneId, answer: Answer, asking: Asking) -> Response:
        """One zone."""
        if zone not in zones:
            raise NotFoundError(f"there is no zone {zone}")
        must_see(asking, {zone})
        return answer(zones[zone])

    return made


def _site(site: Site) -> SiteShown:
    facilities = site.facilities.values()
    return SiteShown(
        id=site.id,
        name=named(site.name),
        timezone=site.timezone,
        simulated=site.simulated,
        hash=site.hash,
        zones=tuple(sorted(site.zones)),
        kinds=Counter(one.kind for one in facilities),
        elements=Counter(one.element for one in facilities),
        facilities=len(facilities),
        devices=len(site.devices),
        gateways=len(site.gateways),
        crews=len(site.crews),
        desk=site.desk,
    )


def _zone(zone: Zone, site: Site, kinds: Mapping[Kind, int]) -> ZoneShown:
    def party(given: str) -> PartyShown | None:
        found = site.parties.get(given)
        return None if found is None else PartyShown(id=found.id, name=named(found.name), level=found.level)

    return ZoneShown(
        id=zone.id,
        name=named(zone.name),
        grade=zone.grade,
        subdistrict=party(zone.subdistrict),
        community=party(zone.community),
        neighbours=zone.neighbours,
        nodes=tuple(_node(one) for one in zone.nodes),
        outline=tuple(place(one) for one in zone.outline),
        facilities=kinds,
    )


def _node(node: Node) -> NodeShown:
    return NodeShown(id=node.id, name=named(node.name), position=place(node.position), grade=node.grade)
