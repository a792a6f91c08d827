"""The crew's page, and what operators do about it, over a service of this process."""

from collections.abc import Callable, Sequence
from time import monotonic

from domain.ports import Clock
from services.api.access import Access
from services.api.app import Mounted
from services.api.awaiting import WAIT_S
from services.api.over import behind_api
from services.api.seams import Behind
from services.crew import desk, pages
from services.crew.door import Door
from services.crew.links import CrewLinks
from services.crew.news import News
from services.crew.ports import Photos
from services.crew.taking import Taking
from services.live.hub import Hub
from services.people.reception import Reception
from services.service import Service


def crew_over(
    service: Service, wall: Clock, reception: Reception, base: str, access: Access
) -> Callable[[Hub], Sequence[Mounted]]:
    """What the API is to serve beside itself, once there is a hub. `base` is where crews reach us."""
    photos = service.outside.photos
    if photos is None:
        raise ValueError("a service with a crew's page has somewhere for photos")

    def mounted(hub: Hub) -> Sequence[Mounted]:
        links = CrewLinks(reception.links(), base, wall)
        return crew_mounts(behind_api(service, wall, hub), links, reception, photos, access, monotonic)

    return mounted


def crew_mounts(
    behind: Behind,
    links: CrewLinks,
    reception: Reception,
    photos: Photos,
    access: Access,
    beat: Callable[[], float],
    *,
    wait_s: float = WAIT_S,
) -> Sequence[Mounted]:
    """The same over anything that the API stands before. `beat` is a clock that never jumps, in seconds; so long the
    judge is waited for.
    """
    door = Door(links, reception, behind.site, access.proxies, beat)
    page = pages.CrewPage(behind, door, Taking(behind, photos, wait_s=wait_s), News(behind.live))
    return (
        Mounted(pages.router(page), pages.OWN, pages.BODIES),
        Mounted(desk.router(behind, links, reception, photos, access)),
    )
