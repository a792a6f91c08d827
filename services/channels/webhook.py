"""Signed webhooks: the order as JSON to a system of somebody else's, such as the city's street-light office.

Signed is `{timestamp}.{body}`, so that neither can be another's; the key says which message it is when it comes again.
"""

import hmac
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import msgspec

from domain.errors import RejectedError
from domain.ports import Clock
from services.channels.addresses import Addresses
from services.channels.web import Web, judged
from services.dispatch.fitting import Room
from services.dispatch.pacing import Limit
from services.dispatch.packing import Parcel

STAMP: Final = "Tidewalk-Timestamp"
SIGNATURE: Final = "Tidewalk-Signature"
KEY: Final = "Idempotency-Key"


class Webhook:
    """A Channel to anybody who can check a signature. Ours is the limit: sixty a minute, of what a machine reads."""

    room: Room = Room(16_000)
    limits: Sequence[Limit] = (Limit(60, 60_000),)

    def __init__(self, web: Web, addresses: Addresses, clock: Clock) -> None:
        self._web, self._addresses, self._clock = web, addresses, clock

    async def send(self, parcel: Parcel) -> None:
        """Return when it was answered with 2xx. Raises UnavailableError, RejectedError."""
        url = self._addresses.url(parcel.address)
        if not parcel.secret:
            raise RejectedError("a webhook is signed: name its secret, as `secret: env:TIDEWALK_…`")
        secret = self._addresses.value(parcel.secret)
        at = str(self._clock.now() // 1000)
        body = msgspec.json.encode(
            {
                "key": parcel.key,
                "urgent": parcel.urgent,
                "subject": parcel.subject,
                "text": parcel.text,
                "orders": [msgspec.Raw(order) for order in parcel.orders],
            }
        )
        headers = {"Content-Type": "application/json", STAMP: at, SIGNATURE: signed(secret, at, body), KEY: parcel.key}
        judged(await self._web.post(url, body, headers))


def signed(secret: str, at: str, body: bytes) -> str:
    """The signature of a body at a time, in seconds: `v1=` and HMAC-SHA256 in hex."""
    return f"v1={hmac.new(secret.encode(), f'{at}.'.encode() + body, sha256).hexdigest()}"
