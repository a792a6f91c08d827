"""Simulators to a broker over aiomqtt: many messages in flight, one session, and reconnecting for ever."""

import asyncio
import contextlib
import logging
import math
import socket
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import aiomqtt
from aiomqtt.exceptions import MqttConnectError

from domain.errors import RejectedError, UnavailableError
from simulators.transport import Incoming, Outgoing

_log = logging.getLogger(__name__)
_library_log = logging.getLogger(f"{__name__}.aiomqtt")  # what it has to say is raised as well, and handled here
_NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 5.0
_TIDY_S = 0.05
_HOPELESS = frozenset({132, 133, 134, 135, 138, 140})  # CONNACK codes of MQTT 5, which paho gives for 3.1.1 too
_FAILURE = 0x80


@dataclass(frozen=True, slots=True)
class MqttTransportSettings:
    """Where the broker is and who we are there. The session of `client_id` stays with the broker unless `clean`."""

    host: str
    port: int
    client_id: str
    username: str | None = None
    password: str | None = None
    clean: bool = False
    will: Outgoing | None = None
    keep_alive_s: int = 10
    window: int = 128  # messages in flight; aiomqtt looks through all of them at each publish, so more is not faster
    timeout_s: float = 3.0  # for CONNACK and SUBACK; what aiomqtt takes to notice a connection closed before CONNACK


