"""Public toilets: do they smell, are they used up, is somebody waiting."""

from dashboards.board import Board
from dashboards.facts import Facts
from dashboards.influxql import drawn, newest
from dashboards.kinds import foremost, kind_board, lines
from dashboards.looks import AMBER, CALM, RED, bad_from, line_at, steps
from dashboards.panels import Thresholds, number
from dashboards.tongues import Tongue
from domain.naming import Kind

HOURLY = drawn("1h", Kind.TOILET)
NOW = drawn("5m", Kind.TOILET)
FACILITY = ("facility",)


def toilets(t: Tongue, facts: Facts) -> Board:
    """The dashboard."""
    odour, strict = facts["toilet-odour.limit"], facts["toilet-odour.limit@demonstration"]
    uses, paper, soap = facts["toilet-use.uses"], facts["paper-low.paper_level"], facts["soap-low.soap_level"]
    return kind_board(
        t,
        facts,
        "toilets",
        ("Tidewalk · public toilets", "公共厕所"),
        (Kind.TOILET,),
        [
            number(
                "toilets-ammonia",
                t("Worst ammonia", "最高氨浓度"),
                t("How bad is the worst air?", "空气最差的公厕氨浓度是多少？"),
                newest(NOW, "nh3_ppm_last", pick="max"),
                unit="ppm",
                steps=bad_from(odour, strict),
                none="—",
                decimals=2,
            ),
            number(
                "toilets-due",
                t("Due for cleaning", "待保洁"),
                t(f"How many had {uses:g} users since they were cleaned?", f"有多少公厕保洁后已达 {uses:g} 人次？"),
                newest(NOW, "people_since_clean_last", pick="count", over=f"value >= {uses:g}"),
                steps=steps(CALM, (1, AMBER)),
            ),
            number(
                "toilets-free",
                t("Free stalls", "空闲厕位"),
                t("Is there a free stall anywhere: how many?", "还有多少空闲厕位？"),
                newest(NOW, "stalls_free_last", pick="sum"),
                steps=steps(RED, (1, CALM)),
                none="—",
            ),
        ],
        [
            (
                10,
                [
                    (
                        24,
                        lines(
                            "toilets-air",
                            t("Ammonia, the worst of each hour", "氨浓度（每小时最高）"),
                            t("Which toilet smells, and since when?", "哪座公厕有异味，从何时开始？"),
                            Kind.TOILET,
                            "nh3_ppm",
                            "max",
                            by="facility",
                            marks=line_at((strict, AMBER), (odour, RED)),
                            low=0,
                        ),
                    )
                ],
            ),
            (
                9,
                [
                    (
                        8,
                        foremost(
                            t,
                            "toilets-uses",
                            t("Used since cleaned", "保洁后人次"),
                            t("Where does the cleaner go next?", "下一座该保洁哪座？"),
                            NOW,
                            "people_since_clean",
                            bad_from(uses),
                            high=uses,
                        ),
                    ),
                    (
                        8,
                        foremost(
                            t,
                            "toilets-paper",
                            t("Paper", "厕纸余量"),
                            t("Where must paper be refilled?", "哪里需要补厕纸？"),
                            NOW,
                            "paper_level",
                            _low(paper),
                            lowest=True,
                            high=100,
                        ),
                    ),
                    (
                        8,
                        foremost(
                            t,
                            "toilets-soap",
                            t("Soap", "洗手液余量"),
                            t("Where must soap be refilled?", "哪里需要补洗手液？"),
                            NOW,
                            "soap_level",
                            _low(soap),
                            lowest=True,
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
                        lines(
                            "toilets-water",
                            t("Water", "用水流量"),
                            t("Does water run where nobody is?", "无人时是否仍在流水？"),
                            Kind.TOILET,
                            "water_flow",
                            "mean",
                            by="facility",
                            low=0,
                        ),
                    ),
                    (
                        12,
                        lines(
                            "toilets-stalls",
                            t("Free stalls, the fewest of each hour", "空闲厕位（每小时最少）"),
                            t("Where and when do people queue?", "何时何地排队？"),
                            Kind.TOILET,
                            "stalls_free",
                            "min",
                            by="facility",
                            low=0,
                        ),
                    ),
                ],
            ),
        ],
    )


def _low(limit: float) -> Thresholds:
    return steps(RED, (limit, CALM))
