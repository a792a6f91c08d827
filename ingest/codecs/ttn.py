"""The Things Stack v3: uplinks as its MQTT server, webhooks, events and storage give them."""

from collections.abc import Iterator, Mapping
from typing import Any

from domain.errors import RejectedError
from ingest import quarantine
from ingest.codecs import picking
from ingest.codecs.picking import Object
from ingest.codecs.uplink import Uplink

_WRAPPERS = ("data", "result")  # of an event, and of the storage integration
_OTHERS = (
    "join_accept",
    "downlink_ack",
    "downlink_nack",
    "downlink_sent",
    "downlink_failed",
    "downlink_queued",
    "downlink_queue_invalidated",
    "location_solved",
    "service_data",
    "uplink_normalized",  # says again what the uplink of the same counter said
)


def decode(payload: bytes) -> tuple[Uplink, ...]:
    """The uplink; nothing of a join, a downlink or an error. Raises RejectedError."""
    said = picking.parsed_object(payload)
    for wrapper in _WRAPPERS:
        within = picking.inner(said, wrapper)
        if "end_device_ids" in within or "uplink_message" in within:
            said = within
    message = said.get("uplink_message")
    if not isinstance(message, dict):
        if any(name in said for name in _OTHERS) or isinstance(said.get("name"), str):
            return ()
        raise RejectedError(quarantine.not_an_envelope("The Things Stack", "it has no uplink_message"))
    ids = picking.inner(said, "end_device_ids")
    heard = picking.objects(message, "rx_metadata")
    rssi, snr = picking.best(heard, "rssi", "snr")
    settings = picking.inner(message, "settings")
    uplink = Uplink(
        eui=picking.known(picking.text(ids, "dev_eui", "device_id"), "The Things Stack"),
        at=picking.first_instant(
            message.get("received_at"), said.get("received_at"), settings.get("time"), *_clocks(heard)
        ),
        port=picking.whole(message, "f_port", absent=0),
        counter=picking.whole(message, "f_cnt", absent=0),  # 0 is left out in protobuf's JSON
        payload=picking.from_base64(message.get("frm_payload") or "", "frm_payload"),
        fields=_fields(message),
        rssi=rssi,
        snr=snr,
        battery=_battery(message),
        model=_model(message),
    )
    return (uplink,)


def _clocks(heard: list[Object]) -> Iterator[object]:
    for clock in ("received_at", "time"):
        for one in heard:
            yield one.get(clock)


def _fields(message: Object) -> Mapping[str, Any] | None:
    """What the vendor's decoder said, and as `normalized_payload` what it was normalised to, one object of all."""
    decoded = dict(picking.inner(message, "decoded_payload"))
    merged: dict[str, Any] = {}
    for one in picking.objects(message, "normalized_payload"):
        merged.update(one)
    if merged:
        decoded["normalized_payload"] = merged
    return decoded or None


def _battery(message: Object) -> float | None:
    percent = picking.number(picking.inner(message, "last_battery_percentage"), "value")
    return percent if percent is not None and 0 <= percent <= 100 else None


def _model(message: Object) -> str:
    version = picking.inner(message, "version_ids")
    brand, model = picking.text(version, "brand_id"), picking.text(version, "model_id")
    return f"{brand}/{model}".lower() if brand and model else ""
