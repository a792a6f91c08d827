"""The first dashboard: how the coast stands, element by element, on one screen and a half."""

from typing import Final

from dashboards.influxql import CHOSEN, Curve, Standing, values_of
from dashboards.panels import AMBER, GREEN, RED, SOURCE, Json, Panel, curves, number, ranking, thresholds
from domain.naming import FIELD_QUALITY, Kind

COLUMNS: Final = 24
SCHEMA: Final = 41  # Grafana 12's; newer ones bring it up to date when they read it
FULL: Final = 95.0  # per cent, where rules/library/bin-full.yaml raises its alarm
ODOUR_PPM: Final = 1.44  # of ammonia, ten-minute mean: where rules/library/toilet-odour.yaml raises its alarm

_FULLEST = Standing(Kind.BIN, "fill_level")
_FAILED = Standing(Kind.LIGHT, "lamp_failure")
_FREE = Standing(Kind.PARKING, "available_spots")
_AMMONIA = Standing(Kind.TOILET, "nh3_ppm")
_MOISTURE = Standing(Kind.GREEN, "soil_moisture")
_PEOPLE = Standing(Kind.CROWD, "people_now")

_FILL_STEPS = thresholds((0, GREEN), (80, AMBER), (FULL, RED))
_ODOUR_STEPS = thresholds((0, GREEN), (1, AMBER), (ODOUR_PPM, RED))


def _numbers() -> list[Panel]:
    wrong = thresholds((0, GREEN), (1, RED))
    return [
        number(
            "Full bins 满溢果皮箱",
            _FULLEST.over_all("count", where=f'"fill_level" >= {FULL:g}'),
            steps=wrong,
            description=f"Whose newest level in the range is {FULL:g} % or more",
        ),
        number("Lamps out 故障灯", _FAILED.over_all("count", where='"lamp_failure" = true'), steps=wrong),
        number("Worst ammonia 最高氨", _AMMONIA.over_all("max"), unit="ppm", steps=_ODOUR_STEPS),
        number("Free spots 空余泊位", _FREE.over_all("sum"), steps=thresholds((0, RED), (1, AMBER), (50, GREEN))),
        number(
            "Driest bed 最干绿地", _MOISTURE.over_all("min"), unit="percent", steps=thresholds((0, AMBER), (15, GREEN))
        ),
        number("People 在场人数", _PEOPLE.over_all("sum")),
    ]


def _elements() -> list[Panel]:
    facility = ("facility",)
    return [
        curves(
            "Bins: level by zone 果皮箱满溢度",
            Curve((Kind.BIN,), "fill_level", by=("zone",)),
            unit="percent",
            steps=_FILL_STEPS,
        ),
        ranking("Fullest bins 最满果皮箱", _FULLEST.most("top", 10), unit="percent", steps=_FILL_STEPS, high=100),
        curves(
            "Toilets: ammonia 公厕氨", Curve((Kind.TOILET,), "nh3_ppm", "max", facility), unit="ppm", steps=_ODOUR_STEPS
        ),
        curves("Lots: free spots 空余泊位", Curve((Kind.PARKING,), "available_spots", by=facility)),
        curves(
            "Lighting circuits: power 照明回路功率",
            Curve((Kind.FEEDER,), "total_active_power", by=facility),
            unit="watt",
        ),
        curves(
            "Green beds: soil moisture 土壤含水率", Curve((Kind.GREEN,), "soil_moisture", by=facility), unit="percent"
        ),
        curves("People 客流", Curve((Kind.CROWD,), "people_now", "max", facility)),
        curves(
            "Tide and wind 潮位与风",
            Curve((Kind.COAST,), "tide_level"),
            Curve((Kind.COAST,), "wind_gust", "max"),
            unit="suffix: cm",
            overrides=[
                {
                    "matcher": {"id": "byFrameRefID", "options": "B"},
                    "properties": [
                        {"id": "unit", "value": "velocityms"},
                        {"id": "custom.axisPlacement", "value": "right"},
                        {"id": "displayName", "value": "gusts 阵风"},
                    ],
                },
                {
                    "matcher": {"id": "byFrameRefID", "options": "A"},
                    "properties": [{"id": "displayName", "value": "tide 潮位"}],
                },
            ],
        ),
    ]


def _instruments() -> list[Panel]:
    kinds = tuple(Kind)
    return [
        curves("Readings heard, by kind 各类读数", Curve(kinds, FIELD_QUALITY, "count", fill="0"), stacked=True),
        curves(
            "Readings in doubt 存疑读数",
            Curve(kinds, FIELD_QUALITY, "count", where=f'"{FIELD_QUALITY}" > 0', fill="0"),
            description="A value was out of range or a sensor's own mark for a fault: it is in quarantine, not here",
        ),
        ranking(
            "Weakest bin batteries 果皮箱最低电量",
            Standing(Kind.BIN, "battery", ("facility", "device")).most("bottom", 10),
            unit="percent",
            steps=thresholds((0, RED), (15, AMBER), (30, GREEN)),
            high=100,
        ),
    ]


def overview() -> Json:
    """The dashboard."""
    placed: list[Json] = []
    top = 0
    for panels, across, high in ((_numbers(), 6, 4), (_elements(), 2, 8), (_instruments(), 3, 8)):
        wide = COLUMNS // across
        for n, panel in enumerate(panels):
            row, column = divmod(n, across)
            place = {"x": column * wide, "y": top + row * high, "w": wide, "h": high}
            placed.append(panel.json(len(placed) + 1, place))
        top += -(-len(panels) // across) * high
    return {
        "uid": "tidewalk-overview",
        "title": "Tidewalk · the coast 海岸总览",
        "tags": ["tidewalk"],
        "schemaVersion": SCHEMA,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "templating": {
            "list": [_variable("site", "Site 海岸", values_of("site")), _variable("zone", "Zone 片区", _ZONES)]
        },
        "annotations": {"list": []},
        "links": [],
        "panels": placed,
    }


_ZONES = values_of("zone", where=CHOSEN.partition(" AND ")[0])


def _variable(name: str, label: str, query: str) -> Json:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": SOURCE,
        "query": query,
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }
