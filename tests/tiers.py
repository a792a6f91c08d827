"""The tiers behind `make test` and `make soak`: checks and tests, side by side, one verdict last.

python -m tests.tiers quick     lint, format, types, layers, and every test that is not marked `soak`
python -m tests.tiers soak      the tests marked `soak`
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BIN = Path(sys.executable).parent
Command = Sequence[str | Path]
CHECKS: Mapping[str, Command] = {
    "ruff check": [BIN / "ruff", "check", "--quiet", "."],
    "ruff format": [BIN / "ruff", "format", "--check", "--quiet", "."],
    "layers": [BIN / "lint-imports"],
}
TYPES: Mapping[str, Command] = {"mypy": [BIN / "mypy", "--no-error-summary"]}  # half a minute of one core
# Units as large as a whole application or a whole evening: run with the rest.
WHOLE = (
    "tests/unit/api",
    "tests/unit/console",
    "tests/unit/crew",
    "tests/unit/dashboards/test_dashboard_files.py",
    "tests/unit/reload",
    "tests/unit/shadow",
    "tests/unit/simulators",
    "tests/unit/commands/test_bench_command.py",
    "tests/unit/judge/test_with_the_real_rules.py",
    "tests/unit/site/test_site_at_scale.py",
)
NOT_HERE = {
    "InfluxDB 2.x": ("TIDEWALK_TEST_INFLUX_URL", "set it to a running 2.x and the store contract runs against it too"),
    "Grafana": ("TIDEWALK_TEST_GRAFANA_URL", "with _USER and _PASSWORD: dashboards, alerts, publishing run on it"),
}


def _checked(commands: Mapping[str, Command]) -> list[str]:
    """Run them side by side, and say how each went. The names of those that failed."""
    with ThreadPoolExecutor(len(commands)) as aside:
        went = aside.map(_went_well, commands, commands.values())
        return [name for name, well in zip(commands, went, strict=True) if not well]


def _went_well(name: str, command: Command) -> bool:
    done = subprocess.run(
        [*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    print(f"{'FAILED' if done.returncode else 'ok    '} {name}", f"\n{done.stdout}" * bool(done.returncode), flush=True)
    return not done.returncode


def _tests(*arguments: str, at_once: int = 2) -> tuple[int, float]:
    """So many files side by side, each whole, in the order of `tests/conftest.py`."""
    began = time.monotonic()
    aside = ("-n", str(at_once), "--dist", "loadfile", "--no-loadscope-reorder")
    command = [sys.executable, "-m", "pytest", "-q", *aside, *arguments]
    print(f"$ {' '.join(command[1:])}", flush=True)
    code = subprocess.run(command, check=False).returncode
    return code, time.monotonic() - began


def quick() -> int:
    """Everything that fits in five minutes. The exit code says whether all of it held."""
    began = time.monotonic()
    failed = _checked(CHECKS)
    unit, seconds = _tests("tests/unit", *(f"--ignore={path}" for path in WHOLE))
    print(f"unit tests: {seconds:.1f} s", flush=True)
    others = [f"tests/{name}" for name in ("contracts", "properties", "realdata", "scenarios", "walk")]
    with ThreadPoolExecutor(1) as aside:
        types = aside.submit(_checked, TYPES)
        # Three at a time on two cores: an outage of ten seconds costs ten seconds, and hardly any work.
        rest, more = _tests(*others, *WHOLE, "-m", "not soak", "--durations=10", at_once=3)
        failed += types.result()
    for name, (variable, how) in NOT_HERE.items():
        if not os.environ.get(variable):
            print(f"not run: {name} ({variable}: {how})", flush=True)
    if failed:
        print(f"failed: {', '.join(failed)}", flush=True)
    print(f"took {time.monotonic() - began:.0f} s, the tests {seconds + more:.0f} s of them", flush=True)
    return 1 if failed or unit or rest else 0


def soak() -> int:
    """What takes longer: each test by name as it ends, and last which of them took longest. What is held to its seconds
    comes first, one at a time: beside forty deaths a minute nothing is on time.
    """
    timed, seconds = _tests("tests", "-m", "soak and alone", "-v", at_once=1)
    code, more = _tests("tests", "-m", "soak and not alone", "-v", "--durations=15")
    print(f"took {(seconds + more) / 60:.0f} min", flush=True)
    return timed or code


if __name__ == "__main__":
    sys.exit({"quick": quick, "soak": soak}[sys.argv[1] if len(sys.argv) > 1 else "quick"]())
