"""The table of the shipped rules in `docs/rules.md`: `python -m tests.unit.docs.library_table` writes it anew."""

from pathlib import Path
from typing import Final

from domain.naming import ELEMENT_ZH
from rules.book import LIBRARY, shipped
from rules.core.program import member_kind
from rules.core.rule import Clause, Rule
from rules.runners.trial import Trial, read_trial

PAGE: Final = Path(__file__).parents[3] / "docs" / "rules.md"
BEGIN, END = "<!-- library: python -m tests.unit.docs.library_table -->\n", "<!-- end of library -->\n"
_HEAD: Final = """\
| rule | about | what it finds | when | order | shown not to fire on |
|---|---|---|---|---|---|
"""


def made() -> str:
    """The table, by the rules' numbers."""
    rules = sorted(shipped().rules.values(), key=lambda rule: rule.id)
    return _HEAD + "".join(_row(rule) for rule in rules)


def _row(rule: Rule) -> str:
    trial = read_trial(LIBRARY / f"{rule.name}.test.yaml")
    name = f"{rule.id} [{rule.name}](../rules/library/{rule.name}.yaml)"
    cells = (name, _about(rule), f"{rule.title.en} {rule.title.zh}", _when(rule), _order(rule), _spared(trial))
    return f"| {' | '.join(cells)} |\n"


def _about(rule: Rule) -> str:
    if rule.quorum is not None:
        return f"{member_kind(rule.quorum) or 'device'}s of a {rule.quorum.over}"
    return f"{rule.kind or ''} device".strip() if rule.subject == "device" else str(rule.kind)


def _when(rule: Rule) -> str:
    if rule.absent_intervals:
        return f"silent for {rule.absent_intervals:g} reports and {_span(rule.clauses[0].for_s)}"
    parts = [_clause(clause, rule.levels[i].name if rule.levels else "") for i, clause in enumerate(rule.clauses)]
    if (quorum := rule.quorum) is not None:
        what = " or ".join(filter(None, (_code(quorum.member), *quorum.alarms, "silent" if quorum.silence else "")))
        share = f"{quorum.share:.0%} and " if quorum.share else ""
        parts.append(f"{what}: {share}at least {quorum.least} of them within {_span(quorum.within_s)}")
    said = "; or ".join(parts) if not rule.levels else "; ".join(parts)
    params = ", ".join(f"{param.name} = {param.default.number:g}{_unit(param.unit)}" for param in rule.params)
    return said + (f"; given {_code(rule.given)}" if rule.given else "") + (f" ({params})" if params else "")


def _clause(clause: Clause, level: str) -> str:
    lasting = f" for {_span(clause.for_s)}" if clause.for_s else ""
    often = f", {clause.repeat} readings" if clause.repeat > 1 else ""
    return (f"{level}: " if level else "") + _code(clause.when) + lasting + often


def _order(rule: Rule) -> str:
    plan = rule.order
    if plan is None:
        return "nobody is sent"
    worse = [level.priority for level in rule.levels if level.priority is not None]
    priority = "–".join(dict.fromkeys((plan.priority.value, *(one.value for one in worse[-1:]))))
    safety = ", a person confirms" if plan.safety else ""
    return f"{ELEMENT_ZH[plan.element]} {plan.element}, {plan.trade}, {priority}, {_span(plan.finish_s)}{safety}"


def _spared(trial: Trial) -> str:
    return "; ".join(case.name for case in trial.cases if not case.expect)


def _code(text: str) -> str:
    return f"`{' '.join(text.split())}`" if text else ""


def _unit(unit: str | None) -> str:
    return f" {unit}" if unit else ""


def _span(seconds: int) -> str:
    for size, letter in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds % size == 0 and seconds:
            return f"{seconds // size}{letter}"
    return f"{seconds}s"


if __name__ == "__main__":
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(before + BEGIN + made() + END + rest.partition(END)[2], encoding="utf-8")
