"""The one place that knows machines: which source, which stores, which publisher, which clock."""

import asyncio
import fcntl
import logging
import os
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from pydantic import SecretStr

from domain.errors import ConflictError, NotFoundError, UnavailableError
from domain.messages import Message
from domain.ports import Clock, Publisher, Source
from domain.readings import Millis
from domain.site import Site
from ingest.lockstep import DomainClock
from ingest.sources.memory import MemorySource
from ingest.sources.mqtt import Mqtt5Source
from ingest.sources.paho import PahoSettings, PahoSource
from ingest.sources.settings import MqttSettings, site_filters
from rules.book import RuleBook, load_rules, shipped
from services.channels.addresses import Addresses
from services.channels.drill import Drill
from services.channels.email import Email, smtp_of
from services.channels.long_tail import LongTail
from services.channels.memory import MemoryPublisher
from services.channels.mqtt import MqttPublisher, MqttPublisherSettings
from services.channels.robot_kinds import KINDS
from services.channels.robots import Robot
from services.channels.web import Web
from services.channels.webhook import Webhook
from services.clocks import WallClock
from services.crew.links import CrewLinks
from services.dispatch.pacing import Limit
from services.dispatch.postman import Channel
from services.editions import Edition
from services.heartbeats import Heartbeats
from services.housekeeping import DAY, Keep
from services.influx.chronicle import Chronicle
from services.influx.retelling import Retelling
from services.influx.rollups import RollUps
from services.influx.setting_up import Done, set_up
from services.leading import Leader, Leading, LedChannel, LedPublisher, LedSource
from services.outside import Outside, Post
from services.people.known import FRESH_S, Known
from services.people.links import Links
from services.people.reception import Reception
from services.people.secret import Key, key_of
from services.roles import ALL, Role, named
from services.service import Service
from services.settings import Settings
from services.shadow.running import Shadow
from services.site import find, load_site, pack, read_files
from services.storage.engines import parsed_url
from services.storage.journal import SqliteJournal
from services.storage.lease import Fence, SqlLease, clock_of, leader_of
from services.storage.lease import there as has_lease
from services.storage.led import journal_of
from services.storage.letters import SqlLetterbox
from services.storage.people import PeopleStore
from services.storage.photos import PhotoFolder
from services.storage.quarantine import SqliteQuarantine
from services.storage.schema import readable, revision_of, upgrade
from services.storage.sql import JudgeStore

if TYPE_CHECKING:  # 40 MB of DuckDB and Arrow, 0.2 s of InfluxDB's client: imported where they are wanted
    from services.storage.duck import DuckStore
    from services.storage.duck_columns import DuckColumns
    from services.storage.influx import InfluxStore
    from services.storage.influx_events import InfluxEvents
    from services.storage.influx_history import InfluxHistory
    from services.storage.influx_speech import InfluxSettings

_log = logging.getLogger(__name__)

_SHADOW: Final = "shadow-"
RECEIVE: Final = 60_000  # unacknowledged messages that the broker may have with us; more than a lock-step step holds

Hear = Callable[[str, bytes, bool], None]


def site_of(settings: Settings) -> Site:
    """The site that the settings name. Raises FaultyFileError, FaultySiteError, NotFoundError."""
    return load_site(find(settings.site))


def rules_of(settings: Settings) -> RuleBook:
    """The rules that the settings name, by rule name. Raises FaultyFileError."""
    return load_rules(Path(settings.rules)) if settings.rules else shipped()


def open_quarantine(state: Path) -> SqliteQuarantine:
    """What was kept aside by the service whose state folder this is."""
    return SqliteQuarantine(state / "quarantine.sqlite")


def open_books(settings: Settings, fence: Fence | None = None) -> JudgeStore:
    """Alarms and orders, the schema brought up to date."""
    upgrade(settings.sql_url())
    return JudgeStore(settings.sql_url(), fence)


def books_named(settings: Settings) -> str:
    """Where alarms and orders are kept, without the password. Raises ConflictError where that is no database."""
    return parsed_url(settings.sql_url()).render_as_string(hide_password=True)


