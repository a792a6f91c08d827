"""Conditions narrowed to a place and a moment: what does not change from one reading to the next is worked out once.

Of twenty conditions over a lamp, a lamp's readings at night ask for six comparisons with numbers: by night no gate for
the day opens, a tenth of its rated power is 10 W, and who is of interest from 15 mA on need not be asked about 30. What
is left says of a reading the same as `rules.core.expression.interest` says of it there and then.
"""

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import nan
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from rules.core.expression import Condition, Get, Interest, function, guarded, interest

# Look-up of a quantity, what was said the last time, and what `Then` takes: False where the reading is of interest to
# anybody; else what `Then` gives, True where nothing is to be done.
Quiet = Callable[..., Any]
_REMEMBERED: Final = 4_096
_ORDER: Final = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_BUILTIN: Final = frozenset({"min", "max", "abs"})
_UNTOLD: Final = "i_"  # of the instrument: a reading alone does not say it


class Then(NamedTuple):
    """What is done with a reading that is of no interest, in one go with finding that out: so each value is looked up
    once. The statements know a quantity as `q_` and its name, None where it was not said.
    """

    takes: tuple[str, ...] = ()  # the names of what is given beside
    reads: tuple[str, ...] = ()  # quantities
    does: tuple[str, ...] = ("return True",)
    by: Mapping[str, Any] = MappingProxyType({})  # functions of ours, by the names that the statements call them


NOTHING: Final = Then()


class Narrowing:
    """Conditions, each behind its gate, ready to be narrowed."""

    def __init__(
        self,
        conditions: Iterable[tuple[Condition | None, Condition]],
        compared: Sequence[str] = (),
        then: Then = NOTHING,
    ) -> None:
        """`compared`: the quantities of which it is known what the same device said the last time, in the order in
        which that is given to what is narrowed.
        """
        pairs, self._compared, self._then = list(conditions), tuple(compared), then
        self.interest: Interest = interest(pairs)
        loads = dict.fromkeys(load for pair in pairs for one in pair if one is not None for load in one.loads)
        self._gets = {load.partition(" ")[0]: load.partition("'")[2].rstrip("')") for load in loads if _is_read(load)}
        fixed = [load for load in loads if not _is_read(load)]
        self._names = [load.partition(" ")[0] for load in fixed]
        told = ", ".join(self._names)
        self._told = function("told(attribute, around)", [*fixed, f"return ({told}{',' if told else ''})"])
        self._untold = {name: None for name in self._gets if name.startswith(_UNTOLD)}
        self._guards = [ast.parse(guarded(gated, one), mode="eval").body for gated, one in pairs]
        self._fixed = _Fixed((*self._names, *self._untold))
        self._made: dict[tuple[Any, ...], Quiet] = {}

    def to(self, attribute: Get, around: Get) -> Quiet:
        """Narrowed to the attributes of a facility and what surrounds it."""
        told = self._told(attribute, around)
        found = self._made.get(told)
        if found is None:
            if len(self._made) >= _REMEMBERED:
                self._made.clear()
            found = self._made[told] = self._narrowed(told, attribute, around)
        return found

    def _narrowed(self, told: Sequence[Any], attribute: Get, around: Get) -> Quiet:
        fold = _Folding(self._fixed, {**dict(zip(self._names, told, strict=True)), **self._untold})
        try:
            whole = fold.truth(ast.BoolOp(ast.Or(), self._guards) if self._guards else ast.Constant(value=False))
        except TypeError:  # something unknown is reckoned with: then it is asked in full, where `and` stops before it
            general, names, then = self.interest, self._compared, self._written(None, {})
            return lambda get, before, *more: (
                not general(get, attribute, around, dict(zip(names, before, strict=True))) and then(get, before, *more)
            )
        if isinstance(whole, bool):
            return (lambda *_: False) if whole else self._written(None, {})
        either = fold.weakest(whole.values if isinstance(whole, ast.BoolOp) and _is_or(whole) else [whole])
        return self._written(ast.BoolOp(ast.Or(), either) if len(either) > 1 else either[0], fold.numbers)

    def _written(self, of_interest: ast.expr | None, numbers: Mapping[float, str]) -> Quiet:
        """The code of what is left of the conditions, and of what is done where none of them holds."""
        then, more = self._then, {f"q_{name}" for name in self._then.reads}
        body = ast.Constant(value=False) if of_interest is None else of_interest
        bare = {name for name in self._gets if name.startswith("q_")} - _needing_none(body) - more
        used = _names(body)
        lines = [self._load(name, bare) for name in self._gets if name in used and name not in more]
        lines += [f"q_{name} = get({name!r})" for name in then.reads]
        if of_interest is not None:
            lines.append(f"if {ast.unparse(_without_none(body, bare))}: return False")
        head = f"def quiet({', '.join(('get', 'before', *then.takes))}):"
        inner = [f"    {line}" for line in (*lines, *then.does)]
        made = function(f"made({', '.join(('nan', *numbers.values(), *then.by))})", [head, *inner, "return quiet"])
        quiet: Quiet = made(nan, *numbers, *then.by.values())
        return quiet

    def _load(self, name: str, bare: set[str]) -> str:
        if name.startswith("b_"):
            asked = self._gets[name].removesuffix(" before")
            return f"{name} = " + (f"before[{self._compared.index(asked)}]" if asked in self._compared else "None")
        return f"{name} = get({self._gets[name]!r}{', nan' if name in bare else ''})"


