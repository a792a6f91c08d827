"""Fitting what was read to a shape: every misfit becomes a fault with its line and what was expected."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from services.site.faults import Faults, one_of
from services.site.values import ID_EXPECTED, Shape

S = TypeVar("S", bound=Shape)
Step = str | int
LONGEST = 60


class Place(NamedTuple):
    """Where a value stands: its file, the line of each path in it, and what the path begins with when told."""

    file: str
    line: Callable[[tuple[Step, ...]], int]
    prefix: tuple[Step, ...] = ()


def fit(shape: type[S], value: Mapping[str, Any], place: Place, faults: Faults) -> S | None:
    """The value in its shape; None where it does not fit, with every misfit among the faults."""
    try:
        return shape.model_validate(value)
    except ValidationError as wrong:
        for error in wrong.errors(include_url=False):
            _tell(shape, error, place, faults)
        return None


def shown(value: Any) -> str:
    """A value as a person reads it in a fault."""
    if value is None:
        return "empty"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = str(value)
    return repr(text if len(text) <= LONGEST else text[:LONGEST] + "…")


def expectation(shape: type[BaseModel], path: tuple[str | int, ...]) -> str:
    """What the field at `path` of a shape, or the nearest field around it, was expected to be."""
    return _follow(shape, path)[1]


def shape_at(shape: type[BaseModel], path: tuple[str | int, ...]) -> type[BaseModel]:
    """The shape that a path within another leads to."""
    return _follow(shape, path)[0]


def _tell(shape: type[Shape], error: ErrorDetails, place: Place, faults: Faults) -> None:
    path = tuple(step for step in error["loc"] if step != "[key]")
    full = (*place.prefix, *path)
    name = ".".join(str(step) for step in full)
    line = place.line(full)
    match error["type"]:
        case "missing":
            faults.add(place.file, line, f"{name} is missing", expectation(shape, path))
        case "extra_forbidden":
            faults.add(place.file, line, f"{name} is not known", one_of(_keys_at(shape, path), str(path[-1])))
        case _ if error["loc"][-1:] == ("[key]",):
            faults.add(place.file, line, f"the id {shown(error['input'])} cannot be used", ID_EXPECTED)
        case _:
            expected = expectation(shape, path) or error["msg"]
            faults.add(place.file, line, f"{name} is {shown(error['input'])}", expected)


def _keys_at(shape: type[Shape], path: tuple[Step, ...]) -> list[str]:
    return [field.alias or key for key, field in shape_at(shape, path[:-1]).model_fields.items()]


def _follow(shape: type[BaseModel], path: tuple[str | int, ...]) -> tuple[type[BaseModel], str]:
    told = ""
    for step in path:
        fields = shape.model_fields.items()
        field = next((field for name, field in fields if step == (field.alias or name)), None)
        if field is not None:
            told = field.description or told
            shape = _within(field.annotation) or shape
    return shape, told


def _within(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_within(argument) for argument in getattr(annotation, "__args__", ()))
    return next((found for found in inner if found), None)
