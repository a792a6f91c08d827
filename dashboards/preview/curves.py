"""What panels draw over time: lines, bars, and ribbons of states."""

from collections.abc import Sequence
from html import escape
from itertools import groupby, pairwise
from typing import Final

from dashboards.preview.answers import Json, Line
from dashboards.preview.common import (
    PALETTE,
    Answers,
    Scale,
    Scene,
    defaults,
    lines,
    look,
    mapped,
    nothing,
    scale,
    steps,
)
from dashboards.preview.numbers import ticks, times, told
from domain.readings import Millis

Point = tuple[Millis, float, float]  # when, from, to

_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 10, 8, 22
_NAMES: Final = 10  # in a legend
_HOUR: Final[Millis] = 3_600_000


def curves(panel: Json, answers: Answers, scene: Scene) -> str:
    """Lines or bars."""
    found, looks = lines(panel, answers), defaults(panel)
    if not found:
        return nothing(panel)
    custom = looks.get("custom", {})
    bars, stacked = custom.get("drawStyle") == "bars", custom.get("stacking", {}).get("mode") == "normal"
    stacks = _stacked(found) if stacked else [[(at, 0.0, float(v or 0)) for at, v in line.points] for line in found]
    marks = [step for step in steps(panel) if step.get("value") is not None and step["color"] != "transparent"]
    tops = [top for points in stacks for _, _, top in points]
    low = looks.get("min", min(0.0, *tops, 0.0) if bars or stacked else min(tops))
    high = looks.get("max", max([*tops, *(step["value"] for step in marks)]))
    unit, legend = looks.get("unit", "none"), _legend(panel, found)
    high = high if high > low else low + 1
    axis = ticks(low, high, unit, whole=all(top == int(top) for top in tops))
    tall = scene.high - (22 if legend else 0)
    x, y = scale(scene.since, scene.until, _LEFT, scene.wide - _RIGHT), scale(low, high, tall - _BOTTOM, _TOP)
    parts = [_grid(scene, tall, x, y, axis, unit)]
    for n, points in enumerate(stacks):
        colour = _colour(panel, found[n].name, n)
        parts.append(_bars(points, colour, x, y, stacks) if bars else _stroke(points, colour, x, y, filled=stacked))
    for step in marks:
        at = y(step["value"])
        parts.append(
            f'<line x1="{_LEFT}" x2="{scene.wide - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"'
            f' stroke="{step["color"]}" stroke-dasharray="6 4" stroke-width="1.5"/>'
        )
    return f'<svg width="{scene.wide}" height="{tall}">{"".join(parts)}</svg>{legend}'


