"""Sessions and routing without a socket: time and connections are the test's own."""

from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from simulators.broker.exchange import Exchange
from simulators.broker.packets import Asked, Connect, Level, Prop, Publish, Subscribe, Will
from simulators.broker.session import Message, Session


class Clock:
    """Time that stands still until told, with what is to happen in it."""

    def __init__(self) -> None:
        self.now = 0.0
        self._calls: list[tuple[float, Callable[[], None], list[bool]]] = []

    def later(self, delay: float, call: Callable[[], None]) -> "Cancel":
        alive = [True]
        self._calls.append((self.now + delay, call, alive))
        return Cancel(alive)

    def forward(self, seconds: float) -> None:
        self.now += seconds
        due = [(call, alive) for at, call, alive in self._calls if at <= self.now]
        self._calls = [one for one in self._calls if one[0] > self.now]
        for call, alive in due:
            if alive[0]:
                call()


class Cancel:
    def __init__(self, alive: list[bool]) -> None:
        self._alive = alive

    def cancel(self) -> None:
        self._alive[0] = False


class Client:
    """A Link that keeps what it is sent."""

    def __init__(
        self, exchange: Exchange, clock: Clock, name: str, *, expiry: int | None = None, window: int = 100
    ) -> None:
        self.exchange, self.clock, self.window = exchange, clock, window
        self.heard: list[Publish] = []
        self.relieved_by: list[Session] = []
        self.session: Session | None = None
        connect = Connect(Level.V5, name, False, 0, expiry, window, None, None, None, None, None)
        self.session, self.present = exchange.attach(connect, self)
        self.pump()

    def pump(self) -> None:
        while self.session is not None and (packet := self.session.next(self.window, self.clock.now)) is not None:
            self.heard.append(packet)

    def take_over(self) -> None:
        self.leave()

    def relieved(self, by: Session) -> None:
        self.relieved_by.append(by)

    def subscribe(self, *asked: Asked, identifier: int = 0) -> list[int]:
        assert self.session is not None
        reasons, replays = self.exchange.subscribe(self.session, Subscribe(1, asked, identifier))
        for delivery in replays:
            self.exchange.hand_over(self.session, delivery)
        return reasons

    def acknowledge(self, packet_id: int) -> None:
        assert self.session is not None
        self.session.acknowledge(packet_id)
        self.pump()

    def leave(self, will: Will | None = None) -> None:
        session, self.session = self.session, None
        if session is not None:
            self.exchange.detach(session, will)

    @property
    def payloads(self) -> list[bytes]:
        return [packet.payload for packet in self.heard]


def coast(max_queued: int = 100) -> tuple[Exchange, Clock]:
    clock = Clock()
    return Exchange(max_queued, lambda: clock.now, clock.later), clock


def message(
    payload: bytes, topic: str = "t", qos: int = 1, *, retain: bool = False, expires: float | None = None
) -> Message:
    properties = {} if expires is None else {Prop.MESSAGE_EXPIRY: int(expires)}
    return Message(topic, payload, qos, retain, properties, expires, "publisher")


def test_the_window_holds_what_is_beyond_it_until_something_is_acknowledged():
    exchange, clock = coast()
    client = Client(exchange, clock, "a", window=2)
    client.subscribe(Asked("t", 1))
    for number in range(5):
        exchange.route(message(b"%d" % number))
    assert client.payloads == [b"0", b"1"]
    client.acknowledge(client.heard[0].packet_id)
    assert client.payloads == [b"0", b"1", b"2"]


def test_what_was_not_acknowledged_comes_again_first_with_dup_even_through_a_smaller_window():
    exchange, clock = coast()
    first = Client(exchange, clock, "a", window=3)
    first.subscribe(Asked("t", 1))
    for number in range(5):
        exchange.route(message(b"%d" % number))
    first.acknowledge(first.heard[1].packet_id)
    first.leave()
    second = Client(exchange, clock, "a", window=1)
    assert second.present
    while len(second.heard) < 4:
        second.acknowledge(second.heard[-1].packet_id)
    assert [(one.payload, one.dup) for one in second.heard] == [(b"0", True), (b"2", True), (b"3", True), (b"4", False)]
    assert second.heard[0].packet_id == first.heard[0].packet_id


