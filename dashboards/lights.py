"""Lights and their circuits: what is dark that should be lit (亮灯率), what burns by day, what is dangerous."""

from grafana_foundation_sdk.models import dashboard as grafana

from dashboards.board import Board, row
from dashboards.facts import Facts
from dashboards.influxql import events, share
from dashboards.kinds import Things, kind_board
from dashboards.looks import AMBER, RED, bad_below, bad_from, line_at
from dashboards.panels import Thresholds, curves, number
from dashboards.tongues import Tongue
from domain.naming import Kind
from domain.series import KPI

SCORES = events(KPI)
HOURLY = "\"every\" = '1h' AND \"element\" = 'municipal'"
# %: targets of lighting authorities for trunk roads, and for all that stands (domain.md §2.4).
LIT, LIT_LEAST = 98.0, 95.0


def lights(t: Tongue, facts: Facts) -> Board:
    """The dashboard."""
    lamps, circuits = Things(t, "lights", Kind.LIGHT), Things(t, "lights", Kind.FEEDER)
    return kind_board(
        t,
        facts,
        "lights",
        ("Tidewalk · lights", "照明"),
        (Kind.LIGHT, Kind.FEEDER, Kind.CABINET),
        [_lit(t), *_dangers(lamps, facts)],
        [
            row(9, _lit_by_zone(t), _power(circuits)),
            row(9, *_dangerous(lamps, facts), _voltage(lamps)),
        ],
    )


def _live(facts: Facts) -> Thresholds:
    return bad_from(facts["leakage.leakage_current"], facts["leakage.leakage_current.clear"])


def _falling(facts: Facts) -> Thresholds:
    return bad_from(facts["pole-leaning.tilt_deg"], facts["pole-leaning.tilt_deg.clear"])


def _lit(t: Tongue) -> grafana.Panel:
    return number(
        "lights-lit",
        t("Lit", "亮灯率"),
        t("Of the lamp-hours that should have been lit, how many were?", "应亮灯时中实际点亮的比例（亮灯率）是多少？"),
        share(SCORES, "lamp_hours_lit", "lamp_hours_due", where=HOURLY),
        unit="percent",
        steps=bad_below(LIT_LEAST, LIT),
        none="—",
        decimals=1,
    )


def _dangers(lamps: Things, facts: Facts) -> list[grafana.Panel]:
    return [
        lamps.now(
            "leak",
            ("Worst leakage", "最大漏电"),
            ("Is a pole live: what is the largest leakage current?", "是否有灯杆带电：最大漏电电流是多少？"),
            "leakage_current",
            "max",
            marks=_live(facts),
            decimals=1,
        ),
        lamps.now(
            "lean",
            ("Worst lean", "最大倾斜"),
            ("Does a pole threaten to fall: how far does the worst one lean?", "是否有灯杆可能倾倒：最大倾角是多少？"),
            "tilt_deg",
            "max",
            marks=_falling(facts),
            decimals=1,
        ),
    ]


def _lit_by_zone(t: Tongue) -> grafana.Panel:
    return curves(
        "lights-lit-by-zone",
        t("Lit, by zone", "各片区亮灯率"),
        t("In which zone was it dark, and when?", "哪个片区不亮，是什么时候？"),
        share(SCORES, "lamp_hours_lit", "lamp_hours_due", each="1h", by=("zone",), where=HOURLY),
        unit="percent",
        steps=line_at((LIT_LEAST, RED), (LIT, AMBER)),
        high=100,
    )


def _power(circuits: Things) -> grafana.Panel:
    return circuits.lines(
        "power",
        ("Power of each circuit", "各回路功率"),
        ("Does a circuit fail at night, or burn by day?", "回路是否夜间掉电或白天亮灯？"),
        "total_active_power",
        "mean",
        by="facility",
        low=0,
    )


def _dangerous(lamps: Things, facts: Facts) -> list[grafana.Panel]:
    return [
        lamps.foremost(
            "leakage",
            ("Leakage current", "漏电电流"),
            ("Which poles may be live?", "哪些灯杆可能带电？"),
            "leakage_current",
            marks=_live(facts),
            high=facts["leakage.leakage_current"],
        ),
        lamps.foremost(
            "tilt",
            ("Lean", "倾斜角"),
            ("Which poles lean?", "哪些灯杆倾斜？"),
            "tilt_deg",
            marks=_falling(facts),
            high=facts["pole-leaning.tilt_deg"],
        ),
    ]


def _voltage(lamps: Things) -> grafana.Panel:
    return lamps.lines(
        "voltage",
        ("Supply voltage, the lowest of each hour", "供电电压（每小时最低）"),
        ("Does the supply sag anywhere?", "哪里电压偏低？"),
        "supply_voltage",
        "min",
    )
