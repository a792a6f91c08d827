"""Heartbeats: how each role stands, in a small file of its own in the state folder, written anew each second.

Files, because they are there when the database is not; one folder, because the journal binds all roles to it anyway.
"""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from domain.ports import Clock
from domain.readings import Millis
from services.roles import Role

FOLDER: Final = "roles"
EVERY_S: Final = 1.0
SILENT_S: Final = 5.0  # who has not beaten for so long is gone
_READ_AGAIN_S: Final = 0.2


class Heartbeats:
    """Writes those of this process and reads those of the others. `clock` is the time of day, `beat` never jumps."""

    def __init__(self, state: Path, clock: Clock, beat: Callable[[], float]) -> None:
        self._folder, self._clock, self._beat = state / FOLDER, clock, beat
        self._began: Millis = clock.now()
        self._count = 0
        self._seen: dict[str, _Seen] = {}

    def say(self, role: str, facts: dict[str, Any]) -> None:
        """Say that we have the role, are alive, and stand so. A disk that takes nothing makes it silent, no more."""
        self._write(role, facts, left=False)

    def leave(self, role: str) -> None:
        """Say that we stop; what was last said stays true."""
        self._write(role, self.facts(role), left=True)

    def facts(self, role: str) -> dict[str, Any]:
        """What was last said of a role; empty where nothing was."""
        facts: dict[str, Any] = self._look(role).said.get("facts", {})
        return facts

    def away(self, role: str) -> tuple[str, Millis] | None:
        """Why nobody has the role, and since when; None where somebody has."""
        seen = self._look(role)
        if not seen.said:
            return f"no process has had the role {role} on this state folder", self._began
        now: Millis = seen.said["now"]
        if seen.said["left"]:
            return f"the process with the role {role} was stopped", now
        if self._beat() - seen.changed > SILENT_S:
            return f"the process with the role {role} (pid {seen.said['pid']}) is silent: it has died, or hangs", now
        return None

    def _write(self, role: str, facts: dict[str, Any], *, left: bool) -> None:
        self._count += 1
        said = {
            "role": role,
            "pid": os.getpid(),
            "began": self._began,
            "now": self._clock.now(),
            "beat": self._count,
            "left": left,
            "facts": facts,
        }
        file = self._folder / f"{role}.json"
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            fresh = file.with_suffix(f".{os.getpid()}")
            fresh.write_text(json.dumps(said), "utf-8")
            fresh.replace(file)

    def _look(self, role: str) -> "_Seen":
        seen, now = self._seen.get(role), self._beat()
        if seen is not None and now - seen.looked < _READ_AGAIN_S:
            return seen
        said = self._read(role)
        if seen is None:
            age_s = (self._clock.now() - said["now"]) / 1000 if said else 0.0
            seen = self._seen[role] = _Seen(said, now - max(0.0, age_s))
        elif (said.get("pid"), said.get("beat")) != (seen.said.get("pid"), seen.said.get("beat")):
            seen.said, seen.changed = said, now
        seen.looked = now
        return seen

    def _read(self, role: str) -> dict[str, Any]:
        try:
            said = json.loads((self._folder / f"{role}.json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return said if isinstance(said, dict) and {"pid", "beat", "now", "left", "facts"} <= said.keys() else {}


class _Seen:
    """A heartbeat as last read, and when it was seen to change."""

    def __init__(self, said: dict[str, Any], changed: float) -> None:
        self.said, self.changed = said, changed
        self.looked = 0.0


def others(mine: frozenset[Role]) -> list[Role]:
    """The roles whose heartbeats say how the rest of the service stands."""
    return [role for role in Role if role not in mine and role is not Role.API]
