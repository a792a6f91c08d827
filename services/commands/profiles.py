"""`tidewalk profiles`: which devices are known, and whether their profiles say what they should."""

import json
from pathlib import Path

import click

from domain.errors import ConflictError
from ingest.mapping.load import SHIPPED, load_profiles, profile_files
from ingest.mapping.profiles import Profile, Profiles
from ingest.mapping.trial import Tried, read_trial, run_trial, trial_file

_PATH = click.argument("path", required=False, type=click.Path(path_type=Path, exists=True), default=None)
LIST_KEYS = "Last, one line: vendors, models, profiles."
CHECK_KEYS = "Last, one line: files, vendors, models."
TEST_KEYS = "Last, one line: cases, failed, not_shown."


@click.group()
def profiles() -> None:
    """List, check and test device profiles.

    A profile says what a vendor's fields mean: which quantity, in which unit, which values are sentinels. A site names
    it as VENDOR/MODEL in devices.csv, with the device's eui.

    \b
        vendor: acme
        payload: acme
        fields:
          distance: {to: distance, unit: mm, not: [65535]}
        models:
          a1: {kinds: [bin]}

    Beside each file lies a VENDOR.test.yaml. Without PATH, the shipped profiles are meant. See docs/devices.md.
    """


@profiles.command("list")
@click.argument("words", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help=LIST_KEYS)
def list_(words: tuple[str, ...], *, as_json: bool) -> None:
    """The models that are known; with WORDS, those whose name has them all.

    \b
        tidewalk profiles list
        tidewalk profiles list milesight em
    """
    known = load_profiles([SHIPPED])
    found = [one for one in known if all(word.lower() in one.name for word in words)]
    if as_json:
        rows = [{"name": one.name, "kinds": list(one.kinds), "bytes": one.decode is not None} for one in found]
        line = {"vendors": len({one.vendor for one in found}), "models": len(found), "profiles": rows}
        click.echo(json.dumps(line, ensure_ascii=False))
        return
    width = max((len(one.name) for one in found), default=0)
    for one in found:
        click.echo(f"{one.name:{width}}  {_read_as(one)}  {', '.join(one.kinds) or 'any kind'}")
    click.echo(f"{len(found)} models of {len({one.vendor for one in found})} vendors")


@profiles.command()
@_PATH
@click.option("--json", "as_json", is_flag=True, help=CHECK_KEYS)
def check(path: Path | None, *, as_json: bool) -> None:
    """Read profile files as the service would; say the first fault with file, line, and what would be right.

    \b
        tidewalk profiles check
        tidewalk profiles check acme.yaml
    """
    files = profile_files(path or SHIPPED)
    known = load_profiles(files)
    vendors, models = known.vendors(), len(list(known))
    if as_json:
        click.echo(json.dumps({"files": len(files), "vendors": [one.name for one in vendors], "models": models}))
        return
    for vendor in vendors:
        count = len({one.name for one in vendor.models.values()})
        click.echo(f"{vendor.name:16} {count:4} models, {len(vendor.shared.fields):3} fields of all")
    click.echo(f"{len(files)} files, {models} models: all good")


@profiles.command()
@_PATH
@click.option("--json", "as_json", is_flag=True, help=TEST_KEYS)
def test(path: Path | None, *, as_json: bool) -> None:
    """Read the payloads of every *.test.yaml; exit code 1 where one means other than its test says.

    \b
        tidewalk profiles test
        tidewalk profiles test acme.yaml
    """
    files = profile_files(path or SHIPPED)
    known = load_profiles(files)
    tried: list[Tried] = []
    for file in files:
        beside = trial_file(file)
        if beside.is_file():
            tried += run_trial(read_trial(str(beside), beside.read_text("utf-8", "replace")), known)
    gaps = [f"{file}: no {trial_file(file).name}" for file in files if not trial_file(file).is_file()]
    gaps += _untried(known, tried)
    _tell(tried, gaps, as_json=as_json)


def _untried(known: Profiles, tried: list[Tried]) -> list[str]:
    """Decoders that no case goes through."""
    shown = {known.find(one.device).payload for one in tried}
    gaps = []
    for vendor in known.vendors():
        names = sorted({one.payload for one in vendor.models.values() if one.payload} - shown)
        if names:
            more = f" and {len(names) - 6} more" if len(names) > 6 else ""
            gaps.append(f"{vendor.name}: no case goes through the decoder {', '.join(names[:6])}{more}")
    return gaps


def _tell(tried: list[Tried], gaps: list[str], *, as_json: bool) -> None:
    failed = [one for one in tried if one.differences]
    if as_json:
        click.echo(json.dumps({"cases": len(tried), "failed": len(failed), "not_shown": len(gaps)}))
    else:
        for one in failed:
            click.echo(f"FAILED {one.file}:{one.line}: {one.device}")
            for difference in one.differences:
                click.echo(f"         {difference}")
        for gap in gaps:
            click.echo(f"gap    {gap}")
    if failed:
        raise ConflictError(f"{len(failed)} of {len(tried)} cases differ")
    if not as_json:
        click.echo(f"{len(tried)} cases: all as the profiles' tests say; {len(gaps)} not shown")


def _read_as(profile: Profile) -> str:
    return "bytes and fields" if profile.decode is not None else "fields only     "
