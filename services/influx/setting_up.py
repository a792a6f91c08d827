"""What an InfluxDB needs to have for us, and which of it is missing. Pure: what was found comes in, pieces go out."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from domain.series import EVENTS, ROLLUPS, bucket_of

DAY_S: Final = 86_400
SETUP: Final = "tidewalk influx setup"
SERVICE, GRAFANA = "service", "grafana"  # who is given a token


class Permission(NamedTuple):
    """What a token lets do. `bucket` is a bucket's id, or "" for all mappings of the organisation (type dbrp)."""

    action: str
    sort: str  # buckets | dbrp
    bucket: str


class Bucket(NamedTuple):
    """One that is there."""

    id: str
    keeps_s: int  # 0: for ever


@dataclass(frozen=True, slots=True)
class Found:
    """What a server has. On 1.x a bucket is a database, and there are neither mappings nor tokens."""

    version: str
    buckets: Mapping[str, Bucket]
    mappings: Mapping[str, str]  # database → id of its bucket
    tokens: Mapping[str, frozenset[Permission]]  # by description

    @property
    def major(self) -> int:
        """Of the version; 2 where it does not say."""
        return int(self.version[0]) if self.version[:1].isdigit() else 2


class Piece(NamedTuple):
    """Something that should be there. `wrong` says what is, "" where all is well; `remedy` what would mend it. A
    `noted` one is as the operator may want it.
    """

    what: str
    wrong: str = ""
    remedy: str = ""
    noted: bool = False

    @property
    def missing(self) -> bool:
        """Whether something is to be done."""
        return bool(self.wrong) and not self.noted


def wanted_buckets(bucket: str, retention_days: int) -> dict[str, int]:
    """All that we write to, with the days they keep; 0: for ever."""
    rolled = {bucket_of(bucket, level): one.days for level, one in ROLLUPS.items()}
    return {bucket: retention_days} | rolled | {bucket_of(bucket, EVENTS): 0}


def described(bucket: str, who: str) -> str:
    """By which words a token of ours is known again."""
    return f"tidewalk {who}: {bucket}"


def permitted(who: str, ids: Collection[str]) -> frozenset[Permission]:
    """What a token must let do, and no more: the service reads and writes our buckets, Grafana reads them."""
    read = {Permission("read", "buckets", one) for one in ids}
    write = {Permission("write", "buckets", one) for one in ids if who == SERVICE}
    return frozenset(read | write | {Permission("read", "dbrp", "")})


def pieces(bucket: str, retention_days: int, found: Found) -> list[Piece]:
    """All of them, in the order in which they are made."""
    if found.major >= 3:
        why = "InfluxDB 3 makes a database at the first write, and Core has admin tokens alone"
        return [
            Piece("buckets, mappings and tokens", why, "nothing to set up; see docs/influx-versions.md", noted=True)
        ]
    wanted = wanted_buckets(bucket, retention_days)
    listed = [_bucket(name, days, found, raw=name == bucket) for name, days in wanted.items()]
    if found.major == 1:
        why = f"InfluxDB {found.version} has none: whoever reaches it may read and write, unless it has users"
        return [*listed, Piece("tokens", why, "let this machine alone reach it", noted=True)]
    listed += [_mapping(name, found) for name in wanted]
    return listed + [_token(bucket, who, wanted, found) for who in (SERVICE, GRAFANA)]


def _bucket(name: str, days: int, found: Found, *, raw: bool) -> Piece:
    what = f"{'database' if found.major == 1 else 'bucket'} {name}"
    there = found.buckets.get(name)
    if there is None:
        return Piece(what, "is not there", SETUP)
    if there.keeps_s == days * DAY_S:
        return Piece(what)
    wrong = f"keeps {_lasting(there.keeps_s)}, where {_lasting(days * DAY_S)} is meant"
    remedy = f"{SETUP} --retention"
    if raw and there.keeps_s:
        remedy = f"TIDEWALK_RETENTION_DAYS={max(1, there.keeps_s // DAY_S)}, or {remedy}"
    return Piece(what, wrong, remedy, noted=not raw)


def _mapping(name: str, found: Found) -> Piece:
    what = f"mapping of database {name}"
    to = found.mappings.get(name)
    if to is None:
        return Piece(what, "is not there: InfluxQL finds nothing", SETUP)
    there = found.buckets.get(name)
    if there is not None and to != there.id:
        return Piece(what, "leads to another bucket", f"delete that mapping (influx v1 dbrp list), then {SETUP}")
    return Piece(what)


def _token(bucket: str, who: str, wanted: Collection[str], found: Found) -> Piece:
    what = f"token {described(bucket, who)!r}"
    granted = found.tokens.get(described(bucket, who))
    if granted is None:
        return Piece(what, "is not there", SETUP)
    needed = permitted(who, [found.buckets[name].id for name in wanted if name in found.buckets])
    if not needed <= granted:
        return Piece(what, "may not do all that it must: a bucket was made after it", f"{SETUP} --renew")
    if granted - needed and all(name in found.buckets for name in wanted):
        return Piece(what, "may do more than it must", f"{SETUP} --renew")
    return Piece(what)


def _lasting(seconds: int) -> str:
    return f"{seconds / DAY_S:g} days" if seconds else "for ever"


class Server(Protocol):
    """One that can be looked at and changed. Raises UnavailableError, ConflictError."""

    async def look(self, names: Iterable[str]) -> Found:
        """What is there. Changes nothing."""
        ...

    async def make_bucket(self, name: str, days: int) -> None:
        """A bucket that keeps so many days; 0: for ever."""
        ...

    async def keep(self, name: str, bucket: Bucket, days: int) -> None:
        """The same of one that is there."""
        ...

    async def make_mapping(self, name: str, bucket: str) -> None:
        """Have InfluxQL find the bucket with that id as a database."""
        ...

    async def make_token(self, description: str, permissions: Iterable[Permission]) -> str:
        """A token, told this once. One of the same description ends."""
        ...


@dataclass(frozen=True, slots=True)
class Done:
    """What a set-up came to: the pieces as they are then, what was made, and the new tokens by whom they are for."""

    version: str
    pieces: tuple[Piece, ...]
    made: tuple[str, ...]
    tokens: tuple[tuple[str, str], ...]


async def set_up(
    server: Server, bucket: str, retention_days: int, *, make: bool, renew: bool = False, retention: bool = False
) -> Done:
    """Make what is missing, or only look. A second time nothing is made."""
    wanted = wanted_buckets(bucket, retention_days)
    found = await server.look(wanted)
    made: list[str] = []
    tokens: list[tuple[str, str]] = []
    if make and found.major < 3:
        for name, days in wanted.items():
            there = found.buckets.get(name)
            if there is None:
                await server.make_bucket(name, days)
                made.append(f"bucket {name}")
            elif retention and there.keeps_s != days * DAY_S:
                await server.keep(name, there, days)
                made.append(f"bucket {name} keeps {_lasting(days * DAY_S)}")
        found = await server.look(wanted)
    if make and found.major == 2:
        for name in wanted:
            if name not in found.mappings:
                await server.make_mapping(name, found.buckets[name].id)
                made.append(f"mapping of database {name}")
        for who in (SERVICE, GRAFANA):
            if renew or described(bucket, who) not in found.tokens:
                ids = [found.buckets[name].id for name in wanted]
                tokens.append((who, await server.make_token(described(bucket, who), permitted(who, ids))))
                made.append(f"token {described(bucket, who)!r}")
        found = await server.look(wanted)
    return Done(found.version, tuple(pieces(bucket, retention_days, found)), tuple(made), tuple(tokens))
