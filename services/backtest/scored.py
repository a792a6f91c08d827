"""Simulator → codec → core, in one process and virtual time: what the rules find of what there was to be found.

Between the coast and the door stands a bad network: of every hundred messages two are lost and one comes twice, by the
dice of device and number. Whoever mends things comes half an hour to two hours after the alarm, or a day after a fault
that nobody noticed: so that it is told once, and something else can happen there.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final

from domain.alarms import AlarmChange, AlarmState
from domain.messages import Message, Row
from domain.readings import Millis
from domain.site import Site
from ingest.pipeline import Pipeline
from rules.book import RuleBook, read_rules
from rules.runners.backtest import listening
from rules.runners.score import Scoring
from rules.runners.tally import Kept, Score
from rules.runners.truth import Lost, Truth
from services.backtest.run import context_of
from simulators.almanac import DAY, HOUR, MINUTE
from simulators.causes import Cause
from simulators.chance import Dice
from simulators.faults import OF_SENSORS, SORTS, FaultPlan
from simulators.voice import Publish
from simulators.world import World

GATE: Final = 0.99  # of recall and of precision
FALSE_TOLD: Final = 20
STEP: Final[Millis] = 5 * MINUTE
LOST, TWICE = 0.02, 0.01
IN_A_ROW: Final = 3  # reports that go astray: then the device was silent, whatever the reason, and R19 rightly says so
_UNNOTICED: Final[Millis] = 26 * HOUR
_DELAY_MS: Final = (0, 1_500)
Progress = Callable[[int], None]  # days done


@dataclass(frozen=True, slots=True)
class Run:
    """One seed."""

    seed: int
    start: Millis
    days: int
    plan: FaultPlan


class Network:
    """What gets lost and what comes twice."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.lost: dict[str, list[Millis]] = defaultdict(list)
        self.sent = self.twice = 0
        self.unheard: list[tuple[str, Millis, Millis]] = []  # who was not heard so often in a row, from when to when
        self._row: dict[str, int] = defaultdict(int)
        self._last: dict[str, Millis] = {}

    def carried(self, published: Sequence[Publish]) -> list[Message]:
        """What arrives of it, in the order of its arrival."""
        arrived: list[Message] = []
        for one in published:
            self.sent += 1
            dice = Dice(self._seed, "network", one.device, one.seq).roll() if one.device else 1.0
            if dice < LOST:
                self.lost[one.device].append(one.at)
                self._row[one.device] += 1
                continue
            if one.device:
                if self._row.pop(one.device, 0) >= IN_A_ROW:
                    self.unheard.append((one.device, self._last.get(one.device, 0), one.at))
                self._last[one.device] = one.at
            message = Message(one.topic, one.payload, one.due)
            arrived.append(message)
            if dice < LOST + TWICE:
                self.twice += 1
                arrived.append(message)
        return arrived


class Steward:
    """Mends what alarms are about, and in the end what nobody noticed: who comes for an instrument looks at those, who
    empties a bin sees nothing of its sensor.
    """

    def __init__(self, world: World, seed: int, book: RuleBook) -> None:
        self._world, self._seed = world, seed
        plans = {name: program.rule.order for name, program in book.programs.items()}
        self._of_sensors = {name for name, plan in plans.items() if plan is not None and plan.trade == "instruments"}
        self.truths: dict[str, Cause] = {}

    def told(self) -> None:
        """Learn what began and ended, and see that it does not last for ever."""
        for cause in self._world.told():
            if cause.id not in self.truths and cause.sort == "fault":
                unnoticed = max(cause.since, self._world.now) + _UNNOTICED
                self._mend(cause.facility, unnoticed, cause.id, sensors=cause.what in OF_SENSORS)
            self.truths[cause.id] = cause

    def sent(self, change: AlarmChange) -> None:
        """Somebody goes to what an alarm is about."""
        if change.state is AlarmState.OPEN:
            way = Dice(self._seed, "mend", change.alarm).between(30, 120) * MINUTE
            at = max(change.at, self._world.now) + round(way)
            sensors = change.rule in self._of_sensors
            for facility in {change.facility, *(self._gateways(change.facility) if sensors else ())}:
                self._mend(facility, at, change.alarm, sensors=sensors)

    def _mend(self, facility: str, at: Millis, name: str, *, sensors: bool) -> None:
        def mend(when: Millis) -> None:
            wrong = {what for what in self._world.open_causes(facility) if (what in OF_SENSORS) is sensors}
            if any(what not in SORTS or SORTS[what].real for what in wrong):
                self._world.mend(facility, sensors=sensors, at=when)

        self._world.call(at, f"steward {facility} {name}", mend)

    def _gateways(self, facility: str) -> set[str]:
        site = self._world.site
        return {site.devices[device].gateway for device in site.devices_of.get(facility, ())} - {""}