def _is_read(load: str) -> bool:
    return "= get(" in load


def _is_or(node: ast.BoolOp) -> bool:
    return isinstance(node.op, ast.Or)


class _Fixed:
    """The parts of conditions that read nothing but these names. Each is compiled once for all places and moments."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = tuple(dict.fromkeys(names))
        self._made: dict[ast.expr, tuple[Callable[..., Any], list[str]] | None] = {}

    def part(self, node: ast.expr) -> tuple[Callable[..., Any], list[str]] | None:
        """How it is worked out, and from which names in order; None where it reads anything else."""
        if node not in self._made:
            used = _names(node) - _BUILTIN
            names = [name for name in self._names if name in used]
            whole = len(names) == len(used)
            code = [f"return {ast.unparse(node)}"] if whole else []
            self._made[node] = (function(f"made({', '.join(names)})", code), names) if whole else None
        return self._made[node]


class _Folding:
    """Works out what is known. `numbers` are those that stand in what is left, by name: so that places with other
    numbers share its code.
    """

    def __init__(self, fixed: _Fixed, known: dict[str, Any]) -> None:
        self._fixed, self._known = fixed, known
        self.numbers: dict[float, str] = {}
        self._by_name: dict[str, float] = {}
        self._texts: dict[ast.expr, str] = {}

    def truth(self, node: ast.expr) -> ast.expr | bool:
        """A part that is true or false: which of them, or what is left of it."""
        match node:
            case ast.Constant(value=bool() as value):
                return value
            case ast.BoolOp(op=op, values=values):
                return self._joined(op, values)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                left = self.truth(operand)
                return (not left) if isinstance(left, bool) else ast.UnaryOp(ast.Not(), left)
            case ast.Compare(left=left, ops=ops, comparators=others):
                if (part := self._fixed.part(node)) is not None:
                    return bool(self._worked_out(*part))
                return ast.Compare(self._number(left), ops, [self._number(other) for other in others])
        raise TypeError(ast.unparse(node))

    def weakest(self, either: Sequence[ast.expr]) -> list[ast.expr]:
        """Those of several that are not true only where another of them is."""
        parts = [_parts(one) for one in either]
        kept: list[int] = []
        for i, mine in enumerate(parts):
            others = (j for j in range(len(parts)) if j != i and (j in kept or j > i))
            if not any(all(any(self._implies(a, b) for a in mine) for b in parts[j]) for j in others):
                kept.append(i)
        return [either[i] for i in kept]

    def _implies(self, one: ast.expr, other: ast.expr) -> bool:
        if self._text(one) == self._text(other):
            return True
        match one, other:
            case (
                ast.Compare(left=ast.Name(id=name), ops=[sign], comparators=[mine]),
                ast.Compare(left=ast.Name(id=same), ops=[like], comparators=[theirs]),
            ) if name == same and type(sign) in _ORDER and type(like) in _ORDER:
                a, b = self._value_of(mine), self._value_of(theirs)
                if a is None or b is None or isinstance(sign, ast.Gt | ast.GtE) != isinstance(like, ast.Gt | ast.GtE):
                    return False
                more = a > b if isinstance(sign, ast.Gt | ast.GtE) else a < b
                return more or (a == b and (type(sign) is type(like) or isinstance(sign, ast.Gt | ast.Lt)))
        return False

    def _value_of(self, node: ast.expr) -> float | None:
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            return node.value
        return self._by_name.get(node.id) if isinstance(node, ast.Name) else None

    def _joined(self, op: ast.boolop, values: Sequence[ast.expr]) -> ast.expr | bool:
        stops = isinstance(op, ast.Or)
        left: dict[str, ast.expr] = {}
        for value in values:
            part = self.truth(value)
            if part is stops:
                return stops
            if isinstance(part, bool):
                continue
            same = part.values if isinstance(part, ast.BoolOp) and type(part.op) is type(op) else [part]
            left.update((self._text(one), one) for one in same)
        if not left:
            return not stops
        return next(iter(left.values())) if len(left) == 1 else ast.BoolOp(op, list(left.values()))

    def _number(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.Constant):
            return node
        if (part := self._fixed.part(node)) is not None:
            number = self._worked_out(*part)
            if not isinstance(number, int | float):
                raise TypeError(ast.unparse(node))
            name = self.numbers.setdefault(number, f"k{len(self.numbers)}")
            self._by_name[name] = number
            return ast.Name(name, ast.Load())
        match node:
            case ast.BinOp(left=left, op=op, right=right):
                return ast.BinOp(self._number(left), op, self._number(right))
            case ast.UnaryOp(op=op, operand=operand):
                return ast.UnaryOp(op, self._number(operand))
            case ast.Call(func=called, args=args):
                return ast.Call(called, [self._number(one) for one in args], [])
        return node

    def _worked_out(self, made: Callable[..., Any], names: Iterable[str]) -> Any:
        return made(*(self._known[name] for name in names))

    def _text(self, node: ast.expr) -> str:
        """Alike where two parts are: written once, because every part is compared with every other."""
        text = self._texts.get(node)
        if text is None:
            text = self._texts[node] = ast.dump(node)
        return text


def _parts(node: ast.expr) -> list[ast.expr]:
    return node.values if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And) else [node]


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _says_known(node: ast.AST) -> bool:
    match node:
        case ast.Compare(ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return True
    return False


def _needing_none(node: ast.AST) -> set[str]:
    """The names for which a number that compares with nothing (nan) cannot stand where there is none."""
    found: set[str] = set()
    for one in ast.walk(node):
        match one:
            case ast.UnaryOp(op=ast.Not()) | ast.Call():
                found |= _names(one)
            case ast.Compare(ops=ops) if not _says_known(one) and not all(
                isinstance(sign, (*_ORDER, ast.Eq, ast.Is)) for sign in ops
            ):
                found |= _names(one)
    return found


def _without_none(node: ast.expr, bare: set[str]) -> ast.expr:
    """The same, without asking whether these are known."""
    if not isinstance(node, ast.BoolOp):
        return ast.Constant(value=True) if _says_known(node) and _names(node) <= bare else node
    left = [_without_none(one, bare) for one in node.values]
    if isinstance(node.op, ast.And):
        left = [one for one in left if not (isinstance(one, ast.Constant) and one.value is True)] or left[:1]
    return ast.BoolOp(node.op, left) if len(left) > 1 else left[0]
