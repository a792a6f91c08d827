"""The book of everything that can still change: open alarms, orders, answers given; and what this row made of them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from heapq import heapify, heappop, heappush

from domain.alarms import AlarmChange, AlarmState
from domain.errors import ConflictError
from domain.ids import order_id
from domain.readings import Millis
from domain.site import Site
from ingest.codecs.replies import Command
from rules.core.rule import Rule
from services.dispatch import life, policy, who
from services.dispatch.days import days_of
from services.dispatch.legal import LEGAL
from services.dispatch.letters import Letter, Undelivered, instead
from services.dispatch.orders import AT_WORK, SERVICE, Addressed, Alarm, Order, OrderState, Pause, Step
from services.dispatch.places import place_of
from services.dispatch.who import responsible
from services.dispatch.working import WorkingHours
from services.judge import filing
from services.judge.announcing import announced
from services.judge.answers import Terms
from services.judge.outcome import MEMORY_MS, Engine, Saved
from services.judge.stops import Stops
from services.judge.timekeeper import Timekeeper

UNTOLD_MS = 24 * 3_600_000  # in a day there is a night in which a lamp can be seen to shine


class Book:
    """Orders and open alarms in memory, changed by one event at a time. Reads nothing but what it is given."""

    def __init__(self, site: Site, rules: Mapping[str, Rule], engine: Engine) -> None:
        self._site, self._rules, self._is_wrong = site, rules, engine.is_wrong
        self.stops = Stops(site, engine.around)
        self._day_of = days_of(site.timezone)
        hours = WorkingHours(site.clocks.working, site.timezone, self._day_of)
        self.terms = Terms(site.desk, site.clocks, hours)
        self._clock = Timekeeper(site, self.terms, self._day_of, engine.around, self.stops)
        self._open: dict[str, Alarm] = {}
        self._orders: dict[str, Order] = {}
        self._load: Counter[str] = Counter()  # crew → orders at work
        self._by_cause: dict[tuple[str, str], str] = {}
        self._timers: list[tuple[Millis, str]] = []
        self.cases: dict[str, int] = {}
        self.turn_page()

    def turn_page(self) -> None:
        """Begin a row: nothing has changed yet."""
        self.alarms: dict[str, Alarm] = {}
        self.outbox: dict[str, Addressed] = {}
        self.letters: dict[str, Letter] = {}
        self.written: dict[str, int] = {}  # order → how long its history was when the row began

    def load(self, saved: Saved, cases: dict[str, int]) -> None:
        """Start from what was committed."""
        self._open = {a.id: a for a in saved.alarms}
        in_order = sorted(saved.orders, key=lambda o: (o.opened, o.id))
        self._orders = {o.id: o for o in in_order}
        self._load = Counter(o.crew for o in in_order if o.state in AT_WORK)
        self._by_cause = {(o.rule, o.subject): o.id for o in in_order}
        timers = ((policy.next_timer(o, self._site), o.id) for o in in_order)
        self._timers = [(timer.at, order) for timer, order in timers if timer is not None]
        heapify(self._timers)
        self.cases = cases
        self.turn_page()

    def order(self, order: str, at: Millis) -> Order | None:
        """An order that is not ended, or ended within the memory before `at`."""
        found = self._orders.get(order)
        return None if found is None or _forgotten(found, at) else found

    @property
    def orders(self) -> tuple[Order, ...]:
        """Those that changed in this row."""
        return tuple(self._orders[order] for order in self.written)

    def next_due(self) -> Millis | None:
        """When the next limit of an order runs out."""
        while self._timers:
            at, order = self._timers[0]
            timer = policy.next_timer(self._orders[order], self._site) if order in self._orders else None
            if timer is not None and timer.at == at:
                return at
            heappop(self._timers)
        return None

    def fall_due(self) -> None:
        """The next limit runs out."""
        at, order = heappop(self._timers)
        before = self._orders[order]
        timer = policy.next_timer(before, self._site)
        match timer.step if timer is not None else None:
            case Step.ESCALATE:
                after = self._clock.climbed(before, at)
            case Step.OVERDUE:
                after = self._clock.ran_out(before, at)
            case Step.RESUME:
                after = self._clock.back(before, at)
            case Step.REOPEN:
                after = self._looked_at_again(before, at)
            case Step.AMEND:
                after = life.amend(before, who=SERVICE, at=at, why=f"{len(before.members)} members, not {before.told}")
            case _:
                after = self._unverified(before, at)
        self.keep(before, after, at, tell=len(after.history) > len(before.history))

    def alarm(self, change: AlarmChange, at: Millis) -> None:
        """An alarm opened, was amended, or cleared. `at` is when that counts for orders."""
        known = self._open.get(change.alarm)
        if change.state is AlarmState.CLEARED:
            self._cleared(known, change, at)
        elif known is None:
            self._opened(change, at)
        else:
            self._amended(known, change, at)

    @property
    def open_alarms(self) -> tuple[str, ...]:
        """Those that are open, in the order of their ids."""
        return tuple(sorted(self._open))

    def abandon(self, alarm: str, at: Millis) -> None:
        """Clear an alarm that no rule will ever clear."""
        was = self._open[alarm]
        places = {*self._site.facilities, *self._site.gateways, *self._site.zones, *self._site.sections}
        changed = "its rule was changed" if was.facility in places else "its facility is no more"
        reason = changed if was.rule in self._rules else "its rule is no more"
        facts = (was.id, was.rule, was.version, was.subject, AlarmState.CLEARED, was.cause, was.since)
        self.alarm(AlarmChange(*facts, at, was.facility, was.members, {"reason": reason}), at)

    def keep(self, before: Order | None, after: Order, at: Millis, *, tell: bool = True) -> Order:
        """Write the order down as it is after an event: with somebody, verified where it can be, and announced."""
        settled = self._settled(after, at)
        if settled.state is OrderState.DISPATCHED and settled.history[-1].step is Step.DISPATCH:
            settled = self._clock.shut_out(settled, at)
        merged = settled.state is OrderState.MERGED
        if settled.ended and not merged and before is not None and not before.ended and not self._clear(settled):
            settled = replace(settled, look_again=at + policy.COOL_DOWN_MS)
        if tell:
            settled = replace(settled, revision=settled.revision + 1, told=len(settled.members), grown=None)
            told, written = announced(before, settled, self._site, at)
            self.outbox.update((one.key, one) for one in told)
            self.letters.update((one.key, one) for one in written)
        self.written.setdefault(settled.id, len(before.history) if before else 0)
        self._put(settled)
        timer = policy.next_timer(settled, self._site)
        if timer is not None:
            heappush(self._timers, (timer.at, settled.id))
        return settled

    def give(self, order: Order, crew: str, at: Millis, *, who: str, why: str, anew: bool) -> Order:
        """Dispatch an open order to a crew. Unless it is done `anew`, its finish limit stays."""
        fresh = self._clock.given(order, at)
        until, yellow, working = fresh.limits, fresh.yellow, fresh.working
        if anew or order.limits.finish is None:
            order = replace(order, allowed=fresh.allowed)
        else:
            until, yellow = until._replace(finish=order.limits.finish), yellow._replace(finish=order.yellow.finish)
            working = order.working
        answers = responsible(self._site, place_of(self._site, order.facility), crew)
        return life.dispatch(
            replace(order, responsible=answers),
            crew=crew,
            limits=until,
            at=at,
            who=who,
            why=why,
            desk=order.overdue or self._clock.shoved(order),
            yellow=yellow,
            working=working,
        )

    def merge(self, order: Order, into: Order, at: Millis, *, who: str, why: str) -> None:
        """Let an order end in another one. Raises ConflictError."""
        if into.id == order.id:
            raise ConflictError("an order cannot be merged into itself")
        if order.vouched and not into.vouched:
            raise ConflictError("a person confirms this one, and sensors close the other: merge the other way round")
        if order.counted and not into.counted:
            raise ConflictError("an order about our own instruments cannot take up another one")
        taken = life.absorb(into, order, by=who, at=at, why=f"{order.case}: {why}")
        ended = life.merge(order, into=into.id, by=who, at=at, why=f"into {into.case}: {why}")
        for alarm in order.alarms:
            if alarm in self._open:
                self._note_alarm(replace(self._open[alarm], order=into.id))
        self.keep(order, ended, at)
        self.keep(into, self._clock.tight(taken, at) if taken.priority != into.priority else taken, at)

    def follow_up(self, order: Order, command: Command, at: Millis) -> None:
        """File an order that follows another one (续办), for another trade where one is said."""
        draft = filing.following(order, command, self._case(at), at)
        filed = life.file(draft, at=at, who=command.by, why=command.why)
        if command.crew:
            filed = self.give(filed, command.crew, at, who=command.by, why=command.why, anew=True)
        before = life.follow_up(order, order_id=draft.id, by=command.by, at=at, why=f"{draft.case}: {command.why}")
        self.keep(order, before, at, tell=False)
        self.keep(None, filed, at)

    def look_at_zone(self, zone: str, at: Millis) -> None:
        """A stop of work began or ended in a zone: hold what it holds, and take up what it no longer does."""
        for order in sorted((o for o in self._orders.values() if o.zone == zone and not o.ended), key=lambda o: o.id):
            if order.state in AT_WORK:
                after = self._clock.shut_out(order, at)
                if after.state is OrderState.ON_HOLD and after.held_for is Pause.STOP:
                    self.keep(order, after, at)
            elif order.state is OrderState.ON_HOLD and order.held_for is Pause.STOP:
                after = self._clock.back(order, at)
                self.keep(order, after, at, tell=len(after.history) > len(order.history))

    def still_wrong(self, order: Order) -> bool:
        """Whether the newest values show what an open alarm of the order is about."""
        return any(alarm in self._open and self._is_wrong(alarm) is True for alarm in order.alarms)

    def forget(self, at: Millis) -> None:
        """Let go of orders that ended too long ago to be answered or reopened."""
        for order in [o for o in self._orders.values() if _forgotten(o, at)]:
            del self._orders[order.id]
            if self._by_cause.get((order.rule, order.subject)) == order.id:
                del self._by_cause[(order.rule, order.subject)]

    def _opened(self, change: AlarmChange, at: Millis) -> None:
        rule = self._rules.get(change.rule)
        plan = rule.order if rule else None
        if rule is None or plan is None:
            self._note_alarm(filing.alarm_of(change, ""))
            return
        before = self._of_cause(change, at)
        title = f"alarm {change.alarm}"
        if before is None:
            draft = filing.draft_of(change, rule, plan, self._case(at), at, self._site)
            after = life.file(draft, at=at, who=SERVICE, why=title)
        elif before.ended:
            after = life.reopen(filing.with_members(before, change), alarm=change.alarm, who=SERVICE, at=at, why=title)
            after = replace(after, priority=min(after.priority, filing.urgency(change, rule, plan, self._site)))
        else:
            after = life.attach(filing.with_members(before, change), alarm=change.alarm, who=SERVICE, at=at, why=title)
            after = self._urged(after, change, at)
        self._note_alarm(filing.alarm_of(change, after.id))
        self._by_cause[(after.rule, after.subject)] = after.id
        self.keep(before, after, at)

    def _amended(self, known: Alarm, change: AlarmChange, at: Millis) -> None:
        """The alarm keeps what opened it, its order says how it stands. The crew is told when `policy` says so."""
        self._note_alarm(replace(known, since=change.since, members=change.members, level=change.level))
        order = self._orders.get(known.order)
        if order is not None:
            after = filing.with_members(order, change)
            if order.alarms[0] == known.id:
                after = replace(after, since=change.since, why=change.why)
            if after.state in AT_WORK and after.grown is None and policy.is_news(after):
                after = replace(after, grown=at)
            urged = self._urged(after, change, at)
            self.keep(order, urged, at, tell=urged is not after)

    def _urged(self, order: Order, change: AlarmChange, at: Millis) -> Order:
        """The order, more urgent where the alarm has become worse than it is urgent."""
        rule = self._rules.get(change.rule)
        if rule is None or order.ended or not change.level:
            return order
        wanted = filing.urgency(change, rule, order.plan, self._site)
        if wanted >= order.priority:
            return order
        why = f"{rule.levels[change.level - 1].name}: {order.priority} becomes {wanted}"
        return self._clock.tight(life.urge(order, priority=wanted, who=SERVICE, at=at, why=why), at)

    def _cleared(self, known: Alarm | None, change: AlarmChange, at: Millis) -> None:
        self._open.pop(change.alarm, None)
        was = known or filing.alarm_of(change, "")
        self.alarms[was.id] = replace(
            was, state=AlarmState.CLEARED, since=change.since, until=change.at, cleared_why=change.why
        )
        for order in self._answering(was):
            if not order.ended and self._clear(order):
                self._well(order, change, at)

    def _answering(self, alarm: Alarm) -> list[Order]:
        """The orders that an alarm belongs to."""
        return sorted((o for o in self._orders.values() if alarm.id in o.alarms), key=lambda o: o.id)

    def _well(self, order: Order, change: AlarmChange, at: Millis) -> None:
        """The last alarm of an order cleared: the cancel policy (domain.md §4.1, 9)."""
        why = f"alarm {change.alarm} cleared" + (f": {change.why['reason']}" if "reason" in change.why else "")
        untaken = OrderState.DISPATCHED in (order.state, order.held_from)
        if order.state is OrderState.DONE and not order.vouched:
            self.keep(order, order, at)
        elif untaken and not order.vouched:
            self.keep(order, life.withdraw(order, at=at, why=why), at)
        elif not order.recovered:
            self.keep(order, life.recover(order, at=at, why=why), at)

    def _of_cause(self, change: AlarmChange, at: Millis) -> Order | None:
        """The order that an alarm belongs to: the one still open for its rule and subject, or ended a moment ago."""
        own = self._heir(order_id(change.alarm))
        found = self._heir(self._by_cause.get((change.rule, change.subject), order_id(change.alarm)))
        if found is None or not found.ended or change.alarm in found.alarms:
            return found
        if own is not None:  # its own order, of an alarm that was over and is back: it has that id already
            return own
        return found if found.closed is not None and at - found.closed <= policy.COOL_DOWN_MS else None

    def _heir(self, order: str) -> Order | None:
        """An order, or the one that it ended in (并案), however often that ended in another."""
        found = self._orders.get(order)
        while found is not None and found.state is OrderState.MERGED:
            found = self._orders.get(found.merged_into)
        return found

    def _put(self, order: Order) -> None:
        """The book has it as it is now; so has the load of crews."""
        before = self._orders.get(order.id)
        if before is not None and before.state in AT_WORK:
            self._load[before.crew] -= 1
        if order.state in AT_WORK:
            self._load[order.crew] += 1
        self._orders[order.id] = order

    def _load_beside(self, order: Order) -> Mapping[str, int]:
        """How many orders each crew has at work, not counting this one."""
        before = self._orders.get(order.id)
        if before is None or before.state not in AT_WORK:
            return self._load
        return self._load - Counter((before.crew,))

    def _case(self, at: Millis) -> str:
        return filing.case_number(self.cases, at, self._site)

    def _clear(self, order: Order) -> bool:
        return not any(alarm in self._open for alarm in order.alarms)

    def _settled(self, order: Order, at: Millis) -> Order:
        """Nothing stays open with nobody, and nothing done waits for sensors that have already agreed."""
        if order.state is OrderState.DONE and not order.vouched and self._clear(order):
            return life.verify(order, at=at, why="the alarm is clear")
        if order.state is not OrderState.OPEN:
            return order
        if order.crew and not order.vouched and self._clear(order):
            return life.withdraw(order, at=at, why="given back, and the alarm is clear")
        place, trade = place_of(self._site, order.facility), order.plan.trade
        load = self._load_beside(order)
        step = order.history[-1].step
        if step in (Step.REWORK, Step.REOPEN):
            before, refused = order.crew, order.declined
            choice = who.again(
                self._site, place, trade, at, load, before, refused, matter=order.matter, day_of=self._day_of
            )
        else:
            refused = (*order.declined, order.crew) if step is Step.REASSIGN else order.declined
            choice = who.choose(self._site, place, trade, at, load, refused, matter=order.matter, day_of=self._day_of)
        anew = step in (Step.FILE, Step.REWORK, Step.REOPEN)
        return self.give(order, choice.crew, at, who=SERVICE, why=choice.why, anew=anew)

    def _unverified(self, order: Order, at: Millis) -> Order:
        """The sensors have not agreed in time: rework. Put off once where they do, but not for long enough yet; and for
        up to a day while nobody can tell, as of a lamp by daylight.
        """
        states = [self._is_wrong(alarm) for alarm in order.alarms if alarm in self._open]
        if None in states and True not in states and at - (order.done or at) < UNTOLD_MS:
            return replace(order, limits=order.limits._replace(verify=at + max(1, order.plan.verify_s) * 1000))
        if not order.put_off and states and all(wrong is False for wrong in states):
            later = at + max(1, order.plan.verify_s + order.clear_for_s) * 1000
            return replace(order, put_off=True, limits=order.limits._replace(verify=later))
        seen = "the sensors still show it" if any(states) else "the sensors have not shown the repair"
        return life.rework(order, who=SERVICE, at=at, why=f"{seen} in time")

    def _looked_at_again(self, order: Order, at: Millis) -> Order:
        """A person closed it while an alarm of it was open. Where that still is, after the cool-down, the condition is
        back: at once where the sensors show it, after a day where they cannot tell.
        """
        still = [alarm for alarm in order.alarms if alarm in self._open]
        if not still:
            return replace(order, look_again=None)
        if not self.still_wrong(order) and at - (order.closed or at) < UNTOLD_MS:
            return replace(order, look_again=at + policy.COOL_DOWN_MS)
        return life.reopen(order, alarm=still[0], who=SERVICE, at=at, why=f"alarm {still[0]} was never cleared")

    def undelivered(self, lost: Undelivered, at: Millis) -> None:
        """A message reached nobody: it stands in the order's history, and the next contact is told. Heard again, it is
        no news.
        """
        order = self._orders.get(lost.order)
        if order is None:
            return
        stem = f"{lost.to} was not reached over {lost.channel} with revision {lost.revision}"
        if any(change.step is Step.NOTE and change.why.startswith(stem) for change in order.history):
            return
        if order.state in LEGAL[Step.NOTE]:
            self.keep(order, life.note(order, by=SERVICE, at=at, why=f"{stem}: {lost.why}"), at, tell=False)
        if (other := instead(lost, order, self._site, at)) is not None:
            self.letters[other.key] = other

    def _note_alarm(self, alarm: Alarm) -> None:
        self._open[alarm.id] = self.alarms[alarm.id] = alarm


def _forgotten(order: Order, at: Millis) -> bool:
    return order.closed is not None and at - order.closed > MEMORY_MS
