"""The service is killed again and again, beside a real mosquitto and simulators in lock-step: nothing is lost, nobody
is sent twice for one cause, and what is decided is what would have been decided anyway.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from services import wiring
from services.clocks import WallClock
from services.dispatch.orders import Alarm, Order, Step
from services.settings import Settings
from services.show import stage as show
from tests.machines.influx import InfluxMachine
from tests.machines.influx_forwarder import ORG
from tests.machines.mosquitto import Mosquitto
from tests.walk.evidence import Left, Letter, Nuisance, Record, all_holds, left_by, retained
from tests.walk.influx_beside import forwarding
from tests.walk.mortal import POINTS
from tests.walk.processes import PYTHON, Program, until

pytestmark = pytest.mark.machine

FROM = "2026-10-01T16:00+08:00"
START = round(datetime.fromisoformat(FROM).timestamp() * 1000)
MINUTE = 60_000
# When in its life each point kills. The store's and the quarantine's come by the wall clock: they go first.
FORETOLD = (
    "before store write:2",
    "after store write:2",
    "in cursor:1",
    "after cursor:2",
    "before quarantine:2",
    "after quarantine:2",
    "before append:12",
    "in append:5",
    "after append:4",
    "after settle:5",
    "before commit:2",
    "in commit:2",
    "after commit:2",
    "before publish:2",
    "after publish:3",
    "in mark:2",
    "after mark:2",
    "before answer:7",
    "after answer:3",
)
ABOUT_SILENCE = ("silent", "gateway-silent")
MOVED = (*ABOUT_SILENCE, "feeder-outage")  # what deaf time moves


class Told(NamedTuple):
    """A run that is over."""

    left: Left
    twice: int  # (order, revision) that came to a crew more than once
    deaths: Sequence[str | None]  # where each life that was killed should have ended; None: anywhere
    figures: str


class Evening:
    """One evening in lock-step, on one broker, under one seed."""

    def __init__(self, broker: Mosquitto, folder: Path, *, seed: int = 7, minutes: int = 180, influx: str = "") -> None:
        self.broker = f"127.0.0.1:{broker.port}"
        self.folder, self.seed, self.minutes = folder, seed, minutes
        self.settings = Settings(state=folder / "state", broker=self.broker, influx=influx, influx_org=ORG)

    def played(self, foretold: Sequence[str] = (), unforetold: int = 0) -> Told:
        """Play it with these deaths, then so many at moments that nobody chose; hold what is left to every promise."""
        began = time.monotonic()
        ledger = self.folder / "ledger.jsonl"
        with (
            Record(self.broker) as record,
            self._service(foretold) as service,
            Nuisance(self.broker) as nuisance,
            self._coast(ledger) as coast,
        ):
            self._kill(service, len(foretold), unforetold)
            assert coast.wait(600) == 0, coast.tail()
            nuisance.last_step(START + self.minutes * MINUTE)
            assert service.stop() == 0, service.tail()
            lying = retained(self.broker)
            left = asyncio.run(left_by(self.settings, ledger, nuisance.acked, START, START + self.minutes * MINUTE))
            written = {Letter(row["topic"], bytes(row["payload"])) for row in left.outbox}
            until(lambda: written <= set(record.letters), 5, "the last letters")
            twice = all_holds(left, record.letters, lying)
        lives = [line["dies"] for line in service.lines() if "life" in line]
        codes = [line["code"] for line in service.lines() if "ended" in line]
        assert codes == [-signal.SIGKILL] * (len(lives) - 1) + [0], service.tail()
        assert lives == [*foretold, *[None] * (unforetold + 1)]
        figures = (
            f"seed {self.seed}: {len(lives) - 1} deaths, {left.kept.published} messages ({left.kept.duplicates} heard"
            f" again), {len(left.orders)} orders, {len(record.letters)} letters ({twice} more than once),"
            f" {time.monotonic() - began:.1f} s"
        )
        print(figures)
        return Told(left, twice, lives[:-1], figures)

    @contextmanager
    def _service(self, foretold: Sequence[str]) -> Iterator[Program]:
        words = [word for death in foretold for word in ("--die", death)]
        if self.settings.influx:
            words += ["--influx", self.settings.influx]
        command = (PYTHON, "-m", "tests.walk.mortal", "--broker", self.broker, "--state", self.settings.state)
        with Program(*command, "--lock-step", FROM, *words, log=self.folder / "service.log") as service:
            service.says(" listens ")  # what is published before the session is there nobody promised to keep
            yield service

    def _coast(self, ledger: Path) -> Program:
        command = (PYTHON, "-m", "tests.walk.coast", "--broker", self.broker, "--ledger", ledger, "--from", FROM)
        return Program(*command, "--for", self.minutes, "--seed", self.seed, log=self.folder / "coast.log")

    def _kill(self, service: Program, foretold: int, many: int) -> None:
        """When nothing is foretold any more, kill so many lives from outside, each at a moment of its own."""
        dice = random.Random(f"{self.seed} {many}")
        for number in range(foretold, foretold + many):
            until(lambda n=number: len(_lives(service)) > n, 120, f"life {number}: {service.tail()}")
            time.sleep(dice.uniform(0.0, 0.6))
            os.kill(_lives(service)[number], signal.SIGKILL)


def _lives(service: Program) -> list[int]:
    return [line["life"] for line in service.lines() if "life" in line]


Decided = tuple[Sequence[Alarm], Sequence[Order]]


def undisturbed(folder: Path, seed: int, minutes: int) -> Decided:
    """What is decided in the same evening where nobody dies."""

    async def played() -> Decided:
        settings = Settings(state=folder / "undisturbed")
        run = show.Run(START, START + minutes * MINUTE, seed)
        async with show.staged(settings, wiring.site_of(settings), run, WallClock()) as stage:
            await show.play_virtual(stage, run.until, lambda _: None)
            await stage.service.drain()
            return stage.service.books.everything()

    return asyncio.run(played())


def visited_elsewhen(one: Iterable[Order], other: Iterable[Order]) -> dict[str, int]:
    """Facilities that crews were done with at other moments, and since when."""
    first, second = (
        {(place, c.at) for o in orders for c in o.history if c.step is Step.DONE for place in (o.facility, *o.members)}
        for orders in (one, other)
    )
    return {place: min(at for there, at in first ^ second if there == place) for place, _ in first ^ second}


def same_findings(left: Left, calm: Decided) -> None:
    """Deaths change nothing that is found: the same alarms with the same causes at the same times, and the same orders,
    if by a step later, since what falls due in deaf time waits for its end. Alarms about silence are left out: after
    deaf time everybody has their whole limit anew, so they come later or not at all. And a bin that a crew has emptied
    a step later is full again at another time: what begins there after such a visit is left out.
    """
    moved = visited_elsewhen(left.orders, calm[1])

    def alike(found: Alarm | Order) -> bool:
        return found.rule not in ABOUT_SILENCE and found.since < moved.get(found.facility, found.since + 1)

    def found(alarms: Iterable[Alarm]) -> set[tuple[object, ...]]:
        return {(a.id, a.rule, a.subject, a.cause, a.since, a.opened) for a in alarms if alike(a)}

    def sent(orders: Iterable[Order]) -> set[tuple[object, ...]]:
        return {(o.id, o.kind, o.priority, o.alarms[0]) for o in orders if alike(o)}

    assert found(left.alarms) == found(calm[0])
    assert len(found(left.alarms)) > 0.8 * len(left.alarms), "most of it is compared"
    assert sent(left.orders) == sent(calm[1])


def same_course(left: Left, calm: Decided) -> None:
    """And each order takes the same course through the same hands. Left out are the crews that are also sent for
    silence, who come to their other orders at other times; and groups, which count whom they have heard.
    """
    moved = (o for o in (*calm[1], *left.orders) if o.rule in MOVED)
    crews = {change.crew for o in moved for change in o.history if change.crew}

    def course(orders: Iterable[Order]) -> set[tuple[object, ...]]:
        others = (o for o in orders if not crews & {change.crew for change in o.history})
        return {(o.id, o.crew, o.states, tuple((c.who, c.step, c.crew) for c in o.history)) for o in others}

    assert course(left.orders) == course(calm[1])
    assert len(course(left.orders)) > len(left.orders) / 2


def test_every_named_point_has_its_death():
    assert {death.partition(":")[0] for death in FORETOLD} == set(POINTS)


def test_killed_at_every_named_point_the_service_loses_nothing_and_decides_the_same(
    mosquitto: Mosquitto, tmp_path: Path
):
    told = Evening(mosquitto, tmp_path).played(FORETOLD)
    assert told.deaths == list(FORETOLD)
    assert told.twice, "a letter that the outbox does not know to be sent is sent again"
    calm = undisturbed(tmp_path, 7, 180)
    same_findings(told.left, calm)
    same_course(told.left, calm)


def test_killed_at_ten_random_moments_the_service_loses_nothing_and_decides_the_same(
    mosquitto: Mosquitto, tmp_path: Path
):
    told = Evening(mosquitto, tmp_path, seed=11).played(unforetold=10)
    assert len(told.deaths) == 10
    calm = undisturbed(tmp_path, 11, 180)
    same_findings(told.left, calm)
    same_course(told.left, calm)


@pytest.mark.soak
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_killed_five_times_at_every_named_point_and_forty_times_anywhere(
    mosquitto: Mosquitto, tmp_path: Path, seed: int
):
    dice = random.Random(seed)
    foretold = [f"{point}:{dice.randint(1, 6)}" for point in POINTS for _ in range(5)]
    dice.shuffle(foretold)
    told = Evening(mosquitto, tmp_path, seed=seed, minutes=1200).played(foretold, 40)
    same_findings(told.left, undisturbed(tmp_path, seed, 1200))


@pytest.mark.soak
def test_killed_at_every_named_point_and_ten_times_anywhere_before_influxdb(
    mosquitto: Mosquitto, influx: InfluxMachine, tmp_path: Path
):
    with forwarding(influx) as url:
        told = Evening(mosquitto, tmp_path, minutes=360, influx=url).played(FORETOLD, 10)
    same_findings(told.left, undisturbed(tmp_path, 7, 360))
