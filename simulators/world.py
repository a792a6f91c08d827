"""The make-believe coast: everything that happens on it, in the order of its own clock."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from heapq import heappop, heappush

from domain.naming import Kind, gateway_topic
from domain.readings import Millis
from domain.site import Site
from simulators.almanac import DAY, HOUR, Almanac
from simulators.build import things_of
from simulators.causes import COURSE, Cause, Causes, natural
from simulators.chance import Dice
from simulators.crews import Crews
from simulators.faults import OF_SENSORS, SORTS, FaultPlan, Incident, incident
from simulators.spells import Spell, Spells
from simulators.thing import Scene
from simulators.voice import QUIET_INTERVALS, Publish, Voice, unmeasured
from simulators.weather import Weather

AHEAD = 8 * HOUR  # local time of China, sent as UTC
_Event = tuple[Millis, str, int, Callable[[Millis], None]]


class World:
    """One site, played. Pure and synchronous: the same site, seed, start and plan give the same messages.

    Without crews the length of steps changes nothing. Crews act on what they `hear` between steps, and count their
    minutes from the time an order says it was dispatched.
    """

    def __init__(
        self,
        site: Site,
        seed: int,
        start: Millis,
        faults: FaultPlan,
        delay_ms: tuple[int, int] = (0, 0),
        only: frozenset[Kind] = frozenset(Kind),
        spells: Sequence[Spell] = (),
        manners: Mapping[str, str] | None = None,
    ) -> None:
        self.site, self.seed, self.start, self.faults = site, seed, start, faults
        self.now: Millis = start
        self._events: list[_Event] = []
        self._count = 0
        self._out: list[Publish] = []
        self._causes = Causes()
        swayed = Spells(spells)
        self._almanac = Almanac(site, seed, swayed)
        scene = Scene(seed, self._almanac, Weather(seed, self._almanac, swayed), self)
        self._things = things_of(site, scene, start)
        self._crews = Crews(site, seed, self, manners)
        self._voices: dict[str, list[Voice]] = {}
        for device in sorted(site.devices.values(), key=lambda d: d.id):
            thing = self._things.get(device.facility)
            if device.played and thing and thing.facility.kind in only:
                self._voices.setdefault(thing.id, []).append(Voice(site, seed, device, thing, delay_ms))
        self._begin()

    # What the players of a world use.

    def step(self, until: Millis) -> list[Publish]:
        """Everything sent in (the last step's end, `until`], by the time it reaches the broker."""
        while self._events and self._events[0][0] <= until:
            self.now, _, _, act = heappop(self._events)
            act(self.now)
        self.now = until
        out, self._out = self._out, []
        out = [p if p.due <= until else p._replace(due=until) for p in out]
        out.sort(key=lambda p: (p.due, p.at, p.topic))  # stable: one device keeps its order
        return out

    def hear(self, topic: str, payload: bytes, retained: bool, now: Millis) -> None:  # noqa: FBT001 - as MQTT says it
        """A message to a crew. What the crew does about it comes out of the next steps. Anything else is ignored."""
        self._crews.hear(topic, payload, retained=retained, now=max(now, self.now))

    def told(self) -> list[Cause]:
        """Causes that began or ended since the last call: for the ledger."""
        return self._causes.take()

    def inject(self, what: str, facility: str, *, lasts: Millis | None = None) -> bool:
        """Break something by hand, at once, for as long as is said, or drawn. False where that facility cannot have it,
        or is already in trouble.
        """
        if what not in SORTS:
            return False
        kinds = SORTS[what].kinds
        thing = self._things.get(facility)
        fits = thing.facility.kind in kinds if thing else not kinds and facility in self.site.devices_behind
        one = incident(self.seed, what, facility, self.now, "by hand")
        return fits and self._happen(one if lasts is None else replace(one, until=self.now + lasts), self.now)

    def open_causes(self, facility: str) -> tuple[str, ...]:
        """What is wrong, or nearly, with a facility now."""
        return tuple(sorted(what for what in self._causes.open_at(facility) if what not in COURSE))

    # What things and crews ask of the world (`simulators.thing.Stage`, `simulators.crews.Field`).

    def call(self, at: Millis, name: str, act: Callable[[Millis], None]) -> None:
        """Have something done at its time, or now where that has passed."""
        self._count += 1
        heappush(self._events, (max(at, self.now + 1), name, self._count, act))

    def speak(self, facility: str, at: Millis) -> None:
        """Have a facility's devices report at `at`."""
        for n, voice in enumerate(self._voices.get(facility, ())):
            self.call(at + 137 * n, f"event {voice.device.id}", self._sayer(voice))

    def rephase(self, facility: str, at: Millis) -> None:
        """Begin its devices' regular reports anew."""
        for voice in self._voices.get(facility, ()):
            voice.turn += 1
            self._regular(voice, at + 1 + int(voice.phase * voice.interval_ms(at)))

    def arose(self, what: str, facility: str, since: Millis) -> None:
        """A natural cause begins."""
        self._causes.arose(natural(what, facility, since))

    def passed(self, what: str, facility: str, at: Millis) -> None:
        """A cause is no more."""
        self._causes.passed(what, facility, at)

    def reply(self, topic: str, payload: bytes, at: Millis) -> None:
        """A crew's device publishes."""
        self._out.append(unmeasured(topic, payload, at))

    def mend(self, facility: str, *, sensors: bool, at: Millis) -> None:
        """A crew puts right what is wrong with a facility: its sensors, or the thing itself."""
        if sensors or facility in self.site.gateways:
            self._mend_sensors(facility, at)
            return
        thing = self._things.get(facility)
        if thing is None:
            return
        thing.mend(at)
        for what, cause in list(self._causes.open_at(facility).items()):
            if cause.sort != "near_miss" and what not in OF_SENSORS and what not in COURSE:
                self._causes.passed(what, facility, at)

    # Its own course.

    def _begin(self) -> None:
        for facility, thing in sorted(self._things.items()):
            if facility in self._voices:
                thing.wake(self.start)
        for gateway in sorted(self.site.devices_behind):
            self._gateway(gateway, "online", self.start + 1)
        for voices in self._voices.values():
            for voice in voices:
                self._regular(voice, self.start + 1 + int(voice.phase * voice.interval_ms(self.start)))
        self.call(self.start, " plan", lambda _: self._plan(0))

    def _plan(self, block: int) -> None:
        for one in self.faults.incidents(self.site, self._almanac, self.seed, self.start, block):
            self.call(one.at, f"incident {one.id}", partial(self._occur, one))
        self.call(self.start + (block + 1) * DAY, " plan", lambda _: self._plan(block + 1))

    def _occur(self, one: Incident, at: Millis) -> None:
        self._happen(one, at)

    def _happen(self, one: Incident, at: Millis) -> bool:
        thing = self._things.get(one.facility)
        voices = self._voices.get(one.facility, [])
        if self._causes.troubled(one.facility) or (thing and thing.silent(at)):
            return False  # one trouble at a time, so that each can be told from the other
        if thing is not None and not voices and not thing.members():
            return False  # nobody plays it
        sort = "fault" if one.real else "near_miss"
        cause = Cause(one.id, one.what, one.facility, at, one.until, sort)
        match one.what:
            case "gateway_loss":
                self._causes.arose(cause)
                self._gateway(one.facility, "offline", at)
                self._reach(one.facility, reachable=False)
            case "silent_device":
                voices[0].dead = True
                self._causes.arose(cause._replace(device=voices[0].device.id))
            case "stuck_value" | "clock_ahead":
                voices[0].stuck = one.what == "stuck_value"
                voices[0].ahead = AHEAD if one.what == "clock_ahead" else 0
                self._causes.arose(cause._replace(device=voices[0].device.id))
            case "device_quiet":
                return self._go_quiet(voices[0], cause, at)
            case "duplicate" | "clock_skew":
                self._causes.arose(cause._replace(device=voices[0].device.id))
                self.call(at, f"odd {one.id}", lambda when: self._say_oddly(voices[0], one.what, when))
                self.call(one.until or at, f"end {one.id}", lambda when: self.passed(one.what, one.facility, when))
            case _:
                if thing is None:
                    return False
                self._causes.arose(cause._replace(members=tuple(thing.members())))
                thing.begin(one, at)
                if one.until is not None:
                    self.call(one.until, f"end {one.id}", lambda when: self._end(one, when))
        return True

    def _end(self, one: Incident, at: Millis) -> None:
        self._things[one.facility].end(one.what, at)
        self._causes.passed(one.what, one.facility, at)

    def _go_quiet(self, voice: Voice, cause: Cause, at: Millis) -> bool:
        until = voice.last_at + int(QUIET_INTERVALS * voice.interval_ms(at))
        if voice.last_at < 0 or until <= at:
            return False
        voice.quiet_until = until
        self._causes.arose(cause._replace(until=until, device=voice.device.id))
        self.call(until, f"back {voice.device.id}", self._sayer(voice))
        self.call(until, f"end {cause.id}", lambda when: self.passed(cause.what, cause.facility, when))
        return True

    def _mend_sensors(self, facility: str, at: Millis) -> None:
        for voice in self._voices.get(facility, ()):
            voice.dead = voice.stuck = False
            voice.ahead = 0
        if (thing := self._things.get(facility)) is not None:
            thing.fresh_sensors(at)
        for what in OF_SENSORS - {"gateway_loss"}:
            self._causes.passed(what, facility, at)
        self.speak(facility, at + 2_000)
        if "gateway_loss" in self._causes.open_at(facility):
            self._causes.passed("gateway_loss", facility, at)
            self._gateway(facility, "online", at)
            for voice in self._reach(facility, reachable=True):
                late = int(30_000 * Dice(self.seed, "rejoin", voice.device.id, at).roll())
                self.call(at + 1_000 + late, f"rejoin {voice.device.id}", self._sayer(voice))

    def _reach(self, gateway: str, *, reachable: bool) -> Sequence[Voice]:
        behind = set(self.site.devices_behind.get(gateway, ()))
        found = [v for voices in self._voices.values() for v in voices if v.device.id in behind]
        for voice in found:
            voice.reachable = reachable
        return found

    def _gateway(self, gateway: str, state: str, at: Millis) -> None:
        topic, payload = gateway_topic(self.site.id, gateway), state.encode()
        self._out.append(unmeasured(topic, payload, at, retain=True))

    def _regular(self, voice: Voice, at: Millis) -> None:
        turn = voice.turn

        def report(when: Millis) -> None:
            if voice.turn == turn:
                self._say(voice, when)
                self._regular(voice, voice.next_regular(when))

        self.call(at, f"regular {voice.device.id}", report)

    def _sayer(self, voice: Voice) -> Callable[[Millis], None]:
        return lambda at: self._say(voice, at)

    def _say(self, voice: Voice, at: Millis) -> None:
        if (said := voice.say(at)) is not None:
            self._out.append(said)

    def _say_oddly(self, voice: Voice, how: str, at: Millis) -> None:
        said = voice.say(at, skewed=how == "clock_skew")
        if said is not None:
            self._out += [said, said] if how == "duplicate" else [said]
