"""A service on the cove, and hands that play everybody else: a device, crews, somebody who looks at the topics."""

import asyncio
import itertools
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiomqtt

from domain.ids import message_key
from domain.naming import replies_topic, up_topic
from domain.readings import Millis
from domain.site import Site
from ingest.fanout import replayed
from ingest.lockstep import DomainClock
from ingest.pipeline import Pipeline
from services import wiring
from services.audit import Conservation, conservation, returned_by
from services.clocks import WallClock
from services.dispatch.orders import Order
from services.service import Service
from services.settings import Settings

COVE: Final = Path(__file__).parent / "cove"
SOON_S: Final = 10.0
_DAY: Final[Millis] = 86_400_000


class Letter(NamedTuple):
    """One message to a crew."""

    topic: str
    told: dict[str, Any] | None  # None: cleared
    retained: bool  # it lay there when we came


class Mailbox:
    """Everything on every crew's topics, as one more client hears it."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.ready = asyncio.Event()
        self._came = asyncio.Condition()

    async def open(self, host: str, port: int) -> None:
        """Listen until cancelled."""
        async with aiomqtt.Client(host, port, identifier=f"mailbox-{uuid.uuid4().hex[:8]}") as client:
            await client.subscribe([("tidewalk/cove/crew/+/orders/+", 1), ("tidewalk/cove/crew/+/receipts", 1)])
            self.ready.set()
            async for message in client.messages:
                payload = message.payload
                assert isinstance(payload, bytes)
                told = json.loads(payload) if payload else None
                async with self._came:
                    self.letters.append(Letter(str(message.topic), told, bool(message.retain)))
                    self._came.notify_all()

    async def until(self, wanted: Callable[[Letter], bool], what: str) -> Letter:
        """The first letter that is wanted, of those that came or will come soon."""
        found: list[Letter] = []

        def there() -> bool:
            found[:] = [letter for letter in self.letters if wanted(letter)]
            return bool(found)

        async with self._came:
            try:
                await asyncio.wait_for(self._came.wait_for(there), SOON_S)
            except TimeoutError:
                raise AssertionError(f"no {what} within {SOON_S:g} s; heard {self.letters}") from None
        return found[0]

    def of(self, what: str) -> list[dict[str, Any] | None]:
        """What was said on the topics that end so."""
        return [letter.told for letter in self.letters if letter.topic.endswith(f"/{what}")]

    def lying(self) -> dict[str, dict[str, Any]]:
        """What lies on the topics of orders by all that was heard."""
        newest = {letter.topic: letter.told for letter in self.letters if "/orders/" in letter.topic}
        return {topic: told for topic, told in newest.items() if told is not None}


@dataclass
class Walk:
    """The service, where it keeps things, and our hands."""

    service: Service
    settings: Settings
    site: Site
    client: aiomqtt.Client
    mailbox: Mailbox
    published: set[bytes] = field(default_factory=set)
    began: Millis = 0
    said: Millis = 0  # event time of our newest measurement
    engine: str = ""  # URL of the real InfluxDB, where there is one
    seq: "itertools.count[int]" = field(default_factory=itertools.count)

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bytes:
        """As anybody; its key, once the broker has it."""
        await self.client.publish(topic, payload, qos=1, retain=retain)
        key = message_key(topic, payload)
        self.published.add(key)
        return key

    async def measure(self, facility: str, **values: object) -> bytes:
        """As the device on a facility."""
        kind = self.site.facilities[facility].kind
        self.said = max(WallClock().now(), self.said + 1)  # two of one millisecond would be one reading
        told = {"at": self.said, "seq": next(self.seq), "values": values}
        return await self.publish(up_topic("cove", "west", kind, facility), json.dumps(told).encode())

    async def order(self, facility: str, **wanted: object) -> dict[str, Any]:
        """The first word to a crew about a facility in which all this stands."""

        def fits(letter: Letter) -> bool:
            told = letter.told or {}
            return told.get("facility") == facility and all(told.get(name) == value for name, value in wanted.items())

        told = (await self.mailbox.until(fits, f"order for {facility} with {wanted}")).told
        assert told is not None
        return told

    async def cleared(self, order: dict[str, Any], crew: str = "") -> None:
        """The order is gone from its crew's topic."""
        topic = f"tidewalk/cove/crew/{crew or order['crew']}/orders/{order['order']}"
        await self.mailbox.until(lambda letter: letter.topic == topic and letter.told is None, f"clearing of {topic}")

    async def answer(self, order: dict[str, Any], action: str, crew: str = "", **more: object) -> dict[str, Any]:
        """As the crew that has it, or another one; the receipt."""
        crew, reply = crew or order["crew"], str(more.pop("id", uuid.uuid4()))
        told = {"id": reply, "order": order["order"], "revision": order["revision"], "action": action, **more}
        await self.publish(replies_topic("cove", crew), json.dumps(told).encode())
        return await self.receipt(crew, reply)

    async def receipt(self, crew: str, reply: str) -> dict[str, Any]:
        """What became of an answer."""

        def fits(letter: Letter) -> bool:
            return (
                letter.topic == f"tidewalk/cove/crew/{crew}/receipts" and (letter.told or {"id": None})["id"] == reply
            )

        told = (await self.mailbox.until(fits, f"receipt for {reply!r} of {crew}")).told
        assert told is not None
        return told

    async def repaired(self, order: dict[str, Any]) -> None:
        """Accepted, gone there, done: each with its receipt."""
        for action in ("accept", "arrive", "done"):
            assert (await self.answer(order, action))["result"] == "ok", action

    async def kept(self, order: dict[str, Any]) -> Order:
        """The order as it stands in the books."""
        _, orders = await asyncio.to_thread(self.service.books.everything)
        return next(one for one in orders if one.id == order["order"])

    async def accounted(self) -> Conservation:
        """Drain; hold what we published against journal, quarantine and store, and the topics against the orders."""
        service = self.service
        await service.drain()
        returned = await returned_by(service.outside.history, self.began - 30 * _DAY, self.began + _DAY)
        aside = await asyncio.to_thread(lambda: service.quarantine.list(newest=1_000_000))
        entries = [(one.row, one.place, one.quantity, one.key) for one in aside]
        rows = await asyncio.to_thread(lambda: list(replayed(service.journal, 0)))
        found = conservation(rows, Pipeline(self.site), published=self.published, returned=returned, kept_aside=entries)
        assert found.holds, found
        await self._everybody_told()
        return found

    async def _everybody_told(self) -> None:
        """Nothing waits in the outbox, no open order is with nobody, and what lies on the topics is what is open."""
        assert await asyncio.to_thread(lambda: self.service.books.pending(10)) == []
        _, orders = await asyncio.to_thread(self.service.books.everything)
        open_orders = [order for order in orders if not order.ended]
        assert all(order.crew in self.site.crews for order in open_orders)
        lying = {
            f"tidewalk/cove/crew/{crew}/orders/{order.id}"
            for order in open_orders
            for crew in {order.crew, *([self.site.desk] if order.desk else [])}
        }
        async with looking(self) as fresh:
            assert set(fresh.lying()) == lying


