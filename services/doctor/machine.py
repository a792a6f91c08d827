"""The machine itself: clock, disk, permissions, the API's port."""

import json
import os
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import median
from typing import Final

from domain.ports import Clock
from services.doctor.finding import Finding, fail, ok, warn

GB: Final = 1_000_000_000
_LITTLE, _TOO_LITTLE = 5 * GB, GB // 2
_SLOW_MS, _TOO_SLOW_MS = 30.0, 300.0
_TRIES: Final = 15
_BUILT: Final = datetime(2026, 1, 1, tzinfo=UTC)  # no clock that is right says less
_OTHER: Final = (
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "glusterfs",
    "fuse.sshfs",
    "fuse.glusterfs",
)
_FLEETING: Final = ("tmpfs", "ramfs")
_SECRET_FILES: Final = (".env", "/etc/tidewalk/tidewalk.env", "/etc/tidewalk/.env")


def clock(wall: Clock) -> list[Finding]:
    """Whether the time of day can be believed."""
    now = datetime.fromtimestamp(wall.now() / 1000, UTC)
    if now < _BUILT:
        what = f"the clock says {now:%Y-%m-%d}, before this program was made"
        why = "every reading without a time of its own is dated by it, and TLS fails"
        return [fail("clock", what, why, "set it, and keep it by NTP: timedatectl set-ntp true")]
    said = _synchronised()
    if said == "no":
        what = "the system does not keep the clock by NTP"
        why = "readings without a time of their own, deadlines and shifts drift with it"
        return [warn("clock", what, why, "timedatectl set-ntp true, or install chrony")]
    known = "kept by NTP" if said == "yes" else "whether it is kept by NTP this system does not say"
    return [ok("clock", f"{now:%Y-%m-%d %H:%M} UTC, {known}")]


def _synchronised() -> str:
    """`yes`, `no`, or "" where nobody says."""
    command = shutil.which("timedatectl")
    if command is None:
        return ""
    asked = [command, "show", "--property=NTPSynchronized", "--value"]
    try:
        said = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=5)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ""
    return said.stdout.strip()


def disk(state: Path) -> list[Finding]:
    """Room, speed and kind of the disk that the journal is on."""
    where = nearest(state)
    free = shutil.disk_usage(where).free
    found = [_room(where, free)]
    kind = _filesystem(where)
    if kind in _OTHER:
        what = f"{where} is on a network filesystem ({kind})"
        why = "SQLite's write-ahead log needs memory shared by all who use it: the journal can be damaged there"
        found.append(fail("disk", what, why, "put the state folder on a disk of this machine"))
    elif kind in _FLEETING:
        what = f"{where} is in memory ({kind})"
        found.append(warn("disk", what, "what was heard is gone with the next restart", "put it on a disk"))
    elif kind == "overlay":
        what = f"{where} is in a container's own layer"
        why = "what was heard goes with the container"
        found.append(warn("disk", what, why, "mount a volume there"))
    if os.access(where, os.W_OK | os.X_OK):
        found.append(_speed(where))
    return found


def nearest(path: Path) -> Path:
    """The path, or the folder above it that is there."""
    whole = path.absolute()
    return next(one for one in (whole, *whole.parents) if one.is_dir())


def _room(where: Path, free: int) -> Finding:
    what = f"{free / GB:,.1f} GB free at {where}"
    why = "with a full disk nothing is acknowledged any more, and the broker's queue fills instead"
    if free < _TOO_LITTLE:
        return fail("disk", what, why, "make room, or move the state folder")
    if free < _LITTLE:
        return warn("disk", what, why, "make room, or let the journal be smaller (TIDEWALK_JOURNAL_MB)")
    return ok("disk", what)


def _filesystem(where: Path) -> str:
    """As /proc/mounts names it; "" where there is none."""
    try:
        lines = Path("/proc/mounts").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    mounts = [(Path(line.split()[1].replace("\\040", " ")), line.split()[2]) for line in lines]
    above = [(len(mount.parts), kind) for mount, kind in mounts if where.is_relative_to(mount)]
    return max(above, default=(0, ""))[1]


def _speed(where: Path) -> Finding:
    """How long a row takes to be on the disk, which is when it may be acknowledged."""
    took = []
    try:
        with tempfile.TemporaryFile(dir=where) as file:
            for _ in range(_TRIES):
                began = time.perf_counter()
                file.write(b"." * 4096)
                file.flush()
                os.fsync(file.fileno())
                took.append((time.perf_counter() - began) * 1000)
    except OSError as refused:
        what = f"nothing can be written in {where}: {refused.strerror}"
        return fail("disk", what, "the journal cannot be kept, and the service does not start", "name another folder")
    what = f"a write is on the disk after {median(took):.1f} ms, at worst {max(took):.1f} ms"
    why = "each row of the journal waits for it before its messages are acknowledged"
    if median(took) > _TOO_SLOW_MS:
        return fail("disk", what, why, "use another disk: an SSD, and no network between")
    if median(took) > _SLOW_MS:
        return warn("disk", what, why, "use an SSD; SD cards and busy disks of hosts are too slow under load")
    return ok("disk", what)


