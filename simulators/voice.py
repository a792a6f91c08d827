"""A device as the broker hears it: when it speaks, what it numbers, and how its radio and its clock fail."""

from typing import Any, Final, NamedTuple

import msgspec

from domain.ids import message_key
from domain.naming import up_topic
from domain.readings import Millis, Value
from domain.site import Device, Site
from simulators.almanac import HOUR, stamp
from simulators.chance import Dice
from simulators.thing import Thing

QUIET_INTERVALS: Final = 2.4  # a near-miss: absence is judged at three
_KEEPS: Final = 12  # readings that a device out of reach remembers
_encode = msgspec.json.Encoder().encode


class Publish(NamedTuple):
    """One message to publish. `device` is "" and `seq` -1 where no device measured anything (replies, statuses)."""

    topic: str
    payload: bytes
    retain: bool
    device: str
    seq: int
    at: Millis  # event time
    due: Millis  # when it reaches the broker: `at` and its delay
    key: bytes


def unmeasured(topic: str, payload: bytes, at: Millis, *, retain: bool = False) -> Publish:
    """A message that no device measured: a crew's reply, a gateway's status."""
    return Publish(topic, payload, retain, device="", seq=-1, at=at, due=at, key=message_key(topic, payload))


class Voice:
    """One device's radio. `say` yields what it sends at a moment, or nothing."""

    def __init__(self, site: Site, seed: int, device: Device, thing: Thing, delay_ms: tuple[int, int]) -> None:
        self.device = device
        self.thing = thing
        self.topic = up_topic(site.id, thing.zone, thing.facility.kind, device.id)
        self.seed = seed
        self.seq = 0
        self.last_at: Millis = -1
        self.phase = Dice(seed, "phase", device.id).roll()
        self.dead = False
        self.reachable = True  # its gateway is
        self.ahead: Millis = 0  # what its clock is ahead by
        self.stuck = False
        self._said: dict[str, Value] = {}
        self.quiet_until: Millis = -1
        self.turn = 0  # which regular schedule is in force
        self._delay_ms = delay_ms
        self._last_due: Millis = -1
        self._missed: list[dict[str, Any]] = []

    def interval_ms(self, at: Millis) -> Millis:
        """From one regular report to the next."""
        return max(1_000, round(self.thing.interval_s(self.device, at) * 1000))

    def next_regular(self, at: Millis) -> Millis:
        """When it reports regularly after a report at `at`: its interval, within a second and a half."""
        interval = self.interval_ms(at)
        return at + interval + int(Dice(self.seed, "tick", self.device.id, at).around(min(1_500, interval / 100)))

    def say(self, at: Millis, *, skewed: bool = False) -> Publish | None:
        """Measure and send. None where it is dead, unpowered or out of reach."""
        if self.dead or at <= self.last_at or self.thing.silent(at):
            return None
        self.thing.advance(at)
        if not self.reachable or at < self.quiet_until:
            values = self.thing.values(at, Dice(self.seed, self.device.id, "missed", at))
            self._missed = [*self._missed, {"at": stamp(at), "values": values}][-_KEEPS:]
            return None
        dice = Dice(self.seed, self.device.id, self.seq)
        told: dict[str, Any] = {"at": stamp(at + self.ahead), "seq": self.seq, "values": self._measured(at, dice)}
        if skewed:
            told["at"] = stamp(at + 8 * HOUR) if dice.roll() < 0.5 else int(dice.between(20_000, 900_000))
        if self._missed:
            told["history"] = self._missed
            self._missed = []
        payload = _encode(told)
        sent = Publish(
            topic=self.topic,
            payload=payload,
            retain=False,
            device=self.device.id,
            seq=self.seq,
            at=at,
            due=self._due(at),
            key=message_key(self.topic, payload),
        )
        self.seq += 1
        self.last_at = at
        return sent

    def _measured(self, at: Millis, dice: Dice) -> dict[str, Value]:
        if not (self.stuck and self._said):
            self._said = self.thing.values(at, dice)
        return self._said

    def _due(self, at: Millis) -> Millis:
        low, high = self._delay_ms
        if high <= 0:
            return at
        late = int(Dice(self.seed, "delay", self.device.id, self.seq).between(low, high))
        self._last_due = max(self._last_due, at + late)
        return self._last_due
