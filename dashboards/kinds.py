"""What the dashboards of the kinds have in common: how they stand, where, and what is not well."""

from collections.abc import Sequence

from grafana_foundation_sdk.models import dashboard as grafana

from dashboards.board import ACROSS, Board, Row
from dashboards.facts import Facts
from dashboards.influxql import Store, drawn, drawn_by_zone, facilities, newest, over_time, standing
from dashboards.panels import chart, curves, rows
from dashboards.standing import PLACES, counted, needing, of_kinds
from dashboards.tongues import Tongue
from dashboards.units import unit_of
from domain.naming import QUANTITIES, Kind
from domain.series import part_of


def kind_board(
    t: Tongue,
    facts: Facts,
    slug: str,
    title: tuple[str, str],
    kinds: Sequence[Kind],
    numbers: Sequence[grafana.Panel],
    middle: Sequence[Row],
) -> Board:
    """A dashboard of a kind: three numbers that all have and none or three of its own, what is measured, what is not
    well.
    """
    first = [*counted(t, slug, kinds), *numbers]
    return Board(
        slug=slug,
        title=title,
        rows=[
            (5, [(ACROSS // len(first), panel) for panel in first]),
            *middle,
            (11, [(10, _map(t, slug, kinds)), (14, needing(t, facts, f"{slug}-needing", kinds))]),
        ],
        kinds=tuple(kinds),
    )


def lines(
    key: str,
    title: str,
    question: str,
    kind: Kind,
    quantity: str,
    part: str,
    *,
    by: str = "zone",
    marks: grafana.ThresholdsConfig | None = None,
    low: float | None = None,
    high: float | None = None,
) -> grafana.Panel:
    """A quantity over time, from the hourly roll-up, in its own unit: its `part` (mean, min or max) of each zone, or of
    each facility.
    """
    store = drawn_by_zone(kind) if by == "zone" else drawn("1h", kind)
    ask = over_time(store, part, part_of(quantity, part), by=(by,))
    return curves(key, title, question, ask, unit=unit_of(quantity), steps=marks, low=low, high=high)


def foremost(
    t: Tongue,
    key: str,
    title: str,
    question: str,
    store: Store,
    quantity: str,
    marks: grafana.ThresholdsConfig,
    *,
    lowest: bool = False,
    low: float | None = 0,
    high: float | None = None,
    part: str = "last",
) -> grafana.Panel:
    """The ten facilities with the highest newest value of a quantity, or the lowest."""
    gauge = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
    look: dict[str, object] = {"custom.cellOptions": gauge, "min": low}
    if high is not None:
        look["max"] = high
    return rows(
        key,
        title,
        question,
        newest(store, f"{quantity}_{part}", pick="bottom" if lowest else "top", most=10),
        heads={
            "facility": t("Facility", "设施"),
            "zone": t("Zone", "片区"),
            "value": t(quantity.replace("_", " "), QUANTITIES[quantity].zh),
        },
        looks={"value": look},
        by="value",
        rising=lowest,
        unit=unit_of(quantity),
        steps=marks,
    )


def _map(t: Tongue, slug: str, kinds: Sequence[Kind]) -> grafana.Panel:
    fields = ("rank", "lat", "lon", "state", "rule")
    return chart(
        f"{slug}-map",
        t("Where", "分布"),
        t("Where are they, and which are not well?", "它们在哪里，哪些不正常？"),
        facilities(PLACES, fields, standing(PLACES, *fields, where=of_kinds(kinds))),
        place=("lat", "lon"),
        state="rank",
    )
