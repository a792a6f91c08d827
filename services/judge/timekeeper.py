"""An order's clock: what limits it has, when it stands, and what comes of limits that run out."""

from collections.abc import Callable
from dataclasses import replace

from domain.readings import Millis
from domain.site import Site
from services.dispatch import clocks, ladder, life, who, windows
from services.dispatch.orders import SERVICE, Order, OrderState, Pause
from services.dispatch.when import local
from services.dispatch.working import DayOf
from services.judge.answers import Terms, resumed
from services.judge.stops import Stops

Around = Callable[[str, Millis], windows.Known]  # of a zone, at a time

SEASONS = ("spring", "summer", "autumn", "winter")


class Timekeeper:
    """By the site's clocks, its working days, what is measured around, and the stops of work in force. Changes nothing
    but the order that it is given, and gives it back.
    """

    def __init__(self, site: Site, terms: Terms, day_of: DayOf, around: Around, stops: Stops) -> None:
        self._site, self._terms, self._day_of = site, terms, day_of
        self._around, self._stops = around, stops

    def given(self, order: Order, at: Millis) -> clocks.Given:
        """The limits of an order that somebody gets now."""
        hours = self._terms.hours
        return clocks.given(self._site.clocks, hours, order.plan, self._circumstances(order, at), at)

    def tight(self, order: Order, at: Millis) -> Order:
        """More urgent from now on; where its clock stands, with as much time left as a fresh one would have."""
        held = order.held_at if order.state is OrderState.ON_HOLD else None
        return clocks.tightened(order, self.given(order, at if held is None else held))

    def shoved(self, order: Order) -> bool:
        """Whether so many gave it back that the desk has to look (推诿)."""
        return len(order.declined) >= self._site.clocks.returns

    def shut_out(self, order: Order, at: Millis) -> Order:
        """Held where it may not be worked on now."""
        shut = self._shut(order, at)
        if shut is None:
            return order
        return life.hold(order, by=SERVICE, at=at, why=shut.why, until=shut.until, pause=shut.pause)

    def back(self, order: Order, at: Millis) -> Order:
        """A held order whose time has come; silently held on where it still may not be worked on."""
        shut = self._shut(order, at) if order.held_for is not Pause.PARKED else None
        if shut is not None:
            return replace(order, held_until=shut.until, held_for=shut.pause)
        back = resumed(order, SERVICE, at, "its time has come", self._terms)
        if order.held_for is Pause.PARKED and (still := self.shut_out(back, at)) is not back:
            return still
        if self._left(back, at):
            return life.reassign(back, by=SERVICE, at=at, why=f"{back.crew} has gone home")
        return back

    def climbed(self, order: Order, at: Millis) -> Order:
        """The next who has to know of it is told that it is late (升级)."""
        late = ladder.next_rung(order, self._site)
        if late is None:
            return order
        rung = ladder.climb(order, self._site, late.limit, late.step, at)
        what = "accepted" if late.limit == "accept" else "finished"
        to = f": to {rung.party or rung.crew}" if rung.level != ladder.DISTRICT else ""
        why = f"{order.crew} has not {what} in time{to}"
        return life.escalate(order, who=SERVICE, at=at, why=why, rung=rung, desk=rung.level == ladder.DISTRICT)

    def ran_out(self, order: Order, at: Millis) -> Order:
        """Its finish limit has run out."""
        why, site = f"{order.crew} has not finished in time", self._site
        if order.crew == site.desk:
            return life.overdue(order, who=SERVICE, at=at, why=why)
        rung = ladder.climb(order, site, "finish", 0, at) if ladder.first_at_once(order, site, "finish") else None
        told = rung is not None and rung.level == ladder.DISTRICT
        return life.overdue(order, who=SERVICE, at=at, why=why, rung=rung, desk=told)

    def _left(self, order: Order, at: Millis) -> bool:
        """Whether nobody has taken it in hand, and whoever was to is off by now."""
        crew = self._site.crews.get(order.crew)
        untaken = order.state is OrderState.DISPATCHED and order.crew != self._site.desk
        return untaken and crew is not None and not who.on_shift(self._site, crew, at, self._day_of)

    def _circumstances(self, order: Order, at: Millis) -> clocks.Circumstances:
        """The order as the entries of the site's clocks ask for it."""
        day = self._day_of(local(at, self._site.timezone).date())
        crowd = self._around(order.zone, at).get("crowd_level") if self._site.clocks.asks_around else None
        season = next((name for name in SEASONS if day.get(f"season_{name}")), "")
        holiday = day.get("holiday")
        return ladder.told_of(order, self._site)._replace(
            season=season,
            holiday=None if holiday is None else bool(holiday),
            crowd=None if crowd is None else int(crowd),
        )

    def _shut(self, order: Order, at: Millis) -> windows.Shut | None:
        site = self._site
        known = self._around(order.zone, at) if site.clocks.asks_around else {}
        circumstances = self._circumstances(order, at)
        return windows.shut(site, circumstances, at, known, self._stops.by_zone, safety=order.safety)
