"""The two ends of the wire: over a broker, or in this process."""

import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from domain.messages import Message
from domain.ports import Clock, Publisher, Source
from domain.site import Site
from ingest.sources.memory import MemorySource
from ingest.sources.mqtt import Mqtt5Source
from ingest.sources.paho import PahoSettings, PahoSource
from ingest.sources.settings import MqttSettings, site_filters
from services.channels.memory import MemoryPublisher
from services.channels.mqtt import MqttPublisher, MqttPublisherSettings
from services.settings import Settings

RECEIVE: Final = 60_000  # unacknowledged messages that the broker may have with us; more than a lock-step step holds

Hear = Callable[[str, bytes, bool], None]


@dataclass(frozen=True, slots=True)
class Ends:
    """The two ends of the wire: where messages come from, where ours go."""

    source: Source
    publisher: Publisher
    close: Callable[[], Awaitable[None]]


def broker_ends(settings: Settings, site: Site, clock: Clock) -> Ends:
    """Both over the broker of the settings."""
    host, port = settings.broker_address()
    user, password = settings.broker_user or None, settings.broker_password.get_secret_value() or None
    kind = MqttSettings if settings.source == "mqtt5" else PahoSettings
    heard = kind(
        site=site.id,
        client_id=settings.session(site.id),
        filters=site_filters(site.id, simulated=site.simulated, relayed=bool(site.device_by_eui)),
        host=host,
        port=port,
        username=user,
        password=password,
        tls=ssl.create_default_context() if settings.broker_tls else None,
        linger=0.0 if site.simulated else 0.005,  # in lock-step every barrier would wait for it
        receive_maximum=RECEIVE,
        waiting_messages=RECEIVE,
    )
    said = MqttPublisherSettings(
        host, port, f"{settings.session(site.id)}-out", username=user, password=password, tls=settings.broker_tls
    )
    publisher = MqttPublisher(said)
    source = PahoSource(heard, clock) if isinstance(heard, PahoSettings) else Mqtt5Source(heard, clock)
    return Ends(source, publisher, publisher.close)


class MemoryEnds:
    """Both in this process: `deliver` is what the coast publishes, `hear` is told what the service says."""

    def __init__(self, clock: Clock, hear: Hear) -> None:
        self._clock = clock
        self.source = MemorySource(clock)
        self.publisher = MemoryPublisher(hear)

    def deliver(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Like a broker it has them when this returns; the service keeps them in its own time."""
        self.source.offer([Message(topic, payload, self._clock.now()) for topic, payload in messages])
