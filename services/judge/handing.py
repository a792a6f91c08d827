"""Who gets an order, and with what time."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from domain.readings import Millis
from domain.site import Site
from services.dispatch import life, who
from services.dispatch.orders import AT_WORK, SERVICE, Order, Step
from services.dispatch.places import place_of
from services.dispatch.who import responsible
from services.dispatch.working import DayOf
from services.judge.timekeeper import Timekeeper


class Handing:
    """Chooses by place, trade, shift and load, and starts the clock. Keeps the load of crews, as it is told of it."""

    def __init__(self, site: Site, clock: Timekeeper, day_of: DayOf) -> None:
        self._site, self._clock, self._day_of = site, clock, day_of
        self._load: Counter[str] = Counter()  # crew → orders at work

    def load(self, orders: Iterable[Order]) -> None:
        """Start from what was committed."""
        self._load = Counter(o.crew for o in orders if o.state in AT_WORK)

    def count(self, before: Order | None, after: Order) -> None:
        """An order is now another one, or came to be."""
        if before is not None and before.state in AT_WORK:
            self._load[before.crew] -= 1
        if after.state in AT_WORK:
            self._load[after.crew] += 1

    def to_somebody(self, order: Order, before: Order | None, at: Millis) -> Order:
        """Dispatch an open order to whoever is to have it now; `before` is the order as it was counted."""
        place, trade = place_of(self._site, order.facility), order.plan.trade
        load = self._load_beside(before)
        step = order.history[-1].step
        if step in (Step.REWORK, Step.REOPEN):
            last, refused = order.crew, order.declined
            choice = who.again(
                self._site, place, trade, at, load, last, refused, matter=order.matter, day_of=self._day_of
            )
        else:
            refused = (*order.declined, order.crew) if step is Step.REASSIGN else order.declined
            choice = who.choose(self._site, place, trade, at, load, refused, matter=order.matter, day_of=self._day_of)
        anew = step in (Step.FILE, Step.REWORK, Step.REOPEN)
        return self.give(order, choice.crew, at, who=SERVICE, why=choice.why, anew=anew)

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

    def _load_beside(self, before: Order | None) -> Mapping[str, int]:
        """How many orders each crew has at work, not counting this one."""
        if before is None or before.state not in AT_WORK:
            return self._load
        return self._load - Counter((before.crew,))
