"""One panel as SVG or HTML. What colours are the page's own are CSS variables: it is dark or light as its reader."""

from collections.abc import Callable, Mapping
from html import escape
from math import cos, radians
from typing import Any, Final

from dashboards.preview.answers import Cell, Json, arranged, rows_of
from dashboards.preview.common import Answers, Scene, defaults, lines, look, mapped, nothing, steps
from dashboards.preview.curves import curves, ribbons
from dashboards.preview.numbers import clock, colour_of, told

_ROW: Final = 25
_OURS: Final = ("Id", "编号")  # what links need and people do not


def drawn(panel: Json, answers: Answers, scene: Scene) -> str:
    """The inside of a panel."""
    return DRAWN[panel["type"]](panel, answers, scene)


def _number(panel: Json, answers: Answers, scene: Scene) -> str:
    values = [value for line in lines(panel, answers) for _, value in line.points if not isinstance(value, str)]
    summed = "sum" in panel["options"]["reduceOptions"]["calcs"]
    value = None if not values else float(sum(v or 0 for v in values)) if summed else values[-1]
    looks = defaults(panel)
    if value is None:
        text, number = looks.get("noValue", "—"), 0.0 if looks.get("noValue") == "0" else None
    else:
        number = float(value)
        named = mapped(panel, number)
        text = named[0] if named else told(number, looks.get("unit", "none"), looks.get("decimals"))
    colour = colour_of(number, steps(panel)) if number is not None else "var(--quiet)"
    ground = panel["options"]["colorMode"].startswith("background")
    style = f"background:{colour};color:#fff" if ground else f"color:{colour}"
    size = min(scene.high * 0.62, scene.wide / max(len(text), 3) * 1.5, 84)
    return f'<div class="number" style="{style};font-size:{size:.0f}px">{escape(text)}</div>'


def _table(panel: Json, answers: Answers, scene: Scene) -> str:
    heads, cells = arranged(panel, rows_of(answers[0]))
    if not cells:
        return nothing(panel)
    kept = [n for n, head in enumerate(heads) if head not in _OURS]
    room = max(1, (scene.high - 30) // _ROW)
    looks = {n: look(panel, heads[n]) for n in kept}
    told_heads = "".join(f"<th>{escape(heads[n])}</th>" for n in kept)
    body = "".join(f"<tr>{''.join(_cell(panel, row[n], looks[n], scene) for n in kept)}</tr>" for row in cells[:room])
    more = f'<div class="more">+{len(cells) - room}</div>' if len(cells) > room else ""
    return f"<table><tr>{told_heads}</tr>{body}</table>{more}"


def _cell(panel: Json, value: Cell, own: Mapping[str, Any], scene: Scene) -> str:
    named = mapped(panel, value, own)
    unit = own.get("unit", defaults(panel).get("unit", "none"))
    cell = own.get("custom.cellOptions", {}).get("type", "")
    if named is not None and not named[1]:
        return f"<td>{escape(named[0])}</td>"
    if named is not None:
        return f'<td><b class="mark" style="background:{named[1]}">{escape(named[0])}</b></td>'
    if value is None or value == "":
        return "<td></td>"
    if isinstance(value, str | bool):
        return f"<td>{escape(str(value))}</td>"
    if unit == "dateTimeAsLocal" or value > 1e12:
        day, hour = clock(int(value), scene.zone, days=True), clock(int(value), scene.zone)
        return f"<td>{day} {hour if hour != day else '00:00'}</td>"
    text = escape(told(value, unit, own.get("decimals")))
    marks = own.get("thresholds", defaults(panel).get("thresholds", {})).get("steps", ())
    colour = colour_of(value, marks)
    if cell == "gauge":
        low, high = own.get("min", 0) or 0, own.get("max") or value or 1
        share = min(max((value - low) / ((high - low) or 1), 0), 1)
        bar = f'<i class="gauge"><i style="width:{100 * share:.0f}%;background:{colour}"></i></i>'
        return f'<td class="gauged">{bar}<span>{text}</span></td>'
    if cell == "color-text":
        return f'<td class="count" style="color:{colour}">{text}</td>'
    return f'<td class="count">{text}</td>'


def _gauges(panel: Json, answers: Answers, scene: Scene) -> str:
    found = [line for line in lines(panel, answers) if not isinstance(line.last, str | None)]
    if not found:
        return nothing(panel)
    looks = defaults(panel)
    high = looks.get("max") or max(float(line.last or 0) for line in found) or 1
    tall = min(46, max(18, (scene.high - 8) // len(found)))
    rows = []
    for line in found[: max(1, scene.high // tall)]:
        value = float(line.last or 0)
        text = told(value, looks.get("unit", "none"), looks.get("decimals"))
        share = min(max(value / high, 0), 1)
        rows.append(
            f'<div class="bar" style="height:{tall}px"><span>{escape(line.name)}</span><i><i style="width:'
            f'{100 * share:.1f}%;background:{colour_of(value, steps(panel))}"></i></i><b>{escape(text)}</b></div>'
        )
    return f'<div class="bars">{"".join(rows)}</div>'


def _map(panel: Json, answers: Answers, scene: Scene) -> str:
    layer = panel["options"]["layers"][0]
    lat, lon = layer["location"]["latitude"], layer["location"]["longitude"]
    by = layer["config"]["style"]["color"]["field"]
    rows = [row for row in rows_of(answers[0]) if isinstance(row.get(lat), float) and isinstance(row.get(lon), float)]
    if not rows:
        return nothing(panel)
    places = sorted(((float(r[lon] or 0), float(r[lat] or 0), float(r.get(by) or 0)) for r in rows), key=lambda p: p[2])
    middle = sum(p[1] for p in places) / len(places)
    squeeze = cos(radians(middle))
    west, east = (f(p[0] * squeeze for p in places) for f in (min, max))
    south, north = (f(p[1] for p in places) for f in (min, max))
    scale = min((scene.wide - 50) / ((east - west) or 1e-3), (scene.high - 50) / ((north - south) or 1e-3))
    across, up = (east + west) / 2, (north + south) / 2
    dots = "".join(
        f'<circle cx="{scene.wide / 2 + (x * squeeze - across) * scale:.1f}"'
        f' cy="{scene.high / 2 - (y - up) * scale:.1f}" r="{3.5 if rank <= 1 else 6}"'
        f' fill="{colour_of(rank, steps(panel))}" fill-opacity="{0.75 if rank <= 1 else 0.95}"/>'
        for x, y, rank in places
    )
    return f'<svg class="map" width="{scene.wide}" height="{scene.high}">{dots}</svg>'


DRAWN: Final[dict[str, Callable[[Json, Answers, Scene], str]]] = {
    "stat": _number,
    "timeseries": curves,
    "table": _table,
    "bargauge": _gauges,
    "state-timeline": ribbons,
    "geomap": _map,
}
