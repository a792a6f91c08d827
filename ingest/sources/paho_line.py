"""One connection of paho-mqtt on asyncio's own loop: a slow consumer stops the reading and nothing else."""

import asyncio
import contextlib
import logging
import os
import socket
from dataclasses import dataclass
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from domain import naming
from domain.errors import RejectedError, TidewalkError, UnavailableError
from domain.messages import Flag, Message
from domain.ports import Clock
from ingest.sources.granted import FAILURE, refused_for_good, weigh
from ingest.sources.inbox import Inbox
from ingest.sources.link import Link
from ingest.sources.retry import MalformedError, TakenOverError
from ingest.sources.settings import MqttSettings

log = logging.getLogger(__name__)

PACKETS_AT_ONCE: Final = 256  # read in one go before others have their turn
TAKEN_OVER: Final = 0x8E
MALFORMED: Final = 0x81
PROTOCOL_ERROR: Final = 0x82
TICK_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PahoSettings(MqttSettings):
    """The same session, and which protocol it speaks. `receive_maximum` is for MQTT 5: 3.1.1 has none."""

    protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv311

    def __post_init__(self) -> None:
        MqttSettings.__post_init__(self)
        if not self.client_id:
            raise ValueError("client_id is empty; expected the name of a session")


class Line:
    """One connection: a paho client whose socket is watched by asyncio."""

    def __init__(self, settings: PahoSettings, *, link: Link, inbox: Inbox, clock: Clock) -> None:
        self._settings = settings
        self._link = link
        self._inbox = inbox
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._marker_topic = naming.marker_topic(settings.site, settings.client_id)
        self._asked = (*settings.filters, self._marker_topic)
        self._heard = 0
        self._socket: socket.socket | None = None
        self._paused = False
        self._paused_at = 0.0
        self._dropped = False
        self._reading = False
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._said_at = self._loop.time()
        self._qos = 1
        self._receive_maximum = 65535  # of the broker
        self._markers = 0  # not yet acknowledged
        self.epoch = 0  # until CONNACK
        self.admitted: asyncio.Future[None] = self._loop.create_future()
        self.lost: asyncio.Future[Exception] = self._loop.create_future()
        self._client = self._make_client()

    def _make_client(self) -> paho.Client:
        s = self._settings
        five = s.protocol == MQTTProtocolVersion.MQTTv5
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=s.client_id,
            clean_session=None if five else False,
            protocol=s.protocol,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = s.connect_timeout
        if s.username is not None:
            client.username_pw_set(s.username, s.password)
        if s.tls is not None:
            client.tls_set_context(s.tls)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        return client

    async def connect(self) -> None:
        """TCP, TLS and CONNECT. Raises OSError."""
        await asyncio.to_thread(self._connect_blocking)
        if self._dropped:
            return
        found = self._client.socket()
        if found is None:
            self._end_with(UnavailableError("the broker closed the connection"))
            return
        sock: Any = found
        self._socket = sock
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client.on_socket_close = self._on_socket_close
        self._client.on_socket_register_write = self._on_want_write
        self._client.on_socket_unregister_write = self._on_written
        self._loop.add_reader(sock, self._read)
        if self._client.want_write():
            self._loop.add_writer(sock, self._client.loop_write)
        self._timers["tick"] = self._loop.call_later(min(TICK_S, self._settings.keep_alive / 4), self._tick)

    async def either(self) -> None:
        """Return when the broker has let us in, or the connection is lost."""
        both: list[asyncio.Future[Any]] = [self.admitted, self.lost]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)

    async def over(self) -> Exception:
        """Return how the connection was lost, once it is."""
        await asyncio.wait([self.lost])
        return self.lost.result()

    def _connect_blocking(self) -> None:
        s = self._settings
        properties = None
        if s.protocol == MQTTProtocolVersion.MQTTv5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho leaves it untyped
            properties.SessionExpiryInterval = s.session_expiry
            properties.ReceiveMaximum = s.receive_maximum
        clean = False if properties is not None else paho.MQTT_CLEAN_START_FIRST_ONLY
        self._client.connect(s.host, s.port, keepalive=s.keep_alive, clean_start=clean, properties=properties)
        if self._dropped:  # nobody waits for it any more
            self._client.disconnect()

    def acknowledge(self, packets: tuple[int, ...]) -> None:
        """PUBACK, each in a write of its own: paho knows no other way."""
        if self.lost.done():
            return
        for packet in packets:
            self._client.ack(packet, 1)
        self._said_at = self._loop.time()

    def resume(self) -> None:
        """The inbox has room again."""
        if self._paused and self._socket is not None:
            self._paused = False
            now = self._loop.time()
            long = now - self._paused_at >= self._settings.marker_every
            if long and (payload := self._link.held_up(now)) is not None:
                self._publish_marker(payload)
            self._loop.add_reader(self._socket, self._read)

    async def leave(self) -> None:
        """Say goodbye and wait until the broker hangs up: by then it has read every PUBACK. paho closes as soon as it
        has written DISCONNECT, which may reset the connection: so the socket is kept open by a second handle.
        """
        if self._socket is None:
            return
        handle = socket.socket(fileno=os.dup(self._socket.fileno()))
        handle.settimeout(0)
        try:
            async with asyncio.timeout(self._settings.close_timeout):
                self._client.disconnect()
                await asyncio.wait([self.lost])
                handle.shutdown(socket.SHUT_WR)
                while await self._loop.sock_recv(handle, 65536):
                    pass
        except (TimeoutError, OSError):
            log.warning("MQTT broker did not hang up: what it has not read comes again")
        finally:
            handle.close()
            self.drop()

    def drop(self) -> None:
        """No longer: whatever is unsent is lost."""
        self._dropped = True
        self._end_with(UnavailableError("left"))
        if self._socket is not None:
            sock = self._socket
            self._forget(sock)
            sock.close()

    def _read(self) -> None:
        """Read until nothing comes or others should have their turn; TLS may hold packets that no poll would show."""
        if self._reading:
            return
        self._reading = True
        try:
            for _ in range(PACKETS_AT_ONCE):
                before = self._heard
                self._client.loop_read()
                if self.lost.done() or self._paused:
                    return
                if self._heard == before and not self._pending():
                    return
                if self._inbox.full:
                    self._pause()
                    return
            self._loop.call_soon(self._read)
        except Exception as why:  # noqa: BLE001 (paho raises whatever a faulty packet makes it stumble over)
            self._break_off(why if isinstance(why, TidewalkError) else _faulty(why))
        finally:
            self._reading = False

    def _break_off(self, why: Exception) -> None:
        self._end_with(why)
        if isinstance(why, MalformedError) and self._settings.protocol == MQTTProtocolVersion.MQTTv5:
            self._client.disconnect(ReasonCode(PacketTypes.DISCONNECT, identifier=MALFORMED))
            self._client.loop_write()

    def _pending(self) -> bool:
        pending = getattr(self._socket, "pending", None)
        return bool(pending and pending())

    def _pause(self) -> None:
        self._paused, self._paused_at = True, self._loop.time()
        if self._socket is not None:
            self._loop.remove_reader(self._socket)

    def _tick(self) -> None:
        """Let paho watch the keep-alive. While reading is paused it would miss the answers: speak without asking."""
        now = self._loop.time()
        if not self._paused:
            self._client.loop_misc()
            self._said_at = now
        elif now - self._said_at >= self._settings.keep_alive / 2:
            self._client.unsubscribe(
                f"{self._marker_topic}/none"
            )  # held by nobody: heard by the broker, changes nothing
            self._said_at = now
        if not self.lost.done():
            self._timers["tick"] = self._loop.call_later(min(TICK_S, self._settings.keep_alive / 4), self._tick)

    def _mark(self) -> None:
        if (payload := self._link.due(self._loop.time())) is not None:
            self._publish_marker(payload)
        self._timers["mark"] = self._loop.call_later(self._settings.marker_every, self._mark)

    def _publish_marker(self, payload: bytes) -> None:
        if self._markers < self._receive_maximum:
            self._markers += 1
            self._client.publish(self._marker_topic, payload, qos=self._qos)

    def _on_connect(
        self,
        client: paho.Client,
        _userdata: Any,
        flags: paho.ConnectFlags,
        code: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if code.value >= FAILURE:
            said = f"CONNACK {code}"
            self._end_with(RejectedError(said) if refused_for_good(code.value) else UnavailableError(said))
            return
        self._link.connected(session_present=flags.session_present)
        self.epoch = self._link.epoch
        self.admitted.set_result(None)
        granted = getattr(properties, "SessionExpiryInterval", None)
        if granted is not None and granted < self._settings.session_expiry:
            log.warning("MQTT broker keeps our session for %d s only: longer outages lose data", granted)
        self._receive_maximum = getattr(properties, "ReceiveMaximum", self._receive_maximum)
        if getattr(properties, "MaximumQoS", 1) == 0:
            self._qos = 0
            log.error("MQTT broker grants QoS 0 only: what it drops is lost")
        if self._settings.protocol == MQTTProtocolVersion.MQTTv5:
            options = SubscribeOptions(qos=self._qos, retainAsPublished=False, retainHandling=1)
            client.subscribe([(pattern, options) for pattern in self._asked])
        else:
            client.subscribe([(pattern, 1) for pattern in self._asked])

    def _on_subscribe(
        self, _client: paho.Client, _userdata: Any, _mid: int, codes: list[ReasonCode], _properties: Properties | None
    ) -> None:
        if len(codes) != len(self._asked):
            raise MalformedError("SUBACK that answers nothing we asked", b"suback")
        weigh(self._asked, [code.value for code in codes])
        self._publish_marker(self._link.subscribed(self._loop.time()))
        self._timers["mark"] = self._loop.call_later(self._settings.marker_every, self._mark)

    def _on_message(self, _client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        self._heard += 1
        packets = [message.mid] if message.qos else []
        try:
            topic = message.topic
        except UnicodeDecodeError as why:
            raise MalformedError("text that is not UTF-8", bytes(why.object)) from None
        if message.qos > 1 or packets == [0]:
            raise MalformedError("PUBLISH of a kind that we never asked for", topic.encode())
        if topic == self._marker_topic:
            self._inbox.add(self.epoch, [], packets, 0)
            self._link.returned(bytes(message.payload))
            return
        flags = self._link.backlog | Flag.RETAINED if message.retain else self._link.backlog
        heard = Message(topic, bytes(message.payload), self._clock.now(), int(flags))
        self._inbox.add(self.epoch, [heard], packets, len(topic) + len(heard.payload))

    def _on_publish(
        self, _client: paho.Client, _userdata: Any, _mid: int, code: ReasonCode, _properties: Properties | None
    ) -> None:
        self._markers -= 1
        if code.value >= FAILURE:
            log.error("MQTT broker refuses our marker on %s: %s", self._marker_topic, code)

    def _on_disconnect(
        self,
        _client: paho.Client,
        _userdata: Any,
        flags: paho.DisconnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if flags.is_disconnect_packet_from_server and code.value == TAKEN_OVER:
            self._end_with(TakenOverError(f"DISCONNECT {code}"))
        elif flags.is_disconnect_packet_from_server:
            self._end_with(UnavailableError(f"DISCONNECT {code}"))
        elif code.value == PROTOCOL_ERROR:
            self._end_with(MalformedError("paho met what MQTT does not allow", b"paho"))
        else:
            self._end_with(UnavailableError(f"the connection is gone: {code}"))

    def _on_socket_close(self, _client: paho.Client, _userdata: Any, sock: Any) -> None:
        self._forget(sock)

    def _on_want_write(self, client: paho.Client, _userdata: Any, sock: Any) -> None:
        if self._socket is not None:
            self._loop.add_writer(sock, client.loop_write)

    def _on_written(self, _client: paho.Client, _userdata: Any, sock: Any) -> None:
        self._loop.remove_writer(sock)

    def _forget(self, sock: Any) -> None:
        if self._socket is not None:
            self._loop.remove_reader(sock)
            self._loop.remove_writer(sock)
            self._socket = None

    def _end_with(self, why: Exception) -> None:
        for timer in self._timers.values():
            timer.cancel()
        if not self.lost.done():
            self.lost.set_result(why)


def _faulty(why: Exception) -> MalformedError:
    return MalformedError(f"{type(why).__name__}: {why}", repr(why).encode())
