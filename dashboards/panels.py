"""The panels that dashboards are made of. Each says which question it answers; where it stands, the layout does."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from grafana_foundation_sdk.models import (
    bargauge,
    common,
    geomap,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.models import dashboard as grafana

from dashboards.looks import CALM, NEVER, STANDING, bad_from, names
from dashboards.target import TABLE, Target

Thresholds = grafana.ThresholdsConfig
Look = Mapping[str, Any]  # properties of one field, as Grafana's overrides name them

BIG: Final = common.VizTextDisplayOptions(title_size=18, value_size=56)
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def ident(key: str) -> int:
    """The number of a panel: of its name alone, so that no other panel's coming or going changes it."""
    return zlib.crc32(key.encode()) % 900_000 + 1


def number(
    key: str,
    title: str,
    question: str,
    *asks: Target,
    unit: str = "none",
    steps: Thresholds | None = None,
    none: str = "0",
    total: str = "lastNotNull",
    big: bool = False,
    ground: bool = True,
    decimals: int | None = None,
) -> grafana.Panel:
    """One number, large; with `ground` its whole field has the colour, for those who stand far off."""
    return _panel(
        key,
        "stat",
        title,
        question,
        asks,
        stat.Options(
            color_mode=common.BigValueColorMode.BACKGROUND_SOLID if ground else common.BigValueColorMode.VALUE,
            graph_mode=common.BigValueGraphMode.NONE,
            text_mode=common.BigValueTextMode.VALUE,
            justify_mode=common.BigValueJustifyMode.CENTER,
            reduce_options=common.ReduceDataOptions(calcs=[total], fields="", values=False),
            text=BIG if big else None,
        ),
        grafana.FieldConfig(
            unit=unit,
            decimals=decimals,
            no_value=none,
            color=grafana.FieldColor(grafana.FieldColorModeId.THRESHOLDS),
            thresholds=steps or bad_from(1),
        ),
    )


def curves(
    key: str,
    title: str,
    question: str,
    *asks: Target,
    unit: str = "none",
    steps: Thresholds | None = None,
    stacked: bool = False,
    bars: bool = False,
    low: float | None = None,
    high: float | None = None,
    legend: bool = True,
    looks: Mapping[str, Look] | None = None,
) -> grafana.Panel:
    """Lines over time. A gap stays a gap: what was not measured is not drawn."""
    custom = timeseries.FieldConfig(
        draw_style=common.GraphDrawStyle.BARS if bars else common.GraphDrawStyle.LINE,
        line_width=0 if bars else 2,
        fill_opacity=70 if bars else 25 if stacked else 0,
        span_nulls=3_600_000.0,  # reports of an hour and more are no gap
        show_points=common.VisibilityMode.NEVER if bars else common.VisibilityMode.AUTO,
        stacking=common.StackingConfig(
            mode=common.StackingMode.NORMAL if stacked else common.StackingMode.NONE, group="A"
        ),
        thresholds_style=common.GraphThresholdsStyleConfig(
            common.GraphThresholdsStyleMode.DASHED if steps else common.GraphThresholdsStyleMode.OFF
        ),
        axis_soft_max=max((s.value for s in steps.steps if s.value is not None), default=None) if steps else None,
    )
    return _panel(
        key,
        "timeseries",
        title,
        question,
        asks,
        timeseries.Options(
            legend=_legend(shown=legend),
            tooltip=common.VizTooltipOptions(mode=common.TooltipDisplayMode.MULTI, sort=common.SortOrder.DESCENDING),
        ),
        grafana.FieldConfig(
            unit=unit,
            min_val=low,
            max_val=high,
            color=grafana.FieldColor(grafana.FieldColorModeId.PALETTE_CLASSIC),
            custom=custom,
            thresholds=steps,
        ),
        looks,
    )


def rows(
    key: str,
    title: str,
    question: str,
    ask: Target,
    *,
    heads: Mapping[str, str],
    looks: Mapping[str, Look] | None = None,
    by: str = "",
    rising: bool = False,
    unit: str = "none",
    steps: Thresholds | None = None,
    none: str = "—",
) -> grafana.Panel:
    """A table: of the answer's columns those that `heads` names, under its headings and in its order."""
    transformations = [
        grafana.DataTransformerConfig(
            "organize",
            options={
                "includeByName": dict.fromkeys(heads, True),
                "indexByName": {column: n for n, column in enumerate(heads)},
                "renameByName": {column: head for column, head in heads.items() if head != column},
            },
        ),
    ]
    made = _panel(
        key,
        "table",
        title,
        question,
        [replace(ask, shape=TABLE)],
        table.Options(
            cell_height=common.TableCellHeight.SM,
            sort_by=[common.TableSortByFieldState(heads.get(by, by), not rising)] if by else None,
        ),
        grafana.FieldConfig(
            unit=unit,
            no_value=none,
            color=grafana.FieldColor(grafana.FieldColorModeId.THRESHOLDS),
            thresholds=steps or NEVER,
        ),
        {heads.get(column, column): look for column, look in (looks or {}).items()},
    )
    made.transformations = transformations
    return made


