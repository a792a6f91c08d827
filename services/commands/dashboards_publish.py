"""`tidewalk dashboards publish` and `diff`: into a running Grafana, over its API."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import click

from domain.errors import NotFoundError
from domain.series import EVENTS, ROLLUPS, bucket_of
from services.grafana.comparing import Finding, Standing
from services.grafana.publishing import Told, Wanted, looked, published

DIFF_KEYS = "Last, one line: same, new, behind, edited, provisioned, folders, sources, differences (by uid)."
PUBLISH_KEYS = "Last, one line: saved, left, clashes, folders, sources, differences (by uid, of what was left)."
SHIPPED = Path(__file__).resolve().parents[2] / "dashboards"
_LEAST: Final = {"": "10s", EVENTS: "30s"}  # no interval is narrower; of a roll-up, its own
_SHOWN: Final = 12  # differences of one dashboard; --json has them all
_WORDS: Final = {
    Standing.NEW: "is not in Grafana yet",
    Standing.SAME: "is as it should be",
    Standing.BEHIND: "is ours, and behind",
    Standing.EDITED: "was edited by hand",
    Standing.PROVISIONED: "comes from files of Grafana's own, and cannot be written",
}

Command = Callable[..., None]


def _options(command: Command) -> Command:
    for option in reversed(
        (
            click.option("--grafana", required=True, help="Address, such as http://127.0.0.1:3000."),
            click.option("--token", default="", help="Of a service account; better in TIDEWALK_GRAFANA_TOKEN."),
            click.option(
                "--from",
                "source",
                type=click.Path(path_type=Path, exists=True, file_okay=False),
                default=SHIPPED,
                help="Folder that `build` has written; without it, the shipped ones.",
            ),
            click.option(
                "--influx", default="", help="Where Grafana finds InfluxDB; without it, no data source is touched."
            ),
            click.option("--bucket", default="tidewalk", show_default=True, help="The bucket of readings."),
            click.option("--influx-token", default="", help="To read it; better in TIDEWALK_GRAFANA_INFLUX_TOKEN."),
        )
    ):
        command = option(command)
    return command


@click.command()
@_options
@click.option("--json", "as_json", is_flag=True, help=DIFF_KEYS)
def diff(grafana: str, token: str, source: Path, influx: str, bucket: str, influx_token: str, *, as_json: bool) -> None:
    """Compare what is in Grafana with what should be, and change nothing; exit code 1 where they differ.

    \b
        tidewalk dashboards diff --grafana http://127.0.0.1:3000
    """
    told = looked(_grafana(grafana, token), _wanted(source, influx, bucket, influx_token))
    if as_json:
        by = {str(standing): [f.uid for f in told.findings if f.standing is standing] for standing in Standing}
        click.echo(json.dumps({**by, **_beside(told, told.findings)}, ensure_ascii=False))
    else:
        _say(told, told.findings)
    if told.folders or told.sources or any(one.standing is not Standing.SAME for one in told.findings):
        raise SystemExit(1)


@click.command()
@_options
@click.option("--force", is_flag=True, help="Also overwrite what somebody has edited by hand.")
@click.option("--json", "as_json", is_flag=True, help=PUBLISH_KEYS)
def publish(
    grafana: str,
    token: str,
    source: Path,
    influx: str,
    bucket: str,
    influx_token: str,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Put folders, data sources and dashboards into Grafana, or bring them up to date.

    What somebody has edited by hand is left as it is, and the difference is shown, unless --force is given; Grafana
    keeps the version before. Exit code 1 where something was left or clashed.

    \b
        tidewalk dashboards publish --grafana http://127.0.0.1:3000 --influx http://127.0.0.1:8086
    """
    told = published(_grafana(grafana, token), _wanted(source, influx, bucket, influx_token), force=force)
    left = [one for one in told.findings if one.uid in told.left]
    if as_json:
        beside = _beside(told, left)
        click.echo(
            json.dumps({"saved": told.saved, "left": told.left, "clashes": told.clashes, **beside}, ensure_ascii=False)
        )
    else:
        _say(told, left)
        for clash in told.clashes:
            click.echo(clash)
        click.echo(f"{len(told.saved)} saved, {len(told.left)} left as they are, {len(told.clashes)} clashed")
    if told.left or told.clashes:
        raise SystemExit(1)


def _grafana(address: str, token: str) -> Any:
    from services.grafana.client import OverHttp

    return OverHttp(address, token or os.environ.get("TIDEWALK_GRAFANA_TOKEN", ""))


def _wanted(folder: Path, influx: str, bucket: str, token: str) -> Wanted:
    """What the files say. Raises NotFoundError where there are none."""
    found = sorted(folder.glob("grafana/*/*.json"))
    if not found:
        raise NotFoundError(f"no dashboards in {folder}: make them with tidewalk dashboards build --into {folder}")
    models = [(path.parent.name, json.loads(path.read_text("utf-8"))) for path in found]
    token = token or os.environ.get("TIDEWALK_GRAFANA_INFLUX_TOKEN", "")
    return Wanted(models, _sources(influx, bucket, token) if influx else ())


def _sources(url: str, bucket: str, token: str) -> list[dict[str, Any]]:
    return [
        {
            "uid": f"tidewalk-{series}" if series else "tidewalk",
            "name": f"Tidewalk {series}".strip(),
            "type": "influxdb",
            "access": "proxy",
            "url": url,
            "jsonData": {
                "version": "InfluxQL",
                "dbName": bucket_of(bucket, series),
                "httpMode": "POST",
                "httpHeaderName1": "Authorization",
                "timeInterval": _LEAST.get(series, series),
            },
            "secureJsonData": {"httpHeaderValue1": f"Token {token}"},
        }
        for series in ("", *ROLLUPS, EVENTS)
    ]


def _beside(told: Told, of: Sequence[Finding]) -> dict[str, Any]:
    different = {one.uid: one.differences for one in of if one.differences}
    return {"folders": told.folders, "sources": told.sources, "differences": different}


def _say(told: Told, of: Sequence[Finding]) -> None:
    for uid in told.folders:
        click.echo(f"folder {uid} is not there")
    for said in told.sources:
        click.echo(f"data source {said}")
    for one in of:
        click.echo(f"{one.uid} {_WORDS[one.standing]}")
        for change in one.differences[:_SHOWN]:
            click.echo(f"    {change}")
        if len(one.differences) > _SHOWN:
            click.echo(f"    … and {len(one.differences) - _SHOWN} more")
