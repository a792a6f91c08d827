"""Everything that apprise speaks to: Slack, Teams, Telegram, ntfy, Matrix and a hundred more."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from domain.errors import RejectedError, UnavailableError
from services.channels.addresses import Addresses
from services.dispatch.fitting import Room
from services.dispatch.pacing import Limit
from services.dispatch.packing import Parcel

TIMEOUT_S: Final = 15.0


class LongTail:
    """A Channel to whatever apprise URL a contact names. It says only whether a message was taken, never why not; ours
    is the limit: twenty a minute, which the strictest of them takes.
    """

    room: Room = Room(1_000, in_bytes=False)
    limits: Sequence[Limit] = (Limit(20, 60_000),)

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses

    async def send(self, parcel: Parcel) -> None:
        """Return when it was taken. Raises UnavailableError, RejectedError."""
        url = self._addresses.value(parcel.address)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                taken = await asyncio.to_thread(_notified, url, parcel)
        except TimeoutError as late:
            raise UnavailableError(f"apprise: no answer within {TIMEOUT_S:g} s") from late
        if taken is None:
            raise RejectedError("apprise knows no such address")
        if not taken:
            raise UnavailableError("apprise: it was not taken")


def _notified(url: str, parcel: Parcel) -> bool | None:
    """Whether it was taken; None where the URL is none. Blocking."""
    from apprise import Apprise, NotifyType  # takes 20 MB, also of who never uses it

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # what it has to say may name an address
    sender = Apprise()
    if not sender.add(url):
        return None
    kind = NotifyType.WARNING if parcel.urgent else NotifyType.INFO
    return bool(sender.notify(body=parcel.text, notify_type=kind))
