"""The simulated coast of a scenario: the real world of the simulators, broken, mended and answered by a timeline."""

import json
from collections import deque
from collections.abc import Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from domain.naming import replies_topic, up_topic
from domain.readings import Millis
from simulators.almanac import stamp
from simulators.causes import Cause
from simulators.faults import FaultPlan
from simulators.spells import Spell
from simulators.voice import Publish, unmeasured
from simulators.world import World
from tests.scenarios.reading import Scenario, chosen_of
from tests.scenarios.script import Act

BEHIND_THE_SCENES = ("operator", "service", "broker")  # acts that are no part of the coast


class ScriptedCoast:
    """A `simulators.play.Coast`. What crews are sent is remembered, so that the timeline can answer it."""

    def __init__(self, scenario: Scenario) -> None:
        story = scenario.story
        self.site, self._story = scenario.site, story
        start = story.start
        swayed = [Spell(s.what, start + s.since, start + s.until, s.value) for s in story.surroundings]
        self._world = World(self.site, story.seed, start, FaultPlan("none"), spells=swayed)
        acts = (act for act in story.timeline if not act.needs and act.verbs[0] not in BEHIND_THE_SCENES)
        self._acts = deque(sorted(acts, key=lambda act: act.at))
        self._more: list[Publish] = []
        self.orders: dict[tuple[str, str, str], dict[str, Any]] = {}  # crew, rule, facility → as the crew has it

    @property
    def now(self) -> Millis:
        return self._world.now

    def step(self, until: Millis) -> Sequence[Publish]:
        out: list[Publish] = []
        while self._acts and self._story.start + self._acts[0].at <= until:
            act = self._acts.popleft()
            out += self._world.step(max(self.now, self._story.start + act.at))
            self._do(act)
        out += self._world.step(until)
        out += self._more
        self._more = []
        return sorted((replace_due(p, until) for p in out), key=lambda p: p.due)

    def told(self) -> Sequence[Cause]:
        return self._world.told()

    def hear(self, topic: str, payload: bytes, retained: bool, at: Millis) -> None:
        if payload and "/orders/" in topic:
            told = json.loads(payload)
            self.orders[topic.split("/")[3], told["rule"], told["facility"]] = told
        if self._story.crews == "at hand":
            self._world.hear(topic, payload, retained, at)

    def _do(self, act: Act) -> None:
        for name in chosen_of(act.on, self.site) if act.fault else ():
            assert self._world.inject(act.fault, name, lasts=act.lasts), f"{name} cannot have {act.fault} now"
        for name in chosen_of(act.mend, self.site):
            self._world.mend(name, sensors=act.sensors, at=self.now)
        if act.crew:
            self._answer(act)
        if act.send:
            self._send(act)

    def _answer(self, act: Act) -> None:
        assert act.about is not None
        told = self.orders.get((act.crew, act.about.rule, act.about.facility))
        assert told is not None, f"{act.crew} has no order of {act.about.rule} at {act.about.facility}"
        said = {
            "id": str(uuid5(NAMESPACE_URL, f"{told['order']} {act.says} {act.at}")),
            "order": told["order"],
            "revision": told["revision"],
            "action": act.says,
            "at": stamp(self.now),
            "reason": act.reason,
        }
        topic = replies_topic(self.site.id, act.crew)
        self._more.append(unmeasured(topic, json.dumps(said).encode(), self.now))

    def _send(self, act: Act) -> None:
        device = self.site.devices[act.send]
        whose = self.site.facilities[device.facility]
        told: dict[str, Any] = {"at": stamp(self.now), "values": act.values}
        if act.history:
            oldest, every = self.now - act.history.back, act.history.every
            told["history"] = [{"at": stamp(at), "values": act.history.values} for at in range(oldest, self.now, every)]
        topic = up_topic(self.site.id, whose.zone, whose.kind, device.id)
        sent = unmeasured(topic, json.dumps(told).encode(), self.now)
        self._more.append(sent._replace(device=device.id))


def replace_due(said: Publish, until: Millis) -> Publish:
    """No later than the step's end."""
    return said if said.due <= until else said._replace(due=until)
