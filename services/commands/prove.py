"""`tidewalk prove`: derive an order again from what was heard, and say whether it is what is recorded."""

import json
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from domain.errors import ConflictError
from services.dispatch.when import local
from services.explain.proof import Proof, Step

if TYPE_CHECKING:
    from services.explain.derivation import Edited
    from services.settings import Settings

JSON_KEYS: Final = (
    "Last, one line: orders, each with order, case, identical, hash, steps (kind, name, text, hash), difference (null, "
    "or: where, derived, recorded) and caveats; identical, of all; and seconds."
)
EXAMPLES: Final = """\b
Examples:
  tidewalk prove SN-20261001-0007
  tidewalk prove SN-20261001-0007 --bundle case-7.zip     one file with all it was derived from
  tidewalk prove case-7.zip                               on any machine, without our state
  tidewalk prove --state /var/lib/tidewalk --all
"""
_SHOWN: Final = 6  # messages and readings of one alarm, at each end


@click.command(name="prove", epilog=EXAMPLES)
@click.argument("orders", nargs=-1, metavar="ORDER|FILE…")
@click.option("--bundle", type=click.Path(path_type=Path, dir_okay=False), help="Write all it takes to one file.")
@click.option("--all", "every", is_flag=True, help="Every order of the books.")
@click.option("--whole", is_flag=True, help="Show every message and reading, not the first and last of many.")
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="State folder of the service.")
@click.option("--sql", metavar="URL", help="Database of alarms and orders, where it is not in the state folder.")
@click.option("--site", help="Site files, where the journal does not have them.")
@click.option("--rules", metavar="DIR", help="Rule files, where the journal does not have them.")
@click.option("--json", "as_json", is_flag=True, help=JSON_KEYS)
def prove_command(
    *, orders: tuple[str, ...], bundle: Path | None, every: bool, whole: bool, as_json: bool, **said: Any
) -> None:
    """Derive an order again: raw messages, readings, rule, alarm, order, what crews were sent; each step with its hash.

    ORDER is the 案号 or the order's id; the journal and the books are only read. FILE is a bundle. What is derived goes
    through a fresh pipeline, fresh rules and a fresh judge, with the site and the rules that were in force then. Ends
    with "identical", or names the first difference and exits with 1.
    """
    if not orders and not every:
        raise click.UsageError("name an order or a bundle, or say --all")
    begun = time.perf_counter()
    files = [Path(one) for one in orders if zipfile.is_zipfile(one)]
    names = [one for one in orders if Path(one) not in files]
    if bundle is not None and (len(names) != 1 or every):
        raise click.UsageError("--bundle is of one order")
    proofs = _of_files(files)
    if names or every:
        proofs += _of_state(names, bundle, {name: one for name, one in said.items() if one is not None})
    if as_json:
        line = {
            "orders": [_line(one) for one in proofs],
            "identical": all(one.difference is None for one in proofs),
            "seconds": round(time.perf_counter() - begun, 2),
        }
        click.echo(json.dumps(line, ensure_ascii=False))
    else:
        for one in proofs:
            _tell(one, whole=whole)
    if any(one.difference is not None for one in proofs):
        sys.exit(1)


def _of_files(files: list[Path]) -> list[Proof]:
    from services.explain.bundle import prove_bundle

    return [prove_bundle(file) for file in files]


def _of_state(names: list[str], bundle: Path | None, said: dict[str, Any]) -> list[Proof]:
    from services import wiring
    from services.explain.proving import Proving, recorded
    from services.settings import settled

    settings = settled(**said)
    books, journal = wiring.books_there(settings), wiring.open_journal(settings)
    try:
        wanted = [recorded(books, one) for one in names or (order.id for order in books.everything()[1])]
        if not wanted:
            raise ConflictError("there are no orders yet")
        proving = Proving(journal, books, lambda: _present(settings), retention_days=settings.retention_days)
        with _counting(*proving.span()) as on_row:
            proofs = proving.prove(wanted, bundle=bundle, on_row=on_row)
    finally:
        journal.close()
        books.close()
    if bundle is not None:
        click.echo(f"{bundle}: {bundle.stat().st_size} bytes; `tidewalk prove {bundle}` needs nothing else", err=True)
    return proofs


def _present(settings: "Settings") -> list["Edited"]:
    from services import wiring
    from services.explain.derivation import Edited

    site, rules = wiring.site_of(settings), wiring.rules_of(settings)
    return [Edited(one.what, one.hash, one.text) for one in wiring.editions_of(settings, site, rules)]


@contextmanager
def _counting(first: int, last: int) -> Iterator[Callable[[int], None] | None]:
    if not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=max(1, last - first + 1), label="journal", file=sys.stderr) as bar:
        at = first - 1

        def on_row(row: int) -> None:
            nonlocal at
            bar.update(row - at)
            at = row

        yield on_row


def _line(proof: Proof) -> dict[str, Any]:
    gap = proof.difference
    return {
        "order": proof.order,
        "case": proof.case,
        "identical": gap is None,
        "hash": proof.hash,
        "steps": [{"kind": s.kind, "name": s.name, "text": s.text, "hash": s.hash} for s in proof.steps],
        "difference": gap and {"where": gap.where, "derived": gap.derived, "recorded": gap.recorded},
        "caveats": list(proof.caveats),
    }


def _tell(proof: Proof, *, whole: bool) -> None:
    click.echo(f"{proof.case}  order {proof.order}")
    for line in _lines(proof.steps, proof.zone, whole=whole):
        click.echo(line)
    for caveat in proof.caveats:
        click.echo(f"  note: {caveat}")
    if proof.difference is None:
        click.echo(f"identical: {len(proof.steps)} steps, {proof.hash}")
    else:
        gap = proof.difference
        click.echo(f"differs at {gap.where}: derived {_short(gap.derived)}, recorded {_short(gap.recorded)}")


def _lines(steps: tuple[Step, ...], zone: str, *, whole: bool) -> Iterator[str]:
    """A line for each step; of a long row of readings the first and the last ones."""
    run: list[str] = []
    for step in steps:
        line = f"  {step.hash[:12]}  {step.kind:8} {_when(step, zone)}{step.name[:24]:24}  {step.text}"
        if step.kind in ("message", "reading"):
            run.append(line)
            continue
        yield from _shortened(run, whole=whole)
        run = []
        yield line
    yield from _shortened(run, whole=whole)


def _shortened(run: list[str], *, whole: bool) -> list[str]:
    if whole or len(run) <= 2 * _SHOWN + 1:
        return run
    left = len(run) - 2 * _SHOWN
    return [*run[:_SHOWN], f"  {'…':12}  and {left} more steps between (--whole shows them)", *run[-_SHOWN:]]


def _when(step: Step, zone: str) -> str:
    at = step.body.get("at", step.body.get("received", step.body.get("opened")))
    return f"{local(at, zone):%m-%d %H:%M:%S}  " if isinstance(at, int) else " " * 16


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False) if value is not None else "nothing"
    return text if len(text) <= 200 else f"{text[:199]}…"