def test_a_client_that_is_away_keeps_the_first_messages_and_the_rest_are_counted():
    exchange, clock = coast(max_queued=3)
    client = Client(exchange, clock, "a")
    client.subscribe(Asked("t", 1))
    client.leave()
    for number in range(5):
        exchange.route(message(b"%d" % number))
    exchange.route(message(b"at most once", qos=0))
    assert exchange.dropped == 3
    assert Client(exchange, clock, "a").payloads == [b"0", b"1", b"2"]


def test_qos_0_is_not_kept_for_a_client_that_is_away():
    exchange, clock = coast()
    client = Client(exchange, clock, "a")
    client.subscribe(Asked("t", 1))
    client.leave()
    exchange.route(message(b"gone", qos=0))
    assert Client(exchange, clock, "a").payloads == []
    assert exchange.dropped == 0


def test_a_full_queue_of_a_connected_client_drops_nothing_and_tells_the_publisher_to_wait():
    exchange, clock = coast(max_queued=4)
    slow = Client(exchange, clock, "slow", window=1)
    slow.subscribe(Asked("t", 1))
    publisher = Client(exchange, clock, "publisher")
    assert slow.session is not None
    for number in range(10):
        routed = exchange.route(message(b"%d" % number))
        for full in routed.full:
            full.holding.add(publisher)
    assert routed.full == (slow.session,)
    while len(slow.heard) < 7:
        slow.acknowledge(slow.heard[-1].packet_id)
    assert publisher.relieved_by == []
    while len(slow.heard) < 10:
        slow.acknowledge(slow.heard[-1].packet_id)
    assert publisher.relieved_by == [slow.session]
    assert slow.payloads == [b"%d" % number for number in range(10)]


def test_publishers_go_on_when_the_slow_client_leaves():
    exchange, clock = coast(max_queued=1)
    slow = Client(exchange, clock, "slow", window=1)
    slow.subscribe(Asked("t", 1))
    publisher = Client(exchange, clock, "publisher")
    for number in range(3):
        for full in exchange.route(message(b"%d" % number)).full:
            full.holding.add(publisher)
    slow.leave()
    assert len(publisher.relieved_by) == 1


def test_a_session_ends_when_its_time_is_over_and_not_before():
    exchange, clock = coast()
    Client(exchange, clock, "a", expiry=60).leave()
    clock.forward(59)
    back = Client(exchange, clock, "a", expiry=60)
    assert back.present
    clock.forward(3600)
    assert "a" in exchange.sessions
    back.leave()
    clock.forward(60)
    assert "a" not in exchange.sessions
    assert not Client(exchange, clock, "a").present


def test_a_session_without_expiry_ends_with_its_connection():
    exchange, clock = coast()
    client = Client(exchange, clock, "a", expiry=0)
    client.subscribe(Asked("t", 1))
    client.leave()
    assert exchange.sessions == {}
    assert exchange.route(message(b"x")).sessions == 0


def test_a_message_that_waited_too_long_is_not_sent_and_one_in_time_says_how_long_it_has_left():
    exchange, clock = coast()
    client = Client(exchange, clock, "a")
    client.subscribe(Asked("t", 1))
    client.leave()
    exchange.route(message(b"stale", expires=5))
    exchange.route(message(b"fresh", expires=30))
    clock.forward(10)
    client = Client(exchange, clock, "a")
    assert client.payloads == [b"fresh"]
    assert client.heard[0].properties[Prop.MESSAGE_EXPIRY] == 20


