"""One facility: how it stands, all that it measures, its alarms and its orders."""

from grafana_foundation_sdk.models import dashboard as grafana

from dashboards.board import Board, row
from dashboards.facts import Facts
from dashboards.influxql import events, outer, over_time, points, readings, standing
from dashboards.looks import CALM, NEVER, RED, STANDING, names
from dashboards.panels import curves, number, ribbons, rows
from dashboards.standing import states, steps_named
from dashboards.tongues import Tongue, code
from dashboards.units import GRAFANA
from domain.naming import QUANTITIES, Kind
from domain.series import ALARM, FACILITY, ORDER

PLACES, ALARMS, CHANGES = events(FACILITY), events(ALARM), events(ORDER)
EVERY = readings(*Kind)
ITS = '"facility" =~ /^${facility:regex}$/'
# What is drawn together: things of one unit, and of one sort.
PICTURES = (
    ("percent", ("fill_level", "paper_level", "soap_level", "soil_moisture", "valve_open_pct", "commanded_level")),
    ("power", ("active_power", "total_active_power")),
    ("air", ("nh3_ppm", "h2s_ppm")),
    ("warmth", ("temperature", "bin_temperature", "lamp_temperature", "soil_temp", "air_temperature")),
    ("current", ("leakage_current",)),
    ("counts", ("available_spots", "occupied_spots", "people_now", "people_since_clean", "stalls_free")),
    ("sea", ("tide_level",)),
    ("wind", ("wind_speed", "wind_gust")),
    ("battery", ("battery",)),
)
WORDS = {
    "percent": ("Levels", "余量与含量"),
    "power": ("Power", "功率"),
    "air": ("Air", "气体"),
    "warmth": ("Temperature", "温度"),
    "current": ("Leakage current", "漏电电流"),
    "counts": ("Counts", "计数"),
    "sea": ("Tide", "潮位"),
    "wind": ("Wind", "风"),
    "battery": ("Battery", "电量"),
}


def facility(t: Tongue, facts: Facts) -> Board:  # noqa: ARG001
    """The dashboard."""
    drawn = [_picture(t, key, quantities) for key, quantities in PICTURES]
    return Board(
        slug="facility",
        title=("Tidewalk · one facility", "设施档案"),
        rows=[
            row(4, *_numbers(t)),
            row(4, _stood(t)),
            row(9, _alarms(t), _orders(t), wide=(10, 14)),
            *(row(7, *drawn[n : n + 3]) for n in range(0, len(drawn), 3)),
        ],
        one=True,
    )


def _numbers(t: Tongue) -> list[grafana.Panel]:
    latest = standing(PLACES, "rank", "open_alarms", "open_orders")
    state = number(
        "facility-state",
        t("Stands", "状态"),
        t("How does it stand?", "当前状态如何？"),
        outer(PLACES, "max(rank) AS rank", latest),
        steps=STANDING,
        none="—",
    )
    if state.field_config is not None and state.field_config.defaults is not None:
        words = {str(n): word for n, (_, word, _) in enumerate(states(t))}
        state.field_config.defaults.mappings = names([(n, word, None) for n, word in words.items()])
    return [
        state,
        number(
            "facility-alarms",
            t("Open alarms", "未消除告警"),
            t("How many of its alarms are open?", "有多少未消除的告警？"),
            outer(PLACES, "sum(open_alarms) AS n", latest),
        ),
        number(
            "facility-orders",
            t("Open orders", "在办工单"),
            t("How many orders are about it?", "有多少在办工单？"),
            outer(PLACES, "sum(open_orders) AS n", latest),
            steps=NEVER,
        ),
        number(
            "facility-heard",
            t("Readings in the range", "时段内读数"),
            t("Do we hear of it: how many readings came?", "是否有数据：时段内收到多少读数？"),
            over_time(EVERY, "count", "q", alias="n"),
            steps=NEVER,
            total="sum",
        ),
    ]


def _stood(t: Tongue) -> grafana.Panel:
    return ribbons(
        "facility-stood",
        t("How it stood", "状态变化"),
        t("When was something wrong, and for how long?", "何时出现问题，持续多久？"),
        over_time(PLACES, "last", "state", by=("facility",)),
        states=states(t),
    )


def _picture(t: Tongue, key: str, quantities: tuple[str, ...]) -> grafana.Panel:
    (unit,) = {GRAFANA[QUANTITIES[name].unit] for name in quantities}
    en, zh = WORDS[key]
    return curves(
        f"facility-{key}",
        t(en, zh),
        t(f"What does it measure: {en.lower()}?", f"测得的{zh}是多少？"),
        *(over_time(EVERY, "mean", name, alias=t(name.replace("_", " "), QUANTITIES[name].zh)) for name in quantities),
        unit=unit,
    )


def _alarms(t: Tongue) -> grafana.Panel:
    title = f"title_{code(t)}"
    both = [("open", t("opened", "报警"), RED), ("cleared", t("cleared", "消除"), CALM)]
    return rows(
        "facility-alarms-list",
        t("Alarms", "告警"),
        t("What was wrong with it, and how long?", "出过什么问题，持续多久？"),
        points(ALARMS, title, "rule", "state", "lasted_s", where=ITS, newest=200),
        heads={
            "Time": t("Time", "时间"),
            title: t("Alarm", "告警"),
            "state": t("State", "状态"),
            "lasted_s": t("Lasted", "持续"),
        },
        looks={"lasted_s": {"unit": "s"}, "state": {"mappings": names(both)}},
        none=t("None", "无"),
    )


def _orders(t: Tongue) -> grafana.Panel:
    title = f"title_{code(t)}"
    return rows(
        "facility-orders-list",
        t("Orders", "工单"),
        t("Who did what about it?", "谁做了什么？"),
        points(CHANGES, "case", title, "priority", "crew", "step", "state", where=ITS, newest=200),
        heads={
            "Time": t("Time", "时间"),
            "case": t("Case", "案号"),
            title: t("Order", "工单"),
            "priority": t("Priority", "紧急程度"),
            "state": t("State", "状态"),
            "crew": t("Crew", "班组"),
        },
        looks={"state": steps_named(t)},
        none=t("None", "无"),
    )
