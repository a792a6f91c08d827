"""`tidewalk influx setup`, on a server in memory, on Debian's InfluxDB, and on a 2.x where one is named."""

import json
import stat
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.commands.influx import influx
from services.influx.setting_up import Bucket, Found, Permission, Server, described, set_up, wanted_buckets
from services.storage.influx_setup import InfluxSetup
from services.storage.influx_speech import InfluxSettings
from tests.machines.influx import InfluxMachine, forget_bucket, named_2x

DAYS = 30


class MemoryServer:
    """A `Server` of the 2.x line that counts what is changed."""

    def __init__(self) -> None:
        self.buckets: dict[str, Bucket] = {}
        self.mappings: dict[str, str] = {}
        self.tokens: dict[str, frozenset[Permission]] = {}
        self.changes = 0

    async def look(self, names: Iterable[str]) -> Found:
        there = {name: self.buckets[name] for name in names if name in self.buckets}
        return Found("2.9.0", there, dict(self.mappings), dict(self.tokens))

    async def make_bucket(self, name: str, days: int) -> None:
        self.changes += 1
        self.buckets[name] = Bucket(f"id-of-{name}-{self.changes}", days * 86_400)

    async def keep(self, name: str, bucket: Bucket, days: int) -> None:
        self.changes += 1
        self.buckets[name] = bucket._replace(keeps_s=days * 86_400)

    async def make_mapping(self, name: str, bucket: str) -> None:
        self.changes += 1
        self.mappings[name] = bucket

    async def make_token(self, description: str, permissions: Iterable[Permission]) -> str:
        self.changes += 1
        self.tokens[description] = frozenset(permissions)
        return f"secret {self.changes}"


SERVERS = ["memory", pytest.param("influx", marks=pytest.mark.machine)]
if named_2x():
    SERVERS.append(pytest.param("influx2", marks=pytest.mark.machine))


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> "Opened":
    return Opened(request)


