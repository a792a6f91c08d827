"""What a broker's refusals mean: reason codes of MQTT 5, which paho also gives for 3.1.1."""

import logging
from collections.abc import Sequence
from typing import Final

from domain.errors import RejectedError, UnavailableError

log = logging.getLogger(__name__)

FAILURE: Final = 0x80  # reason codes from here on are failures

# CONNACK: protocol version, client id, password, not authorised, banned, authentication method
_NOT_ADMITTED: Final = frozenset({0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C})
# SUBACK: not authorised, filter invalid, no shared subscriptions, no ids, no wildcards
_NOT_GRANTED: Final = frozenset({0x87, 0x8F, 0x9E, 0xA1, 0xA2})


def refused_for_good(connack: int) -> bool:
    """True where the same CONNECT can never succeed."""
    return connack in _NOT_ADMITTED


def weigh(asked: Sequence[str], codes: Sequence[int]) -> None:
    """Say loudly what is refused or granted without acknowledgement. `asked` ends with the marker's topic.

    Raises when no filter but the marker's is left: RejectedError where trying again is of no use, else
    UnavailableError.
    """
    for pattern, code in zip(asked, codes, strict=True):
        if code >= FAILURE:
            log.error("MQTT broker refuses %s with reason 0x%02X: nothing of it will be heard", pattern, code)
        elif code == 0:
            log.error("MQTT broker grants %s without acknowledgement (QoS 0): what it drops is lost", pattern)
    telemetry = list(codes)[:-1]
    if any(code < FAILURE for code in telemetry):
        return
    why = f"the broker refuses every subscription: {', '.join(f'0x{code:02X}' for code in telemetry)}"
    if all(code in _NOT_GRANTED for code in telemetry):
        raise RejectedError(why)
    raise UnavailableError(why)
