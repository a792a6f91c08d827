"""`tidewalk site`: check, show and import the site files."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from domain.errors import FaultyFileError, TidewalkError
from domain.naming import KIND_ZH, TRADES, Kind
from domain.site import Site
from services.site import Loaded, content_hash, faults_of, find, load, read_files
from services.site.datum import DATUMS
from services.site.faults import SHOWN_FAULTS, Notice
from services.site.foreign import Brought, Wish, bring, write
from services.site.notation import span_text

if TYPE_CHECKING:
    from rich.table import Table

CHECK_KEYS = "Last, one line: ok, site, hash, facilities, devices, faults, warnings."
SHOW_KEYS = "One line: site, name, simulated, timezone, hash, zones, kinds, facilities, devices, gateways, crews, desk."
IMPORT_KEYS = "Last, one line: ok, added, kinds, ignored, renamed, written, faults."
CHECK_EXAMPLES = """\b
Examples:
  tidewalk site check
  tidewalk site check my-coast --json | tail -1 | jq .faults
"""
SHOW_EXAMPLES = """\b
Examples:
  tidewalk site show my-coast
  tidewalk site show --json | tail -1 | jq .kinds
"""
IMPORT_EXAMPLES = """\b
Examples:
  tidewalk site import-csv bins.csv --into my-coast
  tidewalk site import-csv 果皮箱.csv --into my-coast --encoding gb18030 --datum gcj02 \\
    --map 编号=id --map 名称=zh --map 纬度=lat --map 经度=lon \\
    --set en=Bin --set kind=bin --set zone=taiping --set depth_mm=900 --write
