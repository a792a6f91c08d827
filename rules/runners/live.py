"""The rules, live: journal rows in, alarm changes out, in one thread and in memory.

Everything that is decided, is decided by `rules.core`; this is about asking it only where it matters. A reading in
which no rule of its kind could be interested, of a facility about which nothing is pending, costs one function call
and one assignment. Timers lie in one heap. A device's absence timer is not moved when it speaks: it is looked at when
it runs out, and set again.

Readings are stepped in order of arrival, so that nothing depends on how rows were cut; what needs the order of event
time is settled, and sorts for itself. Groups are ticked before the facilities that they cover.
"""

from collections.abc import Iterable, Mapping, Sequence

from domain.alarms import AlarmChange, AlarmState, Correction
from domain.readings import Millis, Quality, Reading, Value
from domain.site import Site
from rules.book import RuleBook
from rules.core import absence
from rules.core.groups import Event
from rules.core.hindsight import Past
from rules.core.state import QUIET, State
from rules.core.step import UNFIT, Late, Seen, step
from rules.core.surroundings import Context, Place, Tick
from rules.runners import instruments, saved
from rules.runners.afterwards import Afterwards
from rules.runners.alarms import Alarms
from rules.runners.circles import Circles
from rules.runners.fitting import Fitted, fit
from rules.runners.fusion import Watch
from rules.runners.outlook import Outlook
from rules.runners.pages import Pages
from rules.runners.records import Circle, Ear, Spot
from rules.runners.silences import Silences
from rules.runners.timers import Armed, Timers