def read_books(settings: Settings) -> JudgeStore:
    """Alarms and orders, to be read. Raises ConflictError where they are of another version, and changes nothing."""
    readable(settings.sql_url())
    return JudgeStore(settings.sql_url())


def books_there(settings: Settings) -> JudgeStore:
    """The same; NotFoundError where it would be a file that nobody has made yet, and none is made."""
    url = parsed_url(settings.sql_url())
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        raise NotFoundError(f"{url.database} is not there")
    return read_books(settings)


def open_shadow(settings: Settings) -> JudgeStore:
    """The books of the shadow rules: a file of their own for each version of them, of which the newest one is kept."""
    file = _shadow_file(settings)
    settings.state.mkdir(parents=True, exist_ok=True)
    for other in settings.state.glob(f"{_SHADOW}*.sqlite*"):
        if not other.name.startswith(file.name):
            other.unlink()
    upgrade(f"sqlite:///{file}")
    return JudgeStore(f"sqlite:///{file}")


def shadow_there(settings: Settings) -> JudgeStore:
    """The same, to be read. Raises NotFoundError where these rules have not run."""
    file = _shadow_file(settings)
    if not file.exists():
        raise NotFoundError(f"these rules have not run as a shadow on {settings.state}: serve --shadow FOLDER")
    readable(f"sqlite:///{file}")
    return JudgeStore(f"sqlite:///{file}")


def shadow_rules_of(settings: Settings) -> RuleBook:
    """The shadow rules that the settings name. Raises FaultyFileError, ConflictError where none are named."""
    if not settings.shadow:
        raise ConflictError("no shadow rules are named: say --shadow FOLDER, or set TIDEWALK_SHADOW")
    return load_rules(Path(settings.shadow))


def _shadow_file(settings: Settings) -> Path:
    return settings.state / f"{_SHADOW}{shadow_rules_of(settings).version}.sqlite"


def open_journal(settings: Settings) -> SqliteJournal:
    """Everything heard."""
    return SqliteJournal(settings.state / "journal.sqlite")


def columns_of(settings: Settings) -> "DuckColumns":
    """The readings of an embedded store, for whoever goes through all of them. Raises ConflictError where a service has
    them, NotFoundError where there are none.
    """
    from services.storage.duck_columns import DuckColumns

    return DuckColumns(settings.state / "readings.duckdb")


@asynccontextmanager
async def history_of(settings: Settings, site: Site) -> "AsyncIterator[InfluxHistory]":
    """The readings of the InfluxDB that the settings name."""
    from services.storage.influx_history import InfluxHistory

    history = InfluxHistory(influx_of(settings, simulated=site.simulated), site=site.id)
    try:
        yield history
    finally:
        await history.close()


@asynccontextmanager
async def rollups_of(settings: Settings, site: Site, clock: Clock) -> AsyncIterator[RollUps]:
    """The roll-up job of the InfluxDB that the settings name, with its notes in the state folder."""
    from services.storage.influx_notes import RollupNotes
    from services.storage.influx_rollups import InfluxRollups

    points = InfluxRollups(influx_of(settings, simulated=site.simulated), clock, site=site.id)
    notes = RollupNotes(settings.state / "rollups.sqlite")
    try:
        yield RollUps(points, notes, clock, site.timezone, devices=len(site.devices))
    finally:
        await points.close()
        notes.close()


@asynccontextmanager
async def retelling_of(settings: Settings, site: Site, clock: Clock) -> AsyncIterator[Retelling]:
    """Alarms and orders of the database, to be written again to the InfluxDB that the settings name."""
    from services.storage.influx_events import InfluxEvents

    books = open_books(settings)
    pages = InfluxEvents(influx_of(settings, simulated=site.simulated), clock, site=site.id)
    try:
        yield Retelling(site, books, pages, rules_of(settings).rules)
    finally:
        await pages.close()
        books.close()


