"""Bins: which are full, which will be, and how long they overflowed."""

from grafana_foundation_sdk.models import dashboard as grafana

from dashboards.board import Board, row
from dashboards.facts import Facts
from dashboards.influxql import events, over_time
from dashboards.kinds import Things, kind_board
from dashboards.looks import AMBER, CALM, RED, bad_from, line_at, steps
from dashboards.panels import curves
from dashboards.tongues import Tongue
from domain.naming import Kind
from domain.series import KPI

HOURLY = "\"every\" = '1h' AND \"element\" = 'sanitation'"


def bins(t: Tongue, facts: Facts) -> Board:
    """The dashboard."""
    ours = Things(t, "bins", Kind.BIN)
    return kind_board(
        t,
        facts,
        "bins",
        ("Tidewalk · bins", "果皮箱"),
        (Kind.BIN,),
        _numbers(ours, facts),
        [
            row(10, *_levels(ours, facts), wide=(10, 14)),
            row(8, _overflow(t, facts), _heat(ours, facts)),
        ],
    )


def _numbers(ours: Things, facts: Facts) -> list[grafana.Panel]:
    full, due = facts["bin-full.fill_level"], facts["bin-due.due"]
    return [
        ours.now(
            "full",
            ("Full", "已满"),
            (f"How many bins stand at {full:g} % or more?", f"有多少果皮箱满溢度达到 {full:g}%？"),
            "fill_level",
            "count",
            over=f"value >= {full:g}",
            marks=bad_from(1),
        ),
        ours.now(
            "due",
            ("Due for the next round", "待收"),
            (f"How many are at {due:g} % and more, for the next round?", f"有多少达到 {due:g}%，应列入下一趟清运？"),
            "fill_level",
            "count",
            over=f"value >= {due:g}",
            marks=steps(CALM, (1, AMBER)),
        ),
        ours.now(
            "hottest",
            ("Hottest", "最高箱温"),
            ("Does a bin burn: how hot is the hottest?", "是否有果皮箱起火：最高箱内温度是多少？"),
            "bin_temperature",
            "max",
            marks=bad_from(facts["bin-fire.bin_temperature"]),
            decimals=0,
        ),
    ]


def _levels(ours: Things, facts: Facts) -> list[grafana.Panel]:
    due, full = (facts["bin-due.due"], AMBER), (facts["bin-full.fill_level"], RED)
    return [
        ours.foremost(
            "fullest",
            ("Fullest", "最满的十个"),
            ("Which bins must be emptied first?", "先清运哪些果皮箱？"),
            "fill_level",
            marks=steps(CALM, due, full),
            high=100,
        ),
        ours.lines(
            "level",
            ("Level by zone, the fullest of each hour", "各片区满溢度（每小时最满者）"),
            ("When do zones fill up, and do rounds come in time?", "各片区何时装满，清运是否及时？"),
            "fill_level",
            "max",
            marks=line_at(due, full),
            low=0,
            high=100,
        ),
    ]


def _overflow(t: Tongue, facts: Facts) -> grafana.Panel:
    full = facts["bin-full.fill_level"]
    return curves(
        "bins-overflow",
        t("Overflow", "满溢时长"),
        t(
            f"How many bin-minutes at {full:g} % or more did each zone have in each hour?",
            f"各片区每小时满溢（≥{full:g}%）多少箱·分钟？",
        ),
        over_time(events(KPI), "sum", "overflow_minutes", by=("zone",), where=HOURLY, each="1h"),
        unit="m",
        stacked=True,
        bars=True,
    )


def _heat(ours: Things, facts: Facts) -> grafana.Panel:
    return ours.lines(
        "temperature",
        ("Hottest bin of each zone", "各片区最高箱温"),
        ("Is it the sun, or a fire?", "是日晒还是起火？"),
        "bin_temperature",
        "max",
        marks=line_at((facts["bin-fire.bin_temperature"], RED)),
    )
