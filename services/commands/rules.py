"""`tidewalk rules`: check and test the rule files; what takes more machinery is imported when it is asked for."""

import json
from pathlib import Path

import click

from domain.errors import ConflictError
from rules.book import LIBRARY, RuleBook, load_rules
from rules.context.all import asked_for
from rules.context.calendar import DECREED, SHIPPED, read_years
from rules.runners.trial import Outcome, read_trial, run_trial
from services.commands.elsewhere import Elsewhere

_PATH = click.argument("path", required=False, type=click.Path(path_type=Path, exists=True), default=None)
CHECK_KEYS = "Last, one line: rules, version, names."
TEST_KEYS = "Last, one line: cases, failed, not_shown."


ELSEWHERE = {
    "backtest": ("services.commands.rules_backtest", "backtest"),
    "explain": ("services.commands.rules_explain", "explain"),
    "reload": ("services.commands.rules_reload", "reload"),
    "score": ("services.commands.rules_score", "score"),
    "shadow": ("services.commands.rules_shadow", "shadow"),
}


@click.group(cls=Elsewhere, elsewhere=ELSEWHERE)
def rules() -> None:
    """Check and test the rule files.

    A rule file says what to watch, when it is wrong, when it is well again, and what order it asks for:

    \b
        id: R08
        name: bin-full
        kind: bin
        when: fill_level >= 95
        clear: fill_level <= 30
        order: {element: sanitation, trade: collection, priority: P2, …}

    Beside each lies a NAME.test.yaml that shows it fire, not fire, and clear. Without PATH, the shipped library is
    meant; copy it to a folder of your own to change it.
    """


@rules.command()
@_PATH
@click.option("--json", "as_json", is_flag=True, help=CHECK_KEYS)
def check(path: Path | None, *, as_json: bool) -> None:
    """Read rule files as the service would; say the first fault with file, line, and what would be right.

    \b
        tidewalk rules check
        tidewalk rules check my-rules/
    """
    book = _book(path)
    if as_json:
        click.echo(json.dumps({"rules": len(book.rules), "version": book.version, "names": list(book.rules)}))
        return
    for rule in sorted(book.rules.values(), key=lambda rule: rule.id):
        whose = rule.kind.value if rule.kind is not None else "any device"
        click.echo(f"{rule.id:5} {rule.name:16} {whose:10} {rule.version}  {rule.title.en} {rule.title.zh}")
    click.echo(f"{len(book.rules)} rules, version {book.version}: all good")
    if named := sorted(asked_for(book) & DECREED):
        years = ", ".join(map(str, sorted(read_years(SHIPPED))))
        click.echo(f"{', '.join(named)}: known of {years}; rules that name them neither raise nor clear in other years")


@rules.command()
@_PATH
@click.option("--json", "as_json", is_flag=True, help=TEST_KEYS)
def test(path: Path | None, *, as_json: bool) -> None:
    """Play every *.test.yaml against its rules; exit code 1 where a rule does other than its test says.

    Each rule must be shown to fire, not to fire, and to clear. All rules of the folder run together.

    \b
        tidewalk rules test
        tidewalk rules test my-rules/
    """
    folder = path or LIBRARY
    folder = folder.parent if folder.is_file() else folder
    book = _book(folder)
    wanted = {path.name.partition(".")[0]} if path is not None and path.is_file() else None
    outcomes: list[Outcome] = []
    gaps: list[str] = []
    seen: set[str] = set()
    for file in sorted(folder.rglob("*.test.yaml")):
        trial = read_trial(file)
        if wanted is not None and trial.rule not in wanted:
            continue
        seen.add(trial.rule)
        gaps += [f"{trial.file}: no case shows that {trial.rule} {what}" for what in trial.missing()]
        outcomes += run_trial(trial, book)
    untried = [name for name in book.rules if name not in seen and (wanted is None or name in wanted)]
    gaps += [f"{name}: no {name}.test.yaml" for name in untried]
    _tell(outcomes, gaps, as_json=as_json)


def _tell(outcomes: list[Outcome], gaps: list[str], *, as_json: bool) -> None:
    failed = [outcome for outcome in outcomes if outcome.differences]
    if as_json:
        said = {"cases": len(outcomes), "failed": len(failed), "not_shown": len(gaps)}
        click.echo(json.dumps(said))
    else:
        for outcome in outcomes:
            click.echo(f"{'ok    ' if not outcome.differences else 'FAILED'} {outcome.rule}: {outcome.case}")
            for difference in outcome.differences:
                click.echo(f"         {difference}")
        for gap in gaps:
            click.echo(f"FAILED {gap}")
    if failed or gaps:
        raise ConflictError(f"{len(failed)} of {len(outcomes)} cases differ, {len(gaps)} not shown")
    if not as_json:
        click.echo(f"{len(outcomes)} cases: all as their rules' tests say")


def _book(path: Path | None) -> RuleBook:
    return load_rules(path or LIBRARY)
