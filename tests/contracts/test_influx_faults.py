"""What the InfluxDB store does when the server is away, busy, full or of another opinion. On the real engine."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from email.utils import parsedate_to_datetime

import aiohttp
import pytest
import pytest_asyncio

from domain.errors import UnavailableError
from domain.readings import Reading, Value
from services.storage.influx import LINES_PER_REQUEST, SEARCH_REQUESTS, InfluxStore
from services.storage.influx_bucket import authorization, ensure_bucket
from services.storage.influx_history import InfluxHistory
from services.storage.influx_speech import CONFIGURATION_RETRY_S, InfluxSettings, NoBucketError
from tests.machines.influx import InfluxMachine, forget_bucket, named_2x
from tests.machines.influx_forwarder import ORG, Fault, InfluxForwarder

pytestmark = pytest.mark.machine

T = 1_790_000_000_000
DAY = 86_400_000
PARTIAL = b'{"results":[{"statement_id":0,"partial":true}]}\n'


def reading(at: int = T, device: str = "lamp-1", kind: str = "light", **values: Value) -> Reading:
    return Reading(device.replace("lamp", "light"), device, kind, "qingdaowan", at, values, 0, -1, at + 400)


def many(count: int) -> list[Reading]:
    return [reading(T + n, active_power=float(n)) for n in range(count)]


async def server_time(url: str) -> int:
    """The server's own clock, in ms."""
    async with aiohttp.ClientSession() as session, session.get(f"{url}/ping") as answer:
        return int(parsedate_to_datetime(answer.headers["Date"]).timestamp()) * 1000


class Place:
    """One bucket behind a forwarder, and everything that speaks to it."""

    def __init__(self, forwarder: InfluxForwarder, **settings: object) -> None:
        self.forwarder = forwarder
        given = {"url": forwarder.url, "bucket": f"t-{uuid.uuid4().hex}", "org": ORG, **settings}
        self.settings = InfluxSettings.model_validate(given)
        self.store = InfluxStore(self.settings, site="shinan")
        self.history = InfluxHistory(self.settings, site="shinan")

    async def stored(self, kind: str = "light") -> set[int]:
        return {point.at - T for point in await self.history.points(kind, T - 9999 * DAY, T + DAY)}

    async def foreign(self, line: str) -> None:
        """Somebody else's line, straight to the engine."""
        async with aiohttp.ClientSession() as session:
            asked = {"bucket": self.settings.bucket, "org": self.settings.org, "precision": "ms"}
            url, headers = f"{self.settings.url}/api/v2/write", authorization(self.settings)
            async with session.post(url, params=asked, data=line.encode(), headers=headers) as answer:
                assert answer.status == 204

    async def close(self) -> None:
        await self.store.close()
        await self.history.close()


Make = Callable[..., Place]


@pytest_asyncio.fixture
async def place(influx: InfluxMachine) -> AsyncIterator[Make]:
    made: list[Place] = []
    async with InfluxForwarder(influx.url) as forwarder:

        def make(**settings: object) -> Place:
            made.append(Place(forwarder, **settings))
            return made[-1]

        yield make
        for one in made:
            await one.close()
            if (there := named_2x()) and one.settings.url == there["url"]:
                await forget_bucket(**there, bucket=one.settings.bucket)


ENGINES = ["1.x"]
if named_2x():
    ENGINES.append("2.x")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, place: Make) -> Make:
    """A place on each engine that is there; its own opinions are not the forwarder's."""
    if request.param == "1.x":
        return place
    return lambda **settings: place(**{**(named_2x() or {}), **settings})


@pytest.mark.asyncio
async def test_a_refused_connection_is_unavailable_and_then_works(place: Make):
    here = place()
    assert (await here.store.write(many(3))).written == 3
    await here.forwarder.refuse()
    with pytest.raises(UnavailableError, match="cannot be reached"):
        await here.store.write(many(5))
    with pytest.raises(UnavailableError, match="cannot be reached"):
        await here.history.latest("light-1")
    await here.forwarder.listen()
    assert (await here.store.write(many(5))).written == 5
    assert await here.stored() == {0, 1, 2, 3, 4}