def ribbons(panel: Json, answers: Answers, scene: Scene) -> str:
    """States, from when to when."""
    found = lines(panel, answers)
    if not found:
        return nothing(panel)
    left = 110
    each = min(34.0, (scene.high - _BOTTOM) / len(found))
    x = scale(scene.since, scene.until, left, scene.wide - _RIGHT)
    parts = []
    for n, line in enumerate(found):
        top = n * each
        name = line.name if len(line.name) <= 16 else f"{line.name[:15]}…"
        parts.append(f'<text x="{left - 8}" y="{top + each / 2 + 4:.1f}" text-anchor="end">{escape(name)}</text>')
        runs = [(value, next(points)[0]) for value, points in groupby(line.points, key=lambda point: point[1])]
        ends = [*(at for _, at in runs[1:]), scene.until]
        for (value, at), end in zip(runs, ends, strict=True):
            _, colour = mapped(panel, value) or ("", "var(--quiet)")
            begin = max(at, scene.since)
            parts.append(
                f'<rect x="{x(begin):.1f}" y="{top + each * 0.15:.1f}" width="{max(x(end) - x(begin), 0.5):.1f}"'
                f' height="{each * 0.7:.1f}" fill="{colour}"/>'
            )
    parts.append(_moments(scene, x, scene.high - 6, scene.wide // 100))
    return f'<svg width="{scene.wide}" height="{scene.high}">{"".join(parts)}</svg>'


def _grid(scene: Scene, tall: int, x: Scale, y: Scale, axis: Sequence[float], unit: str) -> str:
    parts = []
    texts = _apart(axis, unit)
    for value, text in zip(axis, texts, strict=True):
        at = y(value)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{scene.wide - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{escape(text)}</text>')
    parts.append(_moments(scene, x, tall - 5, (scene.wide - _LEFT) // 90))
    return "".join(parts)


def _apart(axis: Sequence[float], unit: str) -> list[str]:
    """What stands at the marks of an axis, as exact as it takes to tell them apart."""
    texts = [told(value, unit) for value in axis]
    for decimals in (0, 1, 2, 3):
        if len(set(texts)) == len(texts):
            break
        texts = [told(value, unit, decimals) for value in axis]
    return texts


def _moments(scene: Scene, x: Scale, bottom: int, about: int) -> str:
    return "".join(
        f'<text x="{min(x(at), scene.wide - 18):.1f}" y="{bottom}" text-anchor="middle">{text}</text>'
        for at, text in times(scene.since, scene.until, scene.zone, max(2, about))
    )


def _stroke(points: Sequence[Point], colour: str, x: Scale, y: Scale, *, filled: bool) -> str:
    runs: list[list[Point]] = []
    usual = sorted(b[0] - a[0] for a, b in pairwise(points))[(len(points) - 1) // 2] if len(points) > 1 else 0
    for point in points:
        if runs and point[0] - runs[-1][-1][0] <= max(2.5 * usual, _HOUR):
            runs[-1].append(point)
        else:
            runs.append([point])
    parts = []
    for run in runs:
        path = " ".join(f"{x(at):.1f},{y(top):.1f}" for at, _, top in run)
        if filled and len(run) > 1:
            back = " ".join(f"{x(at):.1f},{y(bottom):.1f}" for at, bottom, _ in reversed(run))
            parts.append(f'<polygon points="{path} {back}" fill="{colour}" fill-opacity="0.3"/>')
        if len(run) == 1:
            parts.append(f'<circle cx="{x(run[0][0]):.1f}" cy="{y(run[0][2]):.1f}" r="2.5" fill="{colour}"/>')
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
    return "".join(parts)


def _bars(points: Sequence[Point], colour: str, x: Scale, y: Scale, stacks: Sequence[Sequence[Point]]) -> str:
    moments = sorted({at for other in stacks for at, _, _ in other})
    step = min((b - a for a, b in pairwise(moments)), default=_HOUR)
    wide = max(1.5, (x(step) - x(0)) * 0.8)
    parts = []
    for at, bottom, top in points:
        left, right = max(x(at), _LEFT), x(at) + wide
        if top > bottom and right > left:
            parts.append(
                f'<rect x="{left:.1f}" y="{y(top):.1f}" width="{right - left:.1f}"'
                f' height="{max(y(bottom) - y(top), 0):.1f}" fill="{colour}" fill-opacity="0.85"/>'
            )
    return "".join(parts)


def _stacked(found: Sequence[Line]) -> list[list[Point]]:
    reached: dict[Millis, float] = {}
    stacks = []
    for line in found:
        points = []
        for at, value in line.points:
            bottom = reached.get(at, 0.0)
            reached[at] = bottom + float(value or 0)
            points.append((at, bottom, reached[at]))
        stacks.append(points)
    return stacks


def _legend(panel: Json, found: Sequence[Line]) -> str:
    if not panel["options"].get("legend", {}).get("showLegend"):
        return ""
    names = [
        f'<span><i style="background:{_colour(panel, line.name, n)}"></i>'
        f"{escape(look(panel, line.name).get('displayName', line.name))}</span>"
        for n, line in enumerate(found[:_NAMES])
    ]
    more = f"<span>+{len(found) - _NAMES}</span>" if len(found) > _NAMES else ""
    return f'<div class="legend">{"".join(names)}{more}</div>'


def _colour(panel: Json, name: str, n: int) -> str:
    fixed = look(panel, name).get("color", {}).get("fixedColor")
    return fixed or PALETTE[n % len(PALETTE)]
