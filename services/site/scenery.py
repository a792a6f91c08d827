"""What a map draws beneath the facilities: `scenery.yaml` in the site's folder, where there is one.

It decides nothing and is no part of the site's hash: it may be redrawn while orders are out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import yaml
from pydantic import Field, ValidationError

from domain.errors import FaultyFileError
from domain.site import Name, Position
from services.site.values import NAME_EXPECTED, POINT_EXPECTED, Id, NameShape, Point, Shape

SCENERY_FILE: Final = "scenery.yaml"

Line = tuple[Position, ...]
_LineShape = Annotated[list[Point], Field(min_length=2, max_length=5_000)]
_AreaShape = Annotated[list[Point], Field(min_length=3, max_length=5_000)]


@dataclass(frozen=True, slots=True)
class Water:
    """A named water."""

    name: Name
    position: Position


@dataclass(frozen=True, slots=True)
class Scenery:
    """Areas are closed, lines are open. Empty where nobody drew any."""

    land: tuple[Line, ...] = ()
    beaches: tuple[Line, ...] = ()
    piers: tuple[Line, ...] = ()
    parks: tuple[Line, ...] = ()
    roads: tuple[Line, ...] = ()
    waters: Mapping[str, Water] = field(default_factory=dict)


class _WaterShape(Shape):
    name: NameShape = Field(description=NAME_EXPECTED)
    position: Point = Field(description=POINT_EXPECTED)


class _Shape(Shape):
    land: list[_AreaShape] = Field(default_factory=list)
    beaches: list[_LineShape] = Field(default_factory=list)
    piers: list[_LineShape] = Field(default_factory=list)
    parks: list[_AreaShape] = Field(default_factory=list)
    roads: list[_LineShape] = Field(default_factory=list)
    waters: dict[Id, _WaterShape] = Field(default_factory=dict)


def load_scenery(folder: Path) -> Scenery:
    """What is drawn for a site. Raises FaultyFileError."""
    path = folder / SCENERY_FILE
    if not path.is_file():
        return Scenery()
    try:
        drawn = _Shape.model_validate(yaml.safe_load(path.read_bytes()) or {})
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        raise FaultyFileError(str(path), mark.line + 1 if mark else 1, f"not YAML: {wrong.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as wrong:
        raise FaultyFileError(str(path), 1, f"not YAML: {wrong}") from None
    except ValidationError as wrong:
        first = wrong.errors()[0]
        raise FaultyFileError(str(path), 1, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    return Scenery(
        land=_lines(drawn.land),
        beaches=_lines(drawn.beaches),
        piers=_lines(drawn.piers),
        parks=_lines(drawn.parks),
        roads=_lines(drawn.roads),
        waters={key: Water(one.name.name(), Position(*one.position)) for key, one in drawn.waters.items()},
    )


def _lines(drawn: list[list[Point]]) -> tuple[Line, ...]:
    return tuple(tuple(Position(*point) for point in line) for line in drawn)
