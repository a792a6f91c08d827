"""What a drill came to, for people and for programs: lines of a table, a page of Markdown, a line of JSON."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from domain.readings import Millis
from domain.site import Site
from services.dispatch.wording import DRILL
from services.drill.playing import Came
from services.drill.score import STEPS, CrewScore, StepScore

_HEAD: Final = ("crew", "turns", *STEPS, "escalated", "returned", "reworked", "missed")
_ALL: Final = "all together"


def line(came: Came, site: Site, report: str) -> dict[str, Any]:
    """The keys of `tidewalk drill run --json`; they stand in docs/commands.md and are stable."""
    return {
        "scenario": came.wish.scenario.name,
        "site": site.id,
        "from": _moment(came.wish.start, site),
        "until": _moment(came.until, site),
        "crews": came.wish.crews,
        "published": came.published,
        "alarms": came.alarms,
        "orders": len(came.orders),
        "endings": _endings(came),
        "score": [one.line() for one in came.score[:-1]],
        "all": came.score[-1].line(),
        "report": report,
    }


def rows(score: Sequence[CrewScore], site: Site | None = None) -> list[tuple[str, ...]]:
    """The table, its head first; with the names of crews where the site is given. A step is told as how many of how
    many were in time, and the median of minutes to it.
    """
    found: list[tuple[str, ...]] = [_HEAD]
    for one in score:
        crew = site.crews.get(one.crew) if site is not None else None
        name = f"{one.crew} {crew.name.zh}" if crew is not None else one.crew or _ALL
        counts = (one.escalations, one.returns, one.reworks, one.missed)
        found.append((name, str(one.turns), *(_told(one.steps[step]) for step in STEPS), *map(str, counts)))
    return found


def page(came: Came, site: Site) -> str:
    """The report, as Markdown."""
    return "\n".join(_lines(came, site)) + "\n"


def _lines(came: Came, site: Site) -> Iterator[str]:
    scenario = came.wish.scenario
    yield f"# {DRILL}{scenario.title.zh} {scenario.title.en}, {site.name.zh} {site.name.en}"
    yield ""
    yield f"{scenario.shows} No sensor was at work and nobody was in danger: all readings were made up."
    yield ""
    yield f"- From {_moment(came.wish.start, site)} to {_moment(came.until, site)}, crews {came.wish.crews}."
    if came.until < came.wish.until:
        yield f"- It was ended before its time, which was {_moment(came.wish.until, site)}."
    told = ", ".join(f"{many} {state}" for state, many in _endings(came).items()) or "none"
    yield f"- {came.alarms} alarms, {len(came.orders)} orders: {told}."
    yield ""
    yield "## How each crew did"
    yield ""
    head, *body = rows(came.score, site)
    yield _row(head)
    yield "|" + "---|" * len(head)
    yield from map(_row, body)
    yield ""
    yield "A turn is an order in one crew's hands. A step is told as how many of those that could be judged were in"
    yield "time, and the median of minutes to it, over all that were taken. A turn is missed where a limit passed and"
    yield "the step was never taken."
    yield ""
    yield "## Orders"
    yield ""
    yield _row(("case", "priority", "what", "where", "crew", "state", "late", "returned", "reworked"))
    yield "|" + "---|" * 9
    for order in sorted(came.orders, key=lambda one: (one.opened, one.id)):
        late = "yes" if order.overdue or order.escalated else ""
        what, crew = f"{order.plan.title.zh} {order.plan.title.en}", order.crew
        ending = f"{order.state} by {order.closed_by}" if order.closed_by else str(order.state)
        counts = (late, str(len(order.declined)), str(order.reworks))
        yield _row((order.case, str(order.priority), what, order.facility, crew, ending, *counts))


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def _told(step: StepScore) -> str:
    judged = f"{step.in_time}/{step.judged}" if step.judged else ""
    minutes = "" if step.median_minutes is None else f"{step.median_minutes:g} min"
    return ", ".join(filter(None, (judged, minutes))) or "–"


def _endings(came: Came) -> dict[str, int]:
    return dict(Counter(str(order.state) for order in came.orders).most_common())


def _moment(at: Millis, site: Site) -> str:
    return datetime.fromtimestamp(at / 1000, ZoneInfo(site.timezone)).isoformat(timespec="minutes")
