"""What the network server inside a Milesight gateway (UG series) sends, over HTTP or MQTT alike."""

from ingest.codecs import picking
from ingest.codecs.chirpstack import is_uplink
from ingest.codecs.uplink import Uplink


def decode(payload: bytes) -> tuple[Uplink, ...]:
    """The uplink; nothing of a join, an acknowledgement or an error. Raises RejectedError."""
    said = picking.parsed_object(payload)
    eui = picking.known(picking.text(said, "devEUI", "devEui"), "a Milesight gateway")
    if not is_uplink(said):
        return ()
    heard = picking.objects(said, "rxInfo")
    rssi, snr = picking.best(heard, "rssi", "loRaSNR")
    found = said.get("object")
    uplink = Uplink(
        eui=eui,
        at=picking.first_instant(said.get("time"), said.get("gatewayTime"), *(one.get("time") for one in heard)),
        port=picking.whole(said, "fPort", absent=0),
        counter=picking.whole(said, "fCnt", absent=-1),
        payload=picking.from_base64(said.get("data") or "", "data"),
        fields=found if isinstance(found, dict) and found else None,
        rssi=rssi,
        snr=snr,
        model=picking.text(said, "deviceProfileName").lower(),
    )
    return (uplink,)
