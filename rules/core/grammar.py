"""The grammar of conditions: which Python expressions are conditions, and what code they become.

Types, units and names are checked as the code is made; see `rules.core.expression` for what may be written.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from domain.naming import ATTRIBUTES, QUANTITIES, Kind
from domain.readings import Millis
from rules.core.names import ExpressionError, Names
from rules.core.params import seasons_of
from rules.core.rule import Param
from rules.core.vocabulary import CONTEXT, INSTRUMENT

AGGREGATES: Final = ("mean", "median", "min", "max", "sum", "rate", "delta", "count", "last")
_BETWEEN: Final = ("mean", "median", "min", "max", "last")  # never beyond the least and the greatest sample
_SPANS: Final = {"seconds": 1_000, "minutes": 60_000, "hours": 3_600_000}
_LONGEST: Final = 7 * 24 * 3_600_000
_LARGEST: Final = 1e15
_COMPARE: Final[dict[type[ast.cmpop], str]] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_ARITHMETIC: Final[dict[type[ast.operator], str]] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_PARTS: Final = (
    "names, numbers, + - * /, comparisons, and/or/not, min/max/abs, said(flag), mean(quantity, minutes=10),"
    " before(quantity)"
)
_ALWAYS: Final = "True"


@dataclass(frozen=True, slots=True)
class Window:
    """One aggregate over event time that a condition asks for."""

    function: str
    quantity: str
    span: Millis

    def __str__(self) -> str:
        return f"{self.function}({self.quantity}, seconds={self.span // 1000})"


def parsed(text: str) -> ast.expr:
    """The text as a Python expression. Raises ExpressionError."""
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as wrong:
        raise ExpressionError(f"{text!r} cannot be read", f"one expression: {_PARTS}") from wrong


@dataclass(frozen=True, slots=True)
class Truth:
    """A condition as code: surely true, surely false, and what must be true of some reading for it to be true: of the
    one that is judged, or, where `anytime`, of any in its windows.
    """

    true: str
    false: str
    guard: str
    anytime: bool = False


@dataclass(frozen=True, slots=True)
class _Number:
    """`unit` is None where anything goes (literals, products). `needs` are the locals that must be known."""

    code: str
    unit: str | None
    needs: tuple[str, ...]
    constant: float | None = None  # a literal's value
    window: Window | None = None  # set where this is a window and nothing else
    fixed: bool = True  # the same for every reading of a facility: literals and attributes


@dataclass(frozen=True, slots=True)
class _Text:
    code: str
    needs: tuple[str, ...]
    quantity: str = ""
    literal: str = ""


def _of_one_reading(parts: Sequence[Truth]) -> list[Truth]:
    """The parts of a conjunction whose guards may be asked of one and the same reading. What makes a window true may
    have been said long before what is asked beside it: where the reading that is judged must show something, that is
    enough; else one of the windows is.
    """
    now = [part for part in parts if not part.anytime]
    if any(part.guard != _ALWAYS for part in now):
        return now
    return [part for part in parts if part.anytime][:1] or now


class Reader:
    """Reads one expression: types, units and names are checked as the code is made."""

    def __init__(self, kind: Kind | None, params: Mapping[str, Param] = MappingProxyType({}), rule: str = "") -> None:
        self.names = Names(kind, params, rule)
        self.windows: list[Window] = []
        self.window_uses = 0

    def truth(self, node: ast.expr) -> Truth:
        """A part that must be true or false."""
        match node:
            case ast.BoolOp(op=op, values=values):
                parts = [self.truth(value) for value in values]
                both, either = (" and ", " or ") if isinstance(op, ast.And) else (" or ", " and ")
                asked = _of_one_reading(parts) if isinstance(op, ast.And) else parts
                return Truth(
                    f"({both.join(p.true for p in parts)})",
                    f"({either.join(p.false for p in parts)})",
                    f"({both.join(p.guard for p in asked)})",
                    any(p.anytime for p in asked),
                )
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                before = self.window_uses
                part = self.truth(operand)
                return Truth(part.false, part.true, part.false if self.window_uses == before else _ALWAYS)
            case ast.Compare():
                return self._comparison(node)
            case ast.Call(func=ast.Name(id="said"), args=[ast.Name(id=name)], keywords=[]):
                self._is_flag(name, f"said({name})")
                local = self.names.quantity(name)
                return Truth(f"({local} is True)", f"({local} is not True)", f"({local} is True)")
            case ast.Name(id=name):
                local = self._flag(name)
                return Truth(f"({local} is True)", f"({local} is False)", f"({local} is True)")
        raise ExpressionError(f"`{ast.unparse(node)}` is neither true nor false", "a comparison or a flag")

    def _flag(self, name: str) -> str:
        if self.names.is_context(name):
            if CONTEXT[name].unit is not None:
                raise ExpressionError(
                    f"`{name}` is a number and is used as a flag", f"a comparison, as in `{name} > 0`"
                )
            return self.names.around(name)
        if name in INSTRUMENT:
            if INSTRUMENT[name].unit is not None:
                raise ExpressionError(f"`{name}`: {name} is no flag", f"a comparison, as in `{name} > 0`")
            return self.names.of_instrument(name)
        self._is_flag(name, name)
        return self.names.quantity(name)

    def _is_flag(self, name: str, shown: str) -> None:
        self.names.check(name)
        if name not in QUANTITIES or QUANTITIES[name].type != "bool":
            raise ExpressionError(f"`{shown}`: {name} is no flag", f"a comparison, as in `{name} > 0`")

    def _comparison(self, node: ast.Compare) -> Truth:
        sides = [self._value(side) for side in (node.left, *node.comparators)]
        shown = ast.unparse(node)
        signs = []
        for (left, right), op in zip(pairwise(sides), node.ops, strict=True):
            if type(op) not in _COMPARE:
                raise ExpressionError(f"`{shown}` compares in a way that rules do not", "< <= > >= == !=")
            signs.append(_COMPARE[type(op)])
            self._comparable(left, right, signs[-1], shown)
        code = sides[0].code + "".join(f" {sign} {side.code}" for sign, side in zip(signs, sides[1:], strict=True))
        needs = tuple(dict.fromkeys(name for side in sides for name in side.needs))
        known = "".join(f"{name} is not None and " for name in needs)
        true = f"({known}{code})"
        guard = self._window_guard(sides, signs)
        return Truth(true, f"({known}not ({code}))", guard or true, guard not in ("", _ALWAYS))

    def _window_guard(self, sides: Sequence[_Number | _Text], signs: Sequence[str]) -> str:
        """What some sample of a window must show before the comparison can hold; "" where there is no window.

        Mean, median, min, max and the last lie between the least and the greatest sample; the others may be anywhere.
        """
        numbers = [side for side in sides if isinstance(side, _Number)]
        if any(name.startswith("n_") for side in numbers for name in side.needs):
            return _ALWAYS  # what others say is worked out where it is looked at closely
        if not any(name.startswith("w") for side in numbers for name in side.needs):
            return ""
        if len(numbers) != 2 or signs[0] in ("==", "!="):
            return _ALWAYS
        codes, needs = [], []
        for one, other in (numbers, numbers[::-1]):
            if one.window is not None and one.window.function in _BETWEEN and other.fixed:
                local = self.names.quantity(one.window.quantity)
                codes.append(local)
                needs.append(local)
            elif one.fixed:
                codes.append(one.code)
                needs.extend(one.needs)
            else:
                return _ALWAYS
        return f"({''.join(f'{name} is not None and ' for name in needs)}{codes[0]} {signs[0]} {codes[1]})"

    def _comparable(self, left: "_Number | _Text", right: "_Number | _Text", sign: str, shown: str) -> None:
        if isinstance(left, _Text) or isinstance(right, _Text):
            if not (isinstance(left, _Text) and isinstance(right, _Text)):
                raise ExpressionError(f"`{shown}` compares text with a number", "both of one type")
            if sign not in ("==", "!="):
                raise ExpressionError(f"`{shown}` puts text in an order", "== or !=")
            for one, other in ((left, right), (right, left)):
                choices = QUANTITIES[one.quantity].choices if one.quantity else ()
                if choices and not other.quantity and other.literal not in choices:
                    raise ExpressionError(f"{one.quantity} is never {other.literal!r}", " or ".join(map(repr, choices)))
            return
        self._same_unit(left, right, shown)

    def _same_unit(self, left: _Number, right: _Number, shown: str) -> str | None:
        if left.unit is not None and right.unit is not None and left.unit != right.unit:
            raise ExpressionError(
                f"`{shown}` mixes {left.unit or 'a count'} with {right.unit or 'a count'}", "one unit on both sides"
            )
        return left.unit if left.unit is not None else right.unit

    def _value(self, node: ast.expr) -> "_Number | _Text":
        match node:
            case ast.Constant(value=str() as text):
                return _Text(repr(text), (), literal=text)
            case ast.Name(id=name) if name in QUANTITIES and QUANTITIES[name].type == "text":
                local = self.names.quantity(name)
                return _Text(local, (local,), quantity=name)
        return self._number(node)

    def _number(self, node: ast.expr) -> _Number:
        shown = ast.unparse(node)
        match node:
            case ast.Constant(value=bool() as flag):
                raise ExpressionError(f"`{flag}` is compared with a number", "the flag alone, or `not` and the flag")
            case ast.Constant(value=(int() | float()) as number):
                if not abs(number) < _LARGEST:
                    raise ExpressionError(f"`{shown}` is no number that can be measured", "a number below 1e15")
                return _Number(repr(float(number)), None, (), constant=float(number))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self._number(operand)
                constant = None if inner.constant is None else -inner.constant
                return _Number(f"(-{inner.code})", inner.unit, inner.needs, constant, None, inner.fixed)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return self._arithmetic(self._number(left), _ARITHMETIC[type(op)], self._number(right), shown)
            case ast.Call(func=ast.Name(id=name)):
                return self._called(name, node, shown)
            case ast.Name(id=name):
                return self._named_number(name)
        raise ExpressionError(f"`{shown}` is not a number that rules know", _PARTS)

    def _called(self, name: str, node: ast.Call, shown: str) -> _Number:
        match name, node.args, node.keywords:
            case _, _, [_] if name in AGGREGATES:
                return self._window(name, node)
            case (("before" | "near"), [ast.Name(id=quantity)], []):
                return self._compared(name, quantity, shown)
            case "abs", [one], []:
                inner = self._number(one)
                return _Number(f"abs({inner.code})", inner.unit, inner.needs, None, None, inner.fixed)
            case (("min" | "max"), [_, _, *_], []):
                return self._extreme(name, [self._number(arg) for arg in node.args], shown)
        raise ExpressionError(f"`{shown}` is not a number that rules know", _PARTS)

    def _named_number(self, name: str) -> _Number:
        if name in self.names.params:
            param = self.names.params[name]
            local = self.names.param(param)
            return _Number(local, param.unit, (local,), fixed=not seasons_of(param))
        if name in INSTRUMENT:
            if (unit := INSTRUMENT[name].unit) is None:
                raise ExpressionError(f"{name} is true or false and is compared with a number", f"`{name}` alone")
            local = self.names.of_instrument(name)
            return _Number(local, unit, (local,), fixed=False)
        self.names.check(name)
        if name in ATTRIBUTES:
            local = self.names.attribute(name)
            return _Number(local, ATTRIBUTES[name], (local,))
        if self.names.is_context(name) and (unit := CONTEXT[name].unit) is not None:
            local = self.names.around(name)
            return _Number(local, unit, (local,), fixed=False)
        if self.names.is_context(name) or QUANTITIES[name].type == "bool":
            raise ExpressionError(f"{name} is true or false and is compared with a number", f"`{name}` alone")
        if QUANTITIES[name].type == "text":
            raise ExpressionError(f"{name} is text and is used as a number", f'`{name} == "…"`')
        local = self.names.quantity(name)
        return _Number(local, QUANTITIES[name].unit, (local,), fixed=False)

    def _arithmetic(self, left: _Number, sign: str, right: _Number, shown: str) -> _Number:
        needs, fixed = (*left.needs, *right.needs), left.fixed and right.fixed
        if sign in "+-":
            return _Number(
                f"({left.code} {sign} {right.code})", self._same_unit(left, right, shown), needs, fixed=fixed
            )
        if sign == "/" and not right.constant:
            raise ExpressionError(f"`{shown}` may divide by nothing", "division by a number; else multiply across")
        unit = left.unit if right.unit is None else right.unit if left.unit is None and sign == "*" else None
        return _Number(f"({left.code} {sign} {right.code})", unit, needs, fixed=fixed)

    def _extreme(self, name: str, parts: Sequence[_Number], shown: str) -> _Number:
        unit = parts[0].unit
        for one, other in pairwise(parts):
            unit = self._same_unit(one, other, shown) if unit is None else unit
            self._same_unit(_Number("", unit, ()), other, shown)
        needs = tuple(name for part in parts for name in part.needs)
        return _Number(
            f"{name}({', '.join(part.code for part in parts)})", unit, needs, fixed=all(part.fixed for part in parts)
        )

    def _window(self, name: str, node: ast.Call) -> _Number:
        shown, expected = ast.unparse(node), f"{name}(quantity, minutes=10)"
        match node.args, node.keywords:
            case [ast.Name(id=quantity)], [ast.keyword(arg=("seconds" | "minutes" | "hours") as unit, value=length)]:
                self.names.check(quantity)
            case _:
                raise ExpressionError(f"`{shown}` is no window", expected)
        if self.names.is_context(quantity):
            raise ExpressionError(f"`{shown}`: {quantity} is of the surroundings, which have no windows", "a quantity")
        number = length.value if isinstance(length, ast.Constant) else None
        span = number * _SPANS[unit] if isinstance(number, int | float) else 0
        if not 0 < span <= _LONGEST:
            raise ExpressionError(f"`{shown}` is an impossible window", f"{expected}, and up to 7 days")
        of = QUANTITIES[quantity].type if quantity in QUANTITIES else "attribute"
        if of != "float" and (name, of) != ("count", "bool"):
            raise ExpressionError(f"`{shown}`: {quantity} is no measured number", expected)
        window = Window(name, quantity, int(span))
        if window not in self.windows:
            self.windows.append(window)
        self.window_uses += 1
        self.names.quantities[quantity] = None
        local = f"w{self.windows.index(window)}"
        measured = QUANTITIES[quantity].unit
        units = {"rate": f"{measured}/h", "count": ""}
        return _Number(local, units.get(name, measured), (local,), window=window, fixed=False)

    def _compared(self, which: str, name: str, shown: str) -> _Number:
        """What the device said of a quantity the last time, or what others of its kind in the zone say of it."""
        self.names.check(name)
        if name not in QUANTITIES or QUANTITIES[name].type != "float" or self.names.is_context(name):
            raise ExpressionError(f"`{shown}`: {name} is no measured number", f"{which}(quantity)")
        local = self.names.compared_with(which, name)
        self.window_uses += which == "near"
        return _Number(local, QUANTITIES[name].unit, (local,), fixed=False)
