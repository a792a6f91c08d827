"""`/metrics`: how the service stands, for Prometheus. Everything is read when it is asked for."""

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from time import perf_counter
from typing import Any, Final

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.naming import Priority
from services.api import problems
from services.api.listening import Listeners
from services.api.seams import Behind
from services.api.watch import Watch
from services.dispatch.orders import OrderState

MEDIA: Final = "text/plain; version=0.0.4; charset=utf-8"
CLASSES: Final = 50  # of reasons that are told apart; the rest together
_PARTS: Final = "door, judge, store, dispatch"
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 10.0)
EXAMPLE: Final = """# HELP tidewalk_door_messages_total Messages heard since the start
# TYPE tidewalk_door_messages_total counter
tidewalk_door_messages_total 18231.0
"""


class Counting:
    """All that is counted, in a registry of its own."""

    def __init__(self, behind: Behind, watch: Watch, listeners: Listeners, version: str) -> None:
        self._behind, self._watch, self._listeners, self._version = behind, watch, listeners, version
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        self._answers = Histogram(
            "tidewalk_http_request_duration_seconds",
            "How long answers took, by route",
            ("method", "route", "status"),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._registry.register(self)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._answers.labels(method, route, str(status)).observe(seconds)

    def text(self) -> bytes:
        """Everything, as Prometheus reads it. Blocking."""
        told = generate_latest(self._registry)
        return b"\n".join(line for line in told.split(b"\n") if b"_created" not in line.partition(b"{")[0])

    def collect(self) -> Iterator[Metric]:
        """How the service stands now."""
        yield from self._standing()
        yield from self._moving()
        yield from self._kept()

    def _standing(self) -> Iterator[Metric]:
        site = self._behind.site
        told = GaugeMetricFamily(
            "tidewalk_build_info", "Which version runs, for which site; always 1", labels=("version", "site")
        )
        told.add_metric((self._version, site.id), 1.0)
        yield told
        ready = GaugeMetricFamily("tidewalk_part_ready", f"Whether a part works ({_PARTS})", labels=("part",))
        for name, part in sorted(self._watch.ready().parts.items()):
            ready.add_metric((name,), float(part.ok))
        yield ready
        yield _gauge("tidewalk_event_listeners", "Who listens to the event stream", self._listeners.open)
        yield _gauge("tidewalk_facilities", "Facilities of the site", len(site.facilities))
        yield _gauge("tidewalk_devices", "Devices of the site", len(site.devices))

    def _moving(self) -> Iterator[Metric]:
        pulse = self._watch.look()
        yield _counter("tidewalk_door_messages", "Messages heard since the start", pulse.messages)
        yield _gauge("tidewalk_door_held_messages", "Messages heard and not yet in the journal", pulse.held)
        yield _gauge("tidewalk_journal_newest_row", "Number of the newest row of the journal", pulse.row)
        yield _gauge("tidewalk_journal_writable", "Whether the journal can be written", float(not pulse.trouble))
        yield _gauge("tidewalk_judge_committed_row", "Row up to which the judge's work is kept", pulse.committed)
        yield _counter("tidewalk_store_written_readings", "Readings stored since the start", pulse.written)
        yield _counter("tidewalk_store_refused_readings", "Readings the store will never take", pulse.refused)
        yield _counter("tidewalk_store_retries", "Writes that had to be tried again", pulse.retries)
        yield _gauge("tidewalk_store_pending_readings", "Readings on their way to the store", pulse.pending)
        consumers = {"judge": pulse.judge.row, "store": pulse.store.row, "quarantine": pulse.quarantine}
        rows = GaugeMetricFamily("tidewalk_consumer_row", "How far a consumer of the journal is", labels=("consumer",))
        lag = GaugeMetricFamily("tidewalk_consumer_lag_rows", "Rows it is behind the door", labels=("consumer",))
        late = GaugeMetricFamily("tidewalk_consumer_lag_seconds", "Seconds it is behind the door", labels=("consumer",))
        for name, row in consumers.items():
            behind = self._watch.lag(row)
            rows.add_metric((name,), row)
            lag.add_metric((name,), behind.rows)
            late.add_metric((name,), behind.seconds)
        yield from (rows, lag, late)

    def _kept(self) -> Iterator[Metric]:
        counts, tallies = self._behind.counts(), self._behind.tallies
        yield _by(
            "tidewalk_outbox_messages", "Messages to crews, by what became of them", "state", counts.outbox.items()
        )
        yield from self._posted()
        classes = sorted(counts.quarantine.items(), key=lambda one: -one[1])
        if rest := sum(count for _, count in classes[CLASSES:]):
            classes = [*classes[:CLASSES], ("others", rest)]
        yield _by("tidewalk_quarantine_entries", "What was kept aside, by class of reason", "class", classes)
        yield _by("tidewalk_alarms_open", "Open alarms, by rule", "rule", sorted(tallies.alarms_counted().items()))
        orders = GaugeMetricFamily("tidewalk_orders", "Orders, by state and priority", labels=("state", "priority"))
        counted = tallies.orders_counted()
        for state in OrderState:
            for priority in Priority:
                orders.add_metric((state, priority), counted.get((state, priority), 0))
        yield orders

    def _posted(self) -> Iterator[Metric]:
        """Letters to contacts, and since when which of them takes none."""
        letters = GaugeMetricFamily(
            "tidewalk_letters", "Letters to contacts, by channel and what became of them", labels=("channel", "state")
        )
        post = self._behind.post
        for channel, states in sorted(post.counts().items()) if post is not None else ():
            for state, count in sorted(states.items()):
                letters.add_metric((channel, state), count)
        yield letters
        down = GaugeMetricFamily(
            "tidewalk_contact_down_since_seconds", "Since when a contact takes nothing, unix time", labels=("target",)
        )
        for target, (since, _) in self._watch.look().down.items():
            down.add_metric((target,), since / 1000)
        yield down


class Timed:
    """Takes the time of every answer, by its route."""

    def __init__(self, app: ASGIApp, counting: Counting) -> None:
        self._app, self._counting = app, counting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass it on, and look at the clock."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()

        async def timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "none")  # not the path: anybody could make many of those
                self._counting.answered(_method(scope), route, message["status"], perf_counter() - began)
            await send(message)

        await self._app(scope, receive, timed)


def router(counting: Counting) -> APIRouter:
    """`/metrics`."""
    made = APIRouter(tags=["health"])
    shown: dict[str, Any] = {"description": "Prometheus' text format", "content": {"text/plain": {"example": EXAMPLE}}}

    @made.get(
        "/metrics",
        response_class=PlainTextResponse,
        responses={**problems.responses(HTTPStatus.SERVICE_UNAVAILABLE), int(HTTPStatus.OK): shown},
    )
    def metrics() -> Response:
        """Everything that is counted, for Prometheus."""
        return Response(counting.text(), media_type=MEDIA)

    return made


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in ("GET", "POST", "HEAD", "OPTIONS") else "other"


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=value)


def _counter(name: str, what: str, value: float) -> Metric:
    return CounterMetricFamily(name, what, value=value)


def _by(name: str, what: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = GaugeMetricFamily(name, what, labels=(label,))
    for one, value in values:
        family.add_metric((one,), value)
    return family
