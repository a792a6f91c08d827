"""Bins: which are full, which will be, and how long they overflowed."""

from dashboards.board import Board
from dashboards.facts import Facts
from dashboards.influxql import drawn, events, newest, over_time
from dashboards.kinds import foremost, kind_board, lines
from dashboards.looks import AMBER, CALM, RED, bad_from, line_at, steps
from dashboards.panels import curves, number
from dashboards.tongues import Tongue
from domain.naming import Kind
from domain.series import KPI

HOURLY = drawn("1h", Kind.BIN)
NOW = drawn("5m", Kind.BIN)
SCORES = events(KPI)


def bins(t: Tongue, facts: Facts) -> Board:
    """The dashboard."""
    full, due, fire = facts["bin-full.fill_level"], facts["bin-due.due"], facts["bin-fire.bin_temperature"]
    marks = steps(CALM, (due, AMBER), (full, RED))
    return kind_board(
        t,
        facts,
        "bins",
        ("Tidewalk · bins", "果皮箱"),
        (Kind.BIN,),
        [
            number(
                "bins-full",
                t("Full", "已满"),
                t(f"How many bins stand at {full:g} % or more?", f"有多少果皮箱满溢度达到 {full:g}%？"),
                newest(NOW, "fill_level_last", pick="count", over=f"value >= {full:g}"),
                steps=bad_from(1),
            ),
            number(
                "bins-due",
                t("Due for the next round", "待收"),
                t(
                    f"How many are at {due:g} % and more, for the next round?",
                    f"有多少达到 {due:g}%，应列入下一趟清运？",
                ),
                newest(NOW, "fill_level_last", pick="count", over=f"value >= {due:g}"),
                steps=steps(CALM, (1, AMBER)),
            ),
            number(
                "bins-hottest",
                t("Hottest", "最高箱温"),
                t("Does a bin burn: how hot is the hottest?", "是否有果皮箱起火：最高箱内温度是多少？"),
                newest(NOW, "bin_temperature_last", pick="max"),
                unit="celsius",
                steps=bad_from(fire),
                none="—",
                decimals=0,
            ),
        ],
        [
            (
                10,
                [
                    (
                        10,
                        foremost(
                            t,
                            "bins-fullest",
                            t("Fullest", "最满的十个"),
                            t("Which bins must be emptied first?", "先清运哪些果皮箱？"),
                            NOW,
                            "fill_level",
                            marks,
                            high=100,
                        ),
                    ),
                    (
                        14,
                        lines(
                            "bins-level",
                            t("Level by zone, the fullest of each hour", "各片区满溢度（每小时最满者）"),
                            t("When do zones fill up, and do rounds come in time?", "各片区何时装满，清运是否及时？"),
                            Kind.BIN,
                            "fill_level",
                            "max",
                            marks=line_at((due, AMBER), (full, RED)),
                            low=0,
                            high=100,
                        ),
                    ),
                ],
            ),
            (
                8,
                [
                    (
                        12,
                        curves(
                            "bins-overflow",
                            t("Overflow", "满溢时长"),
                            t(
                                f"How many bin-minutes at {full:g} % or more did each zone have in each hour?",
                                f"各片区每小时满溢（≥{full:g}%）多少箱·分钟？",
                            ),
                            over_time(SCORES, "sum", "overflow_minutes", by=("zone",), where=_KPI, each="1h"),
                            unit="m",
                            stacked=True,
                            bars=True,
                        ),
                    ),
                    (
                        12,
                        lines(
                            "bins-temperature",
                            t("Hottest bin of each zone", "各片区最高箱温"),
                            t("Is it the sun, or a fire?", "是日晒还是起火？"),
                            Kind.BIN,
                            "bin_temperature",
                            "max",
                            marks=line_at((fire, RED)),
                        ),
                    ),
                ],
            ),
        ],
    )


_KPI = "\"every\" = '1h' AND \"element\" = 'sanitation'"
