"""Decentlab frames: version 2, device number, flags that tell which blocks of 16-bit words follow (protocol v2).

A frame does not say which model sent it, so each model has a decoder of its own, made from its blocks
(decentlab_above, decentlab_below). A block may be missing: a sensor that is out leaves the battery alone.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from domain.errors import RejectedError
from ingest.payloads import decentlab_above, decentlab_below
from ingest.payloads.decoded import Decoded, PayloadDecoder

_VERSION: Final = 2
_HEAD: Final = 5
_BATTERY: Final = "1 battery_voltage[V] w0 /1000"
_VALUE: Final = re.compile(r"(?P<name>\w+)(?:\[(?P<unit>[^\]]+)\])? (?P<formula>.+)$")

_Words = Sequence[int]
_Formula = Callable[[_Words], float]


class _Value(NamedTuple):
    name: str
    unit: str
    of: _Formula


class _Block(NamedTuple):
    words: int
    values: tuple[_Value, ...]


def decoder(text: str) -> PayloadDecoder:
    """The decoder for a model with these blocks. Values come as the vendor wraps them: `{"value": …, "unit": …}`."""
    blocks = _blocks(text)

    def decode(payload: bytes, _port: int) -> Decoded:
        """Every value of the blocks that are there; `device_id`. Raises RejectedError on what is no such frame.

        The frame is known by its version, not by the port, which is the installer's to choose.
        """
        return Decoded(_fields(payload, blocks))

    return decode


def _fields(payload: bytes, blocks: tuple[_Block, ...]) -> dict[str, Any]:
    if len(payload) < _HEAD or len(payload) % 2 == 0 or payload[0] != _VERSION:
        raise RejectedError(f"no Decentlab frame of version {_VERSION}: {len(payload)} bytes")
    flags = int.from_bytes(payload[3:5], "big")
    there = [block for i, block in enumerate(blocks) if flags >> i & 1]
    if flags >> len(blocks) or len(payload) != _HEAD + 2 * sum(block.words for block in there):
        raise RejectedError(f"these are not the blocks of this Decentlab model: flags {flags:#x}, {len(payload)} bytes")
    fields: dict[str, Any] = {"protocol_version": _VERSION, "device_id": int.from_bytes(payload[1:3], "big")}
    at = _HEAD
    for block in there:
        words = [int.from_bytes(payload[i : i + 2], "big") for i in range(at, at + 2 * block.words, 2)]
        at += 2 * block.words
        for value in block.values:
            fields[value.name] = {"value": value.of(words)} | ({"unit": value.unit} if value.unit else {})
    return fields


def _blocks(text: str) -> tuple[_Block, ...]:
    whole = re.sub(r"\n  +", " ", text.strip()).split("\n")
    return tuple(_block(_BATTERY if line == "B" else line) for line in whole)


def _block(line: str) -> _Block:
    words, _, values = line.partition(" ")
    return _Block(int(words), tuple(_value(one.strip()) for one in values.split(";") if one.strip() != "-"))


def _value(text: str) -> _Value:
    found = _VALUE.match(text)
    if found is None:
        raise ValueError(f"decentlab: {text}")
    return _Value(found["name"], found["unit"] or "", _formula(found["formula"]))


def _formula(text: str) -> _Formula:
    """The formula as a function of the block's words."""
    if text == "lux":
        return _lux
    start, *steps = text.split()
    at, wide = int(start[1:]), start[0] == "d"
    doing = [(step[0], tuple(float(part) for part in step[1:].split(","))) for step in steps]

    def formula(words: _Words) -> float:
        value: float = words[at] + (words[at + 1] << 16 if wide else 0)
        for sign, numbers in doing:
            value = _step(value, sign, numbers)
        return value

    return formula


def _step(value: float, sign: str, numbers: tuple[float, ...]) -> float:
    match sign:
        case "+":
            return value + numbers[0]
        case "-":
            return value - numbers[0]
        case "*":
            return value * numbers[0]
        case "/":
            return value / numbers[0]
        case _:
            return math.fsum(factor * value**power for power, factor in enumerate(numbers))


def _lux(words: _Words) -> float:
    """Illuminance from the visible and the infrared channel."""
    both, infrared = words[0], words[1]
    return max(both - 1.64 * infrared, 0.59 * both - 0.86 * infrared, 0.0) * 1.5504


BY_MODEL: Final[Mapping[str, PayloadDecoder]] = {
    f"decentlab-{model.removeprefix('dl-')}": decoder(text)
    for model, text in (decentlab_above.BLOCKS | decentlab_below.BLOCKS).items()
}