class Live:
    """The rule engine of a running service. Feed it journal rows in order; it says what changed."""

    def __init__(self, rules: RuleBook, site: Site, context: Context) -> None:
        self._fitted: Fitted = fit(rules, site)
        self._context = context
        self._outlook = Outlook(context, self._fitted.spots)
        for spot in self._fitted.spots:
            if spot.facility.kind in self._outlook.tellers:
                spot.stir(1)
        self._spots = {spot.facility.id: spot for spot in self._fitted.spots}
        self._silences = Silences(context, rules.intervals)
        self._timers = Timers(self._silences.surely_heard)
        self._pages = Pages(self._fitted.spots)
        self._dirty: list[Spot] = []
        self._alarms = Alarms(site.id)
        self._circles = Circles(self._fitted.circles, self._timers, self._alarms)
        self._afterwards = Afterwards(site, context, max((p.wait for p in rules.programs.values()), default=0))
        self._until: Millis = 0  # the Tick of the row in hand

    def hear(self, readings: Sequence[Reading], at: Millis, *, deaf: bool = False) -> list[AlarmChange]:
        """One journal row: its readings in their order, then the Tick at its receive time.

        Time stands still while `deaf`. Changes are sorted by (at, rule, subject). An alarm that is open already and is
        said to be open again has been amended.
        """
        silences = self._silences
        if deaf != silences.deaf or silences.since is None:
            self._turn_ear(at, deaf=deaf)
        self._until = at
        ears = self._fitted.ears
        waiting = self._pages.waiting
        self._pages.heard += len(readings)
        for reading in readings:  # one loop, in one piece: a call per reading would cost a tenth of it
            facility, device, kind, zone, when, values, quality, seq, received = reading  # noqa: RUF059
            ear = ears.get(device)
            if ear is None:
                continue
            if quality or when <= ear.heard:
                self._hear_oddly(ear, reading)
                continue
            if when - ear.heard > ear.patience and not deaf:
                self._overdue(ear, when)
            spot = ear.spot
            view = spot.view
            if not view.since <= when < view.until:
                self._outlook.see(spot, when)
            if spot.awake or (said := view.quiet(values.get, ear.said, spot.recent, when, device)) is False:
                self._hear_closely(ear, reading)
            else:
                ear.before, ear.said, ear.heard = ear.said, said, when
            page = spot.page
            if not page.dirty:
                page.dirty = True
                waiting.append(page)
        if not deaf:
            self._advance(at)
        return self._alarms.said()

    def listening_from(self, at: Millis) -> None:
        """From now on we hear: on start, and after each deaf span. Every device has its whole limit anew."""
        self._silences.listen(at)
        for ear in self._fitted.ears.values():
            if ear.silent is None and ear.ready is None:
                self._await(ear)

    def due(self) -> Millis | None:
        """The time of the earliest Tick that will change something by itself; None where only readings can."""
        later = self._afterwards.due()
        while (first := self._timers.first()) is not None:
            ready, one = first
            if not isinstance(one, Ear) or (deadline := self._silences.deadline(one)) <= ready:
                return ready if later is None else min(ready, later)
            self._timers.arm(one, deadline)
        return later

    def drain_dirty(self, row: int | None = None) -> dict[str, bytes]:
        """What has changed since the last call, subject → state, to be kept durably and given to `load` on start.

        `row`: the last journal row heard. Then what is quiet may wait, within the bounds of `rules.runners.pages`:
        `needed_after` says which rows are to be heard again after a start. Without it, nothing waits.
        """
        rows = self._pages.drain_all() if row is None else self._pages.drain(row, self._until)
        rows.update({spot.key: saved.spot_row(spot) for spot in self._dirty})
        for spot in self._dirty:
            spot.dirty = False
        self._dirty.clear()
        rows.update(self._circles.drain())
        if (learnt := self._outlook.drain()) is not None:
            rows[saved.CONTEXT] = learnt
        rows.update(self._silences.drain())
        return rows

    def load(self, rows: Iterable[tuple[str, bytes]], after: int = 0) -> None:
        """Take up where a run left off, with all that was drained before the last commit; call before the first `hear`.

        `after`: what `needed_after` was then. The rows above it, up to the last that was heard before that commit, are
        given to `hear_again` next. What is no more is let go.
        """
        found = dict(rows)
        spots = {spot.key: spot for spot in self._fitted.spots}
        self._pages.load(found, after, self._fitted.ears, self._spots)
        for key, text in found.items():
            if key in spots:
                saved.take_up_spot(spots[key], text)
            elif key == saved.LISTENING:
                self._silences.load(text)
            elif key == saved.CONTEXT:
                self._outlook.load(text)
        self._circles.load(found)
        self._take_up()

    @property
    def needed_after(self) -> int:
        """What has been drained lacks something of the rows above this one."""
        return self._pages.needed_after

    def hear_again(self, row: int, readings: Sequence[Reading]) -> None:
        """A row that was judged and committed before: what was quiet about it comes back, and nothing is decided."""
        ears = self._fitted.ears
        self._pages.heard += len(readings)
        for reading in readings:
            if (ear := ears.get(reading.device)) is not None:
                self._pages.hear_again(row, reading, ear)

    def open_alarms(self) -> Mapping[str, AlarmChange]:
        """The alarms that are open, by id: `at` is when each was opened, the rest as it was last amended."""
        return self._alarms.open

    def is_wrong(self, alarm_id: str) -> bool | None:
        """Whether the condition of an open alarm holds on the newest readings; None where that cannot be told now."""
        return self._alarms.is_wrong(alarm_id)

    def around(self, zone: str, at: Millis) -> Mapping[str, bool | float]:
        """What is known to surround a zone at a moment, of what any rule or the site's clocks ask for."""
        return self._context.at(Place(zone, {}), at).values

    def work(self, facility: str, who: str, since: Millis | None, until: Millis | None) -> None:
        """A crew is at work on a facility from `since`, until `until` or still; since None: nobody came after all."""
        self._outlook.work(facility, who, since, until)

    def plan(self, plan: str, facility: str, zone: str, since: Millis, until: Millis) -> None:
        """Work is planned on a facility, or (that being "") in a zone; ending as it begins, it is taken back."""
        self._outlook.plan(plan, facility, zone, since, until)

    def false_alarm(self, facility: str, at: Millis) -> None:
        """People say that an alarm of a facility was false: its instruments have a mark on their records."""
        for spot in self._fitted.spots:
            if spot.facility.id == facility:
                for ear in spot.ears:
                    self._mark(ear, at)

    def corrections(self) -> tuple[Correction, ...]:
        """What late data would have changed, as far as it was found out since the last call. Nobody is called by it."""
        return self._afterwards.said()

    def _turn_ear(self, at: Millis, *, deaf: bool) -> None:
        if deaf:
            self._silences.turn_deaf(at)
        else:
            self.listening_from(at)

    def _hear_oddly(self, ear: Ear, reading: Reading) -> None:
        """What is not newer than the newest, or of which something is wrong."""
        if reading.quality & UNFIT:
            self._hear_unfit(ear, reading)
        elif reading.at < ear.heard:
            self._hear_late(ear, reading)
        else:
            spot = ear.spot
            if reading.at - ear.heard > ear.patience and not self._silences.deaf:
                self._overdue(ear, reading.at)
            if reading.quality or spot.awake or self._is_of_interest(spot, reading, ear.told_before()):
                self._hear_closely(ear, reading)
            else:
                ear.hear(reading.at, spot.fusion.pick(reading.values.get))
                spot.keep(reading)
            self._pages.soil(spot.page)

    def _hear_unfit(self, ear: Ear, reading: Reading) -> None:
        """What cannot raise or clear anything still may show that a device lives, and tell the context something."""
        if ear.spot.facility.kind in self._outlook.tellers:
            self._outlook.hear(reading)
        backfill = reading.quality & int(Quality.BACKFILL)
        if not backfill and reading.at > ear.heard:
            ear.heard = reading.at
            self._pages.soil(ear.spot.page)
        if backfill:
            self._put_by(ear.spot, reading)

    def _hear_late(self, ear: Ear, reading: Reading) -> None:
        """What is older than the newest of its device: settled rules may judge it still."""
        spot = ear.spot
        if reading.received - reading.at <= self._fitted.recall:
            if spot.awake or self._is_of_interest(spot, reading, {}):
                self._look(ear, Late(reading))
                self._soil(spot)
        elif spot.facility.kind in self._outlook.tellers:
            self._outlook.hear(reading)
        self._put_by(spot, reading)
        spot.keep(reading)
        self._pages.soil(spot.page)

    def _put_by(self, spot: Spot, reading: Reading) -> None:
        """To be judged in hindsight, with what comes after it."""
        if spot.late and not self._silences.deaf and reading.received <= self._until:
            self._advance(reading.received)
        if self._afterwards.put(spot, reading):
            self._soil(spot)

    def _hear_closely(self, ear: Ear, reading: Reading) -> None:
        """What some rule may care about, were it only that something is wrong about it."""
        ear.hear(reading.at, ear.spot.fusion.pick(reading.values.get))
        self._look(ear, reading)
        self._soil(ear.spot)
        ear.spot.keep(reading)

    def _is_of_interest(self, spot: Spot, reading: Reading, before: Mapping[str, Value]) -> bool:
        """Whether it may make any condition true, alone or with what was said `before`."""
        around = self._context.at(spot.place, reading.at).values.get
        return spot.fusion.interest(reading.values.get, spot.place.attributes.get, around, before)

    def _look(self, ear: Ear, seen: Reading | Late) -> None:
        """A reading that some rule may care about. What fell due before it came, comes first. Rules about the device
        itself come before others, which hear nothing of what they hold.
        """
        spot = ear.spot
        reading = seen.reading if isinstance(seen, Late) else seen
        if not self._silences.deaf and reading.received <= self._until:
            self._advance(reading.received)
        if spot.facility.kind in self._outlook.tellers:
            self._outlook.hear(reading)
        alive = reading if ear.silent is None else self._heard_again(ear, reading)
        around = self._context.at(spot.place, reading.at).values.get
        said, late = reading if isinstance(seen, Late) else instruments.enriched(ear, reading), isinstance(seen, Late)
        before = ear.told_before()
        attribute, asked_holders = spot.place.attributes.get, not spot.fusion.holders
        for watch in spot.fusion.watches:
            if not asked_holders and not watch.holds:
                said, asked_holders = instruments.believed(ear, said), True
            told = instruments.witnessed(ear, watch.program.rule, said, around) if ear.marks else said
            key = watch.key(ear.id)
            state = spot.states.get(key)
            if state is None:
                if watch.absence or not watch.interest(told.values.get, attribute, around, before):
                    continue
                state = spot.woken(watch, key)
            self._step(spot, watch, key, state, alive if watch.absence else Late(told) if late else told)
        if spot.asked_by:
            self._circles.hear(ear, said, around)
        spot.settle_down()
        self._timers.arm(spot, spot.due())

    def _step(self, spot: Spot, watch: Watch, key: str, state: State, seen: Seen) -> None:
        program, place = watch.program, spot.place
        if spot.marked:
            at = seen.reading.at if isinstance(seen, Late) else seen.at
            place = place._replace(doubted=instruments.doubted(spot, at))
        after, changes = step(program, state, seen, place, self._context, spot.cover(key))
        for change in changes:
            self._alarms.of_facility(spot, key, change)
            if change.state is AlarmState.CLEARED:
                spot.is_over(key, Past(change.cause, change.at))
            self._circles.count(spot, watch.name, change)
            new = state.open is None and change.state is AlarmState.OPEN
            if watch.holds and new and program.rule.order is not None:
                self._mark(self._fitted.ears[key.partition("/")[2]], change.at)
        if after is QUIET or self._may_sleep(spot, watch, after):
            spot.states.pop(key, None)
            judged = after.parts[0].judged if after.parts else after.judged
            if program.span and judged >= 0:
                spot.let_sleep(key, judged)
        else:
            spot.keep_state(key, after)

    def _mark(self, ear: Ear, at: Millis) -> None:
        """Its record is worse by one."""
        instruments.mark(ear, at)
        self._soil(ear.spot)

    def _may_sleep(self, spot: Spot, watch: Watch, state: State) -> bool:
        """Nothing pends, and no sample that is left could make a clause true."""
        if state.holds or state.open is not None or state.closed is not None or watch.absence:
            return False
        if state.parts:
            alike = len({part.judged for part in state.parts}) == 1
            return alike and all(self._may_sleep(spot, watch, part) for part in state.parts)
        attribute = spot.place.attributes.get
        return not any(
            watch.interest(
                s.values.get, attribute, self._context.at(spot.place, s.at).values.get, instruments.before(spot, s)
            )
            for s in state.samples
        )

    def _heard_again(self, ear: Ear, reading: Reading) -> Reading:
        """The reading as proof of life."""
        missed_by = ear.missed_by
        alive = self._silences.end(ear, reading)
        self._await(ear)
        for circle, who in missed_by:
            self._circles.put(circle, Event(alive.at, who, "heard", reading.received))
        return alive

    def _overdue(self, ear: Ear, at: Millis) -> None:
        """A device speaks after a long time."""
        if (silent := self._silences.overdue(ear, at)) is not None:
            self._fall_silent(ear, silent)

    def _fall_silent(self, ear: Ear, at: Millis) -> None:
        spot, silent = ear.spot, self._silences.begin(ear, at)
        for watch in spot.fusion.watches:
            if watch.absence:
                key = watch.key(ear.id)
                self._step(spot, watch, key, spot.states.get(key, QUIET), silent)
        for circle, who in ear.missed_by:
            self._circles.put(circle, Event(at, who, "silent"))
        spot.settle_down()
        self._timers.arm(spot, spot.due())
        self._soil(spot)

    def _await(self, ear: Ear) -> None:
        self._timers.arm(ear, self._silences.deadline(ear))

    def _advance(self, at: Millis) -> None:
        """Do all that falls due up to `at`, each as if a Tick had come at its own time."""
        while True:
            later = self._afterwards.due()
            ripe = self._timers.pop(at if later is None else min(at, later))
            if ripe is not None:
                self._run_out(*ripe)
            elif later is not None and later <= at:
                for spot in self._afterwards.ripen(later):
                    self._soil(spot)
            else:
                return

    def _run_out(self, ready: Millis, one: Armed) -> None:
        if isinstance(one, Ear):
            if (deadline := self._silences.deadline(one)) > ready:  # it spoke since
                self._timers.arm(one, deadline)
            else:
                self._fall_silent(one, ready - absence.WAIT)
        elif isinstance(one, Circle):
            self._circles.tick(one, ready)
        else:
            for watch, key in one.keys:
                if (state := one.states.get(key)) is not None:
                    self._step(one, watch, key, state, Tick(ready))
            one.settle_down()
            self._timers.arm(one, one.due())
            self._soil(one)

    def _soil(self, spot: Spot) -> None:
        if not spot.dirty:
            spot.dirty = True
            self._dirty.append(spot)

    def _take_up(self) -> None:
        """Make of what was loaded what follows from it: alarms, timers, and who must be looked at closely."""
        self._alarms.take_up(self._fitted.spots, self._fitted.circles)
        self._afterwards.take_up(self._fitted.spots)
        self._circles.take_up()
        for spot in self._fitted.spots:
            spot.settle_down()
            self._timers.arm(spot, spot.due())
        if self._silences.since is not None:
            for ear in self._fitted.ears.values():
                if ear.silent is None:
                    self._await(ear)
