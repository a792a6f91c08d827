"""Milesight's payloads: a walk over channels, each an id, a type and as many bytes as milesight_table.py says.

The port says nothing (85 by default, and whatever a network has made of it). `decoder(model)` reads as that model
does; `decode` serves a model that nobody knows, and says only what all models that could have sent the bytes agree on.
"""

import functools
from collections.abc import Mapping
from typing import Any, Final

from domain.errors import RejectedError
from ingest.payloads import milesight_smoke
from ingest.payloads.decoded import Decoded, Earlier, PayloadDecoder
from ingest.payloads.milesight_bytes import Bytes, EndsEarlyError, Found
from ingest.payloads.milesight_cellular import unwrapped
from ingest.payloads.milesight_lines import Reader, readers
from ingest.payloads.milesight_table import MODELS, ONE_BYTE, OWN_NAMES, lines

_LONGEST: Final = 4096  # bytes; LoRaWAN carries 242, NB-IoT some records more


def decode(payload: bytes, port: int) -> Decoded:
    """Read the bytes of a Milesight device whose model is not known. Raises RejectedError where nothing can be read."""
    del port
    _checked(payload)
    walked = [_walk(payload, table, size) for table, size in _tables()]
    furthest = max(read for _, read in walked)
    if furthest == 0:
        raise RejectedError(f"not a Milesight payload: it begins with {payload[:2].hex()}")
    found = [one for one, read in walked if read == furthest]
    return _decoded(_agreed(found), payload[furthest:])


def decoder(model: str) -> PayloadDecoder:
    """The decoder of one model, as it is called on the device (any case); that of an unknown model where it is none."""
    name = known(model)
    if name is None:
        return decode
    return functools.partial(_decode, name)


def known(model: str) -> str | None:
    """The model's name here: itself, or without what tells the region or the cable ("em320-tilt-868m")."""
    name = model.strip().lower().replace("_", "-").replace(" ", "-")
    while name and name not in MODELS:
        name = name.rpartition("-")[0]
    return name or None


def _decode(model: str, payload: bytes, port: int) -> Decoded:
    del port
    _checked(payload)
    outer, inner = unwrapped(payload)
    found, read = _walk(inner, *_table(model))
    if read == 0:
        raise RejectedError(f"not a payload of Milesight {model}: it begins with {inner[:2].hex()}")
    if outer is not None:
        found.fields = {**outer, "data": [found.fields], **found.fields}
    return _decoded(found, inner[read:])


def _checked(payload: bytes) -> None:
    if not payload or len(payload) > _LONGEST:
        raise RejectedError("an empty payload" if not payload else f"a payload of {len(payload)} bytes")


def _walk(payload: bytes, table: Mapping[bytes, Reader], size: int) -> tuple[Found, int]:
    """What is read, and how many bytes of it: all, or those before the first channel that is unknown or cut off."""
    source, found, read = Bytes(payload), Found(), 0
    while source.left() >= size:
        reader = table.get(source.take(size))
        if reader is None:
            break
        try:
            reader(source, found)
        except EndsEarlyError:
            break
        read = source.at
    return found, read


def _decoded(found: Found, unread: bytes) -> Decoded:
    return Decoded(found.fields, tuple(found.history), found.at, unread)


def _agreed(found: list[Found]) -> Found:
    """What all say alike."""
    first, *others = found
    agreed = Found()
    agreed.fields = _common(first.fields, [other.fields for other in others])
    agreed.at = first.at if all(other.at == first.at for other in others) else None
    if all([e.at for e in other.history] == [e.at for e in first.history] for other in others):
        for place, (at, fields) in enumerate(first.history):
            common = _common(fields, [other.history[place].fields for other in others])
            if common:
                agreed.history.append(Earlier(at, common))
    return agreed


def _common(first: Mapping[str, Any], others: list[Mapping[str, Any]]) -> dict[str, Any]:
    return {k: v for k, v in first.items() if all(k in other and other[k] == v for other in others)}


@functools.cache
def _table(model: str) -> tuple[Mapping[bytes, Reader], int]:
    return readers(lines(model)), 1 if model in ONE_BYTE else 2


@functools.cache
def _tables() -> tuple[tuple[Mapping[bytes, Reader], int], ...]:
    """One table for each way of speaking, whichever models share it. One-byte commands mean anything to anybody."""
    asked = [model for model in MODELS if model not in OWN_NAMES | ONE_BYTE]
    return tuple(_table(model) for model in {lines(model): model for model in asked}.values())


BY_MODEL: Final[Mapping[str, PayloadDecoder]] = {
    "milesight": decode,
    "milesight/gs524n": milesight_smoke.decode,
    **{f"milesight/{model}": decoder(model) for model in MODELS},
}
