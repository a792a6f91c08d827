"""Green beds: which are dry, salty, or watered without end."""

from dashboards.board import Board
from dashboards.facts import Facts
from dashboards.influxql import drawn, newest
from dashboards.kinds import foremost, kind_board, lines
from dashboards.looks import NEVER, RED, bad_from, line_at
from dashboards.panels import number
from dashboards.tongues import Tongue
from domain.naming import Kind

NOW = drawn("5m", Kind.GREEN)
HOURLY = drawn("1h", Kind.GREEN)
FACILITY = ("facility",)


def greening(t: Tongue, facts: Facts) -> Board:
    """The dashboard."""
    salt = facts["bed-salt.soil_ec"]
    return kind_board(
        t,
        facts,
        "greening",
        ("Tidewalk · greening", "园林绿化"),
        (Kind.GREEN,),
        [
            number(
                "greening-driest",
                t("Driest bed", "最干绿地"),
                t(
                    "By its rule each bed has its own limit, a share of its field capacity: how dry is the driest?",
                    "规则按各绿地自身田间持水量判定：最干的含水率是多少？",
                ),
                newest(NOW, "soil_moisture_last", pick="min"),
                unit="percent",
                steps=NEVER,
                none="—",
                decimals=0,
            ),
            number(
                "greening-saltiest",
                t("Saltiest bed", "最咸绿地"),
                t("Has the sea salted a bed: how salty is the worst?", "海水是否使土壤盐渍化：最高电导率是多少？"),
                newest(NOW, "soil_ec_last", pick="max"),
                unit="suffix: dS/m",
                steps=bad_from(salt, facts["bed-salt.soil_ec.clear"]),
                none="—",
                decimals=1,
            ),
            number(
                "greening-watered",
                t("Valves open", "正在浇灌"),
                t("How many beds are being watered?", "有多少绿地正在浇灌？"),
                newest(NOW, "valve_open_pct_last", pick="count", over="value > 0"),
                steps=NEVER,
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
                            "greening-dry",
                            t("Driest", "最干的十处"),
                            t("Which beds must be watered first?", "先浇哪些绿地？"),
                            NOW,
                            "soil_moisture",
                            NEVER,
                            lowest=True,
                            high=50,
                        ),
                    ),
                    (
                        14,
                        lines(
                            "greening-moisture",
                            t("Soil moisture", "土壤含水率"),
                            t("Which bed dries out, and did watering help?", "哪处绿地在变干，浇灌是否有效？"),
                            Kind.GREEN,
                            "soil_moisture",
                            "mean",
                            by="facility",
                            low=0,
                        ),
                    ),
                ],
            ),
            (
                8,
                [
                    (
                        8,
                        lines(
                            "greening-salt",
                            t("Soil salinity", "土壤电导率"),
                            t("Does salt rise after a high tide or a storm?", "高潮或风暴后盐分是否上升？"),
                            Kind.GREEN,
                            "soil_ec",
                            "max",
                            by="facility",
                            marks=line_at((salt, RED)),
                            low=0,
                        ),
                    ),
                    (
                        8,
                        lines(
                            "greening-valves",
                            t("Valves", "阀门开度"),
                            t("When was which bed watered?", "何时浇灌了哪处绿地？"),
                            Kind.GREEN,
                            "valve_open_pct",
                            "max",
                            by="facility",
                            low=0,
                            high=100,
                        ),
                    ),
                    (
                        8,
                        lines(
                            "greening-temperature",
                            t("Soil temperature by zone", "各片区土壤温度"),
                            t("Is there frost in the ground?", "土壤是否结冻？"),
                            Kind.GREEN,
                            "soil_temp",
                            "min",
                        ),
                    ),
                ],
            ),
        ],
    )