def test_a_retained_message_past_its_time_is_not_replayed():
    exchange, clock = coast()
    exchange.route(message(b"x", retain=True, expires=5))
    clock.forward(5)
    client = Client(exchange, clock, "a")
    client.subscribe(Asked("t", 1))
    assert client.heard == []


def test_overlapping_filters_give_one_message_at_the_highest_qos_with_every_identifier():
    exchange, clock = coast()
    client = Client(exchange, clock, "a")
    client.subscribe(Asked("#", 0), identifier=1)
    client.subscribe(Asked("t", 1), identifier=2)
    exchange.route(message(b"x", qos=2))
    assert [one.qos for one in client.heard] == [1]
    assert client.heard[0].properties[Prop.SUBSCRIPTION_ID] == (1, 2)


def test_a_new_subscription_counts_for_topics_that_were_routed_before():
    exchange, clock = coast()
    assert exchange.route(message(b"1")).sessions == 0
    client = Client(exchange, clock, "a")
    client.subscribe(Asked("t", 1))
    exchange.route(message(b"2"))
    assert client.session is not None
    exchange.unsubscribe(client.session, "t")
    exchange.route(message(b"3"))
    assert client.payloads == [b"2"]


def test_shared_and_impossible_filters_are_refused_and_the_rest_granted():
    exchange, clock = coast()
    client = Client(exchange, clock, "a")
    assert client.subscribe(Asked("$share/g/t", 1), Asked("a#", 1), Asked("t", 2), Asked("u", 0)) == [0x9E, 0x8F, 1, 0]


def test_packet_ids_go_round_without_meeting_one_in_flight():
    exchange, clock = coast(max_queued=100_000)
    client = Client(exchange, clock, "a", window=2)
    client.subscribe(Asked("t", 1))
    exchange.route(message(b"stays"))
    stays = client.heard[0].packet_id
    for _ in range(65_600):
        exchange.route(message(b"goes"))
        packet = client.heard.pop()
        assert packet.packet_id != stays
        client.acknowledge(packet.packet_id)


class Life(RuleBasedStateMachine):
    """One persistent subscriber with a life of its own; nothing at QoS 1 is lost, and first deliveries are in order."""

    def __init__(self) -> None:
        super().__init__()
        self.exchange, self.clock = coast(max_queued=10_000)
        self.client = Client(self.exchange, self.clock, "a", window=3)
        self.client.subscribe(Asked("t", 1))
        self.published = 0
        self.heard: list[int] = []
        self.acknowledged: set[int] = set()

    @rule(count=st.integers(1, 8))
    def publish(self, count: int) -> None:
        for _ in range(count):
            self.exchange.route(message(b"%d" % self.published))
            self.published += 1

    @rule(place=st.integers(0, 10))
    def acknowledge(self, place: int) -> None:
        waiting = [one for one in self.client.heard if int(one.payload) not in self.acknowledged]
        if waiting and self.client.session is not None:
            one = waiting[place % len(waiting)]
            self.acknowledged.add(int(one.payload))
            self.client.acknowledge(one.packet_id)

    @rule()
    def leave(self) -> None:
        self.client.leave()

    @rule(window=st.integers(1, 5))
    def come_back(self, window: int) -> None:
        self.client = Client(self.exchange, self.clock, "a", window=window)

    @invariant()
    def never_more_in_flight_than_the_window(self) -> None:
        assert self.client.session is None or self.client.session.in_flight <= self.client.window

    @invariant()
    def in_order_on_every_connection(self) -> None:
        numbers = [int(payload) for payload in self.client.payloads]
        assert numbers == sorted(numbers)
        assert not self.acknowledged & {n for n in numbers if numbers.count(n) > 1}

    def teardown(self) -> None:
        client = Client(self.exchange, self.clock, "a", window=65_535)
        heard = {int(payload) for payload in client.payloads}
        assert heard | self.acknowledged == set(range(self.published))
        assert not heard & self.acknowledged


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
