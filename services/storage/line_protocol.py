"""Readings as InfluxDB line protocol: our own encoder, because the client's `Point` costs eight times as much."""

from collections.abc import Sequence
from typing import Final

from domain.errors import RejectedError
from domain.naming import FIELD_QUALITY, FIELD_SEQ, QUANTITIES
from domain.readings import Reading
from services.storage.fitness import LARGEST_INTEGER, LATEST, unfit

CACHED_DEVICES = 200_000  # some 300 bytes each

# How a number's field begins, by name; how a flag's reads, by name and value.
_SAID: Final[dict[str | tuple[str, bool], str]] = {
    **{name: f"{name}=" for name, quantity in QUANTITIES.items() if quantity.type == "float"},
    **{
        (name, value): f"{name}={'t' if value else 'f'},"
        for name, quantity in QUANTITIES.items()
        if quantity.type == "bool"
        for value in (True, False)
    },
}


class LineEncoder:
    """Lines of one site, at millisecond precision. Keeps each device's escaped head: measurement and tags."""

    def __init__(self, site: str) -> None:
        self._site = _escaped_tag(site)
        self._heads: dict[str, tuple[str, str, str, str]] = {}

    def lines(self, batch: Sequence[Reading]) -> tuple[list[str], list[Reading], list[tuple[Reading, str]]]:
        """The lines, the readings they say (same order and length), and those that cannot be said, with the reason."""
        lines: list[str] = []
        said: list[Reading] = []
        refused: list[tuple[Reading, str]] = []
        line = self.line
        for reading in batch:
            try:
                lines.append(line(reading))
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
        text = head[0]
        said = _SAID.get
        for name, value in values.items():
            if type(value) is float and (start := said(name)) is not None and value - value == 0.0:  # not inf, not nan
                text += f"{start}{value!r},"
            elif type(value) is bool and (flag := said((name, value))) is not None:
                text += flag
            else:
                text += _said_slowly(reading, name)
        if not (-LATEST <= at <= LATEST and 0 <= quality <= LARGEST_INTEGER and seq <= LARGEST_INTEGER):
            raise RejectedError(unfit(reading))
        if seq >= 0:
            return f"{text}{FIELD_QUALITY}={quality}i,{FIELD_SEQ}={seq}i {at}"
        return f"{text}{FIELD_QUALITY}={quality}i {at}"

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


def _said_slowly(reading: Reading, name: str) -> str:
    """A text, or a whole number where a float is meant; everything else is why the reading is refused."""
    if why := unfit(reading):
        raise RejectedError(why)
    value = reading.values[name]
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'{name}="{escaped}",'
    return f"{name}={float(value)!r},"


def _escaped_tag(text: str) -> str:
    return text.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")