@dataclass(frozen=True, slots=True)
class Scored:
    """One run, scored."""

    seed: int
    score: Score
    messages: int
    lost: int
    twice: int
    alarms: int


def scored(run: Run, site: Site, book: RuleBook, on_day: Progress = lambda _: None) -> Scored:
    """Play one seed and score it. Blocking."""
    world = World(site, run.seed, run.start, run.plan, _DELAY_MS)
    pipeline, network, steward = Pipeline(site), Network(run.seed), Steward(world, run.seed, book)
    engine = listening(book, site, context_of(site, book), run.start)
    end = run.start + run.days * DAY
    for number, at in enumerate(range(run.start + STEP, end + 1, STEP), 1):
        arrived = network.carried(world.step(at))
        steward.told()
        heard = pipeline.read(Row(number, at, tuple(arrived)))
        for change in engine.hear(heard.readings, at):
            steward.sent(change)
        if at % DAY == run.start % DAY:
            on_day(1)
    truths = [_truth(cause) for cause in steward.truths.values()]
    truths += [
        Truth("unheard", site.devices[device].facility, frozenset(), "natural", since, until, device=device)
        for device, since, until in network.unheard
    ]
    score = Scoring(book, site, context_of(site, book), truths, Lost(dict(network.lost)), end).score(
        engine.found.values()
    )
    lost = sum(map(len, network.lost.values()))
    return Scored(run.seed, score, network.sent, lost, network.twice, len(engine.found))


def all_scored(
    runs: Sequence[Run], site: Site, book: RuleBook, processes: int, on_run: Callable[[Scored], None]
) -> list[Scored]:
    """Every run, so many at a time in processes of their own; the same whatever their number."""
    found: list[Scored] = []
    if processes <= 1 or len(runs) == 1:
        for run in runs:
            found.append(scored(run, site, book))
            on_run(found[-1])
        return found
    with ProcessPoolExecutor(min(processes, len(runs))) as pool:
        for one in pool.map(partial(_apart, site=site, texts=dict(book.texts)), runs):
            found.append(one)
            on_run(one)
    return found


def _apart(run: Run, site: Site, texts: Mapping[str, str]) -> Scored:
    """In a process of its own the rules are compiled anew."""
    return scored(run, site, read_rules(texts))


def together(found: Sequence[Scored]) -> Score:
    """One score of all runs."""
    made = Score()
    for one in found:
        made.add(one.score)
    return made


def _truth(cause: Cause) -> Truth:
    onset = SORTS[cause.what].onset if cause.what in SORTS else 0.0
    return Truth(
        cause.what,
        cause.facility,
        frozenset(cause.members),
        cause.sort,
        cause.since,
        cause.until,
        round(onset * MINUTE),
        cause.device,
    )


def in_order(score: Score) -> list[Kept]:
    """Faults first, then what wears out by itself, then near-misses; each by name."""
    order = {"fault": 0, "natural": 1, "near_miss": 2}
    return sorted(score.kinds.values(), key=lambda kept: (order[kept.sort], kept.what))
