"""What a connection says of itself: notes in the stream (`naming.LINK`), and the marker that measures the back-log."""

import json
import secrets
from typing import Final

from domain import naming
from domain.messages import Flag, Message
from domain.ports import Clock
from ingest.sources.inbox import Inbox

SHORT_S: Final = 60.0  # a connection that ends sooner did not last
SHORT_TIMES: Final = 3


class Link:
    """The notes and markers of one source. Pure but for the inbox it writes to: `now` is the event loop's time.

    A note stands in the stream where it became true. States: `up` (subscribed), `passed` (the marker has returned:
    all that waited at the broker has been heard), `unmeasured` (it has not, in `patience` seconds), `down`.
    """

    def __init__(self, *, inbox: Inbox, clock: Clock, every: float, patience: float, first: int | None = None) -> None:
        self._inbox = inbox
        self._clock = clock
        self._every = every
        self._patience = patience
        # Numbers begin anywhere: the marker of an earlier run may still lie in the back-log and is not ours.
        self._number = secrets.randbits(40) if first is None else first
        self._oldest = self._number + 1
        self._measuring = False
        self._since = 0.0
        self._told = False
        self._short = 0  # connections in a row that did not last
        self.epoch = 0
        self.up = False
        self.up_since = 0.0
        self.backlog = Flag.NONE

    def connected(self, *, session_present: bool) -> None:
        """The broker has let us in. What it kept for the session comes first, and is back-log."""
        self.epoch += 1
        self.backlog = Flag.BACKLOG if session_present else Flag.NONE
        self._oldest = self._number + 1

    def subscribed(self, now: float) -> bytes:
        """Note `up`; return the payload of the first marker to publish."""
        self.up, self.up_since = True, now
        self._measuring, self._told, self._since = True, False, now
        self._note({"state": "up", "epoch": self.epoch})
        return self._next()

    def held_up(self, now: float) -> bytes | None:
        """We have not read for a while of our own accord, and what came meanwhile waits at the broker: the same as an
        outage. The payload of the marker to publish before reading on; None where there is no connection.
        """
        if not self.up:
            return None
        self._note({"state": "down"})
        self.backlog = Flag.BACKLOG
        self._oldest = self._number + 1
        self._measuring, self._told, self._since = True, False, now
        self._note({"state": "up", "epoch": self.epoch})
        return self._next()

    def due(self, now: float) -> bytes | None:
        """Call every `every` seconds. The payload of the next marker, None when none is wanted."""
        if not self._measuring:
            return None
        if not self._told and now - self._since >= self._patience - self._every / 2:
            self._told = True
            self._note({"state": "unmeasured"})
        return self._next()

    def returned(self, payload: bytes) -> None:
        """A marker came back. One of an earlier connection, or a second one, says nothing."""
        try:
            number = json.loads(payload)["n"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return
        if self._measuring and type(number) is int and self._oldest <= number <= self._number:
            self._measuring = False
            self.backlog = Flag.NONE
            self._note({"state": "passed", "marker": number})

    def lost(self, *, lived: float, taken_over: bool) -> bool:
        """The connection is gone, after `lived` seconds. Notes `down` where it had been up. Whether another program
        seems to have taken it: the broker says so, or lets us in and throws us out again and again, which is all that
        mosquitto 2.0 and brokers of MQTT 3.1.1 do then.
        """
        if self.up:
            self._short = self._short + 1 if lived < SHORT_S else 0
            taken_over = taken_over or self._short >= SHORT_TIMES
            why: dict[str, object] = {"why": naming.TAKEN_OVER} if taken_over else {}
            self._note({"state": "down"} | why)
        self.up = self._measuring = False
        return taken_over

    def _next(self) -> bytes:
        self._number += 1
        return json.dumps({"n": self._number}).encode()

    def _note(self, said: dict[str, object]) -> None:
        payload = json.dumps(said).encode()
        note = Message(naming.LINK, payload, self._clock.now())
        self._inbox.add(self.epoch, [note], [], len(naming.LINK) + len(payload))