def bars(
    key: str,
    title: str,
    question: str,
    ask: Target,
    *,
    unit: str,
    steps: Thresholds,
    low: float | None = 0,
    high: float | None = None,
    decimals: int | None = None,
) -> grafana.Panel:
    """One bar for each line of the answer, by its name: for a handful of zones or kinds."""
    return _panel(
        key,
        "bargauge",
        title,
        question,
        [ask],
        bargauge.Options(
            display_mode=common.BarGaugeDisplayMode.BASIC,
            value_mode=common.BarGaugeValueMode.TEXT,
            name_placement=common.BarGaugeNamePlacement.LEFT,
            sizing=common.BarGaugeSizing.AUTO,
            orientation=common.VizOrientation.HORIZONTAL,
            legend=_legend(shown=False),
            reduce_options=common.ReduceDataOptions(calcs=["lastNotNull"], fields="", values=False),
        ),
        grafana.FieldConfig(
            unit=unit,
            decimals=decimals,
            min_val=low,
            max_val=high,
            color=grafana.FieldColor(grafana.FieldColorModeId.THRESHOLDS),
            thresholds=steps,
        ),
    )


def ribbons(
    key: str, title: str, question: str, *asks: Target, states: Sequence[tuple[str, str, str | None]]
) -> grafana.Panel:
    """What was the case, and from when to when: one ribbon for each line of the answer."""
    return _panel(
        key,
        "state-timeline",
        title,
        question,
        asks,
        statetimeline.Options(
            show_value=common.VisibilityMode.NEVER,
            legend=_legend(shown=True),
            tooltip=common.VizTooltipOptions(mode=common.TooltipDisplayMode.SINGLE, sort=common.SortOrder.NONE),
        ),
        grafana.FieldConfig(
            mappings=names(states),
            color=grafana.FieldColor(grafana.FieldColorModeId.THRESHOLDS),
            thresholds=NEVER,
            custom=statetimeline.FieldConfig(line_width=0, fill_opacity=80),
        ),
    )


def chart(key: str, title: str, question: str, ask: Target, *, place: tuple[str, str], state: str) -> grafana.Panel:
    """A map with a dot for each row of the answer, coloured by how it stands (`series.FACILITY_STATES`)."""
    dot = {
        "size": {"field": state, "fixed": 5, "min": 4, "max": 9},
        "color": {"field": state, "fixed": CALM},
        "opacity": 0.9,
        "symbol": {"fixed": "img/icons/marker/circle.svg", "mode": "fixed"},
    }
    where = common.FrameGeometrySource(
        mode=common.FrameGeometrySourceMode.COORDS, latitude=place[0], longitude=place[1]
    )
    return _panel(
        key,
        "geomap",
        title,
        question,
        [replace(ask, shape=TABLE)],
        geomap.Options(
            view=geomap.MapViewConfig(id_val="fit", lat=0, lon=0, zoom=15, all_layers=True, padding=5),
            controls=geomap.ControlsOptions(show_zoom=True, mouse_wheel_zoom=False, show_attribution=True),
            basemap=common.MapLayerOptions(type_val="default", name="base"),
            layers=[
                common.MapLayerOptions(
                    type_val="markers", name="facilities", config={"style": dot}, location=where, tooltip=True
                )
            ],
            tooltip=geomap.TooltipOptions(mode=geomap.TooltipMode.DETAILS),
        ),
        grafana.FieldConfig(
            color=grafana.FieldColor(grafana.FieldColorModeId.THRESHOLDS),
            thresholds=STANDING,
        ),
    )


def override(field: str, look: Look) -> grafana.DashboardFieldConfigSourceOverrides:
    """Another look of one field."""
    return grafana.DashboardFieldConfigSourceOverrides(
        matcher=grafana.MatcherConfig("byName", field),
        properties=[grafana.DynamicConfigValue(name, value) for name, value in look.items()],
    )


def _legend(*, shown: bool) -> common.VizLegendOptions:
    return common.VizLegendOptions(
        display_mode=common.LegendDisplayMode.LIST if shown else common.LegendDisplayMode.HIDDEN,
        placement=common.LegendPlacement.BOTTOM,
        show_legend=shown,
        calcs=[],
    )


def _panel(
    key: str,
    sort: str,
    title: str,
    question: str,
    asks: Sequence[Target],
    options: object,
    config: grafana.FieldConfig,
    looks: Mapping[str, Look] | None = None,
) -> grafana.Panel:
    if not question.endswith(("?", "？")):
        raise ValueError(f"{key} answers no question: {question}")
    return grafana.Panel(
        type_val=sort,
        id_val=ident(key),
        title=title,
        description=question,
        datasource=asks[0].source,
        targets=[replace(ask, ref=letter) for ask, letter in zip(asks, _LETTERS, strict=False)],
        options=options,
        field_config=grafana.FieldConfigSource(
            defaults=config, overrides=[override(field, look) for field, look in (looks or {}).items()]
        ),
        transformations=[],
    )
