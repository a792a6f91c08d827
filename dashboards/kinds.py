"""What the dashboards of the kinds have in common: how they stand, where, what they measure, and what is not well."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.models import dashboard as grafana

from dashboards.board import Board, Row, row
from dashboards.facts import Facts
from dashboards.influxql import drawn, drawn_by_zone, facilities, newest, over_time, standing
from dashboards.panels import Thresholds, chart, curves, number, rows
from dashboards.standing import PLACES, counted, needing, of_kinds
from dashboards.tongues import Said, Tongue
from dashboards.units import unit_of
from domain.naming import QUANTITIES, Kind
from domain.series import LAST, part_of

FEW_POINTS: Final = 200.0  # of a line: six hours apart in a month


def sparse(panel: grafana.Panel) -> grafana.Panel:
    """The panel, asking for few points of each line: where there may be hundreds of lines."""
    panel.max_data_points = FEW_POINTS
    return panel


def kind_board(
    t: Tongue,
    facts: Facts,
    slug: str,
    title: Said,
    kinds: Sequence[Kind],
    numbers: Sequence[grafana.Panel],
    middle: Sequence[Row],
) -> Board:
    """A dashboard of a kind: three numbers that all have and none or three of its own, what is measured, what is not
    well.
    """
    return Board(
        slug=slug,
        title=title,
        rows=[
            row(5, *counted(t, slug, kinds), *numbers),
            *middle,
            row(11, _map(t, slug, kinds), needing(t, facts, f"{slug}-needing", kinds), wide=(10, 14)),
        ],
        kinds=tuple(kinds),
    )


@dataclass(frozen=True, slots=True)
class Things:
    """The facilities of a kind, and panels of what they measure, each in the quantity's own unit. `slug` is that of
    their dashboard: with it and a name of its own each panel is known.
    """

    t: Tongue
    slug: str
    kind: Kind

    def now(
        self,
        name: str,
        title: Said,
        question: Said,
        quantity: str,
        pick: str,
        *,
        marks: Thresholds,
        over: str = "",
        decimals: int | None = None,
    ) -> grafana.Panel:
        """One number of the newest values of all: `pick` (max, sum, count …) of those of which `over` is true."""
        count = pick == "count"
        return number(
            f"{self.slug}-{name}",
            self.t(*title),
            self.t(*question),
            newest(drawn("5m", self.kind), part_of(quantity, LAST), pick=pick, over=over),
            unit="none" if count else unit_of(quantity),
            steps=marks,
            none="0" if count else "—",
            decimals=decimals,
        )

    def lines(
        self,
        name: str,
        title: Said,
        question: Said,
        quantity: str,
        part: str,
        *,
        by: str = "zone",
        marks: Thresholds | None = None,
        low: float | None = None,
        high: float | None = None,
    ) -> grafana.Panel:
        """Over time, hour by hour: the `part` (mean, min or max) of each zone, or of each facility."""
        store = drawn_by_zone(self.kind) if by == "zone" else drawn("1h", self.kind)
        ask = over_time(store, part, part_of(quantity, part), by=(by,))
        panel = curves(
            f"{self.slug}-{name}",
            self.t(*title),
            self.t(*question),
            ask,
            unit=unit_of(quantity),
            steps=marks,
            low=low,
            high=high,
        )
        return sparse(panel) if by == "facility" else panel

    def foremost(
        self,
        name: str,
        title: Said,
        question: Said,
        quantity: str,
        *,
        marks: Thresholds,
        high: float,
        lowest: bool = False,
    ) -> grafana.Panel:
        """The ten with the highest newest value, or the lowest; a full gauge is `high`."""
        gauge = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
        return self.listed(
            name,
            title,
            question,
            quantity,
            heading=(quantity.replace("_", " "), QUANTITIES[quantity].zh),
            look={"custom.cellOptions": gauge, "min": 0, "max": high},
            marks=marks,
            lowest=lowest,
        )

    def listed(
        self,
        name: str,
        title: Said,
        question: Said,
        quantity: str,
        *,
        heading: Said,
        look: dict[str, object],
        marks: Thresholds,
        most: int = 10,
        lowest: bool = False,
    ) -> grafana.Panel:
        """A table of those with the highest newest values, or the lowest."""
        pick = "bottom" if lowest else "top"
        return rows(
            f"{self.slug}-{name}",
            self.t(*title),
            self.t(*question),
            newest(drawn("5m", self.kind), part_of(quantity, LAST), pick=pick, most=most),
            heads={
                "facility": self.t("Facility", "设施"),
                "zone": self.t("Zone", "片区"),
                "value": self.t(*heading),
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
