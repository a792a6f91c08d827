"""Public toilets: do they smell, are they used up, is somebody waiting."""

from grafana_foundation_sdk.models import dashboard as grafana

from dashboards.board import Board, row
from dashboards.facts import Facts
from dashboards.kinds import Things, kind_board
from dashboards.looks import AMBER, CALM, RED, bad_from, line_at, steps
from dashboards.tongues import Tongue
from domain.naming import Kind


def toilets(t: Tongue, facts: Facts) -> Board:
    """The dashboard."""
    ours = Things(t, "toilets", Kind.TOILET)
    return kind_board(
        t,
        facts,
        "toilets",
        ("Tidewalk · public toilets", "公共厕所"),
        (Kind.TOILET,),
        _numbers(ours, facts),
        [row(10, _air(ours, facts)), row(9, *_supplies(ours, facts)), row(8, *_use(ours))],
    )


def _numbers(ours: Things, facts: Facts) -> list[grafana.Panel]:
    uses = facts["toilet-use.uses"]
    return [
        ours.now(
            "ammonia",
            ("Worst ammonia", "最高氨浓度"),
            ("How bad is the worst air?", "空气最差的公厕氨浓度是多少？"),
            "nh3_ppm",
            "max",
            marks=bad_from(facts["toilet-odour.limit"], facts["toilet-odour.limit@demonstration"]),
            decimals=2,
        ),
        ours.now(
            "due",
            ("Due for cleaning", "待保洁"),
            (f"How many had {uses:g} users since they were cleaned?", f"有多少公厕保洁后已达 {uses:g} 人次？"),
            "people_since_clean",
            "count",
            over=f"value >= {uses:g}",
            marks=steps(CALM, (1, AMBER)),
        ),
        ours.now(
            "free",
            ("Free stalls", "空闲厕位"),
            ("Is there a free stall anywhere: how many?", "还有多少空闲厕位？"),
            "stalls_free",
            "sum",
            marks=steps(RED, (1, CALM)),
        ),
    ]


def _air(ours: Things, facts: Facts) -> grafana.Panel:
    odour, strict = facts["toilet-odour.limit"], facts["toilet-odour.limit@demonstration"]
    return ours.lines(
        "air",
        ("Ammonia, the worst of each hour", "氨浓度（每小时最高）"),
        ("Which toilet smells, and since when?", "哪座公厕有异味，从何时开始？"),
        "nh3_ppm",
        "max",
        by="facility",
        marks=line_at((strict, AMBER), (odour, RED)),
        low=0,
    )


def _supplies(ours: Things, facts: Facts) -> list[grafana.Panel]:
    uses = facts["toilet-use.uses"]
    low = {
        "paper": ("Paper", "厕纸余量", "Where must paper be refilled?", "哪里需要补厕纸？"),
        "soap": ("Soap", "洗手液余量", "Where must soap be refilled?", "哪里需要补洗手液？"),
    }
    return [
        ours.foremost(
            "uses",
            ("Used since cleaned", "保洁后人次"),
            ("Where does the cleaner go next?", "下一座该保洁哪座？"),
            "people_since_clean",
            marks=bad_from(uses),
            high=uses,
        ),
        *(
            ours.foremost(
                name,
                (en, zh),
                (asked, asked_zh),
                f"{name}_level",
                marks=steps(RED, (facts[f"{name}-low.{name}_level"], CALM)),
                lowest=True,
                high=100,
            )
            for name, (en, zh, asked, asked_zh) in low.items()
        ),
    ]


def _use(ours: Things) -> list[grafana.Panel]:
    return [
        ours.lines(
            "water",
            ("Water", "用水流量"),
            ("Does water run where nobody is?", "无人时是否仍在流水？"),
            "water_flow",
            "mean",
            by="facility",
            low=0,
        ),
        ours.lines(
            "stalls",
            ("Free stalls, the fewest of each hour", "空闲厕位（每小时最少）"),
            ("Where and when do people queue?", "何时何地排队？"),
            "stalls_free",
            "min",
            by="facility",
            low=0,
        ),
    ]
