"""A condition weighed by its parts: which comparison holds, which does not, by how much, and what is not known.

The truth of the whole is the core's own; this walks the same text to say how far each comparison is from being another
one. Nothing is decided here.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from domain.naming import ATTRIBUTES, QUANTITIES, Kind
from domain.readings import Value
from rules.core.expression import Condition
from rules.core.grammar import Window, parsed
from rules.core.params import key_of, seasons_of
from rules.core.rule import Param
from rules.core.vocabulary import CONTEXT, INSTRUMENT, quantities_of

_SIGNS: Final[Mapping[type[ast.cmpop], str]] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_SPANS: Final = {"seconds": 1_000, "minutes": 60_000, "hours": 3_600_000}
Get = Callable[[str], Value | None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison, or one flag, of a condition. `off` is how far apart both sides are, where they are numbers.
    `wanted` is what it must be for the whole to hold: False below a `not`. `unknown` names what was not said.
    """

    text: str
    truth: bool | None
    left: Value | None = None
    right: Value | None = None
    sign: str = ""  # of a comparison; "" of a flag
    unit: str = ""
    off: float | None = None
    wanted: bool = True
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Weighed:
    """A condition at one moment. `in_the_way` are the comparisons that must change for it to hold, the fewest
    there are; empty where it holds.
    """

    truth: bool | None
    comparisons: tuple[Comparison, ...]
    in_the_way: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """Where the names of a condition are looked up."""

    values: Get
    attributes: Get
    around: Get
    window: Callable[[Window], float | None]
    kind: Kind | None
    rule: str
    params: Mapping[str, Param]


def weigh(condition: Condition, asked: Asked) -> Weighed:
    """Every part of a condition, and the truth of the whole."""
    windows = tuple(asked.window(window) for window in condition.windows)
    truth = condition.verdict(asked.values, asked.attributes, asked.around, windows)
    found = _Weighing(asked).part(parsed(condition.text), wanted=True)
    return Weighed(truth, found.comparisons, () if truth is True else found.in_the_way)


@dataclass(frozen=True, slots=True)
class _Number:
    value: float | str | None
    unit: str = ""
    unknown: tuple[str, ...] = ()


