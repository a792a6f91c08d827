"""Green beds: which are dry, salty, or watered without end."""

from grafana_foundation_sdk.models import dashboard as grafana

from dashboards.board import Board, row
from dashboards.facts import Facts
from dashboards.kinds import Things, kind_board
from dashboards.looks import NEVER, RED, bad_from, line_at
from dashboards.tongues import Tongue
from domain.naming import Kind


def greening(t: Tongue, facts: Facts) -> Board:
    """The dashboard."""
    ours = Things(t, "greening", Kind.GREEN)
    return kind_board(
        t,
        facts,
        "greening",
        ("Tidewalk · greening", "园林绿化"),
        (Kind.GREEN,),
        _numbers(ours, facts),
        [row(10, *_moisture(ours), wide=(10, 14)), row(8, _salt(ours, facts), _valves(ours), _frost(ours))],
    )


def _numbers(ours: Things, facts: Facts) -> list[grafana.Panel]:
    return [
        ours.now(
            "driest",
            ("Driest bed", "最干绿地"),
            (
                "By its rule each bed has its own limit, a share of its field capacity: how dry is the driest?",
                "规则按各绿地自身田间持水量判定：最干的含水率是多少？",
            ),
            "soil_moisture",
            "min",
            marks=NEVER,
            decimals=0,
        ),
        ours.now(
            "saltiest",
            ("Saltiest bed", "最咸绿地"),
            ("Has the sea salted a bed: how salty is the worst?", "海水是否使土壤盐渍化：最高电导率是多少？"),
            "soil_ec",
            "max",
            marks=bad_from(facts["bed-salt.soil_ec"], facts["bed-salt.soil_ec.clear"]),
            decimals=1,
        ),
        ours.now(
            "watered",
            ("Valves open", "正在浇灌"),
            ("How many beds are being watered?", "有多少绿地正在浇灌？"),
            "valve_open_pct",
            "count",
            over="value > 0",
            marks=NEVER,
        ),
    ]


def _moisture(ours: Things) -> list[grafana.Panel]:
    return [
        ours.foremost(
            "dry",
            ("Driest", "最干的十处"),
            ("Which beds must be watered first?", "先浇哪些绿地？"),
            "soil_moisture",
            marks=NEVER,
            lowest=True,
            high=50,
        ),
        ours.lines(
            "moisture",
            ("Soil moisture", "土壤含水率"),
            ("Which bed dries out, and did watering help?", "哪处绿地在变干，浇灌是否有效？"),
            "soil_moisture",
            "mean",
            by="facility",
            low=0,
        ),
    ]


def _salt(ours: Things, facts: Facts) -> grafana.Panel:
    return ours.lines(
        "salt",
        ("Soil salinity", "土壤电导率"),
        ("Does salt rise after a high tide or a storm?", "高潮或风暴后盐分是否上升？"),
        "soil_ec",
        "max",
        by="facility",
        marks=line_at((facts["bed-salt.soil_ec"], RED)),
        low=0,
    )


def _valves(ours: Things) -> grafana.Panel:
    return ours.lines(
        "valves",
        ("Valves", "阀门开度"),
        ("When was which bed watered?", "何时浇灌了哪处绿地？"),
        "valve_open_pct",
        "max",
        by="facility",
        low=0,
        high=100,
    )


def _frost(ours: Things) -> grafana.Panel:
    return ours.lines(
        "temperature",
        ("Soil temperature by zone", "各片区土壤温度"),
        ("Is there frost in the ground?", "土壤是否结冻？"),
        "soil_temp",
        "min",
    )
