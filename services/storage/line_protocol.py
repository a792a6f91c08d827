"""Readings as InfluxDB line protocol: our own encoder, because the client's `Point` costs eight times as much."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Final

import msgspec

from domain.errors import RejectedError
from domain.naming import FIELD_QUALITY, FIELD_SEQ, QUANTITIES
from domain.readings import Reading, Value
from services.storage.fitness import LARGEST_INTEGER, LATEST, unfit

CACHED_DEVICES = 200_000  # some 300 bytes each

_json: Final = msgspec.json.Encoder().encode  # writes a float at a third of what Python takes
_COLON_IS: Final = bytes.maketrans(b":", b"=")
_BETWEEN: Final = "},{"  # two readings in JSON; only a text can say it too
_NUMERALS: Final = b"0123456789-"  # without them, what was measured is left out: names and types stay
_SHAPES: Final = 10_000  # of values that are remembered; a flood of odd ones must not fill the memory
_TYPES: Final = {"float": float, "bool": bool}
_PLAIN: Final[Mapping[str, object]] = {q.name: _TYPES[q.type] for q in QUANTITIES.values() if q.type in _TYPES}


class LineEncoder:
    """Lines of one site, at millisecond precision. Keeps each device's escaped head: measurement and tags.

    The values of a whole batch are written as JSON at once; with other separators that is what line protocol wants of
    numbers and flags. What is said otherwise (texts, whole numbers) or is not fit at all, is found by its shape.
    """

    def __init__(self, site: str) -> None:
        self._site = _escaped_tag(site)
        self._heads: dict[tuple[str, ...], str] = {}  # by facility, device, kind and zone
        self._plain: set[bytes] = set()  # shapes that JSON says as line protocol does

    def lines(self, batch: Sequence[Reading]) -> tuple[list[str], list[Reading], list[tuple[Reading, str]]]:
        """The lines, the readings they say (same order and length), and those that cannot be said, with the reason."""
        try:
            return self._said_together(batch), list(batch), []
        except (RejectedError, ValueError, TypeError, OverflowError):  # or of values that no JSON can say
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
        if why := unfit(reading):
            raise RejectedError(why)
        return self._said_together([reading])[0]

    def _said_together(self, batch: Sequence[Reading]) -> list[str]:
        if not batch:
            return []
        facilities, devices, kinds, zones, times, values, qualities, seqs, _ = zip(*batch, strict=True)
        if (
            max(times) > LATEST
            or min(times) < -LATEST
            or min(qualities) < 0
            or max(qualities) > LARGEST_INTEGER
            or max(seqs) > LARGEST_INTEGER
        ):
            raise RejectedError("a time or number is out of range")
        fields = self._fields(batch, values)
        heads = self._heads
        try:
            heads_of = list(map(heads.__getitem__, zip(facilities, devices, kinds, zones, strict=True)))
        except KeyError:
            heads_of = [self._head(reading) for reading in batch]
        return [
            f"{head}{said}{FIELD_QUALITY}={quality}i,{FIELD_SEQ}={seq}i {at}"
            if seq >= 0
            else f"{head}{said}{FIELD_QUALITY}={quality}i {at}"
            for head, said, quality, seq, at in zip(heads_of, fields, qualities, seqs, times, strict=True)
        ]

    def _fields(self, batch: Sequence[Reading], values: Sequence[Mapping[str, Value]]) -> list[str]:
        """The values of each, each followed by a comma."""
        said = _json(values)[2:-2]
        fields = said.translate(_COLON_IS, b'"').decode().split(_BETWEEN)
        shapes = said.translate(None, _NUMERALS).split(_BETWEEN.encode())
        if len(fields) != len(batch) or not QUANTITIES.keys() >= set(chain.from_iterable(values)):
            return [_said_slowly(reading) for reading in batch]
        plain = self._plain
        if not plain.issuperset(shapes):
            self._look(shapes, values)
        fields = [f"{field}," for field in fields]
        if not plain.issuperset(shapes):
            for place in [place for place, shape in enumerate(shapes) if shape not in plain]:
                fields[place] = _said_slowly(batch[place])
        return fields

    def _look(self, shapes: Sequence[bytes], values: Sequence[Mapping[str, Value]]) -> None:
        """Learn which of the shapes are plain. One with nothing in it is not."""
        if len(self._plain) >= _SHAPES:
            self._plain.clear()
        for shape, said in dict(zip(shapes, values, strict=True)).items():
            usual = shape and shape not in self._plain and b"null" not in shape  # nor inf, nor nan
            if usual and all(_PLAIN.get(name) is type(value) for name, value in said.items()):
                self._plain.add(shape)

    def _head(self, reading: Reading) -> str:
        head = self._heads.get(reading[:4])
        return self._remember(reading) if head is None else head

    def _remember(self, reading: Reading) -> str:
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
        self._heads[reading[:4]] = text
        return text


def _said_slowly(reading: Reading) -> str:
    """Texts, or whole numbers where floats are meant, among the values; or why the reading is refused."""
    fields = ""
    for name, value in reading.values.items():
        known = _PLAIN.get(name)
        if isinstance(value, bool) and known is bool:
            fields += f"{name}={'true' if value else 'false'},"
        elif isinstance(value, float) and known is float and value - value == 0.0:  # not inf, not nan
            fields += f"{name}={_json(value).decode()},"
        elif why := unfit(reading):
            raise RejectedError(why)
        elif isinstance(value, str):
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            fields += f'{name}="{escaped}",'
        else:
            fields += f"{name}={float(value)!r},"
    return fields


def _escaped_tag(text: str) -> str:
    return text.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")
