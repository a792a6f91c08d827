"""A bundle: one file with all that an order was derived from, to be derived again on any machine, without our state.

A zip of JSON: `manifest.json` (what it is, and the SHA-256 of every other part), `editions.json` (site and rules in
force before the first row, where no row says so), `rows.jsonl` (a row of the journal a line, of each what bears on the
order), `beside.jsonl` (of the same rows what was decided of everybody else, taken as given) and `expected.json` (the
order, its alarms, what was sent, and every step with its hash).
"""

import base64
import binascii
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from domain.alarms import AlarmChange
from domain.errors import ConflictError, FaultyFileError, TidewalkError
from domain.messages import Heard, Message, Row
from domain.readings import Millis
from services.dispatch.orders import Addressed, Alarm, Order
from services.explain.beside import Beside, Given, Mine, without_mine
from services.explain.derivation import Derivation, Edited
from services.explain.proof import Difference, Proof, Recorded, Step, devices_of, prove

FORMAT: Final = 1
MANIFEST, EDITIONS, ROWS, BESIDE, EXPECTED = (
    "manifest.json",
    "editions.json",
    "rows.jsonl",
    "beside.jsonl",
    "expected.json",
)
_PARTS: Final = (EDITIONS, ROWS, BESIDE, EXPECTED)
_LARGEST: Final = 1 << 30
T = TypeVar("T")
_WHEN: Final = (1980, 1, 1, 0, 0, 0)  # of every part: the same evidence makes the same file


class Manifest(msgspec.Struct, frozen=True):
    """What a bundle is."""

    format: int
    tidewalk: str
    site: str
    order: str
    case: str
    retention_days: int
    caveats: tuple[str, ...]
    sha256: dict[str, str]


class _Said(msgspec.Struct, frozen=True, array_like=True):
    topic: str
    payload: str  # base64
    received: Millis
    flags: int


class _Row(msgspec.Struct, frozen=True):
    number: int
    at: Millis
    messages: tuple[_Said, ...] = ()


class _Sent(msgspec.Struct, frozen=True):
    key: str
    order: str
    revision: int
    topic: str
    payload: bytes
    retain: bool
    priority: str


class _Step(msgspec.Struct, frozen=True):
    kind: str
    name: str
    text: str
    body: dict[str, Any]
    hash: str


class _Expected(msgspec.Struct, frozen=True):
    order: Order
    alarms: tuple[Alarm, ...]
    sent: tuple[_Sent, ...]
    steps: tuple[_Step, ...]


class Gathering:
    """The rows that a bundle is to have, as they go by. Of rows in which nothing is left and from which nothing came,
    the last of each run stands for all: time passes at once.
    """

    def __init__(self) -> None:
        self.rows: list[tuple[_Row, Given]] = []
        self._idle = False

    def add(self, row: Row, heard: Heard, given: Given, bearing: frozenset[str], site: str, *, changed: bool) -> None:
        """A row, what was said of all in it, and whether anything came of it. `bearing`: whose messages are wanted."""
        ours = ("$tidewalk/", f"tidewalk/{site}/crew/", f"tidewalk/{site}/clock")
        messages = tuple(_said(one) for one in _wanted(row, heard, bearing, ours))
        matters = bool(messages or changed or given.changes or given.wrong)
        if self._idle and not matters:
            self.rows.pop()
        self.rows.append((_Row(row.number, row.at, messages), given))
        self._idle = not matters


