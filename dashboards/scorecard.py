"""How zones are kept, against what was promised: shares are sums over sums, never means of shares (domain.md §5.6)."""

from grafana_foundation_sdk.models import dashboard as grafana

from dashboards.board import Board, row
from dashboards.facts import Facts
from dashboards.influxql import as_written, events, over_time, share
from dashboards.lights import LIT, LIT_LEAST
from dashboards.looks import AMBER, CALM, RED, bad_below, line_at, steps
from dashboards.panels import Thresholds, bars, curves
from dashboards.tongues import Said, Tongue
from domain.series import KPI

SCORES = events(KPI)
HOURLY, DAILY = "\"every\" = '1h'", "\"every\" = '1d'"
ZONE = ("zone",)
IN_LIMIT, KEPT = (90.0, 95.0), (95.0, 98.0)  # %: red below the first, amber below the second (our proposal)


def scorecard(t: Tongue, facts: Facts) -> Board:  # noqa: ARG001
    """The dashboard."""
    return Board(
        slug="scorecard",
        title=("Tidewalk · zone scorecard", "片区评价"),
        rows=[
            row(8, _lit(t), _overflow(t), _air(t)),
            row(8, _limit(t), _rework(t), _live(t)),
            row(9, _lit_days(t), _overflow_days(t)),
            row(9, _air_days(t), _work(t)),
        ],
        since="now-7d",
        refresh="15m",
        variables=("zone",),
        noted=False,
    )


def _share(
    t: Tongue, name: str, title: Said, question: Said, part: str, whole: str, marks: Thresholds, *, rest: bool = False
) -> grafana.Panel:
    """A bar for each zone, in per cent."""
    ask = share(SCORES, part, whole, by=ZONE, where=HOURLY, rest=rest)
    key = f"scorecard-{name}"
    return bars(key, t(*title), t(*question), ask, unit="percent", steps=marks, low=0, high=100, decimals=1)


def _lit(t: Tongue) -> grafana.Panel:
    return _share(
        t,
        "lit",
        ("Lit", "亮灯率"),
        ("Of the lamp-hours due, which share was lit in each zone?", "各片区亮灯率是多少？"),
        "lamp_hours_lit",
        "lamp_hours_due",
        bad_below(LIT_LEAST, LIT),
    )


def _overflow(t: Tongue) -> grafana.Panel:
    return bars(
        "scorecard-overflow",
        t("Overflow, minutes per bin and day", "满溢时长（分钟/箱·日）"),
        t("How long does a bin of each zone overflow on a day?", "各片区每箱每日满溢多少分钟？"),
        share(SCORES, "overflow_minutes", "bin_minutes", by=ZONE, where=HOURLY, times=1440),
        unit="m",
        steps=steps(CALM, (15, AMBER), (60, RED)),
        decimals=0,
    )


def _air(t: Tongue) -> grafana.Panel:
    return _share(
        t,
        "air",
        ("Toilets within the odour limit", "公厕达标时长率"),
        ("Which share of toilet-minutes was within the ammonia limit?", "公厕氨浓度达标的时长占比是多少？"),
        "odour_minutes",
        "toilet_minutes",
        bad_below(*KEPT),
        rest=True,
    )


def _limit(t: Tongue) -> grafana.Panel:
    return _share(
        t,
        "limit",
        ("Ended within the time limit", "按期结案率"),
        ("Which share of the orders that ended did so in time?", "结案工单中按期结案的占比是多少？"),
        "orders_in_limit",
        "orders_ended",
        bad_below(*IN_LIMIT),
    )


def _rework(t: Tongue) -> grafana.Panel:
    return _share(
        t,
        "rework",
        ("Rework", "返工率"),
        ("Which share of the work came back?", "返工占处置数的比例是多少？"),
        "orders_reworked",
        "orders_ended",
        steps(CALM, (5, AMBER), (10, RED)),
    )


def _live(t: Tongue) -> grafana.Panel:
    return _share(
        t,
        "live",
        ("Heard of", "感知覆盖率"),
        ("Of the facilities with sensors, which share was heard of?", "有传感器的设施中，有数据的占比是多少？"),
        "live",
        "facilities",
        bad_below(*IN_LIMIT),
    )


def _lit_days(t: Tongue) -> grafana.Panel:
    return curves(
        "scorecard-lit-days",
        t("Lit, night by night", "逐日亮灯率"),
        t("Was any night worse than promised?", "哪一天没有达到亮灯率要求？"),
        as_written(SCORES, "lit_share", times=100, by=ZONE, where=f"{DAILY} AND \"element\" = 'municipal'"),
        unit="percent",
        steps=line_at((LIT_LEAST, RED), (LIT, AMBER)),
        high=100,
    )


def _overflow_days(t: Tongue) -> grafana.Panel:
    return curves(
        "scorecard-overflow-days",
        t("Overflow, day by day", "逐日满溢时长"),
        t("How many bin-minutes did each zone overflow on each day?", "各片区逐日满溢多少箱·分钟？"),
        as_written(SCORES, "overflow_minutes", by=ZONE, where=f"{DAILY} AND \"element\" = 'sanitation'"),
        unit="m",
        stacked=True,
        bars=True,
    )


def _air_days(t: Tongue) -> grafana.Panel:
    return curves(
        "scorecard-air-days",
        t("Toilets within the odour limit, day by day", "逐日公厕达标时长率"),
        t("Do toilets get better?", "公厕环境是否在改善？"),
        as_written(SCORES, "odour_ok_share", times=100, by=ZONE, where=f"{DAILY} AND \"element\" = 'sanitation'"),
        unit="percent",
        steps=line_at((KEPT[0], RED), (KEPT[1], AMBER)),
        high=100,
    )


def _work(t: Tongue) -> grafana.Panel:
    return curves(
        "scorecard-orders-days",
        t("Orders ended, every six hours", "结案数（每六小时）"),
        t("How much work does each zone make?", "各片区的工作量有多大？"),
        over_time(SCORES, "sum", "orders_ended", by=ZONE, where=HOURLY, each="6h"),
        bars=True,
        stacked=True,
    )
