"""What Milesight's NB-IoT models put round the same channels: a header with the device's and the SIM's numbers."""

from typing import Any, Final

from ingest.payloads.milesight_bytes import Bytes, EndsEarlyError

_BEGINS: Final = 0x02
_BEFORE_LENGTH: Final = 5  # bytes that the length does not count
_TEXTS: Final = (
    ("firmwareVersion", 4),
    ("hardwareVersion", 4),
    ("sn", 16),
    ("imei", 15),
    ("imsi", 15),
    ("iccid", 20),
)


def unwrapped(payload: bytes) -> tuple[dict[str, Any] | None, bytes]:
    """(the header's values, the channels); (None, the payload) where it has no such header."""
    source = Bytes(payload)
    try:
        if source.u(1) != _BEGINS:
            return None, payload
        header: dict[str, Any] = {"startFlag": _BEGINS, "id": _big(source), "length": _big(source)}
        if header["length"] != len(payload) - _BEFORE_LENGTH:
            return None, payload
        header.update(flag=source.u(1), frameCnt=_big(source), protocolVersion=source.u(1))
        for name, size in _TEXTS:
            header[name] = source.take(size).decode("ascii")
        header.update(csq=source.u(1), data_length=_big(source))
        return header, source.take(source.left())
    except (EndsEarlyError, UnicodeDecodeError):
        return None, payload


def _big(source: Bytes) -> int:
    return int.from_bytes(source.take(2), "big")