def influx_setup(settings: Settings, *, admin: str) -> Callable[..., Coroutine[Any, Any, Done]]:
    """`services.influx.setting_up.set_up` on the InfluxDB of the settings, with the admin's token where given."""
    asked = influx_of(settings, simulated=site_of(settings).simulated)
    if admin:
        asked = asked.model_copy(update={"token": SecretStr(admin)})

    async def job(*, make: bool, renew: bool, retention: bool) -> Done:
        from services.storage.influx_setup import InfluxSetup

        async with InfluxSetup(asked) as server:
            days = settings.retention_days
            return await set_up(server, asked.bucket, days, make=make, renew=renew, retention=retention)

    return job


def alone_as_store(settings: Settings) -> ExitStack:
    """Hold the role that keeps readings, until it is closed. Raises ConflictError where a service has it."""
    return _alone(settings.state, frozenset({Role.STORE}))


def influx_of(settings: Settings, *, simulated: bool) -> "InfluxSettings":
    """How the InfluxDB of the settings is spoken to. Raises ConflictError where --influx is no URL."""
    from services.storage.influx_speech import InfluxSettings

    where = urlsplit(settings.influx)
    try:
        fits = where.scheme in ("http", "https") and where.hostname and where.port != 0
    except ValueError:  # a port beyond all ports
        fits = False
    if not fits:
        raise ConflictError(f"--influx {settings.influx}: say a URL, such as http://127.0.0.1:8086")
    return InfluxSettings(
        url=settings.influx,
        bucket=settings.bucket(simulated=simulated),
        org=settings.influx_org,
        token=settings.influx_token,
        retention_days=settings.retention_days,
    )


async def why_no_influx(settings: Settings, site: Site) -> str:
    """Why the InfluxDB of the settings takes no readings just now, as far as asking tells; "" where it may."""
    if not settings.influx:
        return ""
    from services.storage.influx_bucket import version_of

    try:
        version = await version_of(influx_of(settings, simulated=site.simulated))
    except UnavailableError as away:
        return str(away)
    if version.startswith("1.") and version[2:].partition(".")[0] in set("01234567"):
        return f"InfluxDB {version} at {settings.influx} cannot be written to: 1.8 is the first with /api/v2/write"
    return ""


@dataclass(frozen=True, slots=True)
class Ends:
    """The two ends of the wire: where messages come from, where ours go."""

    source: Source
    publisher: Publisher
    close: Callable[[], Awaitable[None]]


def broker_ends(settings: Settings, site: Site, clock: Clock) -> Ends:
    """Both over the broker of the settings."""
    host, port = settings.broker_address()
    user, password = settings.broker_user or None, settings.broker_password.get_secret_value() or None
    kind = MqttSettings if settings.source == "mqtt5" else PahoSettings
    heard = kind(
        site=site.id,
        client_id=settings.session(site.id),
        filters=site_filters(site.id, simulated=site.simulated, relayed=bool(site.device_by_eui)),
        host=host,
        port=port,
        username=user,
        password=password,
        tls=ssl.create_default_context() if settings.broker_tls else None,
        linger=0.0 if site.simulated else 0.005,  # in lock-step every barrier would wait for it
        receive_maximum=RECEIVE,
        waiting_messages=RECEIVE,
    )
    said = MqttPublisherSettings(
        host, port, f"{settings.session(site.id)}-out", username=user, password=password, tls=settings.broker_tls
    )
    publisher = MqttPublisher(said)
    source = PahoSource(heard, clock) if isinstance(heard, PahoSettings) else Mqtt5Source(heard, clock)
    return Ends(source, publisher, publisher.close)


