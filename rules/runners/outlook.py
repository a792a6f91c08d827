"""What surrounds the facilities of a site: how each is therefore looked at, and what is learnt of it on the way."""

from collections.abc import Callable, Sequence
from typing import Final

from domain.naming import Kind
from domain.readings import Millis, Reading
from rules.core.surroundings import Context, Listening
from rules.runners.fusion import View
from rules.runners.records import Spot

_NOBODY: Final[frozenset[Kind]] = frozenset()


class Outlook:
    """The views of a site. A context that learns is told through it, so that no view outlives what it rests on."""

    def __init__(self, context: Context, spots: Sequence[Spot]) -> None:
        self._context = context
        self._learns = context if isinstance(context, Listening) else None
        self.tellers = self._learns.kinds if self._learns is not None else _NOBODY  # whose readings it learns from
        self._spots = {spot.facility.id: spot for spot in spots}
        self._views: dict[object, View] = {}
        self._learnt = False
        for spot in spots:
            alike = self._learns is not None or not spot.fusion.own
            place = (spot.facility.zone, spot.facility.kind, id(spot.place.attributes))
            spot.view = self._views.setdefault(place if alike else spot.key, View())
        self._part()

    def see(self, spot: Spot, when: Millis) -> None:
        """Look at a facility, and all that are looked at alike, as it is right at a moment."""
        view = spot.view
        view.since, view.until, around = self._context.at(spot.place, when)
        view.quiet = spot.fusion.narrowing.to(spot.place.attributes.get, around.get)

    def hear(self, reading: Reading) -> None:
        """As `Listening.hear`."""
        self._learn(lambda learns: learns.hear(reading))

    def work(self, facility: str, who: str, since: Millis | None, until: Millis | None) -> None:
        """As `Listening.work`."""
        self._learn(lambda learns: learns.work(facility, who, since, until))

    def plan(self, plan: str, facility: str, zone: str, since: Millis, until: Millis) -> None:
        """As `Listening.plan`."""
        self._learn(lambda learns: learns.plan(plan, facility, zone, since, until))

    def drain(self) -> bytes | None:
        """All that was ever learnt, for `load`; None where nothing was since the last call."""
        if self._learns is None or not self._learnt:
            return None
        self._learnt = False
        return self._learns.save()

    def load(self, text: bytes) -> None:
        """Take up what was learnt."""
        if self._learns is not None:
            self._learns.load(text)
            self._ask_anew()

    def _learn(self, what: Callable[[Listening], bool]) -> None:
        if self._learns is not None:
            self._learnt = True
            if what(self._learns):
                self._ask_anew()

    def _ask_anew(self) -> None:
        for view in self._views.values():
            view.until = view.since
        self._part()

    def _part(self) -> None:
        """Give those of which more is known than what their zone shares a view of their own."""
        for facility in self._learns.apart if self._learns is not None else ():
            spot = self._spots.get(facility)
            if spot is not None and spot.fusion.own:
                spot.view = self._views.setdefault(spot.key, View())
