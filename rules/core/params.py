"""Parameters of rules: numbers that are not the same everywhere. The closest counts: facility, grade, zone, default."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from domain.site import Facility
from rules.core.rule import Choice, Param, Rule

SEASONS = ("spring", "summer", "autumn", "winter")


class Resolved(NamedTuple):
    """What a parameter comes to at one facility, and whose word that is."""

    name: str
    unit: str | None
    number: float
    seasons: Mapping[str, float]  # where it is another in some seasons
    because: str  # `facility lamp-1`, `grade key_node`, `zone bay`, `default`


def resolve(rule: Rule, facility: Facility | None) -> tuple[Resolved, ...]:
    """Every parameter of a rule at a facility, in the order of the file; None: where nothing is said of anybody."""
    return tuple(_resolved(param, facility) for param in rule.params)


def attributes(rule: Rule, facility: Facility) -> Iterator[tuple[str, float]]:
    """The parameters of a rule at a facility, as its conditions look them up."""
    for param, found in zip(rule.params, resolve(rule, facility), strict=True):
        yield key_of(rule.name, param.name), found.number
        for season in seasons_of(param):
            yield key_of(rule.name, param.name, season), found.seasons.get(season, found.number)


def key_of(rule: str, param: str, season: str = "") -> str:
    """Under which a number is looked up; no attribute of a facility has a dot in its name."""
    return f"{rule}.{param}@{season}" if season else f"{rule}.{param}"


def seasons_of(param: Param) -> tuple[str, ...]:
    """The seasons in which it is another number at some place."""
    said = {season for choice in _choices(param) for season in choice.seasons}
    return tuple(season for season in SEASONS if season in said)


def _choices(param: Param) -> tuple[Choice, ...]:
    return (param.default, *param.zone.values(), *param.grade.values(), *param.facility.values())


def _resolved(param: Param, facility: Facility | None) -> Resolved:
    found, because = param.default, "default"
    if facility is not None:
        if facility.id in param.facility:
            found, because = param.facility[facility.id], f"facility {facility.id}"
        elif facility.grade.value in param.grade:
            found, because = param.grade[facility.grade.value], f"grade {facility.grade.value}"
        elif facility.zone in param.zone:
            found, because = param.zone[facility.zone], f"zone {facility.zone}"
    return Resolved(param.name, param.unit, found.number, found.seasons, because)
