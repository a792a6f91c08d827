"""ChirpStack's uplink events: v4, and v3 in both of its JSON dialects (docs: chirpstack.io, integrations, events)."""

import json
from collections.abc import Mapping
from typing import Any

from domain.errors import RejectedError
from ingest import quarantine
from ingest.codecs import picking
from ingest.codecs.picking import Object
from ingest.codecs.uplink import Uplink


def decode(payload: bytes) -> tuple[Uplink, ...]:
    """The uplink; nothing of a join, status, acknowledgement, log or location. Raises RejectedError."""
    said = picking.parsed_object(payload)
    device = picking.inner(said, "deviceInfo")
    name = picking.text(device, "devEui", "devEUI") or picking.text(said, "devEUI", "devEui")
    eui = picking.known(name, "ChirpStack")
    if not is_uplink(said):
        return ()
    heard = picking.objects(said, "rxInfo")
    rssi, snr = picking.best(heard, "rssi", "snr")
    if snr is None:
        rssi, snr = picking.best(heard, "rssi", "loRaSNR")
    gateways = [one.get(clock) for clock in ("nsTime", "gwTime", "time") for one in heard]
    uplink = Uplink(
        eui=eui,
        at=picking.first_instant(said.get("time"), said.get("publishedAt"), *gateways),
        port=picking.whole(said, "fPort", absent=0),
        counter=picking.whole(said, "fCnt", absent=0),  # 0 is left out in protobuf's JSON
        payload=picking.from_base64(said.get("data") or "", "data"),
        fields=_fields(said),
        rssi=rssi,
        snr=snr,
        model=_model(device),
    )
    return (uplink,)


def is_uplink(said: Object) -> bool:
    """Whether an event of the ChirpStack family carries a transmission of the device."""
    if any(name in said for name in ("data", "object", "objectJSON")):
        return True
    return "rxInfo" in said and any(name in said for name in ("fCnt", "fPort", "dr")) and "downlinkId" not in said


def _fields(said: Object) -> Mapping[str, Any] | None:
    """What the server decoded: an object, or one written as text inside the JSON (v3)."""
    found = said.get("object")
    if found is None and isinstance(written := said.get("objectJSON"), str) and written.strip():
        try:
            found = json.loads(written)
        except (ValueError, RecursionError):
            raise RejectedError(quarantine.not_an_envelope("ChirpStack", "its objectJSON is no JSON")) from None
    return found if isinstance(found, dict) and found else None


def _model(device: Object) -> str:
    tags = picking.inner(device, "tags")
    maker, model = picking.text(tags, "manufacturer", "vendor", "brand"), picking.text(tags, "model")
    return f"{maker}/{model}".lower() if maker and model else picking.text(device, "deviceProfileName").lower()
