"""The command blocks of a page, typed in order by one reader in one scratch copy of the repository.

A fenced `sh` block is run unless a comment right above it says otherwise:

    <!-- not run here: REASON -->    left out, and told; whoever runs the page may do something in its place
    <!-- slow: REASON -->            left out where the reader is in a hurry and has what the block makes
    <!-- ends with 1: REASON -->     its last command has this exit code, for a reason that the page gives
    <!-- runs until ctrl-c: WORDS -->  runs on in the background once it has said WORDS; the next of its sort ends it

A fenced `text` block right below is what it shows: each line must come, in order; `…` stands for anything.
"""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
LONGEST_S = 60.0  # of one block, and of what a running one says first
SLOW_S = 600.0  # of one that is marked slow
_FENCE = re.compile(r"^```(\w*)\s*$")
_COMMENT = re.compile(r"^<!-- (not run here|slow|ends with 1|runs until ctrl-c): (.+) -->$")
_FOREVER = re.compile(r"^mosquitto_sub (?!.*\s-C\s).*(?<!&)$", re.MULTILINE)  # a second terminal, to a reader

Swaps = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Block:
    """One block. `mark` is "" or the first words of the comment above it, `said` what stands behind them."""

    place: str
    text: str
    mark: str = ""
    said: str = ""
    shows: str = ""


def blocks(page: Path) -> list[Block]:
    """The `sh` blocks of a page, in order."""
    found: list[Block] = []
    lines = page.read_text("utf-8").splitlines()
    above, n = "", 0
    while n < len(lines):
        fence = _FENCE.match(lines[n])
        if fence is None:
            above = lines[n] or above
            n += 1
            continue
        end = lines.index("```", n + 1)
        body = "\n".join(lines[n + 1 : end])
        if fence[1] == "sh":
            mark = _COMMENT.match(above)
            found.append(Block(f"{page.name}:{n + 1}", body, *(mark.groups() if mark else ("", ""))))
        elif fence[1] == "text" and found and above == "```":
            found[-1] = Block(**{**vars(found[-1]), "shows": body})
        above, n = "```", end + 1
    return found


def copied(target: Path) -> Path:
    """The repository as a clone has it, with what is not committed yet."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


@dataclass
class Reader:
    """Somebody who types a page, in a shell of their own that stays the same from block to block."""

    here: Path  # where they sit
    scratch: Path  # HOME, and whatever else they leave behind
    swaps: Swaps = ()  # pattern → what it is on this machine: ports and folders
    hurried: bool = True
    instead: Callable[[str], None] = lambda _: None  # told each line of a block that is left out
    environment: Mapping[str, str] = field(default_factory=dict)  # beside ours; none of TIDEWALK_… is inherited
    done: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._programs: list[subprocess.Popen[bytes]] = []
        self._lasting: subprocess.Popen[bytes] | None = None
        home = self.scratch / "home"
        home.mkdir()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TIDEWALK_")}
        self._env = {**inherited, "HOME": str(home), "LC_ALL": "C.UTF-8", **self.environment}
        return self

    def __exit__(self, *_: object) -> None:
        for program in reversed(self._programs):
            _end(program)

    def read(self, page: Path) -> None:
        """Type every block of it."""
        for block in blocks(page):
            if block.mark == "not run here" or (block.mark == "slow" and self.hurried):
                self.left_out.append(f"{block.place} {block.mark}: {block.said}")
                for line in block.text.splitlines():
                    self.instead(line.strip())
            else:
                self._type(block)
                self.done.append(block.place)

    def swapped(self, text: str) -> str:
        """The text with the ports and folders of this machine."""
        for pattern, ours in self.swaps:
            text = re.sub(pattern, lambda _, ours=ours: ours, text)
        return text

    def _type(self, block: Block) -> None:
        number = len(self.done)
        script, out, after = (self.scratch / f"{number}.{end}" for end in ("sh", "out", "env"))
        text = _FOREVER.sub(lambda line: f"{line[0]} &", self.swapped(block.text))
        script.write_text(f"set -e\n{text}\nenv -0 > {after}\npwd > {after}.pwd\n")
        if block.mark == "runs until ctrl-c" and self._lasting is not None:
            _end(self._lasting)
        with out.open("wb") as said:
            program = subprocess.Popen(
                ["bash", str(script)],
                cwd=self.here,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._programs.append(program)
        if block.mark == "runs until ctrl-c":
            self._lasting = program
            _wait(lambda: block.said in out.read_text(errors="replace"), program, block, out)
            return
        try:
            code = program.wait(SLOW_S if block.mark == "slow" else LONGEST_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{block.place} did not end:\n{_tail(out)}") from None
        wanted = int(block.mark == "ends with 1")
        assert code == wanted, f"{block.place} ended with {code}:\n{text}\n{_tail(out)}"
        _shown(block, self.swapped(block.shows), out.read_text(errors="replace"))
        if code == 0:
            self._stay(after)

    def _stay(self, after: Path) -> None:
        """Go on with the variables and in the folder that the block has left."""
        pairs = (pair.partition("=") for pair in after.read_text(errors="surrogateescape").split("\0") if pair)
        self._env = {name: value for name, _, value in pairs}
        self.here = Path(Path(f"{after}.pwd").read_text().rstrip("\n"))


def _shown(block: Block, wanted: str, said: str) -> None:
    lines = iter(said.splitlines())
    for line in wanted.splitlines():
        pattern = ".*".join(re.escape(part) for part in line.split("…"))
        assert any(re.fullmatch(pattern, one) for one in lines), f"{block.place} does not show {line!r}:\n{said}"


def _wait(true: Callable[[], bool], program: subprocess.Popen[bytes], block: Block, out: Path) -> None:
    deadline = time.monotonic() + LONGEST_S
    while not true():
        assert program.poll() is None, f"{block.place} ended:\n{_tail(out)}"
        assert time.monotonic() < deadline, f"{block.place} has not said {block.said!r}:\n{_tail(out)}"
        time.sleep(0.05)


def _end(program: subprocess.Popen[bytes]) -> None:
    """ctrl-c to all of it, and no more patience than a person has."""
    for number, patience in ((signal.SIGINT, 10.0), (signal.SIGKILL, 10.0)):
        try:
            os.killpg(program.pid, number)
            program.wait(patience)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _tail(out: Path) -> str:
    return out.read_text(errors="replace")[-3000:]