"""
PIPE_WIDTH = 120
ROLES = ("owner", "supervisor", "maintainer")


@click.group()
def site() -> None:
    """Check, show and import the files of a site.

    A site is a folder with site.yaml (zones, parties, crews, shifts), facilities.csv (every lamp, bin, toilet, lot and
    bed) and, where a device differs from its kind, devices.csv. SITE is such a folder, or the name of a shipped sample.
    To begin with your own coast, copy the sample's folder and change it.
    """


@site.command(epilog=CHECK_EXAMPLES)
@click.argument("place", metavar="[SITE]", default="shinan")
@click.option("--json", "as_json", is_flag=True, help=CHECK_KEYS)
def check(place: str, *, as_json: bool) -> None:
    """Say everything that is wrong with a site's files: file, line, what, and what was expected.

    Exit code 0 without faults, else 1. Warnings (what only the duty desk would get, a facility outside its zone) do not
    count as faults.
    """
    folder = find(place)
    try:
        loaded = load(folder)
    except TidewalkError as wrong:
        faults = faults_of(wrong)
        _tell_faults(faults)
        if as_json:
            _line({"ok": False, **_checked(folder, None), "faults": [_fault(one) for one in faults], "warnings": []})
        raise click.exceptions.Exit(1) from wrong
    _tell_notices(loaded.notices)
    found = loaded.site
    click.echo(
        f"{found.id} is sound: {len(found.zones)} zones, {len(found.facilities)} facilities, "
        f"{len(found.devices)} devices, {len(found.crews)} crews; {_count(len(loaded.notices), 'warning')}"
    )
    if as_json:
        notices = [notice._asdict() for notice in loaded.notices]
        _line({"ok": True, **_checked(folder, loaded), "faults": [], "warnings": notices})


@site.command(epilog=SHOW_EXAMPLES)
@click.argument("place", metavar="[SITE]", default="shinan")
@click.option("--json", "as_json", is_flag=True, help=SHOW_KEYS)
def show(place: str, *, as_json: bool) -> None:
    """Show what a site has: facilities by zone and kind, crews by shift, and who answers for what."""
    loaded = load(find(place))
    if not as_json:
        _show(loaded.site)
    _tell_notices(loaded.notices)
    if as_json:
        _line(summary(loaded.site))


@site.command(
    "import-csv",
    epilog=IMPORT_EXAMPLES,
)
@click.argument("source", metavar="CSV", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--into", "folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="A site's folder."
)
@click.option("--map", "maps", multiple=True, metavar="COLUMN=FIELD", help="Which field of ours a column is.")
@click.option("--set", "sets", multiple=True, metavar="FIELD=VALUE", help="A value for every row that has none.")
@click.option("--datum", type=click.Choice(DATUMS), default="wgs84", show_default=True, help="Datum of the positions.")
@click.option("--encoding", default="utf-8-sig", show_default=True, help="gb18030 for a CSV from a Chinese Excel.")
@click.option("--write", "do_write", is_flag=True, help="Write it. Without this, only say what would be written.")
@click.option("--json", "as_json", is_flag=True, help=IMPORT_KEYS)
def import_csv(
    source: Path,
    folder: Path,
    maps: tuple[str, ...],
    sets: tuple[str, ...],
    datum: str,
    encoding: str,
    *,
    do_write: bool,
    as_json: bool,
) -> None:
    """Add the facilities of somebody else's CSV to a site.

    Columns that have our names are taken as they are, --map names the others, the rest is ignored and listed. Chinese
    map apps give GCJ-02 or BD-09 positions, which lie about 450 m off: say so with --datum. Every row is checked
    together with the whole site; one faulty row, and nothing is written.
    """
    wish = Wish(dict(_pairs(maps, "--map")), dict(_pairs(sets, "--set")), datum, encoding)
    try:
        brought = bring(source, folder, wish)
        if do_write:
            write(folder, brought.rows)
    except TidewalkError as wrong:
        faults = faults_of(wrong)
        if not faults:
            raise
        _tell_faults(faults)
        if as_json:
            _line({"ok": False, "added": 0, "written": False, "faults": [_fault(one) for one in faults]})
        raise click.exceptions.Exit(1) from wrong
    _tell_brought(brought, folder, do_write=do_write)
    if as_json:
        kinds = Counter(row["kind"] for row in brought.rows)
        told = {"ignored": list(brought.ignored), "renamed": dict(brought.renamed), "written": do_write, "faults": []}
        _line({"ok": True, "added": len(brought.rows), "kinds": dict(kinds), **told})


def summary(found: Site) -> dict[str, Any]:
    """What `site show --json` says."""
    return {
        "site": found.id,
        "name": found.name._asdict(),
        "simulated": found.simulated,
        "timezone": found.timezone,
        "hash": found.hash,
        "zones": {zone: dict(_kinds_in(found, zone)) for zone in found.zones},
        "kinds": dict(_kinds_in(found)),
        "facilities": len(found.facilities),
        "devices": len(found.devices),
        "gateways": len(found.gateways),
        "crews": {
            crew.id: {"trades": crew.trades, "zones": crew.zones, "shifts": crew.shifts, "capacity": crew.capacity}
            for crew in found.crews.values()
        },
        "desk": found.desk,
    }


def _show(found: Site) -> None:
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPE_WIDTH)
    drill = " · simulated 【演练】" if found.simulated else ""
    head = f"{found.name.en} {found.name.zh} ({found.id}) · {found.timezone}{drill} · {found.hash[:12]}"
    console.print(head, style="bold", highlight=False)
    for table in (_counts(found), _crews(found), _territory(found), _roles(found)):
        console.print()
        console.print(table)
    desk = found.crews[found.desk]
    console.print(f"\nWhat nobody takes goes to the duty desk 兜底: {desk.name.en} {desk.name.zh} ({desk.id})")


def _table(title: str, *columns: str) -> "Table":
    from rich.table import Table

    return Table(*columns, title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")


def _counts(found: Site) -> "Table":
    whole = _kinds_in(found)
    kinds = [kind for kind in Kind if whole[kind]]
    table = _table("Facilities", "zone")
    for kind in kinds:
        table.add_column(f"{kind}\n{KIND_ZH[kind]}", justify="right", no_wrap=True)
    for zone in found.zones.values():
        here = _kinds_in(found, zone.id)
        table.add_row(f"{zone.id}\n{zone.name.zh}", *(str(here[kind]) for kind in kinds))
    table.add_row("all", *(str(whole[kind]) for kind in kinds), style="bold")
    return table


def _crews(found: Site) -> "Table":
    shifts = " · ".join(f"{one.id} {one.name.zh} {span_text(one.starts, one.ends)}" for one in found.shifts.values())
    table = _table(f"Crews · {shifts}", "crew", "trades", "zones", "shifts", "open at most")
    for crew in found.crews.values():
        lists = ((crew.trades, TRADES), (crew.zones, found.zones), (crew.shifts, found.shifts))
        told = ("all" if set(ours) == set(whole) else ", ".join(ours) for ours, whole in lists)
        table.add_row(f"{crew.id} {crew.name.zh}", *told, str(crew.capacity))
    return table


def _territory(found: Site) -> "Table":
    table = _table("Who holds the territory 属地 · 末端", "zone", "subdistrict", "community", "grade")
    for zone in found.zones.values():
        parties = (found.parties[zone.subdistrict].name, found.parties[zone.community].name)
        table.add_row(f"{zone.id} {zone.name.zh}", *(f"{one.en} {one.zh}" for one in parties), zone.grade)
    return table


def _roles(found: Site) -> "Table":
    table = _table("Who answers for a thing 权属 · 属事 · 养护", "kind", *ROLES)
    for kind in (kind for kind in Kind if _kinds_in(found)[kind]):
        ours = [one for one in found.facilities.values() if one.kind is kind]
        names = (_parties(found, Counter(getattr(one, role) for one in ours)) for role in ROLES)
        table.add_row(f"{kind} {KIND_ZH[kind]}", *names)
    return table


def _kinds_in(found: Site, zone: str = "") -> Counter[Kind]:
    return Counter(one.kind for one in found.facilities.values() if not zone or one.zone == zone)


def _parties(found: Site, counts: Counter[str]) -> str:
    told = [found.parties[party].name.zh + (f" ×{n}" if len(counts) > 1 else "") for party, n in counts.most_common()]
    return ", ".join(told)


def _pairs(given: Sequence[str], option: str) -> list[tuple[str, str]]:
    pairs = []
    for one in given:
        left, equals, right = one.partition("=")
        if not (left.strip() and equals and right.strip()):
            raise click.BadParameter(f"{one!r} is not NAME=NAME", param_hint=option)
        pairs.append((left.strip(), right.strip()))
    return pairs


def _checked(folder: Path, loaded: Loaded | None) -> dict[str, Any]:
    if loaded is None:
        return {"site": "", "hash": content_hash(read_files(folder)), "facilities": 0, "devices": 0}
    found = loaded.site
    return {
        "site": found.id,
        "hash": found.hash,
        "facilities": len(found.facilities),
        "devices": len(found.devices),
    }


def _fault(one: FaultyFileError) -> dict[str, Any]:
    return {"file": one.file, "line": one.line, "what": one.what, "expected": one.expected}


def _tell_faults(faults: Sequence[FaultyFileError]) -> None:
    for one in faults[:SHOWN_FAULTS]:
        click.echo(str(one), err=True)
    if len(faults) > SHOWN_FAULTS:
        click.echo(f"… and {len(faults) - SHOWN_FAULTS} more (--json has them all)", err=True)
    click.echo(f"{_count(len(faults), 'fault')}", err=True)


def _tell_notices(notices: Sequence[Notice]) -> None:
    for one in notices[:SHOWN_FAULTS]:
        click.echo(f"warning: {one}", err=True)
    if len(notices) > SHOWN_FAULTS:
        click.echo(f"… and {len(notices) - SHOWN_FAULTS} more warnings (--json has them all)", err=True)


def _tell_brought(brought: Brought, folder: Path, *, do_write: bool) -> None:
    for before, after in brought.renamed:
        click.echo(f"id {before!r} becomes {after}")
    if brought.ignored:
        click.echo(f"columns left out: {', '.join(brought.ignored)}")
    _tell_notices(brought.notices)
    many = _count(len(brought.rows), "facility", "facilities")
    click.echo(f"{many} added to {folder}" if do_write else f"{many} would be added to {folder}; --write does it")


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _line(told: dict[str, Any]) -> None:
    click.echo(json.dumps(told, ensure_ascii=False, separators=(",", ":")))
