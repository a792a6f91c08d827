"""`tidewalk dashboards`: Grafana's dashboards as files; what publishes or draws them is imported on use."""

import json
from pathlib import Path

import click

from domain.errors import ConflictError
from rules.book import load_rules, shipped
from services.commands.elsewhere import Elsewhere

BUILD_KEYS = "Last, one line: written, same, gone."
CHECK_KEYS = "Last, one line: ok, stale, missing, foreign."
ELSEWHERE = {
    "publish": ("services.commands.dashboards_publish", "publish"),
    "diff": ("services.commands.dashboards_publish", "diff"),
    "preview": ("services.commands.dashboards_preview", "preview"),
}
SHIPPED = Path(__file__).resolve().parents[2] / "dashboards"
PAGE = "http://localhost:8090"

_RULES = click.option(
    "--rules", type=click.Path(path_type=Path, exists=True), default=None, help="Rule files whose limits are drawn."
)
_INTO = click.option(
    "--into", type=click.Path(path_type=Path, file_okay=False), default=SHIPPED, help="Folder of the files."
)
_SITE = click.option("--site", metavar="SITE", default=None, help="Whose zones and crews are named.")
_PAGE = click.option("--page", default=PAGE, show_default=True, help="Where browsers find Tidewalk's own page.")


@click.group(cls=Elsewhere, elsewhere=ELSEWHERE)
def dashboards() -> None:
    """Grafana's dashboards: made of the rules and the names of quantities, published, compared, drawn without Grafana.

    \b
        tidewalk dashboards build --rules my-rules/ --into my-dashboards/
        tidewalk dashboards publish --grafana http://127.0.0.1:3000 --from my-dashboards/
        tidewalk dashboards preview --influx http://127.0.0.1:8086 --out pictures/
    """


@dashboards.command()
@_RULES
@_INTO
@_PAGE
@_SITE
@click.option("--json", "as_json", is_flag=True, help=BUILD_KEYS)
def build(rules: Path | None, into: Path, page: str, site: str | None, *, as_json: bool) -> None:
    """Write the dashboards and the alert rules as files, for Grafana to be provisioned with.

    Red lines are where the rules raise their alarms: build again when you have changed yours.
    """
    made = _made(rules, page, site)
    known = {str(path.relative_to(into)) for path in _ours(into)}
    told: dict[str, list[str]] = {"written": [], "same": [], "gone": sorted(known - set(made))}
    for name, text in made.items():
        path = into / name
        same = path.is_file() and path.read_text("utf-8") == text
        told["same" if same else "written"].append(name)
        if not same:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for name in told["gone"]:
        (into / name).unlink()
    if as_json:
        click.echo(json.dumps(told))
        return
    click.echo(f"{len(told['written'])} written, {len(told['same'])} as they were, {len(told['gone'])} removed: {into}")


@dashboards.command()
@_RULES
@_INTO
@_PAGE
@_SITE
@click.option("--json", "as_json", is_flag=True, help=CHECK_KEYS)
def check(rules: Path | None, into: Path, page: str, site: str | None, *, as_json: bool) -> None:
    """Say whether the files are what the rules and the code would make now; exit code 1 where they are not."""
    made = _made(rules, page, site)
    there = {str(path.relative_to(into)): path.read_text("utf-8") for path in _ours(into)}
    stale = sorted(name for name, text in made.items() if name in there and there[name] != text)
    missing, foreign = sorted(set(made) - set(there)), sorted(set(there) - set(made))
    ok = not (stale or missing or foreign)
    if as_json:
        click.echo(json.dumps({"ok": ok, "stale": stale, "missing": missing, "foreign": foreign}))
    else:
        for name, why in (
            *((name, "is not what would be made now") for name in stale),
            *((name, "is not there") for name in missing),
            *((name, "is none of ours") for name in foreign),
        ):
            click.echo(f"{name} {why}")
        click.echo("all as they should be" if ok else f"mend it with: tidewalk dashboards build --into {into}")
    if not ok:
        raise SystemExit(1)


def _made(rules: Path | None, page: str, site: str | None) -> dict[str, str]:
    """What the files should be. Raises ConflictError where the SDK is not there, or a rule has lost its number."""
    try:
        from dashboards.build import files
    except ModuleNotFoundError as missing:
        if not (missing.name or "").startswith("grafana_foundation_sdk"):
            raise
        raise ConflictError(
            "making dashboards needs Grafana's SDK: pip install grafana-foundation-sdk==0.0.21"
            " (publishing, checking against Grafana and previewing the shipped ones does not)"
        ) from missing
    from services.grafana.facts import facts_of
    from services.site import find, load

    book = shipped() if rules is None else load_rules(rules)
    try:
        named = None if site is None else load(find(site)).site
        return dict(files(facts_of(book, named), page=page))
    except KeyError as lost:
        name = str(lost.args[0])
        raise ConflictError(
            f"dashboards draw a line at {name}, and rule {name.partition('.')[0]} says no such number any more"
        ) from lost


def _ours(folder: Path) -> list[Path]:
    return sorted([*folder.glob("grafana/*/*.json"), *folder.glob("provisioning/alerting/*.json")])
