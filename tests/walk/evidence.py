"""What a run leaves behind, and what must be true of it whatever died on the way."""

import json
import secrets
import sqlite3
import threading
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, Self

import paho.mqtt.client as mqtt

from domain.ids import message_key
from domain.messages import Row
from domain.naming import clock_topic, judged_topic, order_topic, replies_topic, up_topic
from domain.readings import Millis
from ingest.fanout import replayed
from ingest.lockstep import DomainClock
from ingest.pipeline import Pipeline
from services import wiring
from services.audit import Conservation, conservation, read_ledger, returned_by
from services.clocks import WallClock
from services.dispatch.orders import AT_WORK, Alarm, Order, OrderState
from services.settings import Settings
from services.storage.journal import SqliteJournal
from tests.walk.processes import until

SITE = "shinan"
DAY: Millis = 86_400_000
_ANSWER_S = 10.0
_WITH_SOMEBODY = AT_WORK | {OrderState.DONE, OrderState.ON_HOLD}


class Letter(NamedTuple):
    """One message to a crew, as the broker delivered it."""

    topic: str
    payload: bytes


class _Client:
    """A client of another make than ours, in a thread of its own."""

    def __init__(self, broker: str, name: str, *, clean: bool) -> None:
        host, _, port = broker.partition(":")
        self._ready = threading.Event()
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, name, clean_session=clean)
        self.client.max_inflight_messages_set(1000)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda *_: self._connected()
        self.client.on_subscribe = lambda *_: self._ready.set()
        self.client.on_message = lambda _client, _data, message: self._heard(message)
        self.client.connect(host, int(port), keepalive=10)
        self.client.loop_start()
        assert self._ready.wait(_ANSWER_S), f"{name}: no answer from the broker"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _connected(self) -> None:
        self._ready.set()

    def _heard(self, message: mqtt.MQTTMessage) -> None:
        """Of those who have subscribed to something."""


class Record(_Client):
    """Everything sent to any crew, in the order of its delivery; the session outlives the broker's absence."""

    def __init__(self, broker: str) -> None:
        self.letters: list[Letter] = []
        super().__init__(broker, "walk-record", clean=False)

    def _connected(self) -> None:
        self.client.subscribe([("tidewalk/+/crew/+/orders/+", 1), ("tidewalk/+/crew/+/receipts", 1)])

    def _heard(self, message: mqtt.MQTTMessage) -> None:
        if not message.retain:
            self.letters.append(Letter(message.topic, message.payload))


class Nuisance(_Client):
    """Says what no service can read, as a device and as a crew, and remembers what the broker has taken of it."""

    def __init__(self, broker: str, every_s: float = 0.05) -> None:
        self.acked: set[bytes] = set()
        self.replies = 0
        self._every_s = every_s
        self._over = threading.Event()
        self._judged = threading.Event()
        super().__init__(broker, "walk-nuisance", clean=True)
        self._thread = threading.Thread(target=self._speak)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self.hush()
        super().__exit__()

    def hush(self) -> None:
        """Say no more."""
        self._over.set()
        self._thread.join()

    def last_step(self, at: Millis) -> None:
        """In lock-step what comes after the last step waits with the broker: take one more step."""
        self.hush()
        step = {"step": 1_000_000, "at": at}
        self.client.publish(clock_topic(SITE), json.dumps(step).encode(), 1)
        assert self._judged.wait(_ANSWER_S), "the last step was not judged"

    def _connected(self) -> None:
        self.client.subscribe(judged_topic(SITE), 1)

    def _heard(self, message: mqtt.MQTTMessage) -> None:
        if json.loads(message.payload) == {"step": 1_000_000}:
            self._judged.set()

    def _speak(self) -> None:
        bin_hand, crew = up_topic(SITE, "qingdaowan", "bin", "bin-hand"), replies_topic(SITE, "light-w")
        number = 0
        while not self._over.wait(self._every_s):
            number += 1
            for topic, payload in ((bin_hand, b"{not json %d" % number), (crew, b'{"id":"odd-%d","order":1}' % number)):
                sent = self.client.publish(topic, payload, 1)
                while not sent.is_published() and not self._over.is_set():
                    self._over.wait(0.002)
                if sent.is_published():
                    self.acked.add(message_key(topic, payload))
                    self.replies += topic == crew


