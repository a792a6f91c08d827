"""`*.test.yaml` beside profiles: payloads written by hand from the published format, and what they mean."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from math import isclose
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from domain.errors import RejectedError
from domain.naming import Kind
from domain.readings import Value
from ingest.codecs.uplink import Uplink
from ingest.mapping.apply import MappedAt
from ingest.mapping.marked import Marked
from ingest.mapping.profiles import Profile, Profiles
from ingest.mapping.reading import read_uplink
from ingest.mapping.shape import Said, Words, scalar
from ingest.quality import believed

_HEX: Final = re.compile(r"[\s:-]+")


def _scalars(found: Any) -> Any:
    match found:
        case dict():
            return {name: _scalars(value) for name, value in found.items()}
        case list():
            return [_scalars(value) for value in found]
        case str() if found in ("null", "~"):
            return None
        case _:
            return scalar(found)


def _bytes(found: object) -> object:
    return bytes.fromhex(_HEX.sub("", found)) if isinstance(found, str) else found


def _at(found: object) -> object:
    return round(datetime.fromisoformat(found).timestamp() * 1000) if isinstance(found, str) else found


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EarlierSaid(_Shape):
    """One entry of the history that is expected."""

    at: Annotated[int, BeforeValidator(_at)]
    values: dict[str, Said]


class Case(_Shape):
    """One payload, and what it means."""

    device: str
    on: Kind
    attributes: dict[str, float] = {}
    port: Annotated[int, Field(ge=0, le=255)] = 0
    bytes_: Annotated[bytes | None, BeforeValidator(_bytes)] = Field(None, alias="bytes")
    fields: Annotated[dict[str, Any] | None, BeforeValidator(_scalars)] = None
    values: dict[str, Said] = {}
    faults: Words = []
    history: list[EarlierSaid] = []
    at: Annotated[int | None, BeforeValidator(_at)] = None
    rejected: bool = False
    note: str = ""


class Tried(NamedTuple):
    """What became of one case."""

    file: str
    line: int
    device: str
    differences: tuple[str, ...]


class Trial(NamedTuple):
    """One file of cases, each with its line."""

    file: str
    cases: tuple[tuple[int, Case], ...]


def read_trial(file: str, text: str) -> Trial:
    """Read a file of cases. Raises FaultyFileError."""
    marked = Marked(file, text)
    found = marked.content.get("cases") if isinstance(marked.content, dict) else None
    if not isinstance(found, list) or not found:
        raise marked.fault((), "no cases", "`cases:` and below it a list (docs/devices.md)")
    cases = []
    adapter = TypeAdapter(Case)
    for number, one in enumerate(found):
        try:
            case = adapter.validate_python(one)
        except ValidationError as wrong:
            error = wrong.errors(include_url=False)[0]
            way = ("cases", number, *error["loc"])
            name = ".".join(str(step) for step in way[2:])
            raise marked.fault(way, f"{name} is {str(error['input'])[:60]!r}", error["msg"]) from None
        if (case.bytes_ is None) == (case.fields is None):
            raise marked.fault(("cases", number), "what comes is not said", "one of `bytes:` and `fields:`")
        cases.append((marked.line(("cases", number)), case))
    return Trial(file, tuple(cases))


def run_trial(trial: Trial, profiles: Profiles) -> list[Tried]:
    """Every case, and in what it differs. Raises NotFoundError where a case names a device without a profile."""
    return [
        Tried(trial.file, line, case.device, tuple(_differences(case, profiles.find(case.device))))
        for line, case in trial.cases
    ]


def trial_file(file: Path) -> Path:
    """Where the cases of a profile file lie."""
    return file.with_name(f"{file.stem}.test.yaml")


def same(got: object, wanted: object) -> bool:
    """Equal, but for what floating point does to numbers."""
    if isinstance(got, bool) or isinstance(wanted, bool):
        return got is wanted
    if isinstance(got, int | float) and isinstance(wanted, int | float):
        return isclose(got, wanted, rel_tol=1e-6, abs_tol=1e-9)
    return got == wanted


def unequal(got: Mapping[str, Value], wanted: Mapping[str, Any]) -> Iterable[str]:
    """In what two sets of values differ, in words."""
    for name in sorted({*got, *wanted}):
        if name not in got:
            yield f"{name}: missing, expected {wanted[name]}"
        elif name not in wanted:
            yield f"{name}: {got[name]}, not expected"
        elif not same(got[name], wanted[name]):
            yield f"{name}: {got[name]}, expected {wanted[name]}"


def _differences(case: Case, profile: Profile) -> Iterable[str]:
    application = profile.on(str(case.on), case.attributes)
    uplink = Uplink("", None, case.port, -1, case.bytes_, case.fields)
    try:
        mapped, earlier = read_uplink(profile, application, uplink)
    except RejectedError as refused:
        if not case.rejected:
            yield f"rejected: {refused}"
        return
    if case.rejected:
        yield f"read as {mapped.values}, expected to be rejected"
        return
    values, doubts = believed(mapped.values)
    yield from unequal(values, case.values)
    told = {name for name, _ in (*mapped.faults, *doubts)}
    yield from (f"{name}: no fault" for name in sorted({*case.faults} - told))
    yield from (f"{name}: {why}" for name, why in (*mapped.faults, *doubts) if name not in case.faults)
    if case.at is not None and mapped.at != case.at:
        yield f"at: {mapped.at}, expected {case.at}"
    yield from _history((*mapped.history, *earlier), case)


def _history(got: tuple[MappedAt, ...], case: Case) -> Iterable[str]:
    if len(got) != len(case.history):
        yield f"history: {len(got)} entries ({[entry.at for entry in got]}), expected {len(case.history)}"
        return
    for entry, wanted in zip(got, case.history, strict=True):
        if entry.at != wanted.at:
            yield f"history: an entry at {entry.at}, expected {wanted.at}"
        yield from (f"history@{wanted.at}.{found}" for found in unequal(entry.values, wanted.values))
