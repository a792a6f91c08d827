"""The live runner's memory as rows: one small JSON text per subject, so that a restart takes up where it left off.

What every reading changes is kept elsewhere: `rules.runners.pages`.
"""

import msgspec

from domain.readings import Millis
from rules.core.groups import Group
from rules.core.hindsight import Past
from rules.core.program import Program
from rules.core.state import Cover, State
from rules.runners.records import Belated, Circle, Spot

LISTENING = "listening"
CONTEXT = "context"


class SavedSpot(msgspec.Struct, frozen=True, omit_defaults=True):
    """One facility: what is not quiet about it."""

    silent: dict[str, Millis] = {}  # devices, and since when each counts as silent
    states: dict[str, State] = {}
    asleep: dict[str, Millis] = {}
    started: dict[str, Millis] = {}  # devices that had been silent, and when each began to speak again
    marks: dict[str, tuple[Millis, ...]] = {}  # on devices' records
    late: list[Belated] = []
    past: dict[str, Past] = {}
    doubts: list[tuple[Millis, str, tuple[str, ...]]] = []  # of readings: when, by which device, what of it was held


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
    silent = {ear.id: ear.silent for ear in spot.ears if ear.silent is not None}
    started = {ear.id: ear.started for ear in spot.ears if ear.started is not None}
    marks = {ear.id: ear.marks for ear in spot.ears if ear.marks}
    doubts = [(at, device, tuple(sorted(held))) for (at, device), held in spot.doubts.items()]
    return msgspec.json.encode(
        SavedSpot(silent, spot.states, spot.asleep, started, marks, list(spot.late), spot.past, doubts)
    )


def take_up_spot(spot: Spot, row: bytes) -> None:
    """Put a facility back as it was; what belongs to rules or devices that are no more is let go."""
    saved = msgspec.json.decode(row, type=SavedSpot)
    for ear in spot.ears:
        ear.silent, ear.started = saved.silent.get(ear.id), saved.started.get(ear.id)
        ear.marks = saved.marks.get(ear.id, ())
    spot.doubts = {(at, device): frozenset(held) for at, device, held in saved.doubts}
    spot.marked = any(ear.marks for ear in spot.ears)
    keys = {key: watch for watch, key in spot.keys}
    spot.late, spot.past = tuple(saved.late), {key: past for key, past in saved.past.items() if key in keys}
    spot.states = {key: state for key, state in saved.states.items() if key in keys and _fits(state, keys[key].program)}
    spot.asleep = {key: judged for key, judged in saved.asleep.items() if key in keys}


def _fits(state: State, program: Program) -> bool:
    clauses = 0 if program.parts else len(program.clauses)
    return len(state.holds) in (0, clauses) and len(state.parts) == len(program.parts)


def circle_row(circle: Circle) -> bytes:
    """A group as it is now."""
    return msgspec.json.encode(SavedCircle(circle.group, circle.cover))


def take_up_circle(circle: Circle, row: bytes) -> None:
    """Put a group back as it was."""
    saved = msgspec.json.decode(row, type=SavedCircle)
    circle.group, circle.cover = saved.group, saved.cover
