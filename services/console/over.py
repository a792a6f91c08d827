"""The page over a service of this process."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any, Final

from domain.ports import Clock
from services.api.access import LOCAL, Access
from services.api.app import Mounted
from services.console.pages import OWN, Break, Console, router
from services.console.session import Sessions
from services.live.hub import Hub
from services.pulse import pulse_of
from services.service import Service
from services.site.scenery import Scenery

_OVER_S: Final = 10.0  # the rate is a mean over so long


def page_over(
    service: Service, wall: Clock, scenery: Scenery, *, access: Access = LOCAL, breaks: Break | None = None
) -> Callable[[Hub], Sequence[Mounted]]:
    """What the API is to serve beside itself, once there is a hub."""
    titles = {name: rule.title for name, rule in service.in_force.rules.items()}

    def mounted(hub: Hub) -> Sequence[Mounted]:
        beat = Pace(service, monotonic).now
        console = Console(service.site, scenery, hub, Sessions(wall), beat, titles, access, breaks)
        return (Mounted(router(console), OWN),)

    return mounted


class Pace:
    """How time goes on this coast, and how much comes in. `beat` is a clock that never jumps, in seconds."""

    def __init__(self, service: Service, beat: Callable[[], float]) -> None:
        self._service, self._beat = service, beat
        self._seen: deque[tuple[float, int]] = deque(maxlen=64)

    def now(self) -> Mapping[str, Any]:
        """`at` of the coast's clock, `rate` in messages a second, `speed`: 0 while it goes in steps."""
        service = self._service
        now, messages = self._beat(), pulse_of(service).messages
        while self._seen and self._seen[0][0] < now - _OVER_S:
            self._seen.popleft()
        self._seen.append((now, messages))
        since, before = self._seen[0]
        speed = 0.0 if service.clock.stepping else getattr(service.clock.running, "speed", 1.0)
        rate = (messages - before) / (now - since) if now > since else 0.0
        return {"at": service.clock.now(), "rate": round(rate, 1), "speed": speed}
