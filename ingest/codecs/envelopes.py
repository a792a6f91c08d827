"""The dialects by name, as the topic `tidewalk/{site}/uplink/{server}` calls them (docs/wire.md)."""

from collections.abc import Mapping
from typing import Final

from ingest.codecs import bare, chirpstack, loriot, milesight_gateway, thingpark, ttn
from ingest.codecs.uplink import Envelope

ENVELOPES: Final[Mapping[str, Envelope]] = {
    "chirpstack": chirpstack.decode,
    "ttn": ttn.decode,
    "loriot": loriot.decode,
    "thingpark": thingpark.decode,
    "milesight": milesight_gateway.decode,
    "bare": bare.decode,
}
