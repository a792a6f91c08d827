"""What is known of a facility's instruments: what each said before and what others like it say, how far it is believed,
and whether another stands beside it (`rules.core.trust`).
"""

from collections.abc import Mapping
from statistics import median
from typing import Final

from domain.readings import Millis, Quality, Reading, Value
from rules.core import trust
from rules.core.expression import Get
from rules.core.rule import Rule
from rules.core.state import Sample
from rules.runners.records import NO_DOUBTS, Ear, Spot

FEWEST: Final = 3  # others that make a median


def enriched(ear: Ear, reading: Reading) -> Reading:
    """The reading with what rules ask beside it: what was said before, what others say, what is known of the
    instrument.
    """
    fusion = ear.spot.fusion
    more: dict[str, Value] = {f"{q} before": value for q, value in ear.told_before().items()}
    for quantity in fusion.near:
        if (said := others_say(ear.spot, quantity, reading.at)) is not None:
            more[f"{quantity} near"] = said
    if fusion.instrumental:
        more["clock_off"] = bool(reading.quality & Quality.TIME_CORRECTED)
        more["value_dropped"] = bool(reading.quality & Quality.VALUE_DROPPED)
        if ear.started is not None:
            more["since_start"] = (reading.at - ear.started) / 1000
    return reading._replace(values={**reading.values, **more}) if more else reading


def before(spot: Spot, sample: Sample) -> Mapping[str, Value]:
    """What was said before a sample of an enriched reading, as `interest` asks for it."""
    return {q: value for q in spot.fusion.compared if (value := sample.values.get(f"{q} before")) is not None}


def others_say(spot: Spot, quantity: str, at: Millis) -> float | None:
    """The median of what others of its kind in its zone said last; None where fewer than three are heard."""
    place = spot.fusion.compared.index(quantity)
    said = [
        value
        for other in spot.peers
        if other is not spot
        for ear in other.ears
        if at - ear.heard <= ear.patience and isinstance(value := ear.said[place], float)
    ]
    return median(said) if len(said) >= FEWEST else None


def believed(ear: Ear, said: Reading) -> Reading:
    """The reading without what counts for nothing, because a rule about its device has an alarm open. What is left out
    is remembered for as long as windows may reach back to it, or it is kept for them though they no longer can.
    """
    spot, at = ear.spot, said.at
    held = _held(spot, ear.id)
    if spot.fusion.recall:
        oldest = min(at - spot.fusion.recall, spot.recent[0][0] if spot.recent else at)
        left = {one: known for one, known in spot.doubts.items() if one[0] >= oldest}
        if held:
            left[at, ear.id] = held
        spot.doubts = left or NO_DOUBTS
    return trust.believed(said, held)


def witnessed(ear: Ear, rule: Rule, said: Reading, around: Get) -> Reading:
    """At night, where another instrument stands beside it, one with a bad record says nothing that would wake."""
    if not trust.wakes(rule) or around("daylight") is not False:
        return said
    alone = not trust.record(ear.marks, said.at) or not _has_witness(ear, said.at)
    return said if alone else trust.believed(said, frozenset({trust.EVERYTHING}))


def doubted(spot: Spot, at: Millis) -> int:
    """The marks on the records of all its instruments, where every one is bad; else 0."""
    marks = [trust.record(ear.marks, at) for ear in spot.ears]
    return sum(marks) if marks and all(marks) else 0


def mark(ear: Ear, at: Millis) -> None:
    """Its record is worse by one."""
    ear.marks = trust.marked(ear.marks, at)
    ear.spot.marked = True


def _held(spot: Spot, device: str) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for watch in spot.fusion.watches:
        if watch.holds and (state := spot.states.get(watch.key(device))) is not None and state.open is not None:
            found |= watch.holds
    return found


def _has_witness(ear: Ear, at: Millis) -> bool:
    """Whether another instrument of the facility, with a good record, is heard."""
    return any(
        other is not ear and not trust.record(other.marks, at) and at - other.heard <= other.patience
        for other in ear.spot.ears
    )