class _Batch:
    """Messages that one call of `publish` waits for."""

    __slots__ = ("done", "left")

    def __init__(self, size: int) -> None:
        self.left = size
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def one_less(self) -> None:
        self.left -= 1
        if not self.left and not self.done.done():
            self.done.set_result(None)

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class MqttTransport:
    """A Transport over MQTT 3.1.1, which most brokers and devices speak, and in which no broker limits the window.

    It connects at its first use. A message that was not acknowledged when the connection broke is sent again, in the
    old order, so it may arrive twice. Subscriptions are made anew on each connection, which brings retained
    messages again. A broker that refuses us for good (password, client id) makes every call raise RejectedError.
    """

    def __init__(self, settings: MqttTransportSettings) -> None:
        self._settings = settings
        self._running: asyncio.Task[None] | None = None
        self._client: aiomqtt.Client | None = None  # while connected and subscribed
        self._waiting: deque[tuple[Outgoing, _Batch]] = deque()
        self._sent: dict[asyncio.Task[None], tuple[Outgoing, _Batch]] = {}  # in the order of sending
        self._filters: dict[str, asyncio.Future[None]] = {}
        self._asked = asyncio.Event()
        self._heard: asyncio.Queue[Incoming | Exception] = asyncio.Queue()
        self._ended: Exception | None = None

    async def subscribe(self, filters: Sequence[str]) -> None:
        """Hear these from now on, also after a reconnect. Raises RejectedError where the broker does not allow it."""
        self._start()
        loop = asyncio.get_running_loop()
        made = [self._filters.setdefault(one, loop.create_future()) for one in filters]
        self._asked.set()
        for one in made:
            await asyncio.shield(one)

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Return when every one is acknowledged, in order; through outages it reconnects and sends again.
        Raises ValueError for a topic that cannot be published to.
        """
        self._start()
        if messages:
            batch = _Batch(len(messages))
            self._waiting.extend((message, batch) for message in messages)
            self._fill()
            await batch.done

    async def receive(self) -> Incoming:
        """The next message heard."""
        self._start()
        heard = await self._heard.get()
        if isinstance(heard, Exception):
            self._heard.put_nowait(heard)
            raise heard
        return heard

    async def close(self) -> None:
        """Leave in order; the session stays unless it was a clean one. Calls still under way raise UnavailableError."""
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.wait([running])
        self._end(UnavailableError("the transport is closed"))

    def _start(self) -> None:
        if self._ended is not None:
            raise self._ended
        if self._running is None:
            self._running = asyncio.get_running_loop().create_task(self._run())
            self._running.add_done_callback(self._stopped)

    def _stopped(self, running: asyncio.Task[None]) -> None:
        if not running.cancelled() and (error := running.exception()) is not None:
            self._end(UnavailableError(f"the transport has stopped: {error!r}"))

    async def _run(self) -> None:
        pause = _FIRST_PAUSE_S
        while not _cancelled():
            try:
                client = await _connected(self._settings)
                pause = _FIRST_PAUSE_S
                await self._serve(client)
            except aiomqtt.MqttError as error:
                if _hopeless(error):
                    self._end(RejectedError(f"the broker refuses us: {error}"))
                    return
                _log.info("no broker", extra={"client": self._settings.client_id, "why": str(error)})
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    async def _serve(self, client: aiomqtt.Client) -> None:
        """Talk until the connection breaks, or subscribing fails, which raises MqttError."""
        loop = asyncio.get_running_loop()
        listening, asking = loop.create_task(self._listen(client)), loop.create_task(self._keep_subscribed(client))
        try:
            await asyncio.wait((listening, asking), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._lost()
            asking.cancel()
            await _leave(client, within_s=self._settings.timeout_s)
            # It ends by itself once it has taken what came before the end: aiomqtt has acknowledged that already.
            await asyncio.wait([listening], timeout=_TIDY_S)
            listening.cancel()
            outcomes = await asyncio.gather(asking, listening, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            self._heard.put_nowait(Incoming(message.topic.value, message.payload, message.retain))

    async def _keep_subscribed(self, client: aiomqtt.Client) -> None:
        """Subscribe to what was asked so far, then let messages out, then subscribe as it is asked."""
        made: set[str] = set()
        while True:
            self._asked.clear()
            missing = [one for one in self._filters if one not in made]
            if missing:
                codes = await client.subscribe([(one, 1) for one in missing])
                for one, code in zip(missing, codes, strict=True):
                    self._answer(one, refused=_refused(code))
                made.update(missing)
            if self._client is None:
                self._client = client
                self._fill()
            await self._asked.wait()

    def _answer(self, one: str, *, refused: bool) -> None:
        made = self._filters[one]
        if refused:
            del self._filters[one]
        if not made.done():
            if refused:
                made.set_exception(RejectedError(f"the broker does not let us hear {one}"))
            else:
                made.set_result(None)

    def _fill(self) -> None:
        """Send as much of what waits as the window has room for."""
        client, loop = self._client, asyncio.get_running_loop()
        while client is not None and self._waiting and len(self._sent) < self._settings.window:
            message, batch = self._waiting.popleft()
            publishing = client.publish(message.topic, message.payload, 1, message.retain, timeout=math.inf)
            task = loop.create_task(publishing)
            self._sent[task] = (message, batch)
            task.add_done_callback(self._sent_one)

    def _sent_one(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task not in self._sent:
            return
        error = task.exception()
        if isinstance(error, aiomqtt.MqttError):
            return  # the connection is going: `_lost` finds the message still among the sent, in its place
        _, batch = self._sent.pop(task)
        if error is None:
            batch.one_less()
        else:
            batch.fail(error if isinstance(error, Exception) else RuntimeError(str(error)))
        self._fill()

    def _lost(self) -> None:
        """The connection is gone: what was sent and not acknowledged goes first on the next one."""
        self._client = None
        unanswered, self._sent = self._sent, {}
        self._waiting.extendleft(reversed(unanswered.values()))
        for task in unanswered:
            task.cancel()

    def _end(self, why: Exception) -> None:
        if self._ended is None:
            self._ended = why
            for _, batch in (*self._waiting, *self._sent.values()):
                batch.fail(why)
            for made in self._filters.values():
                if not made.done():
                    made.set_exception(why)
                    made.exception()  # seen, also where nobody waits
            self._waiting.clear()
            self._heard.put_nowait(why)


def _client(settings: MqttTransportSettings) -> aiomqtt.Client:
    will = settings.will
    _library_log.setLevel(logging.CRITICAL)
    client = aiomqtt.Client(
        settings.host,
        settings.port,
        username=settings.username,
        password=settings.password,
        identifier=settings.client_id,
        protocol=aiomqtt.ProtocolVersion.V311,
        will=aiomqtt.Will(will.topic, will.payload, 1, will.retain) if will is not None else None,
        clean_session=settings.clean,
        keepalive=settings.keep_alive_s,
        timeout=settings.timeout_s,
        max_inflight_messages=settings.window,
        socket_options=[_NO_DELAY],
        logger=_library_log,
    )
    client.pending_calls_threshold = settings.window
    return client


def _cancelled() -> bool:
    """Somebody cancelled this task; where that meets the end of a connection, `gather` and `wait_for` hide it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _connected(settings: MqttTransportSettings) -> aiomqtt.Client:
    client = _client(settings)
    entering = asyncio.ensure_future(client.__aenter__())
    try:
        return await asyncio.shield(entering)
    except BaseException:
        # aiomqtt connects in a thread, which cannot be stopped, and leaves the socket open where no CONNACK comes.
        await asyncio.wait([entering])
        if not entering.cancelled():
            entering.exception()
        await _leave(client, within_s=_TIDY_S)
        raise


async def _leave(client: aiomqtt.Client, *, within_s: float) -> None:
    client.timeout = within_s
    with contextlib.suppress(aiomqtt.MqttError):
        await client.__aexit__(None, None, None)


def _hopeless(error: aiomqtt.MqttError) -> bool:
    return isinstance(error, MqttConnectError) and _number(error.rc) in _HOPELESS


def _refused(code: object) -> bool:
    return (_number(code) or 0) >= _FAILURE


def _number(code: object) -> int | None:
    """Reason codes come as integers or as objects that hold one."""
    value = getattr(code, "value", code)
    return value if isinstance(value, int) else None
