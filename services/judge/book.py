"""What becomes of orders when something happens: an alarm, a limit that runs out, a word that is carried out."""

from collections.abc import Mapping
from dataclasses import replace
from heapq import heapify, heappop, heappush

from domain.alarms import AlarmChange, AlarmState
from domain.errors import ConflictError
from domain.readings import Millis
from domain.site import Site
from ingest.codecs.replies import Command
from rules.core.rule import Rule
from services.dispatch import life, policy
from services.dispatch.days import days_of
from services.dispatch.legal import LEGAL
from services.dispatch.letters import Letter, Undelivered, instead
from services.dispatch.orders import AT_WORK, SERVICE, Addressed, Alarm, Order, OrderState, Pause, Step
from services.dispatch.working import WorkingHours
from services.judge import filing
from services.judge.announcing import announced
from services.judge.answers import Terms
from services.judge.handing import Handing
from services.judge.open_alarms import OpenAlarms
from services.judge.orders import Orders
from services.judge.outcome import Engine, Saved
from services.judge.stops import Stops
from services.judge.timekeeper import Timekeeper


class Book:
    """All orders and the open alarms, changed by one event at a time; and what this row made of them. Reads nothing but
    what it is given.
    """

    def __init__(self, site: Site, rules: Mapping[str, Rule], engine: Engine) -> None:
        self._site, self._rules = site, rules
        self.open = OpenAlarms(engine.is_wrong)
        self.stops = Stops(site, engine.around)
        day_of = days_of(site.timezone)
        hours = WorkingHours(site.clocks.working, site.timezone, day_of)
        self.terms = Terms(site.desk, site.clocks, hours)
        self._clock = Timekeeper(site, self.terms, day_of, engine.around, self.stops)
        self.handing = Handing(site, self._clock, day_of)
        self.all = Orders()
        self._timers: list[tuple[Millis, str]] = []
        self.cases: dict[str, int] = {}
        self.turn_page()

    def turn_page(self) -> None:
        """Begin a row: nothing has changed yet."""
        self.open.turn_page()
        self.outbox: dict[str, Addressed] = {}
        self.letters: dict[str, Letter] = {}
        self.written: dict[str, int] = {}  # order → how long its history was when the row began

    def load(self, saved: Saved, cases: dict[str, int]) -> None:
        """Start from what was committed."""
        self.open.load(saved.alarms)
        in_order = sorted(saved.orders, key=lambda o: (o.opened, o.id))
        self.all.load(in_order)
        self.handing.load(in_order)
        timers = ((policy.next_timer(o, self._site), o.id) for o in in_order)
        self._timers = [(timer.at, order) for timer, order in timers if timer is not None]
        heapify(self._timers)
        self.cases = cases
        self.turn_page()

    @property
    def orders(self) -> tuple[Order, ...]:
        """Those that changed in this row."""
        return tuple(self.all.by_id[order] for order in self.written)

    def next_due(self) -> Millis | None:
        """When the next limit of an order runs out."""
        while self._timers:
            at, order = self._timers[0]
            found = self.all.get(order)
            timer = policy.next_timer(found, self._site) if found is not None else None
            if timer is not None and timer.at == at:
                return at
            heappop(self._timers)
        return None

    def fall_due(self) -> None:
        """The next limit runs out."""
        at, order = heappop(self._timers)
        before = self.all.by_id[order]
        timer = policy.next_timer(before, self._site)
        match timer.step if timer is not None else None:
            case Step.ESCALATE:
                after = self._clock.climbed(before, at)
            case Step.OVERDUE:
                after = self._clock.ran_out(before, at)
            case Step.RESUME:
                after = self._clock.back(before, at)
            case Step.REOPEN:
                after = self.open.looked_at_again(before, at)
            case Step.AMEND:
                after = life.amend(before, who=SERVICE, at=at, why=f"{len(before.members)} members, not {before.told}")
            case _:
                after = self.open.unverified(before, at)
        self.keep(before, after, at, tell=len(after.history) > len(before.history))

    def alarm(self, change: AlarmChange, at: Millis) -> None:
        """An alarm opened, was amended, or cleared. `at` is when that counts for orders."""
        known = self.open.get(change.alarm)
        if change.state is AlarmState.CLEARED:
            self._cleared(known, change, at)
        elif known is None:
            self._opened(change, at)
        else:
            self._amended(known, change, at)

    def abandon(self, was: Alarm, at: Millis) -> None:
        """Clear an open alarm that no rule will ever clear."""
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
        if settled.ended and not merged and before is not None and not before.ended and self.open.of(settled):
            settled = replace(settled, look_again=at + policy.COOL_DOWN_MS)
        if tell:
            settled = replace(settled, revision=settled.revision + 1, told=len(settled.members), grown=None)
            told, written = announced(before, settled, self._site, at)
            self.outbox.update((one.key, one) for one in told)
            self.letters.update((one.key, one) for one in written)
        self.written.setdefault(settled.id, len(before.history) if before else 0)
        self.handing.count(self.all.get(settled.id), settled)
        self.all.put(settled)
        timer = policy.next_timer(settled, self._site)
        if timer is not None:
            heappush(self._timers, (timer.at, settled.id))
        return settled

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
        for alarm in self.open.of(order):
            self.open.note(replace(alarm, order=into.id))
        self.keep(order, ended, at)
        self.keep(into, self._clock.tight(taken, at) if taken.priority != into.priority else taken, at)

    def follow_up(self, order: Order, command: Command, at: Millis) -> None:
        """File an order that follows another one (续办), for another trade where one is said."""
        draft = filing.following(order, command, self._case(at), at)
        filed = life.file(draft, at=at, who=command.by, why=command.why)
        if command.crew:
            filed = self.handing.give(filed, command.crew, at, who=command.by, why=command.why, anew=True)
        before = life.follow_up(order, order_id=draft.id, by=command.by, at=at, why=f"{draft.case}: {command.why}")
        self.keep(order, before, at, tell=False)
        self.keep(None, filed, at)

    def look_at_zone(self, zone: str, at: Millis) -> None:
        """A stop of work began or ended in a zone: hold what it holds, and take up what it no longer does."""
        for order in self.all.open_in(zone):
            if order.state in AT_WORK:
                after = self._clock.shut_out(order, at)
                if after.state is OrderState.ON_HOLD and after.held_for is Pause.STOP:
                    self.keep(order, after, at)
            elif order.state is OrderState.ON_HOLD and order.held_for is Pause.STOP:
                after = self._clock.back(order, at)
                self.keep(order, after, at, tell=len(after.history) > len(order.history))

    def undelivered(self, lost: Undelivered, at: Millis) -> None:
        """A message reached nobody: it stands in the order's history, and the next contact is told. Heard again, it is
        no news.
        """
        order = self.all.get(lost.order)
        if order is None:
            return
        stem = f"{lost.to} was not reached over {lost.channel} with revision {lost.revision}"
        if any(change.step is Step.NOTE and change.why.startswith(stem) for change in order.history):
            return
        if order.state in LEGAL[Step.NOTE]:
            self.keep(order, life.note(order, by=SERVICE, at=at, why=f"{stem}: {lost.why}"), at, tell=False)
        if (other := instead(lost, order, self._site, at)) is not None:
            self.letters[other.key] = other

    def _opened(self, change: AlarmChange, at: Millis) -> None:
        rule = self._rules.get(change.rule)
        plan = rule.order if rule else None
        if rule is None or plan is None:
            self.open.note(filing.alarm_of(change, ""))
            return
        before = self.all.of_cause(change, at)
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
        self.open.note(filing.alarm_of(change, after.id))
        self.all.answers_for(after)
        self.keep(before, after, at)

    def _amended(self, known: Alarm, change: AlarmChange, at: Millis) -> None:
        """The alarm keeps what opened it, its order says how it stands. The crew is told when `policy` says so."""
        self.open.note(replace(known, since=change.since, members=change.members, level=change.level))
        order = self.all.get(known.order)
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
        was = known or filing.alarm_of(change, "")
        self.open.clear(was, change)
        for order in self.all.of_alarm(was):
            if not order.ended and not self.open.of(order):
                self._well(order, change, at)

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

    def _case(self, at: Millis) -> str:
        return filing.case_number(self.cases, at, self._site)

    def _settled(self, order: Order, at: Millis) -> Order:
        """Nothing stays open with nobody, and nothing done waits for sensors that have already agreed."""
        clear = not self.open.of(order)
        if order.state is OrderState.DONE and not order.vouched and clear:
            return life.verify(order, at=at, why="the alarm is clear")
        if order.state is not OrderState.OPEN:
            return order
        if order.crew and not order.vouched and clear:
            return life.withdraw(order, at=at, why="given back, and the alarm is clear")
        return self.handing.to_somebody(order, self.all.get(order.id), at)
