"""Lights and their circuits: what is dark that should be lit (亮灯率), what burns by day, what is dangerous."""

from dashboards.board import Board
from dashboards.facts import Facts
from dashboards.influxql import drawn, events, newest, share_in_range, share_over_time
from dashboards.kinds import foremost, kind_board, lines
from dashboards.looks import AMBER, RED, bad_below, bad_from, line_at
from dashboards.panels import curves, number
from dashboards.tongues import Tongue
from domain.naming import Kind
from domain.series import KPI

LAMPS = drawn("5m", Kind.LIGHT)
LAMPS_HOURLY = drawn("1h", Kind.LIGHT)
CIRCUITS = drawn("1h", Kind.FEEDER)
SCORES = events(KPI)
KINDS = (Kind.LIGHT, Kind.FEEDER, Kind.CABINET)
LIT, LIT_LEAST = (
    98.0,
    95.0,
)  # %: targets of lighting authorities for trunk roads, and for all that stands (domain.md §2.4)
_KPI = "\"every\" = '1h' AND \"element\" = 'municipal'"


def lights(t: Tongue, facts: Facts) -> Board:
    """The dashboard."""
    leak, wet = facts["leakage.leakage_current"], facts["leakage.leakage_current.clear"]
    lean = facts["pole-leaning.tilt_deg"]
    leak_marks, lean_marks = bad_from(leak, wet), bad_from(lean, facts["pole-leaning.tilt_deg.clear"])
    return kind_board(
        t,
        facts,
        "lights",
        ("Tidewalk · lights", "照明"),
        KINDS,
        [
            number(
                "lights-lit",
                t("Lit", "亮灯率"),
                t(
                    "Of the lamp-hours that should have been lit, how many were?",
                    "应亮灯时中实际点亮的比例（亮灯率）是多少？",
                ),
                share_in_range(SCORES, "lamp_hours_lit", "lamp_hours_due", where=_KPI),
                unit="percent",
                steps=bad_below(LIT_LEAST, LIT),
                none="—",
                decimals=1,
            ),
            number(
                "lights-leak",
                t("Worst leakage", "最大漏电"),
                t("Is a pole live: what is the largest leakage current?", "是否有灯杆带电：最大漏电电流是多少？"),
                newest(LAMPS, "leakage_current_last", pick="max"),
                unit="mamp",
                steps=leak_marks,
                none="—",
                decimals=1,
            ),
            number(
                "lights-lean",
                t("Worst lean", "最大倾斜"),
                t(
                    "Does a pole threaten to fall: how far does the worst one lean?",
                    "是否有灯杆可能倾倒：最大倾角是多少？",
                ),
                newest(LAMPS, "tilt_deg_last", pick="max"),
                unit="degree",
                steps=lean_marks,
                none="—",
                decimals=1,
            ),
        ],
        [
            (
                9,
                [
                    (
                        12,
                        curves(
                            "lights-lit-by-zone",
                            t("Lit, by zone", "各片区亮灯率"),
                            t("In which zone was it dark, and when?", "哪个片区不亮，是什么时候？"),
                            share_over_time(
                                SCORES, "lamp_hours_lit", "lamp_hours_due", each="1h", by=("zone",), where=_KPI
                            ),
                            unit="percent",
                            steps=line_at((LIT_LEAST, RED), (LIT, AMBER)),
                            high=100,
                        ),
                    ),
                    (
                        12,
                        lines(
                            "lights-power",
                            t("Power of each circuit", "各回路功率"),
                            t("Does a circuit fail at night, or burn by day?", "回路是否夜间掉电或白天亮灯？"),
                            Kind.FEEDER,
                            "total_active_power",
                            "mean",
                            by="facility",
                            low=0,
                        ),
                    ),
                ],
            ),
            (
                9,
                [
                    (
                        8,
                        foremost(
                            t,
                            "lights-leakage",
                            t("Leakage current", "漏电电流"),
                            t("Which poles may be live?", "哪些灯杆可能带电？"),
                            LAMPS,
                            "leakage_current",
                            leak_marks,
                            high=leak,
                        ),
                    ),
                    (
                        8,
                        foremost(
                            t,
                            "lights-tilt",
                            t("Lean", "倾斜角"),
                            t("Which poles lean?", "哪些灯杆倾斜？"),
                            LAMPS,
                            "tilt_deg",
                            lean_marks,
                            high=lean,
                        ),
                    ),
                    (
                        8,
                        lines(
                            "lights-voltage",
                            t("Supply voltage, the lowest of each hour", "供电电压（每小时最低）"),
                            t("Does the supply sag anywhere?", "哪里电压偏低？"),
                            Kind.LIGHT,
                            "supply_voltage",
                            "min",
                        ),
                    ),
                ],
            ),
        ],
    )