class _Weighing:
    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def part(self, node: ast.expr, *, wanted: bool) -> Weighed:
        match node:
            case ast.BoolOp(op=op, values=values):
                return self._joined(
                    [self.part(value, wanted=wanted) for value in values], isinstance(op, ast.And), wanted
                )
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self.part(operand, wanted=not wanted)
                return Weighed(None if inner.truth is None else not inner.truth, inner.comparisons, inner.in_the_way)
            case ast.Compare():
                return self._compared(node, wanted)
            case ast.Call(args=[ast.Name(id=name)]):
                return _leaf(Comparison(ast.unparse(node), self._asked.values(name) is True, wanted=wanted))
            case ast.Name(id=name):
                return self._flag(name, wanted)
        raise AssertionError(ast.unparse(node))  # the compiler has refused everything else

    def _joined(self, parts: list[Weighed], both: bool, wanted: bool) -> Weighed:  # noqa: FBT001
        truths = [part.truth for part in parts]
        decides = not both  # one true part makes `or` true, one false part makes `and` false
        truth = decides if decides in truths else None if None in truths else both
        comparisons = tuple(one for part in parts for one in part.comparisons)
        if truth is wanted:
            return Weighed(truth, comparisons, ())
        open_ = [part for part in parts if part.in_the_way]
        if both is wanted:  # all of them must come right
            return Weighed(truth, comparisons, tuple(one for part in open_ for one in part.in_the_way))
        nearest = min(open_, key=lambda part: (len(part.in_the_way), _distance(part)), default=None)
        return Weighed(truth, comparisons, nearest.in_the_way if nearest is not None else ())

    def _compared(self, node: ast.Compare, wanted: bool) -> Weighed:  # noqa: FBT001
        sides = [node.left, *node.comparators]
        found = []
        for (one, other), op in zip(pairwise(sides), node.ops, strict=True):
            left, right, sign = self._value(one), self._value(other), _SIGNS[type(op)]
            text = f"{ast.unparse(one)} {sign} {ast.unparse(other)}"
            unknown = (*left.unknown, *right.unknown)
            truth = None if unknown else _holds(left.value, sign, right.value)
            off = None
            if isinstance(left.value, float) and isinstance(right.value, float):
                off = round(abs(left.value - right.value), 6)
            unit = left.unit or right.unit
            found.append(Comparison(text, truth, left.value, right.value, sign, unit, off, wanted, unknown))
        if len(found) == 1:
            return _leaf(found[0])
        return self._joined([_leaf(one) for one in found], both=True, wanted=wanted)

    def _flag(self, name: str, wanted: bool) -> Weighed:  # noqa: FBT001
        around = name in CONTEXT and name not in quantities_of(self._asked.kind)
        said = self._asked.around(name) if around else self._asked.values(name)
        truth = said if isinstance(said, bool) else None
        return _leaf(Comparison(name, truth, said, wanted=wanted, unknown=() if truth is not None else (name,)))

    def _value(self, node: ast.expr) -> _Number:
        match node:
            case ast.Constant(value=str() as text):
                return _Number(text)
            case ast.Constant(value=(int() | float()) as number):
                return _Number(float(number))
            case ast.UnaryOp(operand=operand):
                inner = self._value(operand)
                return _Number(-_n(inner), inner.unit) if not inner.unknown else inner
            case ast.BinOp(left=left, op=op, right=right):
                return self._arithmetic(self._value(left), op, self._value(right))
            case ast.Call(func=ast.Name(id=name), keywords=[ast.keyword(arg=unit, value=ast.Constant(value=length))]):
                assert isinstance(node.args[0], ast.Name)  # noqa: S101
                window = Window(name, node.args[0].id, int(float(str(length)) * _SPANS[str(unit)]))
                value = self._asked.window(window)
                return _Number(value, QUANTITIES[window.quantity].unit, () if value is not None else (str(window),))
            case ast.Call(func=ast.Name(id=("before" | "near") as which), args=[ast.Name(id=quantity)]):
                said = self._asked.values(f"{quantity} {which}")
                absent = () if said is not None else (ast.unparse(node),)
                return _Number(None if said is None else float(said), QUANTITIES[quantity].unit, absent)
            case ast.Call(func=ast.Name(id="abs"), args=[one]):
                inner = self._value(one)
                return _Number(abs(_n(inner)), inner.unit) if not inner.unknown else inner
            case ast.Call(func=ast.Name(id=name), args=args):
                parts = [self._value(arg) for arg in args]
                unknown = tuple(n for part in parts for n in part.unknown)
                value = None if unknown else (min if name == "min" else max)(_n(part) for part in parts)
                return _Number(value, next((p.unit for p in parts if p.unit), ""), unknown)
            case ast.Name(id=name):
                return self._named(name)
        raise AssertionError(ast.unparse(node))

    def _arithmetic(self, left: _Number, op: ast.operator, right: _Number) -> _Number:
        unit, unknown = left.unit or right.unit, (*left.unknown, *right.unknown)
        if unknown:
            return _Number(None, unit, unknown)
        a, b = _n(left), _n(right)
        match op:
            case ast.Add():
                return _Number(a + b, unit)
            case ast.Sub():
                return _Number(a - b, unit)
            case ast.Mult():
                return _Number(a * b, unit)
        return _Number(a / b, unit)

    def _named(self, name: str) -> _Number:
        asked = self._asked
        if name in asked.params:
            param = asked.params[name]
            season = next((s for s in seasons_of(param) if asked.around(f"season_{s}") is True), "")
            value, unit = asked.attributes(key_of(asked.rule, name, season)), param.unit or ""
        elif name in ATTRIBUTES:
            value, unit = asked.attributes(name), ATTRIBUTES[name] or ""
        elif name in INSTRUMENT:
            value, unit = asked.values(name), INSTRUMENT[name].unit or ""
        elif name in CONTEXT and name not in quantities_of(asked.kind):
            value, unit = asked.around(name), CONTEXT[name].unit or ""
        else:
            value, unit = asked.values(name), QUANTITIES[name].unit
        if value is None:
            return _Number(None, unit, (name,))
        return _Number(value if isinstance(value, str) else float(value), unit)


def _leaf(one: Comparison) -> Weighed:
    return Weighed(one.truth, (one,), () if one.truth is one.wanted else (one,))


def _n(number: _Number) -> float:
    assert isinstance(number.value, float | int)  # noqa: S101
    return float(number.value)


def _holds(left: float | str | None, sign: str, right: float | str | None) -> bool:
    if sign in ("==", "!="):
        return (left == right) is (sign == "==")
    assert isinstance(left, float)  # noqa: S101
    assert isinstance(right, float)  # noqa: S101
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[sign]


def _distance(part: Weighed) -> float:
    """How far, roughly, in shares of the threshold; a flag is farther than a number, and what is not known farther."""
    far = 0.0
    for one in part.in_the_way:
        if one.off is None:
            far += 1e9 if one.unknown else 1e3
        else:
            far += one.off / max(abs(one.right) if isinstance(one.right, float) else 0.0, 1e-9)
    return far