@pytest.mark.parametrize(
    ("status", "header", "expected"),
    [(503, "7", 7.0), (429, "2", 2.0), (500, None, None), (504, "Wed, 21 Oct 2026 07:28:00 GMT", None)],
)
@pytest.mark.asyncio
async def test_a_busy_server_says_when_to_come_again(
    place: Make, status: int, header: str | None, expected: float | None
):
    here = place()
    here.forwarder.inject(Fault(status, {"Retry-After": header} if header else {}, "engine: cache full"))
    with pytest.raises(UnavailableError, match="cache full") as caught:
        await here.store.write(many(2))
    assert caught.value.retry_after == expected
    assert (await here.store.write(many(2))).written == 2


@pytest.mark.asyncio
async def test_silence_is_unavailable_and_the_second_time_is_harmless(place: Make):
    here = place(timeout_s=0.3)
    await ensure_bucket(here.settings)
    here.forwarder.inject(Fault(504, hang_s=1.0, then_forward=True))
    with pytest.raises(UnavailableError, match=r"within 0\.3 s"):
        await here.store.write(many(2))
    assert (await here.store.write(many(2))).written == 2
    assert await here.stored() == {0, 1}


@pytest.mark.parametrize(("status", "advice"), [(401, "token"), (403, "token"), (405, "address"), (307, "address")])
@pytest.mark.asyncio
async def test_a_wrong_configuration_makes_the_data_wait_and_says_what_to_do(place: Make, status: int, advice: str):
    here = place()
    here.forwarder.inject(Fault(status, message="no"))
    with pytest.raises(UnavailableError, match=advice) as caught:
        await here.store.write(many(2))
    assert caught.value.retry_after == CONFIGURATION_RETRY_S
    assert (await here.store.write(many(2))).written == 2


@pytest.mark.asyncio
async def test_a_missing_bucket_is_made_with_its_mapping_and_only_once(place: Make):
    here = place(token="secret", retention_days=20_000)  # noqa: S106
    assert (await here.store.write(many(2))).written == 2
    await ensure_bucket(here.settings)
    assert list(here.forwarder.buckets) == [here.settings.bucket]
    (mapping,) = here.forwarder.mappings
    assert (mapping["database"], mapping["default"]) == (here.settings.bucket, True)
    assert mapping["bucketID"] == here.forwarder.buckets[here.settings.bucket]
    assert await here.stored() == {0, 1}
    assert set(here.forwarder.tokens) == {"Token secret"}


@pytest.mark.asyncio
async def test_a_missing_bucket_that_we_may_not_make_is_named(place: Make):
    here = place(create=False)
    with pytest.raises(NoBucketError, match=here.settings.bucket):
        await here.store.write(many(2))
    stranger = place()
    stranger.settings = stranger.settings.model_copy(update={"org": "nobody"})
    with pytest.raises(UnavailableError, match="'nobody'"):
        await ensure_bucket(stranger.settings)


@pytest.mark.asyncio
async def test_a_database_is_made_on_a_1x(influx: InfluxMachine):
    settings = InfluxSettings(url=influx.url, bucket=f'odd "name" {uuid.uuid4().hex}', retention_days=3)
    await ensure_bucket(settings)
    await ensure_bucket(settings)
    history = InfluxHistory(settings, site="shinan")
    assert list(await history.points("light", T, T + DAY)) == []
    await history.close()


@pytest.mark.parametrize("places", [[0], [4_999], [2_500, 2_501], [7, 1_234, 4_321]])
@pytest.mark.asyncio
async def test_bad_lines_among_five_thousand_good_ones_are_found(engine: Make, places: list[int]):
    here = engine()
    await here.store.write([reading(T, active_power=0.0)])
    await here.foreign(f"light,site=shinan,zone=z,facility=f,device=d supply_voltage=1i,q=0i {T}")
    batch = many(5_000)
    for n in places:
        batch[n] = batch[n]._replace(values={"supply_voltage": 230.0})
    report = await here.store.write(batch)
    assert [one.at - T for one, _ in report.refused] == places
    assert all("conflict" in why for _, why in report.refused)
    assert report.written == 5_000 - len(places)
    stored = await here.history.points("light", T, T + DAY, facility="light-1")
    assert len({point.at for point in stored if "active_power" in point.values} - {T}) >= 4_998 - len(places)


