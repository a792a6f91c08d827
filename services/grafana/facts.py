"""The numbers of the rules, as dashboards are told them: a plain mapping, so that a panel's red line is the rule's own.

bin-full.fill_level           the number that a rule compares a quantity with (the first, where it says several)
bin-full.fill_level.clear     the same of its `clear`
dry-bed.soil_moisture/holding_capacity      where it is so many times an attribute of the facility
toilet-odour.limit            a parameter's default; `toilet-odour.limit@demonstration`: that of a grade
"""

import ast
from collections.abc import Iterator, Mapping

from dashboards.facts import Facts
from domain.naming import ATTRIBUTES, QUANTITIES
from domain.site import Site
from rules.book import RuleBook, shipped
from rules.core.rule import Rule
from services.site import load, sample


def facts_of(book: RuleBook, site: Site | None = None) -> Facts:
    """What a book of rules says; of rules that it has not, what the shipped library says. Names are those of the site,
    else of the sample.
    """
    site = load(sample()).site if site is None else site
    rules = {**shipped().rules, **book.rules}
    return Facts(
        numbers_of(rules),
        {name: rule.title for name, rule in rules.items()},
        {
            "zone": {one.id: one.name for one in site.zones.values()},
            "crew": {one.id: one.name for one in site.crews.values()},
        },
    )


def numbers_of(rules: Mapping[str, Rule]) -> dict[str, float]:
    """What rules compare with, by rule and quantity."""
    found: dict[str, float] = {}
    for rule in rules.values():
        for name, value in _said(rule):
            found.setdefault(f"{rule.name}.{name}", value)
    return found


def _said(rule: Rule) -> Iterator[tuple[str, float]]:
    params = {param.name: param.default.number for param in rule.params}
    for param in rule.params:
        yield param.name, param.default.number
        for grade, choice in param.grade.items():
            yield f"{param.name}@{grade}", choice.number
    for clause in rule.clauses:
        yield from _compared(clause.when, params, "")
    for level in rule.levels:
        yield from _compared(level.clause.when, params, "")
    yield from _compared(rule.clear, params, ".clear")


def _compared(text: str, params: Mapping[str, float], end: str) -> Iterator[tuple[str, float]]:
    if not text:
        return
    for found in ast.walk(ast.parse(text, mode="eval")):
        if not isinstance(found, ast.Compare) or len(found.ops) != 1:
            continue
        names = [one.id for one in ast.walk(found.left) if isinstance(one, ast.Name) and one.id in QUANTITIES]
        if len(names) != 1 or (weighed := _weighed(found.comparators[0], params)) is None:
            continue
        number, attribute = weighed
        yield f"{names[0]}{end}{'/' if attribute else ''}{attribute}", number


def _weighed(said: ast.expr, params: Mapping[str, float]) -> tuple[float, str] | None:
    """A number, or so many times an attribute: what a comparison is with. None where it is something else."""
    match said:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return float(value), ""
        case ast.Name(id=name) if name in params:
            return params[name], ""
        case ast.Name(id=name) if name in ATTRIBUTES:
            return 1.0, name
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            one, other = _weighed(left, params), _weighed(right, params)
            if one is None or other is None or (one[1] and other[1]):
                return None
            return one[0] * other[0], one[1] or other[1]
        case _:
            return None
