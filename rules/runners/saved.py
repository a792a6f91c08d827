"""The live runner's memory as rows: one small JSON text per subject, so that a restart takes up where it left off."""

import msgspec

from domain.readings import Millis
from rules.core.groups import Group
from rules.core.state import Cover, Sample, State
from rules.runners.records import Circle, Ear, Spot, sampled

LISTENING = "listening"


class SavedEar(msgspec.Struct, frozen=True, array_like=True):
    """When a device was last heard, and since when it counts as silent."""

    heard: Millis
    silent: Millis | None


class SavedSpot(msgspec.Struct, frozen=True, omit_defaults=True):
    """One facility."""

    ears: dict[str, SavedEar] = {}
    states: dict[str, State] = {}
    asleep: dict[str, Millis] = {}
    recent: list[Sample] = []


class SavedCircle(msgspec.Struct, frozen=True, omit_defaults=True):
    """One group rule over one feeder or gateway."""

    group: Group
    cover: Cover | None = None


class SavedListening(msgspec.Struct, frozen=True):
    """Since when we have been listening, and whether we are."""

    since: Millis
    deaf: bool


def spot_row(spot: Spot) -> bytes:
    """A facility as it is now."""
    return msgspec.json.encode(
        SavedSpot(
            ears={ear.id: SavedEar(ear.heard, ear.silent) for ear in spot.ears if ear.heard >= 0 or ear.silent},
            states=spot.states,
            asleep=spot.asleep,
            recent=[sampled(one, spot.windowed) for one in spot.recent or ()],
        )
    )


def take_up_spot(spot: Spot, row: bytes) -> None:
    """Put a facility back as it was; what belongs to rules or devices that are no more is let go."""
    saved = msgspec.json.decode(row, type=SavedSpot)
    ears: dict[str, Ear] = {ear.id: ear for ear in spot.ears}
    for name, heard in saved.ears.items():
        if name in ears:
            ears[name].heard, ears[name].silent = heard.heard, heard.silent
    keys = {key: watch for watch, key in spot.keys}
    spot.states = {
        key: state
        for key, state in saved.states.items()
        if key in keys and len(state.holds) in (0, len(keys[key].program.clauses))
    }
    spot.asleep = {key: judged for key, judged in saved.asleep.items() if key in keys}
    if spot.recent is not None:
        spot.recent = list(saved.recent)


def circle_row(circle: Circle) -> bytes:
    """A group as it is now."""
    return msgspec.json.encode(SavedCircle(circle.group, circle.cover))


def take_up_circle(circle: Circle, row: bytes) -> None:
    """Put a group back as it was."""
    saved = msgspec.json.decode(row, type=SavedCircle)
    circle.group, circle.cover = saved.group, saved.cover
