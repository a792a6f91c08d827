"""How facilities stand now: what the overview and every dashboard of a kind begin with."""

from collections.abc import Sequence

from grafana_foundation_sdk.models import dashboard as grafana

from dashboards.facts import Facts
from dashboards.influxql import events, facilities, outer, standing
from dashboards.looks import AMBER, CALM, RANK, RED, STANDING, STATES, UNKNOWN, names, steps
from dashboards.panels import Look, number, rows
from dashboards.target import Target
from dashboards.tongues import Tongue, code
from domain.naming import ELEMENT_ZH, Element, Kind
from domain.series import FACILITY, FACILITY_STATES

PLACES = events(FACILITY)
ALARM = f"rank = {RANK['alarm']}"
IN_HAND = f"rank >= {RANK['held']} AND rank < {RANK['alarm']}"
SILENT = f"rank = {RANK['silent']}"
NOT_WELL = f"rank >= {RANK['silent']}"


def of_kinds(kinds: Sequence[Kind]) -> str:
    """The condition that picks kinds."""
    return f'"kind" =~ /^({"|".join(kinds)})$/' if kinds else ""


def trouble(what: str, only: str, *, where: str = "") -> Target:
    """A number about the facilities of which `only` is true now."""
    return outer(PLACES, what, standing(PLACES, "rank", where=where), where=only)


def states(t: Tongue) -> list[tuple[str, str, str | None]]:
    """The words for how a facility stands, each with its colour."""
    return [(state, t(STATES[state][1], STATES[state][2]), STATES[state][0]) for state in FACILITY_STATES]


def counted(t: Tongue, slug: str, kinds: Sequence[Kind]) -> list[grafana.Panel]:
    """Three numbers of a kind: in alarm, in hand, silent."""
    chosen = of_kinds(kinds)
    return [
        number(
            f"{slug}-alarm",
            t("Nobody at it yet", "报警待处置"),
            t("How many have an alarm that nobody has taken on yet?", "有多少已报警而尚无人接单？"),
            trouble("count(rank) AS n", ALARM, where=chosen),
            steps=steps(CALM, (1, AMBER), (10, RED)),
        ),
        number(
            f"{slug}-work",
            t("In hand", "处置中"),
            t("How many does somebody look after, or have they been put on hold?", "有多少正在处置、核查或已挂账？"),
            trouble("count(rank) AS n", IN_HAND, where=chosen),
            steps=steps(CALM),
        ),
        number(
            f"{slug}-silent",
            t("Silent", "失联"),
            t("How many are we blind to?", "有多少成为盲点？"),
            trouble("count(rank) AS n", SILENT, where=chosen),
            steps=steps(CALM, (1, UNKNOWN)),
        ),
    ]


STEPS = {
    "dispatched": ("sent", "已派遣"),
    "accepted": ("accepted", "已接单"),
    "arrived": ("on site", "已到场"),
    "on_hold": ("on hold", "挂账"),
    "done": ("done, being verified", "处置完毕，核查中"),
    "verified": ("verified", "核查通过"),
    "closed": ("closed", "已结案"),
    "withdrawn": ("withdrawn", "已撤单"),
    "void": ("void", "作废"),
    "merged": ("merged", "已并案"),
}


def steps_named(t: Tongue) -> Look:
    """A column of an order's states, in words."""
    return {"mappings": names([(state, t(*words), None) for state, words in STEPS.items()])}


def rules_named(t: Tongue, facts: Facts) -> Look:
    """A column of rules, by their titles."""
    return {"mappings": names([(rule, t(*title), None) for rule, title in sorted(facts.titles.items())])}


def elements_named(t: Tongue) -> dict[str, Look]:
    """Lines of the elements, in words."""
    return {str(one): {"displayName": t(one.value, ELEMENT_ZH[one])} for one in Element}


def needing(t: Tongue, facts: Facts, key: str, kinds: Sequence[Kind] = ()) -> grafana.Panel:
    """The facilities that are not well, the worst first, and who has them in hand."""
    name, zone = f"name_{code(t)}", f"zone_{code(t)}"
    fields = ("rank", name, zone, "state", "rule", "priority", "case", "step", "crew")
    inner = standing(PLACES, *fields, where=of_kinds(kinds))
    state = {"mappings": names(states(t)), "custom.cellOptions": {"type": "color-background", "mode": "basic"}}
    return rows(
        key,
        t("Not well", "需要处置"),
        t("What needs somebody, and who has it?", "哪些设施需要处置，由谁在办？"),
        facilities(PLACES, fields, inner, where=NOT_WELL),
        heads={
            "state": t("State", "状态"),
            "rank": t("Rank", "程度"),
            name: t("What", "设施"),
            zone: t("Zone", "片区"),
            "rule": t("Alarm", "告警"),
            "priority": t("Priority", "紧急程度"),
            "case": t("Case", "案号"),
            "step": t("Step", "环节"),
            "crew": t("Crew", "班组"),
            "facility": t("Id", "编号"),
        },
        looks={
            "state": {**state, "custom.width": 90, "thresholds": STANDING},
            "rank": {"custom.width": 70},
            "priority": {"custom.width": 90},
            "rule": rules_named(t, facts),
            "step": steps_named(t),
        },
        by="rank",
        none=t("All is well", "一切正常"),
    )
