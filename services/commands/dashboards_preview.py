"""`tidewalk dashboards preview`: every dashboard as a page of its own, from a store, without Grafana."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from dashboards.filling import PIXELS, filled
from dashboards.preview.page import Drawing, page
from domain.errors import ConflictError, NotFoundError
from domain.readings import Millis
from domain.series import bucket_of
from services.clocks import WallClock
from services.commands.span import MOMENT, SPAN
from services.grafana.asking import InfluxQl

PREVIEW_KEYS = "Last, one line: pages, questions, unanswered (panels without an answer), missing (buckets)."
SHIPPED = Path(__file__).resolve().parents[2] / "dashboards"


@click.command()
@click.option("--influx", required=True, help="Address of InfluxDB, such as http://127.0.0.1:8086.")
@click.option("--bucket", default="tidewalk", show_default=True, help="The bucket of readings.")
@click.option("--token", default="", help="To read it; better in TIDEWALK_GRAFANA_INFLUX_TOKEN.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder of the pages.")
@click.option("--tongue", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@click.option("--until", type=MOMENT, default=None, help="End of the time range; without it, now.")
@click.option(
    "--for", "span", type=SPAN, default=None, help="Its length, such as 7d; without it, each dashboard's own."
)
@click.option("--timezone", default="Asia/Shanghai", show_default=True, help="In which times are written.")
@click.option("--facility", default="", help="For the page of one facility; without it, the first that is not well.")
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=SHIPPED,
    help="Folder that `build` has written; without it, the shipped ones.",
)
@click.option("--json", "as_json", is_flag=True, help=PREVIEW_KEYS)
def preview(
    influx: str,
    bucket: str,
    token: str,
    out: Path,
    tongue: str,
    until: Millis | None,
    span: Millis | None,
    timezone: str,
    facility: str,
    source: Path,
    *,
    as_json: bool,
) -> None:
    """Draw the dashboards without Grafana: one page each, from the same files, with the same questions.

    \b
        tidewalk dashboards preview --influx http://127.0.0.1:8086 --bucket tidewalk-simulated --out pages/
    """
    zone = _zone(timezone)
    store = InfluxQl(influx, token or os.environ.get("TIDEWALK_GRAFANA_INFLUX_TOKEN", ""))
    end = until if until is not None else WallClock().now()
    boards = _boards(source / "grafana" / tongue)
    out.mkdir(parents=True, exist_ok=True)
    others = [(f"{slug}.html", board["title"]) for slug, board in boards.items()]
    chosen = facility or _unwell(store, bucket, end)
    told: dict[str, Any] = {"pages": [], "questions": 0, "unanswered": [], "missing": set()}
    for slug, board in boards.items():
        since = end - (span or SPAN.convert(board["time"]["from"].removeprefix("now-"), None, None))
        answers: dict[int, list[Any]] = {}
        for panel in board["panels"]:
            answers[panel["id"]] = []
            for target in panel["targets"]:
                database = bucket_of(bucket, target["datasource"]["uid"].removeprefix("tidewalk").removeprefix("-"))
                values = {"facility": chosen} if slug == "facility" else {}
                try:
                    pixels = int(panel.get("maxDataPoints", PIXELS))
                    series = store.series(database, filled(target["query"], since, end, values=values, pixels=pixels))
                except NotFoundError as missing:
                    series = []
                    told["missing"].add(str(missing))
                answers[panel["id"]].append(series)
                told["questions"] += 1
            if not any(answers[panel["id"]]):
                told["unanswered"].append(f"{slug}: {panel['title']}")
        drawing = Drawing(since, end, zone, others)
        (out / f"{slug}.html").write_text(page(board, answers, drawing), encoding="utf-8")
        told["pages"].append(f"{slug}.html")
    told["missing"] = sorted(told["missing"])
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for why in told["missing"]:
        click.echo(why)
    for name in told["unanswered"]:
        click.echo(f"nothing found: {name}")
    click.echo(f"{len(told['pages'])} pages of {told['questions']} questions: {out / 'overview.html'}")


def _boards(folder: Path) -> dict[str, Mapping[str, Any]]:
    found = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}
    if not found:
        raise NotFoundError(f"no dashboards in {folder}: make them with tidewalk dashboards build")
    return found


def _unwell(store: InfluxQl, bucket: str, end: Millis) -> str:
    """The facility that is worst off; "" where there is none."""
    query = 'SELECT last("rank") FROM "facility" WHERE time > ${__to}ms - 2h AND time <= ${__to}ms GROUP BY "facility"'
    found = store.series(bucket_of(bucket, "events"), filled(query, end, end))
    worst = max(found, key=lambda one: (one["values"][0][1], one["tags"]["facility"]), default=None)
    return "" if worst is None else str(worst["tags"]["facility"])


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConflictError(f"--timezone {name!r}: no such time zone; say one like Asia/Shanghai") from None
