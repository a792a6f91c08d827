"""The panels that dashboards are made of, as Grafana's JSON has them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from dashboards.influxql import Curve

Json = dict[str, Any]

SOURCE: Final[Json] = {"type": "influxdb", "uid": "tidewalk"}  # provisioning/datasources/tidewalk.yaml
GREEN, AMBER, RED = "green", "orange", "red"


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: what it asks and how it looks. Where it stands is the layout's affair."""

    title: str
    type: str
    asks: tuple[Json, ...]
    defaults: Json
    options: Json
    description: str = ""
    overrides: tuple[Json, ...] = ()
    transformations: tuple[Json, ...] = field(default=())

    def json(self, number: int, place: Json) -> Json:
        """As a member of a dashboard's `panels`."""
        return {
            "id": number,
            "title": self.title,
            "description": self.description,
            "type": self.type,
            "datasource": SOURCE,
            "gridPos": place,
            "targets": [{**ask, "refId": chr(ord("A") + n)} for n, ask in enumerate(self.asks)],
            "fieldConfig": {"defaults": self.defaults, "overrides": list(self.overrides)},
            "options": self.options,
            "transformations": list(self.transformations),
        }


def ask(query: str, *, alias: str = "", shape: str = "time_series") -> Json:
    """A target: InfluxQL as it is written."""
    return {"datasource": SOURCE, "query": query, "rawQuery": True, "resultFormat": shape, "alias": alias}


def thresholds(*steps: tuple[float, str]) -> Json:
    """Colours with meaning: the first colour from the bottom, each other from its number on."""
    bottom, *rest = steps
    return {
        "mode": "absolute",
        "steps": [{"color": bottom[1], "value": None}, *({"color": c, "value": v} for v, c in rest)],
    }


def number(title: str, query: str, *, unit: str = "short", steps: Json | None = None, description: str = "") -> Panel:
    """One number, large. Nothing found is 0: the questions count and add."""
    return Panel(
        title=title,
        type="stat",
        asks=(ask(query),),
        defaults={
            "unit": unit,
            "noValue": "0",
            "color": {"mode": "thresholds"},
            "thresholds": steps or thresholds((0, GREEN)),
        },
        options={
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "colorMode": "value",
            "graphMode": "none",
            "textMode": "value",
        },
        description=description,
    )


def curves(
    title: str,
    *curves: Curve,
    unit: str = "short",
    steps: Json | None = None,
    stacked: bool = False,
    overrides: Sequence[Json] = (),
    description: str = "",
) -> Panel:
    """Lines over time. A gap stays a gap: what was not measured is not drawn."""
    custom: Json = {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 30 if stacked else 0,
        "spanNulls": False,
        "showPoints": "auto",
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
    }
    defaults: Json = {"unit": unit, "color": {"mode": "palette-classic"}, "custom": custom}
    if steps is not None:
        custom["thresholdsStyle"] = {"mode": "dashed"}
        defaults["thresholds"] = steps
    return Panel(
        title=title,
        type="timeseries",
        asks=tuple(ask(one.text(), alias=one.alias()) for one in curves),
        defaults=defaults,
        options={
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        overrides=tuple(overrides),
        description=description,
    )


def ranking(title: str, query: str, *, unit: str, steps: Json, high: float | None, description: str = "") -> Panel:
    """Facilities and one number each, as a table with bars."""
    return Panel(
        title=title,
        type="table",
        asks=(ask(query, shape="table"),),
        defaults={
            "unit": unit,
            "min": 0,
            **({"max": high} if high is not None else {}),
            "color": {"mode": "thresholds"},
            "thresholds": steps,
        },
        options={"showHeader": True, "cellHeight": "sm"},
        overrides=(
            {
                "matcher": {"id": "byType", "options": "number"},
                "properties": [{"id": "custom.cellOptions", "value": {"type": "gauge", "mode": "basic"}}],
            },
            {"matcher": {"id": "byName", "options": "Time"}, "properties": [{"id": "custom.width", "value": 160}]},
        ),
        description=description,
    )