class Opened:
    """A server and a bucket name of the test's own; what was made there goes again."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self.bucket = f"tidewalk-test-{uuid.uuid4().hex}"
        self.what = request.param
        self.memory = MemoryServer()
        self.settings: InfluxSettings | None = None
        if self.what == "influx":
            machine: InfluxMachine = request.getfixturevalue("influx")
            self.settings = InfluxSettings(url=machine.url, bucket=self.bucket)
        elif self.what == "influx2":
            self.settings = InfluxSettings.model_validate({**(named_2x() or {}), "bucket": self.bucket})

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Server]:
        if self.settings is None:
            yield self.memory
            return
        async with InfluxSetup(self.settings) as server:
            yield server
        if self.what == "influx2":
            for name in wanted_buckets(self.bucket, 0):
                await forget_bucket(**(named_2x() or {}), bucket=name)


@pytest.mark.asyncio
async def test_a_second_time_changes_nothing_and_shows_no_token_again(server: Opened):
    async with server.open() as there:
        first = await set_up(there, server.bucket, DAYS, make=True)
        assert not [piece for piece in first.pieces if piece.missing]
        assert {who for who, _ in first.tokens} == (set() if server.what == "influx" else {"service", "grafana"})
        again = await set_up(there, server.bucket, DAYS, make=True)
        assert (again.made, again.tokens) == ((), ())
        assert again.pieces == first.pieces


@pytest.mark.asyncio
async def test_a_check_names_each_missing_piece_of_a_half_set_up_server_and_changes_nothing(server: Opened):
    async with server.open() as there:
        names = wanted_buckets(server.bucket, DAYS)
        for name in list(names)[:2]:
            await there.make_bucket(name, names[name])
        before = await there.look(names)
        looked = await set_up(there, server.bucket, DAYS, make=False)
        assert await there.look(names) == before
        missing = {piece.what.split(" ")[-1] for piece in looked.pieces if piece.missing and "token" not in piece.what}
        assert missing >= set(list(names)[2:])
        assert looked.made == looked.tokens == ()
        if server.what != "influx":
            assert len([piece for piece in looked.pieces if "token" in piece.what and piece.missing]) == 2
        assert all(piece.remedy for piece in looked.pieces if piece.missing)


@pytest.mark.asyncio
async def test_a_bucket_that_keeps_too_little_is_named_and_mended_only_when_asked(server: Opened):
    async with server.open() as there:
        await there.make_bucket(server.bucket, 7)
        made = await set_up(there, server.bucket, DAYS, make=True)
        (wrong,) = [piece for piece in made.pieces if piece.missing]
        assert (wrong.wrong, wrong.remedy.split(",")[0]) == (
            "keeps 7 days, where 30 days is meant",
            "TIDEWALK_RETENTION_DAYS=7",
        )
        mended = await set_up(there, server.bucket, DAYS, make=True, retention=True)
        assert mended.made == (f"bucket {server.bucket} keeps 30 days",)
        assert not [piece for piece in mended.pieces if piece.missing]


@pytest.mark.asyncio
async def test_a_token_that_lacks_a_bucket_made_after_it_or_may_do_too_much_is_named_and_renewed_when_asked():
    there, bucket = MemoryServer(), "tidewalk"
    await set_up(there, bucket, 0, make=True)
    del there.buckets["tidewalk_1h"], there.mappings["tidewalk_1h"]
    made = await set_up(there, bucket, 0, make=True)
    assert [piece.remedy for piece in made.pieces if piece.missing] == ["tidewalk influx setup --renew"] * 2
    renewed = await set_up(there, bucket, 0, make=True, renew=True)
    assert len(renewed.tokens) == 2
    assert not [piece for piece in renewed.pieces if piece.missing]
    there.tokens[described(bucket, "grafana")] |= {Permission("write", "buckets", there.buckets[bucket].id)}
    looked = await set_up(there, bucket, 0, make=False)
    assert [piece.wrong for piece in looked.pieces if piece.missing] == ["may do more than it must"]


@pytest.mark.asyncio
@pytest.mark.machine
@pytest.mark.skipif(not named_2x(), reason="no InfluxDB 2.x is named: not run")
@pytest.mark.parametrize("server", ["influx2"], indirect=True)
async def test_the_tokens_let_do_what_they_must_and_no_more(server: Opened):
    async with server.open() as there:
        made = await set_up(there, server.bucket, 0, make=True)
        service, grafana = (dict(made.tokens)[who] for who in ("service", "grafana"))
        url, events = (named_2x() or {})["url"], f"{server.bucket}_events"

        def write(token: str, bucket: str) -> int:
            asked = urllib.parse.urlencode({"bucket": bucket, "org": (named_2x() or {})["org"]})
            return _status(f"{url}/api/v2/write?{asked}", token, b"light q=0i")

        def read(token: str, bucket: str) -> int:
            asked = urllib.parse.urlencode({"db": bucket, "q": "SELECT * FROM light"})
            return _status(f"{url}/query?{asked}", token)

        assert [write(service, one) for one in (server.bucket, events)] == [204, 204]
        assert [read(service, one) for one in (server.bucket, events)] == [200, 200]
        assert write(grafana, server.bucket) in (401, 403, 404)
        assert [read(grafana, one) for one in (server.bucket, events)] == [200, 200]
        assert _status(f"{url}/api/v2/authorizations", grafana, wanted=b"tidewalk") == 0


def _status(url: str, token: str, body: bytes | None = None, wanted: bytes = b"") -> int:
    """The status of the answer; 0 where it is fine and does not say `wanted`."""
    request = urllib.request.Request(url, body, {"Authorization": f"Token {token}"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return answer.status if wanted in answer.read() else 0
    except urllib.error.HTTPError as refused:
        return refused.code


@pytest.mark.machine
def test_the_command_checks_with_exit_code_1_makes_and_then_is_content(influx_command_settings: list[str]):
    run = CliRunner()
    checked = run.invoke(influx, ["setup", "--check", "--json", *influx_command_settings])
    told = json.loads(checked.stdout.splitlines()[-1])
    assert (checked.exit_code, told["ok"], told["made"]) == (1, False, [])
    assert "is not there → tidewalk influx setup" in checked.stderr
    made = run.invoke(influx, ["setup", *influx_command_settings])
    assert made.exit_code == 0, made.output
    assert "tokens: InfluxDB 1.6.7" in made.output
    assert "has none: whoever reaches it" in made.output
    assert run.invoke(influx, ["setup", "--check", *influx_command_settings]).exit_code == 0


@pytest.fixture
def influx_command_settings(influx: InfluxMachine) -> list[str]:
    return ["--influx", influx.url, "--bucket", f"t-{uuid.uuid4().hex}", "--site", "shinan"]


def test_new_tokens_go_to_a_file_of_ones_own(tmp_path: Path):
    from services.commands.influx import _hand_over

    file = tmp_path / "tokens.env"
    assert _hand_over([("service", "s3"), ("grafana", "g4")], file, quiet=True) == str(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == "TIDEWALK_INFLUX_TOKEN=s3\nGRAFANA_INFLUX_TOKEN=g4\n"
