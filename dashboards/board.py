"""What every dashboard has: its name and id, variables, notes, links, and panels put into rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, cast

from grafana_foundation_sdk.models import dashboard as grafana

from dashboards.influxql import NODES, ZONES, events, points, values_of
from dashboards.looks import AMBER, RED, names
from dashboards.panels import override
from dashboards.target import SOURCES, Link, Note, Variable
from dashboards.tongues import Tongue, code
from domain.naming import Kind
from domain.series import ALARM, EVENTS, ORDER
from domain.site import Name

Row = tuple[int, Sequence[tuple[int, grafana.Panel]]]  # height, then width and panel from left to right; widths are 24

SCHEMA: Final = 41  # Grafana 12.1's; newer ones bring it up to date when they read it
PAGE: Final = "http://localhost:8090"  # where operators' browsers find Tidewalk's own page
ACROSS: Final = 24
_RANGE: Final = "${__url_time_range}"
_EVERYTHING: Final = ".*"


@dataclass(frozen=True)
class Board:
    """One dashboard, before it is put together. `slug` is for ever: its address is made of it."""

    slug: str
    title: tuple[str, str]
    rows: Sequence[Row]
    since: str = "now-24h"
    refresh: str = "1m"
    kinds: tuple[Kind, ...] = ()  # whose facilities can be chosen; none: all
    variables: tuple[str, ...] = ("zone", "node", "facility")
    one: bool = False  # one facility is chosen, never several
    notes: str = ""  # what alarms and orders must be, to be noted on the curves
    noted: bool = True
    more: tuple[grafana.VariableModel, ...] = field(default=())


def row(high: int, *panels: grafana.Panel, wide: Sequence[int] = ()) -> Row:
    """Panels side by side, from left to right: all of one width, or `wide`."""
    return high, list(zip(wide or [ACROSS // len(panels)] * len(panels), panels, strict=True))


def uid(slug: str, tongue: Tongue) -> str:
    """The id of a dashboard, and the last part of its address."""
    return f"tidewalk-{slug}-{code(tongue)}"


def facility_link(tongue: Tongue, facility: str) -> Link:
    """To the dashboard of one facility. `facility` is how Grafana finds its id: `${__data.fields.facility}` …"""
    return Link(
        title=tongue("This facility", "该设施"),
        url=f"/d/{uid('facility', tongue)}?var-facility={facility}&{_RANGE}",
        type_val=grafana.DashboardLinkType.LINK,
    )


def page_link(tongue: Tongue) -> Link:
    """To Tidewalk's own page."""
    return Link(
        title=tongue("Tidewalk's live page", "Tidewalk 实时页面"),
        url=f"${{page}}/?lang={code(tongue)}",
        type_val=grafana.DashboardLinkType.LINK,
        target_blank=True,
    )


def assembled(
    board: Board,
    tongue: Tongue,
    others: Sequence[tuple[str, str]],
    *,
    page: str = PAGE,
    called: Mapping[str, Mapping[str, Name]] | None = None,
) -> grafana.Dashboard:
    """The dashboard. `others` are slug and title of all dashboards, which it links to; `called`: as in `Facts`."""
    return grafana.Dashboard(
        uid=uid(board.slug, tongue),
        title=tongue(*board.title),
        tags=["tidewalk", f"tidewalk-{code(tongue)}"],
        schema_version=SCHEMA,
        editable=True,
        graph_tooltip=grafana.DashboardCursorSync.CROSSHAIR,
        refresh=board.refresh,
        time=grafana.DashboardDashboardTime(board.since, "now"),
        timezone="browser",
        templating=grafana.DashboardDashboardTemplating([*_variables(board, tongue), *board.more, _page(page)]),
        annotations=grafana.AnnotationContainer(cast(Any, _notes(board, tongue))),
        links=_links(board, tongue, others),
        panels=list(_placed(board, tongue, called or {})),
    )


def _placed(board: Board, tongue: Tongue, called: Mapping[str, Mapping[str, Name]]) -> list[grafana.Panel]:
    placed, top = [], 0
    for high, panels in board.rows:
        if sum(wide for wide, _ in panels) != ACROSS:
            raise ValueError(f"{board.slug}: the row at {top} is not {ACROSS} wide")
        left = 0
        for wide, panel in panels:
            panel.grid_pos = grafana.GridPos(h=high, w=wide, x=left, y=top)
            panel.links = [facility_link(tongue, "${facility:text}"), page_link(tongue)]
            _linked(panel, tongue)
            _called(panel, tongue, called)
            placed.append(panel)
            left += wide
        top += high
    numbers = sorted(cast(int, panel.id_val) for panel in placed)
    if any(a == b for a, b in pairwise(numbers)):
        raise ValueError(f"{board.slug}: two panels have one number")
    return placed


