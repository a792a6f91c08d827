"""Readings as InfluxDB line protocol: our own encoder, because the client's `Point` costs eight times as much."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from domain.errors import RejectedError
from domain.naming import FIELD_QUALITY, FIELD_SEQ, QUANTITIES
from domain.readings import Reading, Value
from services.storage.fitness import LARGEST_INTEGER, LATEST, unfit

CACHED_DEVICES = 200_000  # some 300 bytes each

_json: Final = msgspec.json.Encoder().encode  # writes a float at a third of what Python takes
_COLON_IS: Final = bytes.maketrans(b":", b"=")
_LEFT_OUT: Final = b'"{}'
_SHAPES: Final = 10_000  # of values that are remembered; a flood of odd ones must not fill the memory
_TYPES: Final = {"float": float, "bool": bool}
_PLAIN: Final = {q.name: _TYPES[q.type] for q in QUANTITIES.values() if q.type in _TYPES}


class LineEncoder:
    """Lines of one site, at millisecond precision. Keeps each device's escaped head: measurement and tags."""

    def __init__(self, site: str) -> None:
        self._site = _escaped_tag(site)
        self._heads: dict[str, tuple[str, str, str, str]] = {}
        self._plain: dict[tuple[object, ...], bool] = {}  # by names and types: JSON says it as line protocol does

    def lines(self, batch: Sequence[Reading]) -> tuple[list[str], list[Reading], list[tuple[Reading, str]]]:
        """The lines, the readings they say (same order and length), and those that cannot be said, with the reason."""
        line = self.line
        try:
            return [line(reading) for reading in batch], list(batch), []
        except RejectedError:
            return self._said_apart(batch)

    def _said_apart(self, batch: Sequence[Reading]) -> tuple[list[str], list[Reading], list[tuple[Reading, str]]]:
        lines: list[str] = []
        said: list[Reading] = []
        refused: list[tuple[Reading, str]] = []
        for reading in batch:
            try:
                lines.append(self.line(reading))
            except RejectedError as error:
                refused.append((reading, str(error)))
            else:
                said.append(reading)
        return lines, said, refused

    def line(self, reading: Reading) -> str:
        """One line, without its line break. Raises RejectedError where `fitness.unfit` gives a reason."""
        facility, device, kind, zone, at, values, quality, seq, _ = reading
        head = self._heads.get(device)
        if head is None or head[1] != facility or head[2] != kind or head[3] != zone:
            head = self._remember(reading)
        fields = ""
        if values:
            shape = (*values, *map(type, values.values()))
            plain = self._plain.get(shape)
            if plain is None:
                plain = self._look(shape, values)
            if plain and b"null" not in (said := _json(values)):  # nor inf, nor nan
                fields = said.translate(_COLON_IS, _LEFT_OUT).decode() + ","
            else:
                fields = _said_slowly(reading)
        if not (-LATEST <= at <= LATEST and 0 <= quality <= LARGEST_INTEGER and seq <= LARGEST_INTEGER):
            raise RejectedError(unfit(reading))
        if seq >= 0:
            return f"{head[0]}{fields}{FIELD_QUALITY}={quality}i,{FIELD_SEQ}={seq}i {at}"
        return f"{head[0]}{fields}{FIELD_QUALITY}={quality}i {at}"

    def _look(self, shape: tuple[object, ...], values: Mapping[str, Value]) -> bool:
        if len(self._plain) >= _SHAPES:
            self._plain.clear()
        plain = self._plain[shape] = all(_PLAIN.get(name) is type(value) for name, value in values.items())
        return plain

    def _remember(self, reading: Reading) -> tuple[str, str, str, str]:
        if why := unfit(reading._replace(values={})):
            raise RejectedError(why)
        if len(self._heads) >= CACHED_DEVICES:
            self._heads.clear()
        tags = {
            "site": self._site,
            "zone": _escaped_tag(reading.zone),
            "facility": _escaped_tag(reading.facility),
            "device": _escaped_tag(reading.device),
        }
        text = reading.kind + "".join(f",{tag}={value}" for tag, value in tags.items() if value) + " "
        head = self._heads[reading.device] = (text, reading.facility, reading.kind, reading.zone)
        return head


def _said_slowly(reading: Reading) -> str:
    """Texts, or whole numbers where floats are meant, among the values; or why the reading is refused."""
    if why := unfit(reading):
        raise RejectedError(why)
    fields = ""
    for name, value in reading.values.items():
        if isinstance(value, str):
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            fields += f'{name}="{escaped}",'
        elif isinstance(value, bool):
            fields += f"{name}={'true' if value else 'false'},"
        else:
            fields += f"{name}={float(value)!r},"
    return fields


def _escaped_tag(text: str) -> str:
    return text.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")
