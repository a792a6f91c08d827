"""A channel for drills (演练): it reaches nobody. What it was given stands in the outbox, as of every channel."""

from collections.abc import Sequence

from services.dispatch.fitting import Room
from services.dispatch.pacing import Limit
from services.dispatch.packing import Parcel


class Drill:
    """A Channel that takes everything, under the limits of a robot, so that a drill shows what people would get."""

    room: Room = Room(2_048)
    limits: Sequence[Limit] = (Limit(20, 60_000),)

    async def send(self, parcel: Parcel) -> None:
        """Taken."""