def write_bundle(
    file: Path,
    gathered: Gathering,
    editions: Sequence[Edited],
    recorded: Recorded,
    proof: Proof,
    site: str,
    *,
    retention_days: int,
) -> None:
    """Write it."""
    mine, own = _mine(recorded), frozenset(one.id for one in recorded.alarms)
    steps = tuple(_Step(one.kind, one.name, one.text, dict(one.body), one.hash) for one in proof.steps)
    sent = tuple(_Sent(*one) for one in recorded.sent)
    parts: dict[str, bytes] = {
        EDITIONS: msgspec.json.encode(list(editions)),
        ROWS: b"".join(msgspec.json.encode(row) + b"\n" for row, _ in gathered.rows),
        BESIDE: b"".join(msgspec.json.encode(without_mine(given, mine, own)) + b"\n" for _, given in gathered.rows),
        EXPECTED: msgspec.json.encode(_Expected(recorded.order, recorded.alarms, sent, steps)),
    }
    manifest = Manifest(
        FORMAT,
        version("tidewalk"),
        site,
        recorded.order.id,
        recorded.order.case,
        retention_days,
        proof.caveats,
        {name: sha256(body).hexdigest() for name, body in parts.items()},
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, body in {MANIFEST: msgspec.json.encode(manifest), **parts}.items():
            packed.writestr(zipfile.ZipInfo(name, _WHEN), body, zipfile.ZIP_DEFLATED)
    try:
        file.write_bytes(out.getvalue())
    except OSError as refused:
        raise ConflictError(f"{file} cannot be written: {refused.strerror}") from refused


def prove_bundle(file: Path) -> Proof:
    """Derive the order of a bundle again, from nothing but the bundle. Raises FaultyFileError where it is none."""
    parts = _parts(file)
    try:
        manifest = msgspec.json.decode(parts[MANIFEST], type=Manifest)
        expected = msgspec.json.decode(parts[EXPECTED], type=_Expected)
        rows = [_row(one) for one in _lines(parts[ROWS], _Row)]
        given = _lines(parts[BESIDE], Given)
        editions = msgspec.json.decode(parts[EDITIONS], type=list[Edited])
    except (msgspec.DecodeError, binascii.Error, KeyError, ValueError) as wrong:
        raise FaultyFileError(
            str(file), 1, f"is no bundle that can be read: {wrong}", "one of `tidewalk prove`"
        ) from wrong
    if manifest.format != FORMAT:
        raise FaultyFileError(str(file), 1, f"is a bundle of format {manifest.format}", f"format {FORMAT}")
    recorded = Recorded(expected.order, expected.alarms, tuple(Addressed(*_fields(one)) for one in expected.sent))
    altered = [name for name in _PARTS if sha256(parts[name]).hexdigest() != manifest.sha256.get(name)]
    try:
        proof = _derived(rows, given, editions, recorded, manifest)
    except TidewalkError as refused:
        where = f"{', '.join(altered) or ROWS} cannot be read as it is"
        return Proof(manifest.order, manifest.case, (), Difference(where, str(refused), None), manifest.caveats)
    steps = [Step(one.kind, one.name, one.text, one.body, one.hash) for one in expected.steps]
    difference = _step_difference(proof.steps, steps) or proof.difference
    if difference is None and altered:
        difference = Difference(f"{altered[0]} is not what was written", sha256(parts[altered[0]]).hexdigest(), None)
    return replace(proof, difference=difference)


def _derived(
    rows: Sequence[Row], given: Sequence[Given], editions: Sequence[Edited], recorded: Recorded, manifest: Manifest
) -> Proof:
    mine, script, others = _mine(recorded), iter(given), dict[str, AlarmChange]()
    derivation = Derivation(
        editions,
        retention_days=manifest.retention_days,
        watch=lambda known: devices_of(known, recorded.alarms),
        engine=lambda live: Beside(live, mine, script, others),
    )
    derivation.run(rows)
    return prove(derivation, recorded, manifest.caveats)


def _step_difference(derived: Sequence[Step], expected: Sequence[Step]) -> Difference | None:
    """The first step that is another one."""
    for number, (mine, theirs) in enumerate(zip(derived, expected, strict=False), 1):
        if mine.hash != theirs.hash:
            where = f"step {number}, {theirs.kind} {theirs.name}"
            if (mine.kind, mine.name) != (theirs.kind, theirs.name):
                return Difference(where, f"{mine.kind} {mine.name}", f"{theirs.kind} {theirs.name}")
            names = [name for name in theirs.body if mine.body.get(name) != theirs.body[name]]
            name = names[0] if names else "hash"
            return Difference(f"{where}, {name}", mine.body.get(name, mine.hash), theirs.body.get(name, theirs.hash))
    more = [*derived[len(expected) :], *expected[len(derived) :]]
    if not more:
        return None
    where, text = f"step {min(len(derived), len(expected)) + 1}, {more[0].kind} {more[0].name}", more[0].text
    return Difference(
        where, text if len(derived) > len(expected) else None, text if len(expected) > len(derived) else None
    )


def _mine(recorded: Recorded) -> Mine:
    return frozenset((one.rule, one.subject) for one in recorded.alarms)


def _wanted(row: Row, heard: Heard, bearing: frozenset[str], ours: tuple[str, ...]) -> Iterator[Message]:
    readings = iter(heard.readings)
    for message, fate in zip(row.messages, heard.fates, strict=True):
        devices = {next(readings).device for _ in range(fate.points)}
        if devices & bearing or (not devices and message.topic.startswith(ours)):
            yield message


def _said(message: Message) -> _Said:
    topic, payload, received, flags = message
    return _Said(topic, base64.b64encode(payload).decode(), received, int(flags))


def _row(one: _Row) -> Row:
    messages = (Message(m.topic, base64.b64decode(m.payload, validate=True), m.received, m.flags) for m in one.messages)
    return Row(one.number, one.at, tuple(messages))


def _fields(one: _Sent) -> tuple[Any, ...]:
    return tuple(getattr(one, name) for name in one.__struct_fields__)


def _lines(body: bytes, of: type[T]) -> list[T]:
    return [msgspec.json.decode(line, type=of) for line in body.splitlines() if line]


def _parts(file: Path) -> Mapping[str, bytes]:
    try:
        with zipfile.ZipFile(file) as packed:
            if sum(one.file_size for one in packed.infolist()) > _LARGEST:
                raise FaultyFileError(str(file), 1, "unpacks to more than a GiB", "a bundle of `tidewalk prove`")
            return {name: packed.read(name) for name in (MANIFEST, *_PARTS)}
    except (zipfile.BadZipFile, KeyError, OSError) as wrong:
        raise FaultyFileError(str(file), 1, f"is no bundle: {wrong}", "a file of `tidewalk prove --bundle`") from wrong
