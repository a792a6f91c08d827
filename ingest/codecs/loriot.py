"""LORIOT's messages: `rx` (at once, from one gateway) and `gw` (a moment later, with all gateways that heard it)."""

from collections.abc import Mapping
from typing import Any

from domain.errors import RejectedError
from ingest import quarantine
from ingest.codecs import picking
from ingest.codecs.picking import Object
from ingest.codecs.uplink import Uplink

_UPLINKS = ("rx", "gw", "ack")


def decode(payload: bytes) -> tuple[Uplink, ...]:
    """The uplink; nothing of any other command. Raises RejectedError."""
    said = picking.parsed_object(payload)
    command = picking.text(said, "cmd")
    if not command:
        raise RejectedError(quarantine.not_an_envelope("LORIOT", "it has no cmd"))
    if command not in _UPLINKS or (command == "ack" and "data" not in said):
        return ()
    eui = picking.known(picking.text(said, "EUI", "eui", "deveui"), "LORIOT")
    data, fields = said.get("data"), _fields(said)
    if not isinstance(data, str) and fields is None:
        if isinstance(said.get("encdata"), str):
            why = "its data are still encrypted; give LORIOT the application session key"
            raise RejectedError(quarantine.not_an_envelope("LORIOT", why))
        data = ""
    heard = [said, *picking.objects(said, "gws")]
    rssi, snr = picking.best(heard, "rssi", "snr")
    uplink = Uplink(
        eui=eui,
        at=picking.first_instant(said.get("ts"), *(one.get(clock) for clock in ("time", "ts") for one in heard[1:])),
        port=picking.whole(said, "port", absent=0),
        counter=picking.whole(said, "fcnt", absent=-1),
        payload=picking.from_hex(data, "data") if isinstance(data, str) else None,
        fields=fields,
        rssi=rssi,
        snr=snr,
        battery=battery_level(picking.number(said, "bat")),
    )
    return (uplink,)


def battery_level(code: float | None) -> float | None:
    """DevStatusAns of LoRaWAN 1.0.4, 5.5: 1 to 254 are the least and the most; 0 is mains, 255 unknown. In percent."""
    return None if code is None or not 1 <= code <= 254 else round((code - 1) / 253 * 100, 1)


def _fields(said: Object) -> Mapping[str, Any] | None:
    decoded = picking.inner(said, "decoded")
    found = decoded.get("data") if "data" in decoded else decoded
    return found if isinstance(found, dict) and found else None
