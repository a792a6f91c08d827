"""The service as several processes on one state folder: what one alone promises holds for them together."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain, pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from domain.naming import COMMAND, order_topic
from services.storage.journal import SqliteJournal
from tests.machines.influx import InfluxMachine
from tests.machines.mosquitto import Mosquitto, free_port
from tests.walk.influx_beside import forwarding
from tests.walk.processes import PYTHON, TIDEWALK, Program, until
from tests.walk.test_over_http import SITE, Api, crews_of, only_order

ROWS = 150
WRITERS = ("door", "api", "judge")
SOON_S = 10.0


def test_processes_write_one_journal_in_turn_and_nobody_who_follows_it_skips_a_row_or_sees_it_twice(tmp_path: Path):
    file, all_rows = tmp_path / "journal.sqlite", ROWS * len(WRITERS)
    run = (PYTHON, "-m", "tests.walk.writers", file)
    with ExitStack() as running:

        def begun(name: str, *words: object) -> Program:
            return running.enter_context(Program(*run, *words, log=tmp_path / f"{name}.log"))

        followers = [begun(f"follower-{n}", "follows", all_rows) for n in range(2)]
        writers = [begun(name, "writes", name, ROWS) for name in WRITERS]
        assert [one.wait(60) for one in (*writers, *followers)] == [0] * 5
        written = [one.lines()[-1]["numbers"] for one in writers]
        seen = [one.lines()[-1]["numbers"] for one in followers]
    assert sorted(chain.from_iterable(written)) == list(range(1, all_rows + 1))
    assert all(numbers == sorted(numbers) for numbers in written)
    assert seen == [list(range(1, all_rows + 1))] * 2
    rows = SqliteJournal(file).read(0, all_rows)
    assert all(one.at <= other.at for one, other in pairwise(rows))
    assert sum(1 for one, other in pairwise(rows) if one.messages[0].topic != other.messages[0].topic) > len(WRITERS)


class Apart:
    """Each role a process of its own, or some together."""

    def __init__(self, folder: Path, broker: str, influx: str) -> None:
        self.folder, self.state, self.api = folder, folder / "state", Api(free_port())
        self._said = ("--broker", broker, "--influx", influx, "--state", self.state)
        self._running = ExitStack()

    def begins(self, roles: str) -> Program:
        log = self.folder / f"{roles}-{time.monotonic_ns()}.log"
        with_api = ("--api", self.api.url.removeprefix("http://")) if "api" in roles else ()
        begun = Program(TIDEWALK, "serve", "--roles", roles, *self._said, *with_api, log=log)
        return self._running.enter_context(begun)

    def runs(self, roles: str) -> Program:
        program = self.begins(roles)
        program.says(" listens ")
        return program

    def part(self, name: str) -> dict[str, Any]:
        return dict(self.api.get("/readyz").body["parts"][name])

    def bin(self) -> dict[str, Any]:
        return self.api.get("/api/v1/facilities/bin-hand").body

    def history(self) -> list[float]:
        """The last fill level of each bucket; none while the store has nothing."""
        found = self.api.get("/api/v1/facilities/bin-hand/history").body.get("quantities", {})
        return [one["last"] for one in found.get("fill_level", {"buckets": ()})["buckets"]]

    def end(self) -> None:
        self._running.close()


@pytest.fixture
def apart(tmp_path: Path, mosquitto: Mosquitto, influx: InfluxMachine) -> Iterator[Apart]:
    with forwarding(influx) as url:
        made = Apart(tmp_path, f"127.0.0.1:{mosquitto.port}", url)
        yield made
        made.end()


@pytest.mark.machine
def test_five_processes_do_what_one_does_and_say_who_is_missing(apart: Apart, mosquitto: Mosquitto):
    with crews_of(mosquitto) as crews:
        api = apart.runs("api")
        assert apart.api.get("/readyz").status == 503
        assert "no process has had the role judge" in apart.part("judge")["why"]
        programs = {role: apart.begins(role) for role in ("door", "judge", "store", "dispatch")}
        until(apart.api.ready, 4 * SOON_S, "all of them to be ready")
        crews.bin_says(97)
        order = only_order(apart.api)
        topic = order_topic(SITE, order["crew"], order["id"])
        until(lambda: bool(crews.orders.get(topic)), SOON_S, "the crew to have it")
        until(lambda: apart.bin()["state"] == "alarm", SOON_S, "the API's own picture to show it")
        until(lambda: "fill_level" in apart.bin()["latest"]["values"], SOON_S, "and what the sensor says")
        until(lambda: apart.history() == [97.0], SOON_S, "the store to have it")

        action = {"id": str(uuid4()), "action": "close", "by": "李伟", "reason": "emptied by hand"}
        closed = apart.api.post(f"/api/v1/orders/{order['id']}/actions", action)
        assert (closed.status, closed.body["standing"]) == (200, "done")
        until(lambda: crews.orders[topic] == b"", SOON_S, "the crew's list to be cleared")

        second = apart.begins("judge")
        assert second.wait(SOON_S) == 1
        assert "another process has the role judge" in second.log()

        programs["judge"].kill()
        until(lambda: "silent" in apart.part("judge")["why"], SOON_S, "the loss of the judge to be seen")
        assert (apart.api.get("/readyz").status, apart.part("door")["ok"]) == (503, True)
        kept = apart.api.post(f"/api/v1/orders/{order['id']}/actions", {**action, "id": str(uuid4()), "action": "note"})
        assert (kept.status, kept.body["standing"]) == (202, "waiting")
        assert programs["dispatch"].stop() == 0
        until(lambda: "was stopped" in apart.part("dispatch")["why"], SOON_S, "the dispatcher to be missed")
        programs["judge"], programs["dispatch"] = apart.begins("judge"), apart.begins("dispatch")
        until(apart.api.ready, 4 * SOON_S, "both to be back")
        noted = f"/api/v1/orders/{order['id']}/actions/{kept.body['id']}"
        until(lambda: apart.api.get(noted).body["standing"] != "waiting", SOON_S, "the note to be judged")
        assert [one.stop() for one in (api, *programs.values())] == [0] * 5
    rows = SqliteJournal(apart.state / "journal.sqlite").read(0, 100_000)
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert sum(1 for row in rows for message in row.messages if message.topic == COMMAND) == 2


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--roles", "judge"), "readings in DuckDB belong to one process"),
        (("--roles", "dor,judge"), "there is no role 'dor'"),
        (("--roles", "door", "--lock-step", "2026-10-01T16:00+08:00"), "needs all roles in one process"),
    ],
)
def test_roles_that_do_not_fit_are_refused_at_the_start(words: tuple[str, ...], why: str, tmp_path: Path):
    command = (TIDEWALK, "serve", "--broker", "127.0.0.1:1", "--state", tmp_path / "state", "--no-api", *words)
    with Program(*command, log=tmp_path / "serve.log") as service:
        assert service.wait(SOON_S) == 1
    assert why in service.log()