def heard_up_to_now(broker: str, state: Path, within_s: float = 30.0) -> bytes:
    """Return when a message published just now is in the journal, and so is what the broker took before: it keeps the
    order within a session. Its key.
    """
    topic, payload = up_topic(SITE, "qingdaowan", "bin", "bin-hand"), secrets.token_hex().encode()
    journal = SqliteJournal(state / "journal.sqlite")
    last = journal.last()
    after = last.number if last else 0

    def there() -> bool:
        return any(m.payload == payload for row in replayed(journal, after) for m in row.messages)

    with _Client(broker, "walk-knock", clean=True) as knock:
        knock.client.publish(topic, payload, 1).wait_for_publish(_ANSWER_S)
        until(there, within_s, "the journal to have what the broker has", every_s=0.05)
    journal.close()
    return message_key(topic, payload)


class _Retained(_Client):
    """What lies retained for crews."""

    def __init__(self, broker: str) -> None:
        self.found: dict[str, bytes] = {}
        self.whole = threading.Event()
        super().__init__(broker, "walk-retained", clean=True)

    def _connected(self) -> None:
        self.client.on_subscribe = lambda *_: self.client.publish("walk/after", b"all", 1)
        self.client.subscribe([(order_topic(SITE, "+", "+"), 1), ("walk/after", 1)])
        self._ready.set()

    def _heard(self, message: mqtt.MQTTMessage) -> None:
        if message.retain:
            self.found[message.topic] = message.payload
        elif message.topic == "walk/after":
            self.whole.set()


def retained(broker: str) -> dict[str, bytes]:
    """Every order that lies on a crew's topic now."""
    with _Retained(broker) as asking:
        assert asking.whole.wait(_ANSWER_S)
        return dict(asking.found)


@dataclass(frozen=True, slots=True)
class Left:
    """What a run left behind when its service had ended."""

    kept: Conservation
    alarms: Sequence[Alarm]
    orders: Sequence[Order]
    outbox: Sequence[Mapping[str, Any]]  # every row, oldest first
    rows: Sequence[Row]
    desk: str
    crews: frozenset[str]


async def left_by(settings: Settings, ledger: Path, more: set[bytes], since: Millis, until: Millis) -> Left:
    """Open what the service has closed, and account for every key of the ledger and for `more`."""
    site = wiring.site_of(settings)
    clock = DomainClock(WallClock())
    ends = wiring.MemoryEnds(clock, lambda *_: None)
    async with wiring.service(settings, site, ends.source, ends.publisher, clock) as closed:
        alarms, orders = closed.books.everything()
        returned = await returned_by(closed.outside.history, since - DAY, until + DAY)
        aside = closed.quarantine.list(newest=1_000_000)
        rows = list(replayed(closed.journal, 0))
        kept = conservation(
            rows,
            Pipeline(site),
            published=read_ledger(ledger) | more,
            returned=returned,
            kept_aside=[(one.row, one.place, one.quantity, one.key) for one in aside],
        )
    with sqlite3.connect(settings.state / "tidewalk.sqlite") as books:
        books.row_factory = sqlite3.Row
        outbox = [dict(row) for row in books.execute("SELECT * FROM outbox ORDER BY number")]
    books.close()
    return Left(kept, alarms, orders, outbox, rows, site.desk, frozenset(site.crews))


def nothing_lost(left: Left) -> None:
    """Conservation: every message that the broker took has exactly one fate, and is where that says."""
    assert left.kept.holds, left.kept
    assert left.kept.published > 0