@pytest.mark.asyncio
async def test_a_field_of_another_type_everywhere_is_refused_within_bounds(place: Make):
    here = place()
    await here.store.write([reading(T, "bin-1", "bin", fill_level=1.0)])
    await here.foreign(f"light,site=shinan,zone=z,facility=f,device=d active_power=1i {T}")
    before = len(here.forwarder.writes)
    batch = [*many(3_000), *(reading(T + n, "bin-1", "bin", fill_level=float(n)) for n in range(2_000))]
    report = await here.store.write(batch)
    assert len(here.forwarder.writes) - before <= SEARCH_REQUESTS + 20
    assert {one.kind for one, _ in report.refused} >= {"light"}
    assert len(await here.stored("bin")) == 2_000


@pytest.mark.asyncio
async def test_points_beyond_the_servers_own_retention_are_handed_back(engine: Make):
    here = engine(retention_days=1)
    await ensure_bucket(here.settings)
    now = await server_time(here.settings.url)
    batch = [reading(now - n, active_power=1.0) for n in range(10)]
    batch[5] = reading(now - 3 * DAY, active_power=1.0)
    report = await here.store.write(batch)
    ((refused, why),) = report.refused
    assert refused is batch[5]
    assert "retention" in why
    assert report.written == 9


@pytest.mark.parametrize("engine", ENGINES[1:], indirect=True)  # a 1.x asks for no token
@pytest.mark.asyncio
async def test_a_wrong_token_or_organisation_is_told_by_the_real_server(engine: Make):
    for wrong, advice in (({"token": "nonsense"}, "token"), ({"org": "nobody"}, "'nobody'")):
        with pytest.raises(UnavailableError, match=advice):
            await engine(**wrong).store.write(many(1))


@pytest.mark.asyncio
async def test_a_body_too_large_is_halved(place: Make):
    here = place()
    here.forwarder.inject(Fault(413, message="too large", times=99, longer_than=4_000))
    assert (await here.store.write(many(LINES_PER_REQUEST))).written == LINES_PER_REQUEST
    assert len(await here.stored()) == LINES_PER_REQUEST
    assert max(here.forwarder.writes) <= 4_000


@pytest.mark.asyncio
async def test_a_server_that_refuses_everything_for_no_reason_of_a_line_makes_the_data_wait(place: Make):
    here = place()
    here.forwarder.inject(Fault(400, message="hello from a proxy", times=99))
    with pytest.raises(UnavailableError, match="hello from a proxy"):
        await here.store.write(many(4))


@pytest.mark.asyncio
async def test_one_line_refused_for_an_unknown_reason_is_handed_back_where_the_server_still_takes_others(place: Make):
    here = place()
    await here.store.write(many(1))
    here.forwarder.inject(Fault(400, message="unheard of"))
    report = await here.store.write([reading(T + 1, active_power=1.0)])
    assert [why for _, why in report.refused] == ["unheard of"]


@pytest.mark.asyncio
async def test_an_answer_that_is_none_or_breaks_off_is_not_taken_for_an_empty_one(place: Make):
    here = place()
    await here.store.write(many(10))
    for body in (b'{"hello": "world"}', b"<html>", b"", b'{"results":[{"statement_id":0,"series":[{"na', PARTIAL):
        here.forwarder.inject(Fault(200, body=body, paths=("/query",)))
        with pytest.raises(UnavailableError):
            await here.history.points("light", T, T + DAY)
    assert len(await here.stored()) == 10


@pytest.mark.asyncio
async def test_a_history_without_its_bucket_is_unavailable(place: Make):
    with pytest.raises(UnavailableError, match="database not found"):
        await place().history.points("light", T, T + 1)


@pytest.mark.asyncio
async def test_what_was_written_outlives_a_killed_server(influx_of_its_own: InfluxMachine):
    async with InfluxForwarder(influx_of_its_own.url) as forwarder:
        here = Place(forwarder, timeout_s=2.0)
        assert (await here.store.write(many(500))).written == 500
        influx_of_its_own.kill()
        with pytest.raises(UnavailableError):
            await here.store.write(many(600))
        await asyncio.to_thread(influx_of_its_own.start)
        assert await here.stored() == set(range(500))
        assert (await here.store.write(many(600))).written == 600
        assert await here.stored() == set(range(600))
        await here.close()
