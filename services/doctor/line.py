"""A throw-away MQTT 5 session for looking at a broker: paho, so that our own codec is not asked about itself."""

import ssl
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

PATIENCE_S: Final = 5.0
FIRST_S: Final = 2.0  # for the first one
QUIET_S: Final = 0.5  # nothing more has come for so long: nothing more comes
RECEIVE_MAXIMUM: Final = 65_534
EXPIRY_S: Final = 7 * 24 * 3600


class RefusedError(Exception):
    """The broker does not let us in, or does not answer. `code` is MQTT's; 0 where there was none."""

    def __init__(self, why: str, code: int = 0) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True, slots=True)
class Place:
    """Where the broker is and who we are there."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False


class Line:
    """One connection. Nothing is acknowledged before `acknowledge`."""

    def __init__(self, place: Place, client_id: str) -> None:
        self._place = place
        self.given: Any = None  # CONNACK's properties
        self.resumed = False  # the broker had this session already
        self.heard: list[tuple[str, bytes]] = []
        self._code: int | None = None
        self._said = ""
        self._granted: list[int] = []
        self._mids: list[tuple[int, int]] = []
        self._acknowledging = False
        self._last = 0.0
        self._turned = threading.Condition()
        self._client = self._made(client_id)

    def open(self, *, clean: bool, expiry_s: int) -> None:
        """Connect. Raises RefusedError."""
        asked: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho annotates the rest
        asked.SessionExpiryInterval = expiry_s
        asked.ReceiveMaximum = RECEIVE_MAXIMUM
        self._code, self._acknowledging, self._mids = None, False, []
        self.heard.clear()
        try:
            self._client.connect(self._place.host, self._place.port, 30, clean_start=clean, properties=asked)
        except (OSError, ValueError) as error:
            raise RefusedError(str(error)) from error
        self._client.loop_start()
        if (code := self._answer()) != 0:
            self.drop()
            raise RefusedError(f"no CONNACK within {PATIENCE_S:g} s" if code is None else self._said, code or 0)

    def subscribe(self, topic: str) -> int:
        """The QoS that was granted, or a reason code from 128 up."""
        self._granted = []
        self._client.subscribe(topic, qos=1)
        self._waits(lambda: bool(self._granted))
        return (self._granted or [255])[0]

    def publish(self, topic: str, payloads: list[bytes]) -> bool:
        """Whether all of them were acknowledged."""
        sent = [self._client.publish(topic, payload, qos=1) for payload in payloads]
        deadline = time.monotonic() + PATIENCE_S + len(payloads) / 1000
        for one in sent:
            one.wait_for_publish(max(0.01, deadline - time.monotonic()))
        return all(one.is_published() for one in sent)

    def acknowledge(self) -> None:
        """What came, and what comes from now on."""
        with self._turned:
            self._acknowledging = True
            waiting, self._mids = self._mids, []
        for mid, qos in waiting:
            self._client.ack(mid, qos)

    def settled(self, first_s: float = FIRST_S) -> int:
        """How many messages came in all, once no more come."""
        deadline = time.monotonic() + 4 * PATIENCE_S
        with self._turned:
            self._last = time.monotonic() + (0.0 if self.heard else first_s - QUIET_S)
            while (now := time.monotonic()) < min(deadline, self._last + QUIET_S):
                self._turned.wait(min(deadline, self._last + QUIET_S) - now)
            return len(self.heard)

    def close(self) -> None:
        """Leave in order; the session stays as long as was asked."""
        self._client.disconnect()
        self._waits(lambda: not self._client.is_connected())
        self._client.loop_stop()

    def drop(self) -> None:
        """Leave anyhow."""
        self._client.disconnect()
        self._client.loop_stop()

    def _made(self, client_id: str) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = PATIENCE_S
        client.max_inflight_messages_set(200)
        if self._place.user:
            client.username_pw_set(self._place.user, self._place.password)
        if self._place.tls:
            client.tls_set_context(ssl.create_default_context())
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _on_connect(self, _client: Any, _data: Any, flags: Any, reason: Any, properties: Any) -> None:
        with self._turned:
            self.resumed = bool(flags.session_present)
            self._code, self._said, self.given = int(reason.value), str(reason), properties
            self._turned.notify_all()

    def _on_subscribe(self, _client: Any, _data: Any, _mid: Any, reasons: Any, _properties: Any) -> None:
        with self._turned:
            self._granted = [int(one.value) for one in reasons]
            self._turned.notify_all()

    def _on_message(self, client: Any, _data: Any, message: Any) -> None:
        with self._turned:
            self.heard.append((message.topic, message.payload))
            self._last = time.monotonic()
            if not self._acknowledging:
                self._mids.append((message.mid, message.qos))
            self._turned.notify_all()
        if self._acknowledging:
            client.ack(message.mid, message.qos)

    def _answer(self) -> int | None:
        self._waits(lambda: self._code is not None)
        return self._code

    def _waits(self, true: Any) -> bool:
        with self._turned:
            deadline = time.monotonic() + PATIENCE_S
            while not true() and (left := deadline - time.monotonic()) > 0:
                self._turned.wait(min(left, 0.05))
            return bool(true())
