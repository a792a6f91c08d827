"""Conditions, as a checked subset of Python expressions, compiled to Python code.

    fill_level >= 95
    commanded_level > 0 and active_power < 0.1 * rated_power
    mean(nh3_ppm, minutes=10) >= 1.44
    said(lamp_failure) or gate_state == "fault"

Names are the facility's quantities and attributes and the context; there are arithmetic, comparisons, and/or/not,
min/max/abs, `said(flag)`, and windows over event time, up to and including the reading judged:
`mean median min max sum rate delta count last (quantity, seconds= | minutes= | hours=)` (rules/core/windows.py);
`before(quantity)`, what the same device said of it the last time, and `near(quantity)`, the median of what others of
the kind in the zone say of it.
Truth has three values: a reading that does not carry a quantity makes what depends on it *unknown*, which neither
raises nor clears (`said` is for flags that a device sends only when they are true: silence about them is false).
Whoever does not fit is refused with what is wrong and what would fit.

Two plain boolean expressions are made of each condition, "surely true" and "surely false"; unknown is neither. So
there is no third value to carry through and/or/not, and both stop early.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from domain.naming import Kind
from domain.readings import Value
from rules.core.grammar import Reader, Window, parsed
from rules.core.names import ExpressionError
from rules.core.rule import Param
from rules.core.vocabulary import CONTEXT

Get = Callable[[str], Value | None]
Verdict = Callable[[Get, Get, Get, Sequence[float | None]], bool | None]
Interest = Callable[..., bool]  # look-ups of quantity, attribute and context, and what the device said the last time
_BEFORE: Final = re.compile(r"= get\('(\w+) before'\)")


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition ready to be asked. `verdict` takes look-ups of quantity, attribute and context, and window values.

    `guard` is code for what must be true of a reading before the condition can be: without windows, the condition
    itself. It is asked of the reading that is judged, or, where `anytime`, of all in the windows, whatever surrounded
    them. `loads` are the assignments that the code needs.
    """

    text: str
    verdict: Verdict
    quantities: tuple[str, ...]
    attributes: tuple[str, ...]
    context: tuple[str, ...]
    params: tuple[str, ...]
    compared: tuple[
        str, ...
    ]  # quantities of which `before` or `near` is asked; both are looked up as `fill_level before`
    near: tuple[str, ...]
    instrument: tuple[str, ...]
    windows: tuple[Window, ...]
    guard: str
    anytime: bool
    loads: tuple[str, ...]


_NO_PARAMS: Mapping[str, Param] = MappingProxyType({})


def condition(text: str, kind: Kind | None, params: Mapping[str, Param] = _NO_PARAMS, rule: str = "") -> Condition:
    """Check and compile a condition over facilities of a kind, with its rule's parameters. Raises ExpressionError."""
    found = Reader(kind, params, rule)
    truth, names = found.truth(parsed(text)), found.names
    body = [*names.loads, *(f"w{i} = window[{i}]" for i in range(len(found.windows)))]
    body += [f"if {truth.true}: return True", f"if {truth.false}: return False", "return None"]
    return Condition(
        text=text,
        verdict=function("verdict(get, attribute, around, window)", body),
        quantities=tuple(names.quantities),
        attributes=tuple(names.attributes),
        context=tuple(names.context),
        params=tuple(names.asked_params),
        compared=tuple(names.compared),
        near=tuple(names.near),
        instrument=tuple(names.instrument),
        windows=tuple(found.windows),
        guard=truth.guard,
        anytime=truth.anytime,
        loads=tuple(names.loads),
    )


def gate(text: str, params: Mapping[str, Param] = _NO_PARAMS, rule: str = "") -> Condition:
    """Check and compile a condition over the context alone. Raises ExpressionError."""
    found = condition(text, None, params, rule)
    if measured := (*found.quantities, *found.instrument):
        raise ExpressionError(f"{measured[0]!r} is measured", f"context alone: {', '.join(CONTEXT)}")
    return found


def interest(conditions: Iterable[tuple[Condition | None, Condition]]) -> Interest:
    """One function for many conditions, each behind its gate: may this reading make any of them true? The last argument
    of the function, `before`, is a mapping: what the same device said the last time.

    False is certain. True is a hint to look closely: the reading alone does not say what a window holds.
    """
    loads: dict[str, None] = {}
    guards: list[str] = []
    for gated, one in conditions:
        loads.update(dict.fromkeys(one.loads))
        if gated is not None:
            loads.update(dict.fromkeys(gated.loads))
        guards.append(guarded(gated, one))
    asked = [_BEFORE.sub(r"= before.get('\1')", load) for load in loads]
    head = "interest(get, attribute, around, before={})"
    made: Interest = function(head, [*asked, f"return {' or '.join(guards) or 'False'}"])
    return made


def guarded(gated: Condition | None, one: Condition) -> str:
    """The guard of a condition behind its gate. What a window may reach back to may have been said while the gate was
    closed.
    """
    return one.guard if gated is None or one.anytime else f"({gated.guard} and {one.guard})"


def function(head: str, body: Sequence[str]) -> Callable[..., Any]:
    """A function of statements that were made from checked names and numbers alone."""
    return _compiled(head.partition("(")[0], f"def {head}:\n" + "".join(f"    {line}\n" for line in body))


@lru_cache(4096)
def _compiled(name: str, source: str) -> Callable[..., Any]:
    space: dict[str, Callable[..., Any]] = {}
    exec(compile(source, "<rule>", "exec"), {"__builtins__": {"min": min, "max": max, "abs": abs}}, space)  # noqa: S102
    return space[name]