class MemoryEnds:
    """Both in this process: `deliver` is what the coast publishes, `hear` is told what the service says."""

    def __init__(self, clock: Clock, hear: Hear) -> None:
        self._clock = clock
        self.source = MemorySource(clock)
        self.publisher = MemoryPublisher(hear)

    def deliver(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Like a broker it has them when this returns; the service keeps them in its own time."""
        self.source.offer([Message(topic, payload, self._clock.now()) for topic, payload in messages])


@contextmanager
def people_of(settings: Settings) -> Iterator[PeopleStore]:
    """People, tokens and the trail in the database of the settings, which is made where there is none. Raises
    ConflictError where it is of another version.
    """
    url = settings.sql_url()
    if not revision_of(url):
        upgrade(url)
    readable(url)
    store = PeopleStore(url)
    try:
        yield store
    finally:
        store.close()


def knows_people(settings: Settings) -> bool:
    """Whether the database of the settings is there, is of our version, and knows an account or a token."""
    url = parsed_url(settings.sql_url())
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return False
    try:
        readable(settings.sql_url())
    except ConflictError:
        return False  # of an older version, which the start brings up to date; or whoever opens it next says what it is
    store = PeopleStore(settings.sql_url())
    try:
        found = store.roster(0)
    finally:
        store.close()
    return bool(found.accounts or found.tokens)


def key_of_service(settings: Settings) -> Key:
    """From which tokens, sessions and links are made. Raises ConflictError."""
    return key_of(settings.state, settings.key.get_secret_value())


@contextmanager
def reception_of(settings: Settings, wall: Clock) -> Iterator[Reception]:
    """Where people sign in; who is known is loaded. Blocking. Raises ConflictError, UnavailableError."""
    with people_of(settings) as store:
        reception = Reception(store, key_of_service(settings), wall, time.monotonic)
        reception.known.load()
        yield reception


def photos_of(settings: Settings) -> PhotoFolder:
    """Photos of crews, beside the journal."""
    return PhotoFolder(settings.state / "photos")


def no_links(_crew: str, _order: str) -> str:
    """Nowhere to answer."""
    return ""


@asynccontextmanager
async def answering_links(settings: Settings) -> AsyncIterator[Callable[[str, str], str]]:
    """Where a message's crew answers, while this lasts: nowhere, unless it is set where crews reach us. Links of crews
    whose links were revoked are of the new generation within some seconds; until then they open nothing.
    """
    if not settings.public_url:
        yield no_links
        return
    wall = WallClock()
    with people_of(settings) as store:
        key = key_of_service(settings)
        known = Known(store, key, wall, time.monotonic)
        await asyncio.to_thread(known.load)
        looking = asyncio.create_task(_kept_fresh(known), name="links")
        try:
            yield CrewLinks(Links(key, known.generation, wall.now), settings.crews_url(), wall).answer
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)


async def _kept_fresh(known: Known) -> None:
    while True:
        await asyncio.sleep(FRESH_S)
        with suppress(UnavailableError):
            await known.fresh()


def channels_of(settings: Settings, web: Web, clock: Clock, environment: Mapping[str, str]) -> dict[str, Channel]:
    """The channels to contacts that are set up, by name. Raises ConflictError where mail is set up wrongly."""
    names = Addresses(environment)
    found: dict[str, Channel] = {name: Robot(kind, web, names, clock) for name, kind in KINDS.items()}
    found |= {"webhook": Webhook(web, names, clock), "apprise": LongTail(names), "drill": Drill()}
    if settings.smtp.get_secret_value():
        found["email"] = Email(smtp_of(settings.smtp.get_secret_value(), settings.smtp_from), names, clock)
    return found


@asynccontextmanager
async def sending(
    settings: Settings, clock: Clock, environment: Mapping[str, str]
) -> AsyncIterator[dict[str, Channel]]:
    """The channels to contacts, for whoever sends something by hand. Raises like `channels_of`."""
    async with Web() as web:
        yield channels_of(settings, web, clock, environment)


def limits_of(settings: Settings, clock: Clock) -> dict[str, Sequence[Limit]]:
    """The channels to contacts that are set up, and how often one address of each may be spoken to. Raises like
    `channels_of`.
    """
    return {name: channel.limits for name, channel in channels_of(settings, Web(), clock, {}).items()}


@dataclass(frozen=True, slots=True)
class Led:
    """What a node that leads holds."""

    lease: SqlLease
    leading: Leading


@asynccontextmanager
async def leading(
    settings: Settings, site: Site, roles: frozenset[Role], waits: Callable[[str], None]
) -> AsyncIterator[Led | None]:
    """Lead while this lasts: begins once no other node does, and `waits` is told why not yet. None with SQLite, whose
    file is that of one machine: there a lock on the folder keeps others out. Raises ConflictError.
    """
    url = settings.sql_url()
    if parsed_url(url).get_backend_name() == "sqlite":
        yield None
        return
    await _lease_there(url, waits)
    node, known_as = node_of(settings)
    shares = roles != ALL
    lease = SqlLease(url, site=site.id, node=node, known_as=known_as, span_s=settings.lease_s, shares=shares)
    led = Led(lease, Leading(lease, settings.lease_s, time.monotonic))
    try:
        await led.leading.won(waits)
        yield led
    finally:
        await led.leading.leave()
        lease.close()


async def _lease_there(url: str, waits: Callable[[str], None]) -> None:
    """Have the table of leases. A database that has one is left as it is: whoever leads may be of an older version."""
    while True:
        try:
            if not await asyncio.to_thread(has_lease, url):
                await asyncio.to_thread(upgrade, url)
        except UnavailableError as away:
            waits(f"stands by: {away}")
            await asyncio.sleep(1.0)
        else:
            return


def node_of(settings: Settings) -> tuple[str, str]:
    """Our machine with its state folder: for programs, where a copy of the folder is another one, and for people."""
    try:
        settings.state.mkdir(mode=0o750, parents=True, exist_ok=True)
        folder = settings.state.resolve()
        there = folder.stat()
    except OSError as refused:
        raise ConflictError(f"the state folder {settings.state} cannot be used: {refused.strerror}") from refused
    host = socket.gethostname()
    return f"{host}:{folder}:{there.st_dev}:{there.st_ino}", settings.node or f"{host} ({folder})"


def leader_there(settings: Settings) -> Leader | None:
    """Who leads, or led last; None with SQLite, or where nobody ever has. Raises NotFoundError where the database has
    no table of leases, UnavailableError.
    """
    url = settings.sql_url()
    if parsed_url(url).get_backend_name() == "sqlite":
        return None
    if not has_lease(url):
        raise NotFoundError("the database knows no leases yet")
    return leader_of(url)


def clock_of_books(settings: Settings) -> Millis:
    """What time a PostgreSQL has. Raises UnavailableError."""
    return clock_of(settings.sql_url())


def _begin_run(state: Path, led: Led) -> None:
    aside = journal_of(state, led.leading.leader.run)
    if aside is not None:
        _log.warning(
            "another node has led since this one did: its journal of then is put aside; what was not judged then is in"
            " it alone",
            extra={"file": str(aside)},
        )


@asynccontextmanager
async def service(
    settings: Settings,
    site: Site,
    source: Source,
    publisher: Publisher,
    clock: DomainClock,
    roles: frozenset[Role] = ALL,
    led: Led | None = None,
    among: Callable[[dict[str, Channel]], dict[str, Channel]] = dict,
) -> AsyncIterator[Service]:
    """A service, or some roles of one, with the stores that the settings name; not running yet. Closes them at the end.
    With `led` it writes and speaks only while it leads. `among` says which of the channels to contacts it has.
    Raises ConflictError where another process has one of the roles, or the settings do not go with them.
    """
    apart = roles != ALL
    if apart and not settings.influx:
        raise ConflictError(
            f"--roles {named(roles)}: readings in DuckDB belong to one process; name an InfluxDB with --influx, or run"
            " all roles in one process"
        )

    def oldest() -> Millis:
        return clock.now() - settings.retention_days * DAY if settings.retention_days else 0

    async with AsyncExitStack() as stack:
        stack.enter_context(_alone(settings.state, roles))
        if led is not None:
            await asyncio.to_thread(_begin_run, settings.state, led)
            source, publisher = LedSource(source, led.leading), LedPublisher(publisher, led.leading)
        fence = led.lease.fence if led is not None else None
        store: InfluxStore | DuckStore
        history: InfluxHistory | DuckStore
        rollups: RollUps | None = None
        events: InfluxEvents | None = None
        forget: Callable[[Millis], Awaitable[object]] | None = None  # a bucket forgets by itself
        if settings.influx:
            from services.storage import influx, influx_events, influx_history

            asked = influx_of(settings, simulated=site.simulated)
            store = influx.InfluxStore(asked, site=site.id, oldest=oldest)
            history = influx_history.InfluxHistory(asked, site=site.id)
            stack.push_async_callback(history.close)
            if Role.STORE in roles:
                rollups = await stack.enter_async_context(rollups_of(settings, site, clock))
                events = influx_events.InfluxEvents(asked, clock, site=site.id)
                stack.push_async_callback(events.close)
        else:
            from services.storage import duck

            store = history = duck.DuckStore(duck.DuckSettings(path=settings.state / "readings.duckdb"), oldest=oldest)
            await store.open()
            forget = store.prune
        stack.push_async_callback(store.close)
        journal, quarantine, books = (
            open_journal(settings),
            open_quarantine(settings.state),
            open_books(settings, fence),
        )
        for one in (journal, quarantine, books):
            stack.callback(one.close)
        box = SqlLetterbox(settings.sql_url(), fence)
        stack.callback(box.close)
        web = await stack.enter_async_context(Web())
        links = await stack.enter_async_context(answering_links(settings)) if Role.DISPATCH in roles else no_links
        channels = among(channels_of(settings, web, clock, os.environ))
        if led is not None:
            channels = {name: LedChannel(channel, led.leading) for name, channel in channels.items()}
        post = Post(box, channels, links)
        beats = Heartbeats(settings.state, clock, time.monotonic) if apart else None
        chronicle: Chronicle | None = None
        if rollups is not None and events is not None:
            upkeep = partial(_upkeep, journal, quarantine, books, box)
            chronicle = Chronicle(site, books, events, clock, rollups=rollups, upkeep=upkeep)
        outside = Outside(
            source,
            publisher,
            clock,
            journal,
            quarantine,
            books,
            store,
            history,
            forget,
            beats=beats,
            rollups=rollups,
            chronicle=chronicle,
            post=post,
            photos=photos_of(settings),
            leading=led.leading if led is not None else None,
        )
        rules = rules_of(settings)
        keep = Keep(settings.retention_days, settings.journal_days, settings.journal_mb, settings.photo_days)
        shadow = open_shadow(settings) if settings.shadow else None
        if shadow is not None:
            stack.callback(shadow.close)
        beside = Shadow(shadow_rules_of(settings), shadow) if shadow is not None else None
        editions = editions_of(settings, site, rules)
        yield Service(site, rules, outside, keep, editions, roles, beside, lambda: rules_of(settings))


def _upkeep(
    journal: SqliteJournal, quarantine: SqliteQuarantine, books: JudgeStore, box: SqlLetterbox
) -> dict[str, Any]:
    """What the point of our own health tells beside a pulse. Blocking."""
    aside = sum(quarantine.counts().values())
    ways = {"mqtt": books.outbox_counts(), **box.counts()}
    return {"journal_bytes": journal.size(), "quarantined": aside, "ways": ways}


def _alone(state: Path, roles: frozenset[Role]) -> ExitStack:
    """Hold these roles of the state folder for this process, until it is closed. Raises ConflictError."""
    with ExitStack() as held:
        try:
            state.mkdir(mode=0o750, parents=True, exist_ok=True)
            files = {role: held.enter_context((state / f"in-use.{role}").open("a")) for role in Role if role in roles}
        except OSError as refused:
            raise ConflictError(f"the state folder {state} cannot be written: {refused.strerror}") from refused
        for role, file in files.items():
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as taken:
                whose = "another service runs" if roles == ALL else f"another process has the role {role}"
                raise ConflictError(f"{whose} on {state}; stop it, or name another folder with --state") from taken
        return held.pop_all()


def editions_of(settings: Settings, site: Site, rules: RuleBook) -> tuple[Edition, ...]:
    """Site and rules as files, for the journal."""
    return (
        Edition("site", site.hash, pack(read_files(find(settings.site)))),
        Edition("rules", rules.version, rules.packed),
    )