def _linked(panel: grafana.Panel, tongue: Tongue) -> None:
    """From what a panel shows of one facility to that facility."""
    table = panel.type_val in ("table", "geomap")
    asked = " ".join(cast(Any, target).query if table else cast(Any, target).alias for target in panel.targets or ())
    if ("facility" if table else "$tag_facility") not in asked or panel.field_config is None:
        return
    defaults = panel.field_config.defaults
    name = "${__data.fields.facility}" if table else "${__field.labels.facility}"
    defaults.links = [facility_link(tongue, name)]


def _called(panel: grafana.Panel, tongue: Tongue, called: Mapping[str, Mapping[str, Name]]) -> None:
    """Lines of zones and crews, and columns of them, have their names."""
    lines = {cast(Any, target).alias for target in panel.targets or ()}
    renamed = [cast(Any, one.options).get("renameByName", {}) for one in panel.transformations or ()]
    for tag, ones in called.items():
        said = [(one, tongue(name.en, name.zh)) for one, name in ones.items()]
        found = [override(one, {"displayName": name}) for one, name in said if f"$tag_{tag}" in lines]
        values = names([(one, name, None) for one, name in said])
        found += [override(heads[tag], {"mappings": values}) for heads in renamed if tag in heads]
        if panel.field_config is not None:
            panel.field_config.overrides += found


def _variables(board: Board, tongue: Tongue) -> list[grafana.VariableModel]:
    kinds = "|".join(board.kinds)
    ours = f'"kind" =~ /^({kinds})$/' if kinds else ""
    asked = {
        "zone": (tongue("Zone", "片区"), "zone", ours),
        "node": (tongue("Place", "节点"), "node", _all(ours, ZONES)),
        "facility": (tongue("Facility", "设施"), "facility", _all(ours, ZONES, NODES)),
    }
    return [_variable(name, *asked[name], one=board.one and name == "facility") for name in board.variables]


def _all(*conditions: str) -> str:
    return " AND ".join(filter(None, conditions))


def _variable(name: str, label: str, tag: str, where: str, *, one: bool) -> grafana.VariableModel:
    query = values_of(tag, where=where)
    return Variable(
        type_val=grafana.VariableType.QUERY,
        name=name,
        label=label,
        datasource=SOURCES[EVENTS],
        query=query,
        refresh=grafana.VariableRefresh.ON_TIME_RANGE_CHANGED,
        sort=grafana.VariableSort.ALPHABETICAL_CASE_INSENSITIVE_ASC,
        multi=not one,
        include_all=not one,
        all_value=None if one else _EVERYTHING,
        current=None if one else grafana.VariableOption(text="All", value="$__all"),
        options=[],
    )


def _page(page: str) -> grafana.VariableModel:
    return Variable(
        type_val=grafana.VariableType.CONSTANT,
        name="page",
        hide=grafana.VariableHide.HIDE_VARIABLE,
        query=page,
        current=grafana.VariableOption(text=page, value=page),
        skip_url_sync=True,
    )


def _notes(board: Board, tongue: Tongue) -> list[Note]:
    if not board.noted:
        return []
    title, name = f"title_{code(tongue)}", f"name_{code(tongue)}"
    facility = '"facility" =~ /^${facility:regex}$/' if "facility" in board.variables else ""
    kinds = f'"kind" =~ /^({"|".join(board.kinds)})$/' if board.kinds else ""
    opened = points(events(ALARM), title, name, "facility", "rule", where=_all("\"state\" = 'open'", kinds, facility))
    # Not its crew: a new order has none, and Grafana leaves out a note with an empty column.
    sent = points(events(ORDER), title, name, "facility", "rule", where=_all("\"before\" = ''", kinds, facility))
    shown = bool(board.kinds) or board.one
    return [
        Note(tongue("Alarms", "告警"), RED, opened.query, title, f"{name},facility,rule", shown=shown),
        Note(tongue("Orders", "工单"), AMBER, sent.query, title, f"{name},facility,rule", shown=shown),
    ]


def _links(board: Board, tongue: Tongue, others: Sequence[tuple[str, str]]) -> list[grafana.DashboardLink]:
    def to(slug: str, title: str) -> Link:
        return Link(
            title=title,
            url=f"/d/{slug}",
            type_val=grafana.DashboardLinkType.LINK,
            include_vars=True,
            keep_time=True,
        )

    across = tongue("zh", "en")
    return [
        *(to(uid(slug, tongue), title) for slug, title in others if slug != board.slug),
        to(f"tidewalk-{board.slug}-{across}", tongue("中文", "English")),
        page_link(tongue),
    ]
