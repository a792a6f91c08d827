"""`tidewalk rules score`: what the rules find of what there is to be found."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from domain.readings import Millis
from rules.book import load_rules, shipped
from rules.runners.behind import UNPLAYED
from rules.runners.tally import Kept, Score, typical
from services.backtest.scored import FALSE_TOLD, GATE, Run, Scored, all_scored, in_order, together
from services.commands.span import MOMENT
from services.site import find, load_site
from simulators.plans import plan_named

START: Millis = 1_790_812_800_000  # 2026-10-01T08:00+08:00
JSON_KEYS = (
    "The line alone: seeds, first_seed, days, plan, version, messages, lost, twice, alarms, recall, precision, late, "
    "holds, seconds, kinds (each with what, sort, rules, count, found, missed, late, false, recall, precision, "
    "median_minutes, worst_minutes, unseen, delayed), unscored, unplayed, false, missed, later (each with its seed)."
)
EXAMPLES = """\b
Examples:
  tidewalk rules score --seeds 2 --days 2
  tidewalk rules score --seeds 20 --days 7 --jobs 2
  tidewalk rules score --rules my-rules/ --plan my-faults.yaml --json
"""


@click.command(epilog=EXAMPLES)
@click.option("--seeds", default=2, show_default=True, type=click.IntRange(min=1), help="How many runs.")
@click.option("--first-seed", default=101, show_default=True, help="Rules and plan were tuned on 1 to 100.")
@click.option("--days", default=2, show_default=True, type=click.IntRange(min=1), help="Virtual days of each.")
@click.option("--from", "start", type=MOMENT, help="When each begins. [2026-10-01T08:00+08:00]")
@click.option("--plan", default="score", show_default=True, metavar="PLAN", help="A shipped fault plan, or a file.")
@click.option("--rules", "folder", type=click.Path(path_type=Path, exists=True), help="Yours. Default: the library.")
@click.option("--site", default="shinan", show_default=True, help="Folder of site files, or a shipped sample.")
@click.option("--jobs", type=click.IntRange(min=1), help="Runs at a time. Default: as many as there are processors.")
@click.option("--json", "as_json", is_flag=True, help=JSON_KEYS)
def score(
    *,
    seeds: int,
    first_seed: int,
    days: int,
    start: Millis | None,
    plan: str,
    folder: Path | None,
    site: str,
    jobs: int | None,
    as_json: bool,
) -> None:
    """Score the rules against the truth: a make-believe coast breaks, and says what it broke.

    Simulator, codec and rules run in one process, in virtual time, over a network that loses 2 % of the messages and
    doubles 1 %, with clocks that are off, and with as many near-misses as faults. One alarm answers one fault, by
    facility and cause. Exit code 1 where recall or precision is below 99 %, or a fault was found later than its rule
    allows.
    """
    coast, book, faults = load_site(find(site)), load_rules(folder) if folder else shipped(), plan_named(plan)
    runs = [Run(first_seed + n, START if start is None else start, days, faults) for n in range(seeds)]
    begun = time.perf_counter()
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("seeds", total=seeds)
        found = all_scored(runs, coast, book, jobs or os.cpu_count() or 1, lambda _: progress.advance(task))
    whole = together(found)
    holds = whole.recall >= GATE and whole.precision >= GATE and not whole.late
    line = {
        "seeds": seeds,
        "first_seed": first_seed,
        "days": days,
        "plan": faults.name,
        "version": book.version,
        **{name: sum(getattr(one, name) for one in found) for name in ("messages", "lost", "twice", "alarms")},
        "recall": round(whole.recall, 4),
        "precision": round(whole.precision, 4),
        "late": whole.late,
        "holds": holds,
        "seconds": round(time.perf_counter() - begun, 1),
        "kinds": [_line(kept) for kept in in_order(whole)],
        "unscored": whole.unscored,
        "unplayed": {rule: why for rule, why in UNPLAYED.items() if rule in book.rules},
        "false": _of_each(found, "false", ("rule", "subject", "opened", "near")),
        "missed": _of_each(found, "missed", ("what", "facility", "since", "why")),
        "later": _of_each(found, "later", ("what", "facility", "since", "minutes")),
    }
    if as_json:
        click.echo(json.dumps(line, ensure_ascii=False))
    else:
        _tell(whole, found, line)
    if not holds:
        sys.exit(1)


def _of_each(found: list[Scored], what: str, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """What went wrong in any run, with its seed: that one alone shows it again."""
    return [
        {"seed": run.seed, **dict(zip(names, one, strict=True))} for run in found for one in getattr(run.score, what)
    ]


def _line(kept: Kept) -> dict[str, Any]:
    return {
        "what": kept.what,
        "sort": kept.sort,
        "rules": list(kept.rules),
        **{name: getattr(kept, name) for name in ("count", "found", "missed", "late", "false")},
        "recall": None if kept.recall is None else round(kept.recall, 4),
        "precision": None if kept.precision is None or kept.sort != "fault" else round(kept.precision, 4),
        "median_minutes": typical(kept.minutes),
        "worst_minutes": round(max(kept.minutes), 1) if kept.minutes else None,
        "unseen": kept.unseen,
        "delayed": kept.delayed,
    }


def _tell(whole: Score, found: list[Scored], line: dict[str, Any]) -> None:
    click.echo(
        f"{len(found)} seeds × {line['days']} days, {line['messages']:,} messages, {line['lost']:,} lost on the way"
    )
    click.echo(
        f"\n{'fault':<16}{'count':>6}{'recall':>8}{'precision':>10}{'median':>8}{'worst':>7}{'late':>5}  not to be seen"
    )
    for kept in in_order(whole):
        if kept.sort != "near_miss":
            told = _line(kept)
            cells = [_share(told["recall"]), _share(told["precision"]), told["median_minutes"], told["worst_minutes"]]
            recall, precision, middle, worst = ("–" if cell is None else str(cell) for cell in cells)
            unseen = "; ".join(f"{count} {why}" for why, count in sorted(kept.unseen.items()))
            if kept.delayed:
                delayed = "; ".join(f"{count} {why}" for why, count in sorted(kept.delayed.items()))
                unseen += f"{' | ' if unseen else ''}later: {delayed}"
            name = kept.what if kept.sort == "fault" else f"({kept.what})"
            click.echo(
                f"{name:<16}{kept.count:>6}{recall:>8}{precision:>10}{middle:>8}{worst:>7}{kept.late:>5}  {unseen}"
            )
    near = {kept.what: kept.count for kept in in_order(whole) if kept.sort == "near_miss"}
    click.echo(f"\nnear-misses, {sum(near.values())}: " + ", ".join(f"{what} {count}" for what, count in near.items()))
    if whole.unscored:
        click.echo("not scored, the coast knows no truth of it: " + ", ".join(sorted(whole.unscored)))
    for rule, why in line["unplayed"].items():
        click.echo(f"not played: {rule}: {why}")
    for one in line["false"][:FALSE_TOLD]:
        click.echo(f"false: {one['rule']} of {one['subject']} (there: {one['near']}), seed {one['seed']}")
    for one in line["missed"][:FALSE_TOLD]:
        click.echo(f"missed: {one['what']} at {one['facility']}, seed {one['seed']}")
    for one in line["later"][:FALSE_TOLD]:
        late = f"{one['minutes']} min later than allowed"
        click.echo(f"late: {one['what']} at {one['facility']}, {late}, seed {one['seed']}")
    click.echo(f"recall {_share(whole.recall)}, precision {_share(whole.precision)}, {whole.late} later than allowed")


def _share(share: float | None) -> str | None:
    return None if share is None else f"{share:.1%}"