def everybody_told(left: Left, letters: Sequence[Letter]) -> None:
    """Each outbox row was delivered, and nothing else was."""
    assert {row["state"] for row in left.outbox} == {"sent"}, Counter(row["state"] for row in left.outbox)
    written = {Letter(row["topic"], bytes(row["payload"])) for row in left.outbox}
    delivered = set(letters)
    assert not written - delivered, f"never delivered: {sorted(written - delivered)[:3]}"
    assert not delivered - written, f"nobody wrote: {sorted(delivered - written)[:3]}"


def said_alike(letters: Sequence[Letter]) -> int:
    """One (order, revision) is the same bytes however often it comes to a crew. How many came more than once."""
    versions: dict[tuple[str, int], set[bytes]] = defaultdict(set)
    times: Counter[tuple[str, int]] = Counter()
    for topic, payload in letters:
        if "/orders/" in topic and payload:
            told = json.loads(payload)
            versions[topic, told["revision"]].add(payload)
            times[topic, told["revision"]] += 1
            assert told["order"] == topic.rpartition("/")[2]
    different = {key: said for key, said in versions.items() if len(said) > 1}
    assert not different, f"the same revision in other words: {next(iter(different.items()))}"
    return sum(1 for count in times.values() if count > 1)


def one_order_a_cause(left: Left, letters: Sequence[Letter]) -> None:
    """No alarm has two orders, no subject has two of one rule at a time, and none was announced that is not kept."""
    orders = {order.id: order for order in left.orders}
    of_alarm = Counter(alarm for order in left.orders for alarm in order.alarms)
    assert not [alarm for alarm, count in of_alarm.items() if count > 1]
    causes = Counter((alarm.rule, alarm.subject, alarm.cause) for alarm in left.alarms)
    assert not [cause for cause, count in causes.items() if count > 1]
    cases = Counter(order.case for order in left.orders)
    assert not [case for case, count in cases.items() if count > 1]
    spans: dict[tuple[str, str], list[tuple[Millis, Millis]]] = defaultdict(list)
    for order in left.orders:
        spans[order.rule, order.subject].append((order.opened, order.closed if order.closed is not None else 2**60))
    for subject, open_spans in spans.items():
        in_turn = sorted(open_spans)
        assert all(one[1] <= other[0] for one, other in pairwise(in_turn)), subject
    told = {topic.rpartition("/")[2] for topic, _ in letters if "/orders/" in topic}
    assert told <= set(orders), told - set(orders)
    for alarm in left.alarms:
        assert not alarm.order or alarm.id in orders[alarm.order].alarms, alarm


def everyone_has_somebody(left: Left) -> None:
    """No order is ever without a crew, and every step of its history follows the one before."""
    for order in left.orders:
        assert order.ended or order.crew in left.crews, order
        assert order.ended or order.state in _WITH_SOMEBODY, order
        assert all(change.crew in left.crews for change in order.history if change.after in _WITH_SOMEBODY), order
        assert all(one.after is other.before for one, other in pairwise(order.history))


def lies_as_open(left: Left, lying: Mapping[str, bytes]) -> None:
    """What is retained is exactly the open orders, each in its newest revision."""
    wanted = set()
    for order in left.orders:
        if not order.ended:
            told_late = {rung.crew for rung in order.rungs if rung.crew}
            crews = {order.crew, *told_late, *([left.desk] if order.desk else [])}
            wanted |= {order_topic(SITE, crew, order.id) for crew in crews}
    assert set(lying) == wanted
    newest = {row["topic"]: bytes(row["payload"]) for row in left.outbox if row["retain"]}
    revisions = {order.id: order.revision for order in left.orders}
    for topic, payload in lying.items():
        assert payload == newest[topic]
        told = json.loads(payload)
        assert told["revision"] == revisions[told["order"]]


def all_holds(left: Left, letters: Sequence[Letter], lying: Mapping[str, bytes]) -> int:
    """All of the above. How many (order, revision) came to a crew more than once."""
    nothing_lost(left)
    everybody_told(left, letters)
    one_order_a_cause(left, letters)
    everyone_has_somebody(left)
    lies_as_open(left, lying)
    return said_alike(letters)
