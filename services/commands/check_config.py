"""`tidewalk serve --check-config`: what it would do, and what keeps it from doing it."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from services.checking import checked


def report(said: Mapping[str, Any], *, as_json: bool) -> None:
    """Say it, and end with 0, or with 2 where something is wrong."""
    found = checked(said)
    for part, would in found.would.items():
        click.echo(f"{part:18} {would}")
    for level, several in (("warning", found.warnings), ("fault", found.faults)):
        for one in several:
            click.echo(f"\n{level}: {one.what}\n  {one.remedy}")
    click.echo("\nall good" if not found.faults else f"\n{len(found.faults)} faults: it would not start")
    if as_json:
        said_so = {
            "ok": not found.faults,
            "would": found.would,
            "faults": [asdict(one) for one in found.faults],
            "warnings": [asdict(one) for one in found.warnings],
        }
        click.echo(json.dumps(said_so, ensure_ascii=False, separators=(",", ":")))
    if found.faults:
        raise click.exceptions.Exit(2)
