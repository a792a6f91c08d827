"""What holds of the DuckDB file beyond the store's contract: one owner, growth, age, and a process that is killed."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from domain.errors import ConflictError, UnavailableError
from domain.readings import Reading, Value
from services.storage.duck import DuckSettings, DuckStore

T = 1_790_000_000_000


def reading(n: int = 0, **values: Value) -> Reading:
    return Reading("pole-1", "lamp-1", "light", "z", T + n, values, 0, n, T + n)


def store(path: Path) -> DuckStore:
    return DuckStore(DuckSettings(path=path))


WRITER = """
import asyncio, os, signal, sys
from pathlib import Path
from domain.readings import Reading
from services.storage.duck import DuckSettings, DuckStore

def reading(n):
    return Reading("pole-1", "lamp-1", "light", "z", 1_790_000_000_000 + n, {"active_power": float(n)}, 0, n, 0)

async def main():
    duck = DuckStore(DuckSettings(path=Path(sys.argv[1])))
    for start in range(0, 500, 100):
        await duck.write([reading(n) for n in range(start, start + 100)])
    if sys.argv[2] == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    print("open", flush=True)
    sys.stdin.read()

asyncio.run(main())
"""


async def other_process(path: Path, then: str) -> asyncio.subprocess.Process:
    """Writes 500 points, and then is killed or stays until its input ends."""
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, path, then, stdin=pipe, stdout=pipe)


@pytest.mark.asyncio
async def test_what_was_written_outlives_a_killed_process(tmp_path: Path):
    path = tmp_path / "readings.duckdb"
    assert await (await other_process(path, "kill")).wait() == -signal.SIGKILL
    duck = store(path)
    assert [point.at - T for point in await duck.points("light", T, 2 * T)] == list(range(500))
    await duck.close()


@pytest.mark.asyncio
async def test_a_second_process_is_told_who_has_the_file(tmp_path: Path):
    path = tmp_path / "readings.duckdb"
    owner = await other_process(path, "stay")
    assert owner.stdout is not None
    assert await owner.stdout.readline() == b"open\n"
    duck = store(path)
    with pytest.raises(ConflictError, match=f"another process.*{owner.pid}"):
        await duck.open()
    await owner.communicate(b"")
    await duck.open()
    assert len(await duck.points("light", T, 2 * T)) == 500
    await duck.close()


@pytest.mark.asyncio
async def test_a_file_that_is_none_of_ours_is_left_alone_and_named(tmp_path: Path):
    path = tmp_path / "notes.txt"
    path.write_bytes(b"do not touch" * 1000)
    duck = store(path)
    with pytest.raises(ConflictError, match=r"notes\.txt is not a DuckDB file"):
        await duck.open()
    await duck.close()
    assert path.read_bytes() == b"do not touch" * 1000


@pytest.mark.asyncio
async def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path):
    duck = store(tmp_path / "gone" / "readings.duckdb")
    with pytest.raises(UnavailableError):
        await duck.write([reading(active_power=1.0)])
    (tmp_path / "gone").mkdir()
    assert (await duck.write([reading(active_power=1.0)])).written == 1
    await duck.close()


@pytest.mark.asyncio
async def test_a_quantity_first_seen_later_gets_its_column_and_it_is_there_after_opening_again(tmp_path: Path):
    duck = store(tmp_path / "readings.duckdb")
    await duck.write([reading(0, active_power=1.0)])
    await duck.write([reading(1, tilt_deg=2.0, lamp_failure=True)])
    await duck.close()
    again = store(tmp_path / "readings.duckdb")
    await again.write([reading(0, tilt_deg=3.0)])
    assert [point.values for point in await again.points("light", T, T + 2)] == [
        {"active_power": 1.0, "tilt_deg": 3.0},
        {"tilt_deg": 2.0, "lamp_failure": True},
    ]
    await again.close()


@pytest.mark.asyncio
async def test_a_batch_that_fails_half_way_leaves_nothing_and_the_next_one_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    duck = store(tmp_path / "readings.duckdb")
    whole = duck._merge
    monkeypatch.setattr(duck, "_merge", lambda *given: (whole(*given), 1 / 0))
    with pytest.raises(ZeroDivisionError):
        await duck.write([reading(0, active_power=1.0)])
    monkeypatch.undo()
    assert list(await duck.points("light", T, 2 * T)) == []
    assert (await duck.write([reading(0, tilt_deg=1.0)])).written == 1
    assert [point.values for point in await duck.points("light", T, 2 * T)] == [{"tilt_deg": 1.0}]
    await duck.close()


@pytest.mark.asyncio
async def test_what_is_too_old_is_forgotten(tmp_path: Path):
    duck = store(tmp_path / "readings.duckdb")
    await duck.write([reading(n, active_power=float(n)) for n in range(10)])
    assert await duck.prune(T + 4) == 4
    assert await duck.prune(T + 4) == 0
    assert [point.at - T for point in await duck.points("light", 0, 2 * T)] == list(range(4, 10))
    await duck.close()
