"""Decoded fields and nothing round them: what Zigbee2MQTT, Tasmota and gateways with a decoder of their own publish."""

from ingest.codecs import picking
from ingest.codecs.uplink import Uplink

_CLOCKS = ("last_seen", "time", "Time", "timestamp")


def decode(payload: bytes) -> tuple[Uplink, ...]:
    """The fields, of a device that only the topic names: `eui` is "". Raises RejectedError."""
    said = picking.parsed_object(payload)
    at = picking.first_instant(*(said.get(name) for name in _CLOCKS))
    return (Uplink(eui="", at=at, port=0, counter=-1, fields=said),) if said else ()
