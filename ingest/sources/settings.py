"""What an MQTT source must be told, and what it is asked to hear."""

import ssl
from dataclasses import dataclass, field

MOST_RECEIVE_MAXIMUM = 65534  # mqtt5 leaves the default, 65535, out of CONNECT; mosquitto then falls back to 20


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttSettings:
    """One persistent session with one broker. Times are in seconds of the event loop's clock.

    `client_id` names the session: give it to no other program. Left empty, the broker's assigned one is kept for as
    long as this process lives, and its back-log is lost with it.
    """

    site: str
    client_id: str
    filters: tuple[str, ...]
    host: str = "127.0.0.1"
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None
    keep_alive: int = 30
    receive_maximum: int = 20_000  # unacknowledged QoS 1 messages, MQTT 5
    session_expiry: int = 7 * 24 * 3600
    batch_messages: int = 1000
    batch_bytes: int = 4 * 1024 * 1024  # a batch that has reached it takes no more
    linger: float = 0.005  # how long a batch waits for company
    waiting_messages: int = 20_000  # heard and not yet taken by the consumer; beyond it nothing is read
    waiting_bytes: int = 32 * 1024 * 1024
    connect_timeout: float = 10.0
    backoff_first: float = 0.5
    backoff_most: float = 30.0
    takeover_first: float = 30.0
    takeover_most: float = 600.0
    steady: float = 10.0  # a connection that lived so long was a good one: counting begins anew
    faults_at_one_spot: int = 3
    marker_every: float = 5.0
    marker_patience: float = 60.0
    close_timeout: float = 2.0

    def __post_init__(self) -> None:
        if not 1 <= self.receive_maximum <= MOST_RECEIVE_MAXIMUM:
            raise ValueError(f"receive_maximum is {self.receive_maximum}; expected 1 to {MOST_RECEIVE_MAXIMUM}")
        if not 1 <= self.keep_alive <= 65535:
            raise ValueError(f"keep_alive is {self.keep_alive}; expected 1 to 65535 seconds")
        if not self.filters:
            raise ValueError("filters is empty; expected at least one topic filter")
        if self.batch_messages < 1 or self.waiting_messages < 1 or self.waiting_bytes < 1:
            raise ValueError("batch_messages, waiting_messages and waiting_bytes must be at least 1")


def site_filters(site: str, *, simulated: bool = False, relayed: bool = False) -> tuple[str, ...]:
    """All that docs/wire.md says of the native tongue; the lock-step clock only of a simulated site; what network
    servers relay only of one whose devices they know.
    """
    heard = (
        f"tidewalk/{site}/+/+/+/up",
        f"tidewalk/{site}/+/+/+/status",
        f"tidewalk/{site}/gateway/+/status",
        f"tidewalk/{site}/crew/+/replies",
    )
    clock = (f"tidewalk/{site}/clock",) if simulated else ()
    servers = (
        f"tidewalk/{site}/uplink/+",
        f"tidewalk/{site}/uplink/+/+",
        "application/+/device/+/event/up",
        "v3/+/devices/+/up",
    )
    return (*heard, *clock, *servers) if relayed else (*heard, *clock)