def permissions(state: Path, site: Path | None, more: Sequence[str] = ()) -> list[Finding]:
    """Who else may read or write what should be ours."""
    found = []
    if not state.exists():
        found.append(ok("permissions", f"{state.absolute()} is not there yet; it is made at the first start"))
        if not os.access(nearest(state), os.W_OK | os.X_OK):
            what = f"{state.absolute()} cannot be made: {nearest(state)} is not ours to write"
            found = [
                fail("permissions", what, "the service does not start", "make it, and chown it to the service's user")
            ]
    elif not os.access(state, os.W_OK | os.X_OK):
        what = f"{state.absolute()} cannot be written by {_who()}"
        found.append(fail("permissions", what, "the service does not start", f"chown -R {_who()} {state.absolute()}"))
    else:
        found += _open_to_others(state)
    if site is not None:
        loose = [one for one in (site, *sorted(site.glob("*"))) if one.stat().st_mode & stat.S_IWOTH]
        found += [
            warn(
                "permissions",
                f"anybody may write {one}",
                "who writes it decides whom we send where",
                f"chmod o-w {one}",
            )
            for one in loose
        ]
    for secret in (Path(one) for one in (*_SECRET_FILES, *more)):
        if secret.is_file() and secret.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
            what = f"anybody on this machine may read {secret}"
            found.append(fail("permissions", what, "it holds passwords and tokens", f"chmod 640 {secret}"))
    return found


def _open_to_others(state: Path) -> list[Finding]:
    mode = state.stat().st_mode
    what = f"anybody on this machine may {{}} {state.absolute()}"
    remedy = f"chmod 750 {state.absolute()}"
    if mode & stat.S_IWOTH:
        return [fail("permissions", what.format("write"), "who writes there can forge what was heard", remedy)]
    if mode & stat.S_IROTH:
        return [warn("permissions", what.format("read"), "crews' and operators' names and words lie there", remedy)]
    return [ok("permissions", f"{state.absolute()} is ours alone")]


def _who() -> str:
    try:
        import pwd

        return pwd.getpwuid(os.geteuid()).pw_name
    except (ImportError, KeyError):
        return str(os.geteuid())


def port(address: str) -> list[Finding]:
    """Whether the API can have its port, or has it."""
    if not address:
        return [ok("port", "no API is to be served")]
    host, _, number = address.rpartition(":")
    host = {"0.0.0.0": "127.0.0.1", "[::]": "::1", "localhost": "127.0.0.1"}.get(host, host.strip("[]"))  # noqa: S104
    connection = HTTPConnection(host, int(number) if number.isdecimal() else 0, timeout=3)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse().read(1000)
    except ConnectionRefusedError:
        return [ok("port", f"{address} is free")]
    except (OSError, HTTPException, OverflowError) as odd:
        return [_taken(address, str(odd))]
    finally:
        connection.close()
    if b"alive" in answer:
        return [ok("port", f"a Tidewalk serves its API at {address}"), *_parts(host, int(number))]
    return [_taken(address, "it answers, and is no Tidewalk")]


def _parts(host: str, number: int) -> list[Finding]:
    """What the service that runs there says of itself."""
    connection = HTTPConnection(host, number, timeout=3)
    try:
        connection.request("GET", "/readyz")
        parts = json.loads(connection.getresponse().read(100_000))["parts"]
        wanting = [(name, str(part["why"]), str(part["since"])) for name, part in parts.items() if not part["ok"]]
    except (OSError, HTTPException, ValueError, KeyError, TypeError, AttributeError) as odd:
        what = f"it does not say how it stands: {odd}"
        return [warn("service", what, "nobody can tell whether it does its work", "look into its log")]
    finally:
        connection.close()
    found = []
    for name, why, since in wanting:
        what, _, remedy = why.partition("; ")
        matter = "nothing is heard or judged" if name in ("door", "judge") else "what it does waits, and is not lost"
        found.append(warn("service", f"{name}: {what}, since {since}", matter, remedy or "its log says more"))
    return found


def _taken(address: str, why: str) -> Finding:
    what = f"{address}: {why}"
    return fail("port", what, "the service does not start where its API's port is taken", "say another with --api")
