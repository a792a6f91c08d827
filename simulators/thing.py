"""What all facilities of the make-believe coast have in common: they change with time, go wrong, and are mended."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from domain.readings import Millis, Value
from domain.site import Device, Facility
from simulators.almanac import MINUTE, Almanac
from simulators.chance import Dice
from simulators.faults import OF_SENSORS, Incident
from simulators.weather import Weather

PACE: Final[Millis] = MINUTE  # people come and go by this step of time


class Stage(Protocol):
    """What a facility may ask of the world it stands in."""

    def call(self, at: Millis, name: str, act: Callable[[Millis], None]) -> None:
        """Have `act` done at `at`; `name` decides between things that fall on the same millisecond."""
        ...

    def speak(self, facility: str, at: Millis) -> None:
        """Have the facility's sensors report at `at`, beside their regular reports."""
        ...

    def rephase(self, facility: str, at: Millis) -> None:
        """Have its sensors begin their regular reports anew: their interval has changed."""
        ...

    def arose(self, what: str, facility: str, since: Millis) -> None:
        """Note a natural cause: filled, used up, dried. The same one noted twice is one, until it has passed."""
        ...

    def passed(self, what: str, facility: str, at: Millis) -> None:
        """Note that a cause (natural or not) is no more."""
        ...


@dataclass(frozen=True)
class Scene:
    """The surroundings that all facilities of one world share."""

    seed: int
    almanac: Almanac
    weather: Weather
    stage: Stage


class Thing(ABC):
    """A facility. Kinds fill in what it measures, how it changes, and what a fault does to it.

    Physics advance at the moments when something happens to the facility (a report, a fault, a repair) and never at the
    end of a step, so that the length of steps changes nothing. What chance has a part in goes by fixed steps of time
    that have dice of their own: however often somebody looks, he sees the same.
    """

    def __init__(self, facility: Facility, scene: Scene, start: Millis) -> None:
        self.facility = facility
        self.id = facility.id
        self.zone = facility.zone
        self.scene = scene
        self.seen = start  # how far physics have come
        self.ongoing: dict[str, Incident] = {}
        self.dice = Dice(scene.seed, "thing", facility.id)  # for what stays the same: baselines, habits
        self._moves = 0

    def wake(self, at: Millis) -> None:  # noqa: B027 - not every kind has habits
        """Set its own habits going (switching, cleaning, rounds). Called once, at the start."""

    def advance(self, at: Millis) -> None:
        """Let time pass up to `at`."""
        self.seen = at

    @abstractmethod
    def values(self, at: Millis, dice: Dice) -> dict[str, Value]:
        """What its sensors measure at `at`, after `advance(at)`; noise comes from `dice`."""

    def silent(self, at: Millis) -> bool:  # noqa: ARG002 - only what hangs on a feeder can lose its power
        """Whether its sensors have no power."""
        return False

    def interval_s(self, device: Device, at: Millis) -> float:  # noqa: ARG002 - lamps change theirs with the sun
        """How often a sensor on it reports regularly."""
        return device.interval_s

    def begin(self, incident: Incident, at: Millis) -> None:
        """Something goes wrong with it, or nearly."""
        self.advance(at)
        self.ongoing[incident.what] = incident
        self.report(at)

    def end(self, what: str, at: Millis) -> None:
        """Something that passes by itself has passed."""
        self.advance(at)
        if self.ongoing.pop(what, None) is not None:
            self.report(at)

    def mend(self, at: Millis) -> None:
        """A crew puts right whatever is wrong with it, but for its sensors; near-misses pass by themselves."""
        self.advance(at)
        for what in [what for what, one in self.ongoing.items() if one.real and what not in OF_SENSORS]:
            del self.ongoing[what]
        self.report(at)

    def fresh_sensors(self, at: Millis) -> None:
        """A crew puts its sensors right."""
        self.advance(at)
        for what in OF_SENSORS & self.ongoing.keys():
            del self.ongoing[what]

    def members(self) -> Sequence[str]:
        """Facilities that go down with it."""
        return ()

    def report(self, at: Millis, *, times: int = 1, every_s: float = 60.0) -> None:
        """Report on the event, within three seconds, and so many times in all."""
        first = at + 300 + int(2_700 * Dice(self.scene.seed, "react", self.id, at).roll())
        for n in range(times):
            self.scene.stage.speak(self.id, first + round(n * every_s * 1000))

    def note(self, what: str, at: Millis, *, holds: bool, over: bool | None = None) -> None:
        """Say whether a natural cause is there, or is `over`: where that is not said, as soon as it holds no more."""
        if holds:
            self.scene.stage.arose(what, self.id, at)
        elif over is not False:
            self.scene.stage.passed(what, self.id, at)

    def chance(self, purpose: str) -> Dice:
        """Fresh dice for one move of this facility."""
        self._moves += 1
        return Dice(self.scene.seed, self.id, purpose, self._moves)

    def paces(self, at: Millis) -> Iterator[Millis]:
        """Let time pass up to `at`, and say each end of a step of `PACE` on the way."""
        ends = range((self.seen // PACE + 1) * PACE, at + 1, PACE)
        self.seen = max(self.seen, at)
        yield from ends

    def chance_at(self, purpose: str, at: Millis) -> Dice:
        """The dice of one moment."""
        return Dice(self.scene.seed, self.id, purpose, at)

    def minutes_since(self, incident: Incident, at: Millis) -> float:
        """How long something has been going on."""
        return max(0.0, (at - incident.at) / MINUTE)

    def trait(self, name: str, default: float) -> float:
        """One of the facility's attributes."""
        return float(self.facility.attributes.get(name, default))
