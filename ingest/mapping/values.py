"""One field of a vendor's as one value of ours, or why not."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from domain.naming import QUANTITIES, Quantity
from domain.readings import Value
from ingest import quarantine
from ingest.mapping.paths import spelt
from ingest.mapping.shape import FieldSaid, Scalar
from ingest.mapping.units import linear

_NUMBER: Final = re.compile(
    r"\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\d\s(][^\d(]*[^\s(]|[^\d\s(])?\s*(?:\(.*\))?\s*"
)
_VALUE: Final = ("value", "data", "v", "measurementValue")
_UNIT: Final = ("unit", "units", "u", "unitOfMeasure")
_FLAGS: Final = {"true": True, "false": False, "1": True, "0": False}
_COMBINED: Final[Mapping[str, Callable[[list[float]], float]]] = {"sum": math.fsum, "max": max, "min": min}
_LONGEST: Final = 128  # characters of a text that can be a number


class Taken(NamedTuple):
    """A value, or the fault that stands in its place; neither where the field says nothing."""

    value: Value | None = None
    fault: str = ""


NOTHING: Final = Taken()


class Taker:
    """Reads the values of one field for one quantity."""

    __slots__ = ("_choices", "_line", "_not", "_quantity", "_said", "_skip", "_words")

    def __init__(self, quantity: str, said: FieldSaid) -> None:
        self._quantity: Quantity = QUANTITIES[quantity]
        self._said = said
        self._not, self._skip = frozenset(map(spelt, said.not_)), frozenset(map(spelt, said.skip))
        self._words: Mapping[str, Scalar] = {spelt(word): meant for word, meant in said.words.items()}
        self._choices = {spelt(choice): choice for choice in self._quantity.choices}
        self._line = _line(said, self._quantity, said.unit)

    def take(self, found: list[Any]) -> Taken:
        """The value of what was found at the field's place."""
        if len(found) == 1 and isinstance(found[0], list | tuple):
            found = list(found[0][:512])
        taken = [taken for one in found if (taken := self._one(one)) is not NOTHING]
        if len(taken) <= 1:
            return taken[0] if taken else NOTHING
        match self._said.pick:
            case "first":
                return taken[0]
            case "last":
                return taken[-1]
            case pick:
                numbers = [float(one.value) for one in taken if isinstance(one.value, float)]
                if len(numbers) < len(taken):
                    return next((one for one in taken if one.fault), NOTHING)
                return Taken(_COMBINED[pick](numbers))

    def _one(self, raw: Any) -> Taken:
        own = ""
        if isinstance(raw, Mapping):
            inner = next((key for key in _VALUE if key in raw), None)
            if inner is None:
                return self._unreadable(raw)
            own = next((unit for key in _UNIT if isinstance(unit := raw.get(key), str)), "")
            raw = raw[inner]
        if raw is None or raw == "":
            return NOTHING
        if not isinstance(raw, bool | int | float | str):
            return self._unreadable(raw)
        word = spelt(raw) if self._not or self._skip or self._words or type(raw) is not float else ""
        if word in self._skip:
            return NOTHING
        if word in self._not:
            return Taken(None, quarantine.sensor_says(self._quantity.name, raw))
        if word in self._words:
            meant = self._words[word]
            return Taken(meant)
        match self._quantity.type:
            case "float":
                return self._number(raw, own)
            case "bool":
                flag = raw if isinstance(raw, bool) else _FLAGS.get(word or spelt(raw))
                return self._unreadable(raw) if flag is None or (self._words and word not in _FLAGS) else Taken(flag)
            case _:
                choice = self._choices.get(word or spelt(raw))
                return self._unreadable(raw) if choice is None else Taken(choice)

    def _number(self, raw: float | str, own: str) -> Taken:
        if isinstance(raw, str):
            match = _NUMBER.fullmatch(raw) if len(raw) <= _LONGEST else None
            if match is None:
                return self._unreadable(raw)
            raw, own = float(match.group(1)), match.group(2) or own
        if isinstance(raw, bool):
            return self._unreadable(raw)
        if isinstance(raw, int) and not -(2**63) <= raw < 2**64:
            return self._unreadable(raw)
        number = float(raw)
        if not math.isfinite(number):
            return Taken(None, quarantine.not_a_number(self._quantity.name, number))
        line = self._line
        if own and own != self._said.unit:
            line = _line(self._said, self._quantity, own)
            if line is None:
                return Taken(None, quarantine.unknown_unit(self._quantity.name, own))
        if line is None:
            return self._unreadable(raw)
        return self._within(line.at(number))

    def _within(self, number: float) -> Taken:
        low, high = self._said.low, self._said.high
        if (low is not None and number < low) or (high is not None and number > high):
            edges = (-1e308 if low is None else low, 1e309 if high is None else high)
            unit = self._quantity.unit
            return Taken(None, quarantine.out_of_range(self._quantity.name, number, edges[0], edges[1], unit))
        return Taken(number)

    def _unreadable(self, raw: object) -> Taken:
        return Taken(None, quarantine.unreadable_value(self._quantity.name, raw))


class _Line(NamedTuple):
    """A straight line, and whether it ends at 0 and 100."""

    factor: float
    shift: float
    ends: bool

    def at(self, number: float) -> float:
        if self.factor == 1.0 and self.shift == 0.0 and not self.ends:
            return number
        made = float(f"{number * self.factor + self.shift:.10g}")  # 2.116 m are 2116 mm, not 2116.0000000000005
        return min(max(made, 0.0), 100.0) if self.ends else made


def _line(said: FieldSaid, quantity: Quantity, unit: str) -> _Line | None:
    """From a number of the vendor's, in `unit`, to ours; None where there is no way."""
    scale, offset = said.scale, said.offset
    if said.empty is not None and said.full is not None:
        to_said = (1.0, 0.0) if unit == said.unit else linear(unit, said.unit)
        if to_said is not None:
            span = 100.0 / (said.full - said.empty)
            factor, shift = to_said[0] * span, (to_said[1] - said.empty) * span
            return _Line(scale * factor, offset * factor + shift, ends=True)
    if not unit and not quantity.unit:
        return _Line(scale, offset, ends=False)
    straight = (1.0, 0.0) if unit == quantity.unit else linear(unit, quantity.unit)
    if straight is None:
        return None
    factor, shift = straight
    return _Line(scale * factor, offset * factor + shift, ends=False)
