"""What a network server or gateway relays of one device's transmission, whatever its envelope looked like."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from domain.readings import Millis


class Uplink(NamedTuple):
    """One transmission. `payload` is the device's bytes, None where only `fields` came; `fields` is what the server
    decoded, as JSON, None where it decoded nothing. `at` is the best of the envelope's clocks, None where it has none.
    """

    eui: str  # 16 lower-case hex digits; other lower-case text where the network has no EUI
    at: Millis | None
    port: int  # FPort; 0 where none came
    counter: int  # FCntUp; -1 where none came
    payload: bytes | None = None
    fields: Mapping[str, Any] | None = None
    rssi: float | None = None  # dBm at the gateway that heard best
    snr: float | None = None  # dB, at the same gateway
    battery: float | None = None  # percent, where the envelope itself says it
    model: str = ""  # what the envelope says of vendor and model; "" where it says nothing


Envelope = Callable[[bytes], tuple[Uplink, ...]]
"""Reads an envelope: no uplink where it is an event of no concern to readings (join, status, error, acknowledgement);
more than one where it is a batch. Raises RejectedError where it cannot be read.
"""