@asynccontextmanager
async def looking(walk: Walk) -> AsyncIterator[Mailbox]:
    """Somebody who comes now and sees what lies there."""
    host, port = walk.settings.broker_address()
    mailbox = Mailbox()
    async with _task(mailbox.open(host, port)):
        await asyncio.wait_for(mailbox.ready.wait(), SOON_S)
        mark = f"mark-{uuid.uuid4().hex}"  # what is retained comes before what is published after we subscribed
        await walk.client.publish("tidewalk/cove/crew/far/receipts", json.dumps({"id": mark}), qos=1)
        await mailbox.until(lambda letter: (letter.told or {}).get("id") == mark, "mark")
        yield mailbox


@asynccontextmanager
async def walking(settings: Settings) -> AsyncIterator[Walk]:
    """The service runs on the cove; at the end everything that was published is accounted for."""
    site, clock = wiring.site_of(settings), DomainClock(WallClock())
    host, port = settings.broker_address()
    async with AsyncExitStack() as stack:
        ends = wiring.broker_ends(settings, site, clock)
        stack.push_async_callback(ends.close)
        service = await stack.enter_async_context(wiring.service(settings, site, ends.source, ends.publisher, clock))
        running = await stack.enter_async_context(_task(service.run()))
        await asyncio.wait_for(service.listening(), SOON_S)
        mailbox = Mailbox()
        await stack.enter_async_context(_task(mailbox.open(host, port)))
        await asyncio.wait_for(mailbox.ready.wait(), SOON_S)
        client = await stack.enter_async_context(aiomqtt.Client(host, port, identifier="hands"))
        walk = Walk(service, settings, site, client, mailbox, began=clock.now())
        yield walk
        await walk.accounted()
        await service.stop()
        await running


@asynccontextmanager
async def _task(work: Any) -> AsyncIterator["asyncio.Task[None]"]:
    task: asyncio.Task[None] = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def steps(order: Order) -> list[str]:
    """What happened to it, in order."""
    return [str(change.step) for change in order.history]
